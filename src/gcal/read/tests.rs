//! Items of every kind, good and bad; nothing that comes in may cost its neighbours, or panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::gcal;

fn read(items: &Value) -> Listing {
    let page = json!({ "kind": "calendar#events", "timeZone": "Europe/Berlin", "items": items });
    listing(&[page.to_string().into_bytes()], true, &Zones::bundled()).expect("a page")
}

fn event(item: &Value) -> Event {
    match read(&json!([item])).items.remove(0).said {
        Said::Stands(event) => *event,
        said => panic!("{said:?} of {item}"),
    }
}

fn timed(more: &Value) -> Value {
    let mut item = json!({
        "id": "abc", "iCalUID": "abc@google.com", "status": "confirmed", "summary": "Ana <> Bo",
        "start": { "dateTime": "2026-11-18T10:00:00+01:00" }, "end": { "dateTime": "2026-11-18T10:30:00+01:00" },
    });
    for (name, value) in more.as_object().expect("an object") {
        item[name] = value.clone();
    }
    item
}

#[test]
fn a_single_event_is_an_instant_and_a_series_stays_on_its_wall_clock() {
    let single = event(&timed(&json!({})));
    assert_eq!(single.start, When::Utc("2026-11-18T09:00:00Z".parse().unwrap()));
    assert_eq!(single.length, TimeDelta::minutes(30));
    // The calendar's owner sits in Berlin, the series lives in New York.
    let series = event(&timed(&json!({
        "start": { "dateTime": "2026-11-18T16:00:00+01:00", "timeZone": "America/New_York" },
        "end": { "dateTime": "2026-11-18T16:30:00+01:00", "timeZone": "America/New_York" },
        "recurrence": ["EXDATE;TZID=America/New_York:20261125T100000", "RRULE:FREQ=WEEKLY"],
    })));
    let wall = "2026-11-18T10:00:00".parse().unwrap();
    assert_eq!(series.start, When::Zoned(wall, "America/New_York".into()));
    assert_eq!(series.recurrence.rrules, ["FREQ=WEEKLY"]);
    assert_eq!(series.recurrence.exdates.len(), 1);
    assert_eq!(series.length, TimeDelta::minutes(30));
}

#[test]
fn days_have_no_zone_and_end_the_day_after() {
    let day = event(&timed(&json!({ "start": { "date": "2026-11-18" }, "end": { "date": "2026-11-20" } })));
    assert_eq!((day.start, day.length), (When::Date("2026-11-18".parse().unwrap()), TimeDelta::days(2)));
}

#[test]
fn types_say_how_time_is_filled() {
    let check = |more: &Value, shown: Shown| assert_eq!(event(&timed(more)).shown, shown, "{more}");
    check(&json!({}), Shown::Busy);
    check(&json!({ "transparency": "transparent" }), Shown::Free);
    check(&json!({ "eventType": "outOfOffice" }), Shown::OutOfOffice);
    check(&json!({ "eventType": "focusTime" }), Shown::Focus);
    check(&json!({ "eventType": "workingLocation", "transparency": "transparent" }), Shown::Elsewhere);
    check(&json!({ "eventType": "birthday" }), Shown::Elsewhere);
    check(&json!({ "eventType": "fromGmail" }), Shown::Busy);
    check(&json!({ "eventType": "somethingNew" }), Shown::Busy);
}

#[test]
fn people_answer_and_rooms_do_not_count() {
    let one = event(&timed(&json!({
        "organizer": { "email": "Bo@Example.com", "self": true },
        "attendees": [
            { "email": "Bo@Example.com", "organizer": true, "self": true, "responseStatus": "accepted" },
            { "email": "ana@example.com", "displayName": " Ana Alves ", "responseStatus": "declined" },
            { "email": "r@resource.calendar.google.com", "resource": true, "responseStatus": "accepted" },
            { "displayName": "a guest without an address" },
        ],
        "visibility": "private",
    })));
    assert_eq!(one.organizer.as_deref(), Some("bo@example.com"));
    let all: Vec<_> = one
        .attendees
        .iter()
        .map(|guest| (guest.address.as_str(), guest.partstat, guest.is_resource))
        .collect();
    assert_eq!(
        all,
        [
            ("bo@example.com", Partstat::Accepted, false),
            ("ana@example.com", Partstat::Declined, false),
            ("r@resource.calendar.google.com", Partstat::Accepted, true),
        ]
    );
    assert_eq!(one.attendees[1].name, "Ana Alves");
    assert!(one.is_private);
}

