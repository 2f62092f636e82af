//! Events read, made, changed and deleted; and the copies of them in guests' calendars.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::calendar::{Copy, at, group_of, instance_of, is_cancelled, point, span, stamped};
use super::{Answered, Refused, Server, not_found, refused};
use crate::gcal::instant;
use crate::model::zone::{Moment, Zone};

/// What a body may bring into an event.
const TAKEN: [&str; 13] = [
    "summary",
    "description",
    "location",
    "start",
    "end",
    "recurrence",
    "attendees",
    "extendedProperties",
    "transparency",
    "visibility",
    "eventType",
    "conferenceData",
    "reminders",
];

impl Server {
    pub(super) fn get(&self, calendar: &str, id: &str) -> Answered {
        let known = self.calendars.get(calendar).and_then(|known| known.events.get(id));
        match known {
            Some(copy) => Ok(self.shown(&copy.value)),
            None => self.instance(calendar, id).ok_or_else(not_found),
        }
    }

    /// A copy as it is answered: what is only known here is left out, and conferences are there in time.
    pub(super) fn shown(&self, value: &Value) -> Value {
        let mut shown = value.clone();
        let ready = shown.as_object_mut().and_then(|fields| fields.remove("_conference_at"));
        let is_ready = ready.and_then(|at| at.as_i64()).is_some_and(|at| at <= self.now.timestamp());
        if is_ready {
            let id = shown["id"].as_str().unwrap_or_default();
            let link = format!("https://meet.google.com/{}", &id[..id.len().min(10)]);
            shown["hangoutLink"] = link.clone().into();
            shown["conferenceData"]["createRequest"]["status"]["statusCode"] = "success".into();
            shown["conferenceData"]["entryPoints"] = json!([{ "entryPointType": "video", "uri": link }]);
        }
        shown
    }

    /// An instance of a series that has nothing of its own yet.
    pub(super) fn instance(&self, calendar: &str, id: &str) -> Option<Value> {
        let (series, original) = instance_of(id)?;
        let master = self.calendars.get(calendar)?.live(series)?;
        let zone = self.zone(master["start"]["timeZone"].as_str().unwrap_or("UTC"));
        let length = span(master)?.length();
        let mut instance = master.clone();
        instance.as_object_mut()?.remove("recurrence");
        instance["id"] = id.into();
        instance["recurringEventId"] = series.into();
        instance["originalStartTime"] = point(original, &zone);
        instance["start"] = point(original, &zone);
        instance["end"] = point(original + length, &zone);
        Some(instance)
    }

    pub(super) fn zone(&self, name: &str) -> Zone {
        self.zones.get(name).unwrap_or_else(Zone::utc)
    }

