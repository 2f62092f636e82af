//! The pages behind the links in mails.
//!
//! A GET shows what the link would do and for whom; only a button on that page acts, by a plain form's POST
//! to the same address, with a nonce that nothing but this page carries: scanners that follow links, or post
//! to them blindly, change nothing. Pages work without styles, without a script and from the keyboard.

mod check_in;
mod offer;
mod report;
mod series;
mod subscription;

use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::model::policy::Voice;
use crate::model::zone::Moment;

use super::body::{Body, Button, Form, Link};
use super::layout::{Sheet, written};
use super::link::{LinkKey, Refused};
use super::names::{self, People};
use super::when;

pub use check_in::{Asked, Overlapping, check_in_page, overlap_page};
pub use offer::{OwnTime, again, all_done_page, all_page, done_page, gone, offer_page, own_time_refused};
pub use report::report_page;
pub use series::{series_answered, series_gone, series_page};
pub use subscription::{ONE_CLICK, subscription_page};

/// Name of the form's field that carries the nonce.
pub const NONCE_FIELD: &str = "nonce";
/// Name of the buttons.
pub const ANSWER_FIELD: &str = "answer";
/// Name of the field that says which session an answer is about.
pub const SESSION_FIELD: &str = "session";
/// Names of the fields for a time of one's own.
pub const DATE_FIELD: &str = "date";
/// …
pub const TIME_FIELD: &str = "time";

/// What pages are written with.
pub struct Desk<'a> {
    /// Who reads replies, and what links begin with.
    pub voice: &'a Voice,
    /// Who the numbers are.
    pub people: &'a dyn People,
    /// Signs the links to the other times.
    pub key: &'a LinkKey,
    /// Now.
    pub now: Moment,
}

/// There is no such report.
pub fn no_report(desk: &Desk<'_>) -> Page {
    desk.plain(404, "No report", "You are not among those who get a report any more. There is nothing to do.")
}

/// The recovery is over: nothing is left to answer.
pub fn closed(desk: &Desk<'_>) -> Page {
    let what = "This 1-on-1 is settled or its week is over. There is nothing to do.";
    desk.plain(200, "Nothing left to answer", what)
}

/// A token that is not taken.
pub fn refused(refused: Refused, desk: &Desk<'_>) -> Page {
    match refused {
        Refused::Expired => expired(desk),
        Refused::Forged | Refused::Malformed => forged(desk),
    }
}

/// The link's time is over.
pub fn expired(desk: &Desk<'_>) -> Page {
    let what = "The time it was for has begun or passed. \
                If the 1-on-1 is still missing, put any time this week into your calendar.";
    desk.plain(410, "This link has expired", what)
}

/// Not one of our links, or not all of it. Says nothing that its sender does not know.
pub fn forged(desk: &Desk<'_>) -> Page {
    let what = "It is incomplete, was changed on its way, or is no longer taken. \
                Please open it from the newest mail, or copy all of it.";
    desk.plain(404, "This link does not work", what)
}

/// Every effect is stopped by the operator.
pub fn paused(desk: &Desk<'_>) -> Page {
    let what = "Drumbeat is paused by those who run it, so nothing was changed. \
                Please make the event yourselves, or try again later.";
    desk.plain(503, "Paused", what)
}

/// No answer in time from the daemon's own loop.
pub fn busy(desk: &Desk<'_>) -> Page {
    let what = "Your answer arrived, but is still being worked on. Please open the link again in a minute: it \
                shows what became of it, and answering twice does no harm.";
    desk.plain(503, "One moment", what)
}

impl Desk<'_> {
    fn name(&self, id: PersonId) -> String {
        names::name(self.people, id)
    }

    fn at(&self, at: Moment, who: PersonId, other: PersonId) -> String {
        when::at_both(at, &names::zone(self.people, who), &names::zone(self.people, other))
    }

    /// A mail may have been passed on: whoever clicks sees as whom.
    fn acts_as(&self, who: PersonId) -> String {
        let (name, address) = (self.name(who), names::address(self.people, who));
        format!(
            "You answer as {name} ({address}). If that is not you, the mail was passed on: please close this page."
        )
    }

    fn foot(&self) -> Option<String> {
        let reply_to = &self.voice.reply_to;
        (!reply_to.is_empty()).then(|| format!("Questions? Write to {reply_to}."))
    }

    fn plain(&self, status: u16, title: &str, what: &str) -> Page {
        let mut body = Body::default();
        body.para(what);
        self.page(status, title, &body, None, &[])
    }

    /// A page; `who` is whom its buttons act as.
    fn page(
        &self,
        status: u16,
        title: &str,
        body: &Body,
        who: Option<PersonId>,
        foot_links: &[Link],
    ) -> Page {
        let mut foot: Vec<String> = who.map(|who| self.acts_as(who)).into_iter().collect();
        foot.extend(self.foot());
        Page::html(status, written(&Sheet { title, heading: Some(title), body, foot: &foot, foot_links }))
    }
}

/// A form with buttons.
fn form(nonce: &str, hidden: Vec<(&'static str, String)>, buttons: Vec<Button>) -> Form {
    let mut all = vec![(NONCE_FIELD, nonce.to_owned())];
    all.extend(hidden);
    Form { hidden: all, fields: Vec::new(), buttons }
}

fn button(label: impl Into<String>, value: &str, is_first: bool) -> Button {
    Button { label: label.into(), name: ANSWER_FIELD, value: value.to_owned(), is_first }
}
