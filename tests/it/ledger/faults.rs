//! Every step of the ledger's work with every fault, alone and in pairs.

use std::path::Path;

use drumbeat::io::ledger::{FileLedger, verify_on};
use drumbeat::model::ledger::{FrameKind, LedgerId, Notice, Seen};
use drumbeat::ports::{Error, ErrorKind, Ledger, Which};

use super::faulty::{AFTERMATHS, Aftermath, FAULTS, Fault, FaultyDisk};
use super::{ID, shown};

const DIR: &str = "/state/ledger";

/// What was asked of the ledger so far, over all starts.
#[derive(Debug, Clone, Default)]
struct Said {
    acknowledged: Vec<Vec<u8>>,
    /// A record that was asked for and not acknowledged may be there or not.
    attempted: Option<Vec<u8>>,
}

impl Said {
    /// A store that is as new as it can be: the ledger may cut nothing that it has seen.
    fn seen(&self) -> Option<Seen> {
        let seq = self.acknowledged.len() as u64;
        (seq > 0).then_some(Seen { ledger: LedgerId(ID), seq })
    }

    fn append(&mut self, ledger: &mut FileLedger, disk: &FaultyDisk) -> Result<(), Error> {
        let nth = self.acknowledged.len() + 1;
        let payload = format!("record {nth}: {}", "x".repeat(nth * 7)).into_bytes();
        self.attempted = Some(payload.clone());
        if let Err(error) = ledger.append(&payload) {
            refuses_everything(ledger, disk);
            return Err(error);
        }
        self.acknowledged.extend(self.attempted.take());
        Ok(())
    }

    fn checkpoint(&self, ledger: &mut FileLedger, disk: &FaultyDisk) -> Result<(), Error> {
        let outcome = ledger.checkpoint(format!("view of {}", self.acknowledged.len()).as_bytes());
        if outcome.is_err() {
            refuses_everything(ledger, disk);
        }
        outcome
    }

    /// Takes up what a start found: a record that was not acknowledged may turn out to have been kept.
    fn settle(&mut self, ledger: &FileLedger) {
        let attempted = self.attempted.take();
        if ledger.last() > self.acknowledged.len() as u64 {
            self.acknowledged.extend(attempted);
        }
    }
}

/// After a failure nothing is tried again.
fn refuses_everything(ledger: &mut FileLedger, disk: &FaultyDisk) {
    let steps = disk.steps();
    let refusals = [
        ledger.append(b"more").map(drop),
        ledger.checkpoint(b"more"),
        ledger.read(Which::All, &mut |_| Ok(())),
    ];
    for refusal in refusals {
        assert_eq!(refusal.map_err(|error| error.kind), Err(ErrorKind::Fatal));
    }
    assert_eq!(disk.steps(), steps, "a ledger that failed touched the disk");
}

fn start(disk: &FaultyDisk, said: &mut Said) -> Result<(FileLedger, Vec<Notice>), Error> {
    let (ledger, notices) = FileLedger::open_on(Box::new(disk.clone()), Path::new(DIR), said.seen(), || ID)?;
    said.settle(&ledger);
    Ok((ledger, notices))
}

/// Two starts with records and checkpoints.
fn long_work(disk: &FaultyDisk, said: &mut Said) -> Result<(), Error> {
    let (mut ledger, _) = start(disk, said)?;
    said.append(&mut ledger, disk)?;
    said.append(&mut ledger, disk)?;
    said.checkpoint(&mut ledger, disk)?;
    said.append(&mut ledger, disk)?;
    let (mut ledger, _) = start(disk, said)?;
    said.append(&mut ledger, disk)?;
    said.checkpoint(&mut ledger, disk)?;
    said.append(&mut ledger, disk)
}

/// A start and two records, so that the second fault can also come after something was acknowledged.
fn short_work(disk: &FaultyDisk, said: &mut Said) -> Result<(), Error> {
    let (mut ledger, _) = start(disk, said)?;
    said.append(&mut ledger, disk)?;
    said.append(&mut ledger, disk)
}

