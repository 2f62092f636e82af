//! Why there is no slot: which rule blocks how many starts, and what one change would open one.
//! Values only; words are found elsewhere.

use std::collections::BTreeMap;

use chrono::Duration;

use super::compile::{Ask, Calendar, HoldKind, Need, apart_days, slots};
use super::grid::{Grid, STEP};
use super::slots::{Slot, Stretch};
use crate::model::people::PersonId;
use crate::model::time::Span;
use crate::model::zone::Moment;

/// The rules in the order in which they are asked; each start counts under the first that blocks it.
pub const RULES: [&str; 13] = [
    "past",
    "notice",
    "week_end",
    "hours_manager",
    "hours_rep",
    "busy_manager",
    "busy_rep",
    "buffer",
    "apart",
    "holds",
    "excluded",
    "unknown_manager",
    "unknown_rep",
];
const HOURS_MANAGER: usize = 3;
const HOURS_REP: usize = 4;
const HOLDS: usize = 9;

/// How far outside of somebody's hours is still thinkable.
const OUTSIDE: Duration = Duration::hours(1);

/// What stands in the way of a need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Why {
    /// Starts in the week on the quarter hour.
    pub starts: u32,
    /// Those that one of the [`RULES`] blocks, by rule; the others are free, unless another session takes them.
    pub counts: BTreeMap<String, u32>,
    /// Those that none blocks: free, but for other sessions that are placed at the same time.
    pub free: Vec<Span>,
    /// What is left of the week in which both work, in order.
    pub shared: Vec<Span>,
    /// Single changes that would open a start, the most plausible first.
    pub changes: Vec<Change>,
}

/// A single change that would open a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Give up this held time.
    Free {
        /// Whose it is.
        who: PersonId,
        /// When it is.
        hold: Span,
        /// What it is.
        kind: HoldKind,
        /// The first start this opens.
        start: Moment,
    },
    /// Meet for the shortest length.
    Shorter {
        /// How long that is.
        minutes: i64,
        /// The first start this opens.
        start: Moment,
    },
    /// Meet up to an hour outside of somebody's hours.
    OutsideHours {
        /// Whose hours.
        who: PersonId,
        /// When the session would be.
        time: Span,
    },
}

/// Why a need has no slot on free time, other needs aside; empty if the ask has no such need.
pub fn waterfall(ask: &Ask<'_>, key: &str) -> Why {
    let Some(need) = ask.needs.iter().find(|need| need.key == key) else { return Why::default() };
    let view = View::of(ask, need);
    let full = slots(need.duration);
    let masks: Vec<(Slot, u16)> = view.starts().map(|start| (start, view.blocks(start, full))).collect();
    let mut why = Why { starts: masks.len() as u32, ..Why::default() };
    for (_, mask) in masks.iter().filter(|(_, mask)| *mask != 0) {
        *why.counts.entry(RULES[mask.trailing_zeros() as usize].to_owned()).or_default() += 1;
    }
    let free = masks.iter().filter(|(_, mask)| *mask == 0);
    why.free = free.map(|(start, _)| view.grid.span(Stretch(*start, start + full))).collect();
    why.shared = view.shared();
    why.changes.extend(view.freed(&masks));
    why.changes.extend(view.shorter(&masks));
    why.changes.extend(view.outside(&masks, HOURS_MANAGER));
    why.changes.extend(view.outside(&masks, HOURS_REP));
    why
}

/// One need on its grid.
struct View<'a> {
    ask: &'a Ask<'a>,
    need: &'a Need,
    grid: Grid,
    manager: Calendar,
    rep: Calendar,
    fixed: Vec<Stretch>,
}

impl<'a> View<'a> {
    fn of(ask: &'a Ask<'a>, need: &'a Need) -> Self {
        let grid = Grid::of(&need.week);
        let fixed: Vec<Stretch> = need.fixed.iter().filter_map(|span| grid.outward(span)).collect();
        let with_fixed = |id| {
            let mut calendar = Calendar::of(ask, &grid, id);
            calendar.busy.extend(&fixed);
            calendar
        };
        let (manager, rep) = (with_fixed(need.manager), with_fixed(need.rep));
        Self { ask, need, grid, manager, rep, fixed }
    }

    /// Every quarter hour of the week.
    fn starts(&self) -> impl Iterator<Item = Slot> + use<> {
        let first = self.grid.ceil(self.need.week.start);
        let aligned = first + (-first).rem_euclid(STEP);
        (aligned..self.grid.ceil(self.need.week.end)).step_by(STEP as usize)
    }

