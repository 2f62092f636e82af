//! New settings, a new roster: taken up in a tick of its own, between two others.

use std::rc::Rc;

use super::commit::Draft;
use super::hand::page;
use super::{Daemon, Setup, World};
use crate::config::lost;
use crate::judge::week::withdraw;
use crate::model::fact::{Fact, ReleaseWhy};
use crate::model::hand::Hand;
use crate::model::letter::OpsNews;
use crate::model::page::Page;
use crate::model::people::{Person, PersonId};
use crate::model::policy::Mode;
use crate::model::state::{Put, RepState};
use crate::ports::Error;
use crate::tell::status::{RosterChange, reload_text};

/// What a reload brings: settings and roster, both already checked, and the ports made from them.
pub struct Reloaded {
    /// The new settings and roster.
    pub setup: Setup,
    /// The ports, where they depend on the settings.
    pub world: World,
    /// Keys of the configuration that say something else than before.
    pub changed: Vec<String>,
    /// A roster that loses many is meant so.
    pub accept_roster: bool,
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
        self.close_books(&mut draft);
        self.commit(draft)
    }

    /// Takes up new settings and a new roster, and says what changed. A roster that loses too many people at once is
    /// refused, unless it is said to be meant.
    pub(super) fn take_up(&mut self, reloaded: Reloaded, draft: &mut Draft) -> Page {
        let refusal = lost(&self.setup.roster, &reloaded.setup.roster).filter(|_| !reloaded.accept_roster);
        if let Some(refusal) = refusal {
            let news = OpsNews::RosterRefused { lost: refusal.lost as u32, of: refusal.of as u32 };
            self.tell_ops(&news, "roster", draft);
            draft.facts.push(Fact::Reload { taken: false });
            return page(Err(format!("Refused, the old settings and the old roster go on: {refusal}.")));
        }
        let rosters = RosterChange::between(&self.setup.roster, &reloaded.setup.roster);
        let told = reload_text(&reloaded.changed, &rosters);
        let was_silent = self.setup.settings.rules.mode == Mode::Observe;
        let old = std::mem::replace(&mut self.setup, Rc::new(reloaded.setup));
        let before = std::mem::replace(&mut self.world, reloaded.world);
        self.retired.push(before.calendars);
        draft.facts.push(Fact::Reload { taken: true });
        let mode = self.setup.settings.rules.mode;
        if self.state.mode != Some(mode) {
            draft.facts.push(Fact::Mode { mode });
        }
        if was_silent {
            self.ask_anew(draft);
        }
        let stays = |rep: &Person| self.setup.roster.reps().any(|person| person.id == rep.id);
        let left: Vec<PersonId> = old.roster.reps().filter(|rep| !stays(rep)).map(|rep| rep.id).collect();
        for rep in left {
            self.leave(rep, draft);
        }
        self.open_books();
        self.close_books(draft);
        draft.teams.extend(self.setup.roster.reps().filter_map(|rep| rep.manager));
        page(Ok(told))
    }

    /// Notes that a number is nobody any more, and lets go of what was known of them.
    pub(super) fn forget(&mut self, who: PersonId, hand: Hand, draft: &mut Draft) -> Page {
        let mut setup = Setup::clone(&self.setup);
        setup.directory.remove(who);
        self.setup = Rc::new(setup);
        draft.facts.push(Fact::Forgotten { who, hand });
        if self.state.reps.contains_key(&who) {
            draft.puts.push(Put::RepGone { rep: who });
        }
        page(Ok(format!(
            "Forgotten: nothing here tells any more who person {who} was. Backups made before still do: remove them \
             when their time is over."
        )))
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
        let ids = |kind: &str, what: &str, attempt: u32, round: u32, to: Option<PersonId>| {
            self.action_id(kind, what, attempt, round, to)
        };
        for series in state.series.values_mut() {
            let zone = self.setup.roster.get(series.manager).map(|known| known.zone.clone());
            let why = ReleaseWhy::RuleChanged;
            let (facts, rows) = crate::plan::series::release(series, zone.as_ref(), why, draft.now, &ids);
            draft.facts.extend(facts);
            draft.rows.extend(rows);
        }
        draft.puts.push(Put::RepGone { rep });
    }
}
