//! The order of things: the tick and the loop. Everything here runs on one thread; what is decided is pure
//! and elsewhere, what touches the world is behind the ports.
//!
//! Start reading at [`tick`].

mod act;
mod admin;
mod answer;
mod book;
mod commit;
mod decide;
mod hand;
mod instance;
mod notes;
mod people;
mod reload;
mod restore;
mod series;
mod service;
mod status;
mod sync;
pub mod tick;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::config::{HolidayScope, Settings};
use crate::model::directory::Directory;
use crate::model::fact::Record;
use crate::model::ledger::LedgerId;
use crate::model::people::{CalendarId, PersonId, Roster};
use crate::model::state::State;
use crate::model::zone::{Moment, Zones};
use crate::observe::keep::Lens;
use crate::plan::desk::Clicks;
use crate::ports::{Bookings, Calendars, Clock, Error, Frame, Ledger, Mailer, Store, Which};
use crate::tell::link::LinkKey;

pub use answer::Clicked;
pub use decide::recognition;
pub use reload::Reloaded;
pub use restore::restored;
pub use service::{Inbox, Signal, Watch, serve};
pub use sync::{Due, Fetched, fetch, sighting};
pub use tick::Input;

/// The world, as the daemon is given it.
#[derive(Clone)]
pub struct World {
    /// What time it is.
    pub clock: Rc<dyn Clock>,
    /// What is read.
    pub calendars: Rc<dyn Calendars>,
    /// What events of ours are written with.
    pub bookings: Rc<dyn Bookings>,
    /// What mails go out by.
    pub mailer: Rc<dyn Mailer>,
}

/// What the configuration and the roster come to.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The settings.
    pub settings: Settings,
    /// Everybody.
    pub roster: Arc<Roster>,
    /// What turns events into what is kept of them, for these people and rules.
    pub lens: Arc<Lens>,
    /// Numbers, addresses and names of everybody, ops addresses included.
    pub directory: Directory,
    /// Who gets ops mail.
    pub ops: Vec<PersonId>,
    /// Calendars of public holidays, and for whom.
    pub holidays: Vec<(HolidayScope, CalendarId)>,
    /// Time zones.
    pub zones: Zones,
    /// Signs links.
    pub key: LinkKey,
    /// Whether people can click.
    pub clicks: Clicks,
    /// Propose and auto wait until most reps are recognised (not in a recording).
    pub gate: Gate,
}

/// Whether propose and auto wait for recognition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// They do.
    Closed,
    /// They do not: a recording.
    Off,
}

/// So long it sleeps where nothing is due.
const IDLE_HOURS: i64 = 1;

/// The daemon between two ticks.
pub struct Daemon {
    world: World,
    setup: Rc<Setup>,
    ledger: Box<dyn Ledger>,
    store: Box<dyn Store>,
    state: State,
    books: BTreeMap<CalendarId, sync::Book>,
    looks: BTreeMap<PersonId, Moment>,
    dirty: BTreeSet<PersonId>,
    retries: act::Retries,
    writing: book::Writing,
    /// When ops were last told that a quota is used up.
    quota_said: Option<chrono::NaiveDate>,
    /// When ops were last told that many sources are not well; `None` while they are told singly.
    many_said: Option<Moment>,
    /// Sources that a reload has replaced, to be closed.
    retired: Vec<Rc<dyn Calendars>>,
    written: Vec<Record>,
    keep_written: KeepWritten,
    /// The first tick is over.
    is_ready: bool,
    tally: admin::Tally,
    /// Signed links before the present key did.
    old_key: Option<LinkKey>,
    /// When the first look at all calendars began, and whether it is over.
    first_look_began: Option<Moment>,
    first_look_over: bool,
}

/// Whether records are kept in memory for a replay to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepWritten {
    /// They are.
    Yes,
    /// They are not: the ledger has them.
    No,
}

