//! iCalendar: the corpus, one bad thing in a feed, an independent parser as oracle, and the way back.

use std::path::{Path, PathBuf};

use drumbeat::ical::{self, Limits, Problem};

const CORPUS: &str = "../shared/fixtures/ics";

/// The files of the corpus with the number of VEVENTs in each; `None` where it is not there.
fn corpus() -> Option<Vec<(PathBuf, usize)>> {
    let Ok(table) = std::fs::read_to_string(Path::new(CORPUS).join("EVENTS.tsv")) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let rows = table.lines().skip(1).filter_map(|line| line.split_once('\t'));
    Some(rows.map(|(file, count)| (Path::new(CORPUS).join(file), count.parse().expect("a number"))).collect())
}

#[test]
fn every_event_of_the_corpus_is_given() {
    let Some(files) = corpus() else { return };
    let (mut whole, mut vevents, mut given, mut wrong) = (0, 0, 0, Vec::new());
    for (file, expected) in &files {
        let parsed = ical::parse(&std::fs::read(file).expect("a file"), &Limits::default());
        whole += usize::from(parsed.vevents == *expected);
        vevents += parsed.vevents;
        given += parsed.events.len();
        let aside = [Problem::Start, Problem::RecurrenceId, Problem::DatesLimit];
        let aside: usize = aside.iter().map(|problem| parsed.problems.count(*problem)).sum();
        if parsed.vevents != *expected || parsed.events.len() + aside != *expected {
            wrong.push(format!(
                "{}: expected {expected}, seen {}, given {}, {:?}",
                file.display(),
                parsed.vevents,
                parsed.events.len(),
                parsed.problems
            ));
        }
    }
    let all: usize = files.iter().map(|(_, count)| count).sum();
    println!(
        "corpus: {whole} of {} files with every VEVENT; {vevents} of {all} VEVENTs seen, {given} given",
        files.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
