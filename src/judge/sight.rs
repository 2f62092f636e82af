//! What the calendars of both sides show of a rep's sessions: the first step of the judge.
//!
//! Copies are merged by UID lineage and RECURRENCE-ID. What is new is remembered; what no longer stands is noted
//! with the instant at which that was first seen. Nothing is decided here about what fell out.

use std::collections::BTreeMap;

use crate::model::calendar::{Diary, Fill, Picture, Sighting};
use crate::model::event::Partstat;
use crate::model::fact::{
    CloseReason, Confidence, Evidence, Fact, Outcome, Risk, SessionKey, SessionState, Side,
};
use crate::model::people::{Person, PersonId};
use crate::model::state::{Expected, Given, Overlap, Pending, RepState, Void};
use crate::model::time::{Week, covered};

use super::copies::{ByKey, Copy, Off, by_key, copy, freshness};
use super::standing::is_taken_back;
use super::{Judged, View};

/// Weeks ahead of this one whose sessions are remembered: two, so that none is new in the week it is judged.
pub(super) const WEEKS_AHEAD: i64 = 2;

/// Takes in what both calendars show.
pub fn sight(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let manager_side = view.manager_picture.map(by_key);
    let rep_side = view.rep_picture.map(by_key);
    let others: BTreeMap<PersonId, ByKey<'_>> =
        view.other_pictures.iter().map(|(person, picture)| (*person, by_key(picture))).collect();
    for session in state.sessions.values_mut() {
        if session.released || is_over(session, view) {
            continue;
        }
        let side = if session.manager == view.manager.id {
            manager_side.as_ref()
        } else {
            others.get(&session.manager)
        };
        let copies = (copy(side, &session.key), copy(rep_side.as_ref(), &session.key));
        update(view, session, copies, judged);
    }
    let in_view = state.in_view;
    for mut newcomer in newcomers(view, state) {
        // What was not looked at before is not new for being seen now.
        newcomer.first_seen =
            newcomer.first_seen.filter(|_| in_view.is_some_and(|last| newcomer.week <= last));
        judged.facts.push(session_fact(&newcomer, view, None));
        state.sessions.insert(newcomer.key.clone(), newcomer);
    }
    if view.is_known() {
        state.in_view = Some(view.week().plus(WEEKS_AHEAD));
    }
}

/// What is past and settled is history, and history is not rewritten.
fn is_over(session: &Expected, view: &View<'_>) -> bool {
    let fell = session.given.as_ref().is_some_and(|given| given.outcome != Outcome::Rescheduled);
    session.span.end <= view.now && (session.held || fell || session.replaced_by.is_some())
}

/// How well an event is known as the pair's 1-on-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// A single event of the two whose title says nothing: counts only in place of one that vanished.
    Weakly,
    /// By its title, in a feed that lists no attendees.
    ByTitle,
    /// Exactly the two, and it recurs or its title says so.
    Well,
}

/// Whether an event in `owner`'s calendar that stands is a 1-on-1 of the pair.
fn recognise(view: &View<'_>, sighting: &Sighting, owner: PersonId, lists_attendees: bool) -> Option<Known> {
    if sighting.is_cancelled { None } else { recognise_any(view, sighting, owner, lists_attendees) }
}

/// Whether an event in `owner`'s calendar is a 1-on-1 of the pair, or was before it was called off (DESIGN.md, "Recognising
/// the 1-on-1").
pub(super) fn recognise_any(
    view: &View<'_>,
    sighting: &Sighting,
    owner: PersonId,
    lists_attendees: bool,
) -> Option<Known> {
    let (kept, rep, manager) = (&sighting.kept, view.rep.id, view.manager.id);
    let length = sighting.span.length();
    let fits =
        length <= view.rules.sessions.longest && view.rule().is_none_or(|rule| length >= rule.shortest);
    if sighting.is_all_day || kept.words.is_never || !fits {
        return None;
    }
    if !kept.party.is_listed && !lists_attendees {
        let of_manager = owner == manager && kept.words.by_title == Some(rep);
        let of_rep = owner == rep && kept.words.is_session && kept.words.names.contains(&manager);
        return (of_manager || of_rep).then_some(Known::ByTitle);
    }
    if !(kept.party.people.contains(&rep) && kept.party.people.contains(&manager)) {
        return None;
    }
    let is_named = kept.words.names.contains(&rep) || kept.words.names.contains(&manager);
    match guests(view, sighting) {
        Some((0, 0)) if sighting.recurs || kept.words.is_session || is_named => Some(Known::Well),
        Some((0, 0)) => Some(Known::Weakly),
        Some((colleagues, 0)) if kept.words.is_session && colleagues <= view.policy().guests => {
            Some(Known::Well)
        }
        _ => None,
    }
}

