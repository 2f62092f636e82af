//! A leader's report as a page.

use super::Desk;
use crate::model::page::{Door, Page};
use crate::model::report::Health;
use crate::tell::body::{Block, Link};
use crate::tell::link::{self, Pass};
use crate::tell::report::{self, Picture};
use crate::tell::when;

/// The report of a week, with links to the weeks around it. `newest` is the last week there is a report of.
pub fn report_page(pass: &Pass, health: &Health, newest: crate::model::time::Week, desk: &Desk<'_>) -> Page {
    let mut body = report::body(health, desk.people, Picture::Drawn);
    let around = [pass.week.plus(-1), pass.week.next()];
    let links = around.into_iter().filter(|week| *week <= newest).map(|week| Link {
        label: format!("Week of {}", when::week_days(week)),
        url: link::pass_url(&desk.voice.public_url, &Pass { week, ..pass.clone() }, desk.key),
    });
    body.add(Block::Links(links.collect()));
    let title = format!("1-on-1s, week of {}", when::week_days(health.week));
    let stop = Pass { door: Door::Unsubscribe, ..pass.clone() };
    let foot = [Link {
        label: "This report by mail, or no longer".to_owned(),
        url: link::pass_url(&desk.voice.public_url, &stop, desk.key),
    }];
    desk.page(200, &title, &body, None, &foot)
}
