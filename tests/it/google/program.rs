//! The real binary and the stand-in: what `check` shows of the rights, the grant of one account, messages of push
//! channels, and what is never in a log.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use chrono::TimeDelta;
use drumbeat::io::clock::SystemClock;
use drumbeat::model::time::Span;
use drumbeat::model::zone::Moment;
use drumbeat::ports::Clock as _;
use drumbeat::sim::google::{Fault, Trouble};
use serde_json::json;

use super::super::cli::site::{Site, drumbeat};
use super::{Served, insert, private_key, service_account};

const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const READ_ONLY: &str = "https://www.googleapis.com/auth/calendar.events.readonly";
const FREE_BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";

/// Ana, Bo and Cy, with their calendars at the stand-in.
fn site(served: &Served, credentials: &str, more: &str) -> Site {
    served.server().person("cy@example.com", "UTC");
    let site = Site::new();
    site.write(
        "roster.csv",
        "email,name,manager,start_date,status,calendar\n\
         cy@example.com,Cy Cole,,,none,google\n\
         bo@example.com,Bo Berg,cy@example.com,,none,google\n\
         ana@example.com,Ana Alves,bo@example.com,2020-01-01,,google\n",
    );
    site.write("service-account.json", credentials);
    site.configure(&format!("{more}\napi_url = \"{}\"\n", served.url));
    site
}

/// A request by hand, and the whole answer.
fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("no TLS here");
    let (host, path) = rest.split_at(rest.find(['/', '?']).expect("a path or a query"));
    let mut stream = TcpStream::connect(host).expect("listens");
    let path = format!("/{}", path.trim_start_matches('/'));
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("is text");
    answer
}

#[test]
fn check_shows_that_all_is_granted() {
    let served = Served::with_two();
    let site = site(&served, &service_account(), "[google]");
    site.check(&["check"], 0, &["3 of 3 calendars tried"]);
    site.check(&["check", "--google", "1"], 0, &["1 of 3 calendars tried"]);
    let calls = served.server().counters().calls;
    assert_eq!((calls.get("list 200"), calls.get("freebusy 200")), (Some(&4), Some(&4)), "{calls:?}");
    site.check(&["check", "--google", "0"], 0, &["is right"]);
    assert_eq!(served.server().counters().calls, calls, "nothing was asked");
}

#[test]
fn check_says_which_scopes_are_missing() {
    let served = Served::with_two();
    let site = site(&served, &service_account(), "[google]");
    served.server().delegate(&[READ_ONLY, FREE_BUSY]);
    let said = site.check(
        &["check"],
        78,
        &["client 1234567890", &format!("{EVENTS},{FREE_BUSY}"), "Domain-wide delegation"],
    );
    assert!(said.contains("bo@example.com"), "{said}");
    let text = fs::read_to_string(site.path("drumbeat.toml")).expect("is there");
    site.write("drumbeat.toml", &text.replace("mode = \"auto\"", "mode = \"observe\""));
    site.check(&["check"], 0, &["3 of 3 calendars tried"]);
}

#[test]
fn check_says_what_is_wrong_with_the_credentials() {
    let served = Served::new();
    served.server().person("bo@example.com", "UTC");
    let site = site(&served, &service_account(), "[google]");
    site.check(
        &["check"],
        78,
        &["ana@example.com: failed to", "no active user of that address", "1 thing is missing"],
    );
    served.server().revoke();
    site.check(&["check"], 78, &["its key was deleted or disabled"]);
    site.write("service-account.json", "{\"installed\":{}}");
    site.check(&["check"], 78, &["drumbeat auth google"]);
    fs::remove_file(site.path("service-account.json")).expect("was there");
    site.check(&["check"], 78, &["service-account.json", "docs/google.md"]);
}

/// A program that ends with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
    }
}

