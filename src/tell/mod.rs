//! The words: mails, pages, the report, `explain`.
//!
//! Values come in, text goes out; nothing is decided here. Every mail and page is built as a [`body::Body`] and
//! rendered from it, so that the plain text says what the HTML says; markup is in `templates/` alone, and every value
//! in it is escaped.

pub mod body;
pub mod chart;
pub mod columns;
pub mod dashboard;
pub mod explain;
pub mod html;
pub mod layout;
pub mod link;
pub mod mails;
pub mod metrics;
pub mod names;
pub mod no_slot;
pub mod pages;
pub mod phrase;
pub mod rehearsal;
pub mod report;
pub mod status;
pub mod survey;
pub mod when;
pub mod whom;
