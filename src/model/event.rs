//! Calendar events as they are read from a source (RFC 5545), before anyone asks whose 1-on-1 they are.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::zone::Moment;

/// A point in time as an event states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum When {
    /// A whole day (`VALUE=DATE`).
    Date(NaiveDate),
    /// An instant (`…Z`).
    Utc(Moment),
    /// Wall time in no zone: read in the zone of the calendar or its owner.
    Floating(NaiveDateTime),
    /// Wall time in a zone, by IANA name or by the TZID of a VTIMEZONE of the same feed.
    Zoned(NaiveDateTime, String),
}

/// How an event repeats; the texts are as the source wrote them, one property value each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recurrence {
    /// RRULE values.
    pub rrules: Vec<String>,
    /// EXRULE values (RFC 2445; deprecated, still seen).
    pub exrules: Vec<String>,
    /// EXDATE.
    pub exdates: Vec<When>,
    /// RDATE; of a period only its start.
    pub rdates: Vec<When>,
}

impl Recurrence {
    /// Whether there is anything that repeats.
    pub fn is_empty(&self) -> bool {
        self.rrules.is_empty() && self.rdates.is_empty()
    }
}

/// STATUS of a VEVENT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EventStatus {
    /// It stands (also where nothing is said).
    #[default]
    Confirmed,
    /// Pencilled in.
    Tentative,
    /// Called off.
    Cancelled,
}

/// An attendee's answer (PARTSTAT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Partstat {
    /// No answer yet.
    #[default]
    NeedsAction,
    /// Yes.
    Accepted,
    /// No.
    Declined,
    /// Perhaps.
    Tentative,
}

/// Somebody on an event's list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attendee {
    /// Address in lower case, without `mailto:`.
    pub address: String,
    /// CN, as written.
    pub name: String,
    /// Their answer.
    pub partstat: Partstat,
    /// CUTYPE is ROOM or RESOURCE (or Google's `resource: true`), ROLE is NON-PARTICIPANT: nobody.
    pub is_resource: bool,
}

/// How an event fills its time, as far as the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Shown {
    /// As busy.
    #[default]
    Busy,
    /// As free (TRANSP:TRANSPARENT).
    Free,
    /// As tentative (Exchange).
    Tentative,
    /// As out of office (Exchange's BUSYSTATUS:OOF, Google's outOfOffice).
    OutOfOffice,
    /// As focus time (Google's focusTime).
    Focus,
    /// As working elsewhere, or a working location, or a birthday: fills no time.
    Elsewhere,
}

/// One VEVENT: a single event, the master of a series, or an exception to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// UID, as written.
    pub uid: String,
    /// Which instance of the series this one replaces.
    pub recurrence_id: Option<When>,
    /// RANGE=THISANDFUTURE stands on the RECURRENCE-ID.
    pub this_and_future: bool,
    /// DTSTART.
    pub start: When,
    /// DTEND, or DTSTART + DURATION, or what RFC 5545 says where both are missing (a day for a date, else nothing).
    pub length: TimeDelta,
    /// RRULE and its company.
    pub recurrence: Recurrence,
    /// STATUS.
    pub status: EventStatus,
    /// TRANSP, or the source's own word.
    pub shown: Shown,
    /// CLASS is PRIVATE or CONFIDENTIAL.
    pub is_private: bool,
    /// SUMMARY, unescaped.
    pub title: String,
    /// ORGANIZER's address in lower case.
    pub organizer: Option<String>,
    /// ATTENDEEs in order.
    pub attendees: Vec<Attendee>,
    /// SEQUENCE.
    pub sequence: u32,
    /// CREATED.
    pub created: Option<Moment>,
    /// LAST-MODIFIED.
    pub modified: Option<Moment>,
    /// A video link (X-GOOGLE-CONFERENCE, X-MICROSOFT-SKYPETEAMSMEETINGURL, X-NC-TALK-ROOM, CONFERENCE, URL, or
    /// one in LOCATION): https only.
    pub link: Option<String>,
}
