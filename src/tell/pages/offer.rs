//! Pages about times that are offered, and about what was booked.

use super::{ANSWER_FIELD, DATE_FIELD, Desk, TIME_FIELD, button, form};
use crate::model::fact::{Action, RecoveryState};
use crate::model::letter::{Displaced, Offer};
use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::model::state::Recovery;
use crate::tell::body::{Block, Body, Field, Link};
use crate::tell::link::{self, Claim};
use crate::tell::names;

/// Value of the button that books a time of one's own.
const OWN: &str = "own";
/// Value of the button that does what the link says.
const YES: &str = "yes";

/// A date and a time that somebody wrote down, as the form sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTime {
    /// `2026-11-19`
    pub date: String,
    /// `15:30`
    pub time: String,
}

impl OwnTime {
    /// The time in a form, if that is what was sent.
    pub fn of(form: &std::collections::BTreeMap<String, String>) -> Option<Self> {
        let field = |name: &str| form.get(name).cloned();
        (form.get(ANSWER_FIELD).is_some_and(|value| value == OWN))
            .then(|| Some(Self { date: field(DATE_FIELD)?, time: field(TIME_FIELD)? }))?
    }
}

/// What a link would do, with the button that does it and the other times as links. `nonce` comes back with
/// the form; `own` is a time that was written down already.
pub fn offer_page(
    claim: &Claim,
    recovery: &Recovery,
    own: Option<&OwnTime>,
    nonce: &str,
    desk: &Desk<'_>,
) -> Page {
    let said = question(desk, claim, recovery);
    let mut body = Body::default();
    body.para(said.what);
    if claim.action == Action::None {
        own_time(&mut body, (claim, recovery), own, nonce, desk);
        body.heading("No time that suits you?").para(
            "The times offered are let go. If others in the same week are free for both of you, they come by mail \
             within minutes; if none is, you are told what stands in the way.",
        );
    }
    let is_first = claim.action != Action::None;
    body.add(Block::Form(form(nonce, Vec::new(), vec![button(said.button, YES, is_first)])));
    let others = others(desk, claim, recovery);
    if !others.is_empty() {
        body.heading("Or another time").add(Block::Alternatives(others));
    }
    desk.page(200, &said.title, &body, Some(claim.who), &[])
}

/// Asks for a date and a time within the week, in the clock of whoever answers.
fn own_time(
    body: &mut Body,
    (claim, recovery): (&Claim, &Recovery),
    given: Option<&OwnTime>,
    nonce: &str,
    desk: &Desk<'_>,
) {
    let zone = names::zone(desk.people, claim.who);
    let today = zone.local(desk.now).date();
    let last = recovery.id.week.monday() + chrono::Days::new(6);
    let mut own = form(nonce, Vec::new(), vec![button("Book my own time", OWN, true)]);
    own.fields = vec![
        Field {
            label: "Day".to_owned(),
            kind: "date",
            name: DATE_FIELD,
            value: given.map_or_else(|| today.min(last).to_string(), |own| own.date.clone()),
            least: today.min(last).to_string(),
            most: last.to_string(),
        },
        Field {
            label: format!("Time ({})", crate::tell::when::city(&zone)),
            kind: "time",
            name: TIME_FIELD,
            value: given.map(|own| own.time.clone()).unwrap_or_default(),
            least: String::new(),
            most: String::new(),
        },
    ];
    body.add(Block::Form(own));
}

/// The time somebody wrote down cannot be booked: why, and the page once more.
pub fn own_time_refused(
    why: &str,
    (claim, recovery): (&Claim, &Recovery),
    own: &OwnTime,
    nonce: &str,
    desk: &Desk<'_>,
) -> Page {
    let mut body = Body::default();
    body.lead(why);
    own_time(&mut body, (claim, recovery), Some(own), nonce, desk);
    desk.page(409, "That time cannot be booked", &body, Some(claim.who), &[])
}

/// All open times at once: what would be booked, with the one button that books them.
pub fn all_page(claim: &Claim, items: &[(&Recovery, Offer)], nonce: &str, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    body.para("One button books all of these. Each pair gets an invitation.");
    body.list(items.iter().map(|(recovery, offer)| line(desk, claim.who, recovery, offer)).collect());
    let label = format!("Book all {}", items.len());
    body.add(Block::Form(form(nonce, Vec::new(), vec![button(label, YES, true)])));
    desk.page(200, "Book the first time of each", &body, Some(claim.who), &[])
}

