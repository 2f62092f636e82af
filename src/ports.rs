//! What the program needs from the world, as traits; `io` has the real ones, `sim` a made-up world.
//!
//! Futures are boxed and not `Send`: everything runs on one thread.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use crate::model::hand::Order;
use crate::model::ledger::{FrameKind, LedgerId, Seq};
use crate::model::mail::Mail;
use crate::model::page::{AdminPage, Door, Page};
use crate::model::people::{CalendarId, PersonId};
use crate::model::time::Span;
use crate::model::zone::Moment;

/// A boxed future.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What kind of failure it is: all that `run` decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Not reachable, timed out, 5xx, 4xx of SMTP: try again.
    Transient,
    /// This one thing is refused for now (4yz of SMTP to a recipient): try it again later; others may go through.
    Deferred,
    /// Too many requests: try again later.
    RateLimited,
    /// The sync token is gone (410): list in full.
    TokenGone,
    /// Something of that name is there already, or it changed meanwhile.
    Conflict,
    /// It is not there (any more).
    NotFound,
    /// Not allowed: credentials, permissions.
    Denied,
    /// The answer (or what we sent) makes no sense: an HTML page, a refused recipient.
    Invalid,
    /// Nothing may go on: a failed fsync, a damaged ledger, a full disk.
    Fatal,
}

/// A failure of the world. The message is a fragment that fits after "failed to …: " and holds no secret, no
/// event text and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// Short word for the ledger and metrics: `timeout`, `dns`, `refused`, `503`, `html` …
    pub code: String,
    /// What happened, where, and what would be right.
    pub message: String,
    /// When to try again, where the other side said so.
    pub retry_after: Option<Duration>,
}

/// Code of a file that this account may not read or write.
const NO_RIGHT: &str = "denied";

impl Error {
    /// A failure without a retry hint.
    pub fn new(kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), retry_after: None }
    }

    /// A file that this account may not read or write.
    pub fn is_no_right(&self) -> bool {
        self.kind == ErrorKind::Denied && self.code == NO_RIGHT
    }

    /// A failure of the local disk; `doing` is a phrase that a path fits after, like "write to". Only missing
    /// rights are `Denied`, all else is `Fatal`.
    pub fn disk(doing: &str, path: &Path, cause: &io::Error) -> Self {
        let (kind, code) = match cause.kind() {
            io::ErrorKind::PermissionDenied => (ErrorKind::Denied, NO_RIGHT),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (ErrorKind::Fatal, "disk_full"),
            io::ErrorKind::ReadOnlyFilesystem => (ErrorKind::Fatal, "read_only"),
            _ => (ErrorKind::Fatal, "disk"),
        };
        Self::new(kind, code, format!("{doing} {}: {cause}", path.display()))
    }
}

/// The time of day. Reading it is the only way time gets in.
pub trait Clock {
    /// Now, in whole seconds or finer.
    fn now(&self) -> Moment;
    /// Waits until then; returns at once if that has passed.
    fn sleep_until(&self, at: Moment) -> Later<'_, ()>;
}

/// What a source said about the version it gave, to be handed back at the next call.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Validators {
    /// `ETag` (or size and time of a file).
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub modified: Option<String>,
    /// Google's sync token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SyncToken>,
}

/// Where a listing ended: the next one may be asked for what changed since, with the same parameters alone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SyncToken {
    /// `nextSyncToken`.
    pub token: String,
    /// The parameters of the listing that gave it.
    pub parameters: String,
}

/// A calendar's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// As before (304, or the same bytes' validators).
    Unchanged,
    /// The whole feed, not looked at yet.
    Feed {
        /// As received, decompressed.
        bytes: Vec<u8>,
        /// To be stored with what is made of it.
        validators: Validators,
    },
    /// Google's `events.list`, not looked at yet.
    Listing {
        /// Every page as received, in order, the last one with the token.
        pages: Vec<Vec<u8>>,
        /// It is all that the calendar holds, not only what changed since the token that was handed over.
        whole: bool,
        /// The new token, to be stored with what is made of the pages.
        validators: Validators,
    },
    /// Only when its owner is busy may be seen, not with what: the busy stretches of the coming weeks.
    Busy(Vec<Span>),
}

/// The calendars that are read.
pub trait Calendars {
    /// Asks one calendar what it holds. `known` are the validators of the stored copy; without them the answer
    /// is whole.
    fn fetch<'a>(
        &'a self,
        calendar: CalendarId,
        known: Option<&'a Validators>,
    ) -> Later<'a, Result<Answer, Error>>;

    /// The instances in a window as the source itself expands them, for comparison with our own expansion: pages of
    /// `events.list`. `None`: this source cannot say.
    fn instances(
        &self,
        calendar: CalendarId,
        window: Span,
    ) -> Later<'_, Result<Option<Vec<Vec<u8>>>, Error>> {
        let _ = (calendar, window);
        Box::pin(async { Ok(None) })
    }

    /// Whether the source says by itself when something changes, so that it need be asked only now and then.
    fn pushes(&self, calendar: CalendarId) -> bool {
        let _ = calendar;
        false
    }

    /// Ends what the source was asked to keep up, such as push channels, at a clean end.
    fn close(&self) -> Later<'_, ()> {
        Box::pin(async {})
    }
}

