//! Facts as RECORDING.md prints them: people by address, every field there, null where there is nothing to say.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use super::evidence_words;
use crate::model::fact::{Fact, RecoveryId, SessionKey};
use crate::model::people::{CalendarId, PersonId};
use crate::model::zone::Moment;
use crate::tell::mails::fill_names;
use crate::tell::names::{self, People};
use crate::tell::no_slot;

/// One line of the printed ledger; `None` of what only carries state. Evidence is told in the rep's zone.
pub fn fact_json(at: Moment, fact: &Fact, people: &dyn People) -> Option<Value> {
    if matches!(fact, Fact::Put { .. }) {
        return None;
    }
    let Ok(Value::Object(mut fields)) = serde_json::to_value(fact) else { return None };
    match fact {
        Fact::Verdict { rep, evidence, .. } => {
            let words = evidence_words(evidence, people, &names::zone(people, *rep));
            fields.insert("evidence".to_owned(), words.into());
        }
        Fact::Mail { subject, .. } => {
            fields.insert("subject".to_owned(), fill_names(subject, people).into());
        }
        Fact::OpsNews { .. } => {
            if let Some(Value::Object(news)) = fields.remove("news") {
                fields.extend(news);
            }
        }
        Fact::NoSlot { recovery, manager: Some(manager), more: Some(more), .. } => {
            let pair = (*manager, recovery.rep);
            let zone = names::zone(people, recovery.rep);
            let line = no_slot::Teller { people, reader: None, zone: &zone, pair }.line(more);
            fields.insert("more".to_owned(), line.into());
        }
        _ => {}
    }
    for (name, value) in &mut fields {
        if let Some(printed) = printed(name, value, people) {
            *value = printed;
        }
    }
    fields.insert("at".to_owned(), instant(at).into());
    Some(Value::Object(fields))
}

/// A value that is not printed as it is stored. Shape decides as well as the name: a verdict's `to` is an
/// instant, a mail's `to` is a person.
fn printed(name: &str, value: &Value, people: &dyn People) -> Option<Value> {
    match (name, value) {
        ("rep" | "manager" | "to" | "by" | "who", Value::Number(number)) => {
            let id = PersonId(u32::try_from(number.as_u64()?).ok()?);
            Some(names::address(people, id).into())
        }
        ("to", Value::Array(all)) => all.iter().map(|one| printed(name, one, people)).collect(),
        ("from" | "to" | "start" | "end" | "deadline" | "since" | "until", Value::String(text)) => {
            stored_instant(text)
        }
        ("options", Value::Array(starts)) => {
            starts.iter().map(|start| stored_instant(start.as_str()?)).collect()
        }
        ("recovery", Value::Object(_)) => {
            let id: RecoveryId = serde_json::from_value(value.clone()).ok()?;
            Some(id.to_string().into())
        }
        ("session", Value::Object(_)) => {
            let key: SessionKey = serde_json::from_value(value.clone()).ok()?;
            Some(key.to_string().into())
        }
        ("calendar", Value::Object(_)) => {
            let calendar: CalendarId = serde_json::from_value(value.clone()).ok()?;
            Some(names::calendar(people, calendar).into())
        }
        _ => None,
    }
}

/// `2026-11-17T10:35:00Z`, in whole seconds.
fn instant(at: Moment) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn stored_instant(text: &str) -> Option<Value> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| instant(at.to_utc()).into())
}
