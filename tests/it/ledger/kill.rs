//! kill -9 at varied points of a process that appends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use drumbeat::io::ledger::{FileLedger, verify};
use drumbeat::model::ledger::{FrameKind, LedgerId, Seen, Seq};
use drumbeat::ports::{Ledger, Which};

use super::ID;

/// Kills are after so many acknowledged records each; a checkpoint falls on every seventh.
const KILLS: [usize; 24] = [1, 2, 3, 5, 6, 7, 8, 13, 14, 15, 1, 1, 20, 6, 7, 1, 27, 34, 2, 3, 40, 5, 6, 7];

/// Up to 40 KB, a different size each.
fn payload(seq: Seq) -> Vec<u8> {
    let size = usize::try_from(seq * 7919 % 40_000).expect("small");
    seq.to_le_bytes().into_iter().cycle().take(size).collect()
}

/// Not a test of its own: what `a_killed_process_loses_nothing_acknowledged` starts and kills. It appends for
/// ever and prints each acknowledged number.
#[test]
#[ignore = "started and killed by another test"]
fn append_until_killed() {
    let Some(dir) = told_dir() else { return };
    let (mut ledger, _) = FileLedger::open(&dir, None, || ID).expect("opens");
    loop {
        let seq = ledger.append(&payload(ledger.last() + 1)).expect("appends");
        acknowledge(seq);
        if seq.is_multiple_of(7) {
            ledger.checkpoint(&payload(seq)).expect("a checkpoint");
        }
    }
}

/// The folder to work in, from the standard input of a child; `None` where nobody tells one.
pub fn told_dir() -> Option<PathBuf> {
    let mut dir = String::new();
    std::io::stdin().read_line(&mut dir).expect("a line");
    (!dir.is_empty()).then(|| PathBuf::from(dir.trim_end()))
}

/// Prints a number that must not be lost.
pub fn acknowledge(seq: Seq) {
    writeln!(std::io::stdout(), "acknowledged {seq}").expect("prints");
}

/// Starts one ignored test of this binary as a child, and tells it a folder.
pub fn spawn(test: &str, dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("the test binary"))
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut input = child.stdin.take().expect("piped");
    writeln!(input, "{}", dir.display()).expect("takes a line");
    child
}

/// Kills the child after so many acknowledgements; returns the last number that it printed.
pub fn kill_after(child: &mut Child, acknowledgements: usize) -> Seq {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut numbers = std::iter::from_fn(|| lines.next()?.ok())
        .filter_map(|line| line.split_once("acknowledged ")?.1.parse::<Seq>().ok());
    let mut last = numbers.nth(acknowledgements - 1).expect("appends so often");
    child.kill().expect("is killed");
    child.wait().expect("ends");
    // What it still printed before the signal came was acknowledged too.
    last = numbers.last().unwrap_or(last);
    last
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("ledger");
    for (nth, acknowledgements) in KILLS.into_iter().enumerate() {
        let acknowledged =
            kill_after(&mut spawn("ledger::kill::append_until_killed", &path), acknowledgements);
        let seen = Some(Seen { ledger: LedgerId(ID), seq: acknowledged });
        let (ledger, _) = FileLedger::open(&path, seen, || ID).expect("opens");
        assert!((acknowledged..=acknowledged + 1).contains(&ledger.last()), "kill {nth}: {}", ledger.last());
        let mut expected = 1;
        ledger
            .read(Which::All, &mut |frame| {
                assert_eq!(frame.payload, payload(frame.seq), "kill {nth}");
                if frame.kind == FrameKind::Record {
                    assert_eq!(frame.seq, expected, "kill {nth}");
                    expected += 1;
                }
                Ok(())
            })
            .expect("reads");
        assert_eq!(expected, ledger.last() + 1, "kill {nth}");
    }
    let report = verify(&path).expect("a report");
    assert_eq!(report.problems, Vec::<String>::new());
    println!("{} kills, {} records, {} segments", KILLS.len(), report.records, report.segments);
}
