//! What Google said about the events of a calendar: one answer of `events.list`, all its pages together.

use super::event::{Event, When};
use super::zone::Moment;

/// One answer, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// All that the calendar holds, not only what changed since a token.
    pub whole: bool,
    /// In the order of the pages.
    pub items: Vec<Item>,
    /// The calendar's zone, where it names one.
    pub zone: Option<String>,
    /// Items of which not even the id could be read: with any of these, absence from the answer proves nothing.
    pub nameless: u32,
}

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Google's id: of a master, a single event, or one instance.
    pub id: String,
    /// `recurringEventId`: the id of the series it is an instance of. It need not be a prefix of `id`.
    pub series: Option<String>,
    /// UID (`iCalUID`), where it is said.
    pub uid: Option<String>,
    /// `updated`, where it is said.
    pub modified: Option<Moment>,
    /// What is said of it.
    pub said: Said,
}

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It stands.
    Stands(Box<Event>),
    /// One instance of a series that goes on is called off: `originalStartTime`. The start of a cancelled item is
    /// never read; it may be wrong.
    InstanceCancelled(When),
    /// It is deleted: only the id is sure.
    Deleted,
    /// It could not be read: what is known of it stays, and nothing is concluded from it.
    Unread,
}
