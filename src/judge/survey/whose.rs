//! Whose calendar it is, by what is in it.

use std::collections::{BTreeMap, BTreeSet};

use super::is_nobody;
use crate::model::event::{Attendee, Event};
use crate::model::people::{Person, Roster};
use crate::model::policy::Rules;
use crate::model::survey::{Foreign, Reading};

/// Of the events with people, in percent, an owner is in so many at least.
const OWNER_PERCENT: usize = 60;
/// Fewer events with people say nothing of whose calendar it is.
const OWNER_FROM: usize = 3;
/// What Google's calendars that are nobody's own end in.
const SHARED: &str = "calendar.google.com";

/// The address of whoever's calendar it seems to be: by the name it has, else by who is in most of its events.
pub fn whose(reading: &Reading, rules: &Rules) -> Option<String> {
    let name = reading.name.as_deref().unwrap_or_default().trim().to_lowercase();
    if name.contains('@') && !name.contains(char::is_whitespace) && !name.ends_with(SHARED) {
        return Some(name);
    }
    let Counted { events, by_address } = count(&reading.events, rules);
    let mut most: Vec<(usize, &String)> = by_address.iter().map(|(who, count)| (*count, who)).collect();
    most.sort_unstable_by(|one, other| other.cmp(one));
    let (count, who) = most.first()?;
    let is_clear = most.get(1).is_none_or(|(second, _)| second < count);
    (events >= OWNER_FROM && is_clear && count * 100 >= events * OWNER_PERCENT).then(|| (*who).clone())
}

struct Counted {
    events: usize,
    by_address: BTreeMap<String, usize>,
}

/// In how many of the events with people each address is.
fn count(events: &[Event], rules: &Rules) -> Counted {
    let mut counted = Counted { events: 0, by_address: BTreeMap::new() };
    // An exception says again what its series says.
    for event in events.iter().filter(|event| event.recurrence_id.is_none()) {
        let listed = event.attendees.iter().filter(|attendee| !is_nobody(attendee, rules));
        let listed = listed.map(|attendee| attendee.address.clone());
        let organizer = event.organizer.clone().filter(|who| *who != rules.voice.from_address);
        let people: BTreeSet<String> = listed.chain(organizer).collect();
        counted.events += usize::from(!people.is_empty());
        for who in people {
            *counted.by_address.entry(who).or_default() += 1;
        }
    }
    counted
}

/// Whose calendar it plainly is, where that is not `owner`'s.
pub fn foreign(owner: &Person, reading: &Reading, roster: &Roster, rules: &Rules) -> Option<Foreign> {
    let named = reading.name.as_deref().map(str::trim).and_then(|name| {
        let lower = name.to_lowercase();
        let is = |person: &&Person| {
            person.id != owner.id
                && (person.name.to_lowercase() == lower || roster.by_address(&lower) == Some(person.id))
        };
        let is_own = owner.name.to_lowercase() == lower;
        roster.people().find(is).filter(|_| !is_own).map(|_| Foreign::Named { name: name.to_owned() })
    });
    if named.is_some() {
        return named;
    }
    let Counted { events, by_address } = count(&reading.events, rules);
    let is_own = |address: &String| roster.by_address(address) == Some(owner.id);
    if events < OWNER_FROM || by_address.keys().any(is_own) {
        return None;
    }
    let (address, _) = by_address.iter().find(|(_, count)| **count == events)?;
    let guest = Attendee { address: address.clone(), ..Attendee::default() };
    Some(if roster.by_address(address).is_none() && is_like(owner, &guest) {
        Foreign::Alias { address: address.clone() }
    } else {
        Foreign::Full { address: address.clone() }
    })
}

/// Whether an attendee is very like a person: by the name on the list, or by what stands before the `@`.
pub fn is_like(person: &Person, attendee: &Attendee) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let name = words(&person.name);
    if name.len() > 1 && name == words(&attendee.name) {
        return true;
    }
    let local = |address: &str| address.split_once('@').map(|(local, _)| local.to_lowercase());
    let (Some(own), Some(other)) = (local(&person.address), local(&attendee.address)) else { return false };
    if own == other {
        return true;
    }
    // a.alves, alves.ana, anaalves: the last name, and the first or its first letter.
    let last = person.name.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let first = person.first_name().to_lowercase();
    let Some((before, after)) = other.split_once(last.as_str()).filter(|_| last.len() > 2 && last != first)
    else {
        return false;
    };
    let rest: String = before.chars().chain(after.chars()).filter(|c| c.is_alphabetic()).collect();
    rest == first || first.chars().next().is_some_and(|initial| rest == initial.to_string())
}