#[test]
fn cancelled_items_are_stubs_or_tombstones() {
    let listing = read(&json!([
        { "id": "x_20261118T090000Z", "status": "cancelled", "recurringEventId": "x",
          "originalStartTime": { "dateTime": "2026-11-18T10:00:00+01:00" }, "start": { "dateTime": "1970-01-01T00:00:00Z" } },
        { "id": "y", "status": "cancelled" },
        { "id": "z", "status": "cancelled", "iCalUID": "z@google.com", "updated": "2026-11-17T08:00:00.000Z",
          "start": { "date": "2026-11-18" }, "end": { "date": "2026-11-19" } },
        { "id": "x_20261125T090000Z", "status": "cancelled", "recurringEventId": "x" },
    ]));
    let said: Vec<&Said> = listing.items.iter().map(|item| &item.said).collect();
    let original = When::Utc("2026-11-18T09:00:00Z".parse().unwrap());
    assert_eq!(said, [&Said::InstanceCancelled(original), &Said::Deleted, &Said::Deleted, &Said::Deleted]);
    assert_eq!(listing.items[2].modified, Some("2026-11-17T08:00:00Z".parse().unwrap()));
}

#[test]
fn a_bad_item_costs_only_itself() {
    let bad = [
        json!({ "id": "b", "start": { "dateTime": "yesterday" }, "end": { "dateTime": "2026-11-18T10:30:00Z" } }),
        json!({ "id": "b", "end": { "date": "2026-11-18" } }),
        json!({ "id": "b", "start": { "date": "2026-11-18" }, "end": { "date": "2026-11-10" } }),
        json!({ "id": "b", "start": 7 }),
        timed(&json!({ "id": "b", "recurrence": ["RRULE:FREQ=DAILY", "EXDATE:nonsense"] })),
        timed(&json!({ "id": "b", "recurringEventId": "a", "originalStartTime": null })),
    ];
    for item in bad {
        let listing = read(&json!([timed(&json!({})), item, timed(&json!({ "id": "c" }))]));
        let said: Vec<bool> = listing.items.iter().map(|item| item.said == Said::Unread).collect();
        assert_eq!(said, [false, true, false], "{item}");
    }
    for nameless in [json!({}), json!(null), json!("text"), json!({ "id": 7 }), json!({ "id": "" })] {
        let listing = read(&json!([timed(&json!({})), nameless]));
        assert_eq!((listing.items.len(), listing.nameless), (1, 1), "{nameless}");
    }
    let odd =
        event(&timed(&json!({ "attendees": "none", "sequence": "one", "summary": 5, "created": "then" })));
    assert_eq!(
        (odd.attendees.len(), odd.sequence, odd.title.as_str()),
        (0, 0, ""),
        "odd fields count as absent"
    );
}

