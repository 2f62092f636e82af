//! What vanished is paired with what appeared; what is still void after its settle time falls out; what stood
//! when its end passed was held.

use chrono::TimeDelta;

use crate::model::calendar::{Picture, Sighting};
use crate::model::fact::{CloseReason, Confidence, Evidence, Fact, Outcome, SessionKey, Side};
use crate::model::people::PersonId;
use crate::model::state::{Expected, Given, Pending, RepState, Void};
use crate::model::time::Week;
use crate::model::zone::Moment;

use super::{Judged, View};

/// A successor's first session may lie this far from the first one cut and still be the same series (V12).
const SUCCESSOR_DAYS: i64 = 7;
/// A cancellation with less warning is late (V37).
const LATE_HOURS: i64 = 24;
/// More than this many on a side are paired nearest first instead of by least total distance.
const PAIRED_EXACTLY: usize = 6;

/// Pairs, lets fall out, and writes `held`.
pub fn settle(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    pair(view, state, judged);
    for key in state.sessions.keys().cloned().collect::<Vec<_>>() {
        expire(view, state, &key, judged);
    }
    for session in state.sessions.values_mut() {
        hold(view, session, judged);
    }
}

/// When a session vanished, if it is one that a newcomer can stand in for: still settling, or fallen out already
/// with its week short (V15).
fn vanished(session: &Expected) -> Option<Moment> {
    if session.replaced_by.is_some() || session.ours.is_some() {
        return None;
    }
    match (&session.pending, &session.given) {
        (Some(Pending { void: Void::MovedOut { .. } | Void::Shortened { .. }, .. }), _) => None,
        (Some(pending), _) => Some(pending.since),
        (None, Some(given)) if stands_no_more(given.outcome) => Some(given.since),
        _ => None,
    }
}

fn stands_no_more(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Cancelled | Outcome::Declined | Outcome::Ended | Outcome::NotOneOnOne)
}

/// Whether `newcomer` may stand in for `lost`: of the same week (or the series' next, V12), and first seen no
/// earlier than one settle time before the other vanished.
fn may_replace(view: &View<'_>, lost: &Expected, since: Moment, newcomer: &Expected) -> bool {
    let is_new = newcomer.first_seen.is_some_and(|seen| seen >= since - view.policy().settle);
    let is_free = newcomer.ours.is_none()
        && !newcomer.is_new_time
        && newcomer.pending.is_none()
        && newcomer.given.is_none()
        && newcomer.replaced_by.is_none();
    let apart = (newcomer.span.start - lost.span.start).abs();
    let is_near = newcomer.week == lost.week
        || (lost.recurs
            && newcomer.recurs
            && lost.pending.is_some()
            && apart <= TimeDelta::days(SUCCESSOR_DAYS));
    is_new && is_free && is_near && newcomer.key != lost.key
}

/// How far apart two sessions are: time first, then length, then who invites.
fn distance(lost: &Expected, newcomer: &Expected) -> i64 {
    let other_week = if lost.week == newcomer.week { 0 } else { 100_000 };
    let inviter = if lost.organizer == newcomer.organizer { 0 } else { 30 };
    (newcomer.span.start - lost.span.start).num_minutes().abs()
        + (newcomer.span.length() - lost.span.length()).num_minutes().abs()
        + inviter
        + other_week
}

fn pair(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    let lost: Vec<(&Expected, Moment)> = state
        .sessions
        .values()
        .filter(|session| session.week >= this)
        .filter_map(|session| Some((session, vanished(session)?)))
        .collect();
    if lost.is_empty() {
        return;
    }
    let mut links: Vec<(usize, SessionKey, i64)> = Vec::new();
    for (at, (session, since)) in lost.iter().enumerate() {
        let fitting = state.sessions.values().filter(|other| may_replace(view, session, *since, other));
        links.extend(fitting.map(|other| (at, other.key.clone(), distance(session, other))));
    }
    let keys: Vec<SessionKey> = lost.iter().map(|(session, _)| session.key.clone()).collect();
    for (at, newcomer) in assign(&links, keys.len()) {
        join(view, state, &keys[at], &newcomer, judged);
    }
}

/// One to one, as many as can be, with the least total distance.
fn assign(links: &[(usize, SessionKey, i64)], lost: usize) -> Vec<(usize, SessionKey)> {
    if lost <= PAIRED_EXACTLY {
        return best(links, 0, lost, &mut Vec::new()).1;
    }
    let mut sorted: Vec<_> = links.iter().collect();
    sorted.sort_by_key(|(at, key, far)| (*far, *at, key.clone()));
    let mut out: Vec<(usize, SessionKey)> = Vec::new();
    for (at, key, _) in sorted {
        if !out.iter().any(|(other, taken)| other == at || taken == key) {
            out.push((*at, key.clone()));
        }
    }
    out
}

