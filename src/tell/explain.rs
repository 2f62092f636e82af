//! The ledger for people: evidence in words, a line a fact, and the fact as RECORDING.md prints it.

mod evidence;
mod json;
mod timeline;

pub use evidence::evidence_words;
pub use json::fact_json;
pub use timeline::line;
