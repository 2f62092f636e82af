//! One component of a table, numbered anew so that the search runs over plain arrays.
//!
//! An *option* is a session at one of its starts. A *row* is a set of options of which a plan may hold only so many.
//! Options of one lead lie side by side in order of start: that is the order in which [`super::path`] walks them.

use super::path::Path;
use crate::plan::bound::Row;
use crate::plan::choices::{Choice, choices};
use crate::plan::slots::Slot;
use crate::plan::table::{Priced, Table};

/// So many options looked at are a look.
pub(super) const OPTIONS_A_LOOK: u64 = 64;

/// No option, no group.
pub(super) const NONE: u32 = u32::MAX;

/// What all components share.
pub(super) struct Whole<'t> {
    pub table: &'t Table,
    /// The choices of every session.
    pub choices: Vec<Vec<Choice>>,
    /// Every hold with its person and its place among theirs, in the order in which choices number them.
    pub holds: Vec<(usize, usize, Priced)>,
}

impl<'t> Whole<'t> {
    pub fn new(table: &'t Table) -> Self {
        let of = |(id, person): (usize, &'t crate::plan::table::Person)| {
            person.holds.iter().enumerate().map(move |(n, hold)| (id, n, *hold))
        };
        let holds = table.people.iter().enumerate().flat_map(of).collect();
        Self { table, choices: choices(table), holds }
    }
}

/// A session at one of its starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// Which group of the component.
    pub group: u32,
    /// Which of the choices of the group's first session.
    pub choice: u32,
    pub start: Slot,
    pub end: Slot,
    /// What it costs by itself, beyond not placing the session.
    pub cost: i64,
    /// Which lead of the component.
    pub lead: u32,
    /// Which day of which lead: seven to a lead.
    pub day: u32,
    /// Which rep of the component.
    pub rep: u32,
}

/// Lists of numbers, one after the other.
#[derive(Debug, Default, Clone)]
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    pub fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.items.extend(list);
        self.starts.push(self.items.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub fn of(&self, n: usize) -> &[u32] {
        &self.items[self.starts[n] as usize..self.starts[n + 1] as usize]
    }

    /// For each of `count` numbers the lists that hold it, in order.
    pub fn inverted(&self, count: usize) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for item in &self.items {
            starts[*item as usize + 1] += 1;
        }
        for n in 0..count {
            starts[n + 1] += starts[n];
        }
        let mut next = starts.clone();
        let mut items = vec![0; self.items.len()];
        for list in 0..self.len() {
            for item in self.of(list) {
                let place = &mut next[*item as usize];
                items[*place as usize] = list as u32;
                *place += 1;
            }
        }
        Self { starts, items }
    }
}

/// What a row allows, and what it costs to have more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub name: Row,
    /// So many of its options.
    pub most: i32,
    /// 1; or -1 where at least one is wanted, and `most` is -1.
    pub sign: i32,
    /// What each beyond it costs; `None`: it must not be.
    pub price: Option<i64>,
    /// The shared hold that the row belongs to, or [`NONE`].
    pub hold: u32,
}

/// One component.
pub(super) struct Part {
    /// Its sessions, as the table numbers them, in order.
    pub sessions: Vec<usize>,
    /// Sessions that are as good as each other, as the table numbers them: those that can have more starts first, each with
    /// all the starts of the next. A group takes as many of its options as it has sessions.
    pub groups: Vec<Vec<usize>>,
    pub spots: Vec<Spot>,
    /// The options of each group, in order of start.
    pub options: Lists,
    /// What it costs that nothing is placed.
    pub base: i64,
    /// First rows that must hold and that a path keeps by itself, then others that must hold, then those with a price.
    pub rows: Vec<Limit>,
    /// Rows before this one are kept by every path.
    pub priced: usize,
    /// Rows before this one must hold.
    pub hard: usize,
    pub members: Lists,
    pub rows_of: Lists,
    /// How many sessions a lead's day takes before load is felt.
    pub room: Vec<u32>,
    pub leads: usize,
    /// Holds that some option lies on, by cost …
    pub holds: Vec<i64>,
    /// … and those of each option.
    pub holds_of: Lists,
    /// Of `holds`, what those of [`Limit::hold`] cost.
    pub shared: Vec<i64>,
    /// What it costs that the rep has nothing; nought where an option's own cost tells.
    pub starve: Vec<i64>,
    /// How an option follows others of its lead.
    pub paths: Vec<Path>,
    pub near: Vec<(u32, i64)>,
    pub segments: Vec<super::path::Segment>,
    /// Points for two sessions of a lead close to each other, and how close.
    pub chain: i64,
    pub chain_gap: Slot,
    /// Points for each session of a lead's day beyond its room.
    pub load: i64,
    /// The row of each group.
    pub group_row: Vec<u32>,
    /// Sessions that have an option at all.
    pub able: usize,
}

impl Part {
    /// Options of the group.
    pub fn of(&self, group: usize) -> &[u32] {
        self.options.of(group)
    }

    /// How many sessions the group has.
    pub fn size(&self, group: usize) -> usize {
        self.groups[group].len()
    }

    /// How many of the group can be placed, as far as the number of its options tells.
    pub fn most(&self, group: usize) -> usize {
        self.size(group).min(self.of(group).len())
    }

    /// The rows of an option that must hold.
    pub fn hard_rows(&self, spot: u32) -> impl Iterator<Item = usize> {
        let rows = self.rows_of.of(spot as usize).iter().map(|row| *row as usize);
        rows.take_while(|row| *row < self.hard)
    }

    /// Looks that one bound takes.
    pub fn work(&self) -> u64 {
        1 + self.spots.len() as u64 / OPTIONS_A_LOOK
    }
}