/// The best pairing of the vanished ones from `at` on: (pairs missing, total distance) is least.
fn best<'a>(
    links: &'a [(usize, SessionKey, i64)],
    at: usize,
    lost: usize,
    taken: &mut Vec<&'a SessionKey>,
) -> ((usize, i64), Vec<(usize, SessionKey)>) {
    if at == lost {
        return ((0, 0), Vec::new());
    }
    let (rest, pairs) = best(links, at + 1, lost, taken);
    let mut found = ((rest.0 + 1, rest.1), pairs);
    for (_, key, far) in links.iter().filter(|(of, ..)| *of == at) {
        if taken.contains(&key) {
            continue;
        }
        taken.push(key);
        let ((missing, total), mut pairs) = best(links, at + 1, lost, taken);
        taken.pop();
        if (missing, total + far) < found.0 {
            pairs.push((at, key.clone()));
            found = ((missing, total + far), pairs);
        }
    }
    found
}

/// `newcomer` stands in for `lost` from now on.
fn join(
    view: &View<'_>,
    state: &mut RepState,
    lost: &SessionKey,
    newcomer: &SessionKey,
    judged: &mut Judged,
) {
    let Some(new) = state.sessions.get(newcomer).cloned() else { return };
    let Some(old) = state.sessions.get_mut(lost) else { return };
    let same_time = old.span.start == new.span.start;
    let was_out = old.given.as_ref().is_some_and(|given| stands_no_more(given.outcome));
    if was_out {
        judged.revived.push((old.week, CloseReason::Rescheduled));
    }
    old.pending = None;
    old.replaced_by = Some(newcomer.clone());
    old.moves += 1;
    let moves = old.moves;
    old.given = (!same_time).then(|| Given {
        outcome: if old.week == new.week { Outcome::Rescheduled } else { Outcome::MovedOut },
        confidence: Confidence::Certain,
        by: None,
        at: view.now,
        since: view.now,
        late: false,
    });
    if let Some(given) = old.given.as_ref().filter(|_| old.week <= view.week().next()) {
        let evidence = vec![Evidence::ReplacedBy { start: new.span.start }];
        let fact = verdict(old, given, evidence, Some((old.span.start, new.span.start)));
        judged.facts.push(fact);
    }
    if let Some(new) = state.sessions.get_mut(newcomer) {
        new.is_weak = false;
        new.is_new_time = !same_time;
        new.moves = if same_time { 0 } else { moves };
    }
}

/// The fact of a verdict.
pub(super) fn verdict(
    session: &Expected,
    given: &Given,
    mut evidence: Vec<Evidence>,
    moved: Option<(Moment, Moment)>,
) -> Fact {
    if session.by_title {
        evidence.push(Evidence::ByTitle);
    }
    Fact::Verdict {
        rep: session.rep,
        manager: session.manager,
        week: session.week,
        session: session.key.clone(),
        verdict: given.outcome,
        by: given.by,
        confidence: if session.by_title {
            given.confidence.min(Confidence::Likely)
        } else {
            given.confidence
        },
        evidence,
        late: given.late,
        from: moved.map(|(from, _)| from),
        to: moved.map(|(_, to)| to),
        moves: session.moves,
    }
}

/// Lets a session fall out once its settle time is over.
fn expire(view: &View<'_>, state: &mut RepState, key: &SessionKey, judged: &mut Judged) {
    let Some(session) = state.sessions.get(key) else { return };
    let Some(pending) = session.pending.clone() else { return };
    if session.week > view.week().next() {
        return;
    }
    let ready = ready_at(view, session, &pending);
    let answered = answered_at(view, session);
    // Missing from two answers in a row: the newest good one is later than the one that showed it first.
    if answered < ready || answered <= pending.since {
        judged.look_at(ready);
        return;
    }
    let ends_series = session.recurs && pending.void.is_gone() && !series_goes_on(view, session);
    let said_already = ends_series
        && state.sessions.values().any(|other| {
            other.key != *key
                && other.key.lineage == key.lineage
                && other.given.as_ref().is_some_and(|given| given.outcome == Outcome::Ended)
        });
    let Some(session) = state.sessions.get_mut(key) else { return };
    session.pending = None;
    let (given, evidence) = fallen(view, session, &pending, ends_series);
    let moved = match pending.void {
        Void::MovedOut { to } => Some((session.span.start, to)),
        _ => None,
    };
    // A series that ended is said once; its other sessions only fall out.
    if !said_already {
        judged.facts.push(verdict(session, &given, evidence, moved));
    }
    session.given = Some(given);
}

/// When the settle time (or the lag of the other side) is over; the session's start, if that comes sooner.
fn ready_at(view: &View<'_>, session: &Expected, pending: &Pending) -> Moment {
    let wait = match pending.void {
        Void::GoneOne { .. } => view.policy().lag,
        _ => view.policy().settle,
    };
    let over = pending.since + wait;
    if session.span.start > pending.since { over.min(session.span.start) } else { over }
}

