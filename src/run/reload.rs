//! New settings, a new roster: taken up in a tick of its own, between two others.

use std::rc::Rc;

use super::commit::Draft;
use super::{Daemon, Setup, World};
use crate::config::lost;
use crate::judge::week::withdraw;
use crate::model::fact::Fact;
use crate::model::letter::OpsNews;
use crate::model::people::{Person, PersonId};
use crate::model::state::{Put, RepState};
use crate::ports::Error;

/// What a reload brings: settings and roster, both already checked, and the ports made from them.
pub struct Reloaded {
    /// The new settings and roster.
    pub setup: Setup,
    /// The ports, where they depend on the settings.
    pub world: World,
}

impl std::fmt::Debug for Reloaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reloaded")
    }
}

impl Daemon {
    /// Says that it runs, and takes up what changed while it did not: people who left meanwhile.
    pub(super) fn say_started(&mut self) -> Result<(), Error> {
        let now = self.world.clock.now();
        let mode = self.setup.settings.rules.mode;
        let mut draft = self.draft(now);
        draft.facts.push(Fact::Started { mode });
        let owes = |rep: &PersonId| self.setup.roster.reps().any(|person| person.id == *rep);
        let left: Vec<PersonId> = self.state.reps.keys().filter(|rep| !owes(rep)).copied().collect();
        for rep in left {
            self.leave(rep, &mut draft);
        }
        self.commit(draft)
    }

    /// Takes up new settings and a new roster. A roster that loses too many people at once is refused.
    pub(super) fn take_up(&mut self, reloaded: Reloaded, draft: &mut Draft) {
        if let Some(refusal) = lost(&self.setup.roster, &reloaded.setup.roster) {
            let news = OpsNews::RosterRefused { lost: refusal.lost as u32, of: refusal.of as u32 };
            self.tell_ops(&news, "roster", draft);
            draft.facts.push(Fact::Reload { taken: false });
            return;
        }
        let old = std::mem::replace(&mut self.setup, Rc::new(reloaded.setup));
        let before = std::mem::replace(&mut self.world, reloaded.world);
        self.retired.push(before.calendars);
        draft.facts.push(Fact::Reload { taken: true });
        let mode = self.setup.settings.rules.mode;
        if self.state.mode != Some(mode) {
            draft.facts.push(Fact::Mode { mode });
        }
        let stays = |rep: &Person| self.setup.roster.reps().any(|person| person.id == rep.id);
        let left: Vec<PersonId> = old.roster.reps().filter(|rep| !stays(rep)).map(|rep| rep.id).collect();
        for rep in left {
            self.leave(rep, draft);
        }
        self.open_books();
        draft.teams.extend(self.setup.roster.reps().filter_map(|rep| rep.manager));
    }

    /// Closes everything of a rep who owes nothing any more (V39), calls off what was booked, and forgets them.
    fn leave(&self, rep: PersonId, draft: &mut Draft) {
        let mut state: RepState = match draft.reps.remove(&rep).or_else(|| self.state.reps.get(&rep).cloned())
        {
            Some(state) => state,
            None => return,
        };
        draft.facts.extend(withdraw(&mut state));
        for recovery in state.recoveries.values_mut().flat_map(std::collections::BTreeMap::values_mut) {
            draft.rows.extend(crate::plan::book::cancellations(
                recovery,
                draft.now,
                &|kind, what, attempt, round, to| self.action_id(kind, what, attempt, round, to),
            ));
        }
        draft.puts.push(Put::RepGone { rep });
    }
}
