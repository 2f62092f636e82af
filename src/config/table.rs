//! The roster's CSV (RFC 4180), a line at a time: one that is broken takes no other down with it.

use std::collections::BTreeMap;

use super::keys::columns;
use super::problem::{Problem, Wrong, nearest, safe, wrong};

/// A row: its line, and the cells that are not empty by their column.
pub(super) struct Row {
    /// Counted from 1.
    pub line: usize,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    /// A cell; empty where there is none.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// A problem of a line or cell.
pub(super) fn problem(file: &str, line: usize, column: &str, value: &str, wrong: Wrong) -> Problem {
    let value = if value.is_empty() { String::new() } else { format!("\"{}\"", safe(value)) };
    let (file, key) = (file.to_owned(), column.to_owned());
    Problem { file, line: Some(line), key, value, message: wrong.message, right: wrong.right, instead: None }
}

/// Reads all rows that can be read; the first line names the columns.
pub(super) fn rows(text: &str, file: &str, problems: &mut Vec<Problem>) -> Vec<Row> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines =
        text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| has_words(line));
    let Some((first, header)) = lines.next() else {
        problems.push(problem(
            file,
            1,
            "",
            "",
            wrong("nothing in it", "begin with a line that names the columns"),
        ));
        return Vec::new();
    };
    let Some(names) = names(header, file, first, problems) else {
        return Vec::new();
    };
    lines
        .filter_map(|(line, text)| match row(text, line, &names) {
            Ok(row) => Some(row),
            Err(wrong) => {
                problems.push(problem(file, line, "", "", wrong));
                None
            }
        })
        .collect()
}

/// Whether a line is more than commas: spreadsheets write such lines below the last row.
fn has_words(line: &str) -> bool {
    line.chars().any(|c| c != ',' && !c.is_whitespace())
}

/// The column of each heading, `None` for an unknown one; nothing if it makes no sense to read on.
fn names(
    header: &str,
    file: &str,
    line: usize,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Option<&'static str>>> {
    if !header.contains(',') && header.contains([';', '\t']) {
        let right =
            "export it as comma-separated UTF-8 (in Excel: CSV UTF-8, with a comma as list separator)";
        problems.push(problem(file, line, "", "", wrong("columns are not separated by commas", right)));
        return None;
    }
    let cells = match cells(header) {
        Ok(cells) => cells,
        Err(wrong) => {
            problems.push(problem(file, line, "", "", wrong));
            return None;
        }
    };
    let mut names = Vec::new();
    for cell in &cells {
        let known = columns().iter().map(|column| column.name).find(|name| cell.eq_ignore_ascii_case(name));
        if known.is_none() {
            problems.push(problem(file, line, cell, "", unknown(cell)));
        } else if names.contains(&known) {
            problems.push(problem(file, line, cell, "", wrong("two columns of this name", "leave one out")));
        }
        names.push(known);
    }
    if names.contains(&Some("email")) {
        return Some(names);
    }
    let right = "name the columns in the first line: email,name,manager, …";
    problems.push(problem(file, line, "email", "", wrong("no such column", right)));
    None
}

fn unknown(cell: &str) -> Wrong {
    let right = match nearest(cell, columns().iter().map(|column| column.name)) {
        Some(near) => format!("did you mean {near}?"),
        None => "leave the column out, or see docs/configuration.md for all".to_owned(),
    };
    wrong("unknown column", right)
}

fn row(text: &str, line: usize, names: &[Option<&'static str>]) -> Result<Row, Wrong> {
    let cells = cells(text)?;
    if cells.len() != names.len() {
        let why = format!("{} cells where the first line has {}", cells.len(), names.len());
        return Err(wrong(why, "give each row as many; put texts with a comma in quotes"));
    }
    let named = names.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    Ok(Row { line, cells: named.filter_map(|(name, cell)| Some(((*name)?, cell))).collect() })
}

/// The cells of one line, without white space around them.
fn cells(line: &str) -> Result<Vec<String>, Wrong> {
    if line.matches('"').count() % 2 == 1 {
        return Err(wrong(
            "a quote that is not closed on its line",
            "close it, or write two for one in a text",
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .buffer_capacity(line.len().max(1))
        .from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok);
    let cells = record.ok_or_else(|| wrong("not comma-separated values", "write one cell a column"))?;
    Ok(cells.iter().map(str::to_owned).collect())
}
