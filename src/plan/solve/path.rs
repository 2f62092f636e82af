//! The cheapest way through a lead's time: which of the lead's options to take, one after the other, so that no two are
//! too close, with what neighbours cost each other (C8) and with the lead's own holds (C10).
//!
//! That is all of the problem but the rows with a price or a multiplier, and a path is found in one pass. What an option
//! costs after another depends on where the other ends alone, and only on ends close by: hence `near` and `far`.

use std::ops::Range;

use super::counted::Counted;
use super::model::{NONE, Part, Whole};
use crate::plan::slots::Slot;

/// More than any cost; two of them can be added.
pub(super) const NEVER: i64 = i64::MAX / 4;

/// A lead's own hold: its start, its end, its cost.
pub(super) type Hold = (Slot, Slot, i64);

/// How an option follows others of its segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// Which of the segment's ends is its own.
    pub end: u32,
    /// After any of the ends before this one, or after nothing, it costs `far` more …
    pub from: u32,
    pub far: i64,
    /// … and after others what `near` says.
    pub near: (u32, u32),
}

/// Options of one lead that have nothing to do with those before and after.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub spots: Range<u32>,
    /// How many different ends they have.
    pub ends: u32,
    /// If they are of one day on which more can be taken than is free: how many count.
    pub count: Option<Count>,
}

/// How a path counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    /// It takes so many at most (H7, and what fits).
    pub most: u32,
    /// Each beyond these costs the load (C9).
    pub room: u32,
}

/// Fills in segments and paths; `own` are the holds of the lead that each option lies on, `caps` what each lead's
/// day may take. Returns which days are counted by paths.
pub(super) fn lay(
    whole: &Whole<'_>,
    part: &mut Part,
    leads: &[usize],
    own: &[Vec<Hold>],
    caps: &[u32],
) -> Vec<bool> {
    let count = part.spots.len();
    let mut counted = vec![false; caps.len()];
    let mut first = 0;
    while first < count {
        let lead = part.spots[first].lead;
        let buffer = whole.table.people[leads[lead as usize]].buffer;
        let reach = buffer.max(part.chain_gap);
        let day = part.spots[first].day;
        let on_day = part.spots[first..].iter().take_while(|spot| spot.day == day).count();
        let fits = fit(part, first..first + on_day, buffer);
        let is_full = fits > part.room[day as usize].min(caps[day as usize]);
        let mut last = first + 1;
        let mut until = reaches(part, own, first, reach);
        let joins = |last: usize, until: Slot| {
            let spot = &part.spots[last];
            spot.lead == lead && (spot.start < until || is_full && spot.day == day)
        };
        while last < count && joins(last, until) {
            until = until.max(reaches(part, own, last, reach));
            last += 1;
        }
        let is_whole = part.spots[last - 1].day == day && (first == 0 || part.spots[first - 1].day != day);
        let counts = is_full && is_whole;
        counted[day as usize] |= counts;
        let most = fits.min(caps[day as usize]);
        let room = part.room[day as usize];
        lay_segment(part, own, first..last, buffer, counts.then_some(Count { most, room }));
        first = last;
    }
    counted
}

/// How many of these options, in order of start, a lead can have one after the other, at most.
fn fit(part: &Part, range: Range<usize>, buffer: Slot) -> u32 {
    let mut times: Vec<(Slot, Slot)> = part.spots[range].iter().map(|spot| (spot.end, spot.start)).collect();
    times.sort_unstable();
    let (mut count, mut free) = (0, Slot::MIN);
    for (end, start) in times {
        if start >= free {
            count += 1;
            free = end + buffer;
        }
    }
    count
}

/// Before this slot another option may still have to do with it.
fn reaches(part: &Part, own: &[Vec<Hold>], spot: usize, reach: Slot) -> Slot {
    let holds = own[spot].iter().map(|hold| hold.1).max();
    (part.spots[spot].end + reach).max(holds.unwrap_or(Slot::MIN))
}

fn lay_segment(part: &mut Part, own: &[Vec<Hold>], range: Range<usize>, buffer: Slot, count: Option<Count>) {
    let mut ends: Vec<Slot> = part.spots[range.clone()].iter().map(|spot| spot.end).collect();
    ends.sort_unstable();
    ends.dedup();
    for n in range.clone() {
        let spot = part.spots[n];
        let latest = spot.start - buffer;
        let unchained = latest.min(spot.start - part.chain_gap);
        let unpaid = own[n].iter().map(|hold| hold.0).min().unwrap_or(Slot::MAX).min(unchained);
        let from = ends.partition_point(|end| *end <= unpaid);
        let until = ends.partition_point(|end| *end <= latest);
        let first = part.near.len() as u32;
        for (e, end) in ends.iter().enumerate().take(until).skip(from) {
            let unpaid: i64 = own[n].iter().filter(|hold| *end <= hold.0).map(|hold| hold.2).sum();
            let chained = if spot.start - end < part.chain_gap { part.chain } else { 0 };
            part.near.push((e as u32, unpaid + chained));
        }
        part.paths.push(Path {
            end: ends.partition_point(|end| *end < spot.end) as u32,
            from: from as u32,
            far: own[n].iter().map(|hold| hold.2).sum(),
            near: (first, part.near.len() as u32),
        });
    }
    part.segments.push(Segment {
        spots: range.start as u32..range.end as u32,
        ends: ends.len() as u32,
        count,
    });
}

