//! Sending: through a real Postfix, and to a server of our own that refuses, stalls and hangs up.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::io::smtp::{FileMailer, SmtpMailer, Submission};
use drumbeat::model::mail::{Invitation, Mail, MailKind, Method};
use drumbeat::model::people::PersonId;
use drumbeat::model::zone::Zones;
use drumbeat::ports::{Error, ErrorKind, Mailer};
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

const ICS: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:1-on-1 mit Zoë\r\nEND:VCALENDAR\r\n";

fn mail(to: &str, id: &str) -> Mail {
    Mail {
        kind: MailKind::Booked,
        to: PersonId(7),
        to_address: format!("{to}@example.test"),
        to_name: "Ångström, Zoë \"Z\"".into(),
        from_name: "Drumbeat".into(),
        from_address: "drumbeat@example.test".into(),
        reply_to: "ops@example.test".into(),
        subject: "Dein 1-on-1 ist zurück: Donnerstag 10:00, für eine halbe Stunde, am üblichen Ort".into(),
        text: format!("Grüße.\n.\nEin Punkt allein beendet keine Mail.\n{}\n", "lang ".repeat(300)),
        html: "<p>Grüße &amp; bis bald</p>\n".into(),
        invitation: None,
        message_id: format!("booked.{id}.0123456789abcdef0123456789abcdef0123456789abcdef@example.test"),
        thread: Some("proposal.fedcba9876543210@example.test".into()),
        list_id: Some("cadence-health.drumbeat.example.test".into()),
        image: None,
        unsubscribe: None,
        date: "2026-11-18T09:00:00Z".parse().unwrap(),
    }
}

fn invited(to: &str, id: &str) -> Mail {
    let invitation = Invitation { method: Method::Request, ics: ICS.into() };
    Mail { invitation: Some(invitation), ..mail(to, id) }
}

#[track_caller]
fn failed(sent: Result<(), Error>, kind: ErrorKind, code: &str) {
    let error = sent.expect_err(code);
    assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
    assert!(!error.message.contains('@') && !error.message.contains("secret"), "{error}");
}

/// What Python's mail parser finds in a file.
fn parsed(file: &Path) -> Value {
    let output = Command::new("python3").arg("tests/servers/parse_mail.py").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Text as it is read after a transport: how a line ends, and whether the last one does, is up to that.
fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().collect()
}

fn part(kind: &str, method: Option<&str>, text: &str) -> Value {
    json!({"type": kind, "defects": [], "method": method, "file": null, "text": lines(text)})
}

/// Checks a written mail against what went in, by an independent reader.
fn check_written(file: &Path, mail: &Mail) {
    let found = parsed(file);
    assert_eq!(found["defects"], json!([]));
    let headers = [
        ("Subject", mail.subject.clone()),
        ("To", format!("\"Ångström, Zoë \\\"Z\\\"\" <{}>", mail.to_address)),
        ("From", "Drumbeat <drumbeat@example.test>".into()),
        ("Reply-To", "ops@example.test".into()),
        ("Date", "Wed, 18 Nov 2026 09:00:00 +0000".into()),
        ("Message-ID", format!("<{}>", mail.message_id)),
        ("In-Reply-To", "<proposal.fedcba9876543210@example.test>".into()),
        ("References", "<proposal.fedcba9876543210@example.test>".into()),
        ("List-Id", "<cadence-health.drumbeat.example.test>".into()),
        ("Auto-Submitted", "auto-generated".into()),
        ("X-Auto-Response-Suppress", "All".into()),
    ];
    for (name, value) in headers {
        assert_eq!(found["headers"][name], json!([value]), "{name}");
    }
    let mut body = found["body"].clone();
    let forms = if mail.invitation.is_some() {
        assert_eq!(body["type"], "multipart/mixed");
        assert_eq!(body["parts"].as_array().unwrap().len(), 2);
        let attached = &body["parts"][1];
        let wanted = json!({"type": "application/ics", "defects": [], "method": null, "file": "invite.ics", "text": ICS});
        assert_eq!(attached, &wanted, "to the last byte");
        &mut body["parts"][0]
    } else {
        &mut body
    };
    assert_eq!(forms["type"], "multipart/alternative");
    let mut wanted = vec![part("text/plain", None, &mail.text), part("text/html", None, &mail.html)];
    if mail.invitation.is_some() {
        wanted.push(part("text/calendar", Some("REQUEST"), ICS));
    }
    for form in forms["parts"].as_array_mut().unwrap() {
        form["text"] = json!(lines(form["text"].as_str().unwrap()));
    }
    assert_eq!(forms["parts"], json!(wanted));
}

