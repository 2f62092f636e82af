//! Events → text: escaped, folded, and proof against whatever the strings hold (RFC 5545, 3.1 and 3.3.11).

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta};

use super::event::wall_of;
use crate::model::event::{Attendee, Event, EventStatus, Partstat, Shown, When};
use crate::model::zone::{Moment, Rules};

/// Octets of a line without its line end.
const WIDTH: usize = 75;

/// The changes of so many years must fall on like days to be a rule.
const RULE_YEARS: usize = 8;

/// A character that turns the direction of reading: dropped, so that a title cannot disguise itself.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Builds iCalendar text line by line. No string that goes in can end a line or begin another property.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// A calendar object of a method (RFC 5546), or a plain one; [`Writer::finish`] ends it.
    pub fn calendar(method: Option<&str>) -> Self {
        let mut writer = Self::default();
        writer.begin("VCALENDAR");
        writer.value("VERSION", &[], "2.0");
        writer.value("PRODID", &[], "-//Drumbeat//Drumbeat//EN");
        writer.value("CALSCALE", &[], "GREGORIAN");
        if let Some(method) = method {
            writer.value("METHOD", &[], method);
        }
        writer
    }

    /// BEGIN of a component.
    pub fn begin(&mut self, component: &str) {
        self.value("BEGIN", &[], component);
    }

    /// END of a component.
    pub fn end(&mut self, component: &str) {
        self.value("END", &[], component);
    }

    /// A property whose value is not TEXT: only control characters are taken out of it.
    pub fn value(&mut self, name: &str, params: &[(&str, &str)], value: &str) {
        let mut line = String::from(name);
        for (key, value) in params {
            line.push(';');
            line.push_str(key);
            line.push('=');
            line.push_str(&quoted(value));
        }
        line.push(':');
        line.extend(value.chars().filter(|c| !c.is_control() && !is_bidi_control(*c)));
        self.fold(&line);
    }

    /// A property of type TEXT, escaped.
    pub fn text(&mut self, name: &str, value: &str) {
        self.value(name, &[], &escaped(value));
    }

    /// A date or time in its form.
    pub fn when(&mut self, name: &str, when: &When) {
        let wall = wall_of(when);
        match when {
            When::Date(date) => self.value(name, &[("VALUE", "DATE")], &date.format("%Y%m%d").to_string()),
            When::Utc(at) => self.moment(name, *at),
            When::Floating(_) => self.value(name, &[], &stamp(wall)),
            When::Zoned(_, zone) => self.value(name, &[("TZID", zone)], &stamp(wall)),
        }
    }

    /// An instant.
    pub fn moment(&mut self, name: &str, at: Moment) {
        self.value(name, &[], &(stamp(at.naive_utc()) + "Z"));
    }

    /// Ends the calendar and gives its text.
    pub fn finish(mut self) -> String {
        self.end("VCALENDAR");
        self.out
    }

    fn fold(&mut self, line: &str) {
        let mut width = 0;
        for c in line.chars() {
            if width + c.len_utf8() > WIDTH {
                self.out.push_str("\r\n ");
                width = 1;
            }
            self.out.push(c);
            width += c.len_utf8();
        }
        self.out.push_str("\r\n");
    }

    /// A VTIMEZONE with the changes of the clock between two instants and the one before them.
    pub(super) fn timezone(&mut self, name: &str, rules: &Rules, from: Moment, until: Moment) {
        self.begin("VTIMEZONE");
        self.value("TZID", &[], name);
        let first = rules.changes.partition_point(|(second, _)| *second <= from.timestamp());
        let last = rules.changes.partition_point(|(second, _)| *second <= until.timestamp());
        let before = rules.offset_at(from);
        let since = first.checked_sub(1).map_or(0, |before| rules.changes[before].0);
        let earlier = first.checked_sub(2).map_or(rules.first, |index| rules.changes[index].1);
        let mut offset = if first == 0 { before } else { earlier };
        for (second, to) in std::iter::once((since, before)).chain(rules.changes[first..last].iter().copied())
        {
            self.observance(second, offset, to);
            offset = to;
        }
        self.end("VTIMEZONE");
    }

    /// The same as rules that hold for ever, for a zone whose clock changes twice a year on like days; `false`, and
    /// nothing is written, where it does not.
    pub(super) fn timezone_by_rules(&mut self, name: &str, rules: &Rules, from: Moment) -> bool {
        let Some(onsets) = yearly(rules, from) else { return false };
        self.begin("VTIMEZONE");
        self.value("TZID", &[], name);
        for onset in onsets {
            self.observance_with(onset.second, onset.from, onset.to, Some(&onset.rule));
        }
        self.end("VTIMEZONE");
        true
    }

    fn observance(&mut self, second: i64, from: i32, to: i32) {
        self.observance_with(second, from, to, None);
    }

    fn observance_with(&mut self, second: i64, from: i32, to: i32, rule: Option<&str>) {
        let component = if to > from { "DAYLIGHT" } else { "STANDARD" };
        let onset = DateTime::from_timestamp(second, 0).unwrap_or_default().naive_utc();
        self.begin(component);
        self.value("DTSTART", &[], &stamp(onset + TimeDelta::seconds(i64::from(from))));
        self.value("TZOFFSETFROM", &[], &offset(from));
        self.value("TZOFFSETTO", &[], &offset(to));
        if let Some(rule) = rule {
            self.value("RRULE", &[], rule);
        }
        self.end(component);
    }
}

