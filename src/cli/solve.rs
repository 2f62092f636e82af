//! `drumbeat solve`: the best plan for a planning instance.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use flate2::read::MultiGzDecoder;

use crate::plan::solve::{Effort, solve_steady, solve_with};
use crate::plan::table::Table;

/// No file is read beyond this many bytes, unpacked: a thousand teams are ten million.
const LARGEST: u64 = 1 << 30;

/// Plans the sessions of a planning instance, and proves how good the plan is.
///
/// Reads drumbeat-plan/1, as JSON or packed with gzip, and prints one JSON object: how many sessions are placed, what the
/// plan costs, the start of each session, and for each part of the instance what is proven of it. Reads no configuration
/// and no calendar.
#[derive(Debug, Args)]
pub struct Solve {
    /// The instance: .json, or .json.gz
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Look briefly, as where somebody waits for the answer
    #[arg(long)]
    quick: bool,
    /// Leave a start that is proposed already, unless moving it places more sessions or saves more than so many points
    #[arg(long, value_name = "POINTS")]
    steady: Option<u32>,
}

impl Solve {
    /// Runs the command.
    pub fn run(&self) -> anyhow::Result<bool> {
        let name = self.file.display();
        let json = self.read().with_context(|| format!("failed to read {name}"))?;
        // The error is a fragment that fits after "failed to", and tells its cause itself.
        let table = Table::parse(&json).map_err(|error| anyhow!("{name}: failed to {error}"))?;
        let effort = if self.quick { Effort::QUICK } else { Effort::THOROUGH };
        let solution = match self.steady {
            Some(threshold) => solve_steady(&table, i64::from(threshold), effort),
            None => solve_with(&table, effort),
        };
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &solution)?;
        writeln!(out)?;
        Ok(true)
    }

    fn read(&self) -> std::io::Result<Vec<u8>> {
        let file = File::open(&self.file)?;
        let mut bytes = Vec::new();
        if self.file.extension().is_some_and(|ext| ext == "gz") {
            MultiGzDecoder::new(file).take(LARGEST).read_to_end(&mut bytes)?;
        } else {
            file.take(LARGEST).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
}
