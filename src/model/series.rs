//! A standing series that is proposed for a pair, and what became of it.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::letter::Displaced;
use super::people::{BookVia, PersonId};
use super::time::{Span, Week};
use super::zone::{Moment, Zone};

/// The nth series that was proposed for a rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesId {
    /// Whose 1-on-1s it is for.
    pub rep: PersonId,
    /// Counts from 1.
    pub ordinal: u32,
}

impl std::fmt::Display for SeriesId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-series-{}", self.rep, self.ordinal)
    }
}

/// How far the standing series of a pair cover what a rule owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// For so many past weeks running they brought fewer sessions than were owed.
    pub weeks: u32,
    /// Sessions that they bring in a coming week.
    pub standing: u32,
    /// Sessions that are then owed beyond that.
    pub missing: u32,
    /// The first week after this one in which any are owed.
    pub first: Week,
}

/// A day and hour of the week that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesTime {
    /// The first session it would bring.
    pub first: Span,
    /// Sessions of the next weeks on which one of the two has something else.
    pub clashes: Vec<Moment>,
    /// What it lies on nearly every week, if it is not free.
    pub displaces: Option<Displaced>,
    /// Whose time that is.
    pub displaces_of: Option<PersonId>,
}

/// How far a proposal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesStage {
    /// Times are offered to the manager.
    Proposed,
    /// No time of the week fits.
    NoTime,
    /// The manager said "not now".
    Declined,
    /// Nobody answered.
    Silent,
    /// It is not needed any more, or not so.
    Withdrawn,
    /// The manager took a time.
    Booked,
    /// What was booked is taken back.
    Released,
}

/// A series of ours in people's calendars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesBooking {
    /// UID of the event; of one in Google's calendar, its id. Either is the lineage of its sessions.
    pub uid: String,
    /// How it is written.
    pub via: BookVia,
    /// Its first session.
    pub first: Span,
    /// It stands in the calendar it was to be written into. Of an invitation by mail: never.
    pub is_written: bool,
    /// A calendar has shown it, or said that it is off: from then on it is judged like any other series.
    pub is_seen: bool,
}

/// A standing series that was proposed, the newest state of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Which.
    pub id: SeriesId,
    /// With whom.
    pub manager: PersonId,
    /// The rule that owes it.
    pub rule: String,
    /// Every so many weeks.
    pub every_weeks: u32,
    /// The last day on which it is owed, where that is known.
    pub last: Option<NaiveDate>,
    /// The times offered, best first.
    pub options: Vec<SeriesTime>,
    /// Until when they can be taken.
    pub until: Moment,
    /// How far it has come …
    pub stage: SeriesStage,
    /// … and since when.
    pub since: Moment,
    /// What was booked.
    pub booking: Option<SeriesBooking>,
}

impl Series {
    /// The fact that it came so far.
    pub fn fact(&self) -> Fact {
        let booking = self.booking.as_ref();
        Fact::Series {
            rep: self.id.rep,
            manager: self.manager,
            series: self.id.ordinal,
            state: self.stage,
            every_weeks: self.every_weeks,
            options: self.options.iter().map(|time| time.first.start).collect(),
            start: booking.map(|booking| booking.first.start),
            until: self.last,
            via: booking.map(|booking| booking.via),
            event: booking.map(|booking| booking.uid.clone()),
        }
    }

    /// Goes on to another stage.
    pub fn enter(&mut self, stage: SeriesStage, now: Moment) -> Fact {
        (self.stage, self.since) = (stage, now);
        self.fact()
    }

    /// What stands booked, if anything does.
    pub fn booked(&self) -> Option<&SeriesBooking> {
        self.booking.as_ref().filter(|_| self.stage == SeriesStage::Booked)
    }

