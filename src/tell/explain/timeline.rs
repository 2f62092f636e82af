//! A fact as a line of a timeline: when, whose, what.

use std::collections::BTreeMap;

use super::evidence_words;
use crate::model::fact::{
    CloseReason, Confidence, Evidence, Fact, Outcome, RecoveryId, RecoveryState, SessionKey, WeekCounts,
};
use crate::model::letter::{NoSlotWhy, OpsNews};
use crate::model::people::PersonId;
use crate::model::series::SeriesStage;
use crate::model::zone::{Moment, Zone};
use crate::tell::mails::fill_names;
use crate::tell::names::{self, People};
use crate::tell::{no_slot, phrase, report, when};

/// `Tue 17 Nov 10:12  Ana ↔ Bo: Thursday's 1-on-1 was declined by Ana (certain)`; `None` of what only carries
/// state.
pub fn line(at: Moment, fact: &Fact, people: &dyn People, zone: &Zone) -> Option<String> {
    let words = words(fact, people, zone)?;
    Some(format!("{} {}  {words}", zone.local(at).format("%a %d %b"), when::clock(at, zone)))
}

/// The same without when it was.
pub fn words(fact: &Fact, people: &dyn People, zone: &Zone) -> Option<String> {
    Teller { people, zone }.fact(fact)
}

struct Teller<'a> {
    people: &'a dyn People,
    zone: &'a Zone,
}

/// What a verdict says, as read from its fact.
struct Judged<'a> {
    session: &'a SessionKey,
    verdict: Outcome,
    by: Option<PersonId>,
    confidence: Confidence,
    evidence: &'a [Evidence],
    late: bool,
    from: Option<Moment>,
    to: Option<Moment>,
}

