//! The step of every open recovery of a team: propose, book, or say that there is no slot.
//!
//! All that is open of one manager is planned together and goes into one mail.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::model::calendar::{Diary, Fill};
use crate::model::fact::{Fact, Outcome, RecoveryState, Trigger};
use crate::model::letter::{BookedHow, Change, Displaced, Letter, NoSlotWhy, Offer, ProposalItem, Rival};
use crate::model::people::{Person, PersonId};
use crate::model::policy::{Mode, OnSilence};
use crate::model::state::{Expected, OutboxRow, Proposal, Recovery};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;

use super::book::{book, release};
use super::compile::{Ask, Attendee, Days, Displace, HoldKind, Need, compile};
use super::desk::{Alarm, Clicks, Desk, Planned, Subject};
use super::escalate::quiet_until;
use super::member::{Member, fallen};
use super::table::Table;
use super::{offers, why};

/// Stretches of hours in common that are kept: more of them are no reason.
const SHARED_MOST: usize = 8;

/// Plans all open recoveries of one manager's team.
pub fn recover(desk: &Desk<'_>, manager: &Person, team: &mut [Member<'_>]) -> Planned {
    let mut planned = Planned::default();
    for member in team.iter_mut() {
        release(desk, member, &mut planned);
    }
    let mode = desk.mode_for(manager);
    if mode == Mode::Observe {
        return planned;
    }
    for member in team.iter_mut().filter(|member| !member.is_muted(Week::of(desk.now, &member.rep.zone))) {
        outstanding(desk, member, &mut planned);
    }
    let open = open_recoveries(desk, team, &mut planned);
    if !open.is_empty() {
        place(desk, manager, team, &open, mode, &mut planned);
    }
    planned
}

/// Proposals whose time is over, or all of whose options are gone.
fn outstanding(desk: &Desk<'_>, member: &mut Member<'_>, planned: &mut Planned) {
    let on_silence = desk.rules.policy.on_silence;
    let mut promised = Vec::new();
    for recovery in member.state.recoveries.values_mut().flat_map(BTreeMap::values_mut) {
        if recovery.state != RecoveryState::Proposed {
            continue;
        }
        let Some(proposal) = &mut recovery.proposal else { continue };
        let still_free = |offer: &Offer| is_open(desk, recovery.id.rep, recovery.manager, offer);
        let has_options = proposal.offers.iter().any(still_free);
        if desk.now < proposal.deadline {
            planned.look_at(proposal.deadline);
            if !has_options {
                // New times, since none of these is left.
                recovery.state = RecoveryState::Open;
                recovery.proposal = None;
            }
            continue;
        }
        if on_silence == OnSilence::Book && desk.clicks == Clicks::Work {
            let kept =
                silence(&proposal.offers, proposal.deadline, desk).filter(|(_, offer)| still_free(offer));
            promised.extend(kept.map(|(_, offer)| (recovery.id, offer.span)));
            recovery.silent = true;
            recovery.state = RecoveryState::Open;
            recovery.proposal = None;
        } else if !recovery.silent {
            recovery.silent = true;
            planned.alarms.push(alarm(recovery, Trigger::Silence, None));
        }
    }
    for (id, span) in promised {
        book(desk, member, id.week, id.ordinal, span, BookedHow::Silence, planned);
    }
}

/// Which time silence books: the first on free time for which there is still notice at the deadline. The mail names it,
/// and it is kept to.
fn silence<'o>(offers: &'o [Offer], deadline: Moment, desk: &Desk<'_>) -> Option<(u32, &'o Offer)> {
    let in_time = |offer: &Offer| offer.span.start >= deadline + desk.rules.policy.notice;
    (1..).zip(offers).find(|(_, offer)| offer.displaces.is_none() && in_time(offer))
}

/// Whether an offered slot can still be booked: notice kept and nothing new on it.
pub fn is_open(desk: &Desk<'_>, rep: PersonId, manager: PersonId, offer: &Offer) -> bool {
    offer.span.start >= desk.now + desk.rules.policy.notice
        && taken(desk, [rep, manager], &offer.span, |fill| blocks(fill, offer)).is_none()
}

/// Why a span cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A calendar is not known: that is never free.
    Unknown,
    /// One of them has something in it that blocks.
    Busy,
}

