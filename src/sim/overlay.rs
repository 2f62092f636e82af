//! A booking as it lies over the calendars of a made-up world: the VEVENT of an invitation, put into feeds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use crate::model::event::Event;
use crate::model::mail::Mail;
use crate::model::zone::{Moment, Zones};
use crate::ports::{Error, ErrorKind};
use crate::{gcal, ical};

/// What became of an invitation that was taken.
#[derive(Debug, Clone)]
pub(super) struct Booking {
    /// UID.
    pub(super) uid: String,
    /// When it begins, if the text says so in a way we read.
    pub(super) start: Option<Moment>,
    /// SEQUENCE.
    sequence: u32,
    /// The VEVENT's lines, unfolded, from BEGIN to END.
    lines: Vec<String>,
    /// When the mail server took the invitation.
    pub(super) taken: Moment,
    /// From when on the calendars show it; `None`: never.
    pub(super) shown: Option<Moment>,
    /// Whom it was sent to, and who is on its list.
    invited: BTreeSet<String>,
    /// The answers people gave, by address: PARTSTAT.
    answers: BTreeMap<String, &'static str>,
    /// Called off, by us or by somebody.
    pub(super) gone: bool,
    /// Counts what happened to it.
    pub(super) version: u32,
    /// The mark of an event that was inserted; of an invitation: none.
    mark: Option<String>,
}

impl Booking {
    /// The booking a mail's invitation makes; `None` if it holds no VEVENT with a UID.
    pub(super) fn from(mail: &Mail, taken: Moment, shown: Option<Moment>, zones: &Zones) -> Option<Self> {
        let lines = events(&unfolded(mail.invitation.as_ref()?.ics.as_bytes())).into_iter().next()?;
        let uid = value(&lines, "UID")?.to_owned();
        let sequence = value(&lines, "SEQUENCE").and_then(|text| text.parse().ok()).unwrap_or(0);
        let start = start(&lines, zones);
        let listed = lines.iter().filter(|line| name(line) == "ATTENDEE").filter_map(|line| address(line));
        let invited = listed.chain([mail.to_address.to_lowercase()]).collect();
        Some(Self {
            uid,
            start,
            sequence,
            lines,
            taken,
            shown,
            invited,
            answers: BTreeMap::new(),
            gone: false,
            version: 1,
            mark: None,
        })
    }

    /// The booking that an event inserted into somebody's calendar is: seen at once.
    pub(super) fn inserted(
        event: &Event,
        mark: Option<String>,
        taken: Moment,
        zones: &Zones,
    ) -> Option<Self> {
        let text = ical::write(std::slice::from_ref(event), &BTreeMap::new());
        let lines = events(&unfolded(text.as_bytes())).into_iter().next()?;
        let guests = event.attendees.iter().map(|attendee| attendee.address.clone());
        Some(Self {
            uid: event.uid.clone(),
            start: start(&lines, zones),
            sequence: event.sequence,
            lines,
            taken,
            shown: Some(taken),
            invited: guests.chain(event.organizer.clone()).collect(),
            answers: BTreeMap::new(),
            gone: false,
            version: 1,
            mark,
        })
    }

    /// Google's id of it: part of the UID of an event of its own, made of the UID of any other.
    pub(super) fn id(&self) -> String {
        self.uid.strip_suffix("@google.com").map_or_else(|| format!("_{}", self.uid), str::to_owned)
    }

    /// As an item of Google's in the calendar of `viewer`, with what a single event has beside it.
    pub(super) fn item(&self, viewer: &str) -> Option<Value> {
        let mut item = if self.gone { gcal::deleted(&self.id()) } else { self.live_item(viewer)? };
        item["etag"] = self.etag().into();
        if let Some(mark) = &self.mark {
            item["extendedProperties"] = json!({ "private": { "drumbeat": mark } });
        }
        Some(item)
    }

    fn live_item(&self, viewer: &str) -> Option<Value> {
        let lines =
            [vec!["BEGIN:VCALENDAR".to_owned()], self.event(), vec!["END:VCALENDAR".to_owned()]].concat();
        let parsed = ical::parse(&folded(&lines), &ical::Limits::default());
        Some(gcal::item(&self.id(), parsed.events.first()?, viewer))
    }