impl Teller<'_> {
    fn fact(&self, fact: &Fact) -> Option<String> {
        Some(match fact {
            Fact::Put { .. } => return None,
            Fact::Due { rep, week, sessions, rule } => {
                let number = phrase::number(*sessions);
                let due = if *sessions == 1 { "1-on-1 is" } else { "1-on-1s are" };
                let by = if rule.is_empty() { String::new() } else { format!(" (rule {rule})") };
                format!("{}: {number} {due} due in {week}{by}", self.name(*rep))
            }
            Fact::Session { rep, manager, start, state: _, why, .. } => {
                let when = self.at(*start);
                let what = match why {
                    None => format!("1-on-1 on {when}"),
                    Some(risk) => format!("the 1-on-1 on {when} is at risk: {}", phrase::risk(*risk)),
                };
                format!("{}: {what}", self.pair(*rep, *manager))
            }
            Fact::Verdict {
                rep,
                manager,
                session,
                verdict,
                by,
                confidence,
                evidence,
                late,
                from,
                to,
                ..
            } => {
                let judged = Judged {
                    session,
                    verdict: *verdict,
                    by: *by,
                    confidence: *confidence,
                    evidence,
                    late: *late,
                    from: *from,
                    to: *to,
                };
                format!("{}: {}", self.pair(*rep, *manager), self.verdict(&judged))
            }
            Fact::Recovery { rep, manager, attempt, state, reason, .. } => {
                format!("{}: {}", self.pair(*rep, *manager), recovery(*attempt, *state, *reason))
            }
            Fact::Proposed { .. }
            | Fact::Booked { .. }
            | Fact::Released { .. }
            | Fact::FellBack { .. }
            | Fact::NoSlot { .. } => self.mending(fact)?,
            Fact::Series { .. } => self.series(fact)?,
            Fact::Escalated { rep, manager, trigger, step, to, .. } => format!(
                "{}: told {} (step {step}): {}",
                self.pair(*rep, *manager),
                self.name(*to),
                phrase::trigger(*trigger)
            ),
            Fact::Answer { who, action, recovery, option } => self.answer(*who, *action, *recovery, *option),
            Fact::Week { rep, manager, week, counts } => {
                format!("{}: {week} ends: {}", self.pair(*rep, *manager), week_row(counts))
            }
            other => self.machinery(other)?,
        })
    }

    /// What was offered, booked and given up.
    fn mending(&self, fact: &Fact) -> Option<String> {
        Some(match fact {
            Fact::Proposed { recovery, to, options, deadline } => {
                let times: Vec<String> = options.iter().map(|start| self.at(*start)).collect();
                let until = deadline.map_or_else(String::new, |at| format!(", until {}", self.at(at)));
                format!("{}: offered {}: {}{until}", self.rep(*recovery), self.name(*to), times.join(" or "))
            }
            Fact::Booked { recovery, start, .. } => {
                format!("{}: booked {}", self.rep(*recovery), self.at(*start))
            }
            Fact::Released { recovery, why, .. } => {
                format!("{}: booking taken back: {}", self.rep(*recovery), phrase::release_why(*why))
            }
            Fact::FellBack { recovery, why } => {
                format!(
                    "{}: the calendar refuses the booking ({why}); they are invited by mail",
                    self.rep(*recovery)
                )
            }
            Fact::NoSlot { recovery, why, manager, more } => {
                let more = manager.zip(more.as_ref());
                let more = more
                    .map_or_else(String::new, |(manager, more)| self.no_slot((manager, recovery.rep), more));
                format!("{}: no free time is left this week{}{more}", self.rep(*recovery), blocked(why))
            }
            _ => return None,
        })
    }

    /// How little the two share, and what would open a time.
    fn no_slot(&self, pair: (PersonId, PersonId), why: &NoSlotWhy) -> String {
        let teller = no_slot::Teller { people: self.people, reader: None, zone: self.zone, pair };
        let line = teller.line(why);
        if line.is_empty() { line } else { format!(". {line}") }
    }

    /// What became of a standing series.
    fn series(&self, fact: &Fact) -> Option<String> {
        let Fact::Series { rep, manager, state, options, start, .. } = fact else { return None };
        let what = match state {
            SeriesStage::Proposed => {
                let times: Vec<String> = options.iter().map(|start| self.at(*start)).collect();
                format!("a standing time is proposed, from {} on", times.join(" or "))
            }
            SeriesStage::NoTime => "no standing time fits the next six weeks".to_owned(),
            SeriesStage::Declined => "no standing time is wanted for now".to_owned(),
            SeriesStage::Silent => "nobody answered about a standing time".to_owned(),
            SeriesStage::Withdrawn => "the standing time proposed is withdrawn".to_owned(),
            SeriesStage::Booked => {
                let from = start.map_or_else(String::new, |start| format!(", from {} on", self.at(start)));
                format!("a standing time is booked{from}")
            }
            SeriesStage::Released => "the standing time booked is taken back".to_owned(),
        };
        Some(format!("{}: {what}", self.pair(*rep, *manager)))
    }

    /// Mails, sources and Drumbeat itself.
    fn machinery(&self, fact: &Fact) -> Option<String> {
        Some(match fact {
            Fact::Mail { to, subject, .. } => {
                format!("mail to {}: {}", self.name(*to), fill_names(subject, self.people))
            }
            Fact::MailRefused { kind, to, code, .. } => {
                format!("mail ({}) to {} was refused: {code}", phrase::mail_kind(*kind), self.name(*to))
            }
            Fact::MailDropped { kind, to, why, .. } => {
                format!("mail ({}) to {} was dropped: {why}", phrase::mail_kind(*kind), self.name(*to))
            }
            Fact::Overlap { who, rep, manager, start, keep, .. } => {
                let what = if *keep { "keeps it" } else { "wants to move it" };
                let pair = self.pair(*rep, *manager);
                format!(
                    "{pair}: another meeting lies over the 1-on-1 on {}; {} {what}",
                    self.at(*start),
                    self.name(*who)
                )
            }
            Fact::Subscription { who, to_reports: true } => {
                format!("{} gets the weekly report by mail again", self.name(*who))
            }
            Fact::Subscription { who, to_reports: false } => {
                format!("{} wants no weekly report by mail", self.name(*who))
            }
            Fact::Started { mode } => format!("Drumbeat started; it {}", phrase::mode(*mode)),
            Fact::Reload { taken: true } => "new settings taken up".to_owned(),
            Fact::Reload { taken: false } => "new settings refused, the old ones go on".to_owned(),
            Fact::Mode { mode } => format!("from now on Drumbeat {}", phrase::mode(*mode)),
            Fact::Source { calendar, state, why } => {
                let why =
                    why.as_ref().map_or_else(String::new, |why| format!(": {}", phrase::source_why(why)));
                let calendar = names::calendar(self.people, *calendar);
                format!("the calendar {calendar} {}{why}", phrase::source_state(*state))
            }
            Fact::OpsNews { news } => self.news(news),
            other => self.by_hand(other)?,
        })
    }

    /// What those who run Drumbeat did.
    fn by_hand(&self, fact: &Fact) -> Option<String> {
        let (what, hand) = match fact {
            Fact::Paused { paused: true, hand } => ("every effect is stopped".to_owned(), hand),
            Fact::Paused { paused: false, hand } => ("effects go on".to_owned(), hand),
            Fact::AcceptedSource { calendar, hand } => {
                (format!("what {} answers is to be believed", names::calendar(self.people, *calendar)), hand)
            }
            Fact::Excused { rep, week, hand } => {
                (format!("{}: {week} owes nothing more", self.name(*rep)), hand)
            }
            Fact::Muted { who, week, muted, hand } => {
                let what = if *muted { "left alone" } else { "not left alone any more" };
                (format!("{}: 1-on-1s of {week} are {what}", self.name(*who)), hand)
            }
            Fact::Confirmed { rep, start, held, hand, .. } => {
                let what = if *held { "took place" } else { "did not take place" };
                (format!("{}: the 1-on-1 on {} {what}", self.name(*rep), self.at(*start)), hand)
            }
            Fact::Forgotten { who, hand } => (format!("{} was forgotten", self.name(*who)), hand),
            Fact::Restored { until, dropped, hand } => {
                let until = until.map_or_else(|| "its beginning".to_owned(), |until| self.at(until));
                let mails = phrase::count(*dropped, "mail was dropped", "mails were dropped");
                (format!("brought back from a backup that ends {until}; {mails}"), hand)
            }
            _ => return None,
        };
        let why = hand.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        Some(format!("{what}, by {}{why}", hand.operator))
    }

    fn news(&self, news: &OpsNews) -> String {
        format!("ops: {}", fill_names(&crate::tell::mails::ops_subject(news), self.people))
    }

    fn verdict(&self, judged: &Judged<'_>) -> String {
        let start = judged.from.or(judged.session.rid);
        let session = start.map_or_else(
            || "the 1-on-1".to_owned(),
            |start| format!("{}'s 1-on-1", self.zone.local(start).format("%A")),
        );
        let by = judged.by.map_or_else(String::new, |by| format!(" by {}", self.name(by)));
        let to = judged.to.map_or_else(String::new, |to| format!(", to {}", self.at(to)));
        let late = if judged.late { ", less than a day ahead" } else { "" };
        let sure = match judged.confidence {
            Confidence::Unsure => "unsure",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        };
        let evidence = evidence_words(judged.evidence, self.people, self.zone);
        let evidence = if evidence.is_empty() { evidence } else { format!(": {evidence}") };
        format!("{session} {}{by}{to}{late} ({sure}){evidence}", phrase::outcome(judged.verdict))
    }

    fn answer(
        &self,
        who: PersonId,
        action: crate::model::fact::Action,
        recovery: Option<RecoveryId>,
        option: Option<u32>,
    ) -> String {
        let which = option.map_or_else(String::new, |n| format!(" (number {n})"));
        let of = recovery.map_or_else(String::new, |id| format!("{}: ", self.rep(id)));
        format!("{of}{} {}{which}", self.name(who), phrase::action(action))
    }

    fn name(&self, id: PersonId) -> String {
        names::name(self.people, id)
    }

    fn rep(&self, recovery: RecoveryId) -> String {
        self.name(recovery.rep)
    }

    fn pair(&self, rep: PersonId, manager: PersonId) -> String {
        format!("{} \u{2194} {}", self.name(rep), self.name(manager))
    }

    fn at(&self, at: Moment) -> String {
        when::bare(at, self.zone)
    }
}

