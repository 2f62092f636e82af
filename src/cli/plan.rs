//! `drumbeat plan`: what would be done now, and why, doing nothing.

use std::io::Write;
use std::rc::Rc;

use clap::Args;

use super::env::Env;
use super::past::{self, Past};
use super::place::PlaceArgs;
use super::run::{Sources, google};
use crate::io::clock::SystemClock;
use crate::model::fact::Fact;
use crate::model::mail::Mail;
use crate::model::people::PersonId;
use crate::model::zone::Zones;
use crate::ports::{Bookings, Clock as _, Error, ErrorKind, Later, Mailer};
use crate::run::{Daemon, Input, KeepWritten, World, fetch};
use crate::sim::store::MemoryStore;
use crate::tell::{explain, names, when};

/// Tells what would be done now, and why, doing nothing.
///
/// Reads all calendars once and decides on a copy of the ledger: prints what Drumbeat would note, book and send. Sends
/// nothing and changes nothing; works beside the daemon, and before its first start.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    place: PlaceArgs,
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
        let past = Past::read(&self.place, env, zones)?;
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
    let facts = written.iter().flat_map(|record| record.facts.iter().map(|fact| (record.at, fact)));
    let lines: Vec<String> = facts
        .filter(|(_, fact)| !matches!(fact, Fact::Started { .. }))
        .filter_map(|(at, fact)| explain::line(at, fact, setup.as_ref(), zone))
        .collect();
    writeln!(out, "{} (nothing of this is done):", when::at(SystemClock.now(), zone))?;
    for line in &lines {
        // Each begins with the same hour.
        writeln!(out, "  {}", line.split_once("  ").map_or(line.as_str(), |(_, words)| words))?;
    }
    if lines.is_empty() {
        writeln!(out, "  nothing to do")?;
    }
    writeln!(out, "Next look: {}.", when::at(daemon.next_wake(), zone))?;
    Ok(true)
}
