//! What was wrong with a feed: counted by kind, never with a word of its text.

use std::collections::BTreeMap;
use std::fmt;

/// A kind of fault in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A line that is no property.
    Line,
    /// A property whose parameters were broken; what could be saved was used.
    Parameter,
    /// Bytes that are not UTF-8; read as Windows-1252.
    Charset,
    /// NUL or another control character; taken out.
    Control,
    /// BEGIN and END that do not match.
    Nesting,
    /// A VEVENT without UID; it got one made of its content.
    Uid,
    /// A VEVENT without a readable DTSTART; set aside.
    Start,
    /// A DTEND or DURATION that cannot be read, lies before the start or ten years after it.
    Length,
    /// An EXDATE or RDATE that cannot be read.
    Date,
    /// A RECURRENCE-ID that cannot be read; the VEVENT is set aside.
    RecurrenceId,
    /// A VTIMEZONE without usable rules.
    Timezone,
    /// The feed ends before its END:VCALENDAR.
    CutOff,
    /// [`super::Limits::bytes`] was reached.
    BytesLimit,
    /// [`super::Limits::line_bytes`] was reached.
    LineLimit,
    /// [`super::Limits::components`] was reached.
    ComponentsLimit,
    /// [`super::Limits::depth`] was reached.
    DepthLimit,
    /// [`super::Limits::dates`] was reached; the VEVENT is set aside.
    DatesLimit,
    /// [`super::Limits::zones`] was reached.
    ZonesLimit,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line that is no property",
            Self::Parameter => "broken parameter",
            Self::Charset => "bytes that are not UTF-8",
            Self::Control => "control character",
            Self::Nesting => "BEGIN and END that do not match",
            Self::Uid => "event without UID",
            Self::Start => "event without readable DTSTART",
            Self::Length => "unreadable or impossible DTEND or DURATION",
            Self::Date => "unreadable EXDATE or RDATE",
            Self::RecurrenceId => "unreadable RECURRENCE-ID",
            Self::Timezone => "unusable VTIMEZONE",
            Self::CutOff => "no END:VCALENDAR",
            Self::BytesLimit => "more bytes than allowed",
            Self::LineLimit => "line longer than allowed",
            Self::ComponentsLimit => "more components than allowed",
            Self::DepthLimit => "components nested deeper than allowed",
            Self::DatesLimit => "more EXDATEs and RDATEs than allowed",
            Self::ZonesLimit => "more VTIMEZONEs than allowed",
        })
    }
}

/// How many of the first problems are kept with their line.
const FIRST: usize = 5;

/// The problems of one feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    /// How many of each kind.
    pub counts: BTreeMap<Problem, usize>,
    /// The first few, with the number of the line.
    pub first: Vec<(usize, Problem)>,
}

impl Problems {
    /// Counts one at a line.
    pub fn add(&mut self, line: usize, problem: Problem) {
        *self.counts.entry(problem).or_default() += 1;
        if self.first.len() < FIRST {
            self.first.push((line, problem));
        }
    }

    /// How many of a kind there are.
    pub fn count(&self, problem: Problem) -> usize {
        self.counts.get(&problem).copied().unwrap_or_default()
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
