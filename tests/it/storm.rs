//! Fault 38: an office closes, and five hundred 1-on-1s fall out in one poll.

use std::collections::BTreeMap;
use std::fmt::Write;

use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::model::mail::MailKind;
use drumbeat::model::zone::Zones;
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;

const MANAGERS: usize = 50;
const REPS_EACH: usize = 10;

/// A short name of letters alone: `mgrab`.
fn name(of: &str, n: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    format!("{of}{}{}", letter(n / 26), letter(n))
}

/// Everybody meets from Wednesday on; on Tuesday at ten all of it is called off.
fn office() -> String {
    let mut text = String::from(
        "people   cy leader\nmode     propose\nweek     2026-W46\nfrom     Mon 09:30\nuntil    Tue 12:00\n",
    );
    let (mut series, mut storm) = (String::new(), String::new());
    for manager in 0..MANAGERS {
        let boss = name("mgr", manager);
        let _ = writeln!(text, "people   {boss} manager");
        for rep in 0..REPS_EACH {
            let name = name("rep", manager * REPS_EACH + rep);
            let day = ["Wed", "Thu", "Fri"][rep % 3];
            let hour = 9 + rep / 3 * 2;
            let _ = writeln!(text, "people   {name} rep of {boss}");
            let _ = writeln!(series, "series   {name}+{boss} {day} {hour:02}:00");
            let _ = writeln!(storm, "Tue 10:00  {boss} cancels the {day} instance with {name}");
        }
    }
    format!("{text}{series}{storm}expect   recovery repaa open\n")
}

#[test]
fn fault_38_five_hundred_cancellations_are_no_flood() {
    let recording = scenario::parse(&office()).unwrap_or_else(|problems| panic!("it parses: {problems:?}"));
    let engine = Engine::new(&recording, Zones::bundled()).expect("it replays");
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 64)), Box::new(MemoryStore::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (replayed, _) = runtime.block_on(engine.run(disk)).expect("it replays");
    let mut mails: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, mail) in &replayed.mails {
        if mail.kind != MailKind::Welcome {
            *mails.entry(&mail.to_address).or_default() += 1;
        }
    }
    assert_eq!(mails.len(), MANAGERS, "each manager is asked, and nobody else: {mails:?}");
    // Where the answers of a team's calendars straddle two ticks, what settles in the second is a mail of its own.
    assert!(mails.values().all(|count| *count <= 2), "once, or twice: {mails:?}");
    let twice = mails.values().filter(|count| **count == 2).count();
    assert!(twice <= MANAGERS / 10, "{twice} were asked twice: {mails:?}");
    let proposals = replayed.mails.iter().filter(|(_, mail)| mail.kind == MailKind::Proposal);
    assert_eq!(proposals.count(), MANAGERS + twice);
    assert!(replayed.mails.iter().all(|(_, mail)| mail.html.len() < 100_000));
}
