//! How the daemon is: what `drumbeat status`, `plan` and `source list` show, and the line for systemd.

use chrono::NaiveDate;

use super::hand::page;
use super::{Daemon, Gate};
use crate::model::fact::{Fact, RecoveryState, SourceState};
use crate::model::hand::Order;
use crate::model::page::Page;
use crate::model::people::CalendarId;
use crate::model::policy::Mode;
use crate::model::report::{GATE_PERCENT, Recognition};
use crate::model::state::RepState;
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::tell::status::{Lag, Next, Outbox, Progress, Recoveries, Status};
use crate::tell::{explain, names, phrase, status};

/// What a fresh installation says: it runs, and this is the next step.
const NOBODY: &str = "nobody in the roster yet: fill it in, then `drumbeat reload`";

impl Daemon {
    /// Answers an order that changes nothing.
    pub(super) fn look_at(&mut self, order: &Order) -> Page {
        page(match order {
            Order::Status { json } => {
                let status = self.how_it_is();
                if *json {
                    serde_json::to_string_pretty(&status).map_err(|error| error.to_string())
                } else {
                    Ok(status::text(&status, &self.setup.settings.rules.zone))
                }
            }
            Order::Plan => Ok(self.would_do()),
            Order::Instance { who } => self.instance(who),
            Order::Sources { all } => Ok(status::sources(
                &self.lags(*all),
                self.books.len() as u32,
                self.world.clock.now(),
                &self.setup.settings.rules.zone,
            )),
            Order::Welcome { team, .. } => return self.show_welcome(team.as_deref()),
            _ => Err("this order is not one that only looks".to_owned()),
        })
    }

    /// What it is doing, in one line without names.
    pub fn status(&self) -> String {
        if self.setup.roster.people().next().is_none() {
            return NOBODY.to_owned();
        }
        let unwell = self.state.sources.values().filter(|row| row.state != SourceState::Ok).count();
        let doing = match (self.state.paused, self.held_back()) {
            (Some(_), _) => "paused; ".to_owned(),
            (None, Some(why)) => format!("held back: {why}; "),
            (None, None) => String::new(),
        };
        let first = self.progress().map_or_else(String::new, |progress| {
            format!("first look: {} of {} calendars read; ", progress.read, progress.of)
        });
        format!(
            "{doing}{first}{} calendars, {unwell} not well; {} mails waiting; next look {}",
            self.books.len(),
            self.state.outbox.len(),
            self.next_wake().format("%H:%M:%S UTC")
        )
    }

    /// Everything at a glance.
    fn how_it_is(&self) -> Status {
        let now = self.world.clock.now();
        let count = |state: RecoveryState| {
            let active = self.state.reps.values().flat_map(RepState::active);
            active.filter(|recovery| recovery.state == state).count() as u32
        };
        Status {
            version: env!("CARGO_PKG_VERSION"),
            now,
            mode: phrase::mode_word(self.setup.settings.rules.mode),
            pilot: self.setup.settings.rules.pilot.len() as u32,
            paused_since: self.state.paused,
            held_back: self.held_back(),
            is_ready: self.is_ready,
            first_look: self.progress(),
            people: self.setup.roster.people().count() as u32,
            calendars: self.books.len() as u32,
            unwell: self.lags(false),
            oldest_answer: self.books.values().filter_map(|book| book.answered).min(),
            recognition: self.recognition(),
            owes_from: self.owes_from(now),
            recoveries: Recoveries {
                open: count(RecoveryState::Open),
                proposed: count(RecoveryState::Proposed),
                booked: count(RecoveryState::Booked),
            },
            outbox: Outbox {
                mails: self.state.outbox.len() as u32,
                oldest: self.overdue(now).min(),
                failures: self.retries.failures().0,
                why: self.retries.failures().1.map(str::to_owned),
                next_try: self.retries.next(|_| true),
            },
            next: self.next_steps(now),
            records: self.ledger.last(),
        }
    }

