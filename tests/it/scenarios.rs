//! Scenarios and shared recordings through the real loop: what they expect must hold, also when the store is lost or
//! falls back before every single tick.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;

use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER, Replayed};
use drumbeat::cli::replay::{read, replay};
use drumbeat::model::fact::{Fact, Record};
use drumbeat::model::ledger::Seq;
use drumbeat::model::mail::MailKind;
use drumbeat::model::people::CalendarId;
use drumbeat::model::zone::Zones;
use drumbeat::ports::{Error, Store};
use drumbeat::sim::expected;
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::recording::Recording;
use drumbeat::sim::store::MemoryStore;
use drumbeat::tell::explain::fact_json;

/// Short segments, so that the many starts of these tests read little.
const SEGMENT_RECORDS: usize = 16;
/// Commits that a store falls back by.
const FALLS_BACK: usize = 3;

/// Every scenario of the project, by name.
pub fn scenarios() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/scenarios")
        .expect("the scenarios are part of the project")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// The shared recordings; none where the folder is absent.
fn recordings() -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir("../shared/recordings") else {
        println!("skipped: ../shared is absent");
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> =
        folder.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What of a recording's expectations does not hold.
pub fn complaints(recording: &Recording) -> Vec<String> {
    let replayed = replay(recording, Zones::bundled()).expect("it replays");
    let printed = |record: &Record| {
        let facts = record.facts.iter();
        facts.filter_map(|fact| fact_json(record.at, fact, replayed.setup.as_ref())).collect::<Vec<_>>()
    };
    let facts: Vec<_> = replayed.records.iter().flat_map(printed).collect();
    expected::check(&recording.expected, &facts)
}

/// Fails with every expectation that does not hold.
pub fn all_hold(paths: &[PathBuf]) {
    let failed: Vec<String> = paths
        .iter()
        .flat_map(|path| {
            let complaints = complaints(&read(path).expect("it reads"));
            complaints.into_iter().map(|complaint| format!("{}: {complaint}", path.display()))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_recording_holds() {
    let recordings = recordings();
    println!("{} recordings", recordings.len());
    all_hold(&recordings);
}

/// A store that a test can get at while the daemon has it.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<(MemoryStore, Vec<MemoryStore>)>>);

impl Store for Shared {
    fn seq(&self) -> Seq {
        self.0.borrow().0.seq()
    }

    fn mirror(&self, calendar: CalendarId) -> Option<Vec<u8>> {
        self.0.borrow().0.mirror(calendar)
    }

    fn commit(&mut self, seq: Seq, mirrors: &[(CalendarId, Option<Vec<u8>>)]) -> Result<(), Error> {
        let mut inside = self.0.borrow_mut();
        let before = inside.0.clone();
        inside.1.push(before);
        inside.0.commit(seq, mirrors)
    }
}

impl Shared {
    fn clear(&self) {
        self.0.borrow_mut().0 = MemoryStore::default();
    }

    fn fall_back(&self) {
        let mut inside = self.0.borrow_mut();
        if let Some(older) = inside.1.len().checked_sub(FALLS_BACK).and_then(|at| inside.1.get(at).cloned()) {
            inside.0 = older;
        }
    }
}

/// What a replay decided, without the instants of writing, confidence and evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Essence {
    verdicts: BTreeMap<String, u32>,
    done: BTreeMap<String, u32>,
}

fn essence(replayed: &Replayed) -> Essence {
    let mut essence = Essence::default();
    for fact in replayed.records.iter().flat_map(|record| &record.facts) {
        match fact {
            Fact::Verdict { rep, week, session, verdict, late, from, to, .. } => {
                let key = format!("{rep} {week} {session} {verdict:?} {late} {from:?} {to:?}");
                *essence.verdicts.entry(key).or_default() += 1;
            }
            // When ops are told depends on when a calendar was asked, which a start shifts by minutes.
            Fact::Mail { kind: MailKind::Ops, to, subject, .. } => {
                *essence.done.entry(format!("{to} {subject}")).or_default() += 1;
            }
            Fact::Booked { .. } | Fact::Released { .. } | Fact::Mail { .. } | Fact::Week { .. } => {
                *essence.done.entry(format!("{fact:?}")).or_default() += 1;
            }
            _ => {}
        }
    }
    essence
}

fn disturbed(recording: &Recording, disturb: fn(&Shared)) -> Essence {
    let store = Shared::default();
    let handle = store.clone();
    let mut between = move |(ledger, store): Disk| -> Disk {
        disturb(&handle);
        (ledger, store)
    };
    let mut engine = Engine::new(recording, Zones::bundled()).expect("it replays");
    engine.between = Some(&mut between);
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, SEGMENT_RECORDS)), Box::new(store));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (replayed, _) = runtime.block_on(engine.run(disk)).expect("it replays");
    essence(&replayed)
}

