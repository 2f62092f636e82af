//! A made-up Google Calendar: what the API answers, on a virtual clock, as true to recorded answers as it is known.
//!
//! Events are kept as the JSON that is answered, a copy in each calendar, so that what is absent there is absent here.
//! `docs/stand-in.md` says what it knows and what not. Nothing here reaches the world: `cli` serves it.

mod access;
mod calendar;
mod deeds;
mod edit;
mod faults;
mod free;
mod list;
mod push;
mod token;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::model::zone::{Moment, Zones};

use calendar::Calendar;

pub use faults::{Fault, How, Trouble};
pub use push::Notice;

/// A request as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, `PATCH`, `PUT`, `DELETE`.
    pub method: String,
    /// The path, still encoded.
    pub path: String,
    /// The query's parameters, decoded.
    pub query: BTreeMap<String, String>,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What goes wrong on the way.
    pub how: How,
}

/// What the API answers: a value, or a refusal with status and reason.
type Answered = Result<Value, Refused>;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    status: u16,
    body: Value,
    retry_after: Option<u32>,
}

/// A refusal in the API's own form.
fn refused(status: u16, domain: &str, reason: &str, message: &str) -> Refused {
    let one = json!({ "domain": domain, "reason": reason, "message": message });
    let body = json!({ "error": { "errors": [one], "code": status, "message": message } });
    Refused { status, body, retry_after: None }
}

impl Refused {
    /// What of the request it is about.
    fn about(mut self, kind: &str, name: &str) -> Self {
        self.body["error"]["errors"][0]["locationType"] = kind.into();
        self.body["error"]["errors"][0]["location"] = name.into();
        self
    }
}

fn not_found() -> Refused {
    refused(404, "global", "notFound", "Not Found")
}

/// What is counted, for whoever tries things with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls by `method status`.
    pub calls: BTreeMap<String, u64>,
    /// The most calls in any minute, over all.
    pub most_in_a_minute: usize,
    /// The most calls of one quota user in any minute.
    pub most_of_one_in_a_minute: usize,
}

/// The server.
pub struct Server {
    zones: Zones,
    now: Moment,
    /// Counts changes: what a sync token stands for.
    clock: u64,
    /// Counts what needs a name of its own.
    names: u64,
    calendars: BTreeMap<String, Calendar>,
    access: access::Access,
    tokens: token::Tokens,
    pages: BTreeMap<String, list::Rest>,
    /// Tokens from before this change are worth nothing any more.
    expired: u64,
    faults: faults::Faults,
    traffic: faults::Traffic,
    push: push::Channels,
    /// Items of a page, at most.
    page_size: usize,
    /// Seconds until a conference that is asked for is there.
    conference_seconds: i64,
    counters: Counters,
}

impl Server {
    /// An empty one. `now` is its virtual time.
    pub fn new(zones: Zones, now: Moment) -> Self {
        Self {
            zones,
            now,
            clock: 1,
            names: 0,
            calendars: BTreeMap::new(),
            access: access::Access::default(),
            tokens: token::Tokens::default(),
            pages: BTreeMap::new(),
            expired: 0,
            faults: faults::Faults::default(),
            traffic: faults::Traffic::default(),
            push: push::Channels::default(),
            page_size: 2500,
            conference_seconds: 0,
            counters: Counters::default(),
        }
    }

    /// Turns the virtual clock.
    pub fn set_now(&mut self, now: Moment) {
        self.now = now;
    }

    /// The virtual time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Makes somebody with a calendar in a zone.
    pub fn person(&mut self, address: &str, zone: &str) {
        self.calendars.insert(address.to_owned(), Calendar::new(address, zone));
    }

    /// What a viewer may see of another's calendar: `reader`, `writer`, `freeBusyReader`.
    pub fn share(&mut self, calendar: &str, viewer: &str, role: &str) {
        self.access.share(calendar, viewer, role);
    }

    /// Scopes that are delegated to the service account; all, unless this is said.
    pub fn delegate(&mut self, scopes: &[&str]) {
        self.tokens.delegate(scopes);
    }

    /// Somebody's grant, or the key of the service account, is worth nothing from now on.
    pub fn revoke(&mut self) {
        self.tokens.revoke();
    }

    /// Pages hold at most so many items, whatever is asked for.
    pub fn page_size(&mut self, items: usize) {
        self.page_size = items.max(1);
    }

    /// Conferences are there only so many seconds after they are asked for.
    pub fn slow_conferences(&mut self, seconds: i64) {
        self.conference_seconds = seconds;
    }

    /// Every sync token given so far answers 410 from now on.
    pub fn expire_sync_tokens(&mut self) {
        self.expired = self.clock;
        self.clock += 1;
    }

