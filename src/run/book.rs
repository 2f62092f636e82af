//! Bookings in Google's calendar: each is brought in step with the outbox before anybody is told about it.
//!
//! Everything here may be done again after a crash: an event has an id of ours, so that inserting it a second time
//! finds the first, and deleting begins with a look.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Daemon;
use super::act::doubled;
use crate::gcal::{self, Placed};
use crate::model::fact::{Fact, RecoveryId, ReleaseWhy, SessionKey};
use crate::model::letter::{Letter, OpsNews};
use crate::model::people::{BookVia, CalendarId, PersonId};
use crate::model::series::{Series, SeriesId, SeriesStage};
use crate::model::state::{OutboxRow, Put, RepState};
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::plan::book::event_uid;
use crate::ports::{Error, ErrorKind};
use crate::tell::names;

/// First wait after a failed call, and the longest.
const RETRY_SECONDS: (i64, i64) = (30, 900);
/// A video link that is not there yet is looked for so often, so far apart, before people are told without it.
const LINK_LOOKS: u32 = 3;
const LINK_SECONDS: i64 = 20;
/// An event that changes between each look and its deletion is left for later after so many looks.
const DELETE_LOOKS: u32 = 3;

/// How far what the outbox says of each event is in the calendar. Lost at a restart: then each is looked at again.
#[derive(Debug, Default)]
pub(super) struct Writing {
    events: BTreeMap<Deed, Progress>,
}

/// An event that is to be booked, or to be taken back: one for the mails to both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Deed {
    is_booking: bool,
    id: String,
}

impl Deed {
    fn of(letter: &Letter) -> Option<Self> {
        let id = event(letter)?.id.to_owned();
        Some(Self { is_booking: is_booking(letter), id })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    /// Tried so often; again then.
    Waits { tries: u32, until: Moment },
    /// Done; the event's video link.
    Done { link: Option<String> },
}

impl Writing {
    /// When the next event is due.
    pub fn next(&self) -> Option<Moment> {
        self.events.values().filter_map(Progress::until).min()
    }

    /// The video link of the event behind a row that is done.
    pub fn link(&self, row: &OutboxRow) -> Option<String> {
        match self.of(row)? {
            Progress::Done { link } => link.clone(),
            Progress::Waits { .. } => None,
        }
    }

    fn of(&self, row: &OutboxRow) -> Option<&Progress> {
        self.events.get(&Deed::of(&row.letter)?)
    }

    fn set(&mut self, row: &OutboxRow, progress: Progress) {
        self.events.extend(Deed::of(&row.letter).map(|deed| (deed, progress)));
    }

    fn is_due(&self, row: &OutboxRow, now: Moment) -> bool {
        self.of(row).is_none_or(|progress| progress.until().is_some_and(|until| until <= now))
    }

    fn tries(&self, row: &OutboxRow) -> u32 {
        match self.of(row) {
            Some(Progress::Waits { tries, .. }) => *tries,
            _ => 0,
        }
    }

    /// Again after a wait that doubles, and that is as long as the other side asks for.
    fn put_off(&mut self, row: &OutboxRow, error: &Error, now: Moment) {
        let tries = self.tries(row) + 1;
        let until = now + doubled(tries, RETRY_SECONDS, error);
        self.set(row, Progress::Waits { tries, until });
    }
}

impl Progress {
    fn until(&self) -> Option<Moment> {
        match self {
            Self::Waits { until, .. } => Some(*until),
            Self::Done { .. } => None,
        }
    }
}

/// What an event in Google's calendar is for: its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Recovery(RecoveryId),
    Series(SeriesId),
}

impl std::fmt::Display for Of {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Recovery(id) => id.fmt(f),
            Self::Series(id) => id.fmt(f),
        }
    }
}

/// What a row says about an event in Google's calendar.
struct Event<'a> {
    of: Of,
    manager: PersonId,
    rep: PersonId,
    span: Span,
    rrule: Option<&'a str>,
    id: &'a str,
}

/// Whether a row books something, rather than takes it back.
fn is_booking(letter: &Letter) -> bool {
    matches!(letter, Letter::Booked { .. } | Letter::SeriesBooked { .. })
}

