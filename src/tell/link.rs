//! Links that act, and the ids of what Drumbeat does.
//!
//! A link carries what it does as numbers, signed with HMAC-SHA-256 (RFC 2104): whoever holds it can do just
//! that, until it ends. Ids are derived from the ledger's, so that a retry says the same under the same name.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::fact::{Action, RecoveryId, SessionKey};
use crate::model::ledger::LedgerId;
use crate::model::page::Door;
use crate::model::people::PersonId;
use crate::model::series::SeriesId;
use crate::model::time::Week;
use crate::model::zone::{Moment, Zone};

const VERSION: u8 = 1;
const CLAIM_BYTES: usize = 47;
const PASS_BYTES: usize = 23;
const MAC_BYTES: usize = 32;
/// Start of a claim without one.
const NO_START: i64 = i64::MIN;
const ACTIONS: [Action; 12] = [
    Action::Accept,
    Action::Pick,
    Action::Decline,
    Action::None,
    Action::Met,
    Action::Away,
    Action::Held,
    Action::NotHeld,
    Action::Undo,
    Action::Series,
    Action::NotNow,
    Action::UndoSeries,
];

/// The secret that signs links. `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey(pub [u8; 32]);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

/// What a link does, for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whom it acts as.
    pub who: PersonId,
    /// What it is about.
    pub subject: RecoveryId,
    /// The recovery's attempt when the link was made.
    pub attempt: u32,
    /// … and its round.
    pub round: u32,
    /// What it answers.
    pub action: Action,
    /// Which of the times offered, counted from 1.
    pub option: Option<u32>,
    /// When that time, or the booking, begins; in whole seconds.
    pub start: Option<Moment>,
    /// When it ends: at the start of its slot at the latest; in whole seconds.
    pub expires: Moment,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// None of our keys signed it.
    #[error("the link was not signed by this installation")]
    Forged,
    /// Its time is over; what it says is believed all the same.
    #[error("the link has expired")]
    Expired,
    /// It is no token.
    #[error("the link is incomplete or mistyped")]
    Malformed,
}

/// The whole address of a link; `public_url` has no slash at its end.
pub fn url(public_url: &str, claim: &Claim, key: &LinkKey) -> String {
    format!("{public_url}{}{}", Door::Answer.path(), sign(claim, key))
}

/// A claim about a standing series: its subject names the series, and the week in which it ends.
pub fn series_claim(who: PersonId, series: SeriesId, action: Action, expires: Moment) -> Claim {
    let week = Week::of(expires, &Zone::utc());
    Claim {
        who,
        subject: RecoveryId { rep: series.rep, week, ordinal: series.ordinal },
        attempt: 1,
        round: 0,
        action,
        option: None,
        start: None,
        expires,
    }
}

/// The token of a claim.
pub fn sign(claim: &Claim, key: &LinkKey) -> String {
    let mut bytes = encode(claim);
    let mac = mac(&key.0, &[b"drumbeat link", &bytes]).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token says, if one of `keys` signed it (several live while keys rotate) and it has not ended.
pub fn read(token: &str, keys: &[LinkKey], now: Moment) -> Result<Claim, Refused> {
    let said = signed(token, CLAIM_BYTES, b"drumbeat link", keys)?;
    let claim = decode(&said).ok_or(Refused::Malformed)?;
    if now >= claim.expires { Err(Refused::Expired) } else { Ok(claim) }
}

/// What a link to a page lets its reader see and answer, until it ends: not one answer, but all on that page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What it opens: not [`Door::Answer`], whose links are claims.
    pub door: Door,
    /// Whom it acts as.
    pub who: PersonId,
    /// The week it is about.
    pub week: Week,
    /// What the page shows first; 0: nothing in particular.
    pub item: u32,
    /// When it ends, in whole seconds.
    pub expires: Moment,
}

/// The whole address of a pass; `public_url` has no slash at its end.
pub fn pass_url(public_url: &str, pass: &Pass, key: &LinkKey) -> String {
    format!("{public_url}{}{}", pass.door.path(), sign_pass(pass, key))
}

