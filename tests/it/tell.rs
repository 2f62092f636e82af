//! The words: every mail and page as a picture in text, and what no name may ever do to them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drumbeat::model::fact::{
    CloseReason, Confidence, Outcome, RecoveryId, ReleaseWhy, SourceState, Trigger, WeekCounts,
};
use drumbeat::model::letter::{
    AtRisk, BookedHow, Change, Displaced, Fallen, Health, HealthLine, Letter, NoSlotWhy, Offer, OpsNews,
    ProposalItem,
};
use drumbeat::model::mail::{Invitation, Mail, MailKind, Method};
use drumbeat::model::people::{BookVia, CalendarId, PersonId};
use drumbeat::model::policy::{Mode, OnSilence, Voice};
use drumbeat::model::state::OutboxRow;
use drumbeat::model::time::{Span, Week};
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::tell::link::{self, LinkKey};
use drumbeat::tell::mails::{self, Context, Extras};
use drumbeat::tell::names::Addressee;
use drumbeat::tell::report;
use proptest::prelude::*;

mod explain;
mod pages;

pub const CY: PersonId = PersonId(1);
pub const BO: PersonId = PersonId(3);
pub const ANA: PersonId = PersonId(7);
pub const DI: PersonId = PersonId(8);
pub const OPS: PersonId = PersonId(90);
pub const KEY: LinkKey = LinkKey([7; 32]);

pub fn at(text: &str) -> Moment {
    text.parse().expect("an instant")
}

pub fn people(id: PersonId) -> Option<Addressee> {
    let (address, name, zone) = match id {
        CY => ("cy.leader@example.com", "Cy Castle", "America/New_York"),
        BO => ("bo.berg@example.com", "Bo Berg", "Europe/Berlin"),
        ANA => ("ana.alves@example.com", "Ana Alves", "Asia/Kolkata"),
        DI => ("di.dorn@example.com", "Di Dorn", "Europe/Berlin"),
        OPS => ("ops@example.com", "", "UTC"),
        _ => return None,
    };
    Some(addressee(address, name, zone))
}

fn addressee(address: &str, name: &str, zone: &str) -> Addressee {
    Addressee {
        address: address.to_owned(),
        name: name.to_owned(),
        first_name: name.split_whitespace().next().unwrap_or_default().to_owned(),
        zone: Zones::bundled().get(zone).expect("a known zone"),
    }
}

pub fn voice() -> Voice {
    Voice {
        from_name: "Drumbeat".into(),
        from_address: "drumbeat@example.com".into(),
        reply_to: "rita.ops@example.com".into(),
        public_url: "https://drumbeat.example.com".into(),
    }
}

fn row(to: PersonId, letter: Letter) -> OutboxRow {
    OutboxRow {
        id: "0abc123".into(),
        to,
        letter,
        recovery: None,
        thread: None,
        at: at("2026-11-17T10:35:00Z"),
        not_before: at("2026-11-17T10:35:00Z"),
        expires: None,
        tries: 0,
    }
}

fn written(to: PersonId, letter: Letter) -> Mail {
    mails::mail(
        &row(to, letter),
        &Context { voice: &voice(), people: &people, key: &KEY, extras: Extras::default() },
    )
}

pub const WEEK: Week = Week { year: 2026, number: 47 };

pub fn recovery_id(rep: PersonId) -> RecoveryId {
    RecoveryId { rep, week: WEEK, ordinal: 1 }
}

pub fn half_hour(start: &str) -> Span {
    Span::new(at(start), at(start) + TimeDelta::minutes(30))
}

pub fn offer(start: &str, displaces: Option<Displaced>) -> Offer {
    Offer { span: half_hour(start), displaces, is_usual_hour: start.contains("T14:00") }
}

fn fallen(verdict: Outcome, by: Option<PersonId>, confidence: Confidence) -> Fallen {
    Fallen { start: Some(at("2026-11-18T14:00:00Z")), verdict: Some(verdict), by, confidence }
}

