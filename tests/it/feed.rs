//! Feeds, fetched from a web server of our own that misbehaves, and from files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use drumbeat::io::feed::{Feeds, Limits};
use drumbeat::model::people::{CalendarId, PersonId};
use drumbeat::ports::{Answer, Calendars, Error, ErrorKind, Validators};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CALENDAR: CalendarId = CalendarId { owner: PersonId(3), nth: 1 };
const LARGEST: usize = 64 * 1024;
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), largest: LARGEST, private_addresses: true };

fn feeds(text: &str, limits: Limits) -> Feeds {
    Feeds::new(&BTreeMap::from([(CALENDAR, text.to_owned())]), limits).unwrap()
}

async fn fetch(text: &str) -> Result<Answer, Error> {
    feeds(text, LIMITS).fetch(CALENDAR, None).await
}

fn bytes(answer: Result<Answer, Error>) -> Vec<u8> {
    match answer {
        Ok(Answer::Feed { bytes, .. }) => bytes,
        other => panic!("no feed: {other:?}"),
    }
}

#[track_caller]
fn failed(answer: Result<Answer, Error>, kind: ErrorKind, code: &str) -> Error {
    let error = answer.expect_err(code);
    assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
    for secret in ["secret", "calendar.ics", "key=", "word"] {
        assert!(!error.message.contains(secret), "{error}");
    }
    error
}

/// What our server does with one request.
enum Reply {
    /// Says this and closes.
    Say(Vec<u8>),
    /// Says this and then nothing.
    Hang(Vec<u8>),
}

fn say(head: &str, body: impl AsRef<[u8]>) -> Reply {
    Reply::Say([format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(), body.as_ref()].concat())
}

/// A web server; every request it gets is kept.
struct Server {
    address: SocketAddr,
    requests: Rc<RefCell<Vec<String>>>,
}

