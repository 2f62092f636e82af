//! `drumbeat restore`: a backup takes the place of the state.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::cli::env::Env;
use crate::cli::files::Files;
use crate::cli::place::PlaceArgs;
use crate::io::backup;
use crate::io::ledger;
use crate::io::lock::{self, StateLock};
use crate::io::people::PeopleTable;
use crate::model::zone::Zones;
use crate::tell::{names, phrase, when};

/// Brings back a backup, in place of the state there is.
///
/// Refuses while the daemon runs (exit code 75). What is there now is moved aside, not removed. Mails that were due before
/// now are dropped and listed, since they may have been sent after the backup was made; invitations alone go out, since a
/// calendar takes the same one twice for one. What was booked since is found in the calendars.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder that `drumbeat backup` made
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Restore {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let files = Files::read(&self.place.config.path(), zones)?;
        let store = self.place.store(env, Some(&files.settings));
        let manifest = backup::check(&self.backup)?;
        let report = ledger::verify(&self.backup.join("ledger"))?;
        if let Some(problem) = report.problems.first() {
            bail!("failed to use the backup: {problem}");
        }
        lock::make(&store.0)?;
        let lock = StateLock::take(&store.0)?;
        if store.ledger().is_dir() {
            let here = ledger::verify(&store.ledger())?.id.map(|id| id.to_string());
            if let Some(here) = here.filter(|here| *here != manifest.ledger) {
                bail!(
                    "failed to restore: the backup is of ledger {}, and {} holds ledger {here}: it is another \
                     installation's. Move that folder away first, if it is to be replaced",
                    manifest.ledger,
                    store.0.display()
                );
            }
        }
        let now = super::now();
        let aside = super::dated(&store.0, "before-restore", now);
        let put = backup::put_back(&self.backup, &store.0, &aside).map_err(anyhow::Error::from);
        let rows = put.and_then(|()| super::begin_anew(&store, &files, now, "restore"));
        // Also where it failed half-way: the service is not to find what it cannot open.
        lock.hand_over()?;
        let rows = rows?;
        let directory = PeopleTable::read(&store.people())?;
        let mut out = std::io::stdout().lock();
        let zone = &files.settings.rules.zone;
        writeln!(
            out,
            "Restored: {}, made {}.",
            phrase::count(manifest.last as u32, "record", "records"),
            manifest.made_at.parse().map_or_else(|_| manifest.made_at.clone(), |at| when::at(at, zone))
        )?;
        if aside.exists() {
            writeln!(out, "What was there before is in {}; remove it when all is well.", aside.display())?;
        }
        super::dropped(&rows, &names::Listed(&directory, zone), &mut out)?;
        writeln!(
            out,
            "Start the daemon: it reads all calendars anew, and finds there what was booked since."
        )?;
        Ok(true)
    }
}
