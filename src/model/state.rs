//! The ledger's view: everything that the next decision needs to know about the past.
//!
//! It is made by applying [`Put`]s in the order of the ledger, and by nothing else, so it can always be made
//! again. A checkpoint is this value as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fact::{
    CloseReason, Confidence, Fact, Outcome, Record, RecoveryId, RecoveryState, ReleaseWhy, Risk, SessionKey,
    Side, SourceState, Trigger, WeekCounts,
};
use super::letter::{Letter, NoSlotWhy, Offer};
use super::people::{BookVia, CalendarId, PersonId};
use super::policy::{Excuse, Mode, Step};
use super::time::{Span, Week};
use super::zone::Moment;

/// Why a session does not stand, as the calendars show it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "void", rename_all = "snake_case")]
pub enum Void {
    /// Marked cancelled in a calendar that decides.
    Marked {
        /// Whose calendar says so.
        side: Side,
    },
    /// In no calendar any more.
    GoneBoth,
    /// Gone from one side's calendar alone.
    GoneOne {
        /// Whose.
        side: Side,
    },
    /// Declined in the calendar.
    Declined {
        /// By whom.
        who: PersonId,
    },
    /// One of the two is no longer on the list.
    NotInvited {
        /// Who.
        who: PersonId,
    },
    /// It lies in another week now.
    MovedOut {
        /// Where.
        to: Moment,
    },
    /// Too short.
    Shortened {
        /// Minutes now.
        minutes: i64,
        /// Minutes it must have.
        least: i64,
    },
    /// Too many others.
    Guests {
        /// Colleagues beside the two.
        colleagues: u32,
        /// People from outside.
        outside: u32,
    },
}

impl Void {
    /// Whether it is missing from a calendar (rather than standing there in another shape).
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Marked { .. } | Self::GoneBoth | Self::GoneOne { .. })
    }
}

/// A void that waits for its settle time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What was seen.
    pub void: Void,
    /// When it was first seen.
    pub since: Moment,
}

/// A verdict that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// What.
    pub outcome: Outcome,
    /// How sure.
    pub confidence: Confidence,
    /// Who did it.
    pub by: Option<PersonId>,
    /// When it was written.
    pub at: Moment,
    /// Of a session that fell out: when it was first seen so.
    pub since: Moment,
    /// Cancelled less than 24 h before its start.
    pub late: bool,
}

/// A session as it is known from the calendars, this week's and the next weeks'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Which.
    pub key: SessionKey,
    /// The pair.
    pub rep: PersonId,
    /// The pair.
    pub manager: PersonId,
    /// The week it is owed in.
    pub week: Week,
    /// When it was to be, as first seen.
    pub planned: Span,
    /// When it is to be.
    pub span: Span,
    /// It is one of a series.
    pub recurs: bool,
    /// When it was first seen; `None`: in the first answer of its calendar already.
    pub first_seen: Option<Moment>,
    /// Whose calendars ever showed it: manager's, rep's.
    pub seen: (bool, bool),
    /// Whose calendar decides about it.
    pub organizer: Option<Side>,
    /// Known by its title only.
    pub by_title: bool,
    /// It would not count by itself (a single event of the two whose title says nothing): only in place of
    /// one that vanished.
    pub is_weak: bool,
    /// How often it moved this week.
    pub moves: u32,
    /// It was seen standing at or after its start.
    pub stood: bool,
    /// What makes it void now, waiting to settle.
    pub pending: Option<Pending>,
    /// The newest verdict.
    pub given: Option<Given>,
    /// `held` was written.
    pub held: bool,
    /// `excused` was written.
    pub excused: Option<Excuse>,
    /// The session that stands in for it.
    pub replaced_by: Option<SessionKey>,
    /// It stands in for another, or was made while a recovery was open.
    pub is_new_time: bool,
    /// It is our own booking.
    pub ours: Option<RecoveryId>,
    /// It was our own booking and was given up: it is judged no more.
    pub released: bool,
    /// What people answered about it: the manager, the rep (`true`: it took place).
    pub answers: (Option<bool>, Option<bool>),
    /// Risks already written.
    pub risks: BTreeSet<Risk>,
}