/// A change of the clock that comes every year.
struct Onset {
    second: i64,
    from: i32,
    to: i32,
    rule: String,
}

/// The two changes of a year, the first ones after `from`, if those of the next years fall on like days.
fn yearly(rules: &Rules, from: Moment) -> Option<Vec<Onset>> {
    let first = rules.changes.partition_point(|(second, _)| *second <= from.timestamp());
    let changes = rules.changes.get(first..first + 2 * RULE_YEARS)?;
    let mut before = rules.offset_at(from);
    let mut kinds: [Vec<NaiveDateTime>; 2] = [Vec::new(), Vec::new()];
    let mut onsets = Vec::new();
    for (n, (second, to)) in changes.iter().enumerate() {
        let wall = DateTime::from_timestamp(*second, 0)?.naive_utc() + TimeDelta::seconds(i64::from(before));
        if n < 2 {
            onsets.push(Onset { second: *second, from: before, to: *to, rule: String::new() });
        }
        let like: &Onset = &onsets[n % 2];
        if (like.from, like.to) != (before, *to) {
            return None;
        }
        kinds[n % 2].push(wall);
        before = *to;
    }
    for (onset, walls) in onsets.iter_mut().zip(&kinds) {
        onset.rule = day_of_year(walls)?;
    }
    Some(onsets)
}

/// `FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU` for days that are all the last Sunday of October at the same hour.
fn day_of_year(walls: &[NaiveDateTime]) -> Option<String> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let first = walls.first()?;
    let like = |wall: &NaiveDateTime| (wall.month(), wall.weekday(), wall.time());
    let years_apart = walls.windows(2).all(|pair| pair[1].year() == pair[0].year() + 1);
    if !years_apart || walls.iter().any(|wall| like(wall) != like(first)) {
        return None;
    }
    let nth = |wall: &NaiveDateTime| (wall.day() - 1) / 7 + 1;
    let is_last = |wall: &NaiveDateTime| (*wall + TimeDelta::days(7)).month() != wall.month();
    let which = if walls.iter().all(is_last) {
        "-1".to_owned()
    } else if walls.iter().all(|wall| nth(wall) == nth(first)) {
        nth(first).to_string()
    } else {
        return None;
    };
    let day = DAYS[first.weekday().num_days_from_monday() as usize];
    Some(format!("FREQ=YEARLY;BYMONTH={};BYDAY={which}{day}", first.month()))
}

fn stamp(wall: NaiveDateTime) -> String {
    format!("{:04}{}", wall.year(), wall.format("%m%dT%H%M%S"))
}

fn offset(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (all / 3_600, all / 60 % 60, all % 60);
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out
}

/// A parameter's value, RFC 6868 applied; quoted where it must be.
fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    for c in value.chars().filter(|c| !is_bidi_control(*c)) {
        match c {
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            '\n' => out.push_str("^n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    if out.contains([':', ';', ',']) { format!("\"{out}\"") } else { out }
}

