//! `roster.csv` → people: every cell, and what must hold between the rows and with the settings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::problem::{Problem, Wrong, nearest, not_built, wrong};
use super::settings::{HolidayScope, Settings};
use super::table::{self, Row};
use super::{places, values};
use crate::model::people::{BookVia, Dates, Person, PersonId, Roster, SourceSpec, Status};
use crate::model::policy::Mode;
use crate::model::time::WorkingHours;
use crate::model::zone::{Zone, Zones};

/// Most calendars of one person.
const MOST_CALENDARS: usize = 20;

/// For how many unknown managers the nearest address is looked up: each costs a walk over everybody.
const MOST_GUESSES: usize = 20;

/// Where people's calendars come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendars {
    /// From the `calendar` column: mails are real too, so what the settings have in `refused_live` is refused.
    FromRoster,
    /// From a recording or a made-up world: one for everybody; the column is not looked at.
    FromWorld,
}

/// A row on its way to a [`Person`]: cells are read, people are not numbered yet.
struct Draft {
    line: usize,
    address: String,
    name: String,
    manager: Option<String>,
    start_date: Option<NaiveDate>,
    status: Option<Status>,
    plan: Option<Dates>,
    leave: Option<Dates>,
    zone: Zone,
    hours: WorkingHours,
    calendars: Vec<SourceSpec>,
    title_match: Option<String>,
    book: BookVia,
    aliases: Vec<String>,
    team_doc: Option<String>,
}

/// Reads `roster.csv`: people and warnings, or everything that is wrong. `file` is its name in messages.
/// `number` gives a person's number by address; it is asked only once the whole roster is found right.
pub fn roster(
    text: &str,
    file: &str,
    settings: &Settings,
    zones: &Zones,
    calendars: Calendars,
    number: &mut dyn FnMut(&str) -> PersonId,
) -> Result<(Roster, Vec<Problem>), Vec<Problem>> {
    let mut problems = Vec::new();
    let rows = table::rows(text, file, &mut problems);
    let reading = Reading { file, settings, zones, calendars };
    let drafts: Vec<Draft> = rows.iter().filter_map(|row| reading.draft(row, &mut problems)).collect();
    // A fresh installation, which observes, has nobody yet. What acts on people is not left without them unawares.
    if rows.is_empty() && problems.is_empty() && settings.rules.mode != Mode::Observe {
        problems.push(table::problem(file, 1, "", "", nobody()));
    }
    let managers = reading.together(&drafts, &mut problems);
    if calendars == Calendars::FromRoster {
        problems.extend(settings.refused_live.iter().cloned());
    }
    problems.sort_by_key(|problem| problem.line);
    if !problems.is_empty() {
        return Err(problems);
    }
    let warnings = reading.warnings(&drafts);
    let numbers: Vec<PersonId> = drafts.iter().map(|draft| number(&draft.address)).collect();
    let people = drafts.into_iter().enumerate().map(|(at, draft)| {
        let manager = managers[at].map(|manager| numbers[manager]);
        person(draft, numbers[at], manager)
    });
    Ok((Roster::new(people), warnings))
}

fn nobody() -> Wrong {
    wrong("nobody in it", "write a row for each person")
}

fn person(draft: Draft, id: PersonId, manager: Option<PersonId>) -> Person {
    Person {
        id,
        name: draft.name,
        address: draft.address,
        manager,
        start_date: draft.start_date,
        status: draft.status,
        plan: draft.plan,
        leave: draft.leave,
        zone: draft.zone,
        hours: draft.hours,
        calendars: draft.calendars,
        title_match: draft.title_match,
        book: draft.book,
        aliases: draft.aliases,
        team_doc: draft.team_doc,
    }
}

/// What a row is read with.
struct Reading<'a> {
    file: &'a str,
    settings: &'a Settings,
    zones: &'a Zones,
    calendars: Calendars,
}

