//! Lower bounds: rows that bind several paths get multipliers, and what is left falls apart into one cheapest path for each
//! lead. Whatever the multipliers, the sum is a bound; the ascent looks for good ones.
//!
//! All is whole numbers, [`UNIT`] to a point: a bound that is found is a bound, with nothing lost to rounding.

use super::model::{NONE, Part};
use super::path::{NEVER, Walk};

/// A cost point.
pub(super) const UNIT: i64 = 1 << 10;
/// No multiplier is larger: more than any sum of costs that matters, and far from overflow.
const HIGHEST: i64 = 1 << 40;
/// What makes sure that a path takes an option which is settled.
const SETTLED: i64 = 1 << 44;

/// What a bound is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// How many can be placed; the bound is on minus their number.
    Count,
    /// What it costs to place exactly so many.
    Cost(usize),
}

/// Multipliers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dual {
    /// Of each row.
    pub rows: Vec<i64>,
    /// Of the number of sessions placed.
    pub count: i64,
}

/// What may still be taken, at some place in the search tree.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Options that may be taken.
    pub alive: Vec<bool>,
    /// Options that are taken.
    pub settled: Vec<u32>,
    /// The same, by option.
    pub is_settled: Vec<bool>,
    /// All that can be placed has to be.
    pub all: bool,
    /// Rows that are equations: of groups that have to be placed whole.
    pub even: Vec<bool>,
}

/// How an ascent goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// So many steps at most.
    pub steps: u32,
    /// After so many that do not help the steps get smaller …
    pub patience: u32,
    /// … by so much, of 1024ths.
    pub shrink: i64,
    /// How long the first step is, of 1024ths of what would close the gap along a straight slope.
    pub boldness: i64,
}

/// The relaxed problem.
pub(super) struct Relax<'p> {
    part: &'p Part,
    aim: Aim,
    walk: Walk,
    cost: Vec<i64>,
    /// The options on the paths found last.
    pub path: Vec<u32>,
    usage: Vec<i32>,
    /// For each shared hold, the sum of its multipliers.
    held: Vec<i64>,
    step: Vec<i64>,
    /// How often each option lay on a path of the last ascent, later steps counting more …
    pub heat: Vec<i64>,
    /// … of so much.
    pub warmth: i64,
    /// How often the relaxed problem was solved.
    pub solved: u64,
}

impl<'p> Relax<'p> {
    pub fn new(part: &'p Part, aim: Aim) -> Self {
        Self {
            part,
            aim,
            walk: Walk::new(part),
            cost: vec![0; part.spots.len()],
            path: Vec::new(),
            usage: vec![0; part.rows.len()],
            held: vec![0; part.shared.len()],
            step: vec![0; part.rows.len()],
            heat: vec![0; part.spots.len()],
            warmth: 0,
            solved: 0,
        }
    }

    /// No multipliers at all.
    pub fn nothing(&self) -> Dual {
        Dual { rows: vec![0; self.part.rows.len()], count: 0 }
    }

    fn scale(&self) -> i64 {
        if self.aim == Aim::Count { 0 } else { UNIT }
    }

    fn range(&self, row: usize, scope: &Scope) -> (i64, i64) {
        let limit = &self.part.rows[row];
        match limit.price {
            Some(_) if self.aim == Aim::Count => (0, 0),
            Some(price) => (0, price * UNIT),
            None if scope.even[row] => (-HIGHEST, HIGHEST),
            None => (0, HIGHEST),
        }
    }

    /// The bound by these multipliers; leaves the cheapest paths in `path`.
    pub fn bound(&mut self, dual: &Dual, scope: &Scope) -> i64 {
        self.solved += 1;
        let part = self.part;
        let mut sum = self.price(dual, scope);
        self.path.clear();
        let scale = self.scale();
        for segment in &part.segments {
            sum += self.walk.forward(part, segment, &self.cost, scale, &mut self.path);
        }
        sum
    }

    /// Fills in what each option costs by these multipliers; returns what is paid whatever is taken.
    fn price(&mut self, dual: &Dual, scope: &Scope) -> i64 {
        let part = self.part;
        let of_placing = match self.aim {
            Aim::Count => -UNIT,
            Aim::Cost(_) => -dual.count,
        };
        let scale = self.scale();
        for n in 0..part.spots.len() {
            if !scope.alive[n] {
                self.cost[n] = NEVER;
                continue;
            }
            let mut cost = part.spots[n].cost * scale + of_placing;
            for row in part.rows_of.of(n) {
                // Rows that a path keeps have no multiplier.
                cost += dual.rows[*row as usize] * i64::from(part.rows[*row as usize].sign);
            }
            self.cost[n] = cost;
        }
        scope.settled.iter().for_each(|n| self.cost[*n as usize] -= SETTLED);
        // What it costs that a rep has nothing is up to its row.
        let base = part.base - part.starve.iter().sum::<i64>();
        let mut sum = base * scale + scope.settled.len() as i64 * SETTLED;
        if let Aim::Cost(placed) = self.aim {
            sum += dual.count * placed as i64;
        }
        self.held.fill(0);
        for (row, limit) in part.rows.iter().enumerate().skip(part.priced) {
            let multiplier = dual.rows[row];
            sum -= multiplier * i64::from(limit.most);
            if limit.hold != NONE {
                self.held[limit.hold as usize] += multiplier;
            }
        }
        let shared = self.held.iter().zip(&part.shared);
        sum + shared.map(|(held, price)| (price * scale - held).min(0)).sum::<i64>()
    }