/// Whether a span is taken in a calendar of these people, given what blocks.
pub fn taken(
    desk: &Desk<'_>,
    people: [PersonId; 2],
    span: &Span,
    blocks: impl Fn(Fill) -> bool,
) -> Option<Taken> {
    let diaries = people.map(|who| desk.diaries.get(&who).filter(|diary| diary.is_known));
    if diaries.contains(&None) {
        return Some(Taken::Unknown);
    }
    let mut filled = diaries.into_iter().flatten().flat_map(|diary| &diary.filled);
    filled.any(|filled| blocks(filled.fill) && filled.span.overlaps(span)).then_some(Taken::Busy)
}

fn blocks(fill: Fill, offer: &Offer) -> bool {
    match fill {
        Fill::Busy | Fill::Away(_) => true,
        Fill::Focus => offer.displaces != Some(Displaced::Focus),
        Fill::Tentative => offer.displaces != Some(Displaced::Tentative),
    }
}

/// (member, week, ordinal) of what is to be placed now.
type Place = (usize, Week, u32);

fn open_recoveries(desk: &Desk<'_>, team: &[Member<'_>], planned: &mut Planned) -> Vec<Place> {
    let max = desk.rules.policy.max_attempts;
    let mut open = Vec::new();
    for (at, member) in team.iter().enumerate() {
        let this = Week::of(desk.now, &member.rep.zone);
        if member.is_muted(this) {
            continue;
        }
        let fell_again = |recovery: &&Recovery| {
            recovery.state == RecoveryState::Open && recovery.attempt > 1 && !recovery.ask_first
        };
        planned.alarms.extend(
            member
                .state
                .of_week(this)
                .filter(fell_again)
                .map(|recovery| alarm(recovery, Trigger::Again, None)),
        );
        let of_week = member.state.of_week(this).filter(|recovery| recovery.state == RecoveryState::Open);
        open.extend(
            of_week
                .filter(|recovery| recovery.proposal.is_none() && recovery.attempt <= max)
                .map(|recovery| (at, this, recovery.id.ordinal)),
        );
    }
    open
}

