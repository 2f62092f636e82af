//! When each calendar is asked: feeds at a fixed interval; Google often while something may happen, seldom
//! otherwise, never more than `daily_calls` allow.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::TimeDelta;

use super::Due;
use super::audit;
use crate::model::people::{CalendarId, Person, PersonId, SourceSpec};
use crate::model::state::Expected;
use crate::model::time::Span;
use crate::model::zone::Moment;
use crate::ports::{Error, ErrorKind};
use crate::run::Daemon;

/// Calendars asked in one tick; the others follow in the next. So a first look at thousands goes on in steps, each of
/// which is stored.
const BATCH: usize = 256;
/// A first look at fewer calendars than this is not worth a word.
const PROGRESS_FROM: usize = 500;
/// Google is asked as often as allowed this long before and after working hours, and around a session.
const AROUND_HOURS: i64 = 2;
/// … and this often while nothing is going on.
const IDLE: TimeDelta = TimeDelta::hours(1);
/// … or while it says by itself when something changes.
const PUSHED: TimeDelta = TimeDelta::hours(1);
/// Hours of a day in which somebody's calendar is looked at often.
const BUSY_HOURS: i64 = 14;
/// Share of the daily calls, in percent, that polls may take: bookings and full listings need the rest.
const POLLS_PERCENT: i64 = 80;
/// Longest wait after failures.
const FAILING_MOST: TimeDelta = TimeDelta::hours(1);

/// How often a calendar at Google is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// While something may happen.
    pub often: TimeDelta,
    /// While nothing is going on.
    pub seldom: TimeDelta,
}

/// What the waits of all calendars depend on.
pub(super) struct Tempo {
    pace: Pace,
    /// Whoever has a session that waits for its settle time.
    settling: BTreeSet<PersonId>,
}

/// The pace at which `calendars` keep within `daily_calls`, no faster than `poll`.
pub(super) fn pace(poll: TimeDelta, daily_calls: u32, calendars: usize) -> Pace {
    let each = i64::from(daily_calls) * POLLS_PERCENT / 100 / (calendars.max(1) as i64);
    let day = TimeDelta::hours(24).num_seconds();
    // Half of the calls at most go into the quiet hours.
    let seldom = IDLE.max(TimeDelta::seconds(day / (each / 2).max(1)));
    let idle = (24 - BUSY_HOURS) * 3600 / seldom.num_seconds().max(1);
    let often = poll.max(TimeDelta::seconds(BUSY_HOURS * 3600 / (each - idle).max(1)));
    Pace { often, seldom: seldom.max(often) }
}

/// Up to a quarter less or more, always the same for a calendar and moment: not everybody at once.
fn jittered(wait: TimeDelta, calendar: CalendarId, now: Moment) -> TimeDelta {
    let mut hasher = DefaultHasher::new();
    (calendar, now.timestamp()).hash(&mut hasher);
    let permille = 750 + (hasher.finish() % 501) as i64;
    TimeDelta::milliseconds(wait.num_milliseconds() / 1000 * permille)
}

/// The wait after so many failures in a row.
fn backed_off(wait: TimeDelta, failures: u32) -> TimeDelta {
    (wait * (1 << failures.min(8))).min(FAILING_MOST).max(wait)
}

impl Daemon {
    /// The calendars that are due, marked as asked: the longest due first, so many at a time.
    pub fn due(&mut self) -> Vec<Due> {
        let now = self.world.clock.now();
        let mut asked: Vec<(Moment, CalendarId)> = self
            .books
            .iter()
            .filter(|(_, book)| book.next_poll <= now)
            .map(|(calendar, book)| (book.next_poll, *calendar))
            .collect();
        asked.sort_unstable();
        asked.truncate(BATCH);
        if asked.is_empty() {
            return Vec::new();
        }
        let tempo = self.tempo();
        let mut due = Vec::new();
        for (_, calendar) in asked {
            let wait = self.wait(calendar, &tempo, now);
            let audit = audit::window(calendar, now);
            let Some(book) = self.books.get_mut(&calendar) else { continue };
            book.next_poll = now + wait;
            let today = now.date_naive();
            let audit = audit.filter(|_| book.audited_on != Some(today) && book.answered.is_some());
            if audit.is_some() {
                book.audited_on = Some(today);
            }
            due.push(Due { calendar, known: book.known(), audit });
        }
        due
    }

    /// A calendar's source says that something changed. It is only asked earlier for it, so a message that is lost or
    /// made up does no harm.
    pub fn pushed(&mut self, calendar: CalendarId) {
        let now = self.world.clock.now();
        if let Some(book) = self.books.get_mut(&calendar) {
            book.next_poll = book.next_poll.min(now);
        }
    }

    /// How long until a calendar is asked again, if all goes well.
    fn wait(&self, calendar: CalendarId, tempo: &Tempo, now: Moment) -> TimeDelta {
        if !self.is_google(calendar) {
            let feeds = self.setup.settings.feeds.poll;
            return TimeDelta::from_std(feeds).unwrap_or(TimeDelta::minutes(5));
        }
        let pace = tempo.pace;
        let owner = self.setup.roster.get(calendar.owner);
        let is_busy = owner.is_some_and(|owner| self.may_happen(owner, now));
        let wait = match (is_busy, self.world.calendars.pushes(calendar)) {
            _ if tempo.settling.contains(&calendar.owner) => pace.often,
            (true, false) => pace.often,
            (true, true) => PUSHED.max(pace.often),
            (false, _) => pace.seldom,
        };
        jittered(wait, calendar, now)
    }

