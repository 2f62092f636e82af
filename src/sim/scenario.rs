//! Scenarios: a world in words, compiled to the same value a recording is. The language stands in
//! `docs/scenarios.md`.

mod deeds;
mod diary;
mod expect;
mod feeds;
mod people;
mod rules;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Days, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use serde_json::Value;

use self::diary::{Diary, Draft, Rule};
use self::feeds::Feed;
use self::people::People;
use self::rules::Config;
use self::words::{Scope, Words, date_in, list, wanted, weekdays};
use super::recording::{BookingEdit, CalendarName, Recording, Reload, Reply, Said, Visible, duration};
use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone, Zones};

/// The scenario of `drumbeat demo`: a week of a small sales organisation.
pub const DEMO: &str = include_str!("demo.txt");

/// A line that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; 0 where something is missing altogether.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// A [`Problem`] before its line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wrong(String);

/// Compiles a scenario.
///
/// # Errors
/// Every line that makes no sense.
pub fn parse(text: &str) -> Result<Recording, Vec<Problem>> {
    let mut story = Story::new(text)?;
    for (at, line) in lines(text) {
        if let Err(Wrong(text)) = story.line(at, line) {
            story.problems.push(Problem { line: at, text });
        }
    }
    story.play();
    if story.problems.is_empty() { Ok(story.recording()) } else { Err(story.problems) }
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Something that happens at an instant: a line, and what its weekdays mean.
#[derive(Debug)]
struct Happening {
    line: usize,
    at: Moment,
    scope: Scope,
    text: String,
}

/// Everything that was said so far.
struct Story {
    zones: Zones,
    scope: Scope,
    first_week: Week,
    people: People,
    diary: Diary,
    config: Config,
    feeds: BTreeMap<String, Feed>,
    happenings: Vec<Happening>,
    replies: Vec<Reply>,
    edits: Vec<BookingEdit>,
    expected: Vec<Value>,
    from: Option<Moment>,
    until: Option<Moment>,
    visible: Visible,
    down: Vec<Span>,
    /// The configuration and roster of the beginning.
    start: (String, String),
    reloads: BTreeMap<Moment, Reload>,
    calendars: BTreeMap<CalendarName, BTreeMap<Moment, Said>>,
    problems: Vec<Problem>,
}

impl Story {
    /// Looks for what other lines depend on, wherever it stands.
    fn new(text: &str) -> Result<Self, Vec<Problem>> {
        let zones = Zones::bundled();
        let missing = |text: &str| vec![Problem { line: 0, text: text.to_owned() }];
        let said = |wanted: &str| {
            lines(text).find_map(|(_, line)| Some(line.strip_prefix(wanted)?.strip_prefix(' ')?.trim()))
        };
        let zone = zones.get(said("zone").unwrap_or("Europe/Berlin"));
        let zone: Zone =
            zone.ok_or_else(|| missing("the `zone` line names no zone; one is Europe/Berlin"))?;
        let week: Option<Week> = said("week").and_then(|week| week.parse().ok());
        let week = week.ok_or_else(|| missing("a scenario needs a line like `week 2026-W46`"))?;
        let domain = said("domain").unwrap_or("example.com");
        Ok(Self {
            zones,
            first_week: week,
            people: People::of(domain),
            diary: Diary::default(),
            config: Config::of(&zone.name, domain),
            scope: Scope { zone, week },
            feeds: BTreeMap::new(),
            happenings: Vec::new(),
            replies: Vec::new(),
            edits: Vec::new(),
            expected: Vec::new(),
            from: None,
            until: None,
            visible: Visible::AtOnce,
            down: Vec::new(),
            start: (String::new(), String::new()),
            reloads: BTreeMap::new(),
            calendars: BTreeMap::new(),
            problems: Vec::new(),
        })
    }

    /// One line: a declaration, something that happens, or something expected.
    fn line(&mut self, at: usize, line: &str) -> Result<(), Wrong> {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match first {
            "config" => return self.config.set(rest),
            "rule" => return self.config.rule(rest),
            _ => {}
        }
        if first == "people" {
            let mut people = list(rest).into_iter();
            return people.try_for_each(|one| self.people.describe(&mut Words::new(&one)?, &self.zones));
        }
        if first == "expect" {
            self.expected.extend(expect::lines(rest, &self.people, &self.scope)?);
            return Ok(());
        }
        let mut words = Words::new(line)?;
        if words.maybe_day(&self.scope).is_some() {
            return self.happening(at, line);
        }
        let mut words = Words::new(rest)?;
        self.declare(first, &mut words)?;
        words.end()
    }

    fn declare(&mut self, first: &str, words: &mut Words) -> Result<(), Wrong> {
        match first {
            "zone" | "domain" => words.take(first).map(|_| ()),
            "mode" => {
                let mode = words.take("a mode")?;
                self.config.set(&format!("mode = \"{mode}\""))
            }
            "week" => {
                self.scope.week = words.must("a week like 2026-W46", |word| word.parse().ok())?;
                Ok(())
            }
            "from" => {
                self.from = Some(self.moment(words)?);
                Ok(())
            }
            "until" => {
                self.until = Some(self.moment(words)?);
                Ok(())
            }
            "down" => {
                let start = self.moment(words)?;
                words.expect("until")?;
                self.down.push(Span::new(start, self.moment(words)?));
                Ok(())
            }
            "visible" => {
                self.visible = if words.has("never") {
                    Visible::Never
                } else {
                    words.expect("after")?;
                    Visible::After(words.must("a duration like 6h", duration)?)
                };
                Ok(())
            }
            "series" | "single" => self.meeting(first == "series", words),
            "busy" => self.busy(words),
            "absence" => {
                let who = self.people.take(words)?;
                let scope = self.scope.clone();
                self.absence(&who, words, &scope, self.long_ago())
            }
            "feed" => self.feed(words),
            _ => Err(wanted("`people`, `series`, `week`, a day, `expect` or the like", Some(first))),
        }
    }

    fn happening(&mut self, line: usize, text: &str) -> Result<(), Wrong> {
        let mut words = Words::new(text)?;
        let at = self.scope.zone.instant(words.wall(&self.scope)?);
        // What follows the time keeps its quotes: the words are cut anew when it happens.
        let clock = text.find(':').map_or(text.len(), |colon| colon + 3);
        let text = text.get(clock..).unwrap_or_default().trim().to_owned();
        self.happenings.push(Happening { line, at, scope: self.scope.clone(), text });
        Ok(())
    }

    fn moment(&self, words: &mut Words) -> Result<Moment, Wrong> {
        Ok(self.scope.zone.instant(words.wall(&self.scope)?))
    }

    /// When everything that stands at the beginning was made.
    fn long_ago(&self) -> Moment {
        self.begin() - TimeDelta::days(60)
    }

    fn begin(&self) -> Moment {
        let monday = self.first_week.monday().and_time(at_minute(8, 31));
        self.from.unwrap_or_else(|| self.scope.zone.instant(monday))
    }

    /// `series ana+bo Mon,Thu 16:00 …` and `single ana+bo Fri 15:00 …`.
    fn meeting(&mut self, is_series: bool, words: &mut Words) -> Result<(), Wrong> {
        let title = words.quoted();
        let guests = words.take("the people, like ana+bo")?;
        let guests = self.everyone(&guests)?;
        let days = if is_series { Some(words.must("weekdays like Mon,Thu", weekdays)?) } else { None };
        let date =
            if is_series { self.first_week.monday() - Days::new(14) } else { words.day(&self.scope)? };
        let start = date.and_time(words.clock()?);
        let draft = self.draft(title, guests, start, days, words)?;
        let at = self.long_ago();
        self.diary.add(draft, at);
        Ok(())
    }

    /// What may follow a meeting's time: `30m`, a zone, `every 2 weeks`, `from DATE`, a title, `by WHO`.
    fn draft(
        &self,
        mut title: Option<String>,
        guests: Vec<String>,
        mut start: NaiveDateTime,
        days: Option<Vec<Weekday>>,
        words: &mut Words,
    ) -> Result<Draft, Wrong> {
        let (mut length, mut zone, mut every) = (TimeDelta::minutes(30), self.scope.zone.clone(), 1);
        let mut organizer = self.people.host(&guests).to_owned();
        while !words.is_empty() {
            if let Some(word) = words.quoted() {
                title = Some(word);
            } else if let Some(found) = words.length() {
                length = found;
            } else if let Some(found) = words.zone(&self.zones) {
                zone = found;
            } else if words.has("every") {
                every =
                    words.must("a number of weeks", |word| word.parse().ok().filter(|every| *every > 0))?;
                words.expect("weeks")?;
            } else if words.has("from") {
                start = words.day(&self.scope)?.and_time(start.time());
            } else if words.has("by") {
                organizer = self.people.take(words)?;
            } else {
                break;
            }
        }
        let rule = match days {
            None => None,
            Some(days) => {
                start = Rule::first(&days, start.date())?.and_time(start.time());
                Some(Rule { days, every, until: None })
            }
        };
        let title = title.unwrap_or_else(|| {
            let first =
                |address: &String| self.people.name(address).split(' ').next().unwrap_or_default().to_owned();
            format!("1:1 {}", guests.iter().map(first).collect::<Vec<_>>().join(" / "))
        });
        Ok(Draft { title, organizer, guests, start, length, zone, is_all_day: false, rule })
    }

    /// `ana+bo` → addresses.
    fn everyone(&self, names: &str) -> Result<Vec<String>, Wrong> {
        let address = |name: &str| self.people.address(name).ok_or_else(|| people::nobody(name));
        names.split('+').map(address).collect()
    }

    /// `busy ana+bo Mon-Fri 09:00-12:00 [once] ["title"] [ZONE]`: time that each of them fills alone.
    fn busy(&mut self, words: &mut Words) -> Result<(), Wrong> {
        let names = words.take("somebody")?;
        let days = words.must("weekdays like Mon-Fri", weekdays)?;
        let part = |word: &str| {
            let (start, end) = word.split_once('-')?;
            Some((words::time_of_day(start)?, words::time_of_day(end)?)).filter(|(start, end)| start < end)
        };
        let (start, end) = words.must("a stretch like 09:00-12:00", part)?;
        let once = words.has("once");
        let title = words.quoted().unwrap_or_else(|| "Busy".to_owned());
        let zone = words.zone(&self.zones).unwrap_or_else(|| self.scope.zone.clone());
        let starts: Vec<(NaiveDateTime, Option<Rule>)> = if once {
            days.iter().map(|day| (date_in(self.scope.week, *day).and_time(start), None)).collect()
        } else {
            let first = Rule::first(&days, self.first_week.monday() - Days::new(14))?.and_time(start);
            vec![(first, Some(Rule { days, every: 1, until: None }))]
        };
        let at = self.long_ago();
        for organizer in self.everyone(&names)? {
            for (start, rule) in starts.clone() {
                let (title, organizer, zone) = (title.clone(), organizer.clone(), zone.clone());
                let (length, guests, is_all_day) = (end - start.time(), Vec::new(), false);
                let draft = Draft { title, organizer, guests, start, length, zone, is_all_day, rule };
                self.diary.add(draft, at);
            }
        }
        Ok(())
    }

    /// `feed of bo fails 503` and what else can be said of a feed.
    fn feed(&mut self, words: &mut Words) -> Result<(), Wrong> {
        words.expect("of")?;
        let who = self.people.take(words)?;
        self.feeds.entry(who).or_default().turns(words)
    }

    /// Lets everything happen, in order, and writes down what the calendars say after each instant.
    fn play(&mut self) {
        let begin = self.begin();
        let mut happenings = std::mem::take(&mut self.happenings);
        happenings.sort_by_key(|happening| happening.at);
        let (before, after) =
            happenings.split_at(happenings.partition_point(|happening| happening.at < begin));
        self.happen_all(before);
        self.start = (self.config.text(), self.people.roster());
        let mut last = self.start.clone();
        self.publish(begin - TimeDelta::hours(1));
        for group in after.chunk_by(|a, b| a.at == b.at) {
            let at = group[0].at;
            self.happen_all(group);
            self.publish(at);
            let now = (self.config.text(), self.people.roster());
            if now != last {
                let config = (now.0 != last.0).then(|| now.0.clone());
                let roster = (now.1 != last.1).then(|| now.1.clone());
                self.reloads.insert(at, Reload { config, roster });
                last = now;
            }
        }
        self.problems.sort_by_key(|problem| problem.line);
    }

    fn happen_all(&mut self, happenings: &[Happening]) {
        for happening in happenings {
            if let Err(Wrong(text)) = self.happen(happening) {
                self.problems.push(Problem { line: happening.line, text });
            }
        }
    }

    /// Adds an answer to every calendar that says something new.
    fn publish(&mut self, at: Moment) {
        for owner in self.people.addresses() {
            let feed = self.feeds.get(owner).cloned().unwrap_or_default();
            let (said, wait) = feed.says(owner, &self.diary, &self.people, self.first_week);
            let answers = self.calendars.entry(CalendarName::first(owner)).or_default();
            let is_first = answers.is_empty();
            if answers.values().next_back() != Some(&said) {
                answers.insert(if is_first { at } else { at + wait }, said);
            }
        }
    }

    fn recording(mut self) -> Recording {
        let from = self.begin();
        let monday = self.scope.week.monday() + Days::new(7);
        let end = self.scope.zone.instant(monday.and_time(at_minute(1, 30)));
        self.replies.sort_by_key(|reply| reply.at);
        self.edits.sort_by_key(|edit| edit.at);
        self.down.sort_unstable();
        Recording {
            from,
            until: self.until.unwrap_or(end),
            visible: self.visible,
            down: self.down,
            config: self.start.0,
            roster: self.start.1,
            reloads: self.reloads,
            calendars: self.calendars,
            replies: self.replies,
            edits: self.edits,
            expected: self.expected,
        }
    }
}

/// A time of day that is known to exist.
fn at_minute(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}