    pub(super) fn insert(
        &mut self,
        calendar: &str,
        body: &Value,
        query: &BTreeMap<String, String>,
    ) -> Answered {
        let id = body["id"].as_str().map_or_else(|| self.name(), str::to_owned);
        let is_allowed = (5..=1024).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b));
        if !is_allowed || at(&body["start"]).is_none() || at(&body["end"]).is_none() {
            return Err(refused(400, "global", "invalid", "Invalid value"));
        }
        // An id stays taken after its event is deleted.
        if self.calendars.get(calendar).is_some_and(|known| known.events.contains_key(&id)) {
            return Err(refused(409, "global", "duplicate", "The requested identifier already exists."));
        }
        let now = instant(self.now);
        let mut event = json!({
            "kind": "calendar#event", "etag": "", "id": id, "status": "confirmed",
            "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"), "created": now, "updated": now,
            "creator": { "email": calendar }, "organizer": { "email": calendar },
            "iCalUID": format!("{id}@google.com"), "sequence": 0, "reminders": { "useDefault": true },
            "eventType": "default",
        });
        take(&mut event, body);
        self.conference(&mut event, query);
        self.change(calendar, &id, &event);
        self.get(calendar, &id)
    }

    /// A conference is only made where the call says that it knows of them.
    fn conference(&self, event: &mut Value, query: &BTreeMap<String, String>) {
        if query.get("conferenceDataVersion").is_none_or(|version| version != "1") {
            if let Some(fields) = event.as_object_mut() {
                fields.remove("conferenceData");
            }
            return;
        }
        if event["conferenceData"]["createRequest"].is_object() {
            event["conferenceData"]["createRequest"]["status"] = json!({ "statusCode": "pending" });
            event["_conference_at"] =
                (self.now + TimeDelta::seconds(self.conference_seconds)).timestamp().into();
        }
    }

    pub(super) fn patch(
        &mut self,
        calendar: &str,
        id: &str,
        body: &Value,
        if_match: Option<&String>,
    ) -> Answered {
        let before = self.standing(calendar, id).ok_or_else(not_found)?;
        check_version(&before, if_match)?;
        let organizer = before["organizer"]["email"].as_str().unwrap_or_default().to_owned();
        if organizer != calendar {
            return self.answer_of_guest(calendar, &organizer, id, body);
        }
        let mut after = before.clone();
        take(&mut after, body);
        if (&after["start"], &after["end"]) != (&before["start"], &before["end"]) {
            raise_sequence(&mut after);
        }
        self.change(calendar, id, &after);
        self.get(calendar, id)
    }

    /// A guest may answer, in their own copy; the organiser's and everybody's copies show it.
    fn answer_of_guest(&mut self, guest: &str, organizer: &str, id: &str, body: &Value) -> Answered {
        let own = body["attendees"].as_array().and_then(|all| all.iter().find(|one| one["email"] == guest));
        let answer = own.and_then(|own| own["responseStatus"].as_str());
        let Some(answer) = answer else {
            return Err(refused(
                403,
                "calendar",
                "forbiddenForNonOrganizer",
                "Shared properties can only be changed by the organizer of the event.",
            ));
        };
        self.respond(organizer, guest, id, answer);
        self.get(guest, id)
    }

    /// Notes a guest's answer.
    pub(super) fn respond(&mut self, organizer: &str, guest: &str, id: &str, answer: &str) {
        let Some(mut event) = self.standing(organizer, id) else { return };
        for attendee in event.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
            if attendee["email"] == guest {
                attendee["responseStatus"] = answer.into();
            }
        }
        self.change(organizer, id, &event);
    }

    pub(super) fn delete(
        &mut self,
        calendar: &str,
        id: &str,
        if_match: Option<&String>,
    ) -> Result<(), Refused> {
        let known = self
            .calendars
            .get(calendar)
            .and_then(|known| known.events.get(id))
            .map(|copy| copy.value.clone());
        if known.as_ref().is_some_and(is_cancelled) {
            return Err(refused(410, "global", "deleted", "Resource has been deleted"));
        }
        let event = known.or_else(|| self.instance(calendar, id)).ok_or_else(not_found)?;
        check_version(&event, if_match)?;
        let organizer = event["organizer"]["email"].as_str().unwrap_or_default().to_owned();
        if organizer != calendar {
            self.respond(&organizer, calendar, id, "declined");
            self.tick();
            self.with(calendar, |known, clock, now| known.bury(id, clock, now));
            return Ok(());
        }
        self.remove(&organizer, id, event);
        Ok(())
    }

    /// The organiser deletes: an instance leaves a stub, a series its id alone, a single event its details where it was
    /// made and its id elsewhere.
    fn remove(&mut self, organizer: &str, id: &str, mut event: Value) {
        let guests = guests(&event);
        self.tick();
        if group_of(&event).is_some() {
            let stub = json!({
                "kind": "calendar#event", "etag": "", "id": id, "status": "cancelled",
                "recurringEventId": event["recurringEventId"], "originalStartTime": event["originalStartTime"],
            });
            for whose in guests.iter().map(String::as_str).chain([organizer]) {
                self.with(whose, |known, clock, now| known.put(id, stub.clone(), clock, now));
            }
            return;
        }
        for guest in guests.iter().filter(|guest| *guest != organizer) {
            self.with(guest, |known, clock, now| known.bury(id, clock, now));
        }
        if event.get("recurrence").is_some() {
            self.with(organizer, |known, clock, now| known.bury(id, clock, now));
        } else {
            event["status"] = "cancelled".into();
            raise_sequence(&mut event);
            self.with(organizer, |known, clock, now| known.put(id, event.clone(), clock, now));
        }
    }

    /// The organiser's event is now so: their copy, and those of all guests.
    pub(super) fn change(&mut self, organizer: &str, id: &str, event: &Value) {
        self.tick();
        let invited = guests(event);
        let others: Vec<String> =
            self.calendars.keys().filter(|whose| *whose != organizer).cloned().collect();
        for whose in &others {
            let had_it = self.calendars.get(whose).is_some_and(|known| known.live(id).is_some());
            if invited.contains(whose) {
                let copy = copy_for(event, whose, organizer);
                self.with(whose, |known, clock, now| known.put(id, copy.clone(), clock, now));
            } else if had_it {
                self.with(whose, |known, clock, now| known.bury(id, clock, now));
            }
        }
        let own = copy_for(event, organizer, organizer);
        self.with(organizer, |known, clock, now| known.put(id, own.clone(), clock, now));
    }

    /// A new change.
    pub(super) fn tick(&mut self) {
        self.clock += 1;
    }

    /// Changes a calendar, and says so to whoever watches it.
    pub(super) fn with(&mut self, whose: &str, change: impl Fn(&mut super::calendar::Calendar, u64, Moment)) {
        let (clock, now) = (self.clock, self.now);
        if let Some(calendar) = self.calendars.get_mut(whose) {
            change(calendar, clock, now);
            self.push.changed(whose);
        }
    }

    /// The events of a calendar as they are stored, for whoever tries things with it.
    pub fn events(&self, calendar: &str) -> Vec<Value> {
        let all = self.calendars.get(calendar).map(|known| known.events.values());
        all.into_iter().flatten().map(|Copy { value, .. }| self.shown(value)).collect()
    }

    /// The id of an instance.
    pub fn instance_id(series: &str, original: Moment) -> String {
        format!("{series}_{}", stamped(original))
    }
}

