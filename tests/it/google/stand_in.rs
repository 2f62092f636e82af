//! The stand-in against the recorded answers: in the same situation it says something of the same shape. And what it
//! keeps true for those who rely on it: tokens, copies, versions, quotas.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::sim::google::{Request, Response, Server};
use serde_json::{Value, json};

use super::fixture;

const USER: &str = "test.user@gmail.com";
const NOW: &str = "2025-03-23T10:41:35Z";

fn at(text: &str) -> Moment {
    text.parse().expect("an instant")
}

/// A server with somebody who is signed in.
struct Signed {
    server: Server,
    tokens: BTreeMap<String, String>,
}

impl Signed {
    fn new() -> Self {
        let mut server = Server::new(Zones::bundled(), at(NOW));
        for who in [USER, "ana@example.com", "bo@example.com"] {
            server.person(who, "America/Chicago");
        }
        Self { server, tokens: BTreeMap::new() }
    }

    fn token(&mut self, who: &str) -> String {
        if let Some(token) = self.tokens.get(who) {
            return token.clone();
        }
        let token = super::token(&mut self.server, who);
        self.tokens.insert(who.to_owned(), token.clone());
        token
    }

    fn call(
        &mut self,
        who: &str,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
        if_match: Option<&str>,
    ) -> Response {
        let mut headers =
            BTreeMap::from([("authorization".to_owned(), format!("Bearer {}", self.token(who)))]);
        headers.extend(if_match.map(|etag| ("if-match".to_owned(), etag.to_owned())));
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = format!("/calendar/v3/{path}");
        self.server.handle(&Request { method: method.into(), path, query, headers, body })
    }

    fn get(&mut self, who: &str, path: &str, query: &[(&str, &str)]) -> Response {
        self.call(who, "GET", path, query, &Value::Null, None)
    }

    fn insert(&mut self, who: &str, event: &Value) -> Value {
        let answer = self.call(
            who,
            "POST",
            "calendars/primary/events",
            &[("conferenceDataVersion", "1")],
            event,
            None,
        );
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        body_of(&answer)
    }

    /// What changed since a token; without one, everything.
    fn list(&mut self, who: &str, token: Option<&str>) -> Value {
        let mut query = vec![("singleEvents", "false"), ("showDeleted", "true"), ("maxResults", "2500")];
        query.extend(token.map(|token| ("syncToken", token)));
        let answer = self.get(who, "calendars/primary/events", &query);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        body_of(&answer)
    }

    /// What a deed leaves in the delta, a minute later.
    fn delta(&mut self, deed: impl FnOnce(&mut Server)) -> Value {
        let page = self.list(USER, None);
        self.server.set_now(self.server.now() + TimeDelta::minutes(1));
        deed(&mut self.server);
        self.list(USER, page["nextSyncToken"].as_str())
    }

    /// Every day at half past seven.
    fn daily(&mut self) {
        self.insert(
            USER,
            &json!({
                "id": "0series", "summary": "Dishes", "recurrence": ["RRULE:FREQ=DAILY"],
                "start": { "dateTime": "2025-03-24T07:30:00-05:00", "timeZone": "America/Chicago" },
                "end": { "dateTime": "2025-03-24T08:15:00-05:00", "timeZone": "America/Chicago" },
            }),
        );
    }
}

fn body_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// What class of item it is, and which fields it has.
fn shape(item: &Value) -> (String, BTreeSet<String>) {
    let id = item["id"].as_str().unwrap_or_default();
    let class = match (
        item["status"].as_str(),
        item.get("recurringEventId").is_some(),
        item.get("recurrence").is_some(),
    ) {
        (Some("cancelled"), true, _) => "stub",
        (Some("cancelled"), false, _) => "tombstone",
        (_, true, _) => "exception",
        (_, _, true) if id.contains("_R") => "successor",
        (_, _, true) => "master",
        _ => "single",
    };
    // Texts may be empty or absent on either side.
    let fields = item.as_object().expect("an object").keys().filter(|name| *name != "description");
    (class.to_owned(), fields.cloned().collect())
}

