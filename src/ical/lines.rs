//! Bytes → logical lines (RFC 5545, 3.1): line ends of every kind, folds undone, text decoded.
//!
//! Works on bytes because a fold may fall inside a UTF-8 character, and lazily because most lines of a feed
//! (descriptions, attachments) are never looked at.

use std::borrow::Cow;
use std::io::BufRead;

/// One logical line, still folded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Number of its first physical line, from 1.
    pub number: usize,
    /// The first physical line, without its line end.
    pub first: &'a [u8],
    /// The continuation lines as they stand, with their line ends.
    folds: &'a [u8],
}

impl<'a> Line<'a> {
    /// The whole line, unfolded; `buffer` holds it where it had to be joined.
    pub fn unfolded<'b>(&self, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        if self.folds.is_empty() {
            return self.first;
        }
        buffer.clear();
        buffer.extend_from_slice(self.first);
        let mut cutter = Cutter::new(self.folds);
        while let Some(piece) = cutter.next_line() {
            buffer.extend_from_slice(piece.get(1..).unwrap_or_default());
        }
        buffer
    }

    /// About how long the unfolded line is, in bytes.
    pub fn size(&self) -> usize {
        self.first.len() + self.folds.len()
    }

    /// Everything before the first `:` or `;`: the property's name. `None` if there is neither.
    pub fn name<'b>(&self, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        let end = |bytes: &[u8]| bytes.iter().position(|b| matches!(b, b':' | b';'));
        let text = match end(self.first) {
            Some(at) => return Some(&self.first[..at]),
            // The name itself may be folded.
            None if self.folds.is_empty() => return None,
            None => self.unfolded(buffer),
        };
        end(text).map(|at| &text[..at])
    }
}

/// Cuts bytes at CR LF, LF or a lone CR.
#[derive(Debug, Clone)]
struct Cutter<'a> {
    bytes: &'a [u8],
    at: usize,
    /// One past the next LF, so that a feed with CR alone is not searched for it again and again.
    segment_end: usize,
}

impl<'a> Cutter<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, segment_end: 0 }
    }

    fn next_line(&mut self) -> Option<&'a [u8]> {
        if self.at >= self.bytes.len() {
            return None;
        }
        if self.at >= self.segment_end {
            self.segment_end = self.at + past(&self.bytes[self.at..], b'\n');
        }
        let segment = &self.bytes[self.at..self.segment_end];
        let line = &segment[..past(segment, b'\r')];
        self.at += line.len();
        // CR LF, and the CR CR LF of a line end converted twice, are one line end.
        while self.at < self.segment_end && matches!(self.bytes[self.at], b'\r' | b'\n') {
            self.at += 1;
        }
        Some(trimmed_end(line))
    }
}

/// How many bytes up to and including the first `byte`; all of them where there is none.
fn past(bytes: &[u8], byte: u8) -> usize {
    let mut rest = bytes;
    rest.skip_until(byte).unwrap_or(bytes.len())
}

fn trimmed_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n'] = line {
        line = rest;
    }
    line
}

/// The logical lines of a text; blank ones are passed over.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    cutter: Cutter<'a>,
    number: usize,
}

impl<'a> Lines<'a> {
    /// Lines of `bytes`, which should no longer begin with a byte order mark.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cutter: Cutter::new(bytes), number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let mut first: &[u8] = &[];
        while first.is_empty() {
            first = self.cutter.next_line()?.trim_ascii_start();
            self.number += 1;
        }
        let number = self.number;
        let (bytes, from) = (self.cutter.bytes, self.cutter.at);
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(self.cutter.at) {
            self.cutter.next_line();
            self.number += 1;
        }
        Some(Line { number, first, folds: &bytes[from..self.cutter.at] })
    }
}

/// A line as text: UTF-8, and where it is not, Windows-1252, which has a character for every byte. The flag says
/// that some of it was not.
pub(super) fn decoded(line: &[u8]) -> (Cow<'_, str>, bool) {
    if let Ok(text) = std::str::from_utf8(line) {
        return (Cow::Borrowed(text), false);
    }
    let mut text = String::with_capacity(line.len() + 8);
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    (Cow::Owned(text), true)
}

/// A whole feed without its byte order mark; UTF-16 becomes UTF-8.
pub(super) fn without_mark(bytes: &[u8]) -> Cow<'_, [u8]> {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, length)) if encoding == encoding_rs::UTF_8 => Cow::Borrowed(&bytes[length..]),
        Some((encoding, _)) => Cow::Owned(encoding.decode(bytes).0.into_owned().into_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expected: &[&str]) {
        let mut buffer = Vec::new();
        let lines: Vec<String> =
            Lines::new(text).map(|line| decoded(line.unfolded(&mut buffer)).0.into_owned()).collect();
        assert_eq!(lines, expected, "{:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn lines_are_cut_and_unfolded() {
        check(b"", &[]);
        check(b"A:1\r\nB:2\r\n", &["A:1", "B:2"]);
        check(b"A:1\nB:2", &["A:1", "B:2"]);
        check(b"A:1\rB:2\r", &["A:1", "B:2"]);
        check(b"A:1\r\r\nB:2\r\r\n", &["A:1", "B:2"]);
        check(b"A:1\r\n\r\n\r\nB:2", &["A:1", "B:2"]);
        check(b"A:1\n 2\n\t3\n", &["A:123"]);
        check(b"A:one \r\n two\r\n", &["A:one two"]);
        check(b"A:one\r\n  two\r\n", &["A:one two"]);
        check(b"A:\xc3\r\n \xbc\r\n", &["A:\u{fc}"]);
        check(b"A:\xfc", &["A:\u{fc}"]);
        check(b"A:\xc3\xbc\xfc", &["A:\u{fc}\u{fc}"]);
        check(b"DT\r\n START:1\r\n", &["DTSTART:1"]);
        check(b"  A:1\n", &["A:1"]);
        check(b"A:1\n \n 2\n", &["A:12"]);
    }

    #[test]
    fn marks_are_taken_off() {
        assert_eq!(&*without_mark(b"\xef\xbb\xbfA:1"), b"A:1");
        assert_eq!(&*without_mark(b"\xff\xfeA\0:\0"), b"A:");
        assert_eq!(&*without_mark(b"A:1"), b"A:1");
    }

    #[test]
    fn a_name_may_be_folded() {
        let mut buffer = Vec::new();
        let name = |text: &'static [u8], buffer: &mut Vec<u8>| {
            Lines::new(text).next().and_then(|line| line.name(buffer).map(<[u8]>::to_vec))
        };
        assert_eq!(name(b"DT\r\n START;X=1:1", &mut buffer).as_deref(), Some(&b"DTSTART"[..]));
        assert_eq!(name(b"no colon here", &mut buffer), None);
    }
}
