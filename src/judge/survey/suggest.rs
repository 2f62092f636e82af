//! Who leads whom, guessed from who has 1-on-1s with whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::people::PersonId;

/// Where several could be the manager, the one with the most reports is, if they have so many times those of the next.
const CLEAR_TIMES: usize = 2;

/// What was guessed of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    /// This is their manager.
    Manager(PersonId),
    /// They lead those they meet, and nobody leads them.
    Top,
    /// One of these may be: it cannot be told.
    Unsure(BTreeSet<PersonId>),
}

/// The manager of everybody in `pairs`. Whoever has 1-on-1s with one person alone reports to them; then the same again
/// without those, so that a manager's manager is found likewise. Nobody ends up in a ring: a manager is always somebody
/// who was still there when the other was settled.
pub fn managers(pairs: &BTreeSet<(PersonId, PersonId)>) -> BTreeMap<PersonId, Guess> {
    let mut left: BTreeMap<PersonId, BTreeSet<PersonId>> = BTreeMap::new();
    for (one, other) in pairs {
        left.entry(*one).or_default().insert(*other);
        left.entry(*other).or_default().insert(*one);
    }
    let mut guesses: BTreeMap<PersonId, Guess> = BTreeMap::new();
    while !left.is_empty() {
        let settled = settled(&left, &guesses);
        if settled.is_empty() {
            let unsure = left.into_iter().map(|(who, with)| (who, Guess::Unsure(with)));
            guesses.extend(unsure.collect::<Vec<_>>());
            break;
        }
        for who in settled.keys() {
            left.remove(who);
        }
        for with in left.values_mut() {
            with.retain(|other| !settled.contains_key(other));
        }
        guesses.extend(settled);
        for (who, with) in &left {
            if with.is_empty() {
                guesses.insert(*who, Guess::Top);
            }
        }
        left.retain(|_, with| !with.is_empty());
    }
    guesses
}

/// Who can be told now, all by the same picture.
fn settled(
    left: &BTreeMap<PersonId, BTreeSet<PersonId>>,
    guesses: &BTreeMap<PersonId, Guess>,
) -> BTreeMap<PersonId, Guess> {
    let reports = |who: &PersonId| {
        guesses.values().filter(|guess| matches!(guess, Guess::Manager(manager) if manager == who)).count()
    };
    let degree = |who: &PersonId| left.get(who).map_or(0, BTreeSet::len);
    let leaves: BTreeMap<PersonId, Guess> = left
        .iter()
        .filter(|(_, with)| with.len() == 1)
        .filter_map(|(who, with)| {
            let manager = with.first()?;
            // Of two who meet each other alone, whoever has managers below them is above who has reps alone.
            let leads = degree(manager) > 1 || height(*manager, guesses) > height(*who, guesses);
            leads.then_some((*who, Guess::Manager(*manager)))
        })
        .collect();
    if !leaves.is_empty() {
        return leaves;
    }
    // Somebody without reports who meets several: the one who leads most.
    left.iter()
        .filter(|(who, _)| reports(who) == 0)
        .filter_map(|(who, with)| {
            let mut by_reports: Vec<(usize, &PersonId)> =
                with.iter().map(|other| (reports(other), other)).collect();
            by_reports.sort_unstable_by(|one, other| other.cmp(one));
            let (most, manager) = by_reports.first()?;
            let next = by_reports.get(1).map_or(0, |(count, _)| *count);
            (*most > 0 && *most >= next * CLEAR_TIMES).then_some((*who, Guess::Manager(**manager)))
        })
        .collect()
}

/// How many levels are below somebody. There are no rings, so it ends.
fn height(who: PersonId, guesses: &BTreeMap<PersonId, Guess>) -> usize {
    let reports = guesses.iter().filter(|(_, guess)| **guess == Guess::Manager(who));
    reports.map(|(report, _)| height(*report, guesses) + 1).max().unwrap_or_default()
}
