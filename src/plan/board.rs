//! A plan in the making: where each session stands, and what moving one would cost, kept up to date.

use std::collections::BTreeSet;

use super::choices::{Choice, choices};
use super::slots::{Slot, Stretch};
use super::table::{Session, Table};

/// A session that shares somebody with another.
#[derive(Debug, Clone, Copy)]
struct Neighbour {
    /// Which.
    other: usize,
    /// Slots that must lie between the two.
    gap: Slot,
    /// Days that must lie between the two; 0: they are not of one rep.
    days: usize,
}

/// All sessions of a table, some of them placed.
#[derive(Debug, Clone)]
pub(super) struct Board<'t> {
    table: &'t Table,
    choices: Vec<Vec<Choice>>,
    neighbours: Vec<Vec<Neighbour>>,
    /// For each session, which of its choices it has.
    chosen: Vec<Option<usize>>,
    /// For each person, what they lead, in order of time.
    led: Vec<Vec<Stretch>>,
    /// For each person and day, how many sessions they lead.
    per_day: Vec<[u32; 7]>,
    /// What each hold costs, and how many sessions lie on it.
    holds: Vec<(i64, u32)>,
    /// How many sessions each rep has.
    per_rep: Vec<u32>,
}

impl<'t> Board<'t> {
    /// Nothing placed.
    pub fn new(table: &'t Table) -> Self {
        Self {
            table,
            choices: choices(table),
            neighbours: neighbours(table),
            chosen: vec![None; table.sessions.len()],
            led: vec![Vec::new(); table.people.len()],
            per_day: table.people.iter().map(|person| person.fixed_per_day).collect(),
            holds: table.people.iter().flat_map(|p| p.holds.iter().map(|hold| (hold.2, 0))).collect(),
            per_rep: table.reps.iter().map(|rep| rep.fixed.len() as u32).collect(),
        }
    }

    /// What the session may choose from.
    pub fn choices(&self, id: usize) -> &[Choice] {
        &self.choices[id]
    }

    /// Which of its choices it has.
    pub fn chosen(&self, id: usize) -> Option<usize> {
        self.chosen[id]
    }

    /// Places a session that is not placed; returns what that costs.
    pub fn put(&mut self, id: usize, choice: usize) -> i64 {
        let cost = self.price(id, choice);
        self.count(id, choice, Count::In);
        self.chosen[id] = Some(choice);
        cost
    }

    /// Takes a session off; returns what that costs (less than nothing, as a rule). Nothing, if it is not placed.
    pub fn take(&mut self, id: usize) -> i64 {
        let Some(choice) = self.chosen[id].take() else { return 0 };
        self.count(id, choice, Count::Out);
        -self.price(id, choice)
    }

    /// What it costs that this one is not placed (C6).
    fn drop_cost(&self, id: usize) -> i64 {
        let session = &self.table.sessions[id];
        session.drop + if session.proposed.is_some() { self.table.weights.moved } else { 0 }
    }

    /// What placing it there would cost, all others as they stand. The start must be possible.
    pub fn price(&self, id: usize, choice: usize) -> i64 {
        let session = &self.table.sessions[id];
        let choice = &self.choices[id][choice];
        let rep = &self.table.reps[session.rep];
        let starved = if self.per_rep[session.rep] == 0 { rep.starve } else { 0 };
        let held: i64 = choice.holds.iter().map(|h| self.holds[*h]).filter(|h| h.1 == 0).map(|h| h.0).sum();
        choice.cost + held + self.price_for_lead(session, choice) - self.drop_cost(id) - starved
    }

    /// C8 and C9.
    fn price_for_lead(&self, session: &Session, choice: &Choice) -> i64 {
        let w = &self.table.weights;
        let id = session.people[0];
        let lead = &self.table.people[id];
        let soft_cap = lead.day_soft.max(lead.fixed_per_day[choice.lead_day]);
        let load = if self.per_day[id][choice.lead_day] >= soft_cap { w.load } else { 0 };
        let led = &self.led[id];
        let next = led.partition_point(|other| other.0 < choice.start);
        let gap_before = next.checked_sub(1).map(|n| choice.start - led[n].1);
        let gap_after = led.get(next).map(|after| after.0 - choice.start - session.dur);
        let gap_both = gap_before.zip(gap_after).map(|(before, after)| before + session.dur + after);
        let chained = |gap: Option<Slot>| i64::from(gap.is_some_and(|gap| gap < w.chain_gap));
        load + w.chain * (chained(gap_before) + chained(gap_after) - chained(gap_both))
    }

