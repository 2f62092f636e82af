//! The daemon: starts, signals, crashes, and what it refuses.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use drumbeat::model::fact::Fact;

use super::site::{Site, said};

/// Most tests serve no pages, so that none needs a port.
fn quiet() -> Site {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    site
}

#[test]
fn a_missing_session_is_booked_once_and_a_second_start_does_nothing_new() {
    let site = quiet();
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    let first = site.message_ids();
    let booked: Vec<String> =
        site.mails().into_iter().filter(|mail| mail.contains("\r\nSubject: Booked: ")).collect();
    assert_eq!(booked.len(), 2, "one to each of the two");
    assert!(booked.iter().all(|mail| mail.contains("text/calendar") && mail.contains("method=REQUEST")));
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    assert_eq!(site.message_ids(), first);
    assert_eq!(site.facts().iter().filter(|fact| matches!(fact, Fact::Booked { .. })).count(), 1);
    site.check(&["verify"], 0, &["segments  1", "all is well"]);
}

#[test]
fn killed_at_any_moment_it_says_nothing_twice() {
    let site = quiet();
    for moment in ["holidays", "started", "ready", "ready"] {
        let mut daemon = site.start();
        daemon.until(moment);
        daemon.signal("KILL");
        daemon.end(Duration::from_secs(5));
    }
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    let booked = site.message_ids().iter().filter(|id| id.contains("<booked.")).count();
    assert_eq!(booked, 2, "one to each of the two");
    site.check(&["verify"], 0, &["all is well"]);
}

#[test]
fn a_second_daemon_is_told_to_come_back() {
    let site = quiet();
    let mut daemon = site.start();
    daemon.until("started");
    site.check(&["run"], 75, &["failed to lock", "another drumbeat is using it"]);
    daemon.stop();
}

#[test]
fn a_hang_up_takes_up_what_is_right_and_refuses_what_is_wrong() {
    let site = quiet();
    let mut daemon = site.start();
    daemon.until("ready");
    site.configure("listen = \"\"\nbogus = 1\n");
    daemon.signal("HUP");
    daemon.until("web.bogus: unknown key");
    daemon.until("the old one goes on");
    site.configure("listen = \"\"\n[health]\ntarget = 0.9\n");
    daemon.signal("HUP");
    daemon.until("reload taken=true");
    daemon.stop();
    let reloads = |fact: &&Fact| matches!(fact, Fact::Reload { taken: true });
    assert_eq!(site.facts().iter().filter(reloads).count(), 1);
}

#[test]
fn a_port_in_use_is_told() {
    let site = Site::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("has one");
    site.configure(&format!("listen = \"{address}\"\n"));
    let told = format!("failed to listen on {address}: another program listens there");
    site.check(&["run"], 1, &[&told]);
}

#[test]
fn a_state_directory_that_is_none_is_told() {
    let site = quiet();
    site.write("file", "");
    let state = site.path("file");
    let state = state.to_str().expect("is text");
    site.check(&["run", "--state", state], 1, &["failed to make the state directory", "file/state"]);
}

#[test]
fn the_environment_names_the_state_directory() {
    let site = quiet();
    site.write("drumbeat.toml", "version = 2\n");
    let output = super::site::drumbeat(&["run"]).arg("--config").arg(site.path("drumbeat.toml")).output();
    said(&output.expect("runs"), 78, &["version = 2: not a version that this program reads"]);
    assert!(!site.path("state").exists(), "nothing is made before the configuration is right");
    site.configure("listen = \"\"\n");
    let mut command = super::site::drumbeat(&["verify"]);
    command.env("STATE_DIRECTORY", site.path("elsewhere")).arg("--config").arg(site.path("drumbeat.toml"));
    said(&command.output().expect("runs"), 1, &["elsewhere/state/ledger"]);
}

#[test]
fn a_torn_record_is_cut_and_ops_are_told() {
    let site = quiet();
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    let segment = site.path("state/ledger/000001.log");
    let mut bytes = fs::read(&segment).expect("reads");
    bytes.extend([2, 9, 0, 0]);
    fs::write(&segment, bytes).expect("written");
    site.check(&["verify"], 0, &["unfinished: 4 bytes"]);
    let mut daemon = site.start();
    daemon.until("torn by a crash");
    daemon.until("ready");
    daemon.stop();
    let told = site.mails().into_iter().any(|mail| mail.contains("Subject: The ledger's torn end was cut"));
    assert!(told);
}

#[test]
fn a_damaged_ledger_is_refused() {
    let site = quiet();
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    let segment = site.path("state/ledger/000001.log");
    let mut bytes = fs::read(&segment).expect("reads");
    bytes[150] ^= 1;
    fs::write(&segment, bytes).expect("written");
    site.check(&["verify"], 1, &["problem: ", "the ledger is damaged"]);
    site.check(&["run"], 1, &["000001.log"]);
}

#[test]
fn systemd_hears_that_it_is_ready_and_that_a_reload_was_refused() {
    let site = quiet();
    let socket = std::os::unix::net::UnixDatagram::bind(site.path("notify")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("is set");
    let hears = |word: &str| {
        let mut message = [0; 512];
        loop {
            let length = socket.recv(&mut message).expect("says so in time");
            if String::from_utf8_lossy(&message[..length]).contains(word) {
                return;
            }
        }
    };
    let daemon = site.start_with("NOTIFY_SOCKET", &site.path("notify"));
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("STATUS=2 calendars, 0 not well");
    site.write("drumbeat.toml", "version = 2\n");
    daemon.signal("HUP");
    hears("RELOADING=1");
    hears("READY=1\nSTATUS=the new configuration is refused");
    hears("STATUS=the new configuration is refused, the old one goes on; 2 calendars");
    daemon.signal("TERM");
    hears("STOPPING=1");
}
