//! The ledger's view: everything that the next decision needs to know about the past.
//!
//! It is made by applying [`Put`]s in the order of the ledger, and by nothing else, so it can always be made
//! again. A checkpoint is this value as a whole.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::as_list;
use super::fact::{
    CloseReason, Fact, Record, RecoveryId, RecoveryState, ReleaseWhy, SessionKey, SourceState, Trigger,
    WeekCounts,
};
use super::letter::{Letter, NoSlotWhy, Offer};
use super::people::{BookVia, CalendarId, PersonId};
use super::policy::{Excuse, Mode, Step};
use super::series::Series;
use super::time::{Span, Week};
use super::zone::Moment;

pub use super::session::{Expected, Given, Overlap, Pending, Void};

/// A rep's week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekState {
    /// Who owes it now.
    pub manager: PersonId,
    /// Sessions owed.
    pub due: u32,
    /// By which rule.
    pub rule: String,
    /// What the rule said then: sessions in a week, every so many weeks.
    pub cadence: (u32, u32),
    /// The rep was on a plan as it began.
    pub on_plan: bool,
    /// Missed weeks in a row that this rule lets pass.
    pub skips: u32,
    /// Sessions that stood as it began.
    pub scheduled: u32,
    /// Sessions that standing series brought as it began, where that is known.
    #[serde(default)]
    pub standing: Option<u32>,
    /// Sessions excused so far.
    pub excused: u32,
    /// Why.
    pub excuse: Option<Excuse>,
    /// The row, once the week has ended.
    pub row: Option<WeekCounts>,
    /// Sessions moved three times or more, once the week has ended.
    pub churn: u32,
    /// Sessions cancelled less than 24 h ahead, once the week has ended.
    pub late: u32,
    /// Sessions that somebody said took place, once the week has ended.
    #[serde(default)]
    pub confirmed: u32,
    /// Sessions that stood under another meeting of one of the two, of which nobody said that they took place.
    #[serde(default)]
    pub overlapped: u32,
    /// Minutes of the sessions that took place, once the week has ended.
    #[serde(default)]
    pub minutes: u32,
}

/// An outstanding offer of times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// To whom.
    pub to: PersonId,
    /// Counts proposals of an attempt from 1.
    pub round: u32,
    /// The times, best first.
    pub offers: Vec<Offer>,
    /// When it ends.
    pub deadline: Moment,
    /// When the server took the mail; the clock starts then.
    pub sent: Option<Moment>,
}

/// Our booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// UID of the event.
    pub uid: String,
    /// When.
    pub span: Span,
    /// SEQUENCE of the invitation sent last.
    pub sequence: u32,
    /// How it is written.
    #[serde(default)]
    pub via: BookVia,
    /// It stands in the calendar it was to be written into. Of an invitation by mail: never.
    #[serde(default)]
    pub is_written: bool,
}

/// One missed 1-on-1 and its mending.
///
/// ```text
///   open ──► proposed ──► booked ──► closed
///     ▲          │           │        recovered · rescheduled · excused · missed · withdrawn · rule_changed
///     └──────────┴───────────┘
///       (none of these; booking cancelled: attempt + 1)          every state can close
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Which.
    pub id: RecoveryId,
    /// Who meets the rep.
    pub manager: PersonId,
    /// Where it stands.
    pub state: RecoveryState,
    /// Why it closed.
    pub reason: Option<CloseReason>,
    /// Bookings tried, and the one being tried: begins at 1, never falls.
    pub attempt: u32,
    /// Proposals made in this attempt.
    pub round: u32,
    /// When it opened.
    pub opened: Moment,
    /// The session it is for, where there was one.
    pub fallen: Option<SessionKey>,
    /// What is offered.
    pub proposal: Option<Proposal>,
    /// What is booked.
    pub booking: Option<Booking>,
    /// Bookings given up, until the cancellation is in the outbox.
    pub released: Vec<(Booking, ReleaseWhy)>,
    /// Starts that nobody wants again.
    pub refused: Vec<Moment>,
    /// There was no slot when last looked: why.
    pub no_slot: Option<NoSlotWhy>,
    /// Somebody undid a booking: ask before the next, whatever the mode.
    pub ask_first: bool,
    /// A proposal was not answered in time.
    pub silent: bool,
    /// When it was last planned, and found to lack known calendars since.
    pub unknown_since: Option<Moment>,
    /// The first mail about it that each reader was written: all later ones are answers to it.
    #[serde(default, with = "as_list")]
    pub roots: BTreeMap<PersonId, String>,
}

impl Recovery {
    /// Whether it is still going on.
    pub fn is_active(&self) -> bool {
        self.state != RecoveryState::Closed
    }