fn recovery(attempt: u32, state: RecoveryState, reason: Option<CloseReason>) -> String {
    match (state, reason) {
        (RecoveryState::Open, _) if attempt > 1 => format!("again one 1-on-1 short (attempt {attempt})"),
        (RecoveryState::Open, _) => "one 1-on-1 short: another time is looked for".to_owned(),
        (RecoveryState::Proposed, _) => "times are offered".to_owned(),
        (RecoveryState::Booked, _) => "a new time is booked".to_owned(),
        (RecoveryState::Closed, Some(reason)) => format!("closed: {}", phrase::close_reason(reason)),
        (RecoveryState::Closed, None) => "closed".to_owned(),
    }
}

/// The rules that block most, first.
fn blocked(why: &BTreeMap<String, u32>) -> String {
    let mut counts: Vec<(&String, &u32)> = why.iter().filter(|(_, count)| **count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let words: Vec<String> =
        counts.iter().map(|(rule, count)| format!("{count} {}", phrase::blocked_by(rule))).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

fn week_row(counts: &WeekCounts) -> String {
    let mut parts = vec![format!("{} took place", report::coverage(counts).words())];
    for (count, word) in
        [(counts.recovered, "recovered"), (counts.excused, "excused"), (counts.missed, "missed")]
    {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.join(", ")
}
