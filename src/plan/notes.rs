//! Notes: what people are told or asked that is no answer to something that just happened. The Monday note, the weekly
//! check-in, the question about an overlap, and the announcement of a new cadence.
//!
//! Each is said once. What is wanted is found here; whether a person's budget has room for it is decided by whoever
//! keeps count (`run`).

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, TimeDelta};

use crate::model::fact::{Outcome, Risk};
use crate::model::letter::{CheckInItem, Known, Letter, Owed, Rhythm};
use crate::model::people::{Person, Status};
use crate::model::policy::{CadenceRule, Mode};
use crate::model::state::{Expected, Note, OutboxRow, RepState};
use crate::model::time::{Span, Week, Weekly};
use crate::model::zone::Moment;

use super::capacity;
use super::desk::{Desk, Subject};
use super::escalate::quiet_until;
use super::member::Member;

/// A note that is this late is not said any more.
const LATE_HOURS: i64 = 24;
/// An answer to a check-in counts for so long: as long as late news corrects a week.
const ANSWER_DAYS: i64 = 14;
/// Most sessions that one check-in asks about.
const ASKED_MOST: usize = 12;
/// A change of cadence is announced so many days ahead, at most.
const AHEAD_DAYS: u64 = 7;
/// Nobody is asked about an overlap that begins sooner than this.
const OVERLAP_MINUTES: i64 = 60;

/// A note that should be sent.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The mail.
    pub row: OutboxRow,
    /// What is remembered, so that it is said once.
    pub note: Note,
}

/// The rule that holds for a rep on a day.
pub type RuleOn<'a> = &'a dyn Fn(&Person, NaiveDate) -> Option<&'a CadenceRule>;

/// All notes that are wanted now.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// In order.
    pub wanted: Vec<Wanted>,
    /// When to look again.
    pub next_look: Option<Moment>,
}

impl Notes {
    fn look_at(&mut self, at: Moment) {
        self.next_look = Some(self.next_look.map_or(at, |known| known.min(at)));
    }

    /// Adds a note to a person of the roster, after their quiet hours.
    fn add(&mut self, desk: &Desk<'_>, to: &Person, letter: Letter, what: String, expires: Option<Moment>) {
        let week = Week::of(desk.now, &to.zone);
        let about = Subject { what: &what, attempt: 1, round: 0, recovery: None };
        let mut row = desk.row(to.id, letter, &about);
        row.not_before = quiet_until(desk, to).unwrap_or(desk.now);
        row.expires = expires;
        if expires.is_none_or(|expires| row.not_before < expires) {
            self.wanted.push(Wanted { row, note: Note { week, what } });
        }
    }
}

/// What one team should be told or asked.
pub fn notes(desk: &Desk<'_>, manager: &Person, team: &[Member<'_>], rule_on: RuleOn<'_>) -> Notes {
    let mut notes = Notes::default();
    if desk.mode_for(manager) == Mode::Observe {
        return notes;
    }
    for member in team.iter().filter(|member| !member.is_muted(Week::of(desk.now, &member.rep.zone))) {
        cadence(desk, manager, member, rule_on, &mut notes);
        check_in(desk, member, &mut notes);
        overlaps(desk, member, &mut notes);
    }
    monday(desk, manager, team, &mut notes);
    capacity(desk, manager, team, &mut notes);
    notes
}

/// To a manager on their last working day before a week in which what they owe does not fit.
fn capacity(desk: &Desk<'_>, manager: &Person, team: &[Member<'_>], notes: &mut Notes) {
    let Some(hours) = capacity::when(desk, manager) else { return };
    if desk.now < hours.start {
        notes.look_at(hours.start);
    }
    if !hours.contains(desk.now) || team.iter().all(|member| member.ahead == 0) {
        return;
    }
    let next = Week::of(desk.now, &manager.zone).next();
    let what = format!("capacity-{next}");
    // All is planned anew for it: not again once it was said.
    if desk.noted.get(&manager.id).is_some_and(|said| is_said(said, &what)) {
        return;
    }
    if let Some(letter) = capacity::letter(desk, manager, team) {
        notes.add(desk, manager, letter, what, Some(next.span(&manager.zone).start));
    }
}

