//! What a recording expects of the ledger, held against the facts that were written.

use serde_json::{Map, Value};

/// The expected lines that do not hold, each as it stands in the recording.
///
/// A line holds if some fact has all of its fields; `{"absent": {…}}` if none has; `{"count": N, "of": {…}}` if
/// exactly N have.
pub fn check(expected: &[Value], facts: &[Value]) -> Vec<String> {
    expected.iter().filter(|line| !holds(line, facts)).map(Value::to_string).collect()
}

fn holds(line: &Value, facts: &[Value]) -> bool {
    let Some(line) = line.as_object() else { return false };
    let having = |want: &Value| facts.iter().filter(|fact| has(fact, want)).count();
    match (line.get("absent"), line.get("count"), line.get("of")) {
        (Some(want), None, None) if line.len() == 1 => having(want) == 0,
        (None, Some(count), Some(want)) if line.len() == 2 => count.as_u64() == Some(having(want) as u64),
        _ => facts.iter().any(|fact| has_all(fact, line)),
    }
}

fn has(fact: &Value, want: &Value) -> bool {
    want.as_object().is_some_and(|want| has_all(fact, want))
}

fn has_all(fact: &Value, want: &Map<String, Value>) -> bool {
    want.iter().all(|(key, value)| fact.get(key).is_some_and(|found| same(found, value)))
}

/// Equality of values: `1` is `1.0`, but never `true`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_hold_as_the_contract_says() {
        let facts = [
            json!({"at": "x", "fact": "verdict", "late": true, "moves": 1, "by": null}),
            json!({"at": "y", "fact": "verdict", "late": false, "moves": 1, "by": "bo"}),
            json!({"at": "z", "fact": "proposed", "options": ["a", "b"]}),
        ];
        let check = |line: Value, holds: bool| {
            assert_eq!(check(std::slice::from_ref(&line), &facts).is_empty(), holds, "{line}");
        };
        check(json!({"fact": "verdict"}), true);
        check(json!({"fact": "verdict", "late": true, "by": "bo"}), false);
        check(json!({"late": 1}), false);
        check(json!({"moves": true}), false);
        check(json!({"moves": 1.0}), true);
        check(json!({"by": null, "moves": 1}), true);
        check(json!({"reason": null}), false);
        check(json!({"options": ["a", "b"]}), true);
        check(json!({"options": ["a"]}), false);
        check(json!({"absent": {"fact": "booked"}}), true);
        check(json!({"absent": {"fact": "verdict"}}), false);
        check(json!({"count": 2, "of": {"fact": "verdict"}}), true);
        check(json!({"count": 1, "of": {"fact": "verdict"}}), false);
        check(json!({"count": 0, "of": {"fact": "booked"}}), true);
        check(json!({"absent": {"fact": "booked"}, "fact": "verdict"}), false);
        check(json!({}), true);
        check(json!("verdict"), false);
    }
}
