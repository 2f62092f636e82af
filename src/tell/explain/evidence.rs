//! What a verdict rests on, in words that a manager understands.

use crate::model::fact::{Evidence, Side};
use crate::model::zone::{Moment, Zone};
use crate::tell::names::{self, People};
use crate::tell::{phrase, when};

/// The evidence as one line, in the reader's zone; empty without any.
pub fn evidence_words(evidence: &[Evidence], people: &dyn People, zone: &Zone) -> String {
    evidence.iter().map(|one| words(one, people, zone)).collect::<Vec<_>>().join("; ")
}

fn words(evidence: &Evidence, people: &dyn People, zone: &Zone) -> String {
    let name = |who| names::name(people, who);
    let at = |moment: Moment| when::at(moment, zone);
    match evidence {
        Evidence::StoodAtEnd => "it stood in the calendar when its end passed".to_owned(),
        Evidence::GoneAfterStart => "it was in the calendar at its start and went later".to_owned(),
        Evidence::MarkedCancelled { side } => format!("it is marked cancelled in {}", calendar(*side)),
        Evidence::GoneFromBoth { since } => format!("it is in neither calendar since {}", at(*since)),
        Evidence::GoneFromOne { side, since } => {
            format!("it is gone from {} since {}, and the other still has it", calendar(*side), at(*since))
        }
        Evidence::Declined { who } => format!("{} declined it", name(*who)),
        Evidence::NotInvited { who } => format!("{} is no longer invited", name(*who)),
        Evidence::Moved { from, to } => format!("it was moved from {} to {}", at(*from), at(*to)),
        Evidence::ReplacedBy { start } => format!("another one of the two took its place: {}", at(*start)),
        Evidence::SeriesEnded => "its series has no 1-on-1s left".to_owned(),
        Evidence::Shorter { minutes, least } => {
            format!("it takes {} now and must take {least}", when::length(*minutes))
        }
        Evidence::Guests { colleagues, outside } => {
            let colleagues = phrase::count(*colleagues, "colleague", "colleagues");
            let outside = phrase::count(*outside, "person", "people");
            format!("others take part: {colleagues}, and {outside} from outside")
        }
        Evidence::NotWatched { since } => {
            format!("it was last seen before its start, and Drumbeat looked again only at {}", at(*since))
        }
        Evidence::Answered { who } => format!("{} said so", name(*who)),
        Evidence::Away { who, excuse } => {
            format!("{} is away for the rest of the week ({})", name(*who), phrase::excuse(*excuse))
        }
        Evidence::ByHand => "those who run Drumbeat said so".to_owned(),
        Evidence::ByTitle => "the calendar lists no attendees: it was known by its title".to_owned(),
    }
}

fn calendar(side: Side) -> &'static str {
    match side {
        Side::Manager => "the manager's calendar",
        Side::Rep => "the rep's calendar",
    }
}
