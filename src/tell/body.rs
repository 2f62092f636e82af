//! What a mail or page says, as blocks of plain text. The text part is written here, HTML in `layout`.

/// Widest line of plain text, in characters (addresses of links may be longer: they must not break).
const WIDTH: usize = 78;
/// Length of a full bar in plain text.
const BAR: u32 = 20;

/// A link with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// A remark beside it; may be empty.
    pub hint: String,
    /// Where it leads; without, it is only listed.
    pub url: Option<String>,
}

/// Rows of cells; the first column is text, the others are short.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// Where a chart's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// In a part of the mail with this content id.
    Attached(String),
    /// In the page itself: SVG of `chart`, in which nothing but numbers is from outside.
    Drawn(String),
}

/// A share of one week, as a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// How much, in thousandths; `None`: nothing to show.
    pub permille: Option<u32>,
    /// The same in words.
    pub value: String,
}

/// A chart, with all that it shows as text beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its picture.
    pub shown: Shown,
    /// What it shows, in a sentence.
    pub alt: String,
    /// The bars, as plain text has them.
    pub bars: Vec<Bar>,
    /// The same as a table.
    pub table: Table,
}

/// Something to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What it asks.
    pub label: String,
    /// `date`, `time`.
    pub kind: &'static str,
    /// Its name in the form.
    pub name: &'static str,
    /// What stands in it already.
    pub value: String,
    /// The least and the most that can be chosen.
    pub least: String,
    /// …
    pub most: String,
}

/// Something to press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// Its name and value in the form.
    pub name: &'static str,
    /// …
    pub value: String,
    /// It is the one that is meant.
    pub is_first: bool,
}

/// A form of a page: its buttons act, by a POST to the page's own address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// What comes back with it.
    pub hidden: Vec<(&'static str, String)>,
    /// What can be filled in.
    pub fields: Vec<Field>,
    /// What can be pressed.
    pub buttons: Vec<Button>,
}

/// One piece of a mail or page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The sentence that says the point.
    Lead(String),
    /// A heading.
    Heading(String),
    /// A paragraph.
    Para(String),
    /// A paragraph that may be skipped.
    Small(String),
    /// A list.
    List(Vec<String>),
    /// Times to choose from, best first.
    Choices(Vec<Choice>),
    /// Quieter links, side by side.
    Links(Vec<Link>),
    /// Times beside the one that is asked about.
    Alternatives(Vec<Link>),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
    /// A form, of pages alone.
    Form(Form),
}

impl Block {
    /// Whether choices lead nowhere and are only listed.
    pub fn is_listed(&self) -> bool {
        matches!(self, Self::Choices(choices) if choices.iter().all(|choice| choice.url.is_none()))
    }
}

impl Choice {
    /// Where it leads; empty for nowhere.
    pub fn address(&self) -> &str {
        self.url.as_deref().unwrap_or_default()
    }
}

/// A mail or page in the making.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// In order.
    pub blocks: Vec<Block>,
}

impl Body {
    /// Adds the sentence that says the point.
    pub fn lead(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Lead(text.into()))
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Heading(text.into()))
    }

    /// Adds a paragraph; an empty one is left out.
    pub fn para(&mut self, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        if text.is_empty() { self } else { self.add(Block::Para(text)) }
    }

    /// Adds a paragraph that may be skipped.
    pub fn small(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Small(text.into()))
    }

    /// Adds a list; an empty one is left out.
    pub fn list(&mut self, items: Vec<String>) -> &mut Self {
        if items.is_empty() { self } else { self.add(Block::List(items)) }
    }

    /// Adds a table or anything else.
    pub fn add(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    /// The plain text: at most 78 columns, links on lines of their own.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for block in &self.blocks {
            if !out.is_empty() {
                out.push('\n');
            }
            block_text(&mut out, block);
        }
        out
    }
}

