//! Events → what is kept of them: who takes part by number, and what the words mean instead of the words.
//!
//! Titles of events that are no 1-on-1 are never stored (DESIGN.md, "Untrusted input").

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use regex::Regex;

use crate::model::calendar::{Kept, Party, Words};
use crate::model::event::{Attendee, Event};
use crate::model::people::{Person, PersonId, Roster};
use crate::model::policy::SessionRules;

/// What turns events of a calendar into what is kept: patterns and people, compiled once.
#[derive(Debug)]
pub struct Lens {
    roster: Arc<Roster>,
    title: Regex,
    not_title: Option<Regex>,
    absence: Regex,
    ignore: Vec<String>,
    sender: String,
    by_rep: Vec<(PersonId, Regex)>,
}

/// A calendar lists attendees where at least one in so many of its events does: a lone invitation from elsewhere tells nothing
/// of the others.
const LISTED_IN: usize = 20;

/// Whether a calendar says who takes part in its events. What `sender` organises, bookings of our own, tells nothing of that.
pub fn list_attendees(events: &[Event], sender: &str) -> bool {
    let is_ours =
        |event: &&Event| event.organizer.as_deref().is_some_and(|who| who.eq_ignore_ascii_case(sender));
    let others = || events.iter().filter(|event| !is_ours(event));
    let listed = others().filter(|event| !event.attendees.is_empty()).count();
    listed > 0 && listed * LISTED_IN >= others().count()
}

impl Lens {
    /// For these people and rules; `sender` is our own address, which is nobody. Patterns that do not compile
    /// (the configuration refuses them) match nothing.
    pub fn new(roster: Arc<Roster>, rules: &SessionRules, sender: &str) -> Self {
        let by_rep = roster
            .people()
            .filter_map(|person| Some((person.id, Regex::new(person.title_match.as_deref()?).ok()?)))
            .collect();
        Self {
            title: pattern(&rules.title).unwrap_or_else(nothing),
            not_title: pattern(&rules.not_title),
            absence: pattern(&rules.absence).unwrap_or_else(nothing),
            ignore: rules.ignore.clone(),
            sender: sender.to_owned(),
            by_rep,
            roster,
        }
    }

    /// What is kept of an event in `owner`'s calendar. A private one is busy time and nothing else, unless exactly a
    /// rep and their manager meet in it: then who meets is kept, and its words are not looked at.
    pub fn keep(&self, event: Event, owner: PersonId) -> Kept {
        let mut party = self.party(&event, owner);
        if event.is_private && !self.is_pair(&party) {
            party = Party::default();
        }
        let words = if event.is_private { Words::default() } else { self.words(&event, owner) };
        Kept {
            party,
            words,
            uid: event.uid,
            recurrence_id: event.recurrence_id,
            this_and_future: event.this_and_future,
            start: event.start,
            seconds: event.length.num_seconds(),
            recurrence: event.recurrence,
            status: event.status,
            shown: event.shown,
            sequence: event.sequence,
            created: event.created,
            modified: event.modified,
            id: None,
            series: None,
        }
    }

    /// Whether a calendar says who takes part in its events.
    pub fn lists_attendees(&self, events: &[Event]) -> bool {
        list_attendees(events, &self.sender)
    }

    /// Exactly a rep and their manager.
    fn is_pair(&self, party: &Party) -> bool {
        let reports_to = |rep: &PersonId, manager: &PersonId| {
            self.roster.get(*rep).is_some_and(|person| person.manager == Some(*manager))
        };
        let others = party.colleagues + party.outside;
        let people: Vec<&PersonId> = party.people.iter().collect();
        matches!(people.as_slice(), [one, other] if others == 0 && (reports_to(one, other) || reports_to(other, one)))
    }

    fn is_nobody(&self, attendee: &Attendee) -> bool {
        attendee.is_resource
            || attendee.address == self.sender
            || self.ignore.iter().any(|part| attendee.address.contains(part.as_str()))
    }

