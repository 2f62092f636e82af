//! A backup of the state directory: a folder with copies of what cannot be made again, and a list of their checksums.
//!
//! The ledger only grows, so it is copied beside a running daemon: first its segments, then the table of numbers, which
//! knows everybody whom the segments name. The store is not copied; it is read anew.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ports::{Error, ErrorKind};

/// The list's name, and the version of its format.
const LIST: &str = "backup.json";
const VERSION: u32 = 1;
/// Folders and files that are copied, in this order; all but the first may be absent.
const PARTS: [&str; 4] = ["ledger", "people.csv", "link.key", "link.key.old"];

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this list's format.
    pub version: u32,
    /// The Drumbeat that made it.
    pub drumbeat: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// The ledger's id.
    pub ledger: String,
    /// Its newest record.
    pub last: u64,
    /// Files by their path in the backup, with the SHA-256 of each.
    pub files: Vec<(String, String)>,
}

/// Copies the parts of a state directory into a new folder, mode 0700. Whatever lies in it is removed again if it cannot
/// be finished.
pub fn copy(state: &Path, to: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().mode(0o700).create(to);
    made.map_err(|cause| Error::disk("make the backup", to, &cause))?;
    let copied = parts(state)
        .and_then(|files| files.iter().try_for_each(|name| copy_file(&state.join(name), &to.join(name))));
    copied.map_err(|cause| {
        // The failure is what is told; what is left of the folder can be removed by hand.
        let _ = fs::remove_dir_all(to);
        Error::disk("copy", state, &cause)
    })
}

/// The files to be copied, in order, by their path in the state directory.
fn parts(state: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for part in PARTS {
        let path = state.join(part);
        if path.is_dir() {
            let names = path.read_dir()?.map(|entry| entry.map(|entry| entry.file_name()));
            let mut names = names.collect::<io::Result<Vec<_>>>()?;
            names.sort();
            files.extend(names.into_iter().map(|name| Path::new(part).join(name)));
        } else if path.exists() {
            files.push(PathBuf::from(part));
        }
    }
    // A segment that is being begun has another name so far, and nothing in it that is acknowledged.
    files.retain(|file| file.extension().is_none_or(|end| end != "tmp"));
    Ok(files)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

/// Writes the list, with which the backup is whole; then its folder's names are durable.
pub fn seal(backup: &Path, mut manifest: Manifest) -> Result<(), Error> {
    let mut write = || -> io::Result<()> {
        manifest.version = VERSION;
        manifest.files = sums(backup)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(backup.join(LIST))?;
        file.write_all(serde_json::to_string_pretty(&manifest)?.as_bytes())?;
        file.sync_all()?;
        File::open(backup)?.sync_all()
    };
    write().map_err(|cause| Error::disk("finish the backup", backup, &cause))
}

/// Reads the list and holds every file against it.
pub fn check(backup: &Path) -> Result<Manifest, Error> {
    let path = backup.join(LIST);
    let text = fs::read_to_string(&path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => wrong(format!(
            "{} is no whole backup: it has no {LIST}; name a folder that `drumbeat backup` made",
            backup.display()
        )),
        _ => Error::disk("read", &path, &cause),
    })?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|cause| wrong(format!("{} is no list of a backup: {cause}", path.display())))?;
    if manifest.version != VERSION {
        let message = format!(
            "the backup has format {}, and this drumbeat reads format {VERSION}: use drumbeat {} to restore it",
            manifest.version, manifest.drumbeat
        );
        return Err(wrong(message));
    }
    let sums = sums(backup).map_err(|cause| Error::disk("read", backup, &cause))?;
    for (name, sum) in &manifest.files {
        match sums.iter().find(|(known, _)| known == name) {
            Some((_, found)) if found == sum => {}
            Some(_) => return Err(wrong(format!("{name} in the backup was changed or damaged"))),
            None => return Err(wrong(format!("{name} is missing from the backup"))),
        }
    }
    Ok(manifest)
}

fn sums(backup: &Path) -> io::Result<Vec<(String, String)>> {
    let sum = |name: PathBuf| -> io::Result<(String, String)> {
        let digest = Sha256::digest(fs::read(backup.join(&name))?);
        let hex = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Ok((name.display().to_string(), hex))
    };
    parts(backup)?.into_iter().map(sum).collect()
}

/// Puts the files of a backup into a state directory. What lies there under the same names, and the store, is moved into
/// the new folder `aside` first, by renaming, so that nothing is lost.
pub fn put_back(backup: &Path, state: &Path, aside: &Path) -> Result<(), Error> {
    set_aside(state, aside, &[&PARTS[..], &["sled", "sled.starting"]].concat())?;
    let put = parts(backup).and_then(|files| {
        files.iter().try_for_each(|name| copy_file(&backup.join(name), &state.join(name)))?;
        File::open(state)?.sync_all()
    });
    put.map_err(|cause| Error::disk("put the backup into", state, &cause))
}

/// Moves these parts of a state directory into a new folder, where they are there.
pub fn set_aside(state: &Path, aside: &Path, parts: &[&str]) -> Result<(), Error> {
    let there: Vec<&&str> = parts.iter().filter(|part| state.join(part).exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let moved = DirBuilder::new()
        .mode(0o700)
        .create(aside)
        .and_then(|()| there.iter().try_for_each(|part| fs::rename(state.join(part), aside.join(part))));
    moved.map_err(|cause| Error::disk("move aside into", aside, &cause))
}

fn wrong(message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, "backup", format!("use the backup: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            version: 0,
            drumbeat: "0.1.0".into(),
            made_at: "2026-11-26T10:00:00Z".into(),
            ledger: "00".into(),
            last: 7,
            files: Vec::new(),
        }
    }

    #[test]
    fn what_was_copied_comes_back_and_what_was_changed_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, backup) = (dir.path().join("state"), dir.path().join("backup"));
        fs::create_dir_all(state.join("ledger")).expect("a folder");
        for (name, text) in [("ledger/000001.log", "records"), ("people.csv", "people"), ("lock", "")] {
            fs::write(state.join(name), text).expect("is written");
        }
        fs::write(state.join("ledger/000002.tmp"), "half").expect("is written");
        copy(&state, &backup).expect("is copied");
        seal(&backup, manifest()).expect("is sealed");
        let read = check(&backup).expect("is whole");
        let names: Vec<&str> = read.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((read.last, names), (7, vec!["ledger/000001.log", "people.csv"]));
        fs::write(state.join("people.csv"), "others").expect("is written");
        put_back(&backup, &state, &dir.path().join("aside")).expect("is put back");
        assert_eq!(fs::read_to_string(state.join("people.csv")).expect("is there"), "people");
        assert_eq!(fs::read_to_string(dir.path().join("aside/people.csv")).expect("is there"), "others");
        fs::write(backup.join("people.csv"), "forged").expect("is written");
        let error = check(&backup).expect_err("is refused");
        assert_eq!(error.message, "use the backup: people.csv in the backup was changed or damaged");
        fs::remove_file(backup.join("backup.json")).expect("is removed");
        assert!(check(&backup).expect_err("is refused").message.contains("is no whole backup"));
    }
}
