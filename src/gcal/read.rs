//! Pages of `events.list` → items; each item is read for itself, so a bad one costs no other.
//!
//! Source: <https://developers.google.com/workspace/calendar/api/v3/reference/events>.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::page;
use crate::ical::{self, Lookup};
use crate::model::event::{Attendee, Event, EventStatus, Partstat, Shown, When};
use crate::model::listing::{Item, Listing, Said};
use crate::model::zone::{Moment, Zones};

/// Longest text that is taken for a title, in bytes; what is longer is cut.
const TITLE: usize = 1000;
/// Longest event, in days: what claims to be longer is not read.
const LONGEST_DAYS: i64 = 3660;

/// Reads all pages of one answer. `None`: one of them is no page, and the answer is not whole.
pub fn listing(pages: &[Vec<u8>], whole: bool, zones: &Zones) -> Option<Listing> {
    let mut listing = Listing { whole, ..Listing::default() };
    for bytes in pages {
        let frame = page::page(bytes)?;
        listing.zone = frame.time_zone.or(listing.zone);
        let reader = Reader { zones, zone: listing.zone.as_deref() };
        for item in items(bytes)? {
            match reader.item(&item) {
                Some(item) => listing.items.push(item),
                None => listing.nameless += 1,
            }
        }
    }
    Some(listing)
}

/// The items of a page, each as it is.
fn items(bytes: &[u8]) -> Option<Vec<Value>> {
    #[derive(Deserialize)]
    struct Items {
        #[serde(default)]
        items: Vec<Value>,
    }
    serde_json::from_slice::<Items>(bytes).ok().map(|page| page.items)
}

/// What reads the items of one calendar.
pub(super) struct Reader<'a> {
    pub zones: &'a Zones,
    /// The calendar's zone.
    pub zone: Option<&'a str>,
}

/// An event as the API writes it, as far as it is read. Fields are read one by one, so that one of another shape
/// than expected counts as absent; what an event cannot do without is asked for where it is needed.
pub(super) struct Fields<'a>(pub &'a Value);

impl Fields<'_> {
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.0.get(name)?).ok()
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub fn moment(&self, name: &str) -> Option<Moment> {
        DateTime::parse_from_rfc3339(self.text(name)?).ok().map(|at| at.to_utc())
    }
}

/// `start`, `end`, `originalStartTime`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    date: Option<NaiveDate>,
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Person {
    email: Option<String>,
    display_name: Option<String>,
    response_status: Option<String>,
    resource: Option<bool>,
}

