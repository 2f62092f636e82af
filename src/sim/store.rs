//! A store in memory that can be rolled back or dropped, to show that nothing depends on what it holds.

use std::collections::BTreeMap;

use crate::model::ledger::Seq;
use crate::model::people::CalendarId;
use crate::ports::{Error, Store};

/// The mirrors at one commit.
#[derive(Debug, Clone, Default)]
struct Content {
    seq: Seq,
    mirrors: BTreeMap<CalendarId, Vec<u8>>,
}

/// Keeps mirrors, and the snapshots that were taken of them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    now: Content,
    snapshots: Vec<Content>,
}

impl MemoryStore {
    /// Remembers what the store holds now; returns the number of the snapshot, counted from 0.
    pub fn snapshot(&mut self) -> usize {
        self.snapshots.push(self.now.clone());
        self.snapshots.len() - 1
    }

    /// Goes back to a snapshot; an unknown number is one that was never taken, and drops everything.
    pub fn roll_back_to(&mut self, snapshot: usize) {
        self.now = self.snapshots.get(snapshot).cloned().unwrap_or_default();
    }

    /// Loses everything but the snapshots.
    pub fn clear(&mut self) {
        self.now = Content::default();
    }
}

impl Store for MemoryStore {
    fn seq(&self) -> Seq {
        self.now.seq
    }

    fn mirror(&self, calendar: CalendarId) -> Option<Vec<u8>> {
        self.now.mirrors.get(&calendar).cloned()
    }

    fn commit(&mut self, seq: Seq, mirrors: &[(CalendarId, Option<Vec<u8>>)]) -> Result<(), Error> {
        for (calendar, mirror) in mirrors {
            match mirror {
                Some(mirror) => self.now.mirrors.insert(*calendar, mirror.clone()),
                None => self.now.mirrors.remove(calendar),
            };
        }
        self.now.seq = seq;
        Ok(())
    }
}
