//! What is offered: in hours, in the week, with notice, disjoint; in every zone and over every change of clocks.

use std::collections::BTreeMap;

use chrono::{Duration, Timelike};
use drumbeat::model::people::PersonId;
use drumbeat::model::time::{Span, WorkingHours};
use drumbeat::plan::compile::{Ask, Displace, HoldKind, compile};
use drumbeat::plan::offers::{Note, Offer, offers};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::world::{MANAGER, at, hours, need, policy, span, team, zone};

/// Whatever is offered must be so; returns how many offers there are.
fn keep(ask: &Ask<'_>, offers: &BTreeMap<String, Vec<Offer>>) -> usize {
    let mut seen: Vec<(&str, &Offer)> = Vec::new();
    for need in &ask.needs {
        for offer in &offers[&need.key] {
            let time = offer.span();
            assert_eq!(time.length(), need.duration);
            assert!(need.week.covers(&time) && offer.start >= ask.now + ask.policy.notice, "{offer:?}");
            assert!(!need.excluded.contains(&offer.start));
            for id in [need.manager, need.rep] {
                let person = ask.person(id).unwrap();
                let around = Span::new(time.start - Duration::days(2), time.end + Duration::days(2));
                let in_hours = person.hours.spans(&person.zone, &around).iter().any(|h| h.covers(&time));
                assert!(in_hours && !person.unknown, "{id} at {offer:?}");
                assert_eq!(person.zone.local(offer.start).minute() % 15, 0);
                let padded = Span::new(time.start - ask.policy.buffer, time.end + ask.policy.buffer);
                assert!(!person.busy.iter().any(|busy| busy.overlaps(&padded)), "{id} at {offer:?}");
                for (hold, kind) in person.soft_holds.iter().filter(|(hold, _)| hold.overlaps(&time)) {
                    assert!(
                        offer.notes.contains(&Note::Displaces(id, *kind)) && offer.displaces.is_some(),
                        "{hold:?}"
                    );
                }
            }
            let days = |span: &Span| ask.person(need.rep).unwrap().zone.local(span.start).date();
            assert!(need.fixed.iter().all(|fixed| (days(fixed) - days(&time)).abs() >= need.apart));
            for (key, other) in &seen {
                let theirs = ask.needs.iter().find(|need| need.key == *key).unwrap();
                assert!(!other.span().overlaps(&time), "{offer:?} and {other:?}");
                let is_same_rep = theirs.rep == need.rep && theirs.key != need.key;
                assert!(!is_same_rep || (days(&other.span()) - days(&time)).abs() >= need.apart);
            }
            seen.push((&need.key, offer));
        }
    }
    seen.len()
}

#[test]
fn hours_are_local_in_every_zone_and_week() {
    /// The first start of the week (`days` of it worked, from `hour` for an hour), in UTC; with `skip` days busy.
    fn check(name: &str, week: &str, hour: u32, skip: i64, first: &str) {
        let policy = policy();
        let mut ask = team(&policy, 1, name, week);
        for person in &mut ask.people {
            person.hours = hours(7, hour, hour + 1);
            let start = ask.needs[0].week.start;
            person.busy.extend((skip > 0).then(|| Span::new(start, start + Duration::days(skip))));
        }
        let offers = offers(&ask, 3);
        assert!(keep(&ask, &offers) > 0, "{name} {week}");
        assert_eq!(offers["n01"][0].start, at(first), "{name} {week}");
    }
    check("America/New_York", "2026-W44", 9, 0, "2026-10-26T13:00");
    check("America/New_York", "2026-W44", 9, 6, "2026-11-01T14:00");
    check("America/New_York", "2026-W45", 9, 0, "2026-11-02T14:00");
    check("Europe/Berlin", "2027-W12", 9, 0, "2027-03-22T08:00");
    check("Europe/Berlin", "2027-W12", 9, 6, "2027-03-28T07:00");
    check("Europe/Berlin", "2027-W13", 9, 0, "2027-03-29T07:00");
    check("Pacific/Auckland", "2026-W48", 0, 0, "2026-11-22T11:00");
    check("Pacific/Auckland", "2026-W48", 9, 0, "2026-11-22T20:00");
    check("Asia/Kathmandu", "2026-W48", 9, 0, "2026-11-23T03:15");
    check("Pacific/Kiritimati", "2026-W48", 0, 0, "2026-11-22T10:00");
    check("Pacific/Pago_Pago", "2026-W48", 22, 6, "2026-11-30T09:00");
}

