//! Every letter in its variants: what the pictures are taken of.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drumbeat::model::fact::{
    CloseReason, Confidence, Outcome, ReleaseWhy, SessionKey, SourceState, Trigger, WeekCounts,
};
use drumbeat::model::letter::{
    BookedHow, Change, CheckInItem, Displaced, Fallen, Known, Letter, NoSlotWhy, Offer, OpsNews, Owed,
    ProposalItem, Rhythm, Rival, Short,
};
use drumbeat::model::mail::MailKind;
use drumbeat::model::people::{BookVia, CalendarId, PersonId};
use drumbeat::model::policy::{Mode, OnSilence};
use drumbeat::model::report::{AtRisk, Baseline, Health, HealthLine, Mover};
use drumbeat::model::series::{SeriesEvent, SeriesId, SeriesItem, SeriesTime};
use drumbeat::model::time::Span;

use super::{ANA, BO, CY, DI, OPS, WEEK, at, half_hour, offer, recovery_id};

pub fn fallen(verdict: Outcome, by: Option<PersonId>, confidence: Confidence) -> Fallen {
    Fallen { start: Some(at("2026-11-18T14:00:00Z")), verdict: Some(verdict), by, confidence }
}

fn item(rep: PersonId, fallen: Fallen, offers: Vec<Offer>) -> ProposalItem {
    let free = offers.iter().position(|offer| offer.displaces.is_none());
    ProposalItem {
        silence: free.map(|n| n as u32 + 1),
        recovery: recovery_id(rep),
        manager: Some(BO),
        attempt: 1,
        round: 1,
        fallen,
        offers,
        deadline: at("2026-11-18T09:30:00Z"),
    }
}

fn three_offers() -> Vec<Offer> {
    vec![
        offer("2026-11-19T14:00:00Z", None),
        offer("2026-11-20T08:30:00Z", None),
        offer("2026-11-20T13:00:00Z", Some(Displaced::Focus)),
    ]
}

fn proposal(items: Vec<ProposalItem>, on_silence: OnSilence) -> Letter {
    Letter::Proposal { items, on_silence }
}

pub fn booked(how: BookedHow, fallen: Fallen) -> Letter {
    Letter::Booked {
        recovery: recovery_id(ANA),
        attempt: 1,
        manager: BO,
        rep: ANA,
        span: half_hour("2026-11-19T14:00:00Z"),
        fallen,
        how,
        uid: "0abc@example.com".into(),
        via: BookVia::Mail,
        undo_until: Some(at("2026-11-18T18:00:00Z")),
    }
}

/// The same of a booking that stands in Google's calendar.
fn in_calendar(mut letter: Letter) -> Letter {
    if let Letter::Booked { via, .. } | Letter::Released { via, .. } = &mut letter {
        *via = BookVia::Google;
    }
    letter
}

fn escalation(trigger: Trigger, step: u32, no_slot: Option<NoSlotWhy>, on_plan: bool) -> Letter {
    let history = vec![
        (at("2026-11-04T14:00:00Z"), Outcome::Cancelled),
        (at("2026-11-18T14:00:00Z"), Outcome::Declined),
    ];
    Letter::Escalation { rep: ANA, manager: BO, week: WEEK, trigger, step, history, no_slot, on_plan }
}

pub fn no_slot() -> NoSlotWhy {
    NoSlotWhy {
        counts: BTreeMap::from([("busy_manager".into(), 41), ("notice".into(), 12), ("hours_rep".into(), 1)]),
        changes: vec![
            Change::FreeFocus { who: BO, span: half_hour("2026-11-20T08:00:00Z") },
            Change::Shorter { minutes: 20, start: at("2026-11-20T10:30:00Z") },
            Change::OutsideHours { who: ANA, start: at("2026-11-19T15:30:00Z") },
        ],
        next_week: Some(at("2026-11-23T09:00:00Z")),
        shared: vec![
            Span::new(at("2026-11-19T08:00:00Z"), at("2026-11-19T10:00:00Z")),
            half_hour("2026-11-20T08:00:00Z"),
        ],
        rival: Some(Rival { rep: DI, start: at("2026-11-19T08:30:00Z") }),
    }
}