fn item(rep: PersonId, fallen: Fallen, offers: Vec<Offer>) -> ProposalItem {
    ProposalItem {
        recovery: recovery_id(rep),
        attempt: 1,
        round: 1,
        fallen,
        offers,
        deadline: at("2026-11-18T09:30:00Z"),
    }
}

fn three_offers() -> Vec<Offer> {
    vec![
        offer("2026-11-19T14:00:00Z", None),
        offer("2026-11-20T08:30:00Z", None),
        offer("2026-11-20T13:00:00Z", Some(Displaced::Focus)),
    ]
}

fn proposal(items: Vec<ProposalItem>, on_silence: OnSilence) -> Letter {
    Letter::Proposal { items, on_silence }
}

fn booked(how: BookedHow, fallen: Fallen) -> Letter {
    Letter::Booked {
        recovery: recovery_id(ANA),
        attempt: 1,
        manager: BO,
        rep: ANA,
        span: half_hour("2026-11-19T14:00:00Z"),
        fallen,
        how,
        uid: "0abc@example.com".into(),
        via: BookVia::Mail,
        undo_until: Some(at("2026-11-18T18:00:00Z")),
    }
}

/// The same of a booking that stands in Google's calendar.
fn in_calendar(mut letter: Letter) -> Letter {
    if let Letter::Booked { via, .. } | Letter::Released { via, .. } = &mut letter {
        *via = BookVia::Google;
    }
    letter
}

fn escalation(trigger: Trigger, step: u32, no_slot: Option<NoSlotWhy>, on_plan: bool) -> Letter {
    let history = vec![
        (at("2026-11-04T14:00:00Z"), Outcome::Cancelled),
        (at("2026-11-18T14:00:00Z"), Outcome::Declined),
    ];
    Letter::Escalation { rep: ANA, manager: BO, week: WEEK, trigger, step, history, no_slot, on_plan }
}

fn no_slot() -> NoSlotWhy {
    NoSlotWhy {
        counts: BTreeMap::from([("busy_manager".into(), 41), ("notice".into(), 12), ("hours_rep".into(), 1)]),
        changes: vec![
            Change::FreeFocus { who: BO, span: half_hour("2026-11-20T08:00:00Z") },
            Change::Shorter { minutes: 20, start: at("2026-11-20T10:30:00Z") },
            Change::OutsideHours { who: ANA, start: at("2026-11-19T15:30:00Z") },
        ],
        next_week: Some(at("2026-11-23T09:00:00Z")),
    }
}

fn counts(due: u32, held: u32, rescheduled: u32, recovered: u32, excused: u32) -> WeekCounts {
    let missed = due - held - rescheduled - recovered - excused;
    WeekCounts { due, scheduled: due, held, rescheduled, recovered, excused, missed }
}

fn health(managers: u32) -> Health {
    let trend = |n: u32| (WEEK.plus(i64::from(n) - 5), counts(12, 8 + n % 4, 1, 0, 0));
    let line = |manager: PersonId, week, judged, late| HealthLine {
        manager: Some(manager),
        reps: 6,
        week,
        judged,
        late,
        ..HealthLine::default()
    };
    let mut lines = vec![
        line(BO, counts(6, 3, 1, 0, 0), counts(70, 49, 8, 2, 1), 2),
        line(DI, counts(6, 5, 0, 1, 0), counts(12, 11, 0, 0, 0), 0),
    ];
    lines.extend(
        (0..managers).map(|n| line(PersonId(100 + n), counts(6, 6, 0, 0, 0), counts(72, 72, 0, 0, 0), 0)),
    );
    Health {
        week: WEEK,
        all: HealthLine {
            reps: 12,
            week: counts(12, 8, 1, 1, 0),
            trend: (0..6).map(trend).collect(),
            judged: counts(82, 60, 8, 2, 1),
            late: 2,
            churn: 1,
            ..HealthLine::default()
        },
        managers: lines,
        at_risk: vec![
            AtRisk { rep: ANA, manager: BO, standing: 0, due: 2, is_away: false, has_conflict: false },
            AtRisk { rep: DI, manager: BO, standing: 1, due: 1, is_away: false, has_conflict: true },
        ],
        unread: vec![CalendarId::first(DI)],
        target_permille: 950,
        windows: (6, 12),
    }
}

