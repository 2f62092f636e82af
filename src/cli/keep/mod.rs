//! Keeping the state: copies of it, bringing one back, mending, and what is said of one person or forgotten of them.

pub mod backup;
pub mod export;
pub mod forget;
pub mod repair;
pub mod restore;

use std::path::{Path, PathBuf};

use super::env::Env;
use super::files::Files;
use super::place::{PlaceArgs, Store};
use super::run::random;
use crate::io::clock::SystemClock;
use crate::io::ledger::FileLedger;
use crate::model::hand::Hand;
use crate::model::letter::Letter;
use crate::model::state::OutboxRow;
use crate::model::zone::{Moment, Zones};
use crate::ports::Clock as _;
use crate::run::restored;
use crate::tell::names::{self, People};
use crate::tell::{phrase, when};

/// The state directory that is meant, whether or not the configuration can be read: a state without one can be copied.
fn store(place: &PlaceArgs, env: &Env, zones: &Zones) -> Store {
    let files = Files::read(&place.config.path(), zones).ok();
    place.store(env, files.as_ref().map(|files| &files.settings))
}

/// `NAME-20261126T233000Z`, beside the state.
fn dated(folder: &Path, name: &str, now: Moment) -> PathBuf {
    folder.join(format!("{name}-{}", now.format("%Y%m%dT%H%M%SZ")))
}

fn now() -> Moment {
    SystemClock.now()
}

/// The state goes on from where it now ends: a fact in the ledger, and the mails that are dropped with it.
fn begin_anew(store: &Store, files: &Files, now: Moment, why: &str) -> anyhow::Result<Vec<OutboxRow>> {
    let id = random()?;
    let (mut ledger, _) = FileLedger::open(&store.ledger(), None, || id)?;
    Ok(restored(&mut ledger, &files.settings.rules.voice, now, hand(why))?)
}

/// Whoever runs this command.
fn hand(reason: &str) -> Hand {
    use std::os::unix::fs::MetadataExt as _;
    // The kernel shows whose process this is as the owner of its folder in proc(5).
    let operator = std::fs::metadata("/proc/self")
        .map_or_else(|_| "unknown".to_owned(), |of| format!("uid {}", of.uid()));
    Hand { operator, reason: Some(reason.to_owned()) }
}

/// The mails that were dropped, one a line.
fn dropped(rows: &[OutboxRow], people: &dyn People, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "No mail was waiting.");
    }
    writeln!(
        out,
        "These mails were due and are not sent: whether they went out before is not known. Times that were offered are offered anew."
    )?;
    for row in rows {
        let about = match &row.letter {
            Letter::Proposal { items, .. } => {
                format!(" ({})", phrase::count(items.len() as u32, "1-on-1", "1-on-1s"))
            }
            _ => String::new(),
        };
        let zone = names::zone(people, row.to);
        let kind = phrase::mail_kind(row.letter.kind());
        writeln!(
            out,
            "  {}  {kind}{about} to {}",
            when::at(row.not_before, &zone),
            names::name(people, row.to)
        )?;
    }
    Ok(())
}
