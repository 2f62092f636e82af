//! The pages' server, asked over a real connection by hand-written requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use drumbeat::io::web;
use drumbeat::model::page::Page;
use drumbeat::ports::{Ask, Asked, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

const WAIT: Duration = Duration::from_millis(100);

/// A running server, and the questions that reach the loop.
struct Site {
    address: SocketAddr,
    asks: mpsc::Receiver<Ask>,
    _stop: oneshot::Sender<()>,
}

impl Site {
    async fn start(queue: usize) -> Self {
        let listener = web::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asks) = mpsc::channel(queue);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            web::run(listener, sender, None, WAIT, async { drop(stopped.await) }).await.unwrap();
        });
        Self { address, asks, _stop: stop }
    }

    async fn request(&self, text: &str) -> Reply {
        exchange(self.address, text.to_owned()).await
    }

    /// A request that the loop answers with a page; gives what the loop was asked.
    async fn asked(&mut self, text: &str) -> (Reply, String, Option<BTreeMap<String, String>>) {
        let reply = tokio::spawn(exchange(self.address, text.to_owned()));
        let ask = self.asks.recv().await.unwrap();
        ask.reply.send(Page::html(410, "<p>over</p>".into())).unwrap();
        let Asked::Link { token, act, .. } = ask.what else { panic!("a link was followed") };
        (reply.await.unwrap(), token, act)
    }
}

/// Sends a request whole and reads the answer to its end.
async fn exchange(address: SocketAddr, text: String) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Reply { status, headers, body: body.to_owned() }
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

fn form(method: &str, path: &str, body: &str) -> String {
    let kind = "application/x-www-form-urlencoded";
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn plain(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn get_and_head_show_and_post_acts() {
    let mut site = Site::start(8).await;
    let (reply, token, act) = site.asked(&plain("GET", "/p/1.aB-_9?x=1")).await;
    assert_eq!((reply.status, reply.body.as_str()), (410, "<p>over</p>"));
    assert_eq!((token.as_str(), act), ("1.aB-_9", None));
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");

    let (reply, _, act) = site.asked(&plain("HEAD", "/p/abc")).await;
    assert_eq!((reply.status, reply.body.as_str(), act), (410, "", None));

    let (reply, token, act) = site.asked(&form("POST", "/p/abc", "slot=2&note=a+b%26c")).await;
    let fields = BTreeMap::from([("slot".into(), "2".into()), ("note".into(), "a b&c".into())]);
    assert_eq!((reply.status, token.as_str(), act), (410, "abc", Some(fields)));

    let (_, _, act) = site.asked(&form("POST", "/p/abc", "")).await;
    assert_eq!(act, Some(BTreeMap::new()), "a button without fields acts all the same");
}

#[tokio::test]
async fn nothing_else_reaches_the_loop_and_every_answer_is_guarded() {
    let mut site = Site::start(8).await;
    let long = format!("/p/{}", "a".repeat(513));
    let json =
        "POST /p/abc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let cases = [
        (plain("GET", "/healthz"), 200),
        (plain("GET", "/"), 404),
        (plain("GET", "/p/"), 404),
        (plain("GET", "/p/abc/def"), 404),
        (plain("GET", "/p/a%2Fb"), 404),
        (plain("GET", "/p/%FF"), 404),
        (plain("GET", "/p/a%0Ab"), 404),
        (plain("GET", &long), 404),
        (form("PUT", "/p/abc", "slot=1"), 405),
        (plain("DELETE", "/p/abc"), 405),
        (plain("OPTIONS", "/p/abc"), 405),
        (plain("PATCH", "/p/abc"), 405),
        (form("POST", "/healthz", ""), 405),
        (form("POST", "/p/abc", &format!("x={}", "a".repeat(5000))), 400),
        (json.to_owned(), 400),
        (plain("POST", "/p/abc"), 400),
    ];
    for (request, status) in cases {
        let line = request.lines().next().unwrap();
        let reply = site.request(&request).await;
        assert_eq!(reply.status, status, "{line}");
        assert!(site.asks.try_recv().is_err(), "{line} reached the loop");
        for (name, part) in [
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-robots-tag", "noindex"),
            ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert!(reply.headers[name].starts_with(part), "{line}: {name}");
        }
        assert!(!reply.body.contains("abc"), "{line}: nothing of the address is repeated");
    }
}

#[tokio::test]
async fn a_loop_without_an_answer_is_excused() {
    let mut site = Site::start(1).await;
    let busy = |reply: Reply| {
        assert_eq!(reply.status, 503);
        assert!(reply.body.contains("try again"), "{}", reply.body);
    };
    busy(site.request(&plain("GET", "/p/silent")).await);
    busy(site.request(&plain("GET", "/p/queue-is-full")).await);
    let Asked::Link { token, .. } = site.asks.recv().await.unwrap().what else {
        panic!("a link was followed")
    };
    assert_eq!(token, "silent");
    assert!(site.asks.try_recv().is_err(), "a full queue refuses at once");
    site.asks.close();
    busy(site.request(&plain("GET", "/p/nobody-there")).await);
}

#[tokio::test]
async fn a_port_in_use_is_said() {
    let site = Site::start(1).await;
    let error = web::bind(&site.address.to_string()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Conflict, "in_use"));
    assert!(error.message.contains(&site.address.to_string()), "{error}");
    assert_eq!(web::bind("nowhere").await.unwrap_err().kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let listener = web::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, _asks) = mpsc::channel(1);
    web::run(listener, sender, None, WAIT, async {}).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
