//! Sync and observe: answers of calendars become pictures, or reasons to doubt them.
//!
//! Nothing is stored here: what is new goes into the draft, and into the store with its record.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use super::Daemon;
use super::commit::Draft;
use crate::ical::{self, Lookup, Shape};
use crate::model::calendar::{Kept, Mirror, Picture, Sighting};
use crate::model::event::Event;
use crate::model::fact::{Fact, SessionKey, SourceState};
use crate::model::letter::OpsNews;
use crate::model::people::{CalendarId, Person, PersonId, SourceSpec};
use crate::model::state::{Put, SourceRow};
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};
use crate::observe::keep::{content_hash, lineage};
use crate::observe::suspect::{Before, Doubt, Shown, doubt, marks};
use crate::ports::{Answer, Calendars, Error, ErrorKind, Validators};

/// Calendars asked at a time.
const AT_ONCE: usize = 32;
/// A picture reaches so many days back and ahead of today.
const DAYS_BACK: u64 = 15;
const DAYS_AHEAD: u64 = 62;
/// Version of the stored mirrors; another one is read anew.
const MIRROR_VERSION: u32 = 1;

/// A calendar to be asked.
#[derive(Debug, Clone)]
pub struct Due {
    /// Which.
    pub calendar: CalendarId,
    /// Validators of the stored copy.
    pub known: Option<Validators>,
}

/// What a calendar answered.
#[derive(Debug)]
pub struct Fetched {
    /// Which.
    pub calendar: CalendarId,
    /// Its answer.
    pub answer: Result<Answer, Error>,
}

/// Asks all that are due, several at a time. Borrows nothing of the daemon, so that clicks can be answered
/// meanwhile.
pub async fn fetch(calendars: Rc<dyn Calendars>, due: Vec<Due>) -> Vec<Fetched> {
    let one = |due: Due| {
        let calendars = Rc::clone(&calendars);
        async move {
            let answer = calendars.fetch(due.calendar, due.known.as_ref()).await;
            Fetched { calendar: due.calendar, answer }
        }
    };
    let mut all: Vec<Fetched> = stream::iter(due).map(one).buffer_unordered(AT_ONCE).collect().await;
    // Answers come in any order; what follows from them must not depend on it.
    all.sort_by_key(|fetched| fetched.calendar);
    all
}

/// What lies in the store for a calendar: read whole, or dropped and fetched anew.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    lens: u64,
    validators: Validators,
    mirror: Mirror,
}

/// What is known of a calendar between ticks.
#[derive(Debug, Default)]
pub(super) struct Book {
    stored: Option<Arc<Stored>>,
    picture: Option<Picture>,
    drawn_on: Option<NaiveDate>,
    answered: Option<Moment>,
    next_poll: Moment,
}

impl Book {
    /// When it is asked next.
    pub fn next_poll(&self) -> Moment {
        self.next_poll
    }

    /// What it shows, if it has answered since the start.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref().filter(|_| self.answered.is_some())
    }
}

impl Daemon {
    /// Makes a book for every calendar of the roster, with the stored mirror where it is sound and was made with
    /// the same roster and rules. What was known before stays.
    pub(super) fn open_books(&mut self) {
        let mut old = std::mem::take(&mut self.books);
        for calendar in self.calendars() {
            let lens = self.lens_hash(calendar);
            let mut book = old.remove(&calendar).unwrap_or_default();
            if book.stored.as_ref().is_none_or(|stored| stored.lens != lens) {
                let stored =
                    self.store.mirror(calendar).and_then(|bytes| serde_json::from_slice(&bytes).ok());
                book.stored = stored
                    .filter(|known: &Stored| known.version == MIRROR_VERSION && known.lens == lens)
                    .map(Arc::new);
                book.next_poll = self.world.clock.now();
                book.drawn_on = None;
            }
            self.books.insert(calendar, book);
        }
    }

