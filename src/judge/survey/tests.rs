//! Tables: how series are grouped, how a pair's 1-on-1 is known or missed, whose a calendar is, who leads whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::judge::View;
use crate::model::calendar::{Diary, Kept, Sighting};
use crate::model::event::{Event, EventStatus, Partstat, Recurrence, Shown, When};
use crate::model::fact::SessionKey;
use crate::model::people::{BookVia, CalendarId, Person, PersonId, Roster, SourceSpec};
use crate::model::survey::{Became, Every, Foreign, Happening, How, Leaf, Mend, Reading, RepLine, Why};
use crate::model::time::{Span, WorkingHours};
use crate::model::zone::{Moment, Zone, Zones};
use crate::observe::keep::Lens;

const BO: PersonId = PersonId(1);
const ANA: PersonId = PersonId(2);
const ANABEL: PersonId = PersonId(3);
const CY: PersonId = PersonId(4);

fn person(id: PersonId, address: &str, name: &str, manager: Option<PersonId>) -> Person {
    Person {
        id,
        address: address.to_owned(),
        name: name.to_owned(),
        manager,
        start_date: None,
        status: None,
        plan: None,
        leave: None,
        zone: Zone::utc(),
        hours: WorkingHours::default(),
        calendars: vec![SourceSpec::World],
        title_match: None,
        book: BookVia::Mail,
        aliases: Vec::new(),
        team_doc: None,
    }
}

fn roster() -> Roster {
    Roster::new([
        person(BO, "bo@example.com", "Bo Berg", Some(CY)),
        person(ANA, "ana@example.com", "Ana Alves", Some(BO)),
        person(ANABEL, "anabel@example.com", "Anabel Kern", Some(BO)),
        person(CY, "cy@example.com", "Cy Cole", None),
    ])
}

fn now() -> Moment {
    "2026-11-18T12:00:00Z".parse().expect("an instant")
}

/// An event of 30 minutes in so many days.
fn event(title: &str, attendees: &[&str]) -> Event {
    Event {
        uid: title.to_owned(),
        recurrence_id: None,
        this_and_future: false,
        start: When::Utc(now()),
        length: TimeDelta::minutes(30),
        recurrence: Recurrence::default(),
        status: EventStatus::Confirmed,
        shown: Shown::Busy,
        is_private: false,
        title: title.to_owned(),
        organizer: None,
        attendees: attendees
            .iter()
            .map(|address| Attendee { address: (*address).to_owned(), ..Attendee::default() })
            .collect(),
        sequence: 0,
        created: None,
        modified: None,
        link: None,
    }
}

fn rules() -> Rules {
    let text = "version = 1\ntime_zone = \"UTC\"\n[sessions]\nnot_title = 'Pipeline'\n[mail]\n\
                from = \"Drumbeat <drumbeat@example.com>\"\nops = [\"ops@example.com\"]\ntransport = \"file\"\n";
    crate::config::settings(text, "test", &Zones::bundled()).expect("is right").rules
}

/// The same happenings as they mean something to the people of `roster`, in `owner`'s calendar.
fn leaf_of(roster: &Roster, owner: PersonId, mut happenings: Vec<Happening>) -> Leaf {
    let rules = rules();
    let lens = Lens::new(Arc::new(roster.clone()), &rules.sessions, &rules.voice.from_address);
    for one in &mut happenings {
        let kept = lens.keep(one.event.as_ref().clone(), owner);
        one.sighting.kept = Arc::new(kept);
    }
    Leaf {
        calendar: CalendarId::first(owner),
        is_owned: true,
        zone: Zone::utc(),
        lists_attendees: happenings.iter().any(|one| !one.event.attendees.is_empty()),
        happenings,
    }
}

fn leaf(owner: PersonId, happenings: Vec<Happening>) -> Leaf {
    leaf_of(&roster(), owner, happenings)
}

/// It happens at these hours from now; a series, unless it is told otherwise.
fn happenings(event: &Event, hours: &[i64], recurs: bool) -> Vec<Happening> {
    let one = |hour: &i64| {
        let start = now() + TimeDelta::hours(*hour);
        Happening {
            sighting: Sighting {
                key: SessionKey {
                    lineage: if recurs { event.uid.clone() } else { format!("{}{hour}", event.uid) },
                    rid: recurs.then_some(start),
                },
                span: Span::new(start, start + event.length),
                is_all_day: false,
                is_cancelled: event.status == EventStatus::Cancelled,
                recurs,
                every_weeks: None,
                kept: Arc::new(Kept::bare(event.uid.clone(), event.start.clone())),
            },
            event: Arc::new(event.clone()),
        }
    };
    hours.iter().map(one).collect()
}

