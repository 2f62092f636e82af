//! The cadence of a pair changes: said to both before it does.

use super::Desk;
use crate::model::letter::Letter;
use crate::tell::body::Body;
use crate::tell::{phrase, when};

pub(super) fn body(desk: &Desk<'_>, letter: &Letter) -> Body {
    let mut body = Body::default();
    let Letter::Cadence { manager, rep, from, before, after, on_plan } = letter else { return body };
    let pair = (*manager, *rep);
    body.para(desk.greeting());
    body.lead(format!(
        "From {} on, {} is due {}, {} each.",
        when::date(*from),
        desk.session_of(pair),
        phrase::rhythm(after),
        when::length(i64::from(after.minutes))
    ));
    body.para(format!(
        "Until then: {}, {} each.",
        phrase::rhythm(before),
        when::length(i64::from(before.minutes))
    ));
    if *on_plan {
        body.para(format!(
            "It goes with the plan that {} on. Nobody but the two of you and your line is told of it.",
            if desk.to == *rep { "you are".to_owned() } else { format!("{} is", desk.name(*rep)) }
        ));
    }
    body.para(if after.weight() > before.weight() {
        "Please add what is missing to your calendars. Where it is not there, Drumbeat looks for times that are free \
         for both of you."
    } else {
        "What stands in your calendars beyond that may stay: nothing is taken away."
    });
    body
}