/// The event of a row; `None` where there is none in a calendar.
fn event(letter: &Letter) -> Option<Event<'_>> {
    match letter {
        Letter::Booked { via: BookVia::Google, recovery, manager, rep, span, uid, .. }
        | Letter::Released { via: BookVia::Google, recovery, manager, rep, span, uid, .. } => {
            let (manager, rep, span) = (*manager, *rep, *span);
            Some(Event { of: Of::Recovery(*recovery), manager, rep, span, rrule: None, id: uid })
        }
        Letter::SeriesBooked { event, .. } | Letter::SeriesReleased { event, .. }
            if event.via == BookVia::Google =>
        {
            Some(Event {
                of: Of::Series(event.series),
                manager: event.manager,
                rep: event.series.rep,
                span: event.first,
                rrule: Some(&event.rrule),
                id: &event.uid,
            })
        }
        _ => None,
    }
}

impl Daemon {
    /// Whether a row's mail may go out: what it tells has happened.
    pub(super) fn is_written(&self, row: &OutboxRow) -> bool {
        event(&row.letter).is_none() || matches!(self.writing.of(row), Some(Progress::Done { .. }))
    }

    /// Inserts and deletes what the outbox says, each row's outcome a commit of its own.
    pub(super) async fn write_calendars(&mut self, now: Moment) -> Result<(), Error> {
        let outbox = &self.state.outbox;
        let told: BTreeSet<Deed> = outbox.values().filter_map(|row| Deed::of(&row.letter)).collect();
        self.writing.events.retain(|deed, _| told.contains(deed));
        let is_of_event = |row: &&OutboxRow| event(&row.letter).is_some();
        let mut rows: Vec<OutboxRow> = outbox.values().filter(is_of_event).cloned().collect();
        rows.sort_by_key(|row| (row.at, row.id.clone()));
        for row in rows {
            let Some(event) = event(&row.letter) else { continue };
            if !self.writing.is_due(&row, now) || self.pointless(&row, now).is_some() {
                continue;
            }
            let is_booking = is_booking(&row.letter);
            let written = if is_booking {
                self.ensure_booked(&row, &event, now).await
            } else {
                self.ensure_deleted(&row, &event, now).await
            };
            let Err(error) = written else { continue };
            match error.kind {
                ErrorKind::Fatal => return Err(error),
                ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid if is_booking => {
                    self.refused_booking(&row, &event, &error, now).await?;
                }
                ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Invalid => {
                    self.not_taken_back(&row, &event, &error, now)?;
                }
                _ => self.try_again(&row, &event, &error, now)?,
            }
        }
        Ok(())
    }

