//! The nouns: what every other module talks about. Imports nothing of ours.

mod as_list;
pub mod calendar;
pub mod directory;
pub mod event;
pub mod fact;
pub mod hand;
pub mod ledger;
pub mod letter;
pub mod listing;
pub mod mail;
pub mod page;
pub mod people;
pub mod policy;
pub mod report;
pub mod series;
pub mod session;
pub mod state;
pub mod survey;
pub mod time;
pub mod zone;
