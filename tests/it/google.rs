//! Google, as far as it can be had here: the stand-in over real HTTP, answers scripted byte by byte, and the real binary.

mod client;
mod organisation;
mod program;
mod recorded;
mod stand_in;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine as _;
use drumbeat::cli::stand_in::{Shared, listen};
use drumbeat::io::clock::SystemClock;
use drumbeat::io::google::{Account, Google, Limits, Push, Rights};
use drumbeat::model::people::{CalendarId, PersonId};
use drumbeat::model::zone::Zones;
use drumbeat::ports::Clock as _;
use drumbeat::sim::google::{Request, Server};
use serde_json::{Value, json};

/// Recorded answers, as they came.
const FIXTURES: &str = "../shared/fixtures/google";

/// One of them; `None`, said so, where the folder is absent.
fn fixture(name: &str) -> Option<Value> {
    let Ok(text) = std::fs::read_to_string(Path::new(FIXTURES).join(format!("{name}.json"))) else {
        println!("skipped: {FIXTURES} is absent");
        return None;
    };
    Some(serde_json::from_str(&text).expect("JSON"))
}

const ANA: PersonId = PersonId(1);
const BO: PersonId = PersonId(2);

/// The stand-in, served from a thread of its own until the process ends.
#[derive(Clone)]
struct Served {
    server: Shared,
    url: String,
}

impl Served {
    fn new() -> Self {
        let server = Arc::new(Mutex::new(Server::new(Zones::bundled(), SystemClock.now())));
        let shared = Arc::clone(&server);
        let (address, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                address.send(listener.local_addr().expect("has one")).expect("is waited for");
                listen(listener, shared).await.expect("serves");
            });
        });
        let url = format!("http://{}/", told.recv().expect("listens"));
        Self { server, url }
    }

    /// With Ana and Bo, in Berlin.
    fn with_two() -> Self {
        let served = Self::new();
        served.server().person("ana@example.com", "Europe/Berlin");
        served.server().person("bo@example.com", "Europe/Berlin");
        served
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self) -> Account {
        account(&self.url)
    }
}

/// A token for somebody, as the stand-in gives it.
fn token(server: &mut Server, user: &str) -> String {
    let claims = json!({ "sub": user, "iat": server.now().timestamp(), "scope": "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy" });
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
    let body =
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=x.{claims}.x");
    let request = Request {
        method: "POST".into(),
        path: "/token".into(),
        body: body.into_bytes(),
        ..Request::default()
    };
    let answer: Value = serde_json::from_slice(&server.handle(&request).body).expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}

fn insert(server: &mut Server, user: &str, event: &Value) {
    let headers = BTreeMap::from([("authorization".to_owned(), format!("Bearer {}", token(server, user)))]);
    let request = Request {
        method: "POST".into(),
        path: "/calendar/v3/calendars/primary/events".into(),
        headers,
        body: event.to_string().into_bytes(),
        ..Request::default()
    };
    let answer = server.handle(&request);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

/// A private key that was made for this run of the tests.
fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "RSA", "-quiet"]).output();
        String::from_utf8(made.expect("openssl is there").stdout).expect("is text")
    })
}

/// The key of a service account, as the Cloud console gives it.
fn service_account() -> String {
    json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": "drumbeat@p.iam.gserviceaccount.com",
        "client_id": "1234567890",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
}

fn account(url: &str) -> Account {
    Account {
        credentials: service_account().into(),
        people: BTreeMap::from([(ANA, "ana@example.com".into()), (BO, "bo@example.com".into())]),
        calendars: BTreeMap::from([(CalendarId::first(ANA), None), (CalendarId::first(BO), None)]),
        rights: Rights::Write,
        api: Some(url.parse().expect("an address")),
        push: None::<Push>,
        limits: Limits::below_quota(u32::MAX),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What a scripted server answers, one after the other: status, headers, body.
type Script = Vec<(u16, Vec<(&'static str, String)>, String)>;

/// A server that gives tokens, answers every other call as written down, and remembers what it was asked.
struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A call that came in.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Scripted {
    /// With a token endpoint that says `token`, if anything, in place of giving one.
    fn new(script: Script, token: Option<(u16, String)>) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, answers) =
            (Arc::clone(&asked), Arc::new(Mutex::new(std::collections::VecDeque::from(script))));
        let (address, told) = std::sync::mpsc::channel();
        let answer = move |request: axum::extract::Request| {
            let (seen, answers, token) = (Arc::clone(&seen), Arc::clone(&answers), token.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
                let headers = head
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()));
                let asked = Asked {
                    method: head.method.to_string(),
                    target: head.uri.to_string(),
                    headers: headers.collect(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                let is_token = asked.target.contains("token") && !asked.target.contains("/calendar/");
                seen.lock().expect("nobody panicked").push(asked);
                let (status, headers, body) = if is_token {
                    let good = (
                        200,
                        json!({ "access_token": "ya29.canary", "expires_in": 3599, "token_type": "Bearer" })
                            .to_string(),
                    );
                    let (status, body) = token.unwrap_or(good);
                    (status, Vec::new(), body)
                } else {
                    let next = answers.lock().expect("nobody panicked").pop_front();
                    next.unwrap_or_else(|| (500, Vec::new(), "the script is over".to_owned()))
                };
                let mut response = axum::response::Response::new(axum::body::Body::from(body));
                *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
                for (name, value) in headers {
                    response.headers_mut().insert(name, value.parse().expect("a value"));
                }
                response
            }
        };
        std::thread::spawn(move || {
            runtime().block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                address.send(listener.local_addr().expect("has one")).expect("is waited for");
                axum::serve(listener, axum::Router::new().fallback(answer)).await.expect("serves");
            });
        });
        Self { url: format!("http://{}/", told.recv().expect("listens")), asked }
    }

    fn google(&self) -> Google {
        Google::new(account(&self.url)).expect("a client")
    }

    /// The calls of the API so far, without those for tokens.
    fn calls(&self) -> Vec<Asked> {
        let asked = self.asked.lock().expect("nobody panicked").clone();
        asked.into_iter().filter(|asked| asked.target.contains("/calendar/v3/")).collect()
    }
}

/// A good answer.
fn good(body: &(impl ToString + ?Sized)) -> (u16, Vec<(&'static str, String)>, String) {
    (200, Vec::new(), body.to_string())
}
