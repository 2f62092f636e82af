//! The words: every mail and page as a picture in text, and what no name may ever do to them.

use chrono::TimeDelta;
use drumbeat::model::fact::{Confidence, Outcome, RecoveryId, WeekCounts};
use drumbeat::model::letter::{BookedHow, Displaced, Letter, Offer};
use drumbeat::model::mail::{Invitation, Mail, Method};
use drumbeat::model::people::PersonId;
use drumbeat::model::policy::Voice;
use drumbeat::model::state::OutboxRow;
use drumbeat::model::time::{Span, Week};
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::tell::link::{self, LinkKey};
use drumbeat::tell::mails::{self, Context, Extras};
use drumbeat::tell::names::Addressee;
use drumbeat::tell::report;
use proptest::prelude::*;

use letters::{booked, fallen, health, letters};

mod explain;
mod hostile;
pub mod kept;
mod letters;
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

pub fn written(to: PersonId, letter: Letter) -> Mail {
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
    let displaces_of = displaces.map(|_| BO);
    Offer { span: half_hour(start), displaces, displaces_of, is_usual_hour: start.contains("T14:00") }
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
fn the_html_of_every_letter_has_its_picture() {
    for (name, to, letter) in letters() {
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
        .filter_map(|line| line.trim().strip_prefix("https://drumbeat.example.com")?.strip_prefix("/p/"))
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
        let is_told = name == "escalation-plan" || name == "cadence-plan";
        assert_eq!(mail.text.contains(" plan"), is_told, "{name}");
        assert_eq!(mail.html.contains(" plan"), is_told, "{name}");
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
            // First strong isolates, and their ends, are ours: they set a name apart.
            let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}' | '\u{2067}');
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
