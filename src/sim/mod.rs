//! A made-up world for every port: recordings and scenarios replayed on a virtual clock.

pub mod expected;
pub mod google;
pub mod ledger;
mod listing;
mod overlay;
pub mod past;
pub mod recording;
pub mod scenario;
pub mod store;
pub mod world;