impl Reading<'_> {
    /// Reads all cells of a row. Nothing comes of one without an address; a wrong cell counts as empty.
    fn draft(&self, row: &Row, problems: &mut Vec<Problem>) -> Option<Draft> {
        let mut cells = Cells { file: self.file, row, problems };
        if row.cell("email").is_empty() {
            cells.wrong("email", wrong("empty", "write the person's mail address"));
        }
        let address = cells.read("email", places::address);
        let calendars = self.calendars_of(&mut cells);
        if calendars.len() > MOST_CALENDARS {
            cells.wrong("calendar", wrong("too many calendars", format!("write at most {MOST_CALENDARS}")));
        }
        let draft = Draft {
            line: row.line,
            address: address.clone().unwrap_or_default(),
            name: cells.read("name", values::line).or(address.clone()).unwrap_or_default(),
            manager: cells.read("manager", places::address),
            start_date: cells.read("start_date", values::date),
            status: cells.read("status", status),
            plan: cells.dates("plan_from", "plan_until"),
            leave: cells.dates("leave_from", "leave_until"),
            zone: cells
                .read("time_zone", |text| values::zone(text, self.zones))
                .unwrap_or_else(|| self.settings.rules.zone.clone()),
            hours: cells.read("working_hours", values::hours).unwrap_or_else(|| self.settings.hours.clone()),
            title_match: cells.read("match", values::pattern),
            book: cells.read("book", book).unwrap_or_else(|| usual_book(&calendars)),
            calendars,
            aliases: cells.words("aliases", places::address),
            team_doc: cells.read("team_doc", places::link),
        };
        let is_elsewhere = usual_book(&draft.calendars) != BookVia::Google;
        if self.calendars == Calendars::FromRoster && draft.book == BookVia::Google && is_elsewhere {
            let right = "let their first calendar be google, or write mail";
            cells.wrong("book", wrong("their own calendar is not one of Google's", right));
        }
        address.map(|_| draft)
    }

    /// The calendars of a row; where the cell is empty, the one at Google if Google is configured.
    fn calendars_of(&self, cells: &mut Cells<'_>) -> Vec<SourceSpec> {
        match self.calendars {
            Calendars::FromWorld => vec![SourceSpec::World],
            Calendars::FromRoster if cells.row.cell("calendar").is_empty() => {
                let google = self.settings.google.is_configured;
                google.then_some(SourceSpec::Google(None)).into_iter().collect()
            }
            Calendars::FromRoster => cells.words("calendar", places::calendar),
        }
    }

    /// What must hold between rows; for each draft, which other one is their manager.
    fn together(&self, drafts: &[Draft], problems: &mut Vec<Problem>) -> Vec<Option<usize>> {
        let by_address = self.addresses(drafts, problems);
        let mut guesses = MOST_GUESSES;
        let mut managers = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let found = draft.manager.as_ref().map(|manager| (manager, by_address.get(manager.as_str())));
            if let Some((manager, None)) = found {
                let near = if guesses > 0 { nearest(manager, by_address.keys().copied()) } else { None };
                guesses = guesses.saturating_sub(1);
                let right = match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => "give the manager a row, or leave the cell empty for a leader".to_owned(),
                };
                let nobody = wrong("a manager who is nobody", right);
                problems.push(table::problem(self.file, draft.line, "manager", manager, nobody));
            }
            managers.push(found.and_then(|(_, at)| at.copied()));
        }
        self.rings(drafts, &managers, problems);
        self.named_in_settings(&by_address, &managers, problems);
        managers
    }

    /// Who has which address; one that two people have is an error.
    fn addresses<'d>(&self, drafts: &'d [Draft], problems: &mut Vec<Problem>) -> BTreeMap<&'d str, usize> {
        let mut by_address = BTreeMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            let own = std::iter::once(("email", &draft.address));
            for (column, address) in own.chain(draft.aliases.iter().map(|alias| ("aliases", alias))) {
                let first = *by_address.entry(address.as_str()).or_insert(at);
                if first != at {
                    let why =
                        format!("two people with one address (the other is on line {})", drafts[first].line);
                    let twice = wrong(why, "leave it with one of them");
                    problems.push(table::problem(self.file, draft.line, column, address, twice));
                }
            }
        }
        by_address
    }

    /// Reports each ring of managers once, at the first of its rows.
    fn rings(&self, drafts: &[Draft], managers: &[Option<usize>], problems: &mut Vec<Problem>) {
        let mut walked_from: Vec<Option<usize>> = vec![None; drafts.len()];
        for start in 0..drafts.len() {
            let mut at = start;
            while walked_from[at].is_none() {
                walked_from[at] = Some(start);
                let Some(up) = managers[at] else { break };
                if walked_from[up] == Some(start) {
                    self.ring(drafts, managers, up, problems);
                }
                at = up;
            }
        }
    }

    fn ring(&self, drafts: &[Draft], managers: &[Option<usize>], member: usize, problems: &mut Vec<Problem>) {
        let up = |at: &usize| managers[*at].filter(|next| *next != member);
        let members: Vec<usize> = std::iter::successors(Some(member), up).collect();
        let names: Vec<&str> = members.iter().take(8).map(|at| drafts[*at].address.as_str()).collect();
        let top =
            members.iter().min_by_key(|at| drafts[**at].line).map_or(&drafts[member], |at| &drafts[*at]);
        let why = match names.as_slice() {
            [_] => "their own manager".to_owned(),
            names => format!("a ring of managers: {}, and back", names.join(", then ")),
        };
        let value = top.manager.as_deref().unwrap_or_default();
        let right = "leave the leader's cell empty";
        problems.push(table::problem(self.file, top.line, "manager", value, wrong(why, right)));
    }

    /// People whom the settings name must be there: in `pilot` as managers, in `holidays` at all.
    fn named_in_settings(
        &self,
        by_address: &BTreeMap<&str, usize>,
        managers: &[Option<usize>],
        problems: &mut Vec<Problem>,
    ) {
        let leads: BTreeSet<usize> = managers.iter().flatten().copied().collect();
        for address in &self.settings.rules.pilot {
            let why = match by_address.get(address.as_str()) {
                None => "nobody of the roster",
                Some(at) if !leads.contains(at) => "nobody's manager",
                Some(_) => continue,
            };
            problems.push(self.in_settings("pilot", address, wrong(why, "name people who have reports")));
        }
        for holiday in &self.settings.holidays {
            if let HolidayScope::Person(address) = &holiday.scope
                && !by_address.contains_key(address.as_str())
            {
                let nobody = wrong("nobody of the roster", "name a person of the roster, or a zone");
                problems.push(self.in_settings("holidays", address, nobody));
            }
        }
    }

    fn in_settings(&self, key: &'static str, value: &str, wrong: Wrong) -> Problem {
        let line = self.settings.line(key);
        Problem { line, ..table::problem(&self.settings.file, 0, key, value, wrong) }
    }

    /// What is allowed, but leaves somebody out.
    fn warnings(&self, drafts: &[Draft]) -> Vec<Problem> {
        let mut warnings = Vec::new();
        let mut warn = |line, column, value: &str, wrong, instead: &str| {
            let problem = table::problem(self.file, line, column, value, wrong);
            warnings.push(Problem { instead: Some(instead.to_owned()), ..problem });
        };
        let sender = &self.settings.rules.voice.from_address;
        let mut seen = BTreeSet::new();
        if drafts.is_empty() {
            warn(1, "", "", nobody(), "nothing is looked at");
        }
        for draft in drafts {
            if draft.calendars.is_empty() {
                let right = "write google, or ics: and the calendar's secret iCal address";
                let instead =
                    "nothing is known of when they are free, and 1-on-1s show only in the other's calendar";
                warn(draft.line, "calendar", "", wrong("no calendar: their time is unknown", right), instead);
            }
            if draft.address == *sender || draft.aliases.contains(sender) {
                let right = "give Drumbeat a mailbox of its own";
                let instead = "their program ignores invitations from their own address";
                warn(draft.line, "email", sender, wrong("the sender of [mail] from", right), instead);
            }
            if !self.has_holidays(draft) && seen.insert(draft.zone.name.clone()) {
                let right = "name a feed of them in holidays of drumbeat.toml";
                let instead = "nobody is excused on one";
                let why = "a zone with people and no public holidays";
                warn(draft.line, "time_zone", &draft.zone.name, wrong(why, right), instead);
            }
        }
        warnings
    }

    fn has_holidays(&self, draft: &Draft) -> bool {
        self.settings.holidays.iter().any(|holiday| match &holiday.scope {
            HolidayScope::Everybody => true,
            HolidayScope::Zone(zone) => *zone == draft.zone,
            HolidayScope::Person(address) => *address == draft.address || draft.aliases.contains(address),
        })
    }
}

