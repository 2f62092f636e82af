//! Deltas over mirrors: order-free, idempotent, and never an event invented or forgotten.

use proptest::prelude::*;

use super::*;
use crate::model::event::Shown;

const NOW: &str = "2026-11-18T12:00:00Z";

fn at(text: &str) -> Moment {
    text.parse().expect("an instant")
}

fn event(uid: &str, start: &str, rule: Option<&str>) -> Event {
    let mut recurrence = Recurrence::default();
    recurrence.rrules.extend(rule.map(str::to_owned));
    Event {
        recurrence,
        title: "Ana <> Bo".to_owned(),
        length: TimeDelta::minutes(30),
        ..Kept::bare(uid.to_owned(), When::Utc(at(start))).as_event()
    }
}

fn item(id: &str, series: Option<&str>, said: Said) -> Item {
    Item { id: id.to_owned(), series: series.map(str::to_owned), uid: None, modified: None, said }
}

fn stands(id: &str, start: &str, rule: Option<&str>) -> Item {
    item(id, None, Said::Stands(Box::new(event(&format!("{id}@google.com"), start, rule))))
}

fn moved(series: &str, original: &str, to: &str) -> Item {
    let mut event = event(&format!("{series}@google.com"), to, None);
    event.recurrence_id = Some(When::Utc(at(original)));
    item(&format!("{series}_{original}"), Some(series), Said::Stands(Box::new(event)))
}

fn stub(series: &str, original: &str) -> Item {
    item(&format!("{series}_{original}"), Some(series), Said::InstanceCancelled(When::Utc(at(original))))
}

fn deleted(id: &str) -> Item {
    item(id, None, Said::Deleted)
}

fn keep(event: Event) -> Kept {
    Kept {
        recurrence_id: event.recurrence_id,
        seconds: event.length.num_seconds(),
        recurrence: event.recurrence,
        ..Kept::bare(event.uid, event.start)
    }
}

fn lay(known: Option<&Mirror>, whole: bool, items: Vec<Item>) -> Mirror {
    merge(known, Listing { whole, items, ..Listing::default() }, &keep, at(NOW))
}

fn weekly() -> Item {
    stands("x", "2026-11-04T09:00:00Z", Some("FREQ=WEEKLY"))
}

/// What is known, a line an event: id, whether it is called off, its start.
fn lines(mirror: &Mirror) -> Vec<String> {
    let line = |kept: &Kept| {
        let off = if kept.status == EventStatus::Cancelled { "off " } else { "" };
        format!("{} {off}{}", kept.id.as_deref().unwrap_or("?"), about(&kept.start).format("%d.%m. %H:%M"))
    };
    mirror.events.iter().map(line).collect()
}

#[test]
fn an_unchanged_master_sent_again_changes_nothing() {
    let known = lay(None, true, vec![weekly(), moved("x", "2026-11-18T09:00:00Z", "2026-11-19T15:00:00Z")]);
    let again = vec![moved("x", "2026-11-18T09:00:00Z", "2026-11-19T15:00:00Z"), weekly()];
    assert_eq!(lay(Some(&known), false, again), known);
    assert_eq!(lay(Some(&known), false, vec![]), known);
}

#[test]
fn a_stub_calls_off_one_instance_with_the_uid_of_its_series() {
    let known = lay(None, true, vec![weekly()]);
    let now = lay(Some(&known), false, vec![stub("x", "2026-11-18T09:00:00Z")]);
    assert_eq!(lines(&now), ["x 04.11. 09:00", "x_2026-11-18T09:00:00Z off 18.11. 09:00"]);
    assert!(now.events.iter().all(|kept| kept.uid == "x@google.com"));
    assert_eq!(now.events[1].seconds, 1800, "as long as its series");
    assert!(now.events[1].recurrence.is_empty());
}

#[test]
fn a_stub_before_its_master_and_one_without_are_kept_too() {
    let now = lay(
        None,
        true,
        vec![stub("x", "2026-11-18T09:00:00Z"), weekly(), stub("y_R20261101T090000", "2026-11-18T09:00:00Z")],
    );
    let uids: Vec<&str> = now.events.iter().map(|kept| kept.uid.as_str()).collect();
    assert_eq!(uids, ["x@google.com", "x@google.com", "y_R20261101T090000@google.com"]);
}

#[test]
fn with_a_series_go_its_exceptions() {
    let known = lay(
        None,
        true,
        vec![
            weekly(),
            moved("x", "2026-11-18T09:00:00Z", "2026-11-19T15:00:00Z"),
            stands("z", "2026-11-18T10:00:00Z", None),
        ],
    );
    let now = lay(Some(&known), false, vec![deleted("x")]);
    assert_eq!(lines(&now), ["z 18.11. 10:00"]);
    assert_eq!(now.deleted["x"].lineage, "x");
    let back = lay(Some(&now), false, vec![weekly()]);
    assert!(back.deleted.is_empty(), "taken out of the bin again");
    assert_eq!(lines(&back), ["x 04.11. 09:00", "z 18.11. 10:00"]);
}

