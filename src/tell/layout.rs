//! The look of mails and pages: one column, system fonts, nothing fetched from anywhere, light and dark.
//!
//! The markup is in `templates/`. Inline styles are what every mail program keeps; the style sheet in the head only
//! adds the dark colours.

use askama::Template;

use super::body::{Block, Body, Link, Shown};

/// A mail, or a page behind a link.
#[derive(Template)]
#[template(path = "sheet.html")]
pub struct Sheet<'a> {
    /// What the window's title says: of a mail the subject.
    pub title: &'a str,
    /// What stands above it all, of a page.
    pub heading: Option<&'a str>,
    /// What it says, and a page's forms.
    pub body: &'a Body,
    /// Lines below it.
    pub foot: &'a [String],
    /// Links below those.
    pub foot_links: &'a [Link],
}

/// A list of mails that lie beside it as files: what the demo begins with.
#[derive(Template)]
#[template(path = "index.html")]
pub struct IndexHtml<'a> {
    /// What it is.
    pub title: &'a str,
    /// The mails.
    pub rows: &'a [IndexRow],
}

/// One mail of the list.
#[derive(Debug, Clone)]
pub struct IndexRow {
    /// When it was sent.
    pub when: String,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// The file with its HTML.
    pub html: String,
    /// The file with all of it.
    pub eml: String,
}

/// The finished text. A template fails only where what it is written into fails, and a string takes everything.
pub fn written(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
