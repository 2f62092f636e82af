//! One RRULE in wall time. The `rrule` crate does the calendar arithmetic and never sees a zone, COUNT or UNTIL:
//! those three are where it and the feeds disagree.

use chrono::{Datelike, Month, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated};

use super::value::{self, Kind};

/// Why the instances of a series are not, or not surely, known. Never a reason to call one cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// A rule that cannot be read, or that RFC 5545 forbids.
    Rule,
    /// A rule that yields nothing any more, for no reason it gives.
    Empty,
    /// FREQ is HOURLY, MINUTELY or SECONDLY: expanded, but no rhythm of people.
    SubDaily,
    /// A zone nobody knows; the default zone was used.
    Zone,
    /// [`super::Limits::steps`] or [`super::Limits::rule_steps`] was reached.
    StepsLimit,
    /// [`super::Limits::instances`] was reached.
    InstancesLimit,
}

/// Steps that may still be walked.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    left: u64,
    per_rule: u64,
}

impl Budget {
    /// So many in all, and so many for one rule.
    pub fn new(all: u64, per_rule: u64) -> Self {
        Self { left: all, per_rule }
    }

    fn for_rule(&self) -> u64 {
        self.left.min(self.per_rule)
    }

    fn charge(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
    }
}

/// UNTIL, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// An instant, as RFC 5545 wants it for a DTSTART in a zone.
    Instant(crate::model::zone::Moment),
    /// Wall time, or the last second of a date.
    Wall(NaiveDateTime),
}

/// A rule that was read.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    rrule: RRule<Unvalidated>,
    freq: Frequency,
    interval: u16,
    week_start: Weekday,
    count: Option<u32>,
    has_positions: bool,
    has_days: bool,
    /// BYWEEKNO stands without a day: the weekday is that of DTSTART.
    is_week_alone: bool,
    /// Whether a DTSTART that the rule does not yield takes one of COUNT.
    is_start_counted: bool,
    /// UNTIL.
    pub until: Option<Until>,
}

/// What a rule yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walls {
    /// The wall times from the one asked for on, in rising order.
    pub walls: Vec<NaiveDateTime>,
    /// Why there may be more.
    pub doubt: Option<Doubt>,
}

impl Rule {
    /// Reads an RRULE's value.
    pub fn read(text: &str) -> Result<Self, Doubt> {
        let mut parts = Parts::default();
        for part in text.trim().trim_end_matches(';').split(';') {
            let (key, value) = part.split_once('=').ok_or(Doubt::Rule)?;
            parts
                .take(&key.trim().to_ascii_uppercase(), &value.trim().to_ascii_uppercase())
                .ok_or(Doubt::Rule)?;
        }
        parts.rule().ok_or(Doubt::Rule)
    }

    /// The same without times of the day, for an event of whole days (RFC 5545, 3.3.10).
    pub fn for_whole_days(mut self) -> Self {
        self.rrule = self.rrule.by_hour(Vec::new()).by_minute(Vec::new()).by_second(Vec::new());
        self
    }

    /// The same as an EXRULE, of whose COUNT a DTSTART takes nothing.
    pub fn for_removal(mut self) -> Self {
        self.is_start_counted = false;
        self
    }

    /// Whether it repeats more than once a day.
    pub fn is_sub_daily(&self) -> bool {
        matches!(self.freq, Frequency::Hourly | Frequency::Minutely | Frequency::Secondly)
    }

    /// Whether it repeats by the year.
    pub fn is_yearly(&self) -> bool {
        self.freq == Frequency::Yearly
    }

    /// UNTIL on the wall clock that `local` reads.
    pub fn until_wall(
        &self,
        local: impl Fn(crate::model::zone::Moment) -> NaiveDateTime,
    ) -> Option<NaiveDateTime> {
        self.until.map(|until| match until {
            Until::Instant(at) => local(at),
            Until::Wall(wall) => wall,
        })
    }

    /// The wall times in `[from, to]` of the series that starts at `start`. UNTIL is the caller's affair, and so
    /// is `start` itself where the rule does not yield it; it takes one of COUNT all the same.
    pub fn walls(
        &self,
        start: NaiveDateTime,
        from: NaiveDateTime,
        to: NaiveDateTime,
        budget: &mut Budget,
    ) -> Walls {
        self.walls_from(self.base(start, from), start, from, to, budget)
    }

