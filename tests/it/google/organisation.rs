//! The real binary over an organisation of five hundred calendars: a first look in pages, many edits at once, tokens that
//! expire, refusals in storms, pages that break off, answers that are lost, and SIGKILL in the middle of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::TimeDelta;
use drumbeat::gcal;
use drumbeat::io::clock::SystemClock;
use drumbeat::model::fact::{Fact, Outcome, RecoveryId};
use drumbeat::model::people::PersonId;
use drumbeat::model::time::Span;
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::ports::Clock as _;
use drumbeat::sim::google::{Fault, Server, Trouble};
use serde_json::json;

use super::super::cli::site::{Daemon, Site};
use super::{Served, insert, service_account};

/// Managers, and reps of each.
const MANAGERS: usize = 50;
const REPS: usize = 9;

/// What is done to the 1-on-1 of the nth rep of each manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    SentAgain,
    Cancelled,
    Moved,
    Declined,
    SeriesDeleted,
    SplitAtItsTime,
    SplitToAnotherTime,
    SwappedWithTheNext,
    SwappedWithTheOneBefore,
}

const EDITS: [Edit; REPS] = [
    Edit::SentAgain,
    Edit::Cancelled,
    Edit::Moved,
    Edit::Declined,
    Edit::SeriesDeleted,
    Edit::SplitAtItsTime,
    Edit::SplitToAnotherTime,
    Edit::SwappedWithTheNext,
    Edit::SwappedWithTheOneBefore,
];

impl Edit {
    /// Whether it leaves the week short.
    fn loses(self) -> bool {
        matches!(self, Self::Cancelled | Self::Declined | Self::SeriesDeleted)
    }
}

fn manager(m: usize) -> String {
    format!("manager{m}@example.com")
}

fn rep(m: usize, r: usize) -> String {
    format!("rep{m}x{r}@example.com")
}

fn series(m: usize, r: usize) -> String {
    format!("series{m}r{r}")
}

/// When each rep meets their manager: a few hours from now, one after the other.
fn start(base: Moment, r: usize) -> Moment {
    base + TimeDelta::minutes(40 * r as i64)
}

/// Everybody, a weekly series for each pair, and some past of each, so that a first look has several pages.
fn fill(server: &mut Server, base: Moment) {
    server.quota(usize::MAX, usize::MAX);
    for m in 0..MANAGERS {
        server.person(&manager(m), "UTC");
        for r in 0..REPS {
            server.person(&rep(m, r), "UTC");
        }
    }
    for m in 0..MANAGERS {
        for r in 0..REPS {
            let at = start(base, r);
            let point = |at: Moment| json!({ "dateTime": at.to_rfc3339(), "timeZone": "UTC" });
            let event = json!({
                "id": series(m, r), "summary": "1:1", "start": point(at - TimeDelta::weeks(3)),
                "end": point(at - TimeDelta::weeks(3) + TimeDelta::minutes(30)), "recurrence": ["RRULE:FREQ=WEEKLY"],
                "attendees": [
                    { "email": manager(m), "responseStatus": "accepted" },
                    { "email": rep(m, r), "responseStatus": "accepted" },
                ],
            });
            insert(server, &manager(m), &event);
            let past = base - TimeDelta::days(10);
            for n in 0..3 {
                let from = past + TimeDelta::hours(n);
                let event = json!({ "summary": "past", "start": point(from), "end": point(from + TimeDelta::minutes(15)) });
                insert(server, &rep(m, r), &event);
            }
        }
    }
    server.page_size(3);
    server.quota(10_000, 600);
}

