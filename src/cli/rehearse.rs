//! `drumbeat rehearse`: a policy over the calendars' own past, in counts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use clap::{Args, ValueEnum};

use super::env::Env;
use super::files::{Files, WrongConfig};
use super::place::{state_beside, usual};
use super::replay::engine::{Engine, LEDGER};
use super::run::{Sources, google};
use super::setup::holiday_name;
use super::survey::read_answer;
use crate::config::Settings;
use crate::io::clock::SystemClock;
use crate::model::people::{CalendarId, PersonId, Roster};
use crate::model::policy::Mode;
use crate::model::survey::Reading;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone, Zones};
use crate::ports::{Clock as _, Error};
use crate::run::{Due, fetch};
use crate::sim::ledger::MemoryLedger;
use crate::sim::past;
use crate::sim::recording::{CalendarName, Recording, Said, Visible};
use crate::sim::store::MemoryStore;
use crate::tell::rehearsal::{self, Tally};
use crate::tell::{phrase, when};

/// Records between two checkpoints of a rehearsal's ledger.
const SEGMENT_RECORDS: usize = 4096;
/// Most policies beside one another.
const POLICIES_MOST: usize = 4;
/// Longest past that is rehearsed, in days.
const DAYS_MOST: i64 = 366;
/// Calendars are asked so often, on the virtual clock: a change is seen that much later at most.
const POLL: Duration = Duration::from_mins(15);
/// Calendars of public holidays have numbers from here on.
const HOLIDAYS_FROM: u32 = 1 << 30;

/// Runs a policy over the calendars' own past and counts what it would have done.
///
/// Reads all calendars of the roster once, puts back together how they looked since a day, as far as they remember it,
/// and runs the daemon over that on a virtual clock. Prints counts: what would have been seen, proposed, booked and mailed; two
/// configurations side by side. Sends nothing, books nothing and touches no state.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// The first day
    #[arg(long, value_name = "DATE")]
    since: NaiveDate,
    /// The day after the last [default: now]
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// A configuration; given twice, their policies stand side by side, with people and calendars of the first
    /// [default: /etc/drumbeat/drumbeat.toml, or ./drumbeat.toml]
    #[arg(long = "config", value_name = "FILE")]
    configs: Vec<PathBuf>,
    /// Rehearse in this mode and for everybody, whatever mode and pilot say
    #[arg(long, value_enum)]
    mode: Option<As>,
    /// What becomes of proposals: the first time is accepted within the hour, or nobody ever answers
    #[arg(long, value_enum, default_value_t = Answers::Silence)]
    answers: Answers,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    Observe,
    Propose,
    Auto,
}

