//! What is known of a Google calendar, and what it now said → what is known of it then.
//!
//! Answers tell what may have changed, not what did: Google sends masters and exceptions again unchanged. So an
//! answer is laid over what is known, and what follows from it is found by comparing.

use std::collections::BTreeMap;

use chrono::{NaiveTime, TimeDelta};

use super::keep::{content_hash, lineage};
use crate::model::calendar::{Deleted, Kept, Mirror};
use crate::model::event::{Event, EventStatus, Recurrence, When};
use crate::model::listing::{Item, Listing, Said};
use crate::model::zone::Moment;

/// What is over or was deleted for so long is forgotten: well before anything is judged by it.
const KEPT_DAYS: i64 = 45;

/// The calendar as it is after an answer. `keep` turns an event into what is kept of it. A whole listing begins from
/// nothing: what it does not hold is gone. What is known is still looked at, for what a bare id means.
pub fn merge(known: Option<&Mirror>, listing: Listing, keep: &dyn Fn(Event) -> Kept, now: Moment) -> Mirror {
    let mut merging = Merging::new(known, listing.whole, now);
    let (stands, rest): (Vec<Item>, Vec<Item>) = listing
        .items
        .into_iter()
        .partition(|item| matches!(item.said, Said::Stands(_)) && item.series.is_none());
    // Masters first: what is said of instances needs them, and the order of pages must not matter.
    for item in stands.into_iter().chain(rest) {
        merging.take(item, keep);
    }
    if listing.whole && listing.nameless > 0 {
        merging.keep_what_is_missing();
    }
    merging.finish(listing.zone, now)
}

struct Merging<'a> {
    before: BTreeMap<&'a str, &'a Kept>,
    zone: Option<&'a str>,
    events: BTreeMap<String, Kept>,
    deleted: BTreeMap<String, Deleted>,
    unread: BTreeMap<String, String>,
    now: Moment,
}

impl<'a> Merging<'a> {
    fn new(known: Option<&'a Mirror>, whole: bool, now: Moment) -> Self {
        let all = known.map(|mirror| mirror.events.as_slice()).unwrap_or_default();
        let before: BTreeMap<&str, &Kept> =
            all.iter().filter_map(|kept| Some((kept.id.as_deref()?, kept))).collect();
        let carried = known.filter(|_| !whole);
        let events = carried
            .map(|_| before.iter().map(|(id, kept)| ((*id).to_owned(), (*kept).clone())).collect())
            .unwrap_or_default();
        Self {
            zone: known.and_then(|mirror| mirror.zone.as_deref()),
            events,
            deleted: carried.map(|mirror| mirror.deleted.clone()).unwrap_or_default(),
            unread: carried.map(|mirror| mirror.unread.clone()).unwrap_or_default(),
            before,
            now,
        }
    }

    fn take(&mut self, item: Item, keep: &dyn Fn(Event) -> Kept) {
        self.unread.remove(&item.id);
        match item.said {
            Said::Stands(event) => self.stands(item.id, item.series, keep(*event)),
            Said::InstanceCancelled(ref original) => {
                let cancelled = self.instance_cancelled(&item, original.clone());
                self.events.insert(item.id, cancelled);
            }
            Said::Deleted => self.delete(item),
            Said::Unread => {
                let known = self.known(&item.id).cloned();
                let uid = known.as_ref().map(|kept| kept.uid.clone()).or(item.uid);
                let of = lineage(uid.as_deref().unwrap_or(&item.id)).to_owned();
                self.unread.insert(item.id.clone(), of);
                if let Some(known) = known {
                    self.events.insert(item.id, known);
                }
            }
        }
    }

    fn known(&self, id: &str) -> Option<&Kept> {
        self.events.get(id).or_else(|| self.before.get(id).copied())
    }

    fn stands(&mut self, id: String, series: Option<String>, mut kept: Kept) {
        // An exception and its master are one group by UID, whatever the UID of the exception's own copy.
        if let Some(master) = series.as_deref().and_then(|series| self.known(series)) {
            kept.uid.clone_from(&master.uid);
        }
        self.deleted.remove(&id);
        kept.id = Some(id.clone());
        kept.series = series;
        self.events.insert(id, kept);
    }

