//! Times to choose from, for all that is open of one manager.

use super::{Desk, fallen};
use crate::model::fact::{Action, RecoveryId};
use crate::model::letter::{Displaced, Offer, ProposalItem};
use crate::model::people::PersonId;
use crate::model::policy::OnSilence;
use crate::model::zone::Moment;
use crate::tell::body::{Block, Body, Choice, Link};
use crate::tell::link::Claim;
use crate::tell::phrase;

pub(super) fn body(desk: &Desk<'_>, items: &[ProposalItem], on_silence: OnSilence) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    if let [item] = items {
        let session = desk.session_of(pair(desk, item));
        body.lead(phrase::sentence(&format!("{session} needs a time this week.")));
    } else {
        let number = phrase::sentence(&phrase::number(items.len() as u32));
        body.lead(format!("{number} 1-on-1s need a time this week."));
        body.para("The times below fit together: you can take one for each of them.");
        if let Some(url) = desk.url(&all(desk, items)) {
            let label = "Take the first time of each".to_owned();
            body.add(Block::Choices(vec![Choice { label, hint: String::new(), url: Some(url) }]));
        }
    }
    for item in items {
        if items.len() > 1 {
            body.heading(desk.name(other(desk, item)));
        }
        one(&mut body, desk, item, on_silence);
    }
    if !desk.has_links() {
        body.para(
            "To take a time, put it into your calendar and invite the other one, or reply to this mail. \
             Drumbeat sees the new event and stops asking. It books nothing by itself.",
        );
    }
    body.small(
        "Any other time this week is just as good: make the event yourselves, and this offer ends by itself.",
    );
    body
}

fn one(body: &mut Body, desk: &Desk<'_>, item: &ProposalItem, on_silence: OnSilence) {
    let other = other(desk, item);
    body.para(fallen::sentence(desk, pair(desk, item), &item.fallen));
    let choices = item.offers.iter().zip(1..).map(|(offer, n)| Choice {
        label: desk.span(&offer.span, other),
        hint: hint(desk, item, offer),
        url: desk.url(&claim(desk, item, Action::Pick, Some((n, offer)))),
    });
    body.add(Block::Choices(choices.collect()));
    if !desk.has_links() {
        return;
    }
    let quiet = [
        (Action::None, "None of these: another time"),
        (Action::Met, "We already met"),
        (Action::Away, "I'm away this week"),
    ];
    let links = quiet.into_iter().filter_map(|(action, label)| {
        let url = desk.url(&claim(desk, item, action, None))?;
        Some(Link { label: label.to_owned(), url })
    });
    body.add(Block::Links(links.collect()));
    body.para(silence(desk, item, on_silence));
}

/// What happens if nobody answers: silence only ever books free time.
fn silence(desk: &Desk<'_>, item: &ProposalItem, on_silence: OnSilence) -> String {
    let deadline = desk.at(item.deadline, desk.to);
    let has_free = item.offers.iter().any(|offer| offer.displaces.is_none());
    match (on_silence, item.silence) {
        (OnSilence::Book, Some(n)) => {
            format!("Without an answer by {deadline}, the {} time is booked.", nth(n))
        }
        (OnSilence::Book, None) if has_free => format!(
            "Without an answer by {deadline}, a later free time of this week is booked, if there is one."
        ),
        (OnSilence::Book, None) => {
            format!("Nothing is booked without your click. The times are held for you until {deadline}.")
        }
        (OnSilence::Escalate, _) => format!(
            "Nothing is booked without your click. The times are held for you until {deadline}; \
             without an answer by then, it is escalated."
        ),
    }
}

fn nth(n: u32) -> String {
    match n {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        n => format!("{n}th"),
    }
}

/// A word on a time, so that one can choose without looking anything up.
fn hint(desk: &Desk<'_>, item: &ProposalItem, offer: &Offer) -> String {
    let what = match offer.displaces {
        None => return free_hint(desk, item, offer).to_owned(),
        Some(Displaced::Focus) => "focus block",
        Some(Displaced::Tentative) => "tentative event",
    };
    let whose = match offer.displaces_of {
        None => format!("over a {what}"),
        Some(who) if who == desk.to => format!("over your {what}"),
        Some(who) => format!("over a {what} of {}", desk.first(who)),
    };
    format!("{whose}: only your choice books it")
}

fn free_hint(desk: &Desk<'_>, item: &ProposalItem, offer: &Offer) -> &'static str {
    let day = |at: Moment| desk.zone.local(at).date();
    let same_day = item.fallen.start.is_some_and(|start| day(start) == day(offer.span.start));
    match (offer.is_usual_hour, same_day) {
        (true, _) => "the usual hour, free for both of you",
        (false, true) => "the same day, free for both of you",
        (false, false) => "free for both of you",
    }
}

/// The pair of an item: manager, rep.
fn pair(desk: &Desk<'_>, item: &ProposalItem) -> (PersonId, PersonId) {
    (item.manager.unwrap_or(desk.to), item.recovery.rep)
}

/// The one whom the reader meets.
fn other(desk: &Desk<'_>, item: &ProposalItem) -> PersonId {
    desk.other_of(pair(desk, item))
}

/// The first time of all that is open for this reader: no item of its own, so the ordinal is 0.
fn all(desk: &Desk<'_>, items: &[ProposalItem]) -> Claim {
    let first = &items[0];
    let last = items.iter().flat_map(|item| &item.offers).map(|offer| offer.span.start).max();
    Claim {
        who: desk.to,
        subject: RecoveryId { ordinal: 0, ..first.recovery },
        attempt: first.attempt,
        round: first.round,
        action: Action::Accept,
        option: None,
        start: None,
        expires: last.unwrap_or(first.deadline),
    }
}

/// A time can be taken until it begins; the other answers make sense until the last one has begun.
fn claim(desk: &Desk<'_>, item: &ProposalItem, action: Action, picked: Option<(u32, &Offer)>) -> Claim {
    let last: Moment = item.offers.iter().map(|offer| offer.span.start).max().unwrap_or(item.deadline);
    Claim {
        who: desk.to,
        subject: item.recovery,
        attempt: item.attempt,
        round: item.round,
        action,
        option: picked.map(|(n, _)| n),
        start: picked.map(|(_, offer)| offer.span.start),
        expires: picked.map_or(last, |(_, offer)| offer.span.start),
    }
}
