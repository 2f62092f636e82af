//! The pages behind the links in mails.
//!
//! A GET shows what the link would do and for whom; only the button on that page acts, by a plain form's POST
//! to the same address, with a nonce that nothing but this page carries: scanners that follow links, or post
//! to them blindly, change nothing. Pages work without styles, without a script and from the keyboard.

use crate::model::fact::{Action, RecoveryState};
use crate::model::letter::Offer;
use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::model::policy::Voice;
use crate::model::state::Recovery;
use crate::model::zone::Moment;

use super::body::{Block, Body, Link};
use super::html::Html;
use super::link::{self, Claim, LinkKey, Refused};
use super::names::{self, People};
use super::{layout, when};

/// Name of the form's field that carries the nonce.
pub const NONCE_FIELD: &str = "nonce";
/// `Content-Security-Policy` that lets a page do what it does and nothing else.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                          frame-ancestors 'none'; base-uri 'none'";

/// What pages are written with.
pub struct Desk<'a> {
    /// Who reads replies, and what links begin with.
    pub voice: &'a Voice,
    /// Who the numbers are.
    pub people: &'a dyn People,
    /// Signs the links to the other times.
    pub key: &'a LinkKey,
}

/// What a link would do, with the button that does it and the other times as links. `nonce` comes back with
/// the form.
pub fn offer_page(claim: &Claim, recovery: &Recovery, nonce: &str, desk: &Desk<'_>) -> Page {
    let said = desk.question(claim, recovery);
    let mut body = Body::default();
    body.para(said.what);
    let mut html = Html::default();
    layout::open(&mut html, &said.title);
    html.element("h1", "margin:0 0 12px;font-size:20px;line-height:1.3;", &said.title);
    layout::blocks(&mut html, &body);
    html.raw("<form method=\"post\">\n<input type=\"hidden\"").attr("name", NONCE_FIELD).attr("value", nonce);
    html.raw(">\n<button type=\"submit\" class=\"first\" style=\"width:100%;padding:13px 14px;border:1px solid #1b5fc1;border-radius:8px;background:#1b5fc1;color:#ffffff;font:inherit;font-weight:600;cursor:pointer;\">");
    html.text(&said.button).raw("</button>\n</form>\n");
    let others = desk.others(claim, recovery);
    if !others.is_empty() {
        let mut body = Body::default();
        body.heading("Or another time").add(Block::Alternatives(others));
        layout::blocks(&mut html, &body);
    }
    let who = desk.acts_as(claim.who);
    let mut foot = vec![who];
    foot.extend(desk.foot());
    layout::close(&mut html, &foot);
    Page { status: 200, html: html.finish() }
}

/// What was done; `recovery` as it stands now.
pub fn done_page(claim: &Claim, recovery: &Recovery, desk: &Desk<'_>) -> Page {
    let (title, what) = match (claim.action, desk.booked(claim, recovery)) {
        (Action::Accept | Action::Pick, Some(booked)) => {
            ("Booked", format!("{booked} is booked. The invitation comes by mail."))
        }
        (Action::Accept | Action::Pick, None) => (
            "Thank you",
            "Your choice is taken down. The invitation comes by mail within minutes.".to_owned(),
        ),
        (Action::None, _) => (
            "Thank you",
            "Other times come by mail, if the week has any. A time of your own is just as good.".to_owned(),
        ),
        (Action::Met, _) => ("Thank you", "It counts as held. No further mail comes about it.".to_owned()),
        (Action::Away, _) => {
            ("Thank you", "This week's 1-on-1 counts as excused. No further mail comes about it.".to_owned())
        }
        (Action::Held, _) => ("Thank you", "It counts as held.".to_owned()),
        (Action::NotHeld, _) => ("Thank you", "It counts as not held.".to_owned()),
        (Action::Undo | Action::Decline, _) => (
            "Taken back",
            "The booking is cancelled; both of you get the cancellation by mail. \
             Drumbeat asks before it books another one."
                .to_owned(),
        ),
    };
    desk.plain(200, title, &what)
}

/// The same answer once more: nothing happens, and what stands is shown.
pub fn again(claim: &Claim, recovery: &Recovery, desk: &Desk<'_>) -> Page {
    let what = match desk.booked(claim, recovery) {
        Some(booked) => format!("This was answered before. {booked} is booked."),
        None => "This was answered before; the answer stands, and there is nothing to do.".to_owned(),
    };
    desk.plain(200, "Already answered", &what)
}

