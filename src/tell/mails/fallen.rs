//! What fell out, in a sentence that accuses nobody without being certain.

use super::Desk;
use crate::model::fact::{Confidence, Outcome};
use crate::model::letter::Fallen;
use crate::model::people::PersonId;
use crate::tell::phrase;

/// What happened to the pair's 1-on-1. Who did it is said only when the verdict is certain; else it "is no
/// longer on the calendar".
pub(super) fn sentence(desk: &Desk<'_>, pair: (PersonId, PersonId), fallen: &Fallen) -> String {
    let session = desk.session_of(pair);
    let Some(outcome) = fallen.verdict else {
        return phrase::sentence(&format!("{session} is not on the calendar this week."));
    };
    let of =
        fallen.start.map_or_else(String::new, |start| format!(" of {}", desk.at(start, desk.other_of(pair))));
    match fallen.by.filter(|_| fallen.confidence == Confidence::Certain) {
        Some(by) => {
            // Beside the name of one of the two, the other's "your 1-on-1 with" would say it twice.
            let session = if by == desk.other_of(pair) { desk.own_session_of(pair) } else { session };
            let who = desk.subject_of(by);
            match done(outcome) {
                Some((verb, rest)) => format!("{who} {verb} {session}{of}{rest}."),
                None => format!("{who} said that {session}{of} did not take place."),
            }
        }
        None => phrase::sentence(&format!("{session}{of} {}.", seen(outcome))),
    }
}

/// Verb, and what follows the object.
fn done(outcome: Outcome) -> Option<(&'static str, &'static str)> {
    Some(match outcome {
        Outcome::Cancelled | Outcome::Excused => ("cancelled", ""),
        Outcome::Declined => ("declined", ""),
        Outcome::MovedOut => ("moved", " to another week"),
        Outcome::Shortened => ("made", " too short to count"),
        Outcome::NotOneOnOne => ("added others to", ""),
        Outcome::Ended => ("ended the series of", ""),
        Outcome::Rescheduled | Outcome::Held => ("moved", ""),
        Outcome::NotHeld => return None,
    })
}

fn seen(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::MovedOut => "now lies in another week",
        Outcome::Shortened => "is now too short to count",
        Outcome::NotOneOnOne => "now has others in it",
        Outcome::Ended => "is no longer on the calendar: its series has ended",
        Outcome::NotHeld => "did not take place",
        Outcome::Held | Outcome::Rescheduled => "was moved",
        Outcome::Cancelled | Outcome::Declined | Outcome::Excused => "is no longer on the calendar",
    }
}
