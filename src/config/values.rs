//! Words of the files → values: durations, sizes, times of day, hours, dates, patterns, zones.

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};

use super::problem::{Wrong, nearest, wrong};
use crate::model::time::{DayPart, Weekly, WorkingHours};
use crate::model::zone::{Zone, Zones};

/// Longest duration that can be written: ten years. Longer is a slip, and would overflow dates.
const LONGEST_DAYS: i64 = 3660;

/// `20s`, `20m`, `4h`, `90d`, `6w`: one number and one unit.
pub(super) fn duration(text: &str) -> Result<TimeDelta, Wrong> {
    let no = || wrong("not a duration", "write 20m, 4h, 90d or 6w");
    let unit = text.chars().last().ok_or_else(no)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(no()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(no());
    }
    let too_long = || wrong("longer than ten years", "write something shorter, such as 90d");
    let count: i64 = digits.parse().map_err(|_| too_long())?;
    let length = count.checked_mul(seconds).and_then(TimeDelta::try_seconds).ok_or_else(too_long)?;
    if length.num_days() > LONGEST_DAYS { Err(too_long()) } else { Ok(length) }
}

/// A duration of more than nothing.
pub(super) fn some_duration(text: &str) -> Result<TimeDelta, Wrong> {
    match duration(text)? {
        none if none.is_zero() => Err(wrong("no time at all", "write at least 1m")),
        some => Ok(some),
    }
}

/// A duration for timers and time-outs of the outside world: at least a second.
pub(super) fn timer(text: &str) -> Result<std::time::Duration, Wrong> {
    some_duration(text)?.to_std().map_err(|_| wrong("not a duration", "write 20s or 5m"))
}

/// Whole days.
pub(super) fn days(text: &str) -> Result<TimeDelta, Wrong> {
    let length = duration(text)?;
    if length == TimeDelta::days(length.num_days()) {
        Ok(length)
    } else {
        Err(wrong("not whole days", "write 1d, 2d or 3d"))
    }
}

/// Whole weeks, at least one.
pub(super) fn weeks(text: &str) -> Result<u32, Wrong> {
    let length = duration(text)?;
    match u32::try_from(length.num_weeks()) {
        Ok(count) if count > 0 && length == TimeDelta::weeks(count.into()) => Ok(count),
        _ => Err(wrong("not whole weeks", "write 6w or 12w")),
    }
}

/// `512KB`, `32MB`, `1GB` in bytes; steps of 1000.
pub(super) fn size(text: &str) -> Result<u64, Wrong> {
    let no = || wrong("not a size", "write 512KB, 32MB or 1GB (at most 1GB)");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor: u64 = match text[digits.len()..].trim_start() {
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(no()),
    };
    let count: u64 = digits.parse().map_err(|_| no())?;
    count.checked_mul(factor).filter(|bytes| (1_000..=1_000_000_000).contains(bytes)).ok_or_else(no)
}

/// `08:00`.
fn time(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, longest: usize| {
        let fits = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok()).flatten()
    };
    if minute.len() != 2 {
        return None;
    }
    NaiveTime::from_hms_opt(number(hour, 2)?, number(minute, 2)?, 0)
}

/// `12:00-13:00`; over midnight where the end is before the start; `24:00` may end it.
pub(super) fn day_part(text: &str) -> Result<DayPart, Wrong> {
    let no = || wrong("not a part of a day", "write 12:00-13:00 (or 20:00-07:00, over midnight)");
    let (from, until) = text.split_once('-').ok_or_else(no)?;
    let (from, until) = (from.trim(), until.trim());
    let part = DayPart {
        from: time(from).ok_or_else(no)?,
        until: if until == "24:00" { NaiveTime::MIN } else { time(until).ok_or_else(no)? },
    };
    if part.from == part.until && until != "24:00" {
        return Err(wrong("begins and ends at the same time", "write 00:00-24:00 for the whole day"));
    }
    Ok(part)
}

