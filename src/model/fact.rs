//! What the ledger says: facts, a record at a time. The words and fields are RECORDING's, relied on outside.
//!
//! A record names people by number and holds no text of any event. Facts come in two kinds: those that are
//! printed, and [`Put`]s, which carry the state that the next decision is made from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::hand::Hand;
use super::letter::{NoSlotWhy, OpsNews};
use super::mail::MailKind;
use super::people::{BookVia, CalendarId, PersonId};
use super::policy::Mode;
use super::series::SeriesStage;
use super::state::Put;
use super::time::Week;
use super::zone::Moment;

/// What identifies a session: the lineage of its series, and which instance of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionKey {
    /// The UID without a split's `_R…` and Google's `@google.com`.
    pub lineage: String,
    /// The start that the series gave it; `None` for a single event.
    pub rid: Option<Moment>,
}

impl std::fmt::Display for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rid {
            Some(rid) => write!(f, "{}/{}", self.lineage, rid.format("%Y%m%dT%H%M%SZ")),
            None => f.write_str(&self.lineage),
        }
    }
}

/// One session that a week owes: the nth recovery of a rep in a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecoveryId {
    /// Whose session it is.
    pub rep: PersonId,
    /// The week that owes it.
    pub week: Week,
    /// Counts from 1.
    pub ordinal: u32,
}

impl std::fmt::Display for RecoveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.rep, self.week, self.ordinal)
    }
}

/// What became of a session (VERDICTS.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of the truth table, which explains them")]
pub enum Outcome {
    Held,
    Rescheduled,
    MovedOut,
    Shortened,
    NotOneOnOne,
    Cancelled,
    Ended,
    Declined,
    Excused,
    NotHeld,
}

/// How sure the judge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The calendar does not say.
    Unsure,
    /// By all signs.
    Likely,
    /// It is written there.
    Certain,
}

/// Whose calendar or answer something rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The manager's.
    Manager,
    /// The rep's.
    Rep,
}

/// A fact behind a verdict: a code with its values; `tell` puts it into words when it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Evidence {
    /// It stood in the calendar when its end passed.
    StoodAtEnd,
    /// It was seen at or after its start and is gone now.
    GoneAfterStart,
    /// The calendar of one side marks it cancelled (STATUS:CANCELLED, EXDATE, a tombstone).
    MarkedCancelled {
        /// Whose.
        side: Side,
    },
    /// It is in no calendar any more.
    GoneFromBoth {
        /// Since when.
        since: Moment,
    },
    /// It is gone from one side's calendar, and the other's still has it.
    GoneFromOne {
        /// From whose it is gone.
        side: Side,
        /// Since when.
        since: Moment,
    },
    /// A person's answer in the calendar is no.
    Declined {
        /// Who.
        who: PersonId,
    },
    /// A person is no longer on the list of attendees.
    NotInvited {
        /// Who.
        who: PersonId,
    },
    /// It has another time.
    Moved {
        /// Its time before.
        from: Moment,
        /// Its time now.
        to: Moment,
    },
    /// Another session of the pair appeared as it vanished.
    ReplacedBy {
        /// The other's start.
        start: Moment,
    },
    /// Its series has no sessions left.
    SeriesEnded,
    /// It is shorter than the rule allows.
    Shorter {
        /// Minutes now.
        minutes: i64,
        /// Minutes it must have.
        least: i64,
    },
    /// Others take part.
    Guests {
        /// Colleagues beside the two.
        colleagues: u32,
        /// People from outside.
        outside: u32,
    },
    /// It was last seen before its start, and Drumbeat did not look again until later.
    NotWatched {
        /// When it was next looked at.
        since: Moment,
    },
    /// A person said so.
    Answered {
        /// Who.
        who: PersonId,
    },
    /// Somebody is away for the rest of the week.
    Away {
        /// Who.
        who: PersonId,
        /// Why it counts.
        excuse: super::policy::Excuse,
    },
    /// The feed lists no attendees: it was known by its title.
    ByTitle,
    /// Those who run Drumbeat said that the week owes nothing more.
    ByHand,
}

/// State of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are drawn in `recovery`")]
pub enum RecoveryState {
    Open,
    Proposed,
    Booked,
    Closed,
}