    /// Puts a row into its reader's thread about this recovery, or begins one with it.
    pub fn put_in_thread(&mut self, row: &mut OutboxRow, kind: &str) {
        let first = || format!("{kind}.{}", row.id);
        let root = self.roots.entry(row.to).or_insert_with(first);
        row.thread = Some(root.clone());
    }

    /// Opens it again for another attempt: what was booked is no more, and nobody wants its time again.
    pub fn again(&mut self) {
        self.refused.extend(self.booking.take().map(|booking| booking.span.start));
        self.attempt += 1;
        self.round = 0;
        self.silent = false;
        self.no_slot = None;
        self.proposal = None;
        self.state = RecoveryState::Open;
    }

    /// The fact that it changed its state.
    pub fn fact(&self) -> Fact {
        Fact::Recovery {
            recovery: self.id,
            rep: self.id.rep,
            manager: self.manager,
            week: self.id.week,
            attempt: self.attempt,
            state: self.state,
            reason: self.reason,
        }
    }
}

/// Who was told what, of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The rep.
    pub rep: PersonId,
    /// The week.
    pub week: Week,
    /// Their manager when it began.
    pub manager: PersonId,
    /// The manager's manager when it began.
    pub leader: Option<PersonId>,
    /// What set it off.
    pub trigger: Trigger,
    /// When it began.
    pub began: Moment,
    /// The policy as it was then.
    pub steps: Vec<Step>,
    /// Steps said so far: when each was said last.
    pub said: Vec<Moment>,
    /// Everybody told so far.
    pub told: BTreeSet<PersonId>,
    /// It follows working hours and quiet (not: a plan, or a session of the same day).
    pub waits_for_hours: bool,
    /// It has ended.
    pub closed: bool,
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// How it is.
    pub state: SourceState,
    /// A code.
    pub why: Option<String>,
    /// Since when.
    pub since: Moment,
    /// Ops were told.
    pub told: bool,
    /// Of a suspect one: hash of the answer that is waited on, answers equal to it in a row, since when.
    pub waits_on: Option<(u64, u32, Moment)>,
    /// It has given a whole answer at some time.
    pub known: bool,
    /// With which roster and rules its events were told apart last: with others, what was passed over so far is
    /// seen for the first time, though it stood all along.
    #[serde(default)]
    pub lens: Option<u64>,
    /// Hash of an answer that lost much and was believed in the end: it is not doubted again.
    pub believed: Option<u64>,
    /// Hash of an answer that those who run Drumbeat accepted: it is believed, whatever it lost.
    #[serde(default)]
    pub accepted: Option<u64>,
    /// A few of its events by hash: with the store lost, another calendar is known by having none of them.
    pub marks: BTreeSet<u32>,
}

/// Something to be done, named before it is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Derived from ledger id, kind, subject, attempt, round and recipient: a retry has the same one.
    pub id: String,
    /// Whom it is for.
    pub to: PersonId,
    /// What it says.
    pub letter: Letter,
    /// The recovery it belongs to.
    pub recovery: Option<RecoveryId>,
    /// The first mail of its thread.
    pub thread: Option<String>,
    /// When it was decided: the mail's Date.
    pub at: Moment,
    /// Not before this.
    pub not_before: Moment,
    /// Pointless after this.
    pub expires: Option<Moment>,
    /// How often it was tried.
    pub tries: u32,
}

impl OutboxRow {
    /// A letter that is due at once and never pointless, about no recovery and in no thread.
    pub fn new(id: String, to: PersonId, letter: Letter, at: Moment) -> Self {
        Self { id, to, letter, recovery: None, thread: None, at, not_before: at, expires: None, tries: 0 }
    }
}

/// A note that somebody was sent, or would have been sent but for their budget.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// In which week of theirs.
    pub week: Week,
    /// What it was about: `monday`, `check_in`, `health`, `cadence-7-2026-11-30`, `overlap-…`.
    pub what: String,
}

