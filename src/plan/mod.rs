//! What to do about it: slots for what is owed, and the step of every recovery and escalation.

pub mod answer;
mod board;
pub mod book;
pub mod bound;
mod capacity;
mod choices;
pub mod compile;
pub mod desk;
pub mod escalate;
pub mod evaluate;
pub mod grid;
pub mod member;
pub mod notes;
pub mod offers;
pub mod recover;
pub mod series;
pub mod slots;
pub mod solve;
pub mod table;
pub mod typical;
pub mod why;