/// What became of all of them.
pub fn all_done_page(claim: &Claim, booked: &[Recovery], gone: u32, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    let title = match booked {
        [] => "Nothing to book",
        _ => "Booked",
    };
    body.list(booked.iter().filter_map(|recovery| desk.booked(claim.who, recovery)).collect());
    if booked.is_empty() && gone == 0 {
        body.para("All of these are answered already, or settled. There is nothing to do.");
    }
    if gone > 0 {
        body.para("Somebody's calendar filled up meanwhile for the rest: new times come by mail.");
    }
    let undo = booked.iter().filter_map(|recovery| undo(desk, claim, recovery)).collect::<Vec<_>>();
    if !undo.is_empty() {
        body.add(Block::Links(undo));
    }
    desk.page(200, title, &body, None, &[])
}

fn line(desk: &Desk<'_>, who: PersonId, recovery: &Recovery, offer: &Offer) -> String {
    let other = other(who, recovery);
    let over = match offer.displaces {
        None => "",
        Some(Displaced::Focus) => ", over a focus block",
        Some(Displaced::Tentative) => ", over a tentative event",
    };
    format!("{}: {}{over}", desk.name(other), desk.at(offer.span.start, who, other))
}

/// What was done; `recovery` as it stands now.
pub fn done_page(claim: &Claim, recovery: &Recovery, desk: &Desk<'_>) -> Page {
    let (title, what) = match (claim.action, desk.booked(claim.who, recovery)) {
        (Action::Accept | Action::Pick | Action::None, Some(booked)) => {
            ("Booked", format!("{booked} is booked. The invitation comes by mail."))
        }
        (Action::Accept | Action::Pick, None) => (
            "Thank you",
            "Your choice is taken down. The invitation comes by mail within minutes.".to_owned(),
        ),
        (Action::None, None) => (
            "Thank you",
            "Other times come by mail, if the week has any. A time of your own is just as good: put it into your \
             calendar, and Drumbeat stops asking."
                .to_owned(),
        ),
        (Action::Met, _) => ("Thank you", "It counts as held. No further mail comes about it.".to_owned()),
        (Action::Away, _) => {
            ("Thank you", "This week's 1-on-1 counts as excused. No further mail comes about it.".to_owned())
        }
        (Action::Held, _) => ("Thank you", "It counts as held.".to_owned()),
        // These are about a series and have pages of their own.
        (Action::Series | Action::NotNow | Action::UndoSeries, _) => ("Thank you", String::new()),
        (Action::NotHeld, _) => ("Thank you", "It counts as not held.".to_owned()),
        (Action::Undo | Action::Decline, _) => (
            "Taken back",
            "The booking is cancelled; both of you get the cancellation. \
             Drumbeat asks before it books another one."
                .to_owned(),
        ),
    };
    answered(desk, claim, recovery, title, &what)
}

/// The same answer once more: nothing happens, and what stands is shown.
pub fn again(claim: &Claim, recovery: &Recovery, desk: &Desk<'_>) -> Page {
    let what = match desk.booked(claim.who, recovery) {
        Some(booked) => format!("This was answered before. {booked} is booked."),
        None => "This was answered before; the answer stands, and there is nothing to do.".to_owned(),
    };
    answered(desk, claim, recovery, "Already answered", &what)
}

/// The time was taken meanwhile, or the offer is an old one: what is offered now, if anything is.
pub fn gone(claim: &Claim, recovery: Option<&Recovery>, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    let offers = recovery.and_then(|recovery| {
        let proposal = recovery.proposal.as_ref()?;
        let claim = Claim { attempt: recovery.attempt, round: proposal.round, option: None, ..claim.clone() };
        Some(links(desk, &claim, &proposal.offers, other(claim.who, recovery)))
    });
    match offers.filter(|offers| !offers.is_empty()) {
        Some(offers) => {
            body.para(
                "Somebody's calendar filled up meanwhile, so nothing was booked. These times are free now:",
            );
            body.add(Block::Alternatives(offers));
        }
        None => {
            body.para(
                "Somebody's calendar filled up meanwhile, so nothing was booked. New times come by mail, if the week \
                 has any.",
            );
        }
    }
    desk.page(409, "That time is no longer free", &body, None, &[])
}

fn answered(desk: &Desk<'_>, claim: &Claim, recovery: &Recovery, title: &str, what: &str) -> Page {
    let mut body = Body::default();
    body.para(what);
    if let Some(undo) = undo(desk, claim, recovery) {
        body.add(Block::Links(vec![undo]));
    }
    desk.page(200, title, &body, None, &[])
}

