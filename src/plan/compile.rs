//! From people, zones, hours and policy to a table of slots, and back to instants.
//!
//! Costs are in points, on the scale of one slot (five minutes) away from the usual time of day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveTime};
use serde::{Deserialize, Serialize};

use super::grid::{Grid, SLOT_SECONDS, STEP};
use super::slots::{Slot, Stretch, merged, without};
use super::table::{FORMAT, Person, Priced, Rep, Session, SessionId, Table, Weights};
use crate::model::people::PersonId;
use crate::model::policy::Policy;
use crate::model::time::{Span, WorkingHours};
use crate::model::zone::{Moment, Zone};

/// A day later costs an hour off the usual time; three hours off cost no more than that again and again.
const WEIGHTS: Weights = Weights {
    day: 12,
    tod: 1,
    tod_cap: 36,
    chain: 9,
    chain_gap: 6,
    frag: 15,
    focus_len: 24,
    load: 24,
    moved: 60,
};
/// Lying on somebody's time to avoid, per slot: half an hour over lunch for both costs four days' delay.
const AVOID: i64 = 4;
/// Lying on focus time costs more than anything free …
const FOCUS: i64 = 150;
/// … and on a tentative event half of it.
const TENTATIVE: i64 = 75;
/// Where not all can be placed, those who would get nothing at all come first.
const STARVE: i64 = 180;
const DROP: i64 = 90;
/// What is in the way in one week of several costs like an hour off the usual time.
const ONCE: i64 = 15;
/// Sessions of one manager on a day before more are felt.
const DAY_SOFT: u32 = 4;
/// … where they are to be spread over the days.
const DAY_SOFT_SPREAD: u32 = 1;
/// Each session that somebody leads on a day already, per slot of a further one.
const LED: i64 = 2;
/// The daemon knows no hard cap of sessions a day.
const DAY_CAP: u32 = 99;

/// Time that is kept, but could be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// Focus time.
    Focus,
    /// An event not yet agreed to.
    Tentative,
    /// Something that is in the way in one week of the several that a time is for.
    Once,
}

/// Which of the days is better, all else being equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// The first: the session is missing already.
    Sooner,
    /// None: sessions are spread over them.
    Alike,
}

/// Whether held time may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Displace {
    /// Held time is as good as busy.
    Nothing,
    /// What `[policy] displace` lists, if nothing is free.
    AsPolicySays,
}

/// Somebody whose time is needed.
#[derive(Debug, Clone)]
pub struct Attendee {
    /// Who.
    pub id: PersonId,
    /// Where their days begin.
    pub zone: Zone,
    /// When they work.
    pub hours: WorkingHours,
    /// What cannot be moved: events, bookings, options offered in other teams.
    pub busy: Vec<Span>,
    /// What could be displaced.
    pub soft_holds: Vec<(Span, HoldKind)>,
    /// Sessions that they lead beside those of the reps asked about: where days are alike, others are better.
    pub led: Vec<Span>,
    /// Their free/busy is not known, and so never free.
    pub unknown: bool,
}

/// One session to be placed.
#[derive(Debug, Clone)]
pub struct Need {
    /// What it is called; each need of an ask has its own.
    pub key: String,
    /// Who leads it.
    pub manager: PersonId,
    /// Whose it is.
    pub rep: PersonId,
    /// How long it should be.
    pub duration: Duration,
    /// The shortest that would still be one.
    pub shortest: Duration,
    /// Least number of days between two sessions of the rep; less than two days: on different days.
    pub apart: Duration,
    /// The rep's week, in which it must lie.
    pub week: Span,
    /// When it should have been.
    pub usual: Option<Moment>,
    /// The rep's other sessions of this week, held or booked.
    pub fixed: Vec<Span>,
    /// Starts that were refused, or are offered elsewhere.
    pub excluded: Vec<Moment>,
    /// The start that is proposed already.
    pub proposed: Option<Moment>,
}

/// What is asked of the planner: the open recoveries of a team.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The planning moment.
    pub now: Moment,
    /// Notice, buffer, times to avoid, what may be displaced.
    pub policy: &'a Policy,
    /// Everybody the needs name; one who is missing is unknown.
    pub people: Vec<Attendee>,
    /// What is to be placed.
    pub needs: Vec<Need>,
    /// Whether held time may be used.
    pub displace: Displace,
    /// Which days are better.
    pub days: Days,
}