impl Expected {
    /// Whether it counts for its week: not void by verdict, not replaced, no weak one by itself.
    pub fn stands(&self) -> bool {
        if self.released {
            return false;
        }
        let took_place = self.answers.1.or(self.answers.0);
        if let Some(answer) = took_place {
            return answer;
        }
        let is_void = self.given.as_ref().is_some_and(|given| {
            !matches!(given.outcome, Outcome::Held | Outcome::Rescheduled)
                || (given.outcome == Outcome::Rescheduled && self.replaced_by.is_some())
        });
        !is_void && self.replaced_by.is_none() && (!self.is_weak || self.is_new_time)
    }

    /// Whether it counts for `week`, given the week in which it lies now (`now_in`): one that moved out counts
    /// where it went.
    pub fn counts_in(&self, week: Week, now_in: Week) -> bool {
        let moved_out = self.given.as_ref().is_some_and(|given| given.outcome == Outcome::MovedOut);
        if moved_out && self.answers == (None, None) {
            return self.week != week && now_in == week;
        }
        self.week == week && self.stands()
    }

    /// Whether nobody can say if it took place (V25): no recovery for it, and missed unless somebody answers.
    pub fn is_unsure(&self) -> bool {
        self.answers == (None, None)
            && self.given.as_ref().is_some_and(|given| given.confidence == Confidence::Unsure)
    }
}

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
}

impl Recovery {
    /// Whether it is still going on.
    pub fn is_active(&self) -> bool {
        self.state != RecoveryState::Closed
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
    /// Hash of an answer that lost much and was believed in the end: it is not doubted again.
    pub believed: Option<u64>,
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

/// What can be put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each carries the row that it stores")]
pub enum Put {
    Session { session: Expected },
    Week { rep: PersonId, week: Week, row: WeekState },
    Recovery { recovery: Recovery },
    Escalation { escalation: Escalation },
    Source { calendar: CalendarId, row: SourceRow },
    Outbox { row: OutboxRow },
    OutboxDone { id: String },
    Welcomed { who: PersonId },
    Reported { leader: PersonId, week: Week },
    WatchedSince { rep: PersonId, at: Moment },
    RepGone { rep: PersonId },
    Unrecognised { told: bool },
    Alive { at: Moment },
}

/// One rep.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepState {
    /// Since when their calendars are watched.
    pub watched_since: Option<Moment>,
    /// What is known of their weeks.
    pub weeks: BTreeMap<Week, WeekState>,
    /// What is known of their sessions.
    #[serde(with = "as_list")]
    pub sessions: BTreeMap<SessionKey, Expected>,
    /// Their recoveries, by week and ordinal.
    pub recoveries: BTreeMap<Week, BTreeMap<u32, Recovery>>,
    /// Their escalations.
    pub escalations: BTreeMap<Week, Escalation>,
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
            Put::WatchedSince { rep, at } => self.rep(*rep).watched_since = Some(*at),
            Put::RepGone { rep } => {
                self.reps.remove(rep);
            }
            Put::Unrecognised { told } => self.told_unrecognised = *told,
            Put::Alive { .. } => {}
        }
    }

    fn rep(&mut self, rep: PersonId) -> &mut RepState {
        self.reps.entry(rep).or_default()
    }

    /// Forgets what no decision needs any more: sessions, recoveries and escalations that ended before
    /// `sessions_before`, weeks before `weeks_before`. Done when a checkpoint is written.
    pub fn trim(&mut self, sessions_before: Week, weeks_before: Week) {
        for rep in self.reps.values_mut() {
            rep.sessions.retain(|_, session| session.week >= sessions_before);
            rep.recoveries.retain(|week, _| *week >= sessions_before);
            rep.escalations.retain(|week, _| *week >= sessions_before);
            rep.weeks.retain(|week, _| *week >= weeks_before);
        }
    }
}

/// Maps with structured keys as lists of pairs, since JSON's keys are text.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
