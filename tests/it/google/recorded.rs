//! Every recorded and documented answer through the client and the sync: each gives what its name says.

use chrono::TimeDelta;
use drumbeat::gcal;
use drumbeat::ical::{self, Limits, Lookup};
use drumbeat::model::calendar::{Kept, Mirror};
use drumbeat::model::event::{Event, EventStatus, Shown, When};
use drumbeat::model::listing::Listing;
use drumbeat::model::people::CalendarId;
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Moment, Zone, Zones};
use drumbeat::observe::keep::lineage;
use drumbeat::observe::merge::merge;
use drumbeat::ports::{Answer, Bookings as _, Calendars as _, Error, ErrorKind, Validators};
use serde_json::{Value, json};

use super::{ANA, BO, FIXTURES, Scripted, fixture, good, runtime};

fn keep(event: Event) -> Kept {
    Kept {
        recurrence_id: event.recurrence_id,
        seconds: event.length.num_seconds(),
        recurrence: event.recurrence,
        shown: event.shown,
        created: event.created,
        modified: event.modified,
        sequence: event.sequence,
        ..Kept::bare(event.uid, event.start)
    }
}

/// The answers through the client over HTTP, each laid over what is known by then.
fn synced(known: Option<Mirror>, answers: &[Vec<Value>], now: &str) -> Mirror {
    let script = answers.iter().flatten().map(good).collect();
    let google = Scripted::new(script, None).google();
    let mut validators: Option<Validators> = known.as_ref().map(|_| Validators::default());
    let mut mirror = known;
    for (nth, _) in answers.iter().enumerate() {
        let asked = validators.clone().filter(|_| nth > 0);
        let answer = runtime().block_on(google.fetch(CalendarId::first(ANA), asked.as_ref()));
        let Ok(Answer::Listing { pages, whole, validators: new }) = answer else { panic!("{answer:?}") };
        let is_delta = nth == 0 && mirror.is_some();
        let listing = gcal::listing(&pages, whole && !is_delta, &Zones::bundled()).expect("pages");
        mirror = Some(merge(mirror.as_ref(), listing, &keep, at(now)));
        validators = Some(new);
    }
    mirror.expect("something was answered")
}

fn at(text: &str) -> Moment {
    text.parse().expect("an instant")
}

/// The page with another last token, so that it can stand alone.
fn last(mut page: Value) -> Value {
    if page["nextSyncToken"].is_null() {
        page["nextSyncToken"] = "t".into();
    }
    page
}

/// What stands in a window, a line each: lineage and start.
fn standing(mirror: &Mirror, from: &str, days: i64) -> Vec<String> {
    let (zones, none, utc) = (Zones::bundled(), std::collections::BTreeMap::new(), Zone::utc());
    let lookup = Lookup { zones: &zones, custom: &none, default: &utc };
    let events: Vec<Event> = mirror.events.iter().map(Kept::as_event).collect();
    let window = Span::new(at(from), at(from) + TimeDelta::days(days));
    let expanded = ical::expand(&events, &lookup, &window, &Limits::default());
    assert_eq!(expanded.doubts, []);
    let line = |instance: &ical::Instance| {
        format!("{} {}", lineage(&events[instance.event].uid), instance.span.start.format("%d.%m. %H:%M"))
    };
    expanded.instances.iter().filter(|instance| !instance.is_cancelled).map(line).collect()
}

/// What is known before a change: the masters of the file as they were, each every day without an end.
fn before(page: &Value) -> Mirror {
    let mut items: Vec<Value> = page["items"].as_array().expect("items").clone();
    items.retain(|item| item["recurrence"].is_array() && !item["id"].as_str().expect("an id").contains("_R"));
    items.truncate(1);
    for item in &mut items {
        item["recurrence"] = json!(["RRULE:FREQ=DAILY"]);
    }
    whole(&items)
}

fn whole(items: &[Value]) -> Mirror {
    let page = json!({ "kind": "calendar#events", "items": items });
    let listing = gcal::listing(&[page.to_string().into_bytes()], true, &Zones::bundled()).expect("a page");
    // Before any of them is over.
    merge(None, listing, &keep, at("2000-01-01T00:00:00Z"))
}