    /// A bit for each rule that blocks a session of this length.
    fn blocks(&self, start: Slot, length: Slot) -> u16 {
        let time = Stretch(start, start + length);
        let at = self.grid.moment(start);
        let span = self.grid.span(time);
        let within = |side: &Calendar, hours: &[Stretch]| {
            side.days[0] <= start && start < side.days[7] && hours.iter().any(|h| h.covers(time))
        };
        let busy = |side: &Calendar, buffer| side.busy.iter().any(|b| b.widened(buffer).overlaps(time));
        let held = |side: &Calendar| side.holds.iter().any(|hold| hold.0.overlaps(time));
        let rules = [
            at < self.ask.now,
            at < self.ask.now + self.ask.policy.notice,
            span.end > self.need.week.end,
            !within(&self.manager, &self.manager.hours),
            !within(&self.rep, &self.rep.hours),
            busy(&self.manager, 0),
            busy(&self.rep, 0),
            busy(&self.manager, self.manager.buffer) || busy(&self.rep, self.rep.buffer),
            self.is_too_near(start),
            held(&self.manager) || held(&self.rep),
            self.need.excluded.contains(&at),
            self.manager.unknown,
            self.rep.unknown,
        ];
        rules.iter().enumerate().map(|(n, blocks)| u16::from(*blocks) << n).sum()
    }

    /// What both work after notice is given, up to the end of the week: what is too short for a session aside.
    fn shared(&self) -> Vec<Span> {
        let from = self.grid.ceil((self.ask.now + self.ask.policy.notice).max(self.need.week.start));
        let until = self.grid.floor(self.need.week.end);
        let both = self.manager.hours.iter().flat_map(|one| {
            let common = |two: &Stretch| Stretch(one.0.max(two.0).max(from), one.1.min(two.1).min(until));
            self.rep.hours.iter().map(common)
        });
        let mut long: Vec<Stretch> =
            both.filter(|both| both.1 - both.0 >= slots(self.need.shortest)).collect();
        long.sort_unstable();
        long.into_iter().map(|both| self.grid.span(both)).collect()
    }

    /// Whether it falls too few days from a fixed session of the rep.
    fn is_too_near(&self, start: Slot) -> bool {
        let day = |slot: Slot| (0..7).find(|d| self.rep.days[*d] <= slot && slot < self.rep.days[d + 1]);
        let apart = apart_days(self.need) as usize;
        self.fixed
            .iter()
            .any(|fixed| day(fixed.0).zip(day(start)).is_some_and(|(one, two)| one.abs_diff(two) < apart))
    }

    /// Held time which alone blocks a start: focus time first, then in order of time.
    fn freed(&self, masks: &[(Slot, u16)]) -> Vec<Change> {
        let length = slots(self.need.duration);
        let mut out: BTreeMap<(HoldKind, Span, PersonId), Moment> = BTreeMap::new();
        for (start, _) in masks.iter().filter(|(_, mask)| *mask == 1 << HOLDS) {
            let time = Stretch(*start, start + length);
            let sides = [(self.need.manager, &self.manager), (self.need.rep, &self.rep)];
            let mut hit = sides
                .into_iter()
                .flat_map(|(who, side)| side.holds.iter().map(move |hold| (who, hold)))
                .filter(|(_, hold)| hold.0.overlaps(time));
            if let (Some((who, hold)), None) = (hit.next(), hit.next()) {
                out.entry((hold.2, hold.1, who)).or_insert_with(|| self.grid.moment(*start));
            }
        }
        out.into_iter().map(|((kind, hold, who), start)| Change::Free { who, hold, kind, start }).collect()
    }

    /// The first start that the shortest length opens.
    fn shorter(&self, masks: &[(Slot, u16)]) -> Option<Change> {
        let shortest = slots(self.need.shortest);
        if shortest >= slots(self.need.duration) {
            return None;
        }
        let (start, _) =
            masks.iter().find(|(start, mask)| *mask != 0 && self.blocks(*start, shortest) == 0)?;
        Some(Change::Shorter { minutes: self.need.shortest.num_minutes(), start: self.grid.moment(*start) })
    }

    /// The start blocked by one person's hours alone that lies least outside them, the earliest of these.
    fn outside(&self, masks: &[(Slot, u16)], rule: usize) -> Option<Change> {
        let (who, side) = if rule == HOURS_MANAGER {
            (self.need.manager, &self.manager)
        } else {
            (self.need.rep, &self.rep)
        };
        let length = slots(self.need.duration);
        let past_edge = |start: Slot| {
            let over = |hours: &Stretch| (hours.0 - start).max(start + length - hours.1);
            side.hours.iter().map(over).min().filter(|over| *over <= slots(OUTSIDE))
        };
        let is_in_week = |start: &Slot| side.days[0] <= *start && *start < side.days[7];
        let alone = masks.iter().filter(|(_, mask)| *mask == 1 << rule).map(|(start, _)| *start);
        let (_, start) =
            alone.filter(is_in_week).filter_map(|start| past_edge(start).map(|o| (o, start))).min()?;
        Some(Change::OutsideHours { who, time: self.grid.span(Stretch(start, start + length)) })
    }
}
