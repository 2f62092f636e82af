//! iCalendar: the corpus, one bad thing in a feed, an independent parser as oracle, and the way back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use calcard::Entry;
use calcard::icalendar::ICalendarProperty;
use chrono::TimeDelta;
use drumbeat::ical::itip::{self, Invite};
use drumbeat::ical::{self, Limits, Lookup, Problem, Shape};
use drumbeat::model::event::{Attendee, Event, EventStatus, Partstat, Recurrence, Shown, When};
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Moment, Zone, Zones};
use proptest::prelude::*;

const CORPUS: &str = "../shared/fixtures/ics";

/// The files of the corpus with the number of VEVENTs in each; `None` where it is not there.
fn corpus() -> Option<Vec<(PathBuf, usize)>> {
    let Ok(table) = std::fs::read_to_string(Path::new(CORPUS).join("EVENTS.tsv")) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let rows = table.lines().skip(1).filter_map(|line| line.split_once('\t'));
    Some(rows.map(|(file, count)| (Path::new(CORPUS).join(file), count.parse().expect("a number"))).collect())
}

#[test]
fn every_event_of_the_corpus_is_given() {
    let Some(files) = corpus() else { return };
    let (mut whole, mut vevents, mut given, mut wrong) = (0, 0, 0, Vec::new());
    for (file, expected) in &files {
        let parsed = ical::parse(&std::fs::read(file).expect("a file"), &Limits::default());
        whole += usize::from(parsed.vevents == *expected);
        vevents += parsed.vevents;
        given += parsed.events.len();
        let aside = [Problem::Start, Problem::RecurrenceId, Problem::DatesLimit];
        let aside: usize = aside.iter().map(|problem| parsed.problems.count(*problem)).sum();
        if parsed.vevents != *expected || parsed.events.len() + aside != *expected {
            wrong.push(format!(
                "{}: expected {expected}, seen {}, given {}, {:?}",
                file.display(),
                parsed.vevents,
                parsed.events.len(),
                parsed.problems
            ));
        }
    }
    let all: usize = files.iter().map(|(_, count)| count).sum();
    println!(
        "corpus: {whole} of {} files with every VEVENT; {vevents} of {all} VEVENTs seen, {given} given",
        files.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// UID, DTSTART as digits, SUMMARY.
type Key = (String, String, String);

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ours(bytes: &[u8]) -> BTreeSet<Key> {
    let parsed = ical::parse(bytes, &Limits::default());
    let key = |event: &Event| {
        let wall = match &event.start {
            When::Date(date) => date.format("%Y%m%d").to_string(),
            When::Utc(at) => at.format("%Y%m%dT%H%M%S").to_string(),
            When::Floating(wall) | When::Zoned(wall, _) => wall.format("%Y%m%dT%H%M%S").to_string(),
        };
        let uid = if event.uid.starts_with("no-uid-") { "" } else { &event.uid };
        (spaced(uid), wall, spaced(&event.title))
    };
    parsed.events.iter().map(key).collect()
}

fn theirs(text: &str) -> BTreeSet<Key> {
    let mut parser = calcard::Parser::new(text);
    let mut keys = BTreeSet::new();
    loop {
        let calendar = match parser.entry() {
            Entry::Eof => return keys,
            Entry::ICalendar(calendar) => calendar,
            _ => continue,
        };
        for component in calendar.components.iter().filter(|component| component.component_type.is_event()) {
            let value = |property| component.property(&property).and_then(|entry| entry.values.first());
            let Some(start) =
                value(ICalendarProperty::Dtstart).and_then(|value| value.as_partial_date_time())
            else {
                continue;
            };
            let (Some(year), Some(month), Some(day)) = (start.year, start.month, start.day) else { continue };
            let mut wall = format!("{year:04}{month:02}{day:02}");
            let (minute, second) = (start.minute.unwrap_or(0), start.second.unwrap_or(0));
            if let Some(hour) = start.hour {
                wall = format!("{wall}T{hour:02}{minute:02}{second:02}");
            }
            let title =
                value(ICalendarProperty::Summary).and_then(|value| value.as_text()).unwrap_or_default();
            keys.insert((spaced(component.uid().unwrap_or_default()), wall, spaced(title)));
        }
    }
}

#[test]
fn an_independent_parser_reads_the_same_events() {
    let Some(files) = corpus() else { return };
    let exceptions = include_str!("../data/ical/oracle-exceptions.tsv");
    let listed: BTreeMap<&str, &str> =
        exceptions.lines().skip(1).filter_map(|line| line.split_once('\t')).collect();
    let (mut same, mut wrong) = (0, Vec::new());
    for (file, _) in &files {
        let bytes = std::fs::read(file).expect("a file");
        let (mine, other) = (ours(&bytes), theirs(&String::from_utf8_lossy(&bytes)));
        let name = file.strip_prefix(CORPUS).expect("inside").to_string_lossy().into_owned();
        same += usize::from(mine == other);
        if (mine == other) == listed.contains_key(name.as_str()) {
            let (only, missing): (Vec<_>, Vec<_>) =
                (mine.difference(&other).collect(), other.difference(&mine).collect());
            wrong.push(format!("{name}\n  only ours {only:?}\n  only theirs {missing:?}"));
        }
    }
    println!(
        "oracle: {same} of {} files give the same events, {} are listed as exceptions",
        files.len(),
        listed.len()
    );
    assert!(wrong.is_empty(), "{} files differ from the list:\n{}", wrong.len(), wrong.join("\n"));
}

/// A feed of 50 events with something bad in the middle.
fn with_bad(bad: &[u8]) -> Vec<u8> {
    let mut out = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_vec();
    for n in 0..50 {
        if n == 25 {
            out.extend_from_slice(bad);
        }
        out.extend_from_slice(
            format!("BEGIN:VEVENT\r\nUID:e{n}\r\nDTSTART:20260105T0900{n:02}Z\r\nSUMMARY:Event {n}\r\nEND:VEVENT\r\n")
                .as_bytes(),
        );
    }
    out.extend_from_slice(b"END:VCALENDAR\r\n");
    out
}

#[test]
fn one_bad_thing_costs_only_itself() {
    let check = |what: &str, bad: &[u8], events: usize, problems: &[Problem]| {
        let parsed = ical::parse(&with_bad(bad), &Limits::default());
        let found: Vec<Problem> = parsed.problems.counts.keys().copied().collect();
        assert_eq!((parsed.events.len(), found.as_slice(), parsed.whole), (events, problems, true), "{what}");
        let intact = (0..50).all(|n| parsed.events.iter().any(|event| event.title == format!("Event {n}")));
        assert!(intact, "{what}: every other event is as it was");
    };
    let in_event = |line: &str| {
        format!("BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:20260105\r\n{line}\r\nEND:VEVENT\r\n").into_bytes()
    };
    check("nothing", b"", 50, &[]);
    check("no colon", &in_event("this is no property"), 51, &[Problem::Line]);
    check("parameter without value", &in_event("SUMMARY;BAR:baz"), 51, &[Problem::Parameter]);
    check("unknown property", &in_event("X-FOO;BAR:baz"), 51, &[]);
    check("open quote", &in_event("SUMMARY;X=\"y:z"), 51, &[Problem::Parameter]);
    check("unknown component", b"BEGIN:X-VENDOR\r\nSUMMARY:no\r\nEND:X-VENDOR\r\n", 50, &[]);
    check("unknown component inside", &in_event("BEGIN:X-A\r\nSUMMARY:no\r\nEND:X-A"), 51, &[]);
    check(
        "event in an unknown component",
        &[b"BEGIN:X-A\r\n", in_event("").as_slice(), b"END:X-A\r\n"].concat(),
        51,
        &[],
    );
    check("wrong END", &in_event("END:VTODO"), 51, &[Problem::Nesting]);
    check("no END", b"BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:20260105\r\n", 51, &[Problem::Nesting]);
    check("lower case", b"begin:vevent\r\nuid:bad\r\ndtstart:20260105\r\nend:vevent\r\n", 51, &[]);
    check(
        "Latin-1",
        b"BEGIN:VEVENT\r\nUID:b\r\nDTSTART:20260105\r\nSUMMARY:\xfc\r\nEND:VEVENT\r\n",
        51,
        &[Problem::Charset],
    );
    check("NUL", &in_event("SUMMARY:a\0b"), 51, &[Problem::Control]);
    check("no DTSTART", b"BEGIN:VEVENT\r\nUID:bad\r\nEND:VEVENT\r\n", 50, &[Problem::Start]);
    check(
        "impossible DTSTART",
        b"BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:20260230\r\nEND:VEVENT\r\n",
        50,
        &[Problem::Start],
    );
    check("no UID", b"BEGIN:VEVENT\r\nDTSTART:20260105\r\nEND:VEVENT\r\n", 51, &[Problem::Uid]);
    check("bad RECURRENCE-ID", &in_event("RECURRENCE-ID:soon"), 50, &[Problem::RecurrenceId]);
    check("end before start", &in_event("DTEND:20260101"), 51, &[Problem::Length]);
    check("endless duration", &in_event("DURATION:P999999999W"), 51, &[Problem::Length]);
    check("bad EXDATE", &in_event("EXDATE:20260105,never"), 51, &[Problem::Date]);
    check("empty zone", b"BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n", 50, &[Problem::Timezone]);
}

#[test]
fn limits_are_reached_by_name() {
    let check = |limits: Limits, bad: &[u8], problem: Problem, whole: bool| {
        let parsed = ical::parse(&with_bad(bad), &limits);
        assert_eq!((parsed.problems.count(problem) > 0, parsed.whole), (true, whole), "{problem}");
    };
    let all = Limits::default;
    check(Limits { bytes: 1_000, ..all() }, b"", Problem::BytesLimit, false);
    check(Limits { components: 20, ..all() }, b"", Problem::ComponentsLimit, false);
    let long = format!("BEGIN:VEVENT\r\nSUMMARY:{}\r\nEND:VEVENT\r\n", "x".repeat(70_000));
    check(all(), long.as_bytes(), Problem::LineLimit, true);
    let deep = ["BEGIN:X\r\n".repeat(9), "END:X\r\n".repeat(9)].concat();
    check(all(), deep.as_bytes(), Problem::DepthLimit, true);
    let dates = format!(
        "BEGIN:VEVENT\r\nUID:d\r\nDTSTART:20260101\r\n{}END:VEVENT\r\n",
        "EXDATE:20260105\r\n".repeat(10_001)
    );
    check(all(), dates.as_bytes(), Problem::DatesLimit, true);
    let zone = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:20260101T000000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let zones: String = (0..101).map(|n| zone.replace('X', &format!("X{n}"))).collect();
    check(all(), zones.as_bytes(), Problem::ZonesLimit, true);
}

#[test]
fn shapes_are_told_apart() {
    let check = |bytes: &[u8], kind: Shape, whole: bool| {
        let parsed = ical::parse(bytes, &Limits::default());
        assert_eq!((parsed.kind, parsed.whole), (kind, whole), "{:?}", String::from_utf8_lossy(bytes));
    };
    check(b"", Shape::Empty, false);
    check(b" \r\n\r\n", Shape::Empty, false);
    check(b"\r\n<!DOCTYPE html><title>Sign in</title>", Shape::Html, false);
    check(b"{\"error\": 404}", Shape::Other, false);
    check(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", Shape::Calendar, true);
    check(b"\xef\xbb\xbfbegin:vcalendar\nend:vcalendar", Shape::Calendar, true);
    check(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260105\r\n", Shape::Calendar, false);
    check(b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", Shape::Calendar, false);
    let two = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\n";
    check(two, Shape::Calendar, false);
    let half = with_bad(b"");
    check(&half[..half.len() / 2], Shape::Calendar, false);
    check(&half[..half.len() - 16], Shape::Calendar, false);
}

#[test]
fn an_event_is_read_in_full() {
    let lines = [
        "UID:u1",
        "DTSTART;TZID=America/New_York:20260105T100000",
        "DTEND;TZID=Europe/Berlin:20260105T163000",
        "SUMMARY:1:1 Ana\\, Bo\\nweekly",
        "CLASS:CONFIDENTIAL",
        "TRANSP:OPAQUE",
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
        "STATUS:TENTATIVE",
        "SEQUENCE:4",
        "CREATED:20251201T101112Z",
        "LOCATION:Zoom https://zoom.example/j/1",
        "URL:https://calendar.example/e",
        "X-GOOGLE-CONFERENCE:https://meet.example/abc",
        "ORGANIZER;CN=Bo:MAILTO:Bo@Example.com",
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Ana, of Sales\":mailto:ana@example.com",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@example.com",
        "ATTENDEE;EMAIL=cy@example.com;PARTSTAT=declined:urn:uuid:1",
        "BEGIN:VALARM",
        "SUMMARY:not this",
        "END:VALARM",
    ];
    let text =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR", lines.join("\r\n"));
    let parsed = ical::parse(text.as_bytes(), &Limits::default());
    let event = &parsed.events[0];
    assert_eq!(event.length, TimeDelta::minutes(30), "the end is in another zone");
    assert_eq!(event.title, "1:1 Ana, Bo\nweekly");
    assert_eq!((event.shown, event.status, event.sequence), (Shown::OutOfOffice, EventStatus::Tentative, 4));
    assert!(event.is_private);
    assert_eq!(event.link.as_deref(), Some("https://meet.example/abc"));
    assert_eq!(event.organizer.as_deref(), Some("bo@example.com"));
    let people: Vec<_> =
        event.attendees.iter().map(|a| (a.address.as_str(), a.partstat, a.is_resource)).collect();
    let expected = [
        ("ana@example.com", Partstat::Accepted, false),
        ("room@example.com", Partstat::NeedsAction, true),
        ("cy@example.com", Partstat::Declined, false),
    ];
    assert_eq!(people, expected);
    assert_eq!(event.attendees[0].name, "Ana, of Sales");
}

#[test]
fn an_event_without_uid_keeps_its_made_one() {
    let uid = |title: &str| {
        let text = format!("BEGIN:VEVENT\r\nDTSTART:20260105\r\nSUMMARY:{title}\r\nEND:VEVENT\r\n");
        ical::parse(text.as_bytes(), &Limits::default()).events[0].uid.clone()
    };
    assert_eq!(uid("a"), uid("a"));
    assert_ne!(uid("a"), uid("b"));
}

/// Every file below a folder.
fn files_below(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_below(&path, out) } else { out.push(path) }
    }
}

#[test]
fn nothing_that_is_no_calendar_makes_it_panic() {
    let mut files = Vec::new();
    files_below(&Path::new(CORPUS).join("no-events"), &mut files);
    if files.is_empty() {
        println!("skipped: ../shared is absent");
    }
    for file in &files {
        let parsed = ical::parse(&std::fs::read(file).expect("a file"), &Limits::default());
        assert!(parsed.events.len() <= parsed.vevents, "{}", file.display());
    }
    println!("no events: {} files read", files.len());
}

fn invite<'a>(span: Span, zone: Option<&'a Zone>, title: &'a str) -> Invite<'a> {
    Invite {
        uid: "r1@drumbeat.example",
        sequence: 2,
        stamp: span.start - TimeDelta::days(1),
        organizer: ("Drum \"Beat\", Inc", "beat@example.com"),
        attendees: vec![("Ana Ålesund", "ana@example.com"), ("Bo", "bo@example.com")],
        span,
        zone,
        rrule: None,
        title,
        description: "Why: the one on Monday is no longer\non the calendar; really, \\o/",
        link: Some("https://meet.example/abc?x=1,2;3"),
        mark: Some("rec-1"),
    }
}

/// The clocks of both ends of the year, by the zone that is written along.
#[test]
fn an_invitation_to_a_series_repeats_by_the_wall() {
    let zones = Zones::bundled();
    let berlin = zones.get("Europe/Berlin").expect("a zone");
    let at = |text: &str| text.parse::<Moment>().expect("an instant");
    let span = Span::new(at("2026-10-20T08:00:00Z"), at("2026-10-20T08:30:00Z"));
    let rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20310401T215959Z";
    let invite = Invite { rrule: Some(rule), ..invite(span, Some(&berlin), "1-on-1") };
    for text in [itip::request(&invite), itip::cancel(&invite)] {
        let renamed = text.replace("Europe/Berlin", "Elsewhere");
        let parsed = ical::parse(renamed.as_bytes(), &Limits::default());
        assert_eq!(parsed.events[0].recurrence.rrules, [rule]);
        let utc = Zone::utc();
        let lookup = Lookup { zones: &zones, custom: &parsed.zones, default: &utc };
        let starts = |from: &str, until: &str| {
            let window = Span::new(at(from), at(until));
            let found = ical::expand(&parsed.events, &lookup, &window, &Limits::default());
            found.instances.iter().map(|one| one.span.start.to_rfc3339()).collect::<Vec<_>>()
        };
        assert_eq!(
            starts("2026-10-19T00:00:00Z", "2026-11-16T00:00:00Z"),
            ["2026-10-20T08:00:00+00:00", "2026-11-03T09:00:00+00:00"]
        );
        // Four and a half years on.
        assert_eq!(
            starts("2031-03-17T00:00:00Z", "2031-04-30T00:00:00Z"),
            ["2031-03-18T09:00:00+00:00", "2031-04-01T08:00:00+00:00"],
        );
    }
}

#[test]
fn an_invitation_comes_back_as_it_was() {
    let zones = Zones::bundled();
    let at = |text: &str| text.parse::<Moment>().expect("an instant");
    let empty = BTreeMap::new();
    let utc = Zone::utc();
    // The last two lie in the hour that comes twice: its second turn cannot be said in wall time.
    for start in
        ["2026-01-05T15:00:00Z", "2026-07-06T13:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
    {
        for zone in [
            None,
            zones.get("America/New_York"),
            zones.get("Asia/Kolkata"),
            zones.get("Australia/Lord_Howe"),
            Some(utc.clone()),
        ] {
            let span = Span::new(at(start), at(start) + TimeDelta::minutes(45));
            let invite = invite(span, zone.as_ref(), "1:1, Ana / Bo; this week");
            let (text, gone) = (itip::request(&invite), itip::cancel(&invite));
            for (text, method, sequence, status) in
                [(text, "REQUEST", 2, EventStatus::Confirmed), (gone, "CANCEL", 3, EventStatus::Cancelled)]
            {
                assert!(
                    text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])),
                    "{text}"
                );
                let parsed = ical::parse(text.as_bytes(), &Limits::default());
                assert!(parsed.whole && parsed.problems.is_empty(), "{:?}", parsed.problems);
                assert_eq!(parsed.method.as_deref(), Some(method));
                let event = &parsed.events[0];
                assert_eq!(
                    (event.uid.as_str(), event.sequence, event.status),
                    (invite.uid, sequence, status)
                );
                assert_eq!(event.title, invite.title);
                assert_eq!(event.attendees[0].name, "Ana Ålesund");
                assert_eq!(event.organizer.as_deref(), Some("beat@example.com"));
                // Once by IANA's data, once by the VTIMEZONE that was written along.
                for renamed in [false, true] {
                    let text =
                        if renamed { text.replace("America/New_York", "Made up") } else { text.clone() };
                    let parsed = ical::parse(text.as_bytes(), &Limits::default());
                    let custom = if renamed { &parsed.zones } else { &empty };
                    let lookup = Lookup { zones: &zones, custom, default: &utc };
                    let window = Span::new(span.start - TimeDelta::days(2), span.end + TimeDelta::days(2));
                    let out = ical::expand(&parsed.events, &lookup, &window, &Limits::default());
                    assert_eq!(
                        (out.instances[0].span, out.doubts.as_slice()),
                        (span, [].as_slice()),
                        "{text}"
                    );
                }
            }
        }
    }
}

#[test]
fn no_string_can_begin_another_property() {
    let span = Span::new(Moment::UNIX_EPOCH, Moment::UNIX_EPOCH + TimeDelta::hours(1));
    let evil = "x\r\nATTENDEE:mailto:evil@example.com\r\n\u{202e}y";
    let mut invite = invite(span, None, evil);
    (invite.uid, invite.organizer, invite.link, invite.mark) = (evil, (evil, evil), Some(evil), Some(evil));
    invite.description = evil;
    for text in [itip::request(&invite), itip::cancel(&invite)] {
        assert!(!text.contains('\u{202e}'));
        let parsed = ical::parse(text.as_bytes(), &Limits::default());
        let people: Vec<&str> = parsed.events[0].attendees.iter().map(|a| a.address.as_str()).collect();
        assert_eq!(people, ["ana@example.com", "bo@example.com"]);
    }
}

prop_compose! {
    fn when()(days in 0i64..20_000, minutes in 0i64..1_440, form in 0..4) -> When {
        let wall = Moment::UNIX_EPOCH.naive_utc() + TimeDelta::days(days) + TimeDelta::minutes(minutes);
        match form {
            0 => When::Date(wall.date()),
            1 => When::Utc(wall.and_utc()),
            2 => When::Floating(wall),
            _ => When::Zoned(wall, "Head Office: \"2nd\", ^n".to_owned()),
        }
    }
}

prop_compose! {
    fn event()(
        uid in "[!-~]{1,90}",
        start in when(),
        days in 1i64..30,
        recurrence_id in proptest::option::of(when()),
        exdates in proptest::collection::vec(when(), 0..4),
        title in "([!-~äß語\u{1f600}]([ -~äß語\u{1f600}\n]{0,120}[!-~äß語])?)?",
        name in "([!-~ä][ -~ä]{0,40}[!-~ä])?",
        flags in 0u8..64,
    ) -> Event {
        Event {
            uid,
            this_and_future: recurrence_id.is_some() && flags & 1 > 0,
            recurrence_id,
            start,
            length: TimeDelta::days(days),
            recurrence: Recurrence { rrules: vec!["FREQ=WEEKLY;BYDAY=MO".into()], exdates, ..Recurrence::default() },
            status: if flags & 2 > 0 { EventStatus::Cancelled } else { EventStatus::Confirmed },
            shown: if flags & 4 > 0 { Shown::OutOfOffice } else { Shown::Free },
            is_private: flags & 8 > 0,
            title,
            organizer: (flags & 16 > 0).then(|| "bo@example.com".to_owned()),
            attendees: vec![Attendee { address: "a@example.com".into(), name, partstat: Partstat::Declined, is_resource: flags & 32 > 0 }],
            sequence: u32::from(flags),
            created: Some(Moment::UNIX_EPOCH),
            modified: None,
            link: Some("https://meet.example/a".into()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(events in proptest::collection::vec(event(), 0..4)) {
        let rules = Zones::bundled().get("America/New_York").expect("a zone").rules;
        let zones = BTreeMap::from([("Head Office: \"2nd\", ^n".to_owned(), (*rules).clone())]);
        let parsed = ical::parse(ical::write(&events, &zones).as_bytes(), &Limits::default());
        prop_assert!(parsed.problems.is_empty() && parsed.whole, "{:?}", parsed.problems);
        prop_assert_eq!(parsed.events, events);
        prop_assert_eq!(parsed.zones, zones);
    }

    #[test]
    fn no_bytes_make_it_panic(seed in proptest::collection::vec((0usize..4_000, any::<u8>(), 0u8..3), 1..30)) {
        let mut bytes = with_bad(b"BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:r\r\nDTSTART;TZID=X:20260105T090000\r\nRRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=1;UNTIL=20270101\r\nEXDATE;TZID=X:20260202T090000\r\nEND:VEVENT\r\n");
        for (at, byte, kind) in seed {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let parsed = ical::parse(&bytes, &Limits::default());
        let (zones, utc) = (Zones::bundled(), Zone::utc());
        let lookup = Lookup { zones: &zones, custom: &parsed.zones, default: &utc };
        let window = Span::new(Moment::UNIX_EPOCH, Moment::UNIX_EPOCH + TimeDelta::days(30_000));
        let out = ical::expand(&parsed.events, &lookup, &window, &Limits::default());
        prop_assert!(out.instances.len() <= Limits::default().instances);
    }
}
