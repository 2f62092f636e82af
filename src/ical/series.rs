//! Events → their instances in a window: rules, dates added and removed, exceptions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::event::wall_of;
use super::rule::{Budget, Doubt, Rule, Until};
use super::zone::Lookup;
use super::{Limits, zone};
use crate::model::event::{Event, EventStatus, Recurrence, When};
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// Instances outside of these years are not listed, as offsets are known for these years only.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2100;

/// One dated happening of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The event that describes it: the master, the exception to it, or a single event.
    pub event: usize,
    /// The master of its series, where there is one in the feed.
    pub master: Option<usize>,
    /// Its RECURRENCE-ID: the start it had by its series; `None` for a single event.
    pub rid: Option<Moment>,
    /// When it is.
    pub span: Span,
    /// It is a whole day or several, in the default zone.
    pub is_all_day: bool,
    /// It is called off: by STATUS, or by an EXDATE or EXRULE of its series.
    pub is_cancelled: bool,
}

/// The instances of a calendar in a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expanded {
    /// By start, then UID.
    pub instances: Vec<Instance>,
    /// Events (by index) of which not everything is known, and why.
    pub doubts: Vec<(usize, Doubt)>,
}

/// Lists the instances that share time with `window` (or, having no length, start in it).
pub fn expand(events: &[Event], lookup: &Lookup<'_>, window: &Span, limits: &Limits) -> Expanded {
    let mut expansion = Expansion {
        events,
        lookup,
        window,
        zones: BTreeMap::new(),
        budget: Budget::new(limits.steps, limits.rule_steps),
        instances: Vec::new(),
        instances_max: limits.instances,
        doubts: BTreeSet::new(),
    };
    for group in groups(events).into_values() {
        expansion.group(&group);
    }
    let doubts = expansion.doubts.into_iter().collect();
    let mut out = Expanded { instances: expansion.instances, doubts };
    let key = |one: &Instance| (one.span.start, events[one.event].uid.as_str(), one.rid, one.event);
    out.instances.sort_by(|a, b| key(a).cmp(&key(b)));
    out
}

/// The instant of a date or time; in the default zone where its own is unknown.
pub fn instant(when: &When, lookup: &Lookup<'_>) -> Moment {
    match when {
        When::Utc(at) => *at,
        When::Zoned(wall, name) => {
            zone::resolve(name, lookup).unwrap_or_else(|| lookup.default.clone()).instant(*wall)
        }
        When::Date(_) | When::Floating(_) => lookup.default.instant(wall_of(when)),
    }
}

/// The VEVENTs of one UID.
#[derive(Debug, Default)]
struct Group {
    masters: Vec<usize>,
    exceptions: Vec<usize>,
}

/// Events by UID, without revisions that a later one supersedes (RFC 5546, 2.1.5).
fn groups(events: &[Event]) -> BTreeMap<&str, Group> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let group = groups.entry(&event.uid).or_default();
        let same = if event.recurrence_id.is_some() { &mut group.exceptions } else { &mut group.masters };
        same.push(index);
    }
    let revision = |index: usize| (events[index].sequence, events[index].modified, index);
    for group in groups.values_mut() {
        let newest = group.masters.iter().map(|index| events[*index].sequence).max();
        group.masters.retain(|index| Some(events[*index].sequence) == newest);
        latest(&mut group.masters, revision, |index| &events[index].start);
        latest(&mut group.exceptions, revision, |index| &events[index].recurrence_id);
    }
    groups
}

/// Of those with the same key, the latest revision alone.
fn latest<R: Ord, K: Ord>(indices: &mut Vec<usize>, revision: impl Fn(usize) -> R, key: impl Fn(usize) -> K) {
    if indices.len() < 2 {
        return;
    }
    let mut best: BTreeMap<K, usize> = BTreeMap::new();
    for index in indices.iter().copied() {
        let kept = best.entry(key(index)).or_insert(index);
        if revision(index) > revision(*kept) {
            *kept = index;
        }
    }
    *indices = best.into_values().collect();
    indices.sort_unstable();
}

