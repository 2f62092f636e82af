//! A booking of ours, and its end: the rows that say so to both, and the session that the judge will look for.

use std::collections::BTreeMap;

use crate::model::fact::{Fact, RecoveryState, SessionKey};
use crate::model::letter::{BookedHow, Letter};
use crate::model::people::BookVia;
use crate::model::state::{Booking, Expected, OutboxRow, Recovery};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;

use super::desk::{Clicks, Desk, Ids, Planned, Subject};
use super::member::{Member, fallen};

/// Cancellations for what was given up.
pub(super) fn release(desk: &Desk<'_>, member: &mut Member<'_>, planned: &mut Planned) {
    member.state.let_go();
    for recovery in member.state.recoveries.values_mut().flat_map(BTreeMap::values_mut) {
        planned.rows.extend(cancellations(recovery, desk.now, desk.ids));
    }
}

/// The rows that call off what a recovery gave up, to both.
pub fn cancellations(recovery: &mut Recovery, now: Moment, ids: Ids<'_>) -> Vec<OutboxRow> {
    let mut rows = Vec::new();
    for (booking, why) in std::mem::take(&mut recovery.released) {
        for to in [recovery.manager, recovery.id.rep] {
            let letter = Letter::Released {
                recovery: recovery.id,
                manager: recovery.manager,
                rep: recovery.id.rep,
                span: booking.span,
                why,
                uid: booking.uid.clone(),
                via: booking.via,
                sequence: booking.sequence,
            };
            let id = ids("released", &booking.uid, 1, 0, Some(to));
            let mut row = OutboxRow { recovery: Some(recovery.id), ..OutboxRow::new(id, to, letter, now) };
            recovery.put_in_thread(&mut row, "released");
            rows.push(row);
        }
    }
    rows
}

/// Books a slot: the row is busy from the moment it is committed, and both are invited.
pub fn book(
    desk: &Desk<'_>,
    member: &mut Member<'_>,
    week: Week,
    ordinal: u32,
    span: Span,
    how: BookedHow,
    planned: &mut Planned,
) {
    let Some(recovery) = member.state.recoveries.get(&week).and_then(|known| known.get(&ordinal)) else {
        return;
    };
    let fallen = fallen(member.state, recovery);
    let subject_text = recovery.id.to_string();
    let about = Subject {
        what: &subject_text,
        attempt: recovery.attempt,
        round: recovery.round,
        recovery: Some(recovery.id),
    };
    let local = (desk.ids)("event", &subject_text, recovery.attempt, 0, None);
    let via = desk.roster.get(recovery.manager).map_or(BookVia::Mail, |manager| manager.book);
    let uid = event_uid(&local, via, &desk.rules.voice.from_address);
    let mut rows = Vec::new();
    for to in [recovery.manager, recovery.id.rep] {
        let letter = Letter::Booked {
            recovery: recovery.id,
            attempt: recovery.attempt,
            manager: recovery.manager,
            rep: recovery.id.rep,
            span,
            fallen: fallen.clone(),
            how,
            uid: uid.clone(),
            via,
            undo_until: (desk.clicks == Clicks::Work).then_some(span.start),
        };
        let mut row = desk.row(to, letter, &about);
        row.expires = Some(span.start);
        rows.push(row);
    }
    let session = our_session(recovery, &uid, span);
    let Some(recovery) = member.state.recoveries.get_mut(&week).and_then(|known| known.get_mut(&ordinal))
    else {
        return;
    };
    for mut row in rows {
        recovery.put_in_thread(&mut row, "booked");
        planned.rows.push(row);
    }
    recovery.state = RecoveryState::Booked;
    recovery.booking = Some(Booking { uid: uid.clone(), span, sequence: 0, via, is_written: false });
    recovery.proposal = None;
    recovery.silent = false;
    recovery.ask_first = false;
    recovery.no_slot = None;
    planned.facts.push(Fact::Booked {
        recovery: recovery.id,
        start: span.start,
        end: span.end,
        via,
        event: uid,
    });
    planned.facts.push(recovery.fact());
    member.state.sessions.insert(session.key.clone(), session);
    planned.look_at(desk.now + desk.rules.policy.settle);
}

/// The name of an event of ours: its id in Google's calendar, or the UID of an invitation.
pub fn event_uid(local: &str, via: BookVia, from_address: &str) -> String {
    let domain = from_address.split_once('@').map_or("drumbeat.invalid", |(_, domain)| domain);
    match via {
        BookVia::Google => local.to_owned(),
        BookVia::Mail => format!("{local}@{domain}"),
    }
}

/// Our own booking, as the judge will look for it.
fn our_session(recovery: &Recovery, uid: &str, span: Span) -> Expected {
    let key = SessionKey { lineage: uid.to_owned(), rid: None };
    Expected {
        ours: Some(recovery.id),
        ..Expected::new(key, (recovery.manager, recovery.id.rep), recovery.id.week, span)
    }
}
