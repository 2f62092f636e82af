//! The bytes of one value in the store: {format, checksum, ledger id, payload}, read whole or not at all.

use sha2::{Digest, Sha256};

use crate::model::ledger::{LedgerId, Seq};
use crate::model::people::CalendarId;

/// The first byte of every value; one with another is treated as absent, and its calendar read anew.
const FORMAT: u8 = 1;
const SUM_LEN: usize = 32;
const ID_LEN: usize = 16;

/// The key under which the ledger's id and the newest record's number are kept.
pub(super) const META: &[u8] = b"seen";

/// A calendar's key: owner and which of theirs.
pub(super) fn key(calendar: CalendarId) -> [u8; 6] {
    let owner = calendar.owner.0.to_be_bytes();
    [b'm', owner[0], owner[1], owner[2], owner[3], calendar.nth]
}

/// A value to be stored. Its key goes into the checksum, so that one under a wrong key is not believed.
pub(super) fn seal(key: &[u8], ledger: LedgerId, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + SUM_LEN + ID_LEN + payload.len());
    bytes.push(FORMAT);
    bytes.extend_from_slice(&sum(key, &ledger.0, payload));
    bytes.extend_from_slice(&ledger.0);
    bytes.extend_from_slice(payload);
    bytes
}

/// The ledger and payload of a stored value; `None` when it is of another format or damaged.
pub(super) fn unseal<'a>(key: &[u8], bytes: &'a [u8]) -> Option<(LedgerId, &'a [u8])> {
    let rest = bytes.strip_prefix(&[FORMAT])?;
    let (stored, rest) = rest.split_first_chunk::<SUM_LEN>()?;
    let (ledger, payload) = rest.split_first_chunk::<ID_LEN>()?;
    (*stored == sum(key, ledger, payload)).then_some((LedgerId(*ledger), payload))
}

/// The payload of the value under [`META`].
pub(super) fn seal_seen(ledger: LedgerId, seq: Seq) -> Vec<u8> {
    seal(META, ledger, &seq.to_le_bytes())
}

/// Reads what [`seal_seen`] made.
pub(super) fn unseal_seen(bytes: &[u8]) -> Option<(LedgerId, Seq)> {
    let (ledger, payload) = unseal(META, bytes)?;
    Some((ledger, Seq::from_le_bytes(payload.try_into().ok()?)))
}

fn sum(key: &[u8], ledger: &[u8], payload: &[u8]) -> [u8; SUM_LEN] {
    Sha256::new().chain_update(key).chain_update(ledger).chain_update(payload).finalize().into()
}
