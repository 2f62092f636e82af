//! A calendar of a recording that answers as Google does: what has been said so far, as one listing or as what is new
//! since a token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::overlay::Booking;
use super::recording::Said;
use crate::model::zone::Moment;
use crate::ports::{Answer, SyncToken, Validators};

/// One `.json` file of a recording: all its pages.
#[derive(Debug, Clone)]
struct File {
    whole: bool,
    zone: Option<String>,
    items: Vec<Value>,
}

/// All that one calendar says as Google does, by instant.
#[derive(Debug, Clone, Default)]
pub(super) struct Listings(BTreeMap<Moment, File>);

impl Listings {
    /// The `.json` files among a calendar's answers; one that is no JSON says nothing.
    pub(super) fn read(answers: &BTreeMap<Moment, Said>) -> Self {
        let file = |(at, said): (&Moment, &Said)| match said {
            Said::Json(bytes) => Some((*at, File::read(bytes)?)),
            Said::Ics(_) | Said::Error(_) => None,
        };
        Self(answers.iter().filter_map(file).collect())
    }

    /// What the calendar of `viewer` answers at an instant to whoever holds `known`; `None` where it said nothing yet.
    pub(super) fn answer(
        &self,
        now: Moment,
        known: Option<&SyncToken>,
        bookings: &[&Booking],
        viewer: &str,
    ) -> Option<Answer> {
        let (newest, _) = self.0.range(..=now).next_back()?;
        let begins = self.0.range(..=now).rev().find(|(_, file)| file.whole).map(|(at, _)| *at);
        let since = known.and_then(|known| Since::read(&known.token));
        let since = since.filter(|since| begins.is_none_or(|begins| since.file >= begins));
        let versions = bookings.iter().map(|booking| u64::from(booking.version)).sum();
        let mut items = self.items(since.as_ref().map(|since| since.file).or(begins), since.is_some(), now);
        if since.as_ref().is_none_or(|since| since.versions != versions) {
            self.lay_over(&mut items, bookings, viewer, now);
        }
        let token = Since { file: *newest, versions }.to_string();
        let zone = self.0.range(..=now).rev().find_map(|(_, file)| file.zone.clone());
        let page =
            json!({ "kind": "calendar#events", "timeZone": zone, "items": items, "nextSyncToken": token });
        let token = Some(SyncToken { token, parameters: "recorded".to_owned() });
        Some(Answer::Listing {
            pages: vec![page.to_string().into_bytes()],
            whole: since.is_none(),
            validators: Validators { token, ..Validators::default() },
        })
    }

    /// What was said from a file on (after it, where it is known already), of each event the last.
    fn items(&self, from: Option<Moment>, is_known: bool, now: Moment) -> Vec<Value> {
        let files = self.0.range(..=now).filter(|(at, _)| match from {
            Some(from) if is_known => **at > from,
            Some(from) => **at >= from,
            None => true,
        });
        let mut order: Vec<String> = Vec::new();
        let mut newest: BTreeMap<String, Value> = BTreeMap::new();
        for item in files.flat_map(|(_, file)| &file.items) {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            if newest.insert(id.clone(), item.clone()).is_none() {
                order.push(id);
            }
        }
        order.iter().filter_map(|id| newest.remove(id)).collect()
    }

    /// Adds the bookings, but for those of which a later file says something of its own.
    fn lay_over(&self, items: &mut Vec<Value>, bookings: &[&Booking], viewer: &str, now: Moment) {
        for booking in bookings {
            let own: BTreeSet<&str> = self
                .0
                .range(booking.taken..=now)
                .flat_map(|(_, file)| &file.items)
                .filter_map(|item| item["id"].as_str())
                .collect();
            if !own.contains(booking.id().as_str()) {
                items.extend(booking.item(viewer));
            }
        }
    }
}

impl File {
    fn read(bytes: &[u8]) -> Option<Self> {
        let pages = match serde_json::from_slice(bytes).ok()? {
            Value::Array(pages) => pages,
            page => vec![page],
        };
        let has_token = pages.iter().any(|page| page["nextSyncToken"].is_string());
        let is_part = pages.iter().any(|page| page["incremental"] == true);
        let items = pages.iter().filter_map(|page| page["items"].as_array()).flatten().cloned().collect();
        let zone = pages.iter().find_map(|page| page["timeZone"].as_str()).map(str::to_owned);
        Some(Self { whole: has_token && !is_part, zone, items })
    }
}

/// What a token stands for: the newest file that was told, and how far the bookings were.
struct Since {
    file: Moment,
    versions: u64,
}

impl Since {
    fn read(token: &str) -> Option<Self> {
        let (file, versions) = token.split_once('.')?;
        let file = chrono::DateTime::from_timestamp(file.parse().ok()?, 0)?;
        Some(Self { file, versions: versions.parse().ok()? })
    }
}

impl std::fmt::Display for Since {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.file.timestamp(), self.versions)
    }
}
