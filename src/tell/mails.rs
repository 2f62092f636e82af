//! An outbox row → the mail that it is. One file a letter; what all have in common is here.

mod booked;
mod cadence;
mod capacity;
mod check_in;
mod escalation;
mod fallen;
mod monday;
mod ops;
mod proposal;
mod released;
mod resolved;
mod series;
mod subject;
mod welcome;

use crate::model::letter::Letter;
use crate::model::mail::{Image, Invitation, Mail, MailKind};
use crate::model::page::Door;
use crate::model::people::PersonId;
use crate::model::policy::Voice;
use crate::model::state::OutboxRow;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

use super::body::{Block, Body, Link};
use super::layout::{Sheet, written};
use super::link::{self, Claim, LinkKey, Pass};
use super::names::{self, People};
use super::report::{self, Picture};
use super::{chart, when};

pub use subject::{fill_names, ops_subject, subject_for_ledger};

/// Longest subject, in characters.
const SUBJECT_MOST: usize = 200;
/// A report's links work for so many days.
const REPORT_LINK_DAYS: i64 = 400;

/// What is only known when a mail is sent, and is not kept in the ledger.
#[derive(Debug, Clone, Default)]
pub struct Extras<'a> {
    /// The pair's usual conference link: from a calendar, so it is shown as text and never made a link.
    pub link: Option<String>,
    /// The configured agenda; may be empty.
    pub agenda: &'a str,
    /// The pair's running document, from the roster.
    pub team_doc: Option<String>,
    /// The calendar part, for letters that have one.
    pub invitation: Option<Invitation>,
}

/// What a mail is written with.
pub struct Context<'a> {
    /// How mails are signed, and what links begin with.
    pub voice: &'a Voice,
    /// Who the numbers are.
    pub people: &'a dyn People,
    /// Signs links.
    pub key: &'a LinkKey,
    /// What is not in the row.
    pub extras: Extras<'a>,
}

/// The mail of a row: the same row, people and key give the same bytes.
pub fn mail(row: &OutboxRow, ctx: &Context<'_>) -> Mail {
    let kind = row.letter.kind();
    let desk = Desk { ctx, to: row.to, zone: names::zone(ctx.people, row.to) };
    let subject = names::cut(&fill_names(&subject_for_ledger(row), ctx.people), SUBJECT_MOST);
    let mut body = body(row, &desk);
    let foot = foot(ctx.voice, kind);
    let (open, stop) = report_links(row, &desk);
    if let Some(url) = open {
        body.add(Block::Links(vec![Link { label: "Open this report in a browser".to_owned(), url }]));
    }
    let known = ctx.people.get(row.to);
    let message_id = message_id(row, ctx.voice);
    let thread = row.thread.as_ref().map(|thread| full_id(thread, ctx.voice));
    let image = match &row.letter {
        Letter::Health(health) => {
            Some(Image { cid: cid(row, ctx.voice), png: chart::png(&report::drawing(health)) })
        }
        _ => None,
    };
    let foot_links: Vec<Link> =
        stop.iter().map(|url| Link { label: "No longer by mail".to_owned(), url: url.clone() }).collect();
    let mut text = format!("{}\n-- \n{}", body.text(), as_text(&foot));
    text.extend(stop.iter().flat_map(|url| ["No longer by mail: ", url, "\n"]));
    Mail {
        kind,
        to: row.to,
        to_address: known.as_ref().map(|person| names::clean(&person.address, 254)).unwrap_or_default(),
        to_name: known.map(|person| names::clean(&person.name, 60)).unwrap_or_default(),
        from_name: ctx.voice.from_name.clone(),
        from_address: ctx.voice.from_address.clone(),
        reply_to: ctx.voice.reply_to.clone(),
        text,
        html: written(&Sheet {
            title: &subject,
            heading: None,
            body: &body,
            foot: &foot,
            foot_links: &foot_links,
        }),
        subject,
        invitation: ctx.extras.invitation.clone(),
        image,
        thread: thread.filter(|thread| *thread != message_id),
        message_id,
        list_id: (kind == MailKind::Health).then(|| format!("health.{}", domain(ctx.voice))),
        unsubscribe: stop,
        date: row.at,
    }
}

/// Of a report: where it stands as a page, and where its mails are ended.
fn report_links(row: &OutboxRow, desk: &Desk<'_>) -> (Option<String>, Option<String>) {
    let Letter::Health(health) = &row.letter else { return (None, None) };
    let pass = |door| Pass {
        door,
        who: row.to,
        week: health.week,
        item: 0,
        expires: row.at + chrono::TimeDelta::days(REPORT_LINK_DAYS),
    };
    (desk.pass_url(&pass(Door::Report)), desk.pass_url(&pass(Door::Unsubscribe)))
}

/// The content id of a row's picture (RFC 2392).
fn cid(row: &OutboxRow, voice: &Voice) -> String {
    format!("chart.{}@{}", row.id, domain(voice))
}

/// The Message-ID of a row's mail, without angle brackets.
pub fn message_id(row: &OutboxRow, voice: &Voice) -> String {
    full_id(&format!("{}.{}", super::phrase::mail_kind(row.letter.kind()), row.id), voice)
}

/// A thread may be named with or without the domain.
fn full_id(id: &str, voice: &Voice) -> String {
    if id.contains('@') { id.to_owned() } else { format!("{id}@{}", domain(voice)) }
}

