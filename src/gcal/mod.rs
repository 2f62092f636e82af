//! Google Calendar's JSON (API v3) ⇄ our events; the ids and tokens of push channels. No calls are made here.
//!
//! Reading never fails: an item that cannot be read costs only itself and says so.

pub mod channel;
pub mod page;
mod read;
mod whole;
mod write;

pub use read::listing;
pub use whole::events;
pub use write::{Invite, Placed, booking, deleted, inserted, instant, item, placed};