/// When the calendars that ever showed the session last gave a good answer.
fn answered_at(view: &View<'_>, session: &Expected) -> Moment {
    let manager = if session.manager == view.manager.id {
        view.manager_picture
    } else {
        view.other_pictures.iter().find(|(person, _)| *person == session.manager).map(|(_, picture)| *picture)
    };
    let answered = |(seen, picture): (bool, Option<&Picture>)| match picture {
        _ if !seen => None,
        Some(picture) if picture.is_current => Some(view.now.min(picture.at)),
        Some(picture) => Some(picture.at),
        // Not read since the start: nothing settles on it.
        None => Some(Moment::MIN_UTC),
    };
    let answers = [(session.seen.0, manager), (session.seen.1, view.rep_picture)];
    answers.into_iter().filter_map(answered).min().unwrap_or(view.now)
}

/// Whether the series has sessions left besides this one.
fn series_goes_on(view: &View<'_>, session: &Expected) -> bool {
    let later = |sighting: &&Sighting| {
        sighting.key.lineage == session.key.lineage
            && sighting.key != session.key
            && !sighting.is_cancelled
            && sighting.span.start > view.now.min(session.span.start)
    };
    let pictures: [Option<&Picture>; 2] = [view.manager_picture, view.rep_picture];
    pictures.into_iter().flatten().any(|picture| picture.sightings.iter().any(|sighting| later(&sighting)))
}

/// What fell out, how sure that is, and why.
fn fallen(
    view: &View<'_>,
    session: &Expected,
    pending: &Pending,
    ends_series: bool,
) -> (Given, Vec<Evidence>) {
    use Confidence::{Certain, Likely, Unsure};
    let since = pending.since;
    let gone = if ends_series { Outcome::Ended } else { Outcome::Cancelled };
    let (outcome, by, confidence, mut evidence): (_, Option<PersonId>, _, _) = match pending.void {
        _ if pending.void.is_gone() && since >= session.span.start => {
            (gone, None, Unsure, vec![Evidence::NotWatched { since }])
        }
        Void::Marked { side } => (gone, None, Certain, vec![Evidence::MarkedCancelled { side }]),
        Void::GoneBoth => {
            let both = session.seen == (true, true);
            (gone, None, if both { Certain } else { Likely }, vec![Evidence::GoneFromBoth { since }])
        }
        Void::GoneOne { side } => {
            let who = if side == Side::Manager { session.manager } else { session.rep };
            (Outcome::Declined, Some(who), Likely, vec![Evidence::GoneFromOne { side, since }])
        }
        Void::Declined { who } => (Outcome::Declined, Some(who), Certain, vec![Evidence::Declined { who }]),
        Void::NotInvited { who } => (Outcome::Cancelled, None, Certain, vec![Evidence::NotInvited { who }]),
        Void::MovedOut { to } => {
            (Outcome::MovedOut, None, Certain, vec![Evidence::Moved { from: session.span.start, to }])
        }
        Void::Shortened { minutes, least } => {
            (Outcome::Shortened, None, Certain, vec![Evidence::Shorter { minutes, least }])
        }
        Void::Guests { colleagues, outside } => {
            (Outcome::NotOneOnOne, None, Certain, vec![Evidence::Guests { colleagues, outside }])
        }
    };
    if outcome == Outcome::Ended {
        evidence.push(Evidence::SeriesEnded);
    }
    let is_lost = matches!(outcome, Outcome::Cancelled | Outcome::Ended | Outcome::Declined);
    let late = is_lost && session.span.start - since < TimeDelta::hours(LATE_HOURS);
    (Given { outcome, confidence, by, at: view.now, since, late }, evidence)
}

/// Writes `held` once the end of a session that stands has passed.
fn hold(view: &View<'_>, session: &mut Expected, judged: &mut Judged) {
    let is_recent =
        session.week.next() >= view.week() || Week::of(session.span.start, &view.rep.zone) == view.week();
    let stands =
        session.stands() || session.counts_in(view.week(), Week::of(session.span.start, &view.rep.zone));
    // A calendar that carries it and was not read since the start may say otherwise.
    let is_known = answered_at(view, session) > Moment::MIN_UTC;
    if session.held
        || !is_known
        || session.released
        || session.pending.is_some()
        || !stands
        || session.span.end > view.now
        || !is_recent
    {
        return;
    }
    session.held = true;
    let given = Given {
        outcome: Outcome::Held,
        confidence: Confidence::Likely,
        by: None,
        at: view.now,
        since: view.now,
        late: false,
    };
    judged.facts.push(verdict(session, &given, vec![Evidence::StoodAtEnd], None));
}
