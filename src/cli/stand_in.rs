//! `drumbeat stand-in`: a made-up Google Calendar on this machine, for trying things.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{self, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Router, serve};
use chrono::TimeDelta;
use clap::Args;
use futures_util::stream;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::io::clock::SystemClock;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zones};
use crate::ports::Clock as _;
use crate::sim::google::{Fault, How, Request, Server, Trouble, parameters};

/// Largest body that is read.
const LARGEST: usize = 1 << 20;

/// Serves a made-up Google Calendar, for trying things.
///
/// It speaks the Calendar API and the token endpoint over plain http, on loopback alone, and keeps all in memory. Point
/// Drumbeat at it with `[google] api_url`. What it knows, and how it is told who is there and what goes wrong, stands in
/// docs/stand-in.md. Prints its address, and runs until Ctrl-C.
#[derive(Debug, Args)]
pub struct StandIn {
    /// Where it listens: a loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089")]
    listen: SocketAddr,
}

/// The server, shared with whoever tells it what happens.
pub type Shared = Arc<Mutex<Server>>;

impl StandIn {
    /// Runs the command.
    pub fn run(&self, zones: Zones) -> anyhow::Result<bool> {
        if !self.listen.ip().is_loopback() {
            bail!(
                "failed to listen on {}: the stand-in is for this machine alone; write 127.0.0.1:8089",
                self.listen
            );
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.listen).await?;
            println!("http://{}/", listener.local_addr()?);
            let server = Arc::new(Mutex::new(Server::new(zones, SystemClock.now())));
            tokio::select! {
                served = listen(listener, server) => served?,
                ended = tokio::signal::ctrl_c() => ended?,
            }
            anyhow::Ok(true)
        })
    }
}

/// Serves a server of events until it is dropped. Its clock goes with that of this machine.
pub async fn listen(listener: TcpListener, server: Shared) -> std::io::Result<()> {
    serve(listener, Router::new().fallback(answer).with_state(server)).await
}

