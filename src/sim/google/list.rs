//! `events.list`: pages, sync tokens that expire, and the source's own expansion of a window.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calendar::{Calendar, group_of, is_cancelled, stamped};
use super::{Answered, Refused, Server, refused};
use crate::gcal::{self, instant};
use crate::ical::{self, Limits, Lookup};
use crate::model::event::Event;
use crate::model::listing::Said;
use crate::model::time::Span;

/// Parameters that a sync token does not go with.
const NOT_WITH_TOKEN: [&str; 8] = [
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];
/// Those that must be the same as when the token was given.
const SAME: [&str; 4] = ["singleEvents", "showDeleted", "maxAttendees", "eventTypes"];

/// The pages of an answer that are still to come.
#[derive(Debug)]
pub(super) struct Rest {
    items: Vec<Value>,
    token: Option<String>,
}

/// A refusal of a token.
fn gone() -> Refused {
    refused(410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
        .about("parameter", "syncToken")
}

impl Server {
    pub(super) fn list(&mut self, calendar: &str, role: &str, query: &BTreeMap<String, String>) -> Answered {
        let rest = match query.get("pageToken") {
            Some(token) => self
                .pages
                .remove(token)
                .ok_or_else(|| refused(400, "global", "invalid", "Invalid page token"))?,
            None => self.first(calendar, query)?,
        };
        let asked = query.get("maxResults").and_then(|most| most.parse().ok()).unwrap_or(250);
        Ok(self.page(calendar, role, rest, asked))
    }

    /// All of an answer, before it is cut into pages.
    fn first(&self, calendar: &str, query: &BTreeMap<String, String>) -> Result<Rest, Refused> {
        let known = self.calendars.get(calendar).ok_or_else(gone)?;
        let is = |name: &str| query.get(name).is_some_and(|value| value == "true");
        let same = SAME.map(|name| query.get(name).map_or("", String::as_str)).join(".");
        let token = format!("C{}-{same}", self.clock);
        let Some(given) = query.get("syncToken") else {
            let items = if is("singleEvents") {
                self.instances(known, query)?
            } else {
                let shows =
                    |value: &&Value| !is_cancelled(value) || is("showDeleted") || stub_of_live(known, value);
                known
                    .events
                    .values()
                    .map(|copy| &copy.value)
                    .filter(shows)
                    .map(|value| self.shown(value))
                    .collect()
            };
            // A token that a window was asked for with would filter nobody knows what.
            let has_token = !query.contains_key("timeMin") && !query.contains_key("timeMax");
            return Ok(Rest { items, token: has_token.then_some(token) });
        };
        if NOT_WITH_TOKEN.iter().any(|name| query.contains_key(*name)) {
            return Err(refused(
                400,
                "calendar",
                "syncTokenWithRequestRestrictions",
                "Sync token cannot be used with other request restrictions.",
            ));
        }
        let (since, parameters) =
            given.strip_prefix('C').and_then(|rest| rest.split_once('-')).ok_or_else(gone)?;
        let since: u64 = since.parse().map_err(|_| gone())?;
        if since <= self.expired || parameters != same {
            return Err(gone());
        }
        let changed = known.events.values().filter(|copy| copy.changed > since);
        Ok(Rest { items: changed.map(|copy| self.shown(&copy.value)).collect(), token: Some(token) })
    }

    fn page(&mut self, calendar: &str, role: &str, mut rest: Rest, asked: usize) -> Value {
        let size = asked.min(self.page_size).min(rest.items.len());
        let later = rest.items.split_off(size);
        let zone = self.calendars.get(calendar).map_or("UTC", |known| known.zone.as_str());
        let mut page = json!({
            "kind": "calendar#events", "etag": format!("\"p3{}o0o\"", self.clock), "summary": calendar,
            "description": "", "updated": instant(self.now), "timeZone": zone, "accessRole": role,
            "defaultReminders": [{ "method": "popup", "minutes": 10 }], "items": rest.items,
        });
        if later.is_empty() {
            if let Some(token) = rest.token {
                page["nextSyncToken"] = token.into();
            }
        } else {
            let token = self.name();
            page["nextPageToken"] = token.clone().into();
            self.pages.insert(token, Rest { items: later, token: rest.token });
        }
        page
    }

    /// `singleEvents=true`: what happens in the window, each for itself.
    fn instances(&self, known: &Calendar, query: &BTreeMap<String, String>) -> Result<Vec<Value>, Refused> {
        let bound =
            |name: &str| chrono::DateTime::parse_from_rfc3339(query.get(name)?).ok().map(|at| at.to_utc());
        let window = bound("timeMin").zip(bound("timeMax"));
        let (from, until) =
            window.ok_or_else(|| refused(400, "global", "invalid", "a window is needed here"))?;
        let all = self.expanded(known, &Span::new(from, until));
        Ok(all.into_iter().filter(|value| !is_cancelled(value)).collect())
    }

    /// All happenings of a calendar in a window, as instances have them.
    pub(super) fn expanded(&self, known: &Calendar, window: &Span) -> Vec<Value> {
        let values: Vec<&Value> = known.events.values().map(|copy| &copy.value).collect();
        let page = json!({ "kind": "calendar#events", "timeZone": known.zone, "items": values });
        let pages = [page.to_string().into_bytes()];
        let listing = gcal::listing(&pages, true, &self.zones).unwrap_or_default();
        let (ids, events): (Vec<String>, Vec<Event>) = listing
            .items
            .into_iter()
            .filter_map(|item| match item.said {
                Said::Stands(event) => Some((item.id, *event)),
                _ => None,
            })
            .unzip();
        let (custom, default) = (BTreeMap::new(), self.zone(&known.zone));
        let lookup = Lookup { zones: &self.zones, custom: &custom, default: &default };
        let expanded = ical::expand(&events, &lookup, window, &Limits::default());
        let value = |instance: &ical::Instance| {
            let id = &ids[instance.event];
            let own = known.live(id)?;
            // A series' instance that has nothing of its own; called off ones are stubs, and not among the events.
            let Some(rid) = instance.rid.filter(|_| own.get("recurrence").is_some()) else {
                return Some(self.shown(own));
            };
            let instance_id = format!("{id}_{}", stamped(rid));
            if known.events.contains_key(&instance_id) {
                return None;
            }
            self.instance(&known.address, &instance_id)
        };
        expanded.instances.iter().filter(|instance| !instance.is_cancelled).filter_map(value).collect()
    }
}

/// A stub of an instance of a series that goes on: it is listed whatever is asked for.
fn stub_of_live(known: &Calendar, value: &Value) -> bool {
    group_of(value).is_some_and(|series| known.live(series).is_some())
}