    /// Who attends: the attendees, the owner of the calendar, and the organiser where the list leaves him out
    /// (Exchange does not list the organiser; an assistant who invites two others is not one of them).
    fn party(&self, event: &Event, owner: PersonId) -> Party {
        let organizer = event.organizer.as_deref().filter(|address| *address != self.sender.as_str());
        let mut party = Party {
            is_listed: !event.attendees.is_empty() || event.organizer.is_some(),
            organizer: organizer.and_then(|address| self.roster.by_address(address)),
            ..Party::default()
        };
        if event.attendees.is_empty() {
            return party;
        }
        let mut strangers = BTreeSet::new();
        for attendee in event.attendees.iter().filter(|attendee| !self.is_nobody(attendee)) {
            match self.roster.by_address(&attendee.address) {
                Some(person) => {
                    party.people.insert(person);
                    party.answers.insert(person, attendee.partstat);
                }
                None => {
                    strangers.insert(attendee.address.as_str());
                }
            }
        }
        party.outside = strangers.iter().filter(|address| !self.roster.is_colleague(address)).count() as u32;
        party.colleagues = strangers.len() as u32 - party.outside;
        if party.people.len() + strangers.len() < 2 {
            party.people.extend(party.organizer);
        }
        // Whoever organises their own meeting attends it, unless they are listed and say otherwise.
        if party.organizer == Some(owner) {
            party.people.insert(owner);
        }
        party
    }

    fn words(&self, event: &Event, owner: PersonId) -> Words {
        let title = event.title.as_str();
        let is_session = self.title.is_match(title);
        let words: BTreeSet<String> = title
            .split(|c: char| !c.is_alphanumeric() && c != '-' && c != '\'')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let lower = title.to_lowercase();
        let names = self
            .roster
            .people()
            .filter(|person| !person.name.contains('@') && names(&words, &lower, person))
            .map(|person| person.id)
            .collect::<BTreeSet<_>>();
        let by_title = if event.attendees.is_empty() {
            self.by_title(title, &lower, owner, &names, is_session)
        } else {
            None
        };
        Words {
            is_session,
            is_never: self.not_title.as_ref().is_some_and(|never| never.is_match(title)),
            is_absence: self.absence.is_match(title),
            names,
            by_title,
        }
    }

    /// The rep of `owner` whose 1-on-1 the title says it is: by `match`, else the full name, else a first name
    /// that is unique in the team beside a word for a 1-on-1.
    fn by_title(
        &self,
        title: &str,
        lower: &str,
        owner: PersonId,
        names: &BTreeSet<PersonId>,
        is_session: bool,
    ) -> Option<PersonId> {
        let team: Vec<&Person> = self.roster.reports(owner).collect();
        let matched = self.by_rep.iter().filter(|(rep, _)| team.iter().any(|person| person.id == *rep));
        if let Some((rep, _)) = matched.into_iter().find(|(_, pattern)| pattern.is_match(title)) {
            return Some(*rep);
        }
        let full =
            |person: &&&Person| person.name.contains(' ') && lower.contains(&person.name.to_lowercase());
        if let Some(person) = team.iter().find(full) {
            return Some(person.id);
        }
        let named: Vec<_> = team.iter().filter(|person| names.contains(&person.id)).collect();
        match named.as_slice() {
            [one] if is_session => Some(one.id),
            _ => None,
        }
    }
}

fn pattern(text: &str) -> Option<Regex> {
    (!text.is_empty()).then(|| Regex::new(text).ok()).flatten()
}

/// A pattern that matches no text at all.
fn nothing() -> Regex {
    #[expect(clippy::unwrap_used, reason = "a constant pattern that compiles")]
    Regex::new(r"[^\s\S]").unwrap()
}

fn names(words: &BTreeSet<String>, lower: &str, person: &Person) -> bool {
    words.contains(&person.first_name().to_lowercase()) || lower.contains(&person.name.to_lowercase())
}

/// Hash of a calendar's content: equal for equal events in any order. DTSTAMP is not kept, so it does not count.
pub fn content_hash(events: &[Kept]) -> u64 {
    events
        .iter()
        .map(|event| {
            let mut hasher = DefaultHasher::new();
            serde_json::to_string(event).unwrap_or_default().hash(&mut hasher);
            hasher.finish()
        })
        .fold(0, u64::wrapping_add)
}

/// The lineage of a UID: `X`, `X_R20260105T140000` and `X_R20260105T140000@google.com` are one.
pub fn lineage(uid: &str) -> &str {
    let base = uid.strip_suffix("@google.com").unwrap_or(uid);
    match base.rsplit_once("_R") {
        Some((before, split)) if is_split_time(split) && !before.is_empty() => before,
        _ => base,
    }
}

fn is_split_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.len(), 8 | 15)
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 8 { *byte == b'T' } else { byte.is_ascii_digit() })
}
