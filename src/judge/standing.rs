//! What standing series bring: how much of what a week owes they cover, which weeks a biweekly rule means, and the
//! sessions of a series that we booked and no calendar shows yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::calendar::{Picture, Sighting};
use crate::model::fact::SessionKey;
use crate::model::people::PersonId;
use crate::model::series::{Coverage, Series, SeriesStage, sessions};
use crate::model::state::{Expected, RepState, WeekState};
use crate::model::time::Week;
use crate::model::zone::Moment;

use super::cadence::{Standing, rule_for, sessions_due};
use super::sight::{WEEKS_AHEAD, recognise_any};
use super::{Judged, View};

/// Calendars that show what they hold, and not only when somebody is busy.
fn sides<'a>(view: &View<'a>) -> impl Iterator<Item = (PersonId, &'a Picture)> + use<'a> {
    let sides = [(view.manager.id, view.manager_picture), (view.rep.id, view.rep_picture)];
    let known = sides.into_iter().filter_map(|(owner, picture)| Some((owner, picture?)));
    known.filter(|(_, picture)| !picture.is_busy_only)
}

/// The sessions that series of the pair were to bring, cancelled ones too, by the start that the series gave each;
/// with the lineages that still have one from `from` on.
struct Shown {
    planned: BTreeMap<SessionKey, Moment>,
    alive: BTreeSet<String>,
}

impl Shown {
    /// `None`: no calendar tells, or one of the pair's series cannot be read.
    fn of(view: &View<'_>, state: &RepState, from: Moment) -> Option<Self> {
        let mut shown = Self { planned: BTreeMap::new(), alive: BTreeSet::new() };
        sides(view).next()?;
        for (owner, picture) in sides(view) {
            let is_unsure =
                |session: &Expected| session.recurs && picture.unsure.contains(&session.key.lineage);
            if state.sessions.values().any(is_unsure) {
                return None;
            }
            let of_pair = picture.sightings.iter().filter(|seen| {
                let party = &seen.kept.party;
                seen.recurs
                    && (party.people.contains(&view.rep.id) || !party.is_listed)
                    && recognise_any(view, seen, owner, picture.lists_attendees).is_some()
            });
            for seen in of_pair {
                if !seen.is_cancelled && seen.span.start >= from {
                    shown.alive.insert(seen.key.lineage.clone());
                }
                shown.planned.insert(seen.key.clone(), seen.key.rid.unwrap_or(seen.span.start));
            }
        }
        for session in state.sessions.values().filter(|session| session.is_awaited && !session.released) {
            shown.alive.insert(session.key.lineage.clone());
            shown.planned.insert(session.key.clone(), session.planned.start);
        }
        Some(shown)
    }

    fn in_week(&self, view: &View<'_>, week: Week) -> u32 {
        let of_week = self.planned.iter().filter(|(key, start)| {
            self.alive.contains(&key.lineage) && Week::of(**start, &view.rep.zone) == week
        });
        of_week.count() as u32
    }
}

/// How many sessions of a week standing series bring; one that is called off alone is brought all the same.
pub(super) fn covered(view: &View<'_>, state: &RepState, week: Week) -> Option<u32> {
    let from = week.span(&view.rep.zone).start;
    Some(Shown::of(view, state, from)?.in_week(view, week))
}

/// How far what the rule owes is covered, now and in the weeks before; `None` where nobody can tell, or nothing is
/// owed.
pub fn coverage(view: &View<'_>, state: &RepState) -> Option<Coverage> {
    if view.policy().series_after == 0 {
        return None;
    }
    let this = view.week();
    let every = i64::from(view.rule()?.every_weeks.max(1));
    let shown = Shown::of(view, state, view.now)?;
    let due = |week: Week| {
        let rule = rule_for(&view.rules.cadence, view.rep, week.monday())?;
        let owed = sessions_due(rule, view.rep, week, step(view, state, rule.every_weeks));
        (owed > 0).then_some((week, owed))
    };
    // Two of the weeks that owe something: what begins in the second of them is there.
    let coming: Vec<(Week, u32)> = (1..=2 * every).filter_map(|ahead| due(this.plus(ahead))).collect();
    let standing = coming.iter().map(|(week, _)| shown.in_week(view, *week)).max()?;
    let (first, owed) = *coming.first()?;
    Some(Coverage { weeks: running(view, state), standing, missing: owed.saturating_sub(standing), first })
}

/// For how many weeks running, up to the last, less stood in series than was owed. What was excused or left alone does
/// not count, and neither does a week that owed nothing.
fn running(view: &View<'_>, state: &RepState) -> u32 {
    let this = view.week();
    let mut expected = this.plus(-1);
    let mut weeks = 0;
    for (week, row) in state.weeks.range(..this).rev() {
        if *week != expected || row.manager != view.manager.id {
            break;
        }
        expected = week.plus(-1);
        if row.due == 0 || is_waived(state, *week, row) {
            continue;
        }
        if row.standing.is_none_or(|standing| standing >= row.due) {
            break;
        }
        weeks += 1;
    }
    weeks
}

fn is_waived(state: &RepState, week: Week, row: &WeekState) -> bool {
    row.excused > 0 || state.excused.contains(&week) || state.muted.contains(&week)
}

/// A week in which the pair's standing series of this interval comes (every week needs none): of the series that goes on, where there is one;
/// cancelled instances tell too.
pub(super) fn step(view: &View<'_>, state: &RepState, every: u32) -> Option<Standing> {
    if every <= 1 {
        return None;
    }
    let this = view.week().span(&view.rep.zone).start;
    let start = |sighting: &Sighting| sighting.key.rid.unwrap_or(sighting.span.start);
    let of_pair = |sighting: &&Sighting| {
        let people = &sighting.kept.party.people;
        let is_pair = people.len() == 2 && people.contains(&view.rep.id) && people.contains(&view.manager.id);
        sighting.every_weeks == Some(every) && (is_pair || sighting.kept.words.by_title == Some(view.rep.id))
    };
    let pictures = [view.manager_picture, view.rep_picture];
    let shown: Vec<&Sighting> =
        pictures.into_iter().flatten().flat_map(|picture| picture.sightings.iter().filter(of_pair)).collect();
    let coming =
        shown.iter().filter(|seen| start(seen) >= this).min_by_key(|seen| (seen.is_cancelled, start(seen)));
    let newest = || shown.iter().max_by_key(|seen| (!seen.is_cancelled, start(seen)));
    let ours = || {
        let booked =
            state.series.values().filter(|known| known.every_weeks == every).filter_map(Series::booked);
        booked.filter(|booked| !booked.is_seen).map(|booked| booked.first.start).next_back()
    };
    let anchor = coming.map(|seen| start(seen)).or_else(ours).or_else(|| newest().map(|seen| start(seen)))?;
    Some(Standing { every, anchor: Week::of(anchor, &view.rep.zone) })
}

/// Whether a sighting is of a series of ours that was taken back: whoever still shows it is late.
pub(super) fn is_taken_back(state: &RepState, key: &SessionKey) -> bool {
    state.series.values().any(|series| {
        series.stage == SeriesStage::Released
            && series.booking.as_ref().is_some_and(|booking| booking.uid == key.lineage)
    })
}

/// The sessions of this week and the next ones that series of ours bring while no calendar shows them. They stand:
/// clients hide invitations that nobody answered, and feeds lag.
pub(super) fn await_ours(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    let end = this.plus(WEEKS_AHEAD + 1).span(&view.rep.zone).start;
    let RepState { series, sessions: known, .. } = state;
    for series in series.values_mut() {
        let (every_weeks, last, manager) = (series.every_weeks, series.last, series.manager);
        let is_booked = series.stage == SeriesStage::Booked && manager == view.manager.id;
        let Some(booking) = series.booking.as_mut().filter(|booking| is_booked && !booking.is_seen) else {
            continue;
        };
        let lineage = booking.uid.clone();
        if is_shown(view, &lineage) {
            booking.is_seen = true;
            hand_over(view, known, &lineage);
            continue;
        }
        let Some(organizer) = view.roster.get(manager) else { continue };
        for span in sessions(&booking.first, every_weeks, last, &organizer.zone, end) {
            let week = Week::of(span.start, &view.rep.zone);
            let key = SessionKey { lineage: lineage.clone(), rid: Some(span.start) };
            if week >= this && !known.contains_key(&key) {
                let session = Expected {
                    recurs: true,
                    is_awaited: true,
                    first_seen: Some(view.now),
                    ..Expected::new(key.clone(), (manager, view.rep.id), week, span)
                };
                judged.facts.push(super::sight::session_fact(&session, view, None));
                known.insert(key, session);
            }
        }
    }
}

/// Whether a calendar shows anything of a lineage, or says that it is deleted.
fn is_shown(view: &View<'_>, lineage: &str) -> bool {
    sides(view).any(|(_, picture)| shows(picture, lineage) || picture.deleted.contains_key(lineage))
}

fn shows(picture: &Picture, lineage: &str) -> bool {
    picture.sightings.iter().any(|seen| seen.key.lineage == lineage)
}

/// Its sessions are those of any series from now on: where its calendar has none of them, they are gone.
fn hand_over(view: &View<'_>, known: &mut BTreeMap<SessionKey, Expected>, lineage: &str) {
    let holds = |owner: PersonId| {
        sides(view).any(|(of, picture)| {
            of == owner && (shows(picture, lineage) || picture.deleted.contains_key(lineage))
        })
    };
    let seen = (holds(view.manager.id), holds(view.rep.id));
    for session in known.values_mut().filter(|session| session.key.lineage == lineage && session.is_awaited) {
        session.is_awaited = false;
        session.seen = (session.seen.0 || seen.0, session.seen.1 || seen.1);
    }
}