    /// The event stands, or the attempt is over.
    async fn ensure_booked(&mut self, row: &OutboxRow, event: &Event<'_>, now: Moment) -> Result<(), Error> {
        let bookings = std::rc::Rc::clone(&self.world.bookings);
        let is_written = self.is_booked_in_calendar(event);
        let usual = if is_written { None } else { self.usual_link(event.manager, event.rep).await };
        let answer = if is_written {
            bookings.read(event.manager, event.id).await
        } else {
            let body = self.body(event, usual.as_deref());
            match bookings.insert(event.manager, &body).await {
                Err(error) if error.kind == ErrorKind::Conflict => {
                    bookings.read(event.manager, event.id).await
                }
                answer => answer,
            }
        };
        let placed = match answer {
            Ok(bytes) => gcal::placed(&bytes, &self.setup.zones),
            // Its id is taken, and what took it is gone altogether.
            Err(error) if error.kind == ErrorKind::NotFound && !is_written => None,
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Err(Error { kind: ErrorKind::Transient, ..error });
            }
            Err(error) => return Err(error),
        };
        let mark = event.of.to_string();
        let ours = placed.filter(|placed| !placed.is_cancelled && placed.mark.as_ref() == Some(&mark));
        let Some(placed) = ours else { return self.attempt_over(event, ReleaseWhy::Deleted, now) };
        if !is_written {
            self.written(event, placed.span.unwrap_or(event.span), now)?;
        }
        self.look_for_link(row, placed, usual, now);
        Ok(())
    }

    /// Google makes a video link a little later than the event: people are told once it is there.
    fn look_for_link(&mut self, row: &OutboxRow, placed: Placed, usual: Option<String>, now: Moment) {
        let looks = self.writing.tries(row);
        let progress = if placed.is_link_pending && looks < LINK_LOOKS {
            Progress::Waits { tries: looks + 1, until: now + TimeDelta::seconds(LINK_SECONDS) }
        } else {
            Progress::Done { link: placed.link.or(usual) }
        };
        self.writing.set(row, progress);
    }

    /// The event is gone, or was never there; one that somebody has moved since is theirs and stays.
    async fn ensure_deleted(&mut self, row: &OutboxRow, event: &Event<'_>, now: Moment) -> Result<(), Error> {
        let bookings = std::rc::Rc::clone(&self.world.bookings);
        for _ in 0..DELETE_LOOKS {
            let placed = match bookings.read(event.manager, event.id).await {
                Ok(bytes) => gcal::placed(&bytes, &self.setup.zones).filter(|placed| !placed.is_cancelled),
                Err(error) if error.kind == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            let Some(placed) = placed else {
                self.writing.set(row, Progress::Done { link: None });
                return Ok(());
            };
            if placed.span.is_some_and(|span| span != event.span) {
                return self.leave_to_people(row, event, now);
            }
            match bookings.delete(event.manager, event.id, &placed.etag).await {
                // Somebody answered or changed it meanwhile: looked at again, and decided again.
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                _ => {
                    tracing::info!(subject = %event.of, "a booking was deleted");
                    self.pushed(CalendarId::first(event.manager));
                    self.pushed(CalendarId::first(event.rep));
                    self.writing.set(row, Progress::Done { link: None });
                    return Ok(());
                }
            }
        }
        Err(Error::new(ErrorKind::Transient, "412", "delete an event that keeps changing"))
    }

    /// The calendar could not be written now.
    fn try_again(
        &mut self,
        row: &OutboxRow,
        event: &Event<'_>,
        error: &Error,
        now: Moment,
    ) -> Result<(), Error> {
        tracing::warn!(code = %error.code, subject = %event.of, "a calendar could not be written; it will be tried again");
        self.writing.put_off(row, error, now);
        self.say_quota(error, now)
    }

    /// The calendar refuses the booking. By mail then, once it is sure that the event does not stand all the same: an
    /// earlier try may have made it, and its answer may be lost.
    async fn refused_booking(
        &mut self,
        row: &OutboxRow,
        event: &Event<'_>,
        error: &Error,
        now: Moment,
    ) -> Result<(), Error> {
        let is_first_try = row.at == now && self.writing.of(row).is_none();
        let bookings = std::rc::Rc::clone(&self.world.bookings);
        let is_absent = is_first_try
            || matches!(bookings.read(event.manager, event.id).await, Err(error) if error.kind == ErrorKind::NotFound);
        if self.is_booked_in_calendar(event) || !is_absent {
            return self.try_again(row, event, error, now);
        }
        tracing::error!(code = %error.code, subject = %event.of, "a calendar refuses a booking; it goes out by mail");
        self.fall_back(event, error, now)
    }

    fn is_booked_in_calendar(&self, event: &Event<'_>) -> bool {
        self.is_written_of(event) == Some(true)
    }

    /// Whether what the event is for stands in the calendar; `None`: that is booked no more.
    fn is_written_of(&self, event: &Event<'_>) -> Option<bool> {
        let state = self.state.reps.get(&event.rep)?;
        match event.of {
            Of::Recovery(id) => {
                let recovery = state.recoveries.get(&id.week)?.get(&id.ordinal)?;
                let booking = recovery.booking.as_ref().filter(|booking| booking.uid == event.id)?;
                Some(booking.is_written)
            }
            Of::Series(id) => {
                let booking =
                    state.series.get(&id.ordinal)?.booked().filter(|known| known.uid == event.id)?;
                Some(booking.is_written)
            }
        }
    }

    /// The body of the event: as the manager, with the rep invited.
    fn body(&self, event: &Event<'_>, link: Option<&str>) -> Vec<u8> {
        let setup = self.setup.as_ref();
        let pair =
            [event.manager, event.rep].map(|id| (names::plain_name(setup, id), names::address(setup, id)));
        let (title, description) = self.words(event.manager, event.rep);
        gcal::booking(&gcal::Invite {
            id: event.id,
            attendees: [(&pair[0].0, &pair[0].1), (&pair[1].0, &pair[1].1)],
            span: event.span,
            zone: &names::zone(setup, event.manager),
            rrule: event.rrule,
            title: &title,
            description: &description,
            link,
            mark: &event.of.to_string(),
        })
    }

    /// The event stands: known from now on, at the time at which it stands.
    fn written(&mut self, event: &Event<'_>, span: Span, now: Moment) -> Result<(), Error> {
        let mut draft = self.draft(now);
        let state = draft.rep(&self.state, event.rep);
        match event.of {
            Of::Recovery(id) => {
                if let Some(booking) = state.recovery_mut(id).and_then(|known| known.booking.as_mut()) {
                    booking.is_written = true;
                    booking.span = span;
                }
                if let Some(session) = state.sessions.get_mut(&key(event.id)) {
                    session.span = span;
                }
            }
            Of::Series(id) => {
                if let Some(booking) = series_mut(state, id).and_then(|known| known.booking.as_mut()) {
                    booking.is_written = true;
                    booking.first = span;
                }
                if span != event.span {
                    await_anew(state, event.id);
                }
            }
        }
        if span != event.span {
            draft.puts.extend(
                self.rows_of(event).into_iter().map(|row| Put::Outbox { row: at_its_time(row, span) }),
            );
        }
        self.commit(draft)?;
        tracing::info!(subject = %event.of, "a 1-on-1 was booked in a calendar");
        self.pushed(CalendarId::first(event.manager));
        self.pushed(CalendarId::first(event.rep));
        Ok(())
    }

    /// The attempt is over: its event was called off, or could not be made in time. The recovery is planned again.
    pub(super) fn attempt_over_of(&mut self, row: &OutboxRow, now: Moment) -> Result<(), Error> {
        let Some(event) = event(&row.letter).filter(|_| is_booking(&row.letter)) else {
            return Ok(());
        };
        match self.is_written_of(&event) {
            Some(false) => self.attempt_over(&event, ReleaseWhy::NotDelivered, now),
            _ => Ok(()),
        }
    }

    fn attempt_over(&mut self, event: &Event<'_>, why: ReleaseWhy, now: Moment) -> Result<(), Error> {
        let mut draft = self.draft(now);
        let state = draft.rep(&self.state, event.rep);
        let mut facts = Vec::new();
        match event.of {
            Of::Recovery(id) => {
                if let Some(recovery) = state.recovery_mut(id) {
                    recovery.again();
                    let released = Fact::Released { recovery: id, event: event.id.to_owned(), why };
                    facts.extend([released, recovery.fact()]);
                }
            }
            // Who deletes it wants none for now; what could not be made in time is asked again.
            Of::Series(id) => {
                let is_wanted = why != ReleaseWhy::Deleted;
                let stage = if is_wanted { SeriesStage::Withdrawn } else { SeriesStage::Released };
                facts.extend(series_mut(state, id).map(|series| series.enter(stage, now)));
                await_anew(state, event.id);
            }
        }
        state.let_go();
        draft.facts.extend(facts);
        self.commit(draft)?;
        self.looks.insert(event.manager, now);
        Ok(())
    }

    /// The calendar refuses the booking: both are invited by mail instead, under another UID.
    fn fall_back(&mut self, event: &Event<'_>, error: &Error, now: Moment) -> Result<(), Error> {
        let uid = event_uid(event.id, BookVia::Mail, &self.setup.settings.rules.voice.from_address);
        let mut draft = self.draft(now);
        let state = draft.rep(&self.state, event.rep);
        let facts = match event.of {
            Of::Recovery(id) => {
                recovery_by_mail(state, id, event.id, &uid);
                let (start, end) = (event.span.start, event.span.end);
                vec![
                    Fact::FellBack { recovery: id, why: error.code.clone() },
                    Fact::Booked { recovery: id, start, end, via: BookVia::Mail, event: uid.clone() },
                ]
            }
            Of::Series(id) => {
                await_anew(state, event.id);
                series_mut(state, id).map(|series| series_by_mail(series, &uid)).into_iter().collect()
            }
        };
        draft.facts.extend(facts);
        for row in self.rows_of(event) {
            draft.puts.push(Put::Outbox { row: by_mail(row, &uid) });
        }
        let news = OpsNews::FellBack { manager: event.manager, code: error.code.clone() };
        self.tell_ops(&news, &format!("fell-back-{}", event.manager), &mut draft);
        self.commit(draft)
    }

    /// The outbox rows that tell of an event.
    fn rows_of(&self, of: &Event<'_>) -> Vec<OutboxRow> {
        let is_of = |row: &&OutboxRow| event(&row.letter).is_some_and(|event| event.id == of.id);
        self.state.outbox.values().filter(is_of).cloned().collect()
    }

    /// Somebody has moved what was to be taken back: it is their meeting now, and counts as one.
    fn leave_to_people(&mut self, row: &OutboxRow, event: &Event<'_>, now: Moment) -> Result<(), Error> {
        let mut draft = self.draft(now);
        let state = draft.rep(&self.state, event.rep);
        match event.of {
            Of::Recovery(_) => {
                if let Some(session) = state.sessions.get_mut(&key(event.id)) {
                    session.ours = None;
                    session.released = false;
                    session.is_new_time = true;
                }
            }
            Of::Series(id) => {
                let fact = series_mut(state, id).map(|series| series.enter(SeriesStage::Withdrawn, now));
                let coming = state.sessions.values_mut().filter(|one| one.key.lineage == event.id);
                coming.for_each(|session| session.released = false);
                draft.facts.extend(fact);
            }
        }
        self.commit(draft)?;
        self.looks.insert(event.manager, now);
        self.drop_row(row, "changed_by_people", now)
    }

    /// It stands, though it was given up: people are told that it is off, and ops that it stands.
    fn not_taken_back(
        &mut self,
        row: &OutboxRow,
        event: &Event<'_>,
        error: &Error,
        now: Moment,
    ) -> Result<(), Error> {
        tracing::error!(code = %error.code, subject = %event.of, "a calendar refuses a deletion");
        let mut draft = self.draft(now);
        let news = OpsNews::NotTakenBack { manager: event.manager, code: error.code.clone() };
        self.tell_ops(&news, &format!("not-taken-back-{}", event.id), &mut draft);
        self.commit(draft)?;
        self.writing.set(row, Progress::Done { link: None });
        Ok(())
    }

    /// Ops are told once a day that no more calls are taken.
    fn say_quota(&mut self, error: &Error, now: Moment) -> Result<(), Error> {
        let mut draft = self.draft(now);
        self.note_quota(error, &mut draft);
        self.commit(draft)
    }

    /// The same, into a record that is being made.
    pub(super) fn note_quota(&mut self, error: &Error, draft: &mut super::commit::Draft) {
        let today = draft.now.date_naive();
        let is_quota = matches!(error.code.as_str(), "quotaExceeded" | "daily_calls");
        if is_quota && self.quota_said != Some(today) {
            self.quota_said = Some(today);
            self.tell_ops(&OpsNews::Quota { code: error.code.clone() }, "quota", draft);
        }
    }
}

