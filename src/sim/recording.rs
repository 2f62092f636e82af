//! A recording: a world on disk, read into one value. The format stands in `docs/recording.md`.

mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use chrono::{NaiveDateTime, TimeDelta};
use serde::Deserialize;
use serde_json::Value;

use crate::model::fact::Action;
use crate::model::people::{CalendarId, PersonId, Roster};
use crate::model::time::Span;
use crate::model::zone::Moment;

/// What is wrong with a recording: which file, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct ReadError {
    /// The file, relative to the recording's folder.
    pub file: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl ReadError {
    fn new(file: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { file: file.into(), problem: problem.to_string() }
    }
}

/// A calendar's name in a recording: whose it is, and which of theirs (`EMAIL/` is the first, `EMAIL#2/` the
/// second).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarName {
    /// The owner's address, lower case.
    pub address: String,
    /// Counts from 1.
    pub nth: u8,
}

impl CalendarName {
    /// The calendar where a person's sessions live.
    pub fn first(address: &str) -> Self {
        Self { address: address.to_lowercase(), nth: 1 }
    }

    /// A folder's name: an address, with `#2` behind it for a second calendar.
    pub fn from_folder(folder: &str) -> Option<Self> {
        let (address, nth) = match folder.split_once('#') {
            Some((address, nth)) => (address, nth.parse().ok().filter(|nth| *nth > 1)?),
            None => (folder, 1),
        };
        address.contains('@').then(|| Self { address: address.to_lowercase(), nth })
    }
}

impl fmt::Display for CalendarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nth {
            1 => f.write_str(&self.address),
            nth => write!(f, "{}#{nth}", self.address),
        }
    }
}

/// What a calendar answers from some instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A feed, as received.
    Ics(Vec<u8>),
    /// Google's `events.list`: one answer, or an array of its pages.
    Json(Vec<u8>),
    /// A failure: `timeout`, `dns`, `refused`, `html`, or a status of HTTP like `503`.
    Error(String),
}

/// When what Drumbeat books is seen in the calendars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visible {
    /// As soon as the invitation was taken.
    #[default]
    AtOnce,
    /// So much later.
    After(TimeDelta),
    /// Not at all: nobody answers, and the client hides it.
    Never,
}

/// What a reload takes up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reload {
    /// A new `drumbeat.toml`.
    pub config: Option<String>,
    /// A new `roster.csv`.
    pub roster: Option<String>,
}

/// A row of `replies.csv`: somebody clicked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reply {
    /// When.
    pub at: Moment,
    /// Whose click it is: an address.
    pub who: String,
    /// What they answered.
    pub action: Action,
    /// Whose 1-on-1 it is about: an address.
    pub rep: String,
    /// Which of the offered times, counted from 1.
    pub option: Option<usize>,
}

/// What somebody does to a meeting that Drumbeat booked. Only a scenario can say it: a folder cannot know the
/// booking's UID beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingEdit {
    /// When.
    pub at: Moment,
    /// Whose 1-on-1 was booked: an address.
    pub rep: String,
    /// What is done to it.
    pub change: BookingChange,
}

/// See [`BookingEdit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingChange {
    /// It begins then instead.
    Move(Moment),
    /// It is deleted from both calendars.
    Delete,
}

/// A whole recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// When the daemon is started first.
    pub from: Moment,
    /// Where the replay ends.
    pub until: Moment,
    /// When bookings are seen in the calendars.
    pub visible: Visible,
    /// When the daemon was not running, in order.
    pub down: Vec<Span>,
    /// The configuration it starts with.
    pub config: String,
    /// The roster it starts with.
    pub roster: String,
    /// What later reloads take up.
    pub reloads: BTreeMap<Moment, Reload>,
    /// What each calendar answers from each instant on, in order.
    pub calendars: BTreeMap<CalendarName, BTreeMap<Moment, Said>>,
    /// The clicks, in order.
    pub replies: Vec<Reply>,
    /// What is done to bookings, in order.
    pub edits: Vec<BookingEdit>,
    /// The lines of `expected.jsonl`.
    pub expected: Vec<Value>,
}

