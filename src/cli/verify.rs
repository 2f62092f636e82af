//! `drumbeat verify`: is the ledger whole?

use std::io::Write;

use clap::Args;

use super::env::Env;
use super::files::Files;
use super::place::{PlaceArgs, Store};
use crate::io::ledger;
use crate::model::zone::Zones;

/// Checks that the ledger is whole.
///
/// Reads every byte of it: checksums, the chain, the numbering. Works beside the daemon, and on a copy, whose folder
/// --state may name; changes nothing. Each problem is a line, and the exit code is then 1.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    place: PlaceArgs,
}

impl Verify {
    /// Runs the command; `false`: there are problems.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        // A ledger can be verified where its configuration is not, such as in a backup.
        let files = Files::read(&self.place.config.path(), zones).ok();
        let store = self.place.store(env, files.as_ref().map(|files| &files.settings));
        let bare = Store(self.place.state(env));
        let dir = if store.has_ledger()? || !bare.has_ledger()? { store } else { bare }.ledger();
        let report = ledger::verify(&dir)?;
        let mut out = std::io::stdout().lock();
        let id = report.id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        writeln!(out, "ledger    {}", dir.display())?;
        writeln!(out, "id        {id}")?;
        writeln!(out, "segments  {}", report.segments)?;
        let range = report.first.zip(report.last);
        let range = range.map_or_else(String::new, |(first, last)| format!(" ({first} to {last})"));
        writeln!(out, "records   {}{range}", report.records)?;
        if report.unfinished > 0 {
            writeln!(
                out,
                "unfinished: {} bytes of a record that is being written, or was torn by a crash; the next \
                           start cuts them",
                report.unfinished
            )?;
        }
        for problem in &report.problems {
            writeln!(out, "problem: {problem}")?;
        }
        let verdict = match report.problems.len() {
            0 => "all is well",
            _ if report.is_other_format => {
                "the ledger, or a part of it, is in the format of another version: nothing says that it is damaged"
            }
            _ => "the ledger is damaged: see `drumbeat restore`, and without a backup `drumbeat repair`",
        };
        writeln!(out, "{verdict}")?;
        Ok(report.problems.is_empty())
    }
}
