//! The past of calendars, as far as they remember it: a recording made from what they say now.
//!
//! A calendar tells what became of a session and when that was last touched, not what it said before. So each change is
//! put at its LAST-MODIFIED (else CREATED), and before it the session stands as it was first planned. What was deleted
//! left nothing, and what was changed twice tells only of the last time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::recording::Said;
use crate::ical::{self, Lookup, instant};
use crate::model::event::{Event, EventStatus, Partstat, When};
use crate::model::survey::Reading;
use crate::model::time::Span;
use crate::model::zone::{Moment, Rules, Zone, Zones};

/// A change of which no instant before its session is known was made so long before it.
const AHEAD: TimeDelta = TimeDelta::days(2);
/// Single events that are over so long before the first day play no part.
const BEFORE: TimeDelta = TimeDelta::days(30);
/// Most changes of one calendar; of more, the newest.
const CHANGES_MOST: usize = 1000;

/// What a calendar answered, by instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// One answer for the beginning, and one after each change.
    pub answers: BTreeMap<Moment, Said>,
    /// Changes that were passed over, since there were too many.
    pub passed_over: u32,
}

/// The answers of a calendar within `span`. `own` is its owner's zone, for times without one.
pub fn past(reading: &Reading, own: &Zone, zones: &Zones, span: &Span) -> Past {
    let lookup = Lookup { zones, custom: &reading.zones, default: own };
    let default = ical::zone::of_calendar(reading.zone.as_deref(), &lookup);
    let lookup = Lookup { default: &default, ..lookup };
    let dated = dated(&reading.events, &lookup, span);
    let mut changes: BTreeSet<Moment> = dated.iter().flat_map(Dated::changes).collect();
    changes.retain(|at| span.contains(*at) && *at > span.start);
    let passed_over = changes.len().saturating_sub(CHANGES_MOST);
    let instants = std::iter::once(span.start).chain(changes.into_iter().skip(passed_over));
    let custom = own_zones(reading, &lookup);
    let answer = |at: Moment| {
        let events: Vec<Event> = dated.iter().filter_map(|event| event.at(at)).collect();
        (at, Said::Ics(ical::write(&events, &custom).into_bytes()))
    };
    Past { answers: instants.map(answer).collect(), passed_over: passed_over as u32 }
}

/// The zones that only the calendar itself explains: all others are written by name.
fn own_zones(reading: &Reading, lookup: &Lookup<'_>) -> BTreeMap<String, Rules> {
    let nothing = BTreeMap::new();
    let plain = Lookup { custom: &nothing, ..*lookup };
    let is_own = |name: &String| ical::zone::resolve(name, &plain).is_none();
    reading
        .zones
        .iter()
        .filter(|(name, _)| is_own(name))
        .map(|(name, rules)| (name.clone(), rules.clone()))
        .collect()
}

/// An event as it was over time.
struct Dated {
    /// What it was from an instant on, in order; `None`: since ever.
    versions: Vec<(Option<Moment>, Event)>,
    /// When each EXDATE was added, in their order.
    exdates: Vec<Moment>,
}

fn dated(events: &[Event], lookup: &Lookup<'_>, span: &Span) -> Vec<Dated> {
    let is_series = |event: &Event| event.recurrence_id.is_none() && !event.recurrence.is_empty();
    let series: BTreeSet<&str> =
        events.iter().filter(|event| is_series(event)).map(|event| event.uid.as_str()).collect();
    let plays = |event: &&Event| {
        is_series(event) || instant(&event.start, lookup) + event.length + BEFORE >= span.start
    };
    let one = |event: &Event| {
        let has_series = series.contains(event.uid.as_str());
        let event = localised(event, lookup);
        let exdates = event.recurrence.exdates.iter().map(|date| taken_out(date, &event, lookup)).collect();
        Dated { versions: versions(event, has_series, lookup), exdates }
    };
    events.iter().filter(plays).map(one).collect()
}

fn versions(event: Event, has_series: bool, lookup: &Lookup<'_>) -> Vec<(Option<Moment>, Event)> {
    let changed = changed(&event, lookup);
    let created = event.created.map(|created| created.min(changed));
    if event.recurrence_id.is_some() && has_series {
        // Until then the series alone said when it is.
        return vec![(Some(changed), event)];
    }
    let before = undone(&event);
    let is_same =
        before.status == event.status && before.attendees == event.attendees && before.start == event.start;
    if is_same { vec![(created, event)] } else { vec![(created, before), (Some(changed), event)] }
}

/// The event before it was called off, declined or moved.
fn undone(event: &Event) -> Event {
    let mut before = event.clone();
    before.modified = event.created;
    if let Some(original) = &event.recurrence_id {
        before.start.clone_from(original);
    }
    if before.status == EventStatus::Cancelled {
        before.status = EventStatus::Confirmed;
    }
    let declined = before.attendees.iter_mut().filter(|one| one.partstat == Partstat::Declined);
    declined.for_each(|attendee| attendee.partstat = Partstat::Accepted);
    before
}

/// When it became what it is: as it was last touched. One that was touched once it was over was touched for another
/// reason than to move or decline it; what is called off is not touched again.
fn changed(event: &Event, lookup: &Lookup<'_>) -> Moment {
    let touched = event.modified.or(event.created);
    let start = instant(&event.start, lookup);
    let first = event.recurrence_id.as_ref().map_or(start, |rid| start.min(instant(rid, lookup)));
    let is_whole_series = !event.recurrence.is_empty();
    let is_off = event.status == EventStatus::Cancelled;
    touched.filter(|at| is_off || is_whole_series || *at < first).unwrap_or(first - AHEAD)
}