async fn answer(State(server): State<Shared>, request: http::Request<Body>) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(parameters).unwrap_or_default(),
        headers: texts(&head.headers),
        body: body.to_vec(),
    };
    let (answer, notices) = {
        let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
        // Only forward: what was said of the clock stays said.
        let now = SystemClock.now().max(server.now());
        server.set_now(now);
        let answer = match request.path.strip_prefix("/control/") {
            Some(word) => control(&mut server, word, &request.body),
            None => server.handle(&request),
        };
        (answer, server.notices())
    };
    for notice in notices {
        tokio::spawn(post(notice.url, notice.headers));
    }
    if let How::Slow(milliseconds) = answer.how {
        pause(Duration::from_millis(milliseconds)).await;
    }
    let mut response = match answer.how {
        How::Well | How::Slow(_) => Body::from(answer.body).into_response(),
        how => broken(&answer.body, how),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

/// An answer that breaks off: the connection ends before the length that it says.
fn broken(body: &[u8], how: How) -> axum::response::Response {
    let length = body.len() + 1;
    let half = if how == How::Torn { Bytes::from(body[..body.len() / 2].to_vec()) } else { Bytes::new() };
    let parts = [Ok(half), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    let mut response = Body::from_stream(stream::iter(parts)).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn texts(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let text = |(name, value): (&http::HeaderName, &HeaderValue)| {
        Some((name.to_string(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

/// Posts a message of a push channel, to this machine alone.
async fn post(url: String, headers: Vec<(String, String)>) {
    let Ok(uri) = url.parse::<http::Uri>() else { return };
    let is_here = uri.host().is_some_and(|host| host == "127.0.0.1" || host == "localhost");
    if uri.scheme_str() != Some("http") || !is_here {
        return;
    }
    let request =
        headers.iter().fold(http::Request::post(uri), |request, (name, value)| request.header(name, value));
    if let Ok(request) = request.body(Body::empty()) {
        // A message that is lost is made up for by asking.
        let _ = Client::builder(TokioExecutor::new()).build_http::<Body>().request(request).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a slow answer is slow by the clock on the wall")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What it is told beside the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, tag = "do")]
enum Told {
    Person {
        address: String,
        zone: String,
    },
    Share {
        calendar: String,
        viewer: String,
        role: String,
    },
    Delegate {
        scopes: Vec<String>,
    },
    Revoke,
    Clock {
        forward_seconds: i64,
    },
    PageSize {
        items: usize,
    },
    Conferences {
        seconds: i64,
    },
    ExpireSyncTokens,
    Quota {
        project: usize,
        person: usize,
    },
    Fault {
        call: Option<String>,
        calendar: Option<String>,
        times: u32,
        status: Option<u16>,
        reason: Option<String>,
        retry_after: Option<u32>,
        torn: Option<bool>,
        lost: Option<bool>,
        slow: Option<u64>,
    },
    Move {
        organizer: String,
        id: String,
        start: Moment,
        end: Moment,
    },
    Delete {
        whose: String,
        id: String,
    },
    Answer {
        organizer: String,
        who: String,
        id: String,
        answer: String,
    },
    Split {
        organizer: String,
        series: String,
        from: Moment,
        to: Moment,
    },
    Resend {
        organizer: String,
        id: String,
    },
    HandOver {
        organizer: String,
        id: String,
        to: String,
    },
}

/// `/control/tell` takes what happens, `/control/counters` and `/control/events` (with a body that names a calendar) show.
fn control(server: &mut Server, word: &str, body: &[u8]) -> crate::sim::google::Response {
    let answer = |status, value: Value| crate::sim::google::Response {
        status,
        headers: Vec::new(),
        body: value.to_string().into_bytes(),
        how: How::Well,
    };
    match word {
        "counters" => {
            let counters = server.counters();
            answer(
                200,
                json!({
                    "calls": counters.calls, "most_in_a_minute": counters.most_in_a_minute,
                    "most_of_one_in_a_minute": counters.most_of_one_in_a_minute, "channels": server.channels(),
                }),
            )
        }
        "events" => answer(200, server.events(&String::from_utf8_lossy(body)).into()),
        "tell" => match serde_json::from_slice(body) {
            Ok(told) => answer(200, tell(server, told)),
            Err(error) => answer(400, json!({ "wrong": error.to_string() })),
        },
        _ => answer(404, json!({ "wrong": "there are tell, counters and events" })),
    }
}

fn tell(server: &mut Server, told: Told) -> Value {
    match told {
        Told::Person { address, zone } => server.person(&address, &zone),
        Told::Share { calendar, viewer, role } => server.share(&calendar, &viewer, &role),
        Told::Delegate { scopes } => server.delegate(&scopes.iter().map(String::as_str).collect::<Vec<_>>()),
        Told::Revoke => server.revoke(),
        Told::Clock { forward_seconds } => server.set_now(server.now() + TimeDelta::seconds(forward_seconds)),
        Told::PageSize { items } => server.page_size(items),
        Told::Conferences { seconds } => server.slow_conferences(seconds),
        Told::ExpireSyncTokens => server.expire_sync_tokens(),
        Told::Quota { project, person } => server.quota(project, person),
        Told::Fault { call, calendar, times, status, reason, retry_after, torn, lost, slow } => {
            let trouble = match (status, slow) {
                (Some(status), _) => {
                    Trouble::Refused { status, reason: reason.unwrap_or_default(), retry_after }
                }
                (None, Some(milliseconds)) => Trouble::Slow(milliseconds),
                _ if lost == Some(true) => Trouble::Lost,
                _ if torn == Some(true) => Trouble::Torn,
                _ => return json!({ "wrong": "say status, slow, torn or lost" }),
            };
            server.trouble(Fault { call, calendar, times, trouble });
        }
        Told::Move { organizer, id, start, end } => server.moves(&organizer, &id, Span::new(start, end)),
        Told::Delete { whose, id } => server.deletes(&whose, &id),
        Told::Answer { organizer, who, id, answer } => server.answers(&organizer, &who, &id, &answer),
        Told::Split { organizer, series, from, to } => {
            return json!({ "id": server.splits(&organizer, &series, from, to) });
        }
        Told::Resend { organizer, id } => server.resends(&organizer, &id),
        Told::HandOver { organizer, id, to } => server.hands_over(&organizer, &id, &to),
    }
    json!({})
}
