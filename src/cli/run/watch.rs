//! What the loop tells the outside: systemd, and the store when it may rest.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::io::clock::SystemClock;
use crate::io::store::SledStore;
use crate::io::systemd;
use crate::model::ledger::Seq;
use crate::model::people::CalendarId;
use crate::model::zone::Moment;
use crate::ports::{Clock as _, Error, Store};
use crate::run::Watch;

/// The store is brought to the disk so often: what a crash takes of it is read anew.
const FLUSH_SECONDS: i64 = 60;

/// The store, in the hands of the loop and of its watch.
#[derive(Clone)]
pub struct Shared(Rc<RefCell<SledStore>>);

impl Shared {
    /// Takes it.
    pub fn new(store: SledStore) -> Self {
        Self(Rc::new(RefCell::new(store)))
    }

    /// Flushes and closes, once nobody else holds it.
    pub fn close(self) -> Result<(), Error> {
        match Rc::try_unwrap(self.0) {
            Ok(store) => store.into_inner().close(),
            Err(shared) => shared.borrow_mut().flush(),
        }
    }
}

impl Store for Shared {
    fn seq(&self) -> Seq {
        self.0.borrow().seq()
    }

    fn mirror(&self, calendar: CalendarId) -> Option<Vec<u8>> {
        self.0.borrow().mirror(calendar)
    }

    fn commit(&mut self, seq: Seq, mirrors: &[(CalendarId, Option<Vec<u8>>)]) -> Result<(), Error> {
        self.0.borrow_mut().commit(seq, mirrors)
    }
}

/// A first look that goes on is given so much more time.
const START_MORE: Duration = Duration::from_mins(2);

/// What stands before the daemon's own status line: a refused reload.
pub type Note = Rc<RefCell<Option<String>>>;

/// Tells systemd, and flushes the store now and then.
pub struct Outside {
    store: Shared,
    note: Note,
    flushed: Cell<Option<Moment>>,
}

impl Outside {
    /// For this store; `note` is said with each status.
    pub fn new(store: Shared, note: Note) -> Self {
        Self { store, note, flushed: Cell::new(None) }
    }
}

impl Watch for Outside {
    fn ready(&self) {
        tracing::info!("ready: the first look at all calendars is over");
        told(systemd::ready("running"));
    }

    fn starting(&self) {
        told(systemd::starting(START_MORE));
    }

    fn alive(&self, status: &str) {
        tracing::debug!(status, "alive");
        told(systemd::alive());
        let line = self.note.borrow().as_ref().map(|note| format!("{note}; {status}"));
        told(systemd::status(line.as_deref().unwrap_or(status)));
    }

    fn idle(&self) {
        let now = SystemClock.now();
        if self.flushed.get().is_some_and(|last| now - last < TimeDelta::seconds(FLUSH_SECONDS)) {
            return;
        }
        self.flushed.set(Some(now));
        if let Err(error) = self.store.0.borrow_mut().flush() {
            // Nothing is lost by it: the ledger has all that was decided, and calendars are read anew.
            tracing::error!(code = %error.code, "failed to {error}");
        }
    }
}

/// systemd that does not listen is no reason to stop.
pub fn told(said: std::io::Result<()>) {
    if let Err(error) = said {
        tracing::warn!(%error, "failed to tell systemd");
    }
}