    /// What the waits of all calendars depend on: looked up once for all that are due.
    pub(super) fn tempo(&self) -> Tempo {
        let settings = &self.setup.settings.google;
        let poll = TimeDelta::from_std(settings.poll).unwrap_or(TimeDelta::minutes(5));
        let calendars = self.setup.roster.people().flat_map(|person| &person.calendars);
        let at_google = calendars.filter(|spec| matches!(spec, SourceSpec::Google(_))).count();
        let sessions = self.state.reps.values().flat_map(|rep| rep.sessions.values());
        let waiting = sessions.filter(|session| session.pending.is_some());
        Tempo {
            pace: pace(poll, settings.daily_calls, at_google),
            settling: waiting.flat_map(|session| [session.rep, session.manager]).collect(),
        }
    }

    /// What is settled is settled by a further answer: calendars that are well are not left to their next turn, which may
    /// be an hour away.
    pub(in crate::run) fn hurry(&mut self, now: Moment) {
        let Tempo { pace, settling } = self.tempo();
        let is_of_them =
            |calendar: &&CalendarId| settling.contains(&calendar.owner) && self.is_google(**calendar);
        let calendars: Vec<CalendarId> = self.books.keys().filter(is_of_them).copied().collect();
        for calendar in calendars {
            if let Some(book) = self.books.get_mut(&calendar).filter(|book| book.failures == 0) {
                book.next_poll = book.next_poll.min(now + jittered(pace.often, calendar, now));
            }
        }
    }

    fn is_google(&self, calendar: CalendarId) -> bool {
        matches!(self.source_spec(calendar), Some(SourceSpec::Google(_)))
    }

    /// Whether somebody works about now, or a session of theirs is near.
    fn may_happen(&self, owner: &Person, now: Moment) -> bool {
        let around = TimeDelta::hours(AROUND_HOURS);
        let near = Span::new(now - around, now + around);
        if !owner.hours.spans(&owner.zone, &near).is_empty() {
            return true;
        }
        self.sessions_of(owner.id).any(|session| session.span.overlaps(&near))
    }

    /// The sessions that somebody is one of the two of: their own, and those of their reps.
    pub(super) fn sessions_of(&self, owner: PersonId) -> impl Iterator<Item = &Expected> {
        let reps = self.setup.roster.reports(owner).map(|rep| rep.id).chain(std::iter::once(owner));
        let sessions = reps.filter_map(|rep| self.state.reps.get(&rep)).flat_map(|rep| rep.sessions.values());
        sessions.filter(move |session| session.rep == owner || session.manager == owner)
    }

    /// Puts off a calendar that failed: a little longer each time, as long as its source asks for.
    pub(super) fn answered(
        &mut self,
        calendar: CalendarId,
        error: Option<&Error>,
        tempo: &Tempo,
        now: Moment,
    ) {
        let Some(book) = self.books.get_mut(&calendar) else { return };
        let Some(error) = error.filter(|error| error.kind != ErrorKind::TokenGone) else {
            book.failures = 0;
            return;
        };
        book.failures += 1;
        let failures = book.failures;
        if self.is_google(calendar) {
            let wait = backed_off(self.wait(calendar, tempo, now), failures - 1);
            let asked = error.retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
            if let Some(book) = self.books.get_mut(&calendar) {
                book.next_poll = now + wait.max(asked.unwrap_or_default());
            }
        }
    }

    /// Every calendar has answered, or failed to, since the start.
    pub(in crate::run) fn all_asked(&self) -> bool {
        self.books.values().all(super::Book::was_asked)
    }

    /// How a first look at many calendars goes on.
    pub(super) fn say_progress(&mut self, now: Moment) {
        let all = self.books.len();
        if self.first_look_over || all < PROGRESS_FROM {
            return;
        }
        let done = self.books.values().filter(|book| book.was_asked()).count();
        let began = *self.first_look_began.get_or_insert(now);
        self.first_look_over = done == all;
        let took = (now - began).num_seconds();
        let left = if done == 0 { 0 } else { took * (all - done) as i64 / done as i64 };
        tracing::info!(
            calendars = all,
            read = done,
            seconds_so_far = took,
            seconds_left = left,
            "the first look at all calendars goes on"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_keeps_within_the_daily_calls() {
        let check = |minutes: i64, daily: u32, calendars: usize, often: i64, seldom: i64| {
            let pace = pace(TimeDelta::minutes(minutes), daily, calendars);
            assert_eq!(
                (pace.often.num_seconds(), pace.seldom.num_seconds()),
                (often, seldom),
                "{calendars} of {daily}"
            );
            let a_day = BUSY_HOURS * 3600 / often + (24 - BUSY_HOURS) * 3600 / seldom;
            assert!(a_day * calendars as i64 <= i64::from(daily), "{a_day} calls a day each");
        };
        check(5, 800_000, 500, 300, 3600);
        check(5, 800_000, 10_000, 933, 3600);
        check(5, 20_000, 10_000, 50_400, 86_400);
        check(10, 800_000, 1, 600, 3600);
    }

    #[test]
    fn jitter_stays_within_a_quarter() {
        let wait = TimeDelta::minutes(20);
        let calendar = |owner| CalendarId::first(crate::model::people::PersonId(owner));
        let all: Vec<i64> =
            (0..200).map(|n| jittered(wait, calendar(n), Moment::UNIX_EPOCH).num_seconds()).collect();
        assert!(all.iter().all(|seconds| (900..=1500).contains(seconds)));
        assert!(all.iter().min() < Some(&1000) && all.iter().max() > Some(&1400), "they differ");
    }

    #[test]
    fn failures_wait_longer_up_to_an_hour() {
        let check = |minutes, failures, wanted| {
            assert_eq!(backed_off(TimeDelta::minutes(minutes), failures).num_minutes(), wanted);
        };
        check(5, 0, 5);
        check(5, 1, 10);
        check(5, 3, 40);
        check(5, 9, 60);
        check(90, 4, 90);
    }
}