    /// Whether it is in somebody's calendar.
    pub(super) fn invites(&self, address: &str) -> bool {
        self.invited.contains(&address.to_lowercase())
    }

    /// Takes up a later invitation with the same UID: a new SEQUENCE asks everybody anew. The same one again (to
    /// the other of the two, or because an answer was lost) changes nothing.
    pub(super) fn replace(&mut self, newer: Self) {
        if newer.sequence > self.sequence {
            *self = Self { version: self.version + 1, ..newer };
        } else {
            self.invited.extend(newer.invited);
        }
    }

    /// Somebody answers.
    pub(super) fn answer(&mut self, address: &str, partstat: &'static str) {
        self.answers.insert(address.to_lowercase(), partstat);
        self.version += 1;
    }

    /// It is called off.
    pub(super) fn cancel(&mut self) {
        if !self.gone {
            self.gone = true;
            self.version += 1;
        }
    }

    /// Its version, as Google names it.
    fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }

    /// It is deleted, if it still is the version that is meant.
    pub(super) fn delete(&mut self, etag: &str) -> Result<(), Error> {
        if self.gone {
            return Err(Error::new(
                ErrorKind::NotFound,
                "410",
                "the made-up calendar's event is gone already",
            ));
        }
        if self.etag() != etag {
            return Err(Error::new(ErrorKind::Conflict, "412", "the made-up calendar's event has changed"));
        }
        self.cancel();
        Ok(())
    }

    /// It begins then instead, and is as long as before.
    pub(super) fn shift(&mut self, to: Moment, zones: &Zones) {
        let end = self.lines.iter().find(|line| name(line) == "DTEND").and_then(|line| time(line, zones));
        let length = match (self.start, end) {
            (Some(start), Some(end)) => end - start,
            _ => TimeDelta::minutes(30),
        };
        self.lines.retain(|line| !matches!(name(line), "DTSTART" | "DTEND" | "DURATION"));
        let stamp = |at: Moment| at.format("%Y%m%dT%H%M%SZ").to_string();
        self.lines.insert(1, format!("DTSTART:{}", stamp(to)));
        self.lines.insert(2, format!("DTEND:{}", stamp(to + length)));
        self.start = Some(to);
        self.version += 1;
    }

    /// The VEVENT as it stands now, with everybody's answers.
    fn event(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        for line in lines.iter_mut().filter(|line| name(line) == "ATTENDEE") {
            if let Some(answer) = address(line).and_then(|who| self.answers.get(&who)) {
                *line = with_partstat(line, answer);
            }
        }
        lines
    }

    /// Whether a file that is newer than the booking says something of its own about it: another time,
    /// STATUS:CANCELLED, or a declined answer.
    fn is_overruled_by(&self, event: &[String], zones: &Zones) -> bool {
        let cancelled = value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"));
        let declined = event
            .iter()
            .any(|line| name(line) == "ATTENDEE" && line.to_uppercase().contains("PARTSTAT=DECLINED"));
        cancelled || declined || start(event, zones) != self.start
    }
}

/// A feed with the bookings laid over it. `since` is when the feed began to say this; what is older than a
/// booking cannot know of it.
pub(super) fn laid_over(feed: &[u8], since: Moment, bookings: &[&Booking], zones: &Zones) -> Vec<u8> {
    let mut lines = unfolded(feed);
    let mut added = Vec::new();
    for booking in bookings {
        let own: Vec<Vec<String>> =
            events(&lines).into_iter().filter(|event| value(event, "UID") == Some(&booking.uid)).collect();
        if since >= booking.taken && own.iter().any(|event| booking.is_overruled_by(event, zones)) {
            continue;
        }
        lines = without(&lines, &booking.uid);
        if !booking.gone {
            added.extend(booking.event());
        }
    }
    let end = lines.iter().rposition(|line| line.eq_ignore_ascii_case("END:VCALENDAR"));
    // A feed without an end is cut off; whatever is wrong with it should stay wrong.
    let Some(end) = end else { return feed.to_vec() };
    lines.splice(end..end, added);
    folded(&lines)
}

