//! One call of the API: ids encoded, the right token, limits on time and size, and what a refusal means.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use google_calendar3::common::to_body;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::Rights;
use super::auth::{Acting, Auth};
use super::connect::Connector;
use super::credentials::Credentials;
use super::limits::{Gate, Limits};
use crate::gcal::page;
use crate::io::cause;
use crate::model::people::PersonId;
use crate::ports::{Error, ErrorKind};

/// Google's own place; a stand-in is put in its stead where connections are made.
const API: &str = "https://www.googleapis.com/calendar/v3";
/// For a whole call, token and body included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest body that is read, in bytes: a page of 2500 events is well below.
const LARGEST: usize = 64 << 20;
/// How long nobody calls after a refusal for the whole project that says no time itself.
const PROJECT_PAUSE: Duration = Duration::from_secs(10);
/// First pause when a usage limit is exceeded, which is no matter of seconds; it doubles up to the last.
const QUOTA_PAUSE: Duration = Duration::from_hours(1);
const QUOTA_PAUSE_MOST: Duration = Duration::from_hours(24);
/// The longest pause that an answer can talk us into.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// What is called.
pub(super) struct Call<'a> {
    pub method: Method,
    /// Parts of the path behind `/calendar/v3`, not encoded yet.
    pub path: &'a [&'a str],
    /// Parameters, not encoded yet.
    pub query: &'a [(&'a str, &'a str)],
    /// A JSON body.
    pub body: Option<&'a [u8]>,
    /// Only if the resource still is this version.
    pub if_match: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, body: None, if_match: None }
    }

    pub fn post(path: &'a [&'a str], query: &'a [(&'a str, &'a str)], body: &'a [u8]) -> Self {
        Self { method: Method::POST, path, query, body: Some(body), if_match: None }
    }

    fn uri(&self, quota_user: &str) -> Result<Uri, Error> {
        let mut text = API.to_owned();
        for part in self.path {
            text.push('/');
            text.extend(utf8_percent_encode(part, ENCODED));
        }
        let query = self.query.iter().copied().chain([("quotaUser", quota_user)]);
        for (nth, (name, value)) in query.enumerate() {
            text.push(if nth == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.extend(utf8_percent_encode(value, ENCODED));
        }
        text.parse().map_err(|_| Error::new(ErrorKind::Invalid, "address", "make the address of a call"))
    }
}

/// All but what RFC 3986 (2.3) leaves alone.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Makes calls.
pub(super) struct Caller {
    auth: Auth,
    gate: Gate,
    quota_pause: Cell<Duration>,
}

impl Caller {
    pub fn new(
        credentials: Credentials,
        people: BTreeMap<PersonId, String>,
        rights: Rights,
        api: Option<Uri>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let auth = Auth::new(credentials, people, rights, Connector::new(api)?);
        Ok(Self { auth, gate: Gate::new(limits), quota_pause: Cell::new(QUOTA_PAUSE) })
    }

    pub fn own_calendar(&self, who: PersonId) -> Result<String, Error> {
        self.auth.own_calendar(who)
    }

    pub fn address(&self, who: PersonId) -> Result<&str, Error> {
        self.auth.address(who)
    }

    /// Makes a call as somebody and returns the body of the answer, whole.
    pub async fn call(&self, who: PersonId, call: &Call<'_>) -> Result<Vec<u8>, Error> {
        self.gate.pass(who).await?;
        let answer = tokio::time::timeout(TIMEOUT, self.with_token(who, call)).await;
        answer.unwrap_or_else(|_| {
            let message = format!("hear from Google within {} s", TIMEOUT.as_secs());
            Err(Error::new(ErrorKind::Transient, "timeout", message))
        })
    }

    /// A refused token is asked for anew once.
    async fn with_token(&self, who: PersonId, call: &Call<'_>) -> Result<Vec<u8>, Error> {
        let acting = self.auth.acting(who).await?;
        let token = self.auth.token(&acting, false).await?;
        match self.once(&acting, who, call, &token).await {
            Err(error) if error.code == "401" => {
                let token = self.auth.token(&acting, true).await?;
                self.once(&acting, who, call, &token).await
            }
            answer => answer,
        }
    }

    async fn once(
        &self,
        acting: &Acting,
        who: PersonId,
        call: &Call<'_>,
        token: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.uri(&quota_user(self.auth.address(who)?))?)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("drumbeat/", env!("CARGO_PKG_VERSION")));
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(etag) = call.if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        let body = to_body(call.body.map(<[u8]>::to_vec));
        let request = request
            .body(body)
            .map_err(|_| Error::new(ErrorKind::Invalid, "request", "make a call of what was given"))?;
        let response = acting.hub.client.request(request).await.map_err(|error| unreached(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let torn = || Error::new(ErrorKind::Transient, "torn", "read an answer of Google's: it breaks off");
        match (head.status.is_success(), body) {
            (true, Ok(body)) => {
                self.quota_pause.set(QUOTA_PAUSE);
                Ok(body.to_bytes().to_vec())
            }
            (true, Err(_)) => Err(torn()),
            (false, body) => {
                let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
                Err(self.refused(head.status, &head.headers, &body))
            }
        }
    }

    /// What a refusal means; one for the whole project keeps everybody back.
    fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        let mut error = refusal(status, headers, body);
        match error.code.as_str() {
            "quotaExceeded" => {
                let pause = self.quota_pause.get();
                self.quota_pause.set((pause * 2).min(QUOTA_PAUSE_MOST));
                error.retry_after = Some(error.retry_after.unwrap_or(pause));
            }
            "rateLimitExceeded" => self.gate.close_for(error.retry_after.unwrap_or(PROJECT_PAUSE)),
            _ => {}
        }
        error
    }
}