    /// All calendars that are read: people's, and those of holidays.
    fn calendars(&self) -> BTreeSet<CalendarId> {
        let people = self.setup.roster.people().flat_map(|person| {
            (1..=person.calendars.len()).map(|nth| CalendarId { owner: person.id, nth: nth as u8 })
        });
        people.chain(self.setup.holidays.iter().map(|(_, calendar)| *calendar)).collect()
    }

    /// What the meaning of a stored event depends on besides the event: the people, the rules, and where the
    /// calendar comes from. When it changes, the calendar is read anew, and compared with the ledger alone.
    fn lens_hash(&self, calendar: CalendarId) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        let rules = &self.setup.settings.rules;
        format!("{:?}{:?}", rules.sessions, rules.voice.from_address).hash(&mut hasher);
        for person in self.setup.roster.people() {
            (person.id, &person.address, &person.name, person.manager, &person.aliases, &person.title_match)
                .hash(&mut hasher);
            person.zone.name.hash(&mut hasher);
        }
        let owner = self.setup.roster.get(calendar.owner);
        match owner.and_then(|owner| owner.calendars.get(usize::from(calendar.nth).checked_sub(1)?)) {
            Some(SourceSpec::Feed(place)) => place.hash(&mut hasher),
            Some(SourceSpec::Google(id)) => ("google", id).hash(&mut hasher),
            Some(SourceSpec::World) | None => {}
        }
        hasher.finish()
    }

    /// The calendars that are due, marked as asked.
    pub fn due(&mut self) -> Vec<Due> {
        let now = self.world.clock.now();
        let poll = TimeDelta::from_std(self.setup.settings.feeds.poll).unwrap_or(TimeDelta::minutes(5));
        let mut due = Vec::new();
        for (calendar, book) in &mut self.books {
            if book.next_poll <= now {
                book.next_poll = now + poll;
                let known = book.stored.as_ref().map(|stored| stored.validators.clone());
                due.push(Due { calendar: *calendar, known });
            }
        }
        due
    }

    /// Takes in what calendars answered: sources, pictures, and which teams to look at.
    pub(super) fn take_in(&mut self, fetched: Vec<Fetched>, draft: &mut Draft) {
        self.redraw(draft);
        for Fetched { calendar, answer } in fetched {
            if !self.books.contains_key(&calendar) {
                continue;
            }
            match answer {
                Ok(Answer::Unchanged) => self.good(calendar, draft),
                Ok(Answer::Feed { bytes, validators }) => self.whole(calendar, &bytes, validators, draft),
                Ok(Answer::Listing { .. } | Answer::Busy(_)) => {
                    let error = Error::new(
                        ErrorKind::Invalid,
                        "listing",
                        "read a listing of Google's: not built yet",
                    );
                    self.failed(calendar, &error, draft);
                }
                Err(error) => self.failed(calendar, &error, draft),
            }
        }
    }

    /// Draws pictures anew where the day has changed, or where only the mirror was loaded.
    fn redraw(&mut self, draft: &mut Draft) {
        let today = draft.now.date_naive();
        let stale: Vec<CalendarId> = self
            .books
            .iter()
            .filter(|(_, book)| book.drawn_on != Some(today) && book.stored.is_some())
            .map(|(calendar, _)| *calendar)
            .collect();
        for calendar in stale {
            let Some(stored) = self.books.get(&calendar).and_then(|book| book.stored.clone()) else {
                continue;
            };
            let (sightings, unsure) = self.draw(calendar, &stored.mirror, draft.now);
            let is_well = self.is_well(calendar);
            if let Some(book) = self.books.get_mut(&calendar) {
                let at = book.answered.unwrap_or(draft.now);
                book.drawn_on = Some(today);
                book.picture = Some(Picture {
                    calendar,
                    at,
                    is_first: false,
                    is_current: is_well,
                    lists_attendees: stored.mirror.lists_attendees,
                    unsure,
                    sightings,
                });
            }
            self.touch(calendar, draft);
        }
    }

    fn is_well(&self, calendar: CalendarId) -> bool {
        self.state.sources.get(&calendar).is_none_or(|row| row.state == SourceState::Ok)
    }

    /// As the stored copy: a good answer.
    fn good(&mut self, calendar: CalendarId, draft: &mut Draft) {
        if let Some(book) = self.books.get_mut(&calendar) {
            let is_first_since_start = book.answered.is_none();
            book.answered = Some(draft.now);
            if let Some(picture) = &mut book.picture {
                picture.at = draft.now;
                picture.is_first = false;
                picture.is_current = true;
            }
            if is_first_since_start {
                self.touch(calendar, draft);
            }
        }
        if !self.state.sources.get(&calendar).is_some_and(|row| row.known && row.state == SourceState::Ok) {
            self.well(calendar, draft);
        }
    }

    /// A whole answer: read it, and believe it or not.
    fn whole(&mut self, calendar: CalendarId, bytes: &[u8], validators: Validators, draft: &mut Draft) {
        let limits = ical::Limits { bytes: self.largest(), ..ical::Limits::default() };
        let parsed = ical::parse(bytes, &limits);
        let early = match parsed.kind {
            Shape::Html | Shape::Other => Some(Doubt::Html),
            Shape::Empty => Some(Doubt::Empty),
            Shape::Calendar if !parsed.whole => Some(Doubt::CutOff),
            Shape::Calendar => None,
        };
        if !parsed.problems.is_empty() {
            tracing::warn!(calendar = %calendar.owner, problems = ?parsed.problems.counts, "parts of a calendar were passed over");
        }
        let mirror = self.mirror(calendar, parsed);
        let (sightings, unsure) = self.draw(calendar, &mirror, draft.now);
        let row = self.state.sources.get(&calendar);
        let believed = row.is_some_and(|row| row.believed == Some(mirror.content));
        // The answer that is waited on stays doubtful for the reason it was, also when the store was lost since.
        let waited_on = row
            .filter(|row| row.waits_on.is_some_and(|(content, ..)| content == mirror.content))
            .and_then(|row| Doubt::of_code(row.why.as_deref()?));
        let fresh = || self.doubt(calendar, &mirror, &sightings, draft.now);
        let doubt = early.or_else(|| if believed { None } else { waited_on.or_else(fresh) });
        if let Some(doubt) = doubt {
            let content = if early.is_some() { bytes_hash(bytes) } else { mirror.content };
            if !self.doubtful(calendar, doubt, content, draft) {
                return;
            }
            let mut row = draft.source(&self.state, calendar).unwrap_or_else(|| blank(draft.now));
            row.believed = Some(content);
            draft.put_source(calendar, row);
        }
        self.believe(calendar, mirror, validators, (sightings, unsure), draft);
    }

    fn largest(&self) -> usize {
        usize::try_from(self.setup.settings.feeds.largest).unwrap_or(usize::MAX)
    }

    /// Takes up a believed answer.
    fn believe(
        &mut self,
        calendar: CalendarId,
        mirror: Mirror,
        validators: Validators,
        (sightings, unsure): (Vec<Sighting>, BTreeSet<String>),
        draft: &mut Draft,
    ) {
        let was_known = self.state.sources.get(&calendar).is_some_and(|row| row.known);
        let stored = Stored { version: MIRROR_VERSION, lens: self.lens_hash(calendar), validators, mirror };
        draft.mirrors.push((calendar, serde_json::to_vec(&stored).ok()));
        if let Some(book) = self.books.get_mut(&calendar) {
            book.picture = Some(Picture {
                calendar,
                at: draft.now,
                is_first: !was_known,
                is_current: true,
                lists_attendees: stored.mirror.lists_attendees,
                unsure,
                sightings,
            });
            book.answered = Some(draft.now);
            book.drawn_on = Some(draft.now.date_naive());
            book.stored = Some(Arc::new(stored));
        }
        self.touch(calendar, draft);
        self.well(calendar, draft);
    }

    /// What is kept of a feed: times and people by number, no text.
    fn mirror(&self, calendar: CalendarId, parsed: ical::Parsed) -> Mirror {
        let lists_attendees = parsed.events.iter().any(|event| !event.attendees.is_empty());
        let aside = parsed.aside.iter().map(|uid| lineage(uid).to_owned()).collect();
        let events: Vec<Kept> =
            parsed.events.into_iter().map(|event| self.setup.lens.keep(event, calendar.owner)).collect();
        let content = content_hash(&events);
        Mirror { events, zones: parsed.zones, zone: parsed.zone_name, lists_attendees, aside, content }
    }

    /// Everything a mirror shows in the weeks around now.
    fn draw(&self, calendar: CalendarId, mirror: &Mirror, now: Moment) -> (Vec<Sighting>, BTreeSet<String>) {
        let own = self.setup.roster.get(calendar.owner).map(|person| &person.zone);
        let own = own.unwrap_or(&self.setup.settings.rules.zone);
        let zone = self.feed_zone(mirror, own);
        let lookup = Lookup { zones: &self.setup.zones, custom: &mirror.zones, default: &zone };
        let events: Vec<Event> = mirror.events.iter().map(Kept::as_event).collect();
        let expanded = ical::expand(&events, &lookup, &window(now), &ical::Limits::default());
        let kept: Vec<Arc<Kept>> = mirror.events.iter().cloned().map(Arc::new).collect();
        let mut unsure = mirror.aside.clone();
        unsure.extend(expanded.doubts.iter().map(|(event, _)| lineage(&events[*event].uid).to_owned()));
        let sightings = expanded
            .instances
            .iter()
            .map(|instance| Sighting {
                key: SessionKey {
                    lineage: lineage(&events[instance.event].uid).to_owned(),
                    rid: instance.rid,
                },
                span: instance.span,
                is_all_day: instance.is_all_day,
                is_cancelled: instance.is_cancelled,
                recurs: instance.rid.is_some(),
                every_weeks: every_weeks(&events[instance.master.unwrap_or(instance.event)]),
                kept: Arc::clone(&kept[instance.event]),
            })
            .collect();
        (sightings, unsure)
    }

    fn feed_zone(&self, mirror: &Mirror, own: &Zone) -> Zone {
        let lookup = Lookup { zones: &self.setup.zones, custom: &mirror.zones, default: own };
        mirror
            .zone
            .as_deref()
            .and_then(|name| ical::zone::resolve(name, &lookup))
            .unwrap_or_else(|| own.clone())
    }

    fn doubt(
        &self,
        calendar: CalendarId,
        mirror: &Mirror,
        sightings: &[Sighting],
        now: Moment,
    ) -> Option<Doubt> {
        let expected = self.expected_in(calendar, now);
        let nothing = BTreeSet::new();
        let known = self.state.sources.get(&calendar).map_or(&nothing, |row| &row.marks);
        let picture = self.books.get(&calendar).and_then(|book| {
            let (stored, picture) = (book.stored.as_ref()?, book.picture.as_ref()?);
            // A mirror older than what the ledger believed last (a store that fell back) proves nothing.
            let is_newest = *known == marks(&stored.mirror.events);
            is_newest.then_some(Shown { events: &stored.mirror.events, sightings: &picture.sightings })
        });
        doubt(
            Before { picture, expected: &expected, marks: known },
            Shown { events: &mirror.events, sightings },
            now,
        )
    }

    /// Sessions of the next 14 days that the ledger expects in a calendar and that still stand.
    fn expected_in(&self, calendar: CalendarId, now: Moment) -> BTreeSet<SessionKey> {
        if calendar.nth != 1 {
            return BTreeSet::new();
        }
        let near = Span::new(now, now + TimeDelta::days(14));
        let owner = calendar.owner;
        // What a believed answer no longer has is missing, not expected: it only settles.
        let is_believed = self.state.sources.get(&calendar).is_some_and(|row| row.believed.is_some());
        let reps = self.setup.roster.reports(owner).map(|person| person.id).chain(std::iter::once(owner));
        reps.filter_map(|rep| self.state.reps.get(&rep))
            .flat_map(|rep| rep.sessions.values())
            .filter(|session| session.span.overlaps(&near) && session.stands())
            .filter(|session| !is_believed || session.pending.is_none())
            .filter(|session| {
                (session.manager == owner && session.seen.0) || (session.rep == owner && session.seen.1)
            })
            .map(|session| session.key.clone())
            .collect()
    }

    /// Notes an answer that is not believed; `true` when it has come often and long enough to be believed.
    fn doubtful(&mut self, calendar: CalendarId, doubt: Doubt, content: u64, draft: &mut Draft) -> bool {
        let policy = &self.setup.settings.rules.policy;
        let before = draft.source(&self.state, calendar);
        let (count, since) = match before.as_ref().and_then(|row| row.waits_on) {
            Some((same, count, since)) if same == content => (count + 1, since),
            _ => (1, draft.now),
        };
        let is_worn_off =
            doubt.wears_off() && count >= policy.suspect_after && draft.now - since >= policy.suspect_for;
        if is_worn_off {
            return true;
        }
        // The suspect answer must come whole again to count as equal, so its validators are not kept.
        if let Some(picture) = self.books.get_mut(&calendar).and_then(|book| book.picture.as_mut()) {
            picture.is_current = false;
        }
        let was = before.as_ref().map(|row| row.state);
        let mut row = before.unwrap_or_else(|| blank(draft.now));
        let is_new = row.state != SourceState::Suspect;
        if is_new {
            row.told = false;
            row.since = draft.now;
            row.believed = None;
        }
        let tell = !row.told && !is_new;
        row.state = SourceState::Suspect;
        row.why = Some(doubt.code().to_owned());
        row.waits_on = Some((content, count, since));
        row.told |= tell;
        if is_new || was.is_none() {
            draft.facts.push(source_fact(calendar, &row));
        }
        if tell {
            self.tell_ops(
                &source_news(calendar, &row),
                &format!("{}-{}", calendar.owner, calendar.nth),
                draft,
            );
        }
        draft.put_source(calendar, row);
        self.touch(calendar, draft);
        false
    }

    /// The source did not answer.
    fn failed(&mut self, calendar: CalendarId, error: &Error, draft: &mut Draft) {
        tracing::warn!(calendar = %calendar.owner, code = %error.code, "a calendar could not be read; its last good picture stands");
        let alert_after = self.setup.settings.rules.policy.alert_after;
        if let Some(picture) = self.books.get_mut(&calendar).and_then(|book| book.picture.as_mut()) {
            picture.is_current = false;
        }
        let before = draft.source(&self.state, calendar);
        let mut row = before.clone().unwrap_or_else(|| blank(draft.now));
        let is_new = row.state == SourceState::Ok || before.is_none();
        if is_new {
            row = SourceRow {
                state: SourceState::Failing,
                since: draft.now,
                told: false,
                waits_on: None,
                ..row
            };
            row.why = Some(error.code.clone());
            draft.facts.push(source_fact(calendar, &row));
            self.touch(calendar, draft);
        }
        let tell = !row.told && draft.now - row.since >= alert_after;
        if tell {
            row.told = true;
            self.tell_ops(
                &source_news(calendar, &row),
                &format!("{}-{}", calendar.owner, calendar.nth),
                draft,
            );
        }
        if before.as_ref() != Some(&row) {
            draft.put_source(calendar, row);
        }
    }

    /// The source is well: said once, to ops too if they had been told of its trouble.
    fn well(&mut self, calendar: CalendarId, draft: &mut Draft) {
        let before = draft.source(&self.state, calendar);
        let is_news = before.as_ref().is_some_and(|row| row.state != SourceState::Ok);
        let stored = self.books.get(&calendar).and_then(|book| book.stored.as_ref());
        let marks = stored.map(|stored| marks(&stored.mirror.events)).unwrap_or_default();
        let believed = before.as_ref().and_then(|row| row.believed);
        let is_same = |row: &SourceRow| {
            row.state == SourceState::Ok && row.known && row.marks == marks && row.believed == believed
        };
        if before.as_ref().is_some_and(is_same) {
            return;
        }
        let was_told = before.as_ref().is_some_and(|row| row.told);
        let since = before.as_ref().filter(|_| !is_news).map_or(draft.now, |row| row.since);
        let row = SourceRow { known: true, believed, marks, ..blank(since) };
        if is_news {
            draft.facts.push(source_fact(calendar, &row));
            self.touch(calendar, draft);
        }
        if is_news && was_told {
            self.tell_ops(
                &source_news(calendar, &row),
                &format!("{}-{}", calendar.owner, calendar.nth),
                draft,
            );
        }
        draft.put_source(calendar, row);
    }

    /// The teams that must be looked at because a calendar changed: its owner's, and that of the owner's manager.
    fn touch(&self, calendar: CalendarId, draft: &mut Draft) {
        match self.setup.roster.get(calendar.owner) {
            Some(person) => {
                draft.teams.insert(person.id);
                draft.teams.extend(person.manager);
            }
            // Holidays concern everybody.
            None => draft.teams.extend(self.setup.roster.reps().filter_map(|rep| rep.manager)),
        }
    }

    /// What somebody's first calendar shows, if it has answered since the start.
    pub(super) fn picture(&self, owner: PersonId) -> Option<&Picture> {
        self.books.get(&CalendarId::first(owner))?.picture()
    }

    /// All that somebody's calendars show, and whether all of them are current.
    pub(super) fn pictures(&self, person: &Person) -> (Vec<&Picture>, bool) {
        let books = self
            .books
            .range(CalendarId { owner: person.id, nth: 0 }..=CalendarId { owner: person.id, nth: u8::MAX });
        let pictures: Vec<&Picture> = books.filter_map(|(_, book)| book.picture()).collect();
        let all = !person.calendars.is_empty()
            && pictures.len() == person.calendars.len()
            && pictures.iter().all(|picture| picture.is_current);
        (pictures, all)
    }
}

