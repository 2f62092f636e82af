//! The ledger in words and as JSON.

use std::collections::BTreeMap;

use drumbeat::model::fact::{
    Action, CloseReason, Confidence, Evidence, Fact, Outcome, RecoveryState, ReleaseWhy, Risk, SessionKey,
    SessionState, Side, SourceState, Trigger, WeekCounts,
};
use drumbeat::model::letter::OpsNews;
use drumbeat::model::mail::MailKind;
use drumbeat::model::people::{BookVia, CalendarId, PersonId};
use drumbeat::model::policy::{Excuse, Mode};
use drumbeat::model::state::Put;
use drumbeat::model::zone::Zones;
use drumbeat::tell::explain;
use serde_json::json;

use super::{ANA, BO, CY, WEEK, at, people, recovery_id};

fn session() -> SessionKey {
    SessionKey { lineage: "abc@example.com".into(), rid: Some(at("2026-11-19T14:00:00Z")) }
}

fn verdict(verdict: Outcome, by: Option<PersonId>, evidence: Vec<Evidence>) -> Fact {
    Fact::Verdict {
        rep: ANA,
        manager: BO,
        week: WEEK,
        session: session(),
        verdict,
        by,
        confidence: Confidence::Certain,
        evidence,
        late: verdict == Outcome::Cancelled,
        from: (verdict == Outcome::Rescheduled).then(|| at("2026-11-19T14:00:00Z")),
        to: (verdict == Outcome::Rescheduled).then(|| at("2026-11-20T09:00:00Z")),
        moves: u32::from(verdict == Outcome::Rescheduled),
    }
}

fn recovery(state: RecoveryState, attempt: u32, reason: Option<CloseReason>) -> Fact {
    Fact::Recovery { recovery: recovery_id(ANA), rep: ANA, manager: BO, week: WEEK, attempt, state, reason }
}

/// What is told of Drumbeat itself.
fn machinery() -> Vec<Fact> {
    vec![
        Fact::Source {
            calendar: CalendarId { owner: ANA, nth: 2 },
            state: SourceState::Suspect,
            why: Some("empty".into()),
        },
        Fact::OpsNews {
            news: OpsNews::Refused { to: PersonId(55), kind: MailKind::Welcome, code: "550".into() },
        },
        Fact::OpsNews {
            news: OpsNews::Source {
                calendar: CalendarId::first(ANA),
                state: SourceState::Failing,
                why: None,
                since: at("2026-11-17T08:00:00Z"),
            },
        },
        Fact::Reload { taken: false },
        Fact::Mode { mode: Mode::Auto },
    ]
}

/// One of every kind that is printed.
fn facts() -> Vec<Fact> {
    let counts =
        WeekCounts { due: 2, scheduled: 2, held: 1, rescheduled: 0, recovered: 0, excused: 0, missed: 1 };
    let session_fact = |state, why| Fact::Session {
        rep: ANA,
        manager: BO,
        week: WEEK,
        session: session(),
        start: at("2026-11-19T14:00:00Z"),
        end: at("2026-11-19T14:30:00Z"),
        state,
        why,
    };
    let id = || "booked.0abc@example.com".to_owned();
    let mut facts = vec![
        Fact::Started { mode: Mode::Propose },
        Fact::Due { rep: ANA, week: WEEK, sessions: 2, rule: "ramping".into() },
        session_fact(SessionState::Scheduled, None),
        session_fact(SessionState::AtRisk, Some(Risk::Conflict)),
        verdict(Outcome::Declined, Some(ANA), vec![Evidence::Declined { who: ANA }]),
        verdict(Outcome::Cancelled, Some(BO), vec![Evidence::MarkedCancelled { side: Side::Manager }]),
        verdict(Outcome::Rescheduled, None, Vec::new()),
        verdict(Outcome::Held, None, vec![Evidence::StoodAtEnd]),
        recovery(RecoveryState::Open, 1, None),
        Fact::Proposed {
            recovery: recovery_id(ANA),
            to: BO,
            options: vec![at("2026-11-20T08:30:00Z"), at("2026-11-20T13:00:00Z")],
            deadline: Some(at("2026-11-18T09:30:00.25Z")),
        },
        Fact::Answer { who: BO, action: Action::Pick, recovery: Some(recovery_id(ANA)), option: Some(2) },
        Fact::Booked {
            recovery: recovery_id(ANA),
            start: at("2026-11-20T13:00:00Z"),
            end: at("2026-11-20T13:30:00Z"),
            via: BookVia::Mail,
            event: "0abc".into(),
        },
        Fact::Mail {
            kind: MailKind::Booked,
            to: BO,
            subject: "Booked: 1-on-1 with {7}, {3@1795179600}".into(),
            message_id: id(),
        },
        Fact::MailRefused { kind: MailKind::Booked, to: BO, message_id: id(), code: "550".into() },
        Fact::MailDropped { kind: MailKind::Booked, to: BO, message_id: id(), why: "expired".into() },
        Fact::Released { recovery: recovery_id(ANA), event: "0abc".into(), why: ReleaseWhy::Declined },
        recovery(RecoveryState::Open, 2, None),
        Fact::NoSlot {
            recovery: recovery_id(ANA),
            why: BTreeMap::from([("busy_manager".into(), 41), ("notice".into(), 60)]),
            manager: Some(BO),
            more: Some(Box::new(super::letters::no_slot())),
        },
        Fact::Escalated { rep: ANA, manager: BO, week: WEEK, trigger: Trigger::NoSlot, step: 1, to: CY },
        recovery(RecoveryState::Closed, 2, Some(CloseReason::Missed)),
        Fact::Week { rep: ANA, manager: BO, week: WEEK, counts },
    ];
    facts.extend(machinery());
    facts
}

