//! Places the sessions of a table: most of them first, then at the least cost, and proves it.
//!
//! Sessions that share nobody are planned apart. In each such component a good plan is found first (`search`); then
//! bounds tell how good a plan can be (`relax`); what lies between is searched (`tree`). All counts its steps and
//! never looks at a clock, so that equal tables give equal plans on every machine.

mod build;
mod component;
mod counted;
mod desk;
mod model;
mod path;
mod proof;
mod relax;
mod rows;
mod search;
mod steady;
mod tree;

pub use steady::solve_steady;

use std::collections::BTreeMap;

use serde::Serialize;

use self::component::Outcome;
use self::model::{Part, Whole};
use super::board::Board;
use super::bound::Certificate;
use super::slots::Slot;
use super::table::{SessionId, Table};

/// A plan, and how far it is known to be the best.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Solution {
    /// Sessions with a start.
    pub placed: usize,
    /// Cost points of the whole plan.
    pub cost: i64,
    /// Every session's start.
    pub starts: BTreeMap<SessionId, Option<Slot>>,
    /// The parts that share nobody, by their first session.
    pub components: Vec<Component>,
}

/// Sessions that hang together through people they share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Its lowest session.
    pub first: SessionId,
    /// Sessions with a start.
    pub placed: usize,
    /// Cost points of its plan.
    pub cost: i64,
    /// No plan places more.
    pub count_bound: usize,
    /// No plan that places `count_bound` sessions costs less.
    pub cost_bound: i64,
    /// Whether the plan meets both bounds: then none is better.
    pub proven: bool,
    /// Looks that were spent.
    pub nodes: u64,
}

/// How long to look for a better plan, or for the proof that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Looks for each component, at most. A look is at 64 starts of sessions; the bound of a team takes some.
    pub looks: u64,
}

impl Effort {
    /// For answers that somebody waits for: some milliseconds a team.
    pub const QUICK: Self = Self { looks: 10_000 };
    /// For plans on their own: a second or two for the hardest team.
    pub const THOROUGH: Self = Self { looks: 1_000_000 };
}

/// Plans a table that passed [`Table::check`], thoroughly.
pub fn solve(table: &Table) -> Solution {
    solve_with(table, Effort::THOROUGH)
}

/// Plans a table that passed [`Table::check`].
pub fn solve_with(table: &Table, effort: Effort) -> Solution {
    solve_parts(table, effort, |_, _| ())
}

/// Plans a table, and for each component hands out what anybody may check its bounds with.
pub fn solve_with_proofs(table: &Table, effort: Effort) -> (Solution, Vec<Certificate>) {
    let mut certificates = Vec::new();
    let solution = solve_parts(table, effort, |part, outcome| {
        certificates.push(proof::certificate(part, outcome));
    });
    (solution, certificates)
}

fn solve_parts(table: &Table, effort: Effort, mut visit: impl FnMut(&Part, &Outcome)) -> Solution {
    let whole = Whole::new(table);
    let mut starts: BTreeMap<SessionId, Option<Slot>> =
        table.sessions.iter().map(|session| (session.id, None)).collect();
    let mut components = Vec::new();
    for sessions in parts(table) {
        let part = build::part(&whole, sessions);
        let outcome = component::run(&part, table.weights.day, effort);
        visit(&part, &outcome);
        for (session, start) in assign(&whole, &part, &outcome.plan) {
            starts.insert(SessionId(session as u32), Some(start));
        }
        components.push(outcome.component);
    }
    Solution {
        placed: components.iter().map(|c| c.placed).sum(),
        cost: components.iter().map(|c| c.cost).sum(),
        starts,
        components,
    }
}

/// Plans on a board, which then holds the plan.
pub(super) fn solve_board(board: &mut Board<'_>, table: &Table, effort: Effort) -> Solution {
    let solution = solve_with(table, effort);
    put_on(board, &solution, None);
    solution
}

/// Puts a plan on an empty board, all but one session.
fn put_on(board: &mut Board<'_>, solution: &Solution, without: Option<SessionId>) {
    for (session, start) in solution.starts.iter().filter(|(session, _)| Some(**session) != without) {
        let id = session.0 as usize;
        let choice = start.and_then(|start| board.choices(id).iter().position(|c| c.start == start));
        if let Some(choice) = choice {
            board.put(id, choice);
        }
    }
}

/// The next best starts of a session, cheapest first, all others as planned; never the planned start itself.
pub fn alternatives(table: &Table, solution: &Solution, session: SessionId, n: usize) -> Vec<Slot> {
    let mut board = Board::new(table);
    put_on(&mut board, solution, Some(session));
    let planned = solution.starts.get(&session).copied().flatten();
    let id = session.0 as usize;
    let mut open = Vec::new();
    board.for_each_open(id, |n| open.push((board.price(id, n), board.choices(id)[n].start)));
    open.sort_unstable();
    open.into_iter().map(|(_, start)| start).filter(|start| Some(*start) != planned).take(n).collect()
}

/// Hands the options that each group takes to its sessions: the narrowest first, each the earliest that it can have.
fn assign(whole: &Whole<'_>, part: &Part, plan: &[bool]) -> Vec<(usize, Slot)> {
    let mut out = Vec::new();
    for (n, group) in part.groups.iter().enumerate() {
        let taken = part.of(n).iter().filter(|spot| plan[**spot as usize]);
        let mut starts: Vec<Slot> = taken.map(|spot| part.spots[*spot as usize].start).collect();
        let width = |id: &usize| (whole.choices[*id].len(), *id);
        let mut narrowest = group.clone();
        narrowest.sort_by_key(width);
        for session in narrowest {
            let can = |start: &Slot| whole.choices[session].iter().any(|choice| choice.start == *start);
            if let Some(place) = starts.iter().position(can) {
                out.push((session, starts.remove(place)));
            }
        }
    }
    out
}

/// Sessions by component, in order of their lowest session.
fn parts(table: &Table) -> Vec<Vec<usize>> {
    let people = table.people.len();
    let mut parent: Vec<usize> = (0..people + table.reps.len()).collect();
    let root = |parent: &mut Vec<usize>, mut node: usize| {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    };
    for session in &table.sessions {
        let lead = root(&mut parent, session.people[0]);
        for node in session.people.iter().copied().chain([people + session.rep]) {
            let node = root(&mut parent, node);
            parent[node] = lead;
        }
    }
    let mut order: BTreeMap<usize, usize> = BTreeMap::new();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for (id, session) in table.sessions.iter().enumerate() {
        let node = root(&mut parent, session.people[0]);
        let place = *order.entry(node).or_insert(out.len());
        if place == out.len() {
            out.push(Vec::new());
        }
        out[place].push(id);
    }
    out
}