/// The token of a pass.
pub fn sign_pass(pass: &Pass, key: &LinkKey) -> String {
    let mut bytes =
        vec![VERSION, Door::ALL.iter().position(|door| *door == pass.door).unwrap_or_default() as u8];
    bytes.extend(pass.who.0.to_be_bytes());
    bytes.extend((pass.week.year as u32).to_be_bytes());
    bytes.push(pass.week.number as u8);
    bytes.extend(pass.item.to_be_bytes());
    bytes.extend(pass.expires.timestamp().to_be_bytes());
    let mac = mac(&key.0, &[b"drumbeat pass", &bytes]).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the token of a pass for `door` says, if one of `keys` signed it and it has not ended.
pub fn read_pass(door: Door, token: &str, keys: &[LinkKey], now: Moment) -> Result<Pass, Refused> {
    let said = signed(token, PASS_BYTES, b"drumbeat pass", keys)?;
    let pass = decode_pass(&said).filter(|pass| pass.door == door).ok_or(Refused::Malformed)?;
    if now >= pass.expires { Err(Refused::Expired) } else { Ok(pass) }
}

/// The bytes before the signature, if one of `keys` made it for this purpose.
fn signed(token: &str, length: usize, purpose: &[u8], keys: &[LinkKey]) -> Result<Vec<u8>, Refused> {
    let mut bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refused::Malformed)?;
    if bytes.len() != length + MAC_BYTES {
        return Err(Refused::Malformed);
    }
    let signature = bytes.split_off(length);
    let is_ours = |key: &LinkKey| mac(&key.0, &[purpose, &bytes]).verify_slice(&signature).is_ok();
    if keys.iter().any(is_ours) { Ok(bytes) } else { Err(Refused::Forged) }
}

/// A short number for a session in a list that a page shows: not a secret, and the same every time.
pub fn short(session: &SessionKey) -> u32 {
    crc32fast::hash(session.to_string().as_bytes()).max(1)
}

/// The id of something that is done once: lower-case base32hex (RFC 4648, 7), 32 characters, the alphabet that
/// Google allows for ids of events. Message-IDs and UIDs are made of it.
pub fn action_id(
    ledger: &LedgerId,
    kind: &str,
    subject: &str,
    attempt: u32,
    round: u32,
    recipient: &str,
) -> String {
    let (attempt, round) = (attempt.to_be_bytes(), round.to_be_bytes());
    let parts = [b"drumbeat id", kind.as_bytes(), subject.as_bytes(), &attempt, &round, recipient.as_bytes()];
    base32hex(&mac(&ledger.0, &parts).finalize().into_bytes()[..20])
}

/// HMAC over the parts, each with its length before it, so that no two lists of parts look alike.
fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

/// Five bits a character; whole only for multiples of five bytes, which is what is given.
fn base32hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let digits = |five: &[u8]| {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |n| char::from(DIGITS[(bits >> (5 * n) & 31) as usize]))
    };
    bytes.chunks_exact(5).flat_map(digits).collect()
}

