//! What a survey finds in calendars: series of two people, whose calendar it is, and how each pair's 1-on-1 is known or
//! why it is not. By the same recognition as the judge's: there is no second one.

mod pair;
mod series;
mod suggest;
mod whose;

pub use pair::{Sides, line};
pub use series::series;
pub use suggest::{Guess, managers};
pub use whose::{foreign, is_like, whose};

use crate::model::event::Attendee;
use crate::model::policy::{Rules, SessionRules};

/// Rooms, note-takers and our own address.
fn is_nobody(attendee: &Attendee, rules: &Rules) -> bool {
    attendee.address == rules.voice.from_address || is_thing(attendee, &rules.sessions)
}

fn is_thing(attendee: &Attendee, sessions: &SessionRules) -> bool {
    attendee.is_resource || sessions.ignore.iter().any(|part| attendee.address.contains(part.as_str()))
}

#[cfg(test)]
mod tests;
