//! How two configurations differ: by key, never by value, since some values are secrets.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// The keys that say something else, or are in one of the two alone, in order. A text that is no TOML has none.
pub fn changed(old: &str, new: &str) -> Vec<String> {
    let flat = |text: &str| {
        let mut keys = BTreeMap::new();
        flatten("", &text.parse::<Table>().unwrap_or_default(), &mut keys);
        keys
    };
    let (old, new) = (flat(old), flat(new));
    let mut keys: Vec<String> =
        old.keys().chain(new.keys()).filter(|key| old.get(*key) != new.get(*key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

fn flatten(before: &str, table: &Table, keys: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let key = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, keys),
            other => {
                keys.insert(key, other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_are_named() {
        let check = |old: &str, new: &str, wanted: &[&str]| assert_eq!(changed(old, new), wanted, "{new}");
        check("mode = 'auto'", "mode = \"auto\" # the same", &[]);
        check("mode = 'auto'", "mode = 'observe'", &["mode"]);
        check("[policy]\nnotice = '4h'", "pilot = []", &["pilot", "policy.notice"]);
        check("[[cadence]]\nname = 'a'", "[[cadence]]\nname = 'b'", &["cadence"]);
        check("no toml", "mode = 'auto'", &["mode"]);
    }
}