/// Every letter in its variants: name of the picture, reader, letter.
fn letters() -> Vec<(&'static str, PersonId, Letter)> {
    let certain = || fallen(Outcome::Declined, Some(ANA), Confidence::Certain);
    let unsure = || fallen(Outcome::Cancelled, Some(ANA), Confidence::Likely);
    let never = || Fallen { start: None, verdict: None, by: None, confidence: Confidence::Certain };
    let focus_only = || vec![offer("2026-11-20T13:00:00Z", Some(Displaced::Focus))];
    let welcome = |mode, is_manager, is_rep| Letter::Welcome { mode, is_manager, is_rep };
    let released = |why| Letter::Released {
        recovery: recovery_id(ANA),
        manager: BO,
        rep: ANA,
        span: half_hour("2026-11-19T14:00:00Z"),
        why,
        uid: "0abc@example.com".into(),
        via: BookVia::Mail,
        sequence: 1,
    };
    let resolved = |how, start| Letter::Resolved { rep: ANA, manager: BO, week: WEEK, how, start };
    let mut all = vec![
        ("welcome-propose-manager", BO, welcome(Mode::Propose, true, true)),
        ("welcome-auto-manager", BO, welcome(Mode::Auto, true, false)),
        ("welcome-propose-rep", ANA, welcome(Mode::Propose, false, true)),
        ("welcome-observe-leader", CY, welcome(Mode::Observe, true, false)),
        ("proposal-certain", BO, proposal(vec![item(ANA, certain(), three_offers())], OnSilence::Book)),
        ("proposal-likely", BO, proposal(vec![item(ANA, unsure(), three_offers())], OnSilence::Escalate)),
        ("proposal-focus-only", BO, proposal(vec![item(DI, never(), focus_only())], OnSilence::Book)),
        (
            "proposal-several",
            BO,
            proposal(
                vec![
                    item(ANA, fallen(Outcome::MovedOut, Some(BO), Confidence::Certain), three_offers()),
                    item(
                        DI,
                        fallen(Outcome::Ended, None, Confidence::Likely),
                        vec![
                            offer("2026-11-20T13:00:00Z", Some(Displaced::Tentative)),
                            offer("2026-11-20T15:00:00Z", None),
                        ],
                    ),
                ],
                OnSilence::Book,
            ),
        ),
        ("booked-manager", BO, booked(BookedHow::Silence, certain())),
        ("booked-rep", ANA, booked(BookedHow::Chosen { by: BO }, unsure())),
        (
            "booked-auto",
            BO,
            booked(BookedHow::Auto, fallen(Outcome::Shortened, Some(BO), Confidence::Certain)),
        ),
        ("released-own-choice", BO, released(ReleaseWhy::OwnChoice)),
        ("released-undo-rep", ANA, released(ReleaseWhy::Undo)),
        ("booked-in-calendar-manager", BO, in_calendar(booked(BookedHow::Auto, certain()))),
        ("booked-in-calendar-rep", ANA, in_calendar(booked(BookedHow::Auto, unsure()))),
        ("released-in-calendar", ANA, in_calendar(released(ReleaseWhy::OwnChoice))),
        ("resolved-recovered", BO, resolved(CloseReason::Recovered, Some(at("2026-11-19T14:00:00Z")))),
        ("resolved-missed", CY, resolved(CloseReason::Missed, None)),
        ("health", CY, Letter::Health(health(0))),
    ];
    all.extend(escalations());
    all.extend(ops_letters());
    all
}

fn escalations() -> Vec<(&'static str, PersonId, Letter)> {
    vec![
        ("escalation-no-slot", BO, escalation(Trigger::NoSlot, 1, Some(no_slot()), false)),
        ("escalation-no-slot-leader", CY, escalation(Trigger::NoSlot, 2, Some(no_slot()), false)),
        ("escalation-plan", BO, escalation(Trigger::Plan, 1, None, true)),
        ("escalation-silence", BO, escalation(Trigger::Silence, 1, None, false)),
        ("escalation-again", BO, escalation(Trigger::Again, 1, None, false)),
        ("escalation-two", CY, escalation(Trigger::TwoCancellations, 3, None, false)),
        ("escalation-skips", CY, escalation(Trigger::Skips, 2, None, false)),
        ("escalation-target", CY, escalation(Trigger::Target, 2, None, false)),
    ]
}

