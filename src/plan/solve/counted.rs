//! The walk of [`super::path`] on days where it matters how many are taken: for each end it keeps the cheapest way of
//! each number of options. So the load of a full day (C9) and its cap (H7) cannot be dodged by the mean of two plans.

use super::model::{NONE, Part};
use super::path::{Count, NEVER, Segment};

/// Room to walk in. A *level* is the number of options taken so far.
pub(super) struct Counted {
    /// The cheapest way to each option of the segment, itself included, by level.
    at: Vec<i64>,
    before: Vec<u32>,
    /// By end and level.
    value: Vec<i64>,
    by: Vec<u32>,
    /// Over all ends before, by level.
    prefix: Vec<(i64, u32)>,
    after: Vec<i64>,
    jump: Vec<i64>,
}

impl Counted {
    pub fn new(part: &Part) -> Self {
        let (mut spots, mut ends) = (0, 0);
        for segment in &part.segments {
            let levels = segment.count.map_or(0, |count| count.most as usize + 1);
            spots = spots.max(segment.spots.len() * levels);
            ends = ends.max((segment.ends as usize + 1) * levels);
        }
        Self {
            at: vec![NEVER; spots],
            before: vec![NONE; spots],
            value: vec![NEVER; ends],
            by: vec![NONE; ends],
            prefix: vec![(NEVER, NONE); ends],
            after: vec![0; ends],
            jump: vec![NEVER; ends],
        }
    }

    /// As [`super::path::Walk::forward`].
    pub fn forward(
        &mut self,
        part: &Part,
        segment: &Segment,
        count: Count,
        cost: &[i64],
        scale: i64,
        taken: &mut Vec<u32>,
    ) -> i64 {
        let (ends, most) = (segment.ends as usize, count.most as usize);
        let (levels, load) = (most + 1, part.load * scale);
        self.value[..ends * levels].fill(NEVER);
        self.prefix[..levels].fill((NEVER, NONE));
        self.prefix[0] = (0, NONE);
        let first = segment.spots.start as usize;
        let mut done = 0;
        let range = first..segment.spots.end as usize;
        for (n, own_cost) in range.clone().zip(&cost[range]).filter(|(_, cost)| **cost < NEVER) {
            let own = (n - first) * levels;
            let path = &part.paths[n];
            while done < path.from as usize {
                self.extend(done, levels);
                done += 1;
            }
            let near = &part.near[path.near.0 as usize..path.near.1 as usize];
            let (from, end) = (path.from as usize * levels, path.end as usize * levels);
            for level in 1..levels {
                let (sum, mut by) = self.prefix[from + level - 1];
                let mut best = sum + path.far * scale;
                for (end, extra) in near {
                    let place = *end as usize * levels + level - 1;
                    let value = self.value[place] + extra * scale;
                    if value < best {
                        best = value;
                        by = self.by[place];
                    }
                }
                best += own_cost + if level > count.room as usize { load } else { 0 };
                self.at[own + level] = best;
                self.before[own + level] = by;
                if best < self.value[end + level] {
                    self.value[end + level] = best;
                    self.by[end + level] = n as u32;
                }
            }
        }
        while done < ends {
            self.extend(done, levels);
            done += 1;
        }
        let (mut level, sum) = self.least(ends, levels);
        let mut at = self.prefix[ends * levels + level].1;
        while level > 0 {
            taken.push(at);
            at = self.before[(at as usize - first) * levels + level];
            level -= 1;
        }
        sum
    }

    fn extend(&mut self, done: usize, levels: usize) {
        let (so_far, next) = (done * levels, (done + 1) * levels);
        for level in 0..levels {
            let before = self.prefix[so_far + level];
            let value = self.value[so_far + level];
            self.prefix[next + level] =
                if value < before.0 { (value, self.by[so_far + level]) } else { before };
        }
    }

    /// The best level in the end, and its cost.
    fn least(&self, ends: usize, levels: usize) -> (usize, i64) {
        let sums = self.prefix[ends * levels..(ends + 1) * levels].iter().map(|(sum, _)| *sum);
        let (sum, level) = sums.zip(0..).min().unwrap_or((0, 0));
        (level, sum)
    }

    /// As [`super::path::Walk::margins`].
    pub fn margins(
        &mut self,
        part: &Part,
        segment: &Segment,
        count: Count,
        cost: &[i64],
        scale: i64,
        out: &mut [i64],
    ) {
        let (ends, levels) = (segment.ends as usize, count.most as usize + 1);
        let load = part.load * scale;
        let least = self.least(ends, levels).1;
        self.after[..ends * levels].fill(0);
        self.jump[..(ends + 1) * levels].fill(NEVER);
        let first = segment.spots.start as usize;
        for n in (first..segment.spots.end as usize).rev() {
            out[n] = NEVER;
            if cost[n] >= NEVER {
                continue;
            }
            let path = &part.paths[n];
            for level in 1..levels {
                let end = path.end as usize;
                let jumps = (end + 1..=ends).map(|to| self.jump[to * levels + level]).min().unwrap_or(NEVER);
                let rest = self.after[end * levels + level].min(jumps);
                out[n] = out[n].min(self.at[(n - first) * levels + level] + rest - least);
                // What it costs to go on to this option from one level below.
                let onward = cost[n] + rest + if level > count.room as usize { load } else { 0 };
                let jump = &mut self.jump[path.from as usize * levels + level - 1];
                *jump = (*jump).min(onward + path.far * scale);
                for (end, extra) in &part.near[path.near.0 as usize..path.near.1 as usize] {
                    let after = &mut self.after[*end as usize * levels + level - 1];
                    *after = (*after).min(onward + extra * scale);
                }
            }
        }
    }
}