/// Events of ours in calendars that are written through an API (Google's). Bodies are the API's JSON, which `gcal`
/// writes and reads; everything is done as the person whose calendar it is.
pub trait Bookings {
    /// Inserts an event with an id of our own into somebody's calendar; guests are told by the calendar. Returns the
    /// event as it stands. `Conflict`: an event of that id is, or was, there; `Denied`, `NotFound` and `Invalid`:
    /// it cannot be booked so.
    fn insert<'a>(&'a self, whose: PersonId, event: &'a [u8]) -> Later<'a, Result<Vec<u8>, Error>>;
    /// An event by its id, a cancelled one too. `NotFound`: there is none.
    fn read<'a>(&'a self, whose: PersonId, id: &'a str) -> Later<'a, Result<Vec<u8>, Error>>;
    /// Deletes an event if it still is as read; guests are told. `Conflict`: it changed since; `NotFound`: it is
    /// gone already.
    fn delete<'a>(&'a self, whose: PersonId, id: &'a str, etag: &'a str) -> Later<'a, Result<(), Error>>;
}

/// Sends mails.
pub trait Mailer {
    /// Sends one mail and returns when the server took it. `Transient`: try again with the same message id;
    /// `Invalid`: this recipient or mail was refused for good; `Denied`: our credentials were refused.
    fn send<'a>(&'a self, mail: &'a Mail) -> Later<'a, Result<(), Error>>;
}

/// What somebody wants of the web server. It has no `Debug`, since a token is a secret.
pub enum Asked {
    /// They followed a link of ours.
    Link {
        /// What it leads to.
        door: Door,
        /// The part of the link that says what it is about, not checked yet.
        token: String,
        /// The fields of the form, where a button was pressed; `None`: the page is only shown.
        act: Option<BTreeMap<String, String>>,
    },
    /// They run Drumbeat and look at it. Whether they may was checked before.
    Admin(AdminPage),
    /// They run Drumbeat and ask for something by the control socket, as this account.
    Order {
        /// What for.
        order: Order,
        /// Who: `uid 1000`.
        operator: String,
    },
}

/// A request. The web server puts it into a queue and waits for the loop's answer, so that nothing acts outside the
/// loop.
pub struct Ask {
    /// What for.
    pub what: Asked,
    /// Where the page goes. Dropped without one, the reader is asked to come back.
    pub reply: tokio::sync::oneshot::Sender<Page>,
}

impl Ask {
    /// Whether it may change something: a button was pressed, or an order was given.
    pub fn changes(&self) -> bool {
        match &self.what {
            Asked::Link { act, .. } => act.is_some(),
            Asked::Admin(_) => false,
            Asked::Order { order, .. } => order.changes(),
        }
    }
}

/// The append-only truth. A failed append or sync is `Fatal` and is never tried again.
pub trait Ledger {
    /// Its random identity.
    fn id(&self) -> LedgerId;
    /// The number of the newest record; 0 when there is none.
    fn last(&self) -> Seq;
    /// Appends one record and returns its number once it is on disk.
    fn append(&mut self, payload: &[u8]) -> Result<Seq, Error>;
    /// Whether the segment has grown so far that a new one should begin.
    fn wants_checkpoint(&self) -> bool;
    /// Begins a new segment with the whole view in it.
    fn checkpoint(&mut self, payload: &[u8]) -> Result<(), Error>;
    /// Removes what is older: whole segments that hold no record after this one. The newest is never removed.
    fn remove_up_to(&mut self, seq: Seq) -> Result<(), Error>;
    /// Shows the frames from the newest checkpoint on (`All` of them if asked), in order.
    fn read(&self, which: Which, visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>) -> Result<(), Error>;
}

/// How much of the ledger to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// From the newest checkpoint.
    View,
    /// From the first record.
    All,
}

/// One stored frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Number of the record; of a checkpoint, of the last record before it.
    pub seq: Seq,
    /// Checkpoint or record.
    pub kind: FrameKind,
    /// What was appended.
    pub payload: &'a [u8],
}

/// The view: mirrors of calendars. All of it can be lost and is then fetched anew.
pub trait Store {
    /// Number of the newest record whose mirrors are in it.
    fn seq(&self) -> Seq;
    /// The stored value of a calendar, if there is a sound one.
    fn mirror(&self, calendar: CalendarId) -> Option<Vec<u8>>;
    /// Stores these mirrors (`None` drops one) and the record's number in one transaction.
    fn commit(&mut self, seq: Seq, mirrors: &[(CalendarId, Option<Vec<u8>>)]) -> Result<(), Error>;
}