/// How many colleagues and outsiders take part beside the pair; `None` where the leader is among them.
fn guests(view: &View<'_>, sighting: &Sighting) -> Option<(u32, u32)> {
    let party = &sighting.kept.party;
    let pair = [view.rep.id, view.manager.id];
    let is_led = view.manager.manager.is_some_and(|leader| party.people.contains(&leader));
    let others = party.people.iter().filter(|person| !pair.contains(person)).count() as u32;
    (!is_led).then_some((others + party.colleagues, party.outside))
}

/// Sessions of this week and the next ones that were not known yet.
fn newcomers(view: &View<'_>, state: &RepState) -> Vec<Expected> {
    let this = view.week();
    let sides = [(view.manager, view.manager_picture), (view.rep, view.rep_picture)];
    let mut found: BTreeMap<SessionKey, Expected> = BTreeMap::new();
    for (owner, picture) in sides {
        let Some(picture) = picture else { continue };
        for sighting in &picture.sightings {
            let week = Week::of(sighting.span.start, &view.rep.zone);
            let is_known =
                || state.sessions.contains_key(&sighting.key) || is_taken_back(state, &sighting.key);
            if week < this || week > this.plus(WEEKS_AHEAD) || is_known() {
                continue;
            }
            let Some(known) = recognise(view, sighting, owner.id, picture.lists_attendees) else { continue };
            match found.get_mut(&sighting.key) {
                Some(seen) => seen_too(seen, owner.id, known),
                None => {
                    found.insert(sighting.key.clone(), expected(view, sighting, owner.id, known, picture));
                }
            }
        }
    }
    for session in found.values_mut() {
        // A copy that is not recognised by itself (its feed lists no attendees) is a copy all the same.
        session.seen.0 |= view.manager_picture.is_some_and(|picture| shows(picture, &session.key));
        session.seen.1 |= view.rep_picture.is_some_and(|picture| shows(picture, &session.key));
    }
    found.into_values().collect()
}

fn shows(picture: &Picture, key: &SessionKey) -> bool {
    picture.sightings.iter().any(|sighting| sighting.key == *key && !sighting.is_cancelled)
}

fn seen_too(session: &mut Expected, owner: PersonId, known: Known) {
    if owner == session.rep {
        session.seen.1 = true;
    } else {
        session.seen.0 = true;
    }
    session.is_weak &= known == Known::Weakly;
    session.by_title &= known == Known::ByTitle;
}

fn expected(
    view: &View<'_>,
    sighting: &Sighting,
    owner: PersonId,
    known: Known,
    picture: &Picture,
) -> Expected {
    let pair = (view.manager.id, view.rep.id);
    let week = Week::of(sighting.span.start, &view.rep.zone);
    Expected {
        recurs: sighting.recurs,
        first_seen: (!picture.is_first).then_some(view.now),
        seen: (owner == view.manager.id, owner == view.rep.id),
        organizer: organizer_side(view, sighting),
        by_title: known == Known::ByTitle,
        is_weak: known == Known::Weakly,
        stood: sighting.span.start <= view.now,
        ..Expected::new(sighting.key.clone(), pair, week, sighting.span)
    }
}

fn organizer_side(view: &View<'_>, sighting: &Sighting) -> Option<Side> {
    let organizer = sighting.kept.party.organizer?;
    match organizer {
        _ if organizer == view.manager.id => Some(Side::Manager),
        _ if organizer == view.rep.id => Some(Side::Rep),
        _ => None,
    }
}

/// The fact that a session stands, or is at risk.
pub(super) fn session_fact(session: &Expected, view: &View<'_>, why: Option<Risk>) -> Fact {
    Fact::Session {
        rep: session.rep,
        manager: session.manager,
        week: Week::of(session.span.start, &view.rep.zone),
        session: session.key.clone(),
        start: session.span.start,
        end: session.span.end,
        state: if why.is_some() { SessionState::AtRisk } else { SessionState::Scheduled },
        why,
    }
}

