//! Act and tell: rows of the outbox, each once, each outcome a commit of its own.
//!
//! A row is in the ledger before it is tried and keeps its id through every try, so that a crash between the send
//! and its outcome leads to the same mail again, and receivers can tell.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Daemon;
use super::commit::put;
use super::decide::sent;
use crate::gcal;
use crate::ical::{self, itip};
use crate::model::fact::{Fact, Record, RecoveryState};
use crate::model::letter::{Letter, OpsNews};
use crate::model::mail::{Invitation, Mail, MailKind, Method};
use crate::model::people::{BookVia, CalendarId, PersonId};
use crate::model::policy::Mode;
use crate::model::series::{Series, SeriesEvent, SeriesId, SeriesStage};
use crate::model::state::{OutboxRow, Put, Recovery, State};
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::observe::keep::lineage;
use crate::ports::{Answer, Error, ErrorKind};
use crate::tell::mails::{self, Context, Extras};
use crate::tell::names;

/// Whether a letter goes out in `observe` too: reports, alerts, what calls off a booking that stands, and a first mail,
/// which is only ever decided there because those who run Drumbeat asked for it.
fn speaks_in_observe(letter: &Letter) -> bool {
    is_end(letter) || matches!(letter, Letter::Health(_) | Letter::Ops(_) | Letter::Welcome { .. })
}

/// Whether it calls off what was booked.
fn is_end(letter: &Letter) -> bool {
    matches!(letter, Letter::Released { .. } | Letter::SeriesReleased { .. })
}

/// First wait after a failed try, and the longest.
const RETRY_SECONDS: (i64, i64) = (60, 3600);
/// A mail that could not be sent for so long is given up, and ops are told.
const GIVE_UP_DAYS: i64 = 5;
/// So many recipients refused for now in one round are no longer a matter of recipients: the server is left alone.
const REFUSALS_A_ROUND: u32 = 5;

/// When failed rows are tried again. It is not kept over a restart: then all are tried at once.
#[derive(Debug, Default)]
pub(super) struct Retries {
    rows: BTreeMap<String, Try>,
    failures: u32,
    not_before: Option<Moment>,
    outage: Option<Outage>,
}

/// The next try of a row, and how many failed for its own sake.
#[derive(Debug, Clone, Copy)]
struct Try {
    at: Moment,
    failures: u32,
}

/// The server has taken no mail for a while.
#[derive(Debug, Clone)]
struct Outage {
    since: Moment,
    code: String,
    told: bool,
}

/// What one try came to.
enum Tried {
    /// It is out, or needs no further try.
    Done,
    /// Its recipient is refused for now; others may not be.
    PutOff,
    /// The server is to be left alone for a while.
    ServerDown,
}

impl Retries {
    /// Failed tries of the server in a row, and the newest failure's code.
    pub fn failures(&self) -> (u32, Option<&str>) {
        (self.failures, self.outage.as_ref().map(|outage| outage.code.as_str()))
    }

    /// When the next of the rows that are `ready` is due.
    pub fn next(&self, ready: impl Fn(&str) -> bool) -> Option<Moment> {
        self.rows.iter().filter(|(id, _)| ready(id)).map(|(_, next)| next.at).min()
    }
}

/// A wait that doubles with each failure, from the first up to the longest (both in seconds), and that is as long as the other
/// side asks for.
pub(super) fn doubled(failures: u32, (first, most): (i64, i64), error: &Error) -> TimeDelta {
    let seconds = (first << failures.saturating_sub(1).min(10)).min(most);
    let asked = error.retry_after.map_or(0, |wait| wait.as_secs() as i64);
    TimeDelta::seconds(seconds.max(asked))
}

