//! The ledger in words as a page, for those who run Drumbeat.

use askama::Template;

use super::Weeks;
use crate::model::people::PersonId;
use crate::model::time::Week;
use crate::tell::body::Link;
use crate::tell::layout::written;
use crate::tell::names::{self, People};
use crate::tell::when;

/// Lines of a week that are shown: the newest.
const LINES_MOST: usize = 2000;

#[derive(Template)]
#[template(path = "explain.html")]
struct Html {
    title: String,
    about: String,
    weeks: Vec<Shown>,
    links: Vec<Link>,
}

struct Shown {
    title: String,
    lines: Vec<String>,
    more: usize,
}

/// What was gathered, the newest week first, with links to the weeks around it. `unread`: records of the ledger that
/// this version cannot read.
pub fn explain_page(told: &Weeks, who: Option<PersonId>, unread: u32, people: &dyn People) -> String {
    let weeks: Vec<(&Week, &Vec<String>)> = told.weeks().collect();
    let shown = |(week, lines): &(&Week, &Vec<String>)| {
        let more = lines.len().saturating_sub(LINES_MOST);
        Shown { title: format!("{week} ({})", when::week_days(**week)), lines: lines[more..].to_vec(), more }
    };
    let path = who.map_or_else(|| "/explain".to_owned(), |who| format!("/explain/{who}"));
    let around = weeks.first().map(|(week, _)| week.plus(-1)).into_iter();
    let around = around.chain(weeks.last().map(|(week, _)| week.next()));
    let link = |week: Week| Link {
        label: format!("Week of {}", when::week_days(week)),
        url: format!("{path}?week={week}"),
    };
    let (title, about) = match who {
        None => ("Everybody".to_owned(), "What happened, oldest first.".to_owned()),
        Some(who) => {
            let manager =
                told.manager_of(who).map(|manager| format!(", with {}", names::name(people, manager)));
            let address = names::address(people, who);
            (names::name(people, who), format!("{address}{}", manager.unwrap_or_default()))
        }
    };
    let about = match unread {
        0 => about,
        n => format!("{about} {n} records of the ledger cannot be read by this version."),
    };
    written(&Html {
        title,
        about,
        weeks: weeks.iter().rev().map(shown).collect(),
        links: around.map(link).collect(),
    })
}
