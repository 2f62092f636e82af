//! The pages behind the links.

use drumbeat::model::fact::{Action, RecoveryState};
use drumbeat::model::letter::Displaced;
use drumbeat::model::page::Page;
use drumbeat::model::people::{BookVia, PersonId};
use drumbeat::model::series::{Series, SeriesBooking, SeriesId, SeriesStage};
use drumbeat::model::state::{Booking, Proposal, Recovery};
use drumbeat::tell::link::{self, Claim, Refused};
use drumbeat::tell::names::Addressee;
use drumbeat::tell::pages::{self, Desk};

use super::{ANA, BO, KEY, at, half_hour, offer, people, recovery_id, voice};

fn claim(action: Action) -> Claim {
    Claim {
        who: BO,
        subject: recovery_id(ANA),
        attempt: 1,
        round: 1,
        action,
        option: (action == Action::Pick).then_some(1),
        start: matches!(action, Action::Pick | Action::Undo).then(|| at("2026-11-19T14:00:00Z")),
        expires: at("2026-11-19T14:00:00Z"),
    }
}

fn recovery(state: RecoveryState) -> Recovery {
    let offers = vec![
        offer("2026-11-19T14:00:00Z", None),
        offer("2026-11-20T08:30:00Z", None),
        offer("2026-11-20T13:00:00Z", Some(Displaced::Focus)),
    ];
    let deadline = at("2026-11-18T09:30:00Z");
    let is_booked = state == RecoveryState::Booked;
    let span = half_hour("2026-11-19T14:00:00Z");
    Recovery {
        id: recovery_id(ANA),
        manager: BO,
        state,
        reason: None,
        attempt: 1,
        round: 1,
        opened: at("2026-11-17T10:00:00Z"),
        fallen: None,
        proposal: Some(Proposal { to: BO, round: 1, offers, deadline, sent: None }),
        booking: is_booked.then(|| Booking {
            uid: "0abc".into(),
            span,
            sequence: 0,
            via: BookVia::Mail,
            is_written: false,
        }),
        refused: Vec::new(),
        no_slot: None,
        ask_first: false,
        released: Vec::new(),
        silent: false,
        unknown_since: None,
        roots: std::collections::BTreeMap::new(),
    }
}

fn series(stage: SeriesStage) -> Series {
    let first = half_hour("2026-11-24T09:00:00Z");
    Series {
        id: SeriesId { rep: ANA, ordinal: 1 },
        manager: BO,
        rule: "ramping".into(),
        every_weeks: 1,
        last: Some("2027-01-29".parse().expect("a day")),
        options: super::letters::series_times(),
        until: at("2026-11-24T10:35:00Z"),
        stage,
        since: at("2026-11-17T10:35:00Z"),
        booking: matches!(stage, SeriesStage::Booked | SeriesStage::Released).then(|| SeriesBooking {
            uid: "0abc".into(),
            via: BookVia::Mail,
            first,
            is_written: false,
            is_seen: false,
        }),
    }
}

/// What a link about a series shows first, and each time after it was answered: the same.
#[test]
fn pages_about_a_series_have_their_pictures() {
    let voice = voice();
    let desk = Desk { voice: &voice, people: &people, key: &KEY, now: at("2026-11-17T10:35:00Z") };
    let claim = |action| {
        let id = SeriesId { rep: ANA, ordinal: 1 };
        let claim = link::series_claim(BO, id, action, at("2026-11-24T10:35:00Z"));
        Claim { option: (action == Action::Series).then_some(2), ..claim }
    };
    let asked = |action, stage| pages::series_page(&claim(action), &series(stage), "n0nce", &desk);
    let answered = |action, stage| pages::series_answered(&claim(action), &series(stage), &desk);
    let all = [
        ("series", asked(Action::Series, SeriesStage::Proposed)),
        ("series-not-now", asked(Action::NotNow, SeriesStage::Proposed)),
        ("series-undo", asked(Action::UndoSeries, SeriesStage::Booked)),
        ("series-booked", answered(Action::Series, SeriesStage::Booked)),
        ("series-declined", answered(Action::NotNow, SeriesStage::Declined)),
        ("series-released", answered(Action::UndoSeries, SeriesStage::Released)),
        ("series-over", answered(Action::Series, SeriesStage::Silent)),
        ("series-gone", pages::series_gone(&claim(Action::Series), &series(SeriesStage::Withdrawn), &desk)),
    ];
    for (name, page) in all {
        assert_eq!(
            page.text.contains("name=\"nonce\" value=\"n0nce\""),
            page.text.contains("<form"),
            "{name}"
        );
        insta::assert_snapshot!(format!("page-{name}"), shown(&page));
    }
}

