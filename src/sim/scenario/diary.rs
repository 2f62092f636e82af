//! The calendars of a scenario: who meets whom when, and the feeds that show it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

use super::Wrong;
use super::people::People;
use super::words::week_of;
use crate::model::time::Week;
use crate::model::zone::{Moment, Zone};
use crate::sim::overlay::folded;

/// Somebody on a list, and their answer.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    pub(super) address: String,
    pub(super) partstat: &'static str,
}

/// What can differ between the instances of a series.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) title: String,
    pub(super) place: Option<String>,
    /// Wall time in the meeting's zone.
    pub(super) start: NaiveDateTime,
    pub(super) length: TimeDelta,
    pub(super) guests: Vec<Guest>,
    pub(super) is_cancelled: bool,
    pub(super) is_free: bool,
    sequence: u32,
    modified: Moment,
}

/// How a series repeats: weekly.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) days: Vec<Weekday>,
    pub(super) every: i64,
    pub(super) until: Option<Moment>,
}

/// A meeting, or something that merely fills time.
#[derive(Debug, Clone)]
pub(super) struct Meeting {
    pub(super) uid: String,
    pub(super) organizer: String,
    pub(super) zone: Zone,
    pub(super) is_all_day: bool,
    pub(super) face: Face,
    pub(super) rule: Option<Rule>,
    exceptions: BTreeMap<NaiveDateTime, Face>,
    dropped: BTreeSet<NaiveDateTime>,
    /// Whose copy lacks it, wholly or of one instance.
    lost: BTreeSet<(String, Option<NaiveDateTime>)>,
    created: Moment,
    pub(super) is_gone: bool,
}

/// A meeting, or one instance of a series by its original start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) meeting: usize,
    pub(super) instance: Option<NaiveDateTime>,
}

/// All meetings.
#[derive(Debug, Clone, Default)]
pub(super) struct Diary {
    pub(super) meetings: Vec<Meeting>,
}

/// What a new meeting is made of.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) organizer: String,
    pub(super) guests: Vec<String>,
    pub(super) start: NaiveDateTime,
    pub(super) length: TimeDelta,
    pub(super) zone: Zone,
    pub(super) is_all_day: bool,
    pub(super) rule: Option<Rule>,
}

impl Diary {
    /// Puts a new meeting into everybody's calendar.
    pub(super) fn add(&mut self, draft: Draft, at: Moment) -> usize {
        let guests =
            draft.guests.into_iter().map(|address| Guest { address, partstat: "ACCEPTED" }).collect();
        self.meetings.push(Meeting {
            uid: format!("event{:03}@google.com", self.meetings.len() + 1),
            organizer: draft.organizer,
            zone: draft.zone,
            is_all_day: draft.is_all_day,
            face: Face {
                title: draft.title,
                place: None,
                start: draft.start,
                length: draft.length,
                guests,
                is_cancelled: false,
                is_free: false,
                sequence: 0,
                modified: at,
            },
            rule: draft.rule,
            exceptions: BTreeMap::new(),
            dropped: BTreeSet::new(),
            lost: BTreeSet::new(),
            created: at,
            is_gone: false,
        });
        self.meetings.len() - 1
    }

    /// The face of a meeting or of one instance, to be changed at an instant; a change of time is a new SEQUENCE.
    pub(super) fn change(&mut self, target: Target, at: Moment) -> &mut Face {
        let meeting = &mut self.meetings[target.meeting];
        let face = match target.instance.filter(|_| meeting.rule.is_some()) {
            None => &mut meeting.face,
            Some(original) => {
                let usual = &meeting.face;
                meeting
                    .exceptions
                    .entry(original)
                    .or_insert_with(|| Face { start: original, ..usual.clone() })
            }
        };
        face.modified = at;
        face
    }

    /// Gives it another time.
    pub(super) fn shift(&mut self, target: Target, start: NaiveDateTime, at: Moment) {
        let face = self.change(target, at);
        face.start = start;
        face.sequence += 1;
    }

    /// Takes it out of everybody's calendar without a trace, but for the EXDATE of an instance.
    pub(super) fn delete(&mut self, target: Target, at: Moment) {
        let meeting = &mut self.meetings[target.meeting];
        match target.instance.filter(|_| meeting.rule.is_some()) {
            None => meeting.is_gone = true,
            Some(original) => {
                meeting.exceptions.remove(&original);
                meeting.dropped.insert(original);
                meeting.face.modified = at;
            }
        }
    }

    /// Takes it out of one calendar alone.
    pub(super) fn lose(&mut self, target: Target, who: &str) {
        let meeting = &mut self.meetings[target.meeting];
        let instance = target.instance.filter(|_| meeting.rule.is_some());
        meeting.lost.insert((who.to_owned(), instance));
    }

