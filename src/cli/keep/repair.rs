//! `drumbeat repair`: what can be done about a damaged state where there is no backup.

use std::io::Write;

use clap::Args;

use crate::cli::env::Env;
use crate::cli::files::Files;
use crate::cli::place::PlaceArgs;
use crate::io::backup::set_aside;
use crate::io::ledger;
use crate::io::lock::StateLock;
use crate::io::people::PeopleTable;
use crate::model::zone::Zones;
use crate::tell::{names, phrase};

/// Mends a damaged ledger by cutting it at the first fault.
///
/// Refuses while the daemon runs (exit code 75). Without --cut it only tells what is wrong and what would be lost. A newer
/// backup is always better: `drumbeat restore`. What is cut is moved aside, the store is read anew, and mails that were due
/// are dropped and listed, since they may have been sent.
#[derive(Debug, Args)]
pub struct Repair {
    /// Cut it
    #[arg(long)]
    cut: bool,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Repair {
    /// Runs the command; `false`: it is damaged and was not cut.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let files = Files::read(&self.place.config.path(), zones)?;
        let store = self.place.store(env, Some(&files.settings));
        let lock = StateLock::take(&store.0)?;
        let mut out = std::io::stdout().lock();
        let Some(damage) = ledger::damage(&store.ledger())? else {
            writeln!(out, "The ledger is whole: there is nothing to repair.")?;
            return Ok(true);
        };
        let report = ledger::verify(&store.ledger())?;
        for problem in &report.problems {
            writeln!(out, "problem: {problem}")?;
        }
        writeln!(
            out,
            "Sound up to record {}; all that comes after it would go, sound or not: {} bytes.",
            damage.last,
            ledger::lost(&store.ledger(), &damage)?
        )?;
        if !self.cut {
            writeln!(
                out,
                "A backup that is newer than that is better: `drumbeat restore`. Else `drumbeat repair --cut`."
            )?;
            return Ok(false);
        }
        let now = super::now();
        let aside = super::dated(&store.0, "before-repair", now);
        let cut = || -> anyhow::Result<_> {
            std::fs::create_dir(&aside)?;
            let moved = ledger::cut(&store.ledger(), &damage, &aside)?;
            set_aside(&store.0, &aside.join("store"), &["sled", "sled.starting"])?;
            Ok((moved, super::begin_anew(&store, &files, now, "repair")?))
        };
        let cut = cut();
        // Also where it failed half-way: the service is not to find what it cannot open.
        lock.hand_over()?;
        let (moved, rows) = cut?;
        let directory = PeopleTable::read(&store.people())?;
        writeln!(
            out,
            "Cut after record {}. What went is in {} ({}).",
            damage.last,
            aside.display(),
            phrase::count(moved.len() as u32, "file", "files")
        )?;
        super::dropped(&rows, &names::Listed(&directory, &files.settings.rules.zone), &mut out)?;
        writeln!(out, "Start the daemon: it reads all calendars anew.")?;
        Ok(true)
    }
}