/// What the copies of a known session amount to.
enum Sight<'a> {
    /// It stands, as this copy shows.
    Stands(&'a Sighting),
    /// It is ours and nobody's calendar has shown it yet: it stands (clients hide unanswered invitations).
    Unseen,
    /// It does not stand; with what says so, if anything does.
    Void(Void, Option<Off<'a>>),
    /// Nobody can tell now.
    Unknown,
}

fn update(view: &View<'_>, session: &mut Expected, copies: (Copy<'_>, Copy<'_>), judged: &mut Judged) {
    if copies.0.live().is_some() {
        session.seen.0 = true;
    }
    if copies.1.live().is_some() {
        session.seen.1 = true;
    }
    match look(view, session, copies) {
        Sight::Stands(sighting) => {
            session.organizer = organizer_side(view, sighting).or(session.organizer);
            stand(view, session, sighting, judged);
            risks(view, session, Some(sighting), judged);
        }
        Sight::Unseen => {
            risks(view, session, None, judged);
            judged.look_at(session.span.end);
        }
        Sight::Void(void, off) => fall(view, session, void, off),
        Sight::Unknown => {}
    }
}

fn look<'a>(view: &View<'_>, session: &Expected, copies: (Copy<'a>, Copy<'a>)) -> Sight<'a> {
    if (session.ours.is_some() || session.is_awaited) && session.seen == (false, false) {
        return unseen(copies);
    }
    // A calendar that never showed it says nothing by not showing it.
    let manager = if session.seen.0 { copies.0 } else { Copy::Unknown };
    let rep = if session.seen.1 { copies.1 } else { Copy::Unknown };
    match (manager.live(), rep.live()) {
        (None, None) => gone(session, manager, rep),
        (one, other) => {
            let fresh = match (one, other) {
                (Some(one), Some(other)) if freshness(other) > freshness(one) => other,
                (Some(one), _) => one,
                (None, Some(other)) => other,
                (None, None) => unreachable!("covered by the arm above"),
            };
            match standing_void(view, session, (manager, rep), fresh) {
                Some(void) => Sight::Void(void, Some(Off::from(fresh))),
                None => Sight::Stands(fresh),
            }
        }
    }
}

/// A booking of ours that no calendar showed yet stands, unless one says that it was deleted.
fn unseen<'a>((manager, rep): (Copy<'a>, Copy<'a>)) -> Sight<'a> {
    match (manager, rep) {
        (Copy::Marked(off), _) => Sight::Void(Void::Marked { side: Side::Manager }, Some(off)),
        (_, Copy::Marked(off)) => Sight::Void(Void::Marked { side: Side::Rep }, Some(off)),
        _ => Sight::Unseen,
    }
}

/// No copy is live.
fn gone<'a>(session: &Expected, manager: Copy<'a>, rep: Copy<'a>) -> Sight<'a> {
    let unknown = |seen: bool, copy: Copy<'_>| seen && matches!(copy, Copy::Unknown);
    match (unknown(session.seen.0, manager), unknown(session.seen.1, rep)) {
        (true, _) if !rep.is_gone() => return Sight::Unknown,
        (_, true) if !manager.is_gone() => return Sight::Unknown,
        // What is unknown stands as it was last known; nothing settles before it is known again.
        (true, _) => return Sight::Void(Void::GoneOne { side: Side::Rep }, None),
        (_, true) => return Sight::Void(Void::GoneOne { side: Side::Manager }, None),
        (false, false) => {}
    }
    match (manager, rep) {
        (Copy::Marked(manager), Copy::Marked(rep)) if session.organizer == Some(Side::Rep) => {
            Sight::Void(Void::Marked { side: Side::Rep }, Some(rep.or_when(manager)))
        }
        (Copy::Marked(manager), Copy::Marked(rep)) => {
            Sight::Void(Void::Marked { side: Side::Manager }, Some(manager.or_when(rep)))
        }
        (Copy::Marked(off), _) => Sight::Void(Void::Marked { side: Side::Manager }, Some(off)),
        (_, Copy::Marked(off)) => Sight::Void(Void::Marked { side: Side::Rep }, Some(off)),
        _ => Sight::Void(Void::GoneBoth, None),
    }
}

