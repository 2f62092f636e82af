//! The ledger keeps what it acknowledged, whatever the disk does, and never shows a torn record.

mod damage;
mod faults;
mod faulty;
pub mod kill;

use std::path::Path;

use drumbeat::io::ledger::{FileLedger, SEGMENT_BYTES, read, verify};
use drumbeat::model::ledger::{FrameKind, LedgerId, Seq};
use drumbeat::ports::{Error, ErrorKind, Ledger, Which};
use drumbeat::sim::ledger::MemoryLedger;

const ID: [u8; 16] = *b"a ledger to test";

/// A frame as a test wants to see it.
type Shown = (Seq, FrameKind, Vec<u8>);

fn shown(ledger: &dyn Ledger, which: Which) -> Result<Vec<Shown>, Error> {
    let mut frames = Vec::new();
    ledger.read(which, &mut |frame| {
        frames.push((frame.seq, frame.kind, frame.payload.to_vec()));
        Ok(())
    })?;
    Ok(frames)
}

fn record(seq: Seq, text: &str) -> Shown {
    (seq, FrameKind::Record, text.into())
}

fn checkpoint(seq: Seq, text: &str) -> Shown {
    (seq, FrameKind::Checkpoint, text.into())
}

fn open(dir: &Path) -> FileLedger {
    let (ledger, notices) = FileLedger::open(&dir.join("ledger"), None, || ID).expect("opens");
    assert_eq!(notices, []);
    ledger
}

/// What every ledger does, whatever it is made of.
fn contract(ledger: &mut dyn Ledger) {
    assert_eq!((ledger.id(), ledger.last()), (LedgerId(ID), 0));
    assert_eq!(shown(ledger, Which::All), Ok(vec![]));
    assert_eq!(ledger.append(b"one"), Ok(1));
    assert_eq!(ledger.append(b""), Ok(2));
    assert_eq!(shown(ledger, Which::View), Ok(vec![record(1, "one"), record(2, "")]));
    ledger.checkpoint(b"view of two").expect("a checkpoint");
    assert_eq!(shown(ledger, Which::View), Ok(vec![checkpoint(2, "view of two")]));
    assert_eq!(ledger.append(b"three"), Ok(3));
    assert_eq!(ledger.last(), 3);
    assert_eq!(shown(ledger, Which::View), Ok(vec![checkpoint(2, "view of two"), record(3, "three")]));
    let all = vec![record(1, "one"), record(2, ""), checkpoint(2, "view of two"), record(3, "three")];
    assert_eq!(shown(ledger, Which::All), Ok(all));
    let stop = ledger.read(Which::All, &mut |_| Err(Error::new(ErrorKind::Invalid, "stop", "enough")));
    assert_eq!(
        stop.map_err(|error| error.code),
        Err("stop".to_owned()),
        "a visitor's error ends the reading"
    );
}

#[test]
fn both_ledgers_keep_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    contract(&mut open(dir.path()));
    contract(&mut MemoryLedger::new(LedgerId(ID), 10));
}

#[test]
fn what_was_appended_is_there_after_a_start() {
    let dir = tempfile::tempdir().expect("a folder");
    contract(&mut open(dir.path()));
    let mut ledger = open(dir.path());
    assert_eq!((ledger.id(), ledger.last()), (LedgerId(ID), 3));
    assert_eq!(ledger.append(b"four"), Ok(4));
    assert_eq!(shown(&ledger, Which::View).map(|frames| frames.len()), Ok(3));
    let report = verify(&dir.path().join("ledger")).expect("a report");
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.segments, report.records, report.first, report.last), (2, 4, Some(1), Some(4)));
    assert_eq!((report.id, report.unfinished), (Some(LedgerId(ID)), 0));
}

#[test]
fn a_reader_beside_the_writer_sees_what_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("ledger");
    let mut ledger = open(dir.path());
    contract(&mut ledger);
    std::fs::OpenOptions::new()
        .append(true)
        .open(path.join("000002.log"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"\x02being written"))
        .expect("a half record");
    for (which, expected) in [(Which::View, vec![2, 3]), (Which::All, vec![1, 2, 2, 3])] {
        let mut seqs = Vec::new();
        let id = read(&path, which, &mut |frame| {
            seqs.push(frame.seq);
            Ok(())
        });
        assert_eq!((id, seqs), (Ok(LedgerId(ID)), expected));
    }
    let report = verify(&path).expect("a report");
    assert_eq!((report.unfinished, report.problems), (14, vec![]));
}

#[test]
fn a_new_segment_is_wanted_once_records_outgrow_the_limit_and_the_view() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut ledger = open(dir.path());
    let quarter = vec![b'x'; usize::try_from(SEGMENT_BYTES / 4).expect("small")];
    for appended in 1..=4 {
        assert!(!ledger.wants_checkpoint(), "after {} quarters", appended - 1);
        ledger.append(&quarter).expect("appends");
    }
    assert!(ledger.wants_checkpoint());
    ledger.checkpoint(&quarter.repeat(8)).expect("a checkpoint twice the limit");
    for _ in 0..7 {
        ledger.append(&quarter).expect("appends");
    }
    assert!(!ledger.wants_checkpoint(), "7 quarters weigh less than a checkpoint of 8");
    let mut reopened = open(dir.path());
    assert!(!reopened.wants_checkpoint(), "and so after a start");
    reopened.append(&quarter.repeat(2)).expect("appends");
    assert!(reopened.wants_checkpoint());
}

#[test]
fn files_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    contract(&mut open(dir.path()));
    let mode = |path: &Path| path.metadata().expect("is there").permissions().mode() & 0o777;
    let ledger = dir.path().join("ledger");
    assert_eq!(mode(&ledger), 0o700);
    for entry in ledger.read_dir().expect("a folder") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
    }
}
