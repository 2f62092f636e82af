//! Subject lines, with people as `{7}` and a time in a person's zone as `{7@1795096800}`: the ledger keeps them so,
//! and names are filled in when a mail is written or the ledger is printed.

use std::fmt::Write;

use chrono::DateTime;

use crate::model::fact::{CloseReason, Trigger};
use crate::model::letter::{Letter, OpsNews, Owed, ProposalItem};
use crate::model::people::PersonId;
use crate::model::report::{AtRisk, Health};
use crate::model::series::SeriesItem;
use crate::model::state::OutboxRow;
use crate::model::zone::Moment;
use crate::tell::names::{self, People};
use crate::tell::{phrase, report, when};

/// The subject of a row's mail, with people as markers.
pub fn subject_for_ledger(row: &OutboxRow) -> String {
    let time = |at: Moment| format!("{{{}@{}}}", row.to, at.timestamp());
    match &row.letter {
        Letter::Welcome { .. } => "Drumbeat now looks after your 1-on-1s".to_owned(),
        Letter::Proposal { items, .. } => proposal(row.to, items),
        Letter::Booked { manager, rep, span, .. } => {
            format!("Booked: 1-on-1 with {}, {}", other(row.to, *manager, *rep), time(span.start))
        }
        Letter::Released { manager, rep, span, .. } => {
            format!("Cancelled: 1-on-1 with {}, {}", other(row.to, *manager, *rep), time(span.start))
        }
        Letter::Escalation { rep, manager, trigger, .. } => escalation(row.to, *manager, *rep, *trigger),
        Letter::Many { letters } => {
            let number = phrase::sentence(&phrase::number(letters.len() as u32));
            match letters.first() {
                Some(Letter::Resolved { .. }) => format!("{number} 1-on-1s are settled or closed"),
                _ => format!("{number} 1-on-1s need you this week"),
            }
        }
        Letter::Resolved { rep, manager, how, start, .. } => {
            let pair = pair(row.to, *manager, *rep);
            match (how, start) {
                (CloseReason::Missed, _) => format!("Closed: {pair} did not take place"),
                (CloseReason::Excused, _) => format!("Closed: {pair} is excused"),
                (_, Some(start)) => format!("Settled: {pair}, {}", time(*start)),
                (_, None) => format!("Settled: {pair}"),
            }
        }
        Letter::Monday { week, owed } => monday(*week, owed),
        Letter::Capacity { owed, room, .. } => {
            let minutes: u32 = owed.iter().map(|short| short.minutes).sum();
            match room {
                0 => format!("Next week has no room for {minutes} minutes of 1-on-1s"),
                room => format!("Next week has room for {room} of {minutes} minutes of 1-on-1s"),
            }
        }
        Letter::CheckIn { week, .. } => format!("Did your 1-on-1s take place? {}", when::week_days(*week)),
        Letter::Overlap { manager, rep, span, .. } => {
            let whom = other(row.to, *manager, *rep);
            format!("Your 1-on-1 with {whom} lies under another meeting: {}", time(span.start))
        }
        Letter::Cadence { manager, rep, from, after, .. } => {
            let whom = other(row.to, *manager, *rep);
            format!("1-on-1 with {whom}: {} from {} on", phrase::rhythm(after), when::date(*from))
        }
        Letter::Series { items } => series(items),
        Letter::SeriesBooked { event, .. } => {
            let whom = other(row.to, event.manager, event.series.rep);
            format!("Booked: a standing 1-on-1 with {whom}, from {} on", time(event.first.start))
        }
        Letter::SeriesReleased { event, .. } => {
            let whom = other(row.to, event.manager, event.series.rep);
            format!("Cancelled: the standing 1-on-1 with {whom}, from {} on", time(event.first.start))
        }
        Letter::Health(health) => health_subject(health),
        Letter::Ops(news) => ops_subject(news),
    }
}

