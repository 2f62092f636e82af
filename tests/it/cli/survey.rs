//! `survey` and `roster suggest`: what an operator learns on the first day.

use std::os::unix::fs::PermissionsExt;

use super::feeds::{Feeds, at, calendar, event, serve, weekly, with};
use super::site::said;

const BO: (&str, &str) = ("bo@example.com", "Bo Berg");
const ANA: (&str, &str) = ("ana@example.com", "Ana Alves");
const BEN: (&str, &str) = ("ben@example.com", "Ben Bock");
const CY: (&str, &str) = ("cy@example.com", "Cy Cole");

/// Bo's calendar: a series each with Ana and Ben and Cy; one of Ana's moved, one cancelled, one declined.
fn of_bo() -> Vec<String> {
    let ana = with(&[BO, ANA]);
    let one = |week: i64, start: &str, more: &str| {
        let lines = format!("RECURRENCE-ID:{}\nLAST-MODIFIED:{}\n{more}", at(week, 1, 10), at(week, 0, 8));
        event("ana", "Secret plan for Ana", start, &lines)
    };
    vec![
        weekly("ana", "Secret plan for Ana", (1, 10), &ana),
        one(-2, &at(-2, 3, 15), &ana),
        one(-3, &at(-3, 1, 10), &format!("STATUS:CANCELLED\n{ana}")),
        one(
            -4,
            &at(-4, 1, 10),
            &ana.replacen("ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Ana", "ATTENDEE;PARTSTAT=DECLINED;CN=\"Ana", 1),
        ),
        weekly("ben", "Coaching Ben", (2, 11), &with(&[BO, BEN])),
        weekly("cy", "Cy / Bo", (3, 12), &with(&[CY, BO])),
        weekly(
            "doctor",
            "Doctor Who",
            (4, 9),
            &format!("CLASS:PRIVATE\n{}", with(&[BO, ("dr@clinic.example", "Dr")])),
        ),
        weekly("team", "Team meeting", (0, 9), &with(&[BO, ANA, BEN])),
        weekly("customer", "Status Initech", (0, 15), &with(&[BO, ("x@initech.example", "X")])),
    ]
}

const ROSTER: &str = "email,name,manager,calendar,match,aliases\n\
                      cy@example.com,Cy Cole,,,,\n\
                      bo@example.com,Bo Berg,cy@example.com,ics:bo.ics,,\n\
                      ana@example.com,Ana Alves,bo@example.com,,,\n\
                      ben@example.com,Ben Bock,bo@example.com,,,\n";

#[test]
fn a_survey_needs_no_more_than_a_calendar() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    let output = feeds.run(&["survey", "bo@example.com=bo.ics", "--weeks", "5"]);
    let text = said(
        &output,
        0,
        &[
            "Read 1 of 1 calendar: from ",
            "weekly Tue 10:00 UTC",
            "Secret plan for Ana",
            "Bo Berg  Ana Alves",
            "odxmo",
            "weekly Wed 11:00 UTC",
            "1 private series is not shown",
            "and 1 series with people of other mail domains",
            "What a calendar has deleted cannot be seen",
        ],
    );
    assert!(!text.contains("Doctor") && !text.contains("clinic") && !text.contains("Team meeting"), "{text}");
    assert_eq!(feeds.files(), ["bo.ics"], "nothing is written");
    let again = feeds.run(&["survey", "bo@example.com=bo.ics", "--weeks", "5"]);
    assert_eq!(output.stdout, again.stdout);
    said(&feeds.run(&["survey", "bo.ics"]), 0, &["Bo Berg"]);
}

#[test]
fn json_says_the_same_and_hides_the_same() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    feeds.write("people.csv", ROSTER);
    let text =
        said(&feeds.run(&["survey", "bo@example.com=bo.ics", "--roster", "people.csv", "--json"]), 0, &[]);
    let json: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(json["gate"]["recognised"], 3);
    assert_eq!(json["gate"]["open"], true);
    assert_eq!(json["reps"][0]["rep"], "bo@example.com");
    assert_eq!(json["reps"][0]["baseline"]["reconstructed"], true);
    let became = json["series"].as_array().expect("a list").iter().filter_map(|one| one["past"].as_array());
    let became: Vec<&str> = became.flatten().filter_map(|one| one["became"].as_str()).collect();
    for word in ["stood", "moved", "cancelled", "declined"] {
        assert!(became.contains(&word), "{word}");
    }
    assert!(!text.contains("Doctor"), "{text}");
}