/// Does to each pair of a manager what `EDITS` says.
fn edit(server: &mut Server, base: Moment, m: usize) {
    let bo = manager(m);
    for (r, edit) in EDITS.iter().enumerate() {
        let (ana, series, at) = (rep(m, r), series(m, r), start(base, r));
        let instance = Server::instance_id(&series, at);
        let half_hour = |at: Moment| Span::new(at, at + TimeDelta::minutes(30));
        match edit {
            Edit::SentAgain => server.resends(&bo, &series),
            Edit::Cancelled => server.deletes(&bo, &instance),
            Edit::Moved => server.moves(&bo, &instance, half_hour(at + TimeDelta::minutes(5))),
            Edit::Declined => server.answers(&bo, &ana, &instance, "declined"),
            Edit::SeriesDeleted => server.deletes(&bo, &series),
            Edit::SplitAtItsTime => drop(server.splits(&bo, &series, at, at)),
            Edit::SplitToAnotherTime => drop(server.splits(&bo, &series, at, at + TimeDelta::minutes(7))),
            Edit::SwappedWithTheNext => server.moves(&bo, &instance, half_hour(start(base, r + 1))),
            Edit::SwappedWithTheOneBefore => server.moves(&bo, &instance, half_hour(start(base, r - 1))),
        }
    }
}

