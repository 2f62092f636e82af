//! A planning instance, `drumbeat-plan/1`: people, reps and sessions on one grid of slots. The format is
//! described in `docs/plan-format.md`; rules H1–H7 and costs C1–C10 are named as there.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::slots::{Slot, Stretch};

/// The `format` that is understood.
pub const FORMAT: &str = "drumbeat-plan/1";

/// No slot, length or cost of a table may be beyond this, so that no sum overflows.
const LARGEST: i64 = 1_000_000;

/// The number of a session: its place in [`Table::sessions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u32);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything a plan is made from; all zones, recurrences and policies are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// [`FORMAT`].
    pub format: String,
    /// What to call it.
    pub name: String,
    /// The planning moment.
    pub now: Slot,
    /// Starts are divisible by it.
    pub step: Slot,
    /// What things cost.
    pub weights: Weights,
    /// Everybody; `people[i].id` is `i`.
    pub people: Vec<Person>,
    /// Those whose sessions are planned.
    pub reps: Vec<Rep>,
    /// What is to be placed; `sessions[k].id` is `k`.
    pub sessions: Vec<Session>,
}

/// Cost points, and lengths in slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Per day after the first of the lead's week (C1).
    pub day: i64,
    /// Per slot away from the usual time of day (C1) …
    pub tod: i64,
    /// … counting at most so many slots.
    pub tod_cap: Slot,
    /// For a meeting or session of the lead close before or after (C3, C8).
    pub chain: i64,
    /// Closer than this many slots.
    pub chain_gap: Slot,
    /// For cutting a long free block of the lead in two (C4).
    pub frag: i64,
    /// That long, in slots.
    pub focus_len: Slot,
    /// For each session of a lead's day beyond the soft cap (C9).
    pub load: i64,
    /// For leaving a slot that is proposed already (C5, C6).
    #[serde(rename = "move")]
    pub moved: i64,
}

/// Somebody who attends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their place in [`Table::people`].
    pub id: usize,
    /// Local midnights from Monday to the next Monday.
    pub days: [Slot; 8],
    /// When they work: sorted, never touching.
    pub work: Vec<Stretch>,
    /// What cannot be moved; may overlap.
    pub busy: Vec<Stretch>,
    /// What a session may displace: start, end, cost (C10).
    pub holds: Vec<Priced>,
    /// What is better avoided: start, end, cost per slot (C2).
    pub soft: Vec<Priced>,
    /// Slots that stay free between a session and the next thing.
    pub buffer: Slot,
    /// Most sessions a day as a lead …
    pub day_cap: u32,
    /// … and most without a cost.
    pub day_soft: u32,
    /// Sessions they already lead on each day.
    pub fixed_per_day: [u32; 7],
}

impl Person {
    /// Which of the seven days holds the slot.
    pub fn day_of(&self, slot: Slot) -> Option<usize> {
        (0..7).find(|&day| self.days[day] <= slot && slot < self.days[day + 1])
    }
}

/// A stretch with a price, written `[start, end, cost]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced(pub Slot, pub Slot, pub i64);

impl Priced {
    /// Its time.
    pub fn stretch(self) -> Stretch {
        Stretch(self.0, self.1)
    }
}

/// Somebody to whom sessions are owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rep {
    /// Their place in [`Table::people`].
    pub person: usize,
    /// Their manager's.
    pub manager: usize,
    /// Slots from the end of a session to the start of the next (H6).
    pub spacing: Slot,
    /// Least number of days between two sessions (H5); 1, the usual, means on different days.
    #[serde(default = "one_day", skip_serializing_if = "is_one_day")]
    pub apart_days: u32,
    /// What it costs if they get none at all (C7).
    pub starve: i64,
    /// Sessions held or booked.
    pub fixed: Vec<Stretch>,
}

fn one_day() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one_day(days: &u32) -> bool {
    *days == 1
}

/// One session to be placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its place in [`Table::sessions`].
    pub id: SessionId,
    /// Whose it is: a place in [`Table::reps`].
    pub rep: usize,
    /// All who must attend: the lead, the rep, then others.
    pub people: Vec<usize>,
    /// How long, in slots.
    pub dur: Slot,
    /// No start before it.
    pub from: Slot,
    /// No end after it.
    pub due: Slot,
    /// No start sooner than this many slots from now.
    pub notice: Slot,
    /// The slot it should have had; `None`: any time of day is as good.
    pub usual: Option<Slot>,
    /// A proposal that is out already.
    pub proposed: Option<Slot>,
    /// What it costs when it is not placed (C6).
    pub drop: i64,
    /// Starts it must not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Slot>,
}

impl Session {
    /// The stretch it takes from this start.
    pub fn at(&self, start: Slot) -> Stretch {
        Stretch(start, start + self.dur)
    }
}

/// What is wrong with an instance.
#[derive(Debug, Error)]
pub enum TableError {
    /// It is no JSON of that shape.
    #[error("read the instance: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("read the instance: its format is `{0}`, not `{FORMAT}`")]
    Format(String),
    /// A value that cannot be.
    #[error("use the instance: {place}: {wrong}")]
    Value {
        /// Where: `person 3`, `session 0` …
        place: String,
        /// What, and what would be right.
        wrong: String,
    },
}

impl Table {
    /// Reads and checks a JSON text.
    ///
    /// # Errors
    /// If it is no such JSON, or [`Table::check`] finds a fault.
    pub fn parse(json: &[u8]) -> Result<Self, TableError> {
        let table: Self = serde_json::from_slice(json)?;
        table.check()?;
        Ok(table)
    }