const PAIR: [&str; 2] = ["bo@example.com", "ana@example.com"];
const WEEK: i64 = 7 * 24;

#[test]
fn rhythms_are_told_from_what_was_planned() {
    let check = |hours: &[i64], recurs: bool, every: Every, slots: &str| {
        let leaf = leaf(BO, happenings(&event("x", &PAIR), hours, recurs));
        let past = Span::new(now() - TimeDelta::weeks(20), now());
        let found = series(&[leaf], &past, TimeDelta::hours(2));
        let told = found.first().map(|one| {
            let slots: Vec<String> = one.rhythm.slots.iter().map(|(day, at)| format!("{day} {at}")).collect();
            (one.rhythm.every, slots.join(", "))
        });
        assert_eq!(told, Some((every, slots.to_owned())), "{hours:?}");
    };
    check(&[-2 * WEEK, -WEEK, 0, WEEK], true, Every::Weeks(1), "Wed 12:00:00");
    check(&[-4 * WEEK, -2 * WEEK, 0], true, Every::Weeks(2), "Wed 12:00:00");
    check(&[-WEEK, -WEEK + 48, 0, 48], true, Every::Weeks(1), "Wed 12:00:00, Fri 12:00:00");
    check(&[-61 * 24, -30 * 24, 1], true, Every::Month, "");
    check(&[WEEK], true, Every::Once, "Wed 12:00:00");
    check(&[-3 * WEEK, -WEEK], false, Every::Single, "");
}

#[test]
fn only_meetings_of_two_are_series_of_two() {
    let check = |event: Event, recurs: bool, count: usize| {
        let title = event.title.clone();
        let leaf = leaf(BO, happenings(&event, &[-WEEK, WEEK], recurs));
        let past = Span::new(now() - TimeDelta::weeks(12), now());
        assert_eq!(series(&[leaf], &past, TimeDelta::hours(2)).len(), count, "{title}");
    };
    check(event("two", &PAIR), true, 1);
    check(event("three", &["bo@example.com", "ana@example.com", "cy@example.com"]), true, 0);
    check(event("of others", &["ana@example.com", "cy@example.com"]), true, 0);
    check(event("once", &PAIR), false, 0);
    check(event("without attendees", &[]), true, 1);
    check(Event { is_private: true, ..event("private", &PAIR) }, true, 0);
    check(Event { length: TimeDelta::hours(3), ..event("long", &PAIR) }, true, 0);
}

#[test]
fn each_session_became_what_either_copy_tells() {
    let mut mine = happenings(&event("x", &PAIR), &[-4 * WEEK, -3 * WEEK, -2 * WEEK, -WEEK, WEEK], true);
    let theirs = mine.clone();
    mine[1].sighting.span = Span::new(now() - TimeDelta::hours(400), now() - TimeDelta::hours(399));
    mine[2].sighting.is_cancelled = true;
    let mut declined = event("x", &PAIR);
    declined.attendees[1].partstat = Partstat::Declined;
    mine[3].event = Arc::new(declined);
    let past = Span::new(now() - TimeDelta::weeks(12), now());
    let found = series(&[leaf(BO, mine), leaf(ANA, theirs)], &past, TimeDelta::hours(2));
    assert_eq!(found.len(), 1, "both copies are one");
    let became: Vec<Became> = found[0].past.iter().map(|(.., became)| *became).collect();
    assert_eq!(became, [Became::Stood, Became::Moved, Became::Cancelled, Became::Declined]);
    assert_eq!(found[0].next, Some(now() + TimeDelta::weeks(1)));
    assert_eq!(found[0].people, [BO, ANA], "whose calendar it is comes first");
}

/// The line of a rep whose manager's calendar holds this.
fn line_of(rep: PersonId, change: impl Fn(&mut Person), happenings: Vec<Happening>) -> RepLine {
    let roster = crate::cli::setup::with_people(&roster(), change);
    let leaf = leaf_of(&roster, BO, happenings);
    let (rules, nothing, picture) = (rules(), Diary::default(), leaf.picture(now()));
    let view = View {
        now: now(),
        roster: &roster,
        rules: &rules,
        rep: roster.get(rep).expect("is there"),
        manager: roster.get(BO).expect("is there"),
        rep_picture: None,
        manager_picture: Some(&picture),
        rep_diary: &nothing,
        manager_diary: &nothing,
        other_pictures: &[],
    };
    line(&view, Sides { manager: Some(&leaf), rep: None }, 4)
}

