//! The pages behind the links in mails. It renders nothing and decides nothing: it hands each question to the
//! loop and serves the page that comes back. GET shows and POST acts; mail scanners follow every link.

pub mod admin;
mod connection;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tower_http::timeout::TimeoutLayer;

use crate::gcal::channel;
use crate::model::page::{Door, Page, PageKind};
use crate::model::people::CalendarId;
use crate::ports::{Ask, Asked, Error, ErrorKind};

/// Longest form that is read, in bytes: a few short fields.
const FORM: usize = 4096;
/// Longest token that is handed on, in bytes.
const TOKEN: usize = 512;
/// What a request may take beside the wait for the loop.
const READING: Duration = Duration::from_secs(5);

/// Headers of every answer: the address is a secret, so nothing keeps it, indexes it or passes it on; and a page
/// can do nothing but show itself and send its own form.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONNECTION, "close"),
];

/// Listens on an address like `127.0.0.1:8087`. `Conflict` where another program does already.
pub async fn bind(address: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| {
        let (kind, code, why) = match error.kind() {
            io::ErrorKind::AddrInUse => {
                (ErrorKind::Conflict, "in_use", "another program listens there".to_owned())
            }
            io::ErrorKind::PermissionDenied => (ErrorKind::Denied, "denied", "not allowed to".to_owned()),
            _ => (ErrorKind::Invalid, "listen", error.to_string()),
        };
        Error::new(kind, code, format!("listen on {address}: {why}"))
    })
}

/// Where push messages come in, and where they go.
pub struct Pushes {
    /// The path that they are posted to.
    pub path: String,
    /// What their channels' tokens are signed with.
    pub key: Vec<u8>,
    /// The calendars that are said to have changed; with a full queue a message is dropped.
    pub to: mpsc::Sender<CalendarId>,
}

/// The path of an address like `https://host/path`; `/` where there is none.
pub fn path_of(url: &str) -> String {
    let uri: Option<http::Uri> = url.parse().ok();
    uri.map_or_else(|| "/".to_owned(), |uri| uri.path().to_owned())
}

/// Serves until `stop` is done and the answers under way are out, which takes at most `wait` and ten seconds. A
/// question waits at most `wait` for its page; the queue's own size bounds how many wait.
pub async fn run(
    listener: TcpListener,
    asks: mpsc::Sender<Ask>,
    pushes: Option<Pushes>,
    wait: Duration,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let life = wait + READING + READING;
    let listener = connection::Bounded::new(listener, life);
    let served = serve(listener, router(Loop { asks, wait }, pushes)).with_graceful_shutdown(stop).await;
    served.map_err(|error| Error::new(ErrorKind::Transient, "listen", format!("the web server: {error}")))
}

/// The way to the loop.
#[derive(Clone)]
struct Loop {
    asks: mpsc::Sender<Ask>,
    wait: Duration,
}

fn router(to_loop: Loop, pushes: Option<Pushes>) -> Router {
    let whole = to_loop.wait + READING;
    let push = pushes.map(|pushes| {
        let (path, pushes) = (pushes.path.clone(), Arc::new(pushes));
        Router::new().route(&path, post(pushed)).with_state(pushes)
    });
    Router::new()
        .merge(push.unwrap_or_default())
        .merge(doors())
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { Note::NotFound })
        .method_not_allowed_fallback(|| async { Note::NotAllowed })
        .with_state(to_loop)
        .layer(DefaultBodyLimit::max(FORM))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, whole))
        .layer(map_response(with_headers))
}

type Token = Result<Path<String>, PathRejection>;
type Fields = Result<Form<BTreeMap<String, String>>, FormRejection>;

/// What links lead to: each is looked at with GET and acts on POST.
fn doors() -> Router<Loop> {
    Door::ALL.into_iter().fold(Router::new(), |router, door| {
        let show = move |to_loop: State<Loop>, token: Token| async move {
            answer(&to_loop, door, token, None).await
        };
        let act = move |to_loop: State<Loop>, token: Token, form: Fields| async move {
            match form {
                Ok(Form(fields)) => answer(&to_loop, door, token, Some(fields)).await,
                Err(_) => Note::NoForm.into_response(),
            }
        };
        router.route(&format!("{}{{token}}", door.path()), get(show).post(act))
    })
}

async fn answer(to_loop: &Loop, door: Door, token: Token, act: Option<BTreeMap<String, String>>) -> Response {
    let Some(token) = token.ok().map(|Path(token)| token).filter(|token| is_token(token)) else {
        return Note::NotFound.into_response();
    };
    asked(to_loop, Asked::Link { door, token, act }).await
}

/// Asks the loop, and waits a bounded time for its page.
async fn asked(to_loop: &Loop, what: Asked) -> Response {
    let (reply, page) = oneshot::channel();
    if to_loop.asks.try_send(Ask { what, reply }).is_err() {
        return Note::Busy.into_response();
    }
    match tokio::time::timeout(to_loop.wait, page).await {
        Ok(Ok(page)) => shown(page),
        _ => Note::Busy.into_response(),
    }
}

fn shown(page: Page) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match page.kind {
        PageKind::Html => "text/html; charset=utf-8",
        PageKind::Text => "text/plain; charset=utf-8",
        // The format's own name and version: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
        PageKind::Metrics => "text/plain; version=0.0.4; charset=utf-8",
    };
    (status, [(header::CONTENT_TYPE, kind)], page.text).into_response()
}

/// A message of a push channel: it has no body, and its headers say which channel it is of. Whoever cannot prove that it
/// is one of ours learns nothing.
///
/// Source: <https://developers.google.com/workspace/calendar/api/guides/push>.
async fn pushed(State(pushes): State<Arc<Pushes>>, headers: HeaderMap) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, token) = (header("x-goog-channel-id"), header("x-goog-channel-token"));
    let Some(calendar) = channel::verify(&pushes.key, id, token) else {
        return Note::NotFound.into_response();
    };
    // The first message of a channel only says that it is open. A dropped one is made up for by asking.
    if header("x-goog-resource-state") != "sync" {
        let _ = pushes.to.try_send(calendar);
    }
    StatusCode::NO_CONTENT.into_response()
}

/// What a token of ours is written with (base64url and dots); anything else need not bother the loop.
fn is_token(text: &str) -> bool {
    text.len() <= TOKEN && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The pages that are said without the loop.
#[derive(Clone, Copy)]
enum Note {
    NotFound,
    NotAllowed,
    NoForm,
    Busy,
    Unknown,
    Closed,
}

impl IntoResponse for Note {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NotFound => {
                (404, "There is nothing at this address. Please use the link in the mail as it is.")
            }
            Self::NotAllowed => (405, "This address can be looked at, and its button pressed; nothing else."),
            Self::NoForm => {
                (400, "This could not be read. Please go back to the link in the mail and try again.")
            }
            Self::Unknown => (401, "Please sign in: any name, and the token of web.admin_token_file."),
            Self::Closed => (
                403,
                "Not from here. Without web.admin_token_file or web.admin_header this is shown on this machine \
                 alone, and not through a proxy.",
            ),
            Self::Busy => (
                503,
                "Drumbeat is busy just now. Please try again in a minute. If you pressed a button, it may have \
                 worked; pressing it again does no harm.",
            ),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Drumbeat</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><p>{text}</p></html>\n"
        );
        (status, Html(html)).into_response()
    }
}
