//! What to do about it.

pub mod compile;
pub mod solve;
pub mod why;
