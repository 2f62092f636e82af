//! Keeping the state: backup, restore, repair, what is exported of one person and forgotten of them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use drumbeat::model::fact::Fact;
use drumbeat::model::state::Put;

use super::site::Site;

fn folder(path: &Path, begins: &str) -> PathBuf {
    let names = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    let fits =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins));
    names.into_iter().find(fits).expect("is there")
}

fn backup(site: &Site) -> PathBuf {
    site.check(&["backup", &site.path("backups").display().to_string()], 0, &["drumbeat-20", "up to number"]);
    folder(&site.path("backups"), "drumbeat-")
}

#[test]
fn a_backup_made_beside_the_daemon_comes_back_and_says_nothing_twice() {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    let mut daemon = site.start();
    daemon.until("ready");
    let backup = backup(&site);
    let backup = backup.display().to_string();
    site.check(&["restore", &backup], 75, &["another drumbeat is using it"]);
    daemon.stop();
    // Ops are told that calendars are read anew.
    let to_people = || site.message_ids().into_iter().filter(|id| !id.contains("<ops.")).collect::<Vec<_>>();
    let before = to_people();
    fs::remove_dir_all(site.path("state/ledger")).expect("is removed");
    site.check(
        &["restore", &backup],
        0,
        &["Restored:", "before-restore-20", "No mail was waiting.", "reads all calendars anew"],
    );
    site.check(&["verify"], 0, &["all is well"]);
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    assert_eq!(to_people(), before);
    assert_eq!(site.facts().iter().filter(|fact| matches!(fact, Fact::Restored { .. })).count(), 1);
    assert_eq!(site.facts().iter().filter(|fact| matches!(fact, Fact::Booked { .. })).count(), 1);
}

#[test]
fn fault_26_mails_that_were_due_before_a_restore_are_dropped_and_listed() {
    let site = Site::new();
    site.configure("listen = \"\"\n");
    let config = fs::read_to_string(site.path("drumbeat.toml")).expect("is there");
    // Nobody listens at this port, so mails wait.
    let server = "transport = \"smtp\"\nurl = \"smtp://127.0.0.1:9\"";
    site.write("drumbeat.toml", &config.replace("transport = \"file\"", server));
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["status"], 0, &["waiting, the oldest", "the mail server has refused or not answered"]);
    let backup = backup(&site);
    daemon.stop();
    let waiting = site.facts().iter().filter(|fact| matches!(fact, Fact::Booked { .. })).count();
    assert_eq!(waiting, 1);
    site.write("drumbeat.toml", &config);
    site.check(
        &["restore", &backup.display().to_string()],
        0,
        &["whether they went out before is not known", "welcome to Bo Berg", "welcome to Ana Alves"],
    );
    let mut daemon = site.start();
    daemon.until("ready");
    daemon.stop();
    // Invitations are one to a calendar however often they come; nobody shall wait alone.
    let booked = |mail: &&String| mail.contains("\r\nSubject: Booked: ");
    assert_eq!(site.mails().iter().filter(booked).count(), 2);
    let dropped = |fact: &&Fact| matches!(fact, Fact::MailDropped { why, .. } if why == "restored");
    assert_eq!(site.facts().iter().filter(dropped).count(), 2);
}

#[test]
fn a_backup_that_is_none_or_another_installations_is_refused() {
    let (site, other) = (Site::lived_in(), Site::lived_in());
    let backup = backup(&other);
    let text = site.check(&["restore", &backup.display().to_string()], 1, &["it is another installation's"]);
    assert!(text.contains("Move that folder away first"), "{text}");
    site.check(&["restore", &site.path("cal").display().to_string()], 1, &["no whole backup"]);
    fs::write(backup.join("people.csv"), "number,address,name\n").expect("is written");
    other.check(&["restore", &backup.display().to_string()], 1, &["people.csv in the backup was changed"]);
    site.check(&["backup", "there", "--state", "nowhere"], 1, &["--state names its folder"]);
}

#[test]
fn a_damaged_ledger_is_cut_when_that_is_asked_for() {
    let site = Site::lived_in();
    site.check(&["repair"], 0, &["there is nothing to repair"]);
    let ledger = site.path("state/ledger/000001.log");
    let mut bytes = fs::read(&ledger).expect("is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    fs::write(&ledger, &bytes).expect("is written");
    site.check(&["run"], 1, &["bring the file back from a backup"]);
    site.check(&["verify"], 1, &["the ledger is damaged: see `drumbeat restore`"]);
    site.check(&["explain", "ana"], 1, &["failed to use the ledger: record", "from a backup"]);
    site.check(&["repair"], 1, &["problem: record", "Sound up to record", "bytes", "drumbeat repair --cut"]);
    assert_eq!(fs::read(&ledger).expect("is there"), bytes, "nothing was done so far");
    site.check(&["repair", "--cut"], 0, &["Cut after record", "before-repair-20", "(1 file)"]);
    site.check(&["verify"], 0, &["all is well"]);
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["repair"], 75, &["another drumbeat is using it"]);
    daemon.stop();
}

