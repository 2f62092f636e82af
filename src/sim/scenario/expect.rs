//! What a scenario expects of the ledger, as the lines of `expected.jsonl`.

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::Wrong;
use super::people::{People, nobody};
use super::words::{Scope, Words, list};

/// Words that name the value of a field, by kind of fact: (kind, field, words).
const WORDS: [(&str, &str, &[&str]); 12] = [
    ("verdict", "verdict", &VERDICTS),
    ("verdict", "confidence", &["certain", "likely", "unsure"]),
    ("recovery", "state", &["open", "proposed", "booked", "closed"]),
    ("recovery", "reason", &["recovered", "rescheduled", "excused", "missed", "withdrawn", "rule_changed"]),
    ("session", "state", &["scheduled", "at_risk"]),
    ("session", "why", &["unanswered", "out_of_hours", "conflict"]),
    ("mail", "kind", &MAILS),
    (
        "escalated",
        "trigger",
        &["no_slot", "silence", "again", "two_cancellations", "skips", "plan", "target", "source"],
    ),
    ("answer", "action", &ANSWERS),
    ("series", "state", &["proposed", "no_time", "declined", "silent", "withdrawn", "booked", "released"]),
    ("source", "state", &["ok", "suspect", "failing"]),
    ("mode", "mode", &["observe", "propose", "auto"]),
];

const ANSWERS: [&str; 12] = [
    "accept",
    "pick",
    "decline",
    "none",
    "met",
    "away",
    "held",
    "not_held",
    "undo",
    "series",
    "not_now",
    "undo_series",
];

const VERDICTS: [&str; 10] = [
    "held",
    "rescheduled",
    "moved_out",
    "shortened",
    "not_one_on_one",
    "cancelled",
    "ended",
    "declined",
    "excused",
    "not_held",
];

const MAILS: [&str; 12] = [
    "proposal",
    "booked",
    "released",
    "escalation",
    "resolved",
    "health",
    "monday",
    "cadence",
    "series",
    "check_in",
    "welcome",
    "ops",
];

/// Facts that speak of a rep's week.
const OF_A_WEEK: [&str; 6] = ["due", "session", "verdict", "recovery", "escalated", "week"];

/// All other facts.
const OTHERS: [&str; 18] = [
    "proposed",
    "booked",
    "released",
    "no_slot",
    "mail",
    "mail_dropped",
    "overlap",
    "subscription",
    "answer",
    "started",
    "reload",
    "mode",
    "paused",
    "accepted_source",
    "excused",
    "muted",
    "series",
    "source",
];

/// What a week's sessions add up to.
const SUMS: [&str; 5] = ["held", "rescheduled", "recovered", "excused", "missed"];

/// One `expect` line → the lines it stands for.
pub(super) fn lines(text: &str, people: &People, scope: &Scope) -> Result<Vec<Value>, Wrong> {
    let reader = Reader { people, scope };
    let mut words = Words::new(text)?;
    if words.has("quiet") {
        words.end()?;
        return Ok(quiet());
    }
    if words.has("only") {
        return reader.only(&mut words);
    }
    if let Some(rep) = words.maybe(|word| people.address(word)) {
        return reader.about(&rep, &mut words);
    }
    if words.has("no") {
        let want = reader.fact(&mut words, Weeks::AsSaid)?;
        return Ok(vec![json!({"absent": want})]);
    }
    if let Some(count) = words.maybe(|word| word.parse::<u64>().ok()) {
        let weeks = if count == 0 { Weeks::AsSaid } else { Weeks::This };
        let want = reader.fact(&mut words, weeks)?;
        return Ok(vec![json!({"count": count, "of": want})]);
    }
    reader.several(text)
}

/// Nothing was done, and nobody is written to but in reports.
fn quiet() -> Vec<Value> {
    let none = |kind: &str| json!({"count": 0, "of": {"fact": kind}});
    let mails =
        MAILS.into_iter().filter(|kind| !matches!(*kind, "health" | "monday" | "check_in" | "welcome"));
    let mails = mails.map(|kind| json!({"absent": {"fact": "mail", "kind": kind}}));
    ["booked", "proposed", "escalated", "released", "no_slot", "recovery"]
        .into_iter()
        .map(none)
        .chain(mails)
        .collect()
}

/// Whether this week is meant where none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weeks {
    This,
    AsSaid,
}

struct Reader<'a> {
    people: &'a People,
    scope: &'a Scope,
}

