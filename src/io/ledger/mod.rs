//! The ledger on disk: append-only segment files, each record synced before its number is given out.
//!
//! A failed write or sync ends it: what the kernel holds after that is unknown, so nothing is tried again
//! (a second fsync may report success for pages that were dropped). What a start makes of a damaged ledger is
//! in `open`; how the bytes lie, in `frame` and docs/formats.md.

mod cut;
pub mod disk;
mod frame;
mod open;
mod segment;
mod verify;

use std::io;
use std::path::{Path, PathBuf};

use crate::model::ledger::{FrameKind, LedgerId, Notice, Seen, Seq};
use crate::ports::{Error, ErrorKind, Frame, Ledger, Which};

pub use cut::{Damage, cut, damage, lost};
use disk::{Disk, DiskFile, RealDisk};
use frame::{Hash, Header};
use segment::Segment;
pub use verify::{Report, read, verify, verify_on};

/// How far a segment grows before a new one is asked for, in bytes: small enough to be read at every start.
pub const SEGMENT_BYTES: u64 = 8 << 20;
/// The longest payload, in bytes: far above any sane record, far below what the length field holds.
pub const PAYLOAD_BYTES: usize = 1 << 30;

/// The ledger in a folder of segment files. One process may have it open: see `io::lock`.
pub struct FileLedger {
    disk: Box<dyn Disk>,
    dir: PathBuf,
    id: LedgerId,
    /// The oldest segment's number: those before it were removed when their time was over.
    first: u32,
    /// The newest segment's number.
    segment: u32,
    file: Box<dyn DiskFile>,
    /// Up to here the newest segment is sound and synced.
    length: u64,
    /// Where the newest segment's records begin: after its checkpoint.
    records_from: u64,
    last: Seq,
    hash: Hash,
    /// The failure that ended it.
    failed: Option<Error>,
}

impl FileLedger {
    /// Opens the ledger in `dir`, or makes one with the id of `new_id` where the folder holds nothing. `seen`
    /// is what the store knows of it. A torn last record that the store has not seen is cut and noticed; any
    /// other damage, a ledger behind its store and a store without its ledger are errors that say what to do.
    pub fn open(
        dir: &Path,
        seen: Option<Seen>,
        new_id: impl FnOnce() -> [u8; 16],
    ) -> Result<(Self, Vec<Notice>), Error> {
        Self::open_on(Box::new(RealDisk), dir, seen, new_id)
    }

    /// The same on a file system of one's own.
    pub fn open_on(
        disk: Box<dyn Disk>,
        dir: &Path,
        seen: Option<Seen>,
        new_id: impl FnOnce() -> [u8; 16],
    ) -> Result<(Self, Vec<Notice>), Error> {
        open::open(disk, dir, seen, new_id)
    }

    fn usable(&self) -> Result<(), Error> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Writes and syncs a frame at the end of the newest segment.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let put = self.file.append(bytes).and_then(|()| self.file.sync());
        if put.is_err() {
            // Takes the unacknowledged bytes out of the page cache too, so that the next start cannot take
            // for durable what never reached the disk. Should it fail as well, the next start cuts or keeps it.
            let _ = self.file.truncate(self.length);
        }
        put
    }

    fn fail(&mut self, doing: &str, path: &Path, cause: &io::Error) -> Error {
        let mut error = Error::disk(doing, path, cause);
        error.kind = ErrorKind::Fatal;
        self.failed = Some(error.clone());
        error
    }
}

impl Ledger for FileLedger {
    fn id(&self) -> LedgerId {
        self.id
    }

    fn last(&self) -> Seq {
        self.last
    }

    fn append(&mut self, payload: &[u8]) -> Result<Seq, Error> {
        self.usable()?;
        fits(payload)?;
        let seq = self.last + 1;
        let (bytes, hash) = frame::encode(FrameKind::Record, seq, payload, &self.hash);
        if let Err(cause) = self.put(&bytes) {
            let path = segment::path(&self.dir, self.segment);
            return Err(self.fail("append to", &path, &cause));
        }
        self.length += bytes.len() as u64;
        self.last = seq;
        self.hash = hash;
        Ok(seq)
    }

    /// Also no sooner than the records outweigh the checkpoint, or a large view would be written at every turn.
    fn wants_checkpoint(&self) -> bool {
        self.length - self.records_from >= SEGMENT_BYTES.max(self.records_from)
    }

    fn checkpoint(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.usable()?;
        fits(payload)?;
        let header =
            Header { number: self.segment + 1, ledger: self.id, seq: self.last, previous: self.hash };
        let (bytes, hash) = frame::encode(FrameKind::Checkpoint, self.last, payload, &self.hash);
        let begun = segment::begin(&*self.disk, &self.dir, &header, &bytes);
        let path = segment::path(&self.dir, header.number);
        self.file = begun.map_err(|cause| self.fail("begin", &path, &cause))?;
        self.segment = header.number;
        self.length = (frame::HEADER_LEN + bytes.len()) as u64;
        self.records_from = self.length;
        self.hash = hash;
        Ok(())
    }

    fn read(&self, which: Which, visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.usable()?;
        let first = match which {
            Which::View => self.segment,
            Which::All => self.first,
        };
        segment::read(&*self.disk, &self.dir, first..=self.segment, visit)
    }

    fn remove_up_to(&mut self, seq: Seq) -> Result<(), Error> {
        self.usable()?;
        let mut keep = self.first;
        while keep < self.segment {
            let next = Segment::read(&*self.disk, &self.dir, keep + 1, frame::HEADER_LEN as u64)?.header;
            if next.seq > seq {
                break;
            }
            keep += 1;
        }
        if keep == self.first {
            return Ok(());
        }
        let removed = segment::remove_before(&*self.disk, &self.dir, self.first, keep);
        let dir = self.dir.clone();
        removed.map_err(|cause| self.fail("remove old segments in", &dir, &cause))?;
        self.first = keep;
        Ok(())
    }
}

fn fits(payload: &[u8]) -> Result<(), Error> {
    if payload.len() <= PAYLOAD_BYTES {
        return Ok(());
    }
    let message =
        format!("a record of {} bytes is longer than the {PAYLOAD_BYTES} that are allowed", payload.len());
    Err(Error::new(ErrorKind::Invalid, "too_long", message))
}

/// What the ledger refuses to work with; the message names the file and says what to do.
/// Code of a ledger in a format of another version: it is sound, and not for this program to judge.
pub(super) const OTHER_FORMAT: &str = "ledger_format";
/// What is failed to, where a ledger is refused.
const USE: &str = "use the ledger: ";

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Fatal, "ledger", format!("{USE}{}", message.into()))
}