/// A subject with its markers filled in: people by name, times in the zone of the person named.
pub fn fill_names(text: &str, people: &dyn People) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let marked = after.split_once('}').and_then(|(marker, tail)| Some((filled(marker, people)?, tail)));
        if let Some((words, tail)) = marked {
            out.push_str(&words);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn filled(marker: &str, people: &dyn People) -> Option<String> {
    let Some((who, at)) = marker.split_once('@') else {
        return Some(names::name(people, PersonId(marker.parse().ok()?)));
    };
    let at = DateTime::from_timestamp(at.parse().ok()?, 0)?;
    Some(when::bare(at, &names::zone(people, PersonId(who.parse().ok()?))))
}

fn marker(id: PersonId) -> String {
    format!("{{{id}}}")
}

/// The other one of a pair, from where the reader stands.
fn other(to: PersonId, manager: PersonId, rep: PersonId) -> String {
    match to {
        to if to == manager => marker(rep),
        to if to == rep => marker(manager),
        _ => format!("{} and {}", marker(manager), marker(rep)),
    }
}

fn pair(to: PersonId, manager: PersonId, rep: PersonId) -> String {
    if to == manager || to == rep {
        format!("your 1-on-1 with {}", other(to, manager, rep))
    } else {
        format!("the 1-on-1 of {} and {}", marker(manager), marker(rep))
    }
}

/// Counts alone: who is short of what stands in the mail.
fn monday(week: crate::model::time::Week, owed: &[Owed]) -> String {
    let short: u32 = owed.iter().map(|one| one.due.saturating_sub(one.standing)).sum();
    let days = when::week_days(week);
    match short {
        0 => format!("Your 1-on-1s of {days}: {} at risk", owed.len()),
        n => format!("Your 1-on-1s of {days}: {n} without a time"),
    }
}

fn proposal(to: PersonId, items: &[ProposalItem]) -> String {
    let whom = |item: &ProposalItem| match item.manager {
        Some(manager) if to == item.recovery.rep => manager,
        _ => item.recovery.rep,
    };
    let mut reps: Vec<String> = items.iter().map(|item| marker(whom(item))).collect();
    reps.dedup();
    let whom = names::list(&reps);
    match items {
        [one] if one.fallen.verdict.is_none() => {
            format!("1-on-1 with {whom}: none booked this week, pick a time")
        }
        [_] => format!("1-on-1 with {whom}: pick a new time this week"),
        _ => {
            let number = phrase::sentence(&phrase::number(items.len() as u32));
            format!("{number} 1-on-1s need a time this week: {whom}")
        }
    }
}

/// Why a standing time is owed stands in no subject.
fn series(items: &[SeriesItem]) -> String {
    let reps: Vec<String> = items.iter().map(|item| marker(item.series.rep)).collect();
    match items {
        [one] if one.options.is_empty() => format!("1-on-1 with {}: no standing time fits", reps[0]),
        [_] => format!("1-on-1 with {}: pick a standing time", reps[0]),
        _ => format!("Pick a standing time for your 1-on-1s with {}", names::list(&reps)),
    }
}

/// A plan never shows: its subject is that of any missed 1-on-1.
fn escalation(to: PersonId, manager: PersonId, rep: PersonId, trigger: Trigger) -> String {
    if trigger == Trigger::Target {
        return if to == manager {
            "Your team's 1-on-1s: too few take place".to_owned()
        } else {
            format!("Team of {}: too few 1-on-1s take place", marker(manager))
        };
    }
    let whom = if to == manager {
        format!("1-on-1 with {}", marker(rep))
    } else {
        format!("1-on-1 of {} and {}", marker(manager), marker(rep))
    };
    let what = match trigger {
        Trigger::NoSlot => "no free time left this week",
        Trigger::Silence => "still without a time this week",
        Trigger::Again => "the new time fell through too",
        Trigger::TwoCancellations => "two fell through within four weeks",
        Trigger::Skips => "too many weeks without one",
        Trigger::Plan | Trigger::Target => "missed",
        Trigger::Source => "a calendar cannot be read",
    };
    format!("{whom}: {what}")
}

fn health_subject(health: &Health) -> String {
    let counts = &health.all.week;
    let owed = report::coverage(counts);
    let mut subject =
        format!("1-on-1s of {}: {} of {} took place", when::week_days(health.week), owed.took_place, owed.of);
    let risks = health.at_risk.iter().filter(|risk: &&AtRisk| !risk.is_away).count();
    if risks > 0 {
        let _ = write!(subject, ", {} at risk this week", phrase::count(risks as u32, "rep", "reps"));
    }
    subject
}

/// News for ops in one line, with people as markers.
pub fn ops_subject(news: &OpsNews) -> String {
    match news {
        OpsNews::Source { calendar, state, .. } => {
            format!("Calendar of {} {}", marker(calendar.owner), phrase::source_state(*state))
        }
        OpsNews::Sources { count: 0, .. } => "All calendars are well again".to_owned(),
        OpsNews::Sources { count, .. } => {
            format!("{} cannot be read", phrase::count(*count, "calendar", "calendars"))
        }
        OpsNews::FellBack { manager, .. } => {
            format!("Bookings in the calendar of {} are refused", marker(*manager))
        }
        OpsNews::NotTakenBack { manager, .. } => {
            format!("A booking in the calendar of {} could not be deleted", marker(*manager))
        }
        OpsNews::Quota { .. } => "Google takes no more calls for a while".to_owned(),
        OpsNews::Refused { to, .. } => format!("The mail server refuses mail to {}", marker(*to)),
        OpsNews::Undelivered { rows, .. } => {
            format!("Mail did not go out: {} waiting", phrase::count(*rows, "mail", "mails"))
        }
        OpsNews::GivenUp { rows, .. } => {
            format!(
                "{} could not be sent and {} given up",
                phrase::count(*rows, "mail", "mails"),
                phrase::was(*rows)
            )
        }
        OpsNews::Unrecognised { owed, recognised } => {
            format!("Held back: 1-on-1s recognised for only {recognised} of {owed} reps")
        }
        OpsNews::RecordCut { .. } => "The ledger's torn end was cut".to_owned(),
        OpsNews::StoreRebuilt { .. } => "The store was set aside and is rebuilt".to_owned(),
        OpsNews::Escalated { rep, manager, .. } => {
            format!("1-on-1 of {} and {}: nobody else to tell", marker(*manager), marker(*rep))
        }
        OpsNews::RosterRefused { lost, of } => {
            format!("New roster refused: it would lose {lost} of {of} people")
        }
        OpsNews::Awake { .. } => "Drumbeat is back after a pause".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone::Zones;
    use crate::tell::names::Addressee;

    #[test]
    fn markers_are_filled_once() {
        let people = |id: PersonId| {
            let name = if id.0 == 7 { "Ana {8}" } else { "Bo" };
            (id.0 < 9).then(|| Addressee {
                address: "x@example.com".into(),
                name: name.into(),
                first_name: name.into(),
                zone: Zones::bundled().get("Europe/Berlin").expect("a known zone"),
            })
        };
        let check = |text: &str, want: &str| assert_eq!(fill_names(text, &people), want);
        check("1-on-1 with {7}: now", "1-on-1 with Ana {8}: now");
        check("{8} and {9}", "Bo and person 9");
        check("at {8@1795096800}", "at Thu 19 Nov, 15:00");
        check("{", "{");
        check("{} {x} {8", "{} {x} {8");
        check("{9@1795096800}", "Thu 19 Nov, 14:00");
    }
}
