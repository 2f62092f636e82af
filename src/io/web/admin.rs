//! The listener for those who run Drumbeat: dashboard, the ledger in words, metrics, health. It renders nothing.
//!
//! Numbers without names (`/metrics`, `/healthz`, `/readyz`) are open to whoever reaches the listener. Everything else
//! asks who it is: by a bearer token, by what a proxy on this machine says, or, where neither is set up, by coming
//! from this machine without a proxy in between.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path, Query, State};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower_http::timeout::TimeoutLayer;

use super::connection::{Bounded, Peer};
use super::{Loop, Note, READING, asked, with_headers};
use crate::model::page::AdminPage;
use crate::model::people::PersonId;
use crate::model::time::Week;
use crate::ports::{Ask, Asked, Error, ErrorKind};

/// Headers that only a proxy adds: what they come with is not from this machine, whatever its address says.
const FORWARDED: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Who may look.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whoever knows this token.
    pub token: Option<SecretString>,
    /// Whoever a proxy on this machine names in this header (lower case).
    pub header: Option<String>,
}

/// What became of somebody who wants to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// They may.
    Open,
    /// They have not said who they are.
    Unknown,
    /// They may not.
    Closed,
}

impl Access {
    fn entry(&self, peer: SocketAddr, headers: &HeaderMap) -> Entry {
        if self.knows_token(headers) {
            return Entry::Open;
        }
        let is_here = peer.ip().to_canonical().is_loopback();
        if let Some(name) = &self.header {
            let named = headers.get(name).is_some_and(|value| !value.as_bytes().trim_ascii().is_empty());
            if named && is_here {
                return Entry::Open;
            }
        }
        if self.token.is_some() {
            return Entry::Unknown;
        }
        let is_bare = self.header.is_none() && FORWARDED.iter().all(|name| !headers.contains_key(*name));
        if is_here && is_bare && is_local_name(headers) { Entry::Open } else { Entry::Closed }
    }

    /// As a bearer token (RFC 6750), or as the password of a browser's own question (RFC 7617).
    fn knows_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return false };
        let said =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let basic = || {
            let decoded = STANDARD.decode(said.strip_prefix("Basic ")?.trim()).ok()?;
            let text = String::from_utf8(decoded).ok()?;
            text.split_once(':').map(|(_, password)| password.to_owned())
        };
        let given = said.strip_prefix("Bearer ").map(|token| token.trim().to_owned()).or_else(basic);
        // Digests are compared, so that the time it takes tells nothing of the token.
        given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token.expose_secret()))
    }
}

/// A page elsewhere may lead a browser here under its own name (DNS rebinding): only this machine's names count.
fn is_local_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    name == "localhost"
        || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Serves until `stop` is done. Requests wait for the loop as those of the other listener do.
pub async fn run(
    listener: TcpListener,
    asks: mpsc::Sender<Ask>,
    access: Access,
    wait: Duration,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let listener = Bounded::new(listener, wait + READING + READING);
    let router = router(Loop { asks, wait }, access).into_make_service_with_connect_info::<Peer>();
    let served = serve(listener, router).with_graceful_shutdown(stop).await;
    served.map_err(|error| Error::new(ErrorKind::Transient, "listen", format!("the admin server: {error}")))
}

#[derive(Clone)]
struct Admin {
    to_loop: Loop,
    access: Arc<Access>,
}

fn router(to_loop: Loop, access: Access) -> Router {
    let whole = to_loop.wait + READING;
    Router::new()
        .route("/", get(home))
        .route("/explain", get(explain_all))
        .route("/explain/{who}", get(explain))
        .route(
            "/metrics",
            get(|State(admin): State<Admin>| async move { admin.open(AdminPage::Metrics).await }),
        )
        .route("/readyz", get(|State(admin): State<Admin>| async move { admin.open(AdminPage::Ready).await }))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(|| async { Note::NotFound })
        .method_not_allowed_fallback(|| async { Note::NotAllowed })
        .with_state(Admin { to_loop, access: Arc::new(access) })
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, whole))
        .layer(map_response(with_headers))
}