#[test]
fn an_answer_with_a_page_that_is_none_is_no_answer() {
    let good = br#"{"kind":"calendar#events","items":[]}"#.to_vec();
    for bad in
        [&b"<html>"[..], b"", br#"{"kind":"calendar#events","items":[{"id":"#, br#"{"error":{"code":500}}"#]
    {
        assert_eq!(listing(&[good.clone(), bad.to_vec()], true, &Zones::bundled()), None);
    }
}

#[test]
fn links_are_those_of_meet_or_of_a_video_service() {
    let check =
        |more: &Value, link: Option<&str>| assert_eq!(event(&timed(more)).link.as_deref(), link, "{more}");
    check(
        &json!({ "hangoutLink": "https://meet.google.com/abc-defg-hij" }),
        Some("https://meet.google.com/abc-defg-hij"),
    );
    let entries = json!([
        { "entryPointType": "phone", "uri": "tel:+49" },
        { "entryPointType": "video", "uri": "https://zoom.us/j/1" },
    ]);
    check(&json!({ "conferenceData": { "entryPoints": entries } }), Some("https://zoom.us/j/1"));
    check(&json!({ "hangoutLink": "javascript:alert(1)" }), None);
    check(&json!({ "hangoutLink": "https://x y" }), None);
}

#[test]
fn what_we_write_is_what_we_read() {
    let zone = Zones::bundled().get("America/New_York").expect("a zone");
    let span = crate::model::time::Span::new(
        "2026-11-18T15:00:00Z".parse().unwrap(),
        "2026-11-18T15:30:00Z".parse().unwrap(),
    );
    let mut invite = gcal::Invite {
        id: "abc12",
        attendees: [("Bo Berg", "bo@example.com"), ("Ana", "ana@example.com")],
        span,
        zone: &zone,
        rrule: None,
        title: "1-on-1 Bo / Ana",
        description: "",
        link: None,
        mark: "r-1",
    };
    let body = gcal::booking(&invite);
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        value["start"],
        json!({ "dateTime": "2026-11-18T10:00:00-05:00", "timeZone": "America/New_York" })
    );
    assert_eq!(value["conferenceData"]["createRequest"]["requestId"], "abc12");
    let placed = gcal::placed(&body, &Zones::bundled()).expect("an event");
    assert_eq!((placed.span, placed.mark.as_deref(), placed.is_cancelled), (Some(span), Some("r-1"), false));
    let (event, mark) = gcal::inserted(&body, "bo@example.com", &Zones::bundled()).expect("an event");
    assert_eq!(
        (event.uid.as_str(), mark.as_deref(), event.attendees.len()),
        ("abc12@google.com", Some("r-1"), 2)
    );

    // A series: with an end, and with the pair's own link in place of a new one.
    invite.rrule = Some("FREQ=WEEKLY;COUNT=12");
    invite.link = Some("https://zoom.us/j/1");
    let value: Value = serde_json::from_slice(&gcal::booking(&invite)).unwrap();
    assert_eq!(value["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=12"]));
    assert_eq!(
        (&value["location"], &value["description"]),
        (&json!("https://zoom.us/j/1"), &json!("https://zoom.us/j/1"))
    );
    assert!(value.get("conferenceData").is_none());
    let (series, _) =
        gcal::inserted(value.to_string().as_bytes(), "bo@example.com", &Zones::bundled()).unwrap();
    assert_eq!(series.start, When::Zoned("2026-11-18T10:00:00".parse().unwrap(), "America/New_York".into()));
}

#[test]
fn a_cancelled_event_is_told_by_its_status_alone() {
    let placed = |text: &str| gcal::placed(text.as_bytes(), &Zones::bundled());
    let gone = placed(r#"{"id":"a","etag":"\"1\"","status":"cancelled"}"#).expect("an event");
    assert!(gone.is_cancelled && gone.span.is_none() && gone.etag == "\"1\"");
    let pending = r#"{"id":"a","conferenceData":{"createRequest":{"status":{"statusCode":"pending"}}}}"#;
    assert!(placed(pending).expect("an event").is_link_pending);
    assert_eq!(placed("{}"), None);
    assert_eq!(placed("<html>"), None);
}

proptest! {
    /// Whatever stands in a page, it is read without a panic, and what follows is not lost.
    #[test]
    fn any_json_is_read(text in r#"\{"id":"[a-z]{1,3}","(status|start|recurrence|updated)":(null|7|"[ -~]{0,12}"|\[\]|\{"date":"[0-9-]{0,12}"\}|\{"dateTime":"[0-9T:+Z-]{0,25}"\})\}"#) {
        if let Ok(item) = serde_json::from_str::<Value>(&text) {
            let listing = read(&json!([item, timed(&json!({ "id": "last" }))]));
            prop_assert!(matches!(listing.items.last().map(|item| &item.said), Some(Said::Stands(_))));
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = listing(std::slice::from_ref(&bytes), true, &Zones::bundled());
        let _ = gcal::placed(&bytes, &Zones::bundled());
        let _ = gcal::page::refusal(&bytes);
    }
}