impl Reader<'_> {
    /// `None`: it has no id.
    pub fn item(&self, item: &Value) -> Option<Item> {
        let fields = Fields(item);
        let id = fields.text("id").filter(|id| !id.is_empty())?.to_owned();
        let series = fields.text("recurringEventId").map(str::to_owned);
        let uid = fields.text("iCalUID").filter(|uid| !uid.is_empty()).map(str::to_owned);
        let name = uid.as_deref().or(series.as_deref()).unwrap_or(&id);
        let said = self.said(&fields, name, series.is_some());
        Some(Item { id, series, uid, modified: fields.moment("updated"), said })
    }

    fn said(&self, fields: &Fields<'_>, uid: &str, is_instance: bool) -> Said {
        if fields.text("status") == Some("cancelled") {
            // An instance of a series is called off; anything else that is cancelled is deleted.
            let original = is_instance.then(|| self.point(fields, "originalStartTime", false)).flatten();
            return original.map_or(Said::Deleted, Said::InstanceCancelled);
        }
        self.event(fields, uid, is_instance).map_or(Said::Unread, |event| Said::Stands(Box::new(event)))
    }

    pub fn event(&self, fields: &Fields<'_>, uid: &str, is_instance: bool) -> Option<Event> {
        let lines: Vec<String> = fields.get("recurrence").unwrap_or_default();
        let recurrence = ical::recurrence(lines.iter().map(String::as_str), &ical::Limits::default())?;
        let start = self.point(fields, "start", !recurrence.is_empty())?;
        let length = self.length(fields, &start)?;
        let recurrence_id =
            if is_instance { Some(self.point(fields, "originalStartTime", false)?) } else { None };
        let attendees: Vec<Person> = fields.get("attendees").unwrap_or_default();
        let organizer: Option<Person> = fields.get("organizer");
        let visibility = fields.text("visibility");
        Some(Event {
            uid: uid.to_owned(),
            recurrence_id,
            this_and_future: false,
            start,
            length,
            recurrence,
            status: if fields.text("status") == Some("tentative") {
                EventStatus::Tentative
            } else {
                EventStatus::Confirmed
            },
            shown: shown(fields),
            is_private: matches!(visibility, Some("private" | "confidential")),
            title: cut(fields.text("summary").unwrap_or_default(), TITLE).trim().to_owned(),
            organizer: organizer.and_then(|person| person.email).map(|email| email.to_lowercase()),
            attendees: attendees.into_iter().filter_map(attendee).collect(),
            sequence: fields.get("sequence").unwrap_or_default(),
            created: fields.moment("created"),
            modified: fields.moment("updated"),
            link: link(fields),
        })
    }

    /// A date or time. One that a rule begins at stays on its wall clock; any other is an instant.
    fn point(&self, fields: &Fields<'_>, name: &str, recurs: bool) -> Option<When> {
        let point: Point = fields.get(name)?;
        if let Some(date) = point.date {
            return Some(When::Date(date));
        }
        let text = point.date_time?;
        let zone = point.time_zone.as_deref().or(self.zone);
        let Ok(at) = DateTime::parse_from_rfc3339(&text) else {
            let wall: NaiveDateTime = text.parse().ok()?;
            return Some(zone.map_or(When::Floating(wall), |zone| When::Zoned(wall, zone.to_owned())));
        };
        let Some(name) = zone.filter(|_| recurs) else { return Some(When::Utc(at.to_utc())) };
        // An unknown zone is noted as a doubt when the series is expanded.
        let wall = self.resolve(name).map_or(at.naive_local(), |zone| zone.local(at.to_utc()));
        Some(When::Zoned(wall, name.to_owned()))
    }

    fn resolve(&self, name: &str) -> Option<crate::model::zone::Zone> {
        let (custom, default) = (std::collections::BTreeMap::new(), crate::model::zone::Zone::utc());
        ical::zone::resolve(name, &Lookup { zones: self.zones, custom: &custom, default: &default })
    }

    /// `end` less `start`; a day or nothing where there is no end.
    fn length(&self, fields: &Fields<'_>, start: &When) -> Option<TimeDelta> {
        let Some(end) = self.point(fields, "end", false) else {
            return Some(if matches!(start, When::Date(_)) { TimeDelta::days(1) } else { TimeDelta::zero() });
        };
        let length = match (start, &end) {
            (When::Date(start), When::Date(end)) => *end - *start,
            _ => self.instant(&end)? - self.instant(start)?,
        };
        (length >= TimeDelta::zero() && length <= TimeDelta::days(LONGEST_DAYS)).then_some(length)
    }

    pub(super) fn instant(&self, when: &When) -> Option<Moment> {
        match when {
            When::Utc(at) => Some(*at),
            When::Zoned(wall, name) => {
                Some(self.resolve(name).map_or(wall.and_utc(), |zone| zone.instant(*wall)))
            }
            When::Floating(wall) => Some(wall.and_utc()),
            When::Date(_) => None,
        }
    }
}

/// `eventType`, and `transparency`.
fn shown(fields: &Fields<'_>) -> Shown {
    match fields.text("eventType") {
        Some("outOfOffice") => Shown::OutOfOffice,
        Some("focusTime") => Shown::Focus,
        Some("workingLocation" | "birthday") => Shown::Elsewhere,
        _ if fields.text("transparency") == Some("transparent") => Shown::Free,
        _ => Shown::Busy,
    }
}

fn attendee(person: Person) -> Option<Attendee> {
    Some(Attendee {
        address: person.email?.to_lowercase(),
        name: person.display_name.unwrap_or_default().trim().to_owned(),
        partstat: match person.response_status.as_deref() {
            Some("accepted") => Partstat::Accepted,
            Some("declined") => Partstat::Declined,
            Some("tentative") => Partstat::Tentative,
            _ => Partstat::NeedsAction,
        },
        is_resource: person.resource.unwrap_or_default(),
    })
}

/// The video link: Meet's own, else that of another service.
fn link(fields: &Fields<'_>) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Conference {
        #[serde(default)]
        entry_points: Vec<Entry>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        entry_point_type: Option<String>,
        uri: Option<String>,
    }
    let conference: Option<Conference> = fields.get("conferenceData");
    let entries = conference.map(|conference| conference.entry_points).unwrap_or_default();
    let video = entries.into_iter().find(|entry| entry.entry_point_type.as_deref() == Some("video"));
    let link = fields.text("hangoutLink").map(str::to_owned).or_else(|| video?.uri)?;
    let is_plain =
        link.starts_with("https://") && !link.contains(|c: char| c.is_whitespace() || c.is_control());
    is_plain.then_some(link)
}

/// The text up to so many bytes, at a border of letters.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests;
