//! What a plan is worth, straight from the rules: slow, plain, and apart from the search that it checks.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::slots::{Slot, Stretch, merged, without};
use super::table::{Person, Session, SessionId, Table};

/// How good a plan is: more placed wins, then less cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Sessions with a start.
    pub placed: usize,
    /// Cost points, C1–C10.
    pub cost: i64,
}

impl Score {
    /// Whether this is the better of the two.
    pub fn beats(&self, other: &Score) -> bool {
        (self.placed, other.cost) > (other.placed, self.cost)
    }
}

/// The first hard rule that a plan breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("keep {rule}: session {session} at slot {start}")]
pub struct BrokenRule {
    /// `H1` to `H7`.
    pub rule: &'static str,
    /// By which session.
    pub session: SessionId,
    /// Where it was put.
    pub start: Slot,
}

/// A placed session.
#[derive(Clone, Copy)]
struct Placed<'t> {
    session: &'t Session,
    time: Stretch,
}

/// Checks every hard rule and adds up every cost; sessions that are not in `starts` are not placed.
///
/// # Errors
/// The first broken rule, by order of session.
pub fn evaluate(table: &Table, starts: &BTreeMap<SessionId, Option<Slot>>) -> Result<Score, BrokenRule> {
    let start_of = |session: &Session| starts.get(&session.id).copied().flatten();
    let placed: Vec<Placed<'_>> = table
        .sessions
        .iter()
        .filter_map(|session| start_of(session).map(|s| Placed { session, time: session.at(s) }))
        .collect();
    for (n, one) in placed.iter().enumerate() {
        if let Some(rule) = broken_alone(table, *one).or_else(|| broken_among(table, *one, &placed[..n])) {
            return Err(BrokenRule { rule, session: one.session.id, start: one.time.0 });
        }
    }
    let alone: i64 = placed.iter().map(|one| cost_alone(table, *one)).sum();
    let cost = alone
        + cost_of_dropped(table, &placed)
        + cost_of_leads(table, &placed)
        + cost_of_holds(table, &placed);
    Ok(Score { placed: placed.len(), cost })
}

/// What a session costs at a start by itself (C1–C5), if the rules allow it there.
pub(super) fn alone(table: &Table, session: &Session, start: Slot) -> Option<i64> {
    let one = Placed { session, time: session.at(start) };
    broken_alone(table, one).is_none().then(|| cost_alone(table, one))
}

fn apart(one: Stretch, two: Stretch, gap: Slot) -> bool {
    one.0 - two.1 >= gap || two.0 - one.1 >= gap
}

/// H1–H3, and H5 and H6 against what is fixed.
fn broken_alone(table: &Table, Placed { session, time }: Placed<'_>) -> Option<&'static str> {
    let Stretch(start, end) = time;
    let people = || session.people.iter().map(|p| &table.people[*p]);
    let rep = &table.reps[session.rep];
    let rep_day = table.people[rep.person].day_of(start);
    let too_near = |fixed: &&Stretch| same_days(&table.people[rep.person], start, fixed.0, rep.apart_days);
    if start % table.step != 0
        || start < session.from.max(table.now + session.notice)
        || end > session.due
        || session.excluded.contains(&start)
    {
        return Some("H1");
    }
    if !people().all(|p| p.work.iter().any(|w| w.covers(time)))
        || table.people[session.people[0]].day_of(start).is_none()
        || rep_day.is_none()
    {
        return Some("H2");
    }
    if !people().all(|p| p.busy.iter().all(|busy| apart(time, *busy, p.buffer))) {
        return Some("H3");
    }
    if rep.fixed.iter().any(|fixed| too_near(&fixed)) {
        return Some("H5");
    }
    rep.fixed.iter().any(|fixed| !apart(time, *fixed, rep.spacing)).then_some("H6")
}

/// Whether two starts fall on days of the person fewer than `days` apart.
fn same_days(person: &Person, one: Slot, two: Slot, days: u32) -> bool {
    match (person.day_of(one), person.day_of(two)) {
        (Some(one), Some(two)) => one.abs_diff(two) < days as usize,
        _ => false,
    }
}

/// H4–H7 against the sessions placed before it.
fn broken_among(table: &Table, one: Placed<'_>, before: &[Placed<'_>]) -> Option<&'static str> {
    let rep = &table.reps[one.session.rep];
    for two in before {
        let shared = one.session.people.iter().filter(|p| two.session.people.contains(p));
        if shared.map(|p| table.people[*p].buffer).any(|buffer| !apart(one.time, two.time, buffer)) {
            return Some("H4");
        }
        if one.session.rep == two.session.rep {
            if same_days(&table.people[rep.person], one.time.0, two.time.0, rep.apart_days) {
                return Some("H5");
            }
            if !apart(one.time, two.time, rep.spacing) {
                return Some("H6");
            }
        }
    }
    let lead = one.session.people[0];
    let person = &table.people[lead];
    let day = person.day_of(one.time.0)?;
    let others = before
        .iter()
        .filter(|two| two.session.people[0] == lead && person.day_of(two.time.0) == Some(day))
        .count();
    (person.fixed_per_day[day] as usize + others + 1 > person.day_cap as usize).then_some("H7")
}

