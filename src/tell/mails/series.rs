//! Standing series: days and hours to choose from for all of one manager's reps who want one, what was booked, and what
//! was taken back.

use super::{Desk, booked};
use crate::model::fact::{Action, ReleaseWhy};
use crate::model::letter::{Displaced, Letter};
use crate::model::people::{BookVia, PersonId};
use crate::model::series::{SeriesEvent, SeriesItem, SeriesTime};
use crate::tell::body::{Block, Body, Choice, Link};
use crate::tell::link::{self, Claim};
use crate::tell::{names, phrase, when};

pub(super) fn body(desk: &Desk<'_>, items: &[SeriesItem]) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    if let [item] = items {
        body.lead(phrase::sentence(&lead(desk, item)));
    } else {
        let number = phrase::sentence(&phrase::number(items.len() as u32));
        body.lead(format!("{number} of your reps are owed a 1-on-1 that has no standing time."));
        body.para("The times below fit together: you can take one for each of them.");
    }
    for item in items {
        if items.len() > 1 {
            body.heading(desk.name(item.series.rep));
            body.para(phrase::sentence(&lead(desk, item)));
        }
        one(&mut body, desk, item);
    }
    if !desk.has_links() {
        body.para(
            "To take a time, make a recurring event in your calendar and invite the other one. Drumbeat sees it. It \
             books nothing by itself.",
        );
    }
    body.small(
        "A series of your own at any other time is just as good: make it in your calendar, and this offer ends by \
         itself.",
    );
    body
}

/// What is missing, and for how long.
fn lead(desk: &Desk<'_>, item: &SeriesItem) -> String {
    let name = desk.name(item.series.rep);
    let weeks = format!("{} {}", phrase::number(item.weeks), if item.weeks == 1 { "week" } else { "weeks" });
    match item.standing {
        0 => format!("your 1-on-1 with {name} has had no standing time for {weeks}."),
        1 => {
            format!("one of your 1-on-1s with {name} has a standing time; for {weeks} now, another is owed.")
        }
        n => format!(
            "{} of your 1-on-1s with {name} have a standing time; for {weeks} now, another is owed.",
            phrase::number(n)
        ),
    }
}

fn one(body: &mut Body, desk: &Desk<'_>, item: &SeriesItem) {
    if item.options.is_empty() {
        body.para(
            "No time of the week is free for both of you in five of the next six. Drumbeat goes on looking for one \
             week by week. A standing time needs something to give way: a meeting of yours, or of theirs.",
        );
        return;
    }
    let every = if item.every_weeks > 1 { "as often as it is due" } else { "every week" };
    body.para(format!(
        "One click books it {every}, {} each{}, with an invitation to both of you.",
        when::length(i64::from(item.minutes)),
        item.last.map_or_else(String::new, |last| format!(", up to {}", when::date(last))),
    ));
    let choices = item.options.iter().zip(1..).map(|(time, n)| Choice {
        label: label(desk, item, time),
        hint: hint(desk, time),
        url: desk.url(&claim(desk.to, item, Action::Series, Some((n, time)))),
    });
    body.add(Block::Choices(choices.collect()));
    let Some(url) = desk.url(&claim(desk.to, item, Action::NotNow, None)) else { return };
    body.add(Block::Links(vec![Link { label: "Not now".to_owned(), url }]));
    body.para(format!(
        "Without an answer by {} nothing is booked, and you are not asked again for eight weeks.",
        desk.at(item.until, desk.to)
    ));
}

fn label(desk: &Desk<'_>, item: &SeriesItem, time: &SeriesTime) -> String {
    let other = names::zone(desk.ctx.people, item.series.rep);
    let weekly = when::weekly(&time.first, item.every_weeks, &desk.zone, &other);
    format!("{weekly}, from {} on", when::day(time.first.start, &desk.zone))
}

