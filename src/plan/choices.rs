//! The starts each session may have by itself, with what each costs by itself (H1–H3, H5 and H6 against
//! fixed sessions; C1–C5).

use std::collections::{BTreeMap, BTreeSet};

use super::slots::{Slot, Stretch, common, merged, without};
use super::table::{Person, Session, Table};

/// One start a session may have.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Where it begins.
    pub start: Slot,
    /// C1–C5.
    pub cost: i64,
    /// The lead's day it falls on …
    pub lead_day: usize,
    /// … and the rep's.
    pub rep_day: usize,
    /// The holds it lies on, as places in the list of all holds.
    pub holds: Vec<usize>,
}

/// What is asked of a person again and again, computed once.
struct Diary {
    /// Working time outside busy time and its buffer.
    free: Vec<Stretch>,
    /// `soft[i]` is the cost of all slots from `first` up to `first + i`.
    soft: Vec<i64>,
    first: Slot,
    /// Busy time, merged.
    busy: Vec<Stretch>,
    /// Working time outside busy time.
    blocks: Vec<Stretch>,
    /// The place of the person's first hold in the list of all.
    first_hold: usize,
}

impl Diary {
    fn of(person: &Person, first_hold: usize) -> Self {
        let busy = merged(person.busy.clone());
        let padded = merged(busy.iter().map(|b| b.widened(person.buffer)).collect());
        let first = person.work.first().map_or(0, |work| work.0);
        let last = person.work.last().map_or(0, |work| work.1);
        Self {
            free: without(&person.work, &padded),
            soft: running_cost(person, Stretch(first, last)),
            first,
            blocks: without(&person.work, &busy),
            busy,
            first_hold,
        }
    }

    /// C2 for one attendee; `time` lies in working time.
    fn soft(&self, time: Stretch) -> i64 {
        self.soft[(time.1 - self.first) as usize] - self.soft[(time.0 - self.first) as usize]
    }

    /// How many merged busy stretches end close before or begin close after.
    fn neighbours(&self, time: Stretch, gap: Slot) -> usize {
        let ends_by = |slot: Slot| self.busy.partition_point(|b| b.1 <= slot);
        let begins_before = |slot: Slot| self.busy.partition_point(|b| b.0 < slot);
        (ends_by(time.0) - ends_by(time.0 - gap)) + (begins_before(time.1 + gap) - begins_before(time.1))
    }

    /// Whether it cuts a free block of at least `focus` slots in two.
    fn is_cut(&self, time: Stretch, focus: Slot) -> bool {
        let block = self.blocks.partition_point(|b| b.1 < time.1);
        self.blocks.get(block).is_some_and(|b| b.1 - b.0 >= focus && b.0 < time.0 && time.1 < b.1)
    }
}

/// Adds up soft costs from the start of `range` to each slot in it.
fn running_cost(person: &Person, range: Stretch) -> Vec<i64> {
    let mut steps = vec![0; (range.1 - range.0) as usize + 1];
    for soft in &person.soft {
        let from = soft.0.clamp(range.0, range.1);
        let until = soft.1.clamp(range.0, range.1);
        steps[(from - range.0) as usize] += soft.2;
        steps[(until - range.0) as usize] -= soft.2;
    }
    let (mut rate, mut sum) = (0, 0);
    for step in &mut steps {
        let before = sum;
        rate += *step;
        sum += rate;
        *step = before;
    }
    steps
}

/// The choices of every session, in order of start.
pub(super) fn choices(table: &Table) -> Vec<Vec<Choice>> {
    let attending: BTreeSet<usize> =
        table.sessions.iter().flat_map(|session| session.people.clone()).collect();
    let mut diaries: BTreeMap<usize, Diary> = BTreeMap::new();
    let mut first_hold = 0;
    for (id, person) in table.people.iter().enumerate() {
        if attending.contains(&id) {
            diaries.insert(id, Diary::of(person, first_hold));
        }
        first_hold += person.holds.len();
    }
    table.sessions.iter().map(|session| of_session(table, session, &diaries)).collect()
}

fn of_session(table: &Table, session: &Session, diaries: &BTreeMap<usize, Diary>) -> Vec<Choice> {
    let mut free = diaries[&session.people[0]].free.clone();
    for person in &session.people[1..] {
        free = common(&free, &diaries[person].free);
    }
    let first = session.from.max(table.now + session.notice);
    let mut out = Vec::new();
    for piece in free {
        let earliest = piece.0.max(first);
        let aligned = earliest + (-earliest).rem_euclid(table.step);
        let latest = piece.1.min(session.due) - session.dur;
        let starts = (aligned..=latest).step_by(table.step as usize);
        out.extend(starts.filter_map(|start| choice(table, session, diaries, start)));
    }
    out
}

fn choice(table: &Table, session: &Session, diaries: &BTreeMap<usize, Diary>, start: Slot) -> Option<Choice> {
    let rep = &table.reps[session.rep];
    let (lead, rep_person) = (&table.people[session.people[0]], &table.people[rep.person]);
    let (lead_day, rep_day) = (lead.day_of(start)?, rep_person.day_of(start)?);
    let time = session.at(start);
    let clashes = |fixed: &Stretch| {
        time.widened(rep.spacing).overlaps(*fixed)
            || rep_person.day_of(fixed.0).is_some_and(|day| day.abs_diff(rep_day) < rep.apart_days as usize)
    };
    if session.excluded.contains(&start) || rep.fixed.iter().any(clashes) {
        return None;
    }
    let w = &table.weights;
    let diary = &diaries[&session.people[0]];
    let mut cost = w.day * lead_day as i64 + w.chain * diary.neighbours(time, w.chain_gap) as i64;
    if let Some(usual) = session.usual {
        let usual_day = lead.day_of(usual).unwrap_or(0);
        let off = (start - lead.days[lead_day]).abs_diff(usual - lead.days[usual_day]);
        cost += w.tod * i64::from(off.min(w.tod_cap as u32));
    }
    cost += if diary.is_cut(time, w.focus_len) { w.frag } else { 0 };
    cost += if session.proposed.is_some_and(|proposed| proposed != start) { w.moved } else { 0 };
    let mut holds = Vec::new();
    for id in &session.people {
        cost += diaries[id].soft(time);
        let theirs = table.people[*id].holds.iter().enumerate();
        holds.extend(
            theirs.filter(|(_, h)| h.stretch().overlaps(time)).map(|(n, _)| diaries[id].first_hold + n),
        );
    }
    Some(Choice { start, cost, lead_day, rep_day, holds })
}
