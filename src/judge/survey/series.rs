//! Happenings → series of two people: how often they come, when next, and what became of each session.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use crate::model::calendar::Sighting;
use crate::model::event::Partstat;
use crate::model::fact::SessionKey;
use crate::model::people::{CalendarId, PersonId};
use crate::model::survey::{Became, Every, Happening, Leaf, Rhythm, Series};
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// Meetings made one by one that are told as a habit.
const SINGLES_LEAST: usize = 2;
/// Days and times of a series that are told.
const SLOTS_MOST: usize = 3;
/// Days between sessions of a monthly series, at least and at most.
const MONTH_DAYS: (i64, i64) = (27, 36);

/// What is taken together: the same two and the same lineage; single meetings of the same two; or, without attendees,
/// a lineage in one calendar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Pair(BTreeSet<PersonId>, String),
    Singles(BTreeSet<PersonId>),
    Titled(CalendarId, String),
}

/// All series of two people in `leaves` with a session in `past` (which ends now) or later. Private events and those
/// longer than `longest` are passed over.
pub fn series(leaves: &[Leaf], past: &Span, longest: TimeDelta) -> Vec<Series> {
    let mut groups: BTreeMap<Group, Draft<'_>> = BTreeMap::new();
    for leaf in leaves {
        for happening in &leaf.happenings {
            if let Some(group) = group(leaf, happening, longest) {
                groups.entry(group).or_insert_with(|| Draft::new(leaf)).take(leaf, happening);
            }
        }
    }
    let mut all: Vec<Series> =
        groups.into_iter().filter_map(|(group, draft)| draft.finish(&group, past)).collect();
    all.sort_by(|one, other| {
        let key = |series: &Series| (series.people.is_empty(), series.calendars.first().copied());
        (key(one), &one.people, one.next, &one.title).cmp(&(
            key(other),
            &other.people,
            other.next,
            &other.title,
        ))
    });
    all
}

fn group(leaf: &Leaf, happening: &Happening, longest: TimeDelta) -> Option<Group> {
    let sighting = &happening.sighting;
    let length = sighting.span.length();
    if happening.event.is_private || sighting.is_all_day || length.is_zero() || length > longest {
        return None;
    }
    let lineage = sighting.key.lineage.clone();
    let party = &sighting.kept.party;
    if !party.is_listed {
        return (!leaf.lists_attendees && sighting.recurs).then_some(Group::Titled(leaf.calendar, lineage));
    }
    let others = party.colleagues + party.outside;
    let is_theirs = leaf.owner().is_none_or(|owner| party.people.contains(&owner));
    if party.people.len() != 2 || others > 0 || !is_theirs {
        return None;
    }
    let people = party.people.clone();
    Some(if sighting.recurs { Group::Pair(people, lineage) } else { Group::Singles(people) })
}

/// A session as its copies show it.
struct Seen {
    planned: Moment,
    span: Span,
    became: Became,
}

/// A series that is being put together.
struct Draft<'a> {
    first: &'a Leaf,
    calendars: BTreeSet<CalendarId>,
    newest: Option<&'a Happening>,
    sessions: BTreeMap<SessionKey, Seen>,
}

impl<'a> Draft<'a> {
    fn new(first: &'a Leaf) -> Self {
        Self { first, calendars: BTreeSet::new(), newest: None, sessions: BTreeMap::new() }
    }

    fn take(&mut self, leaf: &Leaf, happening: &'a Happening) {
        let sighting = &happening.sighting;
        self.calendars.insert(leaf.calendar);
        if self.newest.is_none_or(|newest| newest.sighting.span.start <= sighting.span.start) {
            self.newest = Some(happening);
        }
        let seen = Seen {
            planned: sighting.key.rid.unwrap_or(sighting.span.start),
            span: sighting.span,
            became: became(sighting),
        };
        match self.sessions.get_mut(&sighting.key) {
            // Of two copies the one that tells of more is the newer.
            Some(known) if known.became < seen.became => *known = seen,
            Some(_) => {}
            None => {
                self.sessions.insert(sighting.key.clone(), seen);
            }
        }
    }

