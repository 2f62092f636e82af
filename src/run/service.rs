//! The loop: what is due is fetched while clicks are answered, and everything that wakes the daemon becomes the
//! input of one tick after the other.

use std::future::Future;
use std::rc::Rc;

use chrono::TimeDelta;
use tokio::sync::mpsc;

use super::{Clicked, Daemon, Fetched, Input, Reloaded, fetch};
use crate::ports::{Ask, Error};

/// What the loop is told from outside.
#[derive(Debug)]
pub enum Signal {
    /// End, with nothing half done.
    Stop,
    /// New settings, already checked.
    Reload(Box<Reloaded>),
}

/// What the loop tells the outside after every tick.
pub trait Watch {
    /// The first tick is over: the store has a first picture of what could be read.
    fn ready(&self);
    /// The loop is alive; what it waits for, in a few words.
    fn alive(&self, status: &str);
    /// A good moment to bring the store to the disk.
    fn idle(&self);
}

/// Runs until told to stop, or until something fatal happens.
pub async fn serve(
    daemon: &mut Daemon,
    mut asks: mpsc::Receiver<Ask>,
    mut signals: mpsc::Receiver<Signal>,
    watch: &dyn Watch,
) -> Result<(), Error> {
    let mut is_ready = false;
    loop {
        let Some(fetched) = next(daemon, &mut asks, &mut signals, watch).await? else { return Ok(()) };
        daemon.tick(Input::Timer(fetched)).await?;
        if !is_ready {
            is_ready = true;
            watch.ready();
        }
        watch.alive(&daemon.status());
        watch.idle();
    }
}

/// While it waits, the loop says so often that it lives: well within half of a watchdog's minute.
const BEAT_SECONDS: i64 = 20;

/// Waits for the next wake-up and asks what is due, answering clicks and reloads meanwhile. `None`: stop.
async fn next(
    daemon: &mut Daemon,
    asks: &mut mpsc::Receiver<Ask>,
    signals: &mut mpsc::Receiver<Signal>,
    watch: &dyn Watch,
) -> Result<Option<Vec<Fetched>>, Error> {
    let clock = Rc::clone(&daemon.world.clock);
    let wake = daemon.next_wake();
    let sleep = clock.sleep_until(wake);
    if meanwhile(daemon, asks, signals, watch, sleep).await?.is_none() {
        return Ok(None);
    }
    let due = daemon.due();
    let calendars = Rc::clone(&daemon.world.calendars);
    meanwhile(daemon, asks, signals, watch, fetch(calendars, due)).await
}

/// Waits for `work`, answering clicks and reloads meanwhile. `None`: stop.
async fn meanwhile<T>(
    daemon: &mut Daemon,
    asks: &mut mpsc::Receiver<Ask>,
    signals: &mut mpsc::Receiver<Signal>,
    watch: &dyn Watch,
    work: impl Future<Output = T>,
) -> Result<Option<T>, Error> {
    let mut work = std::pin::pin!(work);
    let clock = Rc::clone(&daemon.world.clock);
    loop {
        let beat = clock.sleep_until(clock.now() + TimeDelta::seconds(BEAT_SECONDS));
        tokio::select! {
            biased;
            signal = signals.recv() => match signal {
                Some(Signal::Reload(reloaded)) => {
                    daemon.tick(Input::Reloaded(reloaded)).await?;
                }
                Some(Signal::Stop) | None => return Ok(None),
            },
            Some(ask) = asks.recv() => {
                let clicked = Clicked::Link { token: ask.token, form: ask.act };
                let page = daemon.tick(Input::Answered(clicked)).await?;
                if let Some(page) = page {
                    // Whoever asked may have gone away; what was done stays done.
                    let _ = ask.reply.send(page);
                }
            }
            done = &mut work => return Ok(Some(done)),
            () = beat => watch.alive(&daemon.status()),
        }
    }
}

impl Daemon {
    /// What it is doing, in one line without names.
    pub fn status(&self) -> String {
        let unwell = self
            .state
            .sources
            .values()
            .filter(|row| row.state != crate::model::fact::SourceState::Ok)
            .count();
        format!(
            "{} calendars, {unwell} not well; {} mails waiting; next look {}",
            self.books.len(),
            self.state.outbox.len(),
            self.next_wake().format("%H:%M:%S UTC")
        )
    }
}
