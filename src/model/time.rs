//! Spans, weeks and working hours: every question about local time is answered here once.
//!
//! A week is the ISO week (ISO 8601) in somebody's zone; a `NaiveDateTime` never leaves this module without one.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, IsoWeek, NaiveDate, NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use super::zone::{Moment, Zone};

/// A half-open stretch of time, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The first instant in it.
    pub start: Moment,
    /// The first instant after it.
    pub end: Moment,
}

impl Span {
    /// From `start` up to `end`; an end before the start gives an empty span.
    pub fn new(start: Moment, end: Moment) -> Self {
        Self { start, end: end.max(start) }
    }

    /// How long it is.
    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether the two share any time.
    pub fn overlaps(&self, other: &Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `other` lies wholly inside.
    pub fn covers(&self, other: &Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the instant lies inside.
    pub fn contains(&self, at: Moment) -> bool {
        self.start <= at && at < self.end
    }

    /// What both share, if anything.
    pub fn and(&self, other: &Span) -> Option<Span> {
        let both = Span { start: self.start.max(other.start), end: self.end.min(other.end) };
        (both.start < both.end).then_some(both)
    }
}

/// Sorts spans and joins those that overlap or touch.
pub fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

/// Whether the merged, sorted `cover` covers all of `span`.
pub fn covered(span: &Span, cover: &[Span]) -> bool {
    cover.iter().any(|c| c.covers(span))
}

/// An ISO week, written `2026-W47`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    /// The ISO year.
    pub year: i32,
    /// 1 to 53.
    pub number: u32,
}

impl Week {
    /// The week that holds an instant, for somebody in `zone`.
    pub fn of(at: Moment, zone: &Zone) -> Self {
        zone.local(at).date().iso_week().into()
    }

    /// The week that holds a date.
    pub fn of_date(date: NaiveDate) -> Self {
        date.iso_week().into()
    }

    /// Its Monday.
    pub fn monday(self) -> NaiveDate {
        NaiveDate::from_isoywd_opt(self.year, self.number, Weekday::Mon).unwrap_or_default()
    }

    /// From Monday 00:00 to the next Monday 00:00 in `zone`.
    pub fn span(self, zone: &Zone) -> Span {
        let midnight = |date: NaiveDate| zone.instant(date.and_time(NaiveTime::MIN));
        Span::new(midnight(self.monday()), midnight(self.monday() + Days::new(7)))
    }

    /// The week `n` weeks later (earlier, if negative).
    pub fn plus(self, n: i64) -> Self {
        Self::of_date(self.monday() + TimeDelta::days(7 * n))
    }

    /// The week after it.
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// How many weeks lie between `earlier` and this one.
    pub fn since(self, earlier: Week) -> i64 {
        (self.monday() - earlier.monday()).num_days() / 7
    }
}

impl From<IsoWeek> for Week {
    fn from(week: IsoWeek) -> Self {
        Self { year: week.year(), number: week.week() }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year, self.number)
    }
}

impl FromStr for Week {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no week; one looks like 2026-W47");
        let (year, number) = text.split_once("-W").ok_or_else(wrong)?;
        let (year, number) = (year.parse().map_err(|_| wrong())?, number.parse().map_err(|_| wrong())?);
        NaiveDate::from_isoywd_opt(year, number, Weekday::Mon).ok_or_else(wrong)?;
        Ok(Self { year, number })
    }
}

impl Serialize for Week {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Week {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of the day, local; the end may be before the start, and then it runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPart {
    /// When it begins.
    pub from: NaiveTime,
    /// When it ends.
    pub until: NaiveTime,
}

impl DayPart {
    /// The spans of it that begin on the given local dates.
    pub fn spans(&self, zone: &Zone, dates: impl Iterator<Item = NaiveDate>) -> Vec<Span> {
        dates
            .map(|date| {
                let last = if self.until <= self.from { date + Days::new(1) } else { date };
                Span::new(zone.instant(date.and_time(self.from)), zone.instant(last.and_time(self.until)))
            })
            .collect()
    }
}

/// When somebody works: for each weekday, the parts of the day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingHours {
    /// Monday first.
    pub days: [Vec<DayPart>; 7],
}

impl WorkingHours {
    /// The working spans that begin on local dates of `within`, sorted and merged, cut to `within`.
    pub fn spans(&self, zone: &Zone, within: &Span) -> Vec<Span> {
        let first = zone.local(within.start).date() - Days::new(1);
        let last = zone.local(within.end).date();
        let mut spans = Vec::new();
        for date in first.iter_days().take_while(|date| *date <= last) {
            for part in &self.days[date.weekday().num_days_from_monday() as usize] {
                spans.extend(part.spans(zone, std::iter::once(date)));
            }
        }
        merged(spans).iter().filter_map(|span| span.and(within)).collect()
    }

    /// The instant at which `length` of working time has passed since `from`; `None` if that never comes
    /// within 60 days (somebody who works no hours).
    pub fn after(&self, zone: &Zone, from: Moment, length: TimeDelta) -> Option<Moment> {
        let mut left = length;
        for span in self.spans(zone, &Span::new(from, from + TimeDelta::days(60))) {
            if span.length() >= left {
                return Some(span.start + left);
            }
            left -= span.length();
        }
        None
    }

