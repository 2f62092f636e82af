//! The planner from outside.

mod benchmark;
mod offers;
mod random;
mod why;
mod world;
