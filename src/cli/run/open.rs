//! Opening the state directory, in the order in which each part is checked against the others.

use std::collections::{BTreeMap, BTreeSet};

use super::keys;
use crate::cli::env::Env;
use crate::cli::files::{Files, WrongConfig};
use crate::cli::place::Store;
use crate::cli::setup;
use crate::config::lost_since;
use crate::io::ledger::FileLedger;
use crate::io::lock::{self, StateLock};
use crate::io::people::PeopleTable;
use crate::io::store::{OpenStore, SledStore};
use crate::model::directory::Directory;
use crate::model::ledger::Notice;
use crate::model::people::{CalendarId, PersonId, Roster};
use crate::model::state::State;
use crate::model::zone::Zones;
use crate::ports::{Error, Ledger};
use crate::run::{Gate, Setup};
use crate::tell::link::LinkKey;

/// The state directory, held and open.
pub struct Opened {
    /// Held as long as the process runs.
    pub lock: StateLock,
    /// The truth.
    pub ledger: FileLedger,
    /// The view.
    pub store: SledStore,
    /// Numbers and names.
    pub table: PeopleTable,
    /// Signs links.
    pub key: LinkKey,
    /// Signed them before: its links still work.
    pub old_key: Option<LinkKey>,
    /// What was found and put right.
    pub notices: Vec<Notice>,
}

impl Opened {
    /// Opens what there is and makes what there is not.
    pub fn open(place: &Store, env: &Env) -> Result<Self, Error> {
        lock::make(&place.0)?;
        let lock = StateLock::take(&place.0)?;
        let store = OpenStore::open(&place.sled())?;
        let id = keys::random()?;
        let (ledger, mut notices) = FileLedger::open(&place.ledger(), store.seen(), || id)?;
        let (store, of_store) = store.bind(ledger.id(), ledger.last())?;
        notices.extend(of_store);
        let table = PeopleTable::open(&place.people(), ledger.last())?;
        let key = keys::link_key(env, &place.link_key())?;
        let old_key = keys::old_link_key(env, &place.old_link_key())?;
        Ok(Self { lock, ledger, store, table, key, old_key, notices })
    }
}

/// Refuses a roster that has lost many of those whose 1-on-1s the ledger knows of, unless it was accepted.
pub fn guard(place: &Store, files: &Files, roster: &Roster, state: &State) -> anyhow::Result<()> {
    let known: BTreeSet<PersonId> = state.reps.keys().copied().collect();
    let Some(refusal) = lost_since(&known, roster) else { return Ok(()) };
    let path = place.accepted_roster();
    if std::fs::read_to_string(&path).ok().as_deref() == Some(&roster_hash(files)) {
        std::fs::remove_file(&path)?;
        return Ok(());
    }
    Err(WrongConfig::Roster(refusal).into())
}

/// Has the next start take the roster as it is now.
pub fn accept_next(place: &Store, files: &Files) -> anyhow::Result<()> {
    lock::make(&place.0)?;
    let lock = StateLock::take(&place.0)?;
    std::fs::write(place.accepted_roster(), roster_hash(files))?;
    Ok(lock.hand_over()?)
}

/// Of everybody's address: what an accepted roster is known by.
fn roster_hash(files: &Files) -> String {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    let people: Vec<String> = files.names().into_iter().map(|(address, _)| address).collect();
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(people.join("\n")))
}

/// A setup with the numbers of the table, where everybody of `files` gets one; and where calendars are read from.
pub fn number(
    files: &Files,
    table: &mut PeopleTable,
    key: &LinkKey,
    zones: &Zones,
) -> Result<(Setup, BTreeMap<CalendarId, String>), Error> {
    let names = files.names();
    let pairs: Vec<(&str, &str)> =
        names.iter().map(|(address, name)| (address.as_str(), name.as_str())).collect();
    table.numbers(&pairs)?;
    Ok(assemble(files, table.directory().clone(), key, zones))
}

/// The same with a directory in which everybody of `files` has a number.
pub fn assemble(
    files: &Files,
    directory: Directory,
    key: &LinkKey,
    zones: &Zones,
) -> (Setup, BTreeMap<CalendarId, String>) {
    let roster = files.renumbered(&directory);
    let (of_roster, of_table) = (roster.clone(), directory.clone());
    let mut number = |address: &str| {
        let number = of_roster.by_address(address).or_else(|| of_table.by_address(address));
        number.unwrap_or(PersonId(u32::MAX))
    };
    let settings = files.settings.clone();
    let setup =
        setup::setup(settings, roster, directory, zones.clone(), key.clone(), Gate::Closed, &mut number);
    let holidays: Vec<CalendarId> = setup.holidays.iter().map(|(_, calendar)| *calendar).collect();
    let texts = files.feeds(&setup.roster, &holidays);
    (setup, texts)
}
