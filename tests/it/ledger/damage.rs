//! What a start and `verify` make of damage: only a last record that nobody has seen is cut.

use std::path::Path;

use drumbeat::io::ledger::{FileLedger, verify_on};
use drumbeat::model::ledger::{LedgerId, Notice, Seen, Seq};
use drumbeat::ports::{Error, ErrorKind, Ledger, Which};

use super::faulty::FaultyDisk;
use super::{ID, shown};

const DIR: &str = "/ledger";
const HEADER: usize = 84;
const HEAD: usize = 53;

fn file(name: &str) -> std::path::PathBuf {
    Path::new(DIR).join(name)
}

fn start(disk: &FaultyDisk, seen: Option<Seq>) -> Result<(FileLedger, Vec<Notice>), Error> {
    let seen = seen.map(|seq| Seen { ledger: LedgerId(ID), seq });
    FileLedger::open_on(Box::new(disk.clone()), Path::new(DIR), seen, || ID)
}

/// Records 1 and 2, a checkpoint, records 3 to 5.
fn sound() -> FaultyDisk {
    let disk = FaultyDisk::default();
    let (mut ledger, _) = start(&disk, None).expect("opens");
    for payload in ["one", "two"] {
        ledger.append(payload.as_bytes()).expect("appends");
    }
    ledger.checkpoint(b"the view").expect("a checkpoint");
    for payload in ["three", "four", "five"] {
        ledger.append(payload.as_bytes()).expect("appends");
    }
    disk
}

/// Damages a sound ledger; `Ok` with the last record after the start, or `Err` with a part of the message.
fn check(what: &str, seen: Option<Seq>, damage: impl FnOnce(&FaultyDisk), expected: Result<Seq, &str>) {
    let disk = sound();
    damage(&disk);
    match (start(&disk, seen), expected) {
        (Ok((ledger, notices)), Ok(last)) => {
            assert_eq!(ledger.last(), last, "{what}");
            assert_eq!(notices.len(), usize::from(last < 5), "{what}: {notices:?}");
        }
        (Err(error), Err(part)) => {
            assert!(error.message.contains(part), "{what}: {error}");
            assert_eq!(error.kind, ErrorKind::Fatal, "{what}");
        }
        (outcome, _) => panic!("{what}: {:?}", outcome.map(|(ledger, _)| ledger.last())),
    }
}

/// Where record 4 begins in the second segment, and the lengths of the last two records.
const FOURTH: usize = HEADER + HEAD + 8 + HEAD + 5;
const FIFTH: usize = FOURTH + HEAD + 4;

fn flip(name: &'static str, at: usize) -> impl FnOnce(&FaultyDisk) {
    move |disk| disk.tamper(&file(name), |bytes| bytes[at] ^= 1)
}

fn cut(length: usize) -> impl FnOnce(&FaultyDisk) {
    move |disk| disk.tamper(&file("000002.log"), |bytes| bytes.truncate(length))
}

#[test]
fn a_start_cuts_a_torn_end_and_refuses_all_else() {
    let payload = FIFTH + HEAD;
    check("nothing", Some(5), |_| (), Ok(5));
    check("last payload", Some(4), flip("000002.log", payload), Ok(4));
    check("last head", Some(4), flip("000002.log", FIFTH + 2), Ok(4));
    check("last, no store", None, flip("000002.log", payload), Ok(4));
    check("last, seen", Some(5), flip("000002.log", payload), Err("acted on already"));
    check("cut short", Some(4), cut(payload + 1), Ok(4));
    check("cut in its head", Some(4), cut(FIFTH + 9), Ok(4));
    check("cut short, seen", Some(5), cut(payload + 1), Err("acted on already"));
    check("payload in the middle", None, flip("000002.log", FOURTH + HEAD), Err("sound records follow"));
    check("length in the middle", None, flip("000002.log", FOURTH + 1), Err("sound records follow"));
    check("whole record gone", Some(5), cut(FIFTH), Err("ends at record 4, but the store has seen record 5"));
    check("checkpoint", None, flip("000002.log", HEADER + HEAD), Err("the segments before it hold the same"));
    check("header", None, flip("000002.log", 30), Err("header of /ledger/000002.log is damaged"));
    check("older header", None, flip("000001.log", 30), Err("header of /ledger/000001.log is damaged"));
    check("magic", None, flip("000002.log", 0), Err("does not begin as a segment"));
    check(
        "a later format",
        None,
        flip("000002.log", 17),
        Err("has format 257 and this drumbeat reads format 1"),
    );
    check("first segment lost", None, |disk| disk.lose(&file("000001.log")), Err("000001.log is missing"));
    check("newest segment lost", Some(5), |disk| disk.lose(&file("000002.log")), Err("ends at record 2"));
}

