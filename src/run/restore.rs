//! After a ledger came back from a backup, or was cut: what it would still send is old, and may have been sent.

use super::act::withdrawn;
use super::commit::put;
use super::view;
use crate::model::fact::{Fact, Record};
use crate::model::hand::Hand;
use crate::model::letter::Letter;
use crate::model::policy::Voice;
use crate::model::state::{OutboxRow, Put, State};
use crate::model::zone::Moment;
use crate::ports::{Error, ErrorKind, Ledger};
use crate::tell::mails;

/// Drops every mail that was due before `now`, and notes that the ledger came back. Proposals that were not sent are made
/// again. Invitations, and what calls them off, stay: sent twice they are one to a calendar, by their UID and SEQUENCE, and
/// not sent at all somebody would wait alone. Returns what was dropped.
pub fn restored(
    ledger: &mut dyn Ledger,
    voice: &Voice,
    now: Moment,
    hand: Hand,
) -> Result<Vec<OutboxRow>, Error> {
    let state = view(ledger)?;
    let is_over = |row: &&OutboxRow| row.not_before <= now && !is_one_by_uid(&row.letter);
    let due: Vec<OutboxRow> = state.outbox.values().filter(is_over).cloned().collect();
    let mut facts = vec![Fact::Restored { until: state.last_at, dropped: due.len() as u32, hand }];
    for row in &due {
        facts.push(Fact::MailDropped {
            kind: row.letter.kind(),
            to: row.to,
            message_id: mails::message_id(row, voice),
            why: "restored".to_owned(),
        });
        facts.extend(unproposed(row, &state));
        facts.extend(withdrawn(row, &state));
        facts.push(put(Put::OutboxDone { id: row.id.clone() }));
    }
    let record = serde_json::to_vec(&Record { at: now, facts })
        .map_err(|error| Error::new(ErrorKind::Fatal, "record", format!("write a record: {error}")))?;
    ledger.append(&record)?;
    Ok(due)
}

/// A calendar takes it for the same again.
fn is_one_by_uid(letter: &Letter) -> bool {
    matches!(
        letter,
        Letter::Booked { .. }
            | Letter::Released { .. }
            | Letter::SeriesBooked { .. }
            | Letter::SeriesReleased { .. }
    )
}

/// Its recoveries are open again: nobody may have seen the times.
fn unproposed(row: &OutboxRow, state: &State) -> Vec<Fact> {
    let Letter::Proposal { items, .. } = &row.letter else { return Vec::new() };
    let open = items.iter().filter_map(|item| {
        let id = item.recovery;
        let mut recovery = state.reps.get(&id.rep)?.recoveries.get(&id.week)?.get(&id.ordinal)?.clone();
        recovery.proposal = None;
        recovery.is_active().then(|| put(Put::Recovery { recovery }))
    });
    open.collect()
}
