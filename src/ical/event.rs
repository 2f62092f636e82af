//! A VEVENT while it is being read, and what becomes of it at its end.

use std::fmt::Write as _;

use chrono::{NaiveDateTime, TimeDelta};
use sha2::{Digest, Sha256};

use super::Limits;
use super::problem::{Problem, Problems};
use super::property::{Property, text};
use super::value;
use crate::model::event::{Attendee, Event, EventStatus, Partstat, Recurrence, Shown, When};
use crate::model::zone::Moment;

/// The properties of a VEVENT that are read; all others are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Attendee,
    BusyStatus,
    Class,
    Created,
    Duration,
    End,
    Exdate,
    Exrule,
    Link(u8),
    Modified,
    Organizer,
    Rdate,
    RecurrenceId,
    Rrule,
    Sequence,
    Start,
    Status,
    Summary,
    Transp,
    Uid,
}

impl Field {
    /// The field of a property's name in capitals.
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ATTENDEE" => Self::Attendee,
            b"X-MICROSOFT-CDO-BUSYSTATUS" => Self::BusyStatus,
            b"CLASS" => Self::Class,
            b"CREATED" => Self::Created,
            b"DURATION" => Self::Duration,
            b"DTEND" => Self::End,
            b"EXDATE" => Self::Exdate,
            b"EXRULE" => Self::Exrule,
            // The surest first: properties made for this, then those that may hold anything.
            b"X-GOOGLE-CONFERENCE" => Self::Link(0),
            b"X-MICROSOFT-SKYPETEAMSMEETINGURL" => Self::Link(1),
            b"X-NC-TALK-ROOM" => Self::Link(2),
            b"CONFERENCE" => Self::Link(3),
            b"URL" => Self::Link(4),
            b"LOCATION" => Self::Link(5),
            b"LAST-MODIFIED" => Self::Modified,
            b"ORGANIZER" => Self::Organizer,
            b"RDATE" => Self::Rdate,
            b"RECURRENCE-ID" => Self::RecurrenceId,
            b"RRULE" => Self::Rrule,
            b"SEQUENCE" => Self::Sequence,
            b"DTSTART" => Self::Start,
            b"STATUS" => Self::Status,
            b"SUMMARY" => Self::Summary,
            b"TRANSP" => Self::Transp,
            b"UID" => Self::Uid,
            _ => return None,
        })
    }
}

/// What a VEVENT came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// An event, and its DTEND where its zone is another than that of the start.
    Given(Box<Event>, Option<When>),
    /// Set aside, by its UID, which may be empty.
    Aside(String),
}

/// A VEVENT so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The line of its BEGIN.
    pub line: usize,
    uid: String,
    start: Option<When>,
    end: Option<When>,
    duration: Option<TimeDelta>,
    recurrence_id: Option<When>,
    this_and_future: bool,
    recurrence: Recurrence,
    status: EventStatus,
    transp: Option<Shown>,
    busy_status: Option<Shown>,
    is_private: bool,
    title: String,
    organizer: Option<String>,
    attendees: Vec<Attendee>,
    sequence: u32,
    created: Option<Moment>,
    modified: Option<Moment>,
    link: Option<(u8, String)>,
    fault: Option<Problem>,
}

