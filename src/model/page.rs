//! Pages as values: what is asked for, what `tell` writes and the web server hands out.

use super::people::PersonId;
use super::time::Week;

/// What links lead to: the first part of their path, before the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// An answer about a 1-on-1: times offered, a booking.
    Answer,
    /// Whether 1-on-1s took place.
    CheckIn,
    /// A leader's report.
    Report,
    /// Reports by mail, or none.
    Unsubscribe,
}

impl Door {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Answer, Self::CheckIn, Self::Report, Self::Unsubscribe];

    /// The path below the public address: the token follows.
    pub fn path(self) -> &'static str {
        match self {
            Self::Answer => "/p/",
            Self::CheckIn => "/c/",
            Self::Report => "/r/",
            Self::Unsubscribe => "/u/",
        }
    }
}

/// A page for those who run Drumbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminPage {
    /// Everything at a glance.
    Home,
    /// The ledger in words: of somebody, in a week, or of all that is recent.
    Explain {
        /// Who; `None`: everybody.
        who: Option<PersonId>,
        /// Which week; `None`: the last few.
        week: Option<Week>,
    },
    /// Numbers for Prometheus.
    Metrics,
    /// Whether the first look at all calendars is over.
    Ready,
}

/// How a page is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// A whole document, without script.
    Html,
    /// Plain text.
    Text,
    /// Prometheus' text format.
    Metrics,
}

/// The answer to somebody who followed a link, or looked at the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// HTTP status: 200, 404, 410 …
    pub status: u16,
    /// How it is to be read.
    pub kind: PageKind,
    /// All of it.
    pub text: String,
}

impl Page {
    /// A page as HTML.
    pub fn html(status: u16, text: String) -> Self {
        Self { status, kind: PageKind::Html, text }
    }

    /// A page as plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, kind: PageKind::Text, text: text.into() }
    }
}