    fn walls_from(
        &self,
        base: NaiveDateTime,
        start: NaiveDateTime,
        from: NaiveDateTime,
        to: NaiveDateTime,
        budget: &mut Budget,
    ) -> Walls {
        let mut out = Walls { walls: Vec::new(), doubt: None };
        let utc = base.and_utc().with_timezone(&Tz::UTC);
        let mut rrule = self.rrule.clone();
        if self.is_week_alone {
            rrule = rrule.by_weekday(vec![NWeekday::Every(start.weekday())]);
        }
        let Ok(rule) = rrule.validate(utc) else {
            return Walls { doubt: Some(Doubt::Rule), ..out };
        };
        let set = RRuleSet::new(utc).rrule(rule).limit();
        let allowed = budget.for_rule();
        let (mut steps, mut last, mut left) = (0, base, self.count);
        let mut walls = (&set).into_iter().map(|at| at.naive_utc());
        let mut is_first = true;
        out.doubt = loop {
            let Some(wall) = walls.next() else { break Some(Doubt::Empty) };
            steps += self.steps(last, wall);
            if steps > allowed {
                break Some(Doubt::StepsLimit);
            }
            last = wall;
            if wall < start {
                continue;
            }
            if is_first && wall > start && self.is_start_counted {
                left = left.map(|left| left.saturating_sub(1));
            }
            is_first = false;
            if wall > to || left == Some(0) {
                break None;
            }
            left = left.map(|left| left - 1);
            if wall >= from {
                out.walls.push(wall);
            }
        };
        // A search that found nothing is as dear as one that was stopped.
        budget.charge(if out.doubt.is_some() { allowed.min(100_000).max(steps) } else { steps });
        out
    }

    /// How many turns the crate made from one wall time to the next.
    fn steps(&self, last: NaiveDateTime, wall: NaiveDateTime) -> u64 {
        let unit = match self.freq {
            Frequency::Yearly => 365 * 86_400,
            Frequency::Monthly => 28 * 86_400,
            Frequency::Weekly => 7 * 86_400,
            Frequency::Daily => 86_400,
            Frequency::Hourly => 3_600,
            Frequency::Minutely => 60,
            Frequency::Secondly => 1,
        };
        let turns = (wall - last).num_seconds().max(0) / (unit * i64::from(self.interval));
        turns.max(1) as u64
    }

    /// Where the crate begins: for a plain daily, weekly or yearly rule shortly before `from`, a whole number of intervals
    /// after `start`, where the set is the same; for BYSETPOS at the first day of the period, because the
    /// positions count from there and not from DTSTART; else at `start`.
    fn base(&self, start: NaiveDateTime, from: NaiveDateTime) -> NaiveDateTime {
        if self.has_positions {
            return if self.has_days { self.period_start(start) } else { start };
        }
        if self.count.is_some() {
            return start;
        }
        let interval = i64::from(self.interval);
        let days = match self.freq {
            Frequency::Daily => interval,
            Frequency::Weekly => 7 * interval,
            Frequency::Yearly => {
                let turns = (i64::from(from.year() - start.year()) - 1) / interval;
                let year = start.year() + (turns.max(0) * interval) as i32;
                return start.with_year(year).unwrap_or(start);
            }
            _ => return start,
        };
        let turns = (from - start).num_days() / days - 1;
        if turns > 0 { start + TimeDelta::days(turns * days) } else { start }
    }

    fn period_start(&self, start: NaiveDateTime) -> NaiveDateTime {
        let date = start.date();
        let first = match self.freq {
            Frequency::Yearly => date.with_ordinal(1),
            Frequency::Monthly => date.with_day(1),
            Frequency::Weekly => Some(date.week(self.week_start).first_day()),
            _ => None,
        };
        first.unwrap_or(date).and_time(start.time())
    }
}

/// The parts of a rule while it is being read.
#[derive(Debug, Default)]
struct Parts {
    freq: Option<Frequency>,
    interval: Option<u16>,
    count: Option<u32>,
    until: Option<Until>,
    week_start: Option<Weekday>,
    months: Vec<Month>,
    month_days: Vec<i8>,
    year_days: Vec<i16>,
    weeks: Vec<i8>,
    days: Vec<(i16, Weekday)>,
    hours: Vec<u8>,
    minutes: Vec<u8>,
    seconds: Vec<u8>,
    positions: Vec<i32>,
}