impl Admin {
    /// A page without names.
    async fn open(&self, page: AdminPage) -> Response {
        asked(&self.to_loop, Asked::Admin(page)).await
    }

    /// A page for those who may.
    async fn closed(&self, peer: Peer, headers: &HeaderMap, page: AdminPage) -> Response {
        match self.access.entry(peer.0, headers) {
            Entry::Open => self.open(page).await,
            Entry::Unknown => {
                let asks = (
                    HeaderName::from_static("www-authenticate"),
                    HeaderValue::from_static(r#"Basic realm="Drumbeat""#),
                );
                (StatusCode::UNAUTHORIZED, [asks], Note::Unknown).into_response()
            }
            Entry::Closed => Note::Closed.into_response(),
        }
    }
}

async fn home(
    State(admin): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Response {
    admin.closed(peer, &headers, AdminPage::Home).await
}

/// Which week is asked about.
#[derive(serde::Deserialize)]
struct Asking {
    week: Option<String>,
}

impl Asking {
    fn week(&self) -> Option<Week> {
        self.week.as_deref().and_then(|text| text.parse().ok())
    }
}

async fn explain_all(
    State(admin): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Query(asking): Query<Asking>,
) -> Response {
    admin.closed(peer, &headers, AdminPage::Explain { who: None, week: asking.week() }).await
}

async fn explain(
    State(admin): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(who): Path<String>,
    Query(asking): Query<Asking>,
) -> Response {
    let Ok(who) = who.parse() else { return Note::NotFound.into_response() };
    let page = AdminPage::Explain { who: Some(PersonId(who)), week: asking.week() };
    admin.closed(peer, &headers, page).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(access: &Access, peer: &str, headers: &[(&str, &str)]) -> Entry {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            )
        });
        access.entry(peer.parse().expect("an address"), &headers.collect())
    }

    /// Who may look, from where, with what headers, and what comes of it.
    type Case<'a> = (&'a Access, &'a str, &'a [(&'a str, &'a str)], Entry);

    #[test]
    fn who_may_look() {
        const HERE: &str = "127.0.0.1:50000";
        const AWAY: &str = "192.0.2.7:50000";
        let local = ("host", "localhost:8088");
        let none = Access::default();
        let token = Access { token: Some("s3cret".into()), header: None };
        let proxy = Access { token: None, header: Some("x-remote-user".into()) };
        let user = ("x-remote-user", "rita");
        let cases: [Case<'_>; 16] = [
            (&none, HERE, &[local], Entry::Open),
            (&none, "[::1]:50000", &[("host", "[::1]:8088")], Entry::Open),
            (&none, AWAY, &[local], Entry::Closed),
            // A proxy on this machine has this machine's address: that alone proves nothing.
            (&none, HERE, &[local, ("x-forwarded-for", "192.0.2.7")], Entry::Closed),
            (&none, HERE, &[local, ("forwarded", "for=192.0.2.7")], Entry::Closed),
            (&none, HERE, &[("host", "evil.example")], Entry::Closed),
            (&none, HERE, &[], Entry::Closed),
            (&token, HERE, &[local], Entry::Unknown),
            (&token, AWAY, &[("authorization", "Bearer s3cret")], Entry::Open),
            (&token, AWAY, &[("authorization", "Bearer s3cre")], Entry::Unknown),
            (&token, AWAY, &[("authorization", "Basic b3BzOnMzY3JldA==")], Entry::Open),
            (&token, AWAY, &[("authorization", "Basic b3BzOng=")], Entry::Unknown),
            (&proxy, HERE, &[local, user], Entry::Open),
            (&proxy, AWAY, &[local, user], Entry::Closed),
            (&proxy, HERE, &[local], Entry::Closed),
            (&proxy, HERE, &[local, ("x-remote-user", " ")], Entry::Closed),
        ];
        for (n, (access, peer, headers, wanted)) in cases.into_iter().enumerate() {
            assert_eq!(entry(access, peer, headers), wanted, "case {n}: {peer} {headers:?}");
        }
    }
}