impl Ask<'_> {
    /// The attendee of this number.
    pub fn person(&self, id: PersonId) -> Option<&Attendee> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Whether time held like this may be used.
    fn may_displace(&self, kind: HoldKind) -> bool {
        let by_policy = match kind {
            HoldKind::Focus => self.policy.displace_focus,
            HoldKind::Tentative => self.policy.displace_tentative,
            HoldKind::Once => true,
        };
        self.displace == Displace::AsPolicySays && by_policy
    }
}

/// The table of one week, and the way back from it.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What the solver sees.
    pub table: Table,
    /// Where its slots lie in time.
    pub grid: Grid,
    /// For each session, the place of its need in the ask.
    pub needs: Vec<usize>,
}

/// One table for each week that the needs lie in, in order; sessions are in order of key.
pub fn compile(ask: &Ask<'_>) -> Vec<Compiled> {
    let mut weeks: BTreeMap<_, (Grid, Vec<usize>)> = BTreeMap::new();
    for (n, need) in ask.needs.iter().enumerate() {
        let grid = Grid::of(&need.week);
        weeks.entry(grid.week()).or_insert_with(|| (grid, Vec::new())).1.push(n);
    }
    weeks.into_values().map(|(grid, needs)| compile_week(ask, grid, needs)).collect()
}

fn compile_week(ask: &Ask<'_>, grid: Grid, mut needs: Vec<usize>) -> Compiled {
    needs.sort_by_key(|n| &ask.needs[*n].key);
    let wanted: Vec<&Need> = needs.iter().map(|n| &ask.needs[*n]).collect();
    let ids: BTreeSet<PersonId> = wanted.iter().flat_map(|need| [need.manager, need.rep]).collect();
    let place: BTreeMap<PersonId, usize> = ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
    let mut people: Vec<Person> =
        ids.iter().enumerate().map(|(n, id)| person(ask, n, Calendar::of(ask, &grid, *id))).collect();
    let (rep_places, reps) = reps(&grid, &wanted, &place);
    add_fixed(&mut people, &reps);
    if ask.days == Days::Alike {
        spread(ask, &grid, &ids, &mut people);
    }
    let now = grid.floor(ask.now);
    let notice = grid.ceil(ask.now + ask.policy.notice) - now;
    let sessions = wanted.iter().enumerate().map(|(n, need)| {
        let people_of = vec![place[&need.manager], place[&need.rep]];
        let lead = &people[place[&need.manager]];
        let lead_zone = ask.person(need.manager).map(|person| &person.zone);
        Session {
            id: SessionId(n as u32),
            rep: rep_places[&need.rep],
            people: people_of,
            dur: slots(need.duration),
            from: grid.ceil(need.week.start),
            due: grid.floor(need.week.end),
            notice,
            usual: need.usual.zip(lead_zone).map(|(usual, zone)| usual_slot(&grid, lead, zone, usual)),
            proposed: need.proposed.map(|at| grid.floor(at)),
            drop: DROP,
            excluded: need.excluded.iter().map(|at| grid.floor(*at)).collect(),
        }
    });
    let sessions = sessions.collect();
    let name = grid.week().to_string();
    let table = Table {
        format: FORMAT.into(),
        name,
        now,
        step: STEP,
        weights: weights(ask.days),
        people,
        reps,
        sessions,
    };
    Compiled { table, grid, needs }
}

fn weights(days: Days) -> Weights {
    match days {
        Days::Sooner => WEIGHTS,
        Days::Alike => Weights { day: 0, ..WEIGHTS },
    }
}

/// Days on which somebody leads sessions already are worse for it, each by so much.
fn spread(ask: &Ask<'_>, grid: &Grid, ids: &BTreeSet<PersonId>, people: &mut [Person]) {
    for (person, id) in people.iter_mut().zip(ids) {
        person.day_soft = DAY_SOFT_SPREAD;
        for led in ask.person(*id).into_iter().flat_map(|known| &known.led) {
            if let Some(day) = person.day_of(grid.floor(led.start)) {
                person.soft.push(Priced(person.days[day], person.days[day + 1], LED));
            }
        }
    }
}

/// How many slots it takes.
pub(super) fn slots(length: Duration) -> Slot {
    ((length.num_seconds() + SLOT_SECONDS - 1) / SLOT_SECONDS).max(1) as Slot
}

/// Where the usual time lies; one outside the week counts by its time of day alone.
fn usual_slot(grid: &Grid, lead: &Person, zone: &Zone, usual: Moment) -> Slot {
    let slot = grid.floor(usual);
    if lead.day_of(slot).is_some() {
        return slot;
    }
    let since_midnight = zone.local(usual).time() - NaiveTime::MIN;
    lead.days[0] + (since_midnight.num_seconds() / SLOT_SECONDS) as Slot
}

