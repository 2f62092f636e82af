//! `drumbeat roster`: a first roster, from what calendars show.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::env::Env;
use super::files::WrongConfig;
use super::survey::{Asked, Seen, SourceArgs, read_roster};
use crate::config::columns;
use crate::judge::survey::{Guess, managers};
use crate::model::people::{Person, PersonId};
use crate::model::survey::{Every, Series};
use crate::model::zone::Zones;
use crate::observe::keep::list_attendees;
use crate::tell::names::clean;
use crate::tell::phrase;

/// Weeks that are looked at.
const WEEKS: u32 = 12;
/// Only the service may read a file with secret addresses in it.
const MODE: u32 = 0o600;
/// What those may do who are neither the file's owner nor of its group.
const STRANGERS: u32 = 0o007;
/// Longest name that is written, in characters.
const NAME_MOST: usize = 80;
/// How it is called in problems.
const SUGGESTED: &str = "the suggested roster";
/// Where a spreadsheet would begin a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// Makes a roster.
#[derive(Debug, Args)]
pub struct Roster {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Suggest(Suggest),
}

/// Writes a first roster.csv from what calendars show.
///
/// People are those who have a recurring 1-on-1 with somebody in the calendars, and the calendars' owners. Whoever has
/// 1-on-1s with most people is taken for their manager, and a manager's manager likewise; where that is unsure the cell is left
/// empty, and said. Look through it before you use it: start dates, statuses and time zones are yours to fill in.
#[derive(Debug, Args)]
struct Suggest {
    #[command(flatten)]
    args: SourceArgs,
    /// The file to write, readable by you alone; - prints it, secret addresses and all
    #[arg(long, value_name = "FILE", default_value = "roster.csv")]
    out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

impl Roster {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        match &self.what {
            What::Suggest(suggest) => suggest.run(zones, env),
        }
    }
}

impl Suggest {
    fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let is_printed = self.out == Path::new("-");
        if !is_printed && !self.force && self.out.exists() {
            bail!("failed to write {}: it is there already; --force writes over it", self.out.display());
        }
        let seen = Seen::look(&self.args, None, WEEKS, zones, env)?;
        for asked in &seen.asked {
            if let Err(error) = &asked.answered.reading {
                eprintln!("not read: {}: {error}", asked.answered.label);
            }
        }
        let mut found = Found::new(&seen);
        if found.people.is_empty() {
            bail!(
                "failed to suggest a roster: there are no recurring 1-on-1s in these calendars, nor owners; write EMAIL= before \
                 a calendar to say whose it is"
            );
        }
        let text = found.right(&seen, zones)?;
        found.say(&seen);
        if is_printed {
            std::io::stdout().lock().write_all(text.as_bytes())?;
            return Ok(true);
        }
        write(&self.out, &text, self.force)
            .with_context(|| format!("failed to write {}", self.out.display()))?;
        let people = phrase::count(found.people.len() as u32, "person", "people");
        let leads: BTreeSet<&PersonId> = found.managers.values().collect();
        let leads = phrase::count(leads.len() as u32, "manager", "managers");
        eprintln!(
            "Wrote {}: {people}, {leads}. Only you can read it: calendar addresses are secrets.",
            self.out.display()
        );
        Ok(true)
    }
}

