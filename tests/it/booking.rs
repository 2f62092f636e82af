//! Bookings in Google's calendar through the whole loop: answers lost, refusals, deletions, and people who were faster.

use chrono::TimeDelta;
use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER, Replayed};
use drumbeat::model::fact::{Fact, RecoveryState, ReleaseWhy};
use drumbeat::model::letter::Letter;
use drumbeat::model::mail::{Mail, MailKind};
use drumbeat::model::people::BookVia;
use drumbeat::model::series::SeriesStage;
use drumbeat::model::state::Put;
use drumbeat::model::zone::Zones;
use drumbeat::ports::Bookings as _;
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::recording::Recording;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;
use drumbeat::sim::world::{BookingFault, World};

use super::as_google::{Tokens, as_google};

/// Ana's 1-on-1 on Thursday is deleted on Tuesday; Bo has time on Thursday and Friday.
const STORY: &str = "\
people   ana \"Ana Lopez\" rep, bo \"Bo Jensen\" manager, cy \"Cy Meyer\" leader
week     2026-W46
series   ana+bo Thu 16:00
busy     bo Tue-Wed 09:00-17:30 once
Tue 10:00  bo deletes the Thu instance
expect   1 verdict ana cancelled
";

fn story(more: &str) -> Recording {
    as_google(scenario::parse(&format!("{STORY}{more}")).expect("it parses"), Tokens::Hold)
}

/// What a replay came to, and its world.
struct Told {
    replayed: Replayed,
    world: World,
}

/// Replays it; `restarts`: the daemon is started anew before every tick.
fn tell(recording: &Recording, faults: &[BookingFault], restarts: bool) -> Told {
    let mut between = |disk: Disk| disk;
    let mut engine = Engine::new(recording, Zones::bundled()).expect("it replays");
    engine.world().break_bookings(faults.iter().copied());
    let world = engine.world().clone();
    if restarts {
        engine.between = Some(&mut between);
    }
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 64)), Box::new(MemoryStore::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (replayed, _) = runtime.block_on(engine.run(disk)).expect("it replays");
    Told { replayed, world }
}

impl Told {
    fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.replayed.records.iter().flat_map(|record| &record.facts)
    }

    fn mails(&self, kind: MailKind) -> Vec<&Mail> {
        self.replayed.mails.iter().map(|(_, mail)| mail).filter(|mail| mail.kind == kind).collect()
    }

    /// How each booking was written, in order.
    fn booked(&self) -> Vec<BookVia> {
        let via = |fact: &Fact| match fact {
            Fact::Booked { via, .. } => Some(*via),
            _ => None,
        };
        self.facts().filter_map(via).collect()
    }

    fn recoveries(&self) -> Vec<(u32, RecoveryState)> {
        let state = |fact: &Fact| match fact {
            Fact::Recovery { attempt, state, .. } => Some((*attempt, *state)),
            _ => None,
        };
        self.facts().filter_map(state).collect()
    }

    /// Whether each event and invitation of ours still stands at the end.
    fn standing(&self) -> Vec<bool> {
        self.world.booked().into_iter().map(|(_, stands)| stands).collect()
    }
}

#[test]
fn an_event_is_booked_and_both_are_told_without_an_invitation() {
    let told = tell(&story(""), &[], false);
    assert_eq!(told.booked(), [BookVia::Google]);
    assert_eq!(told.standing(), [true]);
    let mails = told.mails(MailKind::Booked);
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.invitation.is_none() && mail.text.contains("in your calendar")));
    assert_eq!(told.recoveries().last(), Some(&(1, RecoveryState::Closed)));
}

/// Fault 3: the answer is lost after the calendar has made the event; also with a start between all ticks.
#[test]
fn fault_3_an_insertion_whose_answer_was_lost_is_adopted() {
    for restarts in [false, true] {
        let told = tell(&story(""), &[BookingFault::AnswerLost], restarts);
        assert_eq!(told.standing(), [true], "one event");
        assert_eq!(told.booked(), [BookVia::Google]);
        assert_eq!(told.mails(MailKind::Booked).len(), 2, "each is told once");
        assert_eq!(told.recoveries().last(), Some(&(1, RecoveryState::Closed)));
    }
}

#[test]
fn nobody_is_told_of_what_is_not_written_yet() {
    let told = tell(&story(""), &[BookingFault::Busy; 4], false);
    assert_eq!(told.standing(), [true]);
    let first = |kind| told.replayed.mails.iter().find(|(_, mail)| mail.kind == kind).map(|(at, _)| *at);
    let decided = told
        .replayed
        .records
        .iter()
        .find(|record| record.facts.iter().any(|fact| matches!(fact, Fact::Booked { .. })));
    let waited = first(MailKind::Booked).expect("told") - decided.expect("decided").at;
    assert!(waited >= TimeDelta::seconds(30 + 60 + 120 + 240), "{waited}");
}

