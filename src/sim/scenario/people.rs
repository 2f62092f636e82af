//! The people of a scenario and the roster they make.

use std::collections::BTreeMap;

use super::Wrong;
use super::words::{Words, wanted};
use crate::model::zone::Zones;

/// The columns of a roster, in order.
const COLUMNS: [&str; 16] = [
    "email",
    "name",
    "manager",
    "start_date",
    "status",
    "plan_from",
    "plan_until",
    "leave_from",
    "leave_until",
    "time_zone",
    "working_hours",
    "calendar",
    "match",
    "book",
    "aliases",
    "team_doc",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Rep,
    Manager,
    Leader,
}

#[derive(Debug, Clone)]
struct Person {
    nick: String,
    role: Role,
    /// The manager's nick, where it was said.
    manager: Option<String>,
    columns: BTreeMap<&'static str, String>,
    in_roster: bool,
}

/// Everybody who was named on a `people` line.
#[derive(Debug, Clone)]
pub(super) struct People {
    everybody: Vec<Person>,
    /// What comes behind the `@` of those whose address is not said.
    pub(super) domain: String,
}

impl People {
    /// Nobody yet, of an organisation with this mail domain.
    pub(super) fn of(domain: &str) -> Self {
        Self { everybody: Vec::new(), domain: domain.to_owned() }
    }

    /// Takes up one person's words: `ana rep ramping Europe/Berlin of bo`. Somebody known is changed.
    pub(super) fn describe(&mut self, words: &mut Words, zones: &Zones) -> Result<(), Wrong> {
        let nick = words.must("a short name", |word| is_nick(word).then(|| word.to_owned()))?;
        let at = self.everybody.iter().position(|person| person.nick == nick).unwrap_or_else(|| {
            let columns =
                BTreeMap::from([("email", format!("{nick}@{}", self.domain)), ("name", capital(&nick))]);
            let role = Role::Rep;
            self.everybody.push(Person { nick, role, manager: None, columns, in_roster: true });
            self.everybody.len() - 1
        });
        let person = &mut self.everybody[at];
        person.in_roster = true;
        while !words.is_empty() {
            person.attribute(words, zones)?;
        }
        Ok(())
    }

    /// Somebody is no longer on the roster.
    pub(super) fn leave(&mut self, nick: &str) -> Result<(), Wrong> {
        let person = self.everybody.iter_mut().find(|person| person.nick == nick);
        person.ok_or_else(|| nobody(nick))?.in_roster = false;
        Ok(())
    }

    /// The address of somebody by their short name, or an address as it stands.
    pub(super) fn address(&self, word: &str) -> Option<String> {
        if word.contains('@') {
            return Some(word.to_owned());
        }
        self.everybody.iter().find(|person| person.nick == word).map(|person| person.columns["email"].clone())
    }

    /// Takes somebody's address off a line.
    pub(super) fn take(&self, words: &mut Words) -> Result<String, Wrong> {
        let name = words.take("somebody")?;
        self.address(&name).ok_or_else(|| nobody(&name))
    }

    /// Every address that is somebody's.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.everybody.iter().map(|person| person.columns["email"].as_str())
    }

    /// The name of whoever has this address; the address where nobody has.
    pub(super) fn name<'a>(&'a self, address: &'a str) -> &'a str {
        let person = self.everybody.iter().find(|person| person.columns["email"] == address);
        person.map_or(address, |person| &person.columns["name"])
    }

    /// Which of these is a manager of another one among them; else the first.
    pub(super) fn host<'a>(&self, addresses: &'a [String]) -> &'a str {
        let manages = |address: &&String| {
            self.everybody.iter().any(|person| {
                addresses.contains(&person.columns["email"])
                    && self.manager_of(person) == Some((*address).clone())
            })
        };
        addresses.iter().find(manages).unwrap_or(&addresses[0])
    }

    /// The roster as a file.
    pub(super) fn roster(&self) -> String {
        let mut text = format!("{}\n", COLUMNS.join(","));
        for person in self.everybody.iter().filter(|person| person.in_roster) {
            let manager = self.manager_of(person).unwrap_or_default();
            let cell = |column: &&str| match *column {
                "manager" => manager.clone(),
                other => cell(person.columns.get(other).map_or("", String::as_str)),
            };
            text += &COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        text
    }

    /// A rep reports to the manager, and a manager to the leader, if there is only one and nothing else was said.
    fn manager_of(&self, person: &Person) -> Option<String> {
        if let Some(nick) = &person.manager {
            return self.address(nick);
        }
        let above = match person.role {
            Role::Rep => Role::Manager,
            Role::Manager => Role::Leader,
            Role::Leader => return None,
        };
        let mut of_role = self.everybody.iter().filter(|other| other.role == above);
        of_role.next().filter(|_| of_role.next().is_none()).map(|only| only.columns["email"].clone())
    }
}

impl Person {
    fn attribute(&mut self, words: &mut Words, zones: &Zones) -> Result<(), Wrong> {
        if let Some(name) = words.quoted() {
            self.columns.insert("name", name);
            return Ok(());
        }
        if let Some(zone) = words.zone(zones) {
            self.columns.insert("time_zone", zone.name.to_string());
            return Ok(());
        }
        let word = words.take("something about them")?;
        let range = ["plan", "leave"].into_iter().find(|status| *status == word);
        if let Some((from, until)) = range.and_then(|_| words.maybe(dates)) {
            let columns =
                if word == "plan" { ["plan_from", "plan_until"] } else { ["leave_from", "leave_until"] };
            self.columns.extend(columns.into_iter().zip([from, until]));
            return Ok(());
        }
        match word.as_str() {
            "rep" => self.role = Role::Rep,
            "manager" | "leader" => {
                self.role = if word == "leader" { Role::Leader } else { Role::Manager };
                self.columns.entry("status").or_insert_with(|| "none".to_owned());
            }
            "ramping" | "tenured" | "senior" | "plan" | "leave" | "none" => {
                self.columns.insert("status", word);
            }
            "of" => self.manager = Some(words.take("a manager")?),
            "since" => self.put("start_date", words)?,
            "hours" => self.put("working_hours", words)?,
            "alias" => self.put("aliases", words)?,
            "match" => self.put("match", words)?,
            "at" => self.put("email", words)?,
            _ => {
                return Err(wanted(
                    "something about a person (a role, a status, a zone, `of`, `since`, …)",
                    Some(&word),
                ));
            }
        }
        Ok(())
    }

    fn put(&mut self, column: &'static str, words: &mut Words) -> Result<(), Wrong> {
        self.columns.insert(column, words.take(column)?);
        Ok(())
    }
}

pub(super) fn nobody(name: &str) -> Wrong {
    Wrong(format!("`{name}` is nobody; people are named on a `people` line before"))
}

fn is_nick(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '.')
}

fn capital(nick: &str) -> String {
    let mut letters = nick.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `2026-11-02..2026-11-30`, either end may be missing.
fn dates(word: &str) -> Option<(String, String)> {
    word.split_once("..").map(|(from, until)| (from.to_owned(), until.to_owned()))
}

/// A cell of a table, in quotes where it must be (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
