//! What a survey of calendars says, on the terminal of whoever asked. Titles are in it; addresses of feeds never are.

mod json;
mod words;

use chrono::TimeDelta;

use super::columns::table;
use super::names::{self, People};
use super::report::{completion, coverage};
use super::{phrase, when};
use crate::model::fact::WeekCounts;
use crate::model::people::PersonId;
use crate::model::survey::{Became, Foreign, RepLine, Series};
use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone};

/// Longest title that is shown, in characters.
const TITLE_MOST: usize = 48;
/// Series that are listed; more are counted.
const SERIES_MOST: usize = 400;

/// What came of one calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It was read.
    Read {
        /// Events in it.
        events: u32,
        /// Series in it that are private.
        private: u32,
        /// Some event lists attendees.
        lists_attendees: bool,
        /// It seems to be another person's.
        foreign: Option<Foreign>,
    },
    /// It was not.
    Failed {
        /// What went wrong; a code for what to do next …
        code: String,
        /// … and words, which name a host or a file at most.
        why: String,
    },
}

/// One calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How it is called: its owner's address, or its number among those given.
    pub label: String,
    /// Whose it is, where that is known.
    pub owner: Option<PersonId>,
    /// What came of it.
    pub came: Came,
}

/// Whether propose and auto would act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Owed reps of whom a calendar was read.
    pub owed: u32,
    /// … of whom this many have a recognised 1-on-1.
    pub recognised: u32,
    /// Owed reps of whom none was read.
    pub unread: u32,
    /// They would.
    pub is_open: bool,
    /// From so many owed reps on, this share is needed, in percent.
    pub needs: (u32, u32),
}

/// All that a survey found.
pub struct Survey<'a> {
    /// Who is who.
    pub people: &'a dyn People,
    /// From the first day that was looked at, up to now.
    pub past: Span,
    /// For days that are nobody's.
    pub zone: &'a Zone,
    /// The calendars.
    pub sources: Vec<Source>,
    /// Series of two people, and what may be one.
    pub series: Vec<Series>,
    /// Those who are owed 1-on-1s, where there is a roster.
    pub reps: Option<(Vec<RepLine>, Gate)>,
}

