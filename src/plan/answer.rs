//! What a person's answer does. Whoever answers is known by a signed link (or a recording says so); the same
//! answer again changes nothing.

use std::collections::BTreeSet;

use crate::model::fact::{Action, CloseReason, Fact, RecoveryId, RecoveryState, ReleaseWhy, SessionKey};
use crate::model::letter::BookedHow;
use crate::model::people::PersonId;
use crate::model::policy::Excuse;
use crate::model::state::{Expected, Recovery, RepState};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;

use super::desk::{Desk, Planned};
use super::recover::{self, Member};

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Who.
    pub who: PersonId,
    /// What.
    pub action: Action,
    /// The rep it is about.
    pub rep: PersonId,
    /// The recovery, attempt and round that the link names; `None`: whatever is outstanding (a recording).
    pub about: Option<(RecoveryId, u32, u32)>,
    /// Which option, counted from 1.
    pub option: Option<u32>,
}

/// What came of it: decides which page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upshot {
    /// Done.
    Done,
    /// It was so already.
    Already,
    /// The time is gone; others will be offered.
    Gone,
    /// It is about something that is over.
    Over,
}

/// Takes up an answer.
pub fn answer(desk: &Desk<'_>, member: &mut Member<'_>, answered: &Answered) -> (Upshot, Planned) {
    let mut planned = Planned::default();
    let recovery = find(member.state, answered, desk.now, &member.rep.zone);
    let upshot = match answered.action {
        Action::Held | Action::NotHeld => took_place(desk, member, answered),
        _ => match recovery {
            None => Upshot::Over,
            Some(id) => about_recovery(desk, member, answered, id, &mut planned),
        },
    };
    if upshot != Upshot::Over && upshot != Upshot::Already {
        planned.facts.insert(
            0,
            Fact::Answer { who: answered.who, action: answered.action, recovery, option: answered.option },
        );
    }
    (upshot, planned)
}

/// The recovery it is about: the one named, if that attempt is still the one; else the outstanding one.
fn find(
    state: &RepState,
    answered: &Answered,
    now: Moment,
    zone: &crate::model::zone::Zone,
) -> Option<RecoveryId> {
    if let Some((id, attempt, _)) = answered.about {
        let recovery = state.recoveries.get(&id.week)?.get(&id.ordinal)?;
        return (recovery.attempt == attempt).then_some(id);
    }
    let this = Week::of(now, zone);
    let wanted = if matches!(answered.action, Action::Undo | Action::Decline) {
        RecoveryState::Booked
    } else {
        RecoveryState::Proposed
    };
    let of_week = || state.of_week(this).filter(|recovery| recovery.is_active());
    let fitting = of_week().find(|recovery| recovery.state == wanted);
    fitting.or_else(|| of_week().next()).map(|recovery| recovery.id)
}

fn about_recovery(
    desk: &Desk<'_>,
    member: &mut Member<'_>,
    answered: &Answered,
    id: RecoveryId,
    planned: &mut Planned,
) -> Upshot {
    let Some(recovery) = member.state.recovery_mut(id) else { return Upshot::Over };
    if answered.about.is_some_and(|(.., round)| {
        round != recovery.round && !matches!(answered.action, Action::Undo | Action::Met | Action::Away)
    }) {
        return Upshot::Over;
    }
    match (answered.action, recovery.state) {
        (Action::Accept | Action::Pick, RecoveryState::Booked) => Upshot::Already,
        (Action::Accept | Action::Pick, RecoveryState::Proposed) => {
            choose(desk, member, answered, id, planned)
        }
        (Action::None | Action::Decline, RecoveryState::Proposed) => {
            let offers = recovery.proposal.take().map(|proposal| proposal.offers).unwrap_or_default();
            recovery.refused.extend(offers.iter().map(|offer| offer.span.start));
            recovery.state = RecoveryState::Open;
            Upshot::Done
        }
        (Action::Undo, RecoveryState::Booked) => undo(recovery, planned),
        (Action::Met, RecoveryState::Open | RecoveryState::Proposed) => {
            met(desk, member, answered, id, planned)
        }
        (Action::Away, RecoveryState::Open | RecoveryState::Proposed) => {
            if !desk.rules.policy.excuse.contains(&Excuse::Absence) {
                return Upshot::Over;
            }
            close(recovery, CloseReason::Excused, planned);
            if let Some(week) = member.state.weeks.get_mut(&id.week) {
                week.excused += 1;
                week.excuse = Some(Excuse::Absence);
            }
            Upshot::Done
        }
        _ => Upshot::Over,
    }
}