/// The reps in order of first need, and where each is.
fn reps(
    grid: &Grid,
    needs: &[&Need],
    place: &BTreeMap<PersonId, usize>,
) -> (BTreeMap<PersonId, usize>, Vec<Rep>) {
    let mut places = BTreeMap::new();
    let mut out: Vec<Rep> = Vec::new();
    for need in needs {
        let n = *places.entry(need.rep).or_insert(out.len());
        if n == out.len() {
            let (person, manager) = (place[&need.rep], place[&need.manager]);
            out.push(Rep { person, manager, spacing: 0, apart_days: 1, starve: STARVE, fixed: Vec::new() });
        }
        out[n].apart_days = out[n].apart_days.max(apart_days(need));
        out[n].fixed.extend(need.fixed.iter().filter_map(|span| grid.outward(span)));
    }
    for rep in &mut out {
        rep.fixed.sort_unstable();
        rep.fixed.dedup();
    }
    (places, out)
}

/// `apart` in whole days, at least one.
pub(super) fn apart_days(need: &Need) -> u32 {
    need.apart.num_days().max(1) as u32
}

/// What is fixed takes both people's time and counts in the manager's day.
fn add_fixed(people: &mut [Person], reps: &[Rep]) {
    for rep in reps {
        for fixed in &rep.fixed {
            people[rep.person].busy.push(*fixed);
            let manager = &mut people[rep.manager];
            manager.busy.push(*fixed);
            if let Some(day) = manager.day_of(fixed.0) {
                manager.fixed_per_day[day] += 1;
            }
        }
    }
}

/// Held time: its slots, when it is, and what it is.
pub(super) type Hold = (Stretch, Span, HoldKind);

/// A person's week on a grid.
pub(super) struct Calendar {
    pub days: [Slot; 8],
    pub hours: Vec<Stretch>,
    pub busy: Vec<Stretch>,
    pub holds: Vec<Hold>,
    pub avoid: Vec<Stretch>,
    pub buffer: Slot,
    pub unknown: bool,
}

impl Calendar {
    /// As the ask says; somebody it has not is there at all hours, but unknown.
    pub fn of(ask: &Ask<'_>, grid: &Grid, id: PersonId) -> Self {
        let buffer = if ask.policy.buffer.is_zero() { 0 } else { slots(ask.policy.buffer) };
        let Some(person) = ask.person(id) else {
            let days = grid.days(&Zone::utc());
            let hours = vec![Stretch(days[0], days[7])];
            return Self {
                days,
                hours,
                busy: Vec::new(),
                holds: Vec::new(),
                avoid: Vec::new(),
                buffer,
                unknown: true,
            };
        };
        let days = grid.days(&person.zone);
        let week = grid.span(Stretch(days[0], days[7]));
        let monday = grid.week().monday();
        let avoid =
            ask.policy.avoid.iter().flat_map(|part| part.spans(&person.zone, monday.iter_days().take(7)));
        let hold = |(span, kind): &(Span, HoldKind)| grid.outward(span).map(|at| (at, *span, *kind));
        Self {
            days,
            hours: person.hours.spans(&person.zone, &week).iter().filter_map(|s| grid.inward(s)).collect(),
            busy: person.busy.iter().filter_map(|span| grid.outward(span)).collect(),
            holds: person.soft_holds.iter().filter_map(hold).collect(),
            avoid: avoid.filter_map(|span| grid.outward(&span)).collect(),
            buffer,
            unknown: person.unknown,
        }
    }
}

/// A row of the table. Time that may not be displaced is cut out of the working hours, so that it needs no buffer.
fn person(ask: &Ask<'_>, id: usize, calendar: Calendar) -> Person {
    let (given, kept): (Vec<&Hold>, Vec<&Hold>) =
        calendar.holds.iter().partition(|hold| ask.may_displace(hold.2));
    let price = |kind| match kind {
        HoldKind::Focus => FOCUS,
        HoldKind::Tentative => TENTATIVE,
        HoldKind::Once => ONCE,
    };
    let kept = merged(kept.iter().map(|hold| hold.0).collect());
    Person {
        id,
        days: calendar.days,
        work: if calendar.unknown { Vec::new() } else { without(&calendar.hours, &kept) },
        busy: calendar.busy,
        holds: given.iter().map(|(at, _, kind)| Priced(at.0, at.1, price(*kind))).collect(),
        soft: calendar.avoid.iter().map(|at| Priced(at.0, at.1, AVOID)).collect(),
        buffer: calendar.buffer,
        day_cap: DAY_CAP,
        day_soft: DAY_SOFT,
        fixed_per_day: [0; 7],
    }
}
