//! A feed behind http or https, every hop of it checked.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode, Url, redirect};

use super::Limits;
use super::address::{Private, Resolver, public};
use crate::io::cause;
use crate::ports::{Answer, Error, ErrorKind, Validators};

/// Redirects that are followed in one call.
const REDIRECTS: usize = 5;
/// Longest wait for a connection: an address that swallows everything must not eat the whole call.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait that another server can talk us into.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Asks web servers.
pub(super) struct Client {
    client: reqwest::Client,
    limits: Limits,
}

impl Client {
    pub(super) fn new(limits: Limits) -> Result<Self, Error> {
        let client = builder(limits).build().map_err(|error| {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            Error::new(ErrorKind::Denied, "tls", format!("no https client could be made: {why}"))
        })?;
        Ok(Self { client, limits })
    }

    /// One conditional GET, over at most [`REDIRECTS`] redirects.
    pub(super) async fn fetch(&self, mut url: Url, known: Option<&Validators>) -> Result<Answer, Error> {
        let conditions = conditions(known);
        for _ in 0..=REDIRECTS {
            self.check(&url)?;
            let request = self.client.get(url.clone()).headers(conditions.clone());
            let request = request.header(header::ACCEPT, "text/calendar, */*;q=0.1");
            let response = request.send().await.map_err(|error| failure(&url, &error))?;
            match response.status().as_u16() {
                200 => return self.read(&url, response).await,
                304 if !conditions.is_empty() => return Ok(Answer::Unchanged),
                301 | 302 | 303 | 307 | 308 => url = next(&url, response.headers())?,
                _ => return Err(refusal(&url, &response)),
            }
        }
        Err(redirect_error(&url, &format!("more than {REDIRECTS} redirects")))
    }

    /// Refuses an address written in the URL; names are checked where they are looked up.
    fn check(&self, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) if !self.limits.private_addresses && !public(address) => Err(private(url)),
            _ => Ok(()),
        }
    }

    /// The whole body, counted as it comes out of the decompression.
    async fn read(&self, url: &Url, mut response: Response) -> Result<Answer, Error> {
        let largest = self.limits.largest;
        let too_large = || {
            let wrong =
                format!("the feed from {} is larger than {largest} bytes ([feeds] largest)", name(url));
            Error::new(ErrorKind::Invalid, "too_large", wrong)
        };
        if response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            let wrong = format!("{} sent an encoding that was not asked for", name(url));
            return Err(Error::new(ErrorKind::Invalid, "encoding", wrong));
        }
        if response.content_length().is_some_and(|length| length > largest as u64) {
            return Err(too_large());
        }
        let validators = Validators {
            etag: text(response.headers(), header::ETAG),
            modified: text(response.headers(), header::LAST_MODIFIED),
            ..Validators::default()
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(url, &error))? {
            if bytes.len() + chunk.len() > largest {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer::Feed { bytes, validators })
    }
}

fn builder(limits: Limits) -> reqwest::ClientBuilder {
    // An error means that a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("drumbeat/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .dns_resolver(Arc::new(Resolver { private_addresses: limits.private_addresses }))
}

/// What of a URL may be shown: scheme, host and port.
pub(super) fn name(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// The headers that make the answer a 304 where nothing changed (RFC 9110, 13.1).
fn conditions(known: Option<&Validators>) -> HeaderMap {
    let known = known.cloned().unwrap_or_default();
    [(header::IF_NONE_MATCH, known.etag), (header::IF_MODIFIED_SINCE, known.modified)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value?).ok()?)))
        .collect()
}

/// A header as text, if it is sound and short enough to be stored.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| text.len() <= 1024).map(str::to_owned)
}

/// Where a redirect leads. Credentials in the URL go on to the same origin alone.
fn next(from: &Url, headers: &HeaderMap) -> Result<Url, Error> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let mut to = location
        .and_then(|text| from.join(text).ok())
        .ok_or_else(|| redirect_error(from, "a redirect that leads nowhere"))?;
    match (from.scheme(), to.scheme()) {
        ("https", "https") | ("http", "http" | "https") => {}
        ("https", "http") => return Err(redirect_error(from, "a redirect from https to http")),
        _ => return Err(redirect_error(from, "a redirect to neither http nor https")),
    }
    let same = from.origin() == to.origin();
    let (user, password) = if same { (from.username(), from.password()) } else { ("", None) };
    // These fail for URLs that cannot have credentials, which none of these schemes is.
    let _ = to.set_username(user);
    let _ = to.set_password(password);
    Ok(to)
}

fn redirect_error(from: &Url, what: &str) -> Error {
    Error::new(ErrorKind::Invalid, "redirect", format!("{} answered with {what}", name(from)))
}

fn private(url: &Url) -> Error {
    let wrong =
        format!("{} is a private address; [feeds] private_addresses = true would allow it", name(url));
    Error::new(ErrorKind::Denied, "private_address", wrong)
}

