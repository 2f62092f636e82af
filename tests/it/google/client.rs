//! The client on the wire: what it asks, what it makes of answers, and what it never says.

use std::collections::BTreeMap;

use drumbeat::gcal::channel;
use drumbeat::io::google::{Google, Push, Rights};
use drumbeat::model::people::CalendarId;
use drumbeat::model::time::Span;
use drumbeat::model::zone::Moment;
use drumbeat::ports::{Answer, Bookings as _, Calendars as _, Error, ErrorKind, SyncToken, Validators};
use serde_json::json;

use super::{ANA, BO, Scripted, Served, account, good, runtime};

const CALENDAR: CalendarId = CalendarId { owner: ANA, nth: 1 };

fn fetch(google: &Google, known: Option<&Validators>) -> Result<Answer, Error> {
    runtime().block_on(google.fetch(CALENDAR, known))
}

fn page(more: &str) -> String {
    format!(r#"{{"kind":"calendar#events","accessRole":"owner","items":[],{more}}}"#)
}

fn validators(answer: Result<Answer, Error>) -> Validators {
    match answer {
        Ok(Answer::Listing { validators, .. }) => validators,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_listing_has_all_its_pages_or_is_none() {
    let served = Scripted::new(
        vec![
            good(&page(r#""nextPageToken":"a b""#)),
            good(&page(r#""nextSyncToken":"s=1""#)),
            good(&page(r#""nextSyncToken":"s=2""#)),
            good(&page(r#""nextPageToken":"p""#)),
            (200, Vec::new(), page(r#""nextSyncToken":"s""#)[..30].to_owned()),
            good(r#"{"kind":"calendar#events","items":[]}"#),
        ],
        None,
    );
    let google = served.google();
    let first = validators(fetch(&google, None));
    validators(fetch(&google, Some(&first)));
    for what in ["a page that breaks off", "a last page without a token"] {
        let torn = fetch(&google, Some(&first)).expect_err(what);
        assert_eq!((torn.kind, torn.code.as_str()), (ErrorKind::Transient, "torn"), "{what}");
    }
    let targets: Vec<String> = served.calls().into_iter().map(|asked| asked.target).collect();
    let parameters =
        "/calendar/v3/calendars/primary/events?singleEvents=false&showDeleted=true&maxResults=2500";
    assert!(targets[0].starts_with(&format!("{parameters}&quotaUser=")), "{}", targets[0]);
    assert!(targets[1].starts_with(&format!("{parameters}&pageToken=a%20b&")), "{}", targets[1]);
    assert!(targets[2].starts_with(&format!("{parameters}&syncToken=s%3D1&")), "{}", targets[2]);
    assert!(targets.iter().all(|target| !target.contains("ana")), "a quota user names nobody");
}

#[test]
fn with_other_parameters_all_is_listed_anew() {
    let served = Scripted::new(vec![good(&page(r#""nextSyncToken":"s""#))], None);
    let token = SyncToken { token: "old".into(), parameters: "singleEvents=true".into() };
    let known = Validators { token: Some(token), ..Validators::default() };
    let Ok(Answer::Listing { whole, .. }) = fetch(&served.google(), Some(&known)) else {
        panic!("a listing")
    };
    assert!(whole);
    assert!(!served.calls()[0].target.contains("syncToken"));
}

#[test]
fn a_refused_token_is_asked_for_anew_once() {
    let no = || (401, Vec::new(), r#"{"error":{"code":401,"errors":[{"reason":"authError"}]}}"#.to_owned());
    let served = Scripted::new(vec![no(), good(&page(r#""nextSyncToken":"s""#)), no(), no()], None);
    let google = served.google();
    assert!(fetch(&google, None).is_ok());
    assert_eq!(fetch(&google, None).expect_err("refused twice").kind, ErrorKind::Denied);
    let tokens = served
        .asked
        .lock()
        .expect("nobody panicked")
        .iter()
        .filter(|asked| asked.target.contains("/token"))
        .count();
    assert_eq!(tokens, 3, "one at first, one for each refusal");
}

#[test]
fn refusals_say_how_long_to_wait() {
    let busy = || {
        (
            429,
            vec![("retry-after", "1".to_owned())],
            r#"{"error":{"code":429,"errors":[{"reason":"rateLimitExceeded"}]}}"#.to_owned(),
        )
    };
    let quota =
        || (403, Vec::new(), r#"{"error":{"code":403,"errors":[{"reason":"quotaExceeded"}]}}"#.to_owned());
    let google = Scripted::new(vec![busy(), quota(), quota()], None).google();
    let waits: Vec<Option<u64>> = (0..3)
        .map(|_| {
            let error = fetch(&google, None).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::RateLimited);
            error.retry_after.map(|wait| wait.as_secs())
        })
        .collect();
    assert_eq!(waits, [Some(1), Some(3600), Some(7200)], "a usage limit is no matter of seconds");
}

#[test]
fn where_events_may_not_be_seen_busy_times_may_be() {
    let served = Served::with_two();
    served.server().person("cy@example.com", "Europe/Berlin");
    served.server().share("cy@example.com", "ana@example.com", "freeBusyReader");
    let mut account = served.account();
    let (busy, hidden) = (CalendarId { owner: ANA, nth: 2 }, CalendarId { owner: ANA, nth: 3 });
    account.calendars =
        BTreeMap::from([(busy, Some("cy@example.com".into())), (hidden, Some("bo@example.com".into()))]);
    let google = Google::new(account).expect("a client");
    assert!(matches!(runtime().block_on(google.fetch(busy, None)), Ok(Answer::Busy(_))));
    let error = runtime().block_on(google.fetch(hidden, None)).expect_err("not shared");
    assert_eq!(error.kind, ErrorKind::NotFound, "unknown, and never free: {error}");
}

#[test]
fn busy_times_are_asked_for_fifty_at_a_time() {
    let answer = json!({ "kind": "calendar#freeBusy", "calendars": { "ana@example.com": { "busy": [] } } });
    let served = Scripted::new(vec![good(&answer), good(&answer)], None);
    let mut account = account(&served.url);
    let all: Vec<CalendarId> = (1..=60).map(|nth| CalendarId { owner: ANA, nth }).collect();
    account.calendars =
        all.iter().map(|one| (*one, (one.nth > 1).then(|| format!("c{}@example.com", one.nth)))).collect();
    let google = Google::new(account).expect("a client");
    let at = |text: &str| text.parse::<Moment>().expect("an instant");
    let window = Span::new(at("2026-11-16T00:00:00Z"), at("2026-11-20T00:00:00Z"));
    let busy = runtime().block_on(google.busy(&all, window));
    assert_eq!(busy.len(), 60);
    assert_eq!(busy.values().filter(|said| said.is_ok()).count(), 1, "what is not in the answer is unknown");
    let asked: Vec<usize> = served.calls().iter().map(|call| call.body.matches("\"id\"").count()).collect();
    assert_eq!(asked, [50, 10]);
}

#[test]
fn bookings_are_made_and_deleted_as_the_manager() {
    let event = json!({ "id": "abcde", "etag": "\"7\"" });
    let served = Scripted::new(vec![good(&event), good(&event), (204, Vec::new(), String::new())], None);
    let google = served.google();
    runtime().block_on(google.insert(BO, b"{\"id\":\"abcde\"}")).expect("inserted");
    runtime().block_on(google.read(BO, "abcde")).expect("read");
    runtime().block_on(google.delete(BO, "abcde", "\"7\"")).expect("deleted");
    let calls = served.calls();
    let line = |nth: usize| format!("{} {}", calls[nth].method, calls[nth].target);
    assert!(
        line(0).starts_with(
            "POST /calendar/v3/calendars/primary/events?sendUpdates=all&conferenceDataVersion=1&"
        )
    );
    assert!(line(1).starts_with("GET /calendar/v3/calendars/primary/events/abcde?"));
    assert!(line(2).starts_with("DELETE /calendar/v3/calendars/primary/events/abcde?sendUpdates=all&"));
    assert_eq!(calls[2].headers.get("if-match").map(String::as_str), Some("\"7\""));
    assert_eq!(calls[0].headers.get("authorization").map(String::as_str), Some("Bearer ya29.canary"));
}

/// The claims of the assertion that a token was asked for with.
fn claims(served: &Scripted) -> serde_json::Value {
    use base64::Engine as _;
    let asked = served.asked.lock().expect("nobody panicked");
    let body = &asked.iter().find(|asked| asked.target.contains("/token")).expect("asked").body;
    let assertion = body.split("assertion=").nth(1).expect("one");
    let part = assertion.split('.').nth(1).expect("claims").trim_end_matches("%3D");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    serde_json::from_slice(&bytes.expect("base64")).expect("JSON")
}

#[test]
fn only_the_scopes_of_the_mode_are_asked_for_as_the_person() {
    for (rights, scope) in [(Rights::Read, "calendar.events.readonly"), (Rights::Write, "calendar.events")] {
        let served = Scripted::new(vec![good(&page(r#""nextSyncToken":"s""#))], None);
        let google =
            Google::new(drumbeat::io::google::Account { rights, ..account(&served.url) }).expect("a client");
        fetch(&google, None).expect("listed");
        let claims = claims(&served);
        assert_eq!(claims["sub"], "ana@example.com");
        let wanted = format!(
            "https://www.googleapis.com/auth/{scope} https://www.googleapis.com/auth/calendar.freebusy"
        );
        assert_eq!(claims["scope"], wanted.as_str());
    }
}

#[test]
fn a_refused_token_says_what_to_do_in_the_console() {
    let check = |status: u16, error: &str, said: &str, code: &str, advice: &str| {
        let body = json!({ "error": error, "error_description": said }).to_string();
        let served = Scripted::new(Vec::new(), Some((status, body)));
        let refused = fetch(&served.google(), None).expect_err("no token");
        assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Denied, code), "{refused}");
        assert!(refused.message.contains(advice), "{refused}");
    };
    let delegation = "client 1234567890 is not allowed these scopes; in the Admin console under Security";
    check(
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
        "unauthorized_client",
        delegation,
    );
    check(403, "access_denied", "", "unauthorized_client", delegation);
    check(
        400,
        "invalid_scope",
        "",
        "invalid_scope",
        "https://www.googleapis.com/auth/calendar.events,https://www.googleapis.com/auth/calendar.freebusy",
    );
    check(400, "invalid_grant", "Invalid email or User ID", "no_such_user", "primary address");
    check(
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        "clock",
        "NTP",
    );
    check(400, "invalid_grant", "Invalid JWT Signature.", "invalid_key", "make a new key");
    check(401, "invalid_client", "The OAuth client was not found.", "invalid_key", "deleted or disabled");
}

#[test]
fn a_token_endpoint_that_is_not_there_is_no_refusal() {
    let google = Google::new(account("http://127.0.0.1:9/")).expect("a client");
    assert_eq!(fetch(&google, None).expect_err("nobody listens").kind, ErrorKind::Transient);
}

#[test]
fn the_grant_of_one_account_sees_what_is_shared_with_it() {
    let served = Served::with_two();
    served.server().share("ana@example.com", "bo@example.com", "reader");
    let grant = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "1//bo@example.com" });
    let mut account = served.account();
    account.credentials = grant.to_string().into();
    let google = Google::new(account).expect("a client");
    assert!(matches!(fetch(&google, None), Ok(Answer::Listing { whole: true, .. })), "Ana's, as Bo");
    served.server().revoke();
    let mut account = served.account();
    account.credentials = grant.to_string().into();
    let error = fetch(&Google::new(account).expect("a client"), None).expect_err("revoked");
    assert_eq!(error.code, "revoked");
    assert!(error.message.contains("drumbeat auth google"), "{error}");
}

#[test]
fn channels_are_opened_once_and_stopped_at_the_end() {
    let served = Served::with_two();
    let mut account = served.account();
    account.push = Some(Push { url: "http://127.0.0.1:9/push".into(), key: b"key".to_vec() });
    let google = Google::new(account).expect("a client");
    assert!(!google.pushes(CALENDAR));
    fetch(&google, None).expect("listed");
    fetch(&google, None).expect("listed");
    assert!(google.pushes(CALENDAR));
    let open = served.server().channels();
    assert_eq!(open.len(), 1, "one channel, though it was asked twice");
    let token = channel::token(b"key", &open[0]);
    assert_eq!(channel::verify(b"key", &open[0], &token), Some(CALENDAR));
    runtime().block_on(google.close());
    assert_eq!(served.server().channels(), [""; 0]);
    assert!(!google.pushes(CALENDAR));
}

#[test]
fn a_channel_that_cannot_be_opened_is_no_failure() {
    let no = || {
        (
            400,
            Vec::new(),
            r#"{"error":{"code":400,"errors":[{"reason":"push.webhookUrlNotHttps"}]}}"#.to_owned(),
        )
    };
    let listed = || good(&page(r#""nextSyncToken":"s""#));
    let served = Scripted::new(vec![listed(), no(), listed()], None);
    let mut account = account(&served.url);
    account.push = Some(Push { url: "http://127.0.0.1:9/push".into(), key: b"key".to_vec() });
    let google = Google::new(account).expect("a client");
    assert!(fetch(&google, None).is_ok() && fetch(&google, None).is_ok());
    assert!(!google.pushes(CALENDAR));
    assert_eq!(
        served.calls().iter().filter(|call| call.target.contains("/watch")).count(),
        1,
        "tried again only later"
    );
}