fn ops_letters() -> Vec<(&'static str, PersonId, Letter)> {
    vec![
        ("ops-suspect", OPS, ops_source(SourceState::Suspect, Some("halved"))),
        ("ops-well-again", OPS, ops_source(SourceState::Ok, None)),
        (
            "ops-refused",
            OPS,
            Letter::Ops(OpsNews::Refused { to: ANA, kind: MailKind::Welcome, code: "550".into() }),
        ),
        (
            "ops-undelivered",
            OPS,
            Letter::Ops(OpsNews::Undelivered {
                rows: 3,
                since: at("2026-11-17T08:00:00Z"),
                code: "timeout".into(),
            }),
        ),
        ("ops-unrecognised", OPS, Letter::Ops(OpsNews::Unrecognised { owed: 40, recognised: 11 })),
        ("ops-sources", OPS, Letter::Ops(OpsNews::Sources { count: 412, why: Some("timeout".into()) })),
        ("ops-sources-well", OPS, Letter::Ops(OpsNews::Sources { count: 0, why: None })),
        ("ops-fell-back", OPS, Letter::Ops(OpsNews::FellBack { manager: BO, code: "forbidden".into() })),
        (
            "ops-not-taken-back",
            OPS,
            Letter::Ops(OpsNews::NotTakenBack { manager: BO, code: "forbidden".into() }),
        ),
        ("ops-quota", OPS, Letter::Ops(OpsNews::Quota { code: "quotaExceeded".into() })),
        ("ops-rebuilt", OPS, Letter::Ops(OpsNews::StoreRebuilt { why: "checksum".into() })),
        (
            "ops-escalated-plan",
            OPS,
            Letter::Ops(OpsNews::Escalated { rep: ANA, manager: BO, week: WEEK, trigger: Trigger::Plan }),
        ),
        ("ops-roster", OPS, Letter::Ops(OpsNews::RosterRefused { lost: 30, of: 80 })),
        ("ops-awake", OPS, Letter::Ops(OpsNews::Awake { since: at("2026-11-14T08:00:00Z"), dropped: 1 })),
    ]
}

fn ops_source(state: SourceState, why: Option<&str>) -> Letter {
    Letter::Ops(OpsNews::Source {
        calendar: CalendarId { owner: ANA, nth: 2 },
        state,
        why: why.map(str::to_owned),
        since: at("2026-11-17T08:00:00Z"),
    })
}

fn headers_and_text(mail: &Mail) -> String {
    let list = mail.list_id.as_deref().unwrap_or("none");
    format!(
        "To: {} <{}>\nSubject: {}\nMessage-ID: {}\nList-Id: {list}\n\n{}",
        mail.to_name, mail.to_address, mail.subject, mail.message_id, mail.text
    )
}

#[test]
fn every_letter_has_its_picture() {
    for (name, to, letter) in letters() {
        insta::assert_snapshot!(format!("{name}.text"), headers_and_text(&written(to, letter)));
    }
}

#[test]
fn the_html_of_the_main_mails_has_its_picture() {
    let shown = ["welcome-propose-manager", "proposal-several", "booked-rep", "escalation-no-slot", "health"];
    for (name, to, letter) in letters().into_iter().filter(|(name, ..)| shown.contains(name)) {
        insta::assert_snapshot!(format!("{name}.html"), written(to, letter).html);
    }
}