fn domain(voice: &Voice) -> &str {
    voice.from_address.rsplit('@').next().unwrap_or_default()
}

fn body(row: &OutboxRow, desk: &Desk<'_>) -> Body {
    match &row.letter {
        Letter::Welcome { mode, is_manager, is_rep } => welcome::body(desk, *mode, *is_manager, *is_rep),
        Letter::Proposal { items, on_silence } => proposal::body(desk, items, *on_silence),
        Letter::Booked { .. } => booked::body(desk, &row.letter),
        Letter::Released { manager, rep, span, why, via, .. } => {
            released::body(desk, (*manager, *rep), span, *why, *via)
        }
        Letter::Escalation { .. } => escalation::body(desk, &row.letter),
        Letter::Many { letters } => escalation::many(desk, letters),
        Letter::Resolved { rep, manager, how, start, .. } => {
            resolved::body(desk, (*manager, *rep), *how, *start)
        }
        Letter::Monday { week, owed } => monday::body(desk, *week, owed),
        Letter::Capacity { week, owed, room, left, changes } => {
            capacity::body(desk, *week, (owed, *room), (*left, changes))
        }
        Letter::CheckIn { week, items, until } => check_in::body(desk, *week, items, *until),
        Letter::Overlap { .. } => check_in::overlap(desk, &row.letter),
        Letter::Cadence { .. } => cadence::body(desk, &row.letter),
        Letter::Series { items } => series::body(desk, items),
        Letter::SeriesBooked { .. } => series::booked(desk, &row.letter),
        Letter::SeriesReleased { event, why } => series::released(desk, event, *why),
        Letter::Health(health) => {
            report::body(health, desk.ctx.people, Picture::Attached(cid(row, desk.ctx.voice)))
        }
        Letter::Ops(news) => ops::body(desk, news),
    }
}

/// Who writes, and who reads the answers.
fn foot(voice: &Voice, kind: MailKind) -> Vec<String> {
    let about = match kind {
        MailKind::Ops => "Drumbeat, to those who run it.",
        MailKind::Health => "Drumbeat, once a week: counts of people and 1-on-1s, never what is said.",
        _ => "Drumbeat keeps 1-on-1s on the calendar. It never sees what is said in them.",
    };
    let mut foot = vec![about.to_owned()];
    if !voice.reply_to.is_empty() {
        foot.push(format!("Replies to this mail are read by {}.", voice.reply_to));
    }
    foot
}

fn as_text(foot: &[String]) -> String {
    let mut body = Body::default();
    for line in foot {
        body.small(line);
    }
    body.text().replace("\n\n", "\n")
}

/// Where a mail is written: for one reader, in their zone.
struct Desk<'a> {
    ctx: &'a Context<'a>,
    to: PersonId,
    zone: Zone,
}

impl Desk<'_> {
    fn name(&self, id: PersonId) -> String {
        names::name(self.ctx.people, id)
    }

    fn first(&self, id: PersonId) -> String {
        names::first_name(self.ctx.people, id)
    }

    /// `Hello Bo,`
    fn greeting(&self) -> String {
        let known = self.ctx.people.get(self.to).is_some_and(|person| !person.first_name.is_empty());
        if known { format!("Hello {},", self.first(self.to)) } else { "Hello,".to_owned() }
    }

    /// `You` of the reader, else the name: begins a sentence.
    fn subject_of(&self, id: PersonId) -> String {
        if id == self.to { "You".to_owned() } else { self.name(id) }
    }

    /// `your 1-on-1` of one of the pair, where the other one is clear.
    fn own_session_of(&self, pair: (PersonId, PersonId)) -> String {
        let is_own = self.to == pair.0 || self.to == pair.1;
        if is_own { "your 1-on-1".to_owned() } else { self.session_of(pair) }
    }

    /// The 1-on-1 of the pair, from where the reader stands: `your 1-on-1 with Ana`.
    fn session_of(&self, (manager, rep): (PersonId, PersonId)) -> String {
        match self.to {
            to if to == manager => format!("your 1-on-1 with {}", self.name(rep)),
            to if to == rep => format!("your 1-on-1 with {}", self.name(manager)),
            _ => format!("the 1-on-1 of {} and {}", self.name(manager), self.name(rep)),
        }
    }

    /// The one of the pair whose clock may differ from the reader's.
    fn other_of(&self, (manager, rep): (PersonId, PersonId)) -> PersonId {
        if self.to == rep { manager } else { rep }
    }

    fn at(&self, at: Moment, other: PersonId) -> String {
        when::at_both(at, &self.zone, &names::zone(self.ctx.people, other))
    }

    fn span(&self, span: &Span, other: PersonId) -> String {
        when::span_both(span, &self.zone, &names::zone(self.ctx.people, other))
    }

    fn has_links(&self) -> bool {
        !self.ctx.voice.public_url.is_empty()
    }

    fn pass_url(&self, pass: &Pass) -> Option<String> {
        self.has_links().then(|| link::pass_url(&self.ctx.voice.public_url, pass, self.ctx.key))
    }

    fn url(&self, claim: &Claim) -> Option<String> {
        self.has_links().then(|| link::url(&self.ctx.voice.public_url, claim, self.ctx.key))
    }
}
