//! Times in words: always with the weekday, in the reader's zone, and in the other person's where clocks differ.

use chrono::TimeDelta;

use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone};

/// The city of a zone's name: `Asia/Kolkata` is `Kolkata`, `America/Argentina/Buenos_Aires` is `Buenos Aires`.
pub fn city(zone: &Zone) -> String {
    let last = zone.name.rsplit('/').next().unwrap_or_default();
    super::names::clean(&last.replace('_', " "), 40)
}

/// `Thu 19 Nov`.
pub fn day(at: Moment, zone: &Zone) -> String {
    zone.local(at).format("%a %-d %b").to_string()
}

/// `15:00`.
pub fn clock(at: Moment, zone: &Zone) -> String {
    zone.local(at).format("%H:%M").to_string()
}

/// `Thu 19 Nov, 15:00`: for where the zone is said already.
pub fn bare(at: Moment, zone: &Zone) -> String {
    format!("{}, {}", day(at, zone), clock(at, zone))
}

/// `Thu 19 Nov, 15:00 Berlin`.
pub fn at(at: Moment, zone: &Zone) -> String {
    format!("{} {}", bare(at, zone), city(zone))
}

/// `Thu 19 Nov, 15:00 Berlin (19:30 Kolkata)`; the brackets only where the other's clock differs.
pub fn at_both(moment: Moment, zone: &Zone, other: &Zone) -> String {
    at(moment, zone) + &there(moment, zone, other)
}

/// `Thu 19 Nov, 15:00-15:30 Berlin (19:30 Kolkata)`.
pub fn span_both(span: &Span, zone: &Zone, other: &Zone) -> String {
    let until = clock(span.end, zone);
    let there = there(span.start, zone, other);
    format!("{}-{until} {}{there}", bare(span.start, zone), city(zone))
}

/// `Tuesdays, 10:00-10:30 Berlin (09:00 London)`, `every second Tuesday, …`: a session that repeats, as its first one has
/// it.
pub fn weekly(first: &Span, every_weeks: u32, zone: &Zone, other: &Zone) -> String {
    let day = zone.local(first.start).format("%A");
    let days = match every_weeks {
        0 | 1 => format!("{day}s"),
        2 => format!("every second {day}"),
        n => format!("{day} of every {n}th week"),
    };
    let (from, until) = (clock(first.start, zone), clock(first.end, zone));
    format!("{days}, {from}-{until} {}{}", city(zone), there(first.start, zone, other))
}

fn there(moment: Moment, zone: &Zone, other: &Zone) -> String {
    let (here, there) = (zone.local(moment), other.local(moment));
    if here == there {
        String::new()
    } else if here.date() == there.date() {
        format!(" ({} {})", clock(moment, other), city(other))
    } else {
        format!(" ({})", at(moment, other))
    }
}

/// `16-22 Nov`, `30 Nov-6 Dec`: the days of a week.
pub fn week_days(week: Week) -> String {
    let (first, last) = (week.monday(), week.monday() + TimeDelta::days(6));
    let same_month = first.format("%Y%m").to_string() == last.format("%Y%m").to_string();
    let first = first.format(if same_month { "%-d" } else { "%-d %b" });
    format!("{first}-{}", last.format("%-d %b"))
}

/// `Mon 30 Nov`: a day that is the same everywhere.
pub fn date(date: chrono::NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

/// `30 minutes`, `an hour`, `90 minutes`.
pub fn length(minutes: i64) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        60 => "an hour".to_owned(),
        _ => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone::Zones;

    fn zone(name: &str) -> Zone {
        Zones::bundled().get(name).expect("a known zone")
    }

    fn moment(text: &str) -> Moment {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_other_clock_is_shown_only_where_it_differs() {
        let check = |at: &str, here: &str, there: &str, want: &str| {
            assert_eq!(at_both(moment(at), &zone(here), &zone(there)), want);
        };
        let berlin = "Europe/Berlin";
        check("2026-11-19T14:00:00Z", berlin, "Asia/Kolkata", "Thu 19 Nov, 15:00 Berlin (19:30 Kolkata)");
        check("2026-11-19T14:00:00Z", berlin, "Europe/Paris", "Thu 19 Nov, 15:00 Berlin");
        check(
            "2026-11-19T17:00:00Z",
            berlin,
            "Pacific/Auckland",
            "Thu 19 Nov, 18:00 Berlin (Fri 20 Nov, 06:00 Auckland)",
        );
        check("2026-11-19T14:00:00Z", "America/Argentina/Buenos_Aires", "UTC", {
            "Thu 19 Nov, 11:00 Buenos Aires (14:00 UTC)"
        });
        // The week in which only one of the two has changed its clocks.
        check(
            "2026-10-28T14:00:00Z",
            berlin,
            "America/New_York",
            "Wed 28 Oct, 15:00 Berlin (10:00 New York)",
        );
    }

    #[test]
    fn weeks_are_said_by_their_days() {
        let check = |week: &str, want: &str| assert_eq!(week_days(week.parse().expect("a week")), want);
        check("2026-W47", "16-22 Nov");
        check("2026-W49", "30 Nov-6 Dec");
        check("2026-W53", "28 Dec-3 Jan");
    }
}
