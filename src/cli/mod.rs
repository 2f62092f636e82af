//! The commands: what is typed, wired to what does it. The only place that names concrete `io` types.

pub mod replay;
pub mod setup;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::io::zones;

/// Keeps sales 1-on-1s happening: sees when one is cancelled rather than moved, books another time in the same week,
/// and tells the right person when that fails.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(replay::Replay),
}

/// Where the system keeps its time zones.
const ZONEINFO: &str = "/usr/share/zoneinfo";

impl Cli {
    /// Runs the command that was typed.
    pub fn run(&self) -> ExitCode {
        let zones = zones::load(std::path::Path::new(ZONEINFO));
        let done = match &self.command {
            Command::Replay(replay) => replay.run(zones),
        };
        match done {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(1),
            Err(error) => {
                eprintln!("drumbeat: {error:#}");
                ExitCode::from(1)
            }
        }
    }
}
