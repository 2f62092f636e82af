//! One harmless call for each person, to see what the credentials are good for.

use super::Google;
use super::call::Call;
use crate::gcal::page;
use crate::model::people::CalendarId;
use crate::ports::Error;

/// What the calls for one calendar showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What may be done with its events: `owner`, `writer`, `reader`, `freeBusyReader`; or why nothing.
    pub events: Result<String, Error>,
    /// Whether busy times may be seen; or why not.
    pub busy: Result<(), Error>,
}

impl Google {
    /// The calendars, in order.
    pub fn calendars(&self) -> impl Iterator<Item = CalendarId> {
        self.calendars.keys().copied()
    }

    /// Lists at most one event of a calendar, of which nothing is looked at, and asks when it is busy.
    pub async fn prove(&self, calendar: CalendarId) -> Proof {
        Proof { events: self.role(calendar).await, busy: self.busy_in_coming_weeks(calendar).await.map(drop) }
    }

    async fn role(&self, calendar: CalendarId) -> Result<String, Error> {
        let (who, id) = self.place(calendar)?;
        let query = [("maxResults", "1"), ("fields", "kind,accessRole")];
        let body = self.caller.call(who, &Call::get(&["calendars", &id, "events"], &query)).await?;
        let role = page::page(&body).and_then(|page| page.access_role);
        Ok(role.unwrap_or_else(|| "unknown".to_owned()))
    }
}
