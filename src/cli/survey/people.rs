//! Everybody who is in the calendars, beside those of the roster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cli::files::feed;
use crate::config::Settings;
use crate::model::event::Event;
use crate::model::people::{BookVia, CalendarId, Person, PersonId, Roster};
use crate::model::survey::Reading;

/// People who are no row of the roster have numbers from here on.
const STRANGERS_FROM: u32 = 1 << 30;
/// Of an event with more people than this, nobody is taken: it is no meeting of two.
const PEOPLE_MOST: usize = 20;

/// The roster, and all others by number: owners of calendars, and whoever is in an event of few.
pub fn everybody<'a>(
    roster: &Roster,
    settings: &Settings,
    owners: &BTreeSet<String>,
    readings: impl Iterator<Item = &'a Reading>,
) -> Roster {
    let mut strangers: BTreeMap<String, String> =
        owners.iter().map(|address| (address.clone(), String::new())).collect();
    for event in readings.flat_map(|reading| &reading.events) {
        for (address, name) in people(event) {
            let known = strangers.entry(address).or_default();
            if known.is_empty() {
                *known = name;
            }
        }
    }
    let strangers = strangers.into_iter().filter(|(address, _)| roster.by_address(address).is_none());
    let strangers = (STRANGERS_FROM..).zip(strangers).map(|(number, (address, name))| Person {
        id: PersonId(number),
        name: if name.trim().is_empty() { address.clone() } else { name },
        address,
        manager: None,
        start_date: None,
        status: None,
        plan: None,
        leave: None,
        zone: settings.rules.zone.clone(),
        hours: settings.hours.clone(),
        calendars: Vec::new(),
        title_match: None,
        book: BookVia::Mail,
        aliases: Vec::new(),
        team_doc: None,
    });
    Roster::new(roster.people().cloned().chain(strangers))
}

/// Whoever is on an event's list, by address and name. Nobody of a private event.
fn people(event: &Event) -> Vec<(String, String)> {
    if event.is_private || event.attendees.len() > PEOPLE_MOST {
        return Vec::new();
    }
    let attendees = event.attendees.iter().filter(|attendee| !attendee.is_resource);
    let attendees = attendees.map(|attendee| (attendee.address.clone(), attendee.name.clone()));
    let organizer = event.organizer.iter().map(|address| (address.clone(), String::new()));
    attendees.chain(organizer).collect()
}

/// Where the feeds of a roster without a configuration are: relative paths begin at `folder`.
pub fn feeds(roster: &Roster, folder: &Path) -> BTreeMap<CalendarId, String> {
    let first = |person: &Person| feed(folder, person.calendars.first()?);
    roster.people().filter_map(|person| Some((CalendarId::first(person.id), first(person)?))).collect()
}
