//! Google Calendar's JSON (API v3) ⇄ our events; the ids and tokens of push channels. No calls are made here.
//!
//! Reading never fails: an item that cannot be read costs only itself and is counted.

pub mod channel;
pub mod page;
