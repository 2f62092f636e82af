//! A plan of one component in the making: where each session stands, and what moving one would cost, kept up to date.

use super::model::{NONE, Part};
use crate::plan::evaluate::Score;
use crate::plan::slots::Slot;

/// Some sessions of a component placed.
pub(super) struct Desk<'p> {
    pub part: &'p Part,
    /// Whether each option is taken.
    pub taken: Vec<bool>,
    pub score: Score,
    /// How many options of each hard row are taken.
    used: Vec<i32>,
    /// For each lead, the options taken, in order of time.
    led: Vec<Vec<u32>>,
    per_day: Vec<u32>,
    per_rep: Vec<u32>,
    held: Vec<u32>,
}

impl<'p> Desk<'p> {
    /// Nothing placed.
    pub fn new(part: &'p Part) -> Self {
        Self {
            part,
            taken: vec![false; part.spots.len()],
            score: Score { placed: 0, cost: part.base },
            used: vec![0; part.hard],
            led: vec![Vec::new(); part.leads],
            per_day: vec![0; part.room.len()],
            per_rep: vec![0; part.starve.len()],
            held: vec![0; part.holds.len()],
        }
    }

    /// Whether nothing that is placed forbids it; an option that is taken is not open.
    pub fn is_open(&self, spot: u32) -> bool {
        !self.taken[spot as usize]
            && self.part.hard_rows(spot).all(|row| self.used[row] < self.part.rows[row].most)
    }

    /// Whether a row takes no more.
    pub fn is_full(&self, row: usize) -> bool {
        self.used[row] >= self.part.rows[row].most
    }

    /// Whether a group has a session that is not placed.
    pub fn is_missing(&self, group: u32) -> bool {
        !self.is_full(self.part.group_row[group as usize] as usize)
    }

    /// Options of the group that are taken.
    pub fn taken_of(&self, group: u32) -> impl Iterator<Item = u32> {
        self.part.of(group as usize).iter().copied().filter(|spot| self.taken[*spot as usize])
    }

    /// What placing it would cost, all others as they stand.
    pub fn price(&self, spot: u32) -> i64 {
        let part = self.part;
        let at = &part.spots[spot as usize];
        let starved = if self.per_rep[at.rep as usize] == 0 { part.starve[at.rep as usize] } else { 0 };
        let holds = part.holds_of.of(spot as usize).iter().map(|hold| *hold as usize);
        let held: i64 = holds.filter(|hold| self.held[*hold] == 0).map(|hold| part.holds[hold]).sum();
        let day = at.day as usize;
        let load = if self.per_day[day] >= part.room[day] { part.load } else { 0 };
        at.cost + held + load + self.chains(spot) - starved
    }

    /// C8.
    fn chains(&self, spot: u32) -> i64 {
        let part = self.part;
        if part.chain == 0 {
            return 0;
        }
        let at = &part.spots[spot as usize];
        let led = &self.led[at.lead as usize];
        let next = led.partition_point(|other| part.spots[*other as usize].start < at.start);
        let before = next.checked_sub(1).map(|n| part.spots[led[n] as usize].end);
        let after = led.get(next).map(|n| part.spots[*n as usize].start);
        let chained = |gap: Option<Slot>| i64::from(gap.is_some_and(|gap| gap < part.chain_gap));
        let both = before.zip(after).map(|(before, after)| after - before);
        part.chain
            * (chained(before.map(|end| at.start - end)) + chained(after.map(|start| start - at.end))
                - chained(both))
    }

    /// Places a session that is not placed, where it is open.
    pub fn put(&mut self, spot: u32) {
        self.score.cost += self.price(spot);
        self.score.placed += 1;
        let part = self.part;
        let at = &part.spots[spot as usize];
        self.taken[spot as usize] = true;
        part.hard_rows(spot).for_each(|row| self.used[row] += 1);
        part.holds_of.of(spot as usize).iter().for_each(|hold| self.held[*hold as usize] += 1);
        self.per_day[at.day as usize] += 1;
        self.per_rep[at.rep as usize] += 1;
        let led = &mut self.led[at.lead as usize];
        let place = led.partition_point(|other| part.spots[*other as usize].start < at.start);
        led.insert(place, spot);
    }

    /// Takes an option off that is taken.
    pub fn take(&mut self, spot: u32) {
        self.taken[spot as usize] = false;
        let part = self.part;
        let at = &part.spots[spot as usize];
        part.hard_rows(spot).for_each(|row| self.used[row] -= 1);
        part.holds_of.of(spot as usize).iter().for_each(|hold| self.held[*hold as usize] -= 1);
        self.per_day[at.day as usize] -= 1;
        self.per_rep[at.rep as usize] -= 1;
        let led = &mut self.led[at.lead as usize];
        let place = led.partition_point(|other| part.spots[*other as usize].start < at.start);
        led.remove(place);
        self.score.placed -= 1;
        self.score.cost -= self.price(spot);
    }

    /// Takes everything off and places these options, in order, where they are open.
    pub fn set(&mut self, spots: impl IntoIterator<Item = u32>) {
        for spot in 0..self.taken.len() {
            if self.taken[spot] {
                self.take(spot as u32);
            }
        }
        for spot in spots {
            if self.is_open(spot) {
                self.put(spot);
            }
        }
    }

    /// Of the open options of a group: how many, and the two cheapest (the one twice, if there is no second).
    pub fn survey(&self, group: u32) -> (usize, [(i64, u32); 2]) {
        let mut count = 0;
        let mut best = [(i64::MAX, NONE); 2];
        for spot in self.part.of(group as usize).iter().copied().filter(|spot| self.is_open(*spot)) {
            count += 1;
            let offer = (self.price(spot), spot);
            if offer < best[0] {
                best = [offer, best[0]];
            } else if offer < best[1] {
                best[1] = offer;
            }
        }
        if count == 1 {
            best[1] = best[0];
        }
        (count, best)
    }
}
