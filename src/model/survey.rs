//! What calendars show to an operator who asks: calendars with their words, series of two people, and how the 1-on-1 of
//! each pair is recognised. For a terminal alone: nothing of this is ever stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{NaiveTime, Weekday};

use super::calendar::{Picture, Sighting};
use super::event::Event;
use super::fact::WeekCounts;
use super::people::{CalendarId, PersonId};
use super::zone::{Moment, Rules, Zone};

/// A calendar as it was read: all its events, with their words.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What it calls itself (X-WR-CALNAME): often its owner's name or address.
    pub name: Option<String>,
    /// The zone it names.
    pub zone: Option<String>,
    /// Zones that it defines itself.
    pub zones: BTreeMap<String, Rules>,
    /// Its events.
    pub events: Vec<Event>,
}

/// One dated happening, with the event that describes it.
#[derive(Debug, Clone)]
pub struct Happening {
    /// When, and what of it would be kept.
    pub sighting: Sighting,
    /// Its words.
    pub event: Arc<Event>,
}

/// A calendar with all that happens in it in the weeks around now.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Which.
    pub calendar: CalendarId,
    /// It is known whose it is.
    pub is_owned: bool,
    /// The zone of its times.
    pub zone: Zone,
    /// Some event lists attendees.
    pub lists_attendees: bool,
    /// What happens, by start.
    pub happenings: Vec<Happening>,
}

impl Leaf {
    /// Whose it is, where that is known.
    pub fn owner(&self) -> Option<PersonId> {
        self.is_owned.then_some(self.calendar.owner)
    }

    /// The same as the judge wants it.
    pub fn picture(&self, at: Moment) -> Picture {
        Picture {
            calendar: self.calendar,
            at,
            is_first: true,
            is_current: true,
            lists_attendees: self.lists_attendees,
            is_busy_only: false,
            unsure: std::collections::BTreeSet::new(),
            deleted: BTreeMap::new(),
            sightings: self.happenings.iter().map(|happening| happening.sighting.clone()).collect(),
        }
    }
}

/// How often a series comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Every so many weeks.
    Weeks(i64),
    /// About once a month.
    Month,
    /// No series: meetings that were made one by one.
    Single,
    /// It was seen once.
    Once,
}

/// When a series comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rhythm {
    /// How often.
    pub every: Every,
    /// On these days, at these times of the series' zone.
    pub slots: Vec<(Weekday, NaiveTime)>,
}

/// What became of a session, as far as the calendar remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Became {
    /// It stood until its end.
    Stood,
    /// It stood at another time than planned.
    Moved,
    /// One of the two said no.
    Declined,
    /// It was called off.
    Cancelled,
}

/// A series of two people, or one that may be: in a calendar that lists no attendees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The calendars that show it.
    pub calendars: Vec<CalendarId>,
    /// The two; whose calendar it is comes first. Empty where no attendees are listed.
    pub people: Vec<PersonId>,
    /// Its title.
    pub title: String,
    /// Its title says that it is a 1-on-1.
    pub says_so: bool,
    /// When it comes.
    pub rhythm: Rhythm,
    /// The zone of its times.
    pub zone: Zone,
    /// The next session that stands.
    pub next: Option<Moment>,
    /// Sessions that are over: planned start, start, and what became of them.
    pub past: Vec<(Moment, Moment, Became)>,
}

/// How a 1-on-1 is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Exactly the two attend, and it recurs.
    Attendees,
    /// Exactly the two attend a single meeting whose title says so.
    AttendeesAndTitle,
    /// Others sit in, and the title says what it is.
    Guests,
    /// The two attend, and it is private: its title was not looked at.
    Private,
    /// The roster's `match`.
    Match,
    /// The rep's full name in the title.
    FullName,
    /// The rep's first name beside a word for a 1-on-1.
    FirstName,
    /// The manager's name beside a word for a 1-on-1, in the rep's own calendar.
    ManagerName,
}

/// Why no 1-on-1 of a pair is recognised: the nearest miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Neither has a calendar.
    NoCalendar,
    /// Their calendars could not be read.
    NotRead,
    /// It was recognised, and its coming sessions are all called off or declined.
    CalledOff {
        /// The first of them.
        next: Moment,
    },
    /// It was recognised, and no session is coming.
    Over {
        /// The last one.
        last: Moment,
    },
    /// Somebody very like the other attends, under an address that the roster does not have.
    Alias {
        /// Whose row lacks it.
        of: PersonId,
        /// The address.
        address: String,
    },
    /// No attendees are listed, and the title has a name but no word for a 1-on-1.
    NoWord {
        /// The title.
        title: String,
    },
    /// No attendees are listed, and the title's first name is that of several in the team.
    Ambiguous {
        /// The title.
        title: String,
    },
    /// No attendees are listed, and the title may mean the rep.
    Nearly {
        /// The title.
        title: String,
    },
    /// `[sessions] not_title` matches.
    Never {
        /// The title.
        title: String,
    },
    /// It is longer than a 1-on-1 may be.
    TooLong {
        /// Minutes.
        minutes: i64,
        /// Minutes it may have.
        most: i64,
    },
    /// It is shorter than the rule allows.
    TooShort {
        /// Minutes.
        minutes: i64,
        /// Minutes it must have.
        least: i64,
    },
    /// Others attend.
    Others {
        /// How many beside the two.
        count: u32,
        /// The manager's manager is one of them.
        has_leader: bool,
    },
    /// The two meet once, and the title does not say what for.
    Single {
        /// When.
        at: Moment,
    },
    /// The calendars list no attendees, and no title names them.
    NoAttendees,
    /// No meeting of the two is in the calendars.
    Nothing,
}

/// What to write into a row of the roster so that the 1-on-1 is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// The `match` of a rep.
    Match {
        /// Whose row.
        of: PersonId,
        /// The pattern.
        pattern: String,
    },
    /// One more of the `aliases`.
    Alias {
        /// Whose row.
        of: PersonId,
        /// The address.
        address: String,
    },
}

/// One rep that is owed 1-on-1s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepLine {
    /// Who.
    pub rep: PersonId,
    /// With whom.
    pub manager: PersonId,
    /// A calendar of the two was read.
    pub is_read: bool,
    /// How the 1-on-1 is known, and its title, but of a private one.
    pub known: Option<(How, Option<String>)>,
    /// The next session.
    pub next: Option<Moment>,
    /// Why none is known.
    pub why: Option<Why>,
    /// What would mend it.
    pub mend: Option<Mend>,
    /// The weeks before now, reconstructed.
    pub before: WeekCounts,
}

/// Whose calendar it seems to be, where that is not its owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// It calls itself by another person's name.
    Named {
        /// The name it has.
        name: String,
    },
    /// Everything in it has this person, and nothing the owner.
    Full {
        /// Their address.
        address: String,
    },
    /// Everything in it has somebody very like the owner, under an address that the roster does not have.
    Alias {
        /// The address.
        address: String,
    },
}