/// An answer that is no feed, by its status.
fn refusal(url: &Url, response: &Response) -> Error {
    let status = response.status();
    let kind = match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Denied,
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::Transient,
        _ if status.is_server_error() => ErrorKind::Transient,
        _ => ErrorKind::Invalid,
    };
    let mut error = Error::new(kind, status.as_str(), format!("{} answered {}", name(url), status.as_str()));
    error.retry_after = retry_after(response.headers());
    error
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, which is held against the server's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => (date(value)? - date(headers.get(header::DATE)?.to_str().ok()?)?).to_std().ok()?,
    };
    Some(wait.min(LONGEST_WAIT))
}

/// A call that brought no answer. The text of reqwest's error holds the URL and is therefore not used.
fn failure(url: &Url, error: &reqwest::Error) -> Error {
    let name = name(url);
    let transient = |code, what: &str| Error::new(ErrorKind::Transient, code, format!("{name}: {what}"));
    if cause::<Private>(error).is_some() {
        return private(url);
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        let refused = matches!(tls, rustls::Error::InvalidCertificate(_));
        let kind = if refused { ErrorKind::Denied } else { ErrorKind::Transient };
        return Error::new(kind, "tls", format!("{name}: {tls}"));
    }
    if error.is_timeout() {
        return transient("timeout", "no connection in time");
    }
    if error.is_dns() {
        return transient("dns", "the name was not found");
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => transient("refused", "the connection was refused"),
        _ if error.is_connect() => transient("connect", "no connection"),
        _ if error.is_body() || error.is_decode() => {
            transient("truncated", "the answer broke off or is damaged")
        }
        _ => transient("http", "the answer was no http, or none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn where_a_redirect_may_lead() {
        let check = |from: &str, location: &str, wanted: Option<&str>| {
            let got = next(&Url::parse(from).unwrap(), &headers(&[(header::LOCATION, location)]));
            assert_eq!(got.as_ref().map(Url::as_str).ok(), wanted, "{from} -> {location}");
        };
        check("https://a/x", "/y", Some("https://a/y"));
        check("https://a/x", "https://b/y", Some("https://b/y"));
        check("http://a/x", "https://a/y", Some("https://a/y"));
        check("https://a/x", "http://a/y", None);
        check("https://a/x", "//b/y", Some("https://b/y"));
        check("https://a/x", "file:///etc/passwd", None);
        check("http://a/x", "gopher://a/", None);
        check("https://a/x", "https://", None);
        check("https://u:p@a/x", "/y", Some("https://u:p@a/y"));
        check("https://u:p@a/x", "https://b/y", Some("https://b/y"));
        check("https://u:p@a/x", "https://a:444/y", Some("https://a:444/y"));
        check("https://a/x", "https://u:p@b/y", Some("https://b/y"));
        assert!(next(&Url::parse("https://a/").unwrap(), &HeaderMap::new()).is_err());
    }

    #[test]
    fn how_long_a_server_asks_us_to_wait() {
        let check = |pairs: &[(HeaderName, &str)], wanted: Option<u64>| {
            assert_eq!(retry_after(&headers(pairs)), wanted.map(Duration::from_secs), "{pairs:?}");
        };
        let now = (header::DATE, "Wed, 18 Nov 2026 09:00:00 GMT");
        let after = |value| (header::RETRY_AFTER, value);
        check(&[], None);
        check(&[after("120")], Some(120));
        check(&[after("9999999")], Some(86400));
        check(&[after("-1")], None);
        check(&[after("soon")], None);
        check(&[now.clone(), after("Wed, 18 Nov 2026 09:10:00 GMT")], Some(600));
        check(&[after("Wed, 18 Nov 2026 09:10:00 GMT")], None);
        check(&[now, after("Wed, 18 Nov 2026 08:00:00 GMT")], None);
    }

    #[test]
    fn a_name_shows_no_secret() {
        let url = Url::parse("https://user:word@host:8443/private-0123/basic.ics?key=4567").unwrap();
        assert_eq!(name(&url), "https://host:8443");
    }

    /// A name that is taken for one of the open internet leads to a server here, which sends its visitors inside.
    #[tokio::test]
    async fn a_redirect_does_not_lead_inside() {
        let limits = Limits { timeout: Duration::from_secs(9), largest: 99, private_addresses: false };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let outside = listener.local_addr().unwrap();
        let targets = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"];
        let server = std::thread::spawn(move || {
            for target in targets {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = io::Read::read(&mut stream, &mut [0; 1024]).unwrap();
                let to = format!("http://{target}:{}/", outside.port());
                let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nConnection: close\r\n\r\n");
                io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
            }
        });
        let client = builder(limits).resolve("outside.example", outside).build().unwrap();
        let client = Client { client, limits };
        for target in targets {
            let url = Url::parse(&format!("http://outside.example:{}/", outside.port())).unwrap();
            let error = client.fetch(url, None).await.unwrap_err();
            assert_eq!(error.code, "private_address", "{target}: {error}");
        }
        server.join().unwrap();
    }
}
