//! People: who reports to whom, since when, and when they work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::time::WorkingHours;
use super::zone::Zone;

/// A person's number. Records name people by it; the table from number to address lies beside the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub u32);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One calendar of a person: the first is where their sessions live, the others are busy time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CalendarId {
    /// Whose it is.
    pub owner: PersonId,
    /// Counts from 1.
    pub nth: u8,
}

impl CalendarId {
    /// Where a person's sessions live.
    pub fn first(owner: PersonId) -> Self {
        Self { owner, nth: 1 }
    }
}

/// The `status` column, where it is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// New, whatever the start date says.
    Ramping,
    /// The usual case.
    Tenured,
    /// Every other week.
    Senior,
    /// On a performance plan.
    Plan,
    /// Away for now.
    Leave,
    /// Owes nothing.
    None,
}

/// Dates, both inclusive; an open end stands for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// The first day; `None`: since ever.
    pub from: Option<NaiveDate>,
    /// The last day; `None`: for ever.
    pub until: Option<NaiveDate>,
}

impl Dates {
    /// Whether the day lies within.
    pub fn hold(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// Where a calendar comes from (the `calendar` column, one word of it).
#[derive(Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// `ics:` with a URL or a file: the text after the colon. It may hold a secret: never logged.
    Feed(String),
    /// `google`: the owner's own calendar, or `google:` with the id of another one that they may see.
    Google(Option<String>),
    /// A recording, a demo or a test brings the answers.
    World,
}

impl fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feed(_) => "Feed(…)",
            Self::Google(_) => "Google(…)",
            Self::World => "World",
        })
    }
}

/// How bookings with a manager are written (the `book` column).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookVia {
    /// An invitation by mail (iMIP, RFC 6047).
    #[default]
    Mail,
    /// An event in the manager's Google calendar, with the rep invited.
    Google,
}

/// A row of the roster, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub id: PersonId,
    /// Their address, lower case: the key of the roster.
    pub address: String,
    /// Their name; the address where the roster has none.
    pub name: String,
    /// Whom they report to; `None` for a leader.
    pub manager: Option<PersonId>,
    /// For tenure.
    pub start_date: Option<NaiveDate>,
    /// `status`, where it is said.
    pub status: Option<Status>,
    /// The performance plan.
    pub plan: Option<Dates>,
    /// Away.
    pub leave: Option<Dates>,
    /// Where they live and work.
    pub zone: Zone,
    /// When they work.
    pub hours: WorkingHours,
    /// Their calendars, in order.
    pub calendars: Vec<SourceSpec>,
    /// This rep's 1-on-1s in a feed that lists no attendees (a regular expression, already checked).
    pub title_match: Option<String>,
    /// How to write bookings in this manager's teams.
    pub book: BookVia,
    /// Further addresses, lower case.
    pub aliases: Vec<String>,
    /// Link to the pair's running document.
    pub team_doc: Option<String>,
}

impl Person {
    /// The status that holds on a day: the plan's dates win, then the column; `None` means by tenure.
    pub fn status_on(&self, day: NaiveDate) -> Option<Status> {
        if self.plan.is_some_and(|plan| plan.hold(day)) { Some(Status::Plan) } else { self.status }
    }

    /// The first word of the name.
    pub fn first_name(&self) -> &str {
        self.name.split_whitespace().next().unwrap_or(&self.name)
    }
}

/// Everybody, as the roster says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    people: BTreeMap<PersonId, Person>,
    by_address: BTreeMap<String, PersonId>,
    domains: BTreeSet<String>,
}

impl Roster {
    /// From rows whose addresses and managers are already checked.
    pub fn new(people: impl IntoIterator<Item = Person>) -> Self {
        let mut roster = Self::default();
        for person in people {
            for address in std::iter::once(&person.address).chain(&person.aliases) {
                roster.by_address.insert(address.clone(), person.id);
                roster.domains.extend(address.split_once('@').map(|(_, domain)| domain.to_owned()));
            }
            roster.people.insert(person.id, person);
        }
        roster
    }

    /// Everybody in order of number.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// The person of this number, if the roster (still) has them.
    pub fn get(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Who has this address or alias (lower case).
    pub fn by_address(&self, address: &str) -> Option<PersonId> {
        self.by_address.get(address).copied()
    }

    /// Whether the address belongs to the organisation: a mail domain that the roster has.
    pub fn is_colleague(&self, address: &str) -> bool {
        address.split_once('@').is_some_and(|(_, domain)| self.domains.contains(domain))
    }

    /// Who reports to `manager`.
    pub fn reports(&self, manager: PersonId) -> impl Iterator<Item = &Person> {
        self.people.values().filter(move |person| person.manager == Some(manager))
    }

    /// The manager of somebody's manager.
    pub fn leader_of(&self, rep: PersonId) -> Option<PersonId> {
        self.get(self.get(rep)?.manager?)?.manager
    }

    /// Everybody whose status may owe 1-on-1s: those with a manager and a status other than `none`.
    pub fn reps(&self) -> impl Iterator<Item = &Person> {
        self.people.values().filter(|person| person.manager.is_some() && person.status != Some(Status::None))
    }
}
