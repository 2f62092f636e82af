//! Good plans, fast: a greedy first one, then rounds that take a few sessions off and put them back otherwise. The number
//! of rounds is fixed, and what looks like chance comes from a seed, so that equal tables give equal plans.

use std::cell::Cell;

use super::desk::Desk;
use super::model::{NONE, OPTIONS_A_LOOK, Part};
use crate::plan::evaluate::Score;

/// Up to so many sessions are compared with each other before each is put down; beyond, one after the other.
const COMPARED: usize = 48;
/// Of a row no more options are looked at for what could take the place of others.
const MEMBERS: usize = 64;
/// One insertion in so many takes the second cheapest start.
const BLINK: usize = 6;
/// How much worse a plan may get at first, in the hope of a better one: as much as this many days' delay.
const SLACK_DAYS: i64 = 10;

/// Marsaglia's xorshift64: numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// How sessions are put down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Fewest starts first, at the cheapest.
    Cheapest,
    /// Now and then another one, or the second cheapest.
    Varied,
}

/// The search for plans in one component.
pub(super) struct Search<'p> {
    part: &'p Part,
    pub desk: Desk<'p>,
    /// The best plan so far: whether each option is taken.
    pub best: Vec<bool>,
    pub score: Score,
    dice: Dice,
    slack: i64,
    /// Options that were put down or taken off in this round, in order.
    changed: Vec<u32>,
    /// All groups.
    able: Vec<u32>,
    /// How many options were looked at since it was last asked.
    seen: Cell<u64>,
}

impl<'p> Search<'p> {
    pub fn new(part: &'p Part, day: i64) -> Self {
        let desk = Desk::new(part);
        let seed = 0x9E37_79B9_7F4A_7C15 ^ (part.sessions.first().map_or(0, |id| *id as u64) + 1);
        let able = (0..part.groups.len() as u32).collect();
        Self {
            part,
            best: desk.taken.clone(),
            score: desk.score,
            desk,
            dice: Dice(seed),
            slack: SLACK_DAYS * day.max(1),
            changed: Vec::new(),
            able,
            seen: Cell::new(0),
        }
    }

    /// The greedy plan, and where it does not place all, another one that puts the shortest down first.
    pub fn begin(&mut self) {
        self.fill(self.able.clone(), Manner::Cheapest);
        self.keep();
        if self.score.placed < self.part.able {
            self.desk.set([]);
            let part = self.part;
            let first = |group: u32| part.spots[part.of(group as usize)[0] as usize];
            let length = |group: u32| (first(group).end - first(group).start) as usize;
            self.fill_many(self.able.clone(), length);
            self.keep();
        }
        self.changed.clear();
    }

    /// Keeps what is on the desk, if it is the best so far.
    pub fn keep(&mut self) -> bool {
        let better = self.desk.score.beats(&self.score);
        if better {
            self.score = self.desk.score;
            self.best.clone_from(&self.desk.taken);
        }
        better
    }

    /// Lays these options, fills up around them, and keeps what comes of it if it is the best so far.
    pub fn complete(&mut self, spots: impl IntoIterator<Item = u32>) -> bool {
        self.desk.set(spots);
        self.see(self.part.spots.len());
        let left = self.able.iter().copied().filter(|n| self.desk.is_missing(*n)).collect();
        self.fill(left, Manner::Cheapest);
        self.changed.clear();
        self.keep()
    }

    /// How many looks were spent since this was last asked.
    pub fn looks(&self) -> u64 {
        self.seen.take() / OPTIONS_A_LOOK
    }

    fn see(&self, options: usize) {
        self.seen.set(self.seen.get() + options as u64);
    }

    fn survey(&self, group: u32) -> (usize, [(i64, u32); 2]) {
        self.see(self.part.of(group as usize).len() + 4);
        self.desk.survey(group)
    }

