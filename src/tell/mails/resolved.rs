//! The closing mail to everybody who was told of an escalation.

use super::Desk;
use crate::model::fact::CloseReason;
use crate::model::people::PersonId;
use crate::model::zone::Moment;
use crate::tell::body::Body;
use crate::tell::phrase;

pub(super) fn body(
    desk: &Desk<'_>,
    pair: (PersonId, PersonId),
    how: CloseReason,
    start: Option<Moment>,
) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    body.lead(lead(desk, pair, how, start));
    body.para(match how {
        CloseReason::Missed => {
            "It counts as missed. The new week starts afresh; no further mail comes about this one."
        }
        _ => "You were told that this was open. It is closed now: there is nothing to do.",
    });
    body
}

/// How it ended, in a sentence.
pub(super) fn lead(
    desk: &Desk<'_>,
    pair: (PersonId, PersonId),
    how: CloseReason,
    start: Option<Moment>,
) -> String {
    let session = phrase::sentence(&desk.session_of(pair));
    let when = start.map(|start| desk.at(start, desk.other_of(pair)));
    match (how, when) {
        (CloseReason::Recovered, Some(when)) => format!("{session} took place in its new time: {when}."),
        (CloseReason::Recovered, None) => format!("{session} took place in its new time."),
        (CloseReason::Rescheduled, Some(when)) => format!("{session} has a new time: {when}."),
        (CloseReason::Rescheduled, None) => format!("{session} has a new time."),
        (CloseReason::Withdrawn, Some(when)) => format!("{session} is on: {when}."),
        (CloseReason::Withdrawn, None) => format!("{session} is settled: none is missing any more."),
        (CloseReason::Excused, _) => format!("{session} is excused this week: one of the two is away."),
        (CloseReason::RuleChanged, _) => {
            format!("{session} is not due any more: the roster or a rule changed.")
        }
        (CloseReason::Missed, _) => format!("{session} did not take place, and its week is over."),
    }
}