/// The link that takes a booking back, until it begins.
fn undo(desk: &Desk<'_>, claim: &Claim, recovery: &Recovery) -> Option<Link> {
    let start = recovery.booking.as_ref()?.span.start;
    let claim = Claim {
        subject: recovery.id,
        attempt: recovery.attempt,
        round: 0,
        action: Action::Undo,
        option: None,
        start: Some(start),
        expires: start,
        ..claim.clone()
    };
    let url = link::url(&desk.voice.public_url, &claim, desk.key);
    let whom = desk.name(other(claim.who, recovery));
    (start > desk.now).then(|| Link { label: format!("Undo the booking with {whom}"), url })
}

/// What a page asks.
struct Question {
    title: String,
    what: String,
    button: String,
}

impl Desk<'_> {
    /// `Your 1-on-1 with Ana on Thu 19 Nov, 15:00 Berlin`, where one stands booked.
    fn booked(&self, who: PersonId, recovery: &Recovery) -> Option<String> {
        let other = other(who, recovery);
        let start = recovery.booking.as_ref()?.span.start;
        Some(format!("Your 1-on-1 with {} on {}", self.name(other), self.at(start, who, other)))
    }
}

fn question(desk: &Desk<'_>, claim: &Claim, recovery: &Recovery) -> Question {
    let other = other(claim.who, recovery);
    let name = desk.name(other);
    let time = claim.start.map(|start| desk.at(start, claim.who, other)).unwrap_or_default();
    let question = |title: String, what: &str, button: &str| Question {
        title,
        what: what.to_owned(),
        button: button.to_owned(),
    };
    match claim.action {
        Action::Accept | Action::Pick => Question {
            title: format!("1-on-1 with {name}"),
            what: format!("{time}. Both of you get an invitation by mail."),
            button: format!("Book {time}"),
        },
        Action::Decline | Action::Undo => question(
            format!("Take back the 1-on-1 with {name}"),
            &format!("{time}. The event is cancelled for both of you."),
            "Cancel this booking",
        ),
        Action::None => question(
            format!("Another time for {name}"),
            "Which time would suit you? Both of you get an invitation; their calendar is looked at first.",
            "None of these times",
        ),
        Action::Met => question(
            format!("You already met {name}"),
            "It counts as held, and the times offered are let go.",
            "We already met",
        ),
        Action::Away => question(
            "You are away this week".to_owned(),
            &format!("This week's 1-on-1 with {name} counts as excused, and nothing is booked."),
            "I'm away this week",
        ),
        Action::Series | Action::NotNow | Action::UndoSeries => {
            question(format!("1-on-1 with {name}"), "", "Answer")
        }
        Action::Held => question(
            format!("1-on-1 with {name}"),
            &format!("Did it take place? {time}"),
            "Yes, it took place",
        ),
        Action::NotHeld => {
            question(format!("1-on-1 with {name}"), &format!("Did it take place? {time}"), "No, it did not")
        }
    }
}

/// The other times of the same offer, as links to pages like this one.
fn others(desk: &Desk<'_>, claim: &Claim, recovery: &Recovery) -> Vec<Link> {
    let is_same = recovery.attempt == claim.attempt && recovery.state == RecoveryState::Proposed;
    let proposal = recovery.proposal.as_ref().filter(|proposal| is_same && proposal.round == claim.round);
    let offers = proposal.map(|proposal| proposal.offers.as_slice()).unwrap_or_default();
    links(desk, claim, offers, other(claim.who, recovery))
}

/// Links to the pages of times, but for the one that the claim is about.
fn links(desk: &Desk<'_>, claim: &Claim, offers: &[Offer], other: PersonId) -> Vec<Link> {
    let link = |(offer, n): (&Offer, u32)| {
        let start = offer.span.start;
        let claim = Claim {
            action: Action::Pick,
            option: Some(n),
            start: Some(start),
            expires: start,
            ..claim.clone()
        };
        Link {
            label: desk.at(start, claim.who, other),
            url: link::url(&desk.voice.public_url, &claim, desk.key),
        }
    };
    offers.iter().zip(1..).filter(|(_, n)| claim.option != Some(*n)).map(link).collect()
}

/// The one whom the clicker meets.
fn other(who: PersonId, recovery: &Recovery) -> PersonId {
    if who == recovery.id.rep { recovery.manager } else { recovery.id.rep }
}
