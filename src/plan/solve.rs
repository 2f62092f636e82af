//! Places the sessions of a table: most of them first, then at the least cost. A heuristic with a fixed count
//! of steps, so that equal tables give equal plans on every machine.
//!
//! Sessions that share nobody are planned apart. In each such component the session with the fewest starts left
//! is put down first, at its cheapest start; then, round after round, a few sessions are taken off and put
//! back otherwise, and what is better (for a while also what is a little worse) is kept.

use std::collections::BTreeMap;

use serde::Serialize;

use super::board::Board;
use super::evaluate::Score;
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
    /// Rounds of improvement that were tried.
    pub nodes: u64,
}

/// How long to look for a better plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Rounds for each session of a component.
    pub rounds: u32,
}

impl Effort {
    /// For answers that somebody waits for: a few milliseconds a team.
    pub const QUICK: Self = Self { rounds: 20 };
    /// For plans on their own: tenths of a second for a hard team.
    pub const THOROUGH: Self = Self { rounds: 400 };
}

/// Plans a table that passed [`Table::check`], thoroughly.
pub fn solve(table: &Table) -> Solution {
    solve_with(table, Effort::THOROUGH)
}

/// Plans a table that passed [`Table::check`].
pub fn solve_with(table: &Table, effort: Effort) -> Solution {
    solve_board(&mut Board::new(table), table, effort)
}

/// Plans on a board, which then holds the plan.
pub(super) fn solve_board(board: &mut Board<'_>, table: &Table, effort: Effort) -> Solution {
    let slack = SLACK_DAYS * table.weights.day.max(1);
    let components: Vec<Component> = components(table)
        .into_iter()
        .map(|sessions| Search::new(board, sessions).run(effort, slack))
        .collect();
    Solution {
        placed: components.iter().map(|c| c.placed).sum(),
        cost: components.iter().map(|c| c.cost).sum(),
        starts: board.starts(),
        components,
    }
}

/// The next best starts of a session, cheapest first, all others as planned; never the planned start itself.
pub fn alternatives(table: &Table, solution: &Solution, session: SessionId, n: usize) -> Vec<Slot> {
    let mut board = Board::new(table);
    for (id, start) in &solution.starts {
        let id = id.0 as usize;
        let choice = start.and_then(|start| board.choices(id).iter().position(|c| c.start == start));
        if let Some(choice) = choice.filter(|_| id != session.0 as usize) {
            board.put(id, choice);
        }
    }
    let planned = solution.starts.get(&session).copied().flatten();
    let id = session.0 as usize;
    let mut open = Vec::new();
    board.for_each_open(id, |n| open.push((board.price(id, n), board.choices(id)[n].start)));
    open.sort_unstable();
    open.into_iter().map(|(_, start)| start).filter(|start| Some(*start) != planned).take(n).collect()
}

