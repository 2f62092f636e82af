//! The system clock. The one place where the time of day is read.

use std::time::{Duration, SystemTime};

use crate::model::zone::Moment;
use crate::ports::{Clock, Later};

/// Longest single sleep: the timer below stands still while the machine is suspended and knows nothing of a
/// clock that was set, so the time of day is looked at again this often.
const SLICE: Duration = Duration::from_secs(30);

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port through which time comes in")]
    fn now(&self) -> Moment {
        SystemTime::now().into()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the port through which everything else sleeps")]
    fn sleep_until(&self, at: Moment) -> Later<'_, ()> {
        Box::pin(async move {
            while let Ok(left) = (at - self.now()).to_std()
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(SLICE)).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test]
    async fn sleeps_until_the_instant_and_not_at_all_when_it_has_passed() {
        let clock = SystemClock;
        let begin = clock.now();
        clock.sleep_until(begin - TimeDelta::days(1)).await;
        let until = clock.now() + TimeDelta::milliseconds(20);
        clock.sleep_until(until).await;
        assert!(clock.now() >= until);
    }
}
