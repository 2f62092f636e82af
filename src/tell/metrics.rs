//! Numbers for Prometheus, in its text format: counts alone, no name, no address, nothing of a plan.
//!
//! Names and units follow <https://prometheus.io/docs/practices/naming/>: base units, `_total` for what only grows.

use std::fmt::Write;

/// What a family of numbers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only grows, from 0 at each start.
    Counter,
}

/// Numbers of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name, without the `drumbeat_` before it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// The numbers, each with its labels.
    pub values: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Family {
    /// A single number.
    pub fn one(name: &'static str, kind: Kind, help: &'static str, value: f64) -> Self {
        Self { name, kind, help, values: vec![(Vec::new(), value)] }
    }

    /// Numbers by one label.
    pub fn by(
        name: &'static str,
        kind: Kind,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (String, f64)>,
    ) -> Self {
        let values = values.into_iter().map(|(of, value)| (vec![(label, of)], value)).collect();
        Self { name, kind, help, values }
    }
}

/// All families as text (version 0.0.4 of the format).
pub fn text(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        let kind = match family.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let name = family.name;
        let _ = writeln!(out, "# HELP drumbeat_{name} {}\n# TYPE drumbeat_{name} {kind}", family.help);
        for (labels, value) in &family.values {
            let labels: Vec<String> =
                labels.iter().map(|(label, of)| format!("{label}=\"{}\"", escaped(of))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(out, "drumbeat_{name}{labels} {value}");
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_prometheus() {
        let families = [
            Family::one("ready", Kind::Gauge, "1 once it is.", 1.0),
            Family::by("mails_total", Kind::Counter, "Mails.", "kind", [("a\"b".to_owned(), 2.5)]),
        ];
        let want = "# HELP drumbeat_ready 1 once it is.\n# TYPE drumbeat_ready gauge\ndrumbeat_ready 1\n\
                    # HELP drumbeat_mails_total Mails.\n# TYPE drumbeat_mails_total counter\n\
                    drumbeat_mails_total{kind=\"a\\\"b\"} 2.5\n";
        assert_eq!(text(&families), want);
    }
}