    /// So many rounds from the best plan, or as many as so many looks allow.
    pub fn improve(&mut self, rounds: u64, looks: u64) {
        if self.able.is_empty() {
            return;
        }
        self.desk.set(taken(&self.best));
        self.see(self.part.spots.len());
        let mut current = self.desk.score;
        for round in 0..rounds {
            if self.seen.get() > looks * OPTIONS_A_LOOK {
                break;
            }
            self.changed.clear();
            let freed = self.disturb();
            self.fill(freed, Manner::Varied);
            let slack = self.slack * (rounds - round) as i64 / rounds as i64;
            let now = self.desk.score;
            let is_fair = now.placed > current.placed
                || now.placed == current.placed && now.cost <= self.score.cost.min(current.cost) + slack;
            if is_fair {
                current = now;
                self.keep();
            } else {
                self.undo();
            }
        }
        self.changed.clear();
    }

    /// Moves sessions of the best plan to earlier starts where that costs nothing: of equal plans, an early one.
    pub fn settle_early(&mut self) {
        self.desk.set(taken(&self.best));
        let mut is_moved = true;
        while is_moved {
            is_moved = false;
            for spot in taken(&self.desk.taken.clone()) {
                self.desk.take(spot);
                let price = self.desk.price(spot);
                let group = self.part.spots[spot as usize].group;
                let mut earlier = self.part.of(group as usize).iter().copied().take_while(|n| *n < spot);
                let to = earlier.find(|n| self.desk.is_open(*n) && self.desk.price(*n) == price);
                is_moved |= to.is_some();
                self.desk.put(to.unwrap_or(spot));
            }
        }
        self.best.clone_from(&self.desk.taken);
    }

    fn undo(&mut self) {
        while let Some(spot) = self.changed.pop() {
            if self.desk.taken[spot as usize] {
                self.desk.take(spot);
            } else {
                self.desk.put(spot);
            }
        }
    }

    fn put(&mut self, spot: u32) {
        self.changed.push(spot);
        self.desk.put(spot);
    }

    fn take(&mut self, spot: u32) {
        self.changed.push(spot);
        self.desk.take(spot);
    }

    /// Puts down what fits of these, whatever has the fewest starts left first.
    fn fill(&mut self, mut left: Vec<u32>, manner: Manner) {
        if left.len() > COMPARED {
            return self.fill_many(left, |_| 0);
        }
        while !left.is_empty() {
            let mut offers: Vec<(usize, u32, [u32; 2])> = Vec::with_capacity(left.len());
            for id in left {
                let (count, best) = self.survey(id);
                if count > 0 {
                    offers.push((count, id, best.map(|offer| offer.1)));
                }
            }
            let pick = match manner {
                Manner::Varied if offers.len() > 1 && self.dice.below(3) == 0 => {
                    self.dice.below(offers.len())
                }
                _ => (0..offers.len()).min_by_key(|n| (offers[*n].0, offers[*n].1)).unwrap_or(0),
            };
            if offers.is_empty() {
                return;
            }
            let (_, id, best) = offers.swap_remove(pick);
            let second = manner == Manner::Varied && self.dice.below(BLINK) == 0;
            self.put(best[usize::from(second)]);
            left = offers.iter().map(|offer| offer.1).collect();
            if self.desk.is_missing(id) {
                left.push(id);
            }
            left.sort_unstable();
        }
    }

    /// Many groups, one after the other: what has few starts by itself first.
    fn fill_many(&mut self, mut groups: Vec<u32>, rank: impl Fn(u32) -> usize) {
        groups.sort_unstable_by_key(|group| (rank(*group), self.part.of(*group as usize).len(), *group));
        for group in groups {
            while self.desk.is_missing(group) {
                let (count, best) = self.survey(group);
                if count == 0 {
                    break;
                }
                self.put(best[0].1);
            }
        }
    }

