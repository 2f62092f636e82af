//! How many calls are made: below Google's quotas for the project and for each person, and below `daily_calls`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::people::PersonId;
use crate::ports::{Error, ErrorKind};

/// Calls that may be made.
///
/// Google's own: 10,000 a minute for a project and 600 for a person
/// (<https://developers.google.com/workspace/calendar/api/guides/quota>). We stay at four fifths of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A minute, for the project.
    pub project: u32,
    /// A minute, for a person.
    pub person: u32,
    /// A day, for the project.
    pub daily: u32,
}

impl Limits {
    /// Four fifths of Google's quotas, and so many calls a day.
    pub fn below_quota(daily: u32) -> Self {
        Self { project: 8000, person: 480, daily }
    }
}

/// A bucket that fills up: a call takes one drop out.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    drops: f64,
    full: f64,
    each_second: f64,
    at: Instant,
}

impl Bucket {
    /// Full at the beginning: so much may be taken in one go, beside `each_minute`.
    fn new(each_minute: u32, now: Instant) -> Self {
        let full = (f64::from(each_minute) / 8.0).max(1.0);
        Self { drops: full, full, each_second: f64::from(each_minute) / 60.0, at: now }
    }

    /// Takes a drop and says how long to wait for it.
    fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.drops = (self.drops + passed * self.each_second).min(self.full) - 1.0;
        self.at = now;
        Duration::from_secs_f64((-self.drops / self.each_second).max(0.0))
    }
}

/// Lets calls pass one after the other.
pub(super) struct Gate {
    limits: Limits,
    project: RefCell<Bucket>,
    people: RefCell<BTreeMap<PersonId, Bucket>>,
    today: Cell<(u64, u32)>,
    closed_until: Cell<Option<Instant>>,
}

impl Gate {
    pub fn new(limits: Limits) -> Self {
        let project = RefCell::new(Bucket::new(limits.project, now()));
        Self {
            limits,
            project,
            people: RefCell::default(),
            today: Cell::default(),
            closed_until: Cell::default(),
        }
    }

    /// Waits until a call as somebody may be made. `RateLimited` when the calls of the day are used up, until the next.
    pub async fn pass(&self, who: PersonId) -> Result<(), Error> {
        self.count()?;
        let at = now();
        let of_project = self.project.borrow_mut().take(at);
        let of_person = self
            .people
            .borrow_mut()
            .entry(who)
            .or_insert_with(|| Bucket::new(self.limits.person, at))
            .take(at);
        let closed = self.closed_until.get().map(|until| until.saturating_duration_since(at));
        let wait = of_project.max(of_person).max(closed.unwrap_or_default());
        if !wait.is_zero() {
            pause(wait).await;
        }
        Ok(())
    }

    /// Nobody passes for so long: Google said that it is too much.
    pub fn close_for(&self, wait: Duration) {
        let until = now() + wait;
        self.closed_until.set(Some(self.closed_until.get().map_or(until, |known| known.max(until))));
    }

    fn count(&self) -> Result<(), Error> {
        let seconds = since_1970();
        let day = seconds / 86_400;
        let used = match self.today.get() {
            (known, used) if known == day => used,
            _ => 0,
        };
        if used >= self.limits.daily {
            let message =
                format!("make another call to Google: {used} were made today ([google] daily_calls)");
            let mut error = Error::new(ErrorKind::RateLimited, "daily_calls", message);
            error.retry_after = Some(Duration::from_secs(86_400 - seconds % 86_400));
            return Err(error);
        }
        self.today.set((day, used + 1));
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "how fast calls go out is no event of the loop")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "how fast calls go out is no event of the loop")]
async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// A quota's day is counted where calls are made.
fn since_1970() -> u64 {
    super::now().timestamp().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many calls pass in each whole minute, with time standing still but for the waits.
    async fn passed(limits: Limits, calls: u32, people: u32) -> Vec<u32> {
        let (gate, began) = (Gate::new(limits), now());
        let mut minutes: Vec<u32> = Vec::new();
        for call in 0..calls {
            gate.pass(PersonId(call % people)).await.expect("passes");
            let minute = (now() - began).as_secs() as usize / 60;
            minutes.resize(minutes.len().max(minute + 1), 0);
            minutes[minute] += 1;
        }
        minutes
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_holds_more_than_google_allows() {
        let limits = Limits::below_quota(u32::MAX);
        let of_one = passed(limits, 2000, 1).await;
        assert!(of_one.iter().all(|calls| *calls <= 600), "{of_one:?}");
        assert!(of_one[1] >= 470, "nor much less: {of_one:?}");
        let of_all = passed(limits, 30_000, 1000).await;
        assert!(of_all.iter().all(|calls| *calls <= 10_000), "{of_all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_opens_in_time() {
        let gate = Gate::new(Limits::below_quota(10));
        let began = now();
        gate.close_for(Duration::from_secs(40));
        gate.pass(PersonId(1)).await.expect("passes");
        assert!((now() - began).as_secs() >= 40);
    }

    #[tokio::test(start_paused = true)]
    async fn the_calls_of_a_day_are_counted() {
        let gate = Gate::new(Limits::below_quota(2));
        assert!(gate.pass(PersonId(1)).await.is_ok() && gate.pass(PersonId(2)).await.is_ok());
        let error = gate.pass(PersonId(1)).await.expect_err("used up");
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::RateLimited, "daily_calls"));
        assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_hours(24)));
    }
}
