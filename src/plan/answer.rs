//! What a person's answer does. Whoever answers is known by a signed link (or a recording says so); the same
//! answer again changes nothing.

use crate::model::calendar::Fill;
use crate::model::fact::{Action, CloseReason, Fact, RecoveryId, RecoveryState, ReleaseWhy, SessionKey};
use crate::model::letter::BookedHow;
use crate::model::people::PersonId;
use crate::model::policy::Excuse;
use crate::model::state::{Expected, Recovery, RepState};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;

use super::book;
use super::desk::{Desk, Planned};
use super::member::Member;
use super::recover::{self, Taken};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Of an answer about what took place: which session; `None`: the newest that has begun.
    pub session: Option<SessionKey>,
    /// A time of their own in place of those offered, already looked at by [`own_refused`].
    pub own: Option<Span>,
}

/// Why a time that somebody wrote down cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRefused {
    /// Sooner than `notice`.
    TooSoon,
    /// Not in the week that is short.
    OtherWeek,
    /// One of the two has something else, or nobody knows.
    Taken(Taken),
}

/// Whether a time of somebody's own can be booked. It may lie outside working hours and on focus time: they chose it.
pub fn own_refused(desk: &Desk<'_>, member: &Member<'_>, id: RecoveryId, span: &Span) -> Option<OwnRefused> {
    if span.start < desk.now + desk.rules.policy.notice {
        return Some(OwnRefused::TooSoon);
    }
    if Week::of(span.start, &member.rep.zone) != id.week {
        return Some(OwnRefused::OtherWeek);
    }
    let manager = member.state.recoveries.get(&id.week).and_then(|known| known.get(&id.ordinal))?.manager;
    let is_taken =
        recover::taken(desk, [id.rep, manager], span, |fill| matches!(fill, Fill::Busy | Fill::Away(_)));
    is_taken.map(OwnRefused::Taken)
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
        (Action::Pick, RecoveryState::Open | RecoveryState::Proposed) if answered.own.is_some() => {
            let how = BookedHow::Chosen { by: answered.who };
            if let Some(span) = answered.own {
                book::book(desk, member, id.week, id.ordinal, span, how, planned);
            }
            Upshot::Done
        }
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
    book::book(desk, member, id.week, id.ordinal, offer.span, how, planned);
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
    let session = Expected {
        first_seen: Some(desk.now),
        stood: true,
        held: true,
        is_new_time: true,
        answers: (by_manager, by_rep),
        ..Expected::new(
            SessionKey { lineage: format!("met-{id}"), rid: None },
            (manager, id.rep),
            id.week,
            Span::new(desk.now, desk.now),
        )
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
        .filter(|session| answered.session.as_ref().is_none_or(|key| *key == session.key))
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
