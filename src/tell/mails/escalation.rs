//! Somebody must know: what happened, what was tried, and the smallest thing that would help.

use super::Desk;
use crate::model::fact::{Outcome, Trigger};
use crate::model::letter::{Letter, NoSlotWhy};
use crate::model::people::PersonId;
use crate::model::zone::Moment;
use crate::tell::body::Body;
use crate::tell::no_slot::Teller;
use crate::tell::{phrase, when};

/// Lines of history that are shown: the newest.
const HISTORY_MOST: usize = 3;
/// Rules that are named, those that block most first.
const RULES_MOST: usize = 4;
/// Pairs that one mail names, where many fell through at once.
const MANY_MOST: usize = 60;
/// Rules that only say that nobody meets by night or yesterday: named where nothing else stands in the way.
const PLAIN_RULES: [&str; 4] = ["past", "week_end", "hours_manager", "hours_rep"];

pub(super) fn body(desk: &Desk<'_>, letter: &Letter) -> Body {
    let mut body = Body::default();
    let Letter::Escalation { rep, manager, week, trigger, step, history, no_slot, on_plan } = letter else {
        return body;
    };
    let pair = (*manager, *rep);
    body.para(desk.greeting());
    body.lead(lead(desk, pair, *trigger));
    if *on_plan {
        body.para(format!(
            "{} is on a plan, in which no 1-on-1 may be missed. This is told to their manager and the manager's \
             line alone.",
            desk.name(*rep)
        ));
    }
    told(&mut body, desk, history);
    if let Some(why) = no_slot {
        no_slot_words(&mut body, desk, pair, why);
    }
    body.heading("What would help").para(ask(desk, pair, *trigger));
    body.small(format!(
        "Week of {}. {} Why you get this: {}.",
        when::week_days(*week),
        if *step <= 1 { "This is the first notice." } else { "It was said before and is still open." },
        phrase::trigger(*trigger)
    ));
    body
}

/// Several at once: each in a line or two, the most pressing reason of all said once.
pub(super) fn many(desk: &Desk<'_>, letters: &[Letter]) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    let number = phrase::sentence(&phrase::number(letters.len() as u32));
    let are_over = matches!(letters.first(), Some(Letter::Resolved { .. }));
    let what = if are_over { "that were escalated are over." } else { "fell through at once and need you." };
    body.lead(format!("{number} 1-on-1s {what}"));
    let line = |letter: &Letter| match letter {
        Letter::Escalation { rep, manager, trigger, .. } => Some(lead(desk, (*manager, *rep), *trigger)),
        Letter::Resolved { rep, manager, how, start, .. } => {
            Some(super::resolved::lead(desk, (*manager, *rep), *how, *start))
        }
        _ => None,
    };
    body.list(letters.iter().filter_map(line).take(MANY_MOST).collect());
    if let Some(more) = letters.len().checked_sub(MANY_MOST).filter(|more| *more > 0) {
        body.small(format!("... and {more} more."));
    }
    if are_over {
        return body;
    }
    body.heading("What would help").para(
        "Put any times this week into the calendar, even short ones, or say by reply that the week is lost. Drumbeat \
         sees new events, and each of these is closed by itself.",
    );
    body
}

fn lead(desk: &Desk<'_>, pair: (PersonId, PersonId), trigger: Trigger) -> String {
    let session = phrase::sentence(&desk.session_of(pair));
    match trigger {
        Trigger::NoSlot => format!("{session} fell through, and no free time is left for it this week."),
        Trigger::Silence => {
            format!("{session} still has no time this week: the times offered were not answered.")
        }
        Trigger::Again => format!("{session} fell through again: the new time was cancelled too."),
        Trigger::TwoCancellations => {
            format!("{session} fell through twice within four weeks. It should be made up for this week.")
        }
        Trigger::Skips => format!("{session} has been missed for more weeks in a row than agreed."),
        Trigger::Plan => format!("{session} was missed."),
        Trigger::Target if desk.to == pair.0 => {
            "Over the last weeks, fewer of your 1-on-1s took place than the target asks.".to_owned()
        }
        Trigger::Target => {
            format!(
                "Over the last weeks, fewer 1-on-1s of {} took place than the target asks.",
                desk.name(pair.0)
            )
        }
        Trigger::Source => format!("{session} cannot be followed: a calendar cannot be read."),
    }
}

fn told(body: &mut Body, desk: &Desk<'_>, history: &[(Moment, Outcome)]) {
    if history.is_empty() {
        return;
    }
    let newest = &history[history.len().saturating_sub(HISTORY_MOST)..];
    body.heading("What happened").list(
        newest
            .iter()
            .map(|(start, outcome)| {
                format!("The one of {} {}", when::at(*start, &desk.zone), phrase::outcome(*outcome))
            })
            .collect(),
    );
}

fn no_slot_words(body: &mut Body, desk: &Desk<'_>, pair: (PersonId, PersonId), why: &NoSlotWhy) {
    let teller = Teller { people: desk.ctx.people, reader: Some(desk.to), zone: &desk.zone, pair };
    let crowded = [teller.shared(why), teller.rival(why)];
    let mut counts: Vec<(&String, &u32)> = why.counts.iter().filter(|(_, count)| **count > 0).collect();
    if counts.iter().any(|(rule, _)| !PLAIN_RULES.contains(&rule.as_str())) {
        counts.retain(|(rule, _)| !PLAIN_RULES.contains(&rule.as_str()));
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    if !counts.is_empty() || crowded.iter().any(Option::is_some) {
        body.heading("Why there is no time");
        for sentence in crowded.into_iter().flatten() {
            body.para(sentence);
        }
    }
    if !counts.is_empty() {
        body.list(
            counts
                .iter()
                .take(RULES_MOST)
                .map(|(rule, count)| {
                    let times = phrase::count(**count, "possible time", "possible times");
                    format!("{times}: {}", phrase::blocked_by(rule))
                })
                .collect(),
        );
    }
    if !why.changes.is_empty() {
        body.heading("One of these would open a time");
        body.list(why.changes.iter().map(|change| teller.change(change)).collect());
    }
    if let Some(next) = why.next_week {
        body.para(format!(
            "The first free time of next week is {}. It helps, but this week still counts as missed.",
            desk.at(next, desk.other_of(pair))
        ));
    }
}

fn ask(desk: &Desk<'_>, (manager, rep): (PersonId, PersonId), trigger: Trigger) -> String {
    let is_manager = desk.to == manager;
    match trigger {
        Trigger::Target if is_manager => {
            "Look at the coming week first: which 1-on-1s stand where they always fall through? Moving the \
             standing slot usually helps more than defending it."
                .to_owned()
        }
        Trigger::Target => format!(
            "Ask {} what is in the way: too many reports, a bad standing hour, or the customers' calendar.",
            desk.first(manager)
        ),
        Trigger::Source => {
            "Somebody must give Drumbeat a calendar that it can read; ops know of it.".to_owned()
        }
        _ if is_manager => format!(
            "Put any time this week into the calendar with {}, even a short one. Drumbeat sees it and this is \
             closed by itself.",
            desk.first(rep)
        ),
        _ => format!(
            "A word with {}: it may be enough to free half an hour this week. As soon as a time is in the \
             calendar, this is closed by itself.",
            desk.first(manager)
        ),
    }
}
