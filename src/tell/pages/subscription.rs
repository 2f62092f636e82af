//! Whether a leader gets their report by mail.

use super::{Desk, button, form};
use crate::model::page::Page;
use crate::tell::body::{Block, Body};
use crate::tell::link::Pass;

/// The body that a mail program posts for its reader, without looking at the page (RFC 8058, 3.1).
pub const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// How it stands, and the button that changes it.
pub fn subscription_page(pass: &Pass, is_subscribed: bool, nonce: &str, desk: &Desk<'_>) -> Page {
    let mut body = Body::default();
    let (title, what, button) = if is_subscribed {
        (
            "The weekly report",
            "You get it by mail. Without it, escalations still reach you: they are about one person who needs you.",
            button("Stop the weekly report", "stop", true),
        )
    } else {
        (
            "No weekly report",
            "You get it no longer by mail. Escalations still reach you: they are about one person who needs you.",
            button("Send me the weekly report again", "start", true),
        )
    };
    body.para(what).add(Block::Form(form(nonce, Vec::new(), vec![button])));
    desk.page(200, title, &body, Some(pass.who), &[])
}
