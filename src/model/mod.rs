//! The nouns: what every other module talks about. Imports nothing of ours.

pub mod event;
pub mod ledger;
pub mod mail;
pub mod page;
pub mod people;
pub mod policy;
pub mod time;
pub mod zone;