/// What one change of a daily series leaves standing.
fn after_change(name: &str, from: &str, days: i64) -> Option<Vec<String>> {
    let page = fixture(name)?;
    let mirror = synced(Some(before(&page)), &[vec![page]], "2025-03-23T00:00:00Z");
    Some(standing(&mirror, from, days))
}

macro_rules! changes {
    ($($test:ident: $file:literal, $from:literal, $days:literal, $wanted:expr;)*) => {
        $(
            #[test]
            fn $test() {
                if let Some(standing) = after_change($file, $from, $days) {
                    assert_eq!(standing, $wanted);
                }
            }
        )*
        const CHANGES: &[&str] = &[$($file),*];
    };
}

changes! {
    create: "compass__create-create", "2025-03-24T00:00:00Z", 2,
        ["68k0p6ackplecqs9fuvbs1fju0 24.03. 12:30", "68k0p6ackplecqs9fuvbs1fju0 25.03. 12:30"];
    delete_single: "compass__delete-single-delete.single", "2025-03-24T00:00:00Z", 3,
        ["5hni4sj3ql1669otmjg7sn1mok 24.03. 13:00", "5hni4sj3ql1669otmjg7sn1mok 26.03. 13:00"];
    delete_single_2: "compass__delete-single-delete.single-2", "2025-03-27T00:00:00Z", 3,
        ["72o12msae3t6au1lim41i8tu6j 27.03. 15:00", "72o12msae3t6au1lim41i8tu6j 29.03. 15:00"];
    delete_this_and_following: "compass__delete-this-and-following-delete.this-and-following", "2025-03-24T00:00:00Z", 9,
        ["5hni4sj3ql1669otmjg7sn1mok 24.03. 13:00", "5hni4sj3ql1669otmjg7sn1mok 26.03. 13:00"];
    edit_single_1: "compass__edit-single-single.instance-1", "2025-03-24T00:00:00Z", 2,
        ["68k0p6ackplecqs9fuvbs1fju0 24.03. 17:30", "68k0p6ackplecqs9fuvbs1fju0 25.03. 12:30"];
    edit_single_2: "compass__edit-single-single.instance-2", "2025-03-25T00:00:00Z", 3,
        ["0e6062d5un60i5sn2m9et69c27 25.03. 12:30", "0e6062d5un60i5sn2m9et69c27 27.03. 01:45",
         "0e6062d5un60i5sn2m9et69c27 27.03. 12:30"];
    edit_this_and_following_1: "compass__edit-this-and-following-this-and-following-1", "2025-03-25T00:00:00Z", 4,
        ["4k3h1bqn0pmn2qmvc7m0b6ip2q 25.03. 12:30", "4k3h1bqn0pmn2qmvc7m0b6ip2q 26.03. 12:30",
         "4k3h1bqn0pmn2qmvc7m0b6ip2q 27.03. 12:30", "4k3h1bqn0pmn2qmvc7m0b6ip2q 28.03. 12:30"];
    edit_this_and_following_2: "compass__edit-this-and-following-this-and-following-2", "2025-03-25T00:00:00Z", 3,
        ["3i234gl45i6i1s8rpui7dleor0 25.03. 13:15", "3i234gl45i6i1s8rpui7dleor0 26.03. 13:15",
         "3i234gl45i6i1s8rpui7dleor0 27.03. 13:15"];
    edit_this_and_following_v2: "compass__edit-this-and-following-v2-this-and-following-0", "2025-03-30T00:00:00Z", 4,
        ["5hni4sj3ql1669otmjg7sn1mok 30.03. 13:00", "5hni4sj3ql1669otmjg7sn1mok 31.03. 13:00",
         "e5srrkr361upjc2be22u6ti4pe 01.04. 12:00", "e5srrkr361upjc2be22u6ti4pe 02.04. 12:00"];
    edit_all: "compass__edit-all-all-1", "2025-03-24T00:00:00Z", 4,
        ["68k0p6ackplecqs9fuvbs1fju0 24.03. 12:30", "68k0p6ackplecqs9fuvbs1fju0 25.03. 12:30",
         "68k0p6ackplecqs9fuvbs1fju0 26.03. 12:30", "68k0p6ackplecqs9fuvbs1fju0 27.03. 12:30"];
}

