//! `drumbeat check`: what a start would read, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use chrono::{Datelike, NaiveDate, TimeDelta};
use clap::Args;

use super::env::Env;
use super::files::{Files, WrongConfig};
use super::past::{self, Past};
use super::place::PlaceArgs;
use super::run;
use crate::config::Transport;
use crate::io::clock::SystemClock;
use crate::io::google::{Google, Proof};
use crate::model::people::{CalendarId, Roster, Status};
use crate::model::report::{GATE_PERCENT, Recognition};
use crate::model::zone::Zones;
use crate::ports::{Clock as _, Error, ErrorKind};
use crate::run::{recognition, view};
use crate::tell::phrase;

/// Zone data older than this is told: some country has changed its rules since.
const ZONES_OLD_DAYS: i64 = 365;

/// Reads the configuration as a start does and tells all that is wrong with it.
///
/// Configuration, roster and agenda are read to their ends; the exit code is 78 where something is wrong. Credentials that
/// systemd hands to the service are looked for beside the configuration, where the unit takes them from. Writes nothing and
/// asks no feed: `drumbeat survey` does. Where the roster uses Google, it shows what the credentials are good for, by one
/// harmless call for each person: it lists at most one event, and looks at none.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    place: PlaceArgs,
    /// Calendars at Google that are tried, managers' first; 0: none
    #[arg(long, value_name = "N", default_value_t = 25)]
    google: usize,
    /// Also connect to the mail server and log in; no mail is sent
    #[arg(long)]
    mail: bool,
}

impl Check {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let config = self.place.config.path();
        let files = Files::read(&config, zones)?;
        let env = &env.with_credentials(&files.folder);
        let state = self.place.state(env);
        let mut out = std::io::stdout().lock();
        match run::try_out(&files, env, &state) {
            // Credentials are root's alone; whoever may not read them may still look at the rest.
            Err(error) if error.is_no_right() => {
                writeln!(out, "warning: not looked at: failed to {error}; use sudo")?;
            }
            tried => tried.map_err(WrongConfig::Port)?,
        }
        for warning in &files.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        if let Some(warning) = closed(&config, &files.folder.join(&files.settings.roster_file)) {
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
        writeln!(out, "  {:<12} {}", "recognised", self.recognised(files.clone(), zones, env)?)?;
        if self.mail {
            let said = try_mail(&files, env)?;
            writeln!(out, "  {:<12} {said}", "mail server")?;
        }
        let google = match run::google(&files, &files.roster, env, &state, None) {
            Err(error) if error.is_no_right() => None,
            google => google.map_err(WrongConfig::Port)?,
        };
        match google.filter(|_| self.google > 0) {
            Some(google) => self.prove(&google, &files.roster, &mut out),
            None => Ok(true),
        }
    }

    /// For how many reps the daemon found a 1-on-1, where it ran already.
    fn recognised(&self, files: Files, zones: &Zones, env: &Env) -> anyhow::Result<String> {
        let past = Past::of(files, &self.place, env, zones)?;
        let state = view(&past::copy(&past.store)?)?;
        let found = recognition(&past.setup.roster, &|rep| state.reps.get(&rep));
        let Recognition { owed, recognised } = found;
        if state.reps.is_empty() {
            return Ok("not known before the daemon has run; `drumbeat survey` shows it now".to_owned());
        }
        let held = if found.is_enough() {
            String::new()
        } else {
            format!("; {GATE_PERCENT} % are needed, so propose and auto are held back: see `drumbeat survey`")
        };
        Ok(format!("a 1-on-1 for {recognised} of {owed} reps that are owed one{held}"))
    }

    /// Tries calendars at Google and says what is missing, a sentence each.
    fn prove(&self, google: &Google, roster: &Roster, out: &mut dyn Write) -> anyhow::Result<bool> {
        let mut all: Vec<CalendarId> = google.calendars().collect();
        all.sort_by_key(|calendar| (roster.reports(calendar.owner).next().is_none(), *calendar));
        let tried = &all[..all.len().min(self.google)];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut faults = Vec::new();
        for calendar in tried {
            let proof = runtime.block_on(google.prove(*calendar));
            let whose = roster.get(calendar.owner).map_or("?", |owner| owner.address.as_str());
            faults.extend(missing(whose, calendar.nth, &proof));
        }
        writeln!(out, "  {:<12} {} of {} calendars tried", "google", tried.len(), all.len())?;
        for fault in &faults {
            writeln!(out, "wrong: {fault}")?;
        }
        if faults.is_empty() {
            return Ok(true);
        }
        let count = phrase::count(faults.len() as u32, "thing is", "things are");
        let message = format!("use Google as it is configured: {count} missing, as said above");
        Err(WrongConfig::Port(Error::new(ErrorKind::Denied, "google", message)).into())
    }
}

/// Whoever checks as root can read what the service cannot: a roster that is not open to the group to which the configuration
/// is.
fn closed(config: &Path, roster: &Path) -> Option<String> {
    let (open, own) = (std::fs::metadata(config).ok()?, std::fs::metadata(roster).ok()?);
    let by_group = |of: &std::fs::Metadata| of.mode() & 0o040 != 0;
    let is_for_service = open.uid() == 0 && open.gid() != 0 && by_group(&open);
    let is_readable = own.mode() & 0o004 != 0 || (by_group(&own) && own.gid() == open.gid());
    (is_for_service && !is_readable).then(|| {
        let (config, roster) = (config.display(), roster.display());
        format!(
            "{roster} cannot be read by the account that may read {config}, so the service cannot start; \
             `chown --reference={config} {roster} && chmod --reference={config} {roster}` mends it"
        )
    })
}

/// Connects to the mail server as for a mail.
fn try_mail(files: &Files, env: &Env) -> anyhow::Result<&'static str> {
    let Some(mailer) = run::smtp(files, env)? else {
        return Ok("none: mails are written as files");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tried = runtime.block_on(mailer.try_out());
    tried.map_err(|error| Error {
        message: format!("hand mails to the server of `[mail] url`: {error}"),
        ..error
    })?;
    Ok("answers, and lets us in")
}

/// What is missing for one calendar.
fn missing(whose: &str, nth: u8, proof: &Proof) -> Option<String> {
    let which = if nth > 1 { format!("calendar {nth} of {whose}") } else { whose.to_owned() };
    match (&proof.events, &proof.busy) {
        (Ok(role), _) if role != "freeBusyReader" || nth > 1 => None,
        (Ok(_), _) => Some(format!(
            "{which}: only free and busy times may be seen; share the calendar with \"See all event details\", or delegate"
        )),
        (Err(_), Ok(())) if nth > 1 => None,
        (Err(error), Ok(())) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound) => {
            Some(format!(
                "{which}: its events may not be seen ({}), only when they are; share it with \"See all event details\"",
                error.code
            ))
        }
        (Err(error), _) => Some(format!("{which}: failed to {error}")),
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
