//! The operator's hand: what those who run Drumbeat ask of the daemon, and who asked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::time::Week;

/// The longest reason that is kept, in characters.
pub const WHY_MOST: usize = 200;

/// Who did something at the machine, and why. It is text in the ledger: no reason belongs there that may have to be
/// forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// The number of their account (`uid 1000`), as the kernel gives it.
    pub operator: String,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// What is asked of a running daemon, as it is written on the control socket. People are named as they are typed: an
/// address, or a part of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// How it is.
    Status {
        /// As JSON.
        json: bool,
    },
    /// What it would do now, doing nothing.
    Plan,
    /// What is open of a team, as the planner sees it.
    Instance {
        /// The manager, or a rep: an address, an alias, or a part of the name.
        who: String,
    },
    /// Stop every effect.
    Pause {
        /// Why.
        why: Option<String>,
    },
    /// Go on.
    Resume {
        /// Why.
        why: Option<String>,
    },
    /// Calendars and how they are.
    Sources {
        /// Well ones too.
        all: bool,
    },
    /// Believe what a source answers.
    Accept {
        /// The calendar: an address, `#2` behind it for a second one.
        calendar: String,
        /// Why.
        why: Option<String>,
    },
    /// A rep's week owes nothing more.
    Excuse {
        /// Whose.
        who: String,
        /// Which; the present one where none is given.
        week: Option<Week>,
        /// Why.
        why: String,
    },
    /// A 1-on-1 took place, or did not.
    Held {
        /// Whose.
        who: String,
        /// The day it was to begin on; the newest that has begun where none is given.
        on: Option<NaiveDate>,
        /// Whether it took place.
        held: bool,
        /// Why.
        why: String,
    },
    /// Leave somebody's 1-on-1s of a week alone, or no longer.
    Mute {
        /// Whose: a rep, or a manager for all of theirs.
        who: String,
        /// Which week; the present one where none is given.
        week: Option<Week>,
        /// Whether they are left alone.
        muted: bool,
        /// Why.
        why: String,
    },
    /// The first mail, to those who have not had it.
    Welcome {
        /// A manager: them and their reports; everybody in the pilot where none is given.
        team: Option<String>,
        /// Send it, after it was shown.
        send: bool,
    },
    /// Read configuration and roster anew.
    Reload {
        /// Also a roster that loses many.
        accept_roster: bool,
    },
    /// Let nothing tell any more who somebody was.
    Forget {
        /// Who.
        who: String,
    },
}

impl Order {
    /// Whether it changes something: such an order is in the ledger.
    pub fn changes(&self) -> bool {
        !matches!(
            self,
            Self::Status { .. }
                | Self::Plan
                | Self::Instance { .. }
                | Self::Sources { .. }
                | Self::Welcome { send: false, .. }
        )
    }

    /// Whether files must be read for it: not in the loop, which waits for no disk.
    pub fn needs_files(&self) -> bool {
        matches!(self, Self::Reload { .. } | Self::Forget { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_one_line_of_json() {
        let order = Order::Mute { who: "ana".into(), week: None, muted: true, why: "sick".into() };
        let line = serde_json::to_string(&order).expect("is JSON");
        assert_eq!(line, r#"{"order":"mute","who":"ana","week":null,"muted":true,"why":"sick"}"#);
        assert_eq!(serde_json::from_str::<Order>(&line).expect("is read"), order);
    }
}
