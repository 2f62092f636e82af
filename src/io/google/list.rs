//! `events.list`: whole, or what changed since a token; and the source's own expansion of a window.

use super::call::Call;
use super::{Google, named};
use crate::gcal::page::{self, Page};
use crate::model::people::{CalendarId, PersonId};
use crate::model::time::Span;
use crate::ports::{Answer, Calendars, Error, ErrorKind, Later, SyncToken, Validators};

/// The parameters of every listing. A token is good for the same ones alone: they are kept beside it, and when they
/// change here, everything is listed anew.
const PARAMETERS: [(&str, &str); 3] =
    [("singleEvents", "false"), ("showDeleted", "true"), ("maxResults", "2500")];
/// Pages of one answer: more than a million events is no calendar.
const PAGES: usize = 400;

fn parameters() -> String {
    PARAMETERS.map(|(name, value)| format!("{name}={value}")).join("&")
}

impl Google {
    /// All pages of a listing; nothing of it counts before the last one is here.
    async fn pages(
        &self,
        who: PersonId,
        id: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(Vec<Vec<u8>>, Page), Error> {
        let mut pages = Vec::new();
        let mut next: Option<String> = None;
        while pages.len() < PAGES {
            let mut query = parameters.to_vec();
            query.extend(next.as_deref().map(|token| ("pageToken", token)));
            let body = self.caller.call(who, &Call::get(&["calendars", id, "events"], &query)).await?;
            let torn = || {
                Error::new(ErrorKind::Transient, "torn", "read a page of events: it is cut off, or no page")
            };
            let frame = page::page(&body).ok_or_else(torn)?;
            pages.push(body);
            match frame.next_page_token {
                Some(token) => next = Some(token),
                None => return Ok((pages, frame)),
            }
        }
        Err(Error::new(
            ErrorKind::Invalid,
            "too_large",
            format!("list a calendar of more than {PAGES} pages"),
        ))
    }

    async fn list(&self, calendar: CalendarId, known: Option<&SyncToken>) -> Result<Answer, Error> {
        let (who, id) = self.place(calendar)?;
        let known = known.filter(|known| known.parameters == parameters());
        let mut query = PARAMETERS.to_vec();
        query.extend(known.map(|known| ("syncToken", known.token.as_str())));
        let (pages, last) = match self.pages(who, &id, &query).await {
            Ok(listed) => listed,
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound) => {
                return self.only_busy(calendar, error).await;
            }
            Err(error) => return Err(about(calendar, error)),
        };
        if last.access_role.as_deref() == Some("freeBusyReader") {
            let hidden = Error::new(ErrorKind::Denied, "freeBusyReader", "see events");
            return self.only_busy(calendar, hidden).await;
        }
        // A last page without a token belongs to no whole listing.
        let token = last.next_sync_token.ok_or_else(|| {
            about(calendar, Error::new(ErrorKind::Transient, "torn", "read a listing: its end is missing"))
        })?;
        let token = Some(SyncToken { token, parameters: parameters() });
        let validators = Validators { token, ..Validators::default() };
        Ok(Answer::Listing { pages, whole: known.is_none(), validators })
    }

    /// Events may not be seen; perhaps when they are may.
    async fn only_busy(&self, calendar: CalendarId, refused: Error) -> Result<Answer, Error> {
        // Where not even a token is to be had, there is nothing more to ask for.
        let is_of_calendar =
            matches!(refused.code.as_str(), "forbidden" | "notFound" | "404" | "403" | "freeBusyReader");
        if is_of_calendar && let Ok(spans) = self.busy_in_coming_weeks(calendar).await {
            return Ok(Answer::Busy(spans));
        }
        Err(about(calendar, refused))
    }
}

fn about(calendar: CalendarId, error: Error) -> Error {
    Error { message: format!("{} ({})", error.message, named(calendar)), ..error }
}

impl Calendars for Google {
    fn fetch<'a>(
        &'a self,
        calendar: CalendarId,
        known: Option<&'a Validators>,
    ) -> Later<'a, Result<Answer, Error>> {
        Box::pin(async move {
            let answer = self.list(calendar, known.and_then(|known| known.token.as_ref())).await;
            if let (Ok(Answer::Listing { .. }), Some(channels)) = (&answer, &self.channels) {
                channels.keep_up(self, calendar).await;
            }
            answer
        })
    }

    fn instances(
        &self,
        calendar: CalendarId,
        window: Span,
    ) -> Later<'_, Result<Option<Vec<Vec<u8>>>, Error>> {
        Box::pin(async move {
            let (who, id) = self.place(calendar)?;
            let (from, until) = (window.start.to_rfc3339(), window.end.to_rfc3339());
            let query = [
                ("singleEvents", "true"),
                ("showDeleted", "false"),
                ("maxResults", "2500"),
                ("timeMin", from.as_str()),
                ("timeMax", until.as_str()),
            ];
            self.pages(who, &id, &query).await.map(|(pages, _)| Some(pages))
        })
    }

    fn pushes(&self, calendar: CalendarId) -> bool {
        self.channels.as_ref().is_some_and(|channels| channels.is_alive(calendar))
    }

    fn close(&self) -> Later<'_, ()> {
        Box::pin(async move {
            if let Some(channels) = &self.channels {
                channels.close(self).await;
            }
        })
    }
}