pub fn counts(due: u32, held: u32, rescheduled: u32, recovered: u32, excused: u32) -> WeekCounts {
    let missed = due - held - rescheduled - recovered - excused;
    WeekCounts { due, scheduled: due, held, rescheduled, recovered, excused, missed }
}

pub fn health(managers: u32) -> Health {
    let trend = |n: u32| (WEEK.plus(i64::from(n) - 5), counts(12, 8 + n % 4, 1, 0, 0));
    let line = |manager: PersonId, week, judged, late| HealthLine {
        manager: Some(manager),
        reps: 6,
        week,
        judged,
        late,
        ..HealthLine::default()
    };
    let mut lines = vec![
        line(BO, counts(6, 3, 1, 0, 0), counts(70, 49, 8, 2, 1), 2),
        HealthLine { streak: 9, ..line(DI, counts(6, 5, 0, 1, 0), counts(12, 11, 0, 0, 0), 0) },
    ];
    lines.extend(
        (0..managers).map(|n| line(PersonId(100 + n), counts(6, 6, 0, 0, 0), counts(72, 72, 0, 0, 0), 0)),
    );
    Health {
        week: WEEK,
        all: HealthLine {
            reps: 12,
            week: counts(12, 8, 1, 1, 0),
            trend: (0..6).map(trend).collect(),
            judged: counts(82, 60, 8, 2, 1),
            late: 2,
            churn: 1,
            confirmed: 7,
            overlapped: 2,
            minutes: 71 * 28,
            rep_weeks: 90,
            ..HealthLine::default()
        },
        managers: lines,
        at_risk: vec![
            AtRisk { rep: ANA, manager: BO, standing: 0, due: 2, is_away: false, has_conflict: false },
            AtRisk { rep: DI, manager: BO, standing: 1, due: 1, is_away: false, has_conflict: true },
        ],
        movers: vec![Mover { rep: ANA, manager: BO, weeks: 4 }],
        baseline: Some(Baseline { weeks: 11, counts: counts(120, 84, 0, 0, 0) }),
        unread: vec![CalendarId::first(DI)],
        target_permille: 950,
        windows: (6, 12),
    }
}

