//! `rehearse`: a policy over what a calendar remembers of its past.

use super::feeds::{Feeds, at, event, monday, weekly, with};
use super::site::said;

const BO: (&str, &str) = ("bo@example.com", "Bo Berg");
const ANA: (&str, &str) = ("ana@example.com", "Ana Alves");

/// Bo's calendar: a series with Ana, of which one was moved, one called off and one declined, in weeks of their own.
fn organisation() -> Feeds {
    let feeds = Feeds::new();
    let two = with(&[BO, ANA]);
    let one = |week: i64, start: &str, more: &str| {
        let lines = format!("RECURRENCE-ID:{}\nLAST-MODIFIED:{}\n{more}", at(week, 2, 10), at(week, 1, 8));
        event("ana", "Secret plan", start, &lines)
    };
    let declined =
        two.replacen("ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Ana", "ATTENDEE;PARTSTAT=DECLINED;CN=\"Ana", 1);
    let events = [
        weekly("ana", "Secret plan", (2, 10), &two),
        one(-2, &at(-2, 3, 14), &two),
        one(-3, &at(-3, 2, 10), &format!("STATUS:CANCELLED\n{two}")),
        one(-4, &at(-4, 2, 10), &declined),
    ];
    feeds.feed("bo.ics", "Bo Berg", &events);
    feeds.feed("ana.ics", "Ana Alves", &events);
    feeds.write(
        "roster.csv",
        "email,name,manager,start_date,status,calendar\n\
         cy@example.com,Cy Cole,,,none,\n\
         bo@example.com,Bo Berg,cy@example.com,,none,ics:bo.ics\n\
         ana@example.com,Ana Alves,bo@example.com,2020-01-01,,ics:ana.ics\n",
    );
    for (name, mode) in [("drumbeat.toml", "observe"), ("auto.toml", "auto")] {
        feeds.write(
            name,
            &format!(
                "version = 1\nmode = \"{mode}\"\ntime_zone = \"UTC\"\n[mail]\n\
                 from = \"Drumbeat <drumbeat@example.com>\"\nops = [\"ops@example.com\"]\ntransport = \"file\"\n\
                 [web]\nlisten = \"\"\nadmin = \"\"\n"
            ),
        );
    }
    feeds
}

/// The counts of a row, one for each policy.
fn row(text: &str, what: &str) -> Vec<u32> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(what))
        .unwrap_or_else(|| panic!("{what}: {text}"));
    line.split_whitespace().map(|count| count.parse().expect("a count")).collect()
}

#[test]
fn two_policies_stand_side_by_side_and_nothing_is_written() {
    let feeds = organisation();
    let since = monday(-5).to_string();
    let before = feeds.files();
    let args = ["rehearse", "--since", &since, "--config", "drumbeat.toml", "--config", "auto.toml"];
    let output = feeds.run(&args);
    let text = said(
        &output,
        0,
        &[
            "over 2 of 2 calendars, which remember 6 changes. Nothing was sent or booked.",
            "drumbeat.toml (observe)",
            "auto.toml (auto)",
            "A rehearsal cannot know what was deleted",
        ],
    );
    assert_eq!(row(&text, "rescheduled"), [1, 1]);
    assert_eq!(row(&text, "cancelled"), [1, 1]);
    assert_eq!(row(&text, "declined"), [1, 1]);
    assert_eq!(row(&text, "recoveries opened"), [2, 2]);
    assert_eq!(row(&text, "bookings")[..], [0, 2]);
    assert_eq!(row(&text, "took place as Drumbeat booked"), [0, 2]);
    assert_eq!(row(&text, "missed")[..1], [2]);
    assert!(row(&text, "most to one person in a week")[1] > 0);
    for word in ["Secret", "Ana", "bo@example.com"] {
        assert!(!text.contains(word), "counts alone, not {word}: {text}");
    }
    assert_eq!(feeds.run(&args).stdout, output.stdout, "the same twice");
    assert_eq!(feeds.files(), before, "nothing is written");
}

#[test]
fn the_mode_can_be_tried_and_proposals_answered() {
    let feeds = organisation();
    let since = monday(-5).to_string();
    let silence = said(&feeds.run(&["rehearse", "--since", &since, "--mode", "propose"]), 0, &["(propose)"]);
    assert_eq!(row(&silence, "proposals"), [2]);
    let accept = ["rehearse", "--since", &since, "--mode", "propose", "--answers", "accept"];
    let accept = said(&feeds.run(&accept), 0, &["the first time of each proposal is accepted"]);
    assert_eq!(row(&accept, "bookings"), [2]);
    let output = feeds.run(&["rehearse", "--since", &since, "--mode", "auto", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!(json[0]["counts"]["deeds"]["bookings"], 2);
}

#[test]
fn what_is_wrong_is_said() {
    let feeds = organisation();
    let tomorrow = monday(2).to_string();
    said(&feeds.run(&["rehearse", "--since", &tomorrow]), 1, &["write a day before"]);
    said(&feeds.run(&["rehearse", "--since", "2001-01-01"]), 1, &["at most 366 days"]);
    said(&feeds.run(&["rehearse", "--since", "soon"]), 2, &["--since"]);
    said(&feeds.run(&["rehearse", "--since", "2026-01-01", "--config", "none.toml"]), 78, &["none.toml"]);
    std::fs::remove_file(feeds.path("ana.ics")).expect("is there");
    let since = monday(-2).to_string();
    said(
        &feeds.run(&["rehearse", "--since", &since]),
        0,
        &["not read: ana@example.com", "nothing is seen in it, and nothing booked", "over 1 of 2 calendars"],
    );
}
