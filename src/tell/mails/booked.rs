//! A slot was booked: to both, with the invitation.

use super::{Desk, fallen};
use crate::model::fact::Action;
use crate::model::letter::{BookedHow, Letter};
use crate::model::people::{BookVia, PersonId};
use crate::tell::body::{Block, Body, Link};
use crate::tell::link::Claim;
use crate::tell::names;
use crate::tell::phrase;

/// Longest agenda that is shown, in characters a line, and in lines.
const AGENDA_LINE_MOST: usize = 300;
const AGENDA_LINES_MOST: usize = 40;

pub(super) fn body(desk: &Desk<'_>, letter: &Letter) -> Body {
    let mut body = Body::default();
    let Letter::Booked { recovery, attempt, manager, rep, span, fallen, how, via, undo_until, .. } = letter
    else {
        return body;
    };
    let pair = (*manager, *rep);
    let session = phrase::sentence(&desk.session_of(pair));
    body.para(desk.greeting());
    body.lead(format!("{session} is booked: {}.", desk.span(span, desk.other_of(pair))));
    body.para(format!("{} {}", fallen::sentence(desk, pair, fallen), how_words(desk, pair, *how)));
    body.para(match via {
        BookVia::Mail => {
            "The invitation is part of this mail; your calendar shows it like any other. Please accept it there."
        }
        BookVia::Google if desk.to == *manager => "It stands in your calendar, and in theirs.",
        BookVia::Google => "It stands in your calendar. Please accept it there.",
    });
    details(&mut body, desk);
    body.para(format!(
        "If it does not suit you, decline it, or agree on another time with {} and make that event yourselves: \
         your own choice always wins, and this one is taken back.",
        desk.first(desk.other_of(pair))
    ));
    if let Some(until) = undo_until {
        let expires = (*until).min(span.start);
        let claim = Claim {
            who: desk.to,
            subject: *recovery,
            attempt: *attempt,
            round: 0,
            action: Action::Undo,
            option: None,
            start: Some(span.start),
            expires,
        };
        if let Some(url) = desk.url(&claim) {
            let label = format!("Undo this booking (until {})", desk.at(expires, desk.to));
            body.add(Block::Links(vec![Link { label, url }]));
        }
    }
    body
}

fn how_words(desk: &Desk<'_>, (manager, rep): (PersonId, PersonId), how: BookedHow) -> String {
    match how {
        BookedHow::Auto => "Drumbeat took the best time this week that is free for both of you.".to_owned(),
        BookedHow::Silence if desk.to == manager => {
            "There was no answer to the times offered, so the first free one was booked, as that mail said."
                .to_owned()
        }
        BookedHow::Silence => "The time is free in both calendars.".to_owned(),
        BookedHow::Chosen { by } if by == desk.to => "You chose this time.".to_owned(),
        BookedHow::Chosen { by } if by == manager || by == rep => {
            format!("{} chose this time.", desk.first(by))
        }
        BookedHow::Chosen { by } => format!("{} chose this time.", desk.name(by)),
    }
}

/// How to join, what to talk about. The conference link is from a calendar: shown, but not made a link.
pub(super) fn details(body: &mut Body, desk: &Desk<'_>) {
    let extras = &desk.ctx.extras;
    if let Some(link) = &extras.link {
        body.para(format!("Join: {}", names::clean(link, 500)));
    }
    let agenda =
        extras.agenda.lines().take(AGENDA_LINES_MOST).map(|line| names::clean(line, AGENDA_LINE_MOST));
    let agenda: Vec<String> = agenda.filter(|line| !line.is_empty()).collect();
    if !agenda.is_empty() {
        body.heading("Agenda").list(agenda);
    }
    let is_web = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    if let Some(url) = extras.team_doc.as_ref().filter(is_web) {
        let link = Link { label: "Your running document".to_owned(), url: names::clean(url, 500) };
        body.add(Block::Links(vec![link]));
    }
}
