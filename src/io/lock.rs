//! One daemon per state directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::ports::{Error, ErrorKind};

/// Holds the state directory until it is dropped or the process ends, however that happens.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(held(state)),
            Err(TryLockError::Error(cause)) => Err(Error::disk("lock", &path, &cause)),
        }
    }
}

fn held(state: &Path) -> Error {
    let message = format!(
        "lock {}: another drumbeat is using it; stop that one first, or give this one a state directory of its own",
        state.display()
    );
    Error::new(ErrorKind::Conflict, "locked", message)
}