    /// Whether a plan can be made from it: every number names somebody, every stretch has a length.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn check(&self) -> Result<(), TableError> {
        if self.format != FORMAT {
            return Err(TableError::Format(self.format.clone()));
        }
        let w = self.weights;
        let weights = [w.day, w.tod, w.chain, w.frag, w.load, w.moved];
        let gaps = [w.tod_cap, w.chain_gap, w.focus_len];
        need(self.step >= 1, "step", || format!("{} is less than 1", self.step))?;
        need(weights.iter().all(|w| *w >= 0) && gaps.iter().all(|g| *g >= 0), "weights", || {
            "none may be negative".into()
        })?;
        moderate("weights", weights.into_iter().chain(gaps.map(i64::from)))?;
        moderate("now and step", [self.now, self.step].map(i64::from))?;
        for (i, person) in self.people.iter().enumerate() {
            check_person(i, person)?;
        }
        for (i, rep) in self.reps.iter().enumerate() {
            self.check_rep(i, rep)?;
        }
        self.sessions.iter().enumerate().try_for_each(|(i, session)| self.check_session(i, session))
    }

    fn check_rep(&self, i: usize, rep: &Rep) -> Result<(), TableError> {
        let place = format!("rep {i}");
        for who in [rep.person, rep.manager] {
            need(who < self.people.len(), &place, || format!("person {who} is nobody"))?;
        }
        need(rep.spacing >= 0 && rep.starve >= 0, &place, || {
            "spacing and starve may not be negative".into()
        })?;
        moderate(&place, [i64::from(rep.spacing), rep.starve, i64::from(rep.apart_days)])?;
        need(rep.apart_days >= 1, &place, || "apart_days is less than 1".into())?;
        lengths(&place, "fixed", rep.fixed.iter().copied())
    }

    fn check_session(&self, i: usize, session: &Session) -> Result<(), TableError> {
        let place = format!("session {i}");
        need(session.id.0 as usize == i, &place, || format!("its id is {}; ids count from 0", session.id))?;
        let rep = self
            .reps
            .get(session.rep)
            .ok_or_else(|| fault(&place, format!("rep {} is nobody", session.rep)))?;
        for (n, who) in session.people.iter().enumerate() {
            need(*who < self.people.len(), &place, || format!("person {who} is nobody"))?;
            need(!session.people[..n].contains(who), &place, || format!("person {who} attends twice"))?;
        }
        need(session.people.get(1) == Some(&rep.person), &place, || {
            format!("people begins with the lead and the rep's person, {}", rep.person)
        })?;
        need(session.dur >= 1, &place, || format!("dur is {}; at least 1 is right", session.dur))?;
        need(session.from <= session.due, &place, || {
            format!("due {} lies before from {}", session.due, session.from)
        })?;
        need(session.notice >= 0 && session.drop >= 0, &place, || {
            "notice and drop may not be negative".into()
        })?;
        let times = [session.dur, session.from, session.due, session.notice].into_iter();
        let wishes = session.usual.into_iter().chain(session.proposed);
        moderate(&place, times.chain(wishes).map(i64::from).chain([session.drop]))?;
        let lead = &self.people[session.people[0]];
        need(session.usual.is_none_or(|usual| lead.day_of(usual).is_some()), &place, || {
            "usual lies on no day of the lead".into()
        })
    }
}

fn check_person(i: usize, person: &Person) -> Result<(), TableError> {
    let place = format!("person {i}");
    need(person.id == i, &place, || format!("its id is {}; ids count from 0", person.id))?;
    need(person.days.is_sorted_by(|a, b| a < b), &place, || "days do not rise".into())?;
    moderate(&place, person.days.into_iter().chain([person.buffer]).map(i64::from))?;
    moderate(
        &place,
        person.fixed_per_day.into_iter().chain([person.day_cap, person.day_soft]).map(i64::from),
    )?;
    moderate(&place, person.holds.iter().chain(&person.soft).map(|priced| priced.2))?;
    lengths(&place, "work", person.work.iter().copied())?;
    lengths(&place, "busy", person.busy.iter().copied())?;
    lengths(&place, "holds", person.holds.iter().map(|hold| hold.stretch()))?;
    lengths(&place, "soft", person.soft.iter().map(|soft| soft.stretch()))?;
    need(person.work.is_sorted_by(|a, b| a.1 < b.0), &place, || {
        "work intervals overlap, touch or are not in order".into()
    })?;
    need(person.holds.iter().chain(&person.soft).all(|p| p.2 >= 0), &place, || {
        "the cost of a hold or soft stretch may not be negative".into()
    })?;
    need(person.buffer >= 0, &place, || "buffer may not be negative".into())
}

/// Stretches have a length and lie near enough.
fn lengths(place: &str, field: &str, stretches: impl Iterator<Item = Stretch>) -> Result<(), TableError> {
    for Stretch(start, end) in stretches {
        need(start < end, place, || format!("{field} has [{start}, {end}]; an end comes after its start"))?;
        let is_near = moderate(place, [i64::from(start), i64::from(end)]).is_ok();
        need(is_near, place, || format!("{field} has [{start}, {end}], beyond a million"))?;
    }
    Ok(())
}

fn moderate(place: &str, numbers: impl IntoIterator<Item = i64>) -> Result<(), TableError> {
    let mut numbers = numbers.into_iter();
    let wild = numbers.find(|number| number.unsigned_abs() > LARGEST.unsigned_abs());
    wild.map_or(Ok(()), |number| Err(fault(place, format!("{number} is beyond a million"))))
}

fn need(holds: bool, place: &str, wrong: impl FnOnce() -> String) -> Result<(), TableError> {
    if holds { Ok(()) } else { Err(fault(place, wrong())) }
}

fn fault(place: &str, wrong: String) -> TableError {
    TableError::Value { place: place.to_owned(), wrong }
}
