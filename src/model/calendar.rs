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
    /// Google's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Google's id of the series that it is an instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
}

impl Kept {
    /// A single event of no length of which no more is known.
    pub fn bare(uid: String, start: When) -> Self {
        Self {
            uid,
            recurrence_id: None,
            this_and_future: false,
            start,
            seconds: 0,
            recurrence: Recurrence::default(),
            status: EventStatus::Confirmed,
            shown: Shown::Busy,
            sequence: 0,
            created: None,
            modified: None,
            party: Party::default(),
            words: Words::default(),
            id: None,
            series: None,
        }
    }

    /// A stretch of time of which only is known that it is filled.
    pub fn busy(span: &Span) -> Self {
        let bare = Self::bare(format!("busy-{}", span.start.timestamp()), When::Utc(span.start));
        Self { seconds: span.length().num_seconds(), ..bare }
    }

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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mirror {
    /// Its events.
    pub events: Vec<Kept>,
    /// Zones that the feed defines itself.
    pub zones: BTreeMap<String, Rules>,
    /// X-WR-TIMEZONE, where it names a zone.
    pub zone: Option<String>,
    /// It says who takes part in its events.
    pub lists_attendees: bool,
    /// Lineages of events that were set aside: nothing may be concluded from their absence.
    pub aside: BTreeSet<String>,
    /// Hash of the content, DTSTAMP and order aside.
    pub content: u64,
    /// What Google said is deleted, by its id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deleted: BTreeMap<String, Deleted>,
    /// What Google said and we could not read, by its id: the lineage, of which nothing may be concluded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<String, String>,
    /// Only when the owner is busy can be seen, not with what.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_busy_only: bool,
}

/// An event that its calendar says is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The lineage of its UID.
    pub lineage: String,
    /// When it was deleted, where the calendar says so.
    pub modified: Option<Moment>,
    /// When we were told: after some weeks it is forgotten.
    pub since: Moment,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(flag: &bool) -> bool {
    !flag
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
    /// It says who takes part in its events.
    pub lists_attendees: bool,
    /// Only when the owner is busy can be seen: it shows no sessions, and their absence means nothing.
    pub is_busy_only: bool,
    /// Lineages of which not everything is known: nothing may be concluded from their absence.
    pub unsure: BTreeSet<String>,
    /// Lineages that the calendar says are deleted, and when, where it says so.
    pub deleted: BTreeMap<String, Option<Moment>>,
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
    /// They said yes to it, or were not asked.
    pub is_accepted: bool,
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