/// A word on a time, so that one can choose without looking anything up.
fn hint(desk: &Desk<'_>, time: &SeriesTime) -> String {
    let what = match time.displaces {
        Some(Displaced::Focus) => "a focus block",
        Some(Displaced::Tentative) => "a tentative event",
        None => {
            let days: Vec<String> = time.clashes.iter().map(|at| when::day(*at, &desk.zone)).collect();
            return match days.as_slice() {
                [] => "free for both of you in the next six weeks".to_owned(),
                days => format!("free but for {}", names::list(days)),
            };
        }
    };
    match time.displaces_of {
        Some(who) if who == desk.to => format!("over {what} of yours"),
        Some(who) => format!("over {what} of {}", desk.first(who)),
        None => format!("over {what}"),
    }
}

/// What a link about a series that is offered does: until it can be taken no more.
fn claim(to: PersonId, item: &SeriesItem, action: Action, picked: Option<(u32, &SeriesTime)>) -> Claim {
    Claim {
        option: picked.map(|(n, _)| n),
        start: picked.map(|(_, time)| time.first.start),
        ..link::series_claim(to, item.series, action, item.until)
    }
}

/// A series was booked: to both, with the invitation.
pub(super) fn booked(desk: &Desk<'_>, letter: &Letter) -> Body {
    let mut body = Body::default();
    let Letter::SeriesBooked { event, by, undo_until } = letter else { return body };
    let pair = (event.manager, event.series.rep);
    let session = phrase::sentence(&desk.session_of(pair));
    body.para(desk.greeting());
    body.lead(format!("{session} has a standing time: {}.", times(desk, event)));
    body.para(if *by == desk.to {
        "You chose this time.".to_owned()
    } else {
        format!("{} chose this time.", desk.first(*by))
    });
    body.para(match event.via {
        BookVia::Mail => {
            "The invitation to the series is part of this mail; your calendar shows it like any other. Please accept \
             it there."
        }
        BookVia::Google if desk.to == event.manager => "The series stands in your calendar, and in theirs.",
        BookVia::Google => "The series stands in your calendar. Please accept it there.",
    });
    booked::details(&mut body, desk);
    body.para(format!(
        "It is yours now: move or end it in your calendars as you like. If it does not suit you at all, agree on \
         another time with {}.",
        desk.first(desk.other_of(pair))
    ));
    if let Some(until) = undo_until {
        let claim = link::series_claim(desk.to, event.series, Action::UndoSeries, *until);
        if let Some(url) = desk.url(&Claim { start: Some(event.first.start), ..claim }) {
            let label = format!("Undo this series (until {})", desk.at(*until, desk.to));
            body.add(Block::Links(vec![Link { label, url }]));
        }
    }
    body
}

/// `Tuesdays, 10:00-10:30 Berlin, from Tue 24 Nov on, up to Thu 31 Dec`.
fn times(desk: &Desk<'_>, event: &SeriesEvent) -> String {
    let other = names::zone(desk.ctx.people, desk.other_of((event.manager, event.series.rep)));
    let weekly = when::weekly(&event.first, event.every_weeks, &desk.zone, &other);
    let until = event.last.map_or_else(String::new, |last| format!(", up to {}", when::date(last)));
    format!("{weekly}, from {} on{until}", when::day(event.first.start, &desk.zone))
}

/// A series was taken back: to both, with the cancellation.
pub(super) fn released(desk: &Desk<'_>, event: &SeriesEvent, why: ReleaseWhy) -> Body {
    let mut body = Body::default();
    let session = phrase::sentence(&desk.session_of((event.manager, event.series.rep)));
    body.para(desk.greeting());
    body.lead(format!("{session} has no standing time any more: {}.", times(desk, event)));
    body.para(format!("The reason: {}.", phrase::release_why(why)));
    body.para(match event.via {
        BookVia::Mail => "The cancellation is part of this mail; your calendar removes the series by itself.",
        BookVia::Google => "The series is gone from both calendars.",
    });
    body.para(match why {
        ReleaseWhy::Undo => "Where a week has no time, Drumbeat looks for one, as before.",
        _ => "There is nothing to do.",
    });
    body
}
