//! What a rehearsal comes to: counts of one policy beside those of another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::columns::table;
use super::phrase;
use crate::model::fact::{Fact, Outcome, RecoveryId, RecoveryState, Trigger, WeekCounts};
use crate::model::mail::MailKind;
use crate::model::people::PersonId;
use crate::model::time::Week;
use crate::model::zone::{Moment, Zone};

/// Outcomes in the order in which they are told.
const OUTCOMES: [Outcome; 10] = [
    Outcome::Held,
    Outcome::Rescheduled,
    Outcome::MovedOut,
    Outcome::Cancelled,
    Outcome::Declined,
    Outcome::Ended,
    Outcome::Shortened,
    Outcome::NotOneOnOne,
    Outcome::Excused,
    Outcome::NotHeld,
];

/// The facts of one policy's run, counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    weeks: BTreeMap<(PersonId, Week), WeekCounts>,
    outcomes: BTreeMap<Outcome, u32>,
    opened: BTreeSet<(RecoveryId, u32)>,
    without_slot: BTreeSet<RecoveryId>,
    proposals: u32,
    bookings: u32,
    releases: u32,
    escalations: BTreeMap<Trigger, BTreeSet<(PersonId, Week, u32)>>,
    mails: BTreeMap<MailKind, u32>,
    by_reader: BTreeMap<(PersonId, Week), u32>,
}

impl Tally {
    /// Counts one fact; weeks of mails are those of `zone`.
    pub fn take(&mut self, at: Moment, fact: &Fact, zone: &Zone) {
        match fact {
            Fact::Week { rep, week, counts, .. } => drop(self.weeks.insert((*rep, *week), *counts)),
            Fact::Verdict { verdict, .. } => *self.outcomes.entry(*verdict).or_default() += 1,
            Fact::Recovery { recovery, attempt, state: RecoveryState::Open, .. } => {
                self.opened.insert((*recovery, *attempt));
            }
            Fact::NoSlot { recovery, .. } => drop(self.without_slot.insert(*recovery)),
            Fact::Proposed { .. } => self.proposals += 1,
            Fact::Booked { .. } => self.bookings += 1,
            Fact::Released { .. } => self.releases += 1,
            Fact::Escalated { rep, week, trigger, step, .. } => {
                self.escalations.entry(*trigger).or_default().insert((*rep, *week, *step));
            }
            Fact::Mail { kind, to, .. } => {
                *self.mails.entry(*kind).or_default() += 1;
                *self.by_reader.entry((*to, Week::of(at, zone))).or_default() += 1;
            }
            _ => {}
        }
    }

    fn sum(&self, of: impl Fn(&WeekCounts) -> u32) -> u32 {
        self.weeks.values().map(of).sum()
    }

    fn most_mails(&self) -> u32 {
        self.by_reader.values().max().copied().unwrap_or_default()
    }

    fn rows(&self) -> Vec<(Part, String, u32)> {
        let mut rows = vec![
            (Part::Weeks, "owed".to_owned(), self.sum(|week| week.due)),
            (Part::Weeks, "took place as planned".to_owned(), self.sum(|week| week.held)),
            (Part::Weeks, "took place after a move".to_owned(), self.sum(|week| week.rescheduled)),
            (Part::Weeks, "took place as Drumbeat booked".to_owned(), self.sum(|week| week.recovered)),
            (Part::Weeks, "excused".to_owned(), self.sum(|week| week.excused)),
            (Part::Weeks, "missed".to_owned(), self.sum(|week| week.missed)),
        ];
        let outcomes = OUTCOMES.iter().map(|outcome| {
            let count = self.outcomes.get(outcome).copied().unwrap_or_default();
            (Part::Verdicts, phrase::outcome_word(*outcome).replace('_', " "), count)
        });
        rows.extend(outcomes);
        rows.extend([
            (Part::Deeds, "recoveries opened".to_owned(), self.opened.len() as u32),
            (Part::Deeds, "of them without a free time".to_owned(), self.without_slot.len() as u32),
            (Part::Deeds, "proposals".to_owned(), self.proposals),
            (Part::Deeds, "bookings".to_owned(), self.bookings),
            (Part::Deeds, "bookings given up".to_owned(), self.releases),
        ]);
        let escalations = self.escalations.iter().map(|(trigger, steps)| {
            (Part::Escalations, self::trigger(*trigger).to_owned(), steps.len() as u32)
        });
        rows.extend(escalations);
        let mails = self
            .mails
            .iter()
            .map(|(kind, count)| (Part::Mails, phrase::mail_kind(*kind).replace('_', " "), *count));
        rows.extend(mails);
        rows.push((Part::Mails, "in all".to_owned(), self.mails.values().sum()));
        rows.push((Part::Mails, "most to one person in a week".to_owned(), self.most_mails()));
        rows
    }
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Weeks,
    Verdicts,
    Deeds,
    Escalations,
    Mails,
}