#[test]
fn what_was_deleted_before_it_was_known_is_not_made_again_under_its_name() {
    let told = tell(&story(""), &[BookingFault::LostAndDeleted], false);
    let booked = told.world.booked();
    assert_eq!(told.standing(), [false, true]);
    assert_ne!(booked[0].0, booked[1].0, "another attempt has another id");
    let gone = |fact: &&Fact| matches!(fact, Fact::Released { why: ReleaseWhy::Deleted, .. });
    assert_eq!(told.facts().filter(gone).count(), 1);
    assert_eq!(told.mails(MailKind::Booked).len(), 2, "of the second alone");
    assert_eq!(told.recoveries().last(), Some(&(2, RecoveryState::Closed)));
}

#[test]
fn a_calendar_that_may_not_be_written_is_gone_around_by_mail() {
    let told = tell(&story(""), &[BookingFault::Denied], false);
    assert_eq!(told.booked(), [BookVia::Google, BookVia::Mail]);
    assert_eq!(
        told.facts().filter(|fact| matches!(fact, Fact::FellBack { why, .. } if why == "forbidden")).count(),
        1
    );
    let mails = told.mails(MailKind::Booked);
    assert_eq!(mails.iter().filter(|mail| mail.invitation.is_some()).count(), 2);
    assert_eq!(told.standing(), [true], "the invitation");
    let ops = told.mails(MailKind::Ops);
    assert_eq!(ops.iter().filter(|mail| mail.subject.contains("refused")).count(), 1);
    assert_eq!(told.recoveries().last(), Some(&(1, RecoveryState::Closed)));
}

/// An earlier try may have made the event: then a refusal of a later one is no reason for an invitation beside it.
#[test]
fn a_refusal_after_a_lost_answer_books_nothing_twice() {
    let told = tell(&story(""), &[BookingFault::AnswerLost, BookingFault::Denied], false);
    assert_eq!(told.standing(), [true]);
    assert_eq!(told.booked(), [BookVia::Google]);
    assert_eq!(told.mails(MailKind::Booked).len(), 2);
    let first_denied = tell(&story(""), &[BookingFault::Busy, BookingFault::Denied], false);
    assert_eq!(first_denied.booked(), [BookVia::Google, BookVia::Mail], "nothing stands, so by mail");
    assert_eq!(first_denied.standing(), [true]);
}

#[test]
fn v15_a_booking_is_taken_back_for_a_meeting_of_their_own() {
    let told = tell(&story("Wed 10:00  bo creates \"1:1 Ana\" Fri 17:00 with ana\n"), &[], false);
    assert_eq!(told.standing(), [false]);
    let mails = told.mails(MailKind::Released);
    assert_eq!(mails.len(), 2);
    assert!(
        mails.iter().all(|mail| mail.invitation.is_none() && mail.text.contains("gone from both calendars"))
    );
}

#[test]
fn undo_deletes_the_event_and_asks_before_the_next() {
    let told = tell(&story("Tue 12:00  bo undoes for ana\n"), &[], false);
    assert_eq!(told.standing().first(), Some(&false));
    assert_eq!(told.mails(MailKind::Proposal).len(), 1);
}

#[test]
fn a_deletion_is_only_of_the_version_that_was_read() {
    let recording = story("");
    let told = tell(&recording, &[], false);
    let (uid, _) = told.world.booked().remove(0);
    let id = uid.trim_end_matches("@google.com").to_owned();
    let bo = told.replayed.setup.roster.by_address("bo@example.com").expect("Bo");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let stale = runtime.block_on(told.world.delete(bo, &id, "\"0\"")).expect_err("another version");
    assert_eq!(stale.code, "412");
    let read = runtime.block_on(told.world.read(bo, &id)).expect("is there");
    let etag = drumbeat::gcal::placed(&read, &Zones::bundled()).expect("an event").etag;
    assert_eq!(runtime.block_on(told.world.delete(bo, &id, &etag)), Ok(()));
    assert_eq!(runtime.block_on(told.world.delete(bo, &id, &etag)).expect_err("gone").code, "410");
}

/// All that is written to somebody about one recovery is one thread: the proposal, the booking, the escalation and its end.
#[test]
fn one_recovery_is_one_thread_for_each_reader() {
    let recording = scenario::parse(
        "people   ana rep, bo manager, cy leader\n\
         mode     propose\n\
         config   policy.on_silence = \"escalate\"\n\
         week     2026-W46\n\
         busy     ana+bo Mon 09:00-09:30 \"Inbox\"\n\
         series   ana+bo Fri 16:00\n\
         Mon 10:00  bo deletes the Fri instance\n\
         Wed 16:50  bo accepts for ana\n\
         expect   1 booked\n",
    );
    let told = tell(&recording.unwrap_or_else(|_| panic!("it parses")), &[], false);
    let to_bo: Vec<&Mail> = told
        .replayed
        .mails
        .iter()
        .map(|(_, mail)| mail)
        .filter(|mail| mail.to_address.starts_with("bo@") && mail.kind != MailKind::Welcome)
        .collect();
    let kinds: Vec<MailKind> = to_bo.iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds[0], MailKind::Proposal, "{kinds:?}");
    assert!(kinds.contains(&MailKind::Escalation) && kinds.contains(&MailKind::Booked), "{kinds:?}");
    let root = Some(to_bo[0].message_id.clone());
    assert_eq!(to_bo[0].thread, None);
    for mail in &to_bo[1..] {
        assert_eq!(mail.thread, root, "{:?} {}", mail.kind, mail.subject);
    }
}

