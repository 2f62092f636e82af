//! How the 1-on-1 of a rep and their manager is known, or the nearest miss, and what would mend it.

use std::collections::BTreeSet;

use super::{is_like, is_nobody};
use crate::judge::View;
use crate::judge::baseline::baseline;
use crate::judge::health::sum;
use crate::judge::sight::{Known, WEEKS_AHEAD, recognise_any};
use crate::model::event::{Attendee, Partstat};
use crate::model::fact::WeekCounts;
use crate::model::people::{Person, PersonId};
use crate::model::survey::{Happening, How, Leaf, Mend, RepLine, Why};
use crate::model::time::Week;
use crate::model::zone::Moment;

/// Meetings with more others than this are no near miss of a 1-on-1.
const OTHERS_MOST: u32 = 3;
/// So many first letters in common make a short name like the whole one: Max, Maximilian.
const NICK_LETTERS: usize = 3;

/// The calendars of the two, where they were read.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The manager's.
    pub manager: Option<&'a Leaf>,
    /// The rep's.
    pub rep: Option<&'a Leaf>,
}

/// One rep's line. `view` has the pictures of `sides`; `weeks` are those of the baseline.
pub fn line(view: &View<'_>, sides: Sides<'_>, weeks: u32) -> RepLine {
    let all: Vec<Found<'_>> = found(view, sides);
    let coming = all.iter().filter(|found| found.is_coming && found.is_live);
    let best = coming.clone().min_by_key(|found| found.happening.sighting.span.start);
    let next = coming.map(|found| found.happening.sighting.span.start).filter(|at| *at > view.now).min();
    let (why, mend) = if best.is_some() { (None, None) } else { miss(view, sides, &all) };
    let before = baseline(view, view.week(), weeks).into_values().fold(WeekCounts::default(), sum);
    RepLine {
        rep: view.rep.id,
        manager: view.manager.id,
        is_read: sides.manager.is_some() || sides.rep.is_some(),
        known: best.map(|found| (how(view, found), title(found.happening))),
        next,
        why,
        mend,
        before,
    }
}

/// A private event's title is never shown.
fn title(happening: &Happening) -> Option<String> {
    (!happening.event.is_private).then(|| happening.event.title.clone())
}

/// A happening that is recognised, or was before it was called off.
struct Found<'a> {
    happening: &'a Happening,
    owner: PersonId,
    known: Known,
    /// In the weeks whose sessions the judge remembers.
    is_coming: bool,
    /// Neither called off nor declined.
    is_live: bool,
}

fn leaves<'a>(view: &View<'_>, sides: Sides<'a>) -> Vec<(PersonId, &'a Leaf)> {
    let sides = [(view.manager.id, sides.manager), (view.rep.id, sides.rep)];
    sides.into_iter().filter_map(|(owner, leaf)| Some((owner, leaf?))).collect()
}

fn found<'a>(view: &View<'_>, sides: Sides<'a>) -> Vec<Found<'a>> {
    let this = view.week();
    let mut all = Vec::new();
    for (owner, leaf) in leaves(view, sides) {
        for happening in &leaf.happenings {
            let sighting = &happening.sighting;
            let known = recognise_any(view, sighting, owner, leaf.lists_attendees);
            let Some(known) = known.filter(|known| *known != Known::Weakly) else { continue };
            let week = Week::of(sighting.span.start, &view.rep.zone);
            let answers = &sighting.kept.party.answers;
            let says_no = |who| answers.get(&who) == Some(&Partstat::Declined);
            all.push(Found {
                happening,
                owner,
                known,
                is_coming: week >= this && week <= this.plus(WEEKS_AHEAD),
                is_live: !sighting.is_cancelled && !says_no(view.rep.id) && !says_no(view.manager.id),
            });
        }
    }
    all
}

