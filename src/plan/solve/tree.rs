//! Depth first through what the bounds leave open: what is left is halved, and halved again, until a bound closes it.

use super::model::Part;
use super::path::NEVER;
use super::relax::{Aim, Dual, Pace, Relax, Scope, UNIT};
use super::search::Search;

/// The ascent at the root of the tree: most components need no more …
const AT_ROOT: Pace = Pace { steps: 400, patience: 6, shrink: 640, boldness: 1024 };
/// … once more there with more patience, as all that follows rests on it …
const AGAIN: Pace = Pace { steps: 200, patience: 8, shrink: 640, boldness: 600 };
/// … and at each place below it.
const BELOW: Pace = Pace { steps: 40, patience: 6, shrink: 640, boldness: 400 };
/// Counts have steep slopes and few steps.
const BELOW_COUNT: Pace = Pace { boldness: 1024, ..BELOW };
/// After so many looks better plans are looked for again, then after twice as many.
const REFRESH: u64 = 4_000;

/// The search tree of one component, for one aim.
pub(super) struct Tree<'a, 'p> {
    part: &'p Part,
    aim: Aim,
    relax: Relax<'p>,
    search: &'a mut Search<'p>,
    /// What may still be spent, in looks.
    budget: &'a mut u64,
    /// Whether the budget ended before the tree did.
    is_cut: bool,
    /// What was spent.
    spent: u64,
    /// When so much is spent, better plans are looked for again.
    refresh: u64,
}

/// What is known at the root.
pub(super) struct Root {
    pub bound: i64,
    pub dual: Dual,
    pub scope: Scope,
}

impl<'a, 'p> Tree<'a, 'p> {
    pub fn new(part: &'p Part, aim: Aim, search: &'a mut Search<'p>, budget: &'a mut u64) -> Self {
        let relax = Relax::new(part, aim);
        Self { part, aim, relax, search, budget, is_cut: false, spent: 0, refresh: REFRESH }
    }

    /// The first bound, with everything that may be taken.
    pub fn root(&mut self) -> Root {
        let part = self.part;
        let all = part.able == self.need();
        let mut even = vec![false; part.rows.len()];
        for (group, row) in part.group_row.iter().enumerate() {
            even[*row as usize] = all && part.most(group) == part.size(group);
        }
        let spots = part.spots.len();
        let scope = Scope {
            alive: vec![true; spots],
            settled: Vec::new(),
            is_settled: vec![false; spots],
            all,
            even,
        };
        let mut dual = self.relax.nothing();
        let bound = self.ascend(&mut dual, &scope, AT_ROOT);
        Root { bound, dual, scope }
    }

    /// Goes through all that the root's bound leaves open; `false`: the budget ended before.
    pub fn search(mut self, root: &Root) -> bool {
        if !self.is_closed(root.bound) {
            self.explore(root.scope.clone(), root.dual.clone(), AGAIN);
        }
        !self.is_cut
    }

    /// Whether nothing better is left where this is the bound.
    pub fn is_closed(&self, bound: i64) -> bool {
        bound > self.enough()
    }

    /// How many sessions a plan that is looked for places.
    fn need(&self) -> usize {
        match self.aim {
            Aim::Count => self.search.score.placed + 1,
            Aim::Cost(placed) => placed,
        }
    }

    /// Only what costs no more than this is looked for.
    fn enough(&self) -> i64 {
        match self.aim {
            Aim::Count => -(self.need() as i64) * UNIT,
            // No plan to beat: as far as a bound may be worth looking for.
            Aim::Cost(placed) if self.search.score.placed < placed => {
                (self.search.score.cost.abs() * 2 + 1_000) * UNIT
            }
            Aim::Cost(_) => (self.search.score.cost - 1) * UNIT,
        }
    }

    fn ascend(&mut self, dual: &mut Dual, scope: &Scope, mut pace: Pace) -> i64 {
        let affordable = (*self.budget / self.part.work()).max(1);
        pace.steps = u64::from(pace.steps).min(affordable) as u32;
        let before = self.relax.solved;
        let enough = self.enough();
        let bound = self.relax.ascend(dual, scope, pace, enough);
        self.spend((self.relax.solved - before) * self.part.work());
        bound
    }

