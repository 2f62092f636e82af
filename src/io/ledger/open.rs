//! What a start makes of the ledger's folder: makes a ledger, continues one, cuts a torn end, or refuses.

use std::io;
use std::path::Path;

use crate::model::ledger::{FrameKind, LedgerId, Notice, Seen};
use crate::ports::Error;

use super::disk::{Disk, DiskFile};
use super::frame::{Fault, HEADER_LEN, Header, Walk};
use super::segment::{self, Segment, damage_message};
use super::{FileLedger, refused};

/// See [`FileLedger::open`].
pub(super) fn open(
    disk: Box<dyn Disk>,
    dir: &Path,
    seen: Option<Seen>,
    new_id: impl FnOnce() -> [u8; 16],
) -> Result<(FileLedger, Vec<Notice>), Error> {
    make_dir(&*disk, dir).map_err(|cause| Error::disk("make", dir, &cause))?;
    let names = tidy(&*disk, dir).map_err(|cause| Error::disk("tidy", dir, &cause))?;
    let removed = segment::removed(&names);
    let (over, numbers): (Vec<u32>, Vec<u32>) =
        segment::numbers(&names).into_iter().partition(|number| *number <= removed);
    // Removing them was under way when the process ended.
    let gone = over.iter().try_for_each(|number| disk.remove(&segment::path(dir, *number)));
    gone.map_err(|cause| Error::disk("tidy", dir, &cause))?;
    let Some(newest) = numbers.last() else {
        may_begin(dir, &names, seen)?;
        begin(&*disk, dir, LedgerId(new_id()))?;
        return load(disk, dir, (1, 1), seen);
    };
    whole(&*disk, dir, removed + 1, &numbers)?;
    load(disk, dir, (removed + 1, *newest), seen)
}

/// The folder's own name must be durable before anything in it can be.
fn make_dir(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    disk.create_dir(dir)?;
    dir.parent().map_or(Ok(()), |parent| disk.sync_dir(parent))
}

