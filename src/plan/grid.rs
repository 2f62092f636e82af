//! Instants to slots and back: a grid of five minutes over one week and the days around it.

use chrono::{Days, NaiveTime, TimeDelta};

use super::slots::{Slot, Stretch};
use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone};

/// How long a slot is, in seconds: with `buffer = "5m"`, 20 minutes and every UTC offset it must come out even.
pub(super) const SLOT_SECONDS: i64 = 300;
/// Slots from one possible start to the next: quarter hours, which are quarter hours in every zone.
pub(super) const STEP: Slot = 3;

/// The grid of one week: slot 0 is Sunday 12:00 UTC before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    week: Week,
    origin: Moment,
}

impl Grid {
    /// The grid on which somebody's week lies.
    pub fn of(week: &Span) -> Self {
        // The middle of a week, Thursday noon, lies in the same ISO week everywhere on Earth.
        let week = Week::of(week.start + week.length() / 2, &Zone::utc());
        Self { week, origin: week.span(&Zone::utc()).start - TimeDelta::hours(12) }
    }

    /// Which ISO week it is for.
    pub fn week(&self) -> Week {
        self.week
    }

    /// The instant at which a slot begins.
    pub fn moment(&self, slot: Slot) -> Moment {
        self.origin + TimeDelta::seconds(i64::from(slot) * SLOT_SECONDS)
    }

    /// From the start of a stretch to its end.
    pub fn span(&self, stretch: Stretch) -> Span {
        Span::new(self.moment(stretch.0), self.moment(stretch.1))
    }

    /// The slot in which an instant lies.
    pub fn floor(&self, at: Moment) -> Slot {
        (at.timestamp() - self.origin.timestamp()).div_euclid(SLOT_SECONDS) as Slot
    }

    /// The first slot that begins no sooner.
    pub fn ceil(&self, at: Moment) -> Slot {
        let slot = self.floor(at);
        if self.moment(slot) < at { slot + 1 } else { slot }
    }

    /// Every slot that the span touches; `None` for an empty span and for one that lies elsewhere.
    pub fn outward(&self, span: &Span) -> Option<Stretch> {
        let span = span.and(&self.window())?;
        Some(Stretch(self.floor(span.start), self.ceil(span.end)))
    }

    /// Every slot that lies wholly in the span.
    pub fn inward(&self, span: &Span) -> Option<Stretch> {
        let span = span.and(&self.window())?;
        let stretch = Stretch(self.ceil(span.start), self.floor(span.end));
        (stretch.0 < stretch.1).then_some(stretch)
    }

    /// A person's local midnights, Monday to Monday.
    pub fn days(&self, zone: &Zone) -> [Slot; 8] {
        let monday = self.week.monday();
        [0, 1, 2, 3, 4, 5, 6, 7]
            .map(|day| self.floor(zone.instant((monday + Days::new(day)).and_time(NaiveTime::MIN))))
    }

    /// The time that can matter to anybody's week.
    fn window(&self) -> Span {
        Span::new(self.origin - TimeDelta::days(1), self.origin + TimeDelta::days(9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_round_to_slots() {
        let grid = Grid::of(&Week { year: 2026, number: 47 }.span(&Zone::utc()));
        let check = |seconds: i64, floor: Slot, ceil: Slot| {
            let at = grid.moment(0) + TimeDelta::milliseconds(seconds * 1000 + 500);
            assert_eq!((grid.floor(at), grid.ceil(at)), (floor, ceil), "{seconds} s and a half");
        };
        check(0, 0, 1);
        check(-1, -1, 0);
        check(299, 0, 1);
        check(-301, -2, -1);
        assert_eq!((grid.floor(grid.moment(-7)), grid.ceil(grid.moment(-7))), (-7, -7));
        assert_eq!(grid.moment(0).to_rfc3339(), "2026-11-15T12:00:00+00:00");
        let minute = |from: i64, until: i64| {
            Span::new(grid.moment(0) + TimeDelta::minutes(from), grid.moment(0) + TimeDelta::minutes(until))
        };
        assert_eq!(grid.outward(&minute(2, 12)), Some(Stretch(0, 3)));
        assert_eq!(grid.inward(&minute(2, 12)), Some(Stretch(1, 2)));
        assert_eq!(grid.inward(&minute(2, 8)), None);
        assert_eq!(grid.outward(&minute(3, 3)), None);
        assert_eq!(grid.outward(&minute(-99_999, -90_000)), None);
    }
}