/// To a manager on the first morning of a week, if something is due from them.
fn monday(desk: &Desk<'_>, manager: &Person, team: &[Member<'_>], notes: &mut Notes) {
    let week = Week::of(desk.now, &manager.zone);
    let first = |week: Week| {
        let span = week.span(&manager.zone);
        manager.hours.spans(&manager.zone, &span).first().copied()
    };
    notes.next_look =
        [notes.next_look, first(week.next()).map(|hours| hours.start)].into_iter().flatten().min();
    let Some(hours) = first(week) else { return };
    if desk.now < hours.start {
        notes.look_at(hours.start);
    }
    if !hours.contains(desk.now) {
        return;
    }
    let mut owed: Vec<Owed> = team.iter().filter_map(|member| owed(desk, member)).collect();
    if !owed.iter().any(is_due_from_manager) {
        return;
    }
    owed.sort_by_key(|one| (one.standing >= one.due, one.is_offered, one.rep));
    let letter = Letter::Monday { week, owed };
    notes.add(desk, manager, letter, format!("monday-{week}"), Some(hours.end));
}

/// What has a mail of its own is no reason for another.
fn is_due_from_manager(one: &Owed) -> bool {
    (one.standing < one.due && !one.is_offered) || one.conflict.is_some()
}

fn owed(desk: &Desk<'_>, member: &Member<'_>) -> Option<Owed> {
    let week = Week::of(desk.now, &member.rep.zone);
    let row = member.state.weeks.get(&week).filter(|row| row.due > 0 && !member.is_muted(week))?;
    let standing: Vec<&Expected> =
        member.state.sessions.values().filter(|session| session.week == week && session.stands()).collect();
    let first = |holds: &dyn Fn(&Expected) -> bool| {
        let coming = standing.iter().filter(|session| session.span.start > desk.now && holds(session));
        coming.map(|session| session.span.start).min()
    };
    let conflict = first(&|session| session.overlap.is_some_and(|overlap| !overlap.is_kept));
    let unanswered = first(&|session| session.risks.contains(&Risk::Unanswered));
    let missed = member.state.weeks.get(&week.plus(-1)).and_then(|row| row.row).map_or(0, |row| row.missed);
    let mut active = member.state.of_week(week).filter(|recovery| recovery.is_active()).peekable();
    let is_offered = active.peek().is_some()
        && active.all(|recovery| {
            recovery.proposal.is_some() || recovery.booking.is_some() || recovery.no_slot.is_some()
        });
    let standing = (standing.len() as u32 + row.excused).min(row.due);
    (standing < row.due || conflict.is_some() || unanswered.is_some()).then_some(Owed {
        rep: member.rep.id,
        due: row.due,
        standing,
        is_offered,
        conflict,
        unanswered,
        missed,
    })
}

/// The week's sessions that a check-in asks about: those that began within the window, with the rep's word.
pub fn asked(state: &RepState, window: &Span, now: Moment) -> Vec<(CheckInItem, Option<bool>)> {
    let mut found: Vec<(CheckInItem, Option<bool>)> = state
        .sessions
        .values()
        .filter(|session| window.contains(session.span.start) && session.span.end <= now)
        .filter_map(|session| {
            let item = CheckInItem {
                session: session.key.clone(),
                manager: session.manager,
                start: session.span.start,
                known: known(session)?,
            };
            Some((item, session.answers.1))
        })
        .collect();
    found.sort_by_key(|(item, _)| (item.start, item.session.clone()));
    found.truncate(ASKED_MOST);
    found
}

/// What is known of a session without anybody's word; `None`: nobody is asked about it.
fn known(session: &Expected) -> Option<Known> {
    let is_counted = !session.is_weak || session.is_new_time;
    if session.released || session.replaced_by.is_some() || !is_counted {
        return None;
    }
    let Some(given) = session.given.as_ref().filter(|given| given.outcome != Outcome::Held) else {
        return Some(Known::Stood);
    };
    match given.outcome {
        Outcome::Rescheduled | Outcome::NotHeld => Some(Known::Stood),
        Outcome::MovedOut | Outcome::Excused => None,
        _ if given.confidence == crate::model::fact::Confidence::Unsure => Some(Known::Unsure),
        _ => Some(Known::Fell),
    }
}

/// The days that a check-in of `week` asks about: from the one before it.
pub fn window(send: Weekly, rep: &Person, week: Week) -> Span {
    let until = send.next_after(week.span(&rep.zone).start - TimeDelta::seconds(1), &rep.zone);
    let from = send.next_after(week.plus(-1).span(&rep.zone).start - TimeDelta::seconds(1), &rep.zone);
    Span::new(from, until)
}