fn shown(page: &Page) -> String {
    format!("{}\n{}", page.status, page.text)
}

#[test]
fn pages_have_their_pictures() {
    let voice = voice();
    let desk = Desk { voice: &voice, people: &people, key: &KEY, now: at("2026-11-17T10:35:00Z") };
    let proposed = recovery(RecoveryState::Proposed);
    let booked = recovery(RecoveryState::Booked);
    let all = [
        ("offer", pages::offer_page(&claim(Action::Pick), &proposed, None, "n0nce", &desk)),
        ("undo", pages::offer_page(&claim(Action::Undo), &booked, None, "n0nce", &desk)),
        ("done", pages::done_page(&claim(Action::Pick), &booked, &desk)),
        ("again", pages::again(&claim(Action::Pick), &booked, &desk)),
        ("gone", pages::gone(&claim(Action::Pick), Some(&booked), &desk)),
        ("expired", pages::refused(Refused::Expired, &desk)),
        ("forged", pages::refused(Refused::Forged, &desk)),
        ("paused", pages::paused(&desk)),
        ("busy", pages::busy(&desk)),
    ];
    for (name, page) in all {
        insta::assert_snapshot!(format!("page-{name}"), shown(&page));
    }
}

#[test]
fn every_answer_has_a_form_that_posts_and_says_as_whom() {
    let voice = voice();
    let desk = Desk { voice: &voice, people: &people, key: &KEY, now: at("2026-11-17T10:35:00Z") };
    let actions = [
        (Action::Accept, "Book "),
        (Action::Pick, "Book Thu 19 Nov, 15:00 Berlin (19:30 Kolkata)"),
        (Action::Decline, "Cancel this booking"),
        (Action::None, "None of these times"),
        (Action::Met, "We already met"),
        (Action::Away, "I&#39;m away this week"),
        (Action::Held, "Yes, it took place"),
        (Action::NotHeld, "No, it did not"),
        (Action::Undo, "Cancel this booking"),
    ];
    for (action, button) in actions {
        let page =
            pages::offer_page(&claim(action), &recovery(RecoveryState::Proposed), None, "n0nce", &desk);
        // Whoever wants none of the times may write down one of their own.
        let forms = if action == Action::None { 2 } else { 1 };
        assert_eq!(page.text.matches("<form method=\"post\"").count(), forms, "{action:?}");
        assert_eq!(page.text.matches("<button").count(), forms, "{action:?}");
        assert!(page.text.contains("name=\"nonce\" value=\"n0nce\""), "{action:?}");
        assert!(page.text.contains(button), "{action:?}: {}", page.text);
        assert!(page.text.contains("You answer as Bo Berg (bo.berg@example.com)"), "{action:?}");
        assert!(!page.text.contains("<script"), "{action:?}");
    }
}

#[test]
fn an_old_offer_shows_no_other_times() {
    let voice = voice();
    let desk = Desk { voice: &voice, people: &people, key: &KEY, now: at("2026-11-17T10:35:00Z") };
    let proposed = recovery(RecoveryState::Proposed);
    let others = |claim: &Claim, recovery: &Recovery| {
        pages::offer_page(claim, recovery, None, "n", &desk).text.matches("/p/").count()
    };
    assert_eq!(others(&claim(Action::Pick), &proposed), 2);
    assert_eq!(others(&Claim { round: 2, ..claim(Action::Pick) }, &proposed), 0);
    assert_eq!(others(&Claim { attempt: 2, ..claim(Action::Pick) }, &proposed), 0);
    assert_eq!(others(&claim(Action::Pick), &recovery(RecoveryState::Booked)), 0);
}

#[test]
fn no_name_becomes_markup_on_a_page() {
    let voice = voice();
    let nasty = |id: PersonId| {
        let name = "<img src=x onerror=alert(1)>\u{202e}".to_owned();
        Some(Addressee { first_name: name.clone(), name, ..people(id)? })
    };
    let desk = Desk { voice: &voice, people: &nasty, key: &KEY, now: at("2026-11-17T10:35:00Z") };
    let html =
        pages::offer_page(&claim(Action::Pick), &recovery(RecoveryState::Proposed), None, "\"><b>", &desk)
            .text;
    assert!(!html.contains("<img") && !html.contains("<b>") && !html.contains('\u{202e}'), "{html}");
}