/// Why a session with a live copy does not stand, if it does not.
fn standing_void(
    view: &View<'_>,
    session: &Expected,
    (manager, rep): (Copy<'_>, Copy<'_>),
    fresh: &Sighting,
) -> Option<Void> {
    let party = &fresh.kept.party;
    if !session.by_title && party.is_listed && !party.people.is_empty() {
        let missing = [session.rep, session.manager].into_iter().find(|who| !party.people.contains(who));
        if let Some(who) = missing {
            return Some(Void::NotInvited { who });
        }
    }
    if let Some(who) =
        [session.rep, session.manager].into_iter().find(|who| declined(*who, session, manager, rep))
    {
        return Some(Void::Declined { who });
    }
    let gone_side = match (manager.is_gone(), rep.is_gone()) {
        (true, _) => Some((Side::Manager, manager)),
        (_, true) => Some((Side::Rep, rep)),
        _ => None,
    };
    if let Some((side, copy)) = gone_side {
        let decides = session.organizer == Some(side) && matches!(copy, Copy::Marked(_));
        return Some(if decides { Void::Marked { side } } else { Void::GoneOne { side } });
    }
    shape_void(view, session, fresh)
}

/// It is there for both, but not as the 1-on-1 it was.
fn shape_void(view: &View<'_>, session: &Expected, fresh: &Sighting) -> Option<Void> {
    if Week::of(fresh.span.start, &view.rep.zone) != session.week {
        return Some(Void::MovedOut { to: fresh.span.start });
    }
    if !session.by_title {
        match guests(view, fresh) {
            Some((colleagues, 0)) if colleagues <= view.policy().guests => {}
            counted => {
                let (colleagues, outside) = counted.unwrap_or((1, 0));
                return Some(Void::Guests { colleagues, outside });
            }
        }
    }
    let least = view.rule()?.shortest;
    let length = fresh.span.length();
    (length < least).then(|| Void::Shortened { minutes: length.num_minutes(), least: least.num_minutes() })
}

/// Whether a person's newest answer is no: the newer copy decides, and of equal ones their own.
fn declined(who: PersonId, session: &Expected, manager: Copy<'_>, rep: Copy<'_>) -> bool {
    let (own, other) = if who == session.rep { (rep, manager) } else { (manager, rep) };
    let answer = |copy: Copy<'_>| {
        let sighting = copy.live()?;
        Some((sighting.kept.modified, *sighting.kept.party.answers.get(&who)?))
    };
    let newest = match (answer(own), answer(other)) {
        (Some(own), Some(other)) if other.0 > own.0 => other.1,
        (Some(own), _) => own.1,
        (None, Some(other)) => other.1,
        (None, None) => return false,
    };
    newest == Partstat::Declined
}

/// It stands, perhaps at another time, perhaps again.
fn stand(view: &View<'_>, session: &mut Expected, sighting: &Sighting, judged: &mut Judged) {
    session.pending = None;
    let came_back = session.given.as_ref().map(|given| given.outcome);
    if came_back.is_some_and(|outcome| !matches!(outcome, Outcome::Held | Outcome::Rescheduled)) {
        let moved_back = came_back == Some(Outcome::MovedOut);
        let reason = if moved_back { CloseReason::Rescheduled } else { CloseReason::Withdrawn };
        judged.revived.push((session.week, reason));
        session.given = None;
    }
    if sighting.span.start != session.span.start && session.span.end > view.now {
        move_to(view, session, sighting, judged);
    }
    session.span = sighting.span;
    session.recurs = sighting.recurs;
    if session.span.start <= view.now {
        session.stood = true;
    } else {
        judged.look_at(session.span.start);
    }
    judged.look_at(session.span.end);
}

fn move_to(view: &View<'_>, session: &mut Expected, sighting: &Sighting, judged: &mut Judged) {
    let from = session.span.start;
    session.moves += 1;
    session.risks.clear();
    session.span = sighting.span;
    judged.facts.push(session_fact(session, view, None));
    if sighting.span.start == session.planned.start {
        session.given = None;
        return;
    }
    session.given = Some(Given {
        outcome: Outcome::Rescheduled,
        confidence: Confidence::Certain,
        by: None,
        at: view.now,
        since: view.now,
        late: false,
    });
    judged.facts.push(Fact::Verdict {
        rep: session.rep,
        manager: session.manager,
        week: session.week,
        session: session.key.clone(),
        verdict: Outcome::Rescheduled,
        by: None,
        confidence: if session.by_title { Confidence::Likely } else { Confidence::Certain },
        evidence: vec![Evidence::Moved { from, to: sighting.span.start }],
        late: false,
        from: Some(from),
        to: Some(sighting.span.start),
        moves: session.moves,
    });
}