/// Every letter in its variants: name of the picture, reader, letter.
pub fn letters() -> Vec<(&'static str, PersonId, Letter)> {
    let certain = || fallen(Outcome::Declined, Some(ANA), Confidence::Certain);
    let unsure = || fallen(Outcome::Cancelled, Some(ANA), Confidence::Likely);
    let never = || Fallen { start: None, verdict: None, by: None, confidence: Confidence::Certain };
    let focus_only = || vec![offer("2026-11-20T13:00:00Z", Some(Displaced::Focus))];
    let welcome = |mode, is_manager, is_rep| Letter::Welcome { mode, is_manager, is_rep };
    let released = |why| Letter::Released {
        recovery: recovery_id(ANA),
        manager: BO,
        rep: ANA,
        span: half_hour("2026-11-19T14:00:00Z"),
        why,
        uid: "0abc@example.com".into(),
        via: BookVia::Mail,
        sequence: 1,
    };
    let resolved = |how, start| Letter::Resolved { rep: ANA, manager: BO, week: WEEK, how, start };
    let mut all = vec![
        ("welcome-propose-manager", BO, welcome(Mode::Propose, true, true)),
        ("welcome-auto-manager", BO, welcome(Mode::Auto, true, false)),
        ("welcome-propose-rep", ANA, welcome(Mode::Propose, false, true)),
        ("welcome-observe-leader", CY, welcome(Mode::Observe, true, false)),
        ("proposal-certain", BO, proposal(vec![item(ANA, certain(), three_offers())], OnSilence::Book)),
        ("proposal-likely", BO, proposal(vec![item(ANA, unsure(), three_offers())], OnSilence::Escalate)),
        ("proposal-focus-only", BO, proposal(vec![item(DI, never(), focus_only())], OnSilence::Book)),
        (
            "proposal-several",
            BO,
            proposal(
                vec![
                    item(ANA, fallen(Outcome::MovedOut, Some(BO), Confidence::Certain), three_offers()),
                    item(
                        DI,
                        fallen(Outcome::Ended, None, Confidence::Likely),
                        vec![
                            offer("2026-11-20T13:00:00Z", Some(Displaced::Tentative)),
                            offer("2026-11-20T15:00:00Z", None),
                        ],
                    ),
                ],
                OnSilence::Book,
            ),
        ),
        ("booked-manager", BO, booked(BookedHow::Silence, certain())),
        ("booked-rep", ANA, booked(BookedHow::Chosen { by: BO }, unsure())),
        (
            "booked-auto",
            BO,
            booked(BookedHow::Auto, fallen(Outcome::Shortened, Some(BO), Confidence::Certain)),
        ),
        ("released-own-choice", BO, released(ReleaseWhy::OwnChoice)),
        ("released-undo-rep", ANA, released(ReleaseWhy::Undo)),
        ("booked-in-calendar-manager", BO, in_calendar(booked(BookedHow::Auto, certain()))),
        ("booked-in-calendar-rep", ANA, in_calendar(booked(BookedHow::Auto, unsure()))),
        ("released-in-calendar", ANA, in_calendar(released(ReleaseWhy::OwnChoice))),
        ("resolved-recovered", BO, resolved(CloseReason::Recovered, Some(at("2026-11-19T14:00:00Z")))),
        ("resolved-missed", CY, resolved(CloseReason::Missed, None)),
        ("proposal-rep", ANA, proposal(vec![item(ANA, certain(), three_offers())], OnSilence::Book)),
        ("health", CY, Letter::Health(health(0))),
    ];
    all.extend(notes());
    all.extend(questions());
    all.extend(series());
    all.extend(escalations());
    all.extend(ops_letters());
    all
}

fn notes() -> Vec<(&'static str, PersonId, Letter)> {
    let owed = |rep, due, standing| Owed {
        rep,
        due,
        standing,
        is_offered: false,
        conflict: None,
        unanswered: None,
        missed: 0,
    };
    let rhythm = |per_week, every_weeks| Rhythm { per_week, every_weeks, minutes: 30 };
    let cadence = |before, after, on_plan| Letter::Cadence {
        manager: BO,
        rep: ANA,
        from: "2026-11-23".parse().expect("a day"),
        before,
        after,
        on_plan,
    };
    vec![
        (
            "monday",
            BO,
            Letter::Monday {
                week: WEEK,
                owed: vec![
                    Owed { missed: 1, ..owed(ANA, 2, 0) },
                    Owed { is_offered: true, ..owed(DI, 1, 0) },
                    Owed { conflict: Some(at("2026-11-18T14:00:00Z")), ..owed(PersonId(9), 1, 1) },
                ],
            },
        ),
        (
            "monday-at-risk",
            BO,
            Letter::Monday {
                week: WEEK,
                owed: vec![Owed {
                    conflict: Some(at("2026-11-18T14:00:00Z")),
                    unanswered: Some(at("2026-11-19T14:00:00Z")),
                    ..owed(ANA, 2, 2)
                }],
            },
        ),
        ("cadence-less", ANA, cadence(rhythm(2, 1), rhythm(1, 1), false)),
        ("cadence-plan", BO, cadence(rhythm(1, 2), rhythm(3, 1), true)),
    ]
}

pub fn series_times() -> Vec<SeriesTime> {
    let time = |start: &str, clashes: &[&str], displaces: Option<Displaced>| SeriesTime {
        first: half_hour(start),
        clashes: clashes.iter().map(|start| at(start)).collect(),
        displaces,
        displaces_of: displaces.map(|_| BO),
    };
    vec![
        time("2026-11-24T09:00:00Z", &[], None),
        time("2026-11-26T14:00:00Z", &["2026-12-10T14:00:00Z"], None),
        time("2026-11-27T08:00:00Z", &[], Some(Displaced::Focus)),
    ]
}

