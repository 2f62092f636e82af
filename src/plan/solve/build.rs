//! From a table to the rows and costs of one component.

use super::model::{Limit, Lists, NONE, Part, Spot, Whole};
use super::path;
use super::rows::{Draft, cliques, loads, rows, settle};
use crate::plan::bound::Row;
use crate::plan::table::Session;

/// A session is compared with so many groups of its rep, at most.
const LOOKED_BACK: usize = 96;

/// Numbers the sessions of a component anew.
pub(super) fn part(whole: &Whole<'_>, sessions: Vec<usize>) -> Part {
    let table = whole.table;
    let session = |id: &usize| &table.sessions[*id];
    let leads = sorted(sessions.iter().map(|id| session(id).people[0]));
    let reps = sorted(sessions.iter().map(|id| session(id).rep));
    let drop = |s: &Session| s.drop + if s.proposed.is_some() { table.weights.moved } else { 0 };
    let mut starve: Vec<i64> =
        reps.iter().map(|r| &table.reps[*r]).map(|r| if r.fixed.is_empty() { r.starve } else { 0 }).collect();
    let base = sessions.iter().map(|id| drop(session(id))).sum::<i64>() + starve.iter().sum::<i64>();
    let groups = groups(whole, &sessions);
    let mut spots = Vec::new();
    for (n, id) in groups.iter().map(|group| &group[0]).enumerate() {
        let (lead, rep) = (place(&leads, session(id).people[0]), place(&reps, session(id).rep));
        for (c, choice) in whole.choices[*id].iter().enumerate() {
            spots.push(Spot {
                group: n as u32,
                choice: c as u32,
                start: choice.start,
                end: choice.start + session(id).dur,
                cost: choice.cost - drop(session(id)),
                lead,
                day: lead * 7 + choice.lead_day as u32,
                rep,
            });
        }
    }
    spots.sort_unstable_by_key(|spot| (spot.lead, spot.start, spot.group));
    fold_starve(&groups, &mut spots, &mut starve);
    let room = |lead: &usize| {
        let person = &table.people[*lead];
        person.fixed_per_day.map(|fixed| person.day_soft.saturating_sub(fixed))
    };
    let mut part = Part {
        options: options(&spots, groups.len()),
        able: 0,
        group_row: vec![NONE; groups.len()],
        groups,
        sessions,
        base,
        rows: Vec::new(),
        priced: 0,
        hard: 0,
        members: Lists::default(),
        rows_of: Lists::default(),
        room: leads.iter().flat_map(room).collect(),
        leads: leads.len(),
        holds: Vec::new(),
        holds_of: Lists::default(),
        shared: Vec::new(),
        starve,
        paths: Vec::new(),
        near: Vec::new(),
        segments: Vec::new(),
        chain: table.weights.chain,
        chain_gap: table.weights.chain_gap,
        load: table.weights.load,
        spots,
    };
    part.able = (0..part.groups.len()).map(|n| part.most(n)).sum();
    let mut drafts = Vec::new();
    let own = holds(whole, &mut part, &mut drafts);
    let cap = |lead: &usize| {
        let person = &table.people[*lead];
        person.fixed_per_day.map(|fixed| person.day_cap.saturating_sub(fixed))
    };
    let caps: Vec<u32> = leads.iter().flat_map(cap).collect();
    let counted = path::lay(whole, &mut part, &leads, &own, &caps);
    rows(whole, &part, &leads, &reps, &mut drafts);
    loads(whole, &part, &leads, &caps, &counted, &mut drafts);
    settle(&mut part, drafts);
    part
}

fn sorted(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut out: Vec<usize> = numbers.collect();
    out.sort_unstable();
    out.dedup();
    out
}

fn place(sorted: &[usize], number: usize) -> u32 {
    sorted.partition_point(|other| *other < number) as u32
}

/// Groups of sessions that may stand for each other: of one rep, with the same people and length, that cost the same
/// wherever both can be. They come in order of how many starts they can have, each within those of the last.
fn groups(whole: &Whole<'_>, sessions: &[usize]) -> Vec<Vec<usize>> {
    let session = |id: usize| &whole.table.sessions[id];
    let able = sessions.iter().copied().filter(|id| !whole.choices[*id].is_empty());
    let mut order: Vec<usize> = able.collect();
    order.sort_by_key(|id| (session(*id).rep, usize::MAX - whole.choices[*id].len(), *id));
    let mut out: Vec<Vec<usize>> = Vec::new();
    for of_rep in order.chunk_by(|a, b| session(*a).rep == session(*b).rep) {
        let start = out.len();
        for id in of_rep {
            let first = start.max(out.len().saturating_sub(LOOKED_BACK));
            let like = |group: &&mut Vec<usize>| is_like(whole, *group.last().unwrap_or(id), *id);
            match out[first..].iter_mut().find(like) {
                Some(group) => group.push(*id),
                None => out.push(vec![*id]),
            }
        }
    }
    out.sort_by_key(|group| group.iter().min().copied());
    out
}