fn block_text(out: &mut String, block: &Block) {
    match block {
        Block::Heading(text) => {
            wrap(out, text, "", "");
            let width = text.chars().count().min(WIDTH);
            out.push_str(&"-".repeat(width));
            out.push('\n');
        }
        Block::Lead(text) | Block::Para(text) | Block::Small(text) => wrap(out, text, "", ""),
        Block::List(items) => items.iter().for_each(|item| wrap(out, item, "- ", "  ")),
        Block::Choices(choices) => choices.iter().zip(1..).for_each(|(choice, n)| {
            let hint = if choice.hint.is_empty() { String::new() } else { format!(" - {}", choice.hint) };
            wrap(out, &format!("{}{hint}", choice.label), &format!("{n}. "), "   ");
            if let Some(url) = &choice.url {
                out.extend(["   ", url, "\n"]);
            }
        }),
        Block::Links(links) | Block::Alternatives(links) => links.iter().for_each(|link| {
            wrap(out, &format!("{}:", link.label), "", "");
            out.extend(["  ", &link.url, "\n"]);
        }),
        Block::Table(table) => table_text(out, table),
        Block::Chart(chart) => bars_text(out, &chart.bars),
        Block::Form(_) => {}
    }
}

/// One table row a person: its first cell on a line, the others named below it. Columns would not fit beside
/// long names, and wrapped columns cannot be read.
fn table_text(out: &mut String, table: &Table) {
    for row in &table.rows {
        let Some((first, rest)) = row.split_first() else { continue };
        wrap(out, first, "- ", "  ");
        let cells = rest.iter().zip(table.head.iter().skip(1)).filter(|(cell, _)| !cell.is_empty());
        let line = cells.map(|(cell, head)| format!("{head}: {cell}")).collect::<Vec<_>>().join("; ");
        wrap(out, &line, "  ", "  ");
    }
}

fn bars_text(out: &mut String, bars: &[Bar]) {
    let width = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
    for bar in bars {
        let full = bar.permille.map_or(0, |permille| (permille.min(1000) * BAR + 500) / 1000);
        let drawn = "#".repeat(full as usize) + &".".repeat((BAR - full) as usize);
        out.extend([format!("{:<width$}  {drawn}  {}\n", bar.label, bar.value)]);
    }
}

/// Adds `text` in lines of at most [`WIDTH`] characters.
fn wrap(out: &mut String, text: &str, first: &str, next: &str) {
    for (paragraph, n) in text.split('\n').zip(0..) {
        let mut line = String::from(if n == 0 { first } else { next });
        let mut filled = line.chars().count();
        let mut is_new = true;
        for word in paragraph.split_whitespace() {
            let long = word.chars().count();
            if !is_new && filled + 1 + long > WIDTH {
                out.push_str(line.trim_end());
                out.push('\n');
                next.clone_into(&mut line);
                filled = next.chars().count();
                is_new = true;
            }
            if !is_new {
                line.push(' ');
                filled += 1;
            }
            line.push_str(word);
            filled += long;
            is_new = false;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_within_the_width() {
        let mut body = Body::default();
        body.heading("Ana").para("word ".repeat(60)).list(vec!["item ".repeat(40), "short".into()]);
        body.add(Block::Chart(Chart {
            shown: Shown::Attached("c".into()),
            alt: String::new(),
            bars: vec![Bar { label: "W47".into(), permille: Some(500), value: "1 of 2".into() }],
            table: Table::default(),
        }));
        let text = body.text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.starts_with("Ana\n---\n"), "{text}");
        assert!(text.contains("W47  ##########..........  1 of 2\n"), "{text}");
        assert!(text.contains("\n- short\n"), "{text}");
    }

    #[test]
    fn a_link_is_never_broken() {
        let url = format!("https://drumbeat.example/a/{}", "x".repeat(200));
        let mut body = Body::default();
        body.add(Block::Choices(vec![Choice {
            label: "Thu".into(),
            hint: "usual".into(),
            url: Some(url.clone()),
        }]));
        assert_eq!(body.text(), format!("1. Thu - usual\n   {url}\n"));
    }
}
