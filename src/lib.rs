//! Drumbeat keeps sales 1-on-1s happening.

pub mod model;

pub mod cli;
pub mod config;
pub mod gcal;
pub mod ical;
pub mod io;
pub mod judge;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod run;
pub mod sim;
pub mod tell;
