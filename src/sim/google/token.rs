//! The token endpoint: assertions of a service account, grants of one account; and who a bearer token stands for.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Answered, How, Refused, Request, Response, Server, parameters, refused};
use crate::model::zone::Moment;

/// Seconds for which a token is good.
const LIFE: i64 = 3600;
/// How far an assertion's clock may be off.
const SKEW_MINUTES: i64 = 10;
/// What every token begins with, so that it can be looked for in a log.
const CANARY: &str = "ya29.standin-";

/// A token that was given.
#[derive(Debug, Clone)]
struct Given {
    user: String,
    scopes: String,
    until: Moment,
}

/// All tokens that were given.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: BTreeMap<String, Given>,
    count: u64,
    delegated: Option<BTreeSet<String>>,
    is_revoked: bool,
}

impl Tokens {
    pub fn delegate(&mut self, scopes: &[&str]) {
        self.delegated = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    }

    pub fn revoke(&mut self) {
        self.given.clear();
        self.is_revoked = true;
    }

    fn give(&mut self, user: &str, scopes: &str, now: Moment) -> Value {
        self.count += 1;
        let token = format!("{CANARY}{}", self.count);
        let until = now + TimeDelta::seconds(LIFE);
        self.given.insert(token.clone(), Given { user: user.to_owned(), scopes: scopes.to_owned(), until });
        json!({ "access_token": token, "expires_in": LIFE - 1, "token_type": "Bearer", "scope": scopes })
    }

    /// Whose token a call carries; one that does not allow the call is refused.
    pub fn user(&self, request: &Request, call: &str, now: Moment) -> Result<String, Refused> {
        let header = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let given = self.given.get(token).filter(|given| given.until > now);
        let given = given.ok_or_else(|| {
            refused(401, "global", "authError", "Invalid Credentials").about("header", "Authorization")
        })?;
        let has = |scope: &str| given.scopes.split(' ').any(|one| one.ends_with(scope));
        let is_enough = match call {
            "freebusy" => has("calendar.freebusy"),
            "list" | "get" | "watch" | "stop" => has("calendar.events") || has("calendar.events.readonly"),
            _ => has("calendar.events"),
        };
        let lacks = || refused(403, "global", "insufficientPermissions", "Insufficient Permission");
        is_enough.then(|| given.user.clone()).ok_or_else(lacks)
    }
}

/// A refusal of the token endpoint (RFC 6749, 5.2).
fn no_token(status: u16, error: &str, description: &str) -> Refused {
    let body = json!({ "error": error, "error_description": description });
    Refused { status, body, retry_after: None }
}

/// The consent page: it agrees at once.
pub(super) fn consent(request: &Request) -> Response {
    let parameter = |name: &str| request.query.get(name).cloned().unwrap_or_default();
    let state = request.query.get("state").map(|state| format!("&state={state}")).unwrap_or_default();
    let place = format!("{}?code=4/standin{state}", parameter("redirect_uri"));
    Response { status: 302, headers: vec![("location".to_owned(), place)], body: Vec::new(), how: How::Well }
}

impl Server {
    pub(super) fn token(&mut self, body: &[u8]) -> Answered {
        let form = parameters(&String::from_utf8_lossy(body));
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match field("grant_type") {
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => self.by_assertion(field("assertion")),
            "refresh_token" | "authorization_code" if self.tokens.is_revoked => {
                Err(no_token(400, "invalid_grant", "Token has been expired or revoked."))
            }
            "refresh_token" => {
                let user = field("refresh_token").strip_prefix("1//").unwrap_or_default().to_owned();
                let scopes = "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy";
                Ok(self.tokens.give(&user, scopes, self.now))
            }
            "authorization_code" => {
                let user = self.calendars.keys().next().cloned().unwrap_or_default();
                let mut given =
                    self.tokens.give(&user, "https://www.googleapis.com/auth/calendar.events", self.now);
                given["refresh_token"] = format!("1//{user}").into();
                Ok(given)
            }
            _ => Err(no_token(400, "unsupported_grant_type", "Invalid grant_type")),
        }
    }

    /// A service account's assertion (RFC 7523). Its signature is not looked at.
    fn by_assertion(&mut self, assertion: &str) -> Answered {
        let claims = assertion.split('.').nth(1).and_then(|part| {
            let bytes = URL_SAFE.decode(part).or_else(|_| URL_SAFE_NO_PAD.decode(part)).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        });
        let claims = claims.ok_or_else(|| no_token(400, "invalid_request", "Invalid assertion"))?;
        if self.tokens.is_revoked {
            return Err(no_token(400, "invalid_grant", "Invalid JWT Signature."));
        }
        let issued = claims["iat"].as_i64().unwrap_or_default();
        if (self.now.timestamp() - issued).abs() > SKEW_MINUTES * 60 {
            let said = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                        Check your iat and exp values in the JWT claim.";
            return Err(no_token(400, "invalid_grant", said));
        }
        let scopes = claims["scope"].as_str().unwrap_or_default();
        let is_delegated = |scope: &str| self.tokens.delegated.as_ref().is_none_or(|all| all.contains(scope));
        if !scopes.split(' ').all(is_delegated) {
            let said = "Client is unauthorized to retrieve access tokens using this method, or client not authorized \
                        for any of the scopes requested.";
            return Err(no_token(401, "unauthorized_client", said));
        }
        let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
        if !self.calendars.contains_key(&subject) {
            return Err(no_token(400, "invalid_grant", "Invalid email or User ID"));
        }
        Ok(self.tokens.give(&subject, scopes, self.now))
    }
}
