//! Sync and observe: answers of calendars become pictures, or reasons to doubt them.
//!
//! Nothing is stored here: what is new goes into the draft, and into the store with its record.

mod audit;
mod books;
mod poll;
mod sources;

use std::collections::BTreeSet;
use std::rc::Rc;

use futures_util::stream::{self, StreamExt};

use super::Daemon;
use super::commit::Draft;
use crate::ical::{self, Shape};
use crate::model::calendar::{Kept, Mirror};
use crate::model::people::CalendarId;
use crate::model::time::Span;
use crate::observe::keep::{content_hash, lineage};
use crate::observe::merge::merge;
use crate::observe::suspect::{Before, Doubt, Shown, doubt, marks};
use crate::ports::{Answer, Calendars, Error, ErrorKind, Validators};
use crate::{gcal, model::zone::Moment};

pub(super) use books::Book;
pub use books::sighting;
use books::{Drawn, Stored};

/// Calendars asked at a time.
const AT_ONCE: usize = 32;

/// A calendar to be asked.
#[derive(Debug, Clone)]
pub struct Due {
    /// Which.
    pub calendar: CalendarId,
    /// Validators of the stored copy.
    pub known: Option<Validators>,
    /// The source's own expansion of this window is asked for, too.
    pub audit: Option<Span>,
}

/// What a calendar answered.
#[derive(Debug)]
pub struct Fetched {
    /// Which.
    pub calendar: CalendarId,
    /// Its answer.
    pub answer: Result<Answer, Error>,
    /// Its own expansion of a window, where it was asked for and came.
    pub audit: Option<(Span, Vec<Vec<u8>>)>,
}

/// Asks all that are due, several at a time. Borrows nothing of the daemon, so that clicks can be answered
/// meanwhile.
pub async fn fetch(calendars: Rc<dyn Calendars>, due: Vec<Due>) -> Vec<Fetched> {
    let one = |due: Due| {
        let calendars = Rc::clone(&calendars);
        async move {
            let answer = calendars.fetch(due.calendar, due.known.as_ref()).await;
            let audit = match due.audit.filter(|_| answer.is_ok()) {
                Some(window) => calendars.instances(due.calendar, window).await.ok().flatten(),
                None => None,
            };
            Fetched { calendar: due.calendar, answer, audit: due.audit.zip(audit) }
        }
    };
    let mut all: Vec<Fetched> = stream::iter(due).map(one).buffer_unordered(AT_ONCE).collect().await;
    // Answers come in any order; what follows from them must not depend on it.
    all.sort_by_key(|fetched| fetched.calendar);
    all
}

impl Daemon {
    /// Takes in what calendars answered: sources, pictures, and which teams to look at.
    pub(super) fn take_in(&mut self, fetched: Vec<Fetched>, draft: &mut Draft) {
        self.redraw(draft);
        let tempo = self.tempo();
        for Fetched { calendar, answer, audit } in fetched {
            if !self.books.contains_key(&calendar) {
                continue;
            }
            self.answered(calendar, answer.as_ref().err(), &tempo, draft.now);
            match answer {
                Ok(Answer::Unchanged) => self.good(calendar, draft),
                Ok(Answer::Feed { bytes, validators }) => self.feed(calendar, &bytes, validators, draft),
                Ok(Answer::Listing { pages, whole, validators }) => {
                    self.listed(calendar, &pages, whole, validators, draft);
                }
                Ok(Answer::Busy(spans)) => self.busy(calendar, &spans, draft),
                Err(error) if error.kind == ErrorKind::TokenGone => self.token_gone(calendar, draft),
                Err(error) => self.failed(calendar, &error, draft),
            }
            if let Some((window, pages)) = audit {
                self.audit(calendar, &window, &pages);
            }
        }
        self.say_progress(draft.now);
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
        if !self.is_known_and_well(calendar) {
            self.well(calendar, draft);
        }
    }

    /// A whole feed: read it, and believe it or not.
    fn feed(&mut self, calendar: CalendarId, bytes: &[u8], validators: Validators, draft: &mut Draft) {
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
        // One empty calendar is like another, whatever stamps it bears; else its very bytes are waited on.
        let early = early
            .map(|doubt| (doubt, if doubt == Doubt::Empty { mirror.content } else { bytes_hash(bytes) }));
        self.weigh(calendar, mirror, validators, early, draft);
    }

    /// Google's answer: what changed, laid over what is known; or all there is, which may be doubted.
    fn listed(
        &mut self,
        calendar: CalendarId,
        pages: &[Vec<u8>],
        whole: bool,
        validators: Validators,
        draft: &mut Draft,
    ) {
        let Some(listing) = gcal::listing(pages, whole, &self.setup.zones) else {
            let torn = Error::new(ErrorKind::Transient, "torn", "read a listing: a page of it is cut off");
            return self.failed(calendar, &torn, draft);
        };
        let stored = self.books.get(&calendar).and_then(|book| book.stored.clone());
        let known = stored.as_ref().map(|stored| &stored.mirror).filter(|mirror| !mirror.is_busy_only);
        if !whole && known.is_none() {
            return self.token_gone(calendar, draft);
        }
        let keep = |event| self.setup.lens.keep(event, calendar.owner);
        let mirror = merge(known, listing, &keep, draft.now);
        if !mirror.unread.is_empty() {
            tracing::warn!(calendar = %calendar.owner, events = mirror.unread.len(), "some events of a calendar cannot be read; nothing is concluded from them");
        }
        match stored {
            Some(stored) if !whole && stored.mirror == mirror => {
                self.keep_token(calendar, &stored, validators, draft);
                self.good(calendar, draft);
            }
            _ if whole => self.weigh(calendar, mirror, validators, None, draft),
            // What Google says is deleted is deleted, however much it is.
            _ => {
                let drawn = self.draw(calendar, &mirror, draft.now);
                self.believe(calendar, mirror, validators, drawn, draft);
            }
        }
    }

