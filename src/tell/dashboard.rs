//! The page for those who run Drumbeat: the organisation at a glance. Each number leads to the ledger in words.

use std::collections::BTreeMap;

use askama::Template;

use super::layout::written;
use super::names::{self, People};
use super::{phrase, report, when};
use crate::model::fact::{RecoveryState, SourceState};
use crate::model::people::{Person, PersonId, Roster, Status};
use crate::model::report::{HealthLine, Recognition};
use crate::model::state::{RepState, State, WeekState};
use crate::model::time::Week;
use crate::model::zone::{Moment, Zone};

/// Weeks of the map, this one included.
const MAP_WEEKS: i64 = 13;
/// Width of a cell with the space beside it.
const CELL: i64 = 21;
/// Most reps, managers and others that are listed.
const LISTED_MOST: usize = 400;

/// What is looked at.
pub struct Glance<'a> {
    /// Now.
    pub now: Moment,
    /// Everything that is known.
    pub state: &'a State,
    /// Everybody.
    pub roster: &'a Roster,
    /// Who the numbers are.
    pub people: &'a dyn People,
    /// The organisation's zone: times are told in it.
    pub zone: &'a Zone,
    /// What it may do, in words, and whether it is paused.
    pub mode: String,
    /// Calendars that are read.
    pub calendars: u32,
    /// Reps that are owed sessions, and of those how many have a recognised one.
    pub recognition: Recognition,
    /// When it looks next.
    pub next_look: Moment,
    /// The managers' lines of all leaders' reports about last week, with the leader.
    pub lines: Vec<(PersonId, HealthLine)>,
    /// Weeks of the judgement, and the target in thousandths.
    pub judge: (u32, u32),
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Html {
    title: &'static str,
    status: String,
    tiles: Vec<Tile>,
    judge: u32,
    managers: Vec<ManagerRow>,
    legend: Vec<(&'static str, &'static str)>,
    span: String,
    map_width: i64,
    reps: Vec<RepRow>,
    more_reps: usize,
    planned: Vec<PlannedRow>,
    next: String,
    sources_line: String,
    sources: Vec<SourceRow>,
    outbox_line: String,
}

struct Tile {
    label: &'static str,
    value: String,
    href: String,
}

struct ManagerRow {
    id: PersonId,
    name: String,
    leader: String,
    last: Week,
    week: String,
    judged: String,
    open: u32,
}

struct RepRow {
    id: PersonId,
    name: String,
    manager: String,
    cells: Vec<Cell>,
}

struct Cell {
    week: Week,
    x: i64,
    class: &'static str,
    title: String,
}

struct PlannedRow {
    id: PersonId,
    week: Week,
    rep: String,
    manager: String,
    state: &'static str,
    next: String,
}

struct SourceRow {
    id: PersonId,
    name: String,
    state: &'static str,
    why: String,
    since: String,
}

/// The page.
pub fn dashboard(glance: &Glance<'_>) -> String {
    let (reps, more_reps) = glance.reps();
    let mut managers: Vec<ManagerRow> =
        glance.lines.iter().map(|(leader, line)| glance.manager(*leader, line)).collect();
    managers.truncate(LISTED_MOST);
    let first = Week::of(glance.now, glance.zone).plus(1 - MAP_WEEKS);
    written(&Html {
        title: "Drumbeat",
        status: glance.status(),
        tiles: glance.tiles(),
        judge: glance.judge.0,
        managers,
        legend: vec![
            ("good", "all took place"),
            ("part", "some did"),
            ("bad", "none did"),
            ("away", "excused"),
            ("none", "nothing owed, or not over"),
        ],
        span: format!("{} to this week", when::week_days(first)),
        map_width: MAP_WEEKS * CELL,
        reps,
        more_reps,
        planned: glance.planned(),
        next: format!("It looks again at {}.", when::at(glance.next_look, glance.zone)),
        sources_line: glance.sources_line(),
        sources: glance.sources(),
        outbox_line: glance.outbox_line(),
    })
}