/// Another time, or none any more.
pub(super) fn raise_sequence(event: &mut Value) {
    event["sequence"] = (event["sequence"].as_i64().unwrap_or_default() + 1).into();
}

/// Takes over what a body says; `null` takes away.
fn take(event: &mut Value, body: &Value) {
    for name in TAKEN {
        match body.get(name) {
            Some(Value::Null) => {
                if let Some(fields) = event.as_object_mut() {
                    fields.remove(name);
                }
            }
            Some(value) => event[name] = value.clone(),
            None => {}
        }
    }
}

/// Addresses of everybody on the list.
fn guests(event: &Value) -> Vec<String> {
    let all = event["attendees"].as_array();
    all.into_iter().flatten().filter_map(|one| one["email"].as_str().map(str::to_owned)).collect()
}

/// The event as it stands in somebody's calendar: `self` where it is about them, private properties only where they were
/// set.
fn copy_for(event: &Value, viewer: &str, organizer: &str) -> Value {
    let mut copy = event.clone();
    mark_self(&mut copy["organizer"], viewer);
    mark_self(&mut copy["creator"], viewer);
    for attendee in copy.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
        mark_self(attendee, viewer);
        if attendee.get("responseStatus").is_none() {
            attendee["responseStatus"] = "needsAction".into();
        }
        if attendee["email"] == organizer {
            attendee["organizer"] = true.into();
        }
    }
    if viewer != organizer
        && let Some(fields) = copy.as_object_mut()
    {
        fields.remove("extendedProperties");
    }
    copy
}

fn mark_self(person: &mut Value, viewer: &str) {
    let is_self = person["email"] == viewer;
    if let Some(fields) = person.as_object_mut() {
        if is_self {
            fields.insert("self".to_owned(), true.into());
        } else {
            fields.remove("self");
        }
    }
}

fn check_version(event: &Value, if_match: Option<&String>) -> Result<(), Refused> {
    let is_it = if_match.is_none_or(|wanted| event["etag"] == wanted.as_str());
    let stale = refused(412, "global", "conditionNotMet", "Precondition Failed").about("header", "If-Match");
    is_it.then_some(()).ok_or(stale)
}
