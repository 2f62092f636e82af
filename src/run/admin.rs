//! What those who run Drumbeat look at: the dashboard, the ledger in words, numbers for Prometheus.

use std::collections::BTreeMap;

use super::{Daemon, KeepWritten};
use crate::judge::health;
use crate::model::fact::{Fact, Record, RecoveryState, SourceState, Trigger};
use crate::model::ledger::FrameKind;
use crate::model::page::{AdminPage, Page, PageKind};
use crate::model::people::{PersonId, Status};
use crate::model::policy::Mode;
use crate::model::report::{HealthLine, Recognition};
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::ports::{Error, Frame, Which};
use crate::tell::dashboard::{Glance, dashboard};
use crate::tell::metrics::{self, Family, Kind};
use crate::tell::{explain, names, phrase, report};

/// What was done since the start, by kind and by what became of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    mails: BTreeMap<(&'static str, &'static str), u64>,
    verdicts: BTreeMap<&'static str, u64>,
    booked: u64,
    escalated: u64,
    answers: u64,
    records: u64,
    /// Tries of mails that failed and are made again: of no record.
    pub failed_tries: u64,
}

impl Tally {
    /// Counts what a record says.
    pub fn take(&mut self, record: &Record) {
        self.records += 1;
        for fact in &record.facts {
            match fact {
                Fact::Mail { kind, .. } => self.mail(phrase::mail_kind(*kind), "sent"),
                Fact::MailRefused { kind, .. } => self.mail(phrase::mail_kind(*kind), "refused"),
                Fact::MailDropped { kind, .. } => self.mail(phrase::mail_kind(*kind), "dropped"),
                Fact::Verdict { verdict, .. } => {
                    *self.verdicts.entry(phrase::outcome_word(*verdict)).or_default() += 1;
                }
                Fact::Booked { .. } => self.booked += 1,
                // The trigger would tell of plans.
                Fact::Escalated { .. } => self.escalated += 1,
                Fact::Answer { .. } => self.answers += 1,
                _ => {}
            }
        }
    }

    fn mail(&mut self, kind: &'static str, outcome: &'static str) {
        *self.mails.entry((kind, outcome)).or_default() += 1;
    }
}

impl Daemon {
    /// A page for those who run Drumbeat. It changes nothing.
    pub(super) fn admin(&self, wanted: &AdminPage) -> Page {
        let now = self.world.clock.now();
        match wanted {
            AdminPage::Ready if self.is_ready => Page::text(200, "ready\n"),
            AdminPage::Ready => Page::text(503, "not ready: the first look at all calendars is not over\n"),
            AdminPage::Metrics => {
                Page { status: 200, kind: PageKind::Metrics, text: metrics::text(&self.metrics(now)) }
            }
            AdminPage::Home => Page::html(200, dashboard(&self.glance(now))),
            AdminPage::Explain { who, week } => match self.explain(*who, *week, now) {
                Ok(html) => Page::html(200, html),
                Err(error) => Page::text(500, format!("failed to {error}\n")),
            },
        }
    }

