//! The rows of a component: sets of options of which a plan may hold only so many, or pays for more.

use super::model::{Limit, Lists, NONE, Part, Whole};
use crate::plan::bound::Row;
use crate::plan::slots::Slot;

/// A rep or person has few rows of their own; where there are more, none is looked for that another holds.
const COMPARED: usize = 96;

/// A row in the making.
pub(super) struct Draft {
    pub limit: Limit,
    pub members: Vec<u32>,
    /// 0: every path keeps it; 1: it must hold; 2: it has a price.
    pub class: u8,
}

fn hard(name: Row, most: i32, class: u8, members: Vec<u32>) -> Draft {
    Draft { limit: Limit { name, most, sign: 1, price: None, hold: NONE }, members, class }
}

/// All rows but those of holds.
pub(super) fn rows(whole: &Whole<'_>, part: &Part, leads: &[usize], reps: &[usize], drafts: &mut Vec<Draft>) {
    for (n, group) in part.groups.iter().enumerate() {
        drafts.push(hard(Row::Group(group[0]), group.len() as i32, 1, part.of(n).to_vec()));
        narrower(whole, part, n, drafts);
    }
    let mut by_rep: Vec<Vec<u32>> = vec![Vec::new(); reps.len()];
    let mut by_person: Vec<(usize, u32)> = Vec::new();
    for (n, spot) in part.spots.iter().enumerate() {
        by_rep[spot.rep as usize].push(n as u32);
        let session = &whole.table.sessions[part.groups[spot.group as usize][0]];
        by_person.extend(session.people.iter().map(|person| (*person, n as u32)));
    }
    by_person.sort_unstable();
    let mut of_people: Vec<(usize, Vec<Draft>)> = Vec::new();
    for group in by_person.chunk_by(|a, b| a.0 == b.0) {
        let person = group[0].0;
        let members: Vec<u32> = group.iter().map(|at| at.1).collect();
        let leads_all = members.iter().all(|n| leads[part.spots[*n as usize].lead as usize] == person);
        let buffer = whole.table.people[person].buffer;
        let mut found = Vec::new();
        let class = u8::from(!leads_all);
        cliques(part, &members, buffer, |slot, members| {
            found.push(hard(Row::Person { person, slot }, 1, class, members));
        });
        of_people.push((person, found));
    }
    for (n, members) in by_rep.iter().enumerate() {
        let rep = &whole.table.reps[reps[n]];
        let place = of_people.partition_point(|(person, _)| *person < rep.person);
        let Some((_, theirs)) = of_people.get_mut(place).filter(|of| of.0 == rep.person) else { continue };
        cliques(part, members, rep.spacing, |slot, members| {
            theirs.push(hard(Row::Rep { rep: reps[n], slot }, 1, 1, members));
        });
        days(whole, part, reps[n], members, theirs);
        if part.starve[n] > 0 {
            let limit = Limit {
                name: Row::Starve(reps[n]),
                most: -1,
                sign: -1,
                price: Some(part.starve[n]),
                hold: NONE,
            };
            drafts.push(Draft { limit, members: members.clone(), class: 2 });
        }
    }
    for (_, rows) in &mut of_people {
        without_contained(rows);
        drafts.append(rows);
    }
}

/// Options that the narrower sessions of a group cannot have are for the wider ones alone.
fn narrower(whole: &Whole<'_>, part: &Part, group: usize, drafts: &mut Vec<Draft>) {
    let sessions = &part.groups[group];
    for wider in 1..sessions.len() {
        let inner = &whole.choices[sessions[wider]];
        if inner.len() == whole.choices[sessions[wider - 1]].len() {
            continue;
        }
        let is_inside = |n: &u32| inner.iter().any(|c| c.start == part.spots[*n as usize].start);
        let beyond: Vec<u32> = part.of(group).iter().copied().filter(|n| !is_inside(n)).collect();
        let name = Row::Beyond { group: sessions[0], session: sessions[wider] };
        drafts.push(hard(name, wider as i32, 1, beyond));
    }
}

/// H5 among the sessions of a rep.
fn days(whole: &Whole<'_>, part: &Part, rep: usize, members: &[u32], out: &mut Vec<Draft>) {
    let apart = whole.table.reps[rep].apart_days as usize;
    let day_of = |n: &u32| {
        let spot = part.spots[*n as usize];
        whole.choices[part.groups[spot.group as usize][0]][spot.choice as usize].rep_day
    };
    for day in 0..=7_usize.saturating_sub(apart.min(7)) {
        let on: Vec<u32> =
            members.iter().copied().filter(|n| (day..day + apart).contains(&day_of(n))).collect();
        if are_of_several(part, &on) {
            out.push(hard(Row::Days { rep, day }, 1, 1, on));
        }
    }
}

