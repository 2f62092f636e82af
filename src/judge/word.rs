//! What people say about what took place (V43): it overrules the calendar, the rep's word before the manager's.

use crate::model::fact::{Confidence, Evidence, Outcome};
use crate::model::state::{Expected, Given, RepState};

use super::settle::verdict;
use super::{Judged, View};

/// Writes the verdicts that answers change.
pub fn words(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    for session in state.sessions.values_mut() {
        let Some((took_place, who)) = word(session) else { continue };
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
            by: Some(who),
            at: view.now,
            since: view.now,
            late: false,
        };
        session.held = took_place;
        session.pending = None;
        judged.facts.push(verdict(session, &given, vec![Evidence::Answered { who }], None));
        session.given = Some(given);
    }
}

fn word(session: &Expected) -> Option<(bool, crate::model::people::PersonId)> {
    match session.answers {
        (_, Some(rep)) => Some((rep, session.rep)),
        (Some(manager), None) => Some((manager, session.manager)),
        (None, None) => None,
    }
}
