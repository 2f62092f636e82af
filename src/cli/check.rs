//! `drumbeat check`: what a start would read, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::{Datelike, NaiveDate, TimeDelta};
use clap::Args;

use super::env::Env;
use super::files::{Files, WrongConfig};
use super::place::ConfigArg;
use super::run;
use crate::config::Transport;
use crate::io::clock::SystemClock;
use crate::model::people::Status;
use crate::model::zone::Zones;
use crate::ports::Clock as _;
use crate::tell::phrase;

/// Zone data older than this is told: some country has changed its rules since.
const ZONES_OLD_DAYS: i64 = 365;

/// Reads the configuration as a start does and tells all that is wrong with it.
///
/// Configuration, roster and agenda are read to their ends; the exit code is 78 where something is wrong. Writes
/// nothing, asks no calendar and no mail server.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    config: ConfigArg,
}

impl Check {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let config = self.config.path();
        let files = Files::read(&config, zones)?;
        run::try_out(&files, env).map_err(WrongConfig::Port)?;
        let mut out = std::io::stdout().lock();
        for warning in &files.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        let today = SystemClock.now().date_naive();
        if let Some(warning) = old_zones(zones.version(), today) {
            writeln!(out, "warning: {warning}")?;
        }
        writeln!(out, "{} is right.", config.display())?;
        for (what, value) in summary(&files, zones, today) {
            writeln!(out, "  {what:<12} {value}")?;
        }
        Ok(true)
    }
}

fn summary(files: &Files, zones: &Zones, today: NaiveDate) -> Vec<(&'static str, String)> {
    let settings = &files.settings;
    let roster = &files.roster;
    let reps: Vec<_> = roster.reps().collect();
    let managers: BTreeSet<_> = reps.iter().filter_map(|rep| rep.manager).collect();
    let used: BTreeMap<&str, usize> = count(roster.people().map(|person| &*person.zone.name));
    let calendars: usize = roster.people().map(|person| person.calendars.len()).sum();
    let pilot = match settings.rules.pilot.len() {
        0 => String::new(),
        n => format!(", limited to the teams of {}", phrase::count(n as u32, "manager", "managers")),
    };
    let transport = match &settings.mail.transport {
        Transport::Smtp { .. } => "to a mail server".to_owned(),
        Transport::File { dir } => format!("written as files into {dir}"),
    };
    let pages = match (settings.web.listen, settings.web.public_url.as_str()) {
        (None, _) => "not served".to_owned(),
        (Some(listen), "") => {
            format!("served on {listen}, but no mail links to them (web.public_url is empty)")
        }
        (Some(listen), url) => format!("served on {listen}, linked as {url}"),
    };
    vec![
        ("mode", format!("Drumbeat {}{pilot}", phrase::mode(settings.rules.mode))),
        ("people", roster.people().count().to_string()),
        ("managers", managers.len().to_string()),
        (
            "reps",
            format!("{}: {}", reps.len(), list(&count(reps.iter().map(|rep| status(rep.status_on(today)))))),
        ),
        ("time zones", list(&used)),
        ("calendars", format!("{calendars}, and {} of public holidays", settings.holidays.len())),
        ("mails", transport),
        ("pages", pages),
        ("zone data", format!("IANA {}, {}", zones.version(), zones_from(zones))),
    ]
}

fn status(status: Option<Status>) -> &'static str {
    match status {
        None => "by tenure",
        Some(Status::Ramping) => "ramping",
        Some(Status::Tenured) => "tenured",
        Some(Status::Senior) => "senior",
        Some(Status::Plan) => "on a plan",
        Some(Status::Leave) => "on leave",
        Some(Status::None) => "owe nothing",
    }
}

fn count<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// `Europe/Berlin (4), Asia/Kolkata (2)`: the most frequent first.
fn list(counts: &BTreeMap<&str, usize>) -> String {
    let mut counts: Vec<(&str, usize)> = counts.iter().map(|(word, n)| (*word, *n)).collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.iter().map(|(word, n)| format!("{word} ({n})")).collect::<Vec<_>>().join(", ")
}

fn zones_from(zones: &Zones) -> &'static str {
    if zones.version() == Zones::bundled().version() { "of this program" } else { "of this system" }
}

/// A release tells its year alone: the middle of it stands for its day.
fn old_zones(version: &str, today: NaiveDate) -> Option<String> {
    let year = version.get(..4).and_then(|year| year.parse().ok());
    let released = year.and_then(|year| NaiveDate::from_ymd_opt(year, 7, 1));
    let Some(released) = released else {
        return Some(format!("the time zone data is of unknown age ({version}): install tzdata"));
    };
    (today - released > TimeDelta::days(ZONES_OLD_DAYS) && today.year() > released.year()).then(|| {
        format!("the time zone data is old (IANA {version}): update the system's tzdata, or this program")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_data_is_old_after_a_year() {
        let check = |version: &str, today: &str, is_old: bool| {
            let today = today.parse().expect("a day");
            assert_eq!(old_zones(version, today).is_some(), is_old, "{version} on {today}");
        };
        check("2026b", "2026-11-16", false);
        check("2025b", "2026-06-30", false);
        check("2025b", "2026-11-16", true);
        check("2019a", "2026-01-01", true);
        check("2027a", "2026-11-16", false);
        check("bundled", "2026-11-16", true);
    }
}
