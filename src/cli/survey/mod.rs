//! `drumbeat survey`: what calendars show of 1-on-1s, before anything is switched on.

mod draw;
mod people;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use clap::Args;

use super::env::Env;
use super::setup::with_people;
use crate::io::clock::SystemClock;
use crate::judge::{View, survey as judge};
use crate::model::calendar::{Diary, Picture};
use crate::model::people::{CalendarId, Person, PersonId, Roster};
use crate::model::report::{GATE_FROM, GATE_PERCENT, Recognition};
use crate::model::survey::{Leaf, Mend, Reading, RepLine, Series};
use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone, Zones};
use crate::observe::keep::{Lens, list_attendees};
use crate::ports::Clock as _;
use crate::tell::survey::{Came, Gate, Source, Survey as Told};

pub use sources::{Answered, Ground, SourceArgs, read_answer, read_roster};

/// So many days ahead are looked at, as the daemon does.
const DAYS_AHEAD: i64 = 62;
/// Calendars of nobody known have numbers from here on.
const NOBODY_FROM: u32 = 1 << 31;

/// Shows the 1-on-1s that calendars hold, and how each rep's would be recognised.
///
/// Needs no configuration, no roster, no state and no mail server: name calendars, and it lists the recurring meetings of
/// two people with what became of each. With a roster it says for each rep who is owed 1-on-1s how theirs is recognised, or
/// why it is not and which cell of the roster would mend that; then how many took place before, and whether propose and auto would act. Changes nothing.
#[derive(Debug, Args)]
pub struct Survey {
    #[command(flatten)]
    args: SourceArgs,
    /// A roster instead of the configuration's
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Weeks to look back
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Survey {
    /// Runs the command; `false`: not one calendar was read.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let seen = Seen::look(&self.args, self.roster.as_deref(), self.weeks, zones, env)?;
        let mut out = std::io::stdout().lock();
        let told = seen.told();
        if self.json {
            writeln!(out, "{:#}", told.json())?;
        } else {
            for line in told.lines() {
                writeln!(out, "{line}")?;
            }
        }
        Ok(told.sources.iter().any(|source| matches!(source.came, Came::Read { .. })))
    }
}

/// A calendar that was asked, and whose it is.
pub struct Asked {
    /// Its number: its owner's, where that is known.
    pub calendar: CalendarId,
    /// Whose it is.
    pub owner: Option<PersonId>,
    /// The rest.
    pub answered: Answered,
}

/// All that was read.
pub struct Seen {
    /// Settings and roster.
    pub ground: Ground,
    /// The roster and all others in the calendars.
    pub everybody: Arc<Roster>,
    /// The calendars.
    pub asked: Vec<Asked>,
    zones: Zones,
    now: Moment,
    weeks: u32,
}

impl Seen {
    /// Reads all calendars once.
    pub fn look(
        args: &SourceArgs,
        roster: Option<&std::path::Path>,
        weeks: u32,
        zones: &Zones,
        env: &Env,
    ) -> anyhow::Result<Self> {
        let mut ground = Ground::read(args, roster, zones, env)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answered = runtime.block_on(ground.ask(zones))?;
        let owners: Vec<Option<String>> = answered.iter().map(|one| owner(one, &ground)).collect();
        let named: BTreeSet<String> = owners.iter().flatten().cloned().collect();
        let readings = answered.iter().filter_map(|one| one.reading.as_ref().ok());
        let everybody = Arc::new(people::everybody(&ground.roster, &ground.settings, &named, readings));
        let mut taken: BTreeMap<PersonId, u8> = BTreeMap::new();
        let asked =
            (NOBODY_FROM..).zip(answered.into_iter().zip(owners)).map(|(spare, (answered, owner))| {
                let owner = owner.and_then(|address| everybody.by_address(&address));
                let whose = owner.unwrap_or(PersonId(spare));
                let nth = taken.entry(whose).or_default();
                *nth = nth.saturating_add(1);
                Asked { calendar: CalendarId { owner: whose, nth: *nth }, owner, answered }
            });
        let asked = asked.collect();
        Ok(Self { ground, everybody, asked, zones: zones.clone(), now: SystemClock.now(), weeks })
    }

    /// Series of two people in all calendars.
    pub fn series(&self) -> Vec<Series> {
        let leaves: Vec<Leaf> = self.leaves(&self.everybody).into_values().collect();
        judge::series(&leaves, &self.past(), self.ground.settings.rules.sessions.longest)
    }

    /// From a Monday on, up to now.
    fn past(&self) -> Span {
        let zone = &self.ground.settings.rules.zone;
        let first = Week::of(self.now, zone).plus(-i64::from(self.weeks));
        Span::new(first.span(zone).start, self.now)
    }