    fn count(&mut self, id: usize, choice: usize, way: Count) {
        let session = &self.table.sessions[id];
        let choice = &self.choices[id][choice];
        let (lead, time) = (session.people[0], session.at(choice.start));
        let led = &mut self.led[lead];
        let place = led.partition_point(|other| *other < time);
        match way {
            Count::In => led.insert(place, time),
            Count::Out => drop(led.remove(place)),
        }
        way.apply(&mut self.per_day[lead][choice.lead_day]);
        way.apply(&mut self.per_rep[session.rep]);
        for hold in &choice.holds {
            way.apply(&mut self.holds[*hold].1);
        }
    }

    /// Calls `visit` with every choice that no placed session and no day cap forbids.
    pub fn for_each_open(&self, id: usize, mut visit: impl FnMut(usize)) {
        let session = &self.table.sessions[id];
        let choices = &self.choices[id];
        let mut closed = self.closed_days(session);
        let mut blocked: Vec<Stretch> = Vec::with_capacity(self.neighbours[id].len());
        for n in &self.neighbours[id] {
            let Some(chosen) = self.chosen[n.other] else { continue };
            let theirs = &self.choices[n.other][chosen];
            let other = &self.table.sessions[n.other];
            blocked.push(Stretch(theirs.start - n.gap - session.dur + 1, theirs.start + other.dur + n.gap));
            if n.days > 0 {
                closed.rep.extend((theirs.rep_day + 1).saturating_sub(n.days)..theirs.rep_day + n.days);
            }
        }
        blocked.sort_unstable();
        let mut next = 0;
        for (n, choice) in choices.iter().enumerate() {
            while blocked.get(next).is_some_and(|b| b.1 <= choice.start) {
                next += 1;
            }
            let is_blocked =
                blocked[next..].iter().take_while(|b| b.0 <= choice.start).any(|b| choice.start < b.1);
            if !is_blocked && !closed.lead[choice.lead_day] && !closed.rep.contains(&choice.rep_day) {
                visit(n);
            }
        }
    }

    fn closed_days(&self, session: &Session) -> Closed {
        let lead = session.people[0];
        let cap = self.table.people[lead].day_cap;
        Closed { lead: self.per_day[lead].map(|count| count >= cap), rep: Vec::new() }
    }
}

/// Days on which a session may not be put, whatever the hour.
struct Closed {
    lead: [bool; 7],
    rep: Vec<usize>,
}

/// Whether a session comes or goes.
#[derive(Clone, Copy)]
enum Count {
    In,
    Out,
}

impl Count {
    fn apply(self, count: &mut u32) {
        match self {
            Self::In => *count += 1,
            Self::Out => *count -= 1,
        }
    }
}

/// For each session those that share a person (or the rep) with it, in order.
fn neighbours(table: &Table) -> Vec<Vec<Neighbour>> {
    let mut of_person: Vec<Vec<usize>> = vec![Vec::new(); table.people.len()];
    for (id, session) in table.sessions.iter().enumerate() {
        session.people.iter().for_each(|person| of_person[*person].push(id));
    }
    let around = |id: usize| {
        let ours = &table.sessions[id];
        let others: BTreeSet<usize> =
            ours.people.iter().flat_map(|person| of_person[*person].clone()).collect();
        others.into_iter().filter(|other| *other != id).map(|other| neighbour(table, ours, other)).collect()
    };
    (0..table.sessions.len()).map(around).collect()
}

/// What two sessions that share a person owe each other; those of one rep share the rep's person.
fn neighbour(table: &Table, ours: &Session, other: usize) -> Neighbour {
    let theirs = &table.sessions[other];
    let rep = &table.reps[ours.rep];
    let shared = ours.people.iter().filter(|p| theirs.people.contains(p));
    let buffer = shared.map(|p| table.people[*p].buffer).max().unwrap_or(0);
    if theirs.rep == ours.rep {
        Neighbour { other, gap: buffer.max(rep.spacing), days: rep.apart_days as usize }
    } else {
        Neighbour { other, gap: buffer, days: 0 }
    }
}