/// Who the numbers of a state directory are.
fn addresses(site: &Site) -> BTreeMap<PersonId, String> {
    let text = std::fs::read_to_string(site.path("state/people.csv")).expect("is there");
    let row = |line: &str| {
        let mut cells = line.split(',');
        Some((PersonId(cells.next()?.parse().ok()?), cells.next()?.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// The organisation's configuration, with Google at the stand-in.
fn site(served: &Served) -> Site {
    let site = Site::new();
    let mut roster =
        "email,name,manager,start_date,status,calendar\ncy@example.com,Cy Cole,,,none,\n".to_owned();
    served.server().person("cy@example.com", "UTC");
    for m in 0..MANAGERS {
        writeln!(roster, "{},Manager {m},cy@example.com,,none,google", manager(m)).expect("text takes text");
        for r in 0..REPS {
            writeln!(roster, "{},Rep {m} {r},{},2020-01-01,,google", rep(m, r), manager(m))
                .expect("text takes text");
        }
    }
    site.write("roster.csv", &roster);
    site.write("service-account.json", &service_account());
    site.configure(&format!(
        "listen = \"\"\n[google]\npoll = \"5s\"\ndaily_calls = 1000000000\napi_url = \"{}\"\n",
        served.url
    ));
    site
}

/// Reads the log until so many bookings were made.
fn until_booked(daemon: &mut Daemon, bookings: usize) {
    for _ in 0..bookings {
        daemon.until("a 1-on-1 was booked in a calendar");
    }
}

#[test]
fn five_hundred_calendars_in_a_bad_hour() {
    let served = Served::new();
    let base = SystemClock.now() + TimeDelta::hours(3);
    fill(&mut served.server(), base);
    let site = site(&served);
    let mut daemon = site.start();
    daemon.until("ready");
    let refuse = |status: u16, reason: &str, times| Fault {
        call: None,
        calendar: None,
        times,
        trouble: Trouble::Refused {
            status,
            reason: reason.to_owned(),
            retry_after: (status == 429).then_some(1),
        },
    };
    let some =
        |call: &str, times, trouble| Fault { call: Some(call.to_owned()), calendar: None, times, trouble };
    for m in 0..MANAGERS {
        edit(&mut served.server(), base, m);
        let mut server = served.server();
        match m {
            10 => server.expire_sync_tokens(),
            15 => server.trouble(refuse(429, "rateLimitExceeded", 60)),
            20 => server.trouble(refuse(403, "userRateLimitExceeded", 60)),
            25 => server.trouble(some("list", 40, Trouble::Torn)),
            30 => server.trouble(refuse(503, "backendError", 40)),
            _ => {}
        }
        // Every tenth insertion is done and not answered.
        if m % 10 == 0 {
            server.trouble(some("insert", 1, Trouble::Lost));
        }
    }
    let lost = EDITS.iter().filter(|edit| edit.loses()).count() * MANAGERS;
    until_booked(&mut daemon, lost / 3);
    daemon.signal("KILL");
    drop(daemon);
    let booked_before = booked(&site).values().filter(|events| events.written).count();
    let mut daemon = site.start();
    until_booked(&mut daemon, lost - booked_before);
    daemon.stop();
    nothing_false(&site, lost);
    nothing_twice(&site, &served.server(), lost);
    within_quota(&served.server());
    site.check(&["verify"], 0, &["all is well"]);
}

/// What the ledger says of the booking of each recovery.
#[derive(Debug, Default)]
struct Booked {
    events: BTreeSet<String>,
    written: bool,
}

fn booked(site: &Site) -> BTreeMap<RecoveryId, Booked> {
    use drumbeat::model::state::Put;
    let mut booked: BTreeMap<RecoveryId, Booked> = BTreeMap::new();
    for fact in site.facts() {
        match fact {
            Fact::Booked { recovery, event, .. } => {
                booked.entry(recovery).or_default().events.insert(event);
            }
            Fact::Put { put } => {
                if let Put::Recovery { recovery } = *put {
                    let is_written = recovery.booking.as_ref().is_some_and(|booking| booking.is_written);
                    if is_written {
                        booked.entry(recovery.id).or_default().written = true;
                    }
                }
            }
            _ => {}
        }
    }
    booked
}

/// Verdicts of a loss are of those who lost something, one each, and nobody else has a recovery.
fn nothing_false(site: &Site, lost: usize) {
    let names = addresses(site);
    let nth = |who: &PersonId| {
        let address = &names[who];
        address
            .split('@')
            .next()
            .and_then(|name| name.rsplit_once('x')?.1.parse::<usize>().ok())
            .expect("a rep")
    };
    let mut fallen = BTreeSet::new();
    for fact in site.facts() {
        match fact {
            Fact::Verdict {
                rep, verdict: Outcome::Cancelled | Outcome::Declined | Outcome::Ended, ..
            } => {
                assert!(EDITS[nth(&rep)].loses(), "{} lost nothing", names[&rep]);
                assert!(fallen.insert(rep), "{} lost one, not two", names[&rep]);
            }
            Fact::Verdict { rep, verdict, .. } => {
                assert!(matches!(verdict, Outcome::Rescheduled), "{verdict:?} of {}", names[&rep]);
                assert!(!EDITS[nth(&rep)].loses(), "{}", names[&rep]);
            }
            Fact::Recovery { rep, .. } => assert!(EDITS[nth(&rep)].loses(), "{} needs none", names[&rep]),
            Fact::Escalated { rep, .. } => panic!("{} was escalated", names[&rep]),
            _ => {}
        }
    }
    assert_eq!(fallen.len(), lost, "none is forgotten");
}

/// One event for each recovery, in the ledger and at Google.
fn nothing_twice(site: &Site, server: &Server, lost: usize) {
    let booked = booked(site);
    assert_eq!(booked.len(), lost);
    assert!(booked.values().all(|one| one.written && one.events.len() == 1), "{booked:?}");
    let mut standing: BTreeMap<String, usize> = BTreeMap::new();
    for m in 0..MANAGERS {
        for event in server.events(&manager(m)) {
            let placed = gcal::placed(event.to_string().as_bytes(), &Zones::bundled());
            if let Some(mark) = placed.filter(|placed| !placed.is_cancelled).and_then(|placed| placed.mark) {
                *standing.entry(mark).or_default() += 1;
            }
        }
    }
    assert_eq!(standing.len(), lost);
    assert!(standing.values().all(|events| *events == 1), "{standing:?}");
    site.message_ids();
}

fn within_quota(server: &Server) {
    let counters = server.counters();
    println!("{counters:#?}");
    assert!(counters.most_in_a_minute <= 10_000 && counters.most_of_one_in_a_minute <= 600, "{counters:?}");
    assert!(
        counters.calls["list 410"] > 0 && counters.calls["list 429"] > 0 && counters.calls["insert 409"] > 0
    );
}
