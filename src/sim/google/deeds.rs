//! What people do, as the recorded answers show what becomes of it.

use serde_json::Value;

use super::Server;
use super::calendar::{at, instance_of, is_cancelled, point, span, stamped};
use super::edit::raise_sequence;
use crate::model::time::Span;
use crate::model::zone::Moment;

impl Server {
    /// One instance, or a single event, takes place at another time.
    pub fn moves(&mut self, organizer: &str, id: &str, to: Span) {
        let Some(mut event) = self.standing(organizer, id) else { return };
        let zone = self.zone(event["start"]["timeZone"].as_str().unwrap_or("UTC"));
        event["start"] = point(to.start, &zone);
        event["end"] = point(to.end, &zone);
        raise_sequence(&mut event);
        self.change(organizer, id, &event);
    }

    /// It is deleted: an instance, a series, or a single event; by its organiser or by a guest.
    pub fn deletes(&mut self, whose: &str, id: &str) {
        // What is gone already stays gone.
        let _ = self.delete(whose, id, None);
    }

    /// A guest, or the organiser, answers: `accepted`, `declined`, `tentative`.
    pub fn answers(&mut self, organizer: &str, who: &str, id: &str, answer: &str) {
        self.respond(organizer, who, id, answer);
    }

    /// All of a group is sent again, though nothing of it changed.
    pub fn resends(&mut self, organizer: &str, id: &str) {
        if let Some(event) = self.standing(organizer, id) {
            self.change(organizer, id, &event);
        }
    }

    /// "This and following": the series ends the day before, and goes on as another one. With the same time of day its id
    /// tells where it comes from; with a new one nothing does but that it was created at the same time.
    pub fn splits(&mut self, organizer: &str, series: &str, from: Moment, to: Moment) -> Option<String> {
        let master = self.standing(organizer, series)?;
        let zone = self.zone(master["start"]["timeZone"].as_str().unwrap_or("UTC"));
        let length = span(&master)?.length();
        let mut successor = master.clone();
        let id = if from == to {
            format!("{series}_R{}", from.format("%Y%m%dT%H%M%S"))
        } else {
            successor["sequence"] = 1.into();
            self.name()
        };
        successor["id"] = id.clone().into();
        successor["iCalUID"] = format!("{id}@google.com").into();
        successor["start"] = point(to, &zone);
        successor["end"] = point(to + length, &zone);
        let midnight = zone.local(from).date().and_time(chrono::NaiveTime::MIN);
        self.cut(organizer, series, zone.instant(midnight) - chrono::TimeDelta::seconds(1));
        self.change(organizer, &id, &successor);
        Some(id)
    }

    /// The series ends by then; exceptions behind its end come back as bare ids.
    pub fn cut(&mut self, organizer: &str, series: &str, until: Moment) {
        let Some(mut master) = self.standing(organizer, series) else { return };
        let rules = master["recurrence"].as_array().cloned().unwrap_or_default();
        let cut = |rule: &Value| {
            let text = rule.as_str().unwrap_or_default();
            let kept =
                text.split(';').filter(|part| !part.starts_with("UNTIL=") && !part.starts_with("COUNT="));
            let kept: Vec<&str> = kept.collect();
            if text.starts_with("RRULE:") {
                format!("{};UNTIL={}", kept.join(";"), stamped(until))
            } else {
                text.to_owned()
            }
        };
        master["recurrence"] = rules.iter().map(cut).collect::<Vec<_>>().into();
        self.change(organizer, series, &master);
        let whose: Vec<String> = self.calendars.keys().cloned().collect();
        for calendar in whose {
            let beyond: Vec<String> = self
                .calendars
                .get(&calendar)
                .into_iter()
                .flat_map(|known| &known.events)
                .filter(|(id, copy)| {
                    copy.value["recurringEventId"] == series
                        && instance_of(id).is_some_and(|(_, at)| at > until)
                })
                .map(|(id, _)| id.clone())
                .collect();
            for id in beyond {
                self.with(&calendar, |known, clock, now| known.bury(&id, clock, now));
            }
        }
    }

    /// Another one becomes the organiser; whoever was it, and is not invited, keeps a bare tombstone.
    pub fn hands_over(&mut self, organizer: &str, id: &str, to: &str) {
        let Some(mut event) = self.standing(organizer, id) else { return };
        event["organizer"] = serde_json::json!({ "email": to });
        self.change(to, id, &event);
    }

    /// Instances that begin in a window and are not called off, by id: for whoever looks for something to do.
    pub fn happenings(&self, calendar: &str, window: &Span) -> Vec<(String, Moment)> {
        let Some(known) = self.calendars.get(calendar) else { return Vec::new() };
        let all = self.expanded(known, window);
        all.iter()
            .filter(|value| !is_cancelled(value))
            .filter_map(|value| Some((value["id"].as_str()?.to_owned(), at(&value["start"])?)))
            .collect()
    }

    /// An event, or an instance that has nothing of its own yet.
    pub(super) fn standing(&self, organizer: &str, id: &str) -> Option<Value> {
        let known = self.calendars.get(organizer)?.live(id).cloned();
        known.or_else(|| self.instance(organizer, id))
    }
}
