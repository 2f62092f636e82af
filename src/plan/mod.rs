//! What to do about it.

mod board;
mod choices;
pub mod compile;
pub mod evaluate;
pub mod grid;
pub mod offers;
pub mod slots;
pub mod solve;
pub mod table;
pub mod why;