#[test]
fn an_auckland_monday_begins_before_slot_zero() {
    let policy = policy();
    let ask = team(&policy, 1, "Pacific/Auckland", "2026-W48");
    let week = &compile(&ask)[0];
    assert_eq!(week.table.people[0].days[0], -12);
    assert_eq!(week.grid.moment(-12), ask.needs[0].week.start);
    week.table.check().unwrap();
}

#[test]
fn two_zones_meet_where_both_work() {
    let policy = policy();
    let mut ask = team(&policy, 1, "Europe/Berlin", "2026-W48");
    ask.people[0].zone = zone("America/New_York");
    let offers = offers(&ask, 10);
    assert!(keep(&ask, &offers) >= 5);
    // Nine in New York is three in Berlin, which leaves two hours a day.
    assert!(offers["n01"].iter().all(|offer| [14, 15].contains(&offer.start.hour())), "{offers:?}");
}

#[test]
fn options_are_at_the_usual_hour_of_different_days_and_disjoint() {
    let policy = policy();
    let mut ask = team(&policy, 3, "Europe/Berlin", "2026-W47");
    for need in &mut ask.needs {
        need.usual = Some(at("2026-11-16T13:00"));
    }
    let offers = offers(&ask, 3);
    assert_eq!(keep(&ask, &offers), 9);
    for list in offers.values() {
        let mut days: Vec<_> = list.iter().map(|offer| offer.start.date_naive()).collect();
        days.sort_unstable();
        days.dedup();
        assert_eq!(days.len(), 3, "{list:?}");
    }
    assert!(offers.values().flatten().any(|offer| offer.notes == [Note::UsualTime]));
    assert_eq!(offers, drumbeat::plan::offers::offers(&ask.clone(), 3), "equal asks, equal offers");
}

#[test]
fn held_time_is_offered_only_when_nothing_is_free_and_policy_allows() {
    fn check(kind: HoldKind, displace: Displace, is_one_hour_free: bool, expected: &[Option<HoldKind>]) {
        let policy = policy();
        let mut ask = team(&policy, 1, "UTC", "2026-W47");
        ask.displace = displace;
        let free = if is_one_hour_free { "2026-11-20T16:00" } else { "2026-11-20T17:00" };
        ask.people[0].soft_holds = vec![(span("2026-11-16T00:00", free), kind)];
        let offers = offers(&ask, 2);
        keep(&ask, &offers);
        let first: Vec<_> = offers["n01"].iter().take(1).map(|offer| offer.displaces).collect();
        assert_eq!(first, expected, "{kind:?} {displace:?}");
    }
    use Displace::{AsPolicySays, Nothing};
    check(HoldKind::Focus, Nothing, false, &[]);
    check(HoldKind::Focus, AsPolicySays, false, &[Some(HoldKind::Focus)]);
    check(HoldKind::Focus, AsPolicySays, true, &[None]);
    check(HoldKind::Tentative, AsPolicySays, false, &[]);
}

#[test]
fn two_sessions_of_a_rep_keep_their_days_apart() {
    let policy = policy();
    let mut ask = team(&policy, 1, "UTC", "2026-W47");
    ask.needs.push(need("n02", 1, "2026-W47", &zone("UTC")));
    for need in &mut ask.needs {
        need.apart = Duration::days(2);
        need.fixed = vec![span("2026-11-16T10:00", "2026-11-16T10:30")];
    }
    let offers = offers(&ask, 3);
    assert!(keep(&ask, &offers) >= 2);
    let day = |key: &str| offers[key][0].start.date_naive().to_string();
    assert_eq!([day("n01"), day("n02")], ["2026-11-18", "2026-11-20"]);
}

