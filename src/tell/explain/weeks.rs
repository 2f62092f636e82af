//! The facts about one person, or about everybody, gathered by week: what `explain` prints and shows.

use std::collections::{BTreeMap, BTreeSet};

use super::line;
use crate::model::fact::Fact;
use crate::model::people::PersonId;
use crate::model::time::Week;
use crate::model::zone::{Moment, Zone};
use crate::tell::names::People;

/// What is collected of the weeks that were asked for.
#[derive(Debug, Clone, Default)]
pub struct Weeks {
    /// Whom it is about; `None`: everybody.
    who: Option<PersonId>,
    /// Lines, oldest first.
    lines: BTreeMap<Week, Vec<String>>,
    /// Whose manager is whom, as the ledger said last.
    managers: BTreeMap<PersonId, PersonId>,
}

impl Weeks {
    /// Collects these weeks of somebody, or of everybody. `managers` is what the roster says now.
    pub fn new(who: Option<PersonId>, weeks: &[Week], managers: BTreeMap<PersonId, PersonId>) -> Self {
        Self { who, lines: weeks.iter().map(|week| (*week, Vec::new())).collect(), managers }
    }

    /// Takes one fact of the ledger, in its order. Times are told in `zone`.
    pub fn take(&mut self, at: Moment, fact: &Fact, people: &dyn People, zone: &Zone) {
        let about = About::of(fact);
        if let (Some(rep), Some(manager)) = (about.rep, about.manager) {
            self.managers.insert(rep, manager);
        }
        let manager = about.rep.and_then(|rep| self.managers.get(&rep).copied());
        let concerned: BTreeSet<PersonId> =
            [about.rep, about.manager, about.reader, manager].into_iter().flatten().collect();
        if self.who.is_some_and(|who| !concerned.contains(&who)) {
            return;
        }
        let week = about.week.unwrap_or_else(|| Week::of(at, zone));
        let Some(lines) = self.lines.get_mut(&week) else { return };
        lines.extend(line(at, fact, people, zone));
    }

    /// Who manages somebody, as the ledger said last.
    pub fn manager_of(&self, who: PersonId) -> Option<PersonId> {
        self.managers.get(&who).copied()
    }

    /// The weeks with their lines, oldest first.
    pub fn weeks(&self) -> impl DoubleEndedIterator<Item = (&Week, &Vec<String>)> {
        self.lines.iter()
    }
}

/// Whether a fact is about somebody, or was sent to them or said by them.
pub fn concerns(fact: &Fact, who: PersonId) -> bool {
    let about = About::of(fact);
    [about.rep, about.manager, about.reader].contains(&Some(who))
}

/// Whom and which week a fact is about.
#[derive(Default)]
struct About {
    rep: Option<PersonId>,
    manager: Option<PersonId>,
    reader: Option<PersonId>,
    week: Option<Week>,
}

impl About {
    fn of(fact: &Fact) -> Self {
        let pair = |rep: PersonId, manager: PersonId, week: Week| Self {
            rep: Some(rep),
            manager: Some(manager),
            week: Some(week),
            reader: None,
        };
        match fact {
            Fact::Due { rep, week, .. } => Self { rep: Some(*rep), week: Some(*week), ..Self::default() },
            Fact::Session { rep, manager, week, .. }
            | Fact::Verdict { rep, manager, week, .. }
            | Fact::Recovery { rep, manager, week, .. }
            | Fact::Week { rep, manager, week, .. } => pair(*rep, *manager, *week),
            Fact::Escalated { rep, manager, week, to, .. } => {
                Self { reader: Some(*to), ..pair(*rep, *manager, *week) }
            }
            Fact::Proposed { recovery, to, .. } => {
                Self { rep: Some(recovery.rep), week: Some(recovery.week), reader: Some(*to), manager: None }
            }
            Fact::Booked { recovery, .. }
            | Fact::Released { recovery, .. }
            | Fact::FellBack { recovery, .. }
            | Fact::NoSlot { recovery, .. } => {
                Self { rep: Some(recovery.rep), week: Some(recovery.week), ..Self::default() }
            }
            Fact::Answer { who, recovery, .. } => Self {
                rep: recovery.map(|recovery| recovery.rep),
                week: recovery.map(|recovery| recovery.week),
                reader: Some(*who),
                manager: None,
            },
            Fact::Series { rep, manager, .. } => {
                Self { rep: Some(*rep), manager: Some(*manager), ..Self::default() }
            }
            Fact::Overlap { who, rep, manager, .. } => {
                Self { rep: Some(*rep), manager: Some(*manager), reader: Some(*who), week: None }
            }
            Fact::Excused { rep, week, .. } | Fact::Confirmed { rep, week, .. } => {
                Self { rep: Some(*rep), week: Some(*week), ..Self::default() }
            }
            Fact::Muted { who, week, .. } => {
                Self { reader: Some(*who), week: Some(*week), ..Self::default() }
            }
            Fact::Subscription { who, .. } | Fact::Forgotten { who, .. } => {
                Self { reader: Some(*who), ..Self::default() }
            }
            Fact::Mail { to, .. } | Fact::MailRefused { to, .. } | Fact::MailDropped { to, .. } => {
                Self { reader: Some(*to), ..Self::default() }
            }
            Fact::Source { calendar, .. } | Fact::AcceptedSource { calendar, .. } => {
                Self { reader: Some(calendar.owner), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}
