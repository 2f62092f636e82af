//! The configuration from outside: the shipped files, the recordings' files, and what is said of bad ones.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use drumbeat::config::{self, Calendars, HolidayScope, HolidaySource, Problem, Settings};
use drumbeat::model::people::{PersonId, Roster, SourceSpec};
use drumbeat::model::zone::Zones;

static ZONES: LazyLock<Zones> = LazyLock::new(Zones::bundled);
static DEFAULTS: LazyLock<Settings> = LazyLock::new(|| settings("").unwrap());

type Read = Result<(Roster, Vec<Problem>), Vec<Problem>>;

fn settings(text: &str) -> Result<Settings, Vec<Problem>> {
    config::settings(text, "drumbeat.toml", &ZONES)
}

fn roster(text: &str, settings: &Settings, calendars: Calendars) -> Read {
    let mut last = 0;
    let mut number = |_: &str| {
        last += 1;
        PersonId(last)
    };
    config::roster(text, "roster.csv", settings, &ZONES, calendars, &mut number)
}

fn said(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |all, problem| all + &problem.to_string() + "\n")
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
    // Asking reps is a choice that the shipped file makes.
    assert!(shipped.rules.check_in.is_some() && DEFAULTS.rules.check_in.is_none());
    let defaults = settings("[checkin]\n").unwrap();
    assert_eq!((values(&shipped), &shipped.mail), (values(&defaults), &defaults.mail));
    assert_eq!(said(&shipped.warnings), "");
}

#[test]
fn the_example_roster_can_be_read() {
    let text = read("config/roster.example.csv");
    let (people, warnings) =
        roster(&text, &DEFAULTS, Calendars::FromRoster).unwrap_or_else(|p| panic!("{}", said(&p)));
    assert_eq!(people.people().count(), 9);
    assert_eq!(people.reps().count(), 6);
    let zones: Vec<&str> = warnings.iter().map(|warning| warning.value.as_str()).collect();
    assert_eq!(
        zones,
        ["\"Europe/Berlin\"", "\"America/New_York\"", "\"Europe/London\"", "\"America/Chicago\""]
    );
    assert!(warnings.iter().all(|warning| warning.message.contains("no public holidays")));
}

