//! Whether what a manager owes next week fits into the time they share with their reps: asked before that week begins, while
//! room can still be made.

use crate::model::letter::{Letter, Short};
use crate::model::people::Person;
use crate::model::time::{Span, Week};
use chrono::TimeDelta;

use super::compile::{Ask, Compiled, Days, Displace, Need, compile};
use super::desk::Desk;
use super::member::Member;
use super::recover::{as_change, attendee};
use super::solve::{Effort, solve_with};
use super::why;

/// Changes that are named: one is enough, two leave a choice.
const CHANGES_MOST: usize = 2;

/// When it is said: the hours of the manager's last working day of this week.
pub(super) fn when(desk: &Desk<'_>, manager: &Person) -> Option<Span> {
    let week = Week::of(desk.now, &manager.zone).span(&manager.zone);
    manager.hours.spans(&manager.zone, &week).last().copied()
}

/// What is to be said of next week, if what is owed and has no time yet does not fit.
pub(super) fn letter(desk: &Desk<'_>, manager: &Person, team: &[Member<'_>]) -> Option<Letter> {
    let week = Week::of(desk.now, &manager.zone).next();
    let owing: Vec<&Member<'_>> =
        team.iter().filter(|member| member.ahead > 0 && !member.is_muted(week)).collect();
    let nobody = std::collections::BTreeSet::new();
    let people = std::iter::once(manager).chain(owing.iter().map(|member| member.rep));
    let mut ask = Ask {
        now: desk.now,
        policy: &desk.rules.policy,
        people: people.map(|person| attendee(desk, person, &nobody)).collect(),
        needs: owing.iter().flat_map(|member| needs(manager, member, week)).collect(),
        displace: Displace::Nothing,
        days: Days::Sooner,
    };
    // Time that nobody knows is no lack of time.
    let is_known = |need: &Need| {
        [need.manager, need.rep].iter().all(|who| ask.person(*who).is_some_and(|person| !person.unknown))
    };
    ask.needs = ask.needs.iter().filter(|need| is_known(need)).cloned().collect();
    let mut short: Vec<Need> = Vec::new();
    while !fits(&ask) {
        let smallest = smallest(&ask, &owing);
        ask.needs.retain(|need| smallest.iter().all(|part| part.rep != need.rep));
        short.extend(smallest);
    }
    (!short.is_empty()).then(|| said(&Ask { needs: short, ..ask }, week))
}

/// The smallest part of what does not fit that does not fit by itself: reps are left out one by one, as long as the rest still
/// does not.
fn smallest(ask: &Ask<'_>, owing: &[&Member<'_>]) -> Vec<Need> {
    owing
        .iter()
        .fold(ask.clone(), |ask, member| {
            let without = Ask { needs: others(&ask, member.rep), ..ask.clone() };
            if fits(&without) { ask } else { without }
        })
        .needs
}

fn needs(manager: &Person, member: &Member<'_>, week: Week) -> Vec<Need> {
    let standing = member.state.sessions.values().filter(|session| session.week == week && session.stands());
    let fixed: Vec<Span> = standing.map(|session| session.span).collect();
    let need = |nth: u32| Need {
        fixed: fixed.clone(),
        ..member.need(manager, format!("{}-{nth}", member.rep.id), week.span(&member.rep.zone))
    };
    (0..member.ahead).map(need).collect()
}

fn others(ask: &Ask<'_>, rep: &Person) -> Vec<Need> {
    ask.needs.iter().filter(|need| need.rep != rep.id).cloned().collect()
}

/// Whether as many could be placed as there are: that they could not must be proven, and a brief look proves it of a team.
fn fits(ask: &Ask<'_>) -> bool {
    let most = |week: Compiled| {
        let components = solve_with(&week.table, Effort::QUICK).components;
        components.iter().map(|component| component.count_bound).sum::<usize>()
    };
    compile(ask).into_iter().map(most).sum::<usize>() >= ask.needs.len()
}

/// The needs that get a time, by their place in the ask.
fn placed(ask: &Ask<'_>) -> Vec<usize> {
    let of_week = |week: Compiled| {
        let starts = solve_with(&week.table, Effort::QUICK).starts;
        let placed = starts.into_iter().filter(|(_, start)| start.is_some());
        placed.map(|(id, _)| week.needs[id.0 as usize]).collect::<Vec<_>>()
    };
    compile(ask).into_iter().flat_map(of_week).collect()
}

fn said(ask: &Ask<'_>, week: Week) -> Letter {
    let placed = placed(ask);
    let minutes = |length: TimeDelta| length.num_minutes().max(0) as u32;
    let mut owed: Vec<Short> = Vec::new();
    for need in &ask.needs {
        match owed.iter_mut().find(|short| short.rep == need.rep) {
            Some(short) => short.minutes += minutes(need.duration),
            None => owed.push(Short { rep: need.rep, minutes: minutes(need.duration) }),
        }
    }
    let left = (0..ask.needs.len()).find(|n| !placed.contains(n)).map(|n| &ask.needs[n]);
    let changes = left.map_or_else(Vec::new, |need| why::waterfall(ask, &need.key).changes);
    Letter::Capacity {
        week,
        owed,
        room: placed.iter().map(|n| minutes(ask.needs[*n].duration)).sum(),
        left: left.map(|need| need.rep),
        changes: changes.iter().filter_map(as_change).take(CHANGES_MOST).collect(),
    }
}
