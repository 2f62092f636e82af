//! A page as a value: what `tell` writes and the web server hands out.

/// The answer to somebody who followed a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// HTTP status: 200, 404, 410 …
    pub status: u16,
    /// The whole document, without script.
    pub html: String,
}
