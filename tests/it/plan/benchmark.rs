//! The public benchmark: plans keep the rules, reach the proven optima, and say so.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use drumbeat::plan::evaluate::evaluate;
use drumbeat::plan::solve::{Effort, alternatives, solve_with};
use drumbeat::plan::table::Table;

const PUBLIC: &str = "../shared/planner/public";
const OPTIMAL: &str = "../shared/planner/optimal-public.json";

#[test]
fn public_instances_are_planned_and_proven_as_well_as_can_be() {
    if !Path::new(PUBLIC).exists() {
        println!("skipped: ../shared is absent");
        return;
    }
    let optimal: serde_json::Value = serde_json::from_slice(&fs::read(OPTIMAL).unwrap()).unwrap();
    let mut families: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for path in fs::read_dir(PUBLIC).unwrap().map(|entry| entry.unwrap().path()) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        // Whole companies are for scripts and the scorer: the teams in them are like those of c50.
        if file.starts_with("c1000") {
            continue;
        }
        let table = Table::parse(&read(&path)).unwrap();
        let best = &optimal[&table.name];
        let plan = solve_with(&table, Effort::THOROUGH);
        let score = evaluate(&table, &plan.starts).unwrap();
        assert_eq!((score.placed, score.cost), (plan.placed, plan.cost), "{file}: what the search counted");
        let known = best["components"].as_array().unwrap();
        assert_eq!(plan.components.len(), known.len(), "{file}");
        for (component, known) in plan.components.iter().zip(known) {
            assert_eq!(u64::from(component.first.0), known["first"].as_u64().unwrap(), "{file}");
            let known = (known["placed"].as_u64().unwrap() as usize, known["cost"].as_i64().unwrap());
            assert_eq!((component.placed, component.cost), known, "{file}: {component:?}");
            assert!(component.proven, "{file}: {component:?}");
        }
        let family = families.entry(file[..file.rfind('-').unwrap()].to_owned()).or_default();
        family.0 += plan.components.len();
        family.1 = family.1.max(plan.components.iter().map(|c| c.nodes).max().unwrap_or(0));
    }
    for (name, (components, looks)) in &families {
        println!("{name}: {components} components, at most {looks} looks for one");
    }
    assert!(families.len() >= 12, "{families:?}");
}

/// A file, unpacked.
fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_none_or(|ext| ext != "gz") {
        return bytes;
    }
    let mut json = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut json).unwrap();
    json
}

#[test]
fn alternatives_fit_beside_the_rest_of_the_plan() {
    let Ok(json) = fs::read(format!("{PUBLIC}/m8-low-00.json")) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let table = Table::parse(&json).unwrap();
    let plan = solve_with(&table, Effort::QUICK);
    assert_eq!(plan, solve_with(&table, Effort::QUICK), "equal tables, equal plans");
    let mut seen = 0;
    for (id, start) in plan.starts.iter().filter(|(_, start)| start.is_some()) {
        let mut last = i64::MIN;
        for other in alternatives(&table, &plan, *id, 5) {
            let mut starts = plan.starts.clone();
            starts.insert(*id, Some(other));
            let score = evaluate(&table, &starts).unwrap();
            assert!(Some(other) != *start && score.placed == plan.placed);
            assert!(score.cost >= last, "cheapest first");
            last = score.cost;
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}
