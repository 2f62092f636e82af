//! Walking a TOML file with its lines at hand: each key is read, or its default, and everything wrong is kept.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{default_of, keys};
use super::problem::{Problem, Wrong, nearest, safe, wrong};

/// A file that is being read, and what was found wrong with it so far.
pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    errors: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl<'a> Source<'a> {
    /// A file that nothing is known of yet.
    pub(super) fn new(text: &'a str, file: &'a str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts, errors: RefCell::default(), warnings: RefCell::default() }
    }

    /// The line of a byte, counted from 1.
    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// What is written there.
    fn raw(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        self.errors.borrow().len()
    }

    fn problem(&self, span: Option<&Range<usize>>, key: String, value: &str, wrong: Wrong) -> Problem {
        Problem {
            file: self.file.to_owned(),
            line: span.map(|span| self.line(span.start)),
            key,
            value: safe(value),
            message: wrong.message,
            right: wrong.right,
            instead: None,
        }
    }

    fn error(&self, span: Option<&Range<usize>>, key: String, value: &str, wrong: Wrong) {
        self.errors.borrow_mut().push(self.problem(span, key, value, wrong));
    }

    /// What the TOML parser said. A value on such a line may be cut short, so nothing else is said of it.
    pub(super) fn syntax(&self, found: &[toml::de::Error]) {
        let mut errors = self.errors.borrow_mut();
        let broken: Vec<Problem> = found
            .iter()
            .map(|error| {
                let right = "quote texts, close brackets, give each key once";
                let message = format!("not TOML ({})", error.message());
                self.problem(error.span().as_ref(), String::new(), "", wrong(message, right))
            })
            .collect();
        errors.retain(|error| error.line.is_none() || broken.iter().all(|other| other.line != error.line));
        errors.extend(broken);
    }

    /// Everything found, in the order of the file: errors and warnings.
    pub(super) fn found(self) -> (Vec<Problem>, Vec<Problem>) {
        let by_line = |problems: RefCell<Vec<Problem>>| {
            let mut problems = problems.into_inner();
            problems.sort_by_key(|problem| (problem.line, problem.key.clone(), problem.message.clone()));
            problems.dedup();
            problems
        };
        (by_line(self.errors), by_line(self.warnings))
    }

    /// Reports every key of `table` (which stands at `path`, "" for the top) that nobody knows.
    pub(super) fn unknown(&self, path: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let full = join(path, name.get_ref());
            let below = format!("{full}.");
            let is_section = keys().iter().any(|key| key.path.starts_with(&below));
            if is_section {
                tables_of(value.get_ref()).for_each(|table| self.unknown(&full, table));
            } else if keys().iter().all(|key| key.path != full) {
                let value =
                    if tables_of(value.get_ref()).next().is_some() { "" } else { self.raw(&value.span()) };
                let wrong = unknown_key(path, name.get_ref());
                self.error(Some(&name.span()), full, value, wrong);
            }
        }
    }
}

/// The tables of a value: itself, or those of an array of tables.
fn tables_of<'v>(value: &'v DeValue<'v>) -> impl Iterator<Item = &'v DeTable<'v>> {
    let (one, many) = match value {
        DeValue::Table(table) => (Some(table), None),
        DeValue::Array(array) => (None, Some(array)),
        _ => (None, None),
    };
    let table_in = |value: &'v Spanned<DeValue<'v>>| match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    };
    one.into_iter().chain(many.into_iter().flat_map(|array| array.iter()).filter_map(table_in))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What to say of a key that is not known: the nearest one beside it, or one of that name elsewhere.
fn unknown_key(path: &str, name: &str) -> Wrong {
    let beside = keys().iter().filter_map(|key| {
        let rest = if path.is_empty() { key.path } else { key.path.strip_prefix(path)?.strip_prefix('.')? };
        rest.split('.').next()
    });
    let leaf = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let elsewhere = || {
        let near = nearest(name, keys().iter().map(|key| leaf(key.path)))?;
        keys().iter().map(|key| key.path).find(|path| leaf(path) == near).map(str::to_owned)
    };
    let near = nearest(name, beside).map(|near| join(path, near)).or_else(elsewhere);
    let right = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "leave it out, or see docs/configuration.md for all keys".to_owned(),
    };
    wrong("unknown key", right)
}

/// A table of the file: present or not, each of its keys can be read.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
}