fn close(recovery: &mut Recovery, reason: CloseReason, planned: &mut Planned) {
    recovery.state = RecoveryState::Closed;
    recovery.reason = Some(reason);
    recovery.proposal = None;
    planned.facts.push(recovery.fact());
}

fn choose(
    desk: &Desk<'_>,
    member: &mut Member<'_>,
    answered: &Answered,
    id: RecoveryId,
    planned: &mut Planned,
) -> Upshot {
    let Some(recovery) = member.state.recovery_mut(id) else { return Upshot::Over };
    let nth = answered.option.unwrap_or(1).max(1) as usize - 1;
    let offers = recovery.proposal.as_ref().map(|proposal| proposal.offers.as_slice()).unwrap_or_default();
    let is_open =
        |offer: &&crate::model::letter::Offer| recover::is_open(desk, id.rep, recovery.manager, offer);
    // `accept` takes the best that is left; `pick` means this one.
    let chosen = match answered.action {
        Action::Accept => offers.iter().find(is_open),
        _ => offers.get(nth).filter(is_open),
    };
    let Some(offer) = chosen.cloned() else {
        recovery.state = RecoveryState::Open;
        recovery.proposal = None;
        return Upshot::Gone;
    };
    let how = BookedHow::Chosen { by: answered.who };
    recover::book(desk, member, id.week, id.ordinal, offer.span, how, planned);
    Upshot::Done
}

/// The booking is taken back, and whoever took it back is asked before the next.
fn undo(recovery: &mut Recovery, planned: &mut Planned) -> Upshot {
    let Some(booking) = recovery.booking.clone() else { return Upshot::Over };
    planned.facts.push(Fact::Released {
        recovery: recovery.id,
        event: booking.uid.clone(),
        why: ReleaseWhy::Undo,
    });
    recovery.released.push((booking, ReleaseWhy::Undo));
    recovery.again();
    recovery.ask_first = true;
    planned.facts.push(recovery.fact());
    Upshot::Done
}

/// They met already: a session in their own new time, known by their word alone.
fn met(
    desk: &Desk<'_>,
    member: &mut Member<'_>,
    answered: &Answered,
    id: RecoveryId,
    planned: &mut Planned,
) -> Upshot {
    let Some(recovery) = member.state.recovery_mut(id) else { return Upshot::Over };
    close(recovery, CloseReason::Rescheduled, planned);
    let manager = recovery.manager;
    let by_manager = (answered.who == manager).then_some(true);
    let by_rep = (answered.who == id.rep).then_some(true);
    let span = Span::new(desk.now, desk.now);
    let session = Expected {
        key: SessionKey { lineage: format!("met-{id}"), rid: None },
        rep: id.rep,
        manager,
        week: id.week,
        planned: span,
        span,
        recurs: false,
        first_seen: Some(desk.now),
        seen: (false, false),
        organizer: None,
        by_title: false,
        is_weak: false,
        moves: 0,
        stood: true,
        pending: None,
        given: None,
        held: true,
        excused: None,
        replaced_by: None,
        is_new_time: true,
        ours: None,
        released: false,
        answers: (by_manager, by_rep),
        risks: BTreeSet::new(),
    };
    member.state.sessions.insert(session.key.clone(), session);
    Upshot::Done
}

/// Whether the newest session that has begun took place (V43): the judge writes the verdict.
fn took_place(desk: &Desk<'_>, member: &mut Member<'_>, answered: &Answered) -> Upshot {
    let begun = member
        .state
        .sessions
        .values_mut()
        .filter(|session| session.span.start <= desk.now && session.replaced_by.is_none())
        .filter(|session| session.held || session.given.is_some() || session.stood)
        .max_by_key(|session| session.span.start);
    let Some(session) = begun else { return Upshot::Over };
    let said = Some(answered.action == Action::Held);
    let place = if answered.who == session.rep { &mut session.answers.1 } else { &mut session.answers.0 };
    if *place == said {
        return Upshot::Already;
    }
    *place = said;
    Upshot::Done
}