#[tokio::test]
async fn a_file_is_what_another_reader_takes_it_for() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = FileMailer::new(dir.path()).unwrap();
    for mail in [mail("rep", "1"), invited("rep", "2")] {
        mailer.send(&mail).await.unwrap();
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        check_written(&file, &mail);
        std::fs::remove_file(file).unwrap();
    }
}

const STARTTLS: &str = "smtp://drumbeat@localhost:PORT/test?tls=required";

/// A Postfix that runs as long as this lives.
struct Postfix {
    dir: tempfile::TempDir,
    port: u16,
    tls_port: u16,
}

impl Postfix {
    /// `None`, and a line that says so, where there can be none.
    fn start() -> Option<Self> {
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (one, other) = (free(), free());
        let (port, tls_port) = (one.local_addr().unwrap().port(), other.local_addr().unwrap().port());
        drop((one, other));
        let postfix = Self { dir: tempfile::tempdir().unwrap(), port, tls_port };
        let output = postfix.script("start", &[&port.to_string(), &tls_port.to_string()]);
        if output.status.code() == Some(77) {
            eprintln!("skipped: no Postfix here: {}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(postfix)
    }

    fn script(&self, verb: &str, more: &[&str]) -> std::process::Output {
        Command::new("tests/servers/postfix.sh").arg(verb).arg(self.dir.path()).args(more).output().unwrap()
    }

    fn mailer(&self, url: &str, password: &str) -> SmtpMailer {
        let roots = vec![std::fs::read(self.dir.path().join("ca.pem")).unwrap()];
        self.trusting(url, password, roots)
    }

    fn trusting(&self, url: &str, password: &str, roots: Vec<Vec<u8>>) -> SmtpMailer {
        let url = url.replace("TLS", &self.tls_port.to_string()).replace("PORT", &self.port.to_string());
        let password = Some(password.into());
        SmtpMailer::new(&Submission { url, password, timeout: Duration::from_secs(20), roots }).unwrap()
    }

    /// The delivered mails, once there are so many.
    fn delivered(&self, n: usize) -> Vec<std::path::PathBuf> {
        let output = self.script("wait", &[&n.to_string()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let new = std::fs::read_dir(self.dir.path().join("mail/all/new")).unwrap();
        new.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.script("stop", &[]);
    }
}

#[tokio::test]
async fn through_a_real_postfix() {
    let Some(postfix) = Postfix::start() else { return };
    let mailer = postfix.mailer(STARTTLS, "secret");
    let first = invited("rep", "1");
    mailer.send(&first).await.unwrap();
    check_written(&postfix.delivered(1)[0], &first);

    mailer.try_out().await.unwrap();
    failed(postfix.mailer(STARTTLS, "wrong").try_out().await, ErrorKind::Denied, "535");

    // Refusals leave the mailer usable.
    failed(mailer.send(&mail("temp", "2")).await, ErrorKind::Deferred, "451");
    failed(mailer.send(&mail("perm", "3")).await, ErrorKind::Invalid, "550");
    mailer.send(&mail("rep", "4")).await.unwrap();

    let over_tls = postfix.mailer("smtps://drumbeat@127.0.0.1:TLS", "secret");
    over_tls.send(&mail("rep", "5")).await.unwrap();

    failed(postfix.mailer(STARTTLS, "wrong").send(&mail("rep", "6")).await, ErrorKind::Denied, "535");
    let nobody = postfix.mailer("smtps://localhost:TLS", "");
    failed(nobody.send(&mail("rep", "7")).await, ErrorKind::Invalid, "554");

    // Faults 30: nobody vouches for the certificate; it is for another name; and no STARTTLS is asked for.
    let trusting_nobody = postfix.trusting(STARTTLS, "secret", Vec::new());
    failed(trusting_nobody.send(&mail("rep", "8")).await, ErrorKind::Denied, "tls");
    let elsewhere = postfix.mailer("smtps://drumbeat@127.0.0.2:TLS", "secret");
    failed(elsewhere.send(&mail("rep", "9")).await, ErrorKind::Denied, "tls");
    let plain = postfix.mailer("smtp://localhost:PORT", "");
    failed(plain.send(&mail("rep", "10")).await, ErrorKind::Denied, "530");

    let ids: Vec<_> =
        postfix.delivered(3).iter().map(|file| parsed(file)["headers"]["Message-ID"][0].clone()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    for n in ["1", "4", "5"] {
        assert!(ids.contains(&json!(format!("<{}>", mail("rep", n).message_id))), "{n} in {ids:?}");
    }
}

/// What our own server answers to a line, where that is not the usual: `(silence)` and `(hang up)` are what they say.
type Script = fn(line: &str) -> Option<&'static str>;

/// A server that says yes to everything its script does not mention.
struct Server {
    address: SocketAddr,
    /// The contents of the mails it was given, and how often somebody connected.
    mails: Rc<RefCell<Vec<String>>>,
    connections: Rc<Cell<usize>>,
}

impl Server {
    /// Has to be started within a `LocalSet`.
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, mails: Rc::default(), connections: Rc::default() };
        let (mails, connections) = (Rc::clone(&server.mails), Rc::clone(&server.connections));
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.set(connections.get() + 1);
                let mails = Rc::clone(&mails);
                tokio::task::spawn_local(async move { Self::converse(stream, script, &mails).await });
            }
        });
        server
    }