/// Room to walk in.
pub(super) struct Walk {
    /// The cheapest way to each option, itself included.
    pub at: Vec<i64>,
    before: Vec<u32>,
    value: Vec<i64>,
    by: Vec<u32>,
    prefix: Vec<(i64, u32)>,
    /// What follows, at least, after each end.
    after: Vec<i64>,
    jump: Vec<i64>,
    counted: Counted,
}

impl Walk {
    pub fn new(part: &Part) -> Self {
        let ends = part.segments.iter().map(|segment| segment.ends).max().unwrap_or(0) as usize + 1;
        Self {
            at: vec![NEVER; part.spots.len()],
            before: vec![NONE; part.spots.len()],
            value: vec![NEVER; ends],
            by: vec![NONE; ends],
            prefix: vec![(0, NONE); ends],
            after: vec![0; ends],
            jump: vec![NEVER; ends + 1],
            counted: Counted::new(part),
        }
    }

    /// Adds the cheapest way through a segment to `taken`; returns what it costs. `cost` is what each option costs
    /// here ([`NEVER`]: it may not be taken), `scale` what a point of neighbours counts.
    pub fn forward(
        &mut self,
        part: &Part,
        segment: &Segment,
        cost: &[i64],
        scale: i64,
        taken: &mut Vec<u32>,
    ) -> i64 {
        if let Some(count) = segment.count {
            return self.counted.forward(part, segment, count, cost, scale, taken);
        }
        let ends = segment.ends as usize;
        self.value[..ends].fill(NEVER);
        self.prefix[0] = (0, NONE);
        let mut done = 0;
        let range = segment.spots.start as usize..segment.spots.end as usize;
        for (n, own) in range.clone().zip(&cost[range]).filter(|(_, cost)| **cost < NEVER) {
            let path = &part.paths[n];
            while done < path.from as usize {
                self.extend(done);
                done += 1;
            }
            let (sum, mut by) = self.prefix[path.from as usize];
            let mut best = sum + path.far * scale;
            for (end, extra) in &part.near[path.near.0 as usize..path.near.1 as usize] {
                let value = self.value[*end as usize] + extra * scale;
                if value < best {
                    best = value;
                    by = self.by[*end as usize];
                }
            }
            best += own;
            self.at[n] = best;
            self.before[n] = by;
            let end = path.end as usize;
            if best < self.value[end] {
                self.value[end] = best;
                self.by[end] = n as u32;
            }
        }
        while done < ends {
            self.extend(done);
            done += 1;
        }
        let (sum, mut at) = self.prefix[ends];
        while at != NONE {
            taken.push(at);
            at = self.before[at as usize];
        }
        sum
    }

    fn extend(&mut self, done: usize) {
        let so_far = self.prefix[done];
        self.prefix[done + 1] =
            if self.value[done] < so_far.0 { (self.value[done], self.by[done]) } else { so_far };
    }

    /// After [`Walk::forward`]: what the cheapest way that takes each option costs beyond the cheapest of all.
    pub fn margins(&mut self, part: &Part, segment: &Segment, cost: &[i64], scale: i64, out: &mut [i64]) {
        if let Some(count) = segment.count {
            return self.counted.margins(part, segment, count, cost, scale, out);
        }
        let ends = segment.ends as usize;
        let least = self.prefix[ends].0;
        self.after[..ends].fill(0);
        self.jump[..=ends].fill(NEVER);
        for n in (segment.spots.start as usize..segment.spots.end as usize).rev() {
            if cost[n] >= NEVER {
                out[n] = NEVER;
                continue;
            }
            let path = &part.paths[n];
            let end = path.end as usize;
            let jumps = self.jump[end + 1..=ends].iter().copied().min().unwrap_or(NEVER);
            let rest = self.after[end].min(jumps);
            out[n] = self.at[n] + rest - least;
            let onward = cost[n] + rest;
            let jump = &mut self.jump[path.from as usize];
            *jump = (*jump).min(onward + path.far * scale);
            for (end, extra) in &part.near[path.near.0 as usize..path.near.1 as usize] {
                let after = &mut self.after[*end as usize];
                *after = (*after).min(onward + extra * scale);
            }
        }
    }
}
