//! The operator's hand: orders to a running daemon over its control socket.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use chrono::TimeDelta;
use drumbeat::io::clock::SystemClock;
use drumbeat::model::fact::{Evidence, Fact, Outcome, SourceState};
use drumbeat::ports::Clock as _;

use super::site::{Daemon, Site};

/// A daemon that has looked once, and serves no pages.
fn running(more: &str) -> (Site, Daemon) {
    let site = Site::new();
    site.configure(&format!("listen = \"\"\n{more}"));
    let mut daemon = site.start();
    daemon.until("ready");
    (site, daemon)
}

fn count(site: &Site, holds: impl Fn(&Fact) -> bool) -> usize {
    site.facts().iter().filter(|fact| holds(fact)).count()
}

#[test]
fn status_tells_how_it_is_and_only_to_those_who_may_ask() {
    let (site, daemon) = running("");
    site.check(
        &["status"],
        0,
        &["mode auto", "3 people, 2 calendars, 0 of them not well", "recognised", "0 waiting", "next"],
    );
    let json = site.check(&["status", "--json"], 0, &[]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
    assert_eq!((json["mode"].as_str(), json["is_ready"].as_bool()), (Some("auto"), Some(true)), "{json}");
    let socket = site.path("state/control.sock");
    assert_eq!(fs::metadata(&socket).expect("is there").permissions().mode() & 0o777, 0o660);
    daemon.stop();
    assert!(!socket.exists(), "it goes with the daemon");
    site.check(
        &["status"],
        1,
        &["failed to ask the daemon at", "is it running? `systemctl status drumbeat`"],
    );
    site.check(&["status", "--socket", "elsewhere.sock"], 1, &["elsewhere.sock"]);
}

#[test]
fn a_socket_that_may_not_be_opened_says_who_may() {
    let site = Site::new();
    let folder = site.path("closed");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).expect("is closed");
    // Root may open everything, so it is tried as nobody.
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", env!("CARGO_BIN_EXE_drumbeat"), "status", "--socket"])
        .arg(folder.join("control.sock"))
        .output()
        .expect("setpriv runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let could_not_try = said.contains("setpriv:") || said.contains("execvp");
    assert!(could_not_try || said.contains("member of the group drumbeat"), "{said}");
    if could_not_try {
        eprintln!("skipped: not allowed to be somebody else here");
    }
}

#[test]
fn paused_it_does_nothing_until_it_is_told_to_go_on() {
    let site = Site::new();
    // Nobody's 1-on-1 is due before the pause: the roster is empty of reps.
    let roster = fs::read_to_string(site.path("roster.csv")).expect("is there");
    site.write("roster.csv", &roster.lines().take(3).collect::<Vec<_>>().join("\n"));
    site.configure("listen = \"\"\n");
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["pause", "--why", "first day"], 0, &["Paused: nothing is booked and no mail goes out"]);
    site.check(&["pause"], 0, &["Paused already, since"]);
    site.write("roster.csv", &roster);
    site.check(&["reload"], 0, &["Taken up:", "joined: Ana Alves"]);
    site.check(&["status"], 0, &["paused since", "`drumbeat resume` goes on"]);
    // A pause outlives the process.
    daemon.stop();
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["status"], 0, &["paused since"]);
    assert_eq!(site.mails(), Vec::<String>::new());
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Booked { .. })), 0);
    site.check(&["resume"], 0, &["It goes on."]);
    site.check(&["resume"], 0, &["It was not paused."]);
    daemon.stop();
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Booked { .. })), 1);
    assert!(site.mails().iter().any(|mail| mail.contains("\r\nSubject: Booked: ")));
    site.check(&["explain"], 0, &["every effect is stopped, by uid", ": first day", "effects go on"]);
}

#[test]
fn reload_waits_and_says_what_changed_or_what_is_wrong() {
    let (site, daemon) = running("");
    site.check(&["reload"], 0, &["Taken up; nothing is different."]);
    site.configure("listen = \"\"\nbogus = 1\n[health]\ntarget = 2\n");
    site.check(
        &["reload"],
        1,
        &["Refused, the old configuration goes on", "web.bogus = 1: unknown key", "health.target"],
    );
    site.check(&["status"], 0, &["mode auto"]);
    site.configure("listen = \"\"\n[health]\ntarget = 0.9\n");
    site.check(&["reload"], 0, &["Taken up:", "settings: health.target"]);
    daemon.stop();
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Reload { taken: true })), 2);
}

/// A roster of twelve reps under Bo, or of the first few of them.
fn many(site: &Site, reps: usize) {
    let mut roster = "email,name,manager,start_date,status,calendar\n\
                      bo@example.com,Bo Berg,,,none,ics:cal/bo.ics\n"
        .to_owned();
    let rep = |n| format!("rep{n}@example.com,Rep {n},bo@example.com,2020-01-01,,ics:cal/ana.ics\n");
    roster.extend((0..reps).map(rep));
    site.write("roster.csv", &roster);
}

