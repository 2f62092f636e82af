//! Recurrence: the cases of other projects, and a naive day-by-day expander.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use drumbeat::ical::{self, Doubt, Limits, Lookup};
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Zone, Zones};
use proptest::prelude::*;
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

/// A feed of one calendar with these lines in it, its instances in a window, told as lines.
fn told(lines: &str, window: (&str, &str)) -> Vec<String> {
    let text = format!("BEGIN:VCALENDAR\n{lines}\nEND:VCALENDAR\n");
    let parsed = ical::parse(text.as_bytes(), &Limits::default());
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    let zones = Zones::bundled();
    let default = zones.get("Europe/Berlin").expect("a zone");
    let lookup = Lookup { zones: &zones, custom: &parsed.zones, default: &default };
    let at = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a date").and_utc();
    let window = Span::new(at(window.0), at(window.1));
    let out = ical::expand(&parsed.events, &lookup, &window, &Limits::default());
    let instances = out.instances.iter().map(|one| {
        let title = &parsed.events[one.event].title;
        let mut line = format!("{title} {}", one.span.start.format("%m-%d %H:%M"));
        if let Some(rid) = one.rid.filter(|rid| *rid != one.span.start) {
            line = format!("{line} was {}", rid.format("%m-%d %H:%M"));
        }
        line += if one.is_cancelled { " cancelled" } else { "" };
        line += if one.master.is_none() && one.rid.is_some() { " orphan" } else { "" };
        line
    });
    let doubts = out.doubts.iter().map(|(_, doubt)| format!("doubt {doubt:?}"));
    instances.chain(doubts).collect()
}

/// The events are given without BEGIN and END, one block each, in the zone of New York.
fn check(what: &str, events: &[&str], expected: &[&str]) {
    let blocks: Vec<String> =
        events.iter().map(|event| format!("BEGIN:VEVENT\nUID:u\n{event}\nEND:VEVENT")).collect();
    assert_eq!(told(&blocks.join("\n"), ("2026-11-02 00:00", "2026-11-16 00:00")), expected, "{what}");
}

const WEEKLY: &str =
    "SUMMARY:m\nDTSTART;TZID=America/New_York:20261007T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY";

#[test]
fn exceptions_replace_instances() {
    check("a plain series over the end of summer time", &[WEEKLY], &["m 11-04 15:00", "m 11-11 15:00"]);
    let moved = "SUMMARY:x\nRECURRENCE-ID;TZID=America/New_York:20261104T100000\n\
                 DTSTART;TZID=America/New_York:20261105T090000\nDURATION:PT1H";
    check("moved inside", &[WEEKLY, moved], &["x 11-05 14:00 was 11-04 15:00", "m 11-11 15:00"]);
    let by_utc = "SUMMARY:x\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261105T140000Z";
    check("named in UTC", &[WEEKLY, by_utc], &["x 11-05 14:00 was 11-04 15:00", "m 11-11 15:00"]);
    let by_date = "SUMMARY:x\nRECURRENCE-ID;VALUE=DATE:20261104\nDTSTART:20261105T140000Z";
    check("named by its date", &[WEEKLY, by_date], &["x 11-05 14:00 was 11-04 15:00", "m 11-11 15:00"]);
    let other_zone = "SUMMARY:x\nRECURRENCE-ID;TZID=Europe/Berlin:20261104T160000\nDTSTART:20261105T140000Z";
    check(
        "named in another zone",
        &[WEEKLY, other_zone],
        &["x 11-05 14:00 was 11-04 15:00", "m 11-11 15:00"],
    );
    let out = "SUMMARY:x\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261201T140000Z";
    check("moved out of the window", &[WEEKLY, out], &["m 11-11 15:00"]);
    let inside = "SUMMARY:x\nRECURRENCE-ID:20261202T150000Z\nDTSTART:20261106T140000Z";
    check(
        "moved into the window",
        &[WEEKLY, inside],
        &["m 11-04 15:00", "x 11-06 14:00 was 12-02 15:00", "m 11-11 15:00"],
    );
    let off = "SUMMARY:x\nSTATUS:CANCELLED\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261104T150000Z";
    check("called off", &[WEEKLY, off], &["x 11-04 15:00 cancelled", "m 11-11 15:00"]);
    check("without its series", &[moved], &["x 11-05 14:00 was 11-04 15:00 orphan"]);
    let old = "SUMMARY:old\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261107T140000Z";
    let new = "SUMMARY:new\nSEQUENCE:3\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261105T140000Z";
    check("two revisions", &[WEEKLY, new, old], &["new 11-05 14:00 was 11-04 15:00", "m 11-11 15:00"]);
}

#[test]
fn this_and_future_moves_the_rest() {
    let rest = "SUMMARY:x\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20261028T100000\n\
                DTSTART;TZID=America/New_York:20261029T113000\nDURATION:PT1H";
    check(
        "from before the window",
        &[WEEKLY, rest],
        &["x 11-05 16:30 was 11-04 15:00", "x 11-12 16:30 was 11-11 15:00"],
    );
    let single = "SUMMARY:y\nRECURRENCE-ID:20261111T150000Z\nDTSTART:20261113T150000Z";
    check(
        "with one of its own",
        &[WEEKLY, rest, single],
        &["x 11-05 16:30 was 11-04 15:00", "y 11-13 15:00 was 11-11 15:00"],
    );
}

