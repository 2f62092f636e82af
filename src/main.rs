//! The program: parses arguments, runs, returns the exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    drumbeat::cli::Cli::parse().run()
}