    fn spend(&mut self, looks: u64) {
        self.spent += looks.min(*self.budget);
        *self.budget = self.budget.saturating_sub(looks);
    }

    fn explore(&mut self, mut scope: Scope, mut dual: Dual, pace: Pace) {
        loop {
            if *self.budget < self.part.work() * 8 {
                self.is_cut = true;
                return;
            }
            self.refresh();
            if !self.narrow(&mut scope) {
                return;
            }
            let bound = self.ascend(&mut dual, &scope, pace);
            if self.is_closed(bound) || self.try_path(&dual, &scope) && self.is_closed(bound) {
                return;
            }
            let (bound, margins) = self.relax.margins(&dual, &scope);
            let gone = self.fix(&mut scope, bound, &margins);
            let alive = scope.alive.iter().filter(|alive| **alive).count();
            if gone * 5 <= alive {
                return self.branch(&scope, &dual);
            }
        }
    }

    /// Good plans close more of the tree than anything else: a part of the work goes into them.
    fn refresh(&mut self) {
        if self.spent >= self.refresh {
            let looks = (self.refresh / 2).min(*self.budget / 4);
            self.refresh *= 2;
            self.search.improve(looks, looks);
            self.spend(self.search.looks());
        }
    }

    /// A plan around the cheapest paths; whether it is the best so far.
    fn try_path(&mut self, dual: &Dual, scope: &Scope) -> bool {
        self.relax.bound(dual, scope);
        let path = self.relax.path.iter().copied();
        let better = self.search.complete(scope.settled.iter().copied().chain(path));
        self.spend(self.part.work() + self.search.looks());
        better
    }

    /// Takes out options that are too dear by themselves; returns how many.
    fn fix(&self, scope: &mut Scope, bound: i64, margins: &[i64]) -> usize {
        let enough = self.enough();
        let mut gone = 0;
        for (alive, margin) in scope.alive.iter_mut().zip(margins) {
            if *alive && bound + margin.min(&(NEVER / 2)) > enough {
                *alive = false;
                gone += 1;
            }
        }
        gone
    }

    /// Settles the last options of groups that have to be placed whole. Whether a better plan may still be there.
    fn narrow(&mut self, scope: &mut Scope) -> bool {
        let part = self.part;
        loop {
            let (mut able, mut settled) = (0, 0);
            for group in 0..part.groups.len() {
                let is_even = scope.even[part.group_row[group] as usize];
                let count = part.of(group).iter().filter(|n| scope.alive[**n as usize]).count();
                let size = part.size(group);
                able += count.min(size);
                if is_even && count < size {
                    return false;
                }
                if is_even && count == size {
                    let is_last = |n: &u32| scope.alive[*n as usize] && !scope.is_settled[*n as usize];
                    let last: Vec<u32> = part.of(group).iter().copied().filter(is_last).collect();
                    settled += last.len();
                    for spot in last {
                        self.settle(scope, spot);
                    }
                }
            }
            let need = self.need();
            if able < need {
                return false;
            }
            if able == need && !scope.all {
                scope.all = true;
                for group in 0..part.groups.len() {
                    let alive = part.of(group).iter().filter(|n| scope.alive[**n as usize]).count();
                    scope.even[part.group_row[group] as usize] |= alive >= part.size(group);
                }
            } else if settled == 0 {
                return true;
            }
            self.spend(part.work() / 4);
        }
    }

    /// Takes an option, and out of reach whatever it forbids. One that is out of reach itself is left there, for the
    /// next look to see that its group has too few.
    fn settle(&self, scope: &mut Scope, spot: u32) {
        if !scope.alive[spot as usize] {
            return;
        }
        scope.settled.push(spot);
        scope.is_settled[spot as usize] = true;
        for row in self.part.hard_rows(spot) {
            let members = self.part.members.of(row);
            let most = self.part.rows[row].most;
            let taken = |n: &&u32| scope.is_settled[**n as usize];
            if most == 1 || members.iter().filter(taken).count() as i32 >= most {
                for n in members {
                    scope.alive[*n as usize] &= scope.is_settled[*n as usize];
                }
            }
        }
    }

