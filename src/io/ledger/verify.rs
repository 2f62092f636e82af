//! Reading a ledger without opening it: beside a running daemon, or in a read-only copy.

use std::path::Path;

use crate::model::ledger::{FrameKind, LedgerId, Seq};
use crate::ports::{Error, Frame, Which};

use super::disk::{Disk, RealDisk};
use super::frame::{Fault, Hash, Header, Walk};
use super::segment::{self, Segment, damage_message};
use super::{OTHER_FORMAT, USE, refused};

/// What a look at the whole ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Segment files.
    pub segments: usize,
    /// Sound records.
    pub records: u64,
    /// The first sound record.
    pub first: Option<Seq>,
    /// The last sound record.
    pub last: Option<Seq>,
    /// Whose ledger it is, as the first readable segment says.
    pub id: Option<LedgerId>,
    /// Bytes of an unfinished record at the very end: being written just now, or torn by a crash and cut at
    /// the next start. Not a problem.
    pub unfinished: usize,
    /// A segment was written by another version, in a format of its own: that is no damage.
    pub is_other_format: bool,
    /// All that is wrong, in order, as sentences without a full stop.
    pub problems: Vec<String>,
}

/// Reads every byte of a ledger and checks checksums, chain and numbering across segments. The error is for a
/// folder that cannot be listed; all else is in the report.
pub fn verify(dir: &Path) -> Result<Report, Error> {
    verify_on(&RealDisk, dir)
}

/// The same on a file system of one's own.
pub fn verify_on(disk: &dyn Disk, dir: &Path) -> Result<Report, Error> {
    let (removed, numbers) = numbers(disk, dir)?;
    let newest = numbers.last().copied().unwrap_or_default();
    let mut report = Report { segments: numbers.len(), ..Report::default() };
    if numbers.is_empty() {
        report.problems.push(format!("{} holds no segment", dir.display()));
    }
    let (mut last, mut end) = (removed, None);
    for number in numbers {
        if number != last + 1 {
            let path = segment::path(dir, number);
            report.problems.push(format!("segments are missing before {}", path.display()));
            end = None;
        }
        end = report.segment(disk, dir, (number, newest), end);
        last = number;
    }
    Ok(report)
}

/// Where a segment ended: its header, its last record and the hash of its last frame.
type End = (Header, Seq, Hash);

impl Report {
    /// Looks at one segment; returns where it ended, for the next to be held against.
    fn segment(
        &mut self,
        disk: &dyn Disk,
        dir: &Path,
        (number, newest): (u32, u32),
        before: Option<End>,
    ) -> Option<End> {
        let segment = match Segment::load(disk, dir, number) {
            Ok(segment) => segment,
            Err(error) => {
                self.is_other_format |= error.code == OTHER_FORMAT;
                let problem = error.message.strip_prefix(USE).unwrap_or(&error.message);
                self.problems.push(problem.to_owned());
                return None;
            }
        };
        self.id.get_or_insert(segment.header.ledger);
        self.problems.extend(before.and_then(|(header, seq, hash)| segment.breaks_from(&header, seq, &hash)));
        let mut walk = segment.walk();
        while let Some(frame) = walk.next() {
            match frame {
                Ok(frame) => self.frame(&frame),
                Err(fault) => {
                    self.fault(&segment, &walk, fault, newest);
                    return None;
                }
            }
        }
        Some((segment.header, walk.seq, walk.hash))
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        if frame.kind == FrameKind::Record {
            self.records += 1;
            self.first.get_or_insert(frame.seq);
            self.last = Some(frame.seq);
        }
    }

    /// Only the newest segment may end within a record.
    fn fault(&mut self, segment: &Segment, walk: &Walk<'_>, fault: Fault, newest: u32) {
        if fault == Fault::Unfinished && segment.header.number == newest {
            self.unfinished = segment.tail(walk.at).len();
        } else {
            self.problems.push(damage_message(&segment.path, walk.seq + 1, fault));
        }
    }
}

/// Shows the frames of a ledger that another process may be appending to, without touching it: an unfinished
/// record at the very end is not shown. Returns the ledger's id.
pub fn read(
    dir: &Path,
    which: Which,
    visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>,
) -> Result<LedgerId, Error> {
    let (removed, numbers) = numbers(&RealDisk, dir)?;
    let Some(newest) = numbers.last().copied() else {
        return Err(refused(format!("{} holds no segment: is that the folder of a ledger?", dir.display())));
    };
    let segment = Segment::load(&RealDisk, dir, newest)?;
    if which == Which::All {
        segment::read(&RealDisk, dir, removed + 1..=newest - 1, visit)?;
    }
    let mut walk = segment.walk();
    while let Some(frame) = walk.next() {
        match frame {
            Ok(frame) => visit(frame)?,
            Err(Fault::Unfinished) => break,
            Err(fault) => return Err(refused(damage_message(&segment.path, walk.seq + 1, fault))),
        }
    }
    Ok(segment.header.ledger)
}

/// Up to which segment all were removed, and the segments there are.
fn numbers(disk: &dyn Disk, dir: &Path) -> Result<(u32, Vec<u32>), Error> {
    let names = disk.list(dir).map_err(|cause| Error::disk("list", dir, &cause))?;
    let removed = segment::removed(&names);
    let numbers = segment::numbers(&names).into_iter().filter(|number| *number > removed).collect();
    Ok((removed, numbers))
}