#[test]
fn a_store_without_its_ledger_is_refused() {
    let lost = |disk: &FaultyDisk| {
        disk.lose(&file("000001.log"));
        disk.lose(&file("000002.log"));
    };
    check("both segments lost", Some(5), lost, Err("there is a store of ledger"));
    check("both lost, store empty", Some(0), lost, Err("there is a store of ledger"));
    let disk = sound();
    let stranger = Seen { ledger: LedgerId([0; 16]), seq: 99 };
    let opened = FileLedger::open_on(Box::new(disk), Path::new(DIR), Some(stranger), || ID);
    assert_eq!(
        opened.map(|(ledger, _)| ledger.last()),
        Ok(5),
        "another ledger's store says nothing of this one"
    );
}

#[test]
fn a_folder_with_only_a_cut_record_is_no_new_ledger() {
    let disk = sound();
    disk.tamper(&file("000002.log"), |bytes| bytes.truncate(FIFTH + 1));
    drop(start(&disk, None).expect("cuts"));
    disk.lose(&file("000001.log"));
    disk.lose(&file("000002.log"));
    let message = start(&disk, None).map(drop).map_err(|error| error.message).expect_err("refused");
    assert!(message.contains("holds no segment"), "{message}");
}

#[test]
fn a_cut_record_is_kept_aside_and_never_over_another() {
    let disk = sound();
    for nth in 1..=2 {
        let torn = disk.bytes(&file("000002.log"))[FIFTH..FIFTH + 40].to_vec();
        disk.tamper(&file("000002.log"), |bytes| bytes.truncate(FIFTH + 40));
        let (mut ledger, notices) = start(&disk, Some(4)).expect("cuts");
        let kept = format!("/ledger/000002.{nth}.cut");
        assert_eq!(notices, [Notice::RecordCut { seq: 5, kept: kept.clone() }]);
        assert_eq!(disk.bytes(Path::new(&kept)), torn);
        assert_eq!(ledger.append(b"five again"), Ok(5));
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let mut flips = 0;
    for name in ["000001.log", "000002.log"] {
        for at in 0..sound().bytes(&file(name)).len() {
            for bit in 0..8 {
                let disk = sound();
                disk.tamper(&file(name), |bytes| bytes[at] ^= 1 << bit);
                let report = verify_on(&disk, Path::new(DIR)).expect("a report");
                assert!(!report.problems.is_empty() || report.unfinished > 0, "{name}, byte {at}, bit {bit}");
                if let Ok((ledger, _)) = start(&disk, Some(4)) {
                    let whole = shown(&ledger, Which::View).expect("a view").len();
                    let harmless = name == "000001.log" || whole == 3;
                    assert!(harmless, "{name}, byte {at}, bit {bit}: a changed record was shown");
                }
                flips += 1;
            }
        }
    }
    println!("{flips} flips");
}

#[test]
fn every_cut_is_found_or_falls_between_records() {
    let length = sound().bytes(&file("000002.log")).len();
    for kept in 0..length {
        let disk = sound();
        disk.tamper(&file("000002.log"), |bytes| bytes.truncate(kept));
        assert!(start(&disk, Some(5)).is_err(), "{kept} bytes kept, and the store has seen more");
        let report = verify_on(&disk, Path::new(DIR)).expect("a report");
        let whole_records = [HEADER, HEADER + HEAD + 8, FOURTH, FIFTH].contains(&kept);
        assert!(whole_records || report.unfinished > 0 || !report.problems.is_empty(), "{kept} bytes kept");
    }
}

#[test]
fn verify_tells_a_segment_that_does_not_continue_the_one_before() {
    let disk = sound();
    // Record 2 is cut off whole: each segment is sound in itself.
    disk.tamper(&file("000001.log"), |bytes| bytes.truncate(HEADER + HEAD + 3));
    let report = verify_on(&disk, Path::new(DIR)).expect("a report");
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("does not continue"), "{:?}", report.problems);
    disk.lose(&file("000001.log"));
    let report = verify_on(&disk, Path::new(DIR)).expect("a report");
    assert_eq!(report.problems, ["segments are missing before /ledger/000002.log"]);
    assert_eq!((report.records, report.first, report.last), (3, Some(3), Some(5)));
}
