//! The commands: what is typed, wired to what does it. The only place that names concrete `io` types.

mod auth;
mod check;
mod completions;
mod control;
mod demo;
mod env;
mod explain;
mod files;
mod hand;
mod keep;
mod log;
mod past;
mod place;
mod plan;
mod rehearse;
mod reload;
pub mod replay;
mod report;
mod roster;
mod run;
pub mod setup;
mod solve;
pub mod stand_in;
mod survey;
mod verify;
mod who;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Problem;
use crate::io::zones;
use crate::ports::{Error, ErrorKind};
use env::Env;
use files::WrongConfig;
use hand::Orders as _;

/// Keeps sales 1-on-1s happening: sees when one is cancelled rather than moved, books another time in the same week,
/// and tells the right person when that fails.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all is well; 1 it failed; 2 the command line is wrong; 75 another drumbeat \
                          uses the state directory, try again later; 78 the configuration is wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Survey(survey::Survey),
    Roster(roster::Roster),
    Rehearse(rehearse::Rehearse),
    Auth(auth::Auth),
    Demo(demo::Demo),
    Plan(plan::Plan),
    Solve(solve::Solve),
    Explain(explain::Explain),
    Who(who::Who),
    Report(report::Report),
    Status(hand::Status),
    Pause(hand::Pause),
    Resume(hand::Resume),
    Reload(reload::Reload),
    Source(hand::Source),
    Excuse(hand::Excuse),
    Held(hand::Held),
    Mute(hand::Mute),
    Welcome(hand::Welcome),
    Backup(keep::backup::Backup),
    Restore(keep::restore::Restore),
    Repair(keep::repair::Repair),
    Verify(verify::Verify),
    Export(keep::export::Export),
    Forget(keep::forget::Forget),
    Replay(replay::Replay),
    StandIn(stand_in::StandIn),
    Completions(completions::Completions),
}

/// Where the system keeps its time zones.
const ZONEINFO: &str = "/usr/share/zoneinfo";

impl Cli {
    /// Runs the command that was typed.
    pub fn run(&self) -> ExitCode {
        let zones = zones::load(Path::new(ZONEINFO));
        let env = Env::read();
        let in_journal = log::is_journal(&env);
        let done = match &self.command {
            Command::Run(run) => run.run(zones, env),
            Command::Check(check) => check.run(&zones, &env),
            Command::Auth(auth) => auth.run(&zones, &env),
            Command::Demo(demo) => demo.run(zones),
            Command::Plan(plan) => plan.run(&zones, &env),
            Command::Solve(solve) => solve.run(),
            Command::Explain(explain) => explain.run(&zones, &env),
            Command::Who(who) => who.run(&zones),
            Command::Report(report) => report.run(&zones, &env),
            Command::Status(status) => status.run(&zones, &env),
            Command::Pause(pause) => pause.run(&zones, &env),
            Command::Resume(resume) => resume.run(&zones, &env),
            Command::Reload(reload) => reload.run(&zones, &env),
            Command::Source(source) => source.run(&zones, &env),
            Command::Excuse(excuse) => excuse.run(&zones, &env),
            Command::Held(held) => held.run(&zones, &env),
            Command::Mute(mute) => mute.run(&zones, &env),
            Command::Welcome(welcome) => welcome.run(&zones, &env),
            Command::Backup(backup) => backup.run(&zones, &env),
            Command::Restore(restore) => restore.run(&zones, &env),
            Command::Repair(repair) => repair.run(&zones, &env),
            Command::Export(export) => export.run(&zones, &env),
            Command::Forget(forget) => forget.run(&zones, &env),
            Command::Verify(verify) => verify.run(&zones, &env),
            Command::Replay(replay) => replay.run(zones),
            Command::StandIn(stand_in) => stand_in.run(zones),
            Command::Survey(survey) => survey.run(&zones, &env),
            Command::Roster(roster) => roster.run(&zones, &env),
            Command::Rehearse(rehearse) => rehearse.run(&zones, &env),
            Command::Completions(completions) => completions.run(),
        };
        match done {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(1),
            Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                let level = if in_journal { log::ERR } else { "" };
                for line in format!("drumbeat: {}", message(&error)).lines() {
                    eprintln!("{level}{line}");
                }
                ExitCode::from(exit_code(&error))
            }
        }
    }
}

/// What the caller (systemd, a script) should make of it: sysexits(3).
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<WrongConfig>() {
        return 78;
    }
    match error.downcast_ref::<Error>() {
        Some(error) if error.kind == ErrorKind::Conflict && error.code == "locked" => 75,
        _ => 1,
    }
}

/// A failure of the world is a fragment that fits after "failed to".
fn message(error: &anyhow::Error) -> String {
    if error.is::<Error>() { format!("failed to {error:#}") } else { format!("{error:#}") }
}

/// Whoever read the output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Problems, one a line.
fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A problem as it may stand in a log: where and what, without the value, which may be an address.
fn brief(problem: &Problem) -> String {
    let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
    let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) };
    format!("{}{line}: {key}{}", problem.file, problem.message)
}