/// Everything said of a file: what is wrong, or what is doubtful.
fn all_said(name: &str) -> String {
    let text = read(&format!("tests/data/config/{name}"));
    let found = if Path::new(name).extension().is_some_and(|ending| ending == "csv") {
        roster(&text, &DEFAULTS, Calendars::FromRoster).map(|(_, warnings)| warnings)
    } else {
        settings(&text).map(|settings| settings.warnings)
    };
    match found {
        Ok(warnings) => format!("taken up\n{}", said(&warnings)),
        Err(problems) => format!("refused\n{}", said(&problems)),
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    insta::with_settings!({
        snapshot_path => "../data/config", prepend_module_to_snapshot => false, omit_expression => true
    }, {
        let tomls = ["many.toml", "shapes.toml", "syntax.toml", "later.toml", "links.toml", "doubts.toml", "partial.toml"];
        let rosters = ["many.csv", "broken.csv", "rings.csv", "semicolons.csv", "columns.csv", "header.csv", "nobody.csv", "doubts.csv"];
        for name in tomls.into_iter().chain(rosters) {
            insta::assert_snapshot!(name, all_said(name));
        }
    });
}

/// What a path of `keys()` holds in a TOML file; of a list of tables, in the first that has it.
fn held(table: &toml::Table, path: &str) -> Option<toml::Value> {
    let Some((first, rest)) = path.split_once('.') else {
        return table.get(path).cloned();
    };
    match table.get(first)? {
        toml::Value::Table(below) => held(below, rest),
        toml::Value::Array(tables) => tables.iter().find_map(|below| held(below.as_table()?, rest)),
        _ => None,
    }
}

#[test]
fn the_shipped_file_shows_every_key_and_tells_of_each() {
    let text = read("config/drumbeat.toml");
    // What most do not need stands there with a # before it, and no space.
    let is_off = |line: &&str| {
        line.starts_with("#[") || line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ")
    };
    let lines = text.lines().map(|line| if is_off(&line) { &line[1..] } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let shipped: toml::Table = text.parse().unwrap();
    for key in config::keys() {
        let value = held(&shipped, key.path).unwrap_or_else(|| panic!("{} is not shown", key.path));
        if !key.path.starts_with("cadence.") && !key.path.starts_with("escalation.step.") {
            let default: toml::Table = format!("x = {}", key.default).parse().unwrap();
            assert_eq!(value, default["x"], "{}", key.path);
        }
    }
    let mut told = std::collections::BTreeSet::new();
    let (mut section, mut comment) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(more) = line.strip_prefix('#') {
            comment.push_str(more);
            continue;
        }
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && told.insert(format!("{section}.{key}"))
        {
            let comment = comment.trim_end();
            let is_two_sentences = comment.contains(". ") && comment.ends_with('.');
            assert!(is_two_sentences, "[{section}] {key}:{comment}");
        }
        comment.clear();
    }
    assert_eq!(told.len(), config::keys().len());
}

#[test]
fn the_documentation_has_every_key_and_column() {
    let text = read("docs/configuration.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    for key in config::keys() {
        let begins = format!("| `{}` | `{}` | ", key.path, key.default.replace('|', "\\|"));
        assert_eq!(rows.iter().filter(|row| row.starts_with(&begins)).count(), 1, "{begins}");
    }
    let rows: Vec<&str> = text.split("## The roster").nth(1).unwrap().lines().collect();
    for column in config::columns() {
        let begins = format!("| `{}` | ", column.name);
        assert_eq!(rows.iter().filter(|row| row.starts_with(&begins)).count(), 1, "{begins}");
    }
    let documented =
        rows.iter().filter_map(|row| row.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key);
    for key in documented.filter(|key| key.contains('.')) {
        assert!(
            config::keys().iter().any(|known| known.path == key),
            "{key} is documented, but there is none"
        );
    }
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let Ok(page) =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/design/CONFIG.md"))
    else {
        println!("skipped: ../shared is absent");
        return;
    };
    let contract = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut found = settings(contract).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    assert!(found.google.is_configured, "its section is there");
    found.google.is_configured = DEFAULTS.google.is_configured;
    assert_eq!((values(&found), &found.mail), (values(&DEFAULTS), &DEFAULTS.mail));
    let columns: Vec<&str> = config::columns().iter().map(|column| column.name).collect();
    assert!(page.contains(&format!("`{}`", columns.join(","))), "the columns differ");
}

#[test]
fn settings_are_as_meant() {
    let text = r#"
        mode = "auto"
        pilot = ["Mo@Example.com"]
        holidays = ["https://h.example/a.ics?x=y", "Europe/Berlin=webcal://h.example/de.ics", "Ana@example.com=ana.ics"]
        [policy]
        displace = ["tentative"]
        [mail]
        from = "1-on-1s <beat@example.com>"
        ops = ["Ops@example.com", "sam@example.com"]
        transport = "file"
        [health]
        target = 1
        [web]
        listen = ""
        public_url = "https://beat.example.com/x/"
    "#;
    let found = settings(text).unwrap_or_else(|problems| panic!("{}", said(&problems)));
    assert_eq!((&found.rules.pilot[..], found.web.listen), (&["mo@example.com".to_owned()][..], None));
    assert_eq!(found.mail.ops, ["ops@example.com", "sam@example.com"]);
    assert_eq!(found.mail.transport, config::Transport::File { dir: "mail".to_owned() });
    let voice = &found.rules.voice;
    assert_eq!((voice.from_name.as_str(), voice.from_address.as_str()), ("1-on-1s", "beat@example.com"));
    assert_eq!(
        (voice.reply_to.as_str(), voice.public_url.as_str()),
        ("ops@example.com", "https://beat.example.com/x")
    );
    assert!(found.rules.policy.displace_tentative && !found.rules.policy.displace_focus);
    assert!((found.rules.health.target - 1.0).abs() < f64::EPSILON);
    let zone = ZONES.get("Europe/Berlin").unwrap();
    let feed = |scope, place: &str| HolidaySource { scope, source: SourceSpec::Feed(place.to_owned()) };
    let expected = [
        feed(HolidayScope::Everybody, "https://h.example/a.ics?x=y"),
        feed(HolidayScope::Zone(zone), "https://h.example/de.ics"),
        feed(HolidayScope::Person("ana@example.com".to_owned()), "ana.ics"),
    ];
    assert!(found.holidays == expected, "{:?}", found.holidays);
}

#[test]
fn a_roster_out_of_a_spreadsheet_is_as_meant() {
    let text = "\u{feff}Email,Name,Manager,Aliases,Calendar,plan_from\r\n\
        mo@example.com,\"Ali, \"\"Mo\"\"\",L.Roth@example.com,,,\r\n\
        \r\n\
        Lea@Example.com,,,l.roth@example.com  LEA@example.com,ics:lea.ics ics:webcal://h.example/busy.ics,2026-10-01\r\n\
        ,,,,,\r\n";
    let (people, _) = roster(text, &DEFAULTS, Calendars::FromRoster).unwrap();
    let [mo, lea] = people.people().collect::<Vec<_>>()[..] else { panic!("two people") };
    assert_eq!((mo.name.as_str(), mo.manager, mo.calendars.len()), ("Ali, \"Mo\"", Some(lea.id), 0));
    assert_eq!((lea.address.as_str(), lea.name.as_str()), ("lea@example.com", "lea@example.com"));
    assert_eq!((lea.manager, lea.calendars.len(), lea.zone.name.as_ref()), (None, 2, "Europe/Berlin"));
    assert_eq!(people.by_address("l.roth@example.com"), Some(lea.id));
    assert!(lea.plan.is_some_and(|plan| plan.from.is_some() && plan.until.is_none()));
}

#[test]
fn settings_and_roster_must_agree() {
    fn check(toml: &str, expected: &str) {
        let text = "email,manager\nlea@example.com,\nmo@example.com,lea@example.com\n";
        let problems = roster(text, &settings(toml).unwrap(), Calendars::FromWorld).unwrap_err();
        assert_eq!(said(&problems), expected);
    }
    check(
        "mode = \"observe\"\npilot = [\"mo@example.com\", \"lea@example.com\", \"x@example.com\"]",
        "drumbeat.toml:2: pilot = \"mo@example.com\": nobody's manager; name people who have reports\n\
         drumbeat.toml:2: pilot = \"x@example.com\": nobody of the roster; name people who have reports\n",
    );
    check(
        "holidays = [\"x@example.com=x.ics\", \"mo@example.com=x.ics\"]",
        "drumbeat.toml:1: holidays = \"x@example.com\": nobody of the roster; name a person of the roster, or a zone\n",
    );
}

#[test]
fn nobody_is_enough_to_observe() {
    fn check(mode: &str, refused: bool) {
        let settings = settings(&format!("mode = \"{mode}\"")).unwrap();
        assert_eq!(roster("email\n", &settings, Calendars::FromRoster).is_err(), refused, "{mode}");
    }
    check("observe", false);
    check("propose", true);
    check("auto", true);
}

#[test]
fn a_replay_may_have_links_that_lead_home() {
    let text = "mode = \"auto\"\n[web]\npublic_url = \"http://127.0.0.1:8087\"";
    let people = "email\nlea@example.com\n";
    let live = roster(people, &settings(text).unwrap(), Calendars::FromRoster).unwrap_err();
    assert!(
        said(&live).starts_with("drumbeat.toml:3: web.public_url = \"http://127.0.0.1:8087\": "),
        "{live:?}"
    );
    assert!(roster(people, &settings(text).unwrap(), Calendars::FromWorld).is_ok());
    let to_files = settings(&format!("{text}\n[mail]\ntransport = \"file\"")).unwrap();
    assert!(roster(people, &to_files, Calendars::FromRoster).is_ok());
}

#[test]
fn a_zone_with_holidays_is_no_worry() {
    fn check(holidays: &str, worries: usize) {
        let text = "email,time_zone\nlea@example.com,Asia/Tokyo\nmo@example.com,Asia/Tokyo\nbo@example.com,Europe/Rome\n";
        let settings = settings(&format!("holidays = [{holidays}]")).unwrap();
        let (_, warnings) = roster(text, &settings, Calendars::FromWorld).unwrap();
        assert_eq!(warnings.len(), worries, "{holidays}: {}", said(&warnings));
    }
    check("", 2);
    check("\"all.ics\"", 0);
    check("\"Asia/Tokyo=jp.ics\"", 1);
    check("\"lea@example.com=jp.ics\"", 2);
    check("\"lea@example.com=jp.ics\", \"mo@example.com=jp.ics\"", 1);
}

#[test]
fn a_roster_that_was_cut_short_is_refused() {
    fn check(before: usize, after: usize, refused: bool) {
        let read = |count: usize| {
            let rows: String = (0..count).fold(String::new(), |all, n| all + &format!("p{n}@example.com\n"));
            roster(&format!("email\n{rows}"), &DEFAULTS, Calendars::FromWorld).unwrap().0
        };
        assert_eq!(config::lost(&read(before), &read(after)).is_some(), refused, "{before} to {after}");
    }
    check(10, 5, false);
    check(10, 4, true);
    check(30, 24, false);
    check(29, 23, true);
    check(29, 40, false);
    let refusal = config::Refusal { lost: 6, of: 29 };
    assert_eq!(
        refusal.to_string(),
        "the new roster loses 6 of 29 people; if that is meant, say `drumbeat reload --accept-roster`"
    );
}

mod any_text {
    use super::*;
    use proptest::prelude::*;

    /// A shipped file with one piece replaced.
    fn mutated(path: &str) -> impl Strategy<Value = String> + use<> {
        let text: Vec<char> = read(path).chars().collect();
        let pieces = prop_oneof![
            ".{0,20}",
            Just("[[".to_owned()),
            Just("\"\"\"".to_owned()),
            Just("= 1\n".to_owned()),
            Just("\r".to_owned()),
        ];
        (0..text.len(), 0_usize..60, pieces).prop_map(move |(at, cut, piece)| {
            let end = (at + cut).min(text.len());
            text[..at].iter().copied().chain(piece.chars()).chain(text[end..].iter().copied()).collect()
        })
    }

    fn of_settings(text: &str) -> Vec<Problem> {
        settings(text).err().unwrap_or_default()
    }

    fn of_roster(text: &str) -> Vec<Problem> {
        roster(text, &DEFAULTS, Calendars::FromRoster).err().unwrap_or_default()
    }

    /// Reading never panics; every message is one line and points into the file.
    fn check(text: &str, found: Vec<Problem>) -> Result<(), TestCaseError> {
        for problem in found {
            prop_assert!(!problem.to_string().contains('\n'), "{problem}");
            prop_assert!(
                problem.line.is_none_or(|line| (1..=text.matches('\n').count() + 1).contains(&line))
            );
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn is_read_or_refused(text in "(?s).{0,200}") {
            check(&text, of_settings(&text))?;
            check(&text, of_roster(&text))?;
        }

        #[test]
        fn of_a_bent_configuration_is_read_or_refused(text in mutated("config/drumbeat.toml")) {
            check(&text, of_settings(&text))?;
        }

        #[test]
        fn of_a_bent_roster_is_read_or_refused(text in mutated("config/roster.example.csv")) {
            check(&text, of_roster(&text))?;
        }
    }
}