impl Part {
    fn heading(self) -> &'static str {
        match self {
            Self::Weeks => "1-on-1s of whole weeks",
            Self::Verdicts => "What was seen",
            Self::Deeds => "What would have been done",
            Self::Escalations => "Whom it would have been told to, by cause (steps)",
            Self::Mails => "Mails",
        }
    }
}

/// The policies side by side: a row for each count that any of them has.
pub fn lines(policies: &[(String, Tally)]) -> Vec<String> {
    let all: Vec<BTreeMap<(Part, String), u32>> = policies
        .iter()
        .map(|(_, tally)| tally.rows().into_iter().map(|(part, what, count)| ((part, what), count)).collect())
        .collect();
    let mut order: Vec<(Part, String)> = Vec::new();
    for (part, what, _) in policies.iter().flat_map(|(_, tally)| tally.rows()) {
        let key = (part, what);
        if !order.contains(&key) {
            order.push(key);
        }
    }
    // Whichever policy came first, the parts stay together.
    order.sort_by_key(|(part, _)| *part);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut last = None;
    for key in &order {
        let counts: Vec<u32> =
            all.iter().map(|counts| counts.get(key).copied().unwrap_or_default()).collect();
        if key.0 == Part::Verdicts && counts.iter().all(|count| *count == 0) {
            continue;
        }
        if last != Some(key.0) {
            rows.push(vec![key.0.heading().to_owned()]);
            last = Some(key.0);
        }
        let cells = counts.iter().map(ToString::to_string);
        rows.push(std::iter::once(format!("  {}", key.1)).chain(cells).collect());
    }
    let head: Vec<&str> = std::iter::once("").chain(policies.iter().map(|(name, _)| name.as_str())).collect();
    table(&head, &rows)
}

/// The same as JSON.
pub fn json(policies: &[(String, Tally)]) -> Value {
    let one = |(name, tally): &(String, Tally)| {
        let mut parts: BTreeMap<&str, BTreeMap<String, u32>> = BTreeMap::new();
        for (part, what, count) in tally.rows() {
            let part = match part {
                Part::Weeks => "weeks",
                Part::Verdicts => "verdicts",
                Part::Deeds => "deeds",
                Part::Escalations => "escalations",
                Part::Mails => "mails",
            };
            parts.entry(part).or_default().insert(what, count);
        }
        json!({ "policy": name, "counts": parts })
    };
    policies.iter().map(one).collect()
}

fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::NoSlot => "no time left in the week",
        Trigger::Silence => "a proposal was not answered",
        Trigger::Again => "cancelled again",
        Trigger::TwoCancellations => "two cancellations",
        Trigger::Skips => "missed weeks in a row",
        Trigger::Plan => "missed by a rep on a plan",
        Trigger::Target => "a team under target",
        Trigger::Source => "a calendar that cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::{CloseReason, ReleaseWhy};

    #[test]
    fn policies_stand_side_by_side_and_the_last_word_on_a_week_counts() {
        let at: Moment = "2026-11-18T12:00:00Z".parse().expect("an instant");
        let week: Week = "2026-W47".parse().expect("a week");
        let (rep, manager) = (PersonId(1), PersonId(2));
        let recovery = RecoveryId { rep, week, ordinal: 1 };
        let row = |held: u32, missed: u32| Fact::Week {
            rep,
            manager,
            week,
            counts: WeekCounts { due: 2, scheduled: 2, held, missed, ..WeekCounts::default() },
        };
        let state =
            |state, reason| Fact::Recovery { recovery, rep, manager, week, attempt: 1, state, reason };
        let mail = |to| Fact::Mail {
            kind: MailKind::Proposal,
            to,
            subject: String::new(),
            message_id: String::new(),
        };
        let escalated = |to| Fact::Escalated { rep, manager, week, trigger: Trigger::Skips, step: 1, to };
        let facts = [
            row(0, 2),
            row(1, 1),
            state(RecoveryState::Open, None),
            state(RecoveryState::Closed, Some(CloseReason::Missed)),
            mail(manager),
            mail(manager),
            mail(rep),
            escalated(manager),
            escalated(rep),
            Fact::Released { recovery, event: String::new(), why: ReleaseWhy::Undo },
        ];
        let mut tally = Tally::default();
        for fact in &facts {
            tally.take(at, fact, &Zone::utc());
        }
        let told = lines(&[("one".to_owned(), tally), ("two".to_owned(), Tally::default())]);
        let has = |what: &str, one: &str, two: &str| {
            let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let wanted: Vec<&str> = what.split_whitespace().chain([one, two]).collect();
            assert!(told.iter().any(|line| words(line) == wanted), "{what}: {told:#?}");
        };
        has("owed", "2", "0");
        has("took place as planned", "1", "0");
        has("missed", "1", "0");
        has("recoveries opened", "1", "0");
        has("bookings given up", "1", "0");
        has("missed weeks in a row", "1", "0");
        has("proposal", "3", "0");
        has("most to one person in a week", "2", "0");
    }
}