/// Removes segments that a crash left half made, and tells what is there.
fn tidy(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<String>> {
    let (unfinished, names): (Vec<String>, Vec<String>) = disk
        .list(dir)?
        .into_iter()
        .partition(|name| Path::new(name).extension().is_some_and(|end| end == "tmp"));
    unfinished.iter().try_for_each(|name| disk.remove(&dir.join(name)))?;
    Ok(names)
}

/// Starting empty by mistake would book and send everything again.
fn may_begin(dir: &Path, names: &[String], seen: Option<Seen>) -> Result<(), Error> {
    let dir = dir.display();
    match (names.first(), seen) {
        (Some(name), _) => Err(refused(format!(
            "{dir} holds no segment (000001.log …) but {name}: bring the ledger back from a backup, or, to begin \
             a new one, move the folder away"
        ))),
        (None, Some(seen)) => Err(refused(format!(
            "{dir} holds nothing, but there is a store of ledger {}: bring the ledger back from a backup, or, to \
             begin a new one, move the store away",
            seen.ledger
        ))),
        (None, None) => Ok(()),
    }
}

fn begin(disk: &dyn Disk, dir: &Path, ledger: LedgerId) -> Result<(), Error> {
    let header = Header { number: 1, ledger, seq: 0, previous: [0; 32] };
    segment::begin(disk, dir, &header, &[]).map_err(|cause| Error::disk("begin a ledger in", dir, &cause))?;
    Ok(())
}

/// No segment may be missing or of another ledger. What is in the older ones is left to `verify`, so that the
/// time of a start does not grow with the years.
fn whole(disk: &dyn Disk, dir: &Path, first: u32, numbers: &[u32]) -> Result<(), Error> {
    let mut ledger = None;
    for (expected, number) in (first..).zip(numbers) {
        if *number != expected {
            let missing = segment::path(dir, expected);
            return Err(refused(format!("{} is missing: bring it back from a backup", missing.display())));
        }
        let header = Segment::read(disk, dir, *number, HEADER_LEN as u64)?.header;
        if *ledger.get_or_insert(header.ledger) != header.ledger {
            let path = segment::path(dir, *number);
            return Err(refused(format!("{} belongs to another ledger: move it away", path.display())));
        }
    }
    Ok(())
}

/// Checks the newest segment and makes what it holds durable: a process that died between write and sync left
/// a record that can be read but could still be lost, and nothing may be done on its account before that.
fn load(
    disk: Box<dyn Disk>,
    dir: &Path,
    (first, number): (u32, u32),
    seen: Option<Seen>,
) -> Result<(FileLedger, Vec<Notice>), Error> {
    let segment = Segment::load(&*disk, dir, number)?;
    let seen = seen.filter(|seen| seen.ledger == segment.header.ledger);
    let path = segment.path.clone();
    let mut file = disk.append_to(&path).map_err(|cause| Error::disk("open", &path, &cause))?;
    let (walk, records_from, fault) = check(&segment);
    let mut notices = Vec::new();
    if let Some(fault) = fault {
        may_cut(&segment, &walk, fault, seen)?;
        let cut = cut(&*disk, dir, &segment, &walk, &mut *file);
        notices.push(cut.map_err(|cause| Error::disk("cut the torn end of", &path, &cause))?);
    }
    not_behind(dir, &walk, seen)?;
    file.sync().and_then(|()| disk.sync_dir(dir)).map_err(|cause| Error::disk("sync", &path, &cause))?;
    let ledger = FileLedger {
        dir: dir.to_owned(),
        id: segment.header.ledger,
        first,
        segment: number,
        file,
        length: walk.at as u64,
        records_from: records_from as u64,
        last: walk.seq,
        hash: walk.hash,
        failed: None,
        disk,
    };
    Ok((ledger, notices))
}

/// How far the segment is sound, where its records begin, and what stopped the walk.
fn check(segment: &Segment) -> (Walk<'_>, usize, Option<Fault>) {
    let mut walk = segment.walk();
    let mut records_from = HEADER_LEN;
    loop {
        match walk.next() {
            Some(Ok(frame)) if frame.kind == FrameKind::Checkpoint => records_from = walk.at,
            Some(Ok(_)) => {}
            Some(Err(fault)) => return (walk, records_from, Some(fault)),
            None => return (walk, records_from, None),
        }
    }
}

/// Only what a crash can have left may be cut: the last record, and none that the store has seen.
fn may_cut(segment: &Segment, walk: &Walk<'_>, fault: Fault, seen: Option<Seen>) -> Result<(), Error> {
    let path = segment.path.display();
    let lost = walk.seq + 1;
    if segment.header.number > 1 && walk.at == HEADER_LEN {
        return Err(refused(format!(
            "the checkpoint of {path} {fault}: bring the file back from a backup; where it holds nothing else, \
             move it away, the segments before it hold the same"
        )));
    }
    if !matches!(fault, Fault::Unfinished | Fault::Torn) {
        return Err(refused(damage_message(&segment.path, lost, fault)));
    }
    if seen.is_some_and(|seen| seen.seq >= lost) {
        return Err(refused(format!(
            "record {lost} in {path} {fault} and was acted on already, so that it is not cut: bring the file back \
             from a backup"
        )));
    }
    Ok(())
}

/// Keeps the torn end aside, then cuts it off.
fn cut(
    disk: &dyn Disk,
    dir: &Path,
    segment: &Segment,
    walk: &Walk<'_>,
    file: &mut dyn DiskFile,
) -> io::Result<Notice> {
    let names = disk.list(dir)?;
    let name = (1..)
        .map(|nth| format!("{:06}.{nth}.cut", segment.header.number))
        .find(|name| !names.contains(name))
        .unwrap_or_default();
    let mut kept = disk.create(&dir.join(&name))?;
    kept.append(segment.tail(walk.at))?;
    kept.sync()?;
    disk.sync_dir(dir)?;
    file.truncate(walk.at as u64)?;
    Ok(Notice::RecordCut { seq: walk.seq + 1, kept: dir.join(name).display().to_string() })
}

fn not_behind(dir: &Path, walk: &Walk<'_>, seen: Option<Seen>) -> Result<(), Error> {
    let Some(seen) = seen.filter(|seen| seen.seq > walk.seq) else { return Ok(()) };
    Err(refused(format!(
        "the ledger in {} ends at record {}, but the store has seen record {}: bring the newer ledger back; where \
         it is lost for good, move the store away",
        dir.display(),
        walk.seq,
        seen.seq
    )))
}
