//! `drumbeat plan`: what would be done now, and why, doing nothing.

use std::io::Write;
use std::rc::Rc;

use clap::Args;

use super::control::{self, ControlArgs};
use super::env::Env;
use super::past::{self, Past};
use super::run::{Sources, google};
use crate::io::clock::SystemClock;
use crate::model::fact::Fact;
use crate::model::hand::Order;
use crate::model::mail::Mail;
use crate::model::people::PersonId;
use crate::model::zone::Zones;
use crate::ports::{Bookings, Clock as _, Error, ErrorKind, Later, Mailer};
use crate::run::{Daemon, Input, KeepWritten, World, fetch};
use crate::sim::store::MemoryStore;
use crate::tell::{explain, names, status};

/// Tells what would be done now, and why, doing nothing.
///
/// Asks the running daemon. Where none answers, or with --fresh, all calendars are read once and it is decided on a copy of
/// the ledger: so it works before the first start, too. Prints what Drumbeat would note, book and send; sends nothing and
/// changes nothing.
#[derive(Debug, Args)]
pub struct Plan {
    /// Print what is open of the team of this manager, or of this rep, as a planning instance: numbers alone, no names.
    /// `drumbeat solve` plans it. Asks the running daemon
    #[arg(long, value_name = "PERSON", conflicts_with = "fresh")]
    export: Option<String>,
    /// Read all calendars now, rather than ask the daemon
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    control: ControlArgs,
}

/// Takes every mail and sends none; takes every booking and writes none.
struct Nobody;

impl Bookings for Nobody {
    fn insert<'a>(&'a self, _: PersonId, event: &'a [u8]) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async { Ok(event.to_vec()) })
    }

    fn read<'a>(&'a self, _: PersonId, _: &'a str) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async { Err(Error::new(ErrorKind::NotFound, "404", "find what was not written")) })
    }

    fn delete<'a>(&'a self, _: PersonId, _: &'a str, _: &'a str) -> Later<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

impl Mailer for Nobody {
    fn send<'a>(&'a self, _: &'a Mail) -> Later<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

impl Plan {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        if let Some(who) = &self.export {
            let order = Order::Instance { who: who.clone() };
            return control::print(&self.control.send(&order, env, zones)?);
        }
        if !self.fresh {
            match self.control.send(&Order::Plan, env, zones) {
                Err(nobody) if nobody.is_nobody() => {}
                answered => return control::print(&answered?),
            }
        }
        let past = Past::read(self.control.place(), env, zones)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(plan(past, env))
    }
}

async fn plan(past: Past, env: &Env) -> anyhow::Result<bool> {
    let google = google(&past.files, &past.setup.roster, env, &past.state, None)?;
    let world = World {
        bookings: Rc::new(Nobody),
        clock: Rc::new(SystemClock),
        calendars: Rc::new(Sources::new(&past.texts, &past.files.settings.feeds, google)?),
        mailer: Rc::new(Nobody),
    };
    let calendars = Rc::clone(&world.calendars);
    let ledger = Box::new(past::copy(&past.store)?);
    let store = Box::new(MemoryStore::default());
    let mut daemon = Daemon::start(world, past.setup, ledger, store, KeepWritten::Yes)?;
    let setup = daemon.setup();
    let mut out = std::io::stdout().lock();
    loop {
        let due = daemon.due();
        if due.is_empty() {
            break;
        }
        let fetched = fetch(Rc::clone(&calendars), due).await;
        for fetched in &fetched {
            if let Err(error) = &fetched.answer {
                let whose = names::name(setup.as_ref(), fetched.calendar.owner);
                writeln!(out, "not read: calendar {} of {whose}: {error}", fetched.calendar.nth)?;
            }
        }
        daemon.tick(Input::Timer(fetched)).await?;
    }
    let zone = &setup.settings.rules.zone;
    let written = daemon.take_written();
    let facts = written.iter().flat_map(|record| &record.facts);
    let lines: Vec<String> = facts
        .filter(|fact| !matches!(fact, Fact::Started { .. }))
        .filter_map(|fact| explain::words(fact, setup.as_ref(), zone))
        .collect();
    writeln!(out, "{}", status::plan(SystemClock.now(), &lines, daemon.next_wake(), zone))?;
    Ok(true)
}