fn without(lines: &[String], uid: &str) -> Vec<String> {
    let mut kept = Vec::with_capacity(lines.len());
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        match ending(rest) {
            Some(end) if value(&rest[..=end], "UID") == Some(uid) => rest = &rest[end + 1..],
            _ => {
                kept.push(line.clone());
                rest = after;
            }
        }
    }
    kept
}

/// The VEVENTs, each from BEGIN to END.
fn events(lines: &[String]) -> Vec<Vec<String>> {
    (0..lines.len()).filter_map(|at| ending(&lines[at..]).map(|end| lines[at..=at + end].to_vec())).collect()
}

/// If a VEVENT begins here: the index of its last line.
fn ending(lines: &[String]) -> Option<usize> {
    let is = |line: &String, wanted: &str| line.eq_ignore_ascii_case(wanted);
    is(lines.first()?, "BEGIN:VEVENT").then(|| lines.iter().position(|line| is(line, "END:VEVENT")))?
}

/// The name of a content line's property.
fn name(line: &str) -> &str {
    &line[..line.find([';', ':']).unwrap_or(line.len())]
}

/// The value of the VEVENT's own first property of this name, whose parameters hold no colon.
fn value<'a>(event: &'a [String], wanted: &str) -> Option<&'a str> {
    let mut depth = 0;
    for line in event {
        match name(line) {
            "BEGIN" => depth += 1,
            "END" => depth -= 1,
            found if depth == 1 && found == wanted => return line.split_once(':').map(|(_, value)| value),
            _ => {}
        }
    }
    None
}

/// The address of an ATTENDEE, lower case.
fn address(line: &str) -> Option<String> {
    let line = line.to_lowercase();
    line.rsplit_once("mailto:").map(|(_, address)| address.trim().to_owned())
}

fn start(event: &[String], zones: &Zones) -> Option<Moment> {
    event.iter().find(|line| name(line) == "DTSTART").and_then(|line| time(line, zones))
}

/// The instant of a DTSTART or DTEND in UTC or in a zone of IANA's.
fn time(line: &str, zones: &Zones) -> Option<Moment> {
    let (head, value) = line.split_once(':')?;
    let wall = NaiveDateTime::parse_from_str(value.trim_end_matches('Z'), "%Y%m%dT%H%M%S").ok()?;
    if value.ends_with('Z') {
        return Some(wall.and_utc());
    }
    let zone = head.split(';').find_map(|part| part.strip_prefix("TZID="))?;
    Some(zones.get(zone.trim_matches('"'))?.instant(wall))
}

fn with_partstat(line: &str, answer: &str) -> String {
    let head = line.find(':').unwrap_or(line.len());
    let Some(at) = line.find(";PARTSTAT=") else {
        return line.replacen("ATTENDEE", &format!("ATTENDEE;PARTSTAT={answer}"), 1);
    };
    let end = line[at + 1..].find([';', ':']).map_or(head, |end| at + 1 + end);
    format!("{};PARTSTAT={answer}{}", &line[..at], &line[end..])
}

/// Content lines (RFC 5545, 3.1). Bytes are joined before they are read as text: a fold may stand within a letter.
fn unfolded(feed: &[u8]) -> Vec<String> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in feed.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line, lines.last_mut()) {
            ([b' ' | b'\t', more @ ..], Some(last)) => last.extend_from_slice(more),
            _ => lines.push(line.to_vec()),
        }
    }
    let text = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned());
    text.filter(|line| !line.is_empty()).collect()
}

/// Content lines of at most 75 octets, with CRLF (RFC 5545, 3.1).
pub(super) fn folded(lines: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines {
        let mut width = 0;
        for letter in line.chars() {
            if width + letter.len_utf8() > 75 {
                out.extend_from_slice(b"\r\n ");
                width = 1;
            }
            width += letter.len_utf8();
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}
