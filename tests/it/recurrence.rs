//! Recurrence: the cases of other projects, and a naive day-by-day expander.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{NaiveDateTime, TimeDelta};
use drumbeat::ical::{self, Limits, Lookup};
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Zone, Zones};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    dtstart: String,
    tzid: Option<String>,
    rrule: Vec<String>,
    exrule: Vec<String>,
    exdate: Vec<String>,
    rdate: Vec<String>,
    expected: Vec<String>,
    expected_is_prefix: bool,
}

const EXCEPTIONS: &str = include_str!("../data/ical/recurrence-exceptions.tsv");

fn plain(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 8 { digits + "000000" } else { digits[..14].to_owned() }
}

/// The case as a feed, as people would meet it.
fn feed(case: &Case) -> String {
    let zone = case.tzid.as_ref().map(|zone| format!(";TZID={zone}")).unwrap_or_default();
    let zone = if case.dtstart.len() == 8 { ";VALUE=DATE".to_owned() } else { zone };
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "BEGIN:VEVENT".into(), "UID:case".into()];
    lines.push(format!("DTSTART{zone}:{}", case.dtstart));
    lines.extend(case.rrule.iter().map(|rule| format!("RRULE:{}", with_start_counted(case, rule))));
    lines.extend(case.exrule.iter().map(|rule| format!("EXRULE:{rule}")));
    lines.extend(case.exdate.iter().map(|date| format!("EXDATE{}:{date}", zone_of(date, &zone))));
    lines.extend(case.rdate.iter().map(|date| format!("RDATE{}:{date}", zone_of(date, &zone))));
    lines.extend(["END:VEVENT".into(), "END:VCALENDAR".into()]);
    lines.join("\r\n")
}

fn zone_of<'a>(date: &str, zone: &'a str) -> &'a str {
    if date.ends_with('Z') { "" } else { zone }
}

/// Most sources leave a DTSTART out that the rule does not yield; RFC 5545 counts it, and so do we.
fn leaves_start_out(case: &Case) -> bool {
    let start = plain(&case.dtstart);
    !case.expected.iter().any(|one| plain(one) == start) && !case.exdate.iter().any(|one| plain(one) == start)
}

/// The same rule for somebody who counts DTSTART.
fn with_start_counted(case: &Case, rule: &str) -> String {
    let parts = rule.split(';').map(|part| match part.strip_prefix("COUNT=") {
        Some(count) if leaves_start_out(case) => {
            count.parse::<u32>().map_or(part.to_owned(), |n| format!("COUNT={}", n + 1))
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// What the library makes of a case: local times, and whether it had doubts that it cannot be expanded.
fn expanded(case: &Case, zones: &Zones) -> Vec<String> {
    let parsed = ical::parse(feed(case).as_bytes(), &Limits::default());
    let zone = case.tzid.as_ref().and_then(|name| zones.get(name)).unwrap_or_else(Zone::utc);
    let lookup = Lookup { zones, custom: &parsed.zones, default: &zone };
    let wall = |text: &str| NaiveDateTime::parse_from_str(&plain(text), "%Y%m%d%H%M%S").expect("a date");
    let last = case.expected.last().map_or(wall(&case.dtstart), |last| wall(last));
    let slack = if case.expected_is_prefix { TimeDelta::seconds(1) } else { TimeDelta::days(3_650) };
    let window =
        Span::new(zone.instant(wall(&case.dtstart)) - TimeDelta::days(1), zone.instant(last) + slack);
    let out = ical::expand(&parsed.events, &lookup, &window, &Limits::default());
    let walls = out.instances.iter().filter(|one| !one.is_cancelled).map(|one| zone.local(one.span.start));
    let start = wall(&case.dtstart);
    let walls = walls.filter(|wall| !(leaves_start_out(case) && *wall == start));
    walls.map(|wall| wall.format("%Y%m%d%H%M%S").to_string()).collect()
}

#[test]
fn cases_of_other_projects() {
    let path = Path::new("../shared/fixtures/recurrence/cases.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let cases: Vec<Case> = serde_json::from_str(&text).expect("cases");
    let listed: BTreeMap<&str, &str> =
        EXCEPTIONS.lines().skip(1).filter_map(|line| line.split_once('\t')).collect();
    assert!(listed.len() <= 90, "at most 90 exceptions");
    assert!(listed.values().all(|reason| !reason.is_empty()), "every exception has a reason");
    let zones = Zones::bundled();
    let (mut passed, mut wrong) = (0, Vec::new());
    for case in &cases {
        let got = expanded(case, &zones);
        let expected: Vec<String> = case.expected.iter().map(|one| plain(one)).collect();
        let passes = got == expected;
        passed += usize::from(passes);
        if passes == listed.contains_key(case.name.as_str()) {
            wrong.push(format!(
                "{}\t{passes}\t{} {:?}\n  expected {expected:?}\n  got      {got:?}",
                case.name, case.dtstart, case.rrule
            ));
        }
    }
    println!("recurrence: {passed} of {} cases pass, {} are listed as exceptions", cases.len(), listed.len());
    assert!(wrong.is_empty(), "{} cases differ from the list:\n{}", wrong.len(), wrong.join("\n"));
}
