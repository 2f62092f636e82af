//! Times to offer for each need: first its place in the joint plan, then others that could take its stead,
//! none of which gets in the way of what is offered to somebody else.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use super::board::Board;
use super::choices::Choice;
use super::compile::{Ask, Attendee, Compiled, Displace, HoldKind, Need, apart_days, compile};
use super::solve::{Effort, solve_board};
use super::table::Session;
use crate::model::people::PersonId;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// A further option on a day that has one already costs so many points more …
const SAME_DAY: i64 = 40;
/// … and one close to it so many again.
const CLOSE_BY: i64 = 40;

/// A time that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// When it begins.
    pub start: Moment,
    /// When it ends.
    pub end: Moment,
    /// What it lies on; focus time before a tentative event, if on both. `None`: on free time.
    pub displaces: Option<HoldKind>,
    /// What there is to say of it.
    pub notes: Vec<Note>,
}

impl Offer {
    /// Its time.
    pub fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// Something to say of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// It is at the usual time of day.
    UsualTime,
    /// It is what is proposed already.
    Proposed,
    /// It lies on a time that should be avoided for this person.
    Avoided(PersonId),
    /// It lies on held time of this person.
    Displaces(PersonId, HoldKind),
}

/// A start that a need could have.
struct Candidate {
    span: Span,
    cost: i64,
}

/// Where a need stands.
#[derive(Default)]
struct Desk {
    offers: Vec<Span>,
    candidates: Vec<Candidate>,
}

/// Up to `options` times for every need of the ask, by key, the best first; an empty list where there is none.
pub fn offers(ask: &Ask<'_>, options: usize) -> BTreeMap<String, Vec<Offer>> {
    let mut desks: Vec<Desk> = ask.needs.iter().map(|_| Desk::default()).collect();
    if options > 0 {
        place(ask, &mut desks, Displace::Nothing);
        if ask.displace == Displace::AsPolicySays {
            place(ask, &mut desks, Displace::AsPolicySays);
        }
    }
    for _ in 1..options {
        for n in 0..desks.len() {
            if let Some(further) = further(ask, &desks, n) {
                desks[n].offers.push(further);
            }
        }
    }
    let described =
        |need: &Need, desk: Desk| desk.offers.iter().map(|span| describe(ask, need, span)).collect();
    ask.needs.iter().zip(desks).map(|(need, desk)| (need.key.clone(), described(need, desk))).collect()
}

/// Plans all needs that have nothing yet, week by week, around what is offered already.
fn place(ask: &Ask<'_>, desks: &mut [Desk], displace: Displace) {
    let mut waiting: Vec<usize> = (0..desks.len()).filter(|n| desks[*n].offers.is_empty()).collect();
    while !waiting.is_empty() {
        let around = around_offers(ask, desks, &waiting, displace);
        let Some(week) = compile(&around).into_iter().next() else { return };
        let placed: Vec<usize> = week.needs.iter().map(|n| waiting[*n]).collect();
        for (n, desk) in placed.iter().zip(plan_week(&week)) {
            desks[*n] = desk;
        }
        waiting.retain(|n| !placed.contains(n));
    }
}

/// Each session's place in the joint plan, and what else it could have with all others in theirs.
fn plan_week(week: &Compiled) -> Vec<Desk> {
    let mut board = Board::new(&week.table);
    solve_board(&mut board, &week.table, Effort::QUICK);
    let desk = |(id, session): (usize, &Session)| {
        let planned = board.chosen(id);
        board.take(id);
        let candidate = |(n, choice): (usize, &Choice)| Candidate {
            span: week.grid.span(session.at(choice.start)),
            cost: board.price(id, n),
        };
        let candidates: Vec<Candidate> = board.choices(id).iter().enumerate().map(candidate).collect();
        if let Some(choice) = planned {
            board.put(id, choice);
        }
        Desk { offers: planned.map(|n| candidates[n].span).into_iter().collect(), candidates }
    };
    week.table.sessions.iter().enumerate().map(desk).collect()
}