impl Glance<'_> {
    fn owing(&self) -> impl Iterator<Item = (&Person, &RepState)> {
        let owes = |rep: &&Person| rep.status != Some(Status::None);
        self.roster.reps().filter(owes).filter_map(|rep| Some((rep, self.state.reps.get(&rep.id)?)))
    }

    fn status(&self) -> String {
        let Recognition { owed, recognised } = self.recognition;
        let since = self.state.since.map_or_else(String::new, |since| {
            format!(" It has watched since {}.", when::day(since, self.zone))
        });
        format!(
            "It is {}. {recognised} of {owed} reps have a recognised 1-on-1.{since} Times of {}.",
            self.mode, self.zone.name,
        )
    }

    fn tiles(&self) -> Vec<Tile> {
        let week = |rep: &Person| Week::of(self.now, &rep.zone);
        let (mut due, mut standing) = (0, 0);
        let mut states: BTreeMap<RecoveryState, u32> = BTreeMap::new();
        for (rep, state) in self.owing() {
            let this = week(rep);
            let owed = state.weeks.get(&this).map_or(0, |row| row.due);
            let stand = state.sessions.values().filter(|session| session.week == this && session.stands());
            due += owed;
            standing += (stand.count() as u32).min(owed);
            for recovery in state.active() {
                *states.entry(recovery.state).or_default() += 1;
            }
        }
        let count = |state: RecoveryState| states.get(&state).copied().unwrap_or(0).to_string();
        let all = format!("/explain?week={}", Week::of(self.now, self.zone));
        let last = format!("/explain?week={}", Week::of(self.now, self.zone).plus(-1));
        let mut total = HealthLine::default();
        for (_, line) in &self.lines {
            total.week.missed += line.week.missed;
            total.week.recovered += line.week.recovered;
        }
        let tile = |label, value, href: &str| Tile { label, value, href: href.to_owned() };
        vec![
            tile("owed this week", due.to_string(), &all),
            tile("of those stand", standing.to_string(), &all),
            tile("without a time", count(RecoveryState::Open), &all),
            tile("times offered", count(RecoveryState::Proposed), &all),
            tile("booked again", count(RecoveryState::Booked), &all),
            tile("missed last week", total.week.missed.to_string(), &last),
            tile("recovered last week", total.week.recovered.to_string(), &last),
        ]
    }

    fn manager(&self, leader: PersonId, line: &HealthLine) -> ManagerRow {
        let id = line.manager.unwrap_or(leader);
        let open = self.owing().filter(|(rep, _)| rep.manager == Some(id));
        let judged = report::coverage(&line.judged);
        ManagerRow {
            id,
            name: names::name(self.people, id),
            leader: if leader == id { String::new() } else { names::name(self.people, leader) },
            last: Week::of(self.now, &names::zone(self.people, leader)).plus(-1),
            week: report::coverage(&line.week).words(),
            judged: format!("{}: {}", judged.words(), report::judgement(judged, self.judge.1)),
            open: open.map(|(_, state)| state.active().count() as u32).sum(),
        }
    }

    /// Reps with what is missing most first, and how many are left out.
    fn reps(&self) -> (Vec<RepRow>, usize) {
        let missed = |state: &RepState, rep: &Person| {
            let this = Week::of(self.now, &rep.zone);
            let rows = (1..MAP_WEEKS).filter_map(|back| state.weeks.get(&this.plus(-back))?.row);
            rows.map(|row| row.missed).sum::<u32>()
        };
        let mut all: Vec<(&Person, &RepState)> = self.owing().collect();
        all.sort_by_key(|(rep, state)| {
            (std::cmp::Reverse(state.active().count()), std::cmp::Reverse(missed(state, rep)), rep.id)
        });
        let more = all.len().saturating_sub(LISTED_MOST);
        all.truncate(LISTED_MOST);
        (all.into_iter().map(|(rep, state)| self.rep(rep, state)).collect(), more)
    }

    fn rep(&self, rep: &Person, state: &RepState) -> RepRow {
        let this = Week::of(self.now, &rep.zone);
        let cell = |n: i64| {
            let week = this.plus(n + 1 - MAP_WEEKS);
            let (class, what) = cell(state.weeks.get(&week));
            Cell { week, x: n * CELL, class, title: format!("{}: {what}", when::week_days(week)) }
        };
        RepRow {
            id: rep.id,
            name: names::name(self.people, rep.id),
            manager: rep.manager.map_or_else(String::new, |manager| names::name(self.people, manager)),
            cells: (0..MAP_WEEKS).map(cell).collect(),
        }
    }

    fn planned(&self) -> Vec<PlannedRow> {
        let rows = self.owing().flat_map(|(rep, state)| state.active().map(move |recovery| (rep, recovery)));
        let row = |(rep, recovery): (&Person, &crate::model::state::Recovery)| {
            let (state, next) = match recovery.state {
                RecoveryState::Proposed => {
                    let deadline = recovery.proposal.as_ref().map(|proposal| proposal.deadline);
                    let until = deadline
                        .map_or_else(String::new, |at| format!("answer by {}", when::at(at, self.zone)));
                    ("times offered", until)
                }
                RecoveryState::Booked => {
                    let start = recovery.booking.as_ref().map(|booking| booking.span.start);
                    (
                        "booked",
                        start.map_or_else(String::new, |at| format!("for {}", when::at(at, self.zone))),
                    )
                }
                RecoveryState::Open | RecoveryState::Closed if recovery.no_slot.is_some() => {
                    ("no free time", "told, step by step".to_owned())
                }
                RecoveryState::Open | RecoveryState::Closed => ("open", "times are looked for".to_owned()),
            };
            PlannedRow {
                id: rep.id,
                week: recovery.id.week,
                rep: names::name(self.people, rep.id),
                manager: names::name(self.people, recovery.manager),
                state,
                next,
            }
        };
        rows.take(LISTED_MOST).map(row).collect()
    }

    fn sources_line(&self) -> String {
        let ill = self.state.sources.values().filter(|row| row.state != SourceState::Ok).count();
        match ill {
            0 => format!("All {} calendars answer, and their answers are believed.", self.calendars),
            n => format!("{n} of {} calendars cannot be read, or not believed.", self.calendars),
        }
    }

    fn sources(&self) -> Vec<SourceRow> {
        let ill = self.state.sources.iter().filter(|(_, row)| row.state != SourceState::Ok);
        let row = |(calendar, row): (&crate::model::people::CalendarId, &crate::model::state::SourceRow)| {
            SourceRow {
                id: calendar.owner,
                name: names::name(self.people, calendar.owner),
                state: phrase::source_state(row.state),
                why: row.why.as_deref().map(phrase::source_why).unwrap_or_default(),
                since: when::at(row.since, self.zone),
            }
        };
        ill.take(LISTED_MOST).map(row).collect()
    }

    fn outbox_line(&self) -> String {
        let waiting = self.state.outbox.len() as u32;
        match self.state.outbox.values().map(|row| row.at).min() {
            None => "Nothing waits to be sent.".to_owned(),
            Some(oldest) => {
                format!(
                    "{} to be sent, the oldest since {}.",
                    phrase::count(waiting, "mail waits", "mails wait"),
                    when::at(oldest, self.zone)
                )
            }
        }
    }
}

/// How a week of a rep looks, and says.
fn cell(row: Option<&WeekState>) -> (&'static str, String) {
    let Some(row) = row.filter(|row| row.due > 0) else { return ("none", "nothing owed".to_owned()) };
    let Some(counts) = row.row else { return ("none", format!("{} owed, not over", row.due)) };
    let share = report::coverage(&counts);
    let words = format!("{} took place", share.words());
    match share.of {
        0 => ("away", "excused".to_owned()),
        of if share.took_place == of => ("good", words),
        _ if share.took_place == 0 => ("bad", words),
        _ => ("part", words),
    }
}
