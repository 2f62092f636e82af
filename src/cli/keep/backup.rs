//! `drumbeat backup`: a copy of what cannot be made again.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::cli::env::Env;
use crate::cli::place::PlaceArgs;
use crate::io::backup::{self, Manifest};
use crate::io::ledger;
use crate::model::zone::Zones;
use crate::tell::phrase;

/// Copies the state: ledger, table of people, key of links.
///
/// Works beside the daemon, which may go on writing: the copy ends with the newest record that was whole. It is checked as
/// `verify` does, and made a folder of its own below TO, named after the hour. Mirrors of calendars are not in it; they are
/// read anew. It holds names, addresses and the key of links: keep it as closed as the state directory.
#[derive(Debug, Args)]
pub struct Backup {
    /// The folder to make it in; made if it is not there
    #[arg(value_name = "TO")]
    to: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Backup {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let store = super::store(&self.place, env, zones);
        if !store.has_ledger()? {
            bail!(
                "failed to find a state to copy: there is no {}; --state names its folder",
                store.ledger().display()
            );
        }
        std::fs::create_dir_all(&self.to)?;
        let now = super::now();
        let folder = super::dated(&self.to, "drumbeat", now);
        backup::copy(&store.0, &folder)?;
        let report = ledger::verify(&folder.join("ledger"))?;
        if let Some(problem) = report.problems.first() {
            bail!("failed to make a sound copy: {problem}; what was copied is in {}", folder.display());
        }
        let last = report.last.unwrap_or(0);
        backup::seal(
            &folder,
            Manifest {
                version: 0,
                drumbeat: env!("CARGO_PKG_VERSION").to_owned(),
                made_at: now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                ledger: report.id.map_or_else(String::new, |id| id.to_string()),
                last,
                files: Vec::new(),
            },
        )?;
        let records = phrase::count(report.records as u32, "record", "records");
        writeln!(std::io::stdout().lock(), "{}\n{records}, up to number {last}", folder.display())?;
        Ok(true)
    }
}