#[test]
fn too_few_recognised_reps_hold_propose_and_auto_back_and_it_is_said() {
    let site = Site::new();
    many(&site, 12);
    site.configure("listen = \"\"\n");
    site.check(&["check"], 0, &["recognised   not known before the daemon has run"]);
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["status"], 0, &["mode auto, held back to observe: 1-on-1s are recognised for 0 of 12 reps"]);
    site.check(&["check"], 0, &["a 1-on-1 for 0 of 12 reps that are owed one; 80 % are needed"]);
    until(|| site.check(&["source", "list"], 0, &[]).contains("well") && !site.mails().is_empty());
    daemon.stop();
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Booked { .. })), 0);
    let mails = site.mails();
    let subject = "\r\nSubject: Held back: 1-on-1s recognised for only 0 of 12 reps";
    assert!(mails.len() == 1 && mails[0].contains(subject), "{mails:?}");
}

#[test]
fn a_roster_that_was_cut_short_is_refused_in_run_and_at_a_start() {
    let site = Site::new();
    many(&site, 12);
    site.configure("listen = \"\"\n");
    let mut daemon = site.start();
    daemon.until("ready");
    many(&site, 4);
    let refusal =
        "the new roster loses 8 of 13 people; if that is meant, say `drumbeat reload --accept-roster`";
    site.check(&["reload"], 1, &[refusal]);
    daemon.stop();
    site.check(&["run"], 78, &["the new roster loses 8 of 12 people", "then start it again"]);
    site.check(&["reload", "--accept-roster"], 0, &["No daemon runs here. Its next start takes this roster"]);
    let mut daemon = site.start();
    daemon.until("ready");
    many(&site, 0);
    site.check(&["reload", "--accept-roster"], 0, &["Taken up:", "left: Rep 0"]);
    daemon.stop();
}

#[test]
fn an_emptied_calendar_is_believed_once_it_is_accepted() {
    let (site, mut daemon) = running("");
    site.check(&["source", "list"], 0, &["All 2 calendars are well"]);
    site.check(&["source", "list", "--all"], 0, &["ana@example.com", "bo@example.com", "ok"]);
    site.check(&["source", "accept", "ana@example.com"], 1, &["is not waiting to be believed"]);
    site.check(&["source", "accept", "zoe@example.com"], 1, &["no address and no part of a name"]);
    site.check(&["source", "accept", "ana@example.com#7"], 1, &["no such calendar is read"]);
    site.write(
        "cal/ana.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//test//EN\r\nEND:VCALENDAR\r\n",
    );
    until(|| site.check(&["source", "list"], 0, &[]).contains("suspect"));
    site.check(&["source", "list"], 0, &["ana@example.com", "suspect", "drumbeat source accept"]);
    site.check(
        &["source", "accept", "ana@example.com", "--why", "she began anew"],
        0,
        &["is read again now"],
    );
    until(|| site.check(&["source", "list"], 0, &[]).contains("well"));
    daemon.signal("TERM");
    daemon.end(Duration::from_secs(5));
    assert_eq!(count(&site, |fact| matches!(fact, Fact::AcceptedSource { .. })), 1);
    let states: Vec<SourceState> = site
        .facts()
        .iter()
        .filter_map(|fact| match fact {
            Fact::Source { state, .. } => Some(*state),
            _ => None,
        })
        .collect();
    assert_eq!(states, [SourceState::Suspect, SourceState::Ok]);
}

/// Asks again until it holds: each try is a process of its own, which takes its time.
fn until(holds: impl Fn() -> bool) {
    assert!((0..400).any(|_| holds()), "never came to hold");
}

#[test]
fn an_excused_week_owes_nothing_more() {
    let (site, daemon) = running("");
    site.check(&["excuse", "ana", "--why", "at a fair"], 0, &["Ana Alves's 20", "owes nothing more"]);
    site.check(&["excuse", "ana", "--why", "at a fair"], 0, &["was excused already"]);
    site.check(&["excuse", "cy", "--why", "no rep"], 1, &["cy is owed no 1-on-1s"]);
    site.check(&["excuse", "ana", "--week", "2020-W01", "--why", "late"], 1, &["2020-W01 is over"]);
    site.check(&["excuse", "ana", "--week", "soon", "--why", "x"], 2, &["soon"]);
    site.check(&["excuse", "ana", "--why", &"so ".repeat(100)], 1, &["at most 200 are kept"]);
    daemon.stop();
    assert_eq!(
        count(&site, |fact| matches!(fact, Fact::Released { .. })),
        1,
        "what was booked is called off"
    );
    site.check(&["explain", "ana"], 0, &["owes nothing more, by uid", ": at a fair", "excused"]);
}

