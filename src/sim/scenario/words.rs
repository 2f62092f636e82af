//! The words of a scenario's line, and the times among them.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::Wrong;
use crate::model::time::Week;
use crate::model::zone::{Zone, Zones};
use crate::sim::recording;

/// What weekdays and wall times on a line mean.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The zone of the scenario.
    pub(super) zone: Zone,
    /// The week that weekdays lie in.
    pub(super) week: Week,
}

/// A line cut into words; what stands in quotes is one word.
#[derive(Debug, Clone)]
pub(super) struct Words {
    words: Vec<Word>,
    next: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    quoted: bool,
}

/// A word that could not be used: what was wanted, and what stood there.
pub(super) fn wanted(what: &str, found: Option<&str>) -> Wrong {
    match found {
        Some(found) => Wrong(format!("`{found}` stands where {what} should")),
        None => Wrong(format!("the line ends where {what} should stand")),
    }
}

impl Words {
    pub(super) fn new(text: &str) -> Result<Self, Wrong> {
        let mut words = Vec::new();
        for (at, part) in text.split('"').enumerate() {
            if at % 2 == 1 {
                words.push(Word { text: part.to_owned(), quoted: true });
            } else {
                words.extend(
                    part.split_whitespace().map(|text| Word { text: text.to_owned(), quoted: false }),
                );
            }
        }
        if text.matches('"').count() % 2 == 1 {
            return Err(Wrong("a quotation mark has no partner".to_owned()));
        }
        Ok(Self { words, next: 0 })
    }

    /// The next word that is not in quotes, without taking it.
    pub(super) fn peek(&self) -> Option<&str> {
        self.words.get(self.next).filter(|word| !word.quoted).map(|word| word.text.as_str())
    }

    /// The next word, in quotes or not, without taking it.
    fn shown(&self) -> Option<&str> {
        self.words.get(self.next).map(|word| word.text.as_str())
    }

    /// Takes the next word, whatever it is.
    pub(super) fn take(&mut self, what: &str) -> Result<String, Wrong> {
        let word = self.words.get(self.next).ok_or_else(|| wanted(what, None))?;
        self.next += 1;
        Ok(word.text.clone())
    }

    /// Takes the next word if it is in quotes.
    pub(super) fn quoted(&mut self) -> Option<String> {
        let word = self.words.get(self.next).filter(|word| word.quoted)?;
        self.next += 1;
        Some(word.text.clone())
    }

    /// Takes the next word if `read` can make something of it.
    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let found = read(self.peek()?)?;
        self.next += 1;
        Some(found)
    }

    /// Takes the next word; `read` must make something of it.
    pub(super) fn must<T>(&mut self, what: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Wrong> {
        self.maybe(read).ok_or_else(|| wanted(what, self.shown()))
    }

    /// Takes the next word if it is this one.
    pub(super) fn has(&mut self, word: &str) -> bool {
        self.maybe(|found| (found == word).then_some(())).is_some()
    }

    /// Takes the next word, which must be this one.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), Wrong> {
        self.must(&format!("`{word}`"), |found| (found == word).then_some(()))
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Wrong> {
        match self.shown() {
            None => Ok(()),
            Some(word) => Err(Wrong(format!("`{word}` is one word too many"))),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.next >= self.words.len()
    }

    /// `Thu`, `next Thu` or `2026-11-19`.
    pub(super) fn day(&mut self, scope: &Scope) -> Result<NaiveDate, Wrong> {
        self.maybe_day(scope).ok_or_else(|| wanted("a day like Thu or 2026-11-19", self.shown()))
    }

    /// The same, if there is one.
    pub(super) fn maybe_day(&mut self, scope: &Scope) -> Option<NaiveDate> {
        let weeks = u64::from(self.has("next"));
        let found = self.maybe(|word| {
            let date = weekday(word).map(|day| date_in(scope.week, day) + Days::new(7 * weeks));
            date.or_else(|| word.parse().ok())
        });
        if found.is_none() {
            self.next -= weeks as usize;
        }
        found
    }

    /// `15:00`
    pub(super) fn clock(&mut self) -> Result<NaiveTime, Wrong> {
        self.must("a time of day like 15:00", time_of_day)
    }

    /// A day and a time of day.
    pub(super) fn wall(&mut self, scope: &Scope) -> Result<NaiveDateTime, Wrong> {
        Ok(self.day(scope)?.and_time(self.clock()?))
    }

    /// `30m`, if it stands there.
    pub(super) fn length(&mut self) -> Option<TimeDelta> {
        self.maybe(recording::duration)
    }

    /// The name of a zone, if it stands there.
    pub(super) fn zone(&mut self, zones: &Zones) -> Option<Zone> {
        self.maybe(|word| {
            Some(word).filter(|word| word.contains('/') || *word == "UTC").and_then(|word| zones.get(word))
        })
    }
}

/// `Mon` … `Sun`.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    Some(word).filter(|word| word.len() == 3).and_then(|word| word.parse().ok())
}

/// `Mon,Thu` or `Mon-Fri`.
pub(super) fn weekdays(word: &str) -> Option<Vec<Weekday>> {
    let mut days = Vec::new();
    for part in word.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (weekday(first)?, weekday(last)?);
        days.extend(
            (first.num_days_from_monday()..=last.num_days_from_monday())
                .filter_map(|day| Weekday::try_from(day as u8).ok()),
        );
    }
    Some(days)
}

/// The date of a weekday in a week.
pub(super) fn date_in(week: Week, day: Weekday) -> NaiveDate {
    week.monday() + Days::new(u64::from(day.num_days_from_monday()))
}

/// The week of a date.
pub(super) fn week_of(date: NaiveDate) -> Week {
    let week = date.iso_week();
    Week { year: week.year(), number: week.week() }
}

/// `09:00`.
pub(super) fn time_of_day(word: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(word, "%H:%M").ok()
}

/// Cuts at `, ` and ` · ` outside of quotes.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        quoted ^= letter == '"';
        let cut = !quoted && (letter == '·' || letter == ',' && letters.peek() == Some(&' '));
        if cut {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}