    /// The next Monday, if this week owes nothing for being the first that is watched (`policy.first_week`).
    fn owes_from(&self, now: Moment) -> Option<NaiveDate> {
        let this = Week::of(now, &self.setup.settings.rules.zone);
        let mut weeks = self.state.reps.values().flat_map(|rep| &rep.weeks).peekable();
        let is_whole = self.setup.settings.rules.policy.first_week_whole;
        (!is_whole && weeks.peek().is_some() && weeks.all(|(week, row)| *week == this && row.due == 0))
            .then(|| this.next().monday())
    }

    /// Why propose and auto act as observe, where they do.
    fn held_back(&self) -> Option<String> {
        if self.setup.settings.rules.mode == Mode::Observe || self.setup.gate == Gate::Off {
            return None;
        }
        let found = self.recognition();
        let Recognition { owed, recognised } = found;
        (!found.is_enough()).then(|| {
            format!("1-on-1s are recognised for {recognised} of {owed} reps, {GATE_PERCENT} % are needed")
        })
    }

    /// How far the first look is; `None` once it is over.
    fn progress(&self) -> Option<Progress> {
        let of = self.books.len() as u32;
        let read = self.books.values().filter(|book| book.answered.is_some()).count() as u32;
        (!self.is_ready && of > 0).then_some(Progress { read, of })
    }

    /// How calendars are: those that are not well, or all.
    fn lags(&self, all: bool) -> Vec<Lag> {
        let lag = |calendar: CalendarId, answered: Option<Moment>| {
            let row = self.state.sources.get(&calendar);
            let state = row.map(|row| row.state);
            Lag {
                calendar: names::calendar(self.setup.as_ref(), calendar),
                state: match state {
                    Some(SourceState::Ok) => "ok",
                    Some(SourceState::Suspect) => "suspect",
                    Some(SourceState::Failing) => "failing",
                    None => "unknown",
                },
                why: row.and_then(|row| row.why.clone()),
                since: row.map(|row| row.since),
                answered,
            }
        };
        let lags = self.books.iter().map(|(calendar, book)| lag(*calendar, book.answered));
        lags.filter(|lag| all || lag.state != "ok").collect()
    }

    /// What wakes it next.
    fn next_steps(&self, now: Moment) -> Vec<Next> {
        let polls = self.books.values().map(super::sync::Book::next_poll).min();
        let looks = self.looks.values().min().copied();
        let mails = self.retries.next(|_| true).filter(|_| !self.is_paused());
        let steps = [
            (polls, "a calendar is read"),
            (looks, "a team is looked at"),
            (mails, "a mail is tried"),
            (self.next_report(now), "leaders get their report"),
        ];
        let mut next: Vec<Next> =
            steps.into_iter().filter_map(|(at, what)| Some(Next { at: at?, what })).collect();
        next.sort_by_key(|next| next.at);
        next
    }

    /// What it would do now with what it knows, doing nothing: every team is decided on once more, and that is thrown
    /// away.
    fn would_do(&mut self) -> String {
        let now = self.world.clock.now();
        let (looks, dirty) = (self.looks.clone(), self.dirty.clone());
        self.mark_all_dirty();
        let mut draft = self.draft(now);
        self.decide(&mut draft);
        (self.looks, self.dirty) = (looks, dirty);
        let zone = &self.setup.settings.rules.zone;
        let told = |fact: &Fact| explain::words(fact, self.setup.as_ref(), zone);
        let mut lines: Vec<String> = draft.facts.iter().filter_map(told).collect();
        lines.extend(self.state.outbox.values().chain(&draft.rows).map(|row| {
            let kind = phrase::mail_kind(row.letter.kind());
            let when = if row.not_before > now {
                format!(", not before {}", self.at(row.not_before))
            } else {
                String::new()
            };
            format!("mail to {}: {kind}{when}", names::name(self.setup.as_ref(), row.to))
        }));
        status::plan(now, &lines, self.next_wake(), zone)
    }
}