#[test]
fn a_moved_instance_of_a_split_series_lies_where_it_was_moved_to() {
    let Some(page) = fixture("compass__edit-this-and-following-this-and-following-2") else { return };
    let mirror = synced(Some(before(&page)), &[vec![page]], "2025-03-23T00:00:00Z");
    assert_eq!(
        standing(&mirror, "2025-03-19T00:00:00Z", 2),
        ["3i234gl45i6i1s8rpui7dleor0 20.03. 13:15", "3i234gl45i6i1s8rpui7dleor0 20.03. 21:30"]
    );
}

#[test]
fn a_split_with_a_new_time_shares_only_when_it_was_created() {
    let Some(page) = fixture("compass__edit-this-and-following-v2-this-and-following-0") else { return };
    let mirror = synced(Some(before(&page)), &[vec![page]], "2025-03-23T00:00:00Z");
    assert_eq!(mirror.events.len(), 2);
    assert_eq!(mirror.events[0].created, mirror.events[1].created);
    assert_eq!(mirror.events.iter().map(|kept| kept.sequence).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn delete_all() {
    let Some(page) = fixture("compass__delete-all-all-1") else { return };
    let id = page["items"][0]["id"].as_str().expect("an id").to_owned();
    let moved = json!({
        "id": format!("{id}_20250326T123000Z"), "recurringEventId": id, "iCalUID": format!("{id}@google.com"),
        "originalStartTime": { "dateTime": "2025-03-26T12:30:00Z" },
        "start": { "dateTime": "2025-03-26T15:00:00Z" }, "end": { "dateTime": "2025-03-26T15:30:00Z" },
    });
    let master = json!({
        "id": id, "iCalUID": format!("{id}@google.com"), "recurrence": ["RRULE:FREQ=DAILY"],
        "start": { "dateTime": "2025-03-24T12:30:00Z", "timeZone": "UTC" }, "end": { "dateTime": "2025-03-24T13:00:00Z" },
    });
    let mirror = synced(Some(whole(&[master, moved])), &[vec![page]], "2025-03-25T14:00:00Z");
    assert_eq!(standing(&mirror, "2025-03-24T00:00:00Z", 7), [""; 0], "with the series go its exceptions");
    assert_eq!(mirror.deleted[&id].lineage, id);
}

#[test]
fn event_cancelled_single() {
    let Some(item) = fixture("pipedream__event-cancelled-single") else { return };
    let mut live = item.clone();
    live["status"] = "confirmed".into();
    let id = item["id"].as_str().expect("an id");
    let page = json!({ "kind": "calendar#events", "nextSyncToken": "t", "items": [item] });
    let mirror = synced(Some(whole(&[live])), &[vec![page]], "2024-07-20T00:00:00Z");
    assert!(mirror.events.is_empty());
    assert_eq!(mirror.deleted[id].modified, Some(at("2024-07-19T17:42:15.541Z")), "the calendar says when");
}

#[test]
fn single_events_window_with_sync_token() {
    let Some(page) = fixture("dwyl_gcal__singleEvents-window-with-syncToken") else { return };
    let mirror = synced(None, &[vec![page]], "2023-05-15T00:00:00Z");
    // The id begins with the first series' id, and belongs to the one that was split off.
    assert_eq!(
        standing(&mirror, "2023-05-15T00:00:00Z", 1),
        ["rsht2o2tfp3r23kfqfc4pip 15.05. 08:00", "kmi1ebqjjc62s2hlukjj706unq 15.05. 08:30"]
    );
}

/// A file that is a list of successive answers, and what stands after each of them.
fn successive(name: &str, answers: &[&[usize]], wanted: &[&str]) {
    let Some(Value::Array(all)) = fixture(name) else { return };
    let answers: Vec<Vec<Value>> =
        answers.iter().map(|pages| pages.iter().map(|nth| all[*nth].clone()).collect()).collect();
    let mirror = synced(None, &answers, "2022-04-14T00:00:00Z");
    let ids: Vec<&str> = mirror.events.iter().filter_map(|kept| kept.id.as_deref()).collect();
    assert_eq!(ids, wanted, "{name}");
}

#[test]
fn canceled_events() {
    successive("gcal_sync__test_canceled_events", &[&[0], &[1]], &["some-event-id-2", "some-event-id-3"]);
}

#[test]
fn event_sync_date_pages() {
    let all = ["some-event-id-1", "some-event-id-2", "some-event-id-3"];
    successive("gcal_sync__test_event_sync_date_pages", &[&[0, 1], &[2]], &all);
}

#[test]
fn event_sync_datetime_pages() {
    let all = ["some-event-id-1", "some-event-id-2", "some-event-id-3"];
    successive("gcal_sync__test_event_sync_datetime_pages", &[&[0, 1], &[2]], &all);
}

#[test]
fn event_lookup_items() {
    let Some(Value::Array(all)) = fixture("gcal_sync__test_event_lookup_items") else { return };
    let mirror = synced(None, &[all], "2022-04-14T00:00:00Z");
    let shown: Vec<Shown> = mirror.events.iter().map(|kept| kept.shown).collect();
    assert_eq!(shown, [Shown::Free, Shown::Busy]);
}

#[test]
fn event_invalidated_sync_token() {
    let Some(Value::Array(all)) = fixture("gcal_sync__test_event_invalidated_sync_token") else { return };
    let gone = fixture("google-docs-errors__410_fullSyncRequired").expect("is there too");
    let script = vec![good(&all[0]), (410, Vec::new(), gone.to_string()), good(&all[1])];
    let google = Scripted::new(script, None).google();
    let fetch = |known: Option<&Validators>| runtime().block_on(google.fetch(CalendarId::first(ANA), known));
    let Ok(Answer::Listing { pages, validators, .. }) = fetch(None) else { panic!("a listing") };
    let first = merge(None, listing(&pages), &keep, at("2022-04-14T00:00:00Z"));
    assert_eq!(fetch(Some(&validators)).expect_err("the token is gone").kind, ErrorKind::TokenGone);
    // What the whole listing does not hold was deleted meanwhile.
    let Ok(Answer::Listing { pages, whole: true, .. }) = fetch(None) else { panic!("a whole listing") };
    let second = merge(Some(&first), listing(&pages), &keep, at("2022-04-14T00:00:00Z"));
    let ids: Vec<&str> = second.events.iter().filter_map(|kept| kept.id.as_deref()).collect();
    assert_eq!(ids, ["some-event-id-3"]);
}

fn listing(pages: &[Vec<u8>]) -> Listing {
    gcal::listing(pages, true, &Zones::bundled()).expect("pages")
}

#[test]
fn events_fetch_pages() {
    let pages = [
        fixture("kde_libkgapi__events_fetch_page1_response"),
        fixture("kde_libkgapi__events_fetch_page2_response"),
    ];
    let [Some(first), Some(second)] = pages else { return };
    let mirror = synced(None, &[vec![first, last(second)]], "2018-04-02T00:00:00Z");
    let uids: Vec<&str> = mirror.events.iter().map(|kept| kept.uid.as_str()).collect();
    assert_eq!(uids, ["3if6lf59tove1e037baa75l54t@google.com", "009c2cc9-0781-482d-8ccd-8fc9bfeb3138"]);
    assert_eq!(mirror.zone.as_deref(), Some("Europe/Prague"));
}

/// One event as the client reads it when it books.
fn one_event(name: &str, whole_days: bool) {
    let Some(event) = fixture(name) else { return };
    let google = Scripted::new(vec![good(&event)], None).google();
    let bytes = runtime().block_on(google.read(BO, "id")).expect("an event");
    let placed = gcal::placed(&bytes, &Zones::bundled()).expect("an event");
    assert_eq!(
        (placed.etag.as_str(), placed.is_cancelled),
        (event["etag"].as_str().expect("has one"), false)
    );
    assert_eq!(placed.span.is_none(), whole_days, "a whole day is no span");
}

#[test]
fn event1_create_fetch_modify() {
    for name in ["create", "fetch", "modify"] {
        one_event(&format!("kde_libkgapi__event1_{name}_response"), false);
    }
}

#[test]
fn event2_create_modify() {
    for name in ["create", "modify"] {
        one_event(&format!("kde_libkgapi__event2_{name}_response"), true);
    }
}

#[test]
fn freebusy_query() {
    let Some(mut answer) = fixture("kde_libkgapi__freebusy1_query_response") else { return };
    let calendars = answer["calendars"].take();
    answer["calendars"] = json!({ "ana@example.com": calendars["MockAccount"] });
    let google = Scripted::new(vec![good(&answer)], None).google();
    let window = Span::new(at("2018-04-01T08:00:00Z"), at("2018-04-02T14:00:00Z"));
    let busy =
        runtime().block_on(google.busy(&[CalendarId::first(ANA)], window)).remove(&CalendarId::first(ANA));
    let starts: Vec<Moment> =
        busy.expect("asked for").expect("known").iter().map(|span| span.start).collect();
    assert_eq!(starts, [at("2018-04-01T10:30:00Z"), at("2018-04-01T13:00:00Z")]);
}

/// Lists of calendars are no events: nothing of them stands, and nothing is concluded.
#[test]
fn calendar_lists_are_no_events() {
    let mut pages = Vec::new();
    pages.extend(fixture("kde_libkgapi__calendars_fetch_page1_response"));
    pages.extend(fixture("kde_libkgapi__calendars_fetch_page2_response"));
    if let Some(Value::Array(all)) = fixture("gcal_sync__test_list_calendars_pages") {
        pages.extend(all);
    }
    for page in pages {
        let mirror = whole(page["items"].as_array().expect("items"));
        assert!(mirror.events.is_empty() && !mirror.unread.is_empty(), "{page}");
    }
}

#[test]
fn gdata_provider_items() {
    let Some(Value::Object(items)) = fixture("kewisch_gdata-provider__gcalItems") else { return };
    let kept = |name: &str| {
        let mirror = whole(std::slice::from_ref(&items[name]));
        mirror.events.into_iter().next().unwrap_or_else(|| panic!("{name} is no event"))
    };
    assert_eq!(kept("simple_event").shown, Shown::Free);
    assert_eq!(
        kept("simple_event").start,
        When::Zoned("2006-06-10T18:00:00".parse().expect("a time"), "Europe/Berlin".into())
    );
    assert_eq!(kept("utc_event").seconds, 0, "no end");
    assert_eq!(kept("recur_rrule").recurrence.rdates.len(), 1);
    assert_eq!(kept("recur_rrule").recurrence.exdates.len(), 1);
    let instance = kept("recur_instance");
    assert_eq!(instance.recurrence_id, Some(When::Date("2006-06-25".parse().expect("a date"))));
    assert_eq!(instance.uid, kept("recur_rrule").id.expect("has one"), "named by its series");
    assert_eq!(kept("ooo_event").shown, Shown::OutOfOffice);
    assert_eq!(kept("focus_event").shown, Shown::Focus);
    for name in ["valarm_no_default_override", "valarm_default_override", "html_descr"] {
        assert_eq!(kept(name).status, EventStatus::Confirmed);
    }
    for task in ["simple_task", "deleted_task", "needs_action"] {
        let mirror = whole(std::slice::from_ref(&items[task]));
        assert!(mirror.events.is_empty() && mirror.unread.len() == 1, "{task} is no event");
    }
}

/// What the client makes of a documented refusal: of a listing, and of a deletion.
fn refusal(name: &str, kind: ErrorKind) {
    let Some(body) = fixture(name) else { return };
    let status = body["error"]["code"].as_u64().expect("a status") as u16;
    let refuse = || (status, Vec::new(), body.to_string());
    let google = Scripted::new(vec![refuse(), refuse(), refuse()], None).google();
    let error: Error = if name.contains("deleted") || status == 412 {
        runtime().block_on(google.delete(BO, "id", "\"1\"")).expect_err("is refused")
    } else if status == 409 {
        runtime().block_on(google.insert(BO, b"{}")).expect_err("is refused")
    } else {
        runtime().block_on(google.fetch(CalendarId::first(ANA), None)).expect_err("is refused")
    };
    assert_eq!(error.kind, kind, "{name}: {error}");
    assert!(!error.message.contains('@'), "{error}");
}

macro_rules! refusals {
    ($($test:ident: $file:literal, $kind:ident;)*) => {
        $(
            #[test]
            fn $test() {
                refusal($file, ErrorKind::$kind);
            }
        )*
        const REFUSALS: &[&str] = &[$($file),*];
    };
}

refusals! {
    error_400_invalid_value: "compass__error-400-invalidValue", Invalid;
    error_410_full_sync_required: "compass__error-410-fullSyncRequired", TokenGone;
    docs_400_time_range_empty: "google-docs-errors__400_timeRangeEmpty", Invalid;
    docs_401_auth_error: "google-docs-errors__401_authError", Denied;
    docs_403_forbidden_for_non_organizer: "google-docs-errors__403_forbiddenForNonOrganizer", Denied;
    docs_403_quota_exceeded: "google-docs-errors__403_quotaExceeded", RateLimited;
    docs_403_rate_limit_exceeded: "google-docs-errors__403_rateLimitExceeded", RateLimited;
    docs_403_user_rate_limit_exceeded: "google-docs-errors__403_userRateLimitExceeded", RateLimited;
    docs_404_not_found: "google-docs-errors__404_notFound", NotFound;
    docs_409_conflict: "google-docs-errors__409_conflict", Conflict;
    docs_409_duplicate: "google-docs-errors__409_duplicate", Conflict;
    docs_410_deleted: "google-docs-errors__410_deleted", NotFound;
    docs_410_full_sync_required: "google-docs-errors__410_fullSyncRequired", TokenGone;
    docs_410_updated_min_too_long_ago: "google-docs-errors__410_updatedMinTooLongAgo", TokenGone;
    docs_412_condition_not_met: "google-docs-errors__412_conditionNotMet", Conflict;
    docs_429_rate_limit_exceeded: "google-docs-errors__429_rateLimitExceeded", RateLimited;
    docs_500_backend_error: "google-docs-errors__500_backendError", Transient;
}

#[test]
fn error_400_invalid_grant() {
    let Some(body) = fixture("compass__error-400-invalid_grant") else { return };
    let google = Scripted::new(Vec::new(), Some((400, body.to_string()))).google();
    let error = runtime().block_on(google.fetch(CalendarId::first(ANA), None)).expect_err("no token");
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
}

/// Files that have a test of their own above.
const ONES: [&str; 21] = [
    "compass__delete-all-all-1",
    "compass__error-400-invalid_grant",
    "dwyl_gcal__singleEvents-window-with-syncToken",
    "gcal_sync__test_canceled_events",
    "gcal_sync__test_event_invalidated_sync_token",
    "gcal_sync__test_event_lookup_items",
    "gcal_sync__test_event_sync_date_pages",
    "gcal_sync__test_event_sync_datetime_pages",
    "gcal_sync__test_list_calendars_pages",
    "kde_libkgapi__calendars_fetch_page1_response",
    "kde_libkgapi__calendars_fetch_page2_response",
    "kde_libkgapi__event1_create_response",
    "kde_libkgapi__event1_fetch_response",
    "kde_libkgapi__event1_modify_response",
    "kde_libkgapi__event2_create_response",
    "kde_libkgapi__event2_modify_response",
    "kde_libkgapi__events_fetch_page1_response",
    "kde_libkgapi__events_fetch_page2_response",
    "kde_libkgapi__freebusy1_query_response",
    "kewisch_gdata-provider__gcalItems",
    "pipedream__event-cancelled-single",
];

#[test]
fn no_recorded_answer_is_forgotten() {
    let Ok(entries) = std::fs::read_dir(FIXTURES) else {
        println!("skipped: {FIXTURES} is absent");
        return;
    };
    let tested: Vec<&str> = CHANGES.iter().chain(REFUSALS).chain(&ONES).copied().collect();
    for entry in entries {
        let name = entry.expect("readable").file_name().into_string().expect("is text");
        if let Some(name) = name.strip_suffix(".json") {
            assert!(tested.contains(&name), "{name} has no test");
        }
    }
}