/// It does not stand: note since when, unless that is history or known already.
fn fall(view: &View<'_>, session: &mut Expected, void: Void, off: Option<Off<'_>>) {
    let moved_out = session.given.as_ref().is_some_and(|given| given.outcome == Outcome::MovedOut);
    if let (true, Void::MovedOut { .. }, Some(copy)) = (moved_out, &void, off.and_then(|off| off.copy)) {
        session.span = copy.span;
        session.stood = session.span.start <= view.now;
        return;
    }
    let fell_before = session.given.as_ref().is_some_and(|given| {
        !matches!(given.outcome, Outcome::Held | Outcome::Rescheduled) && !follows(given.outcome, &void)
    });
    if session.stood || fell_before || session.replaced_by.is_some() {
        return;
    }
    let mut since = view.now;
    if view.now >= session.span.start && session.pending.is_none() {
        // Seen only after its start: the calendar's own time of the change decides, where it has one.
        match off.and_then(|off| off.changed) {
            Some(modified) if modified < session.span.start && !matches!(void, Void::GoneOne { .. }) => {
                since = modified;
            }
            None if void.is_gone() && view.now - session.span.start > view.policy().settle => {}
            _ => {
                session.stood = true;
                return;
            }
        }
    }
    if let Some(pending) = &session.pending {
        if pending.void == void {
            return;
        }
        if pending.void.is_gone() && void.is_gone() {
            since = pending.since;
        }
    }
    session.pending = Some(Pending { void, since });
}

/// A session that moved out and is then gone falls out of the week it went to; everything else falls once.
fn follows(given: Outcome, void: &Void) -> bool {
    given == Outcome::MovedOut && void.is_gone()
}

/// Writes what puts a coming session at risk, each once.
fn risks(view: &View<'_>, session: &mut Expected, sighting: Option<&Sighting>, judged: &mut Judged) {
    if session.span.start <= view.now || Week::of(session.span.start, &view.rep.zone) > view.week().next() {
        return;
    }
    let unanswered = sighting.is_none_or(|sighting| {
        let answers = &sighting.kept.party.answers;
        let silent = |who| matches!(answers.get(&who), Some(Partstat::NeedsAction | Partstat::Tentative));
        silent(session.rep) || silent(session.manager)
    });
    let moved = session.moves > 0 || session.is_new_time;
    let out_of_hours = moved && [view.rep, view.manager].into_iter().any(|person| !works(person, session));
    let sides = [(view.rep.id, view.rep_diary), (view.manager.id, view.manager_diary)];
    let clash = sides.into_iter().find_map(|(who, diary)| Some((who, clash(diary, session)?)));
    overlap(view, session, clash);
    let conflict = clash.is_some();
    let now = [(unanswered, Risk::Unanswered), (out_of_hours, Risk::OutOfHours), (conflict, Risk::Conflict)];
    for (_, risk) in now.into_iter().filter(|(holds, _)| *holds) {
        if session.risks.insert(risk) {
            judged.facts.push(session_fact(session, view, Some(risk)));
        }
    }
}

fn works(person: &Person, session: &Expected) -> bool {
    let day = crate::model::time::Span::new(
        session.span.start - chrono::TimeDelta::days(1),
        session.span.end + chrono::TimeDelta::days(1),
    );
    covered(&session.span, &person.hours.spans(&person.zone, &day))
}

/// How another event fills the time of a session, if one does; those that were accepted first.
fn clash(diary: &Diary, session: &Expected) -> Option<(Fill, bool)> {
    let others = diary.filled.iter().filter(|filled| {
        filled.key.as_ref().is_some_and(|key| *key != session.key) && filled.span.overlaps(&session.span)
    });
    let fills = others.map(|filled| (filled.fill, filled.is_accepted));
    fills
        .filter(|(fill, _)| matches!(fill, Fill::Busy | Fill::Away(_)))
        .min_by_key(|(fill, is_accepted)| (*fill != Fill::Busy, !is_accepted))
}

/// Remembers whose meeting lies over a session, so that they are asked about it once.
fn overlap(view: &View<'_>, session: &mut Expected, clash: Option<(PersonId, (Fill, bool))>) {
    let whose = clash.filter(|(_, known)| *known == (Fill::Busy, true)).map(|(who, _)| who);
    if session.overlap.map(|known| known.who) != whose {
        session.overlap = whose.map(|who| Overlap { who, since: view.now, is_kept: false });
    }
}