    /// One instance that is called off, by what is known of it or else of its series.
    fn instance_cancelled(&self, item: &Item, original: When) -> Kept {
        let series = item.series.as_deref().unwrap_or_default();
        let master = self.known(series);
        let uid = master.map(|master| master.uid.clone()).or_else(|| item.uid.clone());
        let base = self.known(&item.id).or(master);
        let mut kept = base.cloned().unwrap_or_else(|| Kept::bare(String::new(), original.clone()));
        // Of a series that is not in this calendar only the id is known, from which Google makes the UID.
        kept.uid = uid.unwrap_or_else(|| format!("{series}@google.com"));
        if base.is_none_or(|base| base.recurrence_id.is_none()) {
            kept.start = original.clone();
        }
        kept.recurrence_id = Some(original);
        kept.recurrence = Recurrence::default();
        kept.status = EventStatus::Cancelled;
        kept.modified = item.modified;
        kept.id = Some(item.id.clone());
        kept.series.clone_from(&item.series);
        kept
    }

    fn delete(&mut self, item: Item) {
        let known = self.known(&item.id);
        // An exception that comes back as a bare id (its series was cut before it) stays called off, so that its
        // place in the series is not taken for standing.
        if let Some((of, original)) = known.and_then(|kept| Some((kept, kept.recurrence_id.clone()?))) {
            let series = of.series.clone();
            let cancelled = self.instance_cancelled(&Item { series, ..item.clone() }, original);
            self.events.insert(item.id, cancelled);
            return;
        }
        let uid = known.map(|kept| kept.uid.clone()).or(item.uid);
        let lineage = lineage(uid.as_deref().unwrap_or(&item.id)).to_owned();
        self.events.remove(&item.id);
        let since = self.deleted.get(&item.id).map_or(self.now, |deleted| deleted.since);
        self.deleted.insert(item.id, Deleted { lineage, modified: item.modified, since });
    }

    /// Some items had no id, so nothing that is missing is known to be gone.
    fn keep_what_is_missing(&mut self) {
        for (id, kept) in &self.before {
            if !self.events.contains_key(*id) && !self.deleted.contains_key(*id) {
                self.events.insert((*id).to_owned(), (*kept).clone());
                self.unread.insert((*id).to_owned(), lineage(&kept.uid).to_owned());
            }
        }
    }

    fn finish(self, zone: Option<String>, now: Moment) -> Mirror {
        let Self { events, mut deleted, unread, zone: known, .. } = self;
        let horizon = now - TimeDelta::days(KEPT_DAYS);
        deleted.retain(|_, deleted| deleted.since > horizon);
        // With a series go all its exceptions: Google names the series alone.
        let stands = |kept: &Kept| !kept.series.as_ref().is_some_and(|series| deleted.contains_key(series));
        let events: Vec<Kept> =
            events.into_values().filter(|kept| stands(kept) && !is_over(kept, horizon)).collect();
        Mirror {
            content: content_hash(&events),
            events,
            zones: BTreeMap::new(),
            zone: zone.or_else(|| known.map(str::to_owned)),
            // Google always lists whom it knows of.
            lists_attendees: true,
            aside: std::collections::BTreeSet::new(),
            deleted,
            unread,
            is_busy_only: false,
        }
    }
}

/// Whether it lies before the horizon, in whatever zone: only what repeats no more can.
fn is_over(kept: &Kept, horizon: Moment) -> bool {
    let ends = about(&kept.start) + TimeDelta::seconds(kept.seconds);
    let names = kept.recurrence_id.as_ref().map_or(ends, about);
    kept.recurrence.is_empty() && ends.max(names) < horizon - TimeDelta::days(1)
}

/// The instant to a day.
fn about(when: &When) -> Moment {
    match when {
        When::Date(date) => date.and_time(NaiveTime::MIN).and_utc(),
        When::Utc(at) => *at,
        When::Floating(wall) | When::Zoned(wall, _) => wall.and_utc(),
    }
}

#[cfg(test)]
mod tests;
