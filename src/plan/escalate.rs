//! Whom to tell next. An escalation is a policy of steps, snapshotted when it begins; one function decides whether
//! to speak, and says why or why not.

use chrono::{DateTime, TimeDelta};

use crate::model::fact::{Fact, Outcome, Trigger};
use crate::model::letter::{Letter, NoSlotWhy, OpsNews};
use crate::model::people::{Person, PersonId};
use crate::model::policy::{Mode, Rung};
use crate::model::state::{Escalation, Recovery, RepState, WeekState};
use crate::model::time::Week;
use crate::model::zone::Moment;

use super::desk::{Alarm, Desk, Planned, Subject};

/// Two cancellations this close together climb (PRACTICE).
const TWO_WITHIN_DAYS: i64 = 28;

/// Whether to speak now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speak {
    /// The step of this index is due.
    Now(usize),
    /// Its time has not come: wait until then.
    Waits(Moment),
    /// Quiet hours of the reader: wait until then.
    Quiet(Moment),
    /// Everything has been said.
    AllSaid,
}

/// Decides for one escalation. `active`: its recovery still goes on, so the last step is repeated.
pub fn speak(desk: &Desk<'_>, escalation: &Escalation, active: bool) -> Speak {
    let said = escalation.said.len();
    let index = said.min(escalation.steps.len().saturating_sub(1));
    if said >= escalation.steps.len() && !active {
        return Speak::AllSaid;
    }
    let Some(step) = escalation.steps.get(index) else { return Speak::AllSaid };
    let reader = step.to.iter().find_map(|rung| reader(desk, escalation, *rung));
    let due = match (escalation.said.last(), said >= escalation.steps.len()) {
        (Some(last), true) => passed(escalation, reader, *last, desk.rules.escalation.repeat),
        _ => passed(escalation, reader, escalation.began, TimeDelta::seconds(step.after_seconds)),
    };
    if desk.now < due {
        return Speak::Waits(due);
    }
    match reader.filter(|_| escalation.waits_for_hours).and_then(|reader| quiet_until(desk, reader)) {
        Some(until) => Speak::Quiet(until),
        None => Speak::Now(index),
    }
}

fn reader<'a>(desk: &Desk<'a>, escalation: &Escalation, rung: Rung) -> Option<&'a Person> {
    match rung {
        Rung::Manager => desk.roster.get(escalation.manager),
        Rung::Leader => desk.roster.get(escalation.leader?),
        Rung::Ops => None,
    }
}

/// When `length` has passed since `from`, in the reader's working hours where the escalation waits for them.
fn passed(escalation: &Escalation, reader: Option<&Person>, from: Moment, length: TimeDelta) -> Moment {
    match reader.filter(|_| escalation.waits_for_hours && length > TimeDelta::zero()) {
        Some(reader) => reader.hours.after(&reader.zone, from, length).unwrap_or(from + length),
        None => from + length,
    }
}

/// The end of the reader's quiet time, if it is quiet: `[escalation] quiet`, and days on which they do not work.
pub(super) fn quiet_until(desk: &Desk<'_>, reader: &Person) -> Option<Moment> {
    let is_quiet = |at: Moment| {
        let local = reader.zone.local(at);
        let (from, until) = (desk.rules.escalation.quiet.from, desk.rules.escalation.quiet.until);
        let time = local.time();
        let by_hour = if from <= until { from <= time && time < until } else { from <= time || time < until };
        by_hour || !reader.hours.works_on(local.date())
    };
    if !is_quiet(desk.now) {
        return None;
    }
    let quarter = 900;
    let first = (desk.now.timestamp() / quarter + 1) * quarter;
    (0..7 * 96).filter_map(|n| DateTime::from_timestamp(first + n * quarter, 0)).find(|at| !is_quiet(*at))
}

/// Brings a rep's escalations up to date: begins what is new, says what is due, ends what is over.
pub fn escalate(
    desk: &Desk<'_>,
    rep: &Person,
    manager: &Person,
    state: &mut RepState,
    alarms: Vec<Alarm>,
) -> Planned {
    let mut planned = Planned::default();
    if desk.mode_for(manager) == Mode::Observe {
        return planned;
    }
    let mut whys: Vec<(Week, NoSlotWhy)> = Vec::new();
    for alarm in alarms.into_iter().chain(standing_alarms(desk, rep, state)) {
        whys.extend(alarm.why.clone().map(|why| (alarm.week, why)));
        if !state.escalations.contains_key(&alarm.week) {
            state.escalations.insert(alarm.week, begin(desk, rep, manager, &alarm, state));
        }
    }
    let muted = state.muted.clone();
    let weeks: Vec<Week> =
        state.escalations.iter().filter(|(_, known)| !known.closed).map(|(week, _)| *week).collect();
    for week in weeks.into_iter().filter(|week| !muted.contains(week)) {
        step(desk, state, week, &mut planned);
    }
    planned
}

