//! What is due from a manager in the week that begins, and what is at risk in it.

use super::Desk;
use crate::model::letter::Owed;
use crate::model::time::Week;
use crate::tell::body::Body;
use crate::tell::{phrase, when};

pub(super) fn body(desk: &Desk<'_>, week: Week, owed: &[Owed]) -> Body {
    let mut body = Body::default();
    body.para(desk.greeting());
    let short: Vec<&Owed> = owed.iter().filter(|one| one.standing < one.due).collect();
    let missing: u32 = short.iter().map(|one| one.due - one.standing).sum();
    body.lead(match missing {
        0 => format!("Week of {}: every 1-on-1 has a time, and some are at risk.", when::week_days(week)),
        n => format!(
            "Week of {}: {} yet.",
            when::week_days(week),
            phrase::count(n, "1-on-1 has no time", "1-on-1s have no time")
        ),
    });
    if !short.is_empty() {
        body.heading("Without a time").list(short.iter().map(|one| short_words(desk, one)).collect());
        body.para(
            "Put a time into your calendar where you know one. For what is still missing, Drumbeat looks for one \
             that is free for both of you.",
        );
    }
    let risks: Vec<String> = owed.iter().flat_map(|one| risk_words(desk, one)).collect();
    if !risks.is_empty() {
        body.heading("At risk").list(risks);
    }
    body.small("You get this on the first morning of a week, and only if something is due from you.");
    body
}

fn short_words(desk: &Desk<'_>, one: &Owed) -> String {
    let name = desk.name(one.rep);
    let missed = match one.missed {
        0 => "",
        _ => "; missed last week",
    };
    match (one.standing, one.due) {
        (0, 1) => format!("{name}: nothing in the calendar{missed}"),
        (standing, due) => format!("{name}: {standing} of {due} in the calendar{missed}"),
    }
}

fn risk_words(desk: &Desk<'_>, one: &Owed) -> Vec<String> {
    let name = desk.name(one.rep);
    let conflict = one
        .conflict
        .map(|start| format!("{name}, {}: another meeting lies over it", desk.at(start, one.rep)));
    let unanswered = one
        .unanswered
        .filter(|start| one.conflict != Some(*start))
        .map(|start| format!("{name}, {}: not accepted yet", desk.at(start, one.rep)));
    conflict.into_iter().chain(unanswered).collect()
}
