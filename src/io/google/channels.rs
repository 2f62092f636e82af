//! Push channels: Google says when a calendar changes, so that it need be asked less often.
//!
//! A channel cannot be prolonged: a new one is opened before it ends, and the old one stopped. Whatever goes wrong with
//! one is only a warning, since calendars are asked all the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use google_calendar3::api::Channel;

use super::call::Call;
use super::{Google, Push, named};
use crate::gcal::channel;
use crate::model::people::CalendarId;
use crate::ports::{Error, ErrorKind};

/// Seconds before its end at which a channel is replaced.
const RENEWED_BEFORE: i64 = 24 * 3600;
/// Seconds that a channel is asked to live: a week, the most there is.
const LIFE: i64 = 7 * 24 * 3600;
/// Seconds after which a channel that could not be opened is tried again.
const TRIED_AGAIN: i64 = 3600;
/// For stopping all channels at the end.
const CLOSING: Duration = Duration::from_secs(8);

/// A channel that is open.
#[derive(Debug, Clone)]
struct Open {
    id: String,
    resource: String,
    ends: i64,
}

/// What is known of a calendar's channel; times are seconds since 1970.
#[derive(Debug, Clone, Default)]
struct State {
    open: Option<Open>,
    not_before: i64,
}

/// The channels of all calendars.
pub(super) struct Channels {
    push: Push,
    states: RefCell<BTreeMap<CalendarId, State>>,
}

impl Channels {
    pub fn new(push: Push) -> Self {
        Self { push, states: RefCell::default() }
    }

    pub fn is_alive(&self, calendar: CalendarId) -> bool {
        let states = self.states.borrow();
        let open = states.get(&calendar).and_then(|state| state.open.as_ref());
        open.is_some_and(|open| open.ends > now())
    }

    /// Opens a channel where there is none, or one that ends soon.
    pub async fn keep_up(&self, google: &Google, calendar: CalendarId) {
        let state = self.states.borrow().get(&calendar).cloned().unwrap_or_default();
        let lasts = state.open.as_ref().is_some_and(|open| open.ends - now() > RENEWED_BEFORE);
        if lasts || now() < state.not_before {
            return;
        }
        match self.open(google, calendar).await {
            Ok(open) => {
                self.states.borrow_mut().insert(calendar, State { open: Some(open), not_before: 0 });
                if let Some(old) = state.open {
                    self.stop(google, calendar, &old).await;
                }
            }
            Err(error) => {
                tracing::warn!(calendar = %calendar.owner, code = %error.code, "a push channel could not be opened; the calendar is asked more often");
                let not_before = now() + TRIED_AGAIN;
                self.states.borrow_mut().insert(calendar, State { not_before, ..state });
            }
        }
    }

    async fn open(&self, google: &Google, calendar: CalendarId) -> Result<Open, Error> {
        let (who, calendar_id) = google.place(calendar)?;
        let id = channel::id(calendar, now());
        let asked = Channel {
            token: Some(channel::token(&self.push.key, &id)),
            id: Some(id.clone()),
            type_: Some("web_hook".to_owned()),
            address: Some(self.push.url.clone()),
            expiration: Some((now() + LIFE) * 1000),
            ..Channel::default()
        };
        let answer = google
            .caller
            .call(who, &Call::post(&["calendars", &calendar_id, "events", "watch"], &[], &json(&asked)))
            .await?;
        let given: Channel = serde_json::from_slice(&answer)
            .map_err(|_| Error::new(ErrorKind::Transient, "torn", format!("watch {}", named(calendar))))?;
        let ends = given.expiration.map_or_else(|| now() + LIFE, |milliseconds| milliseconds / 1000);
        Ok(Open { id, resource: given.resource_id.unwrap_or_default(), ends })
    }

    async fn stop(&self, google: &Google, calendar: CalendarId, open: &Open) {
        let asked = Channel {
            id: Some(open.id.clone()),
            resource_id: Some(open.resource.clone()),
            ..Channel::default()
        };
        let stopped =
            google.caller.call(calendar.owner, &Call::post(&["channels", "stop"], &[], &json(&asked))).await;
        if let Err(error) = stopped {
            tracing::debug!(code = %error.code, "a push channel was not stopped; it ends by itself");
        }
    }

    /// Stops all channels, as far as that goes in a few seconds: the others end by themselves.
    pub async fn close(&self, google: &Google) {
        let open: Vec<(CalendarId, Open)> = {
            let mut states = self.states.borrow_mut();
            let all = std::mem::take(&mut *states);
            all.into_iter().filter_map(|(calendar, state)| Some((calendar, state.open?))).collect()
        };
        let all = open.iter().map(|(calendar, open)| self.stop(google, *calendar, open));
        // Whatever is not stopped by then sends messages that nobody answers.
        let _ = tokio::time::timeout(CLOSING, futures_util::future::join_all(all)).await;
    }
}

fn json(channel: &Channel) -> Vec<u8> {
    let mut value = serde_json::to_value(channel).unwrap_or_default();
    google_calendar3::common::remove_json_null_values(&mut value);
    value.to_string().into_bytes()
}

/// The end of a channel is the other side's, by the clock on the wall.
fn now() -> i64 {
    super::now().timestamp()
}
