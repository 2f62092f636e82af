//! One logical line → name, parameters and value, by the `ical` crate's `PropertyParser`, with what it lacks.

use std::borrow::Cow;

use ical::PropertyParser;
use ical::property::Property as Parts;

/// More values of one parameter than this, and the crate takes the rest for the property's value.
const VALUES_MAX: usize = 10;

/// A property of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    params: Vec<(String, Vec<String>)>,
    /// The value, as written.
    pub value: String,
}

impl Property {
    /// Reads a line; the flag says that its parameters were broken and it was read with what could be saved.
    pub fn read(line: &str) -> Option<(Self, bool)> {
        let line = line.trim_end();
        if let Some(read) = read_once(&thinned(line)) {
            return Some((read, false));
        }
        let unquoted = line.replace('"', "");
        if let Some(read) = read_once(&thinned(&unquoted)) {
            return Some((read, true));
        }
        let (head, value) = line.split_once(':')?;
        let name = head.split(';').next().unwrap_or(head);
        read_once(&format!("{name}:{value}")).map(|read| (read, true))
    }

    /// The first value of a parameter, RFC 6868 undone.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, values) = self.params.iter().find(|(key, _)| key == name)?;
        values.first().map(|value| caret_decoded(value))
    }

    /// Whether a parameter has this value, in any case.
    pub fn param_is(&self, name: &str, value: &str) -> bool {
        self.param(name).is_some_and(|given| given.eq_ignore_ascii_case(value))
    }
}

fn read_once(line: &str) -> Option<Property> {
    let Parts { params, value, .. } = PropertyParser::from_reader(line.as_bytes()).next()?.ok()?;
    // The value was swallowed by a parameter: its closing quote is missing, or stands after the value.
    if value.is_none() && !line.ends_with(':') {
        return None;
    }
    Some(Property { params: params.unwrap_or_default(), value: with_its_colons(line, value) })
}

/// The crate drops every colon at the head of a value; they are taken back from the line.
fn with_its_colons(line: &str, value: Option<String>) -> String {
    let value = value.unwrap_or_default();
    let head = &line[..line.len().saturating_sub(value.len())];
    let colons = head.len() - head.trim_end_matches(':').len();
    if colons > 1 { head[head.len() - (colons - 1)..].to_owned() + &value } else { value }
}

/// The line with no parameter of more than [`VALUES_MAX`] values; surplus ones (of MEMBER, DELEGATED-TO) are dropped.
fn thinned(line: &str) -> Cow<'_, str> {
    if line.bytes().filter(|b| *b == b',').count() < VALUES_MAX || !has_params(line) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let (mut is_quoted, mut values) = (false, 1);
    for (at, c) in line.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            ':' if !is_quoted => {
                out.push_str(&line[at..]);
                break;
            }
            ';' if !is_quoted => values = 1,
            ',' if !is_quoted => values += 1,
            _ => {}
        }
        if values <= VALUES_MAX {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn has_params(line: &str) -> bool {
    line.find([';', ':']).is_some_and(|at| line.as_bytes()[at] == b';')
}

/// RFC 6868: `^n`, `^'` and `^^` in parameter values.
fn caret_decoded(value: &str) -> Cow<'_, str> {
    unescaped(value, '^', |c| match c {
        'n' => Some('\n'),
        '\'' => Some('"'),
        '^' => Some('^'),
        _ => None,
    })
}

/// RFC 5545, 3.3.11: the escapes of TEXT.
pub(super) fn text(value: &str) -> Cow<'_, str> {
    unescaped(value, '\\', |c| match c {
        'n' | 'N' => Some('\n'),
        '\\' | ';' | ',' | ':' | '"' => Some(c),
        _ => None,
    })
}

fn unescaped(value: &str, mark: char, meaning: impl Fn(char) -> Option<char>) -> Cow<'_, str> {
    if !value.contains(mark) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != mark {
            out.push(c);
            continue;
        }
        match chars.clone().next().and_then(&meaning) {
            Some(meant) => {
                out.push(meant);
                chars.next();
            }
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, param: &str, expected: Option<(Option<&str>, &str, bool)>) {
        let read = Property::read(line);
        let got = read.as_ref().map(|(p, saved)| (p.param(param), p.value.as_str(), *saved));
        let expected = expected.map(|(param, value, saved)| (param.map(Cow::Borrowed), value, saved));
        assert_eq!(got, expected, "{line}");
    }

    #[test]
    fn lines_are_read() {
        check("SUMMARY:a:b;c", "X", Some((None, "a:b;c", false)));
        check("SUMMARY:", "X", Some((None, "", false)));
        check("SUMMARY:::x", "X", Some((None, "::x", false)));
        check("A;CN=\"x:y;z\":v", "CN", Some((Some("x:y;z"), "v", false)));
        check("A;cn=x:v", "CN", Some((Some("x"), "v", false)));
        check("A;CN=^'Bo^' ^^ ^n^x:v", "CN", Some((Some("\"Bo\" ^ \n^x"), "v", false)));
        check("A;CN=\"Bo:mailto:b@x", "CN", Some((Some("Bo"), "mailto:b@x", true)));
        check("DTSTART;TZID=\"Etc/UTC:20260101\"", "TZID", Some((Some("Etc/UTC"), "20260101", true)));
        check("DTSTART;BAR:20260101", "BAR", Some((None, "20260101", true)));
        check("no delimiter", "X", None);
    }

    #[test]
    fn many_values_do_not_spill_into_the_value() {
        let members: Vec<String> = (0..12).map(|n| format!("\"mailto:{n}@x,y\"")).collect();
        let line = format!("ATTENDEE;MEMBER={};CN=Bo:mailto:b@x", members.join(","));
        check(&line, "CN", Some((Some("Bo"), "mailto:b@x", false)));
        check("EXDATE:1,2,3,4,5,6,7,8,9,10,11,12", "X", Some((None, "1,2,3,4,5,6,7,8,9,10,11,12", false)));
    }

    #[test]
    fn text_is_unescaped() {
        assert_eq!(text(r"a\, b\; c\\n\nd\N"), "a, b; c\\n\nd\n");
        assert_eq!(text(r"a\xb\"), r"a\xb\");
        assert_eq!(text("plain"), "plain");
    }
}