impl From<As> for Mode {
    fn from(mode: As) -> Self {
        match mode {
            As::Observe => Self::Observe,
            As::Propose => Self::Propose,
            As::Auto => Self::Auto,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answers {
    Silence,
    Accept,
}

/// What was put back together.
struct Rebuilt {
    calendars: BTreeMap<CalendarName, BTreeMap<Moment, Said>>,
    read: u32,
    asked: u32,
    changes: u32,
    passed_over: u32,
}

impl Rehearse {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let configs = if self.configs.is_empty() { vec![usual()] } else { self.configs.clone() };
        if configs.len() > POLICIES_MOST {
            bail!(
                "too many configurations: {}, and {POLICIES_MOST} stand side by side at most",
                configs.len()
            );
        }
        let all: Vec<Files> =
            configs.iter().map(|config| Files::read(config, zones)).collect::<Result<_, _>>()?;
        let [first, ..] = all.as_slice() else { return Ok(false) };
        let span = self.span(&first.settings.rules.zone)?;
        let roster = text(&first.folder.join(&first.settings.roster_file))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let read = runtime.block_on(read(first, &configs[0], env, zones))?;
        let rebuilt = rebuild(first, read, zones, &span);
        let mut policies = Vec::new();
        for (config, files) in configs.iter().zip(&all) {
            let mut recording = recording(text(config)?, roster.clone(), &rebuilt, span);
            no_unread_holidays(&mut recording, files.settings.holidays.len());
            policies.push((self.name(config, &files.settings), self.play(&recording, zones)?));
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", rehearsal::json(&policies))?;
            return Ok(rebuilt.read > 0);
        }
        for line in self.head(&rebuilt, &span, &first.settings.rules.zone) {
            writeln!(out, "{line}")?;
        }
        for line in rehearsal::lines(&policies) {
            writeln!(out, "{line}")?;
        }
        Ok(rebuilt.read > 0)
    }

    fn span(&self, zone: &Zone) -> anyhow::Result<Span> {
        let now = SystemClock.now();
        let midnight = |date: NaiveDate| zone.instant(date.and_time(NaiveTime::MIN));
        let until = self.until.map_or(now, midnight).min(now);
        let since = midnight(self.since);
        if since >= until {
            bail!("--since {}: write a day before {}", self.since, when::day(until, zone));
        }
        if until - since > TimeDelta::days(DAYS_MOST) {
            bail!("--since {}: write a day at most {DAYS_MOST} days before the last", self.since);
        }
        Ok(Span::new(since, until))
    }

    /// How a policy is called: by its file and mode.
    fn name(&self, config: &Path, settings: &Settings) -> String {
        let file = config
            .file_name()
            .map_or_else(|| config.display().to_string(), |name| name.to_string_lossy().into_owned());
        let mode = self.mode.map_or(settings.rules.mode, Mode::from);
        format!("{file} ({})", phrase::mode_word(mode))
    }

    /// The real loop over the recording, counted.
    fn play(&self, recording: &Recording, zones: &Zones) -> anyhow::Result<Tally> {
        let mut engine = Engine::new(recording, zones.clone())?;
        engine.accepts = self.answers == Answers::Accept;
        let mode = self.mode.map(Mode::from);
        engine.adapt = Box::new(move |settings| {
            if let Some(mode) = mode {
                settings.rules.mode = mode;
                settings.rules.pilot.clear();
            }
            settings.feeds.poll = settings.feeds.poll.max(POLL);
        });
        let disk = (
            Box::new(MemoryLedger::new(LEDGER, SEGMENT_RECORDS)) as Box<_>,
            Box::new(MemoryStore::default()) as Box<_>,
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (replayed, _) = runtime.block_on(engine.run(disk))?;
        let mut tally = Tally::default();
        let zone = &replayed.setup.settings.rules.zone;
        for record in &replayed.records {
            record.facts.iter().for_each(|fact| tally.take(record.at, fact, zone));
        }
        Ok(tally)
    }

    fn head(&self, rebuilt: &Rebuilt, span: &Span, zone: &Zone) -> Vec<String> {
        let Rebuilt { read, asked, changes, passed_over, .. } = rebuilt;
        let answers = match self.answers {
            Answers::Silence => "nobody answers a proposal (--answers accept: everybody does)",
            Answers::Accept => "the first time of each proposal is accepted within the hour",
        };
        let mut head = vec![
            format!(
                "From {} until {}, over {read} of {}, which remember {}. Nothing was sent or booked.",
                when::day(span.start, zone),
                when::day(span.end, zone),
                phrase::count(*asked, "calendar", "calendars"),
                phrase::count(*changes, "change", "changes"),
            ),
            format!(
                "A rehearsal cannot know what was deleted without a trace, what was changed before its last change, and \
                 what people would have answered: {answers}."
            ),
        ];
        if *passed_over > 0 {
            let passed = phrase::count(*passed_over, "older change is", "older changes are");
            head.push(format!("{passed} passed over: there are too many in one calendar."));
        }
        head.push(String::new());
        head
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))
}

/// Every calendar of the roster and of holidays, by its name in a recording, with its owner's zone.
async fn read(
    files: &Files,
    config: &Path,
    env: &Env,
    zones: &Zones,
) -> anyhow::Result<Vec<(CalendarName, Zone, Result<Reading, Error>)>> {
    let roster: &Roster = &files.roster;
    let days: Vec<CalendarId> = (HOLIDAYS_FROM..)
        .take(files.settings.holidays.len())
        .map(|number| CalendarId::first(PersonId(number)))
        .collect();
    let people = roster.people().flat_map(|person| {
        (1..).zip(&person.calendars).map(move |(nth, _)| {
            let name = CalendarName { address: person.address.clone(), nth };
            (CalendarId { owner: person.id, nth }, name, person.zone.clone())
        })
    });
    let zone = &files.settings.rules.zone;
    let holidays =
        (1..).zip(&days).map(|(nth, id)| (*id, CalendarName::first(&holiday_name(nth)), zone.clone()));
    let all: BTreeMap<CalendarId, (CalendarName, Zone)> =
        people.chain(holidays).map(|(id, name, zone)| (id, (name, zone))).collect();
    let state = state_beside(config, env);
    let google = google(files, roster, env, &state, None).map_err(WrongConfig::Port)?;
    let sources = Sources::new(&files.feeds(roster, &days), &files.settings.feeds, google)?;
    let due = all.keys().map(|calendar| Due { calendar: *calendar, known: None, audit: None }).collect();
    let answers = fetch(std::rc::Rc::new(sources), due).await;
    let largest = files.settings.feeds.largest;
    Ok(answers
        .into_iter()
        .filter_map(|fetched| {
            let (name, zone) = all.get(&fetched.calendar)?.clone();
            Some((name, zone, fetched.answer.and_then(|answer| read_answer(answer, largest, zones))))
        })
        .collect())
}

/// The past of each calendar that was read; those that were not are told.
fn rebuild(
    files: &Files,
    read: Vec<(CalendarName, Zone, Result<Reading, Error>)>,
    zones: &Zones,
    span: &Span,
) -> Rebuilt {
    let mut rebuilt =
        Rebuilt { calendars: BTreeMap::new(), read: 0, asked: read.len() as u32, changes: 0, passed_over: 0 };
    for person in files.roster.people().filter(|person| person.calendars.is_empty()) {
        eprintln!("note: {} has no calendar in the roster: when they are free is unknown", person.address);
    }
    for (name, zone, reading) in read {
        match reading {
            Ok(reading) => {
                let past = past::past(&reading, &zone, zones, span);
                rebuilt.read += 1;
                rebuilt.changes += past.answers.len() as u32 - 1;
                rebuilt.passed_over += past.passed_over;
                rebuilt.calendars.insert(name, past.answers);
            }
            Err(error) => eprintln!("not read: {name}: {error}; nothing is seen in it, and nothing booked"),
        }
    }
    rebuilt
}

fn recording(config: String, roster: String, rebuilt: &Rebuilt, span: Span) -> Recording {
    Recording {
        from: span.start,
        until: span.end,
        visible: Visible::AtOnce,
        down: Vec::new(),
        config,
        roster,
        reloads: BTreeMap::new(),
        calendars: rebuilt.calendars.clone(),
        replies: Vec::new(),
        edits: Vec::new(),
        expected: Vec::new(),
    }
}

/// Calendars of holidays that were not read are empty: that they fail is no part of the policy.
fn no_unread_holidays(recording: &mut Recording, count: usize) {
    for nth in 1..=count {
        let empty = crate::ical::write(&[], &BTreeMap::new()).into_bytes();
        let name = CalendarName::first(&holiday_name(nth));
        let answers = recording.calendars.entry(name).or_default();
        if answers.is_empty() {
            answers.insert(recording.from, Said::Ics(empty));
        }
    }
}