/// The cells of a row that are being read.
struct Cells<'a> {
    file: &'a str,
    row: &'a Row,
    problems: &'a mut Vec<Problem>,
}

impl Cells<'_> {
    fn wrong(&mut self, column: &str, wrong: Wrong) {
        self.problems.push(table::problem(self.file, self.row.line, column, self.row.cell(column), wrong));
    }

    /// A cell; `None` where it is empty or wrong.
    fn read<T>(&mut self, column: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        match self.row.cell(column) {
            "" => None,
            text => parse(text).map_err(|wrong| self.wrong(column, wrong)).ok(),
        }
    }

    /// The words of a cell, each for itself.
    fn words<T>(&mut self, column: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Vec<T> {
        let words = self.row.cell(column).split_whitespace();
        let mut read = Vec::new();
        for word in words {
            match parse(word) {
                Ok(value) => read.push(value),
                Err(wrong) => {
                    self.problems.push(table::problem(self.file, self.row.line, column, word, wrong));
                }
            }
        }
        read
    }

    /// Two dates, both inclusive.
    fn dates(&mut self, first: &str, last: &str) -> Option<Dates> {
        let dates = Dates { from: self.read(first, values::date), until: self.read(last, values::date) };
        match dates {
            Dates { from: None, until: None } => None,
            Dates { from: Some(from), until: Some(until) } if until < from => {
                self.wrong(last, wrong(format!("before {first}"), format!("write {from} or later")));
                None
            }
            dates => Some(dates),
        }
    }
}

/// How bookings are written where the roster does not say: into the calendar that can be written.
fn usual_book(calendars: &[SourceSpec]) -> BookVia {
    match calendars.first() {
        Some(SourceSpec::Google(None)) => BookVia::Google,
        _ => BookVia::Mail,
    }
}

fn status(text: &str) -> Result<Status, Wrong> {
    let words = [
        ("ramping", Status::Ramping),
        ("tenured", Status::Tenured),
        ("senior", Status::Senior),
        ("plan", Status::Plan),
        ("leave", Status::Leave),
        ("none", Status::None),
    ];
    values::one_of(text, &words)
}

fn book(text: &str) -> Result<BookVia, Wrong> {
    match text {
        "caldav" => Err(not_built("booking through CalDAV", "write mail, or leave it empty")),
        _ => values::one_of(text, &[("google", BookVia::Google), ("mail", BookVia::Mail)]),
    }
}
