//! The commands that look and change nothing.

use std::fs;

use super::site::{Site, drumbeat, said};

#[test]
fn check_tells_what_there_is_and_writes_nothing() {
    let site = Site::new();
    let before = fs::read_dir(site.path("")).expect("lists").count();
    let words =
        ["is right", "people       3", "managers     1", "reps         1: by tenure (1)", "2, and 0 of"];
    site.check(&["check"], 0, &words);
    assert_eq!(fs::read_dir(site.path("")).expect("lists").count(), before);
}

#[test]
fn check_tells_all_mistakes_at_once() {
    let site = Site::new();
    site.write("drumbeat.toml", "version = 1\nmode = \"atuo\"\n[policy]\nsettle = \"soon\"\noptoins = 2\n");
    site.check(&["check"], 78, &["toml:2: mode", "toml:4: policy.settle", "did you mean policy.options?"]);
    site.configure("");
    site.write("roster.csv", "email,name,manager\nana@example.com,Ana,bo@example.com\nnobody,X,\n");
    site.check(&["check"], 78, &["roster.csv:2: manager", "roster.csv:3: email"]);
    site.check(&["run"], 78, &["roster.csv:2: manager", "roster.csv:3: email"]);
    fs::remove_file(site.path("roster.csv")).expect("is removed");
    site.check(&["check"], 78, &["failed to read the roster", "roster.csv"]);
}

#[test]
fn a_mail_account_without_a_password_is_wrong() {
    let site = Site::new();
    let config = fs::read_to_string(site.path("drumbeat.toml")).expect("reads");
    let smtp = "transport = \"smtp\"\nurl = \"smtps://drumbeat@mail.example.com\"";
    site.write("drumbeat.toml", &config.replace("transport = \"file\"", smtp));
    site.check(&["check"], 78, &["password"]);
    let mut command = drumbeat(&["check", "--config"]);
    command.arg(site.path("drumbeat.toml")).env("DRUMBEAT_SMTP_PASSWORD", "hunter2");
    let text = said(&command.output().expect("runs"), 0, &["to a mail server"]);
    assert!(!text.contains("hunter2"));
    // As on an installed service: the unit hands the file over under this name.
    site.write("smtp-password", "hunter2\n");
    site.check(&["check"], 0, &["to a mail server"]);
}

/// Only root can make it so.
#[test]
fn a_roster_that_the_service_cannot_read_is_told() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let site = Site::new();
    let (config, roster) = (site.path("drumbeat.toml"), site.path("roster.csv"));
    if chown(&config, Some(0), Some(65534)).is_err() {
        return;
    }
    let closed_to = |path: &std::path::Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is set");
    };
    closed_to(&config, 0o640);
    closed_to(&roster, 0o600);
    site.check(&["check"], 0, &["roster.csv cannot be read by the account", "chown --reference="]);
    chown(&roster, Some(0), Some(65534)).expect("is given");
    closed_to(&roster, 0o640);
    let text = site.check(&["check"], 0, &["drumbeat.toml is right"]);
    assert!(!text.contains("cannot be read"), "{text}");
}

#[test]
fn a_mail_server_is_tried_where_that_is_asked_for() {
    let site = Site::new();
    site.check(&["check", "--mail"], 0, &["mails are written as files"]);
    let config = fs::read_to_string(site.path("drumbeat.toml")).expect("reads");
    let smtp = "transport = \"smtp\"\nurl = \"smtp://127.0.0.1:9\"";
    site.write("drumbeat.toml", &config.replace("transport = \"file\"", smtp));
    site.check(&["check"], 0, &["to a mail server"]);
    site.check(
        &["check", "--mail"],
        1,
        &["failed to hand mails to the server of `[mail] url`", "was refused"],
    );
}

#[test]
fn explain_tells_what_happened_and_why() {
    let site = Site::lived_in();
    for who in ["ana@example.com", "a.alves@example.com", "alves"] {
        let words = ["Ana Alves", "one 1-on-1 short", "rule tenured", "booked", "mail to Ana Alves: Booked"];
        site.check(&["explain", who], 0, &words);
    }
    site.check(&["explain", "Bo"], 0, &["Ana Alves \u{2194} Bo Berg", "mail to Bo Berg: Booked"]);
    site.check(&["explain", "zoe"], 1, &["failed to find"]);
    site.check(&["explain", "e"], 1, &["failed to tell who", "Ana Alves <ana@example.com>"]);
    site.check(&["explain", "ana", "--week", "2020-W01"], 0, &["2020-W01", "nothing is known"]);
    site.check(&["explain", "ana", "--week", "soon"], 2, &["one looks like 2026-W47"]);
    fs::remove_file(site.path("drumbeat.toml")).expect("is removed");
    site.check(&["explain", "alves"], 0, &["times are UTC", "one 1-on-1 short"]);
}

#[test]
fn what_needs_a_ledger_says_that_there_is_none() {
    let site = Site::new();
    site.check(&["explain", "ana"], 1, &["has `drumbeat run` been started"]);
    site.check(&["verify"], 1, &["state/ledger"]);
}

#[test]
fn who_tells_the_steps() {
    let site = Site::new();
    let text = site.check(&["who", "ana", "--missed"], 0, &["rule tenured"]);
    let steps: Vec<&str> = text.lines().filter(|line| line.starts_with("  ")).collect();
    let wanted = [
        "  1. at once         Bo Berg <bo@example.com> (manager)",
        "  2. after 24 hours  Bo Berg <bo@example.com> (manager), Cy Cole <cy@example.com> (leader)",
        "  3. after 48 hours  Cy Cole <cy@example.com> (leader)",
    ];
    assert_eq!(steps, wanted);
    site.check(&["who", "cy", "--missed"], 1, &["Nobody: Cy Cole owes no 1-on-1"]);
    site.check(&["who", "ana"], 2, &["--missed"]);
}

#[test]
fn plan_tells_what_would_be_done_and_does_nothing() {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    let words =
        ["nothing of this is done", "one 1-on-1 short", "booked", "mail to Bo Berg: Booked", "Next look"];
    site.check(&["plan"], 0, &words);
    assert!(!site.path("state").exists() && !site.path("mail").exists());
    let mut daemon = site.start();
    daemon.until("ready");
    let mails = site.message_ids();
    let text = site.check(&["plan"], 0, &["nothing of this is done"]);
    assert!(!text.contains("one 1-on-1 short"), "it is booked already:\n{text}");
    fs::remove_file(site.path("cal/bo.ics")).expect("is removed");
    site.check(&["plan", "--fresh"], 0, &["not read: calendar 1 of Bo Berg"]);
    daemon.stop();
    assert_eq!(site.message_ids(), mails);
}

#[test]
fn report_prints_the_leaders_mail() {
    let site = Site::lived_in();
    site.check(&["report"], 0, &["To: Cy Cole <cy@example.com>", "Subject: ", "Coverage"]);
    site.check(&["report", "--leader", "cy", "--week", "2026-W01"], 0, &["29 Dec-4 Jan"]);
    site.check(&["report", "--leader", "ana"], 1, &["reports go to Cy Cole"]);
}
