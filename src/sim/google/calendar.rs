//! One person's calendar: a copy of each event as JSON, and when it last changed.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::gcal::instant;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// An event as it stands in one calendar.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    pub value: Value,
    /// The change that it was last sent for.
    pub changed: u64,
}

/// A calendar.
#[derive(Debug)]
pub(super) struct Calendar {
    pub address: String,
    pub zone: String,
    pub events: BTreeMap<String, Copy>,
}

impl Calendar {
    pub fn new(address: &str, zone: &str) -> Self {
        Self { address: address.to_owned(), zone: zone.to_owned(), events: BTreeMap::new() }
    }

    pub fn live(&self, id: &str) -> Option<&Value> {
        self.events.get(id).map(|copy| &copy.value).filter(|value| !is_cancelled(value))
    }

    /// Puts a copy in, and sends its whole group anew: a series and all its exceptions carry one etag.
    pub fn put(&mut self, id: &str, value: Value, clock: u64, now: Moment) {
        let group = group_of(&value).unwrap_or(id).to_owned();
        self.events.insert(id.to_owned(), Copy { value, changed: clock });
        let is_of_group = |of: &str, value: &Value| of == group || group_of(value) == Some(&group);
        for (of, copy) in &mut self.events {
            if of == id || is_of_group(of, &copy.value) {
                stamp(&mut copy.value, now);
                copy.changed = clock;
            }
        }
    }

    /// What is left of a deleted event but its id.
    pub fn bury(&mut self, id: &str, clock: u64, now: Moment) {
        self.events.retain(|_, copy| group_of(&copy.value) != Some(id));
        let mut value = json!({ "kind": "calendar#event", "id": id, "status": "cancelled" });
        stamp(&mut value, now);
        self.events.insert(id.to_owned(), Copy { value, changed: clock });
    }
}

/// The series that an exception belongs to.
pub(super) fn group_of(value: &Value) -> Option<&str> {
    value["recurringEventId"].as_str()
}

pub(super) fn is_cancelled(value: &Value) -> bool {
    value["status"] == "cancelled"
}

/// A new version: etag and `updated`, which only what is not a stub has.
fn stamp(value: &mut Value, now: Moment) {
    value["etag"] = format!("\"{}\"", now.timestamp_micros() * 2).into();
    if value.get("updated").is_some() {
        value["updated"] = instant(now).into();
    }
}

/// A time of day in a zone, as the API writes it.
pub(super) fn point(at: Moment, zone: &Zone) -> Value {
    let offset = FixedOffset::east_opt(zone.rules.offset_at(at));
    let text = offset.map_or_else(
        || instant(at),
        |offset| at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, true),
    );
    json!({ "dateTime": text, "timeZone": &*zone.name })
}

/// The instant of `start`, `end` or `originalStartTime`; of a whole day its midnight in UTC.
pub(super) fn at(point: &Value) -> Option<Moment> {
    if let Some(text) = point["dateTime"].as_str() {
        return chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    }
    let date: chrono::NaiveDate = point["date"].as_str()?.parse().ok()?;
    Some(date.and_time(chrono::NaiveTime::MIN).and_utc())
}

pub(super) fn span(value: &Value) -> Option<Span> {
    Some(Span::new(at(&value["start"])?, at(&value["end"])?))
}

/// `20261118T090000Z`, as instances' ids end.
pub(super) fn stamped(at: Moment) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Series and original start of an instance's id.
pub(super) fn instance_of(id: &str) -> Option<(&str, Moment)> {
    let (series, stamp) = id.rsplit_once('_')?;
    let at = NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ").ok()?;
    Some((series, at.and_utc()))
}
