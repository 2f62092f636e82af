//! The loop: what is due is fetched while clicks are answered, and everything that wakes the daemon becomes the
//! input of one tick after the other.

use std::future::Future;
use std::rc::Rc;

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot};

use super::{Clicked, Daemon, Fetched, Input, Reloaded, fetch};
use crate::model::hand::Hand;
use crate::model::page::Page;
use crate::model::people::{CalendarId, PersonId};
use crate::ports::{Ask, Asked, Error};

/// What the loop is told from outside.
#[derive(Debug)]
pub enum Signal {
    /// End, with nothing half done.
    Stop,
    /// New settings, already checked; what came of it goes to whoever waits.
    Reload(Box<Reloaded>, Option<oneshot::Sender<Page>>),
    /// Nothing tells any more who this number was.
    Forgotten(PersonId, Hand, oneshot::Sender<Page>),
}

/// What the loop tells the outside after every tick.
pub trait Watch {
    /// All calendars have been asked once: there is a first picture of what could be read.
    fn ready(&self);
    /// That takes longer still.
    fn starting(&self);
    /// The loop is alive; what it waits for, in a few words.
    fn alive(&self, status: &str);
    /// A good moment to bring the store to the disk.
    fn idle(&self);
}

/// All that comes from outside while the daemon runs.
pub struct Inbox {
    /// Clicks.
    pub asks: mpsc::Receiver<Ask>,
    /// What an operator wants.
    pub signals: mpsc::Receiver<Signal>,
    /// Calendars whose source says that they have changed.
    pub pushes: mpsc::Receiver<CalendarId>,
}

/// Runs until told to stop, or until something fatal happens.
pub async fn serve(daemon: &mut Daemon, mut inbox: Inbox, watch: &dyn Watch) -> Result<(), Error> {
    let mut is_ready = false;
    loop {
        let Some(fetched) = next(daemon, &mut inbox, watch).await? else { return Ok(()) };
        daemon.tick(Input::Timer(fetched)).await?;
        if !is_ready && daemon.is_ready {
            is_ready = true;
            watch.ready();
        }
        watch.alive(&daemon.status());
        watch.idle();
    }
}

/// While it waits, the loop says so often that it lives: well within half of a watchdog's minute.
const BEAT_SECONDS: i64 = 20;

/// Waits for the next wake-up, or until a calendar is said to have changed, and asks what is due, answering clicks and
/// reloads meanwhile. `None`: stop.
async fn next(
    daemon: &mut Daemon,
    inbox: &mut Inbox,
    watch: &dyn Watch,
) -> Result<Option<Vec<Fetched>>, Error> {
    let Inbox { asks, signals, pushes } = inbox;
    let clock = Rc::clone(&daemon.world.clock);
    let wake = daemon.next_wake();
    let woken = async {
        tokio::select! {
            () = clock.sleep_until(wake) => None,
            Some(calendar) = pushes.recv() => Some(calendar),
        }
    };
    let Some(pushed) = meanwhile(daemon, asks, signals, watch, woken, Some(None)).await? else {
        return Ok(None);
    };
    if let Some(calendar) = pushed {
        daemon.pushed(calendar);
    }
    while let Ok(calendar) = pushes.try_recv() {
        daemon.pushed(calendar);
    }
    let due = daemon.due();
    let calendars = Rc::clone(&daemon.world.calendars);
    meanwhile(daemon, asks, signals, watch, fetch(calendars, due), None).await
}

/// Waits for `work`, answering clicks and orders meanwhile. What changes something may be due at once: where `woken` is
/// given, the wait ends with it then. `None`: stop.
async fn meanwhile<T>(
    daemon: &mut Daemon,
    asks: &mut mpsc::Receiver<Ask>,
    signals: &mut mpsc::Receiver<Signal>,
    watch: &dyn Watch,
    work: impl Future<Output = T>,
    woken: Option<T>,
) -> Result<Option<T>, Error> {
    let mut work = std::pin::pin!(work);
    let clock = Rc::clone(&daemon.world.clock);
    loop {
        let beat = clock.sleep_until(clock.now() + TimeDelta::seconds(BEAT_SECONDS));
        tokio::select! {
            biased;
            signal = signals.recv() => match signal {
                Some(Signal::Reload(reloaded, waits)) => {
                    let page = daemon.tick(Input::Reloaded(reloaded)).await?;
                    answer(waits, page);
                    if woken.is_some() {
                        return Ok(woken);
                    }
                }
                Some(Signal::Forgotten(who, hand, waits)) => {
                    let page = daemon.tick(Input::Forgotten { who, hand }).await?;
                    answer(Some(waits), page);
                }
                Some(Signal::Stop) | None => return Ok(None),
            },
            Some(ask) = asks.recv() => {
                let changes = ask.changes();
                daemon.take_ask(ask).await?;
                if changes && woken.is_some() {
                    return Ok(woken);
                }
            }
            done = &mut work => return Ok(Some(done)),
            () = beat => {
                watch.alive(&daemon.status());
                if !daemon.is_ready {
                    watch.starting();
                }
            }
        }
    }
}

/// Whoever asked may have gone away; what was done stays done.
fn answer(waits: Option<oneshot::Sender<Page>>, page: Option<Page>) {
    if let Some((waits, page)) = waits.zip(page) {
        let _ = waits.send(page);
    }
}

impl Daemon {
    /// Answers a request: a click by a tick of its own, a look at the dashboard without one.
    pub async fn take_ask(&mut self, ask: Ask) -> Result<(), Error> {
        let page = match ask.what {
            Asked::Link { door, token, act } => {
                self.tick(Input::Answered(Clicked::Link { door, token, form: act })).await?
            }
            Asked::Admin(wanted) => Some(self.admin(&wanted)),
            Asked::Order { order, operator } if order.changes() => {
                self.tick(Input::Ordered { order, operator }).await?
            }
            Asked::Order { order, .. } => Some(self.look_at(&order)),
        };
        answer(Some(ask.reply), page);
        Ok(())
    }

    /// Ends what its calendars' sources were asked to keep up: at a clean end.
    pub async fn close(&self) {
        self.world.calendars.close().await;
    }

    /// The same for sources that a reload has replaced.
    pub(super) async fn close_retired(&mut self) {
        for calendars in std::mem::take(&mut self.retired) {
            calendars.close().await;
        }
    }
}
