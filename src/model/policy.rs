//! The settings that decisions are made from: `drumbeat.toml` as meant, all defaults filled in.

use chrono::Duration;

use super::people::Status;
use super::time::{DayPart, Weekly};
use super::zone::Zone;

/// What Drumbeat may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Look, count, report to leaders and ops.
    Observe,
    /// Ask the manager first.
    Propose,
    /// Book at once, then tell.
    Auto,
}

/// What happens when a proposal is not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum OnSilence {
    /// Book free time.
    Book,
    /// Tell the next one.
    Escalate,
}

/// The reasons for which a week's session may be excused (VERDICTS V31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excuse {
    /// Leave in the roster.
    Leave,
    /// A public holiday.
    Holiday,
    /// Out of office in the calendar.
    Absence,
}

/// `[policy]`, and the mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long a vanished session may still turn out to be moved.
    pub settle: Duration,
    /// No slot begins sooner than this from now.
    pub notice: Duration,
    /// What we booked is not moved any more once it is this close.
    pub freeze: Duration,
    /// How long a manager has to answer, in their working hours.
    pub proposal_wait: Duration,
    /// What happens then.
    pub on_silence: OnSilence,
    /// Times offered in one proposal.
    pub options: usize,
    /// The rep is offered the times too, and may pick one.
    pub rep_picks: bool,
    /// Bookings tried for one recovery.
    pub max_attempts: u32,
    /// Weeks short for want of a standing series before one is proposed; 0: never.
    pub series_after: u32,
    /// Colleagues who may sit in.
    pub guests: u32,
    /// How long one side's calendar may trail the other's.
    pub lag: Duration,
    /// Equal answers before a calendar that lost much is believed.
    pub suspect_after: u32,
    /// … over at least this long.
    pub suspect_for: Duration,
    /// Ops are told of a source that fails this long.
    pub alert_after: Duration,
    /// What excuses a week's session.
    pub excuse: Vec<Excuse>,
    /// Reports and notes to one person in a week.
    pub mails_per_week: u32,
    /// Kept free after a session.
    pub buffer: Duration,
    /// Local times to avoid.
    pub avoid: Vec<DayPart>,
    /// A slot may lie on focus time, by a click.
    pub displace_focus: bool,
    /// A slot may lie on tentative events, by a click.
    pub displace_tentative: bool,
    /// The week in which Drumbeat first runs is owed whole.
    pub first_week_whole: bool,
}

/// When a cadence rule matches a rep; all that is said must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleMatch {
    /// The status that holds.
    pub status: Option<Status>,
    /// Shorter in the job than this.
    pub tenure_under: Option<Duration>,
}

/// A `[[cadence]]` rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CadenceRule {
    /// Its name, as `explain` prints it.
    pub name: String,
    /// Whom it is for.
    pub matches: RuleMatch,
    /// Sessions in a week in which any are due.
    pub per_week: u32,
    /// Due in every nth week.
    pub every_weeks: u32,
    /// How long a session should be.
    pub duration: Duration,
    /// Less than this is no session.
    pub shortest: Duration,
    /// Least number of days between two sessions of a rep.
    pub apart: Duration,
    /// Missed weeks in a row before it climbs past the manager.
    pub skips: u32,
}

/// `[sessions]`; the patterns are regular expressions that compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRules {
    /// Titles of 1-on-1s.
    pub title: String,
    /// Titles of what never is one; empty: none.
    pub not_title: String,
    /// Parts of addresses of attendees who are nobody, lower case.
    pub ignore: Vec<String>,
    /// Titles of all-day busy events that mean absence.
    pub absence: String,
    /// Longer than this is no 1-on-1.
    pub longest: Duration,
    /// The agenda's text, read from its file.
    pub agenda: String,
}

/// Whom a step of an escalation tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The rep's manager.
    Manager,
    /// The manager's manager.
    Leader,
    /// The addresses of `[mail] ops`.
    Ops,
}

/// One `[[escalation.step]]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// Seconds of the reader's working time after the trigger.
    pub after_seconds: i64,
    /// Who is told.
    pub to: Vec<Rung>,
}

/// `[escalation]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationRules {
    /// How often a step is said again while nothing changes.
    pub repeat: Duration,
    /// Local times at which nobody is written to.
    pub quiet: DayPart,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// `[health]`.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthRules {
    /// When the report goes out, in each leader's zone.
    pub send: Weekly,
    /// What share should be held, 0 to 1.
    pub target: f64,
    /// Weeks of the trend.
    pub window: u32,
    /// Weeks of the judgement.
    pub judge: u32,
}

/// How a mail is signed: what letters need of `[mail]` and `[web]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voice {
    /// `Drumbeat <drumbeat@example.com>`: the name part.
    pub from_name: String,
    /// … and the address: also the ORGANIZER of invitations.
    pub from_address: String,
    /// Who reads replies.
    pub reply_to: String,
    /// What links begin with, without a slash at the end; empty: no links.
    pub public_url: String,
}

/// Everything that decisions are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// What Drumbeat may do …
    pub mode: Mode,
    /// … and for whom (addresses of managers, lower case); empty: everybody.
    pub pilot: Vec<String>,
    /// For reports that are nobody's.
    pub zone: Zone,
    /// `[policy]`
    pub policy: Policy,
    /// `[[cadence]]`
    pub cadence: Vec<CadenceRule>,
    /// `[sessions]`
    pub sessions: SessionRules,
    /// `[escalation]`
    pub escalation: EscalationRules,
    /// `[health]`
    pub health: HealthRules,
    /// `[checkin] send`: when reps are asked whether their sessions took place, in their zone; `None`: never.
    pub check_in: Option<Weekly>,
    /// Part of `[mail]` and `[web]`
    pub voice: Voice,
}
