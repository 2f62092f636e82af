//! Plans that leave what is proposed already where it is, unless moving it is worth the trouble.

use std::collections::BTreeMap;

use super::{Component, Effort, Solution, parts, solve_with};
use crate::plan::slots::Slot;
use crate::plan::table::{Session, SessionId, Table};

/// Plans a table in which proposals are out. A component moves one only if that places more sessions, or makes the plan
/// cheaper by more than `threshold` beyond the weight `move`; otherwise its proposals stay where they can. Each component's
/// bounds are those of a free plan, so that one that keeps its proposals for their own sake is rarely `proven`.
pub fn solve_steady(table: &Table, threshold: i64, effort: Effort) -> Solution {
    let free = solve_with(table, effort);
    let parts = parts(table);
    let moving: Vec<bool> = parts.iter().map(|sessions| moved(table, &free.starts, sessions) > 0).collect();
    if moving.iter().all(|moves| !moves) {
        return free;
    }
    // Where every move costs more, only those are left that are worth it each.
    let threshold = threshold.max(0);
    let mut dearer = table.clone();
    dearer.weights.moved += threshold;
    let mut dear = solve_with(&dearer, effort);
    for (component, sessions) in dear.components.iter_mut().zip(&parts) {
        component.cost -= threshold * moved(table, &dear.starts, sessions) as i64;
    }
    let still = solve_with(&pinned(table), effort);
    let mut out = free;
    for (n, sessions) in parts.iter().enumerate().filter(|(n, _)| moving[*n]) {
        let score = |plan: &Solution| (plan.components[n].placed, plan.components[n].cost);
        let stays = score(&still);
        let is_worth = |plan: &&Solution| {
            let (placed, cost) = score(plan);
            placed > stays.0 || placed == stays.0 && cost + threshold < stays.1
        };
        let plan = [&dear, &out].into_iter().find(is_worth).unwrap_or(&still);
        let (placed, cost) = score(plan);
        let starts: Vec<_> =
            sessions.iter().map(|id| SessionId(*id as u32)).map(|id| (id, plan.starts[&id])).collect();
        out.starts.extend(starts);
        let bounds = &out.components[n];
        let proven = placed == bounds.count_bound && cost == bounds.cost_bound;
        out.components[n] = Component { placed, cost, proven, ..bounds.clone() };
    }
    out.placed = out.components.iter().map(|c| c.placed).sum();
    out.cost = out.components.iter().map(|c| c.cost).sum();
    out
}

/// How many of these sessions have a proposal and do not keep it.
fn moved(table: &Table, starts: &BTreeMap<SessionId, Option<Slot>>, sessions: &[usize]) -> usize {
    let is_moved = |session: &&Session| {
        session.proposed.is_some() && starts.get(&session.id).copied().flatten() != session.proposed
    };
    sessions.iter().map(|id| &table.sessions[*id]).filter(is_moved).count()
}

/// The table in which sessions with a proposal may have no other start.
fn pinned(table: &Table) -> Table {
    let mut table = table.clone();
    for session in &mut table.sessions {
        if let Some(proposed) = session.proposed {
            let earliest = session.from.max(table.now + session.notice);
            if proposed >= earliest && proposed + session.dur <= session.due {
                session.from = proposed;
                session.due = proposed + session.dur;
            }
        }
    }
    table
}