#[test]
fn a_bare_exception_beyond_the_cut_stays_called_off() {
    let known = lay(None, true, vec![weekly(), moved("x", "2026-11-25T09:00:00Z", "2026-11-26T15:00:00Z")]);
    let cut = stands("x", "2026-11-04T09:00:00Z", Some("FREQ=WEEKLY;UNTIL=20261119T225959Z"));
    let now = lay(Some(&known), false, vec![cut, deleted("x_2026-11-25T09:00:00Z")]);
    assert_eq!(lines(&now), ["x 04.11. 09:00", "x_2026-11-25T09:00:00Z off 26.11. 15:00"]);
    assert!(now.deleted.is_empty(), "the series goes on");
}

#[test]
fn a_deleted_event_that_nobody_knew_is_remembered_by_its_id() {
    let now = lay(None, true, vec![deleted("x_R20261118T090000"), deleted("unknown")]);
    let lineages: Vec<&str> = now.deleted.values().map(|one| one.lineage.as_str()).collect();
    assert_eq!(lineages, ["unknown", "x"]);
    assert!(now.events.is_empty());
}

#[test]
fn a_whole_listing_forgets_what_it_does_not_hold_and_knows_bare_ids_by_the_mirror() {
    let foreign =
        item("_abc", None, Said::Stands(Box::new(event("meeting@exchange", "2026-11-18T10:00:00Z", None))));
    let known = lay(None, true, vec![weekly(), foreign, stands("z", "2026-11-18T10:00:00Z", None)]);
    let now = lay(Some(&known), true, vec![weekly(), deleted("_abc")]);
    assert_eq!(lines(&now), ["x 04.11. 09:00"]);
    assert_eq!(now.deleted["_abc"].lineage, "meeting@exchange");
}

#[test]
fn what_cannot_be_read_stays_as_it_was_and_proves_nothing() {
    let known = lay(None, true, vec![weekly(), stands("z", "2026-11-18T10:00:00Z", None)]);
    for whole in [false, true] {
        let now = lay(
            Some(&known),
            whole,
            vec![item("x", None, Said::Unread), stands("z", "2026-11-18T10:00:00Z", None)],
        );
        assert_eq!(lines(&now), lines(&known));
        assert_eq!(now.unread["x"], "x");
        let read = lay(Some(&now), false, vec![weekly()]);
        assert!(read.unread.is_empty(), "until it can be read again");
    }
    let nameless = Listing { whole: true, items: vec![], nameless: 1, zone: None };
    let now = merge(Some(&known), nameless, &keep, at(NOW));
    assert_eq!(lines(&now), lines(&known), "one without an id may be any of them");
    assert_eq!(now.unread.len(), 2);
}

#[test]
fn what_is_long_over_is_forgotten() {
    let items = vec![
        stands("old", "2026-09-01T09:00:00Z", None),
        stands("new", "2026-11-01T09:00:00Z", None),
        stands("series", "2020-09-01T09:00:00Z", Some("FREQ=WEEKLY")),
        moved("series", "2020-09-08T09:00:00Z", "2020-09-09T09:00:00Z"),
        moved("series", "2026-11-17T09:00:00Z", "2026-11-18T09:00:00Z"),
    ];
    let now = lay(None, true, items);
    assert_eq!(now.events.len(), 3);
    let gone = lay(None, true, vec![deleted("a")]);
    let later = merge(Some(&gone), Listing::default(), &keep, at(NOW) + TimeDelta::days(50));
    assert!(later.deleted.is_empty());
}

#[test]
fn shown_follows_what_is_kept() {
    assert_eq!(Kept::bare("a".into(), When::Utc(at(NOW))).shown, Shown::Busy);
}

/// A step of an edit history.
fn step() -> impl Strategy<Value = Item> {
    let id = prop_oneof![Just("a"), Just("b"), Just("c")];
    let hour = 8..18_u32;
    (id, hour, 0..5_u8).prop_map(|(id, hour, kind)| {
        let start = format!("2026-11-18T{hour:02}:00:00Z");
        match kind {
            0 => stands(id, &start, None),
            1 => stands(id, &start, Some("FREQ=WEEKLY")),
            2 => moved(id, "2026-11-25T09:00:00Z", &start),
            3 => stub(id, "2026-11-25T09:00:00Z"),
            _ => deleted(id),
        }
    })
}

proptest! {
    /// The same delta twice is the same as once, and a page more or less makes no difference.
    #[test]
    fn deltas_are_idempotent(steps in proptest::collection::vec(step(), 0..12)) {
        let known = lay(None, true, vec![weekly()]);
        let once = lay(Some(&known), false, steps.clone());
        prop_assert_eq!(&lay(Some(&once), false, vec![]), &once);
        let ids: std::collections::BTreeSet<&str> = once.events.iter().filter_map(|kept| kept.id.as_deref()).collect();
        prop_assert_eq!(ids.len(), once.events.len(), "an id stands once");
        for kept in &once.events {
            prop_assert!(kept.series.as_ref().is_none_or(|series| !once.deleted.contains_key(series)), "orphans of what is deleted");
        }
    }

    /// Of items with different ids, the order says nothing.
    #[test]
    fn pages_may_come_in_any_order(steps in proptest::collection::vec(step(), 0..12)) {
        let newest: BTreeMap<String, Item> = steps.into_iter().map(|item| (item.id.clone(), item)).collect();
        let forward: Vec<Item> = newest.values().cloned().collect();
        let backward: Vec<Item> = newest.values().rev().cloned().collect();
        prop_assert_eq!(lay(None, true, forward), lay(None, true, backward));
    }
}
