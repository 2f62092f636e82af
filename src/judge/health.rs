//! The numbers of the weekly report: counts of sessions, never contents.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::fact::{Risk, SourceState, WeekCounts};
use crate::model::people::{CalendarId, Person, PersonId, Roster, Status};
use crate::model::policy::Rules;
use crate::model::report::{AtRisk, Baseline, Health, HealthLine, Mover};
use crate::model::state::{RepState, SourceRow, WeekState};
use crate::model::time::Week;

use super::cadence::{rule_for, sessions_due};

/// Weeks of the window with a move from which on moving is a habit: half of the usual six.
const HABIT_WEEKS: u32 = 3;

/// Who gets a report: those whose reports have reports, and managers with nobody above them.
pub fn leaders(roster: &Roster) -> BTreeSet<PersonId> {
    let managers: BTreeSet<PersonId> = roster.reps().filter_map(|rep| rep.manager).collect();
    managers
        .iter()
        .filter_map(|manager| roster.get(*manager))
        .map(|manager| manager.manager.unwrap_or(manager.id))
        .collect()
}

/// The managers of a leader's report: those who report to them, and themselves where they have reps of their own.
fn managers(roster: &Roster, leader: PersonId) -> Vec<&Person> {
    let own = roster.get(leader).filter(|leader| leader.manager.is_none());
    roster.reports(leader).chain(own).filter(|person| reps(roster, person.id).next().is_some()).collect()
}

fn reps(roster: &Roster, manager: PersonId) -> impl Iterator<Item = &Person> {
    roster.reports(manager).filter(|person| person.status != Some(Status::None))
}

/// The report of one leader about `week`.
pub fn health<'s>(
    roster: &Roster,
    rules: &Rules,
    leader: PersonId,
    week: Week,
    sources: &BTreeMap<CalendarId, SourceRow>,
    state: &dyn Fn(PersonId) -> Option<&'s RepState>,
) -> Health {
    let mut all = HealthLine::default();
    let mut lines = Vec::new();
    let mut at_risk = Vec::new();
    let mut movers = Vec::new();
    let mut people: BTreeSet<PersonId> = BTreeSet::new();
    let mut everybody: Vec<&RepState> = Vec::new();
    for manager in managers(roster, leader) {
        let mut line = HealthLine { manager: Some(manager.id), ..HealthLine::default() };
        let mut team: Vec<&RepState> = Vec::new();
        people.insert(manager.id);
        for rep in reps(roster, manager.id) {
            people.insert(rep.id);
            let Some(known) = state(rep.id) else { continue };
            team.push(known);
            count(&mut line, known, week, rules);
            at_risk.extend(risk(rules, rep, manager, known, week.next()));
            movers.extend(mover(rules, rep, manager, known, week));
        }
        line.streak = streak(&team, week, rules.health.judge);
        add(&mut all, &line);
        everybody.extend(team);
        lines.push(line);
    }
    all.streak = streak(&everybody, week, rules.health.judge);
    // Those that need help first: by what is missing, then by what was never owed.
    lines.sort_by_key(|line| {
        (std::cmp::Reverse(line.week.missed), std::cmp::Reverse(line.judged.missed), line.manager)
    });
    let unread = sources
        .iter()
        .filter(|(calendar, row)| people.contains(&calendar.owner) && row.state != SourceState::Ok)
        .map(|(calendar, _)| *calendar)
        .collect();
    Health {
        week,
        all,
        managers: lines,
        at_risk,
        movers,
        baseline: baseline(&everybody, week, rules.health.judge),
        unread,
        target_permille: (rules.health.target * 1000.0).round() as u32,
        windows: (rules.health.window, rules.health.judge),
    }
}

fn count(line: &mut HealthLine, known: &RepState, week: Week, rules: &Rules) {
    let rows = |week: Week| known.weeks.get(&week).and_then(|row| row.row);
    if let Some(row) = known.weeks.get(&week).filter(|row| row.due > 0) {
        line.reps += 1;
        line.churn += row.churn;
        line.late += row.late;
        line.confirmed += row.confirmed;
        line.overlapped += row.overlapped;
        line.week = sum(line.week, row.row.unwrap_or_else(|| unfinished(row)));
    }
    let window = i64::from(rules.health.window);
    if line.trend.is_empty() {
        line.trend = (0..window).rev().map(|back| (week.plus(-back), WeekCounts::default())).collect();
    }
    for (of, counts) in &mut line.trend {
        *counts = sum(*counts, rows(*of).unwrap_or_default());
    }
    for back in 0..i64::from(rules.health.judge) {
        let Some(row) = known.weeks.get(&week.plus(-back)) else { continue };
        line.judged = sum(line.judged, row.row.unwrap_or_default());
        line.minutes += row.minutes;
        line.rep_weeks += u32::from(row.row.is_some() || row.due == 0);
    }
}