impl Daemon {
    /// Folds the ledger into the view and takes up the stored mirrors. Nothing is done yet: the first tick is like
    /// any other.
    pub fn start(
        world: World,
        setup: Setup,
        ledger: Box<dyn Ledger>,
        store: Box<dyn Store>,
        keep_written: KeepWritten,
    ) -> Result<Self, Error> {
        Self::from_view(view(ledger.as_ref())?, world, setup, ledger, store, keep_written)
    }

    /// The same where the ledger was folded already.
    pub fn from_view(
        state: State,
        world: World,
        setup: Setup,
        ledger: Box<dyn Ledger>,
        store: Box<dyn Store>,
        keep_written: KeepWritten,
    ) -> Result<Self, Error> {
        let mut daemon = Self {
            world,
            setup: Rc::new(setup),
            ledger,
            store,
            state,
            books: BTreeMap::new(),
            looks: BTreeMap::new(),
            dirty: BTreeSet::new(),
            retries: act::Retries::default(),
            writing: book::Writing::default(),
            quota_said: None,
            many_said: None,
            retired: Vec::new(),
            written: Vec::new(),
            keep_written,
            is_ready: false,
            tally: admin::Tally::default(),
            old_key: None,
            first_look_began: None,
            first_look_over: false,
        };
        daemon.open_books();
        daemon.mark_all_dirty();
        daemon.say_started()?;
        Ok(daemon)
    }

    /// Takes links that an earlier key signed, while keys rotate.
    pub fn read_links_of(&mut self, old_key: Option<LinkKey>) {
        self.old_key = old_key;
    }

    /// The keys whose links are taken.
    fn link_keys(&self) -> Vec<LinkKey> {
        std::iter::once(&self.setup.key).chain(&self.old_key).cloned().collect()
    }

    /// The ledger's view as it is now.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the configuration and the roster came to.
    pub fn setup(&self) -> Rc<Setup> {
        Rc::clone(&self.setup)
    }

    /// Whether something of ours is booked for a rep.
    pub fn is_booked(&self, rep: PersonId) -> bool {
        let booked =
            |state: &crate::model::state::RepState| state.active().any(|recovery| recovery.booking.is_some());
        self.state.reps.get(&rep).is_some_and(booked)
    }

    /// The records written since the last call.
    pub fn take_written(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.written)
    }

    /// When the daemon wants to be woken, if nothing happens before.
    pub fn next_wake(&self) -> Moment {
        let now = self.world.clock.now();
        let polls = self.books.values().map(sync::Book::next_poll);
        let looks = self.looks.values().copied();
        let is_ready = |id: &str| self.state.outbox.get(id).is_none_or(|row| self.is_written(row));
        let rows = self.retries.next(is_ready).into_iter().chain(self.writing.next());
        let rows = rows.filter(|_| !self.is_paused());
        let next = polls.chain(looks).chain(rows).chain(self.next_report(now)).min();
        // With nobody in the roster nothing is ever due, after the first look: what wakes it then is a reload.
        let idle = if self.is_ready { TimeDelta::hours(IDLE_HOURS) } else { TimeDelta::zero() };
        next.unwrap_or(now + idle)
    }

    /// Those who run it have stopped every effect.
    fn is_paused(&self) -> bool {
        self.state.paused.is_some()
    }

    /// Gives the ledger and the store back: a clean end.
    pub fn stop(self) -> (Box<dyn Ledger>, Box<dyn Store>) {
        (self.ledger, self.store)
    }

    fn mark_all_dirty(&mut self) {
        self.dirty = self.setup.roster.reps().filter_map(|rep| rep.manager).collect();
    }

    fn ledger_id(&self) -> LedgerId {
        self.ledger.id()
    }
}

/// Folds the ledger into the view, from its newest checkpoint on.
pub fn view(ledger: &dyn Ledger) -> Result<State, Error> {
    let mut state = State::default();
    ledger.read(Which::View, &mut |frame: Frame<'_>| commit::take_up(&mut state, frame))?;
    Ok(state)
}