impl Survey<'_> {
    /// As text, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.head();
        lines.extend(self.notes());
        self.meetings(&mut lines);
        self.titles(&mut lines);
        if let Some((reps, gate)) = &self.reps {
            self.owed(reps, &mut lines);
            self.before(reps, &mut lines);
            lines.extend([String::new(), words::gate(gate)]);
        }
        lines
    }

    fn now(&self) -> Moment {
        self.past.end
    }

    fn head(&self) -> Vec<String> {
        let read = self.sources.iter().filter(|source| matches!(source.came, Came::Read { .. })).count();
        vec![
            format!(
                "Read {read} of {}: from {} until {}.",
                phrase::count(self.sources.len() as u32, "calendar", "calendars"),
                when::day(self.past.start, self.zone),
                when::day(self.now(), self.zone)
            ),
            "Titles are shown here and kept nowhere; private events are never shown. What a calendar has deleted \
             cannot be seen."
                .to_owned(),
        ]
    }

    /// What is to be said of calendars, the worst first.
    fn notes(&self) -> Vec<String> {
        let failed = self.sources.iter().filter_map(words::failure);
        let notes = self.sources.iter().flat_map(|source| words::notes(self.people, source));
        failed.chain(notes).collect()
    }

    fn meetings(&self, lines: &mut Vec<String>) {
        let all = self.series.iter().filter(|series| !series.people.is_empty());
        let (pairs, others): (Vec<&Series>, Vec<&Series>) =
            all.partition(|series| series.says_so || self.are_colleagues(series));
        lines.extend([String::new(), "Recurring meetings of two:".to_owned()]);
        if pairs.is_empty() {
            lines.push("  none".to_owned());
            outside(others.len(), lines);
            return;
        }
        let rows = pairs.iter().take(SERIES_MOST).map(|series| {
            let who =
                |at: usize| series.people.get(at).map_or("?".into(), |id| names::name(self.people, *id));
            [vec![who(0), who(1)], self.cells(series)].concat()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        lines.extend(indented(table(&["WHO", "WITH", "COMES", "NEXT", "WEEKS SO FAR", "TITLE"], &rows)));
        rest(pairs.len(), lines);
        outside(others.len(), lines);
        lines.push(format!("  In all: {}.", totals(&pairs)));
        lines.push(LEGEND.to_owned());
    }

    /// The two have one mail domain.
    fn are_colleagues(&self, series: &Series) -> bool {
        let domain = |id: &PersonId| {
            names::address(self.people, *id).split_once('@').map(|(_, domain)| domain.to_owned())
        };
        let domains: std::collections::BTreeSet<Option<String>> = series.people.iter().map(domain).collect();
        domains.len() == 1
    }

    fn titles(&self, lines: &mut Vec<String>) {
        let titled: Vec<&Series> = self.series.iter().filter(|series| series.people.is_empty()).collect();
        if titled.is_empty() {
            return;
        }
        let head = "Recurring titles in calendars that list no attendees (with whom is not said):";
        lines.extend([String::new(), head.to_owned()]);
        let rows = titled.iter().take(SERIES_MOST).map(|series| {
            let label = |id| self.sources.iter().find(|source| source.owner == Some(id));
            let owner = series.calendars.first().and_then(|calendar| label(calendar.owner));
            let who = owner.and_then(|source| source.owner).map(|id| names::name(self.people, id));
            let looks = if series.says_so { "yes" } else { "no" };
            [vec![who.unwrap_or_else(|| "?".to_owned()), looks.to_owned()], self.cells(series)].concat()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let head = ["WHO", "SAYS 1-ON-1", "COMES", "NEXT", "WEEKS SO FAR", "TITLE"];
        lines.extend(indented(table(&head, &rows)));
        rest(titled.len(), lines);
    }

    fn cells(&self, series: &Series) -> Vec<String> {
        vec![
            words::rhythm(series),
            series.next.map_or_else(|| "-".to_owned(), |at| when::bare(at, &series.zone)),
            self.strip(series),
            names::clean(&series.title, TITLE_MOST),
        ]
    }

    /// A sign for each session, week by week.
    fn strip(&self, series: &Series) -> String {
        let of = |at: Moment| Week::of(at, &series.zone);
        let (first, last) = (of(self.past.start + TimeDelta::days(1)), of(self.now()));
        let weeks = (0..=last.since(first)).map(|n| first.plus(n));
        let signs: Vec<String> = weeks
            .map(|week| {
                let past = series.past.iter().filter(|(planned, ..)| of(*planned) == week);
                let signs: String = past.map(|(.., became)| sign(*became)).collect();
                // Of the week that runs, what is yet to come is no gap.
                if signs.is_empty() && week < last { ".".to_owned() } else { signs }
            })
            .collect();
        let gap = if signs.iter().any(|signs| signs.len() > 1) { " " } else { "" };
        signs.join(gap).trim_end().to_owned()
    }

    fn owed(&self, reps: &[RepLine], lines: &mut Vec<String>) {
        let head = "How the 1-on-1 of each rep who is owed one is recognised:";
        lines.extend([String::new(), head.to_owned()]);
        if reps.is_empty() {
            lines.push("  nobody of the roster is owed one: nobody has a manager".to_owned());
            return;
        }
        let rows = reps.iter().map(|line| {
            let next = line.next.map_or_else(|| "-".to_owned(), |at| self.local(at, line.rep));
            let how = words::recognised(self.people, line, &|at| self.local(at, line.rep));
            vec![names::name(self.people, line.rep), names::name(self.people, line.manager), next, how]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        lines.extend(indented(table(&["REP", "MANAGER", "NEXT", "RECOGNISED BY"], &rows)));
        let mends: Vec<String> = reps
            .iter()
            .filter_map(|line| line.mend.as_ref())
            .map(|mend| words::mend(self.people, mend))
            .collect();
        if !mends.is_empty() {
            lines.push("These cells of the roster would mend it (tried):".to_owned());
            lines.extend(indented(mends));
        }
    }

    fn local(&self, at: Moment, whose: PersonId) -> String {
        when::at(at, &names::zone(self.people, whose))
    }

    /// Coverage and completion of each team before now.
    fn before(&self, reps: &[RepLine], lines: &mut Vec<String>) {
        let mut teams: std::collections::BTreeMap<PersonId, WeekCounts> = std::collections::BTreeMap::new();
        let mut all = WeekCounts::default();
        for line in reps {
            for sum in [teams.entry(line.manager).or_default(), &mut all] {
                sum.due += line.before.due;
                sum.scheduled += line.before.scheduled;
                sum.held += line.before.held;
            }
        }
        let head = "Before Drumbeat (reconstructed from what the calendars still show, by today's rules):";
        lines.extend([String::new(), head.to_owned()]);
        let row = |who: String, counts: &WeekCounts| {
            vec![who, coverage(counts).words(), completion(counts).words()]
        };
        let mut rows: Vec<Vec<String>> = teams
            .iter()
            .map(|(manager, counts)| row(format!("team of {}", names::name(self.people, *manager)), counts))
            .collect();
        rows.push(row("all".to_owned(), &all));
        let head = ["WHO", "TOOK PLACE, OF WHAT WAS OWED", "OF WHAT WAS SCHEDULED"];
        lines.extend(indented(table(&head, &rows)));
    }
}

const LEGEND: &str =
    "  Weeks, the oldest first: o took place as planned, m moved, x cancelled, d declined, . none.";

fn indented(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

fn rest(count: usize, lines: &mut Vec<String>) {
    if let Some(more) = count.checked_sub(SERIES_MOST).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more (--json lists all)"));
    }
}

fn sign(became: Became) -> char {
    match became {
        Became::Stood => 'o',
        Became::Moved => 'm',
        Became::Cancelled => 'x',
        Became::Declined => 'd',
    }
}

fn outside(count: usize, lines: &mut Vec<String>) {
    if count > 0 {
        let series = phrase::count(count as u32, "series", "series");
        lines.push(format!("  and {series} with people of other mail domains (--json lists them)"));
    }
}

fn totals(series: &[&Series]) -> String {
    let count = |wanted: Became| {
        series.iter().flat_map(|series| &series.past).filter(|(.., became)| *became == wanted).count()
    };
    format!(
        "{} took place as planned, {} moved, {} cancelled, {} declined",
        count(Became::Stood),
        count(Became::Moved),
        count(Became::Cancelled),
        count(Became::Declined)
    )
}
