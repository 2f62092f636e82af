//! The exact search: proofs hold, certificates check, budgets are kept, and what is proposed stays.

use std::collections::BTreeMap;

use drumbeat::plan::evaluate::{Score, evaluate};
use drumbeat::plan::slots::{Slot, Stretch};
use drumbeat::plan::solve::{Effort, Solution, solve, solve_steady, solve_with, solve_with_proofs};
use drumbeat::plan::table::{FORMAT, Person, Rep, Session, SessionId, Table, Weights};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::random::{brute_force, possible, table};

/// A third-person view of a solution: what it says of itself is what the rules say.
fn check(table: &Table, plan: &Solution) {
    let score = evaluate(table, &plan.starts).unwrap();
    assert_eq!(score, Score { placed: plan.placed, cost: plan.cost }, "what the search counted");
    for c in &plan.components {
        assert!(c.placed <= c.count_bound, "{c:?}");
        assert!(c.placed < c.count_bound || c.cost_bound <= c.cost, "{c:?}");
        assert_eq!(c.proven, (c.placed, c.cost) == (c.count_bound, c.cost_bound), "{c:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn up_to_four_sessions_are_planned_as_all_plans_tried_say(table in table(4, 4)) {
        let (plan, certificates) = solve_with_proofs(&table, Effort::THOROUGH);
        check(&table, &plan);
        let mut best = Score { placed: 0, cost: i64::MAX };
        brute_force(&table, &possible(&table), &mut BTreeMap::new(), &mut best);
        prop_assert_eq!(Score { placed: plan.placed, cost: plan.cost }, best);
        for (component, certificate) in plan.components.iter().zip(&certificates) {
            prop_assert!(component.proven);
            let checked = certificate.check(&table).unwrap();
            prop_assert!(checked.count_bound >= component.placed, "{:?} {:?}", checked, component);
            prop_assert!(checked.cost_bound <= component.cost, "{:?} {:?}", checked, component);
        }
    }

    #[test]
    fn larger_ones_keep_the_rules_on_any_budget(table in table(8, 12), looks in 0..3_000_u64) {
        let plan = solve_with(&table, Effort { looks });
        check(&table, &plan);
        for component in &plan.components {
            prop_assert!(component.nodes <= looks);
        }
        let (best, certificates) = solve_with_proofs(&table, Effort::THOROUGH);
        check(&table, &best);
        prop_assert!(best.components.iter().all(|c| c.proven));
        let is_proven = plan.components.iter().all(|c| c.proven);
        prop_assert!(!is_proven || (plan.placed, plan.cost) == (best.placed, best.cost));
        for (component, (few, certificate)) in best.components.iter().zip(plan.components.iter().zip(&certificates)) {
            prop_assert!(few.count_bound >= component.placed);
            prop_assert!(few.count_bound > component.placed || few.cost_bound <= component.cost);
            let checked = certificate.check(&table).unwrap();
            prop_assert!(checked.count_bound >= component.placed && checked.cost_bound <= component.cost);
        }
    }

    #[test]
    fn a_proposal_moves_only_for_more_than_the_threshold(table in table(8, 8), threshold in 0..30_i64) {
        let plan = solve_steady(&table, threshold, Effort::THOROUGH);
        check(&table, &plan);
        let free = solve(&table);
        prop_assert_eq!(plan.placed, free.placed);
        let moved = |starts: &BTreeMap<SessionId, Option<Slot>>| {
            table.sessions.iter().filter(|s| s.proposed.is_some() && starts[&s.id] != s.proposed).count() as i64
        };
        // The free plan was there to be had: it is dearer by what its moves are worth at most.
        let gain = plan.cost - free.cost;
        prop_assert!(gain >= 0 && gain <= threshold * moved(&free.starts).max(1), "{}", gain);
        prop_assert!(moved(&plan.starts) <= moved(&free.starts) || gain == 0 || threshold > 0);
    }
}

/// A lead with so many reps of one session each, working `hours` slots on each of five days.
fn crowd(reps: usize, hours: Slot) -> Table {
    let days = [0, 96, 192, 288, 384, 480, 576, 672];
    let person = |id: usize| Person {
        id,
        days,
        work: (0..5).map(|day| Stretch(day * 96 + 36, day * 96 + 36 + hours)).collect(),
        busy: (0..5)
            .map(|day| Stretch(day * 96 + 38 + (id as Slot * 7) % 20, day * 96 + 45 + (id as Slot * 7) % 20))
            .collect(),
        holds: vec![],
        soft: vec![],
        buffer: 0,
        day_cap: 99,
        day_soft: 4,
        fixed_per_day: [0; 7],
    };
    let weights = Weights {
        day: 4,
        tod: 1,
        tod_cap: 12,
        chain: 3,
        chain_gap: 2,
        frag: 5,
        focus_len: 8,
        load: 8,
        moved: 20,
    };
    let rep = |n| Rep { person: n + 1, manager: 0, spacing: 0, apart_days: 1, starve: 60, fixed: vec![] };
    let session = |n: usize| Session {
        id: SessionId(n as u32),
        rep: n,
        people: vec![0, n + 1],
        dur: 2 + (n % 3) as Slot,
        from: 0,
        due: 700,
        notice: 0,
        usual: Some(36 + (n * 13 % 300) as Slot),
        proposed: None,
        drop: 30,
        excluded: vec![],
    };
    Table {
        format: FORMAT.into(),
        name: "crowd".into(),
        now: 0,
        step: 1,
        weights,
        people: (0..=reps).map(person).collect(),
        reps: (0..reps).map(rep).collect(),
        sessions: (0..reps).map(session).collect(),
    }
}

#[test]
fn ten_thousand_sessions_of_one_lead_get_an_honest_answer() {
    let table = crowd(10_000, 32);
    let plan = solve_with(&table, Effort { looks: 60_000 });
    assert_eq!(plan.components.len(), 1);
    let score = Score { placed: plan.placed, cost: plan.cost };
    // The rules are looked at over what is placed alone: the slow evaluation compares each with each.
    let mut few = table.clone();
    few.sessions.retain(|session| plan.starts[&session.id].is_some());
    let dropped: i64 =
        table.sessions.iter().filter(|s| plan.starts[&s.id].is_none()).map(|s| s.drop + 60).sum();
    let placed = evaluate(&few, &plan.starts).unwrap();
    assert_eq!(score, Score { placed: placed.placed, cost: placed.cost + dropped });
    let component = &plan.components[0];
    assert!(component.nodes <= 60_000 && component.placed <= component.count_bound);
    assert_eq!(
        component.proven,
        (component.placed, component.cost) == (component.count_bound, component.cost_bound)
    );
    assert!(component.placed >= 60, "{component:?}");
}

#[test]
fn equal_tables_give_equal_plans_in_every_thread() {
    let table = crowd(14, 32);
    let text = |table: &Table| serde_json::to_string(&solve(table)).unwrap();
    let first = text(&table);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let table = table.clone();
            std::thread::spawn(move || text(&table))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), first);
    }
    assert!(solve(&table).components[0].proven);
}

#[test]
fn a_certificate_is_for_its_own_table_alone() {
    let table = crowd(6, 32);
    let (plan, certificates) = solve_with_proofs(&table, Effort::THOROUGH);
    let checked = certificates[0].check(&table).unwrap();
    assert_eq!(checked.count_bound, plan.components[0].count_bound);
    assert!(
        checked.cost_bound <= plan.cost && plan.cost - checked.cost_bound <= 5,
        "{checked:?} {}",
        plan.cost
    );
    assert_eq!(certificates[0].check(&crowd(7, 32)), None, "a session more");
    assert_eq!(certificates[0].check(&crowd(5, 32)), None, "a session less");
    let mut forged = certificates[0].clone();
    forged.cost.as_mut().unwrap().rows.iter_mut().for_each(|row| row.1 = -1_000_000);
    assert!(forged.check(&table).is_none_or(|checked| checked.cost_bound <= plan.cost));
}
