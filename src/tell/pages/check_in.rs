//! Pages that ask whether a 1-on-1 took place, and what should become of one that another meeting lies over.

use super::{Desk, SESSION_FIELD, button, form};
use crate::model::letter::{CheckInItem, Known, Offer};
use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::model::session::Expected;
use crate::tell::body::{Block, Body};
use crate::tell::link::{self, Pass};
use crate::tell::{names, when};

/// A session somebody is asked about, with what they said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub item: CheckInItem,
    /// Their word, if they gave one.
    pub word: Option<bool>,
}

/// Each session with what is known of it and the two answers; the pass's item comes first.
pub fn check_in_page(pass: &Pass, asked: &[Asked], nonce: &str, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    body.para(match asked {
        [] => "There is nothing to answer: no 1-on-1 of that week is known.",
        _ => {
            "What the calendar cannot know: did you two talk? Say only what is wrong or unsure; you can change an \
             answer here until it no longer counts."
        }
    });
    let id = |asked: &Asked| link::short(&asked.item.session);
    let (first, rest): (Vec<&Asked>, Vec<&Asked>) = asked.iter().partition(|asked| id(asked) == pass.item);
    for one in first.into_iter().chain(rest) {
        session(&mut body, pass, one, nonce, desk);
    }
    desk.page(200, "Did your 1-on-1s take place?", &body, Some(pass.who), &[])
}

fn session(body: &mut Body, pass: &Pass, asked: &Asked, nonce: &str, desk: &Desk<'_>) {
    let item = &asked.item;
    body.heading(format!(
        "{}, with {}",
        desk.at(item.start, pass.who, item.manager),
        desk.name(item.manager)
    ));
    body.para(match (asked.word, item.known) {
        (Some(true), _) => "You said: it took place.",
        (Some(false), _) => "You said: it did not take place.",
        (None, Known::Stood) => "It stood in the calendar until its end, so it counts as held.",
        (None, Known::Fell) => "It is no longer in the calendar, so it does not count.",
        (None, Known::Unsure) => "Nobody can tell from the calendar.",
    });
    let held = match item.known {
        Known::Fell => "We met anyway",
        Known::Stood | Known::Unsure => "It took place",
    };
    let mut buttons = Vec::new();
    if asked.word != Some(true) {
        buttons.push(button(held, "held", false));
    }
    if asked.word != Some(false) {
        buttons.push(button("It did not happen", "not_held", false));
    }
    let id = link::short(&item.session).to_string();
    body.add(Block::Form(form(nonce, vec![(SESSION_FIELD, id)], buttons)));
}

/// A session that another meeting lies over, and times at which both are free, if those were asked for.
#[derive(Debug, Clone)]
pub struct Overlapping<'a> {
    /// The session.
    pub session: &'a Expected,
    /// It was just said that it should move: the free times, best first.
    pub times: Option<Vec<Offer>>,
}

/// Asks what should become of it, or shows what was answered.
pub fn overlap_page(pass: &Pass, overlapping: &Overlapping<'_>, nonce: &str, desk: &Desk<'_>) -> Page {
    let session = overlapping.session;
    let other = if pass.who == session.rep { session.manager } else { session.rep };
    let title = format!("1-on-1 with {}", desk.name(other));
    let mut body = Body::default();
    let time = desk.at(session.span.start, pass.who, other);
    let Some(overlap) = session.overlap else {
        body.para(format!("{time}. Nothing lies over it any more. There is nothing to do."));
        return desk.page(200, &title, &body, None, &[]);
    };
    body.lead(format!("{time}. Another meeting in your calendar lies over it."));
    if let Some(times) = &overlapping.times {
        free_times(&mut body, times, (pass.who, other), desk);
    } else if overlap.is_kept {
        body.para("You said that you keep the 1-on-1. It counts like any other.");
    }
    let mut buttons = Vec::new();
    if !overlap.is_kept {
        buttons.push(button("I will keep the 1-on-1", "keep", true));
    }
    if overlapping.times.is_none() {
        buttons.push(button("Move it: show me free times", "move", false));
    }
    let id = link::short(&session.key).to_string();
    body.add(Block::Form(form(nonce, vec![(SESSION_FIELD, id)], buttons)));
    desk.page(200, &title, &body, Some(pass.who), &[])
}

/// The event is theirs, so they move it; Drumbeat sees that.
fn free_times(body: &mut Body, times: &[Offer], (who, other): (PersonId, PersonId), desk: &Desk<'_>) {
    if times.is_empty() {
        body.para(
            "In what is left of the week, no time is free for both of you. Moving the other meeting, or a shorter \
             1-on-1, may be the way.",
        );
        return;
    }
    body.para(
        "Both of you are free at these times. Move the event in your calendar to one of them: Drumbeat sees it, \
         and it counts as moved.",
    );
    let zones = (names::zone(desk.people, who), names::zone(desk.people, other));
    body.list(times.iter().map(|offer| when::span_both(&offer.span, &zones.0, &zones.1)).collect());
}
