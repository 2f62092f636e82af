//! The planner from outside.

mod benchmark;
mod exact;
mod offers;
mod random;
mod series;
mod why;
mod world;