fn begin(desk: &Desk<'_>, rep: &Person, manager: &Person, alarm: &Alarm, state: &RepState) -> Escalation {
    let today = rep.zone.local(desk.now).date();
    let on_plan = state.weeks.get(&alarm.week).is_some_and(|week| week.on_plan);
    let is_same_day = state.of_week(alarm.week).filter(|recovery| recovery.is_active()).any(|recovery| {
        let fallen = recovery.fallen.as_ref().and_then(|key| state.sessions.get(key));
        fallen.is_some_and(|session| rep.zone.local(session.span.start).date() == today)
    });
    Escalation {
        rep: rep.id,
        week: alarm.week,
        manager: manager.id,
        leader: manager.manager,
        trigger: alarm.trigger,
        began: desk.now,
        steps: desk.rules.escalation.steps.clone(),
        said: Vec::new(),
        told: std::collections::BTreeSet::new(),
        waits_for_hours: !on_plan && !is_same_day,
        closed: false,
    }
}

/// Alarms that follow from the rep's weeks alone.
fn standing_alarms(desk: &Desk<'_>, rep: &Person, state: &RepState) -> Vec<Alarm> {
    let this = Week::of(desk.now, &rep.zone);
    let alarm = |week, trigger| Alarm { rep: rep.id, week, trigger, why: None };
    let mut alarms = Vec::new();
    if two_cancellations(desk.now, state, this) {
        alarms.push(alarm(this, Trigger::TwoCancellations));
    }
    let last = this.plus(-1);
    if let Some(row) = state.weeks.get(&last) {
        let missed = row.row.is_some_and(|row| row.missed > 0);
        if missed && row.on_plan {
            alarms.push(alarm(last, Trigger::Plan));
        } else if (missed && missed_in_a_row(state, last) > row.skips) || excused_again(state, last, row) {
            alarms.push(alarm(last, Trigger::Skips));
        }
    }
    alarms
}

/// Two sessions that left their weeks short when they fell out, recovered or not: in a row, or within four weeks.
fn two_cancellations(now: Moment, state: &RepState, this: Week) -> bool {
    let recent: Vec<Week> = state
        .recoveries
        .values()
        .flat_map(std::collections::BTreeMap::values)
        .filter_map(|recovery| state.sessions.get(recovery.fallen.as_ref()?))
        .filter_map(|session| Some((session.week, session.given.as_ref()?)))
        .filter(|(_, given)| matches!(given.outcome, Outcome::Cancelled | Outcome::Declined))
        .filter(|(_, given)| now - given.since <= TimeDelta::days(TWO_WITHIN_DAYS))
        .map(|(week, _)| week)
        .collect();
    recent.len() >= 2 && recent.contains(&this)
}

fn missed_in_a_row(state: &RepState, last: Week) -> u32 {
    let missed = |week: &Week| state.weeks.get(week).and_then(|row| row.row);
    let weeks = (0..).map(|back| last.plus(-back));
    weeks
        .map_while(|week| state.weeks.contains_key(&week).then(|| missed(&week)))
        .flatten()
        .take_while(|row| row.missed > 0)
        .count() as u32
}

/// A second week running that absence in the calendar excused (not leave, not a holiday).
fn excused_again(state: &RepState, last: Week, row: &WeekState) -> bool {
    let by_absence =
        |row: &WeekState| row.excused > 0 && row.excuse == Some(crate::model::policy::Excuse::Absence);
    by_absence(row) && state.weeks.get(&last.plus(-1)).is_some_and(by_absence)
}

/// Says what is due of one escalation, or ends it.
fn step(desk: &Desk<'_>, state: &mut RepState, week: Week, planned: &mut Planned) {
    let active = state.of_week(week).any(crate::model::state::Recovery::is_active);
    let Some(escalation) = state.escalations.get(&week) else { return };
    let after_the_week = matches!(escalation.trigger, Trigger::Plan | Trigger::Skips | Trigger::Target);
    let is_over = !active
        && !after_the_week
        && (escalation.trigger != Trigger::TwoCancellations || !escalation.said.is_empty());
    if is_over {
        end(desk, state, week, planned);
        return;
    }
    match speak(desk, escalation, active) {
        Speak::Now(index) => say(desk, state, week, index, planned),
        Speak::Waits(until) | Speak::Quiet(until) => planned.look_at(until),
        Speak::AllSaid => {
            if let Some(escalation) = state.escalations.get_mut(&week) {
                escalation.closed = true;
            }
        }
    }
}

