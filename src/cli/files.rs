//! Configuration, roster and agenda as files, read as one: the same for the start, a reload and `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::place::beside;
use super::setup::{self, Texts};
use crate::config::{self, Calendars, Problem, Settings};
use crate::model::directory::Directory;
use crate::model::people::{CalendarId, PersonId, Roster, SourceSpec};
use crate::model::zone::Zones;

/// What is wrong with the configuration (exit code 78).
#[derive(Debug, thiserror::Error)]
pub enum WrongConfig {
    /// A file cannot be read.
    #[error("failed to read {what} {}: {cause}", path.display())]
    Unreadable {
        /// Which one.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// All that is wrong in the files.
    #[error("the configuration is wrong:\n{}", super::lines(.0))]
    Problems(Vec<Problem>),
    /// A credential or an address that cannot be used.
    #[error("the configuration is wrong: failed to {0}")]
    Port(crate::ports::Error),
    /// A roster that was cut short, by the looks of it.
    #[error("the configuration is wrong: {0}; then start it again")]
    Roster(crate::config::Refusal),
}

/// Everything that was read; people have numbers of this reading alone.
#[derive(Debug, Clone)]
pub struct Files {
    /// The folder of the configuration: relative paths begin there.
    pub folder: PathBuf,
    /// The configuration as it was read.
    pub text: String,
    /// The settings, with the agenda's text.
    pub settings: Settings,
    /// The people.
    pub roster: Roster,
    /// What is allowed but hardly meant.
    pub warnings: Vec<Problem>,
}

impl Files {
    /// Reads the configuration and the files that it names.
    pub fn read(config: &Path, zones: &Zones) -> Result<Self, WrongConfig> {
        Self::read_with(config, None, zones)
    }

    /// The same with another roster than the configuration's. The roster's relative paths begin beside the
    /// configuration all the same.
    pub fn read_with(config: &Path, roster: Option<&Path>, zones: &Zones) -> Result<Self, WrongConfig> {
        let folder = beside(config);
        let config_text = text("the configuration", config)?;
        let config_name = config.display().to_string();
        let settings = config::settings(&config_text, &config_name, zones).map_err(WrongConfig::Problems)?;
        let roster_file = roster.map_or_else(|| folder.join(&settings.roster_file), Path::to_owned);
        let roster_text = text("the roster", &roster_file)?;
        let agenda_file = settings.agenda_file.as_ref().map(|file| folder.join(file));
        let agenda = agenda_file.map(|file| text("the agenda", &file)).transpose()?.unwrap_or_default();
        let roster_name = roster_file.display().to_string();
        let texts = Texts {
            config: &config_text,
            config_name: &config_name,
            roster: &roster_text,
            roster_name: &roster_name,
        };
        let mut next = 0;
        let mut number = |_: &str| {
            next += 1;
            PersonId(next)
        };
        let (mut settings, roster, warnings) =
            setup::read(&texts, zones, Calendars::FromRoster, &mut number).map_err(WrongConfig::Problems)?;
        agenda.trim().clone_into(&mut settings.rules.sessions.agenda);
        Ok(Self { folder, text: config_text, settings, roster, warnings })
    }

    /// All that need a number, as (address, name), each once: people, then ops who are nobody of the roster, then
    /// calendars of holidays.
    pub fn names(&self) -> Vec<(String, String)> {
        let people = self.roster.people().map(|person| (person.address.clone(), person.name.clone()));
        let ops: BTreeSet<&String> = self.settings.mail.ops.iter().collect();
        let ops = ops.into_iter().filter(|address| self.roster.by_address(address).is_none());
        let holidays = (1..=self.settings.holidays.len()).map(setup::holiday_name);
        let others = ops.cloned().chain(holidays).map(|name| (name, String::new()));
        people.chain(others).collect()
    }

    /// The roster with the numbers of `directory`.
    pub fn renumbered(&self, directory: &Directory) -> Roster {
        let new = |id: PersonId| {
            self.roster.get(id).and_then(|person| directory.by_address(&person.address)).unwrap_or(id)
        };
        setup::with_people(&self.roster, |person| {
            person.id = new(person.id);
            person.manager = person.manager.map(new);
        })
    }

    /// Where each calendar is read from: people's, by the numbers of `roster`, and those of holidays.
    pub fn feeds(&self, roster: &Roster, holidays: &[CalendarId]) -> BTreeMap<CalendarId, String> {
        let people = roster.people().flat_map(|person| {
            let calendars = (1..).zip(&person.calendars);
            calendars.map(move |(nth, spec)| (CalendarId { owner: person.id, nth }, spec))
        });
        let days = self.settings.holidays.iter().zip(holidays).map(|(holiday, id)| (*id, &holiday.source));
        people.chain(days).filter_map(|(id, spec)| Some((id, feed(&self.folder, spec)?))).collect()
    }
}

/// Where a feed is: a file's path from this folder, a URL as it is.
pub fn feed(folder: &Path, spec: &SourceSpec) -> Option<String> {
    match spec {
        SourceSpec::Feed(place) if place.contains("://") => Some(place.clone()),
        SourceSpec::Feed(place) => Some(folder.join(place).display().to_string()),
        SourceSpec::Google(_) | SourceSpec::World => None,
    }
}

/// A file's text; `what` names it where it cannot be read.
pub fn text(what: &'static str, path: &Path) -> Result<String, WrongConfig> {
    std::fs::read_to_string(path).map_err(|cause| WrongConfig::Unreadable {
        what,
        path: path.to_owned(),
        cause,
    })
}