impl Daemon {
    /// Tries every row that is due. One recipient who is refused for now holds up nobody else; a server that is not well
    /// ends the round, and is asked again later.
    pub(super) async fn act(&mut self, now: Moment) -> Result<(), Error> {
        if self.is_paused() {
            return Ok(());
        }
        self.give_up(now)?;
        self.schedule();
        self.write_calendars(now).await?;
        let mut due: Vec<OutboxRow> = self
            .state
            .outbox
            .values()
            .filter(|row| self.is_written(row) || self.pointless(row, now).is_some())
            .filter(|row| self.retries.rows.get(&row.id).is_none_or(|next| next.at <= now))
            .cloned()
            .collect();
        due.sort_by_key(|row| {
            (row.at, row.letter.kind() != MailKind::Welcome, row.letter.kind(), row.id.clone())
        });
        let mut put_off = 0;
        for row in due {
            match self.one(&row, now).await? {
                Tried::Done => {}
                Tried::PutOff => put_off += 1,
                Tried::ServerDown => break,
            }
            if put_off == REFUSALS_A_ROUND {
                break;
            }
        }
        self.tell_outage(now)?;
        self.schedule();
        Ok(())
    }

    /// Keeps the times of tries in step with the outbox.
    fn schedule(&mut self) {
        let outbox = &self.state.outbox;
        self.retries.rows.retain(|id, _| outbox.contains_key(id));
        for row in outbox.values() {
            let at = row.not_before.max(self.retries.not_before.unwrap_or(row.not_before));
            self.retries.rows.entry(row.id.clone()).or_insert(Try { at, failures: 0 });
        }
    }

    /// Tries one row.
    async fn one(&mut self, row: &OutboxRow, now: Moment) -> Result<Tried, Error> {
        if let Some(why) = self.pointless(row, now) {
            self.drop_row(row, why, now)?;
            self.attempt_over_of(row, now)?;
            return Ok(Tried::Done);
        }
        let mail = self.mail(row).await;
        let mailer = std::rc::Rc::clone(&self.world.mailer);
        match mailer.send(&mail).await {
            Ok(()) => {
                self.retries.failures = 0;
                self.retries.not_before = None;
                self.retries.outage = None;
                self.delivered(row, &mail, now)?;
                Ok(Tried::Done)
            }
            Err(error) if error.kind == ErrorKind::Invalid => {
                self.refused(row, &mail, &error, now)?;
                Ok(Tried::Done)
            }
            Err(error) if error.kind == ErrorKind::Deferred => {
                self.put_off_row(row, &error, now);
                Ok(Tried::PutOff)
            }
            Err(error) => {
                self.put_off(row, &error, now);
                Ok(Tried::ServerDown)
            }
        }
    }

    /// Drops what could not be sent for days, and tells ops in the same record; of their own mails that went so there is
    /// nothing to tell.
    fn give_up(&mut self, now: Moment) -> Result<(), Error> {
        let is_old = |row: &&OutboxRow| now - row.at.max(row.not_before) > TimeDelta::days(GIVE_UP_DAYS);
        let old: Vec<OutboxRow> = self.state.outbox.values().filter(is_old).cloned().collect();
        let Some(first) = old.iter().map(|row| row.at).min() else { return Ok(()) };
        let mut draft = self.draft(now);
        for row in &old {
            tracing::error!(kind = ?row.letter.kind(), to = %row.to, days = GIVE_UP_DAYS, "a mail could not be sent and is given up");
            draft.facts.extend(self.dropped(row, "given_up"));
        }
        let mut to: Vec<PersonId> =
            old.iter().filter(|row| row.letter.kind() != MailKind::Ops).map(|row| row.to).collect();
        let rows = to.len() as u32;
        to.sort();
        to.dedup();
        if rows > 0 {
            let news = OpsNews::GivenUp { rows, to, days: GIVE_UP_DAYS as u32 };
            self.tell_ops(&news, &format!("given-up-{}", first.timestamp()), &mut draft);
        }
        self.commit(draft)?;
        old.iter().try_for_each(|row| self.attempt_over_of(row, now))
    }