#[test]
fn how_a_one_on_one_is_known() {
    let check = |event: Event, recurs: bool, title_match: Option<&str>, wanted: How| {
        let change = |person: &mut Person| {
            if person.id == ANA {
                person.title_match = title_match.map(str::to_owned);
            }
        };
        let line = line_of(ANA, change, happenings(&event, &[24], recurs));
        assert_eq!(line.known.as_ref().map(|(how, _)| *how), Some(wanted), "{}", event.title);
        assert_eq!(line.next, Some(now() + TimeDelta::hours(24)));
        assert_eq!(line.why, None);
        assert_eq!(line.known.and_then(|(_, title)| title).is_none(), event.is_private);
    };
    check(event("whatever", &PAIR), true, None, How::Attendees);
    check(event("our 1:1", &PAIR), false, None, How::AttendeesAndTitle);
    check(Event { is_private: true, ..event("secret", &PAIR) }, true, None, How::Private);
    let three = ["bo@example.com", "ana@example.com", "eve@example.com"];
    check(event("our 1:1", &three), true, None, How::Guests);
    check(event("1:1 Ana", &[]), true, None, How::FirstName);
    check(event("Bo and Ana Alves", &[]), true, None, How::FullName);
    check(event("AA weekly", &[]), true, Some("^AA"), How::Match);
}

#[test]
fn the_nearest_miss_is_told_with_what_would_mend_it() {
    let check = |event: Event, hours: &[i64], recurs: bool, wanted: Why, mend: Option<Mend>| {
        let line = line_of(ANA, |_| {}, happenings(&event, hours, recurs));
        assert_eq!((line.why, line.mend), (Some(wanted), mend), "{}", event.title);
        assert_eq!(line.known, None);
    };
    let pattern = |pattern: &str| Some(Mend::Match { of: ANA, pattern: pattern.to_owned() });
    let at = |hours: i64| now() + TimeDelta::hours(hours);
    let title = |event: &Event| event.title.clone();
    check(event("x", &PAIR), &[-WEEK], true, Why::Over { last: at(-WEEK) }, None);
    let off = Event { status: EventStatus::Cancelled, ..event("x", &PAIR) };
    check(off, &[24], true, Why::CalledOff { next: at(24) }, None);
    check(event("x", &PAIR), &[24], false, Why::Single { at: at(24) }, None);
    let long = Event { length: TimeDelta::hours(3), ..event("x", &PAIR) };
    check(long, &[24], true, Why::TooLong { minutes: 180, most: 120 }, None);
    let short = Event { length: TimeDelta::minutes(15), ..event("x", &PAIR) };
    check(short, &[24], true, Why::TooShort { minutes: 15, least: 20 }, None);
    let never = event("Pipeline", &PAIR);
    check(never.clone(), &[24], true, Why::Never { title: title(&never) }, None);
    let three = event("x", &["bo@example.com", "ana@example.com", "eve@example.com"]);
    check(three, &[24], true, Why::Others { count: 1, has_leader: false }, None);
    let led = event("x", &["bo@example.com", "ana@example.com", "cy@example.com"]);
    check(led, &[24], true, Why::Others { count: 1, has_leader: true }, None);
    let address = || "a.alves@old.example".to_owned();
    let stranger = event("x", &["bo@example.com", "a.alves@old.example"]);
    let alias = Some(Mend::Alias { of: ANA, address: address() });
    check(stranger, &[24], true, Why::Alias { of: ANA, address: address() }, alias);
    let other = event("x", &["bo@example.com", "eve@example.com"]);
    check(other, &[24], true, Why::Nothing, None);
    let wordless = event("Ana (weekly)", &[]);
    let (words, mend) = (Why::NoWord { title: title(&wordless) }, pattern(r"^Ana \(weekly\)$"));
    check(wordless, &[24], true, words, mend);
    let nearly = event("Alves", &[]);
    check(nearly.clone(), &[24], true, Why::Nearly { title: title(&nearly) }, pattern("^Alves$"));
    check(event("Staff", &[]), &[24], true, Why::NoAttendees, None);
}

#[test]
fn a_first_name_of_two_is_told_and_mended_only_where_a_letter_parts_them() {
    let check = |title: &str, is_mended: bool| {
        let same = |person: &mut Person| {
            if person.id == ANABEL {
                person.name = "Ana Kern".to_owned();
            }
        };
        let line = line_of(ANA, same, happenings(&event(title, &[]), &[24], true));
        assert_eq!(line.why, Some(Why::Ambiguous { title: title.to_owned() }), "{title}");
        assert_eq!(line.mend.is_some(), is_mended, "{title}");
    };
    check("1:1 Ana", false);
    check("1:1 Ana A", true);
}

