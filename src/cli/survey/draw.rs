//! A calendar as it was read → all that happens in it within a window.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ical::{self, Lookup};
use crate::model::event::{Event, When};
use crate::model::people::CalendarId;
use crate::model::survey::{Happening, Leaf, Reading};
use crate::model::time::Span;
use crate::model::zone::{Zone, Zones};
use crate::observe::keep::Lens;
use crate::run::sighting;

/// The calendar's leaf: `lens` says what its events mean, `own` is the zone of whoever's it is.
pub fn leaf(
    reading: &Reading,
    calendar: CalendarId,
    is_owned: bool,
    own: &Zone,
    (lens, zones): (&Lens, &Zones),
    window: &Span,
) -> Leaf {
    let zone = zone(reading, own, zones);
    let lookup = Lookup { zones, custom: &reading.zones, default: &zone };
    let events: Vec<Arc<Event>> = reading.events.iter().cloned().map(Arc::new).collect();
    let kept: Vec<_> =
        reading.events.iter().map(|event| Arc::new(lens.keep(event.clone(), calendar.owner))).collect();
    let expanded = ical::expand(&reading.events, &lookup, window, &ical::Limits::default());
    let happenings = expanded
        .instances
        .iter()
        .map(|instance| Happening {
            sighting: sighting(instance, &kept[instance.event]),
            event: Arc::clone(&events[instance.event]),
        })
        .collect();
    Leaf { calendar, is_owned, zone, lists_attendees: lens.lists_attendees(&reading.events), happenings }
}

/// The zone that the calendar names, else the one that most of its series are in, else its owner's.
fn zone(reading: &Reading, own: &Zone, zones: &Zones) -> Zone {
    let lookup = Lookup { zones, custom: &reading.zones, default: own };
    let named = reading.zone.as_deref().and_then(|name| ical::zone::resolve(name, &lookup));
    named.or_else(|| usual(reading, &lookup)).unwrap_or_else(|| own.clone())
}

fn usual(reading: &Reading, lookup: &Lookup<'_>) -> Option<Zone> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in reading.events.iter().filter(|event| !event.recurrence.is_empty()) {
        if let When::Zoned(_, name) = &event.start {
            *counts.entry(name).or_default() += 1;
        }
    }
    let (name, _) = counts.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)))?;
    ical::zone::resolve(name, lookup)
}
