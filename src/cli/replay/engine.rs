//! A recording through the real loop: virtual clock, made-up world, and the daemon as it is.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::TimeDelta;

use crate::cli::setup::{self, Texts};
use crate::config::Calendars;
use crate::model::directory::Directory;
use crate::model::fact::{Action, Fact, Record};
use crate::model::ledger::LedgerId;
use crate::model::mail::Mail;
use crate::model::people::{BookVia, CalendarId, PersonId, Roster, SourceSpec};
use crate::model::zone::{Moment, Zones};
use crate::ports::{Clock as _, Error, Ledger, Store};
use crate::run::{self, Clicked, Daemon, Gate, Input, KeepWritten, Reloaded, Setup};
use crate::sim::recording::{CalendarName, Recording, Reply};
use crate::sim::world::World;
use crate::tell::link::LinkKey;

/// Whoever accepts does so this long after they were asked.
const ANSWERED_AFTER: TimeDelta = TimeDelta::minutes(45);
/// A replay's ledger has an identity of its own, always the same, so that its output is.
pub const LEDGER: LedgerId = LedgerId(*b"drumbeat replay!");

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Its configuration or roster is wrong.
    #[error("{}", lines(.0))]
    Config(Vec<crate::config::Problem>),
    /// The ledger or the store failed.
    #[error("{0}")]
    World(#[from] Error),
}

