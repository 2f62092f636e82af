//! VTIMEZONE (RFC 5545, 3.6.5) → a table of offsets.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};

use super::property::Property;
use super::rule::{Budget, Rule};
use super::value;
use crate::model::zone::Rules;

/// Onsets are tabulated up to this UTC second, the end of the year 2100.
const LAST_SECOND: i64 = 4_133_980_800;

/// Steps of the rules of one zone: those of a few centuries of yearly onsets.
const STEPS: u64 = 20_000;

/// A VTIMEZONE while it is being read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The line of its BEGIN.
    pub line: usize,
    /// TZID.
    pub name: String,
    observances: Vec<Observance>,
}

/// A STANDARD or DAYLIGHT part of it.
#[derive(Debug, Default)]
struct Observance {
    start: Option<NaiveDateTime>,
    from: Option<i32>,
    to: Option<i32>,
    rules: Vec<String>,
    dates: Vec<NaiveDateTime>,
}

impl Draft {
    /// A VTIMEZONE that begins at this line.
    pub fn new(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// STANDARD or DAYLIGHT begins.
    pub fn begin_observance(&mut self) {
        self.observances.push(Observance::default());
    }

    /// Takes in a property of the last observance.
    pub fn take(&mut self, name: &[u8], property: &Property) {
        let Some(observance) = self.observances.last_mut() else { return };
        let value = property.value.trim();
        match name {
            b"DTSTART" => observance.start = value::wall(value).map(|(wall, _)| wall),
            b"TZOFFSETFROM" => observance.from = value::offset(value),
            b"TZOFFSETTO" => observance.to = value::offset(value),
            b"RRULE" => observance.rules.push(value.to_owned()),
            b"RDATE" => observance
                .dates
                .extend(value::whens(property).flatten().map(|when| super::event::wall_of(&when))),
            _ => {}
        }
    }

    /// Whether a property of an observance is of interest.
    pub fn wants(name: &[u8]) -> bool {
        matches!(name, b"DTSTART" | b"TZOFFSETFROM" | b"TZOFFSETTO" | b"RRULE" | b"RDATE")
    }

    /// The offsets over time; `None` if there is no observance with a start and an offset.
    pub fn compiled(&self) -> Option<Rules> {
        let mut budget = Budget::new(STEPS, STEPS);
        let mut onsets: BTreeMap<i64, (i32, i32)> = BTreeMap::new();
        for observance in &self.observances {
            let (Some(start), Some(to)) = (observance.start, observance.to) else { continue };
            let from = observance.from.unwrap_or(to);
            for wall in observance.onsets(start, from, &mut budget) {
                onsets.insert(wall.and_utc().timestamp() - i64::from(from), (from, to));
            }
        }
        let mut rules = Rules::fixed(onsets.first_key_value()?.1.0);
        for (second, (_, to)) in onsets {
            if rules.changes.last().map_or(rules.first, |last| last.1) != to {
                rules.changes.push((second, to));
            }
        }
        Some(rules)
    }
}

impl Observance {
    fn onsets(&self, start: NaiveDateTime, from: i32, budget: &mut Budget) -> Vec<NaiveDateTime> {
        let last = DateTime::from_timestamp(LAST_SECOND, 0).unwrap_or_default().naive_utc();
        let mut walls = vec![start];
        for rule in &self.rules {
            let Ok(rule) = Rule::read(rule) else { continue };
            if !rule.is_yearly() {
                continue;
            }
            let until = rule.until_wall(|at| at.naive_utc() + chrono::TimeDelta::seconds(i64::from(from)));
            let last = until.map_or(last, |until| until.min(last));
            walls.extend(rule.walls(start, start.max(DateTime::UNIX_EPOCH.naive_utc()), last, budget).walls);
        }
        walls.extend(&self.dates);
        walls
    }
}
