//! A whole listing → its events as a feed would have them, with their words.

use std::collections::BTreeMap;

use crate::model::event::{Event, EventStatus, Recurrence};
use crate::model::listing::{Item, Listing, Said};

/// All events of a whole listing. An exception goes by the UID of its series; one that is called off is an event of its
/// own with that status. Of what is deleted Google tells no more than an id, so it is left out.
pub fn events(listing: Listing) -> Vec<Event> {
    let (masters, others): (Vec<Item>, Vec<Item>) =
        listing.items.into_iter().partition(|item| item.series.is_none());
    let masters: BTreeMap<String, Event> =
        masters.into_iter().filter_map(|item| Some((item.id.clone(), stands(item)?))).collect();
    let mut events: Vec<Event> = Vec::new();
    for item in others {
        let master = item.series.as_ref().and_then(|series| masters.get(series));
        events.extend(exception(item, master));
    }
    events.extend(masters.into_values());
    events
}

fn stands(item: Item) -> Option<Event> {
    match item.said {
        Said::Stands(event) => Some(*event),
        Said::InstanceCancelled(_) | Said::Deleted | Said::Unread => None,
    }
}

fn exception(item: Item, master: Option<&Event>) -> Option<Event> {
    match item.said {
        Said::Stands(event) => {
            let uid = master.map_or_else(|| event.uid.clone(), |master| master.uid.clone());
            Some(Event { uid, ..*event })
        }
        // What was called off was like its series: Google says no more than which one it was.
        Said::InstanceCancelled(original) => master.map(|master| Event {
            recurrence_id: Some(original.clone()),
            start: original,
            recurrence: Recurrence::default(),
            status: EventStatus::Cancelled,
            modified: item.modified,
            ..master.clone()
        }),
        Said::Deleted | Said::Unread => None,
    }
}
