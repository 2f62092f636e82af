//! The arithmetic of a certificate.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certificate, Multipliers, Row};
use crate::plan::evaluate::alone;
use crate::plan::slots::{Slot, Stretch};
use crate::plan::table::Table;

/// A session at one of its starts.
pub(super) struct At {
    pub session: usize,
    pub time: Stretch,
    pub day: usize,
    pub rep_day: usize,
    /// C1–C5.
    pub cost: i64,
}

/// Every start that the rules allow the session by itself.
pub(super) fn starts(table: &Table, id: usize) -> Vec<At> {
    let session = &table.sessions[id];
    let lead = &table.people[session.people[0]];
    let rep = &table.people[table.reps[session.rep].person];
    let at = |start: Slot| {
        let cost = alone(table, session, start)?;
        let (day, rep_day) = (lead.day_of(start)?, rep.day_of(start)?);
        Some(At { session: id, time: session.at(start), day, rep_day, cost })
    };
    (session.from..=session.due - session.dur).filter_map(at).collect()
}

/// A bound in the making.
pub(super) struct Check<'a> {
    pub table: &'a Table,
    pub certificate: &'a Certificate,
    pub all: &'a BTreeMap<usize, Vec<At>>,
}

impl Check<'_> {
    fn starts(&self, session: usize) -> &[At] {
        self.all.get(&session).map_or(&[], Vec::as_slice)
    }

    /// How many of a group its starts allow.
    pub fn most(&self, group: &[usize]) -> usize {
        let all: BTreeSet<Slot> = group.iter().flat_map(|id| self.starts(*id)).map(|at| at.time.0).collect();
        group.len().min(all.len())
    }

    fn group(&self, first: usize) -> Option<&Vec<usize>> {
        self.certificate.groups.iter().find(|group| group[0] == first)
    }

    fn drop(&self, session: usize) -> i64 {
        let session = &self.table.sessions[session];
        session.drop + if session.proposed.is_some() { self.table.weights.moved } else { 0 }
    }

    /// What it costs that nothing is placed, reps that get nothing included.
    pub fn base(&self) -> i64 {
        let reps: BTreeSet<usize> =
            self.certificate.sessions.iter().map(|id| self.table.sessions[*id].rep).collect();
        let starve = |rep: &usize| &self.table.reps[*rep];
        let starved = reps.iter().map(starve).filter(|rep| rep.fixed.is_empty()).map(|rep| rep.starve);
        self.certificate.sessions.iter().map(|id| self.drop(*id)).sum::<i64>() + starved.sum::<i64>()
    }

    /// How often a row counts a session at a start; `None`: it is no row of this table.
    fn counts(&self, row: Row, at: &At) -> Option<bool> {
        let session = &self.table.sessions[at.session];
        let fills = |slot: Slot, gap: Slot| at.time.0 <= slot && slot < at.time.1 + gap;
        Some(match row {
            Row::Group(first) => self.group(first)?.contains(&at.session),
            Row::Beyond { group, session } => {
                let can = |other: &At| other.time.0 == at.time.0;
                self.group(group)?.contains(&at.session) && !self.starts(session).iter().any(can)
            }
            Row::Person { person, slot } => {
                session.people.contains(&person) && fills(slot, self.table.people.get(person)?.buffer)
            }
            Row::Rep { rep, slot } => session.rep == rep && fills(slot, self.table.reps.get(rep)?.spacing),
            Row::Days { rep, day } => {
                let days = self.table.reps.get(rep)?.apart_days as usize;
                session.rep == rep && (day..day + days).contains(&at.rep_day)
            }
            Row::Cap { lead, day } | Row::Load { lead, day } => session.people[0] == lead && at.day == day,
            Row::Starve(rep) => session.rep == rep,
            Row::HoldAt { person, hold, slot } => {
                let owner = self.table.people.get(person)?;
                session.people.contains(&person)
                    && fills(slot, owner.buffer)
                    && owner.holds.get(hold)?.stretch().overlaps(at.time)
            }
            Row::Hold { person, hold, session: first, start } => {
                let stretch = self.table.people.get(person)?.holds.get(hold)?.stretch();
                let is_of = self.group(first)?.contains(&at.session)
                    && start.map_or(self.group(first)?.len() == 1, |start| start == at.time.0);
                is_of && session.people.contains(&person) && stretch.overlaps(at.time)
            }
        })
    }

    /// How many a row allows, and the most that its multiplier may be.
    fn allows(&self, row: Row, unit: i64) -> Option<(i64, i64)> {
        let free = i64::MAX / 8;
        let room = |cap: u32, fixed: u32| i64::from(cap.saturating_sub(fixed));
        Some(match row {
            Row::Group(first) => (self.group(first)?.len() as i64, free),
            Row::Beyond { group, .. } => {
                let counts =
                    |id: &&usize| self.starts(**id).iter().any(|at| self.counts(row, at) == Some(true));
                (self.group(group)?.iter().filter(counts).count() as i64, free)
            }
            Row::Person { .. } | Row::Rep { .. } | Row::Days { .. } => (1, free),
            Row::Cap { lead, day } => {
                let person = self.table.people.get(lead)?;
                (room(person.day_cap, *person.fixed_per_day.get(day)?), free)
            }
            Row::Load { lead, day } => {
                let person = self.table.people.get(lead)?;
                (room(person.day_soft, *person.fixed_per_day.get(day)?), self.table.weights.load * unit)
            }
            Row::Starve(rep) => (0, self.table.reps.get(rep)?.starve * unit),
            Row::Hold { person, hold, .. } | Row::HoldAt { person, hold, .. } => {
                (0, self.table.people.get(person)?.holds.get(hold)?.2 * unit)
            }
        })
    }

    /// The bound, in units: on the cost of placing so many, or on minus how many can be placed.
    pub fn bound(&self, rows: &Multipliers, placed: Option<usize>, all: bool) -> Option<i64> {
        let scale = if placed.is_some() { rows.unit } else { 0 };
        let mut sum = self.certificate.sessions.iter().map(|id| self.drop(*id)).sum::<i64>() * scale;
        sum += placed.map_or(0, |placed| rows.count * placed as i64);
        let mut price: BTreeMap<(usize, Slot), i64> = BTreeMap::new();
        for at in self.all.values().flatten() {
            let placing = if placed.is_some() { -rows.count } else { -rows.unit };
            price.insert((at.session, at.time.0), (at.cost - self.drop(at.session)) * scale + placing);
        }
        let mut held: BTreeMap<(usize, usize), i64> = BTreeMap::new();
        let mut starved: BTreeMap<usize, i64> = BTreeMap::new();
        for (row, multiplier) in &rows.rows {
            let (most, highest) = self.allows(*row, rows.unit)?;
            let may_be_less = matches!(row, Row::Group(first)
                if all && self.group(*first).is_some_and(|group| self.most(group) == group.len()));
            if *multiplier > highest || *multiplier < 0 && !may_be_less {
                return None;
            }
            sum -= multiplier * most;
            let sign = if matches!(row, Row::Starve(_)) { -1 } else { 1 };
            for at in self.all.values().flatten() {
                if self.counts(*row, at)? {
                    *price.get_mut(&(at.session, at.time.0))? += sign * multiplier;
                }
            }
            match *row {
                Row::Hold { person, hold, .. } | Row::HoldAt { person, hold, .. } => {
                    *held.entry((person, hold)).or_default() += multiplier;
                }
                Row::Starve(rep) => drop(starved.insert(rep, *multiplier)),
                _ => {}
            }
        }
        for ((person, hold), multiplier) in &held {
            sum += (self.table.people[*person].holds[*hold].2 * scale - multiplier).min(0);
        }
        sum += self.starving(&starved, scale, &mut price);
        self.unshared(&held, scale, &mut price);
        let leads: BTreeSet<usize> =
            self.certificate.sessions.iter().map(|id| self.table.sessions[*id].people[0]).collect();
        let priced: BTreeSet<(usize, usize)> = rows
            .rows
            .iter()
            .filter_map(|(row, _)| match row {
                Row::Load { lead, day } => Some((*lead, *day)),
                _ => None,
            })
            .collect();
        Some(sum + leads.iter().map(|lead| self.path(*lead, &held, &priced, scale, &price)).sum::<i64>())
    }

    /// C7: by its multiplier, and in full for a rep with one session that can be placed, or none.
    fn starving(
        &self,
        given: &BTreeMap<usize, i64>,
        scale: i64,
        price: &mut BTreeMap<(usize, Slot), i64>,
    ) -> i64 {
        let mut sum = given.values().sum::<i64>();
        let reps: BTreeSet<usize> =
            self.certificate.sessions.iter().map(|id| self.table.sessions[*id].rep).collect();
        for rep in
            reps.iter().filter(|rep| !given.contains_key(rep) && self.table.reps[**rep].fixed.is_empty())
        {
            let of_rep = |id: &&usize| self.table.sessions[**id].rep == *rep && !self.starts(**id).is_empty();
            let able: Vec<usize> = self.certificate.sessions.iter().filter(of_rep).copied().collect();
            if able.len() > 1 {
                continue;
            }
            let starve = self.table.reps[*rep].starve * scale;
            sum += starve;
            for at in able.iter().flat_map(|id| self.starts(*id)) {
                price.entry((at.session, at.time.0)).and_modify(|price| *price -= starve);
            }
        }
        sum
    }

    /// C10 where only one session at a time can lie on a hold: that one pays.
    fn unshared(
        &self,
        held: &BTreeMap<(usize, usize), i64>,
        scale: i64,
        price: &mut BTreeMap<(usize, Slot), i64>,
    ) {
        for (person, hold, cost, on) in self.holds() {
            if held.contains_key(&(person, hold)) || self.is_lead_of(person, &on) {
                continue;
            }
            let rep = |at: &At| (self.table.sessions[at.session].rep, at.rep_day);
            if on.iter().all(|at| at.session == on[0].session) || on.iter().all(|at| rep(at) == rep(on[0])) {
                for at in on {
                    price.entry((at.session, at.time.0)).and_modify(|price| *price += cost * scale);
                }
            }
        }
    }

    fn is_lead_of(&self, person: usize, on: &[&At]) -> bool {
        on.iter().all(|at| self.table.sessions[at.session].people[0] == person)
    }

    /// Holds that some session could lie on, with these.
    fn holds(&self) -> Vec<(usize, usize, i64, Vec<&At>)> {
        let people: BTreeSet<usize> =
            self.certificate.sessions.iter().flat_map(|id| self.table.sessions[*id].people.clone()).collect();
        let mut out = Vec::new();
        for person in people {
            for (n, hold) in self.table.people[person].holds.iter().enumerate() {
                let attends = |at: &&At| self.table.sessions[at.session].people.contains(&person);
                let on: Vec<&At> = self
                    .all
                    .values()
                    .flatten()
                    .filter(attends)
                    .filter(|at| hold.stretch().overlaps(at.time))
                    .collect();
                if !on.is_empty() {
                    out.push((person, n, hold.2, on));
                }
            }
        }
        out
    }

    /// The cheapest order of sessions through a lead's week: H4, H7, C8, C9 and C10 among them.
    fn path(
        &self,
        lead: usize,
        held: &BTreeMap<(usize, usize), i64>,
        priced: &BTreeSet<(usize, usize)>,
        scale: i64,
        price: &BTreeMap<(usize, Slot), i64>,
    ) -> i64 {
        let (person, w) = (&self.table.people[lead], &self.table.weights);
        let mut led: Vec<&At> = self.all.values().flatten().collect();
        led.retain(|at| self.table.sessions[at.session].people[0] == lead);
        led.sort_by_key(|at| (at.time, at.session));
        let own: Vec<(Stretch, i64)> = self
            .holds()
            .into_iter()
            .filter(|(who, hold, _, on)| {
                *who == lead && !held.contains_key(&(*who, *hold)) && self.is_lead_of(lead, on)
            })
            .map(|(_, hold, cost, _)| (person.holds[hold].stretch(), cost))
            .collect();
        // By session at a start and how many its day then has, itself included.
        let mut best: Vec<BTreeMap<u32, i64>> = Vec::new();
        let mut least = 0;
        for (n, at) in led.iter().enumerate() {
            let fixed = person.fixed_per_day[at.day];
            let (cap, soft) = (person.day_cap.saturating_sub(fixed), person.day_soft.saturating_sub(fixed));
            let mut here: BTreeMap<u32, i64> = BTreeMap::new();
            let mut offer = |count: u32, sum: i64| {
                if count <= cap {
                    let load = count > soft && !priced.contains(&(lead, at.day));
                    let sum = sum + price[&(at.session, at.time.0)] + if load { w.load * scale } else { 0 };
                    here.entry(count).and_modify(|least| *least = sum.min(*least)).or_insert(sum);
                }
            };
            let paid = |before: Option<&At>| {
                let is_new = |hold: &&(Stretch, i64)| {
                    hold.0.overlaps(at.time) && !before.is_some_and(|before| hold.0.overlaps(before.time))
                };
                own.iter().filter(is_new).map(|hold| hold.1 * scale).sum::<i64>()
            };
            offer(1, paid(None));
            for (before, sums) in led[..n].iter().zip(&best) {
                let gap = at.time.0 - before.time.1;
                if gap < person.buffer {
                    continue;
                }
                let chain = if gap < w.chain_gap { w.chain * scale } else { 0 };
                for (count, sum) in sums {
                    let count = if before.day == at.day { count + 1 } else { 1 };
                    offer(count, sum + paid(Some(before)) + chain);
                }
            }
            least = here.values().copied().fold(least, i64::min);
            best.push(here);
        }
        least
    }
}
