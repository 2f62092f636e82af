//! `freeBusy.query`: when people are busy, where events may not be seen.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use google_calendar3::api::{FreeBusyCalendar, FreeBusyRequest, FreeBusyRequestItem, FreeBusyResponse};

use super::call::Call;
use super::{Google, now};
use crate::model::people::{CalendarId, PersonId};
use crate::model::time::Span;
use crate::ports::{Error, ErrorKind};

/// Calendars in one question: Google's limit.
const AT_ONCE: usize = 50;
/// Weeks that are asked for.
const WEEKS: i64 = 4;

impl Google {
    /// When calendars are busy in a window, each for itself. What Google cannot say (`errors[]`) is an error: unknown,
    /// and never free.
    pub async fn busy(
        &self,
        calendars: &[CalendarId],
        window: Span,
    ) -> BTreeMap<CalendarId, Result<Vec<Span>, Error>> {
        let mut all = BTreeMap::new();
        // Each is asked as its owner where that can be: one question holds the calendars of one asker.
        let mut by_asker: BTreeMap<PersonId, Vec<(CalendarId, String)>> = BTreeMap::new();
        for calendar in calendars {
            match self.place(*calendar).and_then(|(who, id)| Ok((who, self.named_id(who, id)?))) {
                Ok((who, id)) => by_asker.entry(who).or_default().push((*calendar, id)),
                Err(error) => {
                    all.insert(*calendar, Err(error));
                }
            }
        }
        for (who, asked) in by_asker {
            for some in asked.chunks(AT_ONCE) {
                let answer = self.query(who, some, window).await;
                all.extend(some.iter().map(|(calendar, id)| (*calendar, of(&answer, id))));
            }
        }
        all
    }

    pub(super) async fn busy_in_coming_weeks(&self, calendar: CalendarId) -> Result<Vec<Span>, Error> {
        let now = now();
        let window = Span::new(now - TimeDelta::days(1), now + TimeDelta::weeks(WEEKS));
        let unknown = || Err(Error::new(ErrorKind::NotFound, "unknown", "ask when a calendar is busy"));
        self.busy(&[calendar], window).await.remove(&calendar).unwrap_or_else(unknown)
    }

    /// `primary` is no name that a question about several calendars takes.
    fn named_id(&self, who: PersonId, id: String) -> Result<String, Error> {
        if id == "primary" { self.caller.address(who).map(str::to_owned) } else { Ok(id) }
    }

    async fn query(
        &self,
        who: PersonId,
        calendars: &[(CalendarId, String)],
        window: Span,
    ) -> Result<FreeBusyResponse, Error> {
        let item = |(_, id): &(CalendarId, String)| FreeBusyRequestItem { id: Some(id.clone()) };
        let question = FreeBusyRequest {
            items: Some(calendars.iter().map(item).collect()),
            time_min: Some(window.start),
            time_max: Some(window.end),
            ..FreeBusyRequest::default()
        };
        let body = serde_json::to_vec(&question)
            .map_err(|_| Error::new(ErrorKind::Invalid, "request", "write a question about busy times"))?;
        let answer = self.caller.call(who, &Call::post(&["freeBusy"], &[], &body)).await?;
        serde_json::from_slice(&answer)
            .map_err(|_| Error::new(ErrorKind::Transient, "torn", "read an answer about busy times"))
    }
}

/// One calendar's part of an answer.
fn of(answer: &Result<FreeBusyResponse, Error>, id: &str) -> Result<Vec<Span>, Error> {
    let answer = answer.as_ref().map_err(Clone::clone)?;
    let calendars = answer.calendars.as_ref();
    let unknown = || {
        Error::new(ErrorKind::NotFound, "unknown", "learn when a calendar is busy: it is not in the answer")
    };
    spans(calendars.and_then(|all| all.get(id)).ok_or_else(unknown)?)
}

fn spans(calendar: &FreeBusyCalendar) -> Result<Vec<Span>, Error> {
    if let Some(error) = calendar.errors.iter().flatten().next() {
        let reason = error.reason.as_deref().unwrap_or("unknown");
        return Err(Error::new(
            ErrorKind::NotFound,
            reason,
            format!("learn when a calendar is busy: {reason}"),
        ));
    }
    let torn = || Error::new(ErrorKind::Transient, "torn", "read when a calendar is busy");
    let busy = calendar.busy.as_ref().ok_or_else(torn)?;
    busy.iter()
        .map(|period| Some(Span::new(period.start?, period.end?)))
        .collect::<Option<_>>()
        .ok_or_else(torn)
}
