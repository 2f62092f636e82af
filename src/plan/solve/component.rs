//! One component from start to end: a plan, how many can be placed, what that costs at least, and the search between.

use super::model::Part;
use super::relax::{Aim, Dual, UNIT};
use super::search::Search;
use super::tree::Tree;
use super::{Component, Effort};
use crate::plan::table::SessionId;

/// Rounds for each session before the bounds are known …
const ROUNDS_BEFORE: u64 = 4;
/// … and after, where they are not met.
const ROUNDS_AFTER: u64 = 20;

/// What is known of a component in the end.
pub(super) struct Outcome {
    pub component: Component,
    /// Whether each option is taken.
    pub plan: Vec<bool>,
    /// The multipliers that bound how many can be placed, if the number of sessions did not …
    pub count: Option<Dual>,
    /// … and what that costs.
    pub cost: Option<Dual>,
}

/// Plans a component; `day` is what a day's delay costs.
pub(super) fn run(part: &Part, day: i64, effort: Effort) -> Outcome {
    let mut budget = effort.looks;
    let mut search = Search::new(part, day);
    search.begin();
    budget = budget.saturating_sub(search.looks());
    let mut half = budget / 2;
    budget -= half;
    let (count_bound, count) = bound_count(part, &mut search, &mut half);
    budget += half;
    let (cost_bound, cost) = bound_cost(part, &mut search, &mut budget, count_bound);
    search.settle_early();
    let score = search.score;
    let component = Component {
        first: SessionId(part.sessions.first().map_or(0, |id| *id as u32)),
        placed: score.placed,
        cost: score.cost,
        count_bound,
        cost_bound,
        proven: score.placed == count_bound && score.cost == cost_bound,
        nodes: effort.looks - budget,
    };
    Outcome { component, plan: search.best, count, cost }
}

fn improve(search: &mut Search<'_>, budget: &mut u64, rounds: u64) {
    search.improve(rounds, *budget / 4);
    *budget = budget.saturating_sub(search.looks());
}

/// How many can be placed at most; ends with a plan of so many, unless the budget does.
fn bound_count<'p>(part: &'p Part, search: &mut Search<'p>, budget: &mut u64) -> (usize, Option<Dual>) {
    if search.score.placed == part.able {
        return (part.able, None);
    }
    improve(search, budget, ROUNDS_BEFORE * part.able as u64);
    if search.score.placed == part.able {
        return (part.able, None);
    }
    let mut tree = Tree::new(part, Aim::Count, search, budget);
    let root = tree.root();
    let is_all = root.scope.all;
    if tree.search(&root) {
        return (search.score.placed, Some(root.dual));
    }
    // A bound on plans that place all tells nothing of others.
    let most = if is_all { part.able } else { (-root.bound).div_euclid(UNIT).max(0) as usize };
    (most.min(part.able), Some(root.dual))
}

/// What so many cost at least; ends with a plan that costs no more, unless the budget does.
fn bound_cost<'p>(
    part: &'p Part,
    search: &mut Search<'p>,
    budget: &mut u64,
    placed: usize,
) -> (i64, Option<Dual>) {
    if part.spots.is_empty() {
        return (part.base, None);
    }
    let mut tree = Tree::new(part, Aim::Cost(placed), search, budget);
    let root = tree.root();
    let bound = -(-root.bound).div_euclid(UNIT);
    if search.score.placed < placed {
        // Not proven to be the most; what it costs to place as many as it does is worth looking into all the same.
        let placed = search.score.placed;
        improve(search, budget, ROUNDS_AFTER * part.able as u64);
        let mut tree = Tree::new(part, Aim::Cost(placed), search, budget);
        let root_below = tree.root();
        tree.search(&root_below);
        return (bound, Some(root.dual));
    }
    if bound < search.score.cost {
        improve(search, budget, ROUNDS_AFTER * part.able as u64);
        if !Tree::new(part, Aim::Cost(placed), search, budget).search(&root) {
            return (bound.min(search.score.cost), Some(root.dual));
        }
    }
    (search.score.cost, Some(root.dual))
}
