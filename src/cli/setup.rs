//! From texts to a [`Setup`]: the same steps for the daemon, `check` and a replay.

use std::sync::Arc;

use crate::config::{self, Calendars, Problem, Settings};
use crate::model::directory::Directory;
use crate::model::people::{CalendarId, Person, PersonId, Roster};
use crate::model::zone::Zones;
use crate::observe::keep::Lens;
use crate::plan::desk::Clicks;
use crate::run::{Gate, Setup};
use crate::tell::link::LinkKey;

/// The texts of a configuration, with the names by which problems call them.
#[derive(Debug, Clone)]
pub struct Texts<'a> {
    /// `drumbeat.toml`.
    pub config: &'a str,
    /// How it is called in problems.
    pub config_name: &'a str,
    /// `roster.csv`.
    pub roster: &'a str,
    /// How it is called in problems.
    pub roster_name: &'a str,
}

/// Reads settings and roster; all problems of whichever is wrong.
pub fn read(
    texts: &Texts<'_>,
    zones: &Zones,
    calendars: Calendars,
    number: &mut dyn FnMut(&str) -> PersonId,
) -> Result<(Settings, Roster, Vec<Problem>), Vec<Problem>> {
    let settings = config::settings(texts.config, texts.config_name, zones)?;
    let (roster, mut warnings) =
        config::roster(texts.roster, texts.roster_name, &settings, zones, calendars, number)?;
    warnings.splice(0..0, settings.warnings.iter().cloned());
    Ok((settings, roster, warnings))
}

/// Puts together what decisions are made from. `directory` holds everybody who ever had a number; `number` gives the
/// numbers of ops and of holiday calendars, too.
pub fn setup(
    settings: Settings,
    roster: Roster,
    mut directory: Directory,
    zones: Zones,
    key: LinkKey,
    gate: Gate,
    number: &mut dyn FnMut(&str) -> PersonId,
) -> Setup {
    for person in roster.people() {
        directory.insert(person.id, &person.address, &person.name);
    }
    let ops: Vec<PersonId> = settings
        .mail
        .ops
        .iter()
        .map(|address| {
            let id = number(address);
            if directory.get(id).is_none() {
                directory.insert(id, address, "");
            }
            id
        })
        .collect();
    let holidays = settings
        .holidays
        .iter()
        .enumerate()
        .map(|(nth, holiday)| (holiday.scope.clone(), CalendarId::first(number(&holiday_name(nth + 1)))))
        .collect();
    let is_clickable = gate == Gate::Off || !settings.web.public_url.is_empty();
    let clicks = if is_clickable { Clicks::Work } else { Clicks::None };
    let roster = Arc::new(roster);
    let rules = &settings.rules;
    let lens = Arc::new(Lens::new(Arc::clone(&roster), &rules.sessions, &rules.voice.from_address));
    Setup { settings, roster, lens, directory, ops, holidays, zones, key, clicks, gate }
}

/// What the nth calendar of holidays (counted from 1) is called in the table of numbers.
pub fn holiday_name(nth: usize) -> String {
    format!("holidays {nth}")
}

/// The same roster with some people changed.
pub fn with_people(roster: &Roster, mut change: impl FnMut(&mut Person)) -> Roster {
    Roster::new(roster.people().cloned().map(|mut person| {
        change(&mut person);
        person
    }))
}
