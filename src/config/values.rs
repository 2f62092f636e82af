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
            r"close what is open, and put a \ before a sign that means itself",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        fn check(text: &str, seconds: Option<i64>) {
            assert_eq!(duration(text).ok().map(|length| length.num_seconds()), seconds, "{text}");
        }
        check("20s", Some(20));
        check("20m", Some(1200));
        check("4h", Some(14_400));
        check("90d", Some(7_776_000));
        check("6w", Some(3_628_800));
        check("0h", Some(0));
        check("3660d", Some(3660 * 86_400));
        for bad in
            ["", "m", "20", "20 m", "-1h", "1.5h", "1h30m", "3661d", "9223372036854775807w", "2µ", "٣h"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn whole_days_and_weeks() {
        assert_eq!(days("48h"), Ok(TimeDelta::days(2)));
        assert!(days("36h").is_err());
        assert_eq!(weeks("42d"), Ok(6));
        assert!(weeks("10d").is_err());
        assert!(weeks("0w").is_err());
    }

    #[test]
    fn sizes() {
        fn check(text: &str, bytes: Option<u64>) {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
        check("512KB", Some(512_000));
        check("32MB", Some(32_000_000));
        check("1 GB", Some(1_000_000_000));
        for bad in ["", "MB", "32", "32 mb", "0MB", "2GB", "18446744073709551615GB", "-1MB"] {
            check(bad, None);
        }
    }

    fn clock(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
    }

    #[test]
    fn parts_of_the_day() {
        fn check(text: &str, part: Option<(NaiveTime, NaiveTime)>) {
            assert_eq!(day_part(text).ok().map(|part| (part.from, part.until)), part, "{text}");
        }
        check("12:00-13:00", Some((clock(12, 0), clock(13, 0))));
        check("20:00-07:00", Some((clock(20, 0), clock(7, 0))));
        check("9:05 - 24:00", Some((clock(9, 5), clock(0, 0))));
        check("00:00-24:00", Some((clock(0, 0), clock(0, 0))));
        for bad in
            ["", "12:00", "12-13", "12:00-12:00", "24:00-08:00", "12:00-24:30", "12:0-13:00", "+1:00-02:00"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn working_hours() {
        fn check(text: &str, parts_by_day: [usize; 7]) {
            assert_eq!(hours(text).unwrap().days.map(|parts| parts.len()), parts_by_day, "{text}");
        }
        check("Mon-Fri 09:00-17:30", [1, 1, 1, 1, 1, 0, 0]);
        check("Mon-Thu 09:00-12:00,Mon 13:00-17:00, Fri 9:00-15:00", [2, 1, 1, 1, 1, 0, 0]);
        check("Sat-Mon 22:00-06:00", [1, 0, 0, 0, 0, 1, 1]);
        check("monday 00:00-24:00", [1, 0, 0, 0, 0, 0, 0]);
        for bad in [
            "",
            "Mon-Fri",
            "09:00-17:30",
            "Mon,Tue 09:00-12:00",
            "Mon-Fri 09:00",
            "Mon-Fri-Sat 09:00-10:00",
            ",",
        ] {
            assert!(hours(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn weekly_times() {
        assert_eq!(weekly("Mon 08:00"), Ok(Weekly { day: Weekday::Mon, at: clock(8, 0) }));
        for bad in ["", "Mon", "08:00", "Mon 8", "Someday 08:00", "Mon 24:00"] {
            assert!(weekly(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date("2026-09-01").ok(), NaiveDate::from_ymd_opt(2026, 9, 1));
        for bad in ["", "2026-9-1", "2026-02-30", "01.09.2026", "1969-12-31", "2100-01-01", "+026-09-01"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
