//! The loop: a sample week replayed, and one tick of a team of ten reps with nothing changed and with one change.
//!
//! `cargo bench --bench tick`

use std::time::Duration;

use criterion::{BatchSize, Criterion};
use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::cli::replay::replay;
use drumbeat::model::zone::Zones;
use drumbeat::ports::{Answer, Validators};
use drumbeat::run::{Daemon, Fetched, Input};
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::recording::{Recording, Said};
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;

/// Reps of the team that is looked at.
const REPS: usize = 10;
/// Records between two checkpoints.
const SEGMENT_RECORDS: usize = 100_000;

/// One manager with ten reps and their standing series, over a quiet week.
fn team() -> Recording {
    let letter = |n: usize| char::from(b'a' + n as u8);
    let names: Vec<String> = (0..REPS)
        .map(|n| format!("rep{0} \"{1}nna Person\" rep", letter(n), letter(n).to_ascii_uppercase()))
        .collect();
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    let series: String = (0..REPS)
        .map(|n| format!("series   rep{}+bo {} {:02}:00\n", letter(n), days[n % 5], 10 + 4 * (n / 5)))
        .collect::<Vec<_>>()
        .concat();
    let text = format!(
        "people   {}, bo \"Bo Jensen\" manager, cy \"Cy Meyer\" leader\nweek     2026-W46\n{series}\nexpect   quiet\n",
        names.join(", ")
    );
    scenario::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A daemon that has lived through the recording.
fn seasoned(recording: &Recording, runtime: &tokio::runtime::Runtime) -> Daemon {
    let engine = Engine::new(recording, Zones::bundled()).expect("it replays");
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, SEGMENT_RECORDS)), Box::new(MemoryStore::default()));
    let (_, daemon) = runtime.block_on(engine.run(disk)).expect("it replays");
    daemon
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
        .configure_from_args();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");

    let week = scenario::parse(scenario::DEMO).expect("the demo's week");
    criterion.bench_function("a week of ten people", |bench| {
        bench.iter(|| replay(&week, Zones::bundled()).expect("it replays"));
    });

    let recording = team();
    let mut daemon = seasoned(&recording, &runtime);
    let calendars: Vec<_> = recording.names(&daemon.setup().roster).into_keys().collect();
    criterion.bench_function("a tick with nothing changed", |bench| {
        bench.iter_batched(
            || {
                calendars
                    .iter()
                    .map(|calendar| Fetched {
                        calendar: *calendar,
                        answer: Ok(Answer::Unchanged),
                        audit: None,
                    })
                    .collect()
            },
            |fetched| runtime.block_on(daemon.tick(Input::Timer(fetched))).expect("it ticks"),
            BatchSize::SmallInput,
        );
    });

    let (name, said) = recording.calendars.iter().next().expect("a calendar");
    let Some(Said::Ics(bytes)) = said.values().next_back() else { panic!("{name} is a feed") };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let other = text.replacen("PARTSTAT=ACCEPTED", "PARTSTAT=TENTATIVE", 1);
    let calendar = calendars[0];
    let mut turn = false;
    criterion.bench_function("a tick with one calendar changed", |bench| {
        bench.iter_batched(
            || {
                turn = !turn;
                let bytes = if turn { other.clone() } else { text.clone() }.into_bytes();
                vec![Fetched {
                    calendar,
                    answer: Ok(Answer::Feed { bytes, validators: Validators::default() }),
                    audit: None,
                }]
            },
            |fetched| runtime.block_on(daemon.tick(Input::Timer(fetched))).expect("it ticks"),
            BatchSize::SmallInput,
        );
    });
    criterion.final_summary();
}
