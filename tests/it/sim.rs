//! The made-up world: recordings are read whole, and scenarios compile to recordings that make sense.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use drumbeat::model::fact::Action;
use drumbeat::model::people::{BookVia, CalendarId, Person, PersonId, Roster, SourceSpec};
use drumbeat::model::time::WorkingHours;
use drumbeat::model::zone::Zone;
use drumbeat::sim::recording::{CalendarName, Recording, Said};
use drumbeat::sim::scenario;
use serde_json::json;

#[test]
fn every_shared_recording_reads() {
    let folder = Path::new("../shared/recordings");
    let Ok(entries) = fs::read_dir(folder) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mut google = 0;
    let mut read = 0;
    for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let recording =
            Recording::read(&entry.path()).unwrap_or_else(|error| panic!("{:?}: {error}", entry.path()));
        assert!(!recording.calendars.is_empty() && !recording.expected.is_empty(), "{:?}", entry.path());
        assert!(recording.calendars.keys().all(|name| recording.roster.contains(&name.address)));
        google += usize::from(recording.has_google());
        assert_eq!(Recording::from_files(&recording.files()), Ok(recording), "{:?}", entry.path());
        read += 1;
    }
    assert!(0 < google && google < read, "{google} of {read} in {}", folder.display());
}

#[test]
fn calendars_are_named_by_the_roster() {
    let recording = story("").unwrap();
    let bo = Person {
        id: PersonId(7),
        address: "bo@work.example".to_owned(),
        name: "Bo".to_owned(),
        manager: None,
        start_date: None,
        status: None,
        plan: None,
        leave: None,
        zone: Zone::utc(),
        hours: WorkingHours::default(),
        calendars: vec![SourceSpec::World],
        title_match: None,
        book: BookVia::Mail,
        aliases: vec!["bo@example.com".to_owned()],
        team_doc: None,
    };
    let names = recording.names(&Roster::new([bo]));
    let first = CalendarId::first(PersonId(7));
    assert_eq!(names, BTreeMap::from([(first, CalendarName::first("bo@example.com"))]));
}

/// Every scenario by name.
fn scenarios() -> BTreeMap<String, Recording> {
    let paths = fs::read_dir("tests/scenarios").unwrap().map(|entry| entry.unwrap().path());
    let mut texts: Vec<(PathBuf, String)> =
        paths.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    texts.push((PathBuf::from("demo"), scenario::DEMO.to_owned()));
    let read = |(path, text): &(PathBuf, String)| {
        let problems = |problems: Vec<scenario::Problem>| -> Recording {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}:\n{}", path.display(), lines.join("\n"))
        };
        (
            path.file_stem().unwrap().to_string_lossy().into_owned(),
            scenario::parse(text).unwrap_or_else(problems),
        )
    };
    texts.iter().map(read).collect()
}

#[test]
fn every_scenario_parses_and_makes_a_whole_world() {
    for (name, recording) in scenarios() {
        assert!(recording.from < recording.until, "{name}");
        for (calendar, answers) in &recording.calendars {
            let first = answers.keys().next().unwrap();
            assert!(*first < recording.from, "{name}: {calendar} says nothing at the beginning");
        }
        assert!(!recording.expected.is_empty(), "{name} expects nothing");
        if recording.edits.is_empty() {
            assert_eq!(Recording::from_files(&recording.files()), Ok(recording), "{name}");
        }
    }
}

/// Rows of the table that only Google's answers can show.
const NOT_IN_A_FEED: [u32; 1] = [27];

#[test]
fn every_row_of_the_verdict_table_has_a_scenario() {
    let names: Vec<String> = scenarios().into_keys().collect();
    for row in (1..=44).filter(|row| !NOT_IN_A_FEED.contains(row)) {
        let prefix = format!("v{row:02}-");
        assert!(names.iter().any(|name| name.starts_with(&prefix)), "no scenario for V{row:02}");
    }
}

/// Every feed a whole one, as an independent parser sees it.
#[test]
fn feeds_are_icalendar() {
    for (name, recording) in scenarios() {
        for said in recording.calendars.values().flat_map(BTreeMap::values) {
            let Said::Ics(bytes) = said else { continue };
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(
                text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')),
                "{name}: {text}"
            );
            if !text.ends_with("END:VCALENDAR\r\n") {
                assert!(name.contains("cut"), "{name} has a feed without an end");
                continue;
            }
            let calendar =
                calcard::icalendar::ICalendar::parse(&text).unwrap_or_else(|_| panic!("{name}: {text}"));
            let events = text.matches("BEGIN:VEVENT").count();
            assert_eq!(calendar.components.len(), events + 1, "{name}: {text}");
        }
    }
}

#[test]
fn the_example_of_the_page_is_a_scenario() {
    let page = fs::read_to_string("docs/scenarios.md").unwrap();
    let example = page.split("```").nth(1).unwrap();
    let recording = scenario::parse(example).unwrap();
    assert_eq!(recording.calendars[&CalendarName::first("ana@example.com")].len(), 3);
    assert!(recording.expected.len() > 2);
}