#[test]
fn with_a_roster_each_rep_has_a_line_and_a_baseline_follows() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    feeds.write("people.csv", ROSTER);
    let text = said(
        &feeds.run(&["survey", "--roster", "people.csv"]),
        0,
        &[
            "Ana Alves  Bo Berg",
            "attendees: Secret plan for Ana",
            "attendees: Cy / Bo",
            "reconstructed",
            "team of Bo Berg",
            "22 of 24",
            "Recognised for 3 of 3 owed reps (needs 80 % where ten or more are owed): propose and auto would act.",
        ],
    );
    assert!(!text.contains("not read"), "{text}");
}

#[test]
fn a_feed_without_attendees_is_told_by_titles_and_says_what_would_mend_it() {
    let feeds = Feeds::new();
    let titles = [("1:1 Ana", 1), ("Bock weekly", 2), ("Staff", 3)];
    let events: Vec<String> =
        titles.iter().map(|(title, day)| weekly(title, title, (*day, 10), "")).collect();
    feeds.feed("bo.ics", "Calendar", &events);
    feeds.write("people.csv", ROSTER);
    let args = ["survey", "bo@example.com=bo.ics", "--roster", "people.csv"];
    said(
        &feeds.run(&args),
        0,
        &[
            "it lists no attendees (Exchange publishes so)",
            "Recurring titles in calendars that list no attendees",
            "first name in title: 1:1 Ana",
            "NOT: \"Bock weekly\" may be it, but names nobody",
            "ben@example.com  match = ^Bock weekly$",
            "NOT: no attendees are listed, and no title names Bo Berg",
            "Recognised for 1 of 3 owed reps",
        ],
    );
    feeds.write(
        "people.csv",
        &ROSTER.replace(
            "ben@example.com,Ben Bock,bo@example.com,,,",
            "ben@example.com,Ben Bock,bo@example.com,,^Bock weekly$,",
        ),
    );
    said(&feeds.run(&args), 0, &["match: Bock weekly", "Recognised for 2 of 3 owed reps"]);
}

#[test]
fn an_unknown_alias_is_found_and_tried() {
    let feeds = Feeds::new();
    let events = vec![weekly("a", "Ana", (1, 10), &with(&[BO, ("a.alves@old.example", "Ana Alves")]))];
    feeds.feed("bo.ics", "Bo Berg", &events);
    feeds.write("people.csv", ROSTER);
    said(
        &feeds.run(&["survey", "--roster", "people.csv"]),
        0,
        &[
            "NOT: a.alves@old.example attends, an address that Ana Alves does not have in the roster",
            "ana@example.com  aliases: add a.alves@old.example",
        ],
    );
}

#[test]
fn somebody_elses_feed_is_told() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    feeds.write("people.csv", ROSTER);
    let wrong = ROSTER.replace(
        "ana@example.com,Ana Alves,bo@example.com,,,",
        "ana@example.com,Ana Alves,bo@example.com,ics:bo.ics,,",
    );
    feeds.write("people.csv", &wrong);
    said(
        &feeds.run(&["survey", "--roster", "people.csv"]),
        0,
        &["it calls itself \"Bo Berg\", and is given as the calendar of Ana Alves: is it the right one?"],
    );
    let of_ben = [1, 2, 3].map(|day| weekly(&format!("x{day}"), "Deal", (day, 8), &with(&[BEN, CY])));
    feeds.feed("bo.ics", "Calendar", &of_ben);
    said(
        &feeds.run(&["survey", "bo@example.com=bo.ics", "--roster", "people.csv"]),
        0,
        &["ben@example.com is in everything in it, and Bo Berg in nothing: it is another person's calendar."],
    );
}

#[test]
fn a_bad_calendar_stops_no_other_and_shows_no_secret() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    feeds.write("page.ics", "<!DOCTYPE html><html><body>Sign in</body></html>");
    let good = format!("bo@example.com={}", serve("200 OK", calendar("Bo Berg", &of_bo())));
    let gone = serve("404 Not Found", String::new());
    let args = ["survey", &good, &gone, "page.ics", "nowhere.ics", "ftp://x/y"];
    let text = said(
        &feeds.run(&[&args[..], &["--private-addresses"]].concat()),
        0,
        &[
            "Read 1 of 5 calendars",
            "weekly Tue 10:00 UTC",
            "not read: calendar 2 (http://127.0.0.1:",
            "answered 404. Publish the calendar anew",
            "a web page came instead of a calendar",
            "nowhere.ics",
            "Write an address that begins with https://",
        ],
    );
    assert!(!text.contains("private-0123456789"), "{text}");
    let refused =
        said(&feeds.run(&["survey", &good]), 1, &["is a private address", "add --private-addresses"]);
    assert!(!refused.contains("private-0123456789"), "{refused}");
    said(&feeds.run(&["survey"]), 1, &["nothing to look at", "--config"]);
}