#[test]
fn what_is_passed_through_is_shown_and_not_made_a_link() {
    let extras = Extras {
        link: Some("https://meet.example.com/abc\r\nX: y".into()),
        agenda: "Since last time\n\n<b>Pipeline</b>\n",
        team_doc: Some("javascript:alert(1)".into()),
        invitation: Some(Invitation { method: Method::Request, ics: "BEGIN:VCALENDAR\r\n".into() }),
    };
    let letter = booked(BookedHow::Auto, fallen(Outcome::Cancelled, None, Confidence::Certain));
    let row = row(BO, letter);
    let mail = mails::mail(&row, &Context { voice: &voice(), people: &people, key: &KEY, extras });
    assert!(mail.text.contains("Join: https://meet.example.com/abc X: y\n"), "{}", mail.text);
    assert!(mail.text.contains("- Since last time\n- <b>Pipeline</b>\n"), "{}", mail.text);
    assert!(mail.html.contains("&lt;b&gt;Pipeline&lt;/b&gt;") && !mail.html.contains("<b>"));
    assert!(!mail.html.contains("href=\"https://meet") && !mail.html.contains("javascript:"));
    assert_eq!(mail.invitation.map(|invitation| invitation.method), Some(Method::Request));
}

#[test]
fn without_a_public_address_a_mail_has_no_buttons() {
    let voice = Voice { public_url: String::new(), ..voice() };
    let (_, to, letter) =
        letters().into_iter().find(|(name, ..)| *name == "proposal-several").expect("is there");
    let ctx = Context { voice: &voice, people: &people, key: &KEY, extras: Extras::default() };
    let mail = mails::mail(&row(to, letter), &ctx);
    assert!(!mail.html.contains("href") && !mail.text.contains("Without an answer"));
    insta::assert_snapshot!("proposal-no-links.text", headers_and_text(&mail));
}

#[test]
fn the_links_of_a_proposal_say_what_they_are_beside() {
    let (_, to, letter) =
        letters().into_iter().find(|(name, ..)| *name == "proposal-certain").expect("is there");
    let text = written(to, letter).text;
    let tokens: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("https://drumbeat.example.com")?.strip_prefix(link::PATH))
        .collect();
    let claims: Vec<String> = tokens
        .iter()
        .map(|token| {
            let claim = link::read(token, &[KEY], at("2026-11-17T11:00:00Z")).expect("signed by us");
            assert_eq!((claim.who, claim.subject, claim.attempt, claim.round), (BO, recovery_id(ANA), 1, 1));
            assert!(claim.start.is_none_or(|start| claim.expires <= start));
            format!("{:?} {:?} until {}", claim.action, claim.option, claim.expires.format("%d %H:%M"))
        })
        .collect();
    let want = [
        "Pick Some(1) until 19 14:00",
        "Pick Some(2) until 20 08:30",
        "Pick Some(3) until 20 13:00",
        "None None until 20 13:00",
        "Met None until 20 13:00",
        "Away None until 20 13:00",
    ];
    assert_eq!(claims, want);
}

#[test]
fn threads_and_ids_are_whole() {
    let letter = || booked(BookedHow::Auto, fallen(Outcome::Cancelled, None, Confidence::Likely));
    let thread = |thread: &str| {
        let row = OutboxRow { thread: Some(thread.into()), ..row(BO, letter()) };
        let ctx = Context { voice: &voice(), people: &people, key: &KEY, extras: Extras::default() };
        mails::mail(&row, &ctx).thread
    };
    assert_eq!(written(BO, letter()).message_id, "booked.0abc123@example.com");
    assert_eq!(thread("proposal.0first"), Some("proposal.0first@example.com".into()));
    assert_eq!(thread("proposal.0first@old.example"), Some("proposal.0first@old.example".into()));
    assert_eq!(thread("booked.0abc123"), None, "a mail is not its own answer");
}

#[test]
fn a_plan_is_named_to_the_line_alone_and_never_in_a_subject() {
    for (name, to, letter) in letters() {
        let row = row(to, letter);
        let mail = written(row.to, row.letter.clone());
        let is_told = name == "escalation-plan";
        assert_eq!(mail.text.contains("on a plan"), is_told, "{name}");
        assert_eq!(mail.html.contains("on a plan"), is_told, "{name}");
        assert!(!mail.subject.to_lowercase().contains("plan"), "{name}");
    }
}

