use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chrono::TimeDelta;

use super::*;
use crate::model::mail::{Invitation, MailKind};
use crate::model::people::PersonId;

const ANA: CalendarId = CalendarId { owner: PersonId(1), nth: 1 };
const BO: CalendarId = CalendarId { owner: PersonId(2), nth: 1 };
const FEED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";

fn done<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the made-up world never waits"),
    }
}

fn at(text: &str) -> Moment {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

/// A world of Ana and Bo from files besides the usual ones.
fn world(head: &str, files: &[(&str, &str)]) -> World {
    let head = format!("version = 1\nfrom = 2026-11-16T08:00:00Z\nuntil = 2026-11-23T08:00:00Z\n{head}");
    let usual = [
        ("recording.toml", head.as_str()),
        ("drumbeat.toml", ""),
        ("roster.csv", ""),
        ("calendars/ana@example.com/20261116T080000Z.ics", FEED),
        ("calendars/bo@example.com/20261116T080000Z.ics", FEED),
    ];
    let files = usual.iter().chain(files).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    let world = World::new(&Recording::from_files(&files.collect()).unwrap(), Zones::bundled());
    world.name(BTreeMap::from([
        (ANA, CalendarName::first("ana@example.com")),
        (BO, CalendarName::first("bo@example.com")),
    ]));
    world
}

fn fetch(world: &World, id: CalendarId) -> String {
    match done(world.fetch(id, None)) {
        Ok(Answer::Feed { bytes, .. }) => String::from_utf8(bytes).unwrap(),
        Ok(Answer::Unchanged) => "unchanged".to_owned(),
        Ok(Answer::Listing { pages, whole, .. }) => {
            format!("{whole} {}", String::from_utf8_lossy(&pages.concat()))
        }
        Ok(Answer::Busy(spans)) => format!("{spans:?}"),
        Err(error) => format!("{:?} {}", error.kind, error.code),
    }
}

/// An invitation of Ana and Bo to Thursday 15:00 UTC.
fn invitation(method: Method, sequence: u32) -> Mail {
    let ics = format!(
        "BEGIN:VCALENDAR\r\nMETHOD:{}\r\nBEGIN:VEVENT\r\nUID:x1@drumbeat\r\nSEQUENCE:{sequence}\r\n\
         DTSTART:20261119T150000Z\r\nDTEND:20261119T153000Z\r\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mai\r\n \
         lto:ana@example.com\r\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bo@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        method.as_str()
    );
    Mail {
        kind: MailKind::Booked,
        to: PersonId(1),
        to_address: "ana@example.com".to_owned(),
        to_name: String::new(),
        from_name: "Drumbeat".to_owned(),
        from_address: "drumbeat@example.com".to_owned(),
        reply_to: String::new(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        invitation: Some(Invitation { method, ics }),
        message_id: "1@drumbeat".to_owned(),
        thread: None,
        list_id: None,
        image: None,
        unsubscribe: None,
        date: at("16T08:00"),
    }
}

#[test]
fn a_calendar_answers_from_its_newest_file() {
    let world = world(
        "",
        &[
            ("calendars/ana@example.com/20261117T080000Z.error", "503\n"),
            ("calendars/ana@example.com/20261118T080000Z.error", "410"),
            ("calendars/ana@example.com/20261119T080000Z.error", "html"),
            ("calendars/bo@example.com/20261117T080000Z.error", "timeout"),
        ],
    );
    let check = |when: &str, id: CalendarId, said: &str| {
        world.set(at(when));
        let answer = fetch(&world, id);
        assert!(answer.starts_with(said), "{when}: {answer}");
    };
    check("16T07:59", ANA, "NotFound 404");
    check("16T08:00", ANA, "BEGIN:VCALENDAR");
    check("17T08:00", ANA, "Transient 503");
    check("17T08:00", BO, "Transient timeout");
    check("18T08:00", ANA, "TokenGone 410");
    check("19T08:00", ANA, "<!DOCTYPE html>");
    check("19T08:00", CalendarId { owner: PersonId(3), nth: 1 }, "NotFound 404");
    assert_eq!(world.next_change(at("17T08:00")), Some(at("18T08:00")));
    assert_eq!(world.next_change(at("19T08:00")), None);
}

#[test]
fn the_same_version_is_unchanged() {
    let world = world("", &[]);
    let Ok(Answer::Feed { validators, .. }) = done(world.fetch(ANA, None)) else { panic!("whole at first") };
    assert_eq!(done(world.fetch(ANA, Some(&validators))), Ok(Answer::Unchanged));
    done(world.send(&invitation(Method::Request, 0))).unwrap();
    let Ok(Answer::Feed { validators, .. }) = done(world.fetch(ANA, Some(&validators))) else {
        panic!("changed")
    };
    done(world.send(&invitation(Method::Request, 0))).unwrap();
    assert_eq!(done(world.fetch(ANA, Some(&validators))), Ok(Answer::Unchanged), "the same invitation again");
    assert_eq!(world.fetches(), 4);
}

#[test]
fn a_booking_is_seen_when_the_recording_says() {
    let check = |head: &str, shown: [bool; 3]| {
        let world = world(head, &[]);
        done(world.send(&invitation(Method::Request, 0))).unwrap();
        let seen = ["16T08:00", "16T13:59", "16T14:00"].map(|when| {
            world.set(at(when));
            let (ana, bo) = (fetch(&world, ANA), fetch(&world, BO));
            assert_eq!(ana, bo);
            assert!(ana.ends_with("END:VCALENDAR\r\n"));
            ana.contains("UID:x1@drumbeat")
        });
        assert_eq!(seen, shown, "{head}");
    };
    check("", [true, true, true]);
    check("visible_after = \"6h\"", [false, false, true]);
    check("visible_after = \"never\"", [false, false, false]);
}

#[test]
fn a_booking_stays_through_later_files_unless_they_say_otherwise() {
    let check = |event: &str, starts: &[&str]| {
        let later = format!(
            "BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n",
            if event.is_empty() {
                String::new()
            } else {
                format!("BEGIN:VEVENT\r\nUID:x1@drumbeat\r\n{event}\r\nEND:VEVENT\r\n")
            }
        );
        let world = world("", &[("calendars/ana@example.com/20261117T080000Z.ics", &later)]);
        done(world.send(&invitation(Method::Request, 0))).unwrap();
        world.set(at("17T08:00"));
        let feed = fetch(&world, ANA);
        let found: Vec<&str> = feed.lines().filter(|line| line.starts_with("DTSTART")).collect();
        assert_eq!(found, starts, "{event}");
        assert!(fetch(&world, BO).contains("DTSTART:20261119T150000Z"), "the other's file says nothing");
    };
    check("", &["DTSTART:20261119T150000Z"]);
    check("DTSTART;TZID=Europe/Berlin:20261119T160000", &["DTSTART:20261119T150000Z"]);
    check("DTSTART:20261120T150000Z", &["DTSTART:20261120T150000Z"]);
    let (kept, declined) = ("DTSTART:20261119T150000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:ana@example.com");
    check(&format!("{kept}\r\nSTATUS:CANCELLED"), &[kept]);
    check(&format!("{kept}\r\n{declined}"), &[kept]);
}

#[test]
fn a_cancelled_booking_is_gone_and_a_declined_one_says_so() {
    let world = world(
        "",
        &[(
            "replies.csv",
            "at,who,action,rep,option\n2026-11-16T09:00:00Z,bo@example.com,decline,ana@example.com,\n",
        )],
    );
    done(world.send(&invitation(Method::Request, 0))).unwrap();
    world.set(at("16T08:59"));
    assert!(!fetch(&world, ANA).contains("DECLINED"));
    world.set(at("16T09:00"));
    let feed = fetch(&world, ANA);
    assert!(feed.contains("ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.com"), "{feed}");
    assert!(feed.contains("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ana@example.com"), "{feed}");
    done(world.send(&invitation(Method::Request, 1))).unwrap();
    assert!(!fetch(&world, ANA).contains("DECLINED"), "a new SEQUENCE asks anew");
    done(world.send(&invitation(Method::Cancel, 2))).unwrap();
    assert_eq!(fetch(&world, ANA), FEED);
}

#[test]
fn people_move_and_delete_bookings() {
    let recorded = world("", &[]);
    let edit = |when: &str, change| {
        Deed::Edits(BookingEdit { at: at(when), rep: "ana@example.com".to_owned(), change })
    };
    recorded.0.borrow_mut().ahead = VecDeque::from([
        edit("17T08:00", BookingChange::Move(at("20T10:00"))),
        edit("18T08:00", BookingChange::Delete),
    ]);
    done(recorded.send(&invitation(Method::Request, 0))).unwrap();
    done(recorded.sleep_until(at("17T08:00")));
    let feed = fetch(&recorded, BO);
    assert!(feed.contains("DTSTART:20261120T100000Z\r\nDTEND:20261120T103000Z"), "{feed}");
    done(recorded.sleep_until(at("18T08:00")));
    assert_eq!(fetch(&recorded, BO), FEED);
}

#[test]
fn faults_come_one_by_one() {
    let world = world("", &[]);
    world.break_mail([MailFault::Busy, MailFault::AnswerLost, MailFault::Denied]);
    let mail = invitation(Method::Request, 0);
    let send = || done(world.send(&mail)).map_err(|error| error.kind);
    assert_eq!(send(), Err(ErrorKind::Transient));
    assert!(world.sent().is_empty());
    assert_eq!(send(), Err(ErrorKind::Transient));
    assert_eq!(world.sent().len(), 1, "taken, though the answer was lost");
    assert_eq!(send(), Err(ErrorKind::Denied));
    assert_eq!(send(), Ok(()));
    world.refuse("Ana@example.com");
    assert_eq!(send(), Err(ErrorKind::Invalid));
    world.break_calendar(CalendarName::first("bo@example.com"), ["dns".to_owned()]);
    assert_eq!(fetch(&world, BO), "Transient dns");
    assert_ne!(fetch(&world, BO), "Transient dns");
}

#[test]
fn a_letter_cut_in_two_by_a_fold_is_whole_again() {
    let world = world("", &[]);
    let feed = b"BEGIN:VCALENDAR\r\nX-WR-CALNAME:Zo\xc3\r\n \xab\r\nEND:VCALENDAR\r\n".to_vec();
    let at_start = BTreeMap::from([(at("16T08:00"), Said::Ics(feed))]);
    world.0.borrow_mut().calendars.insert(CalendarName::first("bo@example.com"), at_start);
    done(world.send(&invitation(Method::Request, 0))).unwrap();
    let feed = fetch(&world, BO);
    assert!(feed.contains("X-WR-CALNAME:Zo\u{eb}\r\n") && feed.contains("UID:x1@drumbeat"), "{feed}");
}

#[test]
fn an_invitation_is_in_the_calendar_of_everyone_it_was_sent_to() {
    let world = world("", &[]);
    let mut mail = invitation(Method::Request, 0);
    if let Some(invitation) = &mut mail.invitation {
        invitation.ics =
            invitation.ics.replace("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bo@example.com\r\n", "");
    }
    done(world.send(&mail)).unwrap();
    assert_eq!(fetch(&world, BO), FEED);
    mail.to_address = "Bo@example.com".to_owned();
    done(world.send(&mail)).unwrap();
    assert!(fetch(&world, BO).contains("UID:x1@drumbeat"));
}

#[test]
fn the_clock_jumps_but_never_back_by_sleeping() {
    let world = world("", &[]);
    done(world.sleep_until(world.now() + TimeDelta::hours(3)));
    assert_eq!(world.now(), at("16T11:00"));
    done(world.sleep_until(at("16T09:00")));
    assert_eq!(world.now(), at("16T11:00"));
}