    /// What each option costs beyond the cheapest paths, at these multipliers.
    pub fn margins(&mut self, dual: &Dual, scope: &Scope) -> (i64, Vec<i64>) {
        let part = self.part;
        let mut sum = self.price(dual, scope);
        self.path.clear();
        let mut out = vec![NEVER; part.spots.len()];
        let scale = self.scale();
        for segment in &part.segments {
            sum += self.walk.forward(part, segment, &self.cost, scale, &mut self.path);
            self.walk.margins(part, segment, &self.cost, scale, &mut out);
        }
        (sum, out)
    }

    /// Looks for better multipliers; stops once the bound is beyond `enough`, or when it stalls.
    /// Leaves the best in `dual` and returns its bound.
    pub fn ascend(&mut self, dual: &mut Dual, scope: &Scope, pace: Pace, enough: i64) -> i64 {
        let mut now = dual.clone();
        let mut best = i64::MIN;
        let mut count_step = 0;
        let mut stalled = 0;
        let mut boldness = pace.boldness;
        self.step.fill(0);
        self.heat.fill(0);
        self.warmth = 0;
        for n in 1..=i64::from(pace.steps) {
            let bound = self.bound(&now, scope);
            self.warmth += n;
            self.path.iter().for_each(|spot| self.heat[*spot as usize] += n);
            if bound > best {
                if bound > best.saturating_add(UNIT / 64) {
                    stalled = 0;
                }
                best = bound;
                dual.rows.clone_from(&now.rows);
                dual.count = now.count;
            } else {
                stalled += 1;
            }
            if best > enough {
                break;
            }
            if stalled >= pace.patience {
                stalled = 0;
                boldness = boldness * pace.shrink / 1024;
                if boldness < 12 {
                    break;
                }
            }
            let Some(norm) = self.slope(&now, scope, &mut count_step) else { break };
            let gap = (enough - bound + UNIT / 2).clamp(UNIT / 8, 1 << 36) * boldness / 1024;
            self.walk_on(&mut now, scope, count_step, gap, norm);
        }
        best
    }

    /// Fills in `step`, from how far the paths break each row and from the last step; returns its squared length.
    fn slope(&mut self, now: &Dual, scope: &Scope, count_step: &mut i64) -> Option<i64> {
        let part = self.part;
        self.usage.fill(0);
        for spot in &self.path {
            part.rows_of.of(*spot as usize).iter().for_each(|row| self.usage[*row as usize] += 1);
        }
        let scale = self.scale();
        let mut is_broken = false;
        let mut norm = 0;
        for row in part.priced..part.rows.len() {
            let limit = &part.rows[row];
            let paid = limit.hold != NONE
                && self.held[limit.hold as usize] > part.shared[limit.hold as usize] * scale;
            let over = i64::from(limit.sign * self.usage[row] - limit.most) - i64::from(paid);
            let (low, high) = self.range(row, scope);
            let at = now.rows[row];
            let is_held = over < 0 && at <= low || over > 0 && at >= high;
            is_broken |= over != 0 && !is_held;
            // In 16ths; six tenths of the last step go on.
            let step = if is_held { 0 } else { over * 16 } + self.step[row] * 6 / 10;
            let step = if step < 0 && at <= low || step > 0 && at >= high { 0 } else { step };
            self.step[row] = step;
            norm += step * step;
        }
        if let Aim::Cost(placed) = self.aim {
            let over = if scope.all { 0 } else { placed as i64 - self.path.len() as i64 };
            is_broken |= over != 0;
            *count_step = over * 16 + *count_step * 6 / 10;
            norm += *count_step * *count_step;
        }
        (is_broken && norm > 0).then_some(norm)
    }

    fn walk_on(&mut self, now: &mut Dual, scope: &Scope, count_step: i64, gap: i64, norm: i64) {
        let step = |by: i64| (i128::from(by) * 16 * i128::from(gap) / i128::from(norm)) as i64;
        for row in self.part.priced..self.part.rows.len() {
            if self.step[row] != 0 {
                let (low, high) = self.range(row, scope);
                now.rows[row] = (now.rows[row] + step(self.step[row])).clamp(low, high);
            }
        }
        now.count = (now.count + step(count_step)).clamp(-HIGHEST, HIGHEST);
    }
}
