//! A calendar as Drumbeat keeps it: times and people by number, and no text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventStatus, Partstat, Recurrence, Shown, When};
use super::fact::SessionKey;
use super::people::{CalendarId, PersonId};
use super::policy::Excuse;
use super::time::Span;
use super::zone::{Moment, Rules};

/// Who takes part in an event, as far as the roster knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// People of the roster who attend, in order of number.
    pub people: BTreeSet<PersonId>,
    /// Colleagues who are not in the roster.
    pub colleagues: u32,
    /// People from outside.
    pub outside: u32,
    /// Who invites, if the roster knows them.
    pub organizer: Option<PersonId>,
    /// What the people of the roster answered.
    pub answers: BTreeMap<PersonId, Partstat>,
    /// The event lists attendees, or an organiser, at all.
    pub is_listed: bool,
}

/// What the words of an event mean, so that the words themselves need not be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// `[sessions] title` matches.
    pub is_session: bool,
    /// `[sessions] not_title` matches.
    pub is_never: bool,
    /// `[sessions] absence` matches.
    pub is_absence: bool,
    /// People of the roster whom the title names, by first or full name.
    pub names: BTreeSet<PersonId>,
    /// The rep whose 1-on-1 the title says it is (V40): asked only in a feed that lists no attendees.
    pub by_title: Option<PersonId>,
}

/// What is kept of one VEVENT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// UID, as written.
    pub uid: String,
    /// RECURRENCE-ID.
    pub recurrence_id: Option<When>,
    /// RANGE=THISANDFUTURE.
    pub this_and_future: bool,
    /// DTSTART.
    pub start: When,
    /// Length in seconds.
    pub seconds: i64,
    /// RRULE and company.
    pub recurrence: Recurrence,
    /// STATUS.
    pub status: EventStatus,
    /// How it fills its time.
    pub shown: Shown,
    /// SEQUENCE.
    pub sequence: u32,
    /// CREATED.
    pub created: Option<Moment>,
    /// LAST-MODIFIED.
    pub modified: Option<Moment>,
    /// Who takes part.
    pub party: Party,
    /// What its words mean.
    pub words: Words,
}

impl Kept {
    /// The event without its words, as recurrence expansion wants it.
    pub fn as_event(&self) -> Event {
        Event {
            uid: self.uid.clone(),
            recurrence_id: self.recurrence_id.clone(),
            this_and_future: self.this_and_future,
            start: self.start.clone(),
            length: TimeDelta::seconds(self.seconds),
            recurrence: self.recurrence.clone(),
            status: self.status,
            shown: self.shown,
            is_private: false,
            title: String::new(),
            organizer: None,
            attendees: Vec::new(),
            sequence: self.sequence,
            created: self.created,
            modified: self.modified,
            link: None,
        }
    }
}

/// The stored copy of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// Its events.
    pub events: Vec<Kept>,
    /// Zones that the feed defines itself.
    pub zones: BTreeMap<String, Rules>,
    /// X-WR-TIMEZONE, where it names a zone.
    pub zone: Option<String>,
    /// Some event lists attendees.
    pub lists_attendees: bool,
    /// Lineages of events that were set aside: nothing may be concluded from their absence.
    pub aside: BTreeSet<String>,
    /// Hash of the content, DTSTAMP and order aside.
    pub content: u64,
}

/// One dated happening in one calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Which session it would be.
    pub key: SessionKey,
    /// When.
    pub span: Span,
    /// It has dates, not times.
    pub is_all_day: bool,
    /// STATUS:CANCELLED, or an EXDATE.
    pub is_cancelled: bool,
    /// It belongs to a series.
    pub recurs: bool,
    /// Its series comes every so many weeks.
    pub every_weeks: Option<u32>,
    /// What is kept of its VEVENT.
    pub kept: Arc<Kept>,
}

/// What a calendar shows in the weeks around now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Whose.
    pub calendar: CalendarId,
    /// When it last gave a good answer, a 304 included.
    pub at: Moment,
    /// It is the first whole answer ever of this calendar.
    pub is_first: bool,
    /// Its source is well: the picture is what the calendar says now, not what it last said.
    pub is_current: bool,
    /// Some event lists attendees.
    pub lists_attendees: bool,
    /// Lineages of which not everything is known: nothing may be concluded from their absence.
    pub unsure: BTreeSet<String>,
    /// What happens, by start.
    pub sightings: Vec<Sighting>,
}

/// How somebody's time is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// Busy.
    Busy,
    /// Pencilled in.
    Tentative,
    /// Focus time.
    Focus,
    /// Away.
    Away(Excuse),
}

/// A stretch of somebody's time that is filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// When.
    pub span: Span,
    /// With what.
    pub fill: Fill,
    /// The session it would be; `None` for leave and holidays.
    pub key: Option<SessionKey>,
}

/// What is known of a person's time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diary {
    /// Filled time, by start.
    pub filled: Vec<Filled>,
    /// All their calendars are current. If not, their time is unknown, and unknown is never free.
    pub is_known: bool,
}