impl Recording {
    /// Reads a recording's folder.
    ///
    /// # Errors
    /// The first file that is missing or wrong, and what would be right.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        Self::from_files(&files_of(dir)?)
    }

    /// A recording from its files: paths relative to its folder with `/` between the parts, and contents.
    ///
    /// # Errors
    /// The first file that is missing or wrong, and what would be right.
    pub fn from_files(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, ReadError> {
        let head: Head = toml::from_str(&text(files, "recording.toml")?)
            .map_err(|error| ReadError::new("recording.toml", error.message()))?;
        let wrong = |problem: String| ReadError::new("recording.toml", problem);
        if head.version != 1 {
            return Err(wrong(format!("version is {}; this program reads 1", head.version)));
        }
        let (from, until) = (utc(&head.from).map_err(wrong)?, utc(&head.until).map_err(wrong)?);
        if until <= from {
            return Err(wrong(format!("until ({until}) must be later than from ({from})")));
        }
        let mut down = Vec::new();
        for [start, end] in &head.down {
            down.push(Span::new(utc(start).map_err(wrong)?, utc(end).map_err(wrong)?));
        }
        down.sort_unstable();
        Ok(Self {
            from,
            until,
            visible: visible(head.visible_after.as_deref()).map_err(wrong)?,
            down,
            config: text(files, "drumbeat.toml")?,
            roster: text(files, "roster.csv")?,
            reloads: reloads(files)?,
            calendars: calendars(files)?,
            replies: replies(files)?,
            edits: Vec::new(),
            expected: expected(files)?,
        })
    }

    /// Whether some calendar answers as Google does.
    pub fn has_google(&self) -> bool {
        self.calendars.values().flat_map(BTreeMap::values).any(|said| matches!(said, Said::Json(_)))
    }

    /// Whether bookings go into somebody's own calendar, as they do where it is Google's; not where the recording says
    /// when an invitation by mail is seen.
    pub fn books_in_calendar(&self, names: &BTreeMap<CalendarId, CalendarName>, whose: PersonId) -> bool {
        let answers = names.get(&CalendarId::first(whose)).and_then(|name| self.calendars.get(name));
        let is_google = answers.is_some_and(|all| all.values().any(|said| matches!(said, Said::Json(_))));
        is_google && self.visible == Visible::AtOnce
    }

    /// Whose calendars these are, by the numbers of a roster: what [`super::world::World::name`] wants. A calendar
    /// under an alias is its owner's; one of nobody on the roster is left out.
    pub fn names(&self, roster: &Roster) -> BTreeMap<CalendarId, CalendarName> {
        let numbered = self.calendars.keys().filter_map(|name| {
            let owner = roster.by_address(&name.address)?;
            Some((CalendarId { owner, nth: name.nth }, name.clone()))
        });
        numbered.collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    from: toml::value::Datetime,
    until: toml::value::Datetime,
    visible_after: Option<String>,
    #[serde(default)]
    down: Vec<[toml::value::Datetime; 2]>,
}

/// All files below a folder, by their path relative to it. The only place here that touches a disk.
fn files_of(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, ReadError> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let failed = |error| ReadError::new(if prefix.is_empty() { "." } else { &prefix }, error);
        for entry in fs::read_dir(&folder).map_err(|error| failed(format!("cannot be listed: {error}")))? {
            let entry = entry.map_err(|error| failed(format!("cannot be listed: {error}")))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else {
                let bytes = fs::read(entry.path()).map_err(|error| ReadError::new(&name, error))?;
                files.insert(name, bytes);
            }
        }
    }
    Ok(files)
}

fn utc(at: &toml::value::Datetime) -> Result<Moment, String> {
    at.to_string().parse().map_err(|_| format!("`{at}` is no instant; one looks like 2026-11-16T08:00:00Z"))
}

fn text(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<String, ReadError> {
    let bytes = files.get(name).ok_or_else(|| ReadError::new(name, "is missing; every recording has one"))?;
    utf8(name, bytes)
}

fn utf8(name: &str, bytes: &[u8]) -> Result<String, ReadError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ReadError::new(name, "is not UTF-8"))
}

/// The files below a folder: (rest of the path, full path, content).
fn below<'a>(
    files: &'a BTreeMap<String, Vec<u8>>,
    folder: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a [u8])> {
    files.iter().filter_map(move |(name, bytes)| {
        Some((name.strip_prefix(folder)?, name.as_str(), bytes.as_slice())).filter(|(rest, ..)| !hidden(rest))
    })
}

/// Editors and archivers leave such files behind.
fn hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

/// `20261116T080000Z` → the instant.
fn instant(file: &str, stem: &str) -> Result<Moment, ReadError> {
    NaiveDateTime::parse_from_str(stem, "%Y%m%dT%H%M%SZ")
        .map(|at| at.and_utc())
        .map_err(|_| ReadError::new(file, format!("`{stem}` is no instant; one looks like 20261116T080000Z")))
}

fn visible(word: Option<&str>) -> Result<Visible, String> {
    match word {
        None => Ok(Visible::AtOnce),
        Some("never") => Ok(Visible::Never),
        Some(word) => duration(word).map(Visible::After).ok_or_else(|| {
            format!("visible_after is `{word}`; right would be a duration like \"6h\", or \"never\"")
        }),
    }
}