impl Draft {
    /// A VEVENT that begins at this line.
    pub fn new(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// Takes a property in.
    pub fn take(&mut self, field: Field, property: &Property, limits: &Limits) -> Result<(), Problem> {
        let value = property.value.trim();
        match field {
            Field::Uid => value.clone_into(&mut self.uid),
            Field::Summary => text(value).trim().clone_into(&mut self.title),
            Field::Start => self.start = self.start.take().or(value::one_when(property)),
            Field::End => self.end = Some(value::one_when(property).ok_or(Problem::Length)?),
            Field::Duration => self.duration = Some(value::duration(value).ok_or(Problem::Length)?),
            Field::RecurrenceId => self.replaces(property),
            Field::Rrule => self.recurrence.rrules.push(value.to_owned()),
            Field::Exrule => self.recurrence.exrules.push(value.to_owned()),
            Field::Exdate | Field::Rdate => self.dates(field, property, limits)?,
            Field::Status => self.status = status(value),
            Field::Transp => self.transp = value.eq_ignore_ascii_case("TRANSPARENT").then_some(Shown::Free),
            Field::BusyStatus => self.busy_status = busy_status(value),
            Field::Class => self.is_private = is_private(value),
            Field::Organizer => self.organizer = Some(value::address(property)),
            Field::Attendee => self.attendees.push(attendee(property)),
            Field::Sequence => self.sequence = value.parse().unwrap_or_default(),
            Field::Created => self.created = moment(value),
            Field::Modified => self.modified = moment(value),
            Field::Link(rank) => self.link(rank, value),
        }
        Ok(())
    }

    fn replaces(&mut self, property: &Property) {
        self.this_and_future = property.param_is("RANGE", "THISANDFUTURE");
        self.recurrence_id = value::one_when(property);
        if self.recurrence_id.is_none() {
            self.fault = Some(Problem::RecurrenceId);
        }
    }

    fn dates(&mut self, field: Field, property: &Property, limits: &Limits) -> Result<(), Problem> {
        let mut result = Ok(());
        for date in value::whens(property) {
            if self.recurrence.exdates.len() + self.recurrence.rdates.len() >= limits.dates {
                self.fault = Some(Problem::DatesLimit);
                return result;
            }
            match (date, field) {
                (Some(date), Field::Exdate) => self.recurrence.exdates.push(date),
                (Some(date), _) => self.recurrence.rdates.push(date),
                (None, _) => result = Err(Problem::Date),
            }
        }
        result
    }

    fn link(&mut self, rank: u8, value: &str) {
        if self.link.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.link = value::link(value).map(|link| (rank, link.to_owned())).or(self.link.take());
        }
    }

    /// The event, now that its END is reached.
    pub fn finish(mut self, problems: &mut Problems) -> Outcome {
        let start = match (self.fault, self.start.take()) {
            (Some(fault), _) => return self.aside(fault, problems),
            (None, None) => return self.aside(Problem::Start, problems),
            (None, Some(start)) => start,
        };
        let (length, end) = length(&start, self.end.take(), self.duration).unwrap_or_else(|| {
            problems.add(self.line, Problem::Length);
            (length_unsaid(&start), None)
        });
        if self.uid.is_empty() {
            problems.add(self.line, Problem::Uid);
            self.uid = made_uid(&start, &self.title, &self.recurrence);
        }
        // A feed has many events: what a growing list keeps in reserve is a tenth of all the memory.
        self.attendees.shrink_to_fit();
        self.recurrence.rrules.shrink_to_fit();
        self.recurrence.exdates.shrink_to_fit();
        self.recurrence.rdates.shrink_to_fit();
        let event = Event {
            uid: self.uid,
            recurrence_id: self.recurrence_id,
            this_and_future: self.this_and_future,
            start,
            length,
            recurrence: self.recurrence,
            status: self.status,
            shown: self.busy_status.or(self.transp).unwrap_or_default(),
            is_private: self.is_private,
            title: self.title,
            organizer: self.organizer,
            attendees: self.attendees,
            sequence: self.sequence,
            created: self.created,
            modified: self.modified,
            link: self.link.map(|(_, link)| link),
        };
        Outcome::Given(Box::new(event), end)
    }

    fn aside(self, fault: Problem, problems: &mut Problems) -> Outcome {
        problems.add(self.line, fault);
        Outcome::Aside(self.uid)
    }
}

