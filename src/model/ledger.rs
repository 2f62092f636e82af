//! How the ledger names its own parts. What a record says is in `fact`; how it lies on disk, in `io/ledger`.

use std::fmt;

/// The random identity of a ledger, made once and held in its first record. All ids of mails, events and links
/// are derived from it, so that a restored or rebuilt store says the same things under the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerId(pub [u8; 16]);

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The number of a record, counted from 1 over all segments; checkpoints have none of their own.
pub type Seq = u64;

/// What a stored frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// The whole view as it was when the segment began: everything before it can be left out when reading.
    Checkpoint,
    /// One commit.
    Record,
}
