//! Cutting a damaged ledger at its first fault, for `drumbeat repair`: what comes after it is moved aside.

use std::path::{Path, PathBuf};

use crate::model::ledger::Seq;
use crate::ports::Error;

use super::disk::{Disk, RealDisk};
use super::frame::{HEADER_LEN, Header};
use super::segment::{self, Segment};
use super::{OTHER_FORMAT, refused};

/// Where a ledger stops being sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The newest sound record before it.
    pub last: Seq,
    /// The segment with the fault, and how many of its bytes are sound; none of them: the whole segment goes.
    at: (u32, u64),
    /// All segments that go.
    gone: Vec<u32>,
}

/// The first fault of a ledger; `None`: it is whole, but perhaps for an unfinished record at its very end, which a start
/// cuts by itself. An error where not even its beginning is sound.
pub fn damage(dir: &Path) -> Result<Option<Damage>, Error> {
    let disk = RealDisk;
    let names = disk.list(dir).map_err(|cause| Error::disk("list", dir, &cause))?;
    let numbers = segment::numbers(&names);
    let mut before: Option<(Header, u64, super::frame::Hash)> = None;
    let mut last_number = segment::removed(&names);
    for number in &numbers {
        let gone = || numbers.iter().filter(|other| *other >= number).copied().collect::<Vec<u32>>();
        let last = before.map_or(0, |(_, seq, _)| seq);
        let whole_goes = || Damage { last, at: (*number, 0), gone: gone() };
        let segment = match Segment::load(&disk, dir, *number) {
            Ok(segment) if *number == last_number + 1 => segment,
            Err(error) if error.code == OTHER_FORMAT => return Err(error),
            _ => return begins(dir, before.is_some(), whole_goes()).map(Some),
        };
        if before.is_some_and(|(header, seq, hash)| segment.breaks_from(&header, seq, &hash).is_some()) {
            return Ok(Some(whole_goes()));
        }
        let mut walk = segment.walk();
        while let Some(frame) = walk.next() {
            if frame.is_ok() {
                continue;
            }
            if *number > 1 && walk.at == HEADER_LEN {
                return begins(dir, before.is_some(), whole_goes()).map(Some);
            }
            let (at, last) = ((*number, walk.at as u64), walk.seq);
            return Ok(Some(Damage { last, at, gone: gone().into_iter().skip(1).collect() }));
        }
        before = Some((segment.header, walk.seq, walk.hash));
        last_number = *number;
    }
    Ok(None)
}

/// Without a sound first segment there is nothing to keep.
fn begins(dir: &Path, has_beginning: bool, damage: Damage) -> Result<Damage, Error> {
    if has_beginning {
        return Ok(damage);
    }
    Err(refused(format!("not even the first segment in {} is sound: restore a backup", dir.display())))
}

/// How many bytes come after the fault.
pub fn lost(dir: &Path, damage: &Damage) -> Result<u64, Error> {
    let size = |number: u32| {
        let path = segment::path(dir, number);
        let size = std::fs::metadata(&path).map(|file| file.len());
        size.map_err(|cause| Error::disk("look at", &path, &cause))
    };
    let (number, sound) = damage.at;
    let rest = if sound > 0 { size(number)?.saturating_sub(sound) } else { 0 };
    damage.gone.iter().try_fold(rest, |sum, number| Ok(sum + size(*number)?))
}

/// Moves what comes after the fault into `aside`, a folder that is there, and cuts. Returns the files in it.
pub fn cut(dir: &Path, damage: &Damage, aside: &Path) -> Result<Vec<PathBuf>, Error> {
    let disk = RealDisk;
    let failed = |cause| Error::disk("cut the ledger in", dir, &cause);
    let mut moved = Vec::new();
    // The newest first: whatever stops it, what is left is a ledger that goes as far as it goes.
    for number in damage.gone.iter().rev() {
        let to = aside.join(segment::name(*number));
        disk.rename(&segment::path(dir, *number), &to).map_err(failed)?;
        moved.push(to);
    }
    let (number, sound) = damage.at;
    if sound > 0 {
        let segment = Segment::load(&disk, dir, number)?;
        let to = aside.join(format!("{}.tail", segment::name(number)));
        let mut kept = disk.create(&to).map_err(failed)?;
        kept.append(segment.tail(sound as usize)).and_then(|()| kept.sync()).map_err(failed)?;
        let mut file = disk.append_to(&segment.path).map_err(failed)?;
        file.truncate(sound).and_then(|()| file.sync()).map_err(failed)?;
        moved.push(to);
    }
    disk.sync_dir(aside).and_then(|()| disk.sync_dir(dir)).map_err(failed)?;
    Ok(moved)
}
