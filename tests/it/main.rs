//! One integration binary: what the program promises, tried from outside.

mod architecture;
mod as_google;
mod baseline;
mod booking;
mod browser;
pub mod cli;
mod config;
mod docs;
mod feed;
mod google;
mod ical;
mod ledger;
mod plan;
mod recurrence;
mod rows;
mod scenarios;
mod series;
mod sim;
mod smtp;
mod store;
mod storm;
mod tell;
mod undelivered;
mod web;
