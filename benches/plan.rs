//! How long the planner takes for a team.

use std::hint::black_box;

use chrono::{Duration, NaiveTime};
use criterion::{Criterion, criterion_group, criterion_main};
use drumbeat::model::people::PersonId;
use drumbeat::model::policy::{OnSilence, Policy};
use drumbeat::model::time::{DayPart, Span, Week, WorkingHours};
use drumbeat::model::zone::{Zone, Zones};
use drumbeat::plan::compile::{Ask, Attendee, Days, Displace, HoldKind, Need, compile};
use drumbeat::plan::offers::offers;
use drumbeat::plan::why::waterfall;

fn clock(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default()
}

fn policy() -> Policy {
    Policy {
        settle: Duration::minutes(20),
        notice: Duration::hours(4),
        freeze: Duration::hours(20),
        proposal_wait: Duration::hours(6),
        on_silence: OnSilence::Book,
        options: 3,
        rep_picks: false,
        max_attempts: 3,
        series_after: 2,
        guests: 1,
        lag: Duration::hours(12),
        suspect_after: 3,
        suspect_for: Duration::hours(2),
        alert_after: Duration::hours(1),
        excuse: Vec::new(),
        mails_per_week: 5,
        buffer: Duration::minutes(5),
        avoid: vec![DayPart { from: clock(12), until: clock(13) }],
        displace_focus: true,
        displace_tentative: false,
        first_week_whole: false,
    }
}

/// A manager with ten reps, each with `meetings` half hours of a week, two of them held.
fn team(policy: &Policy, meetings: i64) -> Ask<'_> {
    let zone = Zones::bundled().get("America/New_York").unwrap_or_else(Zone::utc);
    let week = Week { year: 2026, number: 44 }.span(&zone);
    let mut hours = WorkingHours::default();
    hours.days[..5].fill(vec![DayPart { from: clock(9), until: clock(17) }]);
    let meeting = |id: u32, n: i64| {
        let quarter = (i64::from(id) * 37 + n * 61) % 160;
        let start =
            week.start + Duration::hours(9 + 24 * (quarter / 32)) + Duration::minutes(quarter % 32 * 15);
        Span::new(start, start + Duration::minutes(30))
    };
    let attendee = |id: u32| Attendee {
        id: PersonId(id),
        zone: zone.clone(),
        hours: hours.clone(),
        busy: (2..meetings).map(|n| meeting(id, n)).collect(),
        soft_holds: (0..2).map(|n| (meeting(id, n), HoldKind::Focus)).collect(),
        led: Vec::new(),
        unknown: false,
    };
    let need = |id: u32| Need {
        key: format!("n{id:02}"),
        manager: PersonId(0),
        rep: PersonId(id),
        duration: Duration::minutes(30),
        shortest: Duration::minutes(20),
        apart: Duration::days(1),
        week,
        usual: Some(meeting(id, 0).start),
        fixed: Vec::new(),
        excluded: Vec::new(),
        proposed: None,
    };
    Ask {
        now: week.start,
        policy,
        people: (0..=10).map(attendee).collect(),
        needs: (1..=10).map(need).collect(),
        displace: Displace::AsPolicySays,
        days: Days::Sooner,
    }
}

fn plan(criterion: &mut Criterion) {
    let policy = policy();
    for (name, meetings) in [("empty", 2), ("half full", 24), ("full", 44)] {
        let ask = team(&policy, meetings);
        criterion
            .bench_function(&format!("offers, ten reps, {name}"), |b| b.iter(|| offers(black_box(&ask), 3)));
        criterion
            .bench_function(&format!("compile, ten reps, {name}"), |b| b.iter(|| compile(black_box(&ask))));
        criterion
            .bench_function(&format!("waterfall, {name}"), |b| b.iter(|| waterfall(black_box(&ask), "n01")));
    }
}

criterion_group!(benches, plan);
criterion_main!(benches);
