//! Segment files: their names, how one is begun, loaded and read.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::ports::{Error, Frame};

use super::disk::{Disk, DiskFile};
use super::frame::{Fault, Hash, Header, HeaderFault, VERSION, Walk};
use super::{OTHER_FORMAT, refused};

/// The file of a segment.
pub(super) fn path(dir: &Path, number: u32) -> PathBuf {
    dir.join(name(number))
}

/// A segment's file name: `000001.log`.
pub(super) fn name(number: u32) -> String {
    format!("{number:06}.log")
}

/// The number of a segment's file name; `None` for other files.
fn number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".log")?.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

/// The numbers of all segments among these names, in order.
pub(super) fn numbers(names: &[String]) -> Vec<u32> {
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    numbers
}

/// The name of the mark that says up to which segment all were removed, their time being over.
fn mark(number: u32) -> String {
    format!("{number:06}.removed")
}

/// Up to which segment all were removed; 0: none was.
pub(super) fn removed(names: &[String]) -> u32 {
    let number = |name: &String| name.strip_suffix(".removed")?.parse().ok();
    names.iter().filter_map(number).max().unwrap_or(0)
}

/// Removes the segments from `first` up to the one before `keep`. The mark comes first, so that a crash leaves segments
/// that may go rather than a gap that nobody can explain.
pub(super) fn remove_before(disk: &dyn Disk, dir: &Path, first: u32, keep: u32) -> io::Result<()> {
    disk.create(&dir.join(mark(keep - 1)))?.sync()?;
    disk.sync_dir(dir)?;
    (first..keep).try_for_each(|number| disk.remove(&path(dir, number)))?;
    if first > 1 {
        disk.remove(&dir.join(mark(first - 1)))?;
    }
    disk.sync_dir(dir)
}

/// Begins a segment: whole and synced under another name first, so that one that can be seen is never torn.
pub(super) fn begin(
    disk: &dyn Disk,
    dir: &Path,
    header: &Header,
    frame: &[u8],
) -> io::Result<Box<dyn DiskFile>> {
    let path = path(dir, header.number);
    let unfinished = path.with_extension("tmp");
    let mut file = disk.create(&unfinished)?;
    file.append(&[&header.encode(), frame].concat())?;
    file.sync()?;
    disk.rename(&unfinished, &path)?;
    disk.sync_dir(dir)?;
    Ok(file)
}

/// A segment read whole.
pub(super) struct Segment {
    pub path: PathBuf,
    pub header: Header,
    bytes: Vec<u8>,
}

impl Segment {
    /// Reads a segment and its header, not its frames.
    pub fn load(disk: &dyn Disk, dir: &Path, number: u32) -> Result<Self, Error> {
        Self::read(disk, dir, number, u64::MAX)
    }

    /// Reads the first `limit` bytes of a segment.
    pub fn read(disk: &dyn Disk, dir: &Path, number: u32, limit: u64) -> Result<Self, Error> {
        let path = path(dir, number);
        let bytes = disk.read(&path, limit).map_err(|cause| Error::disk("read", &path, &cause))?;
        let header = Header::decode(&bytes).map_err(|fault| Error {
            code: if matches!(fault, HeaderFault::Newer(_)) { OTHER_FORMAT } else { "ledger" }.to_owned(),
            ..refused(header_message(&path, fault))
        })?;
        if header.number != number {
            let message = format!(
                "{} says that it is segment {}: give it its name back",
                path.display(),
                header.number
            );
            return Err(refused(message));
        }
        Ok(Self { path, header, bytes })
    }

    /// What lies from a place to the end.
    pub fn tail(&self, at: usize) -> &[u8] {
        &self.bytes[at..]
    }

    /// Goes through its frames.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(&self.header, &self.bytes)
    }

    /// Why this segment does not continue one that ended so; `None` when it does.
    pub fn breaks_from(&self, before: &Header, seq: u64, hash: &Hash) -> Option<String> {
        let path = self.path.display();
        if self.header.ledger != before.ledger {
            Some(format!("{path} belongs to another ledger ({}, not {})", self.header.ledger, before.ledger))
        } else if (self.header.seq, &self.header.previous) != (seq, hash) {
            Some(format!("{path} does not continue the segment before it, which ends at record {seq}"))
        } else {
            None
        }
    }
}

/// Shows the frames of these segments in order; they must be sound and continue one another.
pub(super) fn read(
    disk: &dyn Disk,
    dir: &Path,
    numbers: RangeInclusive<u32>,
    visit: &mut dyn FnMut(Frame<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut before: Option<(Header, u64, Hash)> = None;
    for number in numbers {
        let segment = Segment::load(disk, dir, number)?;
        let broken = before.and_then(|(header, seq, hash)| segment.breaks_from(&header, seq, &hash));
        if let Some(message) = broken {
            return Err(refused(format!("{message}: bring the folder back from a backup")));
        }
        let mut walk = segment.walk();
        while let Some(frame) = walk.next() {
            visit(frame.map_err(|fault| refused(damage_message(&segment.path, walk.seq + 1, fault)))?)?;
        }
        before = Some((segment.header, walk.seq, walk.hash));
    }
    Ok(())
}

fn header_message(path: &Path, fault: HeaderFault) -> String {
    let path = path.display();
    match fault {
        HeaderFault::Newer(version) => format!(
            "{path} has format {version} and this drumbeat reads format {VERSION}: install the version that wrote it"
        ),
        HeaderFault::Foreign => {
            format!("{path} does not begin as a segment of a ledger: bring it back from a backup")
        }
        HeaderFault::Damaged => format!("the header of {path} is damaged: bring the file back from a backup"),
    }
}

/// A fault that nothing can be done about here.
pub(super) fn damage_message(path: &Path, seq: u64, fault: Fault) -> String {
    format!("record {seq} in {} {fault}: bring the file back from a backup", path.display())
}