    fn finish(self, group: &Group, past: &Span) -> Option<Series> {
        let now = past.end;
        let next = self.sessions.values().filter(|seen| seen.span.start > now && stands(seen.became));
        let next = next.map(|seen| seen.span.start).min();
        let mut over: Vec<(Moment, Moment, Became)> = self
            .sessions
            .values()
            .filter(|seen| past.start <= seen.planned && seen.span.end <= now && seen.planned < now)
            .map(|seen| (seen.planned, seen.span.start, seen.became))
            .collect();
        over.sort_unstable();
        let is_single = matches!(group, Group::Singles(_));
        if (over.is_empty() && next.is_none()) || (is_single && over.len() < SINGLES_LEAST) {
            return None;
        }
        let zone = &self.first.zone;
        let planned = self.sessions.values().map(|seen| zone.local(seen.planned)).collect();
        let newest = self.newest?;
        Some(Series {
            calendars: self.calendars.into_iter().collect(),
            people: people(group, self.first.owner()),
            title: newest.event.title.clone(),
            says_so: newest.sighting.kept.words.is_session,
            rhythm: if is_single { singles() } else { rhythm(planned) },
            zone: Zone::clone(zone),
            next,
            past: over,
        })
    }
}

fn people(group: &Group, owner: Option<PersonId>) -> Vec<PersonId> {
    match group {
        Group::Pair(people, _) | Group::Singles(people) => {
            let mut people: Vec<PersonId> = people.iter().copied().collect();
            people.sort_by_key(|person| (Some(*person) != owner, *person));
            people
        }
        Group::Titled(..) => Vec::new(),
    }
}

fn stands(became: Became) -> bool {
    matches!(became, Became::Stood | Became::Moved)
}

fn became(sighting: &Sighting) -> Became {
    if sighting.is_cancelled {
        Became::Cancelled
    } else if sighting.kept.party.answers.values().any(|answer| *answer == Partstat::Declined) {
        Became::Declined
    } else if sighting.key.rid.is_some_and(|rid| rid != sighting.span.start) {
        Became::Moved
    } else {
        Became::Stood
    }
}

fn singles() -> Rhythm {
    Rhythm { every: Every::Single, slots: Vec::new() }
}

/// How often something comes, by the local times at which it was planned.
fn rhythm(mut planned: Vec<NaiveDateTime>) -> Rhythm {
    planned.sort_unstable();
    let mut counts: BTreeMap<(u32, NaiveTime), usize> = BTreeMap::new();
    for at in &planned {
        *counts.entry((at.weekday().num_days_from_monday(), at.time())).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or_default();
    let usual = counts.iter().filter(|(_, count)| **count * 2 > most);
    let slots: Vec<(Weekday, NaiveTime)> =
        usual.map(|((day, at), _)| (weekday(*day), *at)).take(SLOTS_MOST).collect();
    let every = every(&planned);
    // A monthly series falls on another day each time.
    let slots = if every == Every::Month && slots.len() > 1 { Vec::new() } else { slots };
    Rhythm { every, slots }
}

fn weekday(from_monday: u32) -> Weekday {
    Weekday::try_from(from_monday as u8).unwrap_or(Weekday::Mon)
}

fn every(planned: &[NaiveDateTime]) -> Every {
    let days: BTreeSet<NaiveDate> = planned.iter().map(NaiveDateTime::date).collect();
    let days: Vec<NaiveDate> = days.into_iter().collect();
    let gaps: Vec<i64> = days.windows(2).map(|pair| (pair[1] - pair[0]).num_days()).collect();
    if gaps.is_empty() {
        return Every::Once;
    }
    let is_month = |gap: &i64| (MONTH_DAYS.0..=MONTH_DAYS.1).contains(gap);
    if gaps.iter().all(is_month) && gaps.iter().any(|gap| gap % 28 != 0) {
        return Every::Month;
    }
    let monday = |day: &NaiveDate| *day - Days::new(u64::from(day.weekday().num_days_from_monday()));
    let weeks: BTreeSet<NaiveDate> = days.iter().map(monday).collect();
    let weeks: Vec<NaiveDate> = weeks.into_iter().collect();
    let gap = weeks.windows(2).map(|pair| (pair[1] - pair[0]).num_days() / 7).min();
    Every::Weeks(gap.unwrap_or(1))
}