/// The time was taken meanwhile.
pub fn gone(desk: &Desk<'_>) -> Page {
    let what = "Somebody's calendar filled up meanwhile, so nothing was booked. \
                New times come by mail, if the week has any.";
    desk.plain(409, "That time is no longer free", what)
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
    let what = "It is incomplete, or it was changed on its way. \
                Please open it from the mail again, or copy all of it.";
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

/// What a page asks.
struct Question {
    title: String,
    what: String,
    button: String,
}

impl Desk<'_> {
    fn name(&self, id: PersonId) -> String {
        names::name(self.people, id)
    }

    fn at(&self, at: Moment, claim: &Claim, other: PersonId) -> String {
        when::at_both(at, &names::zone(self.people, claim.who), &names::zone(self.people, other))
    }

    /// `Your 1-on-1 with Ana on Thu 19 Nov, 15:00 Berlin`, where one stands booked.
    fn booked(&self, claim: &Claim, recovery: &Recovery) -> Option<String> {
        let other = other(claim, recovery);
        let start = recovery.booking.as_ref()?.span.start;
        Some(format!("Your 1-on-1 with {} on {}", self.name(other), self.at(start, claim, other)))
    }

    fn question(&self, claim: &Claim, recovery: &Recovery) -> Question {
        let other = other(claim, recovery);
        let name = self.name(other);
        let time = claim.start.map(|start| self.at(start, claim, other)).unwrap_or_default();
        let question = |title: String, what: &str, button: &str| Question {
            title,
            what: what.to_owned(),
            button: button.to_owned(),
        };
        match claim.action {
            Action::Accept | Action::Pick => Question {
                title: format!("1-on-1 with {name}"),
                what: format!("{time}. Both of you get an invitation by mail."),
                button: format!("Book {time}"),
            },
            Action::Decline | Action::Undo => question(
                format!("Take back the 1-on-1 with {name}"),
                &format!("{time}. The event is cancelled for both of you."),
                "Cancel this booking",
            ),
            Action::None => question(
                format!("None of the times for {name}"),
                "The times offered are let go, and others are looked for in the same week.",
                "None of these times",
            ),
            Action::Met => question(
                format!("You already met {name}"),
                "It counts as held, and the times offered are let go.",
                "We already met",
            ),
            Action::Away => question(
                "You are away this week".to_owned(),
                &format!("This week's 1-on-1 with {name} counts as excused, and nothing is booked."),
                "I'm away this week",
            ),
            Action::Held => question(
                format!("1-on-1 with {name}"),
                &format!("Did it take place? {time}"),
                "Yes, it took place",
            ),
            Action::NotHeld => question(
                format!("1-on-1 with {name}"),
                &format!("Did it take place? {time}"),
                "No, it did not",
            ),
        }
    }

    /// The other times of the same offer, as links to pages like this one.
    fn others(&self, claim: &Claim, recovery: &Recovery) -> Vec<Link> {
        let is_same = recovery.attempt == claim.attempt && recovery.state == RecoveryState::Proposed;
        let proposal = recovery.proposal.as_ref().filter(|proposal| is_same && proposal.round == claim.round);
        let offers = proposal.map(|proposal| proposal.offers.as_slice()).unwrap_or_default();
        let other = other(claim, recovery);
        let link = |(offer, n): (&Offer, u32)| {
            let start = offer.span.start;
            let claim = Claim {
                action: Action::Pick,
                option: Some(n),
                start: Some(start),
                expires: start,
                ..claim.clone()
            };
            Link {
                label: self.at(start, &claim, other),
                url: link::url(&self.voice.public_url, &claim, self.key),
            }
        };
        offers.iter().zip(1..).filter(|(_, n)| claim.option != Some(*n)).map(link).collect()
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
        let mut html = Html::default();
        let mut body = Body::default();
        body.para(what);
        layout::open(&mut html, title);
        html.element("h1", "margin:0 0 12px;font-size:20px;line-height:1.3;", title);
        layout::blocks(&mut html, &body);
        let foot: Vec<String> = self.foot().into_iter().collect();
        layout::close(&mut html, &foot);
        Page { status, html: html.finish() }
    }
}

/// The one whom the clicker meets.
fn other(claim: &Claim, recovery: &Recovery) -> PersonId {
    if claim.who == claim.subject.rep { recovery.manager } else { claim.subject.rep }
}