impl<'a> Section<'a> {
    /// The top of the file.
    pub(super) fn top(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Self {
        Self { source, path: "", table: Some(table) }
    }

    /// `[name]` below this one.
    pub(super) fn section(&self, name: &'static str) -> Self {
        let value = self.find(name);
        let table = value.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        });
        if let (Some(value), None) = (value, table) {
            let right = format!("write [{name}] on a line of its own and its keys below");
            self.source.error(Some(&value.span()), name.to_owned(), "", wrong("not a section", right));
        }
        Self { source: self.source, path: name, table }
    }

    /// Whether the section stands in the file.
    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// The tables of `[[name]]` below this one, whose keys stand at `path`; `None` where there are none.
    pub(super) fn tables(&self, name: &str, path: &'static str) -> Option<Vec<Self>> {
        let value = self.find(name)?;
        let sections: Vec<Self> = match value.get_ref() {
            DeValue::Array(_) => tables_of(value.get_ref())
                .map(|table| Self { source: self.source, path, table: Some(table) })
                .collect(),
            _ => Vec::new(),
        };
        let entries = if let DeValue::Array(array) = value.get_ref() { array.len() } else { 0 };
        if sections.is_empty() || sections.len() < entries {
            let right = format!("write [[{path}]] before each, with two brackets");
            let list = wrong("not a list of sections", right);
            self.source.error(Some(&value.span()), path.to_owned(), "", list);
        }
        Some(sections).filter(|sections| !sections.is_empty())
    }

    /// How many errors the file has so far.
    pub(super) fn errors(&self) -> usize {
        self.source.errors()
    }

    /// The line a key stands on, if it does.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        self.find(key).map(|value| self.source.line(value.span().start))
    }

    fn find(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// A problem with a key, given or not, that is not reported yet.
    pub(super) fn about(&self, key: &str, wrong: Wrong) -> Problem {
        let given = self.find(key).map(Spanned::span);
        let path = join(self.path, key);
        let value = given.as_ref().map_or(default_of(&path), |span| self.source.raw(span));
        let first = self.table.and_then(|table| table.iter().next()).map(|(name, _)| name.span());
        self.source.problem(given.or(first.filter(|_| !self.path.is_empty())).as_ref(), path, value, wrong)
    }

    /// Reports an error about a key, given or not.
    pub(super) fn error(&self, key: &str, wrong: Wrong) {
        self.source.errors.borrow_mut().push(self.about(key, wrong));
    }

    /// Reports what is allowed but hardly meant, and what it leads to.
    pub(super) fn warning(&self, key: &str, wrong: Wrong, instead: &str) {
        let problem = Problem { instead: Some(instead.to_owned()), ..self.about(key, wrong) };
        self.source.warnings.borrow_mut().push(problem);
    }

    /// What a key holds, where it is given and right; an error where it is wrong.
    fn given<T>(&self, key: &str, parse: impl Fn(&DeValue<'_>, &str) -> Result<T, Wrong>) -> Option<T> {
        let value = self.find(key)?;
        let raw = self.source.raw(&value.span());
        match parse(value.get_ref(), raw) {
            Ok(parsed) => Some(parsed),
            Err(wrong) => {
                self.source.error(Some(&value.span()), join(self.path, key), raw, wrong);
                None
            }
        }
    }

    /// What holds where a key is left out.
    fn default<T>(&self, key: &str, parse: impl Fn(&DeValue<'_>, &str) -> Result<T, Wrong>) -> T {
        let text = default_of(&join(self.path, key));
        let value = DeValue::parse(text).ok();
        value
            .and_then(|value| parse(value.get_ref(), text).ok())
            .expect("every default can be read: reading an empty file, as a test does, reads them all")
    }

    fn read<T>(&self, key: &str, parse: impl Fn(&DeValue<'_>, &str) -> Result<T, Wrong>) -> T {
        self.given(key, &parse).unwrap_or_else(|| self.default(key, &parse))
    }

    /// A text.
    pub(super) fn text<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> T {
        self.read(key, |value, raw| quoted(value, raw, &parse))
    }

    /// A text, if it is given.
    pub(super) fn given_text<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Option<T> {
        self.given(key, |value, raw| quoted(value, raw, &parse))
    }

    /// A whole number within a range.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<u32>) -> u32 {
        self.read(key, |value, _| {
            match value {
                DeValue::Integer(n) => plain(n).and_then(|n| u32::try_from(n).ok()),
                _ => None,
            }
            .filter(|n| range.contains(n))
            .ok_or_else(|| wrong("not such a number", format!("write {} to {}", range.start(), range.end())))
        })
    }

    /// A share, more than 0 and at most 1.
    pub(super) fn share(&self, key: &str) -> f64 {
        self.read(key, |value, _| {
            match value {
                DeValue::Float(n) => n.as_str().replace('_', "").parse::<f64>().ok(),
                DeValue::Integer(n) => plain(n).map(|n| n as f64),
                _ => None,
            }
            .filter(|n| *n > 0.0 && *n <= 1.0)
            .ok_or_else(|| wrong("not a share", "write a number above 0 and up to 1, such as 0.95"))
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.read(key, |value, _| match value {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(wrong("neither true nor false", "write true or false, without quotes")),
        })
    }

    /// A list of texts; each that is wrong is an error of its own.
    pub(super) fn list<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> Vec<T> {
        let Some(value) = self.find(key) else {
            return self.default(key, |value, raw| read_all(value, raw, &parse));
        };
        let DeValue::Array(array) = value.get_ref() else {
            self.error(key, wrong("not a list", "write it in square brackets, such as [\"a\", \"b\"]"));
            return self.default(key, |value, raw| read_all(value, raw, &parse));
        };
        let mut read = Vec::new();
        for entry in array {
            let raw = self.source.raw(&entry.span());
            match quoted(entry.get_ref(), raw, &parse) {
                Ok(value) => read.push(value),
                Err(wrong) => self.source.error(Some(&entry.span()), join(self.path, key), raw, wrong),
            }
        }
        read
    }
}

/// A whole number as written, without its underscores.
fn plain(number: &toml::de::DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// All entries of a list, or the first thing wrong with it.
fn read_all<T>(
    value: &DeValue<'_>,
    raw: &str,
    parse: &impl Fn(&str) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    match value {
        DeValue::Array(array) => array.iter().map(|entry| quoted(entry.get_ref(), raw, parse)).collect(),
        _ => Err(wrong("not a list", "write it in square brackets")),
    }
}

/// A text in quotes. For one without, the advice is that for the value if that is wrong too.
fn quoted<T>(value: &DeValue<'_>, raw: &str, parse: &impl Fn(&str) -> Result<T, Wrong>) -> Result<T, Wrong> {
    match value {
        DeValue::String(text) => parse(text),
        _ => match parse(raw) {
            Err(wrong) => Err(wrong),
            Ok(_) => Err(wrong("not a text", "put it in quotes")),
        },
    }
}
