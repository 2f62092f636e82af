//! Feeds in a folder, with times counted from today: what calendars of the past weeks look like.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Output;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use drumbeat::io::clock::SystemClock;
use drumbeat::ports::Clock as _;

use super::site::drumbeat;

/// A folder of feeds.
pub struct Feeds(tempfile::TempDir);

impl Feeds {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("is text").to_owned()
    }

    /// Writes a file as it is.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("is written");
    }

    /// Writes a feed with these events, each a text of lines.
    pub fn feed(&self, name: &str, calls_itself: &str, events: &[String]) {
        self.write(name, &calendar(calls_itself, events));
    }

    /// Runs the program in this folder.
    pub fn run(&self, args: &[&str]) -> Output {
        drumbeat(args).current_dir(self.0.path()).output().expect("runs")
    }

    /// The names of all files.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A calendar's text.
pub fn calendar(calls_itself: &str, events: &[String]) -> String {
    let head =
        format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example//test//EN\nX-WR-CALNAME:{calls_itself}\n");
    format!("{head}X-WR-TIMEZONE:UTC\n{}END:VCALENDAR\n", events.concat()).replace('\n', "\r\n")
}

/// The Monday so many weeks from this one's (UTC).
pub fn monday(weeks: i64) -> NaiveDate {
    let today = SystemClock.now().date_naive();
    let this = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    if weeks < 0 { this - Days::new(weeks.unsigned_abs() * 7) } else { this + Days::new(weeks as u64 * 7) }
}

/// An instant as iCalendar writes it: weeks from this one's Monday, days after it, hour.
pub fn at(weeks: i64, days: u64, hour: u32) -> String {
    let day = monday(weeks) + Days::new(days);
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    day.and_time(time).format("%Y%m%dT%H%M%SZ").to_string()
}

/// Attendees and organiser, as lines.
pub fn with(people: &[(&str, &str)]) -> String {
    let organizer = people.first().map(|(address, _)| format!("ORGANIZER:mailto:{address}\n"));
    let attendee = |(address, name): &(&str, &str)| {
        format!("ATTENDEE;PARTSTAT=ACCEPTED;CN=\"{name}\":mailto:{address}\n")
    };
    organizer.into_iter().chain(people.iter().map(attendee)).collect()
}

/// An event of half an hour from these lines.
pub fn event(uid: &str, title: &str, start: &str, lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20200101T000000Z\nSUMMARY:{title}\nDTSTART:{start}\nDURATION:PT30M\n{lines}END:VEVENT\n"
    )
}

/// A weekly series since 20 weeks, on this day and hour.
pub fn weekly(uid: &str, title: &str, (day, hour): (u64, u32), lines: &str) -> String {
    event(uid, title, &at(-20, day, hour), &format!("RRULE:FREQ=WEEKLY\nCREATED:20200101T000000Z\n{lines}"))
}

/// Serves one text over and over on loopback, and says where.
pub fn serve(status: &'static str, text: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("has one");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // One that hangs up early is the program's own affair.
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/calendar\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all(format!("{head}{text}").as_bytes());
        }
    });
    format!("http://{address}/private-0123456789/basic.ics")
}
