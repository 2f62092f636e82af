//! What fills a person's time, read off the pictures of all their calendars, their leave and holidays.

use chrono::{Days, NaiveTime};

use crate::model::calendar::{Diary, Fill, Filled, Picture, Sighting};
use crate::model::event::{EventStatus, Partstat, Shown};
use crate::model::people::{Dates, Person};
use crate::model::policy::Excuse;
use crate::model::time::Span;

/// The diary of a person within `window`. `known` says whether every calendar of theirs is current.
pub fn diary(
    person: &Person,
    pictures: &[&Picture],
    holidays: &[&Picture],
    window: &Span,
    known: Known,
) -> Diary {
    let mut filled: Vec<Filled> = pictures
        .iter()
        .flat_map(|picture| &picture.sightings)
        .filter(|sighting| sighting.span.overlaps(window))
        .filter_map(|sighting| Some((sighting, fill(sighting, person)?)))
        .map(|(sighting, fill)| Filled {
            is_accepted: is_accepted(sighting, person),
            span: sighting.span,
            fill,
            key: Some(sighting.key.clone()),
        })
        .collect();
    filled.extend(person.leave.and_then(|leave| leave_span(leave, person, window)).map(|span| Filled {
        is_accepted: true,
        span,
        fill: Fill::Away(Excuse::Leave),
        key: None,
    }));
    let free_days = holidays
        .iter()
        .flat_map(|picture| &picture.sightings)
        .filter(|sighting| sighting.is_all_day && !sighting.is_cancelled && sighting.span.overlaps(window));
    filled.extend(free_days.map(|day| Filled {
        is_accepted: true,
        span: day.span,
        fill: Fill::Away(Excuse::Holiday),
        key: None,
    }));
    filled.sort_by_key(|filled| filled.span);
    Diary { filled, is_known: known == Known::All }
}

/// Whether all calendars of a person are current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Yes.
    All,
    /// One is stale, suspect, failing or was never read.
    NotAll,
}

/// Whether its owner takes part in it as far as anybody knows.
fn is_accepted(sighting: &Sighting, owner: &Person) -> bool {
    matches!(sighting.kept.party.answers.get(&owner.id), None | Some(Partstat::Accepted))
}

/// How a sighting fills its owner's time; `None`: not at all.
fn fill(sighting: &Sighting, owner: &Person) -> Option<Fill> {
    let kept = &sighting.kept;
    if sighting.is_cancelled || kept.party.answers.get(&owner.id) == Some(&Partstat::Declined) {
        return None;
    }
    match kept.shown {
        Shown::OutOfOffice => Some(Fill::Away(Excuse::Absence)),
        Shown::Free | Shown::Elsewhere => None,
        _ if sighting.is_all_day && kept.words.is_absence => Some(Fill::Away(Excuse::Absence)),
        Shown::Focus => Some(Fill::Focus),
        Shown::Tentative => Some(Fill::Tentative),
        Shown::Busy if kept.status == EventStatus::Tentative => Some(Fill::Tentative),
        Shown::Busy => Some(Fill::Busy),
    }
}

fn leave_span(leave: Dates, person: &Person, window: &Span) -> Option<Span> {
    let midnight = |date: chrono::NaiveDate| person.zone.instant(date.and_time(NaiveTime::MIN));
    let from = leave.from.map_or(window.start, midnight);
    let until = leave.until.map_or(window.end, |last| midnight(last + Days::new(1)));
    Span::new(from, until).and(window)
}