    fn glance(&self, now: Moment) -> Glance<'_> {
        let setup = self.setup.as_ref();
        let rules = &setup.settings.rules;
        let mode = match rules.mode {
            _ if self.is_paused() => "paused".to_owned(),
            Mode::Observe => "in observe: it looks and counts".to_owned(),
            Mode::Propose => "in propose: it asks before it books".to_owned(),
            Mode::Auto => "in auto: it books and tells both".to_owned(),
        };
        Glance {
            now,
            state: &self.state,
            roster: &setup.roster,
            people: setup,
            zone: &rules.zone,
            mode,
            calendars: self.books.len() as u32,
            recognition: self.recognition(),
            next_look: self.next_wake(),
            lines: self.lines(now),
            judge: (rules.health.judge, (rules.health.target * 1000.0).round() as u32),
        }
    }

    /// The managers' lines of all leaders' reports about last week, those that need help first.
    fn lines(&self, now: Moment) -> Vec<(PersonId, HealthLine)> {
        let setup = self.setup.as_ref();
        let rules = &setup.settings.rules;
        let reps = |rep: PersonId| self.state.reps.get(&rep);
        let mut lines: Vec<(PersonId, HealthLine)> = Vec::new();
        for leader in health::leaders(&setup.roster) {
            let zone = names::zone(setup, leader);
            let week = Week::of(now, &zone).plus(-1);
            let health = health::health(&setup.roster, rules, leader, week, &self.state.sources, &reps);
            lines.extend(health.managers.into_iter().map(|line| (leader, line)));
        }
        lines.sort_by_key(|(_, line)| {
            (std::cmp::Reverse(line.week.missed), std::cmp::Reverse(line.judged.missed), line.manager)
        });
        lines
    }

    /// The ledger in words: of a week, or of this one and the one before.
    fn explain(&self, who: Option<PersonId>, week: Option<Week>, now: Moment) -> Result<String, Error> {
        let setup = self.setup.as_ref();
        let zone = who.map_or_else(|| setup.settings.rules.zone.clone(), |who| names::zone(setup, who));
        let this = Week::of(now, &zone);
        let weeks = week.map_or_else(|| vec![this.plus(-1), this], |week| vec![week]);
        let managers = setup.roster.reps().filter_map(|rep| Some((rep.id, rep.manager?))).collect();
        let mut told = explain::Weeks::new(who, &weeks, managers);
        let mut unread = 0;
        self.ledger.read(Which::All, &mut |frame: Frame<'_>| {
            if frame.kind != FrameKind::Record {
                return Ok(());
            }
            match serde_json::from_slice::<Record>(frame.payload) {
                Ok(record) => record
                    .facts
                    .iter()
                    .for_each(|fact| told.take(record.at, &self.without_plans(fact), setup, &zone)),
                Err(_) => unread += 1,
            }
            Ok(())
        })?;
        Ok(explain::explain_page(&told, who, unread, setup))
    }

    /// A fact without what it says of a plan: that is told to the rep and their line alone.
    fn without_plans(&self, fact: &Fact) -> Fact {
        let is_plan = |name: &String| {
            let rules = &self.setup.settings.rules.cadence;
            rules.iter().any(|rule| rule.name == *name && rule.matches.status == Some(Status::Plan))
        };
        let mut fact = fact.clone();
        match &mut fact {
            Fact::Due { rule, .. } if is_plan(rule) => rule.clear(),
            Fact::Escalated { trigger, .. } if *trigger == Trigger::Plan => *trigger = Trigger::Skips,
            _ => {}
        }
        fact
    }

    fn metrics(&self, now: Moment) -> Vec<Family> {
        let gauge = |name, help, value: f64| Family::one(name, Kind::Gauge, help, value);
        let seconds =
            |since: Option<Moment>| since.map_or(0.0, |since| (now - since).num_seconds().max(0) as f64);
        let oldest_mail = self.overdue(now).min();
        let oldest_answer = self.books.values().filter_map(|book| book.answered).min();
        let Recognition { owed, recognised } = self.recognition();
        let mut all = vec![
            Family::by(
                "build_info",
                Kind::Gauge,
                "The version that runs.",
                "version",
                [(env!("CARGO_PKG_VERSION").to_owned(), 1.0)],
            ),
            gauge(
                "ready",
                "1 once the first look at all calendars is over.",
                f64::from(u8::from(self.is_ready)),
            ),
            Family::by(
                "mode",
                Kind::Gauge,
                "1 for the mode of the settings.",
                "mode",
                [(phrase::mode_word(self.setup.settings.rules.mode).to_owned(), 1.0)],
            ),
            gauge("paused", "1 while every effect is stopped.", f64::from(u8::from(self.is_paused()))),
            gauge("calendars", "Calendars that are read.", self.books.len() as f64),
            self.source_states(),
            gauge(
                "source_lag_seconds_max",
                "Time since the calendar answered that has been silent longest.",
                seconds(oldest_answer),
            ),
            gauge("owed_reps", "Reps that are owed 1-on-1s.", f64::from(owed)),
            gauge("recognised_reps", "Those of them with a recognised 1-on-1.", f64::from(recognised)),
            gauge("outbox_mails", "Mails that wait to be sent.", self.state.outbox.len() as f64),
            gauge(
                "outbox_oldest_seconds",
                "How long the oldest of them waits past its hour.",
                seconds(oldest_mail),
            ),
            gauge(
                "next_look_timestamp_seconds",
                "When it looks next, in Unix time.",
                self.next_wake().timestamp() as f64,
            ),
            gauge("ledger_records", "Records in the ledger.", self.ledger.last() as f64),
        ];
        all.extend(self.week_families(now));
        all.extend(self.tally_families());
        all
    }

    fn source_states(&self) -> Family {
        let states =
            [(SourceState::Ok, "ok"), (SourceState::Suspect, "suspect"), (SourceState::Failing, "failing")];
        let count = |state| self.state.sources.values().filter(|row| row.state == state).count() as f64;
        Family::by(
            "sources",
            Kind::Gauge,
            "Calendars by how they are.",
            "state",
            states.map(|(state, word)| (word.to_owned(), count(state))),
        )
    }

    /// This week and last week, over the organisation.
    fn week_families(&self, now: Moment) -> Vec<Family> {
        let setup = self.setup.as_ref();
        let reps = setup.roster.reps().filter(|rep| rep.status != Some(Status::None));
        let known: Vec<_> =
            reps.filter_map(|rep| Some((Week::of(now, &rep.zone), self.state.reps.get(&rep.id)?))).collect();
        let mut recoveries: BTreeMap<RecoveryState, u32> = BTreeMap::new();
        let mut due = 0;
        for (week, state) in &known {
            due += state.weeks.get(week).map_or(0, |row| row.due);
            for recovery in state.active() {
                *recoveries.entry(recovery.state).or_default() += 1;
            }
        }
        let mut total = HealthLine::default();
        for (_, line) in self.lines(now) {
            total.week = health::sum(total.week, line.week);
            total.judged = health::sum(total.judged, line.judged);
        }
        let counts = total.week;
        let words = [
            ("held", counts.held),
            ("rescheduled", counts.rescheduled),
            ("recovered", counts.recovered),
            ("excused", counts.excused),
            ("missed", counts.missed),
        ];
        let states = [
            (RecoveryState::Open, "open"),
            (RecoveryState::Proposed, "proposed"),
            (RecoveryState::Booked, "booked"),
        ];
        let share = report::coverage(&total.judged).permille();
        vec![
            Family::one("due_sessions", Kind::Gauge, "1-on-1s owed this week.", f64::from(due)),
            Family::by(
                "last_week_sessions",
                Kind::Gauge,
                "1-on-1s owed last week, by what became of them.",
                "outcome",
                words.map(|(word, n)| (word.to_owned(), f64::from(n))),
            ),
            Family::by(
                "recoveries",
                Kind::Gauge,
                "Missing 1-on-1s that are being mended.",
                "state",
                states.map(|(state, word)| {
                    (word.to_owned(), f64::from(recoveries.get(&state).copied().unwrap_or(0)))
                }),
            ),
            Family {
                name: "coverage_ratio",
                kind: Kind::Gauge,
                help: "Share of the 1-on-1s owed and not excused that took place, over the weeks of the judgement.",
                values: share
                    .map(|permille| (Vec::new(), f64::from(permille) / 1000.0))
                    .into_iter()
                    .collect(),
            },
        ]
    }

    fn tally_families(&self) -> Vec<Family> {
        let counter = |name, help, value: u64| Family::one(name, Kind::Counter, help, value as f64);
        let mails = self.tally.mails.iter().map(|((kind, outcome), count)| {
            (vec![("kind", (*kind).to_owned()), ("outcome", (*outcome).to_owned())], *count as f64)
        });
        vec![
            Family {
                name: "mails_total",
                kind: Kind::Counter,
                help: "Mails since the start, by kind and by what became of them.",
                values: mails.collect(),
            },
            Family::by(
                "verdicts_total",
                Kind::Counter,
                "Verdicts since the start.",
                "verdict",
                self.tally.verdicts.iter().map(|(word, count)| ((*word).to_owned(), *count as f64)),
            ),
            counter(
                "mail_tries_failed_total",
                "Tries to send a mail that failed and are made again, since the start.",
                self.tally.failed_tries,
            ),
            counter("booked_total", "Bookings since the start.", self.tally.booked),
            counter("escalations_total", "Steps of escalations said since the start.", self.tally.escalated),
            counter("answers_total", "Answers taken since the start.", self.tally.answers),
            counter("records_total", "Records written since the start.", self.tally.records),
        ]
    }

    /// Keeps a record for whoever asks what was written, and counts it.
    pub(super) fn noted_record(&mut self, record: Record) {
        self.tally.take(&record);
        if self.keep_written == KeepWritten::Yes {
            self.written.push(record);
        }
    }
}
