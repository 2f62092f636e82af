//! Pages about standing series: what a link would do, and what became of it.

use super::{Desk, button, form};
use crate::model::fact::Action;
use crate::model::page::Page;
use crate::model::series::{Series, SeriesStage};
use crate::model::time::Span;
use crate::tell::body::{Block, Body};
use crate::tell::link::Claim;
use crate::tell::{names, when};

/// What a link about a series would do, with the button that does it. `nonce` comes back with the form.
pub fn series_page(claim: &Claim, series: &Series, nonce: &str, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    let whom = whom(claim, series, desk);
    let (title, button_label) = match claim.action {
        Action::NotNow => {
            body.para(format!(
                "No standing time is booked for your 1-on-1 with {whom}. You are not asked again for eight weeks; \
                 where a week has no time, Drumbeat looks for one."
            ));
            ("No standing time for now".to_owned(), "Not now".to_owned())
        }
        Action::UndoSeries => {
            body.para(format!(
                "The whole series is taken back: {}. Both of you get a cancellation.",
                series
                    .booking
                    .as_ref()
                    .map(|known| times(claim, series, &known.first, desk))
                    .unwrap_or_default()
            ));
            (format!("Take back the series with {whom}?"), "Take the series back".to_owned())
        }
        _ => {
            let times =
                offered(claim, series).map(|first| times(claim, series, &first, desk)).unwrap_or_default();
            body.lead(format!("{times}."));
            body.para(
                "It is booked as a series in both calendars, and both of you get an invitation. You can take it back \
                 until its first session begins.",
            );
            (format!("A standing 1-on-1 with {whom}?"), "Book this series".to_owned())
        }
    };
    body.add(Block::Form(form(nonce, Vec::new(), vec![button(button_label, "yes", true)])));
    desk.page(200, &title, &body, Some(claim.who), &[])
}

/// What became of a series: after an answer, and each time its link is opened again.
pub fn series_answered(claim: &Claim, series: &Series, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    let whom = whom(claim, series, desk);
    let title = match series.stage {
        SeriesStage::Booked => {
            if let Some(booking) = &series.booking {
                body.lead(format!("{}.", times(claim, series, &booking.first, desk)));
            }
            body.para(
                "Both of you get an invitation to the series. It is yours: move or end it as you like.",
            );
            format!("Booked: a standing 1-on-1 with {whom}")
        }
        SeriesStage::Released => {
            body.para(
                "The series is taken back, and both of you get a cancellation. Where a week has no time, Drumbeat \
                 looks for one, as before.",
            );
            "Taken back".to_owned()
        }
        SeriesStage::Declined => {
            body.para(
                "Nothing is booked, and you are not asked again for eight weeks. Where a week has no time, Drumbeat \
                 looks for one.",
            );
            "Not now".to_owned()
        }
        SeriesStage::Proposed | SeriesStage::NoTime | SeriesStage::Silent | SeriesStage::Withdrawn => {
            body.para(
                "These times are not offered any more: there is a series by now, what is owed has changed, or the \
                 time to answer is over. There is nothing to do.",
            );
            "Nothing left to answer".to_owned()
        }
    };
    desk.page(200, &title, &body, None, &[])
}

/// The time was free when it was offered, and is not any more.
pub fn series_gone(claim: &Claim, series: &Series, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    body.para(format!(
        "In two or more of the next weeks one of you has something else by now, so nothing was booked. Other times \
         for your 1-on-1 with {} come by mail, if any are free.",
        whom(claim, series, desk)
    ));
    desk.page(409, "That time is taken by now", &body, None, &[])
}

fn offered(claim: &Claim, series: &Series) -> Option<Span> {
    let nth = claim.option.unwrap_or(1).max(1) as usize - 1;
    series.options.get(nth).map(|time| time.first)
}

fn whom(claim: &Claim, series: &Series, desk: &Desk<'_>) -> String {
    desk.name(if claim.who == series.id.rep { series.manager } else { series.id.rep })
}

/// `Tuesdays, 10:00-10:30 Berlin, from Tue 24 Nov on, up to Thu 31 Dec`.
fn times(claim: &Claim, series: &Series, first: &Span, desk: &Desk<'_>) -> String {
    let other = if claim.who == series.id.rep { series.manager } else { series.id.rep };
    let (here, there) = (names::zone(desk.people, claim.who), names::zone(desk.people, other));
    let weekly = when::weekly(first, series.every_weeks, &here, &there);
    let until = series.last.map_or_else(String::new, |last| format!(", up to {}", when::date(last)));
    format!("{weekly}, from {} on{until}", when::day(first.start, &here))
}