/// C1–C5.
fn cost_alone(table: &Table, Placed { session, time }: Placed<'_>) -> i64 {
    let Stretch(start, end) = time;
    let w = &table.weights;
    let lead = &table.people[session.people[0]];
    let day = lead.day_of(start).unwrap_or(0);
    let mut cost = w.day * day as i64;
    if let Some(usual) = session.usual {
        let usual_day = lead.day_of(usual).unwrap_or(0);
        let off = ((start - lead.days[day]) - (usual - lead.days[usual_day])).abs();
        cost += w.tod * i64::from(off.min(w.tod_cap));
    }
    for soft in session.people.iter().flat_map(|p| &table.people[*p].soft) {
        cost += soft.2 * i64::from(time.shared(soft.stretch()));
    }
    let busy = merged(lead.busy.clone());
    for meeting in &busy {
        let before = start - w.chain_gap < meeting.1 && meeting.1 <= start;
        let after = end <= meeting.0 && meeting.0 < end + w.chain_gap;
        cost += if before || after { w.chain } else { 0 };
    }
    let cuts = |block: &Stretch| block.1 - block.0 >= w.focus_len && block.0 < start && end < block.1;
    if without(&lead.work, &busy).iter().any(cuts) {
        cost += w.frag;
    }
    cost + if session.proposed.is_some_and(|proposed| proposed != start) { w.moved } else { 0 }
}

/// C6 and C7.
fn cost_of_dropped(table: &Table, placed: &[Placed<'_>]) -> i64 {
    let is_placed = |session: &&Session| placed.iter().any(|p| p.session.id == session.id);
    let dropped: i64 = table
        .sessions
        .iter()
        .filter(|session| !is_placed(session))
        .map(|session| session.drop + if session.proposed.is_some() { table.weights.moved } else { 0 })
        .sum();
    let wanted: BTreeSet<usize> = table.sessions.iter().map(|session| session.rep).collect();
    let starved: i64 = wanted
        .into_iter()
        .filter(|rep| table.reps[*rep].fixed.is_empty() && !placed.iter().any(|p| p.session.rep == *rep))
        .map(|rep| table.reps[rep].starve)
        .sum();
    dropped + starved
}

/// C8 and C9.
fn cost_of_leads(table: &Table, placed: &[Placed<'_>]) -> i64 {
    let mut cost = 0;
    for (id, lead) in table.people.iter().enumerate() {
        let mut led: Vec<Stretch> =
            placed.iter().filter(|p| p.session.people[0] == id).map(|p| p.time).collect();
        led.sort_unstable();
        cost += led.windows(2).filter(|pair| pair[1].0 - pair[0].1 < table.weights.chain_gap).count() as i64
            * table.weights.chain;
        for (day, fixed) in lead.fixed_per_day.iter().enumerate() {
            let count = *fixed + led.iter().filter(|time| lead.day_of(time.0) == Some(day)).count() as u32;
            cost += table.weights.load * i64::from(count.saturating_sub(lead.day_soft.max(*fixed)));
        }
    }
    cost
}

/// C10.
fn cost_of_holds(table: &Table, placed: &[Placed<'_>]) -> i64 {
    let is_hit = |id: usize, hold: Stretch| {
        placed.iter().any(|p| p.session.people.contains(&id) && p.time.overlaps(hold))
    };
    let people = table.people.iter().enumerate();
    people
        .flat_map(|(id, person)| person.holds.iter().map(move |hold| (id, hold)))
        .filter(|(id, hold)| is_hit(*id, hold.stretch()))
        .map(|(_, hold)| hold.2)
        .sum()
}
