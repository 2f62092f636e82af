//! Who may see whose calendar: one's own as its owner, another's as it is shared, and none otherwise.

use std::collections::BTreeMap;

/// What is shared, by calendar and viewer.
#[derive(Debug, Default)]
pub(super) struct Access(BTreeMap<(String, String), &'static str>);

impl Access {
    pub fn share(&mut self, calendar: &str, viewer: &str, role: &str) {
        let known = ["owner", "writer", "reader", "freeBusyReader"].into_iter().find(|known| *known == role);
        if let Some(role) = known {
            self.0.insert((calendar.to_owned(), viewer.to_owned()), role);
        }
    }

    pub fn role(&self, calendar: &str, viewer: &str) -> Option<&'static str> {
        self.0.get(&(calendar.to_owned(), viewer.to_owned())).copied()
    }
}
