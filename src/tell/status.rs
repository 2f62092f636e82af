//! How a running Drumbeat is, for those who run it: text for the terminal; the same value is printed as JSON.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::Serialize;

use super::phrase;
use super::when;
use crate::model::people::{Person, Roster};
use crate::model::report::Recognition;
use crate::model::zone::{Moment, Zone};

/// Most lines of one list that are printed; the rest is counted.
const LISTED: usize = 20;

/// Everything at a glance. Field names are those of `status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version that runs.
    pub version: &'static str,
    /// When it was asked.
    pub now: Moment,
    /// `observe`, `propose` or `auto`, as configured.
    pub mode: &'static str,
    /// Managers whose teams alone it is for; 0: it is for all.
    pub pilot: u32,
    /// Every effect is stopped, since then.
    pub paused_since: Option<Moment>,
    /// Why propose and auto act as observe, where they do.
    pub held_back: Option<String>,
    /// The first look at all calendars is over.
    pub is_ready: bool,
    /// How far it is, until then.
    pub first_look: Option<Progress>,
    /// In the roster.
    pub people: u32,
    /// That are read.
    pub calendars: u32,
    /// Those that are not well, or have not answered yet.
    pub unwell: Vec<Lag>,
    /// When the calendar answered that has been silent longest.
    pub oldest_answer: Option<Moment>,
    /// For how many reps there is a 1-on-1.
    pub recognition: Recognition,
    /// The Monday from which on anything is owed, where the week that runs owes nothing for being the first.
    pub owes_from: Option<NaiveDate>,
    /// Missing 1-on-1s that are being mended.
    pub recoveries: Recoveries,
    /// Mails that wait.
    pub outbox: Outbox,
    /// What wakes it next, soonest first.
    pub next: Vec<Next>,
    /// In the ledger.
    pub records: u64,
}

/// Of the first look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Calendars that have answered.
    pub read: u32,
    /// Calendars there are.
    pub of: u32,
}

/// How a calendar is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// Whose: an address, `#2` behind it for a second one.
    pub calendar: String,
    /// `ok`, `suspect`, `failing`, or `unknown` before its first answer.
    pub state: &'static str,
    /// A code.
    pub why: Option<String>,
    /// Since when it is so.
    pub since: Option<Moment>,
    /// Its newest good answer since the start.
    pub answered: Option<Moment>,
}

/// By state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the words are drawn in `recovery`")]
pub struct Recoveries {
    pub open: u32,
    pub proposed: u32,
    pub booked: u32,
}

/// Of mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outbox {
    /// How many.
    pub mails: u32,
    /// Since when the one waits whose hour came first, if any's has come.
    pub oldest: Option<Moment>,
    /// Failures of the mail server in a row.
    pub failures: u32,
    /// The newest one's code.
    pub why: Option<String>,
    /// When the next one is tried.
    pub next_try: Option<Moment>,
}

/// A wake-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// When.
    pub at: Moment,
    /// For what.
    pub what: &'static str,
}

/// The status as text; times in this zone.
pub fn text(status: &Status, zone: &Zone) -> String {
    let mut rows: Vec<(&str, String)> = vec![("drumbeat", doing(status, zone))];
    if let Some(progress) = status.first_look {
        rows.push(("first look", format!("{} of {} calendars have been read", progress.read, progress.of)));
    }
    let unwell = status.unwell.len() as u32;
    let oldest = status
        .oldest_answer
        .map_or_else(String::new, |at| format!("; the oldest answer is {} old", age(status.now, at)));
    let people = match status.people {
        0 => "nobody yet: fill in the roster, then `drumbeat reload`".to_owned(),
        some => format!(
            "{}, {} calendars, {unwell} of them {}{oldest}",
            phrase::count(some, "person", "people"),
            status.calendars,
            if status.first_look.is_some() { "not read yet or not well" } else { "not well" }
        ),
    };
    rows.push(("people", people));
    rows.extend(status.owes_from.map(|from| {
        let day = from.format("%a %-d %b");
        ("owed", format!("nothing before {day}, the first whole week (policy.first_week)"))
    }));
    let Recognition { owed, recognised } = status.recognition;
    rows.push(("recognised", format!("a 1-on-1 for {recognised} of {owed} reps that are owed one")));
    let Recoveries { open, proposed, booked } = status.recoveries;
    rows.push(("recoveries", format!("{open} open, {proposed} proposed, {booked} booked")));
    rows.push(("mails", mails(status, zone)));
    rows.push(("ledger", phrase::count(status.records as u32, "record", "records")));
    let mut text = String::new();
    for (name, what) in &rows {
        let _ = writeln!(text, "{name:<11}{what}");
    }
    for (nth, next) in status.next.iter().enumerate() {
        let name = if nth == 0 { "next" } else { "" };
        let _ = writeln!(text, "{name:<11}{}  {}", when::at(next.at, zone), next.what);
    }
    if unwell > 0 {
        let _ = write!(text, "\nCalendars that are not well:\n{}", lag_lines(&status.unwell, status.now));
    }
    text
}