/// A scenario of Ana and Bo with a series, and these lines.
fn story(lines: &str) -> Result<Recording, Vec<scenario::Problem>> {
    scenario::parse(&format!(
        "people ana rep America/New_York, bo manager\nweek 2026-W46\nseries ana+bo Mon,Thu 16:00\n{lines}\n"
    ))
}

/// What a person's calendar says last.
fn last_feed(recording: &Recording, address: &str) -> String {
    match recording.calendars[&CalendarName::first(address)].values().next_back() {
        Some(Said::Ics(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// After these lines, the two's feeds hold these parts, and not those behind a `no `.
fn check_feeds(line: &str, ana: &[&str], bo: &[&str]) {
    let recording = story(line).unwrap();
    for (who, wanted) in [("ana@example.com", ana), ("bo@example.com", bo)] {
        let feed = last_feed(&recording, who).replace("\r\n ", "");
        for part in wanted {
            let (part, is_there) = part.strip_prefix("no ").map_or((*part, true), |part| (part, false));
            assert_eq!(feed.contains(part), is_there, "`{line}`: {part} in {who}:\n{feed}");
        }
    }
}

#[test]
fn what_people_do_is_seen_in_their_calendars() {
    let check = check_feeds;
    let (exdate, moved) =
        ("EXDATE;TZID=Europe/Berlin:20261112T160000", "RECURRENCE-ID;TZID=Europe/Berlin:20261112T160000");
    check(
        "",
        &["DTSTART;TZID=Europe/Berlin:20261026T160000", "BYDAY=MO,TH"],
        &["ORGANIZER;CN=\"Bo\":mailto:bo@"],
    );
    check("Tue 10:00 bo deletes the Thu instance", &[exdate, "no RECURRENCE-ID"], &[exdate]);
    check("Tue 10:00 bo cancels the Thu instance", &[moved, "STATUS:CANCELLED"], &[moved, "no EXDATE"]);
    check("Tue 10:00 ana loses the Thu instance", &[exdate], &["no EXDATE"]);
    check("Tue 10:00 bo loses the series", &["BEGIN:VEVENT"], &["no BEGIN:VEVENT"]);
    check(
        "Tue 10:00 ana loses the series\nTue 11:00 ana regains the series",
        &["BEGIN:VEVENT"],
        &["BEGIN:VEVENT"],
    );
    check("Tue 10:00 bo deletes the series", &["no BEGIN:VEVENT"], &["no BEGIN:VEVENT"]);
    check(
        "Tue 10:00 bo moves the Thu instance to next Fri 09:30",
        &[moved, "DTSTART;TZID=Europe/Berlin:20261120T093000", "SEQUENCE:1"],
        &["LAST-MODIFIED:20261110T090000Z"],
    );
    check(
        "Tue 10:00 ana declines the Thu instance",
        &["CN=\"Ana\";PARTSTAT=DECLINED", moved],
        &["CN=\"Ana\";PARTSTAT=DECLINED"],
    );
    check("Tue 10:00 bo removes ana from the Thu instance", &[exdate], &[moved]);
    check(
        "Tue 10:00 bo adds x@y.example to the Thu instance",
        &["mailto:x@y.example"],
        &["mailto:x@y.example"],
    );
    check(
        "Tue 10:00 bo shortens the Thu instance to 15m",
        &["DTEND;TZID=Europe/Berlin:20261112T161500"],
        &[],
    );
    check("Tue 10:00 bo ends the series from Thu", &["UNTIL=20261112T145959Z"], &["no event002"]);
    check(
        "Tue 10:00 bo splits the series from Thu to Thu 16:00",
        &["UNTIL=20261112T145959Z", "UID:event001_R20261112T160000@google.com"],
        &["CREATED:20260910T073100Z"],
    );
    check(
        "Tue 10:00 bo splits the series from Thu to Fri 15:00",
        &["UID:event002@google.com", "BYDAY=FR"],
        &[],
    );
    check("Tue 10:00 bo rewrites the series in UTC", &["DTSTART:20261026T150000Z"], &["no TZID"]);
    check("Tue 10:00 bo shows the Thu instance as free", &["TRANSP:TRANSPARENT"], &["TRANSP:TRANSPARENT"]);
    check(
        "Tue 10:00 bo hands the series to ana",
        &["ORGANIZER;CN=\"Ana\":mailto:ana@"],
        &["no ORGANIZER;CN=\"Bo\""],
    );
    check(
        "Tue 10:00 ana is out Wed until Fri \"PTO\"",
        &["DTSTART;VALUE=DATE:20261111", "DTEND;VALUE=DATE:20261114", "SUMMARY:PTO"],
        &["no PTO"],
    );
    check("feed of bo lists nobody", &["ATTENDEE"], &["no ATTENDEE", "no ORGANIZER"]);
}

#[test]
fn failures_lags_and_reloads_have_their_instants() {
    let recording = story(
        "feed of ana lags 2h\nTue 10:00 bo deletes the Thu instance\nTue 11:00 feed of bo fails 503\n\
         Tue 12:00 feed of bo is empty\nTue 13:00 feed of bo recovers\nTue 14:00 roster: ana leaves\n\
         Tue 15:00 rule: tenured per_week = 2\nTue 16:00 bo picks 2 for ana\nTue 17:00 bo deletes the booking for ana",
    )
    .unwrap();
    let instants = |who: &str| -> Vec<String> {
        recording.calendars[&CalendarName::first(who)]
            .keys()
            .map(|at| at.format("%d %H:%M").to_string())
            .collect()
    };
    assert_eq!(instants("ana@example.com"), ["09 06:31", "10 11:00"]);
    assert_eq!(instants("bo@example.com"), ["09 06:31", "10 09:00", "10 10:00", "10 11:00", "10 12:00"]);
    let reloads: Vec<(bool, bool)> =
        recording.reloads.values().map(|reload| (reload.config.is_some(), reload.roster.is_some())).collect();
    assert_eq!(reloads, [(false, true), (true, false)]);
    assert_eq!((recording.replies[0].action, recording.replies[0].option), (Action::Pick, Some(2)));
    assert_eq!(recording.edits.len(), 1);
}

#[test]
fn expectations_become_lines() {
    let check = |line: &str, wanted: serde_json::Value| {
        assert_eq!(json!(story(&format!("expect {line}")).unwrap().expected), wanted, "{line}");
    };
    let (ana, bo, week) = ("ana@example.com", "bo@example.com", "2026-W46");
    check(
        "ana held 1",
        json!([{"count": 1, "of": {"fact": "verdict", "rep": ana, "week": week, "verdict": "held"}}]),
    );
    check(
        "verdict ana rescheduled by nobody from Thu 16:00 moves 2",
        json!([{"fact": "verdict", "rep": ana, "week": week, "verdict": "rescheduled", "by": null,
            "from": "2026-11-12T15:00:00Z", "moves": 2}]),
    );
    check("verdict ana ended", json!([{"fact": "verdict", "rep": ana, "verdict": "ended"}]));
    check(
        "no verdict ana cancelled",
        json!([{"absent": {"fact": "verdict", "rep": ana, "verdict": "cancelled"}}]),
    );
    check(
        "recovery ana open, closed recovered",
        json!([{"fact": "recovery", "rep": ana, "week": week, "state": "open"},
            {"fact": "recovery", "rep": ana, "week": week, "state": "closed", "reason": "recovered"}]),
    );
    check(
        "ana week due 2 held 1 missed 1",
        json!([{"fact": "week", "rep": ana, "week": week, "due": 2, "held": 1, "rescheduled": 0, "recovered": 0,
            "excused": 0, "missed": 1}]),
    );
    check(
        "due ana 2 rule ramping",
        json!([{"fact": "due", "rep": ana, "week": week, "sessions": 2, "rule": "ramping"}]),
    );
    check("no mail to bo", json!([{"absent": {"fact": "mail", "to": bo}}]));
    check(
        "1 mail proposal to bo",
        json!([{"count": 1, "of": {"fact": "mail", "kind": "proposal", "to": bo}}]),
    );
    check("0 booked", json!([{"count": 0, "of": {"fact": "booked"}}]));
    check("source bo suspect", json!([{"fact": "source", "calendar": bo, "state": "suspect"}]));
    check("answer bo pick option 2", json!([{"fact": "answer", "who": bo, "action": "pick", "option": 2}]));
    check(
        "escalated ana silence step 1 to bo",
        json!([{"fact": "escalated", "rep": ana, "week": week, "trigger": "silence", "step": 1, "to": bo}]),
    );
}

#[test]
fn what_makes_no_sense_is_said_with_its_line() {
    let check = |line: &str, wanted: &str| {
        let problems = story(line).expect_err(line);
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(text.starts_with("line 4: ") && text.contains(wanted), "{line}: {text}");
    };
    check("serious ana+bo", "`serious` stands where");
    check("Tue 10:00 dee deletes the Thu instance", "`dee` is nobody");
    check("Tue 10:00 bo deletes the Wed instance", "no such meeting");
    check("Tue 10:00 bo abolishes the Thu instance", "`abolishes` stands where something that is done");
    check("Tue 10:00 bo moves the series to Fri 10:00", "right would be one instance");
    check("Tue 10:00 bo moves the Thu instance to Fri 25:00", "a time of day like 15:00");
    check("Tue 10:00 feed of bo fails 200", "a failure like 503");
    check("expect verdict ana gone", "a number for `gone`");
    check("expect vedict ana held", "a kind of fact");
    check("series \"1:1 ana+bo Thu 16:00", "quotation mark");
    check("week 2026-W60", "a week like 2026-W46");
    let problems = scenario::parse("people ana rep").expect_err("no week");
    assert!(problems[0].text.contains("week 2026-W46"), "{problems:?}");
}