/// Writes a file that nobody else can read; one that is written over stays as closed as it was, if strangers could not
/// read it: so the service still can.
fn write(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(MODE);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let mut file = options.open(path)?;
    if file.metadata()?.permissions().mode() & STRANGERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Who goes into the roster.
struct Found {
    people: BTreeSet<PersonId>,
    managers: BTreeMap<PersonId, PersonId>,
    unsure: BTreeMap<PersonId, BTreeSet<PersonId>>,
    outside: u32,
    /// People who were left out, since a roster cannot hold them.
    odd: u32,
}

impl Found {
    fn new(seen: &Seen) -> Self {
        let owners: BTreeSet<PersonId> = seen.asked.iter().filter_map(|asked| asked.owner).collect();
        let domain = |id: &PersonId| {
            let person = seen.everybody.get(*id)?;
            person.address.split_once('@').map(|(_, domain)| domain.to_owned())
        };
        let domains: BTreeSet<String> = owners.iter().filter_map(domain).collect();
        let is_colleague =
            |id: &PersonId| domains.is_empty() || domain(id).is_some_and(|own| domains.contains(&own));
        let series = seen.series();
        let is_pair = |series: &&Series| series.people.len() == 2 && series.rhythm.every != Every::Single;
        let (inside, outside): (Vec<&Series>, Vec<&Series>) =
            series.iter().filter(is_pair).partition(|series| series.people.iter().all(is_colleague));
        let pairs: BTreeSet<(PersonId, PersonId)> =
            inside.iter().map(|series| (series.people[0], series.people[1])).collect();
        let mut found = Self {
            people: pairs.iter().flat_map(|(one, other)| [*one, *other]).chain(owners).collect(),
            managers: BTreeMap::new(),
            unsure: BTreeMap::new(),
            outside: outside.len() as u32,
            odd: 0,
        };
        for (who, guess) in managers(&pairs) {
            match guess {
                Guess::Manager(manager) => drop(found.managers.insert(who, manager)),
                Guess::Unsure(with) => drop(found.unsure.insert(who, with)),
                Guess::Top => {}
            }
        }
        found
    }

    /// The text of a roster that a start would take: people whose addresses are none are left out.
    fn right(&mut self, seen: &Seen, zones: &Zones) -> anyhow::Result<String> {
        let settings = &seen.ground.settings;
        let text = self.csv(seen)?;
        let Err(WrongConfig::Problems(problems)) = read_roster(&text, SUGGESTED, settings, zones) else {
            return Ok(text);
        };
        // The head is line 1.
        let order = self.order();
        let wrong: BTreeSet<PersonId> =
            problems.iter().filter_map(|problem| order.get(problem.line?.checked_sub(2)?).copied()).collect();
        self.people.retain(|who| !wrong.contains(who));
        self.managers.retain(|who, manager| !wrong.contains(who) && !wrong.contains(manager));
        self.unsure.retain(|who, _| !wrong.contains(who));
        self.odd = wrong.len() as u32;
        let text = self.csv(seen)?;
        read_roster(&text, SUGGESTED, settings, zones)?;
        Ok(text)
    }

    /// What could not be told goes to whoever looks, beside the file.
    fn say(&self, seen: &Seen) {
        let address = |id: &PersonId| seen.everybody.get(*id).map_or("?", |person| person.address.as_str());
        for (who, with) in &self.unsure {
            let with: Vec<&str> = with.iter().map(address).collect();
            eprintln!(
                "unsure: the manager of {} may be {}; the cell is empty",
                address(who),
                with.join(" or ")
            );
        }
        let sender = &seen.ground.settings.rules.voice.from_address;
        for asked in &seen.asked {
            let label = &asked.answered.label;
            match &asked.answered.reading {
                Ok(_) if asked.owner.is_none() => {
                    eprintln!("unsure: whose calendar {label} is; write EMAIL= before it");
                }
                Ok(reading) if !list_attendees(&reading.events, sender) && !reading.events.is_empty() => {
                    eprintln!("note: {label} lists no attendees: add the people of its 1-on-1s by hand");
                }
                Ok(_) | Err(_) => {}
            }
        }
        let places = seen.asked.iter().filter_map(|asked| asked.answered.place.as_deref());
        for place in places.filter(|place| !place.contains("://") && has_space(&absolute(place))) {
            eprintln!("note: {place} has a space in its path, which a roster cannot hold; the cell is empty");
        }
        if self.odd > 0 {
            let people = phrase::count(self.odd, "person", "people");
            eprintln!("note: {people} whose address is none are left out");
        }
        if self.outside > 0 {
            let series = phrase::count(self.outside, "series", "series");
            eprintln!("note: {series} with people of other mail domains are left out");
        }
    }

    /// Managers first, each with their team below.
    fn csv(&self, seen: &Seen) -> anyhow::Result<String> {
        let heads: Vec<&str> = columns().iter().map(|column| column.name).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&heads)?;
        for id in self.order() {
            let Some(person) = seen.everybody.get(id) else { continue };
            let manager = self.managers.get(&id).and_then(|manager| seen.everybody.get(*manager));
            let known = seen.ground.roster.by_address(&person.address);
            let calendar =
                known.map_or_else(|| calendars(&seen.asked, id), |known| seen.ground.calendar_cell(known));
            let cells = heads.iter().map(|head| match *head {
                "email" => person.address.clone(),
                "name" => name(person),
                "manager" => manager.map(|manager| manager.address.clone()).unwrap_or_default(),
                "calendar" => calendar.clone(),
                _ => String::new(),
            });
            writer.write_record(cells)?;
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    fn order(&self) -> Vec<PersonId> {
        let mut order: Vec<PersonId> = Vec::new();
        let mut next: Vec<PersonId> =
            self.people.iter().rev().filter(|who| !self.managers.contains_key(who)).copied().collect();
        while let Some(who) = next.pop() {
            order.push(who);
            let team = self.managers.iter().rev().filter(|(_, manager)| **manager == who);
            next.extend(team.map(|(rep, _)| *rep));
        }
        order
    }
}

/// A name that no spreadsheet takes for a formula; none where only the address is known.
fn name(person: &Person) -> String {
    let name = clean(&person.name, NAME_MOST);
    if name == person.address { String::new() } else { name.trim_start_matches(FORMULA).trim().to_owned() }
}

/// The `calendar` cell: what was typed for this person, as a file elsewhere can say it.
fn calendars(asked: &[Asked], id: PersonId) -> String {
    let own = asked.iter().filter(|asked| asked.owner == Some(id) && asked.answered.reading.is_ok());
    let places = own.filter_map(|asked| asked.answered.place.as_deref()).map(absolute);
    // Spaces part two calendars of a cell.
    let words = places.filter(|place| !has_space(place)).map(|place| format!("ics:{place}"));
    words.collect::<Vec<_>>().join(" ")
}

fn has_space(place: &str) -> bool {
    place.contains(char::is_whitespace)
}

/// A path from the root, since the roster may lie in another folder.
fn absolute(place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    let path = fs::canonicalize(place).unwrap_or_else(|_| PathBuf::from(place));
    path.display().to_string()
}