#[test]
fn the_configurations_calendars_are_taken_where_none_is_named() {
    let site = super::site::Site::new();
    let recurring = weekly("ana", "Ana / Bo", (2, 9), &with(&[BO, ANA]));
    site.write("cal/bo.ics", &calendar("Bo Berg", &[recurring]));
    site.check(&["survey"], 0, &["Read 2 of 2 calendars", "Ana Alves  Bo Berg", "attendees: Ana / Bo"]);
    assert!(!site.path("state").exists(), "no state is made");
}

#[test]
fn a_suggested_roster_is_right_and_recognises_everybody() {
    let feeds = Feeds::new();
    feeds.feed("bo.ics", "Bo Berg", &of_bo());
    let di = ("di@example.com", "=Di Dorn");
    let of_cy = [
        weekly("cy", "Cy / Bo", (3, 12), &with(&[CY, BO])),
        weekly("di", "Di / Cy", (3, 13), &with(&[CY, di])),
    ];
    feeds.feed("cy.ics", "cy@example.com", &of_cy);
    feeds.feed(
        "di.ics",
        "di@example.com",
        &[weekly("ed", "Ed", (4, 9), &with(&[di, ("ed@example.com", "Ed Eck")]))],
    );
    let (bo, cy) = (format!("bo@example.com={}", feeds.text("bo.ics")), feeds.text("cy.ics"));
    let di = feeds.text("di.ics");
    let text = said(
        &feeds.run(&["roster", "suggest", &bo, &cy, &di]),
        0,
        &["Wrote roster.csv: 6 people, 3 managers", "note: 1 series with people of other mail domains"],
    );
    assert!(!text.contains("bo.ics"), "a calendar's address is a secret: {text}");
    let written = std::fs::read_to_string(feeds.path("roster.csv")).expect("is written");
    let mode = feeds.path("roster.csv").metadata().expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let row = |begins: &str| written.lines().any(|line| line.starts_with(begins));
    assert!(row("cy@example.com,Cy Cole,,,"), "{written}");
    assert!(row("bo@example.com,Bo Berg,cy@example.com,,"), "{written}");
    assert!(row("ana@example.com,Ana Alves,bo@example.com,,"), "{written}");
    assert!(row("di@example.com,Di Dorn,cy@example.com,,"), "no formula: {written}");
    assert!(row("ed@example.com,Ed Eck,di@example.com,,"), "{written}");
    assert!(
        written
            .contains(&format!("ics:{}", feeds.path("bo.ics").canonicalize().expect("is there").display()))
    );

    said(
        &feeds.run(&["roster", "suggest", &bo, &cy, &di]),
        1,
        &["it is there already; --force writes over it"],
    );
    said(&feeds.run(&["roster", "suggest", &bo, &cy, &di, "--force"]), 0, &["Wrote roster.csv"]);
    let printed = feeds.run(&["roster", "suggest", &bo, &cy, &di, "--out", "-"]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), written, "printed because it was asked for");

    feeds.write(
        "drumbeat.toml",
        "version = 1\ntime_zone = \"UTC\"\n[mail]\nfrom = \"Drumbeat <drumbeat@example.com>\"\n\
         ops = [\"ops@example.com\"]\ntransport = \"file\"\n[web]\nlisten = \"\"\nadmin = \"\"\n",
    );
    said(&feeds.run(&["check", "--config", "drumbeat.toml"]), 0, &["drumbeat.toml is right"]);
    said(&feeds.run(&["survey", "--config", "drumbeat.toml"]), 0, &["Recognised for 5 of 5 owed reps"]);
    let again = feeds.run(&["roster", "suggest", "--config", "drumbeat.toml", "--out", "-"]);
    assert_eq!(String::from_utf8_lossy(&again.stdout), written, "calendars stay what the roster says");
}

#[test]
fn an_unsure_manager_is_left_empty_and_said() {
    let feeds = Feeds::new();
    feeds.feed("ana.ics", "ana@example.com", &[weekly("x", "1:1", (1, 9), &with(&[ANA, BEN]))]);
    let output = feeds.run(&["roster", "suggest", "ana.ics", "--out", "-"]);
    said(&output, 0, &["unsure: the manager of ana@example.com may be ben@example.com; the cell is empty"]);
    let empty = Feeds::new();
    empty.feed("x.ics", "Calendar", &[]);
    said(&empty.run(&["roster", "suggest", "x.ics"]), 1, &["no recurring 1-on-1s in these calendars"]);
}
