//! A small world to ask about: people with hours and zones, needs, a policy.

use chrono::{Duration, NaiveTime};
use drumbeat::model::people::PersonId;
use drumbeat::model::policy::{OnSilence, Policy};
use drumbeat::model::time::{DayPart, Span, Week, WorkingHours};
use drumbeat::model::zone::{Moment, Zone, Zones};
use drumbeat::plan::compile::{Ask, Attendee, Days, Displace, Need};

/// The one who leads; their reps are 1, 2, 3 …
pub const MANAGER: PersonId = PersonId(0);

/// `2026-11-16T09:00Z`
pub fn at(text: &str) -> Moment {
    format!("{}:00Z", text.trim_end_matches('Z')).parse().unwrap()
}

pub fn span(from: &str, until: &str) -> Span {
    Span::new(at(from), at(until))
}

pub fn zone(name: &str) -> Zone {
    Zones::bundled().get(name).unwrap()
}

fn clock(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
}

/// `from` to `until` o'clock on the first `days` days of the week.
pub fn hours(days: usize, from: u32, until: u32) -> WorkingHours {
    let mut hours = WorkingHours::default();
    hours.days[..days].fill(vec![DayPart { from: clock(from), until: clock(until) }]);
    hours
}

pub fn policy() -> Policy {
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

pub fn attendee(id: u32, zone: &Zone, hours: WorkingHours) -> Attendee {
    let id = PersonId(id);
    Attendee {
        id,
        zone: zone.clone(),
        hours,
        busy: Vec::new(),
        soft_holds: Vec::new(),
        led: Vec::new(),
        unknown: false,
    }
}

/// Half an hour with rep `rep` in `week` of the rep's zone.
pub fn need(key: &str, rep: u32, week: &str, zone: &Zone) -> Need {
    Need {
        key: key.into(),
        manager: MANAGER,
        rep: PersonId(rep),
        duration: Duration::minutes(30),
        shortest: Duration::minutes(20),
        apart: Duration::days(1),
        week: week.parse::<Week>().unwrap().span(zone),
        usual: None,
        fixed: Vec::new(),
        excluded: Vec::new(),
        proposed: None,
    }
}

/// One manager and `reps` reps in one zone, nine to five on five days, one need each, before the week begins.
pub fn team<'a>(policy: &'a Policy, reps: u32, zone_name: &str, week: &str) -> Ask<'a> {
    let zone = zone(zone_name);
    let needs: Vec<Need> = (1..=reps).map(|rep| need(&format!("n{rep:02}"), rep, week, &zone)).collect();
    Ask {
        now: needs[0].week.start - Duration::hours(12),
        policy,
        people: (0..=reps).map(|id| attendee(id, &zone, hours(5, 9, 17))).collect(),
        needs,
        displace: Displace::AsPolicySays,
        days: Days::Sooner,
    }
}
