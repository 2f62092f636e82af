//! The numbers of the weekly report: counts of people and sessions, never contents.

use serde::{Deserialize, Serialize};

use super::fact::WeekCounts;
use super::people::{CalendarId, PersonId};
use super::time::Week;

/// One line of the health report: a manager, or everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HealthLine {
    /// Whose teams; `None`: all of the report.
    pub manager: Option<PersonId>,
    /// Reps that owe something.
    pub reps: u32,
    /// Last week's counts.
    pub week: WeekCounts,
    /// The window's counts, oldest week first, where known.
    pub trend: Vec<(Week, WeekCounts)>,
    /// The judgement's counts.
    pub judged: WeekCounts,
    /// Cancelled less than 24 h ahead, last week.
    pub late: u32,
    /// Moved three times or more, last week.
    pub churn: u32,
    /// Somebody said that it took place, last week.
    #[serde(default)]
    pub confirmed: u32,
    /// Stood under another meeting, and nobody said that it took place, last week.
    #[serde(default)]
    pub overlapped: u32,
    /// Weeks in a row, up to last week, in which all that was owed took place or was excused.
    #[serde(default)]
    pub streak: u32,
    /// Minutes of what took place over the judgement's weeks …
    #[serde(default)]
    pub minutes: u32,
    /// … and weeks of reps that they are spread over.
    #[serde(default)]
    pub rep_weeks: u32,
}

/// A pair whose 1-on-1 moves as a habit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mover {
    /// The rep.
    pub rep: PersonId,
    /// Their manager.
    pub manager: PersonId,
    /// Weeks of the window in which it was moved.
    pub weeks: u32,
}

/// The weeks before Drumbeat ran, reconstructed from what the calendars remembered when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// How many weeks.
    pub weeks: u32,
    /// Their counts.
    pub counts: WeekCounts,
}

/// A rep at risk next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRisk {
    /// Who.
    pub rep: PersonId,
    /// Their manager.
    pub manager: PersonId,
    /// Sessions that stand in the week that begins.
    pub standing: u32,
    /// Sessions due.
    pub due: u32,
    /// Away for all of it.
    pub is_away: bool,
    /// A session lies under another event.
    pub has_conflict: bool,
}

/// The week's health for one leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The week it is about.
    pub week: Week,
    /// Everybody of the report.
    pub all: HealthLine,
    /// Manager by manager, those that need help first.
    pub managers: Vec<HealthLine>,
    /// Next week at risk.
    pub at_risk: Vec<AtRisk>,
    /// Pairs that move as a habit.
    #[serde(default)]
    pub movers: Vec<Mover>,
    /// Until the judgement has all its weeks: what was before.
    #[serde(default)]
    pub baseline: Option<Baseline>,
    /// Sources of the report's people that cannot be read or believed.
    pub unread: Vec<CalendarId>,
    /// The target, in thousandths.
    pub target_permille: u32,
    /// Weeks of the trend, and of the judgement.
    pub windows: (u32, u32),
}

/// With fewer owed reps than this, recognition is not asked for.
pub const GATE_FROM: u32 = 10;
/// Share of owed reps, in percent, that must have a recognised session.
pub const GATE_PERCENT: u32 = 80;

/// For how many reps a 1-on-1 is recognised: with too few, propose and auto act as observe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognition {
    /// Reps that are owed 1-on-1s.
    pub owed: u32,
    /// Those of them with a recognised one.
    pub recognised: u32,
}

impl Recognition {
    /// Whether they are enough to propose and book, or too few reps are owed anything to ask.
    pub fn is_enough(self) -> bool {
        self.owed < GATE_FROM || self.recognised * 100 >= self.owed * GATE_PERCENT
    }
}