/// Why a recovery closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Our booking was held.
    Recovered,
    /// The people found a time of their own.
    Rescheduled,
    /// Absence excuses it.
    Excused,
    /// The week ended without it.
    Missed,
    /// It stands again, or is not owed.
    Withdrawn,
    /// The roster or a rule changed.
    RuleChanged,
}

/// Why something is at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Somebody has not said yes.
    Unanswered,
    /// Outside somebody's working hours.
    OutOfHours,
    /// Another busy event lies over it.
    Conflict,
}

/// Whether a session simply stands or is at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "two plain words of RECORDING.md")]
pub enum SessionState {
    Scheduled,
    AtRisk,
}

/// Why a booking of ours was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseWhy {
    /// The people made a meeting of their own.
    OwnChoice,
    /// Somebody pressed undo.
    Undo,
    /// The rep left or the rule changed.
    RuleChanged,
    /// The session it stood in for stands again.
    Withdrawn,
    /// Somebody is away.
    Excused,
    /// Somebody declined or removed it.
    Declined,
    /// The invitation could not be delivered before its time.
    NotDelivered,
    /// Somebody deleted it before it was seen.
    Deleted,
}

/// What sets off an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// No time is left in the week.
    NoSlot,
    /// A proposal was not answered.
    Silence,
    /// A recovery was cancelled again.
    Again,
    /// Two cancellations that left their weeks short.
    TwoCancellations,
    /// More missed weeks in a row than the rule allows.
    Skips,
    /// A rep on a plan missed one.
    Plan,
    /// A manager is under target.
    Target,
    /// A source cannot be read or believed.
    Source,
}

/// What somebody answered; the words of RECORDING's `replies.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The best of the times offered.
    Accept,
    /// One of them.
    Pick,
    /// Not this meeting (of a booking: it is declined in the calendar).
    Decline,
    /// None of these times.
    None,
    /// We already met.
    Met,
    /// I am away this week.
    Away,
    /// It took place.
    Held,
    /// It did not.
    NotHeld,
    /// Take the booking back.
    Undo,
    /// One of the days and hours offered for a standing series.
    Series,
    /// No standing series for now.
    NotNow,
    /// Take the series back.
    UndoSeries,
}

impl Action {
    /// As it is written in `replies.csv` and in an `answer` fact.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Pick => "pick",
            Self::Decline => "decline",
            Self::None => "none",
            Self::Met => "met",
            Self::Away => "away",
            Self::Held => "held",
            Self::NotHeld => "not_held",
            Self::Undo => "undo",
            Self::Series => "series",
            Self::NotNow => "not_now",
            Self::UndoSeries => "undo_series",
        }
    }
}

/// State of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Its last answer was whole and plausible.
    Ok,
    /// It answers, but implausibly.
    Suspect,
    /// It does not answer.
    Failing,
}

/// The counts of a week: the last five add up to `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WeekCounts {
    /// Sessions owed.
    pub due: u32,
    /// Sessions scheduled as the week began.
    pub scheduled: u32,
    /// In their own time.
    pub held: u32,
    /// After a move, or in a person's own new time.
    pub rescheduled: u32,
    /// In our booking.
    pub recovered: u32,
    /// Excused by absence.
    pub excused: u32,
    /// None of these.
    pub missed: u32,
}

