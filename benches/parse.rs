//! Reading a large feed: ours beside calcard in one run, and the peak of memory of each in a process of its own.
//!
//! `cargo bench --bench parse` prints criterion's figures, the ratio and the peaks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;

use criterion::{Criterion, Throughput};
use drumbeat::ical::{self, Limits, Lookup};
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Moment, Zones};

const BYTES: usize = 50_000_000;

/// A feed as Google exports them: a zone, and events with two attendees, a folded description and an alarm.
fn feed() -> String {
    let mut out = String::with_capacity(BYTES + 4_096);
    out.push_str("BEGIN:VCALENDAR\r\nPRODID:-//bench//EN\r\nVERSION:2.0\r\nX-WR-TIMEZONE:Europe/Berlin\r\n");
    out.push_str("BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n");
    out.push_str("DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n");
    out.push_str("TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nDTSTART:19701025T030000\r\n");
    out.push_str("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
    for n in 0.. {
        if out.len() > BYTES {
            break;
        }
        event(&mut out, n);
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

fn event(out: &mut String, n: usize) {
    let (month, day, hour) = (n % 12 + 1, n % 28 + 1, n % 10 + 8);
    let _ = write!(
        out,
        "BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}0000\r\n\
         DTEND;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}3000\r\n\
         RRULE:FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20271231T225959Z\r\n\
         EXDATE;TZID=Europe/Berlin:2026{month:02}{day:02}T{hour:02}0000\r\nDTSTAMP:20260105T080000Z\r\n\
         ORGANIZER;CN=Manager Number {n}:mailto:manager{n}@example.com\r\nUID:{n:026}@google.com\r\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=manage\r\n \
         r{n}@example.com;X-NUM-GUESTS=0:mailto:manager{n}@example.com\r\n\
         ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=T\r\n \
         RUE;CN=rep{n}@example.com;X-NUM-GUESTS=0:mailto:rep{n}@example.com\r\n\
         CLASS:PRIVATE\r\nCREATED:20251201T101112Z\r\nDESCRIPTION:Agenda\\, notes and actions of t\r\n \
         he week. -::~:~::~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:~:\r\n \
         Join by video: https://meet.example.com/abc-defg-hij\\nPlease do not edit thi\r\n \
         s section of the description.\r\nLAST-MODIFIED:20251202T101112Z\r\n\
         LOCATION:Room {n}\r\nSEQUENCE:1\r\nSTATUS:CONFIRMED\r\nSUMMARY:1:1 Rep {n} / Manager\r\nTRANSP:OPAQUE\r\n\
         BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:This is an event reminder\r\nTRIGGER:-P0DT0H10M0S\r\n\
         END:VALARM\r\nEND:VEVENT\r\n"
    );
}

fn limits() -> Limits {
    Limits { bytes: usize::MAX, components: usize::MAX, ..Limits::default() }
}

fn ours(text: &str) -> usize {
    ical::parse(text.as_bytes(), &limits()).events.len()
}

fn theirs(text: &str) -> usize {
    let calendar = calcard::icalendar::ICalendar::parse(text).unwrap_or_default();
    calendar.components.iter().filter(|component| component.component_type.is_event()).count()
}

/// The most memory this process ever held, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap_or_default() << 10
}

/// One parse in this process: prints bytes of the feed, events, and the peak.
fn measure(parser: &str) {
    let text = feed();
    let events = if parser == "ours" { ours(&text) } else { theirs(&text) };
    println!("{} {events} {}", text.len(), peak());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn seconds(parse: fn(&str) -> usize, text: &str) -> f64 {
    let begin = std::time::Instant::now();
    black_box(parse(black_box(text)));
    begin.elapsed().as_secs_f64()
}

/// A week seven years after the start of a thousand series: plain ones, and ones with a COUNT, which must be walked.
fn expansion(criterion: &mut Criterion) {
    let (zones, custom) = (Zones::bundled(), BTreeMap::new());
    let default = zones.get("Europe/Berlin").expect("a zone");
    let lookup = Lookup { zones: &zones, custom: &custom, default: &default };
    let start: Moment = "2026-11-16T00:00:00Z".parse().expect("an instant");
    let window = Span::new(start, start + chrono::TimeDelta::days(7));
    let mut group = criterion.benchmark_group("1000 series, one week after 7 years");
    for (name, end) in [("plain", ""), ("counted", ";COUNT=2000")] {
        let mut text = String::from("BEGIN:VCALENDAR\r\n");
        for n in 0..1_000 {
            let _ = write!(
                text,
                "BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART;TZID=America/New_York:20191007T100000\r\n\
                 RRULE:FREQ=WEEKLY;BYDAY=MO,TH{end}\r\nEND:VEVENT\r\n"
            );
        }
        let events = ical::parse(text.as_bytes(), &limits()).events;
        group.bench_function(name, |b| {
            b.iter(|| ical::expand(black_box(&events), &lookup, &window, &Limits::default()));
        });
    }
    group.finish();
}

fn main() {
    if let Some(parser) =
        std::env::args().nth(1).and_then(|arg| arg.strip_prefix("measure=").map(str::to_owned))
    {
        return measure(&parser);
    }
    let text = feed();
    assert_eq!(ours(&text), theirs(&text), "both read the same events");
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("50 MB feed");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("ours", |b| b.iter(|| ours(black_box(&text))));
    group.bench_function("calcard", |b| b.iter(|| theirs(black_box(&text))));
    group.finish();
    expansion(&mut criterion);
    // Turn about, so that a noisy neighbour meets both.
    let (mut mine, mut other) = (f64::MAX, f64::MAX);
    for _ in 0..5 {
        mine = mine.min(seconds(ours, &text));
        other = other.min(seconds(theirs, &text));
    }
    let megabytes = text.len() as f64 / 1e6;
    println!(
        "best of 5: ours {:.0} MB/s, calcard {:.0} MB/s, ratio {:.2}",
        megabytes / mine,
        megabytes / other,
        other / mine
    );
    for parser in ["ours", "calcard"] {
        let own = std::env::current_exe().expect("the path of this program");
        let out = Command::new(own).arg(format!("measure={parser}")).output().expect("a child process");
        let line = String::from_utf8_lossy(&out.stdout).into_owned();
        let figures: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [bytes, events, peak] = figures[..] else { panic!("unexpected answer: {line}") };
        println!("{parser}: {events} events, peak {:.0} MB = {:.2} x input", peak / 1e6, peak / bytes);
    }
}
