//! The view in sled. All of it can be lost: whatever is odd about it is moved away, told to ops, and built anew.
//!
//! sled 0.34 may panic on a damaged file, at open or at any later read, and the release build aborts on a panic,
//! so that catching it is no help. Instead a marker beside it counts starts that came neither to a first flush
//! nor to an orderly end: after two such, sled is set aside before it is opened.

mod aside;
mod value;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::model::ledger::{LedgerId, Notice, Seen, Seq};
use crate::model::people::CalendarId;
use crate::ports::{Error, ErrorKind, Store};

use aside::Start;

/// sled's cache in bytes. Its own default is a gigabyte; a mirror is read once a poll.
const CACHE_BYTES: u64 = 16 << 20;

/// A store that was opened and not yet held against its ledger. Opening comes in two steps because each of the
/// two must be checked against the other: the ledger needs what the store has seen to tell a torn record from
/// a lost one, and the store needs the ledger's id and end.
pub struct OpenStore {
    dir: PathBuf,
    // Dropped in this order: a panic of sled's while closing leaves the marker.
    db: sled::Db,
    start: Start,
    seen: Option<Seen>,
    notices: Vec<Notice>,
}

impl OpenStore {
    /// Opens sled in `dir`, or makes an empty one. One that is damaged, or did not survive its last two starts,
    /// is renamed to `….aside-1` (`-2` …) first. Errors are those of the disk.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let mut notices = Vec::new();
        if aside::failed_starts(dir)? >= aside::STARTS {
            notices.push(aside::set_aside(dir, "its last two starts did not survive it")?);
        }
        let start = Start::count(dir)?;
        let db = match connect(dir) {
            Ok(db) => db,
            Err(error) if damaged(&error) => {
                notices.push(aside::set_aside(dir, "it is damaged")?);
                begin_anew(dir, &start)?
            }
            Err(error) => return Err(failure("open", dir, &error)),
        };
        let stored = db.get(value::META).map_err(|error| failure("read", dir, &error))?;
        let seen = stored.and_then(|bytes| value::unseal_seen(&bytes));
        let seen = seen.map(|(ledger, seq)| Seen { ledger, seq });
        Ok(Self { dir: dir.to_owned(), db, start, seen, notices })
    }

    /// What it knows of its ledger; `None` when it is empty.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// Binds it to the ledger. One of another ledger, ahead of this one, or without a readable word on it is
    /// set aside and begun anew.
    pub fn bind(mut self, ledger: LedgerId, last: Seq) -> Result<(SledStore, Vec<Notice>), Error> {
        let why = match self.seen {
            Some(seen) if seen.ledger != ledger => Some("it belongs to another ledger"),
            Some(seen) if seen.seq > last => Some("it is ahead of the ledger"),
            None if !self.db.is_empty() => Some("it does not say to which ledger it belongs"),
            _ => None,
        };
        if let Some(why) = why {
            let_go(self.db, &self.dir)?;
            self.notices.push(aside::set_aside(&self.dir, why)?);
            self.db = begin_anew(&self.dir, &self.start)?;
            self.seen = None;
        }
        let seq = self.seen.map_or(0, |seen| seen.seq);
        let mut store = SledStore { dir: self.dir, db: self.db, _start: self.start, ledger, seq };
        if self.seen.is_none() {
            store.commit(0, &[])?;
            if last > 0 && self.notices.is_empty() {
                self.notices.push(Notice::StoreEmpty);
            }
        }
        Ok((store, self.notices))
    }
}

/// The store in sled. Nothing is flushed on the path of a commit: the ledger is what must be durable, and a lost
/// tail falls back as one and is read anew.
pub struct SledStore {
    dir: PathBuf,
    db: sled::Db,
    _start: Start,
    ledger: LedgerId,
    seq: Seq,
}

impl SledStore {
    /// Opens and binds in one step, where the ledger was opened without the store's word on it.
    pub fn open(dir: &Path, ledger: LedgerId, last: Seq) -> Result<(Self, Vec<Notice>), Error> {
        OpenStore::open(dir)?.bind(ledger, last)
    }

    /// Makes all commits so far durable and ends the counting of failed starts: to be called now and then, and
    /// at the end. sled's own flush asks the kernel to write pages out but neither waits for the disk's cache
    /// nor for metadata (its issue 1452), hence the sync through a handle of our own.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.db.flush().map_err(|error| failure("flush", &self.dir, &error))?;
        let path = self.dir.join("db");
        let synced = File::open(&path).and_then(|file| file.sync_data());
        synced.map_err(|cause| Error::disk("sync", &path, &cause))?;
        aside::forgive(&self.dir)
    }

    /// Flushes and closes; when it returns, nothing holds the files any more.
    pub fn close(mut self) -> Result<(), Error> {
        self.flush()?;
        let_go(self.db, &self.dir)
    }
}

impl Store for SledStore {
    fn seq(&self) -> Seq {
        self.seq
    }

    fn mirror(&self, calendar: CalendarId) -> Option<Vec<u8>> {
        let key = value::key(calendar);
        // An unreadable value is an absent one: its calendar is read anew.
        let bytes = self.db.get(key).ok()??;
        let (ledger, payload) = value::unseal(&key, &bytes)?;
        (ledger == self.ledger).then(|| payload.to_vec())
    }

    fn commit(&mut self, seq: Seq, mirrors: &[(CalendarId, Option<Vec<u8>>)]) -> Result<(), Error> {
        let mut batch = sled::Batch::default();
        for (calendar, mirror) in mirrors {
            let key = value::key(*calendar);
            match mirror {
                Some(mirror) => batch.insert(&key, value::seal(&key, self.ledger, mirror)),
                None => batch.remove(&key),
            }
        }
        batch.insert(value::META, value::seal_seen(self.ledger, seq));
        self.db.apply_batch(batch).map_err(|error| failure("write to", &self.dir, &error))?;
        self.seq = seq;
        Ok(())
    }
}

/// Opens sled without its flushing thread: a panic there would end the daemon at a moment of its own choosing.
fn connect(dir: &Path) -> sled::Result<sled::Db> {
    aside::prepare(dir)?;
    sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).flush_every_ms(None).open()
}

/// Drops sled and waits for its lock: its pool of threads holds and may write the files for a moment longer, by
/// names that could be another's by then.
fn let_go(db: sled::Db, dir: &Path) -> Result<(), Error> {
    drop(db);
    let path = dir.join("db");
    let unlocked = File::open(&path).and_then(|file| file.lock());
    unlocked.map_err(|cause| Error::disk("wait for", &path, &cause))
}

/// An empty sled in the place of one that was set aside.
fn begin_anew(dir: &Path, start: &Start) -> Result<sled::Db, Error> {
    start.mark()?;
    connect(dir).map_err(|error| failure("make", dir, &error))
}

/// Whether the files are at fault, rather than the disk below them or another process that holds them.
fn damaged(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(cause) => {
            matches!(cause.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData)
        }
        _ => true,
    }
}

fn failure(doing: &str, dir: &Path, error: &sled::Error) -> Error {
    match error {
        sled::Error::Io(cause) => Error::disk(doing, dir, cause),
        other => Error::new(ErrorKind::Fatal, "store", format!("{doing} {}: {other}", dir.display())),
    }
}