/// `20m`, `6h`, `2d`.
pub(super) fn duration(word: &str) -> Option<TimeDelta> {
    let unit = word.chars().last()?;
    let count: i64 =
        word.strip_suffix(unit)?.parse().ok().filter(|count| (0..=10_000_000).contains(count))?;
    match unit {
        's' => Some(TimeDelta::seconds(count)),
        'm' => Some(TimeDelta::minutes(count)),
        'h' => Some(TimeDelta::hours(count)),
        'd' => Some(TimeDelta::days(count)),
        'w' => Some(TimeDelta::weeks(count)),
        _ => None,
    }
}

fn reloads(files: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<Moment, Reload>, ReadError> {
    let mut reloads: BTreeMap<Moment, Reload> = BTreeMap::new();
    for (rest, name, bytes) in below(files, "config/") {
        let stem = rest.strip_suffix(".toml").ok_or_else(|| ReadError::new(name, "should end in .toml"))?;
        reloads.entry(instant(name, stem)?).or_default().config = Some(utf8(name, bytes)?);
    }
    for (rest, name, bytes) in below(files, "roster/") {
        let stem = rest.strip_suffix(".csv").ok_or_else(|| ReadError::new(name, "should end in .csv"))?;
        reloads.entry(instant(name, stem)?).or_default().roster = Some(utf8(name, bytes)?);
    }
    Ok(reloads)
}

fn calendars(
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<CalendarName, BTreeMap<Moment, Said>>, ReadError> {
    let mut calendars: BTreeMap<CalendarName, BTreeMap<Moment, Said>> = BTreeMap::new();
    for (rest, name, bytes) in below(files, "calendars/") {
        let (folder, file) = rest
            .split_once('/')
            .ok_or_else(|| ReadError::new(name, "should lie in a folder named by the owner's address"))?;
        let calendar = CalendarName::from_folder(folder).ok_or_else(|| {
            ReadError::new(
                name,
                format!("`{folder}` is no address; right would be ana@example.com or ana@example.com#2"),
            )
        })?;
        let (stem, kind) = file.rsplit_once('.').unwrap_or((file, ""));
        let at = instant(name, stem)?;
        let said = said(name, kind, bytes)?;
        if calendars.entry(calendar).or_default().insert(at, said).is_some() {
            return Err(ReadError::new(
                name,
                "the calendar has two answers at this instant; there can be one",
            ));
        }
    }
    Ok(calendars)
}

fn said(name: &str, kind: &str, bytes: &[u8]) -> Result<Said, ReadError> {
    match kind {
        "ics" => Ok(Said::Ics(bytes.to_vec())),
        "json" => Ok(Said::Json(bytes.to_vec())),
        "error" => {
            let word = utf8(name, bytes)?.trim().to_owned();
            if is_failure(&word) {
                Ok(Said::Error(word))
            } else {
                Err(ReadError::new(
                    name,
                    format!(
                        "`{word}` is no failure; right would be a status like 503, timeout, dns, refused or html"
                    ),
                ))
            }
        }
        _ => Err(ReadError::new(name, "should end in .ics, .json or .error")),
    }
}

/// Whether a word can stand in an `.error` file.
pub(super) fn is_failure(word: &str) -> bool {
    matches!(word, "timeout" | "dns" | "refused" | "html")
        || word.parse().is_ok_and(|status: u16| (400..600).contains(&status))
}

fn replies(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Reply>, ReadError> {
    let name = "replies.csv";
    let Some(bytes) = files.get(name) else { return Ok(Vec::new()) };
    let mut replies = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice())
        .deserialize()
        .collect::<Result<Vec<Reply>, _>>()
        .map_err(|error| {
            ReadError::new(
                name,
                format!(
                    "{error}; a row looks like 2026-11-17T09:00:00Z,bo@example.com,pick,ana@example.com,2"
                ),
            )
        })?;
    for reply in &mut replies {
        reply.who = reply.who.to_lowercase();
        reply.rep = reply.rep.to_lowercase();
    }
    replies.sort_by_key(|reply| reply.at);
    Ok(replies)
}

fn expected(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Value>, ReadError> {
    let name = "expected.jsonl";
    let Some(bytes) = files.get(name) else { return Ok(Vec::new()) };
    let text = utf8(name, bytes)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| match serde_json::from_str(line) {
            Ok(Value::Object(line)) => Ok(Value::Object(line)),
            _ => Err(ReadError::new(name, format!("line {} is no JSON object", at + 1))),
        })
        .collect()
}

#[cfg(test)]
mod tests;