fn say(desk: &Desk<'_>, state: &mut RepState, week: Week, index: usize, planned: &mut Planned) {
    let history = history(state);
    let no_slot = state.of_week(week).find_map(|recovery| recovery.no_slot.clone());
    let on_plan = state.weeks.get(&week).is_some_and(|row| row.on_plan);
    let Some(escalation) = state.escalations.get_mut(&week) else { return };
    let step = index as u32 + 1;
    let round = escalation.said.len() as u32;
    let what = format!("{}-{week}-{:?}", escalation.rep, escalation.trigger);
    let recipients = recipients(desk, escalation, index);
    let mut rows = Vec::new();
    for to in &recipients {
        let is_ops = desk.ops.contains(to);
        let letter = if is_ops {
            // Nobody of the line is left to tell: ops learn that there is something, not what.
            Letter::Ops(OpsNews::Escalated {
                rep: escalation.rep,
                manager: escalation.manager,
                week,
                trigger: (!on_plan).then_some(escalation.trigger),
            })
        } else {
            Letter::Escalation {
                rep: escalation.rep,
                manager: escalation.manager,
                week,
                trigger: escalation.trigger,
                step,
                history: history.clone(),
                no_slot: no_slot.clone(),
                on_plan,
            }
        };
        let subject = Subject { what: &what, attempt: step, round, recovery: None };
        let mut row = desk.row(*to, letter, &subject);
        row.thread = (round > 0).then(|| thread(desk, &what, *to));
        rows.push((row, is_ops));
        planned.facts.push(Fact::Escalated {
            rep: escalation.rep,
            manager: escalation.manager,
            week,
            trigger: escalation.trigger,
            step,
            to: *to,
        });
        escalation.told.insert(*to);
    }
    escalation.said.push(desk.now);
    for (mut row, is_ops) in rows {
        if let Some(recovery) = newest(state, week).filter(|_| !is_ops) {
            recovery.put_in_thread(&mut row, "escalation");
        }
        planned.rows.push(row);
    }
    planned.look_at(desk.now + TimeDelta::seconds(1));
}

/// The recovery of a week that its escalation is about.
fn newest(state: &mut RepState, week: Week) -> Option<&mut Recovery> {
    let of_week = state.recoveries.get_mut(&week)?.values_mut();
    of_week.max_by_key(|recovery| (recovery.is_active(), recovery.id.ordinal))
}

/// The id of the first mail of the thread, as the first step gave it to this reader.
fn thread(desk: &Desk<'_>, what: &str, to: PersonId) -> String {
    format!("escalation.{}", (desk.ids)("escalation", what, 1, 0, Some(to)))
}

/// Who a step tells; a step without anyone goes to ops.
fn recipients(desk: &Desk<'_>, escalation: &Escalation, index: usize) -> Vec<PersonId> {
    let rungs = escalation.steps.get(index).map(|step| step.to.as_slice()).unwrap_or_default();
    let mut people: Vec<PersonId> = Vec::new();
    for rung in rungs {
        match rung {
            Rung::Ops => people.extend(desk.ops),
            _ => people.extend(reader(desk, escalation, *rung).map(|person| person.id)),
        }
    }
    if people.is_empty() {
        people.extend(desk.ops);
    }
    people.dedup();
    people
}

/// The last fallen sessions, oldest first: three lines.
fn history(state: &RepState) -> Vec<(Moment, Outcome)> {
    let mut lines: Vec<(Moment, Outcome)> = state
        .sessions
        .values()
        .filter_map(|session| Some((session.planned.start, session.given.as_ref()?.outcome)))
        .filter(|(_, outcome)| !matches!(outcome, Outcome::Held | Outcome::Rescheduled | Outcome::Excused))
        .collect();
    lines.sort_unstable();
    lines.split_off(lines.len().saturating_sub(3))
}

/// One closing note to everybody who was told.
fn end(desk: &Desk<'_>, state: &mut RepState, week: Week, planned: &mut Planned) {
    let closed = state.of_week(week).max_by_key(|recovery| recovery.id.ordinal);
    let how = closed.and_then(|recovery| recovery.reason);
    let start = closed.and_then(|recovery| recovery.booking.as_ref()).map(|booking| booking.span.start);
    let roots = closed.map(|recovery| recovery.roots.clone()).unwrap_or_default();
    let Some(escalation) = state.escalations.get_mut(&week) else { return };
    escalation.closed = true;
    let Some(how) = how else { return };
    let what = format!("{}-{week}-{:?}", escalation.rep, escalation.trigger);
    for to in escalation.told.iter().filter(|to| !desk.ops.contains(to)) {
        let letter = Letter::Resolved { rep: escalation.rep, manager: escalation.manager, week, how, start };
        let subject =
            Subject { what: &what, attempt: 1, round: escalation.said.len() as u32, recovery: None };
        let mut row = desk.row(*to, letter, &subject);
        row.thread = Some(roots.get(to).cloned().unwrap_or_else(|| thread(desk, &what, *to)));
        let reader = desk.roster.get(*to).filter(|_| escalation.waits_for_hours);
        row.not_before = reader.and_then(|reader| quiet_until(desk, reader)).unwrap_or(desk.now);
        planned.rows.push(row);
    }
}
