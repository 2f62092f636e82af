//! How each source is: well, failing or suspect, and whom that concerns.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::model::fact::{Fact, SessionKey, SourceState};
use crate::model::letter::OpsNews;
use crate::model::people::CalendarId;
use crate::model::state::{Put, SourceRow};
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::observe::suspect::{Doubt, marks};
use crate::ports::{Error, ErrorKind};
use crate::run::Daemon;
use crate::run::commit::Draft;

/// More sources than this that are not well at once are told as one.
const TOLD_SINGLY: usize = 5;
/// … so often.
const MANY_HOURS: i64 = 24;
/// A calendar that could not be asked for so long, for want of calls, is not known to be free.
const STALE_MINUTES: i64 = 60;

impl Daemon {
    pub(super) fn is_well(&self, calendar: CalendarId) -> bool {
        self.state.sources.get(&calendar).is_none_or(|row| row.state == SourceState::Ok)
    }

    /// It has given a whole answer at some time, and is well.
    pub(super) fn is_known_and_well(&self, calendar: CalendarId) -> bool {
        self.state.sources.get(&calendar).is_some_and(|row| row.known && row.state == SourceState::Ok)
    }

    /// An answer that lost much is believed in the end: it is not doubted again.
    pub(super) fn note_believed(&self, calendar: CalendarId, content: u64, draft: &mut Draft) {
        let mut row = draft.source(&self.state, calendar).unwrap_or_else(|| blank(draft.now));
        row.believed = Some(content);
        draft.put_source(calendar, row);
    }

    /// Sessions of the next 14 days that the ledger expects in a calendar and that still stand.
    pub(super) fn expected_in(&self, calendar: CalendarId, now: Moment) -> BTreeSet<SessionKey> {
        if calendar.nth != 1 {
            return BTreeSet::new();
        }
        let near = Span::new(now, now + TimeDelta::days(14));
        let owner = calendar.owner;
        // What a believed answer no longer has is missing, not expected: it only settles.
        let is_believed = self.state.sources.get(&calendar).is_some_and(|row| row.believed.is_some());
        self.sessions_of(owner)
            .filter(|session| session.span.overlaps(&near) && session.stands())
            .filter(|session| !is_believed || session.pending.is_none())
            .filter(|session| {
                (session.manager == owner && session.seen.0) || (session.rep == owner && session.seen.1)
            })
            .map(|session| session.key.clone())
            .collect()
    }

    /// Notes an answer that is not believed; `true` when it has come often and long enough to be believed.
    pub(super) fn doubtful(
        &mut self,
        calendar: CalendarId,
        doubt: Doubt,
        content: u64,
        draft: &mut Draft,
    ) -> bool {
        let policy = &self.setup.settings.rules.policy;
        let before = draft.source(&self.state, calendar);
        let (count, since) = match before.as_ref().and_then(|row| row.waits_on) {
            Some((same, count, since)) if same == content => (count + 1, since),
            _ => (1, draft.now),
        };
        let is_worn_off =
            doubt.wears_off() && count >= policy.suspect_after && draft.now - since >= policy.suspect_for;
        let is_accepted = before.as_ref().is_some_and(|row| row.accepted == Some(content));
        if is_worn_off || (is_accepted && doubt.is_acceptable()) {
            return true;
        }
        // The suspect answer must come whole again to count as equal, so its validators are not kept.
        if let Some(picture) = self.books.get_mut(&calendar).and_then(|book| book.picture.as_mut()) {
            picture.is_current = false;
        }
        let was = before.as_ref().map(|row| row.state);
        let mut row = before.unwrap_or_else(|| blank(draft.now));
        let is_new = row.state != SourceState::Suspect;
        if is_new {
            row.told = false;
            row.since = draft.now;
            row.believed = None;
        }
        let tell = !row.told && !is_new;
        row.state = SourceState::Suspect;
        row.why = Some(doubt.code().to_owned());
        row.waits_on = Some((content, count, since));
        row.told |= tell;
        if is_new || was.is_none() {
            draft.facts.push(source_fact(calendar, &row));
        }
        if tell {
            self.tell_source(calendar, &row, draft);
        }
        draft.put_source(calendar, row);
        self.touch(calendar, draft);
        false
    }

    /// Tells ops how a source is. Many that are not well at once are one fault rather than many, and one mail a day.
    fn tell_source(&mut self, calendar: CalendarId, row: &SourceRow, draft: &mut Draft) {
        let others = self.state.sources.keys().filter(|other| **other != calendar);
        let is_unwell = |source: &SourceRow| source.state != SourceState::Ok;
        let unwell = others.filter_map(|other| draft.source(&self.state, *other)).filter(is_unwell).count()
            + usize::from(is_unwell(row));
        let many = unwell > TOLD_SINGLY || (self.many_said.is_some() && !is_unwell(row));
        if !many {
            let about = format!("{}-{}", calendar.owner, calendar.nth);
            return self.tell_ops(&source_news(calendar, row), &about, draft);
        }
        let is_over = unwell == 0;
        let said_lately = self.many_said.is_some_and(|said| draft.now - said < TimeDelta::hours(MANY_HOURS));
        if is_over || (is_unwell(row) && !said_lately) {
            self.many_said = (!is_over).then_some(draft.now);
            let news = OpsNews::Sources { count: unwell as u32, why: row.why.clone() };
            self.tell_ops(&news, "sources", draft);
        }
    }