#[test]
fn one_account_is_granted_in_a_browser() {
    let served = Served::with_two();
    for whose in ["bo@example.com", "cy@example.com"] {
        served.server().share(whose, "ana@example.com", "reader");
    }
    let site = site(&served, "", "[google]\ncredentials = \"google-token.json\"");
    let client = json!({ "installed": {
        "client_id": "1.apps.googleusercontent.com", "client_secret": "GOCSPX-canary", "project_id": "p",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["http://localhost"],
    } });
    site.write("client.json", &client.to_string());
    let (config, client) = (site.path("drumbeat.toml"), site.path("client.json"));
    let mut command = drumbeat(&["auth", "google", "--config"]);
    command.arg(config).arg("--client").arg(client);
    let mut asking = Killed(command.stdout(Stdio::piped()).spawn().expect("starts"));
    let lines = BufReader::new(asking.0.stdout.take().expect("is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let shown = lines.find(|line| line.contains("https://accounts.google.com/")).expect("an address");
    for scope in [EVENTS, FREE_BUSY] {
        assert!(
            shown.contains(&scope.replace("https://", "https:%2F%2F").replace("/auth", "%2Fauth"))
                || shown.contains(scope),
            "{shown}"
        );
    }
    // The button is pressed: the browser is sent back to where the program listens.
    let consent = shown.trim().replace("https://accounts.google.com/", &served.url);
    let answer = get(&consent);
    let back = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect("is sent back");
    assert!(get(back).starts_with("HTTP/1.1 200"), "{back}");
    assert!(lines.any(|line| line.contains("credentials = \"google-token.json\"")), "says how to go on");
    assert!(asking.0.wait().expect("ends").success());
    let file = site.path("google-token.json");
    let mode = fs::metadata(&file).expect("is written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    assert!(fs::read_to_string(file).expect("is text").contains("1//ana@example.com"));
    site.check(&["check"], 0, &["3 of 3 calendars tried"]);
    served.server().share("bo@example.com", "ana@example.com", "freeBusyReader");
    site.check(&["check"], 78, &["bo@example.com: only free and busy times may be seen"]);
    served.server().revoke();
    site.check(&["check"], 78, &["run `drumbeat auth google` again"]);
}

/// Half an hour in five hours.
fn later_today() -> Span {
    let start = SystemClock.now() + TimeDelta::hours(5);
    Span::new(start, start + TimeDelta::minutes(30))
}

/// Bo's 1-on-1 with Ana.
fn meeting(served: &Served, span: &Span) {
    let guest = |address: &str| json!({ "email": address, "responseStatus": "accepted" });
    let point = |at: Moment| json!({ "dateTime": at.to_rfc3339() });
    let event = json!({
        "id": "0meeting", "summary": "1:1", "start": point(span.start), "end": point(span.end),
        "attendees": [guest("bo@example.com"), guest("ana@example.com")],
    });
    insert(&mut served.server(), "bo@example.com", &event);
}

/// A port that is free: it was a moment ago.
fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("has one").port()
}

#[test]
fn a_push_message_has_a_calendar_asked_at_once() {
    let served = Served::with_two();
    meeting(&served, &later_today());
    let port = port();
    // While a channel is open, nothing but a message, or a session that settles, has a calendar asked within an hour.
    let site = site(
        &served,
        &service_account(),
        &format!(
            "listen = \"127.0.0.1:{port}\"\n[google]\npoll = \"1s\"\npush_url = \"http://127.0.0.1:{port}/google\""
        ),
    );
    let mut daemon = site.start();
    daemon.until("ready");
    while served.server().channels().len() < 3 {
        std::thread::yield_now();
    }
    served.server().deletes("bo@example.com", "0meeting");
    // Messages go out with the next request.
    get(&format!("{}control/counters", served.url));
    daemon.until("a 1-on-1 was booked in a calendar");
    daemon.signal("TERM");
    let ended = daemon.end(std::time::Duration::from_secs(15));
    assert!(ended.success());
    assert!(served.server().channels().is_empty(), "they are stopped");
}

#[test]
fn what_is_secret_is_in_no_log() {
    let served = Served::with_two();
    meeting(&served, &later_today());
    for (status, reason) in [(503, "backendError"), (401, "authError"), (403, "forbidden")] {
        let refused = Trouble::Refused { status, reason: reason.to_owned(), retry_after: None };
        served.server().trouble(Fault { call: None, calendar: None, times: 1, trouble: refused });
    }
    let site = site(&served, &service_account(), "listen = \"\"\n[google]\npoll = \"1s\"");
    // Also where somebody asks for just what would write it.
    let filter =
        "trace,yup_oauth2=trace,yup_oauth2::service_account=trace,hyper::proto=trace,h2::codec=trace";
    let mut daemon = site.start_logging(filter);
    daemon.until("ready");
    served.server().deletes("bo@example.com", "0meeting");
    daemon.until("a 1-on-1 was booked in a calendar");
    daemon.signal("TERM");
    daemon.end(std::time::Duration::from_secs(15));
    let log = daemon.seen().join("\n");
    assert!(log.contains("DEBUG"), "{log}");
    let key = private_key().lines().nth(1).expect("a line of it");
    for secret in ["ya29.", "Bearer", "assertion=", "eyJ", key] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
