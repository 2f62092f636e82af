//! The words: mails, pages, the report, `explain`.

pub mod explain;
pub mod link;
pub mod mails;
pub mod pages;
pub mod report;
