//! The world: one outside thing each. If a thing can fail because of a network, a disk, a clock or a signal,
//! it is here. Modules of this folder never import one another, and none decides anything.

pub mod backup;
pub mod clock;
pub mod control;
pub mod feed;
pub mod google;
pub mod ledger;
pub mod lock;
pub mod people;
pub mod smtp;
pub mod store;
pub mod systemd;
pub mod web;
pub mod zones;

use std::error::Error;

/// The first error of this type on the way down from `error`. An `io::Error` hides what it wraps from `source`.
fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        at = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