    /// Puts back what one calendar lost.
    pub(super) fn regain(&mut self, target: Target, who: &str) {
        let meeting = &mut self.meetings[target.meeting];
        let instance = target.instance.filter(|_| meeting.rule.is_some());
        meeting.lost.remove(&(who.to_owned(), instance));
    }

    /// Cuts a series before an instance (UNTIL).
    pub(super) fn cut(&mut self, series: usize, from: NaiveDateTime, at: Moment) {
        let meeting = &mut self.meetings[series];
        let until = meeting.zone.instant(from) - TimeDelta::seconds(1);
        if let Some(rule) = &mut meeting.rule {
            rule.until = Some(until);
        }
        meeting.exceptions.retain(|original, _| *original < from);
        meeting.face.modified = at;
    }

    /// What Google makes of "this and following": the same lineage while the time of day stays, else a fresh UID
    /// that only shares CREATED with the old series.
    pub(super) fn split(&mut self, series: usize, from: NaiveDateTime, to: NaiveDateTime, at: Moment) {
        self.cut(series, from, at);
        let old = self.meetings[series].clone();
        let uid = if from.time() == to.time() {
            let base = old.uid.trim_end_matches("@google.com");
            format!("{base}_R{}@google.com", from.format("%Y%m%dT%H%M%S"))
        } else {
            format!("event{:03}@google.com", self.meetings.len() + 1)
        };
        let days = match &old.rule {
            Some(rule) if from.date() == to.date() => rule.days.clone(),
            _ => vec![to.weekday()],
        };
        let every = old.rule.as_ref().map_or(1, |rule| rule.every);
        self.meetings.push(Meeting {
            uid,
            face: Face { start: to, modified: at, ..old.face },
            rule: Some(Rule { days, every, until: None }),
            exceptions: BTreeMap::new(),
            dropped: BTreeSet::new(),
            ..old
        });
    }

    /// One person's calendar as a feed.
    pub(super) fn feed(&self, owner: &str, listing: Listing, people: &People) -> Vec<u8> {
        let mut lines = head(owner);
        for meeting in &self.meetings {
            if meeting.is_in(owner) && !meeting.lost.contains(&(owner.to_owned(), None)) {
                meeting.write(owner, listing, people, &mut lines);
            }
        }
        lines.push("END:VCALENDAR".to_owned());
        folded(&lines)
    }
}

/// Whether a feed says who attends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Listing {
    /// It does.
    #[default]
    Everybody,
    /// It does not.
    Nobody,
}

/// The beginning of somebody's calendar.
pub(super) fn head(owner: &str) -> Vec<String> {
    let lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Drumbeat//Scenario//EN", "METHOD:PUBLISH"];
    lines.map(str::to_owned).into_iter().chain([format!("X-WR-CALNAME:{owner}")]).collect()
}

impl Meeting {
    /// Whether it stands in somebody's calendar.
    pub(super) fn is_in(&self, who: &str) -> bool {
        let invited = |face: &Face| face.guests.iter().any(|guest| guest.address == who);
        !self.is_gone
            && (self.organizer == who || invited(&self.face) || self.exceptions.values().any(invited))
    }

    /// Whether somebody other than its owner is on the list.
    pub(super) fn is_shared(&self) -> bool {
        self.face.guests.len() > 1
    }

    /// The original start of the instance that now lies on a date (at a time, if one is named).
    pub(super) fn on(&self, date: NaiveDate, at: Option<NaiveDateTime>) -> Option<NaiveDateTime> {
        let fits = |start: NaiveDateTime| at.map_or(start.date() == date, |at| start == at);
        if self.rule.is_none() {
            return Some(self.face.start).filter(|start| fits(*start) && !self.face.is_cancelled);
        }
        let moved = self.exceptions.iter().find(|(_, face)| fits(face.start) && !face.is_cancelled);
        let usual = date.and_time(self.face.start.time());
        let stands = self.recurs_on(usual) && !self.exceptions.contains_key(&usual);
        moved.map(|(original, _)| *original).or_else(|| Some(usual).filter(|usual| stands && fits(*usual)))
    }

    /// Whether an instance was born to begin then.
    pub(super) fn recurs_on(&self, start: NaiveDateTime) -> bool {
        let Some(rule) = &self.rule else { return false };
        let monday = |week: Week| week.monday();
        let weeks = (monday(week_of(start.date())) - monday(week_of(self.face.start.date()))).num_weeks();
        start >= self.face.start
            && start.time() == self.face.start.time()
            && rule.days.contains(&start.weekday())
            && weeks % rule.every == 0
            && rule.until.is_none_or(|until| self.zone.instant(start) <= until)
            && !self.dropped.contains(&start)
    }