#[test]
fn somebody_under_another_address_is_known_by_name_or_by_what_is_before_the_at() {
    let roster = roster();
    let ana = roster.get(ANA).expect("is there");
    let check = |address: &str, name: &str, wanted: bool| {
        let attendee = Attendee { address: address.into(), name: name.into(), ..Attendee::default() };
        assert_eq!(is_like(ana, &attendee), wanted, "{address} {name}");
    };
    check("ana@old.example", "", true);
    check("x7@old.example", "Alves, Ana", true);
    check("a.alves@old.example", "", true);
    check("alves.ana@old.example", "", true);
    check("b.alves@old.example", "", false);
    check("anabel@old.example", "", false);
    check("x7@old.example", "Ana", false);
    check("no address", "", false);
}

#[test]
fn whose_a_calendar_is_shows_in_its_name_or_its_events() {
    let of = |name: &str, each: &[&[&str]]| Reading {
        name: Some(name.to_owned()),
        events: each.iter().map(|attendees| event("x", attendees)).collect(),
        ..Reading::default()
    };
    let two: [&[&str]; 3] = [&PAIR, &PAIR, &["ana@example.com", "eve@example.com"]];
    let check = |reading: &Reading, wanted: Option<&str>| {
        assert_eq!(whose(reading, &rules()).as_deref(), wanted, "{:?}", reading.name);
    };
    check(&of("Ana@Example.com", &[]), Some("ana@example.com"));
    check(&of("c_1@group.calendar.google.com", &[]), None);
    check(&of("Calendar", &two), Some("ana@example.com"));
    check(&of("Calendar", &[&PAIR, &PAIR, &PAIR]), None);
    check(&of("Calendar", &[&["ana@example.com"]]), None);

    let roster = roster();
    let bo = roster.get(BO).expect("is there");
    let check = |reading: &Reading, wanted: Option<Foreign>| {
        assert_eq!(foreign(bo, reading, &roster, &rules()), wanted, "{:?}", reading.name);
    };
    let others: [&[&str]; 3] = [&["ana@example.com", "eve@example.com"]; 3];
    check(&of("Bo Berg", &two), None);
    check(&of("Ana Alves", &two), Some(Foreign::Named { name: "Ana Alves".into() }));
    check(&of("Calendar", &others), Some(Foreign::Full { address: "ana@example.com".into() }));
    let alias: [&[&str]; 3] = [&["b.berg@old.example", "ana@example.com"]; 3];
    let mut alias = of("Calendar", &alias);
    alias.events[0].attendees.truncate(1);
    check(&alias, Some(Foreign::Alias { address: "b.berg@old.example".into() }));
}

#[test]
fn who_has_most_one_on_ones_leads() {
    let check = |pairs: &[(u32, u32)], wanted: &[(u32, Option<u32>)]| {
        let pairs = pairs.iter().map(|(one, other)| (PersonId(*one), PersonId(*other))).collect();
        let guesses: BTreeMap<u32, Option<u32>> = managers(&pairs)
            .into_iter()
            .filter_map(|(who, guess)| match guess {
                Guess::Manager(manager) => Some((who.0, Some(manager.0))),
                Guess::Top => Some((who.0, None)),
                Guess::Unsure(_) => None,
            })
            .collect();
        assert_eq!(guesses, wanted.iter().copied().collect(), "{pairs:?}");
    };
    // Two managers with their teams, and who leads both.
    let two = [(1, 11), (1, 12), (1, 13), (2, 21), (2, 22), (9, 1), (9, 2)];
    let told = [(11, Some(1)), (12, Some(1)), (13, Some(1)), (21, Some(2)), (22, Some(2))];
    check(&two, &[&told[..], &[(1, Some(9)), (2, Some(9)), (9, None)]].concat());
    // A rep whom the leader meets, too.
    let skip = [&two[..], &[(9, 11)]].concat();
    check(&skip, &[&told[..], &[(1, Some(9)), (2, Some(9)), (9, None)]].concat());
    // Two who meet only each other: nobody knows.
    check(&[(1, 2)], &[]);
    // Two managers who meet each other: nobody knows of these two.
    check(&two[..5].iter().copied().chain([(1, 2)]).collect::<Vec<_>>(), &told);
    check(&[], &[]);
}
