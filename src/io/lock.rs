//! One daemon per state directory.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, lchown};
use std::path::{Path, PathBuf};

use crate::ports::{Error, ErrorKind};

/// The number of root's account.
const ROOT: u32 = 0;

/// Holds the state directory until it is dropped or the process ends, however that happens.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
    state: PathBuf,
}

impl StateLock {
    /// Locks `state`, which must exist. `Conflict` when another process holds it (the command ends with exit
    /// code 75); `Denied`, `NotFound` or `Fatal` when the directory cannot be used at all.
    pub fn take(state: &Path) -> Result<Self, Error> {
        if !state.is_dir() {
            let message = format!("use the state directory {}: there is no such directory", state.display());
            return Err(Error::new(ErrorKind::NotFound, "no_state", message));
        }
        let path = state.join("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = file.map_err(|cause| Error::disk("open", &path, &cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, state: state.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(held(state)),
            Err(TryLockError::Error(cause)) => Err(Error::disk("lock", &path, &cause)),
        }
    }
}

/// Makes the state directory where there is none, readable by its owner alone: that of the folder above, where it is root
/// that makes it.
pub fn make(state: &Path) -> Result<(), Error> {
    make_within(state).map_err(|cause| Error::disk("make the state directory", state, &cause))
}

fn make_within(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_within(above)?;
    DirBuilder::new().mode(0o700).create(folder)?;
    let (owner, own) = (fs::metadata(above)?, fs::metadata(folder)?);
    if own.uid() == ROOT && owner.uid() != ROOT {
        lchown(folder, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

impl StateLock {
    /// Makes the directory's owner that of all that lies in it: what root wrote there by hand, the service must be able to
    /// read and write. The error is the disk's.
    pub fn hand_over(&self) -> Result<(), Error> {
        let hand = || {
            let owner = fs::metadata(&self.state)?;
            give(&self.state, (owner.uid(), owner.gid()))
        };
        hand().map_err(|cause| Error::disk("hand over to its owner what lies in", &self.state, &cause))
    }
}

fn give(path: &Path, owner: (u32, u32)) -> io::Result<()> {
    let what = fs::symlink_metadata(path)?;
    if (what.uid(), what.gid()) != owner {
        lchown(path, Some(owner.0), Some(owner.1))?;
    }
    if what.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), owner)?;
        }
    }
    Ok(())
}

fn held(state: &Path) -> Error {
    let message = format!(
        "lock {}: another drumbeat is using it; stop that one first, or give this one a state directory of its own",
        state.display()
    );
    Error::new(ErrorKind::Conflict, "locked", message)
}