/// What can be put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each carries the row that it stores")]
pub enum Put {
    Session {
        session: Expected,
    },
    Week {
        rep: PersonId,
        week: Week,
        row: WeekState,
    },
    Recovery {
        recovery: Recovery,
    },
    Escalation {
        escalation: Escalation,
    },
    Source {
        calendar: CalendarId,
        row: SourceRow,
    },
    SourceGone {
        calendar: CalendarId,
    },
    Outbox {
        row: OutboxRow,
    },
    OutboxDone {
        id: String,
    },
    Welcomed {
        who: PersonId,
    },
    Reported {
        leader: PersonId,
        week: Week,
    },
    WatchedSince {
        rep: PersonId,
        at: Moment,
        #[serde(default)]
        in_view: Option<Week>,
    },
    RepGone {
        rep: PersonId,
    },
    Unrecognised {
        told: bool,
    },
    Noted {
        to: PersonId,
        note: Note,
    },
    Subscribed {
        who: PersonId,
        to_reports: bool,
    },
    Baseline {
        rep: PersonId,
        weeks: Vec<(Week, WeekCounts)>,
        #[serde(default)]
        lens: Option<u64>,
    },
    Excused {
        rep: PersonId,
        week: Week,
    },
    Muted {
        rep: PersonId,
        week: Week,
        muted: bool,
    },
    Alive {
        at: Moment,
    },
    Series {
        series: Series,
    },
}

/// One rep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepState {
    /// Since when their calendars are watched.
    pub watched_since: Option<Moment>,
    /// The last week that was in view: what shows up in a later one may have stood there all along.
    #[serde(default)]
    pub in_view: Option<Week>,
    /// What is known of their weeks.
    pub weeks: BTreeMap<Week, WeekState>,
    /// What is known of their sessions.
    #[serde(with = "as_list")]
    pub sessions: BTreeMap<SessionKey, Expected>,
    /// Their recoveries, by week and ordinal.
    pub recoveries: BTreeMap<Week, BTreeMap<u32, Recovery>>,
    /// Their escalations.
    pub escalations: BTreeMap<Week, Escalation>,
    /// The weeks before they were watched, as far as their calendars remembered when that began.
    #[serde(default)]
    pub baseline: Option<BTreeMap<Week, WeekCounts>>,
    /// With which roster and rules that was put together.
    #[serde(default)]
    pub baseline_lens: Option<u64>,
    /// Weeks that owe nothing more, by the word of those who run Drumbeat.
    #[serde(default)]
    pub excused: BTreeSet<Week>,
    /// Weeks in which their 1-on-1s are left alone, by the same.
    #[serde(default)]
    pub muted: BTreeSet<Week>,
    /// The standing series proposed for them, by ordinal.
    #[serde(default)]
    pub series: BTreeMap<u32, Series>,
}

impl RepState {
    /// All recoveries that still go on.
    pub fn active(&self) -> impl Iterator<Item = &Recovery> {
        self.recoveries.values().flat_map(BTreeMap::values).filter(|recovery| recovery.is_active())
    }

    /// Marks our bookings that no recovery holds any more: what becomes of them is our own doing.
    pub fn let_go(&mut self) {
        let held: BTreeSet<String> = self
            .recoveries
            .values()
            .flat_map(BTreeMap::values)
            .filter_map(|recovery| Some(recovery.booking.as_ref()?.uid.clone()))
            .collect();
        for session in self.sessions.values_mut() {
            session.released |=
                session.ours.is_some() && !session.held && !held.contains(&session.key.lineage);
        }
    }

    /// A recovery, to be changed.
    pub fn recovery_mut(&mut self, id: RecoveryId) -> Option<&mut Recovery> {
        self.recoveries.get_mut(&id.week)?.get_mut(&id.ordinal)
    }

    /// The recoveries of a week.
    pub fn of_week(&self, week: Week) -> impl Iterator<Item = &Recovery> {
        self.recoveries.get(&week).into_iter().flat_map(BTreeMap::values)
    }
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// By rep.
    pub reps: BTreeMap<PersonId, RepState>,
    /// By calendar.
    #[serde(with = "as_list")]
    pub sources: BTreeMap<CalendarId, SourceRow>,
    /// What is still to be done.
    pub outbox: BTreeMap<String, OutboxRow>,
    /// Who has had their first mail.
    pub welcomed: BTreeSet<PersonId>,
    /// Which week each leader was told of last.
    pub reported: BTreeMap<PersonId, Week>,
    /// When the first record was written.
    pub since: Option<Moment>,
    /// When the newest record was written.
    pub last_at: Option<Moment>,
    /// The mode that was last announced.
    pub mode: Option<Mode>,
    /// Ops were told that too few reps are recognised.
    pub told_unrecognised: bool,
    /// What each person was sent of late that counts against their budget, or is said once.
    #[serde(default)]
    pub noted: BTreeMap<PersonId, BTreeSet<Note>>,
    /// Leaders who want no reports by mail.
    #[serde(default)]
    pub unsubscribed: BTreeSet<PersonId>,
    /// When each segment of the ledger that is still there ended, and with which record.
    #[serde(default)]
    pub segments: Vec<(Moment, u64)>,
    /// Every effect is stopped, since then.
    #[serde(default)]
    pub paused: Option<Moment>,
}

