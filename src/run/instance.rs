//! A team's week as the planner sees it: numbers alone, for whoever has a case that is hard.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Daemon;
use super::decide::members;
use crate::model::calendar::Diary;
use crate::model::people::{Person, PersonId};
use crate::model::state::RepState;
use crate::plan::recover::tables;
use crate::tell::whom::whom;

impl Daemon {
    /// What is open of the team of this manager, or of this rep's manager: a planning instance (docs/plan-format.md), with people
    /// as numbers that mean nothing elsewhere.
    pub(super) fn instance(&mut self, who: &str) -> Result<String, String> {
        let setup = Rc::clone(&self.setup);
        let who = whom(who, &setup.roster, &setup.directory)?;
        let leads = |who: PersonId| setup.roster.reports(who).next().is_some();
        let lead = if leads(who) { Some(who) } else { setup.roster.get(who).and_then(|rep| rep.manager) };
        let Some(manager) = lead.and_then(|lead| setup.roster.get(lead)) else {
            return Err("failed to plan for them: nobody reports to them, and they to nobody".to_owned());
        };
        let now = self.world.clock.now();
        let dirty = self.dirty.clone();
        let mut draft = self.draft(now);
        self.dirty = dirty;
        let reps: Vec<&Person> = setup.roster.reports(manager.id).collect();
        let people = std::iter::once(manager).chain(reps.iter().copied());
        let diaries: BTreeMap<PersonId, Diary> =
            people.map(|person| (person.id, self.diary(person, now))).collect();
        let holds = self.holds(manager, &reps, &mut draft);
        let mode = setup.settings.rules.mode;
        let desk = self.desk(&setup, (now, mode), &diaries, &holds, &|_, _, _, _, _| String::new());
        let state = |rep: &Person| self.state.reps.get(&rep.id).cloned().unwrap_or_default();
        let mut states: Vec<(&Person, RepState)> = reps.iter().map(|rep| (*rep, state(rep))).collect();
        let tables = tables(&desk, manager, &members(&desk, &mut states));
        match tables.as_slice() {
            [] => Err(format!("failed to export a plan: nothing of the team of {} is open", manager.name)),
            [table, ..] => {
                serde_json::to_string(table).map_err(|error| format!("failed to write the plan: {error}"))
            }
        }
    }
}