    /// The first sessions of what it holds: of the booking while no calendar shows it, or of every time offered.
    fn held(&self) -> Vec<Span> {
        match self.stage {
            SeriesStage::Proposed => self.options.iter().map(|time| time.first).collect(),
            SeriesStage::Booked => {
                self.booking.iter().filter(|known| !known.is_seen).map(|known| known.first).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Time that it takes of both people until `end`, though no calendar shows it.
    pub fn holds(&self, zone: &Zone, end: Moment) -> Vec<Span> {
        let spans = |first: Span| sessions(&first, self.every_weeks, self.last, zone, end);
        self.held().into_iter().flat_map(spans).collect()
    }
}

/// The sessions of a series that begin before `end`: the same wall time in `zone`, every so many weeks, up to its last
/// day.
pub fn sessions(
    first: &Span,
    every_weeks: u32,
    last: Option<NaiveDate>,
    zone: &Zone,
    end: Moment,
) -> Vec<Span> {
    let wall = zone.local(first.start);
    let step = Days::new(7 * u64::from(every_weeks.max(1)));
    let walls = std::iter::successors(Some(wall), |wall| wall.checked_add_days(step));
    walls
        .take_while(|wall| last.is_none_or(|last| wall.date() <= last))
        .map(|wall| zone.instant(wall))
        .take_while(|start| *start < end)
        .map(|start| Span::new(start, start + first.length()))
        .collect()
}

/// The RRULE of a series that begins so (RFC 5545, 3.3.10); its end is the end of its last day in `zone`.
pub fn rrule(first: Moment, every_weeks: u32, last: Option<NaiveDate>, zone: &Zone) -> String {
    let day = match zone.local(first).weekday() {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    };
    let interval = if every_weeks > 1 { format!(";INTERVAL={every_weeks}") } else { String::new() };
    let until = last.map_or_else(String::new, |last| {
        let end = zone.instant((last + Days::new(1)).and_time(NaiveTime::MIN)) - TimeDelta::seconds(1);
        format!(";UNTIL={}", end.format("%Y%m%dT%H%M%SZ"))
    });
    format!("FREQ=WEEKLY{interval};BYDAY={day}{until}")
}

/// One rep in the mail that proposes series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesItem {
    /// Which.
    pub series: SeriesId,
    /// For so many weeks nothing stood.
    pub weeks: u32,
    /// 1-on-1s that have a standing time already.
    pub standing: u32,
    /// Every so many weeks.
    pub every_weeks: u32,
    /// Minutes of each.
    pub minutes: u32,
    /// The last day on which it is owed, where that is known.
    pub last: Option<NaiveDate>,
    /// The times, best first; none: no time of the week fits.
    pub options: Vec<SeriesTime>,
    /// Until when they can be taken.
    pub until: Moment,
}

/// A standing series in the mails that tell of its booking and of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesEvent {
    /// Which.
    pub series: SeriesId,
    /// The pair.
    pub manager: PersonId,
    /// Its first session.
    pub first: Span,
    /// Every so many weeks.
    pub every_weeks: u32,
    /// The last day on which it is owed, where that is known.
    pub last: Option<NaiveDate>,
    /// RRULE.
    pub rrule: String,
    /// UID of the event; of one in Google's calendar, its id.
    pub uid: String,
    /// How it is written.
    pub via: BookVia,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone::Zones;

    fn berlin() -> Zone {
        Zones::bundled().get("Europe/Berlin").expect("a known zone")
    }

    fn at(text: &str) -> Moment {
        text.parse().expect("an instant")
    }

    #[test]
    fn sessions_keep_their_wall_time_over_a_change_of_the_clock() {
        let first = Span::new(at("2026-10-20T08:00:00Z"), at("2026-10-20T08:30:00Z"));
        let starts = |every, last| {
            let spans = sessions(&first, every, last, &berlin(), at("2026-11-10T00:00:00Z"));
            spans.iter().map(|span| span.start.format("%m-%dT%H:%M").to_string()).collect::<Vec<_>>()
        };
        assert_eq!(starts(1, None), ["10-20T08:00", "10-27T09:00", "11-03T09:00"]);
        assert_eq!(starts(2, None), ["10-20T08:00", "11-03T09:00"]);
        assert_eq!(starts(1, Some("2026-10-27".parse().expect("a day"))), ["10-20T08:00", "10-27T09:00"]);
    }

    #[test]
    fn a_rule_ends_with_its_last_day() {
        let first = at("2026-10-20T08:00:00Z");
        assert_eq!(rrule(first, 1, None, &berlin()), "FREQ=WEEKLY;BYDAY=TU");
        let last = Some("2026-12-31".parse().expect("a day"));
        assert_eq!(
            rrule(first, 2, last, &berlin()),
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20261231T225959Z"
        );
    }
}