/// A week whose row is not written yet (its last hours run in another zone): what is owed, and nothing more.
fn unfinished(row: &WeekState) -> WeekCounts {
    WeekCounts { due: row.due, scheduled: row.scheduled, excused: row.excused, ..WeekCounts::default() }
}

/// The counts of both.
pub fn sum(one: WeekCounts, other: WeekCounts) -> WeekCounts {
    WeekCounts {
        due: one.due + other.due,
        scheduled: one.scheduled + other.scheduled,
        held: one.held + other.held,
        rescheduled: one.rescheduled + other.rescheduled,
        recovered: one.recovered + other.recovered,
        excused: one.excused + other.excused,
        missed: one.missed + other.missed,
    }
}

fn add(all: &mut HealthLine, line: &HealthLine) {
    all.reps += line.reps;
    all.week = sum(all.week, line.week);
    all.judged = sum(all.judged, line.judged);
    all.late += line.late;
    all.churn += line.churn;
    all.confirmed += line.confirmed;
    all.overlapped += line.overlapped;
    all.minutes += line.minutes;
    all.rep_weeks += line.rep_weeks;
    if all.trend.is_empty() {
        all.trend.clone_from(&line.trend);
        return;
    }
    for ((_, counts), (_, more)) in all.trend.iter_mut().zip(&line.trend) {
        *counts = sum(*counts, *more);
    }
}

/// Weeks in a row, up to `week`, in which something was owed and nothing missed; weeks that owe nothing are passed over.
fn streak(team: &[&RepState], week: Week, most: u32) -> u32 {
    let weeks = (0..i64::from(most)).map(|back| {
        let rows: Vec<&WeekState> = team
            .iter()
            .filter_map(|known| known.weeks.get(&week.plus(-back)))
            .filter(|row| row.due > 0)
            .collect();
        (rows.len(), rows.iter().all(|row| row.row.is_some_and(|counts| counts.missed == 0)))
    });
    weeks.filter(|(owing, _)| *owing > 0).take_while(|(_, is_whole)| *is_whole).count() as u32
}

/// A pair that moved its 1-on-1 in many weeks of the window.
fn mover(rules: &Rules, rep: &Person, manager: &Person, known: &RepState, week: Week) -> Option<Mover> {
    let window = (0..i64::from(rules.health.window)).filter_map(|back| known.weeks.get(&week.plus(-back)));
    let moved = window.filter(|row| row.churn > 0 || row.row.is_some_and(|counts| counts.rescheduled > 0));
    let weeks = moved.count() as u32;
    (weeks >= HABIT_WEEKS).then_some(Mover { rep: rep.id, manager: manager.id, weeks })
}

/// What was before Drumbeat ran, until the judgement has all its weeks.
fn baseline(everybody: &[&RepState], week: Week, judge: u32) -> Option<Baseline> {
    let has_row = |week: Week| {
        everybody.iter().any(|known| known.weeks.get(&week).is_some_and(|row| row.row.is_some()))
    };
    if (0..i64::from(judge)).all(|back| has_row(week.plus(-back))) {
        return None;
    }
    let before = || everybody.iter().filter_map(|known| known.baseline.as_ref());
    let weeks: BTreeSet<Week> = before().flat_map(BTreeMap::keys).copied().collect();
    let counts = before().flat_map(BTreeMap::values).fold(WeekCounts::default(), |all, one| sum(all, *one));
    (counts.due > 0).then_some(Baseline { weeks: weeks.len() as u32, counts })
}

/// A rep whose coming week is at risk: less booked than owed, a conflict, or away.
fn risk(rules: &Rules, rep: &Person, manager: &Person, known: &RepState, week: Week) -> Option<AtRisk> {
    let due = known.weeks.get(&week).map(|row| row.due).or_else(|| {
        let rule = rule_for(&rules.cadence, rep, week.monday())?;
        Some(sessions_due(rule, rep, week, None))
    })?;
    let standing: Vec<_> =
        known.sessions.values().filter(|session| session.week == week && session.stands()).collect();
    let is_away = rep
        .leave
        .is_some_and(|leave| leave.hold(week.monday()) && leave.hold(week.monday() + chrono::Days::new(4)));
    let has_conflict = standing.iter().any(|session| session.risks.contains(&Risk::Conflict));
    let standing = standing.len() as u32;
    (due > 0 && (standing < due || is_away || has_conflict)).then_some(AtRisk {
        rep: rep.id,
        manager: manager.id,
        standing,
        due,
        is_away,
        has_conflict,
    })
}
