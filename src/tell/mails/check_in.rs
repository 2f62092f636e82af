//! Whether 1-on-1s took place, once a week; and, when another meeting comes to lie over one, what is to become of it.

use super::Desk;
use crate::model::letter::{CheckInItem, Known, Letter};
use crate::model::page::Door;
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::tell::body::{Block, Body, Choice, Link};
use crate::tell::link::{self, Pass};

pub(super) fn body(desk: &Desk<'_>, week: Week, items: &[CheckInItem], until: Moment) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    body.lead("Did your 1-on-1s take place? A calendar cannot know.");
    body.para("If all of this is right, there is nothing to do.");
    let pass = |item: u32| Pass { door: Door::CheckIn, who: desk.to, week, item, expires: until };
    for item in items {
        let known = match item.known {
            Known::Stood => "it stood in the calendar, so it counts as held.",
            Known::Fell => "it is no longer in the calendar, so it does not count.",
            Known::Unsure => "nobody can tell from the calendar.",
        };
        let name = desk.name(item.manager);
        body.para(format!("{}, with {name}: {known}", desk.at(item.start, item.manager)));
        let label = match item.known {
            Known::Stood => "It did not happen",
            Known::Fell => "We met anyway",
            Known::Unsure => "Say how it was",
        };
        if let Some(url) = desk.pass_url(&pass(link::short(&item.session))) {
            body.add(Block::Links(vec![Link { label: label.to_owned(), url }]));
        }
    }
    if let Some(url) = desk.pass_url(&pass(0)) {
        body.add(Block::Choices(vec![Choice {
            label: "Answer for all of them".to_owned(),
            hint: String::new(),
            url: Some(url),
        }]));
    } else {
        body.para("If something is wrong, reply to this mail.");
    }
    body.small(format!(
        "An answer counts until {}. Only that it took place, or did not, is kept: never what it was about. Your word \
         counts before your manager's.",
        desk.at(until, desk.to)
    ));
    body
}

pub(super) fn overlap(desk: &Desk<'_>, letter: &Letter) -> Body {
    let mut body = Body::default();
    let Letter::Overlap { manager, rep, week, session, span } = letter else { return body };
    let pair = (*manager, *rep);
    let other = desk.other_of(pair);
    body.para(desk.greeting());
    body.lead(format!(
        "Another meeting in your calendar now lies over your 1-on-1 with {}: {}.",
        desk.name(other),
        desk.span(span, other)
    ));
    let item = link::short(session);
    let pass = Pass { door: Door::CheckIn, who: desk.to, week: *week, item, expires: span.start };
    if let Some(url) = desk.pass_url(&pass) {
        let choice =
            |label: &str| Choice { label: label.to_owned(), hint: String::new(), url: Some(url.clone()) };
        body.add(Block::Choices(vec![
            choice("I will keep the 1-on-1"),
            choice("Move it: show me free times"),
        ]));
    } else {
        body.para("Move the 1-on-1 or the other meeting in your calendar; Drumbeat sees it.");
    }
    body.small(
        "If you do not answer, nothing is changed. The 1-on-1 counts as held unless one of you says otherwise, and \
         the weekly report counts it apart.",
    );
    body
}