#[test]
fn the_ledger_keeps_subjects_without_names() {
    for (name, to, letter) in letters() {
        let row = row(to, letter);
        let kept = mails::subject_for_ledger(&row);
        for who in ["Alves", "Berg", "Castle", "Dorn"] {
            assert!(!kept.contains(who), "{name}: {kept}");
        }
        assert_eq!(mails::fill_names(&kept, &people), written(row.to, row.letter).subject, "{name}");
    }
}

#[test]
fn a_report_on_very_many_stays_small() {
    let mail = written(CY, Letter::Health(health(500)));
    assert!(mail.html.len() < 100_000, "{} bytes", mail.html.len());
    assert!(mail.text.contains("... and 442 managers more."), "{}", mail.text);
    assert_eq!(report::text(&health(500), &people), mail.text.split("\n-- \n").next().unwrap_or_default());
}

#[test]
fn shares_are_counts_first() {
    let check = |took_place, of, want: &str| assert_eq!(report::Share { took_place, of }.words(), want);
    check(0, 0, "none due");
    check(5, 6, "5 of 6");
    check(19, 19, "19 of 19");
    // Wilson, 95 %: 19 of 20 lies within 76.4 and 99.1 %; 0 of 20 within 0 and 16.1 %.
    check(19, 20, "19 of 20 (95 %, 76-99 %)");
    check(0, 20, "0 of 20 (0 %, 0-16 %)");
    check(20, 20, "20 of 20 (100 %, 84-100 %)");
}

#[test]
fn completion_looks_at_what_stood_as_the_week_began() {
    let check = |due, scheduled, took, excused, want: (u32, u32)| {
        let counts = WeekCounts { due, scheduled, held: took, excused, ..WeekCounts::default() };
        let share = report::completion(&counts);
        assert_eq!((share.took_place, share.of), want);
    };
    check(10, 10, 8, 0, (8, 10));
    check(10, 8, 8, 0, (8, 8));
    check(10, 8, 9, 0, (8, 8));
    check(10, 8, 8, 2, (8, 8));
    check(10, 10, 7, 2, (7, 8));
    check(0, 0, 0, 0, (0, 0));
}

/// Names that try to be something else.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("Ana\r\nBcc: all@example.com".to_owned()),
        Just("\u{202e}ecila\u{2066}".to_owned()),
        Just("\u{1f469}\u{200d}\u{1f4bb} \"Ana\" & 'Co' {3}".to_owned()),
        Just("x".repeat(10_240)),
        Just("\u{0}\u{7}\u{2028}".to_owned()),
        "\\PC{0,80}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_name_breaks_a_mail(name in hostile(), first in hostile()) {
        let nasty = |id: PersonId| {
            let known = people(id)?;
            Some(Addressee { name: name.clone(), first_name: first.clone(), ..known })
        };
        for (which, to, letter) in letters() {
            let benign = written(to, letter.clone());
            let ctx = Context { voice: &voice(), people: &nasty, key: &KEY, extras: Extras::default() };
            let mail = mails::mail(&row(to, letter), &ctx);
            let tags = |html: &str| html.matches(['<', '"']).count();
            prop_assert_eq!(tags(&mail.html), tags(&benign.html), "{}", which);
            let headers = [&mail.subject, &mail.to_name, &mail.to_address, &mail.message_id];
            prop_assert!(headers.iter().all(|value| !value.chars().any(char::is_control)), "{}", which);
            let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!mail.html.contains(turns) && !mail.text.contains(turns), "{}", which);
            prop_assert!(mail.html.len() < 100_000 && mail.subject.chars().count() <= 200, "{}", which);
            let long = |line: &&str| line.chars().count() > 78 && !line.contains("https://");
            prop_assert_eq!(mail.text.lines().find(long), None, "{}", which);
        }
    }

    #[test]
    fn no_token_is_taken_by_chance(token in "[A-Za-z0-9_-]{0,120}") {
        prop_assert!(link::read(&token, &[KEY], at("2026-11-17T11:00:00Z")).is_err());
    }
}