fn series() -> Vec<(&'static str, PersonId, Letter)> {
    let item = |rep, standing, options| SeriesItem {
        series: SeriesId { rep, ordinal: 1 },
        weeks: 2,
        standing,
        every_weeks: 1,
        minutes: 30,
        last: None,
        options,
        until: at("2026-11-24T10:35:00Z"),
    };
    let last = Some("2027-01-29".parse().expect("a day"));
    let second = SeriesItem { last, ..item(ANA, 1, series_times()) };
    let biweekly = SeriesItem { every_weeks: 2, ..item(ANA, 0, series_times()[..1].to_vec()) };
    let event = |last, via| SeriesEvent {
        series: SeriesId { rep: ANA, ordinal: 1 },
        manager: BO,
        first: half_hour("2026-11-24T09:00:00Z"),
        every_weeks: 1,
        last,
        rrule: "FREQ=WEEKLY;BYDAY=TU".into(),
        uid: "0abc@example.com".into(),
        via,
    };
    let booked = |last, via| Letter::SeriesBooked {
        event: event(last, via),
        by: BO,
        undo_until: Some(at("2026-11-24T09:00:00Z")),
    };
    let released = |why, via| Letter::SeriesReleased { event: event(None, via), why };
    vec![
        ("series", BO, Letter::Series { items: vec![item(ANA, 0, series_times())] }),
        ("series-second", BO, Letter::Series { items: vec![second.clone()] }),
        ("series-several", BO, Letter::Series { items: vec![second, item(DI, 0, Vec::new())] }),
        ("series-biweekly", BO, Letter::Series { items: vec![biweekly] }),
        ("series-no-time", BO, Letter::Series { items: vec![item(DI, 0, Vec::new())] }),
        ("series-booked", ANA, booked(last, BookVia::Mail)),
        ("series-booked-manager", BO, booked(None, BookVia::Google)),
        ("series-released", ANA, released(ReleaseWhy::Undo, BookVia::Mail)),
        ("series-released-left", BO, released(ReleaseWhy::RuleChanged, BookVia::Google)),
    ]
}

fn questions() -> Vec<(&'static str, PersonId, Letter)> {
    let asked = |n: u32, known| CheckInItem {
        session: SessionKey { lineage: format!("s{n}"), rid: None },
        manager: BO,
        start: at("2026-11-16T14:00:00Z") + TimeDelta::days(i64::from(n)),
        known,
    };
    vec![
        (
            "check-in",
            ANA,
            Letter::CheckIn {
                week: WEEK,
                items: vec![asked(0, Known::Stood), asked(2, Known::Fell), asked(3, Known::Unsure)],
                until: at("2026-12-04T09:30:00Z"),
            },
        ),
        (
            "overlap",
            BO,
            Letter::Overlap {
                manager: BO,
                rep: ANA,
                week: WEEK,
                session: SessionKey { lineage: "s0".into(), rid: None },
                span: half_hour("2026-11-19T14:00:00Z"),
            },
        ),
    ]
}

fn capacity(room: u32) -> Letter {
    Letter::Capacity {
        week: WEEK.next(),
        owed: vec![Short { rep: ANA, minutes: 30 }, Short { rep: DI, minutes: 60 }],
        room,
        left: Some(DI),
        changes: vec![Change::FreeFocus { who: BO, span: half_hour("2026-11-26T08:00:00Z") }],
    }
}