    async fn converse(stream: TcpStream, script: Script, mails: &RefCell<Vec<String>>) -> Option<()> {
        let mut stream = BufStream::new(stream);
        let mut line = "(connect)".to_owned();
        loop {
            let usual = match line.get(..4).unwrap_or(&line) {
                "(con" => "220 here",
                "EHLO" => "250-here\r\n250 AUTH PLAIN",
                "DATA" => "354 go on",
                "AUTH" => "235 welcome",
                _ => "250 fine",
            };
            let reply = script(&line).unwrap_or(usual);
            match reply {
                "(silence)" => std::future::pending().await,
                "(hang up)" => return None,
                reply => stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?,
            }
            stream.flush().await.ok()?;
            let content = line == "DATA" && reply.starts_with("354");
            line = Self::read(&mut stream).await?;
            if content {
                let mut mail = line.clone();
                while line != "." {
                    line = Self::read(&mut stream).await?;
                    mail.push_str(&line);
                }
                mails.borrow_mut().push(mail);
            }
        }
    }

    async fn read(stream: &mut BufStream<TcpStream>) -> Option<String> {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    fn mailer(&self, user: &str, query: &str) -> SmtpMailer {
        let url = format!("smtp://{user}{}{query}", self.address);
        let timeout = Duration::from_millis(200);
        SmtpMailer::new(&Submission { url, password: Some("secret".into()), timeout, roots: Vec::new() })
            .unwrap()
    }
}

/// Runs a test in which servers can be started.
async fn local(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}

/// One mail to a server with this script, and what came of it.
async fn sent(script: Script) -> Result<(), Error> {
    let server = Server::start(script).await;
    server.mailer("drumbeat@", "").send(&mail("rep", "1")).await
}

/// A script that answers to lines that begin like this, and to no others.
macro_rules! on {
    ($begin:literal, $reply:literal) => {
        |line| line.starts_with($begin).then_some($reply)
    };
}

#[tokio::test]
async fn what_a_server_says_and_what_it_means() {
    local(async {
        sent(|_| None).await.unwrap();
        failed(sent(on!("(connect)", "554 go away")).await, ErrorKind::Denied, "554");
        failed(sent(on!("(connect)", "421 too many")).await, ErrorKind::Transient, "421");
        failed(sent(on!("(connect)", "HTTP/1.1 400 what")).await, ErrorKind::Transient, "reply");
        failed(sent(on!("AUTH", "535 5.7.8 no")).await, ErrorKind::Denied, "535");
        failed(sent(on!("AUTH", "454 4.7.0 later")).await, ErrorKind::Transient, "454");
        failed(sent(on!("EHLO", "250 here")).await, ErrorKind::Denied, "auth");
        failed(sent(on!("MAIL", "530 log in")).await, ErrorKind::Denied, "530");
        failed(
            sent(on!("MAIL", "553 5.7.1 <drumbeat@example.test>: not yours")).await,
            ErrorKind::Denied,
            "553",
        );
        failed(sent(on!("RCPT", "451 4.7.1 greylisted")).await, ErrorKind::Deferred, "451");
        failed(sent(on!("RCPT", "550 5.1.1 <rep@example.test>: unknown")).await, ErrorKind::Invalid, "550");
        failed(sent(on!("DATA", "452 full")).await, ErrorKind::Deferred, "452");
        failed(sent(on!(".", "554 5.6.0 spam")).await, ErrorKind::Invalid, "554");
        failed(sent(on!(".", "451 4.3.0 later")).await, ErrorKind::Deferred, "451");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stalls_or_hangs_up_is_tried_again_later() {
    local(async {
        failed(sent(on!("(connect)", "(silence)")).await, ErrorKind::Transient, "timeout");
        failed(sent(on!("RCPT", "(silence)")).await, ErrorKind::Transient, "timeout");
        failed(sent(on!(".", "(silence)")).await, ErrorKind::Transient, "timeout");
        failed(sent(on!("(connect)", "(hang up)")).await, ErrorKind::Transient, "reply");
        failed(sent(on!("RCPT", "(hang up)")).await, ErrorKind::Transient, "reply");

        let server = Server::start(|_| None).await;
        let gone = server.mailer("", "").send(&Mail { to_address: "x@y@z".into(), ..mail("rep", "1") }).await;
        failed(gone, ErrorKind::Invalid, "mail");
        assert_eq!(server.connections.get(), 0, "what cannot be sent bothers no server");
    })
    .await;
}

/// Faults 2: the server has the mail and we do not know it. The second copy is the same to the last byte.
#[tokio::test]
async fn a_mail_sent_twice_is_the_same_mail() {
    local(async {
        let server = Server::start(on!(".", "(hang up)")).await;
        let mailer = server.mailer("", "");
        for _ in 0..2 {
            failed(mailer.send(&invited("rep", "1")).await, ErrorKind::Transient, "reply");
        }
        let mails = server.mails.borrow();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0], mails[1]);
        assert!(mails[0].contains("Message-ID: <booked.1."));
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_kept_and_a_stale_one_replaced() {
    local(async {
        let server = Server::start(|_| None).await;
        let mailer = server.mailer("", "");
        for n in ["1", "2", "3"] {
            mailer.send(&mail("rep", n)).await.unwrap();
        }
        assert_eq!((server.mails.borrow().len(), server.connections.get()), (3, 1));

        let forgetful = Server::start(on!("NOOP", "(hang up)")).await;
        let mailer = forgetful.mailer("", "");
        for n in ["1", "2"] {
            mailer.send(&mail("rep", n)).await.unwrap();
        }
        assert_eq!((forgetful.mails.borrow().len(), forgetful.connections.get()), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn no_login_and_no_mail_without_the_tls_that_was_asked_for() {
    local(async {
        let server = Server::start(|line| {
            assert!(!line.starts_with("AUTH") && !line.starts_with("MAIL"), "{line}");
            None
        })
        .await;
        let sent = server.mailer("drumbeat@", "?tls=required").send(&mail("rep", "1")).await;
        failed(sent, ErrorKind::Denied, "tls");
        assert_eq!(server.connections.get(), 1);
    })
    .await;
}

/// The parts of a mail that are no containers, in order.
fn leaves(part: &Value, found: &mut Vec<Value>) {
    match part["parts"].as_array() {
        Some(parts) => parts.iter().for_each(|part| leaves(part, found)),
        None => found.push(part.clone()),
    }
}

/// The demo's mails as they arrive: every kind there is in it, each part as it was written, each invitation read by
/// another library, and nothing fetched from anywhere.
#[tokio::test]
async fn the_demos_mails_arrive_whole_through_a_real_postfix() {
    let recording = scenario::parse(scenario::DEMO).unwrap_or_else(|_| panic!("the demo is a scenario"));
    let mut engine = Engine::new(&recording, Zones::bundled()).unwrap();
    engine.adapt = Box::new(|settings| settings.rules.voice.public_url = "https://drumbeat.example".into());
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 1000)), Box::new(MemoryStore::default()));
    let mails = engine.run(disk).await.unwrap().0.mails;
    let Some(postfix) = Postfix::start() else { return };
    let mailer = postfix.mailer(STARTTLS, "secret");
    let mut sent = BTreeMap::new();
    for (_, mail) in mails {
        let mail = Mail { to_address: mail.to_address.replace("northwind.example", "example.test"), ..mail };
        mailer.send(&mail).await.unwrap();
        sent.insert(format!("<{}>", mail.message_id), mail);
    }
    let kinds: BTreeSet<MailKind> = sent.values().map(|mail| mail.kind).collect();
    assert!(kinds.len() >= 7, "{kinds:?}");
    let delivered = postfix.delivered(sent.len());
    assert_eq!(delivered.len(), sent.len(), "each once");
    for file in delivered {
        let found = parsed(&file);
        let id = found["headers"]["Message-ID"][0].as_str().unwrap();
        check_arrived(&found, &sent[id]);
    }
}

fn check_arrived(found: &Value, mail: &Mail) {
    let what = format!("{:?} {}", mail.kind, mail.subject);
    assert_eq!(found["defects"], json!([]), "{what}");
    assert!(found["longest"].as_u64() <= Some(998), "{what}");
    let headers = &found["headers"];
    assert_eq!(headers["Subject"], json!([mail.subject]), "{what}");
    assert_eq!(headers["Auto-Submitted"], json!(["auto-generated"]), "{what}");
    let mut parts = Vec::new();
    leaves(&found["body"], &mut parts);
    let text = |n: usize| lines(parts[n]["text"].as_str().unwrap()).join("\n");
    assert_eq!(parts[0]["type"], "text/plain", "{what}: text comes first");
    assert_eq!((text(0), text(1)), (lines(&mail.text).join("\n"), lines(&mail.html).join("\n")), "{what}");
    assert!(mail.html.len() < 100_000 && !mail.html.contains("<script"), "{what}");
    for fetched in ["src=\"http", "url(", "@import", "<link", "<iframe"] {
        assert!(!mail.html.contains(fetched), "{what}: {fetched}");
    }
    let is_report = mail.kind == MailKind::Health;
    assert_eq!(
        headers["List-Unsubscribe-Post"] == json!(["List-Unsubscribe=One-Click"]),
        is_report,
        "{what}"
    );
    assert_eq!(headers["List-Id"].is_array(), is_report, "{what}");
    if is_report {
        let image = mail.image.as_ref().unwrap();
        assert_eq!(found["body"]["type"], "multipart/related", "{what}");
        assert_eq!(parts[2]["cid"], format!("<{}>", image.cid), "{what}");
        assert!(mail.html.contains(&format!("src=\"cid:{}\"", image.cid)), "{what}");
        assert_eq!(parts[2]["disposition"], "inline", "{what}");
        assert_eq!(parts[2]["png"], json!([true, 1120, 600, image.png.len()]), "{what}");
        let ways = headers["List-Unsubscribe"][0].as_str().unwrap();
        assert!(ways.starts_with("<https://drumbeat.example/u/") && ways.contains("<mailto:"), "{ways}");
    }
    if let Some(invitation) = &mail.invitation {
        assert_eq!(parts[2]["method"], invitation.method.as_str(), "{what}");
        let ics = parts[3]["text"].as_str().unwrap();
        assert_eq!((parts[3]["file"].as_str(), ics), (Some("invite.ics"), invitation.ics.as_str()), "{what}");
        let read = calcard::icalendar::ICalendar::parse(ics).unwrap_or_else(|_| panic!("{what}: {ics}"));
        // The component that has a UID is the event; the other is its zone.
        let names = |n: usize| -> Vec<&str> {
            read.components[n].entries.iter().map(|entry| entry.name.as_str()).collect()
        };
        let names = (0..read.components.len()).map(names).find(|names| names.contains(&"UID"));
        let names = names.unwrap_or_else(|| panic!("{what}: no event in {ics}"));
        for name in ["UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "ORGANIZER", "ATTENDEE", "SUMMARY"] {
            assert!(names.contains(&name), "{what}: {name} in {names:?}");
        }
        assert_eq!(names.iter().filter(|name| **name == "ATTENDEE").count(), 2, "{what}");
    }
}