fn shapes(page: &Value) -> Vec<(String, BTreeSet<String>)> {
    let mut shapes: Vec<_> = page["items"].as_array().expect("items").iter().map(shape).collect();
    shapes.sort();
    shapes
}

fn fields(page: &Value) -> BTreeSet<&String> {
    page.as_object().expect("an object").keys().collect()
}

/// The delta has the shape of a recorded one, and one etag for all of a group.
fn same_shape(name: &str, said: &Value) {
    let Some(recorded) = fixture(name) else { return };
    assert_eq!(shapes(said), shapes(&recorded), "{name}");
    assert_eq!(fields(said), fields(&recorded), "{name}");
    let etags = |page: &Value| {
        page["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|item| item["etag"].to_string())
            .collect::<BTreeSet<_>>()
    };
    if etags(&recorded).len() == 1 {
        assert_eq!(etags(said).len(), 1, "{name}: {said:#}");
    }
}

/// The original start of the nth day's instance.
fn day(nth: i64) -> Moment {
    at("2025-03-24T12:30:00Z") + TimeDelta::days(nth)
}

fn half_hour(from: Moment) -> Span {
    Span::new(from, from + TimeDelta::minutes(30))
}

#[test]
fn a_new_series() {
    let mut signed = Signed::new();
    let before = signed.list(USER, None);
    signed.daily();
    same_shape("compass__create-create", &signed.list(USER, before["nextSyncToken"].as_str()));
}

#[test]
fn one_instance_deleted() {
    let mut signed = Signed::new();
    signed.daily();
    let delta = signed.delta(|server| server.deletes(USER, &Server::instance_id("0series", day(1))));
    same_shape("compass__delete-single-delete.single", &delta);
    same_shape("compass__delete-single-delete.single-2", &delta);
}

#[test]
fn a_series_deleted() {
    let mut signed = Signed::new();
    signed.daily();
    let delta = signed.delta(|server| server.deletes(USER, "0series"));
    same_shape("compass__delete-all-all-1", &delta);
}

#[test]
fn this_and_following_deleted() {
    let mut signed = Signed::new();
    signed.daily();
    signed.server.deletes(USER, &Server::instance_id("0series", day(1)));
    let delta = signed.delta(|server| server.cut(USER, "0series", day(3) - TimeDelta::hours(8)));
    same_shape("compass__delete-this-and-following-delete.this-and-following", &delta);
    signed.server.moves(
        USER,
        &Server::instance_id("0series", day(2)),
        half_hour(day(2) + TimeDelta::hours(1)),
    );
    let delta = signed.delta(|server| server.cut(USER, "0series", day(1)));
    let beyond =
        delta["items"].as_array().expect("items").iter().filter(|item| shape(item).0 == "tombstone").count();
    assert_eq!(beyond, 1, "an exception beyond the end comes back as a bare id: {delta:#}");
}

#[test]
fn one_instance_moved() {
    let mut signed = Signed::new();
    signed.daily();
    let delta = signed.delta(|server| {
        server.moves(USER, &Server::instance_id("0series", day(0)), half_hour(day(0) + TimeDelta::hours(5)));
    });
    same_shape("compass__edit-single-single.instance-2", &delta);
    let moved = delta["items"]
        .as_array()
        .expect("items")
        .iter()
        .find(|item| shape(item).0 == "exception")
        .expect("one");
    assert_eq!((&moved["sequence"], &moved["id"]), (&json!(1), &json!("0series_20250324T123000Z")));
    assert_eq!(moved["originalStartTime"]["dateTime"], "2025-03-24T07:30:00-05:00");
}

#[test]
fn this_and_following_changed() {
    let mut signed = Signed::new();
    signed.daily();
    let delta = signed.delta(|server| drop(server.splits(USER, "0series", day(3), day(3))));
    same_shape("compass__edit-this-and-following-this-and-following-1", &delta);
    let ids: Vec<&str> =
        delta["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(ids, ["0series", "0series_R20250327T123000"]);
    assert_eq!(
        delta["items"][0]["recurrence"],
        json!(["RRULE:FREQ=DAILY;UNTIL=20250327T045959Z"]),
        "midnight in Chicago"
    );
}

#[test]
fn this_and_following_changed_with_exceptions_before() {
    let mut signed = Signed::new();
    signed.daily();
    for nth in [0, 1] {
        signed.server.moves(
            USER,
            &Server::instance_id("0series", day(nth)),
            half_hour(day(nth) + TimeDelta::hours(2)),
        );
    }
    let delta = signed.delta(|server| drop(server.splits(USER, "0series", day(3), day(3))));
    same_shape("compass__edit-this-and-following-this-and-following-2", &delta);
}

#[test]
fn this_and_following_moved_to_another_time() {
    let mut signed = Signed::new();
    signed.daily();
    let delta =
        signed.delta(|server| drop(server.splits(USER, "0series", day(3), day(3) - TimeDelta::hours(1))));
    same_shape("compass__edit-this-and-following-v2-this-and-following-0", &delta);
    let items = delta["items"].as_array().expect("items");
    assert_eq!(items[0]["created"], items[1]["created"], "all that ties them together");
}

#[test]
fn all_changed_after_one_was() {
    let mut signed = Signed::new();
    signed.daily();
    let id = Server::instance_id("0series", day(0));
    signed.call(
        USER,
        "PATCH",
        &format!("calendars/primary/events/{id}"),
        &[],
        &json!({ "summary": "Dishes!" }),
        None,
    );
    let delta = signed.delta(|server| drop(server.splits(USER, "0series", day(2), day(2))));
    same_shape("compass__edit-all-all-1", &delta);
}

#[test]
fn a_single_event_deleted() {
    let Some(recorded) = fixture("pipedream__event-cancelled-single") else { return };
    let mut signed = Signed::new();
    let event = json!({ "id": "0one0", "summary": "test event", "transparency": "transparent",
        "start": { "date": "2025-03-24" }, "end": { "date": "2025-03-25" } });
    signed.insert(USER, &event);
    let delta = signed.delta(|server| server.deletes(USER, "0one0"));
    assert_eq!(shapes(&delta), [shape(&recorded)]);
    assert_eq!((&delta["items"][0]["sequence"], &recorded["sequence"]), (&json!(1), &json!(1)));
}

#[test]
fn refusals_are_worded_as_documented() {
    let mut signed = Signed::new();
    signed.daily();
    let token = signed.list(USER, None)["nextSyncToken"].as_str().expect("one").to_owned();
    signed.server.expire_sync_tokens();
    let check = |answer: &Response, name: &str| {
        let Some(recorded) = fixture(&format!("google-docs-errors__{name}")) else { return };
        assert_eq!(
            (json!(answer.status), body_of(answer)),
            (recorded["error"]["code"].clone(), recorded.clone()),
            "{name}"
        );
    };
    check(&signed.get(USER, "calendars/primary/events", &[("syncToken", &token)]), "410_fullSyncRequired");
    check(&signed.get(USER, "calendars/primary/events/nothere", &[]), "404_notFound");
    let taken =
        json!({ "id": "0series", "start": { "date": "2025-03-24" }, "end": { "date": "2025-03-25" } });
    check(&signed.call(USER, "POST", "calendars/primary/events", &[], &taken, None), "409_duplicate");
    check(
        &signed.call(USER, "DELETE", "calendars/primary/events/0series", &[], &Value::Null, Some("\"1\"")),
        "412_conditionNotMet",
    );
    signed.server.deletes(USER, "0series");
    check(
        &signed.call(USER, "DELETE", "calendars/primary/events/0series", &[], &Value::Null, None),
        "410_deleted",
    );
    check(&signed.call(USER, "POST", "calendars/primary/events", &[], &taken, None), "409_duplicate");
    assert_eq!(body_of(&signed.get(USER, "calendars/primary/events/0series", &[]))["status"], "cancelled");
    signed.server.quota(10_000, 0);
    check(&signed.get(USER, "calendars/primary/events", &[]), "403_userRateLimitExceeded");
    signed.server.quota(0, 10_000);
    let busy = signed.get(USER, "calendars/primary/events", &[]);
    check(&busy, "429_rateLimitExceeded");
    assert!(busy.headers.iter().any(|(name, _)| name == "retry-after"));
    signed.server.revoke();
    check(&signed.get(USER, "calendars/primary/events", &[]), "401_authError");
}

impl Signed {
    /// Another daily series, so that something has changed.
    fn daily_of(&mut self, id: &str) {
        let event = json!({ "id": id, "recurrence": ["RRULE:FREQ=DAILY"],
            "start": { "dateTime": "2025-03-24T10:00:00Z", "timeZone": "UTC" }, "end": { "dateTime": "2025-03-24T10:30:00Z", "timeZone": "UTC" } });
        self.insert(USER, &event);
    }
}

#[test]
fn pages_end_with_the_only_token() {
    let mut signed = Signed::new();
    for nth in 0..7 {
        signed.daily_of(&format!("0series{nth}"));
    }
    signed.server.page_size(3);
    let mut page = signed.list(USER, None);
    let mut sizes = Vec::new();
    loop {
        sizes.push(page["items"].as_array().expect("items").len());
        let Some(next) = page["nextPageToken"].as_str().map(str::to_owned) else { break };
        assert!(page.get("nextSyncToken").is_none(), "only the last page has one");
        page = body_of(&signed.get(USER, "calendars/primary/events", &[("pageToken", &next)]));
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert!(page["nextSyncToken"].is_string());
}

#[test]
fn a_token_goes_with_its_own_parameters_alone() {
    let mut signed = Signed::new();
    let token = signed.list(USER, None)["nextSyncToken"].as_str().expect("one").to_owned();
    let refused = signed.get(
        USER,
        "calendars/primary/events",
        &[("syncToken", &token), ("timeMin", "2025-03-24T00:00:00Z")],
    );
    assert_eq!(body_of(&refused)["error"]["errors"][0]["reason"], "syncTokenWithRequestRestrictions");
    let other =
        signed.get(USER, "calendars/primary/events", &[("syncToken", &token), ("singleEvents", "true")]);
    assert_eq!(other.status, 410);
}

/// Ana and Bo meet, in Bo's calendar.
fn meeting(signed: &mut Signed) {
    let event = json!({ "id": "0meet", "summary": "1:1", "extendedProperties": { "private": { "drumbeat": "r1" } },
        "start": { "dateTime": "2025-03-25T10:00:00Z" }, "end": { "dateTime": "2025-03-25T10:30:00Z" },
        "attendees": [{ "email": "bo@example.com", "responseStatus": "accepted" }, { "email": "ana@example.com" }] });
    signed.insert("bo@example.com", &event);
}

#[test]
fn guests_have_copies_of_their_own() {
    let mut signed = Signed::new();
    meeting(&mut signed);
    let copy = signed.list("ana@example.com", None)["items"][0].clone();
    assert_eq!((&copy["id"], &copy["iCalUID"]), (&json!("0meet"), &json!("0meet@google.com")));
    assert_eq!(copy["organizer"], json!({ "email": "bo@example.com" }), "it is not Ana's own");
    assert_eq!(
        copy["attendees"][0],
        json!({ "email": "bo@example.com", "responseStatus": "accepted", "organizer": true })
    );
    assert_eq!(
        copy["attendees"][1],
        json!({ "email": "ana@example.com", "responseStatus": "needsAction", "self": true })
    );
    assert!(copy.get("extendedProperties").is_none(), "private properties are of one copy");
    let refused = signed.call(
        "ana@example.com",
        "PATCH",
        "calendars/primary/events/0meet",
        &[],
        &json!({ "summary": "mine" }),
        None,
    );
    assert_eq!(body_of(&refused)["error"]["errors"][0]["reason"], "forbiddenForNonOrganizer");
    let answer = json!({ "attendees": [{ "email": "ana@example.com", "responseStatus": "accepted" }] });
    assert_eq!(
        signed.call("ana@example.com", "PATCH", "calendars/primary/events/0meet", &[], &answer, None).status,
        200
    );
    assert_eq!(signed.list("bo@example.com", None)["items"][0]["attendees"][1]["responseStatus"], "accepted");
    // A guest's deletion: a bare id here, a decline there.
    assert_eq!(
        signed
            .call("ana@example.com", "DELETE", "calendars/primary/events/0meet", &[], &Value::Null, None)
            .status,
        204
    );
    assert_eq!(shape(&signed.list("ana@example.com", None)["items"][0]).0, "tombstone");
    assert_eq!(signed.list("bo@example.com", None)["items"][0]["attendees"][1]["responseStatus"], "declined");
}

#[test]
fn busy_times_are_of_what_is_not_declined() {
    let mut signed = Signed::new();
    meeting(&mut signed);
    let question = json!({ "timeMin": "2025-03-25T00:00:00Z", "timeMax": "2025-03-26T00:00:00Z",
        "items": [{ "id": "ana@example.com" }, { "id": "bo@example.com" }, { "id": "nobody@example.com" }] });
    let ask = |signed: &mut Signed| {
        body_of(&signed.call("ana@example.com", "POST", "freeBusy", &[], &question, None))
    };
    let answer = ask(&mut signed);
    assert_eq!(answer["calendars"]["ana@example.com"]["busy"].as_array().map(Vec::len), Some(1));
    for hidden in ["bo@example.com", "nobody@example.com"] {
        assert_eq!(answer["calendars"][hidden]["errors"][0]["reason"], "notFound");
    }
    if let Some(recorded) = fixture("kde_libkgapi__freebusy1_query_response") {
        assert_eq!(fields(&answer), fields(&recorded));
    }
    signed.server.answers("bo@example.com", "ana@example.com", "0meet", "declined");
    assert_eq!(ask(&mut signed)["calendars"]["ana@example.com"]["busy"], json!([]));
}

#[test]
fn conferences_come_when_they_are_ready() {
    let mut signed = Signed::new();
    signed.server.slow_conferences(30);
    let event = json!({ "id": "0meet", "start": { "dateTime": "2025-03-25T10:00:00Z" }, "end": { "dateTime": "2025-03-25T10:30:00Z" },
        "conferenceData": { "createRequest": { "requestId": "r", "conferenceSolutionKey": { "type": "hangoutsMeet" } } } });
    let made = signed.insert(USER, &event);
    assert_eq!(made["conferenceData"]["createRequest"]["status"]["statusCode"], "pending");
    assert!(made.get("hangoutLink").is_none());
    signed.server.set_now(at(NOW) + TimeDelta::minutes(1));
    let later = body_of(&signed.get(USER, "calendars/primary/events/0meet", &[]));
    assert!(later["hangoutLink"].as_str().is_some_and(|link| link.starts_with("https://meet.google.com/")));
    let unasked = json!({ "id": "0none", "start": event["start"], "end": event["end"], "conferenceData": event["conferenceData"] });
    let made = signed.call(USER, "POST", "calendars/primary/events", &[], &unasked, None);
    assert!(
        body_of(&made).get("conferenceData").is_none(),
        "without the version it is passed over in silence"
    );
}

#[test]
fn instances_are_listed_in_a_window_without_a_token() {
    let mut signed = Signed::new();
    signed.daily();
    signed.server.deletes(USER, &Server::instance_id("0series", day(1)));
    signed.server.moves(
        USER,
        &Server::instance_id("0series", day(2)),
        half_hour(day(2) + TimeDelta::hours(2)),
    );
    let window =
        [("singleEvents", "true"), ("timeMin", "2025-03-24T00:00:00Z"), ("timeMax", "2025-03-28T00:00:00Z")];
    let page = body_of(&signed.get(USER, "calendars/primary/events", &window));
    let starts: Vec<&str> = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["start"]["dateTime"].as_str())
        .collect();
    assert_eq!(
        starts,
        ["2025-03-24T07:30:00-05:00", "2025-03-26T09:30:00-05:00", "2025-03-27T07:30:00-05:00"]
    );
    assert!(page.get("nextSyncToken").is_none());
}
