//! The report's chart: drawn as SVG, and as PNG for mails, which show no SVG.

use std::sync::Arc;

use askama::Template;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::body::Bar;
use super::layout::written;

/// The letters of charts; see `fonts/LICENSE`.
const FONT: &[u8] = include_bytes!("fonts/chart.ttf");
/// Pixels of a mail's picture for one of the drawing: sharp on a phone.
const SCALE: f32 = 2.0;
/// Where the columns stand: full height, and top.
const PLOT: (u32, u32) = (140, 52);
/// A column this tall holds its own counts.
const VALUE_HIGH: u32 = 24;
/// Left end of the columns, and width of all of them.
const ACROSS: (u32, u32) = (52, 484);
/// Minutes at the right end of the bar for coaching.
const COACHING_FULL: u32 = 240;
/// Width of that bar.
const COACHING_WIDE: u32 = 528;

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// In a sentence, for whoever does not see it.
    pub alt: String,
    /// The weeks, oldest first.
    pub points: Vec<Bar>,
    /// The target, in thousandths.
    pub target_permille: u32,
    /// Coaching minutes of a rep in a month; `None`: not known yet.
    pub coaching: Option<u32>,
}

#[derive(Template)]
#[template(path = "chart.svg")]
struct Svg<'a> {
    alt: &'a str,
    title: String,
    height: u32,
    lines: Vec<Line>,
    columns: Vec<Column>,
    coaching: Option<Coaching>,
}

struct Line {
    y: u32,
    label: String,
    colour: &'static str,
    is_dashed: bool,
}

struct Column {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    middle: u32,
    value: String,
    value_at: u32,
    value_colour: &'static str,
    label: String,
    colour: &'static str,
}

struct Coaching {
    title: String,
    width: u32,
    marks: Vec<Mark>,
}

struct Mark {
    x: u32,
    label: &'static str,
}

/// The chart as SVG.
pub fn svg(series: &Series) -> String {
    let (full, top) = PLOT;
    let level = |permille: u32| top + full - permille.min(1000) * full / 1000;
    let line = |permille: u32, colour, is_dashed| Line {
        y: level(permille),
        label: format!("{} %", permille / 10),
        colour,
        is_dashed,
    };
    let each = ACROSS.1 / (series.points.len() as u32).max(1);
    let column = |(n, point): (u32, &Bar)| {
        let height = point.permille.unwrap_or(0).min(1000) * full / 1000;
        let width = (each * 3 / 5).clamp(4, 64);
        let middle = ACROSS.0 + n * each + each / 2;
        Column {
            x: middle - width / 2,
            y: top + full - height,
            width,
            height,
            middle,
            // A week that owed nothing is an empty place.
            value: point.permille.map(|_| point.value.clone()).unwrap_or_default(),
            // Within the column where it is tall enough, so that no line runs through it.
            value_at: if height >= VALUE_HIGH { top + full - height + 16 } else { top + full - height - 6 },
            value_colour: if height >= VALUE_HIGH { "#ffffff" } else { "#1b1f24" },
            label: point.label.clone(),
            // Two tones beside the words: below target is darker and warmer, and the counts say it too.
            colour: if point.permille.is_some_and(|permille| permille < series.target_permille) {
                "#b45309"
            } else {
                "#1b5fc1"
            },
        }
    };
    let coaching = series.coaching.map(|minutes| Coaching {
        title: format!("Coaching: {minutes} minutes a rep and month"),
        width: (minutes.min(COACHING_FULL) * COACHING_WIDE / COACHING_FULL).max(2),
        marks: [(120, "2 h"), (180, "3 h")]
            .map(|(at, label)| Mark { x: 16 + at * COACHING_WIDE / COACHING_FULL, label })
            .into(),
    });
    written(&Svg {
        alt: &series.alt,
        title: "1-on-1s that took place, of those owed".to_owned(),
        height: if coaching.is_some() { 300 } else { 228 },
        lines: vec![line(0, "#aab2bd", false), line(series.target_permille, "#4b535c", true)],
        columns: (0..).zip(&series.points).map(column).collect(),
        coaching,
    })
}

/// The chart as PNG on a background of its own, which dark mode leaves alone. Empty where it cannot be drawn, which
/// a drawing of ours always can.
pub fn png(svg: &str) -> Vec<u8> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    let options =
        Options { font_family: "Drumbeat Sans".to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    let Ok(tree) = Tree::from_str(svg, &options) else { return Vec::new() };
    let size = tree.size();
    let Some(mut pixels) = Pixmap::new((size.width() * SCALE) as u32, (size.height() * SCALE) as u32) else {
        return Vec::new();
    };
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_numbers_give_the_same_picture() {
        let point = |permille: u32| Bar {
            label: "16-22 Nov".into(),
            permille: Some(permille),
            value: format!("{} of 10", permille / 100),
        };
        let series = Series {
            alt: "Six weeks <of> \"1-on-1s\"".into(),
            points: vec![point(500), point(1000)],
            target_permille: 950,
            coaching: Some(96),
        };
        let drawn = svg(&series);
        assert!(drawn.contains("Six weeks &lt;of&gt; &quot;1-on-1s&quot;"), "{drawn}");
        let (one, other) = (png(&drawn), png(&drawn));
        assert_eq!(one, other);
        assert!(one.starts_with(b"\x89PNG") && one.len() < 40_000, "{} bytes", one.len());
    }
}