    /// The source did not answer.
    pub(super) fn failed(&mut self, calendar: CalendarId, error: &Error, draft: &mut Draft) {
        if error.kind == ErrorKind::RateLimited {
            return self.too_often(calendar, error, draft);
        }
        tracing::warn!(calendar = %calendar.owner, code = %error.code, "a calendar could not be read; its last good picture stands");
        let alert_after = self.setup.settings.rules.policy.alert_after;
        if let Some(picture) = self.books.get_mut(&calendar).and_then(|book| book.picture.as_mut()) {
            picture.is_current = false;
        }
        let before = draft.source(&self.state, calendar);
        let mut row = before.clone().unwrap_or_else(|| blank(draft.now));
        let is_new = row.state == SourceState::Ok || before.is_none();
        if is_new {
            row = SourceRow {
                state: SourceState::Failing,
                since: draft.now,
                told: false,
                waits_on: None,
                ..row
            };
            row.why = Some(error.code.clone());
            draft.facts.push(source_fact(calendar, &row));
            self.touch(calendar, draft);
        }
        let tell = !row.told && draft.now - row.since >= alert_after;
        if tell {
            row.told = true;
            self.tell_source(calendar, &row, draft);
        }
        if before.as_ref() != Some(&row) {
            draft.put_source(calendar, row);
        }
    }

    /// The source takes no more calls just now. It is not failing for that; but what is old is not known to be free.
    fn too_often(&mut self, calendar: CalendarId, error: &Error, draft: &mut Draft) {
        tracing::warn!(calendar = %calendar.owner, code = %error.code, "a calendar is asked again later: too many calls");
        if let Some(book) = self.books.get_mut(&calendar) {
            let is_old = book.answered.is_none_or(|at| draft.now - at > TimeDelta::minutes(STALE_MINUTES));
            if let Some(picture) = book.picture.as_mut().filter(|_| is_old) {
                picture.is_current = false;
            }
        }
        self.note_quota(error, draft);
    }

    /// The source is well: said once, to ops too if they had been told of its trouble.
    pub(super) fn well(&mut self, calendar: CalendarId, draft: &mut Draft) {
        let before = draft.source(&self.state, calendar);
        let is_news = before.as_ref().is_some_and(|row| row.state != SourceState::Ok);
        let stored = self.books.get(&calendar).and_then(|book| book.stored.as_ref());
        let marks = stored.map(|stored| marks(&stored.mirror.events)).unwrap_or_default();
        let believed = before.as_ref().and_then(|row| row.believed);
        let accepted = before.as_ref().and_then(|row| row.accepted);
        let lens = stored.map(|stored| stored.lens);
        let is_same = |row: &SourceRow| {
            row.state == SourceState::Ok
                && row.known
                && row.marks == marks
                && row.believed == believed
                && row.lens == lens
        };
        if before.as_ref().is_some_and(is_same) {
            return;
        }
        let was_told = before.as_ref().is_some_and(|row| row.told);
        let since = before.as_ref().filter(|_| !is_news).map_or(draft.now, |row| row.since);
        let row = SourceRow { known: true, lens, believed, accepted, marks, ..blank(since) };
        if is_news {
            draft.facts.push(source_fact(calendar, &row));
            self.touch(calendar, draft);
        }
        if is_news && was_told {
            self.tell_source(calendar, &row, draft);
        }
        draft.put_source(calendar, row);
    }

    /// The teams that must be looked at because a calendar changed: its owner's, and that of the owner's manager.
    pub(super) fn touch(&self, calendar: CalendarId, draft: &mut Draft) {
        match self.setup.roster.get(calendar.owner) {
            Some(person) => {
                draft.teams.insert(person.id);
                draft.teams.extend(person.manager);
            }
            // Holidays concern everybody.
            None => draft.teams.extend(self.setup.roster.reps().filter_map(|rep| rep.manager)),
        }
    }
}

fn blank(now: Moment) -> SourceRow {
    SourceRow {
        state: SourceState::Ok,
        why: None,
        since: now,
        told: false,
        waits_on: None,
        known: false,
        lens: None,
        believed: None,
        accepted: None,
        marks: BTreeSet::new(),
    }
}

fn source_fact(calendar: CalendarId, row: &SourceRow) -> Fact {
    Fact::Source { calendar, state: row.state, why: row.why.clone() }
}

fn source_news(calendar: CalendarId, row: &SourceRow) -> OpsNews {
    OpsNews::Source { calendar, state: row.state, why: row.why.clone(), since: row.since }
}

impl Draft {
    /// The source's row as this draft has it, or as the view does.
    fn source(&self, state: &crate::model::state::State, calendar: CalendarId) -> Option<SourceRow> {
        let drafted = self.puts.iter().rev().find_map(|put| match put {
            Put::Source { calendar: of, row } if *of == calendar => Some(row.clone()),
            _ => None,
        });
        drafted.or_else(|| state.sources.get(&calendar).cloned())
    }

    pub(in crate::run) fn put_source(&mut self, calendar: CalendarId, row: SourceRow) {
        self.puts.push(Put::Source { calendar, row });
    }
}