    /// What happens in each calendar, by what its events mean for the people of `roster`.
    fn leaves(&self, roster: &Arc<Roster>) -> BTreeMap<CalendarId, Leaf> {
        let rules = &self.ground.settings.rules;
        let lens = Lens::new(Arc::clone(roster), &rules.sessions, &rules.voice.from_address);
        // A day more on both sides, for weeks of other zones.
        let from = self.past().start - TimeDelta::days(1);
        let window = Span::new(from, self.now + TimeDelta::days(DAYS_AHEAD));
        let read = self.asked.iter().filter_map(|asked| Some((asked, asked.answered.reading.as_ref().ok()?)));
        read.map(|(asked, reading)| {
            let own: &Zone = asked
                .owner
                .and_then(|owner| self.ground.roster.get(owner))
                .map_or(&rules.zone, |person| &person.zone);
            let is_owned = asked.owner.is_some();
            let with = (&lens, &self.zones);
            (asked.calendar, draw::leaf(reading, asked.calendar, is_owned, own, with, &window))
        })
        .collect()
    }

    fn told(&self) -> Told<'_> {
        let series = self.series();
        let sources = self.asked.iter().map(|asked| self.source(asked)).collect();
        Told {
            people: self.everybody.as_ref(),
            past: self.past(),
            zone: &self.ground.settings.rules.zone,
            sources,
            series,
            reps: self.ground.has_roster.then(|| self.reps()),
        }
    }

    fn source(&self, asked: &Asked) -> Source {
        let came = match &asked.answered.reading {
            Err(error) => Came::Failed { code: error.code.clone(), why: error.to_string() },
            Ok(reading) => {
                let owner = asked.owner.and_then(|owner| self.everybody.get(owner));
                let rules = &self.ground.settings.rules;
                Came::Read {
                    events: reading.events.len() as u32,
                    private: private(reading),
                    lists_attendees: list_attendees(&reading.events, &rules.voice.from_address),
                    foreign: owner.and_then(|owner| judge::foreign(owner, reading, &self.everybody, rules)),
                }
            }
        };
        Source { label: asked.answered.label.clone(), owner: asked.owner, came }
    }

    /// A line for each rep who is owed 1-on-1s. What would mend something is tried before it is said.
    fn reps(&self) -> (Vec<RepLine>, Gate) {
        let mut lines = self.lines(&Arc::new(self.ground.roster.clone()));
        let mended = with_people(&self.ground.roster, |person| {
            lines.iter().filter_map(|line| line.mend.as_ref()).for_each(|mend| apply(mend, person));
        });
        let tried: BTreeMap<PersonId, bool> =
            self.lines(&Arc::new(mended)).iter().map(|line| (line.rep, line.known.is_some())).collect();
        for line in &mut lines {
            line.mend = line.mend.take().filter(|_| tried.get(&line.rep) == Some(&true));
        }
        let owed = lines.iter().filter(|line| line.is_read).count() as u32;
        let recognised = lines.iter().filter(|line| line.known.is_some()).count() as u32;
        let gate = Gate {
            owed,
            recognised,
            unread: lines.len() as u32 - owed,
            // As in the daemon: who could not be read is not recognised either.
            is_open: Recognition { owed: lines.len() as u32, recognised }.is_enough(),
            needs: (GATE_FROM, GATE_PERCENT),
        };
        (lines, gate)
    }

    fn lines(&self, roster: &Arc<Roster>) -> Vec<RepLine> {
        let leaves = self.leaves(roster);
        let pictures: BTreeMap<CalendarId, Picture> =
            leaves.iter().map(|(calendar, leaf)| (*calendar, leaf.picture(self.now))).collect();
        let nothing = Diary::default();
        let pairs = roster.reps().filter_map(|rep| Some((rep, roster.get(rep.manager?)?)));
        pairs
            .map(|(rep, manager)| {
                let (mine, theirs) = (CalendarId::first(rep.id), CalendarId::first(manager.id));
                let view = View {
                    now: self.now,
                    roster,
                    rules: &self.ground.settings.rules,
                    rep,
                    manager,
                    rep_picture: pictures.get(&mine),
                    manager_picture: pictures.get(&theirs),
                    rep_diary: &nothing,
                    manager_diary: &nothing,
                    other_pictures: &[],
                };
                let sides = judge::Sides { manager: leaves.get(&theirs), rep: leaves.get(&mine) };
                judge::line(&view, sides, self.weeks)
            })
            .collect()
    }
}

/// Whose calendar it is, as somebody says, or as its content does.
fn owner(answered: &Answered, ground: &Ground) -> Option<String> {
    let seems = || judge::whose(answered.reading.as_ref().ok()?, &ground.settings.rules);
    answered.owner.clone().or_else(seems)
}

fn private(reading: &Reading) -> u32 {
    let series = reading.events.iter().filter(|event| event.is_private && !event.recurrence.is_empty());
    series.count() as u32
}

fn apply(mend: &Mend, person: &mut Person) {
    match mend {
        Mend::Match { of, pattern } if *of == person.id => person.title_match = Some(pattern.clone()),
        Mend::Alias { of, address } if *of == person.id => person.aliases.push(address.clone()),
        Mend::Match { .. } | Mend::Alias { .. } => {}
    }
}
