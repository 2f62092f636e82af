//! `freeBusy.query`.

use serde_json::{Value, json};

use super::calendar::{Calendar, at, span};
use super::{Answered, Server, refused};
use crate::gcal::instant;
use crate::model::time::{Span, merged};

/// Calendars in one question, at most.
const MOST: usize = 50;

impl Server {
    pub(super) fn free_busy(&self, user: &str, body: &Value) -> Answered {
        let bound = |name: &str| at(&json!({ "dateTime": body[name] }));
        let window = bound("timeMin").zip(bound("timeMax")).filter(|(from, until)| from < until);
        let (from, until) = window.ok_or_else(|| {
            refused(400, "calendar", "timeRangeEmpty", "The specified time range is empty.")
                .about("parameter", "timeMax")
        })?;
        let window = Span::new(from, until);
        let items = body["items"].as_array().cloned().unwrap_or_default();
        let mut calendars = serde_json::Map::new();
        for (nth, id) in items.iter().filter_map(|item| item["id"].as_str()).enumerate() {
            let known = self.calendars.get(id).filter(|_| id == user || self.access.role(id, user).is_some());
            let said = match known {
                _ if nth >= MOST => {
                    json!({ "errors": [{ "domain": "global", "reason": "tooManyCalendarsRequested" }], "busy": [] })
                }
                None => json!({ "errors": [{ "domain": "global", "reason": "notFound" }], "busy": [] }),
                Some(known) => json!({ "busy": self.busy(known, &window) }),
            };
            calendars.insert(id.to_owned(), said);
        }
        Ok(
            json!({ "kind": "calendar#freeBusy", "timeMin": instant(from), "timeMax": instant(until), "calendars": calendars }),
        )
    }

    /// When the owner is busy: not by what is free, called off, or declined.
    fn busy(&self, known: &Calendar, window: &Span) -> Vec<Value> {
        let is_busy = |value: &&Value| {
            let own =
                value["attendees"].as_array().and_then(|all| all.iter().find(|one| one["self"] == true));
            value["transparency"] != "transparent"
                && own.is_none_or(|own| own["responseStatus"] != "declined")
        };
        let all = self.expanded(known, window);
        let spans = all.iter().filter(is_busy).filter_map(|value| span(value)?.and(window)).collect();
        merged(spans)
            .iter()
            .map(|span| json!({ "start": instant(span.start), "end": instant(span.end) }))
            .collect()
    }
}
