//! The commit: one record, on disk, before anything is done about it; then the mirrors it was made from.
//!
//! See DESIGN in docs/architecture.md, "The commit": facts come from comparing, and nothing is acted on whose
//! record is not synced.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;

use super::Daemon;
use crate::model::fact::{Fact, Record};
use crate::model::ledger::FrameKind;
use crate::model::people::{CalendarId, PersonId};
use crate::model::state::{OutboxRow, Put, RepState, State};
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::ports::{Error, ErrorKind, Frame};

/// Weeks whose sessions, recoveries and escalations are kept in the view.
const KEPT_WEEKS: i64 = 6;

/// What a tick comes to before it is committed.
pub(super) struct Draft {
    /// Now: read once a tick.
    pub now: Moment,
    /// Facts that are printed.
    pub facts: Vec<Fact>,
    /// Rows of the view that are no rep's.
    pub puts: Vec<Put>,
    /// What is to be done.
    pub rows: Vec<OutboxRow>,
    /// Mirrors to be stored with it.
    pub mirrors: Vec<(CalendarId, Option<Vec<u8>>)>,
    /// Managers whose teams must be looked at.
    pub teams: BTreeSet<PersonId>,
    /// Reps as they are after this tick.
    pub reps: BTreeMap<PersonId, RepState>,
}

impl Draft {
    /// A rep's state, to be changed.
    pub fn rep<'a>(&'a mut self, state: &State, rep: PersonId) -> &'a mut RepState {
        self.reps.entry(rep).or_insert_with(|| state.reps.get(&rep).cloned().unwrap_or_default())
    }
}

impl Daemon {
    pub(super) fn draft(&mut self, now: Moment) -> Draft {
        Draft {
            now,
            facts: Vec::new(),
            puts: Vec::new(),
            rows: Vec::new(),
            mirrors: Vec::new(),
            teams: std::mem::take(&mut self.dirty),
            reps: BTreeMap::new(),
        }
    }

    /// Appends the record if there is anything in it, then stores the mirrors. Where nothing changed, nothing is
    /// written. Teams that were not looked at yet are looked at in the next tick.
    pub(super) fn commit(&mut self, draft: Draft) -> Result<(), Error> {
        self.dirty.extend(draft.teams);
        let mut facts = draft.facts;
        for (rep, after) in &draft.reps {
            let nothing = RepState::default();
            let before = self.state.reps.get(rep).unwrap_or(&nothing);
            facts.extend(changes(*rep, before, after).into_iter().map(put));
        }
        facts.extend(draft.puts.into_iter().map(put));
        let new = draft.rows.into_iter().filter(|row| !self.state.outbox.contains_key(&row.id));
        facts.extend(new.map(|row| put(Put::Outbox { row })));
        if !facts.is_empty() {
            self.append(Record { at: draft.now, facts })?;
        }
        if !draft.mirrors.is_empty() {
            self.store.commit(self.ledger.last(), &draft.mirrors)?;
        }
        Ok(())
    }

    /// Appends one record and takes it up into the view.
    pub(super) fn append(&mut self, record: Record) -> Result<(), Error> {
        let bytes = serde_json::to_vec(&record)
            .map_err(|error| Error::new(ErrorKind::Fatal, "record", format!("write a record: {error}")))?;
        let month = |at: Moment| (at.year(), at.month());
        let is_new_month = self.state.last_at.is_some_and(|last| month(last) != month(record.at));
        self.ledger.append(&bytes)?;
        self.state.apply(&record);
        // A segment a month, so that what is old can go by whole segments.
        if self.ledger.wants_checkpoint() || is_new_month {
            self.state.segments.push((record.at, self.ledger.last()));
            let this = Week::of(record.at, &self.setup.settings.rules.zone);
            let kept = &self.setup.settings.retention;
            let (weeks, records) = (i64::from(kept.weeks), kept.ledger);
            self.state.trim(this.plus(-KEPT_WEEKS), this.plus(-weeks));
            let gone = self.state.outlived(record.at, records);
            let view = serde_json::to_vec(&self.state).map_err(|error| {
                Error::new(ErrorKind::Fatal, "checkpoint", format!("write a checkpoint: {error}"))
            })?;
            self.ledger.checkpoint(&view)?;
            if let Some(seq) = gone {
                self.ledger.remove_up_to(seq)?;
            }
        }
        self.noted_record(record);
        Ok(())
    }
}

pub(super) fn put(put: Put) -> Fact {
    Fact::Put { put: Box::new(put) }
}

/// One frame of the ledger into the view.
pub(super) fn take_up(state: &mut State, frame: Frame<'_>) -> Result<(), Error> {
    let unreadable = |error: serde_json::Error| {
        let message =
            format!("read record {} of the ledger: {error}; a newer version may have written it", frame.seq);
        Error::new(ErrorKind::Fatal, "record", message)
    };
    match frame.kind {
        FrameKind::Checkpoint => *state = serde_json::from_slice(frame.payload).map_err(unreadable)?,
        FrameKind::Record => state.apply(&serde_json::from_slice(frame.payload).map_err(unreadable)?),
    }
    Ok(())
}

/// The rows of the view that differ.
fn changes(rep: PersonId, before: &RepState, after: &RepState) -> Vec<Put> {
    let mut puts = Vec::new();
    let watched = |state: &RepState| (state.watched_since, state.in_view);
    if let (Some(at), true) = (after.watched_since, watched(before) != watched(after)) {
        puts.push(Put::WatchedSince { rep, at, in_view: after.in_view });
    }
    puts.extend(after.excused.difference(&before.excused).map(|week| Put::Excused { rep, week: *week }));
    for week in after.muted.symmetric_difference(&before.muted) {
        puts.push(Put::Muted { rep, week: *week, muted: after.muted.contains(week) });
    }
    for (key, session) in &after.sessions {
        if before.sessions.get(key) != Some(session) {
            puts.push(Put::Session { session: session.clone() });
        }
    }
    for (week, row) in &after.weeks {
        if before.weeks.get(week) != Some(row) {
            puts.push(Put::Week { rep, week: *week, row: row.clone() });
        }
    }
    for (week, recoveries) in &after.recoveries {
        for (ordinal, recovery) in recoveries {
            if before.recoveries.get(week).and_then(|known| known.get(ordinal)) != Some(recovery) {
                puts.push(Put::Recovery { recovery: recovery.clone() });
            }
        }
    }
    for (ordinal, series) in &after.series {
        if before.series.get(ordinal) != Some(series) {
            puts.push(Put::Series { series: series.clone() });
        }
    }
    for (week, escalation) in &after.escalations {
        if before.escalations.get(week) != Some(escalation) {
            puts.push(Put::Escalation { escalation: escalation.clone() });
        }
    }
    puts
}
