//! Google Calendar (API v3), read and written as the people whose calendars they are.
//!
//! `google_calendar3` brings connection, tokens and types; the calls are made over its client by hand, since its own
//! lose what is needed: headers (Retry-After, If-Match), time limits, and every event of a page of which one is bad.

mod auth;
mod busy;
mod call;
mod channels;
mod connect;
mod credentials;
mod grant;
mod limits;
mod list;
mod prove;
mod write;

use std::collections::BTreeMap;

use secrecy::SecretString;

pub use credentials::Credentials;
pub use grant::{Grant, TokenFile};
pub use limits::Limits;
pub use prove::Proof;

use crate::model::people::{CalendarId, PersonId};
use crate::model::zone::Moment;
use crate::ports::{Error, ErrorKind};

/// What Drumbeat may do: the least that its mode needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Events and busy times are read.
    Read,
    /// … and events written.
    Write,
}

impl Rights {
    /// The scopes that are asked for, always together: one token does for everything.
    pub fn scopes(self) -> [&'static str; 2] {
        const FREE_BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";
        match self {
            Self::Read => ["https://www.googleapis.com/auth/calendar.events.readonly", FREE_BUSY],
            Self::Write => ["https://www.googleapis.com/auth/calendar.events", FREE_BUSY],
        }
    }
}

/// Where Google sends its messages, and what proves that they are about a channel of ours.
#[derive(Clone)]
pub struct Push {
    /// A public https address.
    pub url: String,
    /// Signs the channels' tokens.
    pub key: Vec<u8>,
}

/// All that a client is made of.
pub struct Account {
    /// The text of the credentials' file.
    pub credentials: SecretString,
    /// The people, by address.
    pub people: BTreeMap<PersonId, String>,
    /// The calendars: a person's own (`None`), or the id of another one.
    pub calendars: BTreeMap<CalendarId, Option<String>>,
    /// What may be done.
    pub rights: Rights,
    /// Where the API is, in place of Google's own host: a stand-in.
    pub api: Option<http::Uri>,
    /// Where to be told of changes; `None`: only by asking.
    pub push: Option<Push>,
    /// How many calls may be made.
    pub limits: Limits,
}

/// Google's calendars.
pub struct Google {
    caller: call::Caller,
    calendars: BTreeMap<CalendarId, Option<String>>,
    channels: Option<channels::Channels>,
}

impl Google {
    /// Makes the client; nothing is called yet. `Invalid` where the credentials cannot be used, `Denied` where no TLS
    /// root certificates are found.
    pub fn new(account: Account) -> Result<Self, Error> {
        let Account { credentials, people, calendars, rights, api, push, limits } = account;
        let credentials = Credentials::read(&credentials)?;
        let caller = call::Caller::new(credentials, people, rights, api, limits)?;
        Ok(Self { caller, calendars, channels: push.map(channels::Channels::new) })
    }

    /// Whether a calendar is one of Google's.
    pub fn has(&self, calendar: CalendarId) -> bool {
        self.calendars.contains_key(&calendar)
    }

    /// Its id in the API, and as whom it is called.
    fn place(&self, calendar: CalendarId) -> Result<(PersonId, String), Error> {
        let id = self.calendars.get(&calendar).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "unknown", "ask a calendar that is not one of Google's")
        })?;
        let own = || self.caller.own_calendar(calendar.owner);
        Ok((calendar.owner, id.clone().map_or_else(own, Ok)?))
    }
}

/// A calendar in a message: by number, since an address is for no log.
fn named(calendar: CalendarId) -> String {
    format!("calendar {} of person {}", calendar.nth, calendar.owner)
}

/// What Google counts by: the coming weeks, the end of a channel, the day of a quota.
#[expect(clippy::disallowed_methods, reason = "the other side's times are by the clock on the wall")]
fn now() -> Moment {
    std::time::SystemTime::now().into()
}
