//! Why there is no slot, as values.

use std::collections::BTreeMap;

use chrono::Duration;
use drumbeat::model::people::PersonId;
use drumbeat::model::time::WorkingHours;
use drumbeat::plan::compile::{Ask, Displace, HoldKind, compile};
use drumbeat::plan::evaluate::evaluate;
use drumbeat::plan::table::SessionId;
use drumbeat::plan::why::{Change, Why, waterfall};

use super::world::{MANAGER, at, policy, span, team};

/// A rep and a manager in UTC, week of Monday 2026-11-16, seen the Sunday before; 672 starts.
fn why(change: impl FnOnce(&mut Ask<'_>)) -> Why {
    let policy = policy();
    let mut ask = team(&policy, 1, "UTC", "2026-W47");
    ask.displace = Displace::Nothing;
    change(&mut ask);
    let why = waterfall(&ask, "n01");
    assert_eq!(
        why.starts - why.counts.values().sum::<u32>(),
        open(&ask),
        "what is left over is free: {why:?}"
    );
    why
}

/// Starts that the rules allow to a session by itself.
fn open(ask: &Ask<'_>) -> u32 {
    let table = &compile(ask)[0].table;
    (-50..2400).filter(|s| evaluate(table, &BTreeMap::from([(SessionId(0), Some(*s))])).is_ok()).count()
        as u32
}

#[test]
fn every_start_counts_under_the_first_rule_that_blocks_it() {
    fn check(change: impl FnOnce(&mut Ask<'_>), counts: &[(&str, u32)]) {
        let counts: BTreeMap<String, u32> = counts.iter().map(|(rule, n)| ((*rule).to_owned(), *n)).collect();
        assert_eq!(why(change).counts, counts);
    }
    // 31 starts a day fit in eight hours; the last start of the week ends in the next.
    let hours = ("hours_manager", 672 - 5 * 31 - 1);
    let end = ("week_end", 1);
    check(|_| (), &[end, hours]);
    check(
        |ask| ask.now = at("2026-11-16T08:00"),
        &[("past", 32), ("notice", 16), end, ("hours_manager", 480)],
    );
    check(|ask| ask.people[1].hours.days[0] = Vec::new(), &[end, hours, ("hours_rep", 31)]);
    let tuesday = span("2026-11-17T00:00", "2026-11-18T00:00");
    check(|ask| ask.people[0].busy = vec![tuesday], &[end, hours, ("busy_manager", 31)]);
    check(|ask| ask.people[1].busy = vec![tuesday], &[end, hours, ("busy_rep", 31)]);
    let noon = span("2026-11-17T12:00", "2026-11-17T13:00");
    check(|ask| ask.people[0].busy = vec![noon], &[end, hours, ("busy_manager", 5), ("buffer", 2)]);
    check(
        |ask| ask.needs[0].fixed = vec![noon],
        &[end, hours, ("busy_manager", 5), ("buffer", 2), ("apart", 24)],
    );
    check(|ask| ask.people[1].soft_holds = vec![(noon, HoldKind::Tentative)], &[end, hours, ("holds", 5)]);
    check(|ask| ask.needs[0].excluded = vec![noon.start], &[end, hours, ("excluded", 1)]);
    check(|ask| ask.people[0].unknown = true, &[end, hours, ("unknown_manager", 155)]);
    check(|ask| ask.people[1].unknown = true, &[end, hours, ("unknown_rep", 155)]);
    check(|ask| drop(ask.people.remove(1)), &[end, hours, ("unknown_rep", 155)]);
    check(|ask| ask.people[1].hours = WorkingHours::default(), &[end, hours, ("hours_rep", 155)]);
}

#[test]
fn single_changes_that_would_open_a_start() {
    /// The manager is busy all week but for these.
    fn check(free: &[(&str, &str)], change: impl FnOnce(&mut Ask<'_>), changes: &[Change]) {
        let found = why(|ask| {
            let mut from = at("2026-11-16T00:00");
            for (start, end) in free {
                ask.people[0].busy.push(drumbeat::model::time::Span::new(from, at(start)));
                from = at(end);
            }
            ask.people[0].busy.push(drumbeat::model::time::Span::new(from, at("2026-11-23T00:00")));
            change(ask);
        });
        assert_eq!(found.changes, changes);
    }
    check(&[], |_| (), &[]);
    let focus = span("2026-11-17T09:30", "2026-11-17T11:30");
    check(
        &[("2026-11-17T09:55", "2026-11-17T11:05")],
        |ask| ask.people[1].soft_holds = vec![(focus, HoldKind::Focus)],
        &[Change::Free {
            who: PersonId(1),
            hold: focus,
            kind: HoldKind::Focus,
            start: at("2026-11-17T10:00"),
        }],
    );
    check(
        &[("2026-11-17T09:55", "2026-11-17T10:25")],
        |_| (),
        &[Change::Shorter { minutes: 20, start: at("2026-11-17T10:00") }],
    );
    check(
        &[("2026-11-17T09:55", "2026-11-17T10:25")],
        |ask| ask.needs[0].shortest = Duration::minutes(30),
        &[],
    );
    let early = |ask: &mut Ask<'_>| {
        let mut hours = super::world::hours(5, 11, 17);
        hours.days[2] = super::world::hours(5, 10, 17).days[2].clone();
        ask.people[1].hours = hours;
    };
    let outside =
        Change::OutsideHours { who: PersonId(1), time: span("2026-11-18T09:15", "2026-11-18T09:45") };
    check(
        &[("2026-11-17T09:10", "2026-11-17T09:50"), ("2026-11-18T09:10", "2026-11-18T09:50")],
        early,
        &[outside],
    );
    let late = Change::OutsideHours { who: MANAGER, time: span("2026-11-18T17:15", "2026-11-18T17:45") };
    let work_late = |ask: &mut Ask<'_>| ask.people[1].hours = super::world::hours(5, 9, 20);
    check(&[("2026-11-18T17:10", "2026-11-18T20:00")], work_late, &[late]);
}

#[test]
fn what_the_two_share_after_notice_is_told() {
    let shared = why(|ask| {
        ask.now = at("2026-11-19T10:00");
        ask.people[1].hours = super::world::hours(5, 13, 20);
    })
    .shared;
    let afternoon = span("2026-11-20T13:00", "2026-11-20T17:00");
    assert_eq!(shared, [span("2026-11-19T14:00", "2026-11-19T17:00"), afternoon]);
    let apart = why(|ask| ask.people[1].hours = super::world::hours(5, 17, 20));
    assert_eq!((apart.shared, apart.free), (Vec::new(), Vec::new()));
}

#[test]
fn a_need_that_is_not_asked_has_no_reasons() {
    let policy = policy();
    assert_eq!(waterfall(&team(&policy, 1, "UTC", "2026-W47"), "other"), Why::default());
}