#[test]
fn a_week_reads_as_a_timeline() {
    let zone = Zones::bundled().get("Europe/Berlin").expect("a known zone");
    let lines: Vec<String> = facts()
        .iter()
        .filter_map(|fact| explain::line(at("2026-11-17T09:12:00Z"), fact, &people, &zone))
        .collect();
    insta::assert_snapshot!("timeline", lines.join("\n"));
}

#[test]
fn facts_are_printed_as_the_recordings_say() {
    let lines: Vec<String> = facts()
        .iter()
        .filter_map(|fact| explain::fact_json(at("2026-11-17T10:35:00.7Z"), fact, &people))
        .map(|value| value.to_string())
        .collect();
    insta::assert_snapshot!("facts", lines.join("\n"));
}

#[test]
fn a_verdict_has_all_its_fields() {
    let fact = verdict(Outcome::Rescheduled, None, vec![Evidence::StoodAtEnd]);
    let printed = explain::fact_json(at("2026-11-17T10:35:00.7Z"), &fact, &people).expect("is printed");
    let want = json!({
        "at": "2026-11-17T10:35:00Z", "fact": "verdict",
        "rep": "ana.alves@example.com", "manager": "bo.berg@example.com", "week": "2026-W47",
        "session": "abc@example.com/20261119T140000Z", "verdict": "rescheduled", "by": null,
        "confidence": "certain", "evidence": "it stood in the calendar when its end passed", "late": false,
        "from": "2026-11-19T14:00:00Z", "to": "2026-11-20T09:00:00Z", "moves": 1,
    });
    assert_eq!(printed, want);
}

#[test]
fn state_is_not_printed() {
    let fact = Fact::Put { put: Box::new(Put::Welcomed { who: ANA }) };
    let zone = Zones::bundled().get("UTC").expect("a known zone");
    assert_eq!(explain::fact_json(at("2026-11-17T10:35:00Z"), &fact, &people), None);
    assert_eq!(explain::line(at("2026-11-17T10:35:00Z"), &fact, &people, &zone), None);
}

#[test]
fn evidence_reads_as_a_sentence() {
    let zone = Zones::bundled().get("Europe/Berlin").expect("a known zone");
    let since = at("2026-11-17T09:12:00Z");
    let all = [
        Evidence::StoodAtEnd,
        Evidence::GoneAfterStart,
        Evidence::MarkedCancelled { side: Side::Rep },
        Evidence::GoneFromBoth { since },
        Evidence::GoneFromOne { side: Side::Manager, since },
        Evidence::Declined { who: ANA },
        Evidence::NotInvited { who: BO },
        Evidence::Moved { from: since, to: at("2026-11-20T09:00:00Z") },
        Evidence::ReplacedBy { start: since },
        Evidence::SeriesEnded,
        Evidence::Shorter { minutes: 15, least: 20 },
        Evidence::Guests { colleagues: 2, outside: 1 },
        Evidence::NotWatched { since },
        Evidence::Answered { who: ANA },
        Evidence::Away { who: ANA, excuse: Excuse::Absence },
        Evidence::ByTitle,
    ];
    insta::assert_snapshot!("evidence", explain::evidence_words(&all, &people, &zone).replace("; ", "\n"));
}
