//! The guard against a roster that was cut short: whoever is gone from it would no longer be owed anything.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::people::{PersonId, Roster};

/// Why a new roster is not taken up without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// People who are gone.
    pub lost: usize,
    /// People there were.
    pub of: usize,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, of } = self;
        write!(
            f,
            "the new roster loses {lost} of {of} people; if that is meant, say `drumbeat reload --accept-roster`"
        )
    }
}

/// Whether a roster that is read at a start has lost too many of those whose 1-on-1s were looked after before it.
pub fn lost_since(before: &BTreeSet<PersonId>, new: &Roster) -> Option<Refusal> {
    refusal(before.iter().filter(|rep| new.get(**rep).is_none()).count(), before.len())
}

/// Whether `new` loses more than a fifth and more than five of the people of `old`.
pub fn lost(old: &Roster, new: &Roster) -> Option<Refusal> {
    let of = old.people().count();
    let lost = old.people().filter(|person| new.get(person.id).is_none()).count();
    refusal(lost, of)
}

fn refusal(lost: usize, of: usize) -> Option<Refusal> {
    (lost > 5 && lost * 5 > of).then_some(Refusal { lost, of })
}
