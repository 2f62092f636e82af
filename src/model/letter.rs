//! What a mail says, in values: people by number, instants, reasons. `tell` finds the words.
//!
//! Letters lie in the outbox rows of the ledger, so they hold no text of any event.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::fact::{
    CloseReason, Confidence, Outcome, RecoveryId, ReleaseWhy, SessionKey, SourceState, Trigger,
};
use super::mail::MailKind;
use super::people::{BookVia, CalendarId, PersonId};
use super::policy::{Mode, OnSilence};
use super::report::Health;
use super::series::{SeriesEvent, SeriesItem};
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
    /// Whose time that is.
    #[serde(default)]
    pub displaces_of: Option<PersonId>,
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
    /// Who meets the rep; `None` in rows of an older version, which went to the manager alone.
    #[serde(default)]
    pub manager: Option<PersonId>,
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
    /// Which of the times silence books then, counted from 1: the first free one that can still be booked at the
    /// deadline.
    #[serde(default)]
    pub silence: Option<u32>,
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

/// What somebody is owed and has no time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    /// Who.
    pub rep: PersonId,
    /// How many minutes.
    pub minutes: u32,
}

/// Another session of one of the two that was placed where this one could have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rival {
    /// Whose.
    pub rep: PersonId,
    /// When this one would begin.
    pub start: Moment,
}

/// Why there is no slot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NoSlotWhy {
    /// Candidate starts blocked, by the first rule that blocks them.
    pub counts: BTreeMap<String, u32>,
    /// The rest of the week in which both work, where that is little: in order.
    #[serde(default)]
    pub shared: Vec<Span>,
    /// Another 1-on-1 that takes a time which would have been free.
    #[serde(default)]
    pub rival: Option<Rival>,
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
    /// Mails were given up.
    GivenUp {
        /// How many.
        rows: u32,
        /// To whom.
        to: Vec<PersonId>,
        /// For so many days they could not be sent.
        days: u32,
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
        /// Why; `None` where that is nobody's business but the line's: the rep is on a plan.
        trigger: Option<Trigger>,
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

/// A rep from whose manager something is due in the week that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Who.
    pub rep: PersonId,
    /// Sessions due.
    pub due: u32,
    /// Sessions that stand, bookings of ours among them.
    pub standing: u32,
    /// Times are offered, or somebody was told that there are none: that has a mail of its own.
    pub is_offered: bool,
    /// The first session that stands under another event.
    pub conflict: Option<Moment>,
    /// The first session that somebody has not said yes to.
    pub unanswered: Option<Moment>,
    /// Missed last week.
    pub missed: u32,
}

/// A session that a rep is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInItem {
    /// Which.
    pub session: SessionKey,
    /// With whom.
    pub manager: PersonId,
    /// When it was to be.
    pub start: Moment,
    /// What is known of it.
    pub known: Known,
}

/// What the calendar says of a session that somebody is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It stood until its end.
    Stood,
    /// It fell out.
    Fell,
    /// Nobody can tell.
    Unsure,
}

/// How often a rule wants a pair to meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Sessions in a week in which any are due.
    pub per_week: u32,
    /// Due in every nth week.
    pub every_weeks: u32,
    /// Minutes of each.
    pub minutes: u32,
}

impl Rhythm {
    /// Sessions in a long while (420 weeks, which every usual interval divides): for comparing two.
    pub fn weight(&self) -> u32 {
        self.per_week * 420 / self.every_weeks.max(1)
    }
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
    /// Several escalations, or several closing notes, to one reader at once: one mail.
    Many {
        /// All of one kind.
        letters: Vec<Letter>,
    },
    /// What is due from a manager in the week that begins.
    Monday {
        /// Which week.
        week: Week,
        /// The reps, those short of most first.
        owed: Vec<Owed>,
    },
    /// What a manager owes next week does not fit: before it begins.
    Capacity {
        /// Which week.
        week: Week,
        /// What is owed and has no time yet: the smallest part of it that does not fit.
        owed: Vec<Short>,
        /// Minutes of it that fit.
        room: u32,
        /// Whose session is left over.
        left: Option<PersonId>,
        /// What would make room for it.
        changes: Vec<Change>,
    },
    /// A rep is asked whether their sessions took place.
    CheckIn {
        /// The week in which they are asked.
        week: Week,
        /// The sessions, in order.
        items: Vec<CheckInItem>,
        /// Until when an answer counts.
        until: Moment,
    },
    /// Somebody is asked about another meeting that lies over their session.
    Overlap {
        /// The pair.
        manager: PersonId,
        /// The pair.
        rep: PersonId,
        /// Which week.
        week: Week,
        /// Which session.
        session: SessionKey,
        /// When it is.
        span: Span,
    },
    /// The cadence of a pair changes.
    Cadence {
        /// The pair.
        manager: PersonId,
        /// The pair.
        rep: PersonId,
        /// From which day on, as the rep's calendar has it.
        from: NaiveDate,
        /// As it is.
        before: Rhythm,
        /// As it will be.
        after: Rhythm,
        /// It is for a plan: told to the two alone, never in a subject.
        on_plan: bool,
    },
    /// Days and hours for standing series, for all of one manager's reps who want one.
    Series {
        /// The reps.
        items: Vec<SeriesItem>,
    },
    /// A standing series was booked; carries the invitation.
    SeriesBooked {
        /// The series.
        event: SeriesEvent,
        /// Who took the time.
        by: PersonId,
        /// Until when undo works.
        undo_until: Option<Moment>,
    },
    /// A standing series was taken back; carries the cancellation.
    SeriesReleased {
        /// The series.
        event: SeriesEvent,
        /// Why.
        why: ReleaseWhy,
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
            Self::Booked { .. } | Self::SeriesBooked { .. } => MailKind::Booked,
            Self::Released { .. } | Self::SeriesReleased { .. } => MailKind::Released,
            Self::Series { .. } => MailKind::Series,
            Self::Escalation { .. } => MailKind::Escalation,
            Self::Many { letters } => letters.first().map_or(MailKind::Escalation, Self::kind),
            Self::Resolved { .. } => MailKind::Resolved,
            Self::Monday { .. } | Self::Capacity { .. } => MailKind::Monday,
            Self::CheckIn { .. } | Self::Overlap { .. } => MailKind::CheckIn,
            Self::Cadence { .. } => MailKind::Cadence,
            Self::Health(_) => MailKind::Health,
            Self::Ops(_) => MailKind::Ops,
        }
    }
}