/// A clean start: everything acknowledged is there, nothing torn is shown, and work goes on.
fn check(disk: &FaultyDisk, said: &Said, context: &str) {
    let mut said = said.clone();
    let (mut ledger, notices) =
        start(disk, &mut said).unwrap_or_else(|error| panic!("{context}: refused: {error}"));
    assert!(notices.len() <= 1, "{context}: {notices:?}");
    said.append(&mut ledger, disk).unwrap_or_else(|error| panic!("{context}: {error}"));
    let all = shown(&ledger, Which::All).unwrap_or_else(|error| panic!("{context}: {error}"));
    let records: Vec<_> = all.iter().filter(|frame| frame.1 == FrameKind::Record).collect();
    assert_eq!(records.len(), said.acknowledged.len(), "{context}: records lost or made up");
    for ((seq, record), expected) in (1..).zip(&records).zip(&said.acknowledged) {
        assert_eq!((record.0, &record.2), (seq, expected), "{context}: record {seq}");
    }
    for (seq, kind, payload) in &all {
        let view = format!("view of {seq}");
        assert!(*kind == FrameKind::Record || payload == view.as_bytes(), "{context}: checkpoint {seq}");
    }
    let view = shown(&ledger, Which::View).unwrap_or_else(|error| panic!("{context}: {error}"));
    let newest = all.iter().rposition(|frame| frame.1 == FrameKind::Checkpoint).unwrap_or(0);
    assert_eq!(view, all[newest..], "{context}: the view is not the end of the whole");
    let report = verify_on(disk, Path::new(DIR)).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(report.problems, Vec::<String>::new(), "{context}");
}

/// Takes a disk on which a fault came to pass, what was said by then, and where it was.
type Visit<'a> = &'a mut dyn FnMut(&FaultyDisk, &Said, (usize, Fault));

/// Runs some work with every fault at every step of it; shows each disk on which a fault came to pass.
fn every_fault(
    begin: &FaultyDisk,
    said: &Said,
    work: fn(&FaultyDisk, &mut Said) -> Result<(), Error>,
    faults: &[Fault],
    visit: Visit<'_>,
) {
    let clean = begin.copy();
    clean.plan(None);
    work(&clean, &mut said.clone()).expect("works on a sound disk");
    for step in 0..clean.steps() {
        for fault in faults {
            let (disk, mut said) = (begin.copy(), said.clone());
            disk.plan(Some((step, *fault)));
            let outcome = work(&disk, &mut said);
            if disk.struck() {
                assert!(outcome.is_err(), "{fault:?} at step {step} went unnoticed");
                visit(&disk, &said, (step, *fault));
            }
        }
    }
}

fn machine() -> FaultyDisk {
    let disk = FaultyDisk::default();
    drumbeat::io::ledger::disk::Disk::create_dir(&disk, Path::new("/state")).expect("a folder");
    drumbeat::io::ledger::disk::Disk::sync_dir(&disk, Path::new("/")).expect("synced");
    disk
}

#[test]
fn every_single_fault_loses_nothing_acknowledged() {
    let mut points = 0;
    every_fault(&machine(), &Said::default(), long_work, &FAULTS, &mut |disk, said, at| {
        for aftermath in AFTERMATHS {
            let disk = disk.copy();
            disk.restart(aftermath);
            check(&disk, said, &format!("{at:?}, {aftermath:?}"));
            points += 1;
        }
    });
    println!("{points} fault points, alone");
    assert!(points > 500, "only {points} points: is the disk still asked?");
}

#[test]
fn every_pair_of_faults_loses_nothing_acknowledged() {
    let second = [Fault::Die, Fault::DieMidway, Fault::Eio];
    let after_second = [Aftermath::PowerStays, Aftermath::AllUnsyncedGone, Aftermath::Zeros];
    let mut points = 0;
    every_fault(&machine(), &Said::default(), long_work, &FAULTS, &mut |disk, said, first| {
        for between in AFTERMATHS {
            let disk = disk.copy();
            disk.restart(between);
            every_fault(&disk, said, short_work, &second, &mut |disk, said, then| {
                for aftermath in after_second {
                    let disk = disk.copy();
                    disk.restart(aftermath);
                    check(&disk, said, &format!("{first:?}, {between:?}, then {then:?}, {aftermath:?}"));
                    points += 1;
                }
            });
        }
    });
    println!("{points} fault points, in pairs");
    assert!(points > 10_000, "only {points} points: is the disk still asked?");
}
