//! Standing series: who wants one, planned over six weeks of everybody's calendars, in one mail within the manager's
//! budget.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Daemon;
use super::commit::Draft;
use super::decide::members;
use crate::judge::cadence::rule_for;
use crate::model::calendar::Diary;
use crate::model::fact::RecoveryId;
use crate::model::people::{Person, PersonId};
use crate::model::state::RepState;
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::plan::desk::Desk;
use crate::plan::series::{Covered, outstanding, propose, wanting};
use crate::plan::typical;

impl Daemon {
    /// Ends and makes proposals of one team, and says when to look again.
    pub(super) fn standing(
        &self,
        desk: &Desk<'_>,
        manager: &Person,
        reps: &[&Person],
        covered: &Covered,
        draft: &mut Draft,
    ) -> Option<Moment> {
        let mut states: Vec<(&Person, RepState)> =
            reps.iter().map(|rep| (*rep, draft.rep(&self.state, rep.id).clone())).collect();
        let rule_on = |rep: &Person, day| rule_for(&desk.rules.cadence, rep, day);
        let mut team = members(desk, &mut states);
        let ended = outstanding(desk, manager, &mut team, covered);
        let (places, opens) = wanting(desk, manager, &team, covered, &rule_on);
        draft.facts.extend(ended.facts);
        let mut mail = None;
        // With no room left this week, it is asked in the next.
        if !places.is_empty() && self.has_room(desk, manager, draft) {
            let asked = places.iter().map(|at| team[*at].rep);
            let diaries = self.wide_diaries(std::iter::once(manager).chain(asked), desk.now);
            let taken = self.taken_by_series(manager, reps, draft);
            let wide = Desk { diaries: &diaries, ..*desk };
            let (wanted, facts) = propose(&wide, manager, &mut team, &places, (covered, &taken), &rule_on);
            draft.facts.extend(facts);
            mail = wanted;
        }
        drop(team);
        draft.reps.extend(states.into_iter().map(|(rep, state)| (rep.id, state)));
        if let Some(wanted) = mail {
            self.send_note(desk, wanted, draft);
        }
        [ended.next_look, opens].into_iter().flatten().min()
    }

    /// How the time of these people is filled in all the weeks that a series is planned for.
    pub(super) fn wide_diaries<'p>(
        &self,
        people: impl Iterator<Item = &'p Person>,
        now: Moment,
    ) -> BTreeMap<PersonId, Diary> {
        let window = Span::new(now - TimeDelta::days(8), now + TimeDelta::weeks(typical::WEEKS + 2));
        people.map(|person| (person.id, self.diary_within(person, &window))).collect()
    }

    /// Time that series which no calendar shows take of the people of a team, in all their teams.
    fn taken_by_series(&self, manager: &Person, reps: &[&Person], draft: &Draft) -> Vec<(PersonId, Span)> {
        let mut owners: BTreeSet<PersonId> = reps.iter().map(|rep| rep.id).collect();
        owners.insert(manager.id);
        for rep in reps {
            owners.extend(self.setup.roster.reports(rep.id).map(|report| report.id));
        }
        let end = draft.now + TimeDelta::weeks(typical::WEEKS + 2);
        let mut taken = Vec::new();
        for owner in owners {
            let Some(state) = draft.reps.get(&owner).or_else(|| self.state.reps.get(&owner)) else {
                continue;
            };
            for series in state.series.values() {
                let Some(organizer) = self.setup.roster.get(series.manager) else { continue };
                for span in series.holds(&organizer.zone, end) {
                    taken.extend([(series.manager, span), (series.id.rep, span)]);
                }
            }
        }
        taken
    }
}

/// Time that sessions of our series take of both though no calendar shows them, as bookings do: no recovery's.
pub(super) fn awaited(state: &RepState) -> Vec<(PersonId, RecoveryId, Span)> {
    let awaited = state.sessions.values().filter(|session| session.is_awaited && session.stands());
    let both = awaited.flat_map(|session| {
        let id = RecoveryId { rep: session.rep, week: session.week, ordinal: 0 };
        [(session.manager, id, session.span), (session.rep, id, session.span)]
    });
    both.collect()
}
