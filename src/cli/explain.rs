//! `drumbeat explain`: what is known of somebody's weeks, and why.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;

use super::env::Env;
use super::past::{self, Past};
use super::person;
use super::place::{PlaceArgs, Store};
use crate::io::clock::SystemClock;
use crate::model::directory::Directory;
use crate::model::fact::Fact;
use crate::model::people::{PersonId, Roster};
use crate::model::time::Week;
use crate::model::zone::{Zone, Zones};
use crate::ports::Clock as _;
use crate::tell::names::{Addressee, People};
use crate::tell::{explain, names, when};

/// Tells what happened to a person's 1-on-1s, and why Drumbeat did what it did.
///
/// Reads the ledger, week by week; works beside the daemon.
#[derive(Debug, Args)]
pub struct Explain {
    /// A rep or a manager: an address, an alias or a part of the name that fits nobody else
    person: String,
    /// Only this week, such as 2026-W47 [default: this week and the one before]
    #[arg(long)]
    week: Option<Week>,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Who people are, from the configuration where it can be read, else from the table beside the ledger alone.
enum Known {
    All(Box<Past>),
    Names(Directory),
}

impl People for Known {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        match self {
            Self::All(past) => past.setup.get(id),
            Self::Names(directory) => directory.get(id).map(|listed| Addressee {
                address: listed.address.clone(),
                name: listed.name.clone(),
                first_name: listed.name.split_whitespace().next().unwrap_or_default().to_owned(),
                zone: Zone::utc(),
            }),
        }
    }
}

impl Explain {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let (known, store) = self.known(zones, env)?;
        let nobody = Roster::default();
        let (roster, directory) = match &known {
            Known::All(past) => (past.setup.roster.as_ref(), &past.setup.directory),
            Known::Names(directory) => (&nobody, directory),
        };
        let who = person::find(&self.person, roster, directory)?;
        let zone = names::zone(&known, who);
        let this = Week::of(SystemClock.now(), &zone);
        let weeks = self.week.map_or_else(|| vec![this.plus(-1), this], |week| vec![week]);
        let managers = roster.reps().filter_map(|rep| Some((rep.id, rep.manager?))).collect();
        let mut pages =
            Pages { who, weeks: weeks.into_iter().map(|week| (week, Vec::new())).collect(), managers };
        past::records(&store, &mut |record| {
            for fact in &record.facts {
                pages.take(record.at, fact, &known, &zone);
            }
        })?;
        let mut out = std::io::stdout().lock();
        write!(out, "{} <{}>", names::name(&known, who), names::address(&known, who))?;
        if let Some(manager) = pages.managers.get(&who) {
            write!(out, ", with {}", names::name(&known, *manager))?;
        }
        writeln!(out, "; times of {}", zone.name)?;
        for (week, lines) in &pages.weeks {
            writeln!(out, "\n{week} ({})", when::week_days(*week))?;
            if lines.is_empty() {
                writeln!(out, "  nothing is known of this week")?;
            }
            for line in lines {
                writeln!(out, "  {line}")?;
            }
        }
        Ok(true)
    }

    fn known(&self, zones: &Zones, env: &Env) -> anyhow::Result<(Known, Store)> {
        match Past::read(&self.place, env, zones) {
            Ok(past) => {
                let store = past.store.clone();
                Ok((Known::All(Box::new(past)), store))
            }
            Err(error) => {
                let store = self.place.store(env, None);
                if !store.ledger().is_dir() {
                    return Err(error);
                }
                eprintln!("drumbeat: without the configuration, times are UTC: {error:#}");
                Ok((Known::Names(past::names(&store)?), store))
            }
        }
    }
}

/// What is collected of the weeks that were asked for.
struct Pages {
    who: PersonId,
    weeks: BTreeMap<Week, Vec<String>>,
    /// Whose manager is whom, as the ledger said last.
    managers: BTreeMap<PersonId, PersonId>,
}

impl Pages {
    fn take(&mut self, at: crate::model::zone::Moment, fact: &Fact, people: &Known, zone: &Zone) {
        let about = About::of(fact);
        if let (Some(rep), Some(manager)) = (about.rep, about.manager) {
            self.managers.insert(rep, manager);
        }
        let manager = about.rep.and_then(|rep| self.managers.get(&rep).copied());
        if ![about.rep, about.manager, about.reader, manager].contains(&Some(self.who)) {
            return;
        }
        let week = about.week.unwrap_or_else(|| Week::of(at, zone));
        let Some(lines) = self.weeks.get_mut(&week) else { return };
        lines.extend(explain::line(at, fact, people, zone));
    }
}

/// Whom and which week a fact is about.
#[derive(Default)]
struct About {
    rep: Option<PersonId>,
    manager: Option<PersonId>,
    reader: Option<PersonId>,
    week: Option<Week>,
}

impl About {
    fn of(fact: &Fact) -> Self {
        let pair = |rep: PersonId, manager: PersonId, week: Week| Self {
            rep: Some(rep),
            manager: Some(manager),
            week: Some(week),
            reader: None,
        };
        match fact {
            Fact::Due { rep, week, .. } => Self { rep: Some(*rep), week: Some(*week), ..Self::default() },
            Fact::Session { rep, manager, week, .. }
            | Fact::Verdict { rep, manager, week, .. }
            | Fact::Recovery { rep, manager, week, .. }
            | Fact::Week { rep, manager, week, .. } => pair(*rep, *manager, *week),
            Fact::Escalated { rep, manager, week, to, .. } => {
                Self { reader: Some(*to), ..pair(*rep, *manager, *week) }
            }
            Fact::Proposed { recovery, to, .. } => {
                Self { rep: Some(recovery.rep), week: Some(recovery.week), reader: Some(*to), manager: None }
            }
            Fact::Booked { recovery, .. }
            | Fact::Released { recovery, .. }
            | Fact::FellBack { recovery, .. }
            | Fact::NoSlot { recovery, .. } => {
                Self { rep: Some(recovery.rep), week: Some(recovery.week), ..Self::default() }
            }
            Fact::Answer { who, recovery, .. } => Self {
                rep: recovery.map(|recovery| recovery.rep),
                week: recovery.map(|recovery| recovery.week),
                reader: Some(*who),
                manager: None,
            },
            Fact::Mail { to, .. } | Fact::MailRefused { to, .. } | Fact::MailDropped { to, .. } => {
                Self { reader: Some(*to), ..Self::default() }
            }
            Fact::Source { calendar, .. } => Self { reader: Some(calendar.owner), ..Self::default() },
            _ => Self::default(),
        }
    }
}
