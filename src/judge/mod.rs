//! What it means: sessions compared with what was expected, verdicts, and what each week owes.
//!
//! The judge is a pure function of what was expected (the ledger's view), what the calendars show now, who is
//! away, and the time. It matches sessions, never raw events (docs/verdicts.md). One call per rep and tick:
//!
//! 1. [`sight`]: the copies of both sides are merged; what is new is remembered, what is void is noted;
//! 2. [`settle`]: what vanished is paired with what appeared; what is still void after its settle time falls out;
//! 3. [`word`]: what people say about what took place overrules the calendar;
//! 4. [`week`]: what a week owes is fixed as it begins, recoveries open and close, and its row is written.

pub mod away;
pub mod baseline;
pub mod cadence;
mod copies;
pub mod health;
pub mod settle;
pub mod sight;
mod standing;
pub mod survey;
pub mod week;
pub mod word;

use crate::model::calendar::{Diary, Picture};
use crate::model::fact::{CloseReason, Fact};
use crate::model::people::{Person, PersonId, Roster};
use crate::model::policy::{CadenceRule, Policy, Rules};
use crate::model::series::Coverage;
use crate::model::state::RepState;
use crate::model::time::Week;
use crate::model::zone::Moment;

/// All that is known around one rep at one moment.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Now.
    pub now: Moment,
    /// Everybody.
    pub roster: &'a Roster,
    /// The settings.
    pub rules: &'a Rules,
    /// The rep.
    pub rep: &'a Person,
    /// Who owes them 1-on-1s.
    pub manager: &'a Person,
    /// The calendar in which the rep's sessions live; `None`: never read, or not read since the start.
    pub rep_picture: Option<&'a Picture>,
    /// The same of the manager.
    pub manager_picture: Option<&'a Picture>,
    /// How the rep's time is filled.
    pub rep_diary: &'a Diary,
    /// How the manager's is.
    pub manager_diary: &'a Diary,
    /// Pictures of managers the rep had earlier this week (V38), by person.
    pub other_pictures: &'a [(PersonId, &'a Picture)],
}

impl View<'_> {
    fn policy(&self) -> &Policy {
        &self.rules.policy
    }

    /// The rep's week.
    pub fn week(&self) -> Week {
        Week::of(self.now, &self.rep.zone)
    }

    fn rule(&self) -> Option<&CadenceRule> {
        cadence::rule_for(&self.rules.cadence, self.rep, self.rep.zone.local(self.now).date())
    }

    /// Both calendars that carry sessions have been read since the start, as far as they are configured.
    fn is_known(&self) -> bool {
        let known =
            |person: &Person, picture: Option<&Picture>| person.calendars.is_empty() || picture.is_some();
        (self.rep_picture.is_some() || self.manager_picture.is_some())
            && known(self.rep, self.rep_picture)
            && known(self.manager, self.manager_picture)
    }
}

/// What one call of the judge comes to.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Facts for the ledger, without the rows of the state: those follow from comparing it.
    pub facts: Vec<Fact>,
    /// When to look again, if nothing happens before: always later than now, since what waits for an answer of a
    /// calendar is looked at when one comes.
    pub next_look: Option<Moment>,
    looks: std::collections::BTreeSet<Moment>,
    /// Sessions that next week owes and that have no time yet.
    pub ahead: u32,
    /// How far standing series cover what is owed, where that is known.
    pub coverage: Option<Coverage>,
    /// Why sessions stand again that had fallen out: the reason for which recoveries close.
    pub revived: Vec<(Week, CloseReason)>,
}

impl Judged {
    fn look_at(&mut self, at: Moment) {
        self.looks.insert(at);
    }
}

/// Judges one rep: brings `state` up to date and says what is new.
pub fn judge(view: &View<'_>, state: &mut RepState) -> Judged {
    let mut judged = Judged::default();
    if view.rep_picture.is_none() && view.manager_picture.is_none() {
        return judged;
    }
    if state.watched_since.is_none() {
        state.watched_since = Some(view.now);
    }
    standing::await_ours(view, state, &mut judged);
    sight::sight(view, state, &mut judged);
    settle::settle(view, state, &mut judged);
    word::words(view, state, &mut judged);
    if view.is_known() {
        week::weeks(view, state, &mut judged);
        judged.coverage = standing::coverage(view, state);
    }
    judged.next_look = judged.looks.iter().find(|at| **at > view.now).copied();
    judged
}
