//! A rep as planning sees them.

use crate::model::fact::Confidence;
use crate::model::letter::Fallen;
use crate::model::people::Person;
use crate::model::policy::CadenceRule;
use crate::model::state::{Recovery, RepState};
use crate::model::time::{Span, Week};

use super::compile::Need;

/// One rep of the team, with what is known of them.
#[derive(Debug)]
pub struct Member<'a> {
    /// The rep.
    pub rep: &'a Person,
    /// The rule that holds for them.
    pub rule: &'a CadenceRule,
    /// Sessions that next week owes them and that have no time yet.
    pub ahead: u32,
    /// What is known of them: brought up to date.
    pub state: &'a mut RepState,
}

impl Member<'_> {
    /// A session as their rule has it, with their manager, somewhere in these days.
    pub fn need(&self, manager: &Person, key: String, week: Span) -> Need {
        Need {
            key,
            manager: manager.id,
            rep: self.rep.id,
            duration: self.rule.duration,
            shortest: self.rule.shortest,
            apart: self.rule.apart,
            week,
            usual: None,
            fixed: Vec::new(),
            excluded: Vec::new(),
            proposed: None,
        }
    }

    /// Those who run Drumbeat said that the 1-on-1s of this week are to be left alone.
    pub fn is_muted(&self, week: Week) -> bool {
        self.state.muted.contains(&week)
    }
}

/// What fell out, as far as the calendar tells.
pub fn fallen(state: &RepState, recovery: &Recovery) -> Fallen {
    let session = recovery.fallen.as_ref().and_then(|key| state.sessions.get(key));
    let given = session.and_then(|session| session.given.as_ref());
    Fallen {
        start: session.map(|session| session.planned.start),
        verdict: given.map(|given| given.outcome),
        by: given.and_then(|given| given.by),
        confidence: given.map_or(Confidence::Certain, |given| given.confidence),
    }
}