    /// The next calls that it fits meet this.
    pub fn trouble(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Calls a minute for all and for one quota user, beyond which they are refused.
    pub fn quota(&mut self, project: usize, person: usize) {
        self.traffic.quota(project, person);
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        Counters {
            most_in_a_minute: self.traffic.most,
            most_of_one_in_a_minute: self.traffic.most_of_one,
            ..self.counters.clone()
        }
    }

    /// Messages of push channels that are due.
    pub fn notices(&mut self) -> Vec<Notice> {
        self.push.drain()
    }

    /// Answers a request.
    pub fn handle(&mut self, request: &Request) -> Response {
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let path: Vec<String> =
            request.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (name, answered, how) = match path.as_slice() {
            ["token"] | ["o", "oauth2", "token"] | ["oauth2", "v4", "token"] => {
                ("token", self.token(&request.body), How::Well)
            }
            ["o", "oauth2", "auth" | "v2"] | ["o", "oauth2", "v2", "auth"] => return token::consent(request),
            ["calendar", "v3", rest @ ..] => self.api(request, rest),
            _ => ("unknown", Err(not_found()), How::Well),
        };
        let (status, headers, body) = match answered {
            Ok(Value::Null) => (204, Vec::new(), Vec::new()),
            Ok(value) => (200, Vec::new(), value.to_string().into_bytes()),
            Err(refused) => {
                let wait = refused.retry_after.map(|wait| ("retry-after".to_owned(), wait.to_string()));
                (refused.status, wait.into_iter().collect(), refused.body.to_string().into_bytes())
            }
        };
        *self.counters.calls.entry(format!("{name} {status}")).or_default() += 1;
        Response { status, headers, body, how }
    }

    /// A call of the API: whose it is, whether it is one too many, what goes wrong with it, and then what it asks for.
    fn api(&mut self, request: &Request, path: &[&str]) -> (&'static str, Answered, How) {
        let (name, calendar) = match (request.method.as_str(), path) {
            ("GET", ["calendars", id, "events"]) => ("list", Some(*id)),
            ("GET", ["calendars", id, "events", _]) => ("get", Some(*id)),
            ("POST", ["calendars", id, "events"]) => ("insert", Some(*id)),
            ("POST", ["calendars", id, "events", "watch"]) => ("watch", Some(*id)),
            ("PATCH", ["calendars", id, "events", _]) => ("patch", Some(*id)),
            ("DELETE", ["calendars", id, "events", _]) => ("delete", Some(*id)),
            ("POST", ["channels", "stop"]) => ("stop", None),
            ("POST", ["freeBusy"]) => ("freebusy", None),
            _ => return ("unknown", Err(not_found()), How::Well),
        };
        let user = match self.tokens.user(request, name, self.now) {
            Ok(user) => user,
            Err(refused) => return (name, Err(refused), How::Well),
        };
        let quota_user = request.query.get("quotaUser").unwrap_or(&user);
        if let Err(refused) = self.traffic.count(quota_user, self.now) {
            return (name, Err(refused), How::Well);
        }
        let calendar = calendar.map(|id| if id == "primary" { user.clone() } else { id.to_owned() });
        let trouble = self.faults.take(name, calendar.as_deref());
        if let Some(Trouble::Refused { status, reason, retry_after }) = &trouble {
            let refused =
                Refused { retry_after: *retry_after, ..refused(*status, "usageLimits", reason, reason) };
            return (name, Err(refused), How::Well);
        }
        let event = path.get(3).copied().unwrap_or_default();
        let calendar = calendar.unwrap_or_default();
        let answered = self.answer(name, request, &user, (&calendar, event));
        (name, answered, trouble.map_or(How::Well, |trouble| trouble.how()))
    }

    fn answer(
        &mut self,
        name: &str,
        request: &Request,
        user: &str,
        (calendar, event): (&str, &str),
    ) -> Answered {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match name {
            "stop" => Ok(self.push.stop(&body)),
            "freebusy" => self.free_busy(user, &body),
            _ => {
                let role = self.role(calendar, user)?;
                match name {
                    "list" => self.list(calendar, role, &request.query),
                    "get" => self.get(calendar, event),
                    "watch" => Ok(self.watch(calendar, &body)),
                    _ if role != "owner" && role != "writer" => {
                        Err(refused(403, "calendar", "forbidden", "Forbidden"))
                    }
                    "insert" => self.insert(calendar, &body, &request.query),
                    "patch" => self.patch(calendar, event, &body, request.headers.get("if-match")),
                    _ => self.delete(calendar, event, request.headers.get("if-match")).map(|()| Value::Null),
                }
            }
        }
    }

    /// What a user may do with a calendar.
    fn role(&self, calendar: &str, user: &str) -> Result<&'static str, Refused> {
        if !self.calendars.contains_key(calendar) {
            return Err(not_found());
        }
        if calendar == user {
            return Ok("owner");
        }
        self.access.role(calendar, user).ok_or_else(not_found)
    }

    /// A name that no other thing has, in the alphabet of events' ids.
    fn name(&mut self) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        self.names += 1;
        let digits = b"0123456789abcdefghijklmnopqrstuv";
        let half = |salt: u64| {
            let mut hasher = DefaultHasher::new();
            (self.names, salt).hash(&mut hasher);
            let bits = hasher.finish();
            (0..13).map(move |n| char::from(digits[(bits >> (5 * n) & 31) as usize])).collect::<String>()
        };
        half(1) + &half(2)
    }
}

/// The parameters of a query or a form.
pub fn parameters(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