impl State {
    /// Takes up one record.
    pub fn apply(&mut self, record: &Record) {
        self.since.get_or_insert(record.at);
        self.last_at = Some(record.at);
        for fact in &record.facts {
            match fact {
                Fact::Put { put } => self.put(put),
                Fact::Mode { mode } | Fact::Started { mode } => self.mode = Some(*mode),
                Fact::Paused { paused, .. } => {
                    self.paused = paused.then(|| self.paused.unwrap_or(record.at));
                }
                _ => {}
            }
        }
    }

    fn put(&mut self, put: &Put) {
        match put {
            Put::Session { session } => {
                self.rep(session.rep).sessions.insert(session.key.clone(), session.clone());
            }
            Put::Week { rep, week, row } => {
                self.rep(*rep).weeks.insert(*week, row.clone());
            }
            Put::Recovery { recovery } => {
                let weeks = &mut self.rep(recovery.id.rep).recoveries;
                weeks.entry(recovery.id.week).or_default().insert(recovery.id.ordinal, recovery.clone());
            }
            Put::Escalation { escalation } => {
                self.rep(escalation.rep).escalations.insert(escalation.week, escalation.clone());
            }
            Put::Source { calendar, row } => {
                self.sources.insert(*calendar, row.clone());
            }
            Put::SourceGone { calendar } => {
                self.sources.remove(calendar);
            }
            Put::Outbox { row } => {
                self.outbox.insert(row.id.clone(), row.clone());
            }
            Put::OutboxDone { id } => {
                self.outbox.remove(id);
            }
            Put::Welcomed { who } => {
                self.welcomed.insert(*who);
            }
            Put::Reported { leader, week } => {
                self.reported.insert(*leader, *week);
            }
            Put::WatchedSince { rep, at, in_view } => {
                let rep = self.rep(*rep);
                (rep.watched_since, rep.in_view) = (Some(*at), *in_view);
            }
            Put::RepGone { rep } => {
                self.reps.remove(rep);
            }
            Put::Unrecognised { told } => self.told_unrecognised = *told,
            Put::Noted { to, note } => {
                self.noted.entry(*to).or_default().insert(note.clone());
            }
            Put::Subscribed { who, to_reports: true } => {
                self.unsubscribed.remove(who);
            }
            Put::Subscribed { who, to_reports: false } => {
                self.unsubscribed.insert(*who);
            }
            Put::Baseline { rep, weeks, lens } => {
                let rep = self.rep(*rep);
                (rep.baseline, rep.baseline_lens) = (Some(weeks.iter().copied().collect()), *lens);
            }
            Put::Excused { rep, week } => {
                self.rep(*rep).excused.insert(*week);
            }
            Put::Muted { rep, week, muted: true } => {
                self.rep(*rep).muted.insert(*week);
            }
            Put::Muted { rep, week, muted: false } => {
                self.rep(*rep).muted.remove(week);
            }
            Put::Series { series } => {
                self.rep(series.id.rep).series.insert(series.id.ordinal, series.clone());
            }
            Put::Alive { .. } => {}
        }
    }

    fn rep(&mut self, rep: PersonId) -> &mut RepState {
        self.reps.entry(rep).or_default()
    }

    /// Up to which record all are older than `kept`; nothing is where `kept` is zero. Segments that end there are
    /// forgotten.
    pub fn outlived(&mut self, now: Moment, kept: TimeDelta) -> Option<u64> {
        if kept.is_zero() {
            return None;
        }
        let is_over = |(ended, _): &(Moment, u64)| now - *ended > kept;
        let newest = self.segments.iter().rfind(|segment| is_over(segment)).map(|(_, seq)| *seq);
        self.segments.retain(|segment| !is_over(segment));
        newest
    }

    /// Forgets what no decision needs any more: sessions, recoveries and escalations that ended before
    /// `sessions_before`, weeks before `weeks_before`. Done when a checkpoint is written.
    pub fn trim(&mut self, sessions_before: Week, weeks_before: Week) {
        for rep in self.reps.values_mut() {
            rep.sessions.retain(|_, session| session.week >= sessions_before);
            rep.recoveries.retain(|week, _| *week >= sessions_before);
            rep.escalations.retain(|week, _| *week >= sessions_before);
            rep.weeks.retain(|week, _| *week >= weeks_before);
            rep.excused.retain(|week| *week >= sessions_before);
            rep.muted.retain(|week| *week >= sessions_before);
        }
        for notes in self.noted.values_mut() {
            notes.retain(|note| note.week >= sessions_before);
        }
        self.noted.retain(|_, notes| !notes.is_empty());
    }
}
