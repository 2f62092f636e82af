//! Why there is no time for a 1-on-1, in words: how little the two share, what takes it, what would open one.

use super::names::{self, People};
use super::{phrase, when};
use crate::model::letter::{Change, NoSlotWhy};
use crate::model::people::PersonId;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// Hours in common are named where there are no more stretches than these: beyond that they are not what is short.
const STRETCHES_MOST: usize = 3;

/// From where it is told.
pub struct Teller<'a> {
    /// Who people are.
    pub people: &'a dyn People,
    /// Who reads it; `None`: those who run Drumbeat.
    pub reader: Option<PersonId>,
    /// Times are the reader's.
    pub zone: &'a Zone,
    /// Manager and rep.
    pub pair: (PersonId, PersonId),
}

impl Teller<'_> {
    fn first(&self, who: PersonId) -> String {
        names::first_name(self.people, who)
    }

    fn zone_of_other(&self) -> Zone {
        let other = if self.reader == Some(self.pair.1) { self.pair.0 } else { self.pair.1 };
        names::zone(self.people, other)
    }

    fn at(&self, at: Moment) -> String {
        when::at_both(at, self.zone, &self.zone_of_other())
    }

    fn span(&self, span: &Span) -> String {
        when::span_both(span, self.zone, &self.zone_of_other())
    }

    /// `You and Ana`, `Bo and Ana`: begins a sentence.
    fn both(&self) -> String {
        let (manager, rep) = self.pair;
        match self.reader {
            Some(reader) if reader == manager => format!("You and {}", self.first(rep)),
            Some(reader) if reader == rep => format!("You and {}", self.first(manager)),
            _ => format!("{} and {}", self.first(manager), self.first(rep)),
        }
    }

    /// What the two share of the rest of the week, where that is little, and that it is taken.
    pub fn shared(&self, why: &NoSlotWhy) -> Option<String> {
        let both = self.both();
        match why.shared.as_slice() {
            [] => Some(format!("{both} have no working hours in common for the rest of this week.")),
            [one] => Some(format!("{both} share only {} this week, and it is taken.", self.span(one))),
            few if few.len() <= STRETCHES_MOST => {
                let times: Vec<String> = few.iter().map(|span| self.span(span)).collect();
                Some(format!("{both} share only {} this week, and all of it is taken.", times.join("; ")))
            }
            _ => None,
        }
    }

    /// The other 1-on-1 that has the time this one could have had.
    pub fn rival(&self, why: &NoSlotWhy) -> Option<String> {
        let rival = why.rival?;
        let whose = if self.reader == Some(rival.rep) {
            "yours".to_owned()
        } else {
            format!("that of {}", self.first(rival.rep))
        };
        Some(format!(
            "{} would do, but another 1-on-1 needs it: {whose}. Only one of the two can have it.",
            phrase::sentence(&self.at(rival.start))
        ))
    }

    /// A single change that would open a time: fits after "one of these would open a time".
    pub fn change(&self, change: &Change) -> String {
        match change {
            Change::FreeFocus { who, span } if Some(*who) == self.reader => {
                format!("You give up the focus time of {}", self.span(span))
            }
            Change::FreeFocus { who, span } => {
                format!("{} gives up the focus time of {}", self.first(*who), self.span(span))
            }
            Change::Shorter { minutes, start } => {
                let is_own = self.reader == Some(self.pair.0) || self.reader == Some(self.pair.1);
                let who = if is_own { "You" } else { "They" };
                format!("{who} meet for only {}: {}", when::length(*minutes), self.at(*start))
            }
            Change::OutsideHours { who, start } if Some(*who) == self.reader => {
                format!("{}, outside your working hours", self.at(*start))
            }
            Change::OutsideHours { who, start } => {
                format!("{}, outside the working hours of {}", self.at(*start), self.first(*who))
            }
        }
    }

    /// All of it in a line, for `explain` and `plan`.
    pub fn line(&self, why: &NoSlotWhy) -> String {
        let changes: Vec<String> = why.changes.iter().map(|change| self.change(change)).collect();
        let opens = (!changes.is_empty()).then(|| format!("A time opens if: {}.", changes.join("; or: ")));
        let parts = [self.shared(why), self.rival(why), opens];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