/// H7 and C9, where no path counts.
pub(super) fn loads(
    whole: &Whole<'_>,
    part: &Part,
    leads: &[usize],
    caps: &[u32],
    counted: &[bool],
    drafts: &mut Vec<Draft>,
) {
    let mut by_day: Vec<Vec<u32>> = vec![Vec::new(); caps.len()];
    for (n, spot) in part.spots.iter().enumerate() {
        by_day[spot.day as usize].push(n as u32);
    }
    for (n, members) in by_day.into_iter().enumerate() {
        let (lead, day) = (leads[n / 7], n % 7);
        let sessions = members.len();
        if sessions > caps[n] as usize {
            drafts.push(hard(Row::Cap { lead, day }, caps[n] as i32, u8::from(!counted[n]), members.clone()));
        }
        let load = whole.table.weights.load;
        if sessions > part.room[n] as usize && load > 0 && !counted[n] {
            let name = Row::Load { lead, day };
            let limit = Limit { name, most: part.room[n] as i32, sign: 1, price: Some(load), hold: NONE };
            drafts.push(Draft { limit, members, class: 2 });
        }
    }
}

/// Calls `found` with every largest set of options that lie within `gap` of each other, and a slot that all of them take.
pub(super) fn cliques(part: &Part, members: &[u32], gap: Slot, mut found: impl FnMut(Slot, Vec<u32>)) {
    let mut order = members.to_vec();
    order.sort_unstable_by_key(|n| (part.spots[*n as usize].start, *n));
    let start = |n: u32| part.spots[n as usize].start;
    let end = |n: u32| part.spots[n as usize].end + gap;
    let mut active: Vec<u32> = Vec::new();
    let mut groups = order.chunk_by(|a, b| start(*a) == start(*b)).peekable();
    while let Some(group) = groups.next() {
        active.extend(group);
        let next = groups.peek().map_or(Slot::MAX, |next| start(next[0]));
        if active.iter().any(|n| end(*n) <= next) {
            if are_of_several(part, &active) {
                let mut members = active.clone();
                members.sort_unstable();
                found(start(group[0]), members);
            }
            active.retain(|n| end(*n) > next);
        }
    }
}

/// A session's own row does not let it be placed twice, so that no other need say so.
fn are_of_several(part: &Part, members: &[u32]) -> bool {
    let group = |n: u32| part.spots[n as usize].group;
    members.iter().any(|n| group(*n) != group(members[0]) || part.size(group(*n) as usize) > 1)
        && members.len() > 1
}

/// Takes out rows that another one holds whole; the first of equal ones stays.
fn without_contained(rows: &mut Vec<Draft>) {
    if rows.len() > COMPARED {
        return;
    }
    let within = |one: &Draft, two: &Draft| {
        let mut theirs = two.members.iter();
        one.class > 0 && one.members.iter().all(|n| theirs.any(|other| other == n))
    };
    let gone: Vec<bool> = (0..rows.len())
        .map(|i| {
            (0..rows.len()).any(|j| {
                let longer = rows[j].members.len() > rows[i].members.len();
                let same_before = rows[j].members.len() == rows[i].members.len() && j < i;
                (longer || same_before) && within(&rows[i], &rows[j])
            })
        })
        .collect();
    let mut gone = gone.into_iter();
    rows.retain(|_| !gone.next().unwrap_or(false));
}

/// Puts the rows in their order.
pub(super) fn settle(part: &mut Part, mut drafts: Vec<Draft>) {
    drafts.sort_by_key(|draft| draft.class);
    part.priced = drafts.iter().filter(|draft| draft.class == 0).count();
    part.hard = drafts.iter().filter(|draft| draft.class < 2).count();
    for draft in drafts {
        if let Row::Group(_) = draft.limit.name {
            let group = part.spots[draft.members[0] as usize].group;
            part.group_row[group as usize] = part.rows.len() as u32;
        }
        part.rows.push(draft.limit);
        part.members.push(draft.members);
    }
    part.rows_of = if part.rows.is_empty() {
        let mut none = Lists::default();
        part.spots.iter().for_each(|_| none.push([]));
        none
    } else {
        part.members.inverted(part.spots.len())
    };
}