impl Parts {
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "FREQ" => self.freq = Some(value.parse().ok()?),
            "INTERVAL" => self.interval = Some(value.parse().ok().filter(|n| *n > 0)?),
            "COUNT" => self.count = Some(value.parse().ok().filter(|n| *n > 0)?),
            "UNTIL" => self.until = Some(until(value)?),
            "WKST" => self.week_start = Some(weekday(value)?),
            "BYMONTH" => self.months = list(value, |n| Month::try_from(n.parse::<u8>().ok()?).ok())?,
            "BYMONTHDAY" => self.month_days = numbers(value)?,
            "BYYEARDAY" => self.year_days = numbers(value)?,
            "BYWEEKNO" => self.weeks = numbers(value)?,
            "BYDAY" => self.days = list(value, day)?,
            "BYHOUR" => self.hours = numbers(value)?,
            "BYMINUTE" => self.minutes = numbers(value)?,
            "BYSECOND" => self.seconds = numbers(value)?,
            "BYSETPOS" => self.positions = numbers(value)?,
            // RFC 7529 with what it says where nothing is said.
            "RSCALE" if value == "GREGORIAN" => {}
            "SKIP" if value == "OMIT" => {}
            key if key.starts_with("X-") => {}
            _ => return None,
        }
        Some(())
    }

    fn rule(self) -> Option<Rule> {
        let freq = self.freq?;
        let (interval, week_start) = (self.interval.unwrap_or(1), self.week_start.unwrap_or(Weekday::Mon));
        let has_days = !(self.days.is_empty() && self.month_days.is_empty() && self.year_days.is_empty());
        let is_week_alone = !has_days && !self.weeks.is_empty();
        let rrule = RRule::new(freq)
            .interval(interval)
            .week_start(week_start)
            .by_weekday(self.weekdays(freq))
            .by_month(&self.months)
            .by_month_day(self.month_days)
            .by_year_day(self.year_days)
            .by_week_no(self.weeks)
            .by_hour(self.hours)
            .by_minute(self.minutes)
            .by_second(self.seconds)
            .by_set_pos(self.positions.clone());
        let has_positions = !self.positions.is_empty();
        let (count, until) = (self.count, self.until);
        let is_start_counted = true;
        Some(Rule {
            rrule,
            freq,
            interval,
            week_start,
            count,
            has_positions,
            has_days,
            is_week_alone,
            is_start_counted,
            until,
        })
    }

    /// BYDAY. The crate yields nothing for ordinals and plain days mixed, so plain ones get every ordinal then;
    /// an ordinal means nothing in a rule by the week or day and is left out (RFC 5545 forbids it, feeds have it).
    fn weekdays(&self, freq: Frequency) -> Vec<NWeekday> {
        let has_ordinals = matches!(freq, Frequency::Monthly | Frequency::Yearly)
            && self.days.iter().any(|(ordinal, _)| *ordinal != 0);
        let last = if freq == Frequency::Monthly || !self.months.is_empty() { 5 } else { 53 };
        let mut days = Vec::new();
        for (ordinal, day) in &self.days {
            match ordinal {
                0 if has_ordinals => days.extend((1..=last).map(|nth| NWeekday::Nth(nth, *day))),
                _ if has_ordinals => days.push(NWeekday::Nth(*ordinal, *day)),
                _ => days.push(NWeekday::Every(*day)),
            }
        }
        days
    }
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.split(',').map(str::trim).filter(|one| !one.is_empty()).map(read).collect()
}

fn numbers<T: std::str::FromStr>(value: &str) -> Option<Vec<T>> {
    list(value, |one| one.parse().ok())
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

/// `MO` is (0, Monday), `-1FR` is (-1, Friday).
fn day(text: &str) -> Option<(i16, Weekday)> {
    let (ordinal, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = if ordinal.is_empty() { 0 } else { ordinal.parse().ok()? };
    Some((ordinal, weekday(day)?))
}

fn until(text: &str) -> Option<Until> {
    let (wall, kind) = value::wall(text)?;
    Some(match kind {
        Kind::Utc => Until::Instant(wall.and_utc()),
        Kind::Local => Until::Wall(wall),
        // A date means all of that day.
        Kind::Date => {
            Until::Wall(wall.date().and_time(NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default()))
        }
    })
}