    /// Writes the same instants in another zone.
    pub(super) fn rewrite(&mut self, zone: Zone, at: Moment) {
        let (old, new) = (self.zone.clone(), zone);
        let turn = |wall: NaiveDateTime| new.local(old.instant(wall));
        self.face.start = turn(self.face.start);
        self.face.modified = at;
        self.dropped = self.dropped.iter().map(|wall| turn(*wall)).collect();
        self.exceptions = std::mem::take(&mut self.exceptions)
            .into_iter()
            .map(|(original, face)| (turn(original), Face { start: turn(face.start), ..face }))
            .collect();
        self.zone = new;
    }

    fn write(&self, owner: &str, listing: Listing, people: &People, lines: &mut Vec<String>) {
        let invited =
            |face: &Face| owner == self.organizer || face.guests.iter().any(|guest| guest.address == owner);
        let lost = |original: NaiveDateTime| self.lost.contains(&(owner.to_owned(), Some(original)));
        let (shown, hidden): (Vec<_>, Vec<_>) =
            self.exceptions.iter().partition(|(original, face)| invited(face) && !lost(**original));
        if invited(&self.face) {
            let mut extra: Vec<String> = self.rule.iter().map(Rule::text).collect();
            let lost = self.lost.iter().filter(|(who, _)| who == owner).filter_map(|(_, instance)| *instance);
            let hidden = hidden.into_iter().map(|(original, _)| *original);
            let gone: BTreeSet<NaiveDateTime> =
                self.dropped.iter().copied().chain(lost).chain(hidden).collect();
            extra.extend(gone.into_iter().map(|gone| self.time("EXDATE", gone)));
            self.write_face(&self.face, extra, listing, people, lines);
        }
        for (original, face) in shown {
            self.write_face(face, vec![self.time("RECURRENCE-ID", *original)], listing, people, lines);
        }
    }

    fn write_face(
        &self,
        face: &Face,
        extra: Vec<String>,
        listing: Listing,
        people: &People,
        lines: &mut Vec<String>,
    ) {
        lines.extend(["BEGIN:VEVENT".to_owned(), format!("UID:{}", self.uid)]);
        lines.push(self.time("DTSTART", face.start));
        lines.push(self.time("DTEND", face.start + face.length));
        lines.extend(extra);
        lines.push(format!("DTSTAMP:{}", stamp(face.modified)));
        lines.push(format!("CREATED:{}", stamp(self.created)));
        lines.push(format!("LAST-MODIFIED:{}", stamp(face.modified)));
        lines.push(format!("SEQUENCE:{}", face.sequence));
        lines.push(format!("STATUS:{}", if face.is_cancelled { "CANCELLED" } else { "CONFIRMED" }));
        lines.push(format!("TRANSP:{}", if face.is_free { "TRANSPARENT" } else { "OPAQUE" }));
        lines.push(format!("SUMMARY:{}", escaped(&face.title)));
        lines.extend(face.place.as_ref().map(|place| format!("LOCATION:{}", escaped(place))));
        if listing == Listing::Everybody && !face.guests.is_empty() {
            lines.push(format!(
                "ORGANIZER;CN=\"{}\":mailto:{}",
                people.name(&self.organizer),
                self.organizer
            ));
            for guest in &face.guests {
                let name = people.name(&guest.address);
                lines.push(format!(
                    "ATTENDEE;CN=\"{name}\";PARTSTAT={}:mailto:{}",
                    guest.partstat, guest.address
                ));
            }
        }
        lines.push("END:VEVENT".to_owned());
    }

    fn time(&self, property: &str, wall: NaiveDateTime) -> String {
        let text = wall.format("%Y%m%dT%H%M%S");
        match (self.is_all_day, &*self.zone.name) {
            (true, _) => format!("{property};VALUE=DATE:{}", wall.format("%Y%m%d")),
            (false, "UTC") => format!("{property}:{text}Z"),
            (false, name) => format!("{property};TZID={name}:{text}"),
        }
    }
}

impl Rule {
    fn text(&self) -> String {
        let name = |day: &Weekday| day.to_string()[..2].to_uppercase();
        let days = self.days.iter().map(name).collect::<Vec<_>>().join(",");
        let interval = if self.every == 1 { String::new() } else { format!(";INTERVAL={}", self.every) };
        let until = self.until.map(|until| format!(";UNTIL={}", stamp(until))).unwrap_or_default();
        format!("RRULE:FREQ=WEEKLY{interval}{until};BYDAY={days}")
    }

    /// The first day on or after `from` that the series has.
    pub(super) fn first(days: &[Weekday], from: NaiveDate) -> Result<NaiveDate, Wrong> {
        let mut week = (0..7).map(|ahead| from + Days::new(ahead));
        week.find(|date| days.contains(&date.weekday()))
            .ok_or_else(|| Wrong("a series needs a weekday".to_owned()))
    }
}

fn stamp(at: Moment) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}
