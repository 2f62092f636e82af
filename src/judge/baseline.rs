//! The weeks before Drumbeat ran, as far as calendars remember them: a baseline for the report, marked as such.
//!
//! A calendar shows what stands, not what was deleted, so it says how much took place and not what fell out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::Partstat;
use crate::model::fact::{SessionKey, WeekCounts};
use crate::model::time::Week;

use super::View;
use super::cadence::{rule_for, sessions_due};
use super::sight::recognise;

/// The `weeks` before `until` (the week in which watching began), from the first in which a 1-on-1 of the pair is
/// remembered. The view's pictures must reach that far back.
pub fn baseline(view: &View<'_>, until: Week, weeks: u32) -> BTreeMap<Week, WeekCounts> {
    let stood = stood(view);
    let known: BTreeMap<Week, u32> = (1..=i64::from(weeks))
        .map(|back| until.plus(-back))
        .map(|week| (week, stood.get(&week).map_or(0, |keys| keys.len() as u32)))
        .collect();
    let due = |week: Week| {
        rule_for(&view.rules.cadence, view.rep, week.monday())
            .map_or(0, |rule| sessions_due(rule, view.rep, week, None))
    };
    let counts = |(week, stood): (Week, u32)| {
        let due = due(week);
        let held = stood.min(due);
        (week, WeekCounts { due, held, missed: due - held, ..WeekCounts::default() })
    };
    known.into_iter().skip_while(|(_, stood)| *stood == 0).map(counts).collect()
}

/// The pair's sessions that neither calendar shows as called off and nobody declined, by week.
fn stood(view: &View<'_>) -> BTreeMap<Week, BTreeSet<SessionKey>> {
    let sides = [(view.manager, view.manager_picture), (view.rep, view.rep_picture)];
    let pictures = sides.into_iter().filter_map(|(owner, picture)| Some((owner.id, picture?)));
    let mut off: BTreeSet<SessionKey> = BTreeSet::new();
    let mut found: BTreeMap<Week, BTreeSet<SessionKey>> = BTreeMap::new();
    for (owner, picture) in pictures {
        for seen in &picture.sightings {
            let says_no = |who| seen.kept.party.answers.get(&who) == Some(&Partstat::Declined);
            if seen.is_cancelled || says_no(view.rep.id) || says_no(view.manager.id) {
                off.insert(seen.key.clone());
            } else if recognise(view, seen, owner, picture.lists_attendees).is_some() {
                let week = Week::of(seen.span.start, &view.rep.zone);
                found.entry(week).or_default().insert(seen.key.clone());
            }
        }
    }
    for keys in found.values_mut() {
        keys.retain(|key| !off.contains(key));
    }
    found
}
