//! The scenarios once more, told as Google tells them: the same calendars as listings, deltas and tombstones instead
//! of feeds. What they expect must hold all the same; also when every sync token is lost on the way (V27).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drumbeat::cli::replay::read;
use drumbeat::gcal;
use drumbeat::ical::{self, Limits};
use drumbeat::model::event::{Event, EventStatus, When};
use drumbeat::model::zone::Moment;
use drumbeat::sim::recording::{CalendarName, Recording, Said};
use serde_json::{Value, json};

use super::scenarios::{complaints, scenarios};

/// Scenarios that tell of feeds alone: answers that are no calendar, feeds that list nobody, that trail each other, or
/// that lose events without a word, which Google's do not.
const OF_FEEDS: [&str; 18] = [
    "v09-single-gone",
    "v17-organiser-copy-gone",
    "v20-feeds-trail",
    "v20-gone-from-one-side",
    "v20-move-seen-late",
    "v22-gone-afterwards",
    "v23-gone-meanwhile",
    "v25-answered-held",
    "v25-unsure",
    "v26-mass-loss-is-an-error",
    "v26-mass-loss-is-true",
    "v26-source-cut",
    "v26-source-empty",
    "v26-source-foreign",
    "v26-source-html",
    "v40-booked-where-nobody-is-listed",
    "v40-feed-lists-nobody",
    "down-over-a-cancellation",
];

/// How the tokens fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// They hold: all but the first answer are what changed.
    Hold,
    /// Each is lost before the next change (410), which is then found in a whole listing.
    AreLost,
}

/// The items of a feed, by id, as they stand in the calendar of `viewer`.
fn items(feed: &[u8], viewer: &str) -> BTreeMap<String, Value> {
    let events = ical::parse(feed, &Limits::default()).events;
    let items = events.iter().map(|event| {
        let series = event.uid.trim_end_matches("@google.com");
        match &event.recurrence_id {
            None if event.status == EventStatus::Cancelled => {
                (series.to_owned(), tombstone(event, series, viewer))
            }
            None => (series.to_owned(), gcal::item(series, event, viewer)),
            Some(original) => instance(event, series, original, viewer),
        }
    });
    items.collect()
}

/// The organiser's own calendar keeps what a deleted single event was; others keep its id.
fn tombstone(event: &Event, id: &str, viewer: &str) -> Value {
    if event.organizer.as_deref() != Some(viewer) {
        return gcal::deleted(id);
    }
    let mut item = gcal::item(id, event, viewer);
    item["status"] = "cancelled".into();
    item
}

fn instance(event: &Event, series: &str, original: &When, viewer: &str) -> (String, Value) {
    let id = format!("{series}_{}", stamp(original));
    let mut item = gcal::item(&id, event, viewer);
    if event.status == EventStatus::Cancelled {
        let original = item["originalStartTime"].take();
        item = gcal::deleted(&id);
        item["originalStartTime"] = original;
    }
    item["recurringEventId"] = series.into();
    (id, item)
}

fn stamp(original: &When) -> String {
    match original {
        When::Date(date) => date.format("%Y%m%d").to_string(),
        When::Utc(at) => at.format("%Y%m%dT%H%M%SZ").to_string(),
        When::Floating(wall) | When::Zoned(wall, _) => wall.format("%Y%m%dT%H%M%S").to_string(),
    }
}

/// What Google says of an item that is there no more: an instance is back as its series has it, anything else is
/// deleted.
fn gone(id: &str, was: &Value, now: &BTreeMap<String, Value>) -> Value {
    let master = was["recurringEventId"].as_str().and_then(|series| now.get(series));
    let Some(master) = master.filter(|master| master["status"] != "cancelled") else {
        return gcal::deleted(id);
    };
    let mut back = master.clone();
    back["id"] = id.into();
    back["recurringEventId"] = was["recurringEventId"].clone();
    back["originalStartTime"] = was["originalStartTime"].clone();
    back["start"] = was["originalStartTime"].clone();
    // As long as its series: the clock time of the end moves with that of the start.
    let (from, to) = (at(&master["start"]), at(&master["end"]));
    let start = at(&was["originalStartTime"]);
    back["end"] = json!({ "dateTime": (start + (to - from)).format("%FT%T").to_string(),
        "timeZone": was["originalStartTime"]["timeZone"] });
    back.as_object_mut().expect("an object").remove("recurrence");
    back
}

fn at(point: &Value) -> chrono::NaiveDateTime {
    let text = point["dateTime"].as_str().expect("a time of day");
    text.trim_end_matches('Z').split('.').next().expect("something").parse().expect("a wall time")
}

fn page(items: &[Value], is_part: bool) -> Said {
    let page =
        json!({ "kind": "calendar#events", "nextSyncToken": "t", "incremental": is_part, "items": items });
    Said::Json(page.to_string().into_bytes())
}

/// One calendar's feeds as Google's answers.
fn told(name: &CalendarName, feeds: &BTreeMap<Moment, Said>, tokens: Tokens) -> BTreeMap<Moment, Said> {
    let mut told = BTreeMap::new();
    let mut known: Option<BTreeMap<String, Value>> = None;
    for (instant, said) in feeds {
        let Said::Ics(feed) = said else {
            told.insert(*instant, said.clone());
            continue;
        };
        let now = items(feed, &name.address);
        let Some(before) = &known else {
            told.insert(*instant, page(&now.values().cloned().collect::<Vec<_>>(), false));
            known = Some(now);
            continue;
        };
        if tokens == Tokens::AreLost {
            // The whole listing holds no word of what is gone altogether.
            told.insert(*instant, Said::Error("410".to_owned()));
            told.insert(
                *instant + TimeDelta::seconds(1),
                page(&now.values().cloned().collect::<Vec<_>>(), false),
            );
        } else {
            let changed =
                now.iter().filter(|(id, item)| before.get(*id) != Some(*item)).map(|(_, item)| item.clone());
            let lost =
                before.iter().filter(|(id, _)| !now.contains_key(*id)).map(|(id, was)| gone(id, was, &now));
            told.insert(*instant, page(&changed.chain(lost).collect::<Vec<_>>(), true));
        }
        known = Some(now);
    }
    told
}

/// A scenario with Google's calendars in place of feeds.
pub fn as_google(mut recording: Recording, tokens: Tokens) -> Recording {
    let told = recording.calendars.iter().map(|(name, feeds)| (name.clone(), told(name, feeds, tokens)));
    recording.calendars = told.collect();
    recording
}

/// Each scenario that Google can tell, by name.
fn tellable() -> Vec<(String, Recording)> {
    let name = |path: &std::path::Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    let all = scenarios();
    let known: Vec<String> = all.iter().filter_map(|path| name(path)).collect();
    assert!(OF_FEEDS.iter().all(|one| known.iter().any(|name| name == one)), "a scenario was renamed");
    let named = all.iter().filter_map(|path| Some((name(path)?, read(path).expect("it reads"))));
    named.filter(|(name, _)| !OF_FEEDS.contains(&name.as_str())).collect()
}

fn all_hold(tokens: Tokens) {
    let all = tellable();
    let mut failed = Vec::new();
    for (name, recording) in &all {
        let complaints = complaints(&as_google(recording.clone(), tokens));
        failed.extend(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")));
    }
    println!("{} scenarios told as Google tells them", all.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_scenario_holds_as_google_tells_it() {
    all_hold(Tokens::Hold);
}

#[test]
fn v27_every_scenario_holds_though_each_token_is_lost() {
    all_hold(Tokens::AreLost);
}