/// Once a week, where `[checkin]` is configured.
fn check_in(desk: &Desk<'_>, member: &Member<'_>, notes: &mut Notes) {
    let week = Week::of(desk.now, &member.rep.zone);
    let Some(send) = desk.rules.check_in else { return };
    let window = window(send, member.rep, week);
    if desk.now < window.end {
        notes.look_at(window.end);
        return;
    }
    if desk.now - window.end > TimeDelta::hours(LATE_HOURS) {
        return;
    }
    let asked = asked(member.state, &window, desk.now);
    let items: Vec<CheckInItem> =
        asked.into_iter().filter(|(_, word)| word.is_none()).map(|(item, _)| item).collect();
    if items.is_empty() {
        return;
    }
    let until = window.end + TimeDelta::days(ANSWER_DAYS);
    let letter = Letter::CheckIn { week, items, until };
    notes.add(desk, member.rep, letter, format!("check_in-{week}"), Some(until));
}

/// Whoever has accepted a meeting over a 1-on-1 is asked once what is to become of it.
fn overlaps(desk: &Desk<'_>, member: &Member<'_>, notes: &mut Notes) {
    if desk.rules.check_in.is_none() {
        return;
    }
    for session in member.state.sessions.values().filter(|session| session.stands()) {
        let Some(overlap) = session.overlap.filter(|overlap| !overlap.is_kept) else { continue };
        let Some(reader) = desk.roster.get(overlap.who) else { continue };
        let is_early = desk.now + TimeDelta::minutes(OVERLAP_MINUTES) <= session.span.start;
        let settled = overlap.since + desk.rules.policy.settle;
        if desk.now < settled && is_early {
            notes.look_at(settled);
        } else if is_early {
            let letter = Letter::Overlap {
                manager: session.manager,
                rep: session.rep,
                week: session.week,
                session: session.key.clone(),
                span: session.span,
            };
            let what = format!("overlap-{}-{}", session.key, session.span.start.timestamp());
            notes.add(desk, reader, letter, what, Some(session.span.start));
        }
    }
}

/// A lower rule holds from its first day, a higher one from the Monday after (V39): both are announced.
fn cadence(desk: &Desk<'_>, manager: &Person, member: &Member<'_>, rule_on: RuleOn<'_>, notes: &mut Notes) {
    let rep = member.rep;
    let today = rep.zone.local(desk.now).date();
    let this = Week::of_date(today);
    let Some(row) = member.state.weeks.get(&this) else { return };
    let Some(before) = desk.rules.cadence.iter().find(|rule| rule.name == row.rule) else { return };
    let days = (0..=AHEAD_DAYS).map(|ahead| today + Days::new(ahead));
    let mut changed = days.filter_map(|day| Some((day, rule_on(rep, day)?)));
    let Some((day, after)) = changed.find(|(_, rule)| rhythm(rule) != rhythm(before)) else {
        return;
    };
    let from = if rhythm(after).weight() > rhythm(before).weight() { first_monday(day) } else { day };
    if from < today {
        return;
    }
    let on_plan = [day, today].iter().any(|day| rep.status_on(*day) == Some(Status::Plan));
    for to in [manager, rep] {
        let letter = Letter::Cadence {
            manager: manager.id,
            rep: rep.id,
            from,
            before: rhythm(before),
            after: rhythm(after),
            on_plan,
        };
        let ends = Week::of_date(from).next().span(&rep.zone).start;
        notes.add(desk, to, letter, format!("cadence-{}-{from}", rep.id), Some(ends));
    }
}

fn rhythm(rule: &CadenceRule) -> Rhythm {
    Rhythm {
        per_week: rule.per_week,
        every_weeks: rule.every_weeks,
        minutes: rule.duration.num_minutes().max(0) as u32,
    }
}

/// The day itself, if it is a Monday, else the next one.
fn first_monday(day: NaiveDate) -> NaiveDate {
    let monday = Week::of_date(day).monday();
    if monday == day { day } else { monday + Days::new(7) }
}

/// Whether a note was written before, in whatever week.
pub fn is_said(said: &BTreeSet<Note>, what: &str) -> bool {
    said.iter().any(|note| note.what == what)
}

/// How many notes somebody was sent in a week.
pub fn count(said: &BTreeSet<Note>, week: Week) -> u32 {
    said.iter().filter(|note| note.week == week).count() as u32
}