fn lines(problems: &[crate::config::Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What a replay comes to.
pub struct Replayed {
    /// All records, in order.
    pub records: Vec<Record>,
    /// All mails, in order.
    pub mails: Vec<(Moment, Mail)>,
    /// The setup at the end: names and zones for printing.
    pub setup: Rc<Setup>,
}

/// A ledger and a store, handed from one start of the daemon to the next.
pub type Disk = (Box<dyn Ledger>, Box<dyn Store>);

/// What a test does to the disk between two ticks; `None`: the daemon goes on.
pub type Between<'a> = &'a mut dyn FnMut(Disk) -> Disk;

/// One replay.
pub struct Engine<'a> {
    recording: &'a Recording,
    zones: Zones,
    world: World,
    numbers: BTreeMap<String, PersonId>,
    directory: Directory,
    known: Option<Setup>,
    config: String,
    roster: String,
    /// Restarts the daemon before every tick, with what this makes of its disk.
    pub between: Option<Between<'a>>,
    /// Whoever is offered times takes the first of them, a little later.
    pub accepts: bool,
    /// Changes the settings of the recording (the demo's page has an address).
    pub adapt: Box<dyn Fn(&mut crate::config::Settings) + 'a>,
}

impl<'a> Engine<'a> {
    /// A replay of `recording`; offsets come from `zones`.
    pub fn new(recording: &'a Recording, zones: Zones) -> Result<Self, ReplayError> {
        Ok(Self {
            recording,
            world: World::new(recording, zones.clone()),
            zones,
            numbers: BTreeMap::new(),
            directory: Directory::default(),
            known: None,
            config: recording.config.clone(),
            roster: recording.roster.clone(),
            between: None,
            accepts: false,
            adapt: Box::new(|_| {}),
        })
    }

    /// The made-up world, for faults.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Runs from the recording's start to its end.
    pub async fn run(mut self, disk: Disk) -> Result<(Replayed, Daemon), ReplayError> {
        let mut records = Vec::new();
        let mut daemon = self.start(disk)?;
        let mut downs = self.recording.down.iter().peekable();
        let mut reloads = self.recording.reloads.clone();
        let mut replies: std::collections::VecDeque<Reply> = self.recording.replies.iter().cloned().collect();
        loop {
            let next = [
                Some(daemon.next_wake()),
                reloads.keys().next().copied(),
                replies.front().map(|reply| reply.at),
                downs.peek().map(|down| down.start),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(self.recording.until).max(self.world.now());
            if next > self.recording.until {
                break;
            }
            self.world.set(next);
            if let Some(down) = downs.next_if(|down| down.start <= next) {
                let disk = daemon.stop();
                self.world.set(down.end.min(self.recording.until));
                daemon = self.start(disk)?;
            }
            let now = self.world.now();
            while let Some(entry) = reloads.first_entry().filter(|entry| *entry.key() <= now) {
                self.reload(entry.remove(), &mut daemon).await?;
            }
            if let Some(between) = &mut self.between {
                let disk = between(daemon.stop());
                daemon = self.start(disk)?;
            }
            let due = daemon.due();
            let fetched = run::fetch(Rc::new(self.world.clone()), due).await;
            daemon.tick(Input::Timer(fetched)).await?;
            while replies.front().is_some_and(|reply| reply.at <= now) {
                if let Some(said) = replies.pop_front().and_then(|reply| Self::said(&reply, &daemon)) {
                    daemon.tick(Input::Answered(said)).await?;
                }
            }
            let written = daemon.take_written();
            if self.accepts {
                replies.extend(accepted(&written, &daemon.setup().roster, now));
            }
            records.extend(written);
        }
        records.extend(daemon.take_written());
        let setup = daemon.setup();
        Ok((Replayed { records, mails: self.world.sent(), setup }, daemon))
    }

    fn start(&mut self, (ledger, store): Disk) -> Result<Daemon, ReplayError> {
        let setup = match &self.known {
            Some(setup) => setup.clone(),
            None => self.setup()?,
        };
        Ok(Daemon::start(self.ports(), setup, ledger, store, KeepWritten::Yes)?)
    }

    fn ports(&self) -> run::World {
        run::World {
            clock: Rc::new(self.world.clone()),
            calendars: Rc::new(self.world.clone()),
            bookings: Rc::new(self.world.clone()),
            mailer: Rc::new(self.world.clone()),
        }
    }

    fn setup(&mut self) -> Result<Setup, ReplayError> {
        let numbers = &mut self.numbers;
        let mut number = |address: &str| {
            let next = PersonId(numbers.len() as u32 + 1);
            *numbers.entry(address.to_owned()).or_insert(next)
        };
        let texts = Texts {
            config: &self.config,
            config_name: "drumbeat.toml",
            roster: &self.roster,
            roster_name: "roster.csv",
        };
        let (mut settings, roster, _) = setup::read(&texts, &self.zones, Calendars::FromWorld, &mut number)
            .map_err(ReplayError::Config)?;
        (self.adapt)(&mut settings);
        let mut names = self.recording.names(&roster);
        let roster = setup::with_people(&roster, |person| {
            let calendars = names.keys().filter(|calendar| calendar.owner == person.id).count();
            person.calendars = vec![SourceSpec::World; calendars];
            if self.recording.books_in_calendar(&names, person.id) {
                person.book = BookVia::Google;
            }
        });
        for nth in 1..=settings.holidays.len() {
            let name = CalendarName::first(&setup::holiday_name(nth));
            if self.recording.calendars.contains_key(&name) {
                names.insert(CalendarId::first(number(&setup::holiday_name(nth))), name);
            }
        }
        self.world.name(names);
        let setup = setup::setup(
            settings,
            roster,
            std::mem::take(&mut self.directory),
            self.zones.clone(),
            LinkKey(*b"a replay's links lead to nowhere"),
            Gate::Off,
            &mut number,
        );
        self.directory.clone_from(&setup.directory);
        self.known = Some(setup.clone());
        Ok(setup)
    }

    async fn reload(
        &mut self,
        reload: crate::sim::recording::Reload,
        daemon: &mut Daemon,
    ) -> Result<(), ReplayError> {
        self.config = reload.config.unwrap_or(std::mem::take(&mut self.config));
        self.roster = reload.roster.unwrap_or(std::mem::take(&mut self.roster));
        let setup = self.setup()?;
        let reloaded = Reloaded { setup, world: self.ports(), changed: Vec::new(), accept_roster: false };
        daemon.tick(Input::Reloaded(Box::new(reloaded))).await?;
        Ok(())
    }

    /// A row of `replies.csv` as an input; a decline acts in the calendars, not here, once something is booked.
    fn said(reply: &Reply, daemon: &Daemon) -> Option<Clicked> {
        let setup = daemon.setup();
        let who = setup.roster.by_address(&reply.who.to_lowercase())?;
        let rep = setup.roster.by_address(&reply.rep.to_lowercase())?;
        if reply.action == Action::Decline && daemon.is_booked(rep) {
            return None;
        }
        Some(Clicked::Said {
            who,
            action: reply.action,
            rep,
            option: reply.option.map(|option| option as u32),
        })
    }
}

/// The answers to what was just proposed: the first time of each. All come equally late, so they stay in order.
fn accepted(written: &[Record], roster: &Roster, now: Moment) -> Vec<Reply> {
    let facts = written.iter().flat_map(|record| &record.facts);
    facts
        .filter_map(|fact| {
            let Fact::Proposed { recovery, to, .. } = fact else { return None };
            let address = |id: PersonId| roster.get(id).map(|person| person.address.clone());
            let (who, rep) = (address(*to)?, address(recovery.rep)?);
            Some(Reply { at: now + ANSWERED_AFTER, who, action: Action::Accept, rep, option: None })
        })
        .collect()
}
