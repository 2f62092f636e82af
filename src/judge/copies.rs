//! What one side's calendar shows of a session: it is there, called off, absent, or nobody can tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::calendar::{Picture, Sighting};
use crate::model::fact::SessionKey;
use crate::model::zone::Moment;

/// What one side's calendar shows of a session.
#[derive(Debug, Clone, Copy)]
pub(super) enum Copy<'a> {
    /// The calendar was not read.
    Unknown,
    /// It is not in there.
    Absent,
    /// The calendar says that it is called off.
    Marked(Off<'a>),
    /// It is in there.
    Live(&'a Sighting),
}

/// How a calendar says that a session is called off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Off<'a> {
    /// When that was done, where the calendar says so.
    pub changed: Option<Moment>,
    /// The event, where it is still in there as cancelled.
    pub copy: Option<&'a Sighting>,
}

impl<'a> From<&'a Sighting> for Off<'a> {
    fn from(copy: &'a Sighting) -> Self {
        Self { changed: copy.kept.modified, copy: Some(copy) }
    }
}

impl Off<'_> {
    /// With the time of the other copy where this one has none.
    pub fn or_when(self, other: Off<'_>) -> Self {
        Self { changed: self.changed.or(other.changed), ..self }
    }
}

impl<'a> Copy<'a> {
    pub fn live(self) -> Option<&'a Sighting> {
        match self {
            Self::Live(sighting) => Some(sighting),
            _ => None,
        }
    }

    pub fn is_gone(self) -> bool {
        matches!(self, Self::Absent | Self::Marked(_))
    }
}

/// A calendar's sightings by session; of two with one key the newer.
pub(super) struct ByKey<'a> {
    seen: BTreeMap<&'a SessionKey, &'a Sighting>,
    unsure: &'a BTreeSet<String>,
    deleted: &'a BTreeMap<String, Option<Moment>>,
    is_busy_only: bool,
}

/// A picture, by session.
pub(super) fn by_key(picture: &Picture) -> ByKey<'_> {
    let mut seen: BTreeMap<&SessionKey, &Sighting> = BTreeMap::new();
    for sighting in &picture.sightings {
        let newer = seen.get(&sighting.key).is_none_or(|known| freshness(known) <= freshness(sighting));
        if newer {
            seen.insert(&sighting.key, sighting);
        }
    }
    ByKey { seen, unsure: &picture.unsure, deleted: &picture.deleted, is_busy_only: picture.is_busy_only }
}

/// What it shows of one.
pub(super) fn copy<'a>(side: Option<&ByKey<'a>>, key: &SessionKey) -> Copy<'a> {
    match side {
        None => Copy::Unknown,
        Some(side) if side.is_busy_only => Copy::Unknown,
        Some(side) => match side.seen.get(key) {
            None if side.unsure.contains(&key.lineage) => Copy::Unknown,
            None => match side.deleted.get(&key.lineage) {
                Some(changed) => Copy::Marked(Off { changed: *changed, copy: None }),
                None => Copy::Absent,
            },
            Some(sighting) if sighting.is_cancelled => Copy::Marked(Off::from(*sighting)),
            Some(sighting) => Copy::Live(sighting),
        },
    }
}

/// The newer copy of an event is the greater.
pub(super) fn freshness(sighting: &Sighting) -> (u32, Option<Moment>) {
    (sighting.kept.sequence, sighting.kept.modified)
}
