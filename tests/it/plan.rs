//! The planner from outside.

mod benchmark;
mod exact;
mod offers;
mod random;
mod why;
mod world;