fn undisturbed(recording: &Recording) -> Essence {
    essence(&replay(recording, Zones::bundled()).expect("it replays"))
}

/// A recording whose calendars are asked every quarter of an hour, or every hour where it goes on for weeks: fewer ticks, and
/// each of them disturbed.
fn unhurried(path: &Path) -> Recording {
    let mut recording = read(path).expect("it reads");
    let is_long = recording.until - recording.from > chrono::TimeDelta::days(8);
    let poll = if is_long { "\n[feeds]\npoll = \"1h\"\n" } else { "\n[feeds]\npoll = \"15m\"\n" };
    recording.config.push_str(poll);
    recording
}

/// Every scenario and recording, by path, with what comes of it when the daemon is started anew before every tick: a start
/// asks all calendars, so that instants of asking are the same as with the store disturbed.
fn steady() -> &'static [(PathBuf, Recording, Essence)] {
    static STEADY: OnceLock<Vec<(PathBuf, Recording, Essence)>> = OnceLock::new();
    let steady = |path: &PathBuf| {
        let recording = unhurried(path);
        let essence = disturbed(&recording, |_| {});
        (path.clone(), recording, essence)
    };
    STEADY.get_or_init(|| {
        let paths: Vec<PathBuf> = scenarios().into_iter().chain(recordings()).collect();
        // All who compare wait for this: two threads are quicker than one.
        std::thread::scope(|scope| {
            let halves = [0, 1].map(|first| {
                let paths = &paths;
                scope.spawn(move || paths.iter().skip(first).step_by(2).map(steady).collect::<Vec<_>>())
            });
            halves.into_iter().flat_map(|half| half.join().expect("it replays")).collect()
        })
    })
}

/// Compares what comes of each with what comes of it otherwise.
fn same(
    are_asked: impl Fn(usize, &Path) -> bool,
    otherwise: impl Fn(&Recording) -> Essence,
    compared: fn(&Essence) -> Essence,
) {
    let all = steady().iter().enumerate().filter(|(nth, (path, ..))| are_asked(*nth, path));
    let all: Vec<_> = all.map(|(_, one)| one).collect();
    let mut failed = Vec::new();
    for (path, recording, steady) in &all {
        let (one, other) = (compared(steady), compared(&otherwise(recording)));
        if one != other {
            failed.push(difference(path, &one, &other));
        }
    }
    println!("{} of {} came out the same", all.len() - failed.len(), all.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Every recording, and of the scenarios each second one: the other half is left to the other disturbance, since each takes
/// as long as all other tests.
fn survives(turn: usize, disturb: fn(&Shared)) {
    let are_asked = |nth: usize, path: &Path| path.is_dir() || nth % 2 == turn;
    same(are_asked, |recording| disturbed(recording, disturb), Essence::clone);
}

fn difference(path: &Path, calm: &Essence, rough: &Essence) -> String {
    let lines = |one: &BTreeMap<String, u32>, other: &BTreeMap<String, u32>, sign: char| {
        let only = one.iter().filter(|(key, count)| other.get(*key) != Some(count));
        only.map(|(key, count)| format!("  {sign} {count} {key}")).collect::<Vec<_>>().join("\n")
    };
    format!(
        "{}\n{}\n{}\n{}\n{}",
        path.display(),
        lines(&calm.verdicts, &rough.verdicts, '-'),
        lines(&rough.verdicts, &calm.verdicts, '+'),
        lines(&calm.done, &rough.done, '-'),
        lines(&rough.done, &calm.done, '+'),
    )
}

/// When a calendar is asked decides by minutes which time is the first that can still be booked: instants aside, a start
/// changes nothing.
#[test]
fn a_start_before_every_tick_changes_nothing_but_when() {
    let counted = |essence: &Essence| {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for (what, count) in &essence.done {
            let kind = what.split(' ').next().unwrap_or_default().to_owned();
            *counts.entry(kind).or_default() += count;
        }
        Essence { verdicts: essence.verdicts.clone(), done: counts }
    };
    same(|_, _| true, undisturbed, counted);
}

#[test]
fn a_store_dropped_before_every_tick_changes_nothing() {
    survives(0, Shared::clear);
}

#[test]
fn a_store_that_falls_back_before_every_tick_changes_nothing() {
    survives(1, Shared::fall_back);
}