    /// Tells ops that no mail has gone out for long, once for each time that it is so. They read it when it is over, or where
    /// their own mail goes another way; the log has it meanwhile.
    fn tell_outage(&mut self, now: Moment) -> Result<(), Error> {
        let alert_after = self.setup.settings.rules.policy.alert_after;
        let is_news = |outage: &&mut Outage| !outage.told && now - outage.since >= alert_after;
        let Some(outage) = self.retries.outage.as_mut().filter(is_news) else { return Ok(()) };
        outage.told = true;
        let Outage { since, code, .. } = outage.clone();
        let rows = self.overdue(now).count() as u32;
        tracing::error!(code = %code, mails = rows, "no mail could be sent for long");
        let mut draft = self.draft(now);
        self.tell_ops(&OpsNews::Undelivered { rows, since, code }, "undelivered", &mut draft);
        self.commit(draft)
    }

    /// Mails whose hour has come and that are still here: since when each of them waits.
    pub(super) fn overdue(&self, now: Moment) -> impl Iterator<Item = Moment> {
        self.state.outbox.values().map(|row| row.at.max(row.not_before)).filter(move |since| *since <= now)
    }

    /// Why a row need not be sent any more, if so: its time or its reason is gone.
    pub(super) fn pointless(&self, row: &OutboxRow, now: Moment) -> Option<&'static str> {
        if row.expires.is_some_and(|expires| expires <= now) {
            return Some("expired");
        }
        if self.setup.settings.rules.mode == Mode::Observe && !speaks_in_observe(&row.letter) {
            return Some("observe");
        }
        if row.letter.kind() != MailKind::Ops && self.setup.roster.get(row.to).is_none() {
            // Whoever left still gets the cancellation of what was booked with them, and nothing else.
            return (!is_end(&row.letter)).then_some("left");
        }
        let recovery = |id: crate::model::fact::RecoveryId| {
            self.state.reps.get(&id.rep)?.recoveries.get(&id.week)?.get(&id.ordinal)
        };
        match &row.letter {
            Letter::Proposal { items, .. } => {
                let lives = items.iter().any(|item| {
                    recovery(item.recovery).is_some_and(|recovery| {
                        recovery.attempt == item.attempt
                            && recovery.round == item.round
                            && recovery.proposal.is_some()
                            && (recovery.state == RecoveryState::Open || is_second(row, recovery))
                    })
                });
                (!lives).then_some("withdrawn")
            }
            Letter::Booked { recovery: id, uid, .. } => {
                let lives = recovery(*id).is_some_and(|recovery| {
                    recovery.booking.as_ref().is_some_and(|booking| booking.uid == *uid)
                });
                (!lives).then_some("released")
            }
            Letter::Series { items } => {
                let lives = items.iter().any(|item| {
                    let series = self.series(item.series);
                    series.is_some_and(|known| {
                        matches!(known.stage, SeriesStage::Proposed | SeriesStage::NoTime)
                    })
                });
                (!lives).then_some("withdrawn")
            }
            Letter::SeriesBooked { event, .. } => {
                let booked = self.series(event.series).and_then(|known| known.booked());
                booked.is_none_or(|booking| booking.uid != event.uid).then_some("released")
            }
            _ => None,
        }
    }

    fn series(&self, id: SeriesId) -> Option<&Series> {
        self.state.reps.get(&id.rep)?.series.get(&id.ordinal)
    }

    pub(super) fn drop_row(&mut self, row: &OutboxRow, why: &str, now: Moment) -> Result<(), Error> {
        self.append(Record { at: now, facts: self.dropped(row, why) })
    }

    /// The facts of a row that is not sent any more.
    fn dropped(&self, row: &OutboxRow, why: &str) -> Vec<Fact> {
        let message_id = mails::message_id(row, &self.setup.settings.rules.voice);
        let mut facts =
            vec![Fact::MailDropped { kind: row.letter.kind(), to: row.to, message_id, why: why.to_owned() }];
        facts.extend(self.unproposed(row));
        facts.extend(withdrawn(row, &self.state));
        facts.push(put(Put::OutboxDone { id: row.id.clone() }));
        facts
    }

    /// The server took it.
    fn delivered(&mut self, row: &OutboxRow, mail: &Mail, now: Moment) -> Result<(), Error> {
        tracing::info!(kind = ?row.letter.kind(), to = %row.to, "a mail was sent");
        let mut facts = vec![Fact::Mail {
            kind: row.letter.kind(),
            to: row.to,
            subject: mails::subject_for_ledger(row),
            message_id: mail.message_id.clone(),
        }];
        if matches!(row.letter, Letter::Welcome { .. }) {
            facts.push(put(Put::Welcomed { who: row.to }));
        }
        if let Letter::Proposal { items, .. } = &row.letter {
            for item in items.iter().filter(|item| item.manager.is_none_or(|manager| manager == row.to)) {
                let Some(state) = self.state.reps.get(&item.recovery.rep) else { continue };
                let mut state = state.clone();
                sent(&mut state, item.recovery, now, &mut facts);
                let recovery = state
                    .recoveries
                    .get(&item.recovery.week)
                    .and_then(|known| known.get(&item.recovery.ordinal));
                facts.extend(recovery.cloned().map(|recovery| put(Put::Recovery { recovery })));
                self.dirty.extend(self.setup.roster.get(item.recovery.rep).and_then(|rep| rep.manager));
            }
        }
        facts.push(put(Put::OutboxDone { id: row.id.clone() }));
        self.append(Record { at: now, facts })
    }

    /// The server refused this recipient or mail for good.
    fn refused(&mut self, row: &OutboxRow, mail: &Mail, error: &Error, now: Moment) -> Result<(), Error> {
        tracing::error!(to = %row.to, code = %error.code, "the mail server refused a recipient for good");
        let kind = row.letter.kind();
        let mut draft = self.draft(now);
        draft.facts.push(Fact::MailRefused {
            kind,
            to: row.to,
            message_id: mail.message_id.clone(),
            code: error.code.clone(),
        });
        draft.facts.extend(self.unproposed(row));
        draft.puts.push(Put::OutboxDone { id: row.id.clone() });
        if kind != MailKind::Ops {
            let news = OpsNews::Refused { to: row.to, kind, code: error.code.clone() };
            self.tell_ops(&news, &format!("refused-{}", row.id), &mut draft);
        }
        self.commit(draft)
    }

    /// A proposal that never reached anybody is none: its recoveries may be proposed again.
    fn unproposed(&self, row: &OutboxRow) -> Vec<Fact> {
        let Letter::Proposal { items, .. } = &row.letter else { return Vec::new() };
        items
            .iter()
            .filter(|item| item.manager.is_none_or(|manager| manager == row.to))
            .filter_map(|item| {
                let id = item.recovery;
                let known = self.state.reps.get(&id.rep)?.recoveries.get(&id.week)?.get(&id.ordinal)?;
                let mut recovery = known.clone();
                (recovery.state == RecoveryState::Open && recovery.round == item.round).then(|| {
                    recovery.proposal = None;
                    recovery.silent = true;
                    put(Put::Recovery { recovery })
                })
            })
            .collect()
    }

    /// Not this one, not now: again after a wait that doubles, while the others go out.
    fn put_off_row(&mut self, row: &OutboxRow, error: &Error, now: Moment) {
        self.tally.failed_tries += 1;
        let Some(next) = self.retries.rows.get_mut(&row.id) else { return };
        next.failures += 1;
        let wait = doubled(next.failures, RETRY_SECONDS, error);
        next.at = now + wait;
        tracing::warn!(
            code = %error.code, kind = ?row.letter.kind(), to = %row.to, again_in_seconds = wait.num_seconds(),
            "a recipient is refused for now; it will be tried again"
        );
    }

    /// The server is not well: all again after a wait that doubles.
    fn put_off(&mut self, row: &OutboxRow, error: &Error, now: Moment) {
        self.tally.failed_tries += 1;
        self.retries.failures = (self.retries.failures + 1).min(16);
        let wait = doubled(self.retries.failures, RETRY_SECONDS, error);
        tracing::warn!(
            code = %error.code, kind = ?row.letter.kind(), again_in_seconds = wait.num_seconds(),
            "a mail could not be sent; it will be tried again"
        );
        let outage = Outage { since: now, code: String::new(), told: false };
        self.retries.outage.get_or_insert(outage).code.clone_from(&error.code);
        self.retries.not_before = Some(now + wait);
        for next in self.retries.rows.values_mut() {
            next.at = next.at.max(now + wait);
        }
    }

    /// The pair's usual conference link, read now from the manager's calendar and kept nowhere: that of their newest
    /// 1-on-1. A calendar that cannot be read gives none.
    pub(super) async fn usual_link(&self, manager: PersonId, rep: PersonId) -> Option<String> {
        if let Some(id) = self.usual_event(manager, rep) {
            let bookings = std::rc::Rc::clone(&self.world.bookings);
            let event = bookings.read(manager, &id).await.ok()?;
            return gcal::placed(&event, &self.setup.zones)?.link;
        }
        let lineages: Vec<&str> = self
            .state
            .reps
            .get(&rep)?
            .sessions
            .values()
            .map(|session| session.key.lineage.as_str())
            .collect();
        let calendars = std::rc::Rc::clone(&self.world.calendars);
        let Ok(Answer::Feed { bytes, .. }) = calendars.fetch(CalendarId::first(manager), None).await else {
            return None;
        };
        let parsed = ical::parse(&bytes, &ical::Limits::default());
        let of_pair = parsed.events.into_iter().filter(|event| lineages.contains(&lineage(&event.uid)));
        of_pair
            .filter(|event| event.link.is_some())
            .max_by_key(|event| event.modified)
            .and_then(|event| event.link)
    }

    /// Google's id of the pair's newest 1-on-1 in the manager's calendar, or of its series.
    fn usual_event(&self, manager: PersonId, rep: PersonId) -> Option<String> {
        let sessions = &self.state.reps.get(&rep)?.sessions;
        let of_pair = self.picture(manager)?.sightings.iter().filter(|seen| {
            sessions.get(&seen.key).is_some_and(|session| session.ours.is_none()) && !seen.is_cancelled
        });
        let newest = of_pair.max_by_key(|seen| (seen.recurs, seen.kept.modified))?;
        newest.kept.series.clone().or_else(|| newest.kept.id.clone())
    }

    /// Title and description of what is booked for a pair.
    pub(super) fn words(&self, manager: PersonId, rep: PersonId) -> (String, String) {
        let setup = self.setup.as_ref();
        let title =
            format!("1-on-1 {} / {}", names::first_name(setup, manager), names::first_name(setup, rep));
        let agenda = setup.settings.rules.sessions.agenda.as_str();
        let team_doc = setup.roster.get(rep).and_then(|rep| rep.team_doc.as_deref());
        let description: Vec<&str> =
            [Some(agenda), team_doc].into_iter().flatten().filter(|text| !text.is_empty()).collect();
        (title, description.join("\n\n"))
    }

    /// The mail of a row, with what is read only now and kept nowhere: the conference link and the invitation.
    pub(super) async fn mail(&self, row: &OutboxRow) -> Mail {
        let rules = &self.setup.settings.rules;
        let mut extras = Extras { agenda: &rules.sessions.agenda, ..Extras::default() };
        let about = match &row.letter {
            Letter::Booked { manager, rep, span, uid, via, .. } => {
                extras.link = match via {
                    BookVia::Mail => self.usual_link(*manager, *rep).await,
                    BookVia::Google => self.writing.link(row),
                };
                extras.team_doc = self.setup.roster.get(*rep).and_then(|rep| rep.team_doc.clone());
                let about = About {
                    pair: (*manager, *rep),
                    span: *span,
                    uid,
                    sequence: 0,
                    method: Method::Request,
                    rrule: None,
                };
                (*via == BookVia::Mail).then_some(about)
            }
            Letter::Released { via: BookVia::Mail, manager, rep, span, uid, sequence, .. } => Some(About {
                pair: (*manager, *rep),
                span: *span,
                uid,
                sequence: *sequence,
                method: Method::Cancel,
                rrule: None,
            }),
            Letter::SeriesBooked { event, .. } => {
                extras.link = match event.via {
                    BookVia::Mail => self.usual_link(event.manager, event.series.rep).await,
                    BookVia::Google => self.writing.link(row),
                };
                extras.team_doc =
                    self.setup.roster.get(event.series.rep).and_then(|rep| rep.team_doc.clone());
                (event.via == BookVia::Mail).then_some(About::of_series(event, Method::Request))
            }
            Letter::SeriesReleased { event, .. } if event.via == BookVia::Mail => {
                Some(About::of_series(event, Method::Cancel))
            }
            _ => None,
        };
        if let Some(about) = about {
            extras.invitation = Some(self.invitation(row, &about, &extras));
        }
        let context =
            Context { voice: &rules.voice, people: self.setup.as_ref(), key: &self.setup.key, extras };
        mails::mail(row, &context)
    }

    fn invitation(&self, row: &OutboxRow, about: &About<'_>, extras: &Extras<'_>) -> Invitation {
        let About { pair: (manager, rep), span, uid, sequence, method, rrule } = *about;
        let setup = self.setup.as_ref();
        let voice = &setup.settings.rules.voice;
        let pair = [manager, rep].map(|id| (names::plain_name(setup, id), names::address(setup, id)));
        let zone = names::zone(setup, manager);
        let mark = match &row.letter {
            Letter::SeriesBooked { event, .. } | Letter::SeriesReleased { event, .. } => {
                Some(event.series.to_string())
            }
            _ => row.recovery.map(|recovery| recovery.to_string()),
        };
        let (title, description) = self.words(manager, rep);
        let invite = itip::Invite {
            uid,
            sequence,
            stamp: row.at,
            organizer: (&voice.from_name, &voice.from_address),
            attendees: pair.iter().map(|(name, address)| (name.as_str(), address.as_str())).collect(),
            span,
            zone: Some(&zone),
            rrule,
            title: &title,
            description: &description,
            link: extras.link.as_deref(),
            mark: mark.as_deref(),
        };
        let ics = match method {
            Method::Request => itip::request(&invite),
            Method::Cancel => itip::cancel(&invite),
        };
        Invitation { method, ics }
    }
}

