//! Zone names of feeds → zones: IANA, Windows, display names, paths, offsets, and a feed's own VTIMEZONEs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{value, windows};
use crate::model::zone::{Rules, Zone, Zones};

/// Where zones are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The zones of the machine.
    pub zones: &'a Zones,
    /// The feed's own ([`super::Parsed::zones`]).
    pub custom: &'a BTreeMap<String, Rules>,
    /// For times without a zone, whole days, and unknown zones.
    pub default: &'a Zone,
}

/// The zone that a TZID or X-WR-TIMEZONE means. A name that IANA or Windows knows means their zone, whatever
/// the feed's VTIMEZONE says; any other means that VTIMEZONE. `None` for a name nobody knows.
pub fn resolve(name: &str, lookup: &Lookup<'_>) -> Option<Zone> {
    let plain = name.trim().trim_matches(['"', '\'']).trim();
    known(plain, lookup.zones)
        .or_else(|| at_end_of_path(plain, lookup.zones))
        .or_else(|| custom(name, plain, lookup.custom))
        .or_else(|| fixed(plain))
}

/// The zone of a calendar's times without one: the one it names, if anybody knows it; else the default of `lookup`.
pub fn of_calendar(name: Option<&str>, lookup: &Lookup<'_>) -> Zone {
    name.and_then(|name| resolve(name, lookup)).unwrap_or_else(|| lookup.default.clone())
}

fn known(name: &str, zones: &Zones) -> Option<Zone> {
    zones.get(name).or_else(|| {
        let iana = in_proper_case(name).or_else(|| windows_name(name))?;
        zones.get(iana)
    })
}

/// Whether a TZID is a name that IANA or Windows knows: then it means their zone, not the feed's.
pub fn is_named(name: &str) -> bool {
    let plain = name.trim().trim_matches(['"', '\'']).trim();
    plain.parse::<chrono_tz::Tz>().is_ok() || in_proper_case(plain).is_some() || windows_name(plain).is_some()
}

fn in_proper_case(name: &str) -> Option<&'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name()).find(|known| known.eq_ignore_ascii_case(name))
}

/// By a Windows name, or by a display name like `(UTC-05:00) Eastern Time (US & Canada)`.
fn windows_name(name: &str) -> Option<&'static str> {
    let find = |table: &[(&str, &'static str)], name: &str| {
        table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, meant)| *meant)
    };
    let without_offset = match name.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest.trim(),
        None => name,
    };
    let windows = find(windows::DISPLAY_NAMES, without_offset).unwrap_or(without_offset);
    find(windows::NAMES, windows)
}

/// The last two or three parts of a path like `/freeassociation.sourceforge.net/Tzfile/America/New_York`.
fn at_end_of_path(name: &str, zones: &Zones) -> Option<Zone> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    (0..parts.len()).find_map(|skipped| {
        let rest = parts[skipped..].join("/");
        // A bare last part would make `Custom/EST` the zone EST; only names with a region are sure.
        (rest.contains('/') || rest == "UTC").then(|| known(&rest, zones)).flatten()
    })
}

fn custom(name: &str, plain: &str, custom: &BTreeMap<String, Rules>) -> Option<Zone> {
    let rules = custom.get(name).or_else(|| custom.get(plain))?;
    Some(Zone { name: plain.into(), rules: Arc::new(rules.clone()) })
}

/// `GMT+0100`, `UTC-5`, `Z`: the sign as people mean it, east is positive.
fn fixed(name: &str) -> Option<Zone> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix("GMT").or_else(|| upper.strip_prefix("UTC")).unwrap_or(&upper);
    let seconds = match rest.trim() {
        "" | "Z" if !upper.is_empty() => 0,
        rest if rest.starts_with(['+', '-']) => value::offset(rest)?,
        _ => return None,
    };
    Some(Zone { name: name.into(), rules: Arc::new(Rules::fixed(seconds)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let custom = BTreeMap::from([("Head Office".to_owned(), Rules::fixed(1_800))]);
        let (zones, default) = (Zones::bundled(), Zone::utc());
        let lookup = Lookup { zones: &zones, custom: &custom, default: &default };
        assert_eq!(resolve(name, &lookup).map(|zone| zone.name.to_string()).as_deref(), expected, "{name}");
    }

    #[test]
    fn names_are_resolved() {
        check("Europe/Berlin", Some("Europe/Berlin"));
        check("europe/berlin", Some("Europe/Berlin"));
        check("utc", Some("UTC"));
        check("\"America/New_York\"", Some("America/New_York"));
        check("Eastern Standard Time", Some("America/New_York"));
        check("W. Europe Standard Time", Some("Europe/Berlin"));
        check("w. europe standard time", Some("Europe/Berlin"));
        check("(UTC-05:00) Eastern Time (US & Canada)", Some("America/New_York"));
        check("(GMT+01.00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", Some("Europe/Berlin"));
        check("/freeassociation.sourceforge.net/America/New_York", Some("America/New_York"));
        check("/freeassociation.sourceforge.net/Tzfile/America/New_York", Some("America/New_York"));
        check(
            "/mozilla.org/20050126_1/America/Argentina/Buenos_Aires",
            Some("America/Argentina/Buenos_Aires"),
        );
        check("Head Office", Some("Head Office"));
        check("GMT+0100", Some("GMT+0100"));
        check("UTC-05:00", Some("UTC-05:00"));
        check("Customized Time Zone", None);
        check("", None);
    }

    #[test]
    fn every_windows_name_has_a_zone() {
        let zones = Zones::bundled();
        for (windows, iana) in windows::NAMES {
            assert!(zones.get(iana).is_some(), "{windows}: {iana}");
        }
        for (display, windows) in windows::DISPLAY_NAMES {
            assert!(windows_name(display).is_some(), "{display}: {windows}");
        }
    }
}
