//! `events.insert`, `get` and `delete`, in somebody's own calendar.

use http::Method;

use super::Google;
use super::call::Call;
use crate::model::people::PersonId;
use crate::ports::{Bookings, Error, Later};

/// Guests hear of it from Google.
const TELL: (&str, &str) = ("sendUpdates", "all");
/// Without it a conference that is asked for is passed over in silence.
const CONFERENCES: (&str, &str) = ("conferenceDataVersion", "1");

impl Bookings for Google {
    fn insert<'a>(&'a self, whose: PersonId, event: &'a [u8]) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let id = self.caller.own_calendar(whose)?;
            let (path, query) = (["calendars", &id, "events"], [TELL, CONFERENCES]);
            self.caller.call(whose, &Call::post(&path, &query, event)).await
        })
    }

    fn read<'a>(&'a self, whose: PersonId, id: &'a str) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let calendar = self.caller.own_calendar(whose)?;
            self.caller.call(whose, &Call::get(&["calendars", &calendar, "events", id], &[CONFERENCES])).await
        })
    }

    fn delete<'a>(&'a self, whose: PersonId, id: &'a str, etag: &'a str) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let calendar = self.caller.own_calendar(whose)?;
            let call = Call {
                method: Method::DELETE,
                path: &["calendars", &calendar, "events", id],
                query: &[TELL],
                body: None,
                if_match: Some(etag).filter(|etag| !etag.is_empty()),
            };
            self.caller.call(whose, &call).await.map(drop)
        })
    }
}
