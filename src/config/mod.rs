//! Text → settings and people, or a list of everything that is wrong with it.
//!
//! Two files: `drumbeat.toml` ([`settings()`]) and the roster ([`roster()`]). Both are read to the end whatever is
//! found, so that one run of `drumbeat check` shows all there is to mend. [`keys()`] and [`columns()`] list what may
//! stand in them, with defaults; reading, documentation and the shipped file are held to that list.

mod changes;
mod guard;
mod keys;
mod places;
mod problem;
mod reader;
mod roster;
mod rules;
mod settings;
mod table;
mod values;

pub use changes::changed;
pub use guard::{Refusal, lost, lost_since};
pub use keys::{Column, Key, columns, keys};
pub use problem::Problem;
pub use roster::{Calendars, roster};
pub use settings::{
    FeedSettings, GoogleSettings, HolidayScope, HolidaySource, MailSettings, RetentionSettings, Settings,
    StoreSettings, Transport, WebSettings, settings,
};