/// Events as a feed, with the given zones as its VTIMEZONEs; [`super::parse`] gives them back. What a VEVENT
/// cannot say is lost: focus time is written as busy.
pub fn write(events: &[Event], zones: &BTreeMap<String, Rules>) -> String {
    let mut writer = Writer::calendar(None);
    for (name, rules) in zones {
        let last = rules.changes.last().map_or(0, |(second, _)| *second);
        let until = DateTime::from_timestamp(last, 0).unwrap_or_default();
        writer.timezone(name, rules, DateTime::UNIX_EPOCH, until);
    }
    for event in events {
        writer.event(event);
    }
    writer.finish()
}

impl Writer {
    fn event(&mut self, event: &Event) {
        self.begin("VEVENT");
        self.value("UID", &[], &event.uid);
        self.times(event);
        self.value("SEQUENCE", &[], &event.sequence.to_string());
        self.value("STATUS", &[], status(event.status));
        self.shown(event.shown);
        if event.is_private {
            self.value("CLASS", &[], "PRIVATE");
        }
        self.text("SUMMARY", &event.title);
        if let Some(organizer) = &event.organizer {
            self.value("ORGANIZER", &[], &format!("mailto:{organizer}"));
        }
        for attendee in &event.attendees {
            self.attendee(attendee);
        }
        if let Some(created) = event.created {
            self.moment("CREATED", created);
        }
        if let Some(modified) = event.modified {
            self.moment("LAST-MODIFIED", modified);
        }
        if let Some(link) = &event.link {
            self.value("CONFERENCE", &[("VALUE", "URI")], link);
        }
        self.end("VEVENT");
    }

    fn times(&mut self, event: &Event) {
        self.when("DTSTART", &event.start);
        if !event.length.is_zero() {
            self.when("DTEND", &later(&event.start, event.length));
        }
        match &event.recurrence_id {
            Some(id) if event.this_and_future => {
                self.when("RECURRENCE-ID;RANGE=THISANDFUTURE", id);
            }
            Some(id) => self.when("RECURRENCE-ID", id),
            None => {}
        }
        let recurrence = &event.recurrence;
        recurrence.rrules.iter().for_each(|rule| self.value("RRULE", &[], rule));
        recurrence.exrules.iter().for_each(|rule| self.value("EXRULE", &[], rule));
        recurrence.exdates.iter().for_each(|date| self.when("EXDATE", date));
        recurrence.rdates.iter().for_each(|date| self.when("RDATE", date));
    }

    fn shown(&mut self, shown: Shown) {
        match shown {
            Shown::Busy | Shown::Focus => self.value("TRANSP", &[], "OPAQUE"),
            Shown::Free => self.value("TRANSP", &[], "TRANSPARENT"),
            Shown::Tentative => self.value("X-MICROSOFT-CDO-BUSYSTATUS", &[], "TENTATIVE"),
            Shown::OutOfOffice => self.value("X-MICROSOFT-CDO-BUSYSTATUS", &[], "OOF"),
            Shown::Elsewhere => self.value("X-MICROSOFT-CDO-BUSYSTATUS", &[], "WORKINGELSEWHERE"),
        }
    }

    fn attendee(&mut self, attendee: &Attendee) {
        let partstat = match attendee.partstat {
            Partstat::NeedsAction => "NEEDS-ACTION",
            Partstat::Accepted => "ACCEPTED",
            Partstat::Declined => "DECLINED",
            Partstat::Tentative => "TENTATIVE",
        };
        let kind = if attendee.is_resource { "RESOURCE" } else { "INDIVIDUAL" };
        let params = [("CUTYPE", kind), ("PARTSTAT", partstat), ("CN", attendee.name.as_str())];
        self.value("ATTENDEE", &params, &format!("mailto:{}", attendee.address));
    }
}

fn status(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Confirmed => "CONFIRMED",
        EventStatus::Tentative => "TENTATIVE",
        EventStatus::Cancelled => "CANCELLED",
    }
}

fn later(when: &When, by: TimeDelta) -> When {
    match when {
        When::Date(date) => When::Date(*date + by),
        When::Utc(at) => When::Utc(*at + by),
        When::Floating(wall) => When::Floating(*wall + by),
        When::Zoned(wall, zone) => When::Zoned(*wall + by, zone.clone()),
    }
}
