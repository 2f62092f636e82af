//! `drumbeat explain`: what is known of somebody's weeks, and why.

use std::io::Write;

use clap::Args;

use super::env::Env;
use super::past::{self, Past};
use super::place::{PlaceArgs, Store};
use crate::io::clock::SystemClock;
use crate::model::directory::Directory;
use crate::model::people::{PersonId, Roster};
use crate::model::time::Week;
use crate::model::zone::{Zone, Zones};
use crate::ports::Clock as _;
use crate::tell::names::{Addressee, People};
use crate::tell::whom::whom;
use crate::tell::{explain, names, when};

/// Tells what happened to a person's 1-on-1s, or everybody's, and why Drumbeat did what it did.
///
/// Reads the ledger, week by week; works beside the daemon.
#[derive(Debug, Args)]
pub struct Explain {
    /// A rep or a manager: an address, an alias or a part of the name that fits nobody else [default: everybody]
    person: Option<String>,
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

impl Known {
    /// The organisation's zone.
    fn zone(&self) -> Zone {
        match self {
            Self::All(past) => past.setup.settings.rules.zone.clone(),
            Self::Names(_) => Zone::utc(),
        }
    }
}

impl People for Known {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        match self {
            Self::All(past) => past.setup.get(id),
            Self::Names(directory) => names::Listed(directory, &Zone::utc()).get(id),
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
        let who = self.person.as_ref().map(|text| whom(text, roster, directory)).transpose();
        let who = who.map_err(anyhow::Error::msg)?;
        let zone = who.map_or_else(|| known.zone(), |who| names::zone(&known, who));
        let this = Week::of(SystemClock.now(), &zone);
        let weeks = self.week.map_or_else(|| vec![this.plus(-1), this], |week| vec![week]);
        let managers = roster.reps().filter_map(|rep| Some((rep.id, rep.manager?))).collect();
        let mut told = explain::Weeks::new(who, &weeks, managers);
        past::records(&store, &mut |record| {
            for fact in &record.facts {
                told.take(record.at, fact, &known, &zone);
            }
        })?;
        let mut out = std::io::stdout().lock();
        match who {
            Some(who) => write!(out, "{} <{}>", names::name(&known, who), names::address(&known, who))?,
            None => write!(out, "Everybody")?,
        }
        if let Some(manager) = who.and_then(|who| told.manager_of(who)) {
            write!(out, ", with {}", names::name(&known, manager))?;
        }
        writeln!(out, "; times of {}", zone.name)?;
        for (week, lines) in told.weeks() {
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
                if !store.has_ledger()? {
                    return Err(error);
                }
                eprintln!("drumbeat: without the configuration, times are UTC: {error:#}");
                Ok((Known::Names(past::names(&store)?), store))
            }
        }
    }
}
