//! The ledger for people: evidence in words, a line a fact, and the fact as RECORDING.md prints it.

mod evidence;
mod json;
mod page;
mod timeline;
mod weeks;

pub use evidence::evidence_words;
pub use json::fact_json;
pub use page::explain_page;
pub use timeline::{line, words};
pub use weeks::{Weeks, concerns};
