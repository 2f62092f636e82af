//! The nouns: what every other module talks about. Imports nothing of ours.

pub mod directory;
pub mod event;
pub mod ledger;
pub mod mail;
pub mod people;
pub mod policy;
pub mod time;
pub mod zone;
