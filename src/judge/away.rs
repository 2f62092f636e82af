//! Who is away for the rest of a week (VERDICTS V31).

use crate::model::calendar::{Diary, Fill};
use crate::model::people::{Person, PersonId};
use crate::model::policy::Excuse;
use crate::model::time::{Span, covered, merged};

use super::View;

/// Who of the pair is away for all working hours that are left of the rep's week, and why that excuses it. With no
/// working hours left nobody is: a Friday evening excuses nothing.
pub fn away_for_the_rest(view: &View<'_>) -> Option<(PersonId, Excuse)> {
    let week = view.week().span(&view.rep.zone);
    let rest = Span::new(view.now, week.end);
    [(view.rep, view.rep_diary), (view.manager, view.manager_diary)]
        .into_iter()
        .find_map(|(person, diary)| Some((person.id, away(person, diary, &rest, &view.policy().excuse)?)))
}

fn away(person: &Person, diary: &Diary, rest: &Span, excuses: &[Excuse]) -> Option<Excuse> {
    let work = person.hours.spans(&person.zone, rest);
    let first = work.first()?;
    let away: Vec<(Span, Excuse)> = diary
        .filled
        .iter()
        .filter_map(|filled| match filled.fill {
            Fill::Away(excuse) if excuses.contains(&excuse) => Some((filled.span, excuse)),
            _ => None,
        })
        .collect();
    let cover = merged(away.iter().map(|(span, _)| *span).collect());
    if !work.iter().all(|span| covered(span, &cover)) {
        return None;
    }
    away.iter().find(|(span, _)| span.overlaps(first)).map(|(_, excuse)| *excuse)
}
