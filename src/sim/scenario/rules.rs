//! The configuration of a scenario: keys, and the cadence rules with what was changed in them.

use std::collections::BTreeMap;

use super::Wrong;
use super::words::{list, wanted};

/// The rules that hold where a configuration names none; a file that names one names them all.
const USUAL: [(&str, &str); 4] = [
    ("plan", "status = \"plan\", per_week = 3, apart = \"1d\", skips = 0"),
    ("ramping", "tenure_under = \"90d\", per_week = 2, apart = \"2d\", skips = 0"),
    ("senior", "status = \"senior\", every_weeks = 2, skips = 1"),
    ("tenured", "per_week = 1, skips = 1"),
];

/// Keys of `drumbeat.toml` with their values as written there.
type Keys = BTreeMap<String, String>;

/// The configuration.
#[derive(Debug, Clone)]
pub(super) struct Config {
    keys: Keys,
    /// In order; `None` while they are the usual ones.
    rules: Option<Vec<(String, Keys)>>,
}

impl Config {
    /// The one of an organisation in a zone, with a mail domain.
    pub(super) fn of(zone: &str, domain: &str) -> Self {
        let keys = [
            ("mode", "\"auto\"".to_owned()),
            ("roster", "\"roster.csv\"".to_owned()),
            ("time_zone", format!("\"{zone}\"")),
            ("working_hours", "\"Mon-Fri 09:00-17:30\"".to_owned()),
            ("policy.first_week", "\"whole\"".to_owned()),
            ("mail.from", format!("\"Drumbeat <drumbeat@{domain}>\"")),
            ("mail.ops", format!("[\"ops@{domain}\"]")),
        ];
        Self { keys: keys.map(|(key, value)| (key.to_owned(), value)).into(), rules: None }
    }

    /// `KEY = VALUE`
    pub(super) fn set(&mut self, text: &str) -> Result<(), Wrong> {
        let (key, value) = pair(text)?;
        self.keys.insert(key, value);
        Ok(())
    }

    /// `NAME KEY = VALUE, …`: changes a rule, or puts a new one before the others.
    pub(super) fn rule(&mut self, text: &str) -> Result<(), Wrong> {
        let (name, text) = text.split_once(' ').ok_or_else(|| wanted("a rule's name and keys", None))?;
        let changes: Keys = list(text).iter().map(|part| pair(part)).collect::<Result<_, _>>()?;
        let usual = USUAL.iter().map(|(name, text)| {
            let keys = list(text).iter().filter_map(|part| pair(part).ok()).collect();
            ((*name).to_owned(), keys)
        });
        let rules = self.rules.get_or_insert_with(|| usual.collect());
        match rules.iter_mut().find(|(known, _)| known == name) {
            Some((_, keys)) => keys.extend(changes),
            None => rules.insert(0, (name.to_owned(), changes)),
        }
        Ok(())
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let line = |(key, value): (&String, &String)| format!("{key} = {value}");
        let mut lines: Vec<String> = std::iter::once("version = 1".to_owned()).collect();
        lines.extend(self.keys.iter().map(line));
        for (name, keys) in self.rules.iter().flatten() {
            lines.extend(["[[cadence]]".to_owned(), format!("name = \"{name}\"")]);
            lines.extend(keys.iter().map(line));
        }
        lines.join("\n") + "\n"
    }
}

fn pair(text: &str) -> Result<(String, String), Wrong> {
    let (key, value) = text.split_once('=').ok_or_else(|| wanted("KEY = VALUE", Some(text)))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
