//! The audit of our own expansion of series: of one calendar in a hundred a day, its source's own expansion of a week
//! is compared with ours. A difference is a warning; nothing is decided by it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{NaiveTime, TimeDelta};

use crate::gcal;
use crate::model::calendar::Sighting;
use crate::model::event::When;
use crate::model::listing::{Listing, Said};
use crate::model::people::CalendarId;
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::observe::keep::lineage;
use crate::run::Daemon;

/// One calendar in so many is compared on a day.
const ONE_IN: u64 = 100;
/// Days that are compared, from tomorrow on: nothing in them is just happening.
const DAYS: i64 = 7;
/// Instances shown of each side.
const SHOWN: usize = 3;

/// A happening as both sides can name it: lineage, start, end.
type Happening = (String, Moment, Moment);

/// What of a calendar is compared today, if it is its turn.
pub(super) fn window(calendar: CalendarId, now: Moment) -> Option<Span> {
    let today = now.date_naive();
    let mut hasher = DefaultHasher::new();
    (calendar, today).hash(&mut hasher);
    let from = today.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
    hasher.finish().is_multiple_of(ONE_IN).then(|| Span::new(from, from + TimeDelta::days(DAYS)))
}

/// What our expansion shows to begin in the window; whole days aside, which have no instant of their own.
fn ours(sightings: &[Sighting], window: &Span) -> BTreeSet<Happening> {
    sightings
        .iter()
        .filter(|seen| !seen.is_cancelled && !seen.is_all_day && window.contains(seen.span.start))
        .map(|seen| (seen.key.lineage.clone(), seen.span.start, seen.span.end))
        .collect()
}

/// What the source shows to begin in the window.
fn theirs(listing: &Listing, window: &Span) -> BTreeSet<Happening> {
    let happening = |said: &Said| match said {
        Said::Stands(event) => match event.start {
            When::Utc(start) => Some((lineage(&event.uid).to_owned(), start, start + event.length)),
            _ => None,
        },
        _ => None,
    };
    let all = listing.items.iter().filter_map(|item| happening(&item.said));
    all.filter(|(_, start, _)| window.contains(*start)).collect()
}

impl Daemon {
    /// Compares the picture of a calendar with its source's own expansion.
    pub(super) fn audit(&self, calendar: CalendarId, window: &Span, pages: &[Vec<u8>]) {
        let picture = self.books.get(&calendar).and_then(|book| book.picture());
        let Some(picture) = picture.filter(|picture| picture.is_current && !picture.is_busy_only) else {
            return;
        };
        let Some(listing) = gcal::listing(pages, true, &self.setup.zones) else { return };
        let (ours, theirs) = (ours(&picture.sightings, window), theirs(&listing, window));
        if ours == theirs {
            tracing::debug!(calendar = %calendar.owner, instances = ours.len(), "our expansion of a calendar is its source's");
            return;
        }
        let only = |one: &BTreeSet<Happening>, other: &BTreeSet<Happening>| {
            let all: Vec<String> =
                one.difference(other).map(|(event, start, _)| format!("{event} at {start}")).collect();
            (all.len(), all.into_iter().take(SHOWN).collect::<Vec<_>>())
        };
        let (ours_only, theirs_only) = (only(&ours, &theirs), only(&theirs, &ours));
        tracing::warn!(
            calendar = %calendar.owner, only_ours = ours_only.0, ours = ?ours_only.1, only_theirs = theirs_only.0,
            theirs = ?theirs_only.1, "our expansion of a calendar differs from its source's"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::people::PersonId;

    #[test]
    fn about_one_calendar_in_a_hundred_is_compared_on_a_day() {
        let day = |n: i64| Moment::UNIX_EPOCH + TimeDelta::days(n);
        let compared =
            |calendar: u32, on: i64| window(CalendarId::first(PersonId(calendar)), day(on)).is_some();
        let on_one_day = (0..10_000).filter(|calendar| compared(*calendar, 0)).count();
        assert!((70..130).contains(&on_one_day), "{on_one_day}");
        let of_one = (0..1000).filter(|on| compared(7, *on)).count();
        assert!((1..30).contains(&of_one), "{of_one} of 1000 days");
    }
}
