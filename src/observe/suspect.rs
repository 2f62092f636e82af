//! Whether a calendar's answer can be believed (VERDICTS V26). Absence is no evidence until it can.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::TimeDelta;

use crate::model::calendar::{Kept, Sighting};
use crate::model::fact::SessionKey;
use crate::model::time::Span;
use crate::model::zone::Moment;

use super::keep::lineage;

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

    /// The doubt of a word in the ledger.
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Html, Self::CutOff, Self::Empty, Self::Foreign, Self::Halved, Self::MassCancelled]
            .into_iter()
            .find(|doubt| doubt.code() == code)
    }

    /// Whether ops may have it believed: what is no whole calendar cannot be.
    pub fn is_acceptable(self) -> bool {
        !matches!(self, Self::Html | Self::CutOff)
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
    /// The last good picture; `None`: there is none (first start, rebuilt store).
    pub picture: Option<Shown<'a>>,
    /// Sessions that the ledger expects in this calendar in the next 14 days and that still stand.
    pub expected: &'a BTreeSet<SessionKey>,
    /// A few of its events ([`marks`]), as the ledger has them.
    pub marks: &'a BTreeSet<u32>,
}

/// What a calendar holds.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// All its events, past ones too.
    pub events: &'a [Kept],
    /// What they amount to in the weeks around now.
    pub sightings: &'a [Sighting],
    /// Lineages that it says are deleted: they are not missing.
    pub deleted: &'a BTreeSet<&'a str>,
}

/// Compares a whole answer with what was there before. What the answer marks as cancelled is not missing: it
/// says so itself.
pub fn doubt(before: Before<'_>, after: Shown<'_>, now: Moment) -> Option<Doubt> {
    let had_any = before.picture.is_some_and(|picture| !picture.events.is_empty());
    let is_empty = after.events.is_empty() && after.deleted.is_empty();
    if is_empty && (!before.expected.is_empty() || had_any) {
        return Some(Doubt::Empty);
    }
    if let Some(picture) = before.picture {
        let old: BTreeSet<&str> = picture.events.iter().map(|event| lineage(&event.uid)).collect();
        let mut new: BTreeSet<&str> = after.events.iter().map(|event| lineage(&event.uid)).collect();
        new.extend(after.deleted);
        let kept = old.intersection(&new).count();
        if old.len() >= LEAST_EVENTS && kept * 10 < old.len() {
            return Some(Doubt::Foreign);
        }
        let far = Span::new(now, now + TimeDelta::days(60));
        let coming = lineages(picture.sightings.iter().filter(|seen| !seen.is_cancelled), &far);
        let mut shown = lineages(after.sightings.iter(), &far);
        shown.extend(after.deleted);
        let lost = coming.difference(&shown).count();
        if lost >= LEAST_LOST && lost * 2 > coming.len() {
            return Some(Doubt::Halved);
        }
    }
    if before.picture.is_none() && before.marks.len() >= LEAST_EVENTS {
        let seen: BTreeSet<u32> = after.events.iter().map(mark).collect();
        if before.marks.is_disjoint(&seen) {
            return Some(Doubt::Foreign);
        }
    }
    let shown: BTreeSet<&SessionKey> = after.sightings.iter().map(|seen| &seen.key).collect();
    let is_gone = |key: &&SessionKey| !shown.contains(key) && !after.deleted.contains(key.lineage.as_str());
    let gone = before.expected.iter().filter(is_gone).count();
    (gone >= LEAST_SESSIONS && gone * 10 > before.expected.len() * 3).then_some(Doubt::MassCancelled)
}

/// A few events of a calendar by hash, always the same ones while they are there.
pub fn marks(events: &[Kept]) -> BTreeSet<u32> {
    events.iter().map(mark).collect::<BTreeSet<u32>>().into_iter().take(MARKS).collect()
}

fn mark(event: &Kept) -> u32 {
    let mut hasher = DefaultHasher::new();
    lineage(&event.uid).hash(&mut hasher);
    hasher.finish() as u32
}

/// Events by which a calendar is known again.
const MARKS: usize = 8;
/// A calendar of fewer events than this is never taken for another one.
const LEAST_EVENTS: usize = 2;
/// Fewer lost events than this are no reason to doubt.
const LEAST_LOST: usize = 4;
/// Fewer lost 1-on-1s than this are no reason to doubt.
const LEAST_SESSIONS: usize = 6;

/// The events (a series is one) with an instance in the span.
fn lineages<'a>(seen: impl Iterator<Item = &'a Sighting>, within: &Span) -> BTreeSet<&'a str> {
    seen.filter(|seen| seen.span.overlaps(within)).map(|seen| seen.key.lineage.as_str()).collect()
}
