//! iCalendar: text ⇄ events, the instances of series, zone names, invitations (RFC 5545, 5546, 6868, 7986).
//!
//! Reading never fails: what cannot be read costs only itself and is counted in [`Problems`]; what cannot be
//! expanded is named in a [`Doubt`], and a doubt is never "cancelled".

mod event;
pub mod itip;
mod lines;
mod parse;
mod problem;
mod property;
mod rule;
mod series;
mod value;
mod vtimezone;
mod windows;
mod write;
pub mod zone;

pub use event::recurrence;
pub use parse::{Parsed, Shape, parse};
pub use problem::{Problem, Problems};
pub use rule::Doubt;
pub use series::{Expanded, Instance, expand, instant};
pub use write::{Writer, write};
pub use zone::Lookup;

/// How much of a feed is read and expanded; reaching one of these is a [`Problem`] or a [`Doubt`], never a silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a feed; the rest is not read.
    pub bytes: usize,
    /// Bytes of one unfolded line that is of interest; a longer one is dropped.
    pub line_bytes: usize,
    /// Components of a feed; the rest is not read.
    pub components: usize,
    /// How deep components may be nested; deeper ones are passed over.
    pub depth: usize,
    /// EXDATEs and RDATEs of one VEVENT; one with more is set aside.
    pub dates: usize,
    /// VTIMEZONEs of a feed; the rest is not compiled.
    pub zones: usize,
    /// Instances of a calendar in one window; each series of which one is not listed for it has a doubt.
    pub instances: usize,
    /// Steps of recurrence rules (days, weeks, … walked) for one expansion.
    pub steps: u64,
    /// Steps for a single rule.
    pub rule_steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            line_bytes: 64 << 10,
            components: 50_000,
            depth: 4,
            dates: 10_000,
            zones: 100,
            instances: 5_000,
            steps: 5_000_000,
            rule_steps: 200_000,
        }
    }
}
