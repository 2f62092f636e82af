//! The made-up world: recordings are read whole, and scenarios compile to recordings that make sense.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use drumbeat::sim::recording::{CalendarName, Recording, Said};
use drumbeat::sim::scenario;

#[test]
fn every_shared_recording_reads() {
    let folder = Path::new("../shared/recordings");
    let Ok(entries) = fs::read_dir(folder) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mut read = 0;
    for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let recording =
            Recording::read(&entry.path()).unwrap_or_else(|error| panic!("{:?}: {error}", entry.path()));
        assert!(!recording.calendars.is_empty() && !recording.expected.is_empty(), "{:?}", entry.path());
        assert!(recording.calendars.keys().all(|name| recording.roster.contains(&name.address)));
        assert_eq!(Recording::from_files(&recording.files()), Ok(recording), "{:?}", entry.path());
        read += 1;
    }
    assert!(read > 0, "no recordings in {}", folder.display());
}

/// Every scenario by name.
fn scenarios() -> BTreeMap<String, Recording> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir("tests/scenarios").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.push(PathBuf::from("src/sim/demo.txt"));
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let problems = |problems: Vec<scenario::Problem>| -> Recording {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}:\n{}", path.display(), lines.join("\n"))
        };
        (
            path.file_stem().unwrap().to_string_lossy().into_owned(),
            scenario::parse(&text).unwrap_or_else(problems),
        )
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_scenario_parses_and_makes_a_whole_world() {
    for (name, recording) in scenarios() {
        assert!(recording.from < recording.until, "{name}");
        for (calendar, answers) in &recording.calendars {
            let first = answers.keys().next().unwrap();
            assert!(*first < recording.from, "{name}: {calendar} says nothing at the beginning");
        }
        if name != "demo" {
            assert!(!recording.expected.is_empty(), "{name} expects nothing");
        }
        if recording.edits.is_empty() {
            assert_eq!(Recording::from_files(&recording.files()), Ok(recording), "{name}");
        }
    }
}
