//! What a mail says, in values: people by number, instants, reasons. `tell` finds the words.
//!
//! Letters lie in the outbox rows of the ledger, so they hold no text of any event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fact::{
    CloseReason, Confidence, Outcome, RecoveryId, ReleaseWhy, SourceState, Trigger, WeekCounts,
};
use super::mail::MailKind;
use super::people::{BookVia, CalendarId, PersonId};
use super::policy::{Mode, OnSilence};
use super::time::{Span, Week};
use super::zone::Moment;

/// What fell out, as far as the calendar tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallen {
    /// When it should have been; `None`: it was never booked.
    pub start: Option<Moment>,
    /// The verdict; `None`: there never was one in the calendar.
    pub verdict: Option<Outcome>,
    /// Who did it: named to people only when `confidence` is certain.
    pub by: Option<PersonId>,
    /// How sure the judge is.
    pub confidence: Confidence,
}

/// A time that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The slot.
    pub span: Span,
    /// What it lies on, if it is not free: only a click books it.
    pub displaces: Option<Displaced>,
    /// It is at the usual hour.
    pub is_usual_hour: bool,
}

/// What an offered slot lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Displaced {
    /// A block of focus time.
    Focus,
    /// A tentative event.
    Tentative,
}

/// One recovery in a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalItem {
    /// Which.
    pub recovery: RecoveryId,
    /// Its attempt when the times were offered: links name it, so that an old mail's cannot act on a newer one.
    pub attempt: u32,
    /// … and the round.
    pub round: u32,
    /// What it is for.
    pub fallen: Fallen,
    /// The times, best first.
    pub offers: Vec<Offer>,
    /// When silence books, or the offer ends.
    pub deadline: Moment,
}

/// A single change that would open a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Somebody frees a focus block.
    FreeFocus {
        /// Whose.
        who: PersonId,
        /// Which.
        span: Span,
    },
    /// The shorter length would fit.
    Shorter {
        /// Minutes.
        minutes: i64,
        /// Where.
        start: Moment,
    },
    /// One hour outside somebody's hours.
    OutsideHours {
        /// Whose.
        who: PersonId,
        /// Where.
        start: Moment,
    },
}

/// Why there is no slot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoSlotWhy {
    /// Candidate starts blocked, by the first rule that blocks them.
    pub counts: BTreeMap<String, u32>,
    /// What would open one, most plausible first.
    pub changes: Vec<Change>,
    /// The first free slot of next week: a comfort, still a miss.
    pub next_week: Option<Moment>,
}

/// How a booking came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum BookedHow {
    /// `mode = "auto"`.
    Auto,
    /// Nobody answered the proposal in time.
    Silence,
    /// Somebody chose it.
    Chosen {
        /// Who.
        by: PersonId,
    },
}