/// Two weeks back and two months ahead of today, by days, so that it is the same all day long.
fn window(now: Moment) -> Span {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let today = now.date_naive();
    Span::new(midnight(today - Days::new(DAYS_BACK)), midnight(today + Days::new(DAYS_AHEAD)))
}

/// How many weeks lie between two sessions of a weekly series.
fn every_weeks(event: &Event) -> Option<u32> {
    let rule = event.recurrence.rrules.first()?.to_ascii_uppercase();
    let parts: BTreeMap<&str, &str> = rule.split(';').filter_map(|part| part.split_once('=')).collect();
    (*parts.get("FREQ")? == "WEEKLY").then(|| parts.get("INTERVAL").and_then(|n| n.parse().ok()).unwrap_or(1))
}

fn bytes_hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn blank(now: Moment) -> SourceRow {
    SourceRow {
        state: SourceState::Ok,
        why: None,
        since: now,
        told: false,
        waits_on: None,
        known: false,
        believed: None,
        marks: BTreeSet::new(),
    }
}

fn source_fact(calendar: CalendarId, row: &SourceRow) -> Fact {
    Fact::Source { calendar, state: row.state, why: row.why.clone() }
}

fn source_news(calendar: CalendarId, row: &SourceRow) -> OpsNews {
    OpsNews::Source { calendar, state: row.state, why: row.why.clone(), since: row.since }
}

impl Draft {
    /// The source's row as this draft has it, or as the view does.
    fn source(&self, state: &crate::model::state::State, calendar: CalendarId) -> Option<SourceRow> {
        let drafted = self.puts.iter().rev().find_map(|put| match put {
            Put::Source { calendar: of, row } if *of == calendar => Some(row.clone()),
            _ => None,
        });
        drafted.or_else(|| state.sources.get(&calendar).cloned())
    }

    fn put_source(&mut self, calendar: CalendarId, row: SourceRow) {
        self.puts.push(Put::Source { calendar, row });
    }
}
