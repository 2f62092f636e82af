//! How the feeds of a scenario fare: they fail, lag, or show something else than the calendar.

use chrono::{Days, TimeDelta};

use super::Wrong;
use super::diary::{Diary, Listing, head};
use super::people::People;
use super::words::{Words, wanted};
use crate::model::time::Week;
use crate::sim::overlay::folded;
use crate::sim::recording::{Said, duration, is_failure};

/// How somebody's feed fares.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    state: State,
    /// How long a change takes to be seen in it.
    lag: TimeDelta,
    listing: Listing,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum State {
    #[default]
    Well,
    Fails(String),
    Empty,
    Foreign,
    CutOff,
}

impl Feed {
    /// Takes up what is said of it: `fails 503`, `turns to HTML`, `is empty`, `lags 2h`, `recovers`.
    pub(super) fn turns(&mut self, words: &mut Words) -> Result<(), Wrong> {
        let verb = words.take("what the feed does")?;
        match verb.as_str() {
            "fails" => {
                let word = words.must("a failure like 503, timeout or dns", |word| {
                    is_failure(word).then(|| word.to_owned())
                })?;
                self.state = State::Fails(word);
            }
            "turns" => {
                words.expect("to")?;
                words.expect("HTML")?;
                self.state = State::Fails("html".to_owned());
            }
            "is" => {
                self.state = words.must("`empty`, `foreign` or `cut`", |word| match word {
                    "empty" => Some(State::Empty),
                    "foreign" => Some(State::Foreign),
                    "cut" => Some(State::CutOff),
                    _ => None,
                })?;
            }
            "recovers" => self.state = State::Well,
            "lags" => self.lag = words.must("a duration like 2h", duration)?,
            "lists" => {
                words.expect("nobody")?;
                self.listing = Listing::Nobody;
            }
            _ => {
                let right =
                    "`fails 503`, `turns to HTML`, `is empty`, `lags 2h`, `lists nobody` or `recovers`";
                return Err(wanted(right, Some(&verb)));
            }
        }
        Ok(())
    }

    /// What it says, and how much later than the calendar.
    pub(super) fn says(&self, owner: &str, diary: &Diary, people: &People, first: Week) -> (Said, TimeDelta) {
        let whole = || diary.feed(owner, self.listing, people);
        let said = match &self.state {
            State::Well => return (Said::Ics(whole()), self.lag),
            State::Fails(word) => Said::Error(word.clone()),
            State::Empty => Said::Ics(calendar(head(owner))),
            State::Foreign => Said::Ics(foreign(first)),
            State::CutOff => {
                let mut bytes = whole();
                bytes.truncate(bytes.len() * 2 / 3);
                Said::Ics(bytes)
            }
        };
        (said, TimeDelta::zero())
    }
}

/// Somebody else's calendar.
fn foreign(first: Week) -> Vec<u8> {
    let mut lines = head("stranger@elsewhere.example");
    for day in 0..8 {
        let date = (first.monday() + Days::new(day)).format("%Y%m%d");
        lines.extend(["BEGIN:VEVENT".to_owned(), format!("UID:stranger{day}@elsewhere.example")]);
        lines.extend([format!("DTSTART:{date}T070000Z"), format!("DTEND:{date}T073000Z")]);
        lines.extend([
            format!("DTSTAMP:{date}T000000Z"),
            "SUMMARY:Choir".to_owned(),
            "END:VEVENT".to_owned(),
        ]);
    }
    calendar(lines)
}

fn calendar(mut lines: Vec<String>) -> Vec<u8> {
    lines.push("END:VCALENDAR".to_owned());
    folded(&lines)
}