fn how(view: &View<'_>, found: &Found<'_>) -> How {
    let (happening, kept) = (found.happening, &found.happening.sighting.kept);
    if found.known == Known::ByTitle {
        if found.owner == view.rep.id {
            return How::ManagerName;
        }
        let title = &happening.event.title;
        let pattern = view.rep.title_match.as_deref().and_then(|text| regex::Regex::new(text).ok());
        let is_whole =
            view.rep.name.contains(' ') && title.to_lowercase().contains(&view.rep.name.to_lowercase());
        return match pattern {
            Some(pattern) if pattern.is_match(title) => How::Match,
            _ if is_whole => How::FullName,
            _ => How::FirstName,
        };
    }
    let others = kept.party.people.len() as u32 + kept.party.colleagues + kept.party.outside;
    match () {
        () if happening.event.is_private => How::Private,
        () if others > 2 => How::Guests,
        () if happening.sighting.recurs => How::Attendees,
        () => How::AttendeesAndTitle,
    }
}

/// A near miss, by how near it is: the least is told.
type Miss = (u8, Why, Option<Mend>);

fn miss(view: &View<'_>, sides: Sides<'_>, found: &[Found<'_>]) -> (Option<Why>, Option<Mend>) {
    let all = leaves(view, sides);
    if all.is_empty() {
        let has_any = !(view.rep.calendars.is_empty() && view.manager.calendars.is_empty());
        return (Some(if has_any { Why::NotRead } else { Why::NoCalendar }), None);
    }
    if let Some(why) = past(found, view.now) {
        return (Some(why), None);
    }
    let mut misses: Vec<Miss> = Vec::new();
    for (owner, leaf) in &all {
        // The newest first: of equal misses the latest is told.
        for happening in leaf.happenings.iter().rev() {
            misses.extend(near(view, *owner, leaf, happening));
        }
    }
    let nearest = misses.into_iter().min_by_key(|(rank, ..)| *rank);
    match nearest {
        Some((_, why, mend)) => (Some(why), mend),
        None if all.iter().any(|(_, leaf)| !leaf.lists_attendees && !leaf.happenings.is_empty()) => {
            (Some(Why::NoAttendees), None)
        }
        None => (Some(Why::Nothing), None),
    }
}

/// It is known, and yet no session of it is coming.
fn past(found: &[Found<'_>], now: Moment) -> Option<Why> {
    let start = |found: &Found<'_>| found.happening.sighting.span.start;
    let off = found.iter().filter(|found| found.is_coming && start(found) > now).map(start).min();
    let last = found.iter().filter(|found| found.is_live && start(found) <= now).map(start).max();
    off.map(|next| Why::CalledOff { next }).or(last.map(|last| Why::Over { last }))
}

fn near(view: &View<'_>, owner: PersonId, leaf: &Leaf, happening: &Happening) -> Option<Miss> {
    let sighting = &happening.sighting;
    if happening.event.is_private || sighting.is_cancelled || sighting.is_all_day {
        return None;
    }
    let party = &sighting.kept.party;
    if party.people.contains(&view.rep.id) && party.people.contains(&view.manager.id) {
        return together(view, happening);
    }
    if happening.event.attendees.is_empty() {
        let is_titled = !party.is_listed && !leaf.lists_attendees && sighting.recurs;
        return is_titled.then(|| titled(view, owner, happening)).flatten();
    }
    under_another_address(view, owner, happening)
}

/// Both attend, and it is no 1-on-1 all the same.
fn together(view: &View<'_>, happening: &Happening) -> Option<Miss> {
    let sighting = &happening.sighting;
    let (party, words) = (&sighting.kept.party, &sighting.kept.words);
    let pair = [view.rep.id, view.manager.id];
    let named = party.people.iter().filter(|person| !pair.contains(person)).count() as u32;
    let others = named + party.colleagues + party.outside;
    if others > OTHERS_MOST || (others > 0 && !sighting.recurs && !words.is_session) {
        return None;
    }
    let minutes = sighting.span.length().num_minutes();
    let most = view.rules.sessions.longest.num_minutes();
    let least = view.rule().map_or(0, |rule| rule.shortest.num_minutes());
    let title = || happening.event.title.clone();
    let why = match () {
        () if words.is_never => Why::Never { title: title() },
        () if minutes > most => Why::TooLong { minutes, most },
        () if minutes < least => Why::TooShort { minutes, least },
        () if others > 0 => {
            let has_leader = view.manager.manager.is_some_and(|leader| party.people.contains(&leader));
            return Some((4, Why::Others { count: others, has_leader }, None));
        }
        () => return Some((5, Why::Single { at: sighting.span.start }, None)),
    };
    Some((3, why, None))
}

/// The owner meets one person whom the roster does not know, and who is very like the other of the pair.
fn under_another_address(view: &View<'_>, owner: PersonId, happening: &Happening) -> Option<Miss> {
    let other = if owner == view.rep.id { view.manager } else { view.rep };
    let attendees = happening.event.attendees.iter().filter(|attendee| !is_nobody(attendee, view.rules));
    let organizer = happening
        .event
        .organizer
        .as_ref()
        .map(|address| Attendee { address: address.clone(), ..Attendee::default() });
    let mut strangers: Vec<Attendee> = attendees
        .cloned()
        .chain(organizer)
        .filter(|attendee| view.roster.by_address(&attendee.address) != Some(owner))
        .collect();
    strangers.dedup_by(|one, other| one.address == other.address);
    let addresses: BTreeSet<&String> = strangers.iter().map(|stranger| &stranger.address).collect();
    let stranger = strangers.first().filter(|_| addresses.len() == 1)?;
    if view.roster.by_address(&stranger.address).is_some() || !is_like(other, stranger) {
        return None;
    }
    let (of, address) = (other.id, stranger.address.clone());
    Some((1, Why::Alias { of, address: address.clone() }, Some(Mend::Alias { of, address })))
}

/// A series without attendees whose title is not quite enough.
fn titled(view: &View<'_>, owner: PersonId, happening: &Happening) -> Option<Miss> {
    let words = &happening.sighting.kept.words;
    if owner != view.manager.id || words.by_title.is_some() || words.is_never {
        return None;
    }
    let title = happening.event.title.clone();
    let mend = Some(Mend::Match { of: view.rep.id, pattern: pattern(&title) });
    if words.names.contains(&view.rep.id) {
        let team = view.roster.reports(view.manager.id);
        let is_unique = team.filter(|person| words.names.contains(&person.id)).count() == 1;
        return Some(if is_unique {
            (2, Why::NoWord { title }, mend)
        } else {
            let mend = mend.filter(|_| has_initial(view.rep, &title));
            (2, Why::Ambiguous { title }, mend)
        });
    }
    let is_near = words.names.iter().all(|named| *named == view.manager.id) && is_short(view.rep, &title);
    is_near.then_some((3, Why::Nearly { title }, mend))
}

/// A pattern for this very title.
fn pattern(title: &str) -> String {
    format!("^{}$", regex::escape(title))
}

fn words(title: &str) -> impl Iterator<Item = String> {
    title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The last name, or its first letter, stands in the title: `Ana A 1:1`.
fn has_initial(rep: &Person, title: &str) -> bool {
    let last = rep.name.split_whitespace().skip(1).last().unwrap_or_default().to_lowercase();
    let initial: String = last.chars().take(1).collect();
    !last.is_empty() && words(title).any(|word| word == last || word == initial)
}

/// The last name alone, the part of the address before the `@`, or a first name cut short.
fn is_short(rep: &Person, title: &str) -> bool {
    let last = rep.name.split_whitespace().skip(1).last().unwrap_or_default().to_lowercase();
    let local = rep.address.split('@').next().unwrap_or_default();
    let first = rep.first_name().to_lowercase();
    words(title).any(|word| {
        let is_nick = word.chars().count() >= NICK_LETTERS && first.starts_with(word.as_str());
        (!last.is_empty() && word == last) || word == local || is_nick
    })
}