fn doing(status: &Status, zone: &Zone) -> String {
    let Status { version, mode, .. } = status;
    let what = match (status.paused_since, &status.held_back) {
        (Some(since), _) => format!("paused since {}; `drumbeat resume` goes on", when::at(since, zone)),
        (None, Some(why)) => format!("mode {mode}, held back to observe: {why}; see `drumbeat survey`"),
        (None, None) if status.pilot > 0 && *mode != "observe" => {
            format!(
                "mode {mode}, for the teams of {} (pilot)",
                phrase::count(status.pilot, "manager", "managers")
            )
        }
        (None, None) => format!("mode {mode}"),
    };
    format!("{version}, {what}")
}

fn mails(status: &Status, zone: &Zone) -> String {
    let Outbox { mails, oldest, failures, why, next_try } = &status.outbox;
    let oldest = oldest.map_or_else(String::new, |at| format!(", the oldest {} old", age(status.now, at)));
    let trouble = match next_try.filter(|_| *failures > 0) {
        Some(at) => format!(
            "; the mail server has refused or not answered {} in a row ({}), it is asked again {}",
            phrase::count(*failures, "time", "times"),
            why.as_deref().unwrap_or("no code"),
            when::at(at, zone)
        ),
        None => String::new(),
    };
    format!("{mails} waiting{oldest}{trouble}")
}

/// Calendars as a list: what is not well, or all.
pub fn sources(lags: &[Lag], calendars: u32, now: Moment, zone: &Zone) -> String {
    if lags.is_empty() {
        return format!("All {calendars} calendars are well ({}).", when::at(now, zone));
    }
    let suspect = lags.iter().any(|lag| lag.state == "suspect");
    let accept = if suspect {
        "\nWhere a suspect calendar is right, such as one that was emptied on purpose: `drumbeat source accept \
         ADDRESS`."
    } else {
        ""
    };
    format!("{}{accept}", lag_lines(lags, now))
}

fn lag_lines(lags: &[Lag], now: Moment) -> String {
    let mut text = String::new();
    let widest = lags.iter().map(|lag| lag.calendar.chars().count()).max().unwrap_or(0).min(40);
    for lag in lags.iter().take(LISTED) {
        let answered = match lag.answered {
            Some(at) => format!("answered {} ago", age(now, at)),
            None => "has not answered since the start".to_owned(),
        };
        let why = lag.why.as_deref().map_or_else(String::new, |why| format!(": {}", phrase::source_why(why)));
        let since = lag.since.filter(|_| lag.state != "ok");
        let since = since.map_or_else(String::new, |at| format!(" for {}", age(now, at)));
        let _ = writeln!(text, "  {:<widest$}  {}{since}{why}; {answered}", lag.calendar, lag.state);
    }
    if lags.len() > LISTED {
        let _ = writeln!(text, "  and {} more", lags.len() - LISTED);
    }
    text
}

/// What would be done now.
pub fn plan(now: Moment, lines: &[String], next: Moment, zone: &Zone) -> String {
    let mut text = format!("{} (nothing of this is done):\n", when::at(now, zone));
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    if lines.is_empty() {
        text += "  nothing to do\n";
    }
    let _ = write!(text, "Next look: {}.", when::at(next, zone));
    text
}

/// How long ago, in the largest unit that fits.
fn age(now: Moment, at: Moment) -> String {
    let seconds = (now - at).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How two rosters differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterChange {
    /// Names of those who are new.
    pub joined: Vec<String>,
    /// Names of those who are gone.
    pub left: Vec<String>,
    /// Names of those of whom something else is said.
    pub changed: Vec<String>,
}

impl RosterChange {
    /// Who is in one and not in the other, or otherwise.
    pub fn between(old: &Roster, new: &Roster) -> Self {
        let names = |roster: &Roster, holds: &dyn Fn(&Person) -> bool| {
            roster.people().filter(|person| holds(person)).map(|person| person.name.clone()).collect()
        };
        let differs = |person: &Person| old.get(person.id).is_some_and(|before| before != person);
        Self {
            joined: names(new, &|person| old.get(person.id).is_none()),
            left: names(old, &|person| new.get(person.id).is_none()),
            changed: names(new, &differs),
        }
    }
}

/// What a reload changed. `keys` are those of the configuration.
pub fn reload_text(keys: &[String], rosters: &RosterChange) -> String {
    let mut lines = Vec::new();
    if !keys.is_empty() {
        lines.push(format!("  settings: {}", keys.join(", ")));
    }
    for (what, names) in [("joined", &rosters.joined), ("left", &rosters.left), ("changed", &rosters.changed)]
    {
        if names.is_empty() {
            continue;
        }
        let shown: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
        let more = names.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("  {what}: {}{more}", shown.join(", ")));
    }
    if lines.is_empty() {
        "Taken up; nothing is different.".to_owned()
    } else {
        format!("Taken up:\n{}", lines.join("\n"))
    }
}