/// A start of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    wall: NaiveDateTime,
    is_removed: bool,
}

/// An exception that also moves all instances after its own (RANGE=THISANDFUTURE), on the wall clock of its own zone.
#[derive(Debug)]
struct Shift {
    event: usize,
    by: TimeDelta,
}

/// Everything about a series that the slots are made from.
struct Series<'a> {
    index: usize,
    event: &'a Event,
    zone: Zone,
    start: NaiveDateTime,
    is_all_day: bool,
}

/// The day that is meant in a series of whole days.
fn whole_day(when: &When, lookup: &Lookup<'_>) -> NaiveDate {
    match when {
        // Midnight UTC is a date that somebody's software put into the wrong form.
        When::Utc(at) if at.time() != NaiveTime::MIN => lookup.default.local(*at).date(),
        other => wall_of(other).date(),
    }
}

struct Expansion<'a> {
    events: &'a [Event],
    lookup: &'a Lookup<'a>,
    window: &'a Span,
    zones: BTreeMap<&'a str, Option<Zone>>,
    budget: Budget,
    instances: Vec<Instance>,
    instances_max: usize,
    doubts: BTreeSet<(usize, Doubt)>,
}

impl<'a> Expansion<'a> {
    fn doubt(&mut self, event: usize, doubt: Doubt) {
        self.doubts.insert((event, doubt));
    }

    fn group(&mut self, group: &Group) {
        let Some((first, others)) = group.masters.split_first() else {
            for index in &group.exceptions {
                self.orphan(*index);
            }
            return;
        };
        self.series(*first, &group.exceptions);
        for index in others {
            self.series(*index, &[]);
        }
    }

    /// An exception whose series is not in the feed.
    fn orphan(&mut self, index: usize) {
        let series = self.as_series(index);
        let event: &'a Event = &self.events[index];
        let rid = event.recurrence_id.as_ref().map(|when| self.key(&series, when));
        self.exception(index, None, rid);
    }

