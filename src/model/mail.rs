//! A mail as a value: what `tell` writes and a mailer sends.

use super::people::PersonId;
use super::zone::Moment;

/// What a mail is for; the words of RECORDING's `mail` fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// Times offered to a manager.
    Proposal,
    /// A slot was booked.
    Booked,
    /// A booking was given up.
    Released,
    /// Somebody must know.
    Escalation,
    /// … and need not any more.
    Resolved,
    /// The weekly report.
    Health,
    /// What is due this week.
    Monday,
    /// The cadence changes.
    Cadence,
    /// A standing series is proposed.
    Series,
    /// Did it take place?
    CheckIn,
    /// The first mail a person gets.
    Welcome,
    /// To those who run Drumbeat.
    Ops,
}

/// What an invitation part does (iTIP, RFC 5546).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Method {
    /// Invites, or moves.
    Request,
    /// Calls off.
    Cancel,
}

impl Method {
    /// As it is written in METHOD and in the content type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// The calendar part of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// REQUEST or CANCEL.
    pub method: Method,
    /// The VCALENDAR, folded, with CRLF.
    pub ics: String,
}

/// A picture that is shown within a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its content id, without angle brackets (RFC 2392).
    pub cid: String,
    /// PNG.
    pub png: Vec<u8>,
}

/// One mail to one recipient, ready to send: the same value gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is for.
    pub kind: MailKind,
    /// The recipient's number.
    pub to: PersonId,
    /// Their address …
    pub to_address: String,
    /// … and name (may be empty).
    pub to_name: String,
    /// Sender: name and address.
    pub from_name: String,
    /// Sender's address: also the envelope's.
    pub from_address: String,
    /// Who reads replies.
    pub reply_to: String,
    /// The subject, one line.
    pub subject: String,
    /// The plain text: always there, first part.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The invitation, where there is one.
    pub invitation: Option<Invitation>,
    /// The picture that the HTML shows, where there is one.
    pub image: Option<Image>,
    /// Without angle brackets: `local@domain`.
    pub message_id: String,
    /// The first mail of the thread, if this is not it.
    pub thread: Option<String>,
    /// `List-Id`, of reports.
    pub list_id: Option<String>,
    /// The address at which one POST ends such mails (RFC 8058), of reports.
    pub unsubscribe: Option<String>,
    /// The Date header: fixed when the row was written.
    pub date: Moment,
}