    /// Nothing changed: the new token is stored now and then, and else only remembered; the old one is as good.
    fn keep_token(
        &mut self,
        calendar: CalendarId,
        stored: &Stored,
        validators: Validators,
        draft: &mut Draft,
    ) {
        let Some(book) = self.books.get_mut(&calendar) else { return };
        book.validators = Some(validators.clone());
        if stored.is_token_old(draft.now) {
            let stored = Stored { validators, written_at: Some(draft.now), ..stored.clone() };
            draft.mirrors.push((calendar, serde_json::to_vec(&stored).ok()));
            book.stored = Some(std::sync::Arc::new(stored));
        }
    }

    /// The token is worth nothing any more (410), or what it belongs to is lost: all is listed anew. That alone says
    /// nothing about any event; but until then nothing is known to be free.
    fn token_gone(&mut self, calendar: CalendarId, draft: &mut Draft) {
        let Some(book) = self.books.get_mut(&calendar) else { return };
        if !book.wants_all {
            book.next_poll = draft.now;
        }
        book.wants_all = true;
        if let Some(picture) = &mut book.picture {
            picture.is_current = false;
        }
    }

    /// Only busy times may be seen. Where sessions should be seen, that is a loss of coverage, said to ops.
    fn busy(&mut self, calendar: CalendarId, spans: &[Span], draft: &mut Draft) {
        if calendar.nth == 1 {
            let loss = Error::new(ErrorKind::Denied, "free_busy_only", "see events, only when they are");
            self.failed(calendar, &loss, draft);
        }
        let events: Vec<Kept> = spans.iter().map(Kept::busy).collect();
        let mirror = Mirror {
            content: content_hash(&events),
            events,
            lists_attendees: true,
            is_busy_only: true,
            ..Mirror::default()
        };
        let drawn = self.draw(calendar, &mirror, draft.now);
        self.show(calendar, mirror, Validators::default(), drawn, draft);
    }

    /// Compares a whole answer with what was known, and believes it, or does not yet.
    fn weigh(
        &mut self,
        calendar: CalendarId,
        mirror: Mirror,
        validators: Validators,
        early: Option<(Doubt, u64)>,
        draft: &mut Draft,
    ) {
        let drawn = self.draw(calendar, &mirror, draft.now);
        let row = self.state.sources.get(&calendar);
        let believed = row.is_some_and(|row| row.believed == Some(mirror.content));
        // The answer that is waited on stays doubtful for the reason it was, also when the store was lost since.
        let waited_on = row
            .filter(|row| row.waits_on.is_some_and(|(content, ..)| content == mirror.content))
            .and_then(|row| Doubt::of_code(row.why.as_deref()?));
        let fresh = || self.doubt(calendar, &mirror, &drawn, draft.now);
        let later = || if believed { None } else { waited_on.or_else(fresh) };
        if let Some((doubt, content)) = early.or_else(|| Some((later()?, mirror.content))) {
            if !self.doubtful(calendar, doubt, content, draft) {
                return;
            }
            self.note_believed(calendar, content, draft);
        }
        self.believe(calendar, mirror, validators, drawn, draft);
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
        drawn: Drawn,
        draft: &mut Draft,
    ) {
        self.show(calendar, mirror, validators, drawn, draft);
        self.well(calendar, draft);
    }

    /// What is kept of a feed: times and people by number, no text.
    fn mirror(&self, calendar: CalendarId, parsed: ical::Parsed) -> Mirror {
        let lists_attendees = self.setup.lens.lists_attendees(&parsed.events);
        let aside = parsed.aside.iter().map(|uid| lineage(uid).to_owned()).collect();
        let events: Vec<Kept> =
            parsed.events.into_iter().map(|event| self.setup.lens.keep(event, calendar.owner)).collect();
        let content = content_hash(&events);
        Mirror {
            events,
            zones: parsed.zones,
            zone: parsed.zone_name,
            lists_attendees,
            aside,
            content,
            ..Mirror::default()
        }
    }

    fn doubt(&self, calendar: CalendarId, mirror: &Mirror, drawn: &Drawn, now: Moment) -> Option<Doubt> {
        let expected = self.expected_in(calendar, now);
        let nothing = BTreeSet::new();
        let known = self.state.sources.get(&calendar).map_or(&nothing, |row| &row.marks);
        let no_lineage = BTreeSet::new();
        let picture = self.books.get(&calendar).and_then(|book| {
            let (stored, picture) = (book.stored.as_ref()?, book.picture.as_ref()?);
            // A mirror older than what the ledger believed last (a store that fell back) proves nothing.
            let is_newest = *known == marks(&stored.mirror.events) && !stored.mirror.is_busy_only;
            is_newest.then_some(Shown {
                events: &stored.mirror.events,
                sightings: &picture.sightings,
                deleted: &no_lineage,
            })
        });
        let deleted: BTreeSet<&str> = mirror.deleted.values().map(|one| one.lineage.as_str()).collect();
        doubt(
            Before { picture, expected: &expected, marks: known },
            Shown { events: &mirror.events, sightings: &drawn.sightings, deleted: &deleted },
            now,
        )
    }
}

fn bytes_hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