    fn as_series(&mut self, index: usize) -> Series<'a> {
        let event: &'a Event = &self.events[index];
        let zone = self.zone_of(index);
        Series {
            index,
            event,
            zone,
            start: wall_of(&event.start),
            is_all_day: matches!(event.start, When::Date(_)),
        }
    }

    /// The zone of a name, looked up once.
    fn zone(&mut self, name: &'a str) -> Option<Zone> {
        let lookup = self.lookup;
        self.zones.entry(name).or_insert_with(|| zone::resolve(name, lookup)).clone()
    }

    /// The instant that names the instance of a series which a RECURRENCE-ID or EXDATE means.
    fn key(&mut self, series: &Series<'a>, when: &'a When) -> Moment {
        if series.is_all_day {
            return series.zone.instant(whole_day(when, self.lookup).and_time(NaiveTime::MIN));
        }
        match when {
            When::Date(date) => series.zone.instant(date.and_time(series.start.time())),
            When::Floating(wall) => series.zone.instant(*wall),
            When::Utc(at) => *at,
            When::Zoned(wall, name) => {
                self.zone(name).unwrap_or_else(|| self.lookup.default.clone()).instant(*wall)
            }
        }
    }

    fn zone_of(&mut self, index: usize) -> Zone {
        let event: &'a Event = &self.events[index];
        match &event.start {
            When::Utc(_) => Zone::utc(),
            When::Date(_) | When::Floating(_) => self.lookup.default.clone(),
            When::Zoned(_, name) => self.zone(name).unwrap_or_else(|| {
                self.doubt(index, Doubt::Zone);
                self.lookup.default.clone()
            }),
        }
    }

    /// Lists one instance of `index` at a wall time, if it falls into the window.
    fn list(&mut self, index: usize, zone: &Zone, wall: NaiveDateTime, instance: &Instance) {
        let event = &self.events[index];
        let start = zone.instant(wall);
        let is_all_day = matches!(event.start, When::Date(_));
        let end = if is_all_day { zone.instant(wall + event.length) } else { start + event.length };
        let span = Span::new(start, end);
        let is_inside =
            if span.length().is_zero() { self.window.contains(start) } else { self.window.overlaps(&span) };
        if is_inside && YEARS.contains(&chrono::Datelike::year(&start)) {
            if self.instances.len() >= self.instances_max {
                return self.doubt(instance.master.unwrap_or(index), Doubt::InstancesLimit);
            }
            let is_cancelled = instance.is_cancelled || event.status == EventStatus::Cancelled;
            self.instances.push(Instance {
                event: index,
                span,
                is_all_day,
                is_cancelled,
                ..instance.clone()
            });
        }
    }

    fn exception(&mut self, index: usize, master: Option<usize>, rid: Option<Moment>) {
        let zone = self.zone_of(index);
        let wall = wall_of(&self.events[index].start);
        self.list(index, &zone, wall, &bare(master, rid, false));
    }

    fn series(&mut self, index: usize, exceptions: &[usize]) {
        let series = self.as_series(index);
        let mut own: BTreeSet<Moment> = BTreeSet::new();
        let mut shifts: BTreeMap<Moment, Shift> = BTreeMap::new();
        for exception in exceptions {
            let event: &'a Event = &self.events[*exception];
            let Some(when) = &event.recurrence_id else { continue };
            let rid = self.key(&series, when);
            own.insert(rid);
            self.exception(*exception, Some(index), Some(rid));
            if event.this_and_future {
                let by = wall_of(&event.start) - self.zone_of(*exception).local(rid);
                shifts.insert(rid, Shift { event: *exception, by });
            }
        }
        if series.event.recurrence.is_empty() && exceptions.is_empty() {
            return self.list(index, &series.zone, series.start, &bare(None, None, false));
        }
        for (rid, slot) in self.slots(&series, &shifts) {
            if own.contains(&rid) {
                continue;
            }
            let instance = bare(Some(index), Some(rid), slot.is_removed);
            match shifts.range(..rid).next_back() {
                Some((_, shift)) => {
                    let zone = self.zone_of(shift.event);
                    let wall = zone.local(rid) + shift.by;
                    self.list(shift.event, &zone, wall, &instance);
                }
                None => self.list(index, &series.zone, slot.wall, &instance),
            }
        }
    }

    /// The starts of a series that may matter in the window, by instant.
    fn slots(&mut self, series: &Series<'a>, shifts: &BTreeMap<Moment, Shift>) -> BTreeMap<Moment, Slot> {
        let (from, to) = self.bounds(series, shifts);
        let mut slots = BTreeMap::new();
        let mut add = |wall: NaiveDateTime| {
            slots.insert(series.zone.instant(wall), Slot { wall, is_removed: false });
        };
        let recurrence: &'a Recurrence = &series.event.recurrence;
        let rules: Vec<Rule> = recurrence.rrules.iter().filter_map(|rule| self.rule(series, rule)).collect();
        let is_over = |rule: &Rule| self.until(series, rule).is_some_and(|until| until < series.start);
        // Google ends a series at its first instance by an UNTIL before DTSTART: then there is none at all.
        if rules.is_empty() || !rules.iter().all(is_over) {
            add(series.start);
        }
        for rule in &rules {
            self.ruled(series, rule, from, to).into_iter().for_each(&mut add);
        }
        for date in &recurrence.rdates {
            let at = self.key(series, date);
            slots.insert(at, Slot { wall: series.zone.local(at), is_removed: false });
        }
        self.remove(series, &mut slots, from, to);
        slots
    }

    /// Marks what EXDATE and EXRULE take away.
    fn remove(
        &mut self,
        series: &Series<'a>,
        slots: &mut BTreeMap<Moment, Slot>,
        from: NaiveDateTime,
        to: NaiveDateTime,
    ) {
        let recurrence: &'a Recurrence = &series.event.recurrence;
        let mut dates = BTreeSet::new();
        let mut removed = BTreeSet::new();
        for date in &recurrence.exdates {
            removed.insert(self.key(series, date));
            if let When::Date(date) = date {
                dates.insert(*date);
            }
        }
        for rule in &recurrence.exrules {
            let Some(rule) = self.rule(series, rule).map(Rule::for_removal) else { continue };
            let walls = self.ruled(series, &rule, from, to);
            removed.extend(walls.into_iter().map(|wall| series.zone.instant(wall)));
        }
        for (at, slot) in slots {
            slot.is_removed = removed.contains(at) || dates.contains(&slot.wall.date());
        }
    }

    /// The wall times between which a start can matter.
    fn bounds(
        &self,
        series: &Series<'_>,
        shifts: &BTreeMap<Moment, Shift>,
    ) -> (NaiveDateTime, NaiveDateTime) {
        let longest = shifts.values().map(|shift| self.events[shift.event].length).max().unwrap_or_default();
        let longest = longest.max(series.event.length);
        let latest = shifts.values().map(|shift| shift.by).max().unwrap_or_default().max(TimeDelta::zero());
        let earliest = shifts.values().map(|shift| shift.by).min().unwrap_or_default().min(TimeDelta::zero());
        let day = TimeDelta::days(1);
        let from = series.zone.local(self.window.start) - longest - latest - day;
        (from, series.zone.local(self.window.end) - earliest + day)
    }

    /// The rule as read, with the doubts about it noted.
    fn rule(&mut self, series: &Series<'_>, text: &str) -> Option<Rule> {
        match Rule::read(text) {
            Ok(rule) => {
                if rule.is_sub_daily() {
                    self.doubt(series.index, Doubt::SubDaily);
                }
                Some(if series.is_all_day { rule.for_whole_days() } else { rule })
            }
            Err(doubt) => {
                self.doubt(series.index, doubt);
                None
            }
        }
    }

    /// UNTIL on the wall clock of the series.
    fn until(&self, series: &Series<'_>, rule: &Rule) -> Option<NaiveDateTime> {
        let zone = if series.is_all_day { self.lookup.default } else { &series.zone };
        rule.until_wall(|at| zone.local(at))
    }

    /// What one rule yields between two wall times, cut at its UNTIL.
    fn ruled(
        &mut self,
        series: &Series<'_>,
        rule: &Rule,
        from: NaiveDateTime,
        to: NaiveDateTime,
    ) -> Vec<NaiveDateTime> {
        // An instant and its wall time may be out of step by a change of the clock; the exact cut comes after.
        let until = self.until(series, rule).map(|until| until + TimeDelta::days(1));
        let to = until.map_or(to, |until| until.min(to));
        if to < from || to < series.start {
            return Vec::new();
        }
        let mut found = rule.walls(series.start, from, to, &mut self.budget);
        if let Some(doubt) = found.doubt {
            self.doubt(series.index, doubt);
        }
        let last = self.until(series, rule);
        found.walls.retain(|wall| match (rule.until, last) {
            (Some(Until::Instant(until)), _) if !series.is_all_day => series.zone.instant(*wall) <= until,
            (_, Some(last)) => *wall <= last,
            _ => true,
        });
        found.walls
    }
}

/// An instance of which only the place in its series is known yet.
fn bare(master: Option<usize>, rid: Option<Moment>, is_cancelled: bool) -> Instance {
    let span = Span { start: Moment::UNIX_EPOCH, end: Moment::UNIX_EPOCH };
    Instance { event: 0, master, rid, span, is_all_day: false, is_cancelled }
}