/// How a booking of ours in Google's calendar is known as a session: Google makes the UID of the id.
fn key(id: &str) -> SessionKey {
    SessionKey { lineage: id.to_owned(), rid: None }
}

fn series_mut(state: &mut RepState, id: SeriesId) -> Option<&mut Series> {
    state.series.get_mut(&id.ordinal)
}

/// What is awaited of an event of ours is worked out anew when the team is next looked at.
fn await_anew(state: &mut RepState, id: &str) {
    state.sessions.retain(|key, session| !(session.is_awaited && key.lineage == id));
}

fn recovery_by_mail(state: &mut RepState, id: RecoveryId, before: &str, uid: &str) {
    if let Some(booking) = state.recovery_mut(id).and_then(|known| known.booking.as_mut()) {
        uid.clone_into(&mut booking.uid);
        booking.via = BookVia::Mail;
    }
    if let Some(session) = state.sessions.get(&key(before)).cloned() {
        state.sessions.insert(key(uid), crate::model::state::Expected { key: key(uid), ..session });
    }
    state.let_go();
}

fn series_by_mail(series: &mut Series, uid: &str) -> Fact {
    if let Some(booking) = &mut series.booking {
        uid.clone_into(&mut booking.uid);
        booking.via = BookVia::Mail;
    }
    series.fact()
}

/// The row with the time at which the event really stands.
fn at_its_time(mut row: OutboxRow, at: Span) -> OutboxRow {
    match &mut row.letter {
        Letter::Booked { span, .. } => *span = at,
        Letter::SeriesBooked { event, .. } => event.first = at,
        _ => {}
    }
    row
}

/// The row with an invitation in place of an event in the calendar.
fn by_mail(mut row: OutboxRow, new_uid: &str) -> OutboxRow {
    let (uid, via) = match &mut row.letter {
        Letter::Booked { uid, via, .. } => (uid, via),
        Letter::SeriesBooked { event, .. } => (&mut event.uid, &mut event.via),
        _ => return row,
    };
    new_uid.clone_into(uid);
    *via = BookVia::Mail;
    row
}
