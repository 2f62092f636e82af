//! The look of mails and pages: one column, system fonts, nothing fetched from anywhere, light and dark.
//!
//! Inline styles are what every mail program keeps; the style sheet in the head only adds the dark colours.

use super::body::{Bar, Block, Body, Choice, Link, Table};
use super::html::Html;

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
"#;
const STYLE: &str = r"<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
a:focus-visible, button:focus-visible { outline: 3px solid #d97706; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { background: #15181d !important; color: #e7e9ec !important; }
  .card { background: #1e2229 !important; border-color: #363c46 !important; }
  .quiet { color: #a8b0bb !important; }
  .line { border-color: #363c46 !important; }
  .first { background: #7fb3ff !important; color: #0d1117 !important; border-color: #7fb3ff !important; }
  .other { background: #1e2229 !important; color: #a9ccff !important; border-color: #56779f !important; }
  .link { color: #a9ccff !important; }
  .track { background: #363c46 !important; }
  .bar { background: #7fb3ff !important; }
}
</style>
";
const BODY: &str = r#"</head>
<body style="margin:0;padding:0;background:#f3f4f6;color:#1b1f24;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;overflow-wrap:break-word;">
<div style="max-width:600px;margin:0 auto;padding:16px 12px;">
<main class="card" style="display:block;background:#ffffff;border:1px solid #dcdfe4;border-radius:10px;padding:20px;">
"#;

/// The look of the button that is meant …
const FIRST: &str = r#"class="first" style="display:block;padding:11px 14px;border:1px solid #1b5fc1;border-radius:8px;background:#1b5fc1;color:#ffffff;font-weight:600;text-decoration:none;""#;
/// … and of those beside it.
const OTHER: &str = r#"class="other" style="display:block;padding:11px 14px;border:1px solid #9db8dd;border-radius:8px;background:#ffffff;color:#174f9f;font-weight:600;text-decoration:none;""#;

/// Opens a document up to the place where its content begins.
pub fn open(html: &mut Html, title: &str) {
    html.raw(HEAD).raw("<title>").text(title).raw("</title>\n").raw(STYLE).raw(BODY);
}

/// Ends the content, adds the lines below it and closes the document.
pub fn close(html: &mut Html, foot: &[String]) {
    html.raw("</main>\n");
    for line in foot {
        html.raw("<p class=\"quiet\" style=\"margin:12px 8px 0;font-size:13px;color:#57606a;\">");
        html.text(line).raw("</p>\n");
    }
    html.raw("</div>\n</body></html>\n");
}

/// Writes the blocks of a body.
pub fn blocks(html: &mut Html, body: &Body) {
    for block in &body.blocks {
        match block {
            Block::Lead(text) => html.element("p", "margin:0 0 12px;font-size:18px;font-weight:600;", text),
            Block::Heading(text) => html.element("h2", "margin:24px 0 6px;font-size:17px;", text),
            Block::Para(text) => html.element("p", "margin:0 0 12px;", text),
            Block::Small(text) => html
                .raw("<p class=\"quiet\" style=\"margin:0 0 12px;font-size:14px;color:#57606a;\">")
                .text(text)
                .raw("</p>\n"),
            Block::List(items) => list(html, items),
            Block::Choices(choices) => offer(html, choices),
            Block::Links(links) => quiet_links(html, links),
            Block::Alternatives(links) => alternatives(html, links),
            Block::Table(table) => rows(html, table),
            Block::Bars(bars) => chart(html, bars),
        };
    }
}

fn list<'a>(html: &'a mut Html, items: &[String]) -> &'a mut Html {
    html.raw("<ul style=\"margin:0 0 12px;padding-left:22px;\">\n");
    for item in items {
        html.element("li", "margin:0 0 4px;", item);
    }
    html.raw("</ul>\n")
}

/// Buttons, the best filled; without addresses a numbered list.
fn offer<'a>(html: &'a mut Html, choices: &[Choice]) -> &'a mut Html {
    if choices.iter().all(|choice| choice.url.is_none()) {
        html.raw("<ol style=\"margin:0 0 12px;padding-left:22px;\">\n");
        for choice in choices {
            let hint = if choice.hint.is_empty() { String::new() } else { format!(" - {}", choice.hint) };
            html.element("li", "margin:0 0 4px;", &format!("{}{hint}", choice.label));
        }
        return html.raw("</ol>\n");
    }
    for (choice, n) in choices.iter().zip(0..) {
        let url = choice.url.as_deref().unwrap_or_default();
        button(html, if n == 0 { FIRST } else { OTHER }, &choice.label, &choice.hint, url);
    }
    html
}

fn alternatives<'a>(html: &'a mut Html, links: &[Link]) -> &'a mut Html {
    for link in links {
        button(html, OTHER, &link.label, "", &link.url);
    }
    html
}

fn button(html: &mut Html, look: &'static str, label: &str, hint: &str, url: &str) {
    html.raw("<p style=\"margin:0 0 8px;\"><a ").raw(look).attr("href", url).raw(">").text(label);
    if !hint.is_empty() {
        html.raw("<br><span style=\"font-weight:400;font-size:14px;\">").text(hint).raw("</span>");
    }
    html.raw("</a></p>\n");
}

fn quiet_links<'a>(html: &'a mut Html, links: &[Link]) -> &'a mut Html {
    html.raw("<p style=\"margin:4px 0 12px;\">\n");
    for link in links {
        html.raw("<a class=\"link\" style=\"display:inline-block;padding:6px 16px 6px 0;color:#174f9f;\"");
        html.attr("href", &link.url).raw(">").text(&link.label).raw("</a>\n");
    }
    html.raw("</p>\n")
}

fn rows<'a>(html: &'a mut Html, table: &Table) -> &'a mut Html {
    // Wide tables scroll by themselves, so that a phone need not.
    html.raw("<div style=\"overflow-x:auto;\"><table style=\"width:100%;border-collapse:collapse;margin:0 0 12px;font-size:14px;\">\n<tr>");
    for name in &table.head {
        html.raw("<th scope=\"col\" class=\"line\" style=\"text-align:left;vertical-align:bottom;padding:6px 8px 6px 0;border-bottom:2px solid #dcdfe4;\">");
        html.text(name).raw("</th>");
    }
    html.raw("</tr>\n");
    for row in &table.rows {
        html.raw("<tr>");
        for cell in row {
            html.raw("<td class=\"line\" style=\"vertical-align:top;padding:6px 8px 6px 0;border-bottom:1px solid #dcdfe4;\">");
            html.text(cell).raw("</td>");
        }
        html.raw("</tr>\n");
    }
    html.raw("</table></div>\n")
}

fn chart<'a>(html: &'a mut Html, bars: &[Bar]) -> &'a mut Html {
    html.raw("<table style=\"width:100%;border-collapse:collapse;margin:0 0 12px;font-size:14px;\">\n");
    for bar in bars {
        html.raw("<tr><td style=\"padding:3px 8px 3px 0;white-space:nowrap;\">").text(&bar.label);
        html.raw("</td><td style=\"width:55%;padding:3px 0;\"><div class=\"track\" style=\"background:#e3e6ea;border-radius:4px;\">");
        let share = bar.permille.unwrap_or(0).min(1000) / 10;
        let style = format!("height:12px;border-radius:4px;background:#1b5fc1;width:{share}%;");
        html.raw("<div class=\"bar\"").attr("style", &style).raw("></div></div></td>");
        html.raw("<td style=\"padding:3px 0 3px 8px;white-space:nowrap;\">")
            .text(&bar.value)
            .raw("</td></tr>\n");
    }
    html.raw("</table>\n")
}