impl Reader<'_> {
    /// `only ana cancelled`: no other verdict, `held` aside.
    fn only(&self, words: &mut Words) -> Result<Vec<Value>, Wrong> {
        let rep = self.people.take(words)?;
        let mut kept = vec!["held"];
        while !words.is_empty() {
            kept.push(words.must("a verdict", |word| VERDICTS.into_iter().find(|verdict| *verdict == word))?);
        }
        let others = VERDICTS.iter().filter(|verdict| !kept.contains(*verdict));
        Ok(others
            .map(|verdict| json!({"absent": {"fact": "verdict", "rep": rep, "verdict": verdict}}))
            .collect())
    }

    /// `ana held 1`, `ana week due 1 held 1`, `ana due 1`.
    fn about(&self, rep: &str, words: &mut Words) -> Result<Vec<Value>, Wrong> {
        if let Some(kind) = words.maybe(|word| OF_A_WEEK.into_iter().find(|kind| *kind == word)) {
            let fact = Map::from_iter([("fact".to_owned(), json!(kind)), ("rep".to_owned(), json!(rep))]);
            return Ok(vec![Value::Object(self.details(kind, fact, words, Weeks::This)?)]);
        }
        let verdict = words.must("a verdict, `week` or `due`", |word| {
            VERDICTS.into_iter().find(|verdict| *verdict == word)
        })?;
        let count: u64 = words.must("how often", |word| word.parse().ok())?;
        words.end()?;
        let week = self.scope.week.to_string();
        Ok(vec![
            json!({"count": count, "of": {"fact": "verdict", "rep": rep, "week": week, "verdict": verdict}}),
        ])
    }

    /// `recovery ana open, booked, closed recovered`: facts of one kind about the same.
    fn several(&self, text: &str) -> Result<Vec<Value>, Wrong> {
        let mut facts: Vec<Value> = Vec::new();
        for part in list(text) {
            let mut words = Words::new(&part)?;
            let fact = match facts.first().and_then(Value::as_object) {
                None => self.fact(&mut words, Weeks::This)?,
                Some(first) => {
                    let same = first
                        .iter()
                        .filter(|(key, _)| ["fact", "rep", "manager", "week"].contains(&key.as_str()));
                    let same: Map<String, Value> =
                        same.map(|(key, value)| (key.clone(), value.clone())).collect();
                    let kind = same["fact"].as_str().unwrap_or_default().to_owned();
                    self.details(&kind, same, &mut words, Weeks::AsSaid)?
                }
            };
            facts.push(Value::Object(fact));
        }
        Ok(facts)
    }

    fn fact(&self, words: &mut Words, weeks: Weeks) -> Result<Map<String, Value>, Wrong> {
        let kind = words.must("a kind of fact (verdict, recovery, week, mail, …)", |word| {
            OF_A_WEEK.into_iter().chain(OTHERS).find(|kind| *kind == word)
        })?;
        let fact = Map::from_iter([("fact".to_owned(), json!(kind))]);
        self.details(kind, fact, words, weeks)
    }

    fn details(
        &self,
        kind: &str,
        mut fact: Map<String, Value>,
        words: &mut Words,
        weeks: Weeks,
    ) -> Result<Map<String, Value>, Wrong> {
        while !words.is_empty() {
            let (key, value) = self.detail(kind, words)?;
            fact.insert(key, value);
        }
        let wants_week = OF_A_WEEK.contains(&kind) && fact.contains_key("rep") && !fact.contains_key("week");
        // A series that ended is no matter of one week.
        if weeks == Weeks::This && wants_week && fact.get("verdict") != Some(&json!("ended")) {
            fact.insert("week".to_owned(), json!(self.scope.week.to_string()));
        }
        if kind == "week" && fact.contains_key("due") {
            for sum in SUMS {
                fact.entry(sum).or_insert(json!(0));
            }
        }
        Ok(fact)
    }

    fn detail(&self, kind: &str, words: &mut Words) -> Result<(String, Value), Wrong> {
        let field = |key: &str, value: Value| Ok((key.to_owned(), value));
        let spoken = |word: &str| {
            let fits = |(of, _, words): &&(&str, &str, &[&str])| *of == kind && words.contains(&word);
            WORDS.iter().find(fits).map(|(_, field, _)| ((*field).to_owned(), json!(word)))
        };
        if let Some(found) = words.maybe(spoken) {
            return Ok(found);
        }
        if let Some(sessions) = words.maybe(|word| word.parse::<u64>().ok().filter(|_| kind == "due")) {
            return field("sessions", json!(sessions));
        }
        if let Some(address) = words.maybe(|word| self.people.address(word)) {
            let key = match kind {
                "mail" | "mail_dropped" | "proposed" => "to",
                "source" => "calendar",
                "answer" => "who",
                _ => "rep",
            };
            return field(key, json!(address));
        }
        if let Some((key, value)) =
            words.maybe(|word| word.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())))
        {
            let address = self.people.address(&value).map(Value::String);
            let value =
                address.unwrap_or_else(|| serde_json::from_str(&value).unwrap_or(Value::String(value)));
            return Ok((key, value));
        }
        let key = words.take("a field")?;
        let value = match (kind, key.as_str()) {
            ("verdict", "late") => json!(true),
            ("verdict", "in_time") => return field("late", json!(false)),
            ("verdict" | "booked" | "session" | "series", "from" | "to" | "start" | "end") => {
                let at = self.scope.zone.instant(words.wall(self.scope)?);
                json!(at.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            (_, "by" | "to" | "who" | "rep" | "manager") => self.person(words)?,
            (_, "week") => {
                json!(words.must("a week", |word| word.parse::<crate::model::time::Week>().ok())?.to_string())
            }
            (_, "rule" | "via" | "why" | "reason" | "state") => json!(words.take("a word")?),
            _ => json!(words.must(&format!("a number for `{key}`"), |word| word.parse::<u64>().ok())?),
        };
        Ok((key, value))
    }

    fn person(&self, words: &mut Words) -> Result<Value, Wrong> {
        if words.has("nobody") {
            return Ok(Value::Null);
        }
        if words.has("ops") {
            return Ok(json!(format!("ops@{}", self.people.domain)));
        }
        let name = words.take("somebody")?;
        self.people.address(&name).map(Value::String).ok_or_else(|| nobody(&name))
    }
}
