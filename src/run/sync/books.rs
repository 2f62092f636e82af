//! What is known of each calendar between ticks: the stored mirror, and the picture that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::ical::{self, Instance, Lookup};
use crate::model::calendar::{Kept, Mirror, Picture, Sighting};
use crate::model::event::Event;
use crate::model::fact::SessionKey;
use crate::model::people::{CalendarId, Person, PersonId, SourceSpec};
use crate::model::state::{Put, SourceRow};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;
use crate::observe::keep::lineage;
use crate::ports::Validators;
use crate::run::Daemon;
use crate::run::commit::Draft;

/// A picture reaches so many days back and ahead of today.
const DAYS_BACK: u64 = 15;
const DAYS_AHEAD: u64 = 62;
/// Version of the stored mirrors; another one is read anew.
const MIRROR_VERSION: u32 = 1;
/// A token that nothing changed under is stored so often.
const TOKEN_HOURS: i64 = 24;

/// What lies in the store for a calendar: read whole, or dropped and fetched anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stored {
    pub version: u32,
    pub lens: u64,
    pub validators: Validators,
    pub mirror: Mirror,
    /// When it was stored, where that matters.
    #[serde(default)]
    pub written_at: Option<Moment>,
}

impl Stored {
    /// Whether the token is due to be stored, though nothing changed.
    pub fn is_token_old(&self, now: Moment) -> bool {
        self.written_at.is_none_or(|at| now - at >= TimeDelta::hours(TOKEN_HOURS))
    }
}

/// What a mirror shows in the weeks around now.
pub(super) struct Drawn {
    pub sightings: Vec<Sighting>,
    pub unsure: BTreeSet<String>,
}

/// What is known of a calendar between ticks.
#[derive(Debug, Default)]
pub(in crate::run) struct Book {
    pub(super) stored: Option<Arc<Stored>>,
    /// Newer validators than the stored ones, for the same mirror.
    pub(super) validators: Option<Validators>,
    /// The next answer must be a whole one.
    pub(super) wants_all: bool,
    pub(super) picture: Option<Picture>,
    pub(super) drawn_on: Option<NaiveDate>,
    pub(in crate::run) answered: Option<Moment>,
    pub(super) next_poll: Moment,
    /// Failures in a row.
    pub(super) failures: u32,
    /// When its expansion was last compared with the source's own.
    pub(super) audited_on: Option<NaiveDate>,
}

impl Book {
    /// When it is asked next.
    pub fn next_poll(&self) -> Moment {
        self.next_poll
    }

    /// It has answered, or failed to, since the start.
    pub(super) fn was_asked(&self) -> bool {
        self.answered.is_some() || self.failures > 0
    }

    /// What it shows, if it has answered since the start.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref().filter(|_| self.answered.is_some())
    }

    /// What is handed to the source, so that it need only say what changed.
    pub(super) fn known(&self) -> Option<Validators> {
        let stored = self.stored.as_ref().filter(|_| !self.wants_all)?;
        Some(self.validators.clone().unwrap_or_else(|| stored.validators.clone()))
    }
}

