//! The one place that writes markup: what is not a literal of this program is escaped, by construction.

use super::names::is_bidi_control;

/// HTML in the making. Markup can only be added as a literal; every value goes through [`Html::text`] or
/// [`Html::attr`], which escape it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Adds markup of our own.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a value as text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        for c in value.chars().filter(|c| !is_bidi_control(*c)) {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' => self.0.push('\n'),
                c if c.is_control() => self.0.push(' '),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Adds an attribute with a value, for use inside a tag.
    pub fn attr(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// Adds `<element style="…">value</element>`.
    pub fn element(&mut self, name: &'static str, style: &'static str, value: &str) -> &mut Self {
        self.raw("<").raw(name).raw(" style=\"").raw(style).raw("\">").text(value);
        self.raw("</").raw(name).raw(">\n")
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_become_markup() {
        let check = |value: &str, want: &str| {
            let mut html = Html::default();
            html.raw("<p").attr("title", value).raw(">").text(value).raw("</p>");
            assert_eq!(html.finish(), format!("<p title=\"{want}\">{want}</p>"));
        };
        check("Ana", "Ana");
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a\" onload=\"x & y", "a&quot; onload=&quot;x &amp; y");
        check("\u{202e}abc\u{7}", "abc ");
    }
}