/// What ops must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum OpsNews {
    /// A source is suspect or failing, or well again.
    Source {
        /// Which calendar.
        calendar: CalendarId,
        /// Its state.
        state: SourceState,
        /// A code: `empty`, `html`, `halved`, `cut_off`, `timeout`, `503` …
        why: Option<String>,
        /// Since when.
        since: Moment,
    },
    /// So many sources are not well at once that they are told as one; or all are well again.
    Sources {
        /// How many.
        count: u32,
        /// The code of the newest.
        why: Option<String>,
    },
    /// Bookings in somebody's calendar are refused: people are invited by mail instead.
    FellBack {
        /// Whose calendar.
        manager: PersonId,
        /// The refusal's code.
        code: String,
    },
    /// An event of ours that was given up could not be deleted.
    NotTakenBack {
        /// In whose calendar it stands.
        manager: PersonId,
        /// The refusal's code.
        code: String,
    },
    /// The calendar's service takes no more calls for a while.
    Quota {
        /// The refusal's code.
        code: String,
    },
    /// A recipient was refused by the mail server.
    Refused {
        /// Who.
        to: PersonId,
        /// What kind of mail.
        kind: MailKind,
        /// The server's code.
        code: String,
    },
    /// Mail has not gone out for long.
    Undelivered {
        /// How many rows wait.
        rows: u32,
        /// Since when.
        since: Moment,
        /// Code of the last failure.
        code: String,
    },
    /// Propose and auto act as observe: too few reps have a recognised session.
    Unrecognised {
        /// Reps that are owed sessions.
        owed: u32,
        /// … of whom this many have a recognised one.
        recognised: u32,
    },
    /// The store was set aside and is being rebuilt.
    StoreRebuilt {
        /// A code.
        why: String,
    },
    /// The last record of the ledger was torn by a crash and is cut.
    RecordCut {
        /// What was cut and where it is kept, in words.
        what: String,
    },
    /// A step of an escalation has nobody else.
    Escalated {
        /// The rep.
        rep: PersonId,
        /// Their manager.
        manager: PersonId,
        /// Which week.
        week: Week,
        /// Why.
        trigger: Trigger,
    },
    /// The roster on disk was refused; the old one goes on.
    RosterRefused {
        /// People it would lose.
        lost: u32,
        /// … of this many.
        of: u32,
    },
    /// After some days asleep: one digest.
    Awake {
        /// Since when nothing was done.
        since: Moment,
        /// Mails that had become pointless and were dropped.
        dropped: u32,
    },
}

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
    /// Sources of the report's people that cannot be read or believed.
    pub unread: Vec<CalendarId>,
    /// The target, in thousandths.
    pub target_permille: u32,
    /// Weeks of the trend, and of the judgement.
    pub windows: (u32, u32),
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// A person's first mail: who switched this on, what it reads, whom to ask.
    Welcome {
        /// What Drumbeat may do for them.
        mode: Mode,
        /// They have reports.
        is_manager: bool,
        /// They have a manager and owe sessions.
        is_rep: bool,
    },
    /// Times for all that is open of one manager.
    Proposal {
        /// The recoveries.
        items: Vec<ProposalItem>,
        /// What happens at the deadline.
        on_silence: OnSilence,
    },
    /// A slot was booked; carries the invitation.
    Booked {
        /// Which.
        recovery: RecoveryId,
        /// Which of its bookings: the undo link names it.
        attempt: u32,
        /// The pair.
        manager: PersonId,
        /// The pair.
        rep: PersonId,
        /// When.
        span: Span,
        /// What it is for.
        fallen: Fallen,
        /// How it came about.
        how: BookedHow,
        /// UID of the event; of one in Google's calendar, its id.
        uid: String,
        /// How it is written: with an invitation, or into the calendar.
        #[serde(default)]
        via: BookVia,
        /// Until when undo works.
        undo_until: Option<Moment>,
    },
    /// A booking was given up; carries the cancellation.
    Released {
        /// Which.
        recovery: RecoveryId,
        /// The pair.
        manager: PersonId,
        /// The pair.
        rep: PersonId,
        /// When it would have been.
        span: Span,
        /// Why.
        why: ReleaseWhy,
        /// UID of the event; of one in Google's calendar, its id.
        uid: String,
        /// How it was written.
        #[serde(default)]
        via: BookVia,
        /// SEQUENCE of the invitation that is called off.
        sequence: u32,
    },
    /// Somebody must know.
    Escalation {
        /// The rep.
        rep: PersonId,
        /// Their manager.
        manager: PersonId,
        /// Which week.
        week: Week,
        /// Why.
        trigger: Trigger,
        /// Counts from 1.
        step: u32,
        /// What happened, oldest first.
        history: Vec<(Moment, Outcome)>,
        /// Of `no_slot`: why.
        no_slot: Option<NoSlotWhy>,
        /// The rep is on a plan: told to the manager and their line alone, never in a subject.
        on_plan: bool,
    },
    /// … and need not any more.
    Resolved {
        /// The rep.
        rep: PersonId,
        /// Their manager.
        manager: PersonId,
        /// Which week.
        week: Week,
        /// How.
        how: CloseReason,
        /// When they meet, or met.
        start: Option<Moment>,
    },
    /// The weekly report.
    Health(Health),
    /// To ops.
    Ops(OpsNews),
}

impl Letter {
    /// The word for it in the ledger.
    pub fn kind(&self) -> MailKind {
        match self {
            Self::Welcome { .. } => MailKind::Welcome,
            Self::Proposal { .. } => MailKind::Proposal,
            Self::Booked { .. } => MailKind::Booked,
            Self::Released { .. } => MailKind::Released,
            Self::Escalation { .. } => MailKind::Escalation,
            Self::Resolved { .. } => MailKind::Resolved,
            Self::Health(_) => MailKind::Health,
            Self::Ops(_) => MailKind::Ops,
        }
    }
}
