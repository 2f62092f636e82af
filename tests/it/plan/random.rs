//! Random tables: the rules are kept, the sums are right, and small ones are planned as well as can be.

use std::collections::BTreeMap;

use drumbeat::plan::evaluate::{Score, evaluate};
use drumbeat::plan::slots::{Slot, Stretch};
use drumbeat::plan::solve::{alternatives, solve};
use drumbeat::plan::table::{FORMAT, Person, Priced, Rep, Session, SessionId, Table, Weights};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Slots of a day in these tables: small, so that all plans can be tried.
const DAY: Slot = 12;

fn stretches(most: usize) -> impl Strategy<Value = Vec<Stretch>> {
    prop::collection::vec(
        (0..7 * DAY, 1..5).prop_map(|(start, length)| Stretch(start, start + length)),
        0..most,
    )
}

fn priced(most: usize) -> impl Strategy<Value = Vec<Priced>> {
    (stretches(most), 0..20_i64).prop_map(|(all, cost)| all.iter().map(|s| Priced(s.0, s.1, cost)).collect())
}

/// Somebody who works on some days; `hours` slots of each.
fn person(hours: Slot) -> impl Strategy<Value = Person> {
    let works = prop::collection::vec(0..4, 7);
    let rest = (0..3, 1..4_u32, 0..3_u32, prop::array::uniform7(0..2_u32), -2..3);
    (works, stretches(5), priced(4), priced(4), rest).prop_map(move |(works, busy, holds, soft, rest)| {
        let (buffer, day_cap, day_soft, fixed_per_day, shift) = rest;
        let mut days = [0; 8];
        for (day, midnight) in days.iter_mut().enumerate() {
            *midnight = day as Slot * DAY + shift;
        }
        let on = works.iter().enumerate().filter(|(_, works)| **works > 0);
        let work = on.map(|(day, _)| Stretch(days[day] + 3, days[day] + 3 + hours)).collect();
        Person { id: 0, days, work, busy, holds, soft, buffer, day_cap, day_soft, fixed_per_day }
    })
}

prop_compose! {
    fn session()(
        rep in 0..3_usize, coach in any::<bool>(), dur in 1..4, from in 0..20, due in 60..90, usual in 10..70,
        proposed in prop::option::of(0..80), excluded in prop::collection::vec(0..80, 0..3), drop in 0..90_i64,
    ) -> Session {
        let people = if coach { vec![0, rep + 1, 4] } else { vec![0, rep + 1] };
        let id = SessionId(0);
        Session { id, rep, people, dur, from, due, notice: 2, usual: Some(usual), proposed, drop, excluded }
    }
}

pub(super) fn table(hours: Slot, most: usize) -> impl Strategy<Value = Table> {
    let rep = (0..6, 1..3_u32, stretches(2));
    let step = 1..3;
    let reps = prop::collection::vec(rep, 3);
    let sessions = prop::collection::vec(session(), 1..=most);
    (prop::collection::vec(person(hours), 5), reps, sessions, step).prop_map(
        |(mut people, reps, mut sessions, step)| {
            people.iter_mut().enumerate().for_each(|(n, person)| person.id = n);
            sessions.iter_mut().enumerate().for_each(|(n, session)| session.id = SessionId(n as u32));
            let rep = |(n, (spacing, apart_days, fixed)): (usize, (Slot, u32, Vec<Stretch>))| Rep {
                person: n + 1,
                manager: 0,
                spacing,
                apart_days,
                starve: 60,
                fixed,
            };
            let weights = Weights {
                day: 4,
                tod: 1,
                tod_cap: 6,
                chain: 3,
                chain_gap: 2,
                frag: 5,
                focus_len: 6,
                load: 8,
                moved: 20,
            };
            let reps = reps.into_iter().enumerate().map(rep).collect();
            Table {
                format: FORMAT.into(),
                name: "random".into(),
                now: 0,
                step,
                weights,
                people,
                reps,
                sessions,
            }
        },
    )
}

pub(super) type Starts = BTreeMap<SessionId, Option<Slot>>;

/// Every start that each session may have by itself.
pub(super) fn possible(table: &Table) -> Vec<Vec<Slot>> {
    let alone = |id, start: &Slot| evaluate(table, &BTreeMap::from([(id, Some(*start))])).is_ok();
    table.sessions.iter().map(|s| (-5..8 * DAY).filter(|start| alone(s.id, start)).collect()).collect()
}

