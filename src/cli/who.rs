//! `drumbeat who`: who would be told, in which order and when.

use std::io::Write;

use clap::Args;

use super::files::Files;
use super::place::ConfigArg;
use crate::io::clock::SystemClock;
use crate::judge::cadence::rule_for;
use crate::model::directory::Directory;
use crate::model::people::{Person, Status};
use crate::model::policy::{Mode, Rung};
use crate::model::zone::Zones;
use crate::ports::Clock as _;
use crate::tell::phrase;
use crate::tell::whom::whom;

/// Tells who would be told, in which order and when, if somebody's 1-on-1 were missed.
///
/// Reads configuration and roster alone. The exit code is 1 where nobody would ever be told.
#[derive(Debug, Args)]
pub struct Who {
    /// The rep: an address, an alias or a part of the name that fits nobody else
    person: String,
    /// If one were missed: the only question so far
    #[arg(long, required = true)]
    missed: bool,
    #[command(flatten)]
    config: ConfigArg,
}

impl Who {
    /// Runs the command; `false`: nobody, since the person owes no 1-on-1.
    pub fn run(&self, zones: &Zones) -> anyhow::Result<bool> {
        let files = Files::read(&self.config.path(), zones)?;
        let id = whom(&self.person, &files.roster, &Directory::default()).map_err(anyhow::Error::msg)?;
        let mut out = std::io::stdout().lock();
        let rep = files.roster.get(id);
        let pair = rep.and_then(|rep| Some((rep, files.roster.get(rep.manager?)?)));
        let Some((rep, manager)) = pair.filter(|(rep, _)| rep.status != Some(Status::None)) else {
            writeln!(out, "Nobody: {} owes no 1-on-1.", rep.map_or("this person", |rep| rep.name.as_str()))?;
            return Ok(false);
        };
        let today = rep.zone.local(SystemClock.now()).date();
        let rules = &files.settings.rules;
        let rule = rule_for(&rules.cadence, rep, today);
        let Some(rule) = rule else {
            writeln!(out, "Nobody: no [[cadence]] rule matches {} today.", rep.name)?;
            return Ok(false);
        };
        writeln!(out, "If a 1-on-1 of {} with {} were missed (rule {}):", rep.name, manager.name, rule.name)?;
        let leader = manager.manager.and_then(|leader| files.roster.get(leader));
        for (nth, step) in (1..).zip(&rules.escalation.steps) {
            let to: Vec<String> =
                step.to.iter().flat_map(|rung| named(*rung, manager, leader, &files)).collect();
            let to = if to.is_empty() { named(Rung::Ops, manager, leader, &files) } else { to };
            writeln!(out, "  {nth}. {:<15} {}", after(step.after_seconds), to.join(", "))?;
        }
        let repeat = after(rules.escalation.repeat.num_seconds());
        writeln!(out, "The last step is said again {repeat}, until it is settled or the week is over.")?;
        if rep.status_on(today) == Some(Status::Plan) {
            writeln!(out, "Waits run day and night: the rep is on a plan.")?;
        } else {
            writeln!(out, "Waits run in the reader's working hours, unless it is about the same day.")?;
        }
        if rule.skips > 0 {
            let weeks = phrase::count(rule.skips, "missed week", "missed weeks");
            writeln!(out, "Once the week is over, {weeks} in a row may pass before it is told again.")?;
        }
        if rules.mode == Mode::Observe {
            writeln!(out, "Not now, though: the mode is observe, and nobody is told.")?;
        } else if !rules.pilot.is_empty() && !rules.pilot.contains(&manager.address) {
            writeln!(out, "Not now, though: {} is not in the pilot, and nobody is told.", manager.name)?;
        }
        Ok(true)
    }
}

fn named(rung: Rung, manager: &Person, leader: Option<&Person>, files: &Files) -> Vec<String> {
    let person = |person: &Person, role: &str| format!("{} <{}> ({role})", person.name, person.address);
    match rung {
        Rung::Manager => vec![person(manager, "manager")],
        Rung::Leader => leader.map(|leader| person(leader, "leader")).into_iter().collect(),
        Rung::Ops => files.settings.mail.ops.iter().map(|address| format!("{address} (ops)")).collect(),
    }
}

fn after(seconds: i64) -> String {
    match seconds / 60 {
        0 => "at once".to_owned(),
        minutes if minutes % 60 == 0 => {
            format!("after {}", phrase::count((minutes / 60) as u32, "hour", "hours"))
        }
        minutes => format!("after {}", phrase::count(minutes as u32, "minute", "minutes")),
    }
}
