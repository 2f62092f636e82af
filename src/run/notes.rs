//! What goes into the outbox beside decisions: notes within their budget, first mails before any other, and a storm as
//! one mail a person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Daemon;
use super::commit::Draft;
use crate::judge::{View, baseline};
use crate::model::calendar::{Diary, Picture};
use crate::model::fact::Fact;
use crate::model::letter::Letter;
use crate::model::mail::MailKind;
use crate::model::people::{CalendarId, Person, PersonId, Roster, Status};
use crate::model::policy::Mode;
use crate::model::state::{Note, OutboxRow, Put};
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::plan::desk::{Desk, Ids};
use crate::plan::notes::{self, Wanted};
use crate::tell::mails;

/// So many escalations, or so many closing notes, to one person at once are one mail.
const STORM_FROM: usize = 3;

/// What came before a rep was watched is put together anew for so long, where the roster or rules are mended.
const MENDED_DAYS: i64 = 28;

impl Daemon {
    /// Whether a person may be sent another note this week.
    pub(super) fn has_room(&self, desk: &Desk<'_>, to: &Person, draft: &Draft) -> bool {
        let said = self.noted(to.id, draft);
        notes::count(&said, Week::of(desk.now, &to.zone)) < desk.rules.policy.mails_per_week
    }

    /// What somebody was sent of late.
    fn noted(&self, to: PersonId, draft: &Draft) -> BTreeSet<Note> {
        let mut said: BTreeSet<Note> = self.state.noted.get(&to).cloned().unwrap_or_default();
        said.extend(draft.puts.iter().filter_map(|put| match put {
            Put::Noted { to: known, note } if *known == to => Some(note.clone()),
            _ => None,
        }));
        said
    }

    /// Sends a note, unless it was said before or its reader has had enough this week.
    pub(super) fn send_note(&self, desk: &Desk<'_>, wanted: Wanted, draft: &mut Draft) {
        let Wanted { row, note } = wanted;
        let said = self.noted(row.to, draft);
        if notes::is_said(&said, &note.what) {
            return;
        }
        let has_room = notes::count(&said, note.week) < desk.rules.policy.mails_per_week;
        draft.puts.push(Put::Noted { to: row.to, note });
        if has_room {
            welcome(desk, vec![row], draft);
        } else {
            draft.facts.push(Fact::MailDropped {
                kind: row.letter.kind(),
                to: row.to,
                message_id: mails::message_id(&row, &desk.rules.voice),
                why: "budget".to_owned(),
            });
        }
    }

    /// Reconstructs the weeks before a rep was watched, from what the calendars still show: once, and anew where a roster or rules
    /// that were mended in the first weeks tell other events apart.
    pub(super) fn baselines(&self, manager: &Person, reps: &[&Person], draft: &mut Draft) {
        // Reps that joined together in one zone share what it shows of the manager.
        let mut of_manager: Option<((Week, &str), Option<Picture>)> = None;
        let now = draft.now;
        for rep in reps {
            let state = draft.rep(&self.state, rep.id);
            let lens = self.lens_of(rep.id).or_else(|| self.lens_of(manager.id));
            let is_mended = state.baseline_lens.is_some() && lens.is_some() && state.baseline_lens != lens;
            let is_due = |since: &Moment| {
                let is_young = now - *since < TimeDelta::days(MENDED_DAYS);
                state.baseline.is_none() || (is_mended && is_young)
            };
            let Some(since) = state.watched_since.filter(is_due) else { continue };
            if ![rep, &manager]
                .iter()
                .all(|person| person.calendars.is_empty() || self.picture(person.id).is_some())
            {
                continue;
            }
            let weeks = self.setup.settings.rules.health.judge;
            let until = Week::of(since, &rep.zone);
            let mine = self.past(CalendarId::first(rep.id), until, weeks, rep);
            let stretch = (until, &*rep.zone.name);
            if of_manager.as_ref().is_none_or(|(known, _)| *known != stretch) {
                of_manager = Some((stretch, self.past(CalendarId::first(manager.id), until, weeks, rep)));
            }
            let theirs = of_manager.as_ref().and_then(|(_, picture)| picture.as_ref());
            let empty = Diary::default();
            let view = View {
                now: draft.now,
                roster: &self.setup.roster,
                rules: &self.setup.settings.rules,
                rep,
                manager,
                rep_picture: mine.as_ref(),
                manager_picture: theirs,
                rep_diary: &empty,
                manager_diary: &empty,
                other_pictures: &[],
            };
            let weeks: BTreeMap<_, _> = baseline::baseline(&view, until, weeks);
            draft.puts.push(Put::Baseline {
                rep: rep.id,
                weeks: weeks.iter().map(|(week, row)| (*week, *row)).collect(),
                lens,
            });
            let state = draft.rep(&self.state, rep.id);
            (state.baseline, state.baseline_lens) = (Some(weeks), lens);
        }
    }
}

/// Escalations that fall to one person at once become one mail, and so do closing notes, so that a storm is no flood.
pub(super) fn gather(draft: &mut Draft, id: &dyn Fn(&str, PersonId) -> String) {
    let mut by_reader: BTreeMap<(PersonId, MailKind), usize> = BTreeMap::new();
    let falls = |row: &OutboxRow| matches!(row.letter, Letter::Escalation { .. } | Letter::Resolved { .. });
    let reader = |row: &OutboxRow| (row.to, row.letter.kind());
    for row in draft.rows.iter().filter(|row| falls(row)) {
        *by_reader.entry(reader(row)).or_default() += 1;
    }
    for (one, _) in by_reader.into_iter().filter(|(_, count)| *count >= STORM_FROM) {
        let to = one.0;
        let (mine, rest): (Vec<OutboxRow>, Vec<OutboxRow>) =
            std::mem::take(&mut draft.rows).into_iter().partition(|row| falls(row) && reader(row) == one);
        draft.rows = rest;
        let what = mine.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" ");
        let letters: Vec<Letter> = mine.iter().map(|row| row.letter.clone()).collect();
        let Some(first) = mine.into_iter().next() else { continue };
        let letter = Letter::Many { letters };
        draft.rows.push(OutboxRow { id: id(&what, to), letter, recovery: None, thread: None, ..first });
    }
}

/// Somebody's first mail: it goes out once, whoever asks for it.
pub(super) fn first_mail(
    person: &Person,
    roster: &Roster,
    mode: Mode,
    ids: Ids<'_>,
    now: Moment,
) -> OutboxRow {
    let letter = Letter::Welcome {
        mode,
        is_manager: roster.reports(person.id).next().is_some(),
        is_rep: person.manager.is_some() && person.status != Some(Status::None),
    };
    OutboxRow::new(ids("welcome", "welcome", 1, 0, Some(person.id)), person.id, letter, now)
}

/// Adds rows to the outbox; whoever gets a first mail is told first what this is.
pub(super) fn welcome(desk: &Desk<'_>, rows: Vec<OutboxRow>, draft: &mut Draft) {
    for row in rows {
        let person = desk.roster.get(row.to).filter(|person| !desk.welcomed.contains(&person.id));
        if let Some(person) = person {
            let first = first_mail(person, desk.roster, desk.mode, desk.ids, desk.now);
            if !draft.rows.iter().any(|known| known.id == first.id) {
                draft.rows.push(first);
            }
        }
        draft.rows.push(row);
    }
}