#[test]
fn dates_are_added_and_removed() {
    let with = |line: &str| format!("{WEEKLY}\n{line}");
    let exdates = [
        "EXDATE;TZID=America/New_York:20261104T100000",
        "EXDATE:20261104T150000Z",
        "EXDATE;VALUE=DATE:20261104",
        "EXDATE:20261104T100000",
        "EXRULE:FREQ=MONTHLY;BYMONTHDAY=4",
    ];
    for exdate in exdates {
        check(exdate, &[&with(exdate)], &["m 11-04 15:00 cancelled", "m 11-11 15:00"]);
    }
    let added = ["m 11-04 15:00", "m 11-05 13:00", "m 11-11 15:00"];
    check("RDATE", &[&with("RDATE:20261105T130000Z")], &added);
    check("RDATE of a period", &[&with("RDATE;VALUE=PERIOD:20261105T130000Z/PT1H")], &added);
    let exception = "SUMMARY:x\nRECURRENCE-ID:20261104T150000Z\nDTSTART:20261104T160000Z";
    check(
        "an exception beats an EXDATE",
        &[&with("EXDATE:20261104T150000Z"), exception],
        &["x 11-04 16:00 was 11-04 15:00", "m 11-11 15:00"],
    );
}

#[test]
fn ends_of_series() {
    let until = |until: &str| format!("{WEEKLY};UNTIL={until}");
    for last in ["20261104T150000Z", "20261104T100000", "20261104", "20261104T235959Z"] {
        check(last, &[&until(last)], &["m 11-04 15:00"]);
    }
    check("UNTIL a second before", &[&until("20261104T145959Z")], &[]);
    check("UNTIL before DTSTART", &[&until("20260901T000000Z")], &[]);
    check("COUNT", &[&format!("{WEEKLY};COUNT=5")], &["m 11-04 15:00"]);
    let mismatch =
        "SUMMARY:m\nDTSTART;TZID=America/New_York:20261103T100000\nRRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=2";
    check("DTSTART outside its rule counts", &[mismatch], &["m 11-03 15:00", "m 11-04 15:00"]);
}

#[test]
fn whole_days() {
    let days = "SUMMARY:m\nDTSTART;VALUE=DATE:20261001\nRRULE:FREQ=WEEKLY;UNTIL=20261112T230000Z;BYHOUR=9\n";
    check("midnight of the default zone", &[days], &["m 11-04 23:00", "m 11-11 23:00"]);
    for exdate in ["EXDATE;VALUE=DATE:20261105", "EXDATE:20261105T000000Z", "EXDATE:20261104T230000Z"] {
        check(exdate, &[&(days.to_owned() + exdate)], &["m 11-04 23:00 cancelled", "m 11-11 23:00"]);
    }
}

#[test]
fn what_is_not_known_is_a_doubt() {
    let daily = |rule: &str| format!("SUMMARY:m\nDTSTART:20261103T100000Z\nRRULE:{rule}");
    let unknown = "DTSTART;TZID=Nowhere/Land:20261103T100000\nSUMMARY:m";
    check("zone", &[unknown], &["m 11-03 09:00", "doubt Zone"]);
    for rule in [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=0",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;BYWEEKNO=3",
        "FREQ=DAILY;SKIP=FORWARD",
        "nonsense",
    ] {
        check(rule, &[&daily(rule)], &["m 11-03 10:00", "doubt Rule"]);
    }
    check("empty", &[&daily("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")], &["m 11-03 10:00", "doubt Empty"]);
    check(
        "sub-daily",
        &[&daily("FREQ=HOURLY;COUNT=2")],
        &["m 11-03 10:00", "m 11-03 11:00", "doubt SubDaily"],
    );
}

#[test]
fn a_zone_by_its_own_rules() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Head Office\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0300\n\
                TZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=11\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
                DTSTART:16010101T020000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0300\n\
                RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE";
    let event = "BEGIN:VEVENT\nUID:u\nSUMMARY:m\nDTSTART;TZID=Head Office:20261007T100000\nRRULE:FREQ=WEEKLY\nEND:VEVENT";
    let got = told(&format!("{zone}\n{event}"), ("2026-11-02 00:00", "2026-11-16 00:00"));
    assert_eq!(got, ["m 11-04 07:00", "m 11-11 08:00"]);
}