impl Server {
    /// Has to be started within a `LocalSet`.
    async fn start(answer: impl Fn(&str) -> Reply + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Rc::<RefCell<Vec<String>>>::default();
        let (kept, answer) = (Rc::clone(&requests), Rc::new(answer));
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, answer) = (Rc::clone(&kept), Rc::clone(&answer));
                tokio::task::spawn_local(async move { Self::one(stream, &kept, &*answer).await });
            }
        });
        Self { address, requests }
    }

    async fn one(mut stream: TcpStream, kept: &RefCell<Vec<String>>, answer: &dyn Fn(&str) -> Reply) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        kept.borrow_mut().push(head.clone());
        // The other side may have hung up by now, which is its good right.
        match answer(&head) {
            Reply::Say(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Hang(bytes) => {
                drop(stream.write_all(&bytes).await);
                std::future::pending::<()>().await;
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }
}

/// Runs a test in which servers can be started.
async fn local(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new("gzip").arg("-9c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let mut out = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    writer.join().unwrap();
    assert!(child.wait().unwrap().success());
    out
}

#[tokio::test]
async fn validators_come_and_go() {
    local(async {
        let server = Server::start(|head| {
            if head.to_lowercase().contains("if-none-match: \"v1\"") {
                say("304 Not Modified", "")
            } else {
                say("200 OK\r\nETag: \"v1\"\r\nLast-Modified: Wed, 18 Nov 2026 09:00:00 GMT", "BEGIN")
            }
        })
        .await;
        let feeds = feeds(&server.url("/secret/calendar.ics"), LIMITS);
        let Ok(Answer::Feed { bytes, validators }) = feeds.fetch(CALENDAR, None).await else {
            panic!("no feed")
        };
        assert_eq!(bytes, b"BEGIN");
        let modified = "Wed, 18 Nov 2026 09:00:00 GMT";
        assert_eq!(
            validators,
            Validators {
                etag: Some("\"v1\"".into()),
                modified: Some(modified.into()),
                ..Validators::default()
            }
        );
        assert_eq!(feeds.fetch(CALENDAR, Some(&validators)).await, Ok(Answer::Unchanged));
        let requests = server.requests();
        assert!(!requests[0].to_lowercase().contains("\r\nif-"), "{}", requests[0]);
        assert!(requests[1].contains(&format!("if-modified-since: {modified}\r\n")), "{}", requests[1]);
        assert!(requests[0].starts_with("GET /secret/calendar.ics HTTP/1.1\r\n"));
        assert!(requests[0].contains("accept-encoding: gzip\r\n"), "{}", requests[0]);

        let unsendable = Validators { etag: Some("a\nb".into()), modified: None, ..Validators::default() };
        assert!(matches!(feeds.fetch(CALENDAR, Some(&unsendable)).await, Ok(Answer::Feed { .. })));
        let other = CalendarId { nth: 2, ..CALENDAR };
        failed(feeds.fetch(other, None).await, ErrorKind::NotFound, "unknown");
    })
    .await;
}

#[tokio::test]
async fn what_a_status_means() {
    local(async {
        let server = Server::start(|head| {
            let status = head[5..].split(' ').next().unwrap();
            say(&format!("{status} X\r\nRetry-After: 90\r\nContent-Length: 0"), "")
        })
        .await;
        for (status, kind) in [
            ("404", ErrorKind::NotFound),
            ("410", ErrorKind::NotFound),
            ("401", ErrorKind::Denied),
            ("403", ErrorKind::Denied),
            ("429", ErrorKind::RateLimited),
            ("408", ErrorKind::Transient),
            ("500", ErrorKind::Transient),
            ("502", ErrorKind::Transient),
            ("503", ErrorKind::Transient),
            ("204", ErrorKind::Invalid),
            ("206", ErrorKind::Invalid),
            ("304", ErrorKind::Invalid),
            ("400", ErrorKind::Invalid),
        ] {
            let error = failed(fetch(&server.url(&format!("/{status}"))).await, kind, status);
            assert_eq!(error.retry_after, Some(Duration::from_secs(90)), "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn redirects_end() {
    local(async {
        let last = Server::start(|_| say("200 OK", "LAST")).await;
        let there = last.url("/there");
        let server = Server::start(move |head| {
            let to = |path: &str| say(&format!("302 Found\r\nLocation: {path}"), "");
            match head[5..].split(' ').next().unwrap() {
                "loop" => to("/loop"),
                "0" => say("200 OK", "END"),
                "away" => to(&there),
                "file" => to("file:///etc/passwd"),
                "none" => say("301 Moved", ""),
                n => to(&format!("/{}", n.parse::<u32>().unwrap() - 1)),
            }
        })
        .await;
        assert_eq!(bytes(fetch(&server.url("/5")).await), b"END");
        assert_eq!(server.requests().len(), 6);
        failed(fetch(&server.url("/6")).await, ErrorKind::Invalid, "redirect");
        failed(fetch(&server.url("/loop")).await, ErrorKind::Invalid, "redirect");
        failed(fetch(&server.url("/file")).await, ErrorKind::Invalid, "redirect");
        failed(fetch(&server.url("/none")).await, ErrorKind::Invalid, "redirect");

        let with_password = server.url("/away").replace("http://", "http://user:word@");
        assert_eq!(bytes(fetch(&with_password).await), b"LAST");
        assert!(server.requests().last().unwrap().contains("authorization: Basic"));
        assert!(!last.requests()[0].contains("authorization"), "credentials stay with their host");
    })
    .await;
}

#[tokio::test]
async fn no_private_address_is_asked_unless_that_is_meant() {
    local(async {
        let server = Server::start(|_| say("200 OK", "INSIDE")).await;
        let open = Limits { private_addresses: false, ..LIMITS };
        let port = server.address.port();
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"] {
            let text = format!("http://{host}:{port}/secret/calendar.ics?key=1");
            let answer = feeds(&text, open).fetch(CALENDAR, None).await;
            failed(answer, ErrorKind::Denied, "private_address");
        }
        assert!(server.requests().is_empty());
        assert_eq!(bytes(fetch(&format!("http://localhost:{port}/")).await), b"INSIDE");
    })
    .await;
}

#[tokio::test]
async fn a_body_is_whole_and_within_limits() {
    local(async {
        let bomb = gzip(&vec![b'a'; 256 * LARGEST]);
        assert!(bomb.len() < LARGEST, "{}", bomb.len());
        let server = Server::start(move |head| match head[5..].split(' ').next().unwrap() {
            "just-fits" => say("200 OK", vec![b'a'; LARGEST]),
            "large" => say("200 OK", vec![b'a'; LARGEST + 1]),
            "promised" => Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec()),
            "short" => say("200 OK\r\nContent-Length: 100", "BEGIN:VCALENDAR"),
            "long" => say("200 OK\r\nContent-Length: 5", "BEGIN:VCALENDAR"),
            "chunks" => say("200 OK\r\nTransfer-Encoding: chunked", "5\r\nBEGIN\r\n5\r\nbro"),
            "gzip" => say("200 OK\r\nContent-Encoding: gzip", gzip(b"BEGIN:VCALENDAR")),
            "half-gzip" => {
                let whole = gzip(&(0..9999).map(|n| (n * n % 251) as u8).collect::<Vec<_>>());
                say("200 OK\r\nContent-Encoding: gzip", &whole[..whole.len() / 2])
            }
            "no-gzip" => say("200 OK\r\nContent-Encoding: gzip", "BEGIN:VCALENDAR"),
            "bomb" => say("200 OK\r\nContent-Encoding: gzip", &bomb),
            "odd" => say("200 OK\r\nContent-Encoding: br", "BEGIN:VCALENDAR"),
            "nothing" => Reply::Say(Vec::new()),
            _ => Reply::Say(b"220 mail.example.com ESMTP\r\n".to_vec()),
        })
        .await;
        let ask = async |path: &str| fetch(&server.url(path)).await;
        assert_eq!(bytes(ask("/just-fits").await).len(), LARGEST);
        failed(ask("/large").await, ErrorKind::Invalid, "too_large");
        failed(ask("/promised").await, ErrorKind::Invalid, "too_large");
        failed(ask("/bomb").await, ErrorKind::Invalid, "too_large");
        failed(ask("/short").await, ErrorKind::Transient, "truncated");
        failed(ask("/chunks").await, ErrorKind::Transient, "truncated");
        failed(ask("/half-gzip").await, ErrorKind::Transient, "truncated");
        failed(ask("/no-gzip").await, ErrorKind::Transient, "truncated");
        failed(ask("/odd").await, ErrorKind::Invalid, "encoding");
        failed(ask("/nothing").await, ErrorKind::Transient, "http");
        failed(ask("/no-http").await, ErrorKind::Transient, "http");
        assert_eq!(bytes(ask("/gzip").await), b"BEGIN:VCALENDAR");
        // More than was promised cannot be told from the next answer: the reader misses END:VCALENDAR.
        assert_eq!(bytes(ask("/long").await), b"BEGIN");
    })
    .await;
}

#[tokio::test]
async fn who_takes_too_long_is_left() {
    local(async {
        let server = Server::start(|head| match head[5..].split(' ').next().unwrap() {
            "silent" => Reply::Hang(Vec::new()),
            "headers" => Reply::Hang(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
            _ => Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nBEGIN".to_vec()),
        })
        .await;
        let hasty = Limits { timeout: Duration::from_millis(100), ..LIMITS };
        for path in ["/silent", "/headers", "/body"] {
            let answer = feeds(&server.url(path), hasty).fetch(CALENDAR, None).await;
            failed(answer, ErrorKind::Transient, "timeout");
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    failed(fetch(&format!("http://{address}/secret")).await, ErrorKind::Transient, "refused");
    failed(fetch("http://nowhere.invalid/secret").await, ErrorKind::Transient, "dns");
}

/// Faults 30: a certificate that nobody vouches for is refused, and there is no second try without TLS.
#[tokio::test]
async fn a_certificate_must_be_good() {
    let dir = tempfile::tempdir().unwrap();
    let (key, cert) = (dir.path().join("key.pem"), dir.path().join("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
        .args([&key, Path::new("-out"), &cert])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = Command::new("openssl")
        .args(["s_server", "-www", "-accept", "127.0.0.1:0", "-key"])
        .args([&key, Path::new("-cert"), &cert])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(server.stdout.take().unwrap());
    let port = std::io::BufRead::lines(output)
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:").map(str::to_owned));
    let answer = fetch(&format!("https://localhost:{}/secret", port.unwrap())).await;
    server.kill().unwrap();
    server.wait().unwrap();
    failed(answer, ErrorKind::Denied, "tls");
}

#[tokio::test]
async fn files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.ics");
    let text = path.to_str().unwrap();
    failed(fetch(text).await, ErrorKind::NotFound, "file");
    std::fs::write(&path, "BEGIN").unwrap();
    let feeds = feeds(&format!("file://{text}"), LIMITS);
    let Ok(Answer::Feed { bytes: first, validators }) = feeds.fetch(CALENDAR, None).await else {
        panic!("no feed")
    };
    assert_eq!(first, b"BEGIN");
    assert_eq!(feeds.fetch(CALENDAR, Some(&validators)).await, Ok(Answer::Unchanged));
    // Another file of the same size in its place, even at the same second, is another answer.
    let new = dir.path().join("new.ics");
    std::fs::write(&new, "OTHER").unwrap();
    std::fs::rename(&new, &path).unwrap();
    assert_eq!(bytes(feeds.fetch(CALENDAR, Some(&validators)).await), b"OTHER");
    std::fs::write(&path, vec![b'a'; LARGEST + 1]).unwrap();
    failed(fetch(text).await, ErrorKind::Invalid, "too_large");

    failed(fetch(dir.path().to_str().unwrap()).await, ErrorKind::Invalid, "no_file");
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    failed(fetch(pipe.to_str().unwrap()).await, ErrorKind::Invalid, "no_file");
}

/// Faults 15: a file that gives more or less than its size said is in the middle of being written. Files of
/// /proc say 0 and give more, at any time.
#[tokio::test]
async fn half_a_file_is_not_taken_for_a_whole_one() {
    failed(fetch("/proc/self/status").await, ErrorKind::Transient, "being_written");
}