    /// Takes a few sessions off: to make room for one that is not placed, or those around one that is. Returns groups
    /// that may now be put down.
    fn disturb(&mut self) -> Vec<u32> {
        if self.score.placed < self.part.able && self.dice.below(4) > 0 {
            // A group that misses something, if chance finds one soon.
            let missing = (0..4 * self.able.len().min(64)).find_map(|_| {
                let group = self.able[self.dice.below(self.able.len())];
                self.desk.is_missing(group).then_some(group)
            });
            if let Some(group) = missing {
                self.force(group);
                return self.candidates();
            }
        }
        let group = self.able[self.dice.below(self.able.len())];
        let count = self.dice.below(4);
        let had: Vec<u32> = self.desk.taken_of(group).collect();
        let had = if had.is_empty() { NONE } else { had[self.dice.below(had.len())] };
        if had != NONE {
            self.take(had);
        }
        if self.dice.below(3) == 0 || had == NONE {
            self.force(group);
        } else {
            let around = self.around(had);
            for _ in 0..count.min(around.len()) {
                let other = around[self.dice.below(around.len())];
                if self.desk.taken[other as usize] {
                    self.take(other);
                }
            }
        }
        self.candidates()
    }

    /// What is taken in rows with the option, and near it in its lead's time.
    fn around(&self, spot: u32) -> Vec<u32> {
        let rows = self.part.rows_of.of(spot as usize);
        let mut out: Vec<u32> = Vec::new();
        for row in rows.iter().rev().take(12) {
            out.extend(self.part.members.of(*row as usize).iter().take(MEMBERS));
        }
        let first = (spot as usize).saturating_sub(24);
        out.extend(first as u32..self.part.spots.len().min(first + 48) as u32);
        out.retain(|other| self.desk.taken[*other as usize]);
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Groups that miss something and could want what was freed; in small components all that miss something.
    fn candidates(&mut self) -> Vec<u32> {
        if self.able.len() <= COMPARED {
            return self.able.iter().copied().filter(|group| self.desk.is_missing(*group)).collect();
        }
        let group = |spot: &u32| self.part.spots[*spot as usize].group;
        let mut out: Vec<u32> = self.changed.iter().map(group).collect();
        for spot in self.changed.iter().filter(|spot| !self.desk.taken[**spot as usize]) {
            for row in self.part.hard_rows(*spot) {
                self.see(self.part.members.of(row).len().min(MEMBERS) / 2);
                out.extend(self.part.members.of(row).iter().take(MEMBERS).map(group));
            }
        }
        out.sort_unstable();
        out.dedup();
        out.retain(|group| self.desk.is_missing(*group));
        while out.len() > COMPARED / 2 {
            let gone = self.dice.below(out.len());
            out.swap_remove(gone);
        }
        out.sort_unstable();
        out
    }

    /// Places one of the group at one of its starts and takes off whatever stands in the way.
    fn force(&mut self, group: u32) {
        let options = self.part.of(group as usize);
        let dice = &mut self.dice;
        let tries = [(); 3].map(|()| options[dice.below(options.len())]);
        let way = |spot: &u32| (self.in_the_way(*spot).len(), self.part.spots[*spot as usize].cost);
        let Some(spot) = tries.into_iter().filter(|n| !self.desk.taken[*n as usize]).min_by_key(way) else {
            return;
        };
        for other in self.in_the_way(spot) {
            self.take(other);
        }
        if self.desk.is_open(spot) {
            self.put(spot);
        }
    }

    /// What is taken and stands in the way of this option (rows that hold several aside).
    fn in_the_way(&self, spot: u32) -> Vec<u32> {
        let mut out = Vec::new();
        for row in self.part.hard_rows(spot) {
            if self.part.rows[row].most == 1 && self.desk.is_full(row) {
                let members = self.part.members.of(row).iter().copied();
                self.see(members.len() / 4);
                out.extend(members.filter(|other| self.desk.taken[*other as usize]));
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// The places of what is true.
pub(super) fn taken(plan: &[bool]) -> impl Iterator<Item = u32> {
    plan.iter().enumerate().filter(|(_, taken)| **taken).map(|(n, _)| n as u32)
}
