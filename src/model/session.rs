//! A session of a pair as the calendars show it, and what became of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fact::{Confidence, Outcome, RecoveryId, Risk, SessionKey, Side};
use super::people::PersonId;
use super::policy::Excuse;
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
    /// What those who run Drumbeat said about it: before what anybody else says.
    #[serde(default)]
    pub by_hand: Option<bool>,
    /// Risks already written.
    pub risks: BTreeSet<Risk>,
    /// Another meeting of one of the two lies over it.
    #[serde(default)]
    pub overlap: Option<Overlap>,
    /// It is one of a series that we booked, and no calendar has shown that series yet.
    #[serde(default)]
    pub is_awaited: bool,
}

/// Another meeting that one of the pair has accepted lies over their session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Whose meeting.
    pub who: PersonId,
    /// When it was first seen.
    pub since: Moment,
    /// They said that they keep the session.
    pub is_kept: bool,
}

impl Expected {
    /// A session of a pair that nothing is known of yet but its time; a single event, in nobody's calendar.
    pub fn new(key: SessionKey, (manager, rep): (PersonId, PersonId), week: Week, span: Span) -> Self {
        Self {
            key,
            rep,
            manager,
            week,
            planned: span,
            span,
            recurs: false,
            first_seen: None,
            seen: (false, false),
            organizer: None,
            by_title: false,
            is_weak: false,
            moves: 0,
            stood: false,
            pending: None,
            given: None,
            held: false,
            excused: None,
            replaced_by: None,
            is_new_time: false,
            ours: None,
            released: false,
            answers: (None, None),
            by_hand: None,
            risks: BTreeSet::new(),
            overlap: None,
            is_awaited: false,
        }
    }

    /// What people say about whether it took place; the rep's word before the manager's, an operator's before both.
    pub fn word(&self) -> Option<bool> {
        self.by_hand.or(self.answers.1).or(self.answers.0)
    }

    /// Whether it counts for its week: not void by verdict, not replaced, no weak one by itself.
    pub fn stands(&self) -> bool {
        if self.released {
            return false;
        }
        if let Some(answer) = self.word() {
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
        if moved_out && self.word().is_none() {
            return self.week != week && now_in == week;
        }
        self.week == week && self.stands()
    }

    /// Whether nobody can say if it took place (V25): no recovery for it, and missed unless somebody answers.
    pub fn is_unsure(&self) -> bool {
        self.word().is_none()
            && self.given.as_ref().is_some_and(|given| given.confidence == Confidence::Unsure)
    }
}