/// `Mon-Fri 09:00-17:30`, several with commas; days may wrap (`Sat-Mon`), hours may pass midnight.
pub(super) fn hours(text: &str) -> Result<WorkingHours, Wrong> {
    let no = || wrong("not working hours", "write Mon-Fri 09:00-17:30, several with commas");
    let mut hours = WorkingHours::default();
    for part in text.split(',') {
        let (named, times) = part.trim().split_once(char::is_whitespace).ok_or_else(no)?;
        let (first, last) = named.split_once('-').unwrap_or((named, named));
        let (mut day, last) = (weekday(first).ok_or_else(no)?, weekday(last).ok_or_else(no)?);
        let part = day_part(times.trim()).map_err(|_| no())?;
        loop {
            hours.days[day.num_days_from_monday() as usize].push(part);
            if day == last {
                break;
            }
            day = day.succ();
        }
    }
    Ok(hours)
}

/// `Mon` or `Monday`.
fn weekday(text: &str) -> Option<Weekday> {
    text.trim().parse().ok()
}

/// `Mon 08:00`.
pub(super) fn weekly(text: &str) -> Result<Weekly, Wrong> {
    let no = || wrong("not a day and time", "write Mon 08:00");
    let (day, at) = text.trim().split_once(char::is_whitespace).ok_or_else(no)?;
    Ok(Weekly { day: weekday(day).ok_or_else(no)?, at: time(at.trim()).ok_or_else(no)? })
}

/// `2026-09-01`, between 1970 and 2100 (the years zones are known for).
pub(super) fn date(text: &str) -> Result<NaiveDate, Wrong> {
    let no = || wrong("not a date", "write year-month-day, such as 2026-09-01");
    if text.len() != 10 {
        return Err(no());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| no())?;
    let year = chrono::Datelike::year(&date);
    if (1970..2100).contains(&year) { Ok(date) } else { Err(no()) }
}

/// A regular expression that compiles and does not match everything.
pub(super) fn pattern(text: &str) -> Result<String, Wrong> {
    let regex = regex::RegexBuilder::new(text).size_limit(1 << 20).build().map_err(|error| {
        let detail = error.to_string();
        let last = detail.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        wrong(
            format!("not a regular expression ({last})"),
            "write one for Rust's regex crate, in single quotes",
        )
    })?;
    if regex.is_match("") {
        return Err(wrong("this pattern matches every title", "write one that needs at least a letter"));
    }
    Ok(text.to_owned())
}

/// A pattern, or nothing.
pub(super) fn pattern_or_none(text: &str) -> Result<String, Wrong> {
    if text.is_empty() { Ok(String::new()) } else { pattern(text) }
}

/// An IANA zone.
pub(super) fn zone(text: &str, zones: &Zones) -> Result<Zone, Wrong> {
    zones.get(text).ok_or_else(|| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
        let right = match nearest(text, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "write an IANA name such as Europe/Berlin".to_owned(),
        };
        wrong("no time zone of that name", right)
    })
}

/// One word of several.
pub(super) fn one_of<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone()).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = match nearest(text, known.iter().copied()) {
            Some(near) => format!("not one of the words (did you mean {near}?)"),
            None => "not one of the words".to_owned(),
        };
        wrong(message, format!("write {}", or(&known)))
    })
}

/// `a`, `a or b`, `a, b or c`.
fn or(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// A text of one line.
pub(super) fn line(text: &str) -> Result<String, Wrong> {
    if text.chars().any(char::is_control) {
        return Err(wrong("has a control character or line break in it", "write one plain line"));
    }
    Ok(text.trim().to_owned())
}

/// A text of one line that is not empty.
pub(super) fn some_line(text: &str) -> Result<String, Wrong> {
    match line(text)? {
        empty if empty.is_empty() => Err(wrong("empty", "write something here")),
        some => Ok(some),
    }
}

/// A text of one line, or nothing.
pub(super) fn line_or_none(text: &str) -> Result<Option<String>, Wrong> {
    line(text).map(|text| (!text.is_empty()).then_some(text))
}
