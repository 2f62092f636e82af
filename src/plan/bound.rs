//! Bounds computed again, with plain arithmetic on whole numbers, straight from the table and the rules: slow, and with
//! nothing of the search that they check.
//!
//! Rows that bind the sessions of several leads are given up, each for a price: its multiplier. What is left is, for each
//! lead, the cheapest order of sessions through the week. Whatever the multipliers, no plan costs less than the sum.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use self::check::{At, Check, starts};
use super::table::{Session, SessionId, Table};

/// A row of the relaxed problem, named after what it stands for in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// A group of sessions that may stand for each other, by its first: each is placed at most once.
    Group(usize),
    /// Starts that this session of a group cannot have are for those before it.
    Beyond {
        /// The first of the group.
        group: usize,
        /// Which session.
        session: usize,
    },
    /// A person attends one session at a time, buffer included.
    Person {
        /// Who.
        person: usize,
        /// When.
        slot: i32,
    },
    /// A rep has one session at a time, spacing included.
    Rep {
        /// Whose.
        rep: usize,
        /// When.
        slot: i32,
    },
    /// A rep has one session on these days.
    Days {
        /// Whose.
        rep: usize,
        /// The first of `apart_days` days.
        day: usize,
    },
    /// A lead's day takes no more than its cap.
    Cap {
        /// Whose.
        lead: usize,
        /// Which day.
        day: usize,
    },
    /// A lead's day costs more beyond its soft cap (C9).
    Load {
        /// Whose.
        lead: usize,
        /// Which day.
        day: usize,
    },
    /// A rep gets something (C7).
    Starve(usize),
    /// A session, or a group at one start, does not lie on a hold unless it is paid (C10).
    Hold {
        /// Whose.
        person: usize,
        /// Its place in their holds.
        hold: usize,
        /// Which session, or the first of its group.
        session: usize,
        /// At which start, where it has a group.
        start: Option<i32>,
    },
    /// Sessions that take this slot of a person do not lie on a hold unless it is paid (C10).
    HoldAt {
        /// Whose.
        person: usize,
        /// Its place in their holds.
        hold: usize,
        /// When.
        slot: i32,
    },
}

/// The price of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipliers {
    /// So many are a cost point.
    pub unit: i64,
    /// Rows that have one.
    pub rows: Vec<(Row, i64)>,
    /// Of the number of sessions placed.
    pub count: i64,
}

/// What the first bounds of a component rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The component's first session.
    pub first: SessionId,
    /// All its sessions.
    pub sessions: Vec<usize>,
    /// Those that have a start, by group: sessions of one rep that may stand for each other.
    pub groups: Vec<Vec<usize>>,
    /// How many the bound on the cost is for.
    pub placed: usize,
    /// For the bound on how many can be placed; `None`: the number of starts tells.
    pub count: Option<Multipliers>,
    /// For the bound on the cost.
    pub cost: Option<Multipliers>,
}

/// What a certificate proves. The search may have proved more, by halving what these leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// No plan of the component places more.
    pub count_bound: usize,
    /// No plan that places as many as the certificate says costs less.
    pub cost_bound: i64,
}

impl Certificate {
    /// Computes the bounds again. `None`: the certificate is none for this table.
    pub fn check(&self, table: &Table) -> Option<Checked> {
        let inside: BTreeSet<usize> = self.sessions.iter().copied().collect();
        let people: BTreeSet<usize> =
            inside.iter().filter_map(|id| table.sessions.get(*id)).flat_map(|s| s.people.clone()).collect();
        let reaches = |s: &Session| s.people.iter().any(|person| people.contains(person));
        if table.sessions.iter().any(|s| reaches(s) != inside.contains(&(s.id.0 as usize))) {
            return None;
        }
        if inside.last().is_some_and(|last| *last >= table.sessions.len()) {
            return None;
        }
        let mut all: BTreeMap<usize, Vec<At>> = BTreeMap::new();
        for id in &inside {
            all.insert(*id, starts(table, *id));
        }
        let grouped: Vec<usize> = self.groups.iter().flatten().copied().collect();
        let once: BTreeSet<usize> = grouped.iter().copied().collect();
        let able = |id: &&usize| all.get(*id).is_some_and(|starts| !starts.is_empty());
        if once.len() != grouped.len() || !inside.iter().filter(able).eq(&once) {
            return None;
        }
        let check = Check { table, certificate: self, all: &all };
        let able = self.groups.iter().map(|group| check.most(group)).sum::<usize>();
        let count_bound = match &self.count {
            None => able,
            // Where it is for plans that place all, it can but rule these out.
            Some(rows) if rows.rows.iter().any(|(_, multiplier)| *multiplier < 0) => {
                let bound = check.bound(rows, None, true)?;
                able - usize::from(bound > -(able as i64) * rows.unit)
            }
            Some(rows) => able.min((-check.bound(rows, None, false)?).div_euclid(rows.unit).max(0) as usize),
        };
        let cost_bound = match &self.cost {
            None => check.base(),
            Some(rows) => {
                let bound = check.bound(rows, Some(self.placed), self.placed == able)?;
                -(-bound).div_euclid(rows.unit)
            }
        };
        Some(Checked { count_bound, cost_bound })
    }
}
