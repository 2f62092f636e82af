//! The world: one outside thing each. If a thing can fail because of a network, a disk, a clock or a signal,
//! it is here. Modules of this folder never import one another, and none decides anything.

pub mod clock;
pub mod feed;
pub mod ledger;
pub mod lock;
pub mod people;
pub mod smtp;
pub mod store;
pub mod systemd;
pub mod web;
pub mod zones;
