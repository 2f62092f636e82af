//! The weeks before Drumbeat, put together from what calendars still show.

use drumbeat::cli::replay::replay;
use drumbeat::model::fact::Fact;
use drumbeat::model::state::Put;
use drumbeat::model::zone::Zones;
use drumbeat::sim::scenario;

/// The calendars list nobody, and nothing in the title says whose 1-on-1 it is until the roster does.
const STORY: &str = "\
people   ana \"Ana Lopez\" rep, bo \"Bo Jensen\" manager, cy \"Cy Meyer\" leader
week     2026-W46
busy     ana+bo Mon 09:00-09:30 \"Inbox\"
series   \"Weekly\" ana+bo Thu 16:00
feed     of ana lists nobody
feed     of bo lists nobody
Tue 10:00  roster: ana match \"^Weekly$\"
expect   no verdict ana cancelled
";

#[test]
fn a_roster_that_is_mended_soon_mends_the_weeks_before_it() {
    let recording = scenario::parse(STORY).expect("it parses");
    let replayed = replay(&recording, Zones::bundled()).expect("it replays");
    let facts = replayed.records.iter().flat_map(|record| &record.facts);
    let took_place: Vec<u32> = facts
        .filter_map(|fact| match fact {
            Fact::Put { put } => Some(put.as_ref()),
            _ => None,
        })
        .filter_map(|put| match put {
            Put::Baseline { weeks, .. } => Some(weeks.iter().map(|(_, counts)| counts.held).sum()),
            _ => None,
        })
        .collect();
    assert!(matches!(took_place.as_slice(), [0, 1..=52]), "{took_place:?}");
}
