//! What people say about what took place (V43): it overrules the calendar, the rep's word before the manager's.

use crate::model::fact::{Confidence, Evidence, Outcome};
use crate::model::people::PersonId;
use crate::model::state::{Expected, Given, RepState};

use super::settle::verdict;
use super::{Judged, View};

/// Writes the verdicts that answers change.
pub fn words(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    for session in state.sessions.values_mut() {
        let Some((took_place, by)) = word(session) else { continue };
        let outcome = if took_place { Outcome::Held } else { Outcome::NotHeld };
        let says_so = match &session.given {
            Some(given) => given.outcome == outcome || (took_place && given.outcome == Outcome::Rescheduled),
            None => took_place && session.held,
        };
        if says_so {
            continue;
        }
        let given = Given {
            outcome,
            confidence: Confidence::Certain,
            by,
            at: view.now,
            since: view.now,
            late: false,
        };
        session.held = took_place;
        session.pending = None;
        let evidence = by.map_or(Evidence::ByHand, |who| Evidence::Answered { who });
        judged.facts.push(verdict(session, &given, vec![evidence], None));
        session.given = Some(given);
    }
}

/// What counts, and who of the two said it; nobody of them, where an operator did.
fn word(session: &Expected) -> Option<(bool, Option<PersonId>)> {
    match (session.by_hand, session.answers) {
        (Some(by_hand), _) => Some((by_hand, None)),
        (None, (_, Some(rep))) => Some((rep, Some(session.rep))),
        (None, (Some(manager), None)) => Some((manager, Some(session.manager))),
        (None, (None, None)) => None,
    }
}
