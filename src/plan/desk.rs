//! What planning needs to see, and what it hands back.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::calendar::Diary;
use crate::model::fact::{Fact, RecoveryId, Trigger};
use crate::model::letter::{Letter, NoSlotWhy};
use crate::model::people::{Person, PersonId, Roster};
use crate::model::policy::{Mode, Rules};
use crate::model::state::{Note, OutboxRow};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;

/// Whether people can answer by a click: links work, or a recording holds the clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clicks {
    /// They can.
    Work,
    /// Mails carry no buttons, and silence never books.
    None,
}

/// Names what is to be done: (kind, subject, attempt, round, recipient) → id.
pub type Ids<'a> = &'a dyn Fn(&str, &str, u32, u32, Option<PersonId>) -> String;

/// Everything around the teams at one moment.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Now.
    pub now: Moment,
    /// Everybody.
    pub roster: &'a Roster,
    /// The settings.
    pub rules: &'a Rules,
    /// What Drumbeat may do: the mode of the settings, or `observe` while it is held back.
    pub mode: Mode,
    /// How everybody's time is filled.
    pub diaries: &'a BTreeMap<PersonId, Diary>,
    /// Time of people that bookings not yet seen and offers outstanding take, by the recovery that holds it.
    pub holds: &'a [(PersonId, RecoveryId, Span)],
    /// Whether links work.
    pub clicks: Clicks,
    /// The recipients of ops mail.
    pub ops: &'a [PersonId],
    /// Who has had their first mail.
    pub welcomed: &'a BTreeSet<PersonId>,
    /// What notes people had.
    pub noted: &'a BTreeMap<PersonId, BTreeSet<Note>>,
    /// Names for what is to be done.
    pub ids: Ids<'a>,
}

impl Desk<'_> {
    /// What Drumbeat may do with this manager's teams: `observe` outside the pilot.
    pub fn mode_for(&self, manager: &Person) -> Mode {
        let pilot = &self.rules.pilot;
        if pilot.is_empty() || pilot.contains(&manager.address) { self.mode } else { Mode::Observe }
    }

    /// A row of the outbox; it is written once and tried until it succeeds or expires.
    pub fn row(&self, to: PersonId, letter: Letter, subject: &Subject<'_>) -> OutboxRow {
        let kind = kind_word(&letter);
        let id = (self.ids)(kind, subject.what, subject.attempt, subject.round, Some(to));
        OutboxRow { recovery: subject.recovery, ..OutboxRow::new(id, to, letter, self.now) }
    }
}

/// What a row is about: the parts of its id.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The recovery, the week, the source …
    pub what: &'a str,
    /// The attempt.
    pub attempt: u32,
    /// The round.
    pub round: u32,
    /// The recovery, if it is about one.
    pub recovery: Option<RecoveryId>,
}

fn kind_word(letter: &Letter) -> &'static str {
    match letter {
        Letter::Welcome { .. } => "welcome",
        Letter::Proposal { .. } => "proposal",
        Letter::Booked { .. } => "booked",
        Letter::Released { .. } => "released",
        Letter::Escalation { .. } | Letter::Many { .. } => "escalation",
        Letter::Resolved { .. } => "resolved",
        Letter::Monday { .. } => "monday",
        Letter::Capacity { .. } => "capacity",
        Letter::CheckIn { .. } => "check_in",
        Letter::Overlap { .. } => "overlap",
        Letter::Cadence { .. } => "cadence",
        Letter::Series { .. } => "series",
        Letter::SeriesBooked { .. } => "series_booked",
        Letter::SeriesReleased { .. } => "series_released",
        Letter::Health(_) => "health",
        Letter::Ops(_) => "ops",
    }
}

/// Something that should climb the steps of the escalation policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The rep.
    pub rep: PersonId,
    /// The week.
    pub week: Week,
    /// What set it off.
    pub trigger: Trigger,
    /// Of `no_slot`: why.
    pub why: Option<NoSlotWhy>,
}

/// What planning comes to.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Facts for the ledger, without the rows of the state.
    pub facts: Vec<Fact>,
    /// What is to be done.
    pub rows: Vec<OutboxRow>,
    /// What should climb.
    pub alarms: Vec<Alarm>,
    /// When to look again, if nothing happens before.
    pub next_look: Option<Moment>,
}

impl Planned {
    /// Asks to be called again by then.
    pub fn look_at(&mut self, at: Moment) {
        self.next_look = Some(self.next_look.map_or(at, |known| known.min(at)));
    }
}
