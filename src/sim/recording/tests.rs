use super::*;

const HEAD: &str = "version = 1\nfrom = 2026-11-16T08:00:00Z\nuntil = 2026-11-23T08:00:00Z\n";

/// A recording of these files beside the ones that every recording has.
fn read(files: &[(&str, &str)]) -> Result<Recording, ReadError> {
    let usual = [("recording.toml", HEAD), ("drumbeat.toml", "mode = \"auto\""), ("roster.csv", "email\n")];
    let files = usual.iter().chain(files).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    Recording::from_files(&files.collect())
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

#[test]
fn every_file_has_its_place() {
    let head =
        format!("{HEAD}visible_after = \"6h\"\ndown = [[2026-11-18T09:00:00Z, 2026-11-18T15:00:00Z]]\n");
    let recording = read(&[
        ("recording.toml", &head),
        ("config/20261117T080000Z.toml", "mode = \"observe\""),
        ("roster/20261117T080000Z.csv", "email\nana@example.com\n"),
        ("calendars/Ana@example.com/20261116T080000Z.ics", "BEGIN:VCALENDAR"),
        ("calendars/ana@example.com#2/20261116T080000Z.json", "{}"),
        ("calendars/ana@example.com/20261117T080000Z.error", "503\n"),
        ("replies.csv", "at,who,action,rep,option\n2026-11-17T09:00:00Z,bo@example.com,not_held,ana@example.com,\n2026-11-16T09:00:00Z,Bo@example.com,pick,ana@example.com,2\n"),
        ("expected.jsonl", "{\"fact\": \"week\"}\n\n{\"absent\": {}}\n"),
        (".DS_Store", "?"),
        ("calendars/.gitkeep", ""),
    ])
    .unwrap();
    assert_eq!((recording.from, recording.until), (at("2026-11-16T08:00:00Z"), at("2026-11-23T08:00:00Z")));
    assert_eq!(recording.visible, Visible::After(TimeDelta::hours(6)));
    assert_eq!(recording.down, [Span::new(at("2026-11-18T09:00:00Z"), at("2026-11-18T15:00:00Z"))]);
    let reload = &recording.reloads[&at("2026-11-17T08:00:00Z")];
    assert!(reload.config.as_deref() == Some("mode = \"observe\"") && reload.roster.is_some());
    let first = &recording.calendars[&CalendarName::first("ana@example.com")];
    assert_eq!(
        first.values().collect::<Vec<_>>(),
        [&Said::Ics("BEGIN:VCALENDAR".into()), &Said::Error("503".into())]
    );
    assert!(recording.calendars.contains_key(&CalendarName { address: "ana@example.com".into(), nth: 2 }));
    assert!(recording.has_google());
    let clicks: Vec<(&str, Action, Option<usize>)> =
        recording.replies.iter().map(|reply| (reply.who.as_str(), reply.action, reply.option)).collect();
    assert_eq!(
        clicks,
        [("bo@example.com", Action::Pick, Some(2)), ("bo@example.com", Action::NotHeld, None)]
    );
    assert_eq!(recording.expected.len(), 2);
    assert_eq!(Recording::from_files(&recording.files()), Ok(recording));
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let check = |file: &str, text: &str, wanted: &str| {
        let error = read(&[(file, text)]).expect_err(file);
        assert_eq!(error.file, file);
        assert!(error.problem.contains(wanted), "{error}");
    };
    let with = |line: &str| format!("{HEAD}{line}\n");
    check("recording.toml", "version = 1", "missing field");
    check("recording.toml", &HEAD.replace("version = 1", "version = 2"), "this program reads 1");
    check("recording.toml", &HEAD.replace("2026-11-23", "2026-11-16"), "must be later than");
    check("recording.toml", &HEAD.replace("T08:00:00Z", ""), "one looks like 2026-11-16T08:00:00Z");
    check("recording.toml", &with("visible_after = \"soon\""), "a duration like");
    check("recording.toml", &with("seed = 1"), "unknown field");
    check("config/monday.toml", "", "one looks like 20261116T080000Z");
    check("roster/20261116T080000Z.toml", "", "should end in .csv");
    check("calendars/ana/20261116T080000Z.ics", "", "ana@example.com#2");
    check("calendars/ana@example.com#1/20261116T080000Z.ics", "", "ana@example.com#2");
    check("calendars/20261116T080000Z.ics", "", "in a folder named by the owner");
    check("calendars/ana@example.com/20261116T080000Z.txt", "", ".ics, .json or .error");
    check("calendars/ana@example.com/20261116T080000Z.error", "200", "a status like 503");
    check(
        "replies.csv",
        "at,who,action,rep,option\n2026-11-17T09:00:00Z,bo,nod,ana,\n",
        "unknown variant `nod`",
    );
    check("replies.csv", "at,who,action,rep,option\nTuesday,bo,accept,ana,\n", "a row looks like");
    check("expected.jsonl", "{\"fact\": \"week\"}\n[]\n", "line 2 is no JSON object");
    let missing = Recording::from_files(&BTreeMap::from([("recording.toml".to_owned(), HEAD.into())]));
    assert_eq!(missing.unwrap_err().to_string(), "drumbeat.toml: is missing; every recording has one");
}
