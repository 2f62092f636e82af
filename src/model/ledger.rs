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

/// What a store says of the ledger that it was filled from: the evidence that the ledger is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Whose records its mirrors belong to.
    pub ledger: LedgerId,
    /// The newest record whose mirrors are in it.
    pub seq: Seq,
}

/// What ops must be told about the state directory after a start: something was moved, nothing was lost that
/// had been acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The last record was torn by a crash; it was never acknowledged.
    RecordCut {
        /// The number it would have had.
        seq: Seq,
        /// The file that holds its bytes now.
        kept: String,
    },
    /// The store was moved away; mirrors are fetched anew.
    StoreAside {
        /// Why, as a clause that fits after "because ".
        why: String,
        /// The folder that holds it now.
        kept: String,
    },
    /// The ledger has records and the store holds nothing: it was removed, or lost all it held.
    StoreEmpty,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordCut { seq, kept } => {
                write!(
                    f,
                    "record {seq} was torn by a crash and is cut from the ledger; its bytes are kept in {kept}"
                )
            }
            Self::StoreAside { why, kept } => {
                write!(f, "the store was set aside as {kept} because {why}; all calendars are read anew")
            }
            Self::StoreEmpty => f.write_str("the store is empty; all calendars are read anew"),
        }
    }
}