    /// Whether the date is a day with any working time.
    pub fn works_on(&self, date: NaiveDate) -> bool {
        !self.days[date.weekday().num_days_from_monday() as usize].is_empty()
    }
}

/// A weekly appointment of our own, like the health mail's `Mon 08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekly {
    /// On this day …
    pub day: Weekday,
    /// … at this local time.
    pub at: NaiveTime,
}

impl Weekly {
    /// The first one after `from` in `zone`. In a gap it comes right after it, in an overlap once (as cron does).
    pub fn next_after(&self, from: Moment, zone: &Zone) -> Moment {
        let monday = Week::of(from, zone).monday();
        let offset = Days::new(u64::from(self.day.num_days_from_monday()));
        (0..)
            .map(|week| zone.instant((monday + Days::new(7 * week) + offset).and_time(self.at)))
            .find(|at| *at > from)
            .unwrap_or(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone::Zones;

    fn zone(name: &str) -> Zone {
        Zones::bundled().get(name).expect("a zone")
    }

    fn at(text: &str) -> Moment {
        text.parse().expect("an instant")
    }

    fn week(text: &str) -> Week {
        text.parse().expect("a week")
    }

    #[test]
    fn weeks_are_counted_over_years() {
        let check = |from: &str, n: i64, to: &str| {
            assert_eq!(week(from).plus(n), week(to), "{from} + {n}");
            assert_eq!(week(to).since(week(from)), n, "{to} - {from}");
            assert_eq!(week(to).to_string(), to);
        };
        check("2026-W52", 1, "2026-W53");
        check("2026-W53", 1, "2027-W01");
        check("2027-W01", -1, "2026-W53");
        check("2025-W52", 1, "2026-W01");
        check("2020-W53", 52 + 262, "2027-W01");
        for wrong in ["2025-W53", "2026-W54", "2026-W00", "2026-47", "W47", ""] {
            assert!(wrong.parse::<Week>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_week_begins_at_local_midnight() {
        let check = |name: &str, text: &str, start: &str, hours: i64| {
            let span = week(text).span(&zone(name));
            assert_eq!((span.start, span.length().num_hours()), (at(start), hours), "{name} {text}");
            assert_eq!(Week::of(span.start, &zone(name)), week(text));
            assert_eq!(Week::of(span.end, &zone(name)), week(text).next());
        };
        check("Europe/Berlin", "2026-W13", "2026-03-22T23:00:00Z", 167);
        check("Europe/Berlin", "2026-W43", "2026-10-18T22:00:00Z", 169);
        check("America/New_York", "2026-W44", "2026-10-26T04:00:00Z", 169);
        check("UTC", "2026-W53", "2026-12-28T00:00:00Z", 168);
        // Midnight of Sunday does not exist in Santiago on 6 September 2026; Monday's does.
        check("America/Santiago", "2026-W36", "2026-08-31T04:00:00Z", 167);
    }

    #[test]
    fn every_instant_is_in_its_week() {
        for name in ["Europe/Berlin", "America/Santiago", "Africa/Cairo", "Pacific/Auckland"] {
            let zone = zone(name);
            let mut now = at("2020-01-01T00:00:00Z");
            while now < at("2036-01-01T00:00:00Z") {
                assert!(Week::of(now, &zone).span(&zone).contains(now), "{name} {now}");
                now += TimeDelta::hours(7);
            }
        }
    }

    #[test]
    fn spans_are_merged_and_cut() {
        let span = |from: i64, until: i64| {
            Span::new(
                Moment::UNIX_EPOCH + TimeDelta::hours(from),
                Moment::UNIX_EPOCH + TimeDelta::hours(until),
            )
        };
        assert_eq!(merged(vec![span(5, 6), span(1, 3), span(2, 4), span(4, 5)]), [span(1, 6)]);
        assert_eq!(merged(vec![span(5, 6), span(1, 3)]), [span(1, 3), span(5, 6)]);
        assert!(!span(1, 2).overlaps(&span(2, 3)), "half open");
        assert_eq!(span(1, 4).and(&span(3, 6)), Some(span(3, 4)));
        assert_eq!(span(1, 2).and(&span(2, 3)), None);
        assert!(covered(&span(2, 3), &[span(1, 4)]));
        assert!(span(3, 1).length().is_zero(), "an end before the start");
    }

    #[test]
    fn weekly_mails_follow_cron_at_a_change_of_the_clock() {
        let sunday = Weekly { day: Weekday::Sun, at: NaiveTime::from_hms_opt(2, 30, 0).expect("a time") };
        let check = |from: &str, next: &str| {
            assert_eq!(sunday.next_after(at(from), &zone("Europe/Berlin")), at(next), "{from}");
        };
        check("2026-03-23T00:00:00Z", "2026-03-29T01:30:00Z");
        check("2026-10-19T00:00:00Z", "2026-10-25T00:30:00Z");
        check("2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z");
    }
}
