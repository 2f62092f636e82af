//! A feed that is a file, read whole or not at all.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::ports::{Answer, Error, ErrorKind, Validators};

/// Reads the file on a thread of its own, since a file may lie on a server that does not answer.
pub(super) async fn read(path: PathBuf, known: Option<Validators>, largest: usize) -> Result<Answer, Error> {
    let reading = tokio::task::spawn_blocking(move || read_now(&path, known.as_ref(), largest));
    reading
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Transient, "file", "reading a feed file broke off")))
}

fn read_now(path: &Path, known: Option<&Validators>, largest: usize) -> Result<Answer, Error> {
    let name = path.display();
    let failed = |error: io::Error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Transient,
        };
        Error::new(kind, "file", format!("{name}: {error}"))
    };
    // Looked at before it is opened, since opening a pipe waits for a writer.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::new(ErrorKind::Invalid, "no_file", format!("{name} is no ordinary file")));
    }
    let file = File::open(path).map_err(failed)?;
    let before = file.metadata().map_err(failed)?;
    if before.len() > largest as u64 {
        let wrong = format!("{name} is larger than {largest} bytes ([feeds] largest)");
        return Err(Error::new(ErrorKind::Invalid, "too_large", wrong));
    }
    let validators = Validators { etag: Some(stamp(&before)), modified: None, ..Validators::default() };
    if known == Some(&validators) {
        return Ok(Answer::Unchanged);
    }
    let mut bytes = Vec::new();
    (&file).take(before.len() + 1).read_to_end(&mut bytes).map_err(failed)?;
    let after = file.metadata().map_err(failed)?;
    if bytes.len() as u64 != before.len() || stamp(&after) != stamp(&before) {
        return Err(Error::new(
            ErrorKind::Transient,
            "being_written",
            format!("{name} changed while it was read"),
        ));
    }
    Ok(Answer::Feed { bytes, validators })
}

/// Size, time and number of the file: a file written anew differs in one of them.
fn stamp(file: &Metadata) -> String {
    format!("{}-{}.{:09}-{}", file.len(), file.mtime(), file.mtime_nsec(), file.ino())
}
