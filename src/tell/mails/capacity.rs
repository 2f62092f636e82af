//! To a manager, before a week in which what they owe does not fit: how much is owed to whom, how much fits, what would help.

use super::Desk;
use crate::model::letter::{Change, Short};
use crate::model::people::PersonId;
use crate::model::time::Week;
use crate::tell::body::Body;
use crate::tell::no_slot::Teller;
use crate::tell::{phrase, when};

pub(super) fn body(
    desk: &Desk<'_>,
    week: Week,
    (owed, room): (&[Short], u32),
    (left, changes): (Option<PersonId>, &[Change]),
) -> Body {
    let mut body = Body::default();
    let minutes: u32 = owed.iter().map(|short| short.minutes).sum();
    body.para(desk.greeting());
    let fits = if room == 0 { "none fits".to_owned() } else { format!("only {room} fit") };
    body.lead(format!(
        "Week of {}: {} of 1-on-1s have no time yet, and {fits} into the hours you share with these people outside other meetings.",
        when::week_days(week),
        phrase::count(minutes, "minute", "minutes")
    ));
    let line =
        |short: &Short| format!("{}: {}", desk.name(short.rep), when::length(i64::from(short.minutes)));
    body.heading("Owed, and without a time").list(owed.iter().map(line).collect());
    if let Some(rep) = left.filter(|_| !changes.is_empty()) {
        let teller =
            Teller { people: desk.ctx.people, reader: Some(desk.to), zone: &desk.zone, pair: (desk.to, rep) };
        body.heading(format!("One of these would make room for {}", desk.name(rep)));
        body.list(changes.iter().map(|change| teller.change(change)).collect());
    }
    body.para(
        "Put a time into your calendar where you can make one. When the week begins, Drumbeat looks for times for what is still \
         missing, as many as there are.",
    );
    body.small("You get this once, on your last working day before a week that is too full.");
    body
}