/// When an instance was taken out of its series: as the series was last touched, if that was before it.
fn taken_out(date: &When, event: &Event, lookup: &Lookup<'_>) -> Moment {
    let start = instant(date, lookup);
    event.modified.filter(|at| *at < start).unwrap_or(start - AHEAD)
}

impl Dated {
    fn changes(&self) -> impl Iterator<Item = Moment> {
        self.versions.iter().filter_map(|(from, _)| *from).chain(self.exdates.iter().copied())
    }

    /// The event as it was at an instant; `None` before it was there.
    fn at(&self, at: Moment) -> Option<Event> {
        let newest = self.versions.iter().rev().find(|(from, _)| from.is_none_or(|from| from <= at));
        let mut event = newest.map(|(_, event)| event.clone())?;
        let exdates = event.recurrence.exdates.into_iter().zip(&self.exdates);
        event.recurrence.exdates = exdates.filter(|(_, added)| **added <= at).map(|(date, _)| date).collect();
        // A calendar does not tell of what is yet to come.
        event.modified = event.modified.filter(|modified| *modified <= at).or(event.created);
        Some(event)
    }
}

/// Times in no zone are written in the calendar's, which the text does not carry.
fn localised(event: &Event, lookup: &Lookup<'_>) -> Event {
    let keeps_wall = lookup.zones.get(&lookup.default.name).is_some();
    let wall = |when: &When| match when {
        When::Floating(wall) if keeps_wall => When::Zoned(*wall, lookup.default.name.to_string()),
        When::Floating(_) => When::Utc(instant(when, lookup)),
        other => other.clone(),
    };
    let mut event = event.clone();
    event.start = wall(&event.start);
    event.recurrence_id = event.recurrence_id.as_ref().map(wall);
    event.recurrence.exdates = event.recurrence.exdates.iter().map(wall).collect();
    event.recurrence.rdates = event.recurrence.rdates.iter().map(wall).collect();
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-TIMEZONE:Europe/Berlin\r\n";

    /// What the calendar showed at each change: start and state of each event by UID or RECURRENCE-ID.
    fn seen(events: &str) -> Vec<String> {
        let text = format!("{HEAD}{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"));
        let parsed = ical::parse(text.as_bytes(), &ical::Limits::default());
        let reading = Reading { zone: parsed.zone_name, events: parsed.events, ..Reading::default() };
        let at = |text: &str| text.parse::<Moment>().expect("an instant");
        let span = Span::new(at("2026-11-02T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        let past = past(&reading, &Zone::utc(), &Zones::bundled(), &span);
        past.answers.iter().map(|(at, said)| format!("{} {}", at.format("%dT%H"), told(said))).collect()
    }

    fn told(said: &Said) -> String {
        let Said::Ics(bytes) = said else { return String::new() };
        let events = ical::parse(bytes, &ical::Limits::default()).events;
        let one = |event: &Event| {
            let off = if event.status == EventStatus::Cancelled { " off" } else { "" };
            let no =
                if event.attendees.iter().any(|one| one.partstat == Partstat::Declined) { " no" } else { "" };
            let without = event.recurrence.exdates.len();
            let without = if without > 0 { format!(" without {without}") } else { String::new() };
            let start = instant(
                &event.start,
                &Lookup { zones: &Zones::bundled(), custom: &BTreeMap::new(), default: &Zone::utc() },
            );
            format!("{}{off}{no}{without}", start.format("%dT%H"))
        };
        events.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\nUID:x\nDURATION:PT30M\n{lines}END:VEVENT\n")
    }

    #[test]
    fn each_change_is_put_at_the_instant_at_which_it_was_made() {
        let check = |lines: &[&str], wanted: &[&str]| {
            let events: String = lines.iter().map(|lines| event(lines)).collect();
            assert_eq!(seen(&events), wanted, "{events}");
        };
        let series = "DTSTART:20261103T100000\nRRULE:FREQ=WEEKLY\nCREATED:20260101T000000Z\n";
        check(&[series], &["02T00 03T09"]);
        check(&["DTSTART:20261110T100000Z\nCREATED:20261105T080000Z\n"], &["02T00 ", "05T08 10T10"]);
        let moved =
            "RECURRENCE-ID:20261110T100000\nDTSTART:20261112T100000\nLAST-MODIFIED:20261109T070000Z\n";
        check(&[series, moved], &["02T00 03T09", "09T07 03T09, 12T09"]);
        // Touched once it was over: nobody knows when it was moved.
        let touched = moved.replace("20261109T07", "20261120T07");
        check(&[series, &touched], &["02T00 03T09", "08T09 03T09, 12T09"]);
        // Without its series it stood where the series had it.
        check(&[moved], &["02T00 10T09", "09T07 12T09"]);
        let off = "RECURRENCE-ID:20261110T100000\nDTSTART:20261110T100000\nSTATUS:CANCELLED\n\
                   LAST-MODIFIED:20261110T070000Z\n";
        check(&[series, off], &["02T00 03T09", "10T07 03T09, 10T09 off"]);
        let out = format!("{series}EXDATE:20261110T100000,20261117T100000\nLAST-MODIFIED:20261112T080000Z\n");
        check(&[&out], &["02T00 03T09", "08T09 03T09 without 1", "12T08 03T09 without 2"]);
        let no = "DTSTART:20261110T100000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:a@b.example\n\
                  CREATED:20261001T000000Z\nLAST-MODIFIED:20261109T080000Z\n";
        check(&[no], &["02T00 10T10", "09T08 10T10 no"]);
    }
}