/// Reads recurrence lines that stand alone, such as those of Google's `recurrence`. `None` where there are more dates
/// than `limits` allow, or a date that cannot be read: then nothing may be concluded from the rest.
pub fn recurrence<'a>(lines: impl IntoIterator<Item = &'a str>, limits: &Limits) -> Option<Recurrence> {
    let mut draft = Draft::default();
    for line in lines {
        let name = line.split([';', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let field = Field::of(name.as_bytes());
        let is_recurrence =
            |field: &Field| matches!(field, Field::Rrule | Field::Exrule | Field::Exdate | Field::Rdate);
        let Some(field) = field.filter(is_recurrence) else { continue };
        let (property, _) = Property::read(line)?;
        draft.take(field, &property, limits).ok()?;
    }
    draft.fault.is_none().then_some(draft.recurrence)
}

/// What RFC 5545, 3.6.1 says where neither DTEND nor DURATION stands.
fn length_unsaid(start: &When) -> TimeDelta {
    if matches!(start, When::Date(_)) { TimeDelta::days(1) } else { TimeDelta::zero() }
}

/// The length, and the DTEND if a zone is needed to say it. `None` if it is impossible.
fn length(start: &When, end: Option<When>, duration: Option<TimeDelta>) -> Option<(TimeDelta, Option<When>)> {
    let Some(end) = end else {
        return Some((duration.unwrap_or_else(|| length_unsaid(start)), None));
    };
    if let (When::Zoned(_, one), When::Zoned(_, other)) = (start, &end)
        && one != other
    {
        return Some((TimeDelta::zero(), Some(end)));
    }
    let is_instant = |when: &When| matches!(when, When::Utc(_));
    if is_instant(start) != is_instant(&end) && !matches!(start, When::Date(_)) {
        return Some((TimeDelta::zero(), Some(end)));
    }
    let length = value::bounded(wall_of(&end) - wall_of(start))?;
    // Some write the same day as the end of a whole day.
    Some((if length.is_zero() { length_unsaid(start) } else { length }, None))
}

/// The date and time as written.
pub(super) fn wall_of(when: &When) -> NaiveDateTime {
    match when {
        When::Date(date) => date.and_time(chrono::NaiveTime::MIN),
        When::Utc(at) => at.naive_utc(),
        When::Floating(wall) | When::Zoned(wall, _) => *wall,
    }
}

/// A name for an event without one, the same as long as the event is the same.
fn made_uid(start: &When, title: &str, recurrence: &Recurrence) -> String {
    let digest = Sha256::digest(format!("{start:?}\n{title}\n{:?}", recurrence.rrules));
    digest.iter().take(16).fold(String::from("no-uid-"), |mut uid, byte| {
        // Writing to a String cannot fail.
        let _ = write!(uid, "{byte:02x}");
        uid
    })
}

fn status(value: &str) -> EventStatus {
    match value.to_ascii_uppercase().as_str() {
        "CANCELLED" | "CANCELED" => EventStatus::Cancelled,
        "TENTATIVE" => EventStatus::Tentative,
        _ => EventStatus::Confirmed,
    }
}

/// X-MICROSOFT-CDO-BUSYSTATUS (MS-OXCICAL, 2.1.3.1.1.20.31).
fn busy_status(value: &str) -> Option<Shown> {
    Some(match value.to_ascii_uppercase().as_str() {
        "BUSY" => Shown::Busy,
        "FREE" => Shown::Free,
        "TENTATIVE" => Shown::Tentative,
        "OOF" => Shown::OutOfOffice,
        "WORKINGELSEWHERE" => Shown::Elsewhere,
        _ => return None,
    })
}

fn is_private(value: &str) -> bool {
    value.eq_ignore_ascii_case("PRIVATE") || value.eq_ignore_ascii_case("CONFIDENTIAL")
}

fn attendee(property: &Property) -> Attendee {
    let partstat = property.param("PARTSTAT").unwrap_or_default().to_ascii_uppercase();
    Attendee {
        address: value::address(property),
        name: property.param("CN").unwrap_or_default().trim().to_owned(),
        partstat: match partstat.as_str() {
            "ACCEPTED" => Partstat::Accepted,
            "DECLINED" => Partstat::Declined,
            "TENTATIVE" => Partstat::Tentative,
            _ => Partstat::NeedsAction,
        },
        is_resource: property.param_is("CUTYPE", "ROOM")
            || property.param_is("CUTYPE", "RESOURCE")
            || property.param_is("ROLE", "NON-PARTICIPANT"),
    }
}

fn moment(value: &str) -> Option<Moment> {
    value::wall(value).map(|(wall, _)| wall.and_utc())
}
