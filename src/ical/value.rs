//! Property values: dates and times, durations, offsets, addresses (RFC 5545, 3.3).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::property::Property;
use crate::model::event::When;

/// An event is not longer than this; a longer one is a mistake or an attack.
const LENGTH_MAX: TimeDelta = TimeDelta::days(3_660);

/// The dates and times of a property: DTSTART, or the list of an EXDATE. `None` stands for one that cannot be read.
pub(super) fn whens(property: &Property) -> impl Iterator<Item = Option<When>> {
    let zone = property.param("TZID").filter(|zone| !zone.trim().is_empty());
    let is_date = property.param_is("VALUE", "DATE");
    property.value.split(',').filter(|one| !one.trim().is_empty()).map(move |one| {
        // Of a period, its start.
        let start = one.split('/').next().unwrap_or(one);
        when(start.trim(), zone.as_deref(), is_date)
    })
}

/// The one date or time of a property.
pub(super) fn one_when(property: &Property) -> Option<When> {
    whens(property).next().flatten()
}

fn when(text: &str, zone: Option<&str>, is_date: bool) -> Option<When> {
    let (wall, kind) = wall(text)?;
    Some(match (kind, zone) {
        (Kind::Date, _) => When::Date(wall.date()),
        _ if is_date => When::Date(wall.date()),
        (Kind::Utc, _) => When::Utc(wall.and_utc()),
        (Kind::Local, Some(zone)) => When::Zoned(wall, zone.to_owned()),
        (Kind::Local, None) => When::Floating(wall),
    })
}

/// Which form a date or time was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `20260105`
    Date,
    /// `20260105T090000Z`
    Utc,
    /// `20260105T090000`
    Local,
}

/// A date or time; the dashes and colons of ISO 8601, and times without seconds, pass too.
pub(super) fn wall(text: &str) -> Option<(NaiveDateTime, Kind)> {
    if text.bytes().any(|b| matches!(b, b'-' | b':' | b'.')) {
        let is_utc = text.ends_with(['Z', 'z']);
        let whole = text.split('.').next().unwrap_or(text);
        let mut plain: String = whole.chars().filter(|c| !matches!(c, '-' | ':' | 'Z' | 'z')).collect();
        plain.extend(is_utc.then_some('Z'));
        return strict(&plain);
    }
    strict(text)
}

fn strict(text: &str) -> Option<(NaiveDateTime, Kind)> {
    let bytes = text.as_bytes();
    let (date, time) = bytes.split_at_checked(8)?;
    let date =
        NaiveDate::from_ymd_opt(number(&date[..4])? as i32, number(&date[4..6])?, number(&date[6..])?)?;
    let (time, kind) = match time {
        [] => return Some((date.and_time(NaiveTime::MIN), Kind::Date)),
        [b'T' | b't', time @ .., b'Z' | b'z'] => (time, Kind::Utc),
        [b'T' | b't', time @ ..] => (time, Kind::Local),
        _ => return None,
    };
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    // A leap second is told as the second before it.
    let second = if second.is_empty() { 0 } else { number(second)?.min(59) };
    let time = NaiveTime::from_hms_opt(number(hour)?, number(minute)?, second)?;
    Some((date.and_time(time), kind))
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
}

/// A DURATION like `PT30M` or `-P1DT2H`; a backward one is none. `None` if it cannot be read or is over ten years.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let unsigned = text.trim().trim_start_matches('+');
    let (is_backward, rest) = match unsigned.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, unsigned),
    };
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for c in rest.strip_prefix(['P', 'p'])?.chars() {
        let unit = match c.to_ascii_uppercase() {
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            'T' if digits.is_empty() => continue,
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            _ => return None,
        };
        seconds += i64::from(number(digits.as_bytes())?) * unit;
        digits.clear();
    }
    if is_backward || !digits.is_empty() {
        return (digits.is_empty()).then_some(TimeDelta::zero());
    }
    bounded(TimeDelta::try_seconds(seconds)?)
}

/// A length that is plausible: not negative, not over ten years.
pub(super) fn bounded(length: TimeDelta) -> Option<TimeDelta> {
    (length >= TimeDelta::zero() && length <= LENGTH_MAX).then_some(length)
}

/// A UTC-OFFSET like `-0500`, in seconds east of UTC.
pub(super) fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    let digits: Vec<u8> = rest.iter().copied().filter(|b| *b != b':').collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).map_or(Some(0), number);
    let (hours, minutes, seconds) = match digits.len() {
        1 | 2 => (number(&digits)?, 0, 0),
        3 => (part(0..1)?, part(1..3)?, 0),
        4 | 6 => (part(0..2)?, part(2..4)?, part(4..6)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60 + seconds) as i32)
}

/// A calendar address in lower case without `mailto:`; the EMAIL parameter (RFC 7986) where the value is no address.
pub(super) fn address(property: &Property) -> String {
    let value = property.value.trim();
    let plain = match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => value[7..].trim(),
        _ => value,
    };
    match property.param("EMAIL") {
        Some(email) if !plain.contains('@') => email.trim().to_lowercase(),
        _ => plain.to_lowercase(),
    }
}

/// The first https link in a text, up to white space or a character that cannot end one.
pub(super) fn link(text: &str) -> Option<&str> {
    let from = &text[text.find("https://")?..];
    let end = from.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"'\\,;)]".contains(c));
    let link = &from[..end.unwrap_or(from.len())];
    (link.len() > "https://".len()).then_some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_are_read() {
        let check = |text: &str, expected: Option<(&str, Kind)>| {
            let got = wall(text).map(|(wall, kind)| (wall.format("%F %T").to_string(), kind));
            assert_eq!(got, expected.map(|(wall, kind)| (wall.to_owned(), kind)), "{text}");
        };
        check("20260105", Some(("2026-01-05 00:00:00", Kind::Date)));
        check("20260105T093000", Some(("2026-01-05 09:30:00", Kind::Local)));
        check("20260105T093000Z", Some(("2026-01-05 09:30:00", Kind::Utc)));
        check("20260105T0930", Some(("2026-01-05 09:30:00", Kind::Local)));
        check("2026-01-05T09:30:00.000Z", Some(("2026-01-05 09:30:00", Kind::Utc)));
        check("20260105T235960", Some(("2026-01-05 23:59:59", Kind::Local)));
        for wrong in
            ["", "2026", "20261305", "20260105X", "20260105T2500", "2026010\u{fc}", "20260105T\u{fc}"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn durations_are_read() {
        let check = |text: &str, seconds: Option<i64>| {
            assert_eq!(duration(text).map(|length| length.num_seconds()), seconds, "{text}");
        };
        check("PT30M", Some(1_800));
        check("P1W", Some(604_800));
        check("+P1DT2H3M4S", Some(93_784));
        check("-PT5M", Some(0));
        check("PT", Some(0));
        for wrong in ["", "30M", "PT30", "P1X", "P999999999W", "P99999999999W"] {
            check(wrong, None);
        }
    }

    #[test]
    fn offsets_are_read() {
        let check = |text: &str, seconds: Option<i32>| assert_eq!(offset(text), seconds, "{text}");
        check("-0500", Some(-18_000));
        check("+05:30", Some(19_800));
        check("0100", Some(3_600));
        check("+1", Some(3_600));
        check("-001736", Some(-1_056));
        check("+2500", None);
        check("east", None);
    }

    #[test]
    fn links_are_found() {
        assert_eq!(link("Room 3; https://meet.example/a-b (dial in)"), Some("https://meet.example/a-b"));
        assert_eq!(link("http://meet.example"), None);
        assert_eq!(link("https://"), None);
    }
}
