//! What a state directory holds, read beside a running daemon: nothing is opened, locked or changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;

use super::env::Env;
use super::files::Files;
use super::place::{PlaceArgs, Store, is_there};
use super::run::assemble;
use crate::io::ledger;
use crate::io::people::PeopleTable;
use crate::model::directory::Directory;
use crate::model::fact::Record;
use crate::model::ledger::{FrameKind, LedgerId};
use crate::model::people::{CalendarId, PersonId};
use crate::model::zone::Zones;
use crate::ports::{Error, ErrorKind, Ledger as _, Which};
use crate::run::Setup;
use crate::sim::ledger::MemoryLedger;
use crate::tell::link::LinkKey;

/// The numbers of those who have none yet begin here, far above any that was given out.
const NEW_NUMBERS: u32 = 1 << 31;
/// A copy of a ledger that never existed.
const NO_LEDGER: LedgerId = LedgerId(*b"no ledger so far");
/// Links of what is only looked at lead nowhere.
const NO_KEY: LinkKey = LinkKey(*b"links that nobody is ever sent..");

/// The configuration, with the numbers of the state directory.
pub struct Past {
    /// What was read of the configuration.
    pub files: Files,
    /// What decisions are made from.
    pub setup: Setup,
    /// Where calendars are.
    pub texts: BTreeMap<CalendarId, String>,
    /// Where the state lies.
    pub store: Store,
    /// The state directory.
    pub state: PathBuf,
}

impl Past {
    /// Reads the configuration and the table of numbers.
    pub fn read(place: &PlaceArgs, env: &Env, zones: &Zones) -> anyhow::Result<Self> {
        Self::of(Files::read(&place.config.path(), zones)?, place, env, zones)
    }

    /// The same of a configuration that was read already.
    pub fn of(files: Files, place: &PlaceArgs, env: &Env, zones: &Zones) -> anyhow::Result<Self> {
        let store = place.store(env, Some(&files.settings));
        let mut directory = names(&store)?;
        for ((address, name), spare) in files.names().iter().zip(NEW_NUMBERS..) {
            let id = directory.by_address(address).unwrap_or(PersonId(spare));
            directory.insert(id, address, name);
        }
        let (setup, texts) = assemble(&files, directory, &NO_KEY, zones);
        Ok(Self { files, setup, texts, store, state: place.state(env) })
    }
}

/// Who the numbers are; nobody, where there is no table yet.
pub fn names(store: &Store) -> Result<Directory, Error> {
    let path = store.people();
    if is_there(&path)? { PeopleTable::read(&path) } else { Ok(Directory::default()) }
}

/// The newest checkpoint and what follows it, as a ledger in memory; an empty one where there is none yet.
pub fn copy(store: &Store) -> Result<MemoryLedger, Error> {
    if !store.has_ledger()? {
        return Ok(MemoryLedger::new(NO_LEDGER, usize::MAX));
    }
    let mut frames = Vec::new();
    let id = ledger::read(&store.ledger(), Which::View, &mut |frame| {
        frames.push((frame.kind, frame.payload.to_vec()));
        Ok(())
    })?;
    let mut copy = MemoryLedger::new(id, usize::MAX);
    for (kind, payload) in frames {
        match kind {
            FrameKind::Checkpoint => copy.checkpoint(&payload)?,
            FrameKind::Record => copy.append(&payload).map(drop)?,
        }
    }
    Ok(copy)
}

/// Shows every record of the ledger, in order.
pub fn records(store: &Store, visit: &mut dyn FnMut(Record)) -> anyhow::Result<()> {
    let dir = store.ledger();
    if !store.has_ledger()? {
        bail!(
            "failed to read the ledger: there is no {}; has `drumbeat run` been started with this state directory?",
            dir.display()
        );
    }
    ledger::read(&dir, Which::All, &mut |frame| {
        if frame.kind == FrameKind::Record {
            let record = serde_json::from_slice(frame.payload).map_err(|error| {
                let message = format!(
                    "read record {} of the ledger: it makes no sense to drumbeat {} ({error}); use the version that wrote it",
                    frame.seq,
                    env!("CARGO_PKG_VERSION")
                );
                Error::new(ErrorKind::Invalid, "record", message)
            })?;
            visit(record);
        }
        Ok(())
    })?;
    Ok(())
}