/// The program's own account is root's where the tests run as root; else there is nothing to hand over.
fn given_to_nobody(path: &Path) -> bool {
    std::os::unix::fs::chown(path, Some(65534), Some(65534)).is_ok()
}

fn owners(path: &Path, found: &mut Vec<u32>) {
    let what = fs::symlink_metadata(path).expect("is there");
    found.push(what.uid());
    if what.is_dir() {
        let entries = fs::read_dir(path).expect("a folder");
        entries.for_each(|entry| owners(&entry.expect("an entry").path(), found));
    }
}

#[test]
fn what_root_brings_back_belongs_to_the_service() {
    let site = Site::lived_in();
    let backup = backup(&site).display().to_string();
    if !given_to_nobody(&site.path("state")) {
        return;
    }
    let check = |args: &[&str]| {
        site.check(args, 0, &[]);
        let mut found = Vec::new();
        owners(&site.path("state"), &mut found);
        assert!(found.len() > 5 && found.iter().all(|uid| *uid == 65534), "{args:?}: {found:?}");
    };
    check(&["restore", &backup]);
    check(&["reload", "--accept-roster"]);
    let ledger = site.path("state/ledger/000001.log");
    let mut bytes = fs::read(&ledger).expect("is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    fs::write(&ledger, &bytes).expect("is written");
    check(&["repair", "--cut"]);
}

#[test]
fn a_ledger_of_another_version_is_not_taken_for_a_damaged_one() {
    let site = Site::lived_in();
    let ledger = site.path("state/ledger/000001.log");
    let mut bytes = fs::read(&ledger).expect("is there");
    bytes[16] = 9;
    fs::write(&ledger, &bytes).expect("is written");
    let text = site.check(&["verify"], 1, &["install the version that wrote it", "another version"]);
    assert!(!text.contains("the ledger is damaged"), "{text}");
    site.check(&["repair", "--cut"], 1, &["failed to use the ledger", "install the version that wrote it"]);
    site.check(&["run"], 1, &["failed to use the ledger", "install the version that wrote it"]);
    assert_eq!(fs::read(&ledger).expect("is there"), bytes, "nothing was done to it");
}

#[test]
fn the_calendar_of_somebody_who_left_is_kept_no_longer() {
    let site = Site::lived_in();
    let roster = fs::read_to_string(site.path("roster.csv")).expect("is there");
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["source", "list"], 0, &["All 2 calendars are well"]);
    site.write("roster.csv", &roster.lines().take(3).collect::<Vec<_>>().join("\n"));
    site.check(&["reload"], 0, &["left: Ana Alves"]);
    daemon.stop();
    let gone = |fact: &&Fact| matches!(fact, Fact::Put { put } if matches!(**put, Put::SourceGone { .. }));
    assert_eq!(site.facts().iter().filter(gone).count(), 1);
    let store = sled::open(site.path("state/sled")).expect("opens");
    assert_eq!(store.len(), 2, "Bo's calendar, and whose store it is");
}

#[test]
fn what_is_kept_of_somebody_is_exported_and_forgotten_once_they_left() {
    let site = Site::lived_in();
    let roster = fs::read_to_string(site.path("roster.csv")).expect("is there");
    let text = site.check(
        &["export", "ana"],
        0,
        &["\"address\":\"ana@example.com\"", "\"calendar\":\"ics\"", "\"fact\":\"booked\""],
    );
    assert!(!text.contains("cal/ana.ics"), "the address of a feed is a secret:\n{text}");
    let facts = text.lines().count();
    site.check(&["forget", "ana"], 1, &["is it running?"]);
    let mut daemon = site.start();
    daemon.until("ready");
    site.check(&["forget", "ana"], 1, &["ana is still in the roster"]);
    site.write("roster.csv", &roster.lines().take(3).collect::<Vec<_>>().join("\n"));
    site.check(&["reload"], 0, &["left: Ana Alves"]);
    site.check(
        &["forget", "ana"],
        0,
        &["nothing here tells any more who person", "Backups made before still do"],
    );
    site.check(&["forget", "ana"], 1, &["no address and no part of a name"]);
    daemon.stop();
    let table = fs::read_to_string(site.path("state/people.csv")).expect("is there");
    assert!(!table.contains("ana@") && !table.contains("Alves"), "{table}");
    site.check(&["verify"], 0, &["all is well"]);
    let text = site.check(&["export", "bo"], 0, &["person-"]);
    assert!(!text.to_lowercase().contains("ana@") && !text.contains("Alves") && facts > 5, "{text}");
    assert_eq!(site.facts().iter().filter(|fact| matches!(fact, Fact::Forgotten { .. })).count(), 1);
}