/// Sessions by component, in order of their lowest session.
fn components(table: &Table) -> Vec<Vec<usize>> {
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

/// The search in one component.
struct Search<'b, 't> {
    board: &'b mut Board<'t>,
    sessions: Vec<usize>,
    score: Score,
    dice: Dice,
}

/// Which choice each session of the component has.
type Snapshot = Vec<Option<usize>>;

/// How much worse a plan may get at first, in the hope of a better one: as much as this many days' delay.
const SLACK_DAYS: i64 = 10;
/// One insertion in so many takes the second cheapest start.
const BLINK: usize = 6;

impl<'b, 't> Search<'b, 't> {
    fn new(board: &'b mut Board<'t>, sessions: Vec<usize>) -> Self {
        let score = Score { placed: 0, cost: board.cost_of_nothing(&sessions) };
        let dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (sessions[0] as u64 + 1));
        Self { board, sessions, score, dice }
    }

    fn run(mut self, effort: Effort, slack: i64) -> Component {
        let (count_bound, cost_bound) = self.bounds();
        let is_proven = |score: &Score| score.placed == count_bound && score.cost == cost_bound;
        self.fill(Manner::Cheapest);
        let mut best = (self.score, self.snapshot());
        let mut current = best.clone();
        let rounds = i64::from(effort.rounds) * self.sessions.len() as i64;
        let mut nodes = 0;
        for round in 0..rounds {
            if is_proven(&best.0) {
                break;
            }
            nodes += 1;
            self.disturb();
            self.fill(Manner::Varied);
            let slack = slack * (rounds - round) / rounds;
            if self.score.placed > current.0.placed
                || self.score.placed == current.0.placed
                    && self.score.cost <= best.0.cost.min(current.0.cost) + slack
            {
                current = (self.score, self.snapshot());
            } else {
                self.restore(&current.1);
            }
            if current.0.beats(&best.0) || current.0 == best.0 && current.1 < best.1 {
                best = current.clone();
            }
        }
        self.restore(&best.1);
        let Score { placed, cost } = best.0;
        let proven = is_proven(&best.0);
        Component {
            first: SessionId(self.sessions[0] as u32),
            placed,
            cost,
            count_bound,
            cost_bound,
            proven,
            nodes,
        }
    }

    /// Each session by itself: those with a start at all, each at its cheapest.
    fn bounds(&self) -> (usize, i64) {
        let cheapest = |id: &usize| self.board.choices(*id).iter().map(|choice| choice.cost).min();
        let hopeless: Vec<usize> =
            self.sessions.iter().copied().filter(|id| cheapest(id).is_none()).collect();
        let least: i64 = self.sessions.iter().filter_map(cheapest).sum();
        let dropped: i64 = hopeless.iter().map(|id| self.board.drop_cost(*id)).sum();
        (self.sessions.len() - hopeless.len(), least + dropped)
    }

    fn snapshot(&self) -> Snapshot {
        self.sessions.iter().map(|id| self.board.chosen(*id)).collect()
    }

    fn restore(&mut self, to: &Snapshot) {
        for (n, choice) in to.iter().enumerate() {
            if self.board.chosen(self.sessions[n]) != *choice {
                self.take(self.sessions[n]);
            }
        }
        for (n, choice) in to.iter().enumerate() {
            if let Some(choice) = choice.filter(|_| self.board.chosen(self.sessions[n]).is_none()) {
                self.put(self.sessions[n], choice);
            }
        }
    }

    fn put(&mut self, id: usize, choice: usize) {
        self.score.cost += self.board.put(id, choice);
        self.score.placed += 1;
    }

    fn take(&mut self, id: usize) {
        if self.board.chosen(id).is_some() {
            self.score.cost += self.board.take(id);
            self.score.placed -= 1;
        }
    }

    /// Puts down everything that fits, whatever has the fewest starts left first.
    fn fill(&mut self, manner: Manner) {
        let is_open = |id: &usize| self.board.chosen(*id).is_none() && !self.board.choices(*id).is_empty();
        let mut left: Vec<usize> = self.sessions.iter().copied().filter(is_open).collect();
        while !left.is_empty() {
            let mut offers: Vec<(usize, usize, [usize; 2])> = Vec::with_capacity(left.len());
            for id in left {
                let (count, best) = self.survey(id);
                if count > 0 {
                    offers.push((count, id, best));
                }
            }
            let pick = match manner {
                Manner::Varied if offers.len() > 1 && self.dice.below(3) == 0 => {
                    self.dice.below(offers.len())
                }
                _ => (0..offers.len()).min_by_key(|n| (offers[*n].0, offers[*n].1)).unwrap_or(0),
            };
            if let Some((_, id, best)) = offers.get(pick).copied() {
                let second = matches!(manner, Manner::Varied) && self.dice.below(BLINK) == 0;
                self.put(id, best[usize::from(second)]);
            }
            left = offers.iter().map(|offer| offer.1).filter(|id| self.board.chosen(*id).is_none()).collect();
        }
    }

    /// How many starts are open to it, and the two cheapest (the one twice, if there is no second).
    fn survey(&self, id: usize) -> (usize, [usize; 2]) {
        let mut count = 0;
        let mut best = [(i64::MAX, 0); 2];
        self.board.for_each_open(id, |n| {
            count += 1;
            let offer = (self.board.price(id, n), n);
            if offer < best[0] {
                best = [offer, best[0]];
            } else if offer < best[1] {
                best[1] = offer;
            }
        });
        if count == 1 {
            best[1] = best[0];
        }
        (count, best.map(|(_, n)| n))
    }

    /// Takes a few sessions off: to make room for one that is not placed, or those around one that is.
    fn disturb(&mut self) {
        let missing: Vec<usize> = self
            .sessions
            .iter()
            .copied()
            .filter(|id| self.board.chosen(*id).is_none() && !self.board.choices(*id).is_empty())
            .collect();
        if !missing.is_empty() && self.dice.below(4) > 0 {
            let id = missing[self.dice.below(missing.len())];
            self.force(id);
            return;
        }
        let id = self.sessions[self.dice.below(self.sessions.len())];
        let count = self.dice.below(4);
        if self.dice.below(3) == 0 && !self.board.choices(id).is_empty() {
            self.take(id);
            self.force(id);
            return;
        }
        let around: Vec<usize> = self.board.neighbours(id).collect();
        self.take(id);
        for _ in 0..count.min(around.len()) {
            let other = around[self.dice.below(around.len())];
            self.take(other);
        }
    }

    /// Places it at one of its starts and takes off whatever stands in the way.
    fn force(&mut self, id: usize) {
        let tries = [(); 3].map(|()| self.dice.below(self.board.choices(id).len()));
        let way = |n: &usize| (self.board.in_the_way(id, *n).len(), self.board.choices(id)[*n].cost);
        let choice = tries.into_iter().min_by_key(way).unwrap_or(0);
        for other in self.board.in_the_way(id, choice) {
            self.take(other);
        }
        if !self.board.is_day_full(id, choice) {
            self.put(id, choice);
        }
    }
}

/// How sessions are put down.
#[derive(Clone, Copy)]
enum Manner {
    /// Fewest starts first, at the cheapest.
    Cheapest,
    /// Now and then another one, or the second cheapest.
    Varied,
}
