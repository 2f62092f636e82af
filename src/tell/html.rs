//! How values become markup: what is not a literal of a template is escaped, by construction.

use std::fmt;

use askama::filters::Escaper;

use super::names::turns_text_around;

/// Escapes what a template is given. `askama.toml` names it for every template, so no value gets past it.
#[derive(Debug, Clone, Copy)]
pub struct Escape;

impl Escaper for Escape {
    fn write_escaped_str<W: fmt::Write>(&self, mut into: W, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| self.write_escaped_char(&mut into, c))
    }

    fn write_escaped_char<W: fmt::Write>(&self, mut into: W, c: char) -> fmt::Result {
        match c {
            '&' => into.write_str("&amp;"),
            '<' => into.write_str("&lt;"),
            '>' => into.write_str("&gt;"),
            '"' => into.write_str("&quot;"),
            '\'' => into.write_str("&#39;"),
            '\n' => into.write_char('\n'),
            c if turns_text_around(c) => Ok(()),
            c if c.is_control() => into.write_char(' '),
            c => into.write_char(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_become_markup() {
        let check = |value: &str, want: &str| {
            let mut html = String::new();
            Escape.write_escaped_str(&mut html, value).expect("a string takes everything");
            assert_eq!(html, want);
        };
        check("Ana", "Ana");
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a\" onload=\"x & y", "a&quot; onload=&quot;x &amp; y");
        check("\u{202e}abc\u{7}", "abc ");
        check("\u{2068}משה\u{2069}, 15:00", "\u{2068}משה\u{2069}, 15:00");
    }
}