/// Whether the second session is as good as the first wherever it can be.
fn is_like(whole: &Whole<'_>, one: usize, two: usize) -> bool {
    let (a, b) = (&whole.table.sessions[one], &whole.table.sessions[two]);
    let drop = |s: &Session| s.drop + if s.proposed.is_some() { whole.table.weights.moved } else { 0 };
    if a.people != b.people || a.dur != b.dur || drop(a) != drop(b) {
        return false;
    }
    let mut wider = whole.choices[one].iter();
    whole.choices[two]
        .iter()
        .all(|choice| wider.any(|other| other.start == choice.start && other.cost == choice.cost))
}

/// A rep with a single session to place is fed by it alone: its options tell.
fn fold_starve(groups: &[Vec<usize>], spots: &mut [Spot], starve: &mut [i64]) {
    let mut only = vec![NONE; starve.len()];
    let mut several = vec![false; starve.len()];
    for spot in spots.iter() {
        let rep = spot.rep as usize;
        several[rep] |= only[rep] != NONE && only[rep] != spot.group || groups[spot.group as usize].len() > 1;
        only[rep] = spot.group;
    }
    for spot in spots.iter_mut().filter(|spot| !several[spot.rep as usize]) {
        spot.cost -= starve[spot.rep as usize];
    }
    for (price, several) in starve.iter_mut().zip(several) {
        *price = if several { *price } else { 0 };
    }
}

fn options(spots: &[Spot], groups: usize) -> Lists {
    let mut by_group: Vec<Vec<u32>> = vec![Vec::new(); groups];
    for (n, spot) in spots.iter().enumerate() {
        by_group[spot.group as usize].push(n as u32);
    }
    let mut out = Lists::default();
    for list in by_group {
        out.push(list);
    }
    out
}

/// Sorts holds: what only one option can lie on at a time is part of its cost; what a lead's own sessions lie on is
/// left to the lead's path, and returned; the rest becomes rows.
fn holds(whole: &Whole<'_>, part: &mut Part, drafts: &mut Vec<Draft>) -> Vec<Vec<path::Hold>> {
    let mut touched: Vec<(usize, u32)> = Vec::new();
    for (n, spot) in part.spots.iter().enumerate() {
        let choice = &whole.choices[part.groups[spot.group as usize][0]][spot.choice as usize];
        touched.extend(choice.holds.iter().map(|hold| (*hold, n as u32)));
    }
    touched.sort_unstable();
    let mut holds_of: Vec<Vec<u32>> = vec![Vec::new(); part.spots.len()];
    let mut own: Vec<Vec<path::Hold>> = vec![Vec::new(); part.spots.len()];
    for group in touched.chunk_by(|a, b| a.0 == b.0) {
        let (person, nth, hold) = whole.holds[group[0].0];
        let spot = |at: &(usize, u32)| part.spots[at.1 as usize];
        let session = |at: &(usize, u32)| part.groups[spot(at).group as usize][0];
        let first = spot(&group[0]);
        let one_session =
            part.size(first.group as usize) == 1 && group.iter().all(|at| spot(at).group == first.group);
        let rep_day = |at: &(usize, u32)| whole.choices[session(at)][spot(at).choice as usize].rep_day;
        let one_day = group.iter().all(|at| spot(at).rep == first.rep && rep_day(at) == rep_day(&group[0]));
        if hold.2 == 0 {
            continue;
        }
        if one_session || one_day {
            for at in group {
                part.spots[at.1 as usize].cost += hold.2;
            }
            continue;
        }
        let number = part.holds.len() as u32;
        part.holds.push(hold.2);
        for at in group {
            holds_of[at.1 as usize].push(number);
        }
        if group.iter().all(|at| whole.table.sessions[session(at)].people[0] == person) {
            for at in group {
                own[at.1 as usize].push((hold.0, hold.1, hold.2));
            }
            continue;
        }
        let shared = part.shared.len() as u32;
        part.shared.push(hold.2);
        let limit = |name| Limit { name, most: 0, sign: 1, price: Some(hold.2), hold: shared };
        let all: Vec<u32> = group.iter().map(|at| at.1).collect();
        cliques(part, &all, whole.table.people[person].buffer, |slot, members| {
            let name = Row::HoldAt { person, hold: nth, slot };
            drafts.push(Draft { limit: limit(name), members, class: 2 });
        });
        let mut members = group.to_vec();
        members.sort_unstable_by_key(|at| (spot(at).group, at.1));
        let single = |at: &(usize, u32)| part.size(spot(at).group as usize) == 1;
        for of_one in members.chunk_by(|a, b| spot(a).group == spot(b).group && single(a)) {
            let name = Row::Hold {
                person,
                hold: nth,
                session: session(&of_one[0]),
                start: (!single(&of_one[0])).then(|| spot(&of_one[0]).start),
            };
            drafts.push(Draft {
                limit: limit(name),
                members: of_one.iter().map(|at| at.1).collect(),
                class: 2,
            });
        }
    }
    let mut lists = Lists::default();
    for list in holds_of {
        lists.push(list);
    }
    part.holds_of = lists;
    own
}