/// What a proposal says that silence will book is what silence books.
#[test]
fn silence_books_the_time_that_was_named() {
    let recording = scenario::parse(
        "people   ana rep, bo manager, cy leader\n\
         mode     propose\n\
         week     2026-W46\n\
         busy     ana+bo Mon 09:00-09:30 \"Inbox\"\n\
         series   ana+bo Thu 16:00\n\
         Mon 22:00  bo deletes the Thu instance\n\
         expect   1 booked\n",
    );
    let told = tell(&recording.unwrap_or_else(|_| panic!("it parses")), &[], false);
    let offers = told.facts().find_map(|fact| match fact {
        Fact::Proposed { options, deadline, .. } => Some((options.clone(), (*deadline)?)),
        _ => None,
    });
    let (offers, deadline) = offers.expect("times were offered");
    let booked = told.facts().find_map(|fact| match fact {
        Fact::Booked { start, .. } => Some(*start),
        _ => None,
    });
    let wanted =
        offers.iter().position(|start| *start >= deadline + TimeDelta::hours(4)).expect("one in time");
    assert_eq!(booked, Some(offers[wanted]));
    let named = told.facts().find_map(|fact| match fact {
        Fact::Put { put } => match put.as_ref() {
            Put::Outbox { row } => match &row.letter {
                Letter::Proposal { items, .. } => items[0].silence,
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    assert_eq!(named, Some(wanted as u32 + 1), "the mail names it");
}

/// Ana has no series: Bo is asked for one on the third Monday, takes it, and it begins a week later.
fn series(more: &str) -> Recording {
    let story = "\
people   ana \"Ana Lopez\" rep, bo \"Bo Jensen\" manager, cy \"Cy Meyer\" leader
week     2026-W46
busy     ana+bo Mon 09:00-09:30 \"Inbox\"
week     2026-W49
2026-11-23 11:00  bo picks series 1 for ana
";
    as_google(scenario::parse(&format!("{story}{more}")).expect("it parses"), Tokens::Hold)
}

/// The stages that a series went through, with how it was booked.
fn stages(told: &Told) -> Vec<(SeriesStage, Option<BookVia>)> {
    let stage = |fact: &Fact| match fact {
        Fact::Series { state, via, .. } => Some((*state, *via)),
        _ => None,
    };
    told.facts().filter_map(stage).collect()
}

#[test]
fn a_series_is_one_recurring_event_whatever_becomes_of_the_answer() {
    use SeriesStage::{Booked, Proposed};
    for faults in [Vec::new(), vec![BookingFault::AnswerLost]] {
        for restarts in [false, true] {
            // Three single ones come before it.
            let told = tell(&series(""), &faults, restarts);
            assert_eq!(told.standing(), [true; 4], "{faults:?} {restarts}");
            assert_eq!(stages(&told), [(Proposed, None), (Booked, Some(BookVia::Google))]);
            assert_eq!(told.booked().len(), 3, "nothing is booked beside the series");
            let mails = told.mails(MailKind::Booked);
            assert_eq!(mails.len(), 8, "each is told once");
            assert!(mails.iter().all(|mail| mail.invitation.is_none()));
            let (uid, _) = told.world.booked().pop().expect("the series");
            let bo = told.replayed.setup.roster.by_address("bo@example.com").expect("Bo");
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let read = runtime.block_on(told.world.read(bo, uid.trim_end_matches("@google.com")));
            let text = String::from_utf8(read.expect("is there")).expect("text");
            assert!(text.contains("\"RRULE:FREQ=WEEKLY;BYDAY="), "{text}");
        }
    }
}

#[test]
fn a_series_that_may_not_be_written_goes_out_as_an_invitation() {
    let told = tell(&series(""), &[BookingFault::Denied; 4], false);
    let last = told.mails(MailKind::Booked).pop().and_then(|mail| mail.invitation.clone()).expect("is there");
    assert!(last.ics.contains("\r\nRRULE:FREQ=WEEKLY;BYDAY="), "{}", last.ics);
    assert!(last.ics.contains("BEGIN:VTIMEZONE"), "{}", last.ics);
    assert_eq!(stages(&told).last(), Some(&(SeriesStage::Booked, Some(BookVia::Mail))));
    assert_eq!(
        told.booked().len(),
        6,
        "three in the calendar, three by mail after all; none beside the series"
    );
}

#[test]
fn undo_deletes_the_series_as_a_whole() {
    let told = tell(&series("2026-11-24 11:00  bo undoes series for ana\n"), &[], false);
    let standing = told.standing();
    assert_eq!(standing.len(), 5, "a single one is booked again");
    assert_eq!(standing.iter().filter(|stands| !**stands).count(), 1);
    assert_eq!(stages(&told).last(), Some(&(SeriesStage::Released, Some(BookVia::Google))));
    assert_eq!(told.mails(MailKind::Released).len(), 2);
}