fn recovery_at<'a>(team: &'a [Member<'_>], place: &Place) -> Option<&'a Recovery> {
    team[place.0].state.recoveries.get(&place.1)?.get(&place.2)
}

fn recovery_mut<'a>(team: &'a mut [Member<'_>], place: &Place) -> Option<&'a mut Recovery> {
    team[place.0].state.recoveries.get_mut(&place.1)?.get_mut(&place.2)
}

fn place(
    desk: &Desk<'_>,
    manager: &Person,
    team: &mut [Member<'_>],
    open: &[Place],
    mode: Mode,
    planned: &mut Planned,
) {
    let ask = ask(desk, manager, team, open);
    let found = offers::offers(&ask, desk.rules.policy.options.max(1));
    let mut items: Vec<ProposalItem> = Vec::new();
    for place in open {
        let Some(recovery) = recovery_at(team, place) else { continue };
        let key = recovery.id.to_string();
        let times: Vec<Offer> = found.get(&key).into_iter().flatten().map(as_offer).collect();
        let books = (mode == Mode::Auto && !recovery.ask_first) || recovery.silent;
        let first_free = times.iter().find(|offer| offer.displaces.is_none()).cloned();
        match first_free {
            Some(offer) if books => {
                let how = if recovery.silent { BookedHow::Silence } else { BookedHow::Auto };
                book(desk, &mut team[place.0], place.1, place.2, offer.span, how, planned);
            }
            _ if times.is_empty() => no_slot(desk, &ask, &found, team, place, planned),
            None if recovery.silent => planned.alarms.push(alarm(recovery, Trigger::Silence, None)),
            _ => items.extend(propose(desk, manager, &mut team[place.0], place, times)),
        }
    }
    if desk.rules.policy.rep_picks {
        let mut reps: Vec<PersonId> = items.iter().map(|item| item.recovery.rep).collect();
        reps.dedup();
        for rep in reps {
            let own = items.iter().filter(|item| item.recovery.rep == rep).cloned().collect();
            planned.rows.extend(proposal(desk, rep, own, team));
        }
    }
    planned.rows.extend(proposal(desk, manager.id, items, team));
}

/// One mail with all that one person is offered, outside their quiet hours where the answer can wait for that. It is
/// in the thread of the first, or begins one for all.
fn proposal(
    desk: &Desk<'_>,
    to: PersonId,
    items: Vec<ProposalItem>,
    team: &mut [Member<'_>],
) -> Option<OutboxRow> {
    let ids: Vec<_> = items.iter().map(|item| item.recovery).collect();
    let soonest = items.iter().map(|item| item.deadline).min()?;
    let first = items.first()?;
    let subject = first.recovery.to_string();
    let about = Subject {
        what: &subject,
        attempt: first.attempt,
        round: first.round,
        recovery: Some(first.recovery),
    };
    let last = items.iter().map(|item| item.deadline).max();
    let letter = Letter::Proposal { items, on_silence: desk.rules.policy.on_silence };
    let mut row = desk.row(to, letter, &about);
    row.expires = last;
    let quiet = desk.roster.get(to).and_then(|reader| quiet_until(desk, reader));
    row.not_before = quiet.filter(|until| *until < soonest).unwrap_or(desk.now);
    for id in ids.into_iter().rev() {
        let mut states = team.iter_mut().filter(|member| member.rep.id == id.rep);
        if let Some(recovery) = states.find_map(|member| member.state.recovery_mut(id)) {
            recovery.put_in_thread(&mut row, "proposal");
        }
    }
    Some(row)
}

/// All that is open of a team this week, as the planner's tables: what is offered already as such. One table a week; reps in
/// other zones may be in another.
pub fn tables(desk: &Desk<'_>, manager: &Person, team: &[Member<'_>]) -> Vec<Table> {
    let is_open =
        |recovery: &&Recovery| matches!(recovery.state, RecoveryState::Open | RecoveryState::Proposed);
    let of_member = |(at, member): (usize, &Member<'_>)| {
        let this = Week::of(desk.now, &member.rep.zone);
        let open = member.state.of_week(this).filter(is_open);
        open.map(|recovery| (at, this, recovery.id.ordinal)).collect::<Vec<Place>>()
    };
    let places: Vec<Place> = team.iter().enumerate().flat_map(of_member).collect();
    let mut ask = ask(desk, manager, team, &places);
    for (need, place) in ask.needs.iter_mut().zip(&places) {
        let proposal = recovery_at(team, place).and_then(|recovery| recovery.proposal.as_ref());
        need.proposed = proposal.and_then(|proposal| proposal.offers.first()).map(|offer| offer.span.start);
    }
    compile(&ask).into_iter().map(|week| week.table).collect()
}

fn as_offer(offer: &offers::Offer) -> Offer {
    Offer {
        span: Span::new(offer.start, offer.end),
        displaces: offer.displaces.and_then(displaced),
        displaces_of: whose(offer),
        is_usual_hour: offer.notes.contains(&offers::Note::UsualTime),
    }
}

/// What an offer lies on, as letters say it.
pub(super) fn displaced(kind: HoldKind) -> Option<Displaced> {
    match kind {
        HoldKind::Focus => Some(Displaced::Focus),
        HoldKind::Tentative => Some(Displaced::Tentative),
        HoldKind::Once => None,
    }
}

/// Whose time an offer lies on.
pub(super) fn whose(offer: &offers::Offer) -> Option<PersonId> {
    offer.notes.iter().find_map(|note| match note {
        offers::Note::Displaces(who, kind) if *kind != HoldKind::Once => Some(*who),
        _ => None,
    })
}

/// Free times of the week for a session that stands and should move: the best first, on nothing else of the two.
pub fn free_times(desk: &Desk<'_>, member: &Member<'_>, session: &Expected, most: usize) -> Vec<Offer> {
    let Some(manager) = desk.roster.get(session.manager) else { return Vec::new() };
    let none = BTreeSet::new();
    let others = member
        .state
        .sessions
        .values()
        .filter(|other| other.week == session.week && other.key != session.key && other.stands());
    let key = session.key.to_string();
    let need = Need {
        duration: session.span.length(),
        shortest: session.span.length(),
        usual: Some(session.planned.start),
        fixed: others.map(|other| other.span).collect(),
        excluded: vec![session.span.start],
        ..member.need(manager, key.clone(), session.week.span(&member.rep.zone))
    };
    let ask = Ask {
        now: desk.now,
        policy: &desk.rules.policy,
        people: [manager, member.rep].map(|person| attendee(desk, person, &none)).into(),
        needs: vec![need],
        displace: Displace::Nothing,
        days: Days::Sooner,
    };
    offers::offers(&ask, most).get(&key).into_iter().flatten().map(as_offer).collect()
}

/// Everything the planner must know of these people and their open sessions.
fn ask<'a>(desk: &Desk<'a>, manager: &Person, team: &[Member<'_>], open: &[Place]) -> Ask<'a> {
    let mut who: BTreeSet<usize> = BTreeSet::new();
    who.extend(open.iter().map(|(at, ..)| *at));
    let ids: BTreeSet<_> = open.iter().filter_map(|place| Some(recovery_at(team, place)?.id)).collect();
    let people = std::iter::once(manager)
        .chain(who.iter().map(|at| team[*at].rep))
        .map(|person| attendee(desk, person, &ids))
        .collect();
    let needs = open
        .iter()
        .filter_map(|place| Some(need(manager, &team[place.0], recovery_at(team, place)?)))
        .collect();
    Ask {
        now: desk.now,
        policy: &desk.rules.policy,
        people,
        needs,
        displace: Displace::AsPolicySays,
        days: Days::Sooner,
    }
}

pub(super) fn attendee(
    desk: &Desk<'_>,
    person: &Person,
    placing: &BTreeSet<crate::model::fact::RecoveryId>,
) -> Attendee {
    let empty = Diary::default();
    let diary = desk.diaries.get(&person.id).unwrap_or(&empty);
    let mut busy: Vec<Span> = Vec::new();
    let mut soft_holds = Vec::new();
    for filled in &diary.filled {
        match filled.fill {
            Fill::Busy | Fill::Away(_) => busy.push(filled.span),
            Fill::Focus => soft_holds.push((filled.span, HoldKind::Focus)),
            Fill::Tentative => soft_holds.push((filled.span, HoldKind::Tentative)),
        }
    }
    let held =
        desk.holds.iter().filter(|(who, recovery, _)| *who == person.id && !placing.contains(recovery));
    busy.extend(held.map(|(.., span)| *span));
    Attendee {
        id: person.id,
        zone: person.zone.clone(),
        hours: person.hours.clone(),
        busy,
        soft_holds,
        led: Vec::new(),
        unknown: !diary.is_known,
    }
}

fn need(manager: &Person, member: &Member<'_>, recovery: &Recovery) -> Need {
    let week = recovery.id.week;
    let in_week = |session: &&Expected| {
        let now_in = Week::of(session.span.start, &member.rep.zone);
        session.counts_in(week, now_in) && session.ours != Some(recovery.id)
    };
    let fixed = member.state.sessions.values().filter(in_week).map(|session| session.span).collect();
    Need {
        usual: usual(member, recovery),
        fixed,
        excluded: recovery.refused.iter().copied().chain(given_up(member, recovery)).collect(),
        ..member.need(manager, recovery.id.to_string(), week.span(&member.rep.zone))
    }
}

/// The time that somebody has just called off: whoever did so had a reason, though the hour looks free now.
fn given_up(member: &Member<'_>, recovery: &Recovery) -> Option<Moment> {
    let session = member.state.sessions.get(recovery.fallen.as_ref()?)?;
    let given = session.given.as_ref()?;
    matches!(given.outcome, Outcome::Cancelled | Outcome::Declined | Outcome::Ended)
        .then_some(session.span.start)
}

/// When it should have been: the time of the session that fell out, else the hour of the pair's newest one.
fn usual(member: &Member<'_>, recovery: &Recovery) -> Option<Moment> {
    let fallen = recovery.fallen.as_ref().and_then(|key| member.state.sessions.get(key));
    if let Some(session) = fallen {
        return Some(session.planned.start);
    }
    let newest = member
        .state
        .sessions
        .values()
        .filter(|session| session.recurs)
        .max_by_key(|session| session.span.start)?;
    let weeks = recovery.id.week.since(newest.week);
    let local = member.rep.zone.local(newest.span.start) + TimeDelta::weeks(weeks);
    Some(member.rep.zone.instant(local))
}

/// Offers times. The clock of the proposal starts when the server took the mail; until then nothing is outstanding
/// but the times are held.
fn propose(
    desk: &Desk<'_>,
    manager: &Person,
    member: &mut Member<'_>,
    place: &Place,
    offers: Vec<Offer>,
) -> Option<ProposalItem> {
    let policy = &desk.rules.policy;
    let last_start = offers.iter().map(|offer| offer.span.start).max()?;
    let last_moment = last_start - policy.notice;
    let waited = manager.hours.after(&manager.zone, desk.now, policy.proposal_wait);
    let deadline = waited.map_or(last_moment, |waited| waited.min(last_moment)).max(desk.now);
    let fallen = {
        let recovery = member.state.recoveries.get(&place.1)?.get(&place.2)?;
        fallen(member.state, recovery)
    };
    let recovery = member.state.recoveries.get_mut(&place.1)?.get_mut(&place.2)?;
    recovery.round += 1;
    recovery.no_slot = None;
    recovery.unknown_since = None;
    recovery.proposal = Some(Proposal {
        to: manager.id,
        round: recovery.round,
        offers: offers.clone(),
        deadline,
        sent: None,
    });
    let silence = silence(&offers, deadline, desk).map(|(n, _)| n);
    Some(ProposalItem {
        silence,
        recovery: recovery.id,
        manager: Some(manager.id),
        attempt: recovery.attempt,
        round: recovery.round,
        fallen,
        offers,
        deadline,
    })
}

/// No time is left: said once, with which rule blocked how many starts and what would open one.
fn no_slot(
    desk: &Desk<'_>,
    ask: &Ask<'_>,
    placed: &BTreeMap<String, Vec<offers::Offer>>,
    team: &mut [Member<'_>],
    place: &Place,
    planned: &mut Planned,
) {
    let unknown = ask.people.iter().any(|person| person.unknown && concerns(ask, team, place, person.id));
    let alert_after = desk.rules.policy.alert_after;
    let next_week = next_week(ask, team, place);
    let Some(recovery) = recovery_mut(team, place) else { return };
    if unknown {
        // Time that is unknown for a moment is no reason to climb; time that stays unknown is.
        let since = *recovery.unknown_since.get_or_insert(desk.now);
        if desk.now - since < alert_after {
            planned.look_at(since + alert_after);
            return;
        }
    } else {
        recovery.unknown_since = None;
    }
    if recovery.no_slot.is_some() {
        return;
    }
    let key = recovery.id.to_string();
    let found = why::waterfall(ask, &key);
    let reason = NoSlotWhy {
        rival: rival(ask, placed, &key, &found.free),
        shared: found.shared.into_iter().take(SHARED_MOST).collect(),
        changes: found.changes.iter().filter_map(as_change).collect(),
        counts: found.counts,
        next_week,
    };
    recovery.no_slot = Some(reason.clone());
    planned.facts.push(Fact::NoSlot {
        recovery: recovery.id,
        why: reason.counts.clone(),
        manager: Some(recovery.manager),
        more: Some(Box::new(reason.clone())),
    });
    planned.alarms.push(alarm(recovery, Trigger::NoSlot, Some(reason)));
}

/// Whose session was placed where this one could have been: the first, in order of time.
fn rival(
    ask: &Ask<'_>,
    placed: &BTreeMap<String, Vec<offers::Offer>>,
    key: &str,
    free: &[Span],
) -> Option<Rival> {
    let own = ask.needs.iter().find(|need| need.key == key)?;
    let buffer = ask.policy.buffer;
    let people = [own.manager, own.rep];
    let others = ask
        .needs
        .iter()
        .filter(|need| need.key != key && (people.contains(&need.manager) || people.contains(&need.rep)));
    let others: Vec<(PersonId, Span)> =
        others.filter_map(|need| Some((need.rep, placed.get(&need.key)?.first()?.span()))).collect();
    free.iter().find_map(|time| {
        let is_in_the_way = |(_, taken): &&(PersonId, Span)| {
            time.start < taken.end + buffer && taken.start < time.end + buffer
        };
        others.iter().find(is_in_the_way).map(|(rep, _)| Rival { rep: *rep, start: time.start })
    })
}

fn alarm(recovery: &Recovery, trigger: Trigger, why: Option<NoSlotWhy>) -> Alarm {
    Alarm { rep: recovery.id.rep, week: recovery.id.week, trigger, why }
}

fn concerns(ask: &Ask<'_>, team: &[Member<'_>], place: &Place, who: PersonId) -> bool {
    let Some(recovery) = recovery_at(team, place) else { return false };
    let key = recovery.id.to_string();
    ask.needs.iter().any(|need| need.key == key && (need.manager == who || need.rep == who))
}

pub(super) fn as_change(change: &why::Change) -> Option<Change> {
    Some(match *change {
        why::Change::Free { who, hold, kind: HoldKind::Focus, .. } => Change::FreeFocus { who, span: hold },
        why::Change::Free { .. } => return None,
        why::Change::Shorter { minutes, start } => Change::Shorter { minutes, start },
        why::Change::OutsideHours { who, time } => Change::OutsideHours { who, start: time.start },
    })
}

/// The first slot of the week after: a comfort, still a miss.
fn next_week(ask: &Ask<'_>, team: &[Member<'_>], place: &Place) -> Option<Moment> {
    let recovery = recovery_at(team, place)?;
    let key = recovery.id.to_string();
    let mut need = ask.needs.iter().find(|need| need.key == key)?.clone();
    need.week = place.1.next().span(&team[place.0].rep.zone);
    need.usual = None;
    need.fixed = Vec::new();
    let later = Ask { needs: vec![need], displace: Displace::Nothing, ..ask.clone() };
    offers::offers(&later, 1).get(&key)?.first().map(|offer| offer.start)
}