/// What an answer that is no success means.
///
/// Source: <https://developers.google.com/workspace/calendar/api/guides/errors>.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let said = page::refusal(body);
    let reason = said.as_ref().map_or("", |said| said.reason.as_str());
    let number = status.as_u16();
    let kind = match (number, reason) {
        (429, _)
        | (403, "rateLimitExceeded" | "userRateLimitExceeded" | "quotaExceeded" | "dailyLimitExceeded") => {
            ErrorKind::RateLimited
        }
        (401 | 403, _) => ErrorKind::Denied,
        // 410 of a deletion: it is gone already. Of a listing: the token is worth nothing any more.
        (404, _) | (410, "deleted") => ErrorKind::NotFound,
        (409 | 412, _) => ErrorKind::Conflict,
        (410, _) => ErrorKind::TokenGone,
        (408 | 500..=599, _) => ErrorKind::Transient,
        _ => ErrorKind::Invalid,
    };
    let code = match number {
        401 | 409 | 410 | 412 => number.to_string(),
        _ if reason.is_empty() => number.to_string(),
        _ => reason.to_owned(),
    };
    let advice = match code.as_str() {
        "accessNotConfigured" | "SERVICE_DISABLED" => {
            "; turn on the Google Calendar API for the project in the Cloud console"
        }
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => {
            "; the grant lacks a scope: run `drumbeat auth google` again and tick every box"
        }
        "forbiddenForServiceAccounts" => "; without domain-wide delegation nobody can be invited",
        _ => "",
    };
    let mut error = Error::new(kind, &code, format!("do it at Google: it answers {number} {reason}{advice}"));
    error.retry_after = retry_after(headers);
    error
}

/// Retry-After in seconds (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// Nothing came back.
fn unreached(error: &(dyn std::error::Error + 'static)) -> Error {
    let io = cause::<std::io::Error>(error).map(std::io::Error::kind);
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let (code, what) = match io {
        Some(std::io::ErrorKind::ConnectionRefused) => ("refused", "the connection is refused"),
        Some(std::io::ErrorKind::TimedOut) => ("timeout", "no connection in time"),
        _ if text.contains("dns") => ("dns", "its host name is not found"),
        Some(std::io::ErrorKind::InvalidData) => ("tls", "its certificate cannot be trusted"),
        _ => ("unreachable", "the connection broke off"),
    };
    Error::new(ErrorKind::Transient, code, format!("reach Google: {what}"))
}

/// By whom a call counts for the quota: at most 40 characters that name nobody.
fn quota_user(address: &str) -> String {
    let digest = Sha256::digest(address.as_bytes());
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_refusal_means() {
        use ErrorKind::{Conflict, Denied, Invalid, NotFound, RateLimited, TokenGone, Transient};
        let check = |status: u16, reason: &str, kind: ErrorKind, code: &str| {
            let body = format!(
                r#"{{"error":{{"errors":[{{"reason":"{reason}"}}],"code":{status},"message":"m"}}}}"#
            );
            let status = StatusCode::from_u16(status).expect("a status");
            let error = refusal(status, &HeaderMap::new(), body.as_bytes());
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{status} {reason}");
        };
        check(400, "invalidValue", Invalid, "invalidValue");
        check(401, "authError", Denied, "401");
        check(403, "rateLimitExceeded", RateLimited, "rateLimitExceeded");
        check(403, "userRateLimitExceeded", RateLimited, "userRateLimitExceeded");
        check(403, "quotaExceeded", RateLimited, "quotaExceeded");
        check(403, "forbidden", Denied, "forbidden");
        check(403, "forbiddenForNonOrganizer", Denied, "forbiddenForNonOrganizer");
        check(404, "notFound", NotFound, "notFound");
        check(409, "duplicate", Conflict, "409");
        check(410, "fullSyncRequired", TokenGone, "410");
        check(410, "updatedMinTooLongAgo", TokenGone, "410");
        check(410, "deleted", NotFound, "410");
        check(412, "conditionNotMet", Conflict, "412");
        check(429, "rateLimitExceeded", RateLimited, "rateLimitExceeded");
        check(500, "backendError", Transient, "backendError");
        check(503, "", Transient, "503");
    }

    #[test]
    fn a_wait_is_as_long_as_asked_for_up_to_a_day() {
        let check = |text: &'static str, seconds: Option<u64>| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static(text))]);
            let error = refusal(StatusCode::TOO_MANY_REQUESTS, &headers, b"<html>");
            assert_eq!(error.retry_after.map(|wait| wait.as_secs()), seconds, "{text}");
            assert_eq!(error.code, "429");
        };
        check("7", Some(7));
        check("999999999", Some(86_400));
        check("soon", None);
    }

    #[test]
    fn addresses_are_encoded() {
        let call = Call::get(
            &["calendars", "en.usa#holiday@group.v.calendar.google.com", "events"],
            &[("syncToken", "a=/+b")],
        );
        let uri = call.uri("q").expect("an address").to_string();
        assert_eq!(
            uri,
            "https://www.googleapis.com/calendar/v3/calendars/en.usa%23holiday%40group.v.calendar.google.com/events?syncToken=a%3D%2F%2Bb&quotaUser=q"
        );
    }

    #[test]
    fn a_quota_user_names_nobody() {
        let name = quota_user("ana@example.com");
        assert!(name.len() <= 40 && !name.contains("ana"));
        assert_ne!(name, quota_user("bo@example.com"));
    }
}