/// The best of all plans.
pub(super) fn brute_force(table: &Table, possible: &[Vec<Slot>], starts: &mut Starts, best: &mut Score) {
    let Ok(score) = evaluate(table, starts) else { return };
    if score.beats(best) {
        *best = score;
    }
    let Some((first, rest)) = possible.split_first() else { return };
    let id = SessionId((table.sessions.len() - possible.len()) as u32);
    brute_force(table, rest, starts, best);
    for start in first {
        starts.insert(id, Some(*start));
        brute_force(table, rest, starts, best);
    }
    starts.remove(&id);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_tables_are_planned_as_well_as_can_be(table in table(4, 4)) {
        table.check().unwrap();
        let plan = solve(&table);
        let mut best = Score { placed: 0, cost: i64::MAX };
        brute_force(&table, &possible(&table), &mut Starts::new(), &mut best);
        prop_assert_eq!(Score { placed: plan.placed, cost: plan.cost }, best);
        for component in plan.components.iter().filter(|c| c.placed == c.count_bound) {
            prop_assert!(component.cost >= component.cost_bound);
        }
    }

    #[test]
    fn every_plan_keeps_the_rules(table in table(8, 9)) {
        let plan = drumbeat::plan::solve::solve_with(&table, drumbeat::plan::solve::Effort::QUICK);
        let score = evaluate(&table, &plan.starts).unwrap();
        prop_assert_eq!(score, Score { placed: plan.placed, cost: plan.cost });
        for (id, start) in &plan.starts {
            let others = alternatives(&table, &plan, *id, 100);
            let mut costs = Vec::new();
            for other in &others {
                let mut starts = plan.starts.clone();
                starts.insert(*id, Some(*other));
                costs.push(evaluate(&table, &starts).unwrap().cost);
            }
            prop_assert!(costs.is_sorted());
            prop_assert!(start.is_some() || others.is_empty(), "whatever fits is placed");
            let all = (-5..8 * DAY).filter(|other| {
                let mut starts = plan.starts.clone();
                starts.insert(*id, Some(*other));
                Some(*other) != *start && evaluate(&table, &starts).is_ok()
            });
            prop_assert_eq!(all.count(), others.len());
        }
    }
}

/// One session of one rep.
fn smallest() -> Table {
    let days = [0, 1, 2, 3, 4, 5, 6, 7].map(|day| day * DAY);
    let person = |id| Person {
        id,
        days,
        work: vec![Stretch(3, 9)],
        busy: vec![],
        holds: vec![],
        soft: vec![],
        buffer: 0,
        day_cap: 9,
        day_soft: 9,
        fixed_per_day: [0; 7],
    };
    let weights = Weights {
        day: 1,
        tod: 1,
        tod_cap: 1,
        chain: 1,
        chain_gap: 1,
        frag: 1,
        focus_len: 1,
        load: 1,
        moved: 1,
    };
    let rep = Rep { person: 1, manager: 0, spacing: 0, apart_days: 1, starve: 0, fixed: vec![] };
    let session = Session {
        id: SessionId(0),
        rep: 0,
        people: vec![0, 1],
        dur: 2,
        from: 0,
        due: 80,
        notice: 0,
        usual: Some(4),
        proposed: None,
        drop: 0,
        excluded: vec![],
    };
    let people = vec![person(0), person(1)];
    Table {
        format: FORMAT.into(),
        name: "one".into(),
        now: 0,
        step: 1,
        weights,
        people,
        reps: vec![rep],
        sessions: vec![session],
    }
}

#[test]
fn faults_of_a_table_are_named() {
    fn check(spoil: impl FnOnce(&mut Table), message: &str) {
        let mut table = smallest();
        let copy = Table::parse(&serde_json::to_vec(&table).unwrap()).unwrap();
        assert_eq!(copy, table, "written and read again");
        spoil(&mut table);
        let json = serde_json::to_vec(&table).unwrap();
        assert_eq!(Table::parse(&json).unwrap_err().to_string(), message);
    }
    let place = "use the instance: ";
    let at = |text: &str| format!("{place}{text}");
    check(|t| t.format = "x/2".into(), "read the instance: its format is `x/2`, not `drumbeat-plan/1`");
    check(|t| t.step = 0, &at("step: 0 is less than 1"));
    check(
        |t| t.people[1].work.push(Stretch(8, 10)),
        &at("person 1: work intervals overlap, touch or are not in order"),
    );
    check(
        |t| t.people[1].work.push(Stretch(9, 10)),
        &at("person 1: work intervals overlap, touch or are not in order"),
    );
    check(
        |t| t.people[0].busy.push(Stretch(5, 5)),
        &at("person 0: busy has [5, 5]; an end comes after its start"),
    );
    check(|t| t.people[0].days[3] = 0, &at("person 0: days do not rise"));
    check(|t| t.people[0].id = 7, &at("person 0: its id is 7; ids count from 0"));
    check(|t| t.reps[0].person = 2, &at("rep 0: person 2 is nobody"));
    check(|t| t.sessions[0].rep = 1, &at("session 0: rep 1 is nobody"));
    check(|t| t.sessions[0].people.push(5), &at("session 0: person 5 is nobody"));
    check(|t| t.sessions[0].people.push(0), &at("session 0: person 0 attends twice"));
    check(
        |t| t.sessions[0].people.truncate(1),
        &at("session 0: people begins with the lead and the rep's person, 1"),
    );
    check(|t| t.sessions[0].due = -1, &at("session 0: due -1 lies before from 0"));
    check(|t| t.sessions[0].dur = 0, &at("session 0: dur is 0; at least 1 is right"));
    check(|t| t.sessions[0].due = 2_000_000, &at("session 0: 2000000 is beyond a million"));
    check(|t| t.people[0].work[0].1 = Slot::MAX, &at("person 0: work has [3, 2147483647], beyond a million"));
    check(|t| t.sessions[0].usual = Some(-9), &at("session 0: usual lies on no day of the lead"));
    assert!(Table::parse(b"[]").unwrap_err().to_string().starts_with("read the instance: "));
}
