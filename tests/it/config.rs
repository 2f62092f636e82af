//! The configuration from outside: the shipped files, the recordings' files, and what is said of bad ones.

use std::fs;
use std::path::Path;

use drumbeat::config::{self, Calendars, Problem, Settings};
use drumbeat::model::people::{PersonId, Roster};
use drumbeat::model::zone::Zones;

type Read = Result<(Roster, Vec<Problem>), Vec<Problem>>;

fn settings(text: &str) -> Result<Settings, Vec<Problem>> {
    config::settings(text, "drumbeat.toml", &Zones::bundled())
}

fn roster(text: &str, settings: &Settings, calendars: Calendars) -> Read {
    let mut last = 0;
    let mut number = |_: &str| {
        last += 1;
        PersonId(last)
    };
    config::roster(text, "roster.csv", settings, &Zones::bundled(), calendars, &mut number)
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_recording_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mut count = 0;
    for entry in entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("drumbeat.toml").exists())
    {
        let files = |name: &str, more: &str| {
            let later = fs::read_dir(entry.join(more)).into_iter().flatten().map(|file| file.unwrap().path());
            std::iter::once(entry.join(name))
                .chain(later)
                .map(|path| fs::read_to_string(path).unwrap())
                .collect()
        };
        let tomls: Vec<String> = files("drumbeat.toml", "config");
        let rosters: Vec<String> = files("roster.csv", "roster");
        for toml in tomls {
            let settings =
                settings(&toml).unwrap_or_else(|problems| panic!("{entry:?}: {}", said(&problems)));
            for text in &rosters {
                let read = roster(text, &settings, Calendars::FromWorld);
                assert!(read.is_ok_and(|(roster, _)| roster.people().count() > 1), "{entry:?}");
                count += 1;
            }
        }
    }
    assert!(count >= 50, "only {count} recordings");
}

/// Settings without what only says where they stood.
fn values(settings: &Settings) -> String {
    let shown = format!("{settings:#?}");
    shown.split("    warnings: ").next().unwrap().to_owned()
}

#[test]
fn the_shipped_file_says_the_defaults() {
    let shipped =
        settings(&read("config/drumbeat.toml")).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    assert_eq!(values(&shipped), values(&settings("").unwrap()));
    assert_eq!(said(&shipped.warnings), "");
}

#[test]
fn the_example_roster_can_be_read() {
    let settings = settings("").unwrap();
    let text = read("config/roster.example.csv");
    let (people, warnings) =
        roster(&text, &settings, Calendars::FromRoster).unwrap_or_else(|p| panic!("{}", said(&p)));
    assert_eq!(people.people().count(), 9);
    assert_eq!(people.reps().count(), 6);
    let zones: Vec<&str> = warnings.iter().map(|warning| warning.value.as_str()).collect();
    assert_eq!(
        zones,
        ["\"Europe/Berlin\"", "\"America/New_York\"", "\"Europe/London\"", "\"America/Chicago\""]
    );
    assert!(warnings.iter().all(|warning| warning.message.contains("no public holidays")));
}
