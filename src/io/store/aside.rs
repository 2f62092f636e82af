//! The files around sled: the marker that counts failed starts, moving a bad sled away, and its leftovers.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::model::ledger::Notice;
use crate::ports::Error;

/// So many starts may fail before sled is taken for their cause.
pub(super) const STARTS: usize = 2;

/// A file beside sled's folder: `sled.starting`, `sled.aside-1`.
fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut path = dir.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

fn marker(dir: &Path) -> PathBuf {
    beside(dir, ".starting")
}

/// How many starts in a row came to no first flush: the marker has a byte for each.
pub(super) fn failed_starts(dir: &Path) -> Result<usize, Error> {
    let path = marker(dir);
    match fs::read(&path) {
        Ok(starts) => Ok(starts.len()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(cause) => Err(Error::disk("read", &path, &cause)),
    }
}

/// A start that is under way. Dropping it is an orderly end, so that a start that was refused for another
/// reason (the ledger's, say) is not held against sled, and evidence is not set aside with it.
pub(super) struct Start(PathBuf);

impl Start {
    /// Counts a start, before sled is opened.
    pub fn count(dir: &Path) -> Result<Self, Error> {
        let start = Self(dir.to_owned());
        start.mark()?;
        Ok(start)
    }

    /// Puts a mark (again, after sled was set aside). Not synced: a panic leaves the page cache as it is, and a
    /// loss of power is no fault of sled's.
    pub fn mark(&self) -> Result<(), Error> {
        let path = marker(&self.0);
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(b"1")).map_err(|cause| Error::disk("write to", &path, &cause))
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A marker that stays is at worst a store read anew after two more starts.
            let _ = forgive(&self.0);
        }
    }
}

/// Forgets failed starts: sled works.
pub(super) fn forgive(dir: &Path) -> Result<(), Error> {
    let path = marker(dir);
    match fs::remove_file(&path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Error::disk("remove", &path, &cause)),
        _ => Ok(()),
    }
}

/// Moves sled away, and its failed starts with it; `why` fits after "because ".
pub(super) fn set_aside(dir: &Path, why: &str) -> Result<Notice, Error> {
    let kept = (1..).map(|nth| beside(dir, &format!(".aside-{nth}"))).find(|path| !path.exists());
    let kept = kept.unwrap_or_else(|| beside(dir, ".aside"));
    let moved = fs::rename(dir, &kept).and_then(|()| sync_parent(dir));
    moved.map_err(|cause| Error::disk("set aside", dir, &cause))?;
    forgive(dir)?;
    Ok(Notice::StoreAside { why: why.to_owned(), kept: kept.display().to_string() })
}

/// Makes sled's folder, closed to others, and removes a snapshot that a crash left half made: sled refuses to
/// open beside one (its issue 1527).
pub(super) fn prepare(dir: &Path) -> io::Result<()> {
    if !dir.exists() {
        DirBuilder::new().mode(0o700).create(dir)?;
        return sync_parent(dir);
    }
    for entry in dir.read_dir()? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(dir.join(&*name))?;
        }
    }
    Ok(())
}

fn sync_parent(dir: &Path) -> io::Result<()> {
    dir.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