impl Daemon {
    /// Makes a book for every calendar of the roster, with the stored mirror where it is sound and was made with
    /// the same roster and rules. What was known before stays.
    pub(in crate::run) fn open_books(&mut self) {
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
                book.validators = None;
                book.next_poll = self.world.clock.now();
                // Drawn with another roster it says nothing of who meets whom now: unknown, as after a start.
                (book.picture, book.answered, book.drawn_on) = (None, None, None);
            }
            self.books.insert(calendar, book);
        }
    }

    /// With which roster and rules somebody's first calendar was read last.
    pub(in crate::run) fn lens_of(&self, owner: PersonId) -> Option<u64> {
        Some(self.books.get(&CalendarId::first(owner))?.stored.as_ref()?.lens)
    }

    /// Lets go of calendars that are not read any more: what they showed, and how they were.
    pub(in crate::run) fn close_books(&self, draft: &mut Draft) {
        let live = self.calendars();
        for calendar in self.state.sources.keys().filter(|calendar| !live.contains(calendar)) {
            draft.mirrors.push((*calendar, None));
            draft.puts.push(Put::SourceGone { calendar: *calendar });
        }
    }

    /// All calendars that are read: people's, and those of holidays.
    fn calendars(&self) -> BTreeSet<CalendarId> {
        let people = self.setup.roster.people().flat_map(|person| {
            (1..=person.calendars.len()).map(|nth| CalendarId { owner: person.id, nth: nth as u8 })
        });
        people.chain(self.setup.holidays.iter().map(|(_, calendar)| *calendar)).collect()
    }

    /// Where a calendar comes from; `None` for one of holidays.
    pub(super) fn source_spec(&self, calendar: CalendarId) -> Option<&SourceSpec> {
        let owner = self.setup.roster.get(calendar.owner)?;
        owner.calendars.get(usize::from(calendar.nth).checked_sub(1)?)
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
        match self.source_spec(calendar) {
            Some(SourceSpec::Feed(place)) => place.hash(&mut hasher),
            Some(SourceSpec::Google(id)) => ("google", id).hash(&mut hasher),
            Some(SourceSpec::World) | None => {}
        }
        hasher.finish()
    }

    /// Draws pictures anew where the day has changed, or where only the mirror was loaded.
    pub(super) fn redraw(&mut self, draft: &mut Draft) {
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
            let drawn = self.draw(calendar, &stored.mirror, draft.now);
            let is_current = self.is_well(calendar) || stored.mirror.is_busy_only;
            if let Some(book) = self.books.get_mut(&calendar) {
                let at = book.answered.unwrap_or(draft.now);
                book.drawn_on = Some(today);
                book.picture = Some(picture(calendar, &stored.mirror, drawn, at));
                if let Some(picture) = &mut book.picture {
                    picture.is_current = is_current;
                }
            }
            self.touch(calendar, draft);
        }
    }

    /// The calendar is now as this mirror: stored with the record, and shown.
    pub(super) fn show(
        &mut self,
        calendar: CalendarId,
        mirror: Mirror,
        validators: Validators,
        drawn: Drawn,
        draft: &mut Draft,
    ) {
        let lens = self.lens_hash(calendar);
        let seen_so = |row: &SourceRow| row.known && row.lens.is_none_or(|before| before == lens);
        let was_known = self.state.sources.get(&calendar).is_some_and(seen_so);
        let stored =
            Stored { version: MIRROR_VERSION, lens, validators, mirror, written_at: Some(draft.now) };
        draft.mirrors.push((calendar, serde_json::to_vec(&stored).ok()));
        if let Some(book) = self.books.get_mut(&calendar) {
            let is_first = !was_known;
            book.picture = Some(Picture { is_first, ..picture(calendar, &stored.mirror, drawn, draft.now) });
            book.answered = Some(draft.now);
            book.drawn_on = Some(draft.now.date_naive());
            book.validators = None;
            book.wants_all = false;
            book.stored = Some(Arc::new(stored));
        }
        self.touch(calendar, draft);
    }

    /// Everything a mirror shows in the weeks around now.
    pub(super) fn draw(&self, calendar: CalendarId, mirror: &Mirror, now: Moment) -> Drawn {
        self.draw_within(calendar, mirror, &window(now))
    }

    fn draw_within(&self, calendar: CalendarId, mirror: &Mirror, window: &Span) -> Drawn {
        let own = self.setup.roster.get(calendar.owner).map(|person| &person.zone);
        let own = own.unwrap_or(&self.setup.settings.rules.zone);
        let lookup = Lookup { zones: &self.setup.zones, custom: &mirror.zones, default: own };
        let zone = ical::zone::of_calendar(mirror.zone.as_deref(), &lookup);
        let lookup = Lookup { default: &zone, ..lookup };
        let events: Vec<Event> = mirror.events.iter().map(Kept::as_event).collect();
        let expanded = ical::expand(&events, &lookup, window, &ical::Limits::default());
        let kept: Vec<Arc<Kept>> = mirror.events.iter().cloned().map(Arc::new).collect();
        let mut unsure = mirror.aside.clone();
        unsure.extend(mirror.unread.values().cloned());
        unsure.extend(expanded.doubts.iter().map(|(event, _)| lineage(&events[*event].uid).to_owned()));
        let sightings = expanded
            .instances
            .iter()
            .map(|instance| Sighting {
                every_weeks: every_weeks(&events[instance.master.unwrap_or(instance.event)]),
                ..sighting(instance, &kept[instance.event])
            })
            .collect();
        Drawn { sightings, unsure }
    }

    /// What a calendar shows of the `weeks` before `until`, if it has answered since the start.
    pub(in crate::run) fn past(
        &self,
        calendar: CalendarId,
        until: Week,
        weeks: u32,
        rep: &Person,
    ) -> Option<Picture> {
        let book = self.books.get(&calendar)?;
        let (mirror, at) = (&book.stored.as_ref()?.mirror, book.answered?);
        let begins = until.plus(-i64::from(weeks)).span(&rep.zone).start;
        let span = Span::new(begins, until.span(&rep.zone).start);
        Some(picture(calendar, mirror, self.draw_within(calendar, mirror, &span), at))
    }

    /// What somebody's first calendar shows, if it has answered since the start.
    pub(in crate::run) fn picture(&self, owner: PersonId) -> Option<&Picture> {
        self.books.get(&CalendarId::first(owner))?.picture()
    }

    /// All that somebody's calendars show, and whether all of them are current.
    pub(in crate::run) fn pictures(&self, person: &Person) -> (Vec<&Picture>, bool) {
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

/// A current picture of a calendar.
fn picture(calendar: CalendarId, mirror: &Mirror, drawn: Drawn, at: Moment) -> Picture {
    let mut deleted: BTreeMap<String, Option<Moment>> = BTreeMap::new();
    for one in mirror.deleted.values() {
        let known = deleted.entry(one.lineage.clone()).or_default();
        *known = (*known).max(one.modified);
    }
    Picture {
        calendar,
        at,
        is_first: false,
        is_current: true,
        lists_attendees: mirror.lists_attendees,
        is_busy_only: mirror.is_busy_only,
        unsure: drawn.unsure,
        deleted,
        sightings: drawn.sightings,
    }
}

/// Two weeks back and two months ahead of today, by days, so that it is the same all day long.
fn window(now: Moment) -> Span {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let today = now.date_naive();
    Span::new(midnight(today - Days::new(DAYS_BACK)), midnight(today + Days::new(DAYS_AHEAD)))
}

/// How many weeks lie between two sessions of a weekly series.
/// One instance of what is kept of an event; how often its series comes is not said.
pub fn sighting(instance: &Instance, kept: &Arc<Kept>) -> Sighting {
    Sighting {
        key: SessionKey { lineage: lineage(&kept.uid).to_owned(), rid: instance.rid },
        span: instance.span,
        is_all_day: instance.is_all_day,
        is_cancelled: instance.is_cancelled,
        recurs: instance.rid.is_some(),
        every_weeks: None,
        kept: Arc::clone(kept),
    }
}

fn every_weeks(event: &Event) -> Option<u32> {
    let rule = event.recurrence.rrules.first()?.to_ascii_uppercase();
    let parts: BTreeMap<&str, &str> = rule.split(';').filter_map(|part| part.split_once('=')).collect();
    (*parts.get("FREQ")? == "WEEKLY").then(|| parts.get("INTERVAL").and_then(|n| n.parse().ok()).unwrap_or(1))
}