#[test]
fn unknown_people_get_nothing_and_others_still_do() {
    let policy = policy();
    let mut ask = team(&policy, 3, "UTC", "2026-W47");
    ask.people[1].unknown = true;
    ask.people.remove(2);
    let offers = offers(&ask, 3);
    let counts: Vec<usize> = offers.values().map(Vec::len).collect();
    assert_eq!(counts, [0, 0, 3]);
}

#[test]
fn a_proposal_that_is_out_stays_first() {
    let policy = policy();
    let mut ask = team(&policy, 2, "UTC", "2026-W47");
    ask.needs[0].proposed = Some(at("2026-11-18T15:15"));
    let offers = offers(&ask, 1);
    assert_eq!(offers["n01"][0].start, at("2026-11-18T15:15"));
    assert_eq!(offers["n01"][0].notes, [Note::Proposed]);
}

#[test]
fn needs_of_two_weeks_are_planned_around_each_other() {
    let policy = policy();
    let mut ask = team(&policy, 2, "UTC", "2026-W47");
    ask.needs[1].week = need("x", 1, "2026-W48", &zone("UTC")).week;
    let offers = offers(&ask, 3);
    assert_eq!(keep(&ask, &offers), 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn offers_keep_the_rules(
        zones in prop::collection::vec(0..5_usize, 4),
        week in prop::sample::select(vec!["2026-W44", "2026-W48", "2027-W12"]),
        busy in prop::collection::vec((0..4_usize, 0..9000_i64, 5..300_i64), 0..60),
        holds in prop::collection::vec((0..4_usize, 0..9000_i64, 30..600_i64, any::<bool>()), 0..8),
        now in 0..6000_i64,
        reps in prop::collection::vec((1..4_u32, 1..3_i64), 1..6),
    ) {
        const ZONES: [&str; 5] =
            ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "Asia/Kathmandu", "Australia/Lord_Howe"];
        let policy = policy();
        let mut ask = team(&policy, 3, "UTC", week);
        let monday = ask.needs[0].week.start;
        let minutes = |from: i64, length: i64| {
            Span::new(monday + Duration::minutes(from), monday + Duration::minutes(from + length))
        };
        for (person, n) in ask.people.iter_mut().zip(&zones) {
            person.zone = zone(ZONES[*n]);
            person.hours = hours(7, 7, 21);
        }
        for (who, from, length) in &busy {
            ask.people[*who].busy.push(minutes(*from, *length));
        }
        for (who, from, length, is_focus) in &holds {
            let kind = if *is_focus { HoldKind::Focus } else { HoldKind::Tentative };
            ask.people[*who].soft_holds.push((minutes(*from, *length), kind));
        }
        ask.now = monday + Duration::minutes(now);
        ask.needs = reps.iter().enumerate().map(|(n, (rep, _))| {
            need(&format!("n{n}"), *rep, week, &ask.people[*rep as usize].zone)
        }).collect();
        let mut apart: BTreeMap<PersonId, Duration> = BTreeMap::new();
        for (need, (_, days)) in ask.needs.iter_mut().zip(&reps) {
            need.apart = *apart.entry(need.rep).or_insert(Duration::days(*days));
        }
        keep(&ask, &offers(&ask, 3));
        for week in compile(&ask) {
            week.table.check().unwrap();
        }
    }
}

#[test]
fn somebody_without_hours_gets_nothing() {
    let policy = policy();
    let mut ask = team(&policy, 1, "UTC", "2026-W47");
    ask.people[0].hours = WorkingHours::default();
    assert_eq!(ask.people[0].id, MANAGER);
    assert!(offers(&ask, 3)["n01"].is_empty());
}
