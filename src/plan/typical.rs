//! The typical week of a manager and their reps: six weeks laid over one another by wall time in the manager's zone, so
//! that the planner of one week can find a day and hour for all of them.
//!
//! Each week is looked at in instants, with the clocks of everybody as they then are. What is in the way in two weeks or
//! more is in the way; what is in the way once costs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveTime, TimeDelta};

use crate::model::calendar::Fill;
use crate::model::people::Person;
use crate::model::time::{DayPart, Span, Week, WorkingHours, merged};
use crate::model::zone::{Moment, Zone};

use super::compile::{Attendee, HoldKind};
use super::desk::Desk;

/// Weeks that are laid over one another, from the next one on.
pub const WEEKS: i64 = 6;
/// In so many of them something must be in the way to be so.
const OFTEN: u32 = 2;

/// Six weeks as one: in the time of one of them in which no clock changes.
#[derive(Debug, Clone)]
pub struct Typical {
    weeks: Vec<Week>,
    base: usize,
    zone: Zone,
}

impl Typical {
    /// The weeks after the one that holds `now`, by the clock of a manager; `others` are the clocks of their reps.
    pub fn of(now: Moment, zone: &Zone, others: &[&Zone]) -> Self {
        let this = Week::of(now, zone);
        let weeks: Vec<Week> = (1..=WEEKS).map(|ahead| this.plus(ahead)).collect();
        let is_even = |week: &Week| {
            std::iter::once(&zone).chain(others).all(|zone| week.span(zone).length() == TimeDelta::days(7))
        };
        let base = weeks.iter().position(is_even).unwrap_or(0);
        Self { weeks, base, zone: zone.clone() }
    }

    /// The week in whose time everything is said.
    pub fn week(&self) -> Span {
        self.weeks[self.base].span(&self.zone)
    }

    /// All that is looked at.
    pub fn whole(&self) -> Span {
        let last = self.weeks[self.weeks.len() - 1];
        Span::new(self.weeks[0].span(&self.zone).start, last.span(&self.zone).end)
    }

    /// A span of the typical week in the week `week`; `None` for one that is not looked at.
    pub fn in_week(&self, span: &Span, week: Week) -> Option<Span> {
        let nth = self.weeks.iter().position(|known| *known == week)?;
        let start = self.shifted(span.start, nth as i64 - self.base as i64);
        Some(Span::new(start, start + span.length()))
    }

    /// A span of the typical week in each of the weeks.
    pub fn in_all(&self, span: &Span) -> Vec<Span> {
        self.weeks.iter().filter_map(|week| self.in_week(span, *week)).collect()
    }

    /// Spans of time as the typical week has them, those of each week together.
    fn laid_over(&self, spans: &[Span]) -> Vec<Vec<Span>> {
        let of_week = |(nth, week): (usize, &Week)| {
            let whole = week.span(&self.zone);
            let inside = spans.iter().filter_map(|span| span.and(&whole));
            inside.map(|span| self.typical(&span, nth)).collect()
        };
        self.weeks.iter().enumerate().map(of_week).collect()
    }

    /// A span of any week as the typical one has it: the same wall time.
    pub fn of_span(&self, span: &Span) -> Span {
        let weeks = self.weeks[self.base].since(Week::of(span.start, &self.zone));
        let start = self.shifted(span.start, weeks);
        Span::new(start, start + span.length())
    }

    fn typical(&self, span: &Span, nth: usize) -> Span {
        let weeks = self.base as i64 - nth as i64;
        let start = self.shifted(span.start, weeks);
        Span::new(start, self.shifted(span.end, weeks))
    }

    /// The same wall time so many weeks later.
    fn shifted(&self, at: Moment, weeks: i64) -> Moment {
        self.zone.instant(self.zone.local(at) + TimeDelta::weeks(weeks))
    }