/// The ask for these needs alone, with everything that is offered to others as fixed.
fn around_offers<'a>(ask: &Ask<'a>, desks: &[Desk], waiting: &[usize], displace: Displace) -> Ask<'a> {
    let mut around =
        Ask { needs: waiting.iter().map(|n| ask.needs[*n].clone()).collect(), displace, ..ask.clone() };
    for (taken, desk) in ask.needs.iter().zip(desks) {
        for need in around.needs.iter_mut().filter(|need| need.rep == taken.rep) {
            need.fixed.extend(&desk.offers);
        }
        for person in around.people.iter_mut().filter(|p| p.id == taken.manager || p.id == taken.rep) {
            person.busy.extend(&desk.offers);
        }
    }
    around
}

/// The next best time of a need that leaves everything offered so far possible.
fn further(ask: &Ask<'_>, desks: &[Desk], n: usize) -> Option<Span> {
    let need = &ask.needs[n];
    let desk = &desks[n];
    if desk.offers.is_empty() {
        return None;
    }
    let zone = zone_of(ask, need.manager);
    let days: Vec<NaiveDate> = desk.offers.iter().map(|offer| zone.local(offer.start).date()).collect();
    let fits = |span: &Span| {
        desk.offers.iter().all(|offer| !offer.overlaps(span))
            && desks.iter().enumerate().filter(|(other, _)| *other != n).all(|(other, desk)| {
                desk.offers.iter().all(|offer| agree(ask, (need, span), (&ask.needs[other], offer)))
            })
    };
    let price = |candidate: &Candidate| {
        let day = zone.local(candidate.span.start).date();
        let close = |offer: &Span| (offer.start - candidate.span.start).abs() < Duration::hours(2);
        candidate.cost
            + SAME_DAY * days.iter().filter(|other| **other == day).count() as i64
            + if desk.offers.iter().any(close) { CLOSE_BY } else { 0 }
    };
    let mut ranked: Vec<(i64, Span)> = desk.candidates.iter().map(|c| (price(c), c.span)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, span)| span).find(fits)
}

/// Whether both could take place: a buffer between them if they share somebody, days apart if they are one rep's.
fn agree(ask: &Ask<'_>, one: (&Need, &Span), two: (&Need, &Span)) -> bool {
    let ((need, span), (other, offer)) = (one, two);
    let people = [other.manager, other.rep];
    if !people.contains(&need.manager) && !people.contains(&need.rep) {
        return true;
    }
    let buffer = ask.policy.buffer;
    if span.start < offer.end + buffer && offer.start < span.end + buffer {
        return false;
    }
    let zone = zone_of(ask, need.rep);
    let day = |span: &Span| zone.local(span.start).date();
    let apart = apart_days(need).max(apart_days(other));
    need.rep != other.rep || (day(span) - day(offer)).num_days().unsigned_abs() >= u64::from(apart)
}

fn zone_of(ask: &Ask<'_>, id: PersonId) -> Zone {
    ask.person(id).map_or_else(Zone::utc, |person| person.zone.clone())
}

fn describe(ask: &Ask<'_>, need: &Need, span: &Span) -> Offer {
    let attendees: Vec<&Attendee> =
        [need.manager, need.rep].iter().filter_map(|id| ask.person(*id)).collect();
    let mut notes = Vec::new();
    let zone = zone_of(ask, need.manager);
    let time = |at: Moment| zone.local(at).time();
    if need.usual.is_some_and(|usual| time(usual) == time(span.start)) {
        notes.push(Note::UsualTime);
    }
    if need.proposed == Some(span.start) {
        notes.push(Note::Proposed);
    }
    for person in &attendees {
        let date = person.zone.local(span.start).date();
        let avoid = ask
            .policy
            .avoid
            .iter()
            .flat_map(|part| part.spans(&person.zone, date.pred_opt().into_iter().chain([date])));
        if avoid.into_iter().any(|avoid| avoid.overlaps(span)) {
            notes.push(Note::Avoided(person.id));
        }
        let held = person.soft_holds.iter().filter(|hold| hold.0.overlaps(span));
        notes.extend(held.map(|hold| Note::Displaces(person.id, hold.1)));
    }
    notes.sort_unstable();
    notes.dedup();
    let kinds = notes.iter().filter_map(|note| match note {
        Note::Displaces(_, kind) => Some(*kind),
        _ => None,
    });
    let displaces = kinds.min();
    Offer { start: span.start, end: span.end, displaces, notes }
}