fn encode(claim: &Claim) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    let subject = &claim.subject;
    for number in [claim.who.0, subject.rep.0, subject.week.year as u32] {
        bytes.extend(number.to_be_bytes());
    }
    let action = ACTIONS.iter().position(|action| *action == claim.action).unwrap_or_default();
    bytes.extend([subject.week.number as u8, action as u8]);
    for number in [subject.ordinal, claim.attempt, claim.round, claim.option.unwrap_or(0)] {
        bytes.extend(number.to_be_bytes());
    }
    for second in [claim.start.map_or(NO_START, |start| start.timestamp()), claim.expires.timestamp()] {
        bytes.extend(second.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Claim> {
    let mut rest = bytes;
    if take::<1>(&mut rest)? != [VERSION] {
        return None;
    }
    let [who, rep, year] = [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
    let [week, action] = take::<2>(&mut rest)?;
    let [ordinal, attempt, round, option] =
        [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
    let start = i64::from_be_bytes(take(&mut rest)?);
    let expires = i64::from_be_bytes(take(&mut rest)?);
    Some(Claim {
        who: PersonId(who),
        subject: RecoveryId {
            rep: PersonId(rep),
            week: Week { year: year as i32, number: u32::from(week) },
            ordinal,
        },
        attempt,
        round,
        action: *ACTIONS.get(usize::from(action))?,
        option: (option != 0).then_some(option),
        start: if start == NO_START { None } else { Some(DateTime::from_timestamp(start, 0)?) },
        expires: DateTime::from_timestamp(expires, 0)?,
    })
}

fn decode_pass(bytes: &[u8]) -> Option<Pass> {
    let mut rest = bytes;
    let [version, door] = take::<2>(&mut rest)?;
    let [who, year] = [number(&mut rest)?, number(&mut rest)?];
    let [week] = take::<1>(&mut rest)?;
    let item = number(&mut rest)?;
    let expires = DateTime::from_timestamp(i64::from_be_bytes(take(&mut rest)?), 0)?;
    let door = *Door::ALL.get(usize::from(door)).filter(|_| version == VERSION)?;
    let week = Week { year: year as i32, number: u32::from(week) };
    Some(Pass { door, who: PersonId(who), week, item, expires })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            who: PersonId(3),
            subject: RecoveryId { rep: PersonId(7), week: Week { year: 2026, number: 47 }, ordinal: 1 },
            attempt: 2,
            round: 1,
            action: Action::Pick,
            option: Some(2),
            start: Some("2026-11-19T14:00:00Z".parse().expect("an instant")),
            expires: "2026-11-19T14:00:00Z".parse().expect("an instant"),
        }
    }

    fn now() -> Moment {
        "2026-11-18T09:00:00Z".parse().expect("an instant")
    }

    const KEY: LinkKey = LinkKey([7; 32]);

    #[test]
    fn a_token_says_what_was_signed() {
        for action in ACTIONS {
            let said = Claim { action, option: None, start: None, ..claim() };
            assert_eq!(read(&sign(&said, &KEY), &[KEY], now()), Ok(said));
        }
        let token = sign(&claim(), &KEY);
        assert_eq!(read(&token, &[LinkKey([1; 32]), KEY], now()), Ok(claim()), "a rotated key still reads");
        assert_eq!(read(&token, &[LinkKey([1; 32])], now()), Err(Refused::Forged));
        assert_eq!(read(&token, &[], now()), Err(Refused::Forged));
        assert_eq!(read(&token, &[KEY], claim().expires), Err(Refused::Expired));
    }

    #[test]
    fn a_pass_opens_its_own_door_alone() {
        let pass = Pass {
            door: Door::CheckIn,
            who: PersonId(7),
            week: Week { year: 2026, number: 47 },
            item: 9,
            expires: "2026-11-29T14:00:00Z".parse().expect("an instant"),
        };
        let token = sign_pass(&pass, &KEY);
        assert_eq!(read_pass(Door::CheckIn, &token, &[KEY], now()), Ok(pass.clone()));
        assert_eq!(read_pass(Door::Report, &token, &[KEY], now()), Err(Refused::Malformed));
        assert_eq!(read_pass(Door::CheckIn, &token, &[LinkKey([1; 32])], now()), Err(Refused::Forged));
        assert_eq!(read_pass(Door::CheckIn, &token, &[KEY], pass.expires), Err(Refused::Expired));
        assert_eq!(read(&token, &[KEY], now()), Err(Refused::Malformed), "a pass is no claim");
        let claim = sign(&claim(), &KEY);
        assert_eq!(read_pass(Door::CheckIn, &claim, &[KEY], now()), Err(Refused::Malformed));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(read_pass(Door::CheckIn, &changed, &[KEY], now()).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn no_changed_byte_is_taken() {
        let token = sign(&claim(), &KEY);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(read(&changed, &[KEY], now()).is_err(), "changed at {at}");
        }
        for text in ["", "x", "%%%", &token[1..], &format!("{token}A")] {
            assert_eq!(read(text, &[KEY], now()), Err(Refused::Malformed), "{text}");
        }
    }

    #[test]
    fn ids_are_stable_and_differ_in_every_part() {
        let ledger = LedgerId([9; 16]);
        let id = action_id(&ledger, "booked", "7-2026-W47-1", 1, 0, "3");
        assert_eq!(id, action_id(&ledger, "booked", "7-2026-W47-1", 1, 0, "3"));
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b)), "{id}");
        let others = [
            action_id(&LedgerId([8; 16]), "booked", "7-2026-W47-1", 1, 0, "3"),
            action_id(&ledger, "released", "7-2026-W47-1", 1, 0, "3"),
            action_id(&ledger, "booked", "7-2026-W47-2", 1, 0, "3"),
            action_id(&ledger, "booked", "7-2026-W47-1", 2, 0, "3"),
            action_id(&ledger, "booked", "7-2026-W47-1", 1, 1, "3"),
            action_id(&ledger, "booked", "7-2026-W47-1", 1, 0, "4"),
            action_id(&ledger, "booked7", "-2026-W47-1", 1, 0, "3"),
        ];
        for (other, n) in others.iter().zip(0..) {
            assert_ne!(&id, other, "part {n}");
        }
    }

    #[test]
    fn base32hex_is_that_of_the_rfc() {
        // RFC 4648, 10: BASE32-HEX("fooba") = "CPNMUOJ1".
        assert_eq!(base32hex(b"fooba"), "cpnmuoj1");
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{KEY:?}"), "LinkKey(..)");
    }
}
