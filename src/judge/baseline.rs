//! The weeks before Drumbeat ran, as far as calendars remember them: a baseline for the report, marked as such.
//!
//! A calendar shows what stands and what it marks as called off, not what was deleted: it says how much took place, and
//! of what fell out only a part.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::Partstat;
use crate::model::fact::{SessionKey, WeekCounts};
use crate::model::time::Week;

use super::View;
use super::cadence::{rule_for, sessions_due};
use super::sight::recognise_any;

/// The `weeks` before `until` (the week in which watching began), from the first in which a 1-on-1 of the pair is
/// remembered. The view's pictures must reach that far back.
pub fn baseline(view: &View<'_>, until: Week, weeks: u32) -> BTreeMap<Week, WeekCounts> {
    let shown = shown(view);
    let known: BTreeMap<Week, Shown> = (1..=i64::from(weeks))
        .map(|back| until.plus(-back))
        .map(|week| (week, shown.get(&week).copied().unwrap_or_default()))
        .collect();
    let due = |week: Week| {
        rule_for(&view.rules.cadence, view.rep, week.monday())
            .map_or(0, |rule| sessions_due(rule, view.rep, week, None))
    };
    let counts = |(week, shown): (Week, Shown)| {
        let due = due(week);
        let held = shown.stood.min(due);
        let scheduled = (shown.stood + shown.off).min(due);
        (week, WeekCounts { due, scheduled, held, missed: due - held, ..WeekCounts::default() })
    };
    known.into_iter().skip_while(|(_, shown)| shown.stood == 0).map(counts).collect()
}

/// The pair's sessions of a week: those that stand, and those that are shown as called off or declined.
#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    stood: u32,
    off: u32,
}

/// What both calendars show of the pair's sessions, by week. Off in one is off.
fn shown(view: &View<'_>) -> BTreeMap<Week, Shown> {
    let sides = [(view.manager, view.manager_picture), (view.rep, view.rep_picture)];
    let pictures = sides.into_iter().filter_map(|(owner, picture)| Some((owner.id, picture?)));
    let mut off: BTreeSet<SessionKey> = BTreeSet::new();
    let mut found: BTreeMap<SessionKey, Week> = BTreeMap::new();
    for (owner, picture) in pictures {
        for seen in &picture.sightings {
            let says_no = |who| seen.kept.party.answers.get(&who) == Some(&Partstat::Declined);
            if seen.is_cancelled || says_no(view.rep.id) || says_no(view.manager.id) {
                off.insert(seen.key.clone());
            }
            if recognise_any(view, seen, owner, picture.lists_attendees).is_some() {
                found.insert(seen.key.clone(), Week::of(seen.span.start, &view.rep.zone));
            }
        }
    }
    let mut weeks: BTreeMap<Week, Shown> = BTreeMap::new();
    for (key, week) in found {
        let shown = weeks.entry(week).or_default();
        *(if off.contains(&key) { &mut shown.off } else { &mut shown.stood }) += 1;
    }
    weeks
}