fn escalations() -> Vec<(&'static str, PersonId, Letter)> {
    vec![
        ("capacity", BO, capacity(60)),
        (
            "capacity-none",
            BO,
            Letter::Capacity {
                week: WEEK.next(),
                owed: vec![Short { rep: ANA, minutes: 30 }],
                room: 0,
                left: Some(ANA),
                changes: Vec::new(),
            },
        ),
        ("escalation-no-slot", BO, escalation(Trigger::NoSlot, 1, Some(no_slot()), false)),
        ("escalation-no-slot-leader", CY, escalation(Trigger::NoSlot, 2, Some(no_slot()), false)),
        ("escalation-plan", BO, escalation(Trigger::Plan, 1, None, true)),
        ("escalation-silence", BO, escalation(Trigger::Silence, 1, None, false)),
        ("escalation-again", BO, escalation(Trigger::Again, 1, None, false)),
        ("escalation-two", CY, escalation(Trigger::TwoCancellations, 3, None, false)),
        ("escalation-skips", CY, escalation(Trigger::Skips, 2, None, false)),
        (
            "escalation-many",
            BO,
            Letter::Many {
                letters: vec![
                    escalation(Trigger::NoSlot, 1, Some(no_slot()), false),
                    escalation(Trigger::Plan, 1, None, true),
                    escalation(Trigger::Again, 1, None, false),
                ],
            },
        ),
        ("escalation-target", CY, escalation(Trigger::Target, 2, None, false)),
    ]
}

fn ops_letters() -> Vec<(&'static str, PersonId, Letter)> {
    vec![
        ("ops-suspect", OPS, ops_source(SourceState::Suspect, Some("halved"))),
        ("ops-well-again", OPS, ops_source(SourceState::Ok, None)),
        (
            "ops-refused",
            OPS,
            Letter::Ops(OpsNews::Refused { to: ANA, kind: MailKind::Welcome, code: "550".into() }),
        ),
        (
            "ops-undelivered",
            OPS,
            Letter::Ops(OpsNews::Undelivered {
                rows: 3,
                since: at("2026-11-17T08:00:00Z"),
                code: "timeout".into(),
            }),
        ),
        ("ops-unrecognised", OPS, Letter::Ops(OpsNews::Unrecognised { owed: 40, recognised: 11 })),
        ("ops-sources", OPS, Letter::Ops(OpsNews::Sources { count: 412, why: Some("timeout".into()) })),
        ("ops-sources-well", OPS, Letter::Ops(OpsNews::Sources { count: 0, why: None })),
        ("ops-fell-back", OPS, Letter::Ops(OpsNews::FellBack { manager: BO, code: "forbidden".into() })),
        (
            "ops-not-taken-back",
            OPS,
            Letter::Ops(OpsNews::NotTakenBack { manager: BO, code: "forbidden".into() }),
        ),
        ("ops-quota", OPS, Letter::Ops(OpsNews::Quota { code: "quotaExceeded".into() })),
        ("ops-rebuilt", OPS, Letter::Ops(OpsNews::StoreRebuilt { why: "checksum".into() })),
        (
            "ops-escalated-plan",
            OPS,
            Letter::Ops(OpsNews::Escalated { rep: ANA, manager: BO, week: WEEK, trigger: None }),
        ),
        (
            "ops-escalated",
            OPS,
            Letter::Ops(OpsNews::Escalated {
                rep: ANA,
                manager: BO,
                week: WEEK,
                trigger: Some(Trigger::NoSlot),
            }),
        ),
        ("ops-given-up", OPS, Letter::Ops(OpsNews::GivenUp { rows: 3, to: vec![ANA, BO], days: 5 })),
        ("ops-roster", OPS, Letter::Ops(OpsNews::RosterRefused { lost: 30, of: 80 })),
        ("ops-awake", OPS, Letter::Ops(OpsNews::Awake { since: at("2026-11-14T08:00:00Z"), dropped: 1 })),
    ]
}

fn ops_source(state: SourceState, why: Option<&str>) -> Letter {
    Letter::Ops(OpsNews::Source {
        calendar: CalendarId { owner: ANA, nth: 2 },
        state,
        why: why.map(str::to_owned),
        since: at("2026-11-17T08:00:00Z"),
    })
}
