//! Whether a calendar's answer can be believed (VERDICTS V26). Absence is no evidence until it can.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::model::calendar::Sighting;
use crate::model::fact::SessionKey;
use crate::model::time::Span;
use crate::model::zone::Moment;

/// Why an answer is not believed; `code` goes into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No calendar at all.
    Html,
    /// It ends before its end.
    CutOff,
    /// No events where there were some.
    Empty,
    /// Nearly nothing of what was there: another calendar.
    Foreign,
    /// More than half of the events of the next 60 days are gone at once.
    Halved,
    /// Too many 1-on-1s of the next 14 days are gone at once.
    MassCancelled,
}

impl Doubt {
    /// The word in the ledger.
    pub fn code(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::CutOff => "cut_off",
            Self::Empty => "empty",
            Self::Foreign => "foreign",
            Self::Halved => "halved",
            Self::MassCancelled => "mass_cancelled",
        }
    }

    /// Whether equal answers over time make it believed; an empty or foreign calendar never is without a word
    /// from ops, and what is no calendar cannot be.
    pub fn wears_off(self) -> bool {
        matches!(self, Self::Halved | Self::MassCancelled)
    }
}

/// What an answer is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// What the last good picture showed; `None`: there is no picture (first start, rebuilt store).
    pub sightings: Option<&'a [Sighting]>,
    /// Sessions that the ledger expects in this calendar in the next 14 days and that still stand.
    pub expected: &'a BTreeSet<SessionKey>,
}

/// A whole answer.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// VEVENTs in it, past ones too.
    pub events: usize,
    /// What they amount to.
    pub sightings: &'a [Sighting],
}

/// Compares a whole answer with what was there before. What the answer marks as cancelled is not missing: it
/// says so itself.
pub fn doubt(before: Before<'_>, after: After<'_>, now: Moment) -> Option<Doubt> {
    let far = Span::new(now, now + TimeDelta::days(60));
    let old = before.sightings.map(|old| lineages(old.iter().filter(|seen| !seen.is_cancelled), &far));
    if after.events == 0 && (!before.expected.is_empty() || old.as_ref().is_some_and(|old| !old.is_empty())) {
        return Some(Doubt::Empty);
    }
    let new = lineages(after.sightings.iter(), &far);
    if let Some(old) = old {
        let lost = old.difference(&new).count();
        if lost >= LEAST_LOST && new.len() >= LEAST_LOST && lost * 10 > old.len() * 9 {
            return Some(Doubt::Foreign);
        }
        if lost >= LEAST_LOST && lost * 2 > old.len() {
            return Some(Doubt::Halved);
        }
    }
    let shown: BTreeSet<&SessionKey> = after.sightings.iter().map(|seen| &seen.key).collect();
    let gone = before.expected.iter().filter(|key| !shown.contains(key)).count();
    (gone >= LEAST_SESSIONS && gone * 10 > before.expected.len() * 3).then_some(Doubt::MassCancelled)
}

/// Fewer lost events than this are no reason to doubt.
const LEAST_LOST: usize = 4;
/// Fewer lost 1-on-1s than this are no reason to doubt.
const LEAST_SESSIONS: usize = 6;

/// The events (a series is one) with an instance in the span.
fn lineages<'a>(seen: impl Iterator<Item = &'a Sighting>, within: &Span) -> BTreeSet<&'a str> {
    seen.filter(|seen| seen.span.overlaps(within)).map(|seen| seen.key.lineage.as_str()).collect()
}
