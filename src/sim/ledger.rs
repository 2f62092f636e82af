//! A ledger in memory: the same promises as the one on disk, without the disk.

use crate::model::ledger::{FrameKind, LedgerId, Seq};
use crate::ports::{Error, Frame, Ledger, Which};

/// Keeps every frame.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    id: LedgerId,
    last: Seq,
    frames: Vec<(Seq, FrameKind, Vec<u8>)>,
    /// Records since the newest checkpoint, and how many of them ask for the next.
    since: usize,
    segment_records: usize,
}

impl MemoryLedger {
    /// An empty ledger that asks for a checkpoint after every `segment_records` records.
    pub fn new(id: LedgerId, segment_records: usize) -> Self {
        Self { id, last: 0, frames: Vec::new(), since: 0, segment_records }
    }
}

impl Ledger for MemoryLedger {
    fn id(&self) -> LedgerId {
        self.id
    }

    fn last(&self) -> Seq {
        self.last
    }

    fn append(&mut self, payload: &[u8]) -> Result<Seq, Error> {
        self.last += 1;
        self.since += 1;
        self.frames.push((self.last, FrameKind::Record, payload.to_vec()));
        Ok(self.last)
    }

    fn wants_checkpoint(&self) -> bool {
        self.since >= self.segment_records
    }

    fn checkpoint(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.since = 0;
        self.frames.push((self.last, FrameKind::Checkpoint, payload.to_vec()));
        Ok(())
    }

    fn remove_up_to(&mut self, seq: Seq) -> Result<(), Error> {
        let newest = self.frames.iter().rposition(|(_, kind, _)| *kind == FrameKind::Checkpoint);
        let mut at = 0;
        self.frames.retain(|(number, ..)| {
            at += 1;
            newest.is_none_or(|newest| at > newest) || *number > seq
        });
        Ok(())
    }

    fn read(&self, which: Which, visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let newest = self.frames.iter().rposition(|(_, kind, _)| *kind == FrameKind::Checkpoint);
        let from = match which {
            Which::View => newest.unwrap_or(0),
            Which::All => 0,
        };
        self.frames[from..]
            .iter()
            .try_for_each(|(seq, kind, payload)| visit(Frame { seq: *seq, kind: *kind, payload }))
    }
}