#[test]
fn limits_hold() {
    let event = |rule: &str| {
        format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260101T000000Z\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR"
        )
    };
    let zones = Zones::bundled();
    let (utc, custom) = (Zone::utc(), BTreeMap::new());
    let lookup = Lookup { zones: &zones, custom: &custom, default: &utc };
    let window = Span::new(
        "2026-01-01T00:00:00Z".parse().expect("a date"),
        "2026-03-01T00:00:00Z".parse().expect("a date"),
    );
    let check = |rule: &str, limits: &Limits, count: usize, doubts: &[Doubt]| {
        let parsed = ical::parse(event(rule).as_bytes(), limits);
        let out = ical::expand(&parsed.events, &lookup, &window, limits);
        assert_eq!(out.instances.len(), count, "{rule}");
        assert_eq!(out.doubts.iter().map(|(_, doubt)| *doubt).collect::<Vec<_>>(), doubts, "{rule}");
    };
    let few = Limits { instances: 10, ..Limits::default() };
    check("FREQ=DAILY", &few, 10, &[Doubt::InstancesLimit]);
    let short = Limits { rule_steps: 20, ..Limits::default() };
    check("FREQ=DAILY;COUNT=40", &short, 20, &[Doubt::StepsLimit]);
    check("FREQ=MINUTELY", &Limits::default(), 5_000, &[Doubt::SubDaily, Doubt::InstancesLimit]);
}

/// A rule of the kinds people use, and what a calendar on the wall would say about a day.
#[derive(Debug, Clone)]
struct Simple {
    freq: &'static str,
    interval: i64,
    days: BTreeSet<u8>,
    start: NaiveDate,
}

const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Simple {
    fn rule(&self) -> String {
        let days: Vec<&str> = self.days.iter().map(|day| NAMES[usize::from(*day)]).collect();
        let days = if days.is_empty() { String::new() } else { format!(";BYDAY={}", days.join(",")) };
        format!("FREQ={};INTERVAL={}{days}", self.freq, self.interval)
    }

    fn holds(&self, date: NaiveDate) -> bool {
        let monday = |date: NaiveDate| date - Days::new(u64::from(date.weekday().num_days_from_monday()));
        let weekday = date.weekday().num_days_from_monday() as u8;
        let by_day = self.days.is_empty() || self.days.contains(&weekday);
        date == self.start
            || match self.freq {
                "DAILY" => by_day && (date - self.start).num_days() % self.interval == 0,
                "WEEKLY" => {
                    let same = !self.days.is_empty() || date.weekday() == self.start.weekday();
                    by_day && same && (monday(date) - monday(self.start)).num_days() / 7 % self.interval == 0
                }
                "YEARLY" => {
                    let is_day = (date.month(), date.day()) == (self.start.month(), self.start.day());
                    let same = !self.days.is_empty() || is_day;
                    by_day && same && i64::from(date.year() - self.start.year()) % self.interval == 0
                }
                _ => {
                    let months = |date: NaiveDate| i64::from(date.year() * 12) + i64::from(date.month0());
                    let same = !self.days.is_empty() || date.day() == self.start.day();
                    by_day && same && (months(date) - months(self.start)) % self.interval == 0
                }
            }
    }
}

prop_compose! {
    fn simple()(
        freq in prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        interval in 1i64..6,
        days in prop::collection::btree_set(0u8..7, 0..4),
        offset in 0u64..400,
    ) -> Simple {
        let first = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date");
        Simple { freq, interval, days, start: first + Days::new(offset) }
    }
}

fn dates(simple: &Simple, rule: &str, window: &Span, zone: &Zone) -> Vec<NaiveDate> {
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:{}T093000\nDURATION:PT30M\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR",
        simple.start.format("%Y%m%d")
    );
    let parsed = ical::parse(text.as_bytes(), &Limits::default());
    let zones = Zones::bundled();
    let lookup = Lookup { zones: &zones, custom: &parsed.zones, default: zone };
    let out = ical::expand(&parsed.events, &lookup, window, &Limits::default());
    assert_eq!(out.doubts, [], "{rule}");
    out.instances.iter().map(|one| zone.local(one.span.start)).map(|wall| wall.date()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Day by day, near the start and years after it, where the expansion jumps; and with a COUNT, where it
    /// must walk, it comes to the same days.
    #[test]
    fn expansion_agrees_with_a_wall_calendar(simple in simple(), later in 0u64..3_000, name in prop::sample::select(vec!["UTC", "Europe/Berlin", "Africa/Cairo", "America/New_York"])) {
        let zone = Zones::bundled().get(name).expect("a zone");
        let midnight = |date: NaiveDate| zone.instant(date.and_time(NaiveTime::MIN));
        let from = simple.start + Days::new(later);
        let window = Span::new(midnight(from), midnight(from + Days::new(90)));
        let expected: Vec<NaiveDate> = from.iter_days().take(90).filter(|date| simple.holds(*date)).collect();
        prop_assert_eq!(&dates(&simple, &simple.rule(), &window, &zone), &expected);
        prop_assert_eq!(&dates(&simple, &(simple.rule() + ";COUNT=9999"), &window, &zone), &expected);
        let counted: Vec<NaiveDate> = simple.start.iter_days().take(400).filter(|date| simple.holds(*date)).take(5).collect();
        let first = Span::new(midnight(simple.start), midnight(simple.start + Days::new(400)));
        let five = dates(&simple, &(simple.rule() + ";COUNT=5"), &first, &zone);
        prop_assert_eq!(&five[..counted.len()], &counted[..]);
        prop_assert!(five.len() <= 5);
    }
}