/// One fact. The fields of each kind are RECORDING's, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
#[expect(missing_docs, reason = "RECORDING.md (docs/recording.md) explains every kind and field")]
pub enum Fact {
    Due {
        rep: PersonId,
        week: Week,
        sessions: u32,
        rule: String,
    },
    Session {
        rep: PersonId,
        manager: PersonId,
        week: Week,
        session: SessionKey,
        start: Moment,
        end: Moment,
        state: SessionState,
        why: Option<Risk>,
    },
    Verdict {
        rep: PersonId,
        manager: PersonId,
        week: Week,
        session: SessionKey,
        verdict: Outcome,
        by: Option<PersonId>,
        confidence: Confidence,
        evidence: Vec<Evidence>,
        late: bool,
        from: Option<Moment>,
        to: Option<Moment>,
        moves: u32,
    },
    Recovery {
        recovery: RecoveryId,
        rep: PersonId,
        manager: PersonId,
        week: Week,
        attempt: u32,
        state: RecoveryState,
        reason: Option<CloseReason>,
    },
    Proposed {
        recovery: RecoveryId,
        to: PersonId,
        options: Vec<Moment>,
        deadline: Option<Moment>,
    },
    Booked {
        recovery: RecoveryId,
        start: Moment,
        end: Moment,
        via: BookVia,
        event: String,
    },
    Released {
        recovery: RecoveryId,
        event: String,
        why: ReleaseWhy,
    },
    /// A booking could not be written into the calendar and goes out as an invitation by mail.
    FellBack {
        recovery: RecoveryId,
        why: String,
    },
    NoSlot {
        recovery: RecoveryId,
        why: BTreeMap<String, u32>,
        /// Whose time it needs beside the rep's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        manager: Option<PersonId>,
        /// The same with what would help.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        more: Option<Box<NoSlotWhy>>,
    },
    Escalated {
        rep: PersonId,
        manager: PersonId,
        week: Week,
        trigger: Trigger,
        step: u32,
        to: PersonId,
    },
    Mail {
        kind: MailKind,
        to: PersonId,
        subject: String,
        message_id: String,
    },
    MailRefused {
        kind: MailKind,
        to: PersonId,
        message_id: String,
        code: String,
    },
    MailDropped {
        kind: MailKind,
        to: PersonId,
        message_id: String,
        why: String,
    },
    Answer {
        who: PersonId,
        action: Action,
        recovery: Option<RecoveryId>,
        option: Option<u32>,
    },
    /// A standing series is proposed, booked, or not.
    Series {
        rep: PersonId,
        manager: PersonId,
        series: u32,
        state: SeriesStage,
        every_weeks: u32,
        options: Vec<Moment>,
        start: Option<Moment>,
        until: Option<NaiveDate>,
        via: Option<BookVia>,
        event: Option<String>,
    },
    /// Somebody said what is to become of a session that another meeting lies over.
    Overlap {
        who: PersonId,
        rep: PersonId,
        manager: PersonId,
        session: SessionKey,
        start: Moment,
        keep: bool,
    },
    /// A leader wants their report by mail, or no longer.
    Subscription {
        who: PersonId,
        to_reports: bool,
    },
    Started {
        mode: Mode,
    },
    Reload {
        taken: bool,
    },
    Mode {
        mode: Mode,
    },
    /// Every effect was stopped, or goes on.
    Paused {
        paused: bool,
        #[serde(flatten)]
        hand: Hand,
    },
    /// An answer of a source that was not believed is to be.
    AcceptedSource {
        calendar: CalendarId,
        #[serde(flatten)]
        hand: Hand,
    },
    /// A rep's week owes nothing more.
    Excused {
        rep: PersonId,
        week: Week,
        #[serde(flatten)]
        hand: Hand,
    },
    /// Nothing is proposed, booked or said about somebody's 1-on-1s in a week, or again.
    Muted {
        who: PersonId,
        week: Week,
        muted: bool,
        #[serde(flatten)]
        hand: Hand,
    },
    /// Those who run Drumbeat said whether a 1-on-1 took place.
    Confirmed {
        rep: PersonId,
        week: Week,
        session: SessionKey,
        start: Moment,
        held: bool,
        #[serde(flatten)]
        hand: Hand,
    },
    /// Nothing tells any more who a number was.
    Forgotten {
        who: PersonId,
        #[serde(flatten)]
        hand: Hand,
    },
    /// The state came from a backup that was made when `until` was the newest record; so many mails were dropped.
    Restored {
        until: Option<Moment>,
        dropped: u32,
        #[serde(flatten)]
        hand: Hand,
    },
    Source {
        calendar: CalendarId,
        state: SourceState,
        why: Option<String>,
    },
    OpsNews {
        news: OpsNews,
    },
    Week {
        rep: PersonId,
        manager: PersonId,
        week: Week,
        #[serde(flatten)]
        counts: WeekCounts,
    },
    Put {
        put: Box<Put>,
    },
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it was decided.
    pub at: Moment,
    /// What, in order.
    pub facts: Vec<Fact>,
}
