//! Push channels: their ids say which calendar they are for, and their tokens prove that we made them.
//!
//! Source: <https://developers.google.com/workspace/calendar/api/guides/push>. An id has at most 64 characters of
//! `[A-Za-z0-9\-_\+/=]`, a token at most 256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::people::{CalendarId, PersonId};

/// The id of a channel for a calendar; `nth` is never used twice for one calendar (a time in seconds will do).
pub fn id(calendar: CalendarId, nth: i64) -> String {
    format!("drumbeat-{}-{}-{nth}", calendar.owner, calendar.nth)
}

/// The token that Google sends back with every message of the channel.
pub fn token(key: &[u8], id: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(key, id).finalize().into_bytes())
}

/// The calendar of a message, if id and token are ours.
pub fn verify(key: &[u8], id: &str, token: &str) -> Option<CalendarId> {
    let given = URL_SAFE_NO_PAD.decode(token).ok()?;
    mac(key, id).verify_slice(&given).ok()?;
    let mut parts = id.strip_prefix("drumbeat-")?.split('-');
    let owner = PersonId(parts.next()?.parse().ok()?);
    let nth = parts.next()?.parse().ok()?;
    Some(CalendarId { owner, nth })
}

fn mac(key: &[u8], id: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"drumbeat push channel");
    mac.update(id.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_messages_are_ours() {
        let calendar = CalendarId { owner: PersonId(12), nth: 2 };
        let id = id(calendar, 1_764_000_000);
        let token = token(b"key", &id);
        assert!(id.len() <= 64 && token.len() <= 256);
        assert_eq!(verify(b"key", &id, &token), Some(calendar));
        assert_eq!(verify(b"other", &id, &token), None, "another key");
        assert_eq!(verify(b"key", "drumbeat-13-2-1764000000", &token), None, "another channel");
        assert_eq!(verify(b"key", &id, "forged"), None);
        assert_eq!(verify(b"key", &id, ""), None);
    }
}
