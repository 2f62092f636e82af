//! Events → the API's JSON: what we book, what became of it, and items as a made-up calendar says them.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::read::{Fields, Reader};
use crate::model::event::{Attendee, Event, EventStatus, Partstat, Shown, When};
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone, Zones};

/// The private extended property by which an event is known for ours; its value is the recovery.
const MARK: &str = "drumbeat";

/// A meeting to be booked in somebody's own calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite<'a> {
    /// The event's id: 5 to 1024 characters of `0-9a-v`.
    pub id: &'a str,
    /// Names and addresses of who meets: first the one whose calendar it is.
    pub attendees: [(&'a str, &'a str); 2],
    /// When it is, the first time.
    pub span: Span,
    /// The zone that it is written in, and repeats in.
    pub zone: &'a Zone,
    /// RRULE value with an end, for a series.
    pub rrule: Option<&'a str>,
    /// `summary`.
    pub title: &'a str,
    /// `description`; empty for none.
    pub description: &'a str,
    /// The pair's usual video link; without one, Meet is asked for a new one.
    pub link: Option<&'a str>,
    /// By what we know it for ours.
    pub mark: &'a str,
}

/// The body of `events.insert`.
pub fn booking(invite: &Invite<'_>) -> Vec<u8> {
    let [own, guest] = invite.attendees;
    let mut event = json!({
        "id": invite.id,
        "status": "confirmed",
        "summary": invite.title,
        "start": local(invite.span.start, invite.zone),
        "end": local(invite.span.end, invite.zone),
        "attendees": [
            { "email": own.1, "displayName": own.0, "responseStatus": "accepted" },
            { "email": guest.1, "displayName": guest.0 },
        ],
        "extendedProperties": { "private": { MARK: invite.mark } },
    });
    let description = [Some(invite.description).filter(|text| !text.is_empty()), invite.link];
    let description: Vec<&str> = description.into_iter().flatten().collect();
    if !description.is_empty() {
        event["description"] = description.join("\n\n").into();
    }
    if let Some(rrule) = invite.rrule {
        event["recurrence"] = json!([format!("RRULE:{rrule}")]);
    }
    match invite.link {
        Some(link) => event["location"] = link.into(),
        // The same request again is the same conference.
        None => {
            event["conferenceData"] = json!({
                "createRequest": {
                    "requestId": invite.id,
                    "conferenceSolutionKey": { "type": "hangoutsMeet" },
                },
            });
        }
    }
    event.to_string().into_bytes()
}

/// An event of ours as it stands in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its version, for a conditional deletion.
    pub etag: String,
    /// It was called off.
    pub is_cancelled: bool,
    /// Our mark.
    pub mark: Option<String>,
    /// When it is; `None` where that cannot be read (of a cancelled one it is never read).
    pub span: Option<Span>,
    /// Its video link, once there is one.
    pub link: Option<String>,
    /// A conference was asked for and is not there yet.
    pub is_link_pending: bool,
}

/// Reads the answer of `events.get` and `events.insert`; `None` where it is no event.
pub fn placed(bytes: &[u8], zones: &Zones) -> Option<Placed> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let fields = Fields(&value);
    fields.text("id")?;
    let is_cancelled = fields.text("status") == Some("cancelled");
    let reader = Reader { zones, zone: None };
    let event = reader.event(&fields, "", false).filter(|_| !is_cancelled);
    let span = event.as_ref().and_then(|event| match &event.start {
        start @ (When::Utc(_) | When::Zoned(..)) => {
            let at = reader.instant(start)?;
            Some(Span::new(at, at + event.length))
        }
        _ => None,
    });
    let status = value.pointer("/conferenceData/createRequest/status/statusCode").and_then(Value::as_str);
    Some(Placed {
        etag: fields.text("etag").unwrap_or_default().to_owned(),
        is_cancelled,
        mark: mark(&value),
        span,
        link: event.and_then(|event| event.link),
        is_link_pending: status == Some("pending"),
    })
}

/// The event that a body of `events.insert` makes in the calendar of `owner` (an address), and its mark; `None` where
/// it is none. Google makes the UID of the id.
pub fn inserted(bytes: &[u8], owner: &str, zones: &Zones) -> Option<(Event, Option<String>)> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let uid = format!("{}@google.com", Fields(&value).text("id")?);
    let event = Reader { zones, zone: None }.event(&Fields(&value), &uid, false)?;
    Some((Event { organizer: Some(owner.to_owned()), ..event }, mark(&value)))
}

fn mark(event: &Value) -> Option<String> {
    Some(event.pointer("/extendedProperties/private")?.get(MARK)?.as_str()?.to_owned())
}

