//! The made-up world: recordings are read whole, and scenarios compile to recordings that make sense.

use std::path::Path;

use drumbeat::sim::recording::Recording;

#[test]
fn every_shared_recording_reads() {
    let folder = Path::new("../shared/recordings");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mut read = 0;
    for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let recording =
            Recording::read(&entry.path()).unwrap_or_else(|error| panic!("{:?}: {error}", entry.path()));
        assert!(!recording.calendars.is_empty() && !recording.expected.is_empty(), "{:?}", entry.path());
        assert!(recording.calendars.keys().all(|name| recording.roster.contains(&name.address)));
        read += 1;
    }
    assert!(read > 0, "no recordings in {}", folder.display());
}