    /// Halves what is left, and explores both halves, the likelier first.
    fn branch(&mut self, scope: &Scope, dual: &Dual) {
        let Some(fork) = self.fork(scope) else {
            // Everything is settled: the plan was tried as it stands.
            return;
        };
        for way in fork.ways {
            let mut below = scope.clone();
            match way {
                Way::Placed => below.even[self.part.group_row[fork.group] as usize] = true,
                Way::With(spot) => self.settle(&mut below, spot),
                Way::Without(gone) => gone.iter().for_each(|n| below.alive[*n as usize] = false),
            }
            let pace = if self.aim == Aim::Count { BELOW_COUNT } else { BELOW };
            self.explore(below, dual.clone(), pace);
            if self.is_cut {
                return;
            }
        }
    }

    /// Where the paths of the last ascent disagree most: whether a session is placed, or when.
    fn fork(&self, scope: &Scope) -> Option<Fork> {
        let mut best: Option<Fork> = None;
        for group in 0..self.part.groups.len() {
            let is_open = |n: &u32| scope.alive[*n as usize] && !scope.is_settled[*n as usize];
            let open: Vec<u32> = self.part.of(group).iter().copied().filter(is_open).collect();
            if open.is_empty() {
                continue;
            }
            let fork = if self.part.size(group) > 1 {
                self.fork_one(group, &open)
            } else {
                self.fork_session(group, open, scope.even[self.part.group_row[group] as usize])
            };
            if let Some(fork) = fork.filter(|fork| best.as_ref().is_none_or(|best| fork.doubt > best.doubt)) {
                best = Some(fork);
            }
        }
        best
    }

    /// The option of a group that is taken about half the time.
    fn fork_one(&self, group: usize, open: &[u32]) -> Option<Fork> {
        let all = self.relax.warmth.max(1);
        let doubt = |n: &u32| {
            let heat = self.relax.heat[*n as usize];
            heat.min(all - heat) + 1
        };
        let spot = open.iter().copied().max_by_key(|n| (doubt(n), u32::MAX - n))?;
        let mut ways = [Way::With(spot), Way::Without(vec![spot])];
        if self.relax.heat[spot as usize] * 2 < all {
            ways.reverse();
        }
        Some(Fork { group, doubt: doubt(&spot), ways })
    }

    /// Whether a session is placed, or whether before or after some time.
    fn fork_session(&self, group: usize, open: Vec<u32>, is_even: bool) -> Option<Fork> {
        let all = self.relax.warmth.max(1);
        let heat = |n: &u32| self.relax.heat[*n as usize];
        let placed = open.iter().map(heat).sum::<i64>().min(all);
        let (mut at, mut left, mut before) = (0, 0, 0);
        let mut doubt = 0;
        for n in 1..open.len() {
            before += heat(&open[n - 1]);
            let here = before.min(placed - before).max(0) + 1;
            if here > doubt {
                (doubt, at, left) = (here, n, before);
            }
        }
        let drop = placed.min(all - placed) + 1;
        if !is_even && drop >= doubt {
            let mut ways = [Way::Placed, Way::Without(open)];
            if placed * 2 < all {
                ways.reverse();
            }
            return Some(Fork { group, doubt: drop, ways });
        }
        let (first, last) = open.split_at(at);
        let mut ways = [Way::Without(last.to_vec()), Way::Without(first.to_vec())];
        if left * 2 < placed {
            ways.reverse();
        }
        (doubt > 0).then_some(Fork { group, doubt, ways })
    }
}

/// How what is left is halved.
struct Fork {
    group: usize,
    /// How far the paths disagree.
    doubt: i64,
    ways: [Way; 2],
}

/// One half.
enum Way {
    /// The session has to be placed.
    Placed,
    /// This option is taken.
    With(u32),
    /// These options may not be taken.
    Without(Vec<u32>),
}
