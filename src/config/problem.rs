//! What is wrong with a file: where, what, and what would be right.

use std::fmt;

/// Longest piece of a value that is repeated in a message, in characters.
const LONGEST_VALUE: usize = 80;

/// One thing wrong with a file. The value holds no secret: URLs are cut to scheme and host when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the caller named it.
    pub file: String,
    /// Counted from 1; `None` where the thing is missing or is about the whole file.
    pub line: Option<usize>,
    /// The key (`policy.settle`) or column (`manager`); empty: the file or line as such.
    pub key: String,
    /// What stands there, as written and safe to print; empty: nothing.
    pub value: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub right: String,
    /// Of a warning: what happens as it stands.
    pub instead: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        if !self.value.is_empty() {
            write!(f, " = {}", self.value)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.right.is_empty() {
            write!(f, "; {}", self.right)?;
        }
        self.instead.as_ref().map_or(Ok(()), |instead| write!(f, " (as it stands, {instead})"))
    }
}

/// Why a value cannot be taken, before anyone knows where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub right: String,
}

/// Shorthand for a [`Wrong`].
pub(super) fn wrong(message: impl Into<String>, right: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), right: right.into() }
}

/// A value that is planned but cannot be used yet.
pub(super) fn not_built(what: &str, right: &str) -> Wrong {
    wrong(format!("{what} is not built yet"), right)
}

/// A value as it may be printed: one line, not too long, of each URL only scheme and host.
pub(super) fn safe(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let end =
            after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',')).unwrap_or(after.len());
        out.push_str(before);
        out.push_str(&host_only(&after[..end]));
        rest = &after[end..];
    }
    out.push_str(rest);
    one_line(&out)
}

/// `user:secret@host/path` → `…@host/…`. Everything before the last `@` goes: a password may hold a slash.
fn host_only(url: &str) -> String {
    let (user, place) = match url.rsplit_once('@') {
        Some((_, place)) => ("…@", place),
        None => ("", url),
    };
    let end = place.find(['/', '?', '#']).unwrap_or(place.len());
    let path = if place[end..].len() > 1 { "/…" } else { &place[end..] };
    format!("{user}{}{path}", &place[..end])
}

/// White space joined, control characters escaped, the tail cut.
fn one_line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = joined
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    match plain.char_indices().nth(LONGEST_VALUE) {
        Some((cut, _)) => format!("{}…", &plain[..cut]),
        None => plain,
    }
}

/// The known word that was probably meant, if one is near enough: a third of its letters may differ, at most three.
pub(super) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (distance(&typed.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(far, word)| *far <= (word.chars().count() / 3).clamp(1, 3))
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

/// Edits (insert, drop, replace) from one word to the other, after Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        fn check(value: &str, shown: &str) {
            assert_eq!(safe(value), shown, "{value}");
        }
        check("\"20 min\"", "\"20 min\"");
        check("smtps://bot:hunter2@mail.example.com", "smtps://…@mail.example.com");
        check("smtps://bot:hun/t@er2@mail.example.com/x", "smtps://…@mail.example.com/…");
        check("[\"https://a.example/ical/private-77/basic.ics\"]", "[\"https://a.example/…\"]");
        check(
            "ics:https://a.example/k1 ics:https://b.example?k2",
            "ics:https://a.example/… ics:https://b.example/…",
        );
        check("a\n  b\u{7}", "a b\\u{7}");
        check(&"x".repeat(90), &format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn near_words_are_found() {
        fn check(typed: &str, found: Option<&str>) {
            assert_eq!(nearest(typed, ["settle", "notice", "options", "to"]), found, "{typed}");
        }
        check("setle", Some("settle"));
        check("Settles", Some("settle"));
        check("option", Some("options"));
        check("t", Some("to"));
        check("window", None);
        check("", None);
    }
}