    /// How somebody's typical week is filled: by their calendars, by `taken` and by what `led` says they lead already.
    pub fn attendee(&self, desk: &Desk<'_>, person: &Person, taken: &[Span], led: &[Span]) -> Attendee {
        let diary = desk.diaries.get(&person.id);
        let filled = |wanted: &dyn Fn(Fill) -> bool| -> Vec<Span> {
            let filled = diary.into_iter().flat_map(|diary| &diary.filled);
            filled.filter(|filled| wanted(filled.fill)).map(|filled| filled.span).collect()
        };
        // Who is away in some of the weeks misses those: that says nothing about the hour.
        let mut busy = filled(&|fill| fill == Fill::Busy);
        busy.extend(taken);
        let mut out = Attendee {
            id: person.id,
            zone: person.zone.clone(),
            hours: self.hours(person, OFTEN),
            busy: Vec::new(),
            soft_holds: Vec::new(),
            led: led.iter().map(|span| self.of_span(span)).collect::<BTreeSet<_>>().into_iter().collect(),
            unknown: !diary.is_some_and(|diary| diary.is_known),
        };
        let kinds = [
            (busy, None),
            (filled(&|fill| fill == Fill::Focus), Some(HoldKind::Focus)),
            (filled(&|fill| fill == Fill::Tentative), Some(HoldKind::Tentative)),
        ];
        for (spans, kind) in kinds {
            for (span, weeks) in counted(self.laid_over(&spans)) {
                match kind {
                    _ if weeks < OFTEN => out.soft_holds.push((span, HoldKind::Once)),
                    Some(kind) => out.soft_holds.push((span, kind)),
                    None => out.busy.push(span),
                }
            }
        }
        let off_once = self.working(person).into_iter().filter(|(_, weeks)| i64::from(*weeks) == WEEKS - 1);
        out.soft_holds.extend(off_once.map(|(span, _)| (span, HoldKind::Once)));
        out
    }

    /// The stretches of the typical week in which somebody works, with the number of weeks in which they do.
    fn working(&self, person: &Person) -> Vec<(Span, u32)> {
        counted(self.laid_over(&person.hours.spans(&person.zone, &self.whole())))
    }

    /// When somebody works in all weeks but fewer than `often`.
    fn hours(&self, person: &Person, often: u32) -> WorkingHours {
        let often_enough = |weeks: u32| WEEKS - i64::from(weeks) < i64::from(often);
        let spans = self.working(person).into_iter().filter(|(_, weeks)| often_enough(*weeks));
        as_hours(&merged(spans.map(|(span, _)| span).collect()), &person.zone)
    }

    /// The sessions at a span of the typical week on which somebody has something else, or does not work.
    pub fn clashes(&self, desk: &Desk<'_>, person: &Person, span: &Span) -> Vec<Moment> {
        let all = self.in_all(span).into_iter();
        all.filter(|real| is_taken(desk, person, real)).map(|real| real.start).collect()
    }

    /// Whether a clash in so many of the weeks is too many for one person.
    pub fn is_often(clashes: &[Moment]) -> bool {
        clashes.len() >= OFTEN as usize
    }
}

/// Whether somebody has something else at a time, or does not work then.
fn is_taken(desk: &Desk<'_>, person: &Person, span: &Span) -> bool {
    let day = Span::new(span.start - TimeDelta::days(1), span.end + TimeDelta::days(1));
    let works = crate::model::time::covered(span, &person.hours.spans(&person.zone, &day));
    let mut filled = desk.diaries.get(&person.id).into_iter().flat_map(|diary| &diary.filled);
    !works || filled.any(|filled| filled.fill == Fill::Busy && filled.span.overlaps(span))
}

/// Each stretch that something lies on in any of the weeks, with the number of weeks in which it does.
fn counted(weeks: Vec<Vec<Span>>) -> Vec<(Span, u32)> {
    let mut edges: BTreeMap<Moment, (u32, u32)> = BTreeMap::new();
    for span in weeks.into_iter().flat_map(merged).filter(|span| span.start < span.end) {
        edges.entry(span.start).or_default().0 += 1;
        edges.entry(span.end).or_default().1 += 1;
    }
    let mut out = Vec::new();
    let (mut since, mut count) = (Moment::UNIX_EPOCH, 0);
    for (at, (begin, end)) in edges {
        if count > 0 {
            out.push((Span::new(since, at), count));
        }
        (since, count) = (at, count + begin - end);
    }
    out
}

/// Spans of one week as hours of the days of that week.
fn as_hours(spans: &[Span], zone: &Zone) -> WorkingHours {
    let mut hours = WorkingHours::default();
    for span in spans {
        let (mut from, until) = (zone.local(span.start), zone.local(span.end));
        while from < until {
            let midnight = (from.date() + Days::new(1)).and_time(NaiveTime::MIN);
            let day = from.weekday().num_days_from_monday() as usize;
            hours.days[day].push(DayPart { from: from.time(), until: until.min(midnight).time() });
            from = midnight;
        }
    }
    hours
}