#[test]
fn what_took_place_is_what_those_who_run_it_say() {
    let (site, daemon) = running("");
    site.check(&["held", "ana", "--why", "they met"], 1, &["no 1-on-1 of Ana Alves that has begun is known"]);
    site.check(&["held", "ana", "--on", "2020-01-01", "--why", "x"], 1, &["on Wed 01 Jan 2020"]);
    daemon.stop();
}

#[test]
fn a_muted_week_is_left_alone() {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    let mut daemon = site.start();
    // Paused, so that nothing is booked before the week is muted.
    daemon.until("started");
    site.check(&["pause"], 0, &["Paused"]);
    daemon.until("ready");
    site.check(
        &["mute", "bo", "--why", "quarter end"],
        0,
        &["Bo Berg, 20", "(1 rep)", "nothing is proposed"],
    );
    let booked = count(&site, |fact| matches!(fact, Fact::Booked { .. }));
    site.check(&["resume"], 0, &["It goes on"]);
    site.check(&["plan"], 0, &["nothing of this is done"]);
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Booked { .. })), booked);
    site.check(&["mute", "ana", "--undo", "--why", "it is over"], 0, &["looked after again"]);
    daemon.stop();
    assert_eq!(count(&site, |fact| matches!(fact, Fact::Booked { .. })), 1);
}

#[test]
fn first_mails_are_shown_and_then_sent() {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    let config = fs::read_to_string(site.path("drumbeat.toml")).expect("is there");
    site.write("drumbeat.toml", &config.replace("mode = \"auto\"", "mode = \"observe\""));
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["welcome", "--team", "ana"], 1, &["nobody in the roster reports to ana"]);
    site.check(
        &["welcome", "--team", "bo"],
        0,
        &["To: bo@example.com", "What it reads", "Nothing is sent yet", "2 people", "ana@example.com"],
    );
    assert_eq!(site.mails(), Vec::<String>::new());
    site.check(&["welcome", "--team", "bo", "--send"], 0, &["2 first mails go out"]);
    site.check(&["welcome"], 0, &["cy@example.com"]);
    daemon.stop();
    assert_eq!(site.mails().len(), 2);
}

#[test]
fn with_nobody_in_the_roster_it_sleeps() {
    let site = Site::new();
    site.write("roster.csv", "email,name\n");
    site.configure("listen = \"\"\n");
    let config = fs::read_to_string(site.path("drumbeat.toml")).expect("is there");
    site.write("drumbeat.toml", &config.replace("mode = \"auto\"", "mode = \"observe\""));
    let mut daemon = site.start_logging("drumbeat=debug");
    daemon.until("ready");
    site.check(&["status"], 0, &["nobody yet: fill in the roster"]);
    site.check(&["status"], 0, &["mode observe"]);
    daemon.signal("TERM");
    daemon.end(Duration::from_secs(5));
    let alive = daemon.seen().iter().filter(|line| line.contains("alive")).count();
    assert!(alive < 10, "it woke {alive} times for nothing");
}

/// A weekly 1-on-1 of Ana and Bo that began two hours ago.
fn weekly(site: &Site) {
    let start = (SystemClock.now() - TimeDelta::hours(2)).format("%Y%m%dT%H%M%SZ");
    let feed = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//test//EN\r\nBEGIN:VEVENT\r\nUID:weekly@example.com\r\n\
         DTSTAMP:20200101T000000Z\r\nDTSTART:{start}\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Ana / Bo\r\n\
         ORGANIZER:mailto:bo@example.com\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@example.com\r\n\
         ATTENDEE;PARTSTAT=ACCEPTED:mailto:ana@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    for name in ["ana", "bo"] {
        site.write(&format!("cal/{name}.ics"), &feed);
    }
}

#[test]
fn what_those_who_run_it_say_took_place_counts_before_the_calendar() {
    let site = Site::new();
    weekly(&site);
    site.configure("listen = \"\"\n");
    let mut daemon = site.start();
    daemon.until("ready");
    let words = ["The 1-on-1 of Ana Alves on", "did not take place"];
    site.check(&["held", "ana", "--not", "--why", "Bo was ill"], 0, &words);
    daemon.stop();
    let by_hand = |fact: &Fact| matches!(fact, Fact::Verdict { verdict: Outcome::NotHeld, evidence, .. } if evidence.contains(&Evidence::ByHand));
    assert_eq!(count(&site, by_hand), 1);
    site.check(&["explain", "ana"], 0, &["those who run Drumbeat said so", ": Bo was ill"]);
}