/// Series that were proposed in a mail which nobody got: they may be proposed again.
pub(super) fn withdrawn(row: &OutboxRow, state: &State) -> Vec<Fact> {
    let Letter::Series { items } = &row.letter else { return Vec::new() };
    let open = items.iter().filter_map(|item| {
        let mut series = state.reps.get(&item.series.rep)?.series.get(&item.series.ordinal)?.clone();
        let is_open = matches!(series.stage, SeriesStage::Proposed | SeriesStage::NoTime);
        let now = state.last_at.unwrap_or(series.since);
        is_open.then(|| [series.enter(SeriesStage::Withdrawn, now), put(Put::Series { series })])
    });
    open.flatten().collect()
}

/// What an invitation, or its end, is about.
#[derive(Debug, Clone, Copy)]
struct About<'a> {
    pair: (PersonId, PersonId),
    span: Span,
    uid: &'a str,
    sequence: u32,
    method: Method,
    rrule: Option<&'a str>,
}

impl<'a> About<'a> {
    fn of_series(event: &'a SeriesEvent, method: Method) -> Self {
        Self {
            pair: (event.manager, event.series.rep),
            span: event.first,
            uid: &event.uid,
            sequence: 0,
            method,
            rrule: Some(&event.rrule),
        }
    }
}

/// A rep's mail about times that the manager has been offered already: the manager's is what the clock hangs on.
fn is_second(row: &OutboxRow, recovery: &Recovery) -> bool {
    recovery.state == RecoveryState::Proposed
        && recovery.proposal.as_ref().is_some_and(|proposal| proposal.to != row.to)
}
