//! What a calendar shows: events without their words, whose they are, and whether an answer can be believed.

pub mod diary;
pub mod keep;
pub mod merge;
pub mod suspect;
