//! A survey as JSON, for other programs.

use serde_json::{Value, json};

use super::words;
use super::{Came, Gate, Source, Survey};
use crate::model::survey::{Became, Every, Mend, RepLine, Rhythm, Series};
use crate::tell::names;

impl Survey<'_> {
    /// All of it. Instants are UTC, days and times of a series its own.
    pub fn json(&self) -> Value {
        json!({
            "from": self.past.start,
            "until": self.past.end,
            "sources": self.sources.iter().map(|source| self.source(source)).collect::<Vec<_>>(),
            "series": self.series.iter().map(|series| self.one(series)).collect::<Vec<_>>(),
            "reps": self.reps.as_ref().map(|(reps, _)| reps.iter().map(|line| self.rep(line)).collect::<Vec<_>>()),
            "gate": self.reps.as_ref().map(|(_, gate)| self::gate(gate)),
        })
    }

    fn source(&self, source: &Source) -> Value {
        let owner = source.owner.map(|id| names::address(self.people, id));
        match &source.came {
            Came::Read { events, private, lists_attendees, .. } => json!({
                "source": source.label, "owner": owner, "events": events, "private_series": private,
                "lists_attendees": lists_attendees, "notes": words::notes(self.people, source),
            }),
            Came::Failed { code, why } => {
                json!({ "source": source.label, "owner": owner, "error": why, "code": code })
            }
        }
    }

    fn one(&self, series: &Series) -> Value {
        let people: Vec<String> = series.people.iter().map(|id| names::address(self.people, *id)).collect();
        let past: Vec<Value> = series
            .past
            .iter()
            .map(|(planned, start, became)| json!({ "planned": planned, "start": start, "became": self::became(*became) }))
            .collect();
        json!({
            "people": people, "title": series.title, "says_so": series.says_so, "zone": &*series.zone.name,
            "rhythm": rhythm(&series.rhythm), "next": series.next, "past": past,
        })
    }

    fn rep(&self, line: &RepLine) -> Value {
        let mend = line.mend.as_ref().map(|mend| match mend {
            Mend::Match { of, pattern } => {
                json!({ "row": names::address(self.people, *of), "match": pattern })
            }
            Mend::Alias { of, address } => {
                json!({ "row": names::address(self.people, *of), "alias": address })
            }
        });
        let before = &line.before;
        json!({
            "rep": names::address(self.people, line.rep), "manager": names::address(self.people, line.manager),
            "recognised": line.known.is_some(), "how": words::recognised(self.people, line, &|at| at.to_string()),
            "next": line.next, "mend": mend,
            "baseline": { "reconstructed": true, "due": before.due, "scheduled": before.scheduled, "held": before.held },
        })
    }
}

fn became(became: Became) -> &'static str {
    match became {
        Became::Stood => "stood",
        Became::Moved => "moved",
        Became::Cancelled => "cancelled",
        Became::Declined => "declined",
    }
}

fn rhythm(rhythm: &Rhythm) -> Value {
    let every = match rhythm.every {
        Every::Weeks(n) => json!({ "weeks": n }),
        Every::Month => json!("month"),
        Every::Single => json!("single"),
        Every::Once => json!("once"),
    };
    let slots: Vec<String> =
        rhythm.slots.iter().map(|(day, at)| format!("{day} {}", at.format("%H:%M"))).collect();
    json!({ "every": every, "slots": slots })
}

fn gate(gate: &Gate) -> Value {
    json!({ "owed": gate.owed, "recognised": gate.recognised, "unread": gate.unread, "open": gate.is_open })
}
