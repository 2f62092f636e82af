//! What goes wrong: refusals, answers that break off or are late, and quotas.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;

use super::{Refused, refused};
use crate::model::zone::Moment;

/// What goes wrong with an answer on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing.
    Well,
    /// Only the first half of the body comes.
    Torn,
    /// All was done, and no answer comes.
    Lost,
    /// It takes so many milliseconds.
    Slow(u64),
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused, and nothing is done.
    Refused {
        /// Status.
        status: u16,
        /// Reason.
        reason: String,
        /// Seconds.
        retry_after: Option<u32>,
    },
    /// See [`How::Torn`].
    Torn,
    /// See [`How::Lost`].
    Lost,
    /// See [`How::Slow`].
    Slow(u64),
}

impl Trouble {
    pub(super) fn how(&self) -> How {
        match self {
            Self::Refused { .. } => How::Well,
            Self::Torn => How::Torn,
            Self::Lost => How::Lost,
            Self::Slow(milliseconds) => How::Slow(*milliseconds),
        }
    }
}

/// Trouble that some calls will meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Only this kind of call: `list`, `insert`, `get`, `delete` …; `None`: any.
    pub call: Option<String>,
    /// Only calls of this calendar; `None`: of any.
    pub calendar: Option<String>,
    /// How many of them.
    pub times: u32,
    /// What happens to them.
    pub trouble: Trouble,
}

/// What is still to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub fn take(&mut self, call: &str, calendar: Option<&str>) -> Option<Trouble> {
        let fits = |fault: &&mut Fault| {
            fault.call.as_deref().is_none_or(|of| of == call)
                && fault.calendar.as_deref().is_none_or(|of| Some(of) == calendar)
        };
        let fault = self.0.iter_mut().find(fits)?;
        fault.times = fault.times.saturating_sub(1);
        let trouble = fault.trouble.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(trouble)
    }
}

/// The calls of the last minute, and the quotas for them.
#[derive(Debug)]
pub(super) struct Traffic {
    all: VecDeque<Moment>,
    by_user: BTreeMap<String, VecDeque<Moment>>,
    project: usize,
    person: usize,
    pub most: usize,
    pub most_of_one: usize,
}

impl Default for Traffic {
    /// With Google's quotas.
    fn default() -> Self {
        Self {
            all: VecDeque::new(),
            by_user: BTreeMap::new(),
            project: 10_000,
            person: 600,
            most: 0,
            most_of_one: 0,
        }
    }
}

impl Traffic {
    pub fn quota(&mut self, project: usize, person: usize) {
        (self.project, self.person) = (project, person);
    }

    /// Counts a call, refused ones too: they count against a quota.
    pub fn count(&mut self, user: &str, now: Moment) -> Result<(), Refused> {
        let of_user = self.by_user.entry(user.to_owned()).or_default();
        for calls in [&mut self.all, of_user] {
            calls.push_back(now);
            while calls.front().is_some_and(|at| now - *at >= TimeDelta::seconds(60)) {
                calls.pop_front();
            }
        }
        let of_user = self.by_user.get(user).map_or(0, VecDeque::len);
        self.most = self.most.max(self.all.len());
        self.most_of_one = self.most_of_one.max(of_user);
        if of_user > self.person {
            return Err(refused(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"));
        }
        if self.all.len() > self.project {
            let too_many = refused(429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded");
            return Err(Refused { retry_after: Some(5), ..too_many });
        }
        Ok(())
    }
}