/// An item of `events.list`, as it stands in the calendar of `viewer` (an address): for made-up calendars.
pub fn item(id: &str, event: &Event, viewer: &str) -> Value {
    let person = |address: &str| json!({ "email": address, "self": address == viewer });
    let mut item = json!({
        "kind": "calendar#event",
        "id": id,
        "iCalUID": event.uid,
        "status": if event.status == EventStatus::Tentative { "tentative" } else { "confirmed" },
        "summary": event.title,
        "start": point(&event.start),
        "end": point(&end(event)),
        "sequence": event.sequence,
        "eventType": kind(event.shown),
        "attendees": event.attendees.iter().map(|one| guest(one, viewer)).collect::<Vec<_>>(),
    });
    let optional = [
        ("organizer", event.organizer.as_deref().map(person)),
        ("created", event.created.map(|at| instant(at).into())),
        ("updated", event.modified.map(|at| instant(at).into())),
        ("hangoutLink", event.link.clone().map(Value::from)),
        ("originalStartTime", event.recurrence_id.as_ref().map(point)),
        ("transparency", (event.shown == Shown::Free).then(|| "transparent".into())),
        ("visibility", event.is_private.then(|| "private".into())),
        ("recurrence", Some(lines(event)).filter(|lines| !lines.is_empty()).map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            item[name] = value;
        }
    }
    item
}

/// The item of an event that is deleted: only its id.
pub fn deleted(id: &str) -> Value {
    json!({ "kind": "calendar#event", "id": id, "status": "cancelled" })
}

fn guest(attendee: &Attendee, viewer: &str) -> Value {
    json!({
        "email": attendee.address,
        "displayName": attendee.name,
        "self": attendee.address == viewer,
        "resource": attendee.is_resource,
        "responseStatus": match attendee.partstat {
            Partstat::NeedsAction => "needsAction",
            Partstat::Accepted => "accepted",
            Partstat::Declined => "declined",
            Partstat::Tentative => "tentative",
        },
    })
}

fn kind(shown: Shown) -> &'static str {
    match shown {
        Shown::OutOfOffice => "outOfOffice",
        Shown::Focus => "focusTime",
        Shown::Elsewhere => "workingLocation",
        Shown::Busy | Shown::Free | Shown::Tentative => "default",
    }
}

fn end(event: &Event) -> When {
    match &event.start {
        When::Date(date) => When::Date(*date + event.length),
        When::Utc(at) => When::Utc(*at + event.length),
        When::Floating(wall) => When::Floating(*wall + event.length),
        When::Zoned(wall, zone) => When::Zoned(*wall + event.length, zone.clone()),
    }
}

fn point(when: &When) -> Value {
    match when {
        When::Date(date) => json!({ "date": date.to_string() }),
        When::Utc(at) => json!({ "dateTime": instant(*at) }),
        When::Floating(wall) => json!({ "dateTime": wall.format("%FT%T").to_string() }),
        When::Zoned(wall, zone) => json!({ "dateTime": wall.format("%FT%T").to_string(), "timeZone": zone }),
    }
}

/// The recurrence as lines of iCalendar.
fn lines(event: &Event) -> Vec<String> {
    let recurrence = &event.recurrence;
    let rules = recurrence.rrules.iter().map(|rule| format!("RRULE:{rule}"));
    let exrules = recurrence.exrules.iter().map(|rule| format!("EXRULE:{rule}"));
    let dates = |name: &'static str, all: &[When]| {
        all.iter().map(|when| format!("{name}{}", date_line(when))).collect::<Vec<_>>()
    };
    rules
        .chain(exrules)
        .chain(dates("EXDATE", &recurrence.exdates))
        .chain(dates("RDATE", &recurrence.rdates))
        .collect()
}

fn date_line(when: &When) -> String {
    match when {
        When::Date(date) => format!(";VALUE=DATE:{}", date.format("%Y%m%d")),
        When::Utc(at) => format!(":{}", at.format("%Y%m%dT%H%M%SZ")),
        When::Floating(wall) => format!(":{}", wall.format("%Y%m%dT%H%M%S")),
        When::Zoned(wall, zone) => format!(";TZID={zone}:{}", wall.format("%Y%m%dT%H%M%S")),
    }
}

fn local(at: Moment, zone: &Zone) -> Value {
    // An offset stands in it, so that what is meant does not depend on which zone data the other side has.
    let offset = chrono::FixedOffset::east_opt(zone.rules.offset_at(at)).map_or_else(
        || instant(at),
        |offset| at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, false),
    );
    json!({ "dateTime": offset, "timeZone": &*zone.name })
}

/// An instant as the API writes it: RFC 3339 with milliseconds, in UTC.
pub fn instant(at: Moment) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
