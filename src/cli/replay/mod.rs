//! `drumbeat replay`: a recording or a scenario through the real loop, printed as JSON lines or a timeline.

pub mod engine;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::model::fact::Record;
use crate::model::zone::{Zone, Zones};
use crate::run::Setup;
use crate::sim::ledger::MemoryLedger;
use crate::sim::recording::Recording;
use crate::sim::store::MemoryStore;
use crate::sim::{expected, scenario};
use crate::tell::explain;

use engine::{Engine, LEDGER, Replayed};

/// Records between two checkpoints of a replay's ledger.
const SEGMENT_RECORDS: usize = 4096;

/// Replays a recording or a scenario on a virtual clock and prints the ledger.
///
/// Nothing leaves the machine: mails and bookings stay in the replay's own world. Needs no configuration.
#[derive(Debug, Args)]
pub struct Replay {
    /// A recording's folder (docs/recording.md), or a scenario file (docs/scenarios.md)
    what: PathBuf,
    /// Print a timeline to read instead of JSON lines
    #[arg(long)]
    human: bool,
    /// Compare with expected.jsonl (or the scenario's expectations): print each line that does not hold, exit 1
    #[arg(long)]
    check: bool,
}

impl Replay {
    /// Runs the command; `false`: an expectation does not hold.
    pub fn run(&self, zones: Zones) -> anyhow::Result<bool> {
        let recording = read(&self.what)?;
        let replayed = replay(&recording, zones)?;
        let mut out = std::io::stdout().lock();
        let mut facts = Vec::new();
        for record in &replayed.records {
            for fact in &record.facts {
                facts.extend(explain::fact_json(record.at, fact, replayed.setup.as_ref()));
            }
        }
        if self.check {
            let complaints = expected::check(&recording.expected, &facts);
            for complaint in &complaints {
                writeln!(out, "{complaint}")?;
            }
            return Ok(complaints.is_empty());
        }
        if self.human {
            for record in &replayed.records {
                print_record(&mut out, &replayed.setup, record)?;
            }
        } else {
            for fact in &facts {
                writeln!(out, "{fact}")?;
            }
        }
        Ok(true)
    }
}

/// Reads a recording's folder, or a scenario's text.
pub fn read(what: &Path) -> anyhow::Result<Recording> {
    if what.is_dir() {
        return Recording::read(what)
            .with_context(|| format!("failed to read the recording {}", what.display()));
    }
    let text = std::fs::read_to_string(what).with_context(|| format!("failed to read {}", what.display()))?;
    match scenario::parse(&text) {
        Ok(recording) => Ok(recording),
        Err(problems) => {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| format!("{}:{}: {}", what.display(), problem.line, problem.text))
                .collect();
            bail!("failed to read the scenario:\n{}", lines.join("\n"))
        }
    }
}

/// Replays in memory.
pub fn replay(recording: &Recording, zones: Zones) -> anyhow::Result<Replayed> {
    let engine = Engine::new(recording, zones)?;
    let disk = (
        Box::new(MemoryLedger::new(LEDGER, SEGMENT_RECORDS)) as Box<_>,
        Box::new(MemoryStore::default()) as Box<_>,
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (replayed, _) = runtime.block_on(engine.run(disk))?;
    Ok(replayed)
}

/// One record as lines of a timeline, in the organisation's zone.
pub fn print_record(out: &mut dyn Write, setup: &Setup, record: &Record) -> std::io::Result<()> {
    let zone: &Zone = &setup.settings.rules.zone;
    for fact in &record.facts {
        if let Some(line) = explain::line(record.at, fact, setup, zone) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
