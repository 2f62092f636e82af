//! A booking was given up: to both, with the cancellation.

use super::Desk;
use crate::model::fact::ReleaseWhy;
use crate::model::people::{BookVia, PersonId};
use crate::model::time::Span;
use crate::tell::body::Body;
use crate::tell::phrase;

pub(super) fn body(
    desk: &Desk<'_>,
    pair: (PersonId, PersonId),
    span: &Span,
    why: ReleaseWhy,
    via: BookVia,
) -> Body {
    let mut body = Body::default();
    let session = phrase::sentence(&desk.session_of(pair));
    body.para(desk.greeting());
    body.lead(format!("{session} of {} is taken back.", desk.span(span, desk.other_of(pair))));
    body.para(format!("The reason: {}.", phrase::release_why(why)));
    body.para(match via {
        BookVia::Mail => "The cancellation is part of this mail; your calendar removes the event by itself.",
        BookVia::Google => "The event is gone from both calendars.",
    });
    body.para(what_next(why));
    body
}

fn what_next(why: ReleaseWhy) -> &'static str {
    match why {
        ReleaseWhy::OwnChoice | ReleaseWhy::Withdrawn => "There is nothing to do: the other time counts.",
        ReleaseWhy::Undo => "Drumbeat asks before it books another one.",
        ReleaseWhy::Declined | ReleaseWhy::NotDelivered | ReleaseWhy::Deleted => {
            "The 1-on-1 is still due this week. Drumbeat looks for another time; one of your own is just as good."
        }
        ReleaseWhy::RuleChanged | ReleaseWhy::Excused => "There is nothing to do.",
    }
}
