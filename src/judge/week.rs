//! What a week owes, whether it is short, and its row: the last step of the judge.
//!
//! Labels report; counts decide. A week is short by what it owes less what now stands, so a wrong label can never
//! book a meeting that nobody owes.

use chrono::TimeDelta;

use crate::model::fact::{
    CloseReason, Confidence, Evidence, Fact, Outcome, RecoveryId, RecoveryState, ReleaseWhy, WeekCounts,
};
use crate::model::people::Status;
use crate::model::policy::Excuse;
use crate::model::state::{Expected, Given, Recovery, RepState, WeekState};
use crate::model::time::Week;
use crate::model::zone::Moment;

use super::cadence::sessions_due;
use super::settle::verdict;
use super::standing::{covered, step};
use super::{Judged, View, away};

/// Late news corrects a week for this long after it ended.
const CORRECTED_DAYS: i64 = 14;
/// A session moved this often in a week is churn (V35).
const CHURN_MOVES: u32 = 3;

/// Brings the rep's weeks up to date.
pub fn weeks(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    begin(view, state, judged);
    rule_changes(view, state, judged);
    bookings(state, judged);
    if state.weeks.get(&this).is_some_and(|week| week.due > 0) {
        excuse(view, state, judged);
        balance(view, state, judged);
    }
    rows(view, state, judged);
    judged.ahead = ahead(view, state);
    judged.look_at(this.span(&view.rep.zone).end);
}

/// Fixes what the week owes as it begins.
fn begin(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    if state.weeks.contains_key(&this) {
        return;
    }
    let began = this.span(&view.rep.zone).start;
    let is_first = state.weeks.is_empty() && state.watched_since.is_none_or(|since| since > began);
    let local = view.rep.zone.local(if is_first { view.now } else { began }).date();
    let Some(rule) = super::cadence::rule_for(&view.rules.cadence, view.rep, local) else { return };
    let owes = !is_first || view.policy().first_week_whole;
    let due = if owes { sessions_due(rule, view.rep, this, step(view, state, rule.every_weeks)) } else { 0 };
    let scheduled = standing_in(view, state, this);
    let row = WeekState {
        manager: view.manager.id,
        due,
        rule: rule.name.clone(),
        cadence: (rule.per_week, rule.every_weeks),
        on_plan: view.rep.status_on(local) == Some(Status::Plan),
        skips: rule.skips,
        scheduled,
        standing: covered(view, state, this),
        excused: 0,
        excuse: None,
        row: None,
        churn: 0,
        late: 0,
        confirmed: 0,
        overlapped: 0,
        minutes: 0,
    };
    if due > 0 {
        judged.facts.push(due_fact(view, this, due, &rule.name));
    }
    state.weeks.insert(this, row);
}

fn due_fact(view: &View<'_>, week: Week, sessions: u32, rule: &str) -> Fact {
    Fact::Due { rep: view.rep.id, week, sessions, rule: rule.to_owned() }
}

/// What next week owes by the rule of its first day, less what stands in it already.
fn ahead(view: &View<'_>, state: &RepState) -> u32 {
    let next = view.week().next();
    let day = next.monday();
    let is_off = view.rep.status_on(day) == Some(Status::Leave) || state.excused.contains(&next);
    let rule = super::cadence::rule_for(&view.rules.cadence, view.rep, day).filter(|_| !is_off);
    let due = rule.map_or(0, |rule| sessions_due(rule, view.rep, next, step(view, state, rule.every_weeks)));
    due.saturating_sub(standing_in(view, state, next))
}

/// Sessions that count for a week, our own bookings aside.
fn standing_in(view: &View<'_>, state: &RepState, week: Week) -> u32 {
    counted(view, state, week).count() as u32
}

fn counted<'a>(view: &View<'_>, state: &'a RepState, week: Week) -> impl Iterator<Item = &'a Expected> {
    let zone = view.rep.zone.clone();
    state.sessions.values().filter(move |session| {
        session.ours.is_none() && session.counts_in(week, Week::of(session.span.start, &zone))
    })
}

/// A lower rule applies at once, a higher one next week (V39); another manager owes what is left (V38).
fn rule_changes(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    let standing = view.rule().and_then(|rule| step(view, state, rule.every_weeks));
    let Some(week) = state.weeks.get_mut(&this) else { return };
    if week.manager != view.manager.id {
        week.manager = view.manager.id;
        for recovery in
            state.recoveries.entry(this).or_default().values_mut().filter(|known| known.is_active())
        {
            recovery.manager = view.manager.id;
            if recovery.state == RecoveryState::Proposed {
                recovery.state = RecoveryState::Open;
            }
            recovery.proposal = None;
        }
    }
    let rule = view.rule();
    let is_same =
        rule.is_some_and(|rule| rule.name == week.rule && (rule.per_week, rule.every_weeks) == week.cadence);
    if is_same || week.due == 0 {
        return;
    }
    let due = rule.map_or(0, |rule| sessions_due(rule, view.rep, this, standing));
    if due >= week.due {
        return;
    }
    week.due = due;
    week.rule = rule.map_or_else(String::new, |rule| rule.name.clone());
    week.cadence = rule.map_or((0, 1), |rule| (rule.per_week, rule.every_weeks));
    judged.facts.push(due_fact(view, this, due, &week.rule));
    judged.revived.push((this, CloseReason::RuleChanged));
    if due == 0 {
        close_all(view, state, this, CloseReason::RuleChanged, judged);
    }
}

/// What became of our own bookings: held ones close their recovery, fallen ones open it again (V41).
fn bookings(state: &mut RepState, judged: &mut Judged) {
    for week in state.recoveries.values_mut() {
        for recovery in week.values_mut().filter(|known| known.state == RecoveryState::Booked) {
            let ours = state
                .sessions
                .values()
                .find(|session| session.ours == Some(recovery.id) && is_newest(session, recovery));
            let Some(session) = ours else { continue };
            if session.held && session.stands() {
                close(recovery, CloseReason::Recovered, judged);
            } else if !session.stands() {
                reopen(recovery, session, judged);
            } else if let Some(booking) = &mut recovery.booking {
                booking.span = session.span;
            }
        }
    }
}

fn is_newest(session: &Expected, recovery: &Recovery) -> bool {
    recovery.booking.as_ref().is_some_and(|booking| booking.uid == session.key.lineage)
}

fn reopen(recovery: &mut Recovery, session: &Expected, judged: &mut Judged) {
    let is_declined = session.given.as_ref().is_some_and(|given| given.outcome == Outcome::Declined);
    if let (true, Some(booking)) = (is_declined, &recovery.booking) {
        judged.facts.push(Fact::Released {
            recovery: recovery.id,
            event: booking.uid.clone(),
            why: ReleaseWhy::Declined,
        });
        recovery.released.push((booking.clone(), ReleaseWhy::Declined));
    }
    recovery.again();
    judged.facts.push(recovery.fact());
}

fn close(recovery: &mut Recovery, reason: CloseReason, judged: &mut Judged) {
    let released = match reason {
        CloseReason::Rescheduled => Some(ReleaseWhy::OwnChoice),
        CloseReason::RuleChanged => Some(ReleaseWhy::RuleChanged),
        CloseReason::Withdrawn => Some(ReleaseWhy::Withdrawn),
        CloseReason::Excused => Some(ReleaseWhy::Excused),
        CloseReason::Recovered | CloseReason::Missed => None,
    };
    if let (Some(why), Some(booking)) = (released, &recovery.booking) {
        judged.facts.push(Fact::Released { recovery: recovery.id, event: booking.uid.clone(), why });
        recovery.released.push((booking.clone(), why));
        recovery.booking = None;
    }
    recovery.state = RecoveryState::Closed;
    recovery.reason = Some(reason);
    recovery.proposal = None;
    judged.facts.push(recovery.fact());
}

/// Closes all that is open of a week.
fn close_all(view: &View<'_>, state: &mut RepState, week: Week, reason: CloseReason, judged: &mut Judged) {
    let _ = view;
    for recovery in state.recoveries.entry(week).or_default().values_mut().filter(|known| known.is_active()) {
        close(recovery, reason, judged);
    }
}

/// Closes everything of a rep who left, or owes nothing any more (V39): the weeks end without a row.
pub fn withdraw(state: &mut RepState) -> Vec<Fact> {
    let mut judged = Judged::default();
    for recovery in
        state.recoveries.values_mut().flat_map(|week| week.values_mut()).filter(|known| known.is_active())
    {
        close(recovery, CloseReason::RuleChanged, &mut judged);
    }
    judged.facts
}

/// Sessions of the week that are still missing, whatever is being done about them.
fn missing(view: &View<'_>, state: &RepState, this: Week) -> u32 {
    let Some(week) = state.weeks.get(&this) else { return 0 };
    let unsure = state
        .sessions
        .values()
        .filter(|session| session.week == this && session.ours.is_none() && session.is_unsure())
        .count() as u32;
    let recovered =
        state.of_week(this).filter(|recovery| recovery.reason == Some(CloseReason::Recovered)).count() as u32;
    week.due.saturating_sub(standing_in(view, state, this) + unsure + recovered + week.excused)
}

/// What absence makes impossible is excused (V31).
fn excuse(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    let short = missing(view, state, this);
    if short == 0 {
        return;
    }
    let by_hand = state.excused.contains(&this).then_some((Excuse::Leave, Evidence::ByHand));
    let away = || away::away_for_the_rest(view).map(|(who, excuse)| (excuse, Evidence::Away { who, excuse }));
    let Some((excuse, evidence)) = by_hand.or_else(away) else { return };
    if let Some(week) = state.weeks.get_mut(&this) {
        week.excused += short;
        week.excuse = Some(excuse);
    }
    close_all(view, state, this, CloseReason::Excused, judged);
    let fell = |session: &&mut Expected| {
        session.week == this
            && session.excused.is_none()
            && session.ours.is_none()
            && !session.stands()
            && session.replaced_by.is_none()
            && session.given.is_some()
    };
    for session in state.sessions.values_mut().filter(fell).take(short as usize) {
        session.excused = Some(excuse);
        let given = Given {
            outcome: Outcome::Excused,
            confidence: Confidence::Certain,
            by: None,
            at: view.now,
            since: view.now,
            late: false,
        };
        judged.facts.push(verdict(session, &given, vec![evidence.clone()], None));
    }
}

/// Opens as many recoveries as sessions are missing, and closes those that are not needed any more.
fn balance(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let this = view.week();
    let need = missing(view, state, this) as usize;
    let active = state.of_week(this).filter(|recovery| recovery.is_active()).count();
    if active > need {
        shed(state, this, active - need, judged);
    }
    if active >= need {
        return;
    }
    // Nobody is asked for a time in the night in which a week begins, and people may still book one themselves.
    let opens = first_working_hour(view, this);
    if view.now < opens {
        judged.look_at(opens);
        return;
    }
    for _ in active..need {
        open(view, state, this, judged);
    }
}

/// When the manager first works in the rep's week; its beginning, for somebody who does not work in it.
fn first_working_hour(view: &View<'_>, week: Week) -> Moment {
    let span = week.span(&view.rep.zone);
    view.manager.hours.spans(&view.manager.zone, &span).first().map_or(span.start, |first| first.start)
}

/// Closes `surplus` recoveries: open ones first, then proposed, then booked. A person's own choice beats ours.
fn shed(state: &mut RepState, week: Week, surplus: usize, judged: &mut Judged) {
    let revived = judged.revived.iter().find(|(of, _)| *of == week).map(|(_, reason)| *reason);
    let reason = revived.unwrap_or(CloseReason::Rescheduled);
    let Some(recoveries) = state.recoveries.get_mut(&week) else { return };
    let mut order: Vec<(RecoveryState, u32)> = recoveries
        .values()
        .filter(|recovery| recovery.is_active())
        .map(|recovery| (recovery.state, recovery.id.ordinal))
        .collect();
    order.sort_by_key(|(state, ordinal)| (*state, std::cmp::Reverse(*ordinal)));
    for (_, ordinal) in order.into_iter().take(surplus) {
        if let Some(recovery) = recoveries.get_mut(&ordinal) {
            close(recovery, reason, judged);
        }
    }
    if reason == CloseReason::Rescheduled && revived.is_none() {
        // Nothing vanished for it (V44): the newest session of the week is the people's own new time.
        let newest = state
            .sessions
            .values_mut()
            .filter(|session| session.week == week && session.ours.is_none() && session.stands())
            .max_by_key(|session| session.first_seen);
        if let Some(session) = newest {
            session.is_new_time = session.first_seen.is_some();
        }
    }
}

fn open(view: &View<'_>, state: &mut RepState, week: Week, judged: &mut Judged) {
    let taken: Vec<_> = state.of_week(week).filter_map(|recovery| recovery.fallen.clone()).collect();
    let fallen = state
        .sessions
        .values()
        .filter(|session| session.week == week && session.ours.is_none() && session.given.is_some())
        .find(|session| !session.stands() && session.replaced_by.is_none() && !taken.contains(&session.key))
        .map(|session| session.key.clone());
    let recoveries = state.recoveries.entry(week).or_default();
    let again = recoveries
        .values_mut()
        .find(|recovery| !recovery.is_active() && recovery.reason != Some(CloseReason::Recovered));
    if let Some(recovery) = again {
        // An ordinal is used again, and its attempts never fall.
        recovery.attempt += 1;
        recovery.round = 0;
        recovery.silent = false;
        recovery.no_slot = None;
        recovery.state = RecoveryState::Open;
        recovery.reason = None;
        recovery.opened = view.now;
        recovery.fallen = fallen.or(recovery.fallen.take());
        judged.facts.push(recovery.fact());
        return;
    }
    let ordinal = recoveries.keys().next_back().map_or(1, |last| last + 1);
    let recovery = Recovery {
        id: RecoveryId { rep: view.rep.id, week, ordinal },
        manager: view.manager.id,
        state: RecoveryState::Open,
        reason: None,
        attempt: 1,
        round: 0,
        opened: view.now,
        fallen,
        proposal: None,
        booking: None,
        released: Vec::new(),
        refused: Vec::new(),
        no_slot: None,
        ask_first: false,
        silent: false,
        unknown_since: None,
        roots: std::collections::BTreeMap::new(),
    };
    judged.facts.push(recovery.fact());
    recoveries.insert(ordinal, recovery);
}

/// Writes the rows of weeks that have ended, and corrects them while late news counts.
fn rows(view: &View<'_>, state: &mut RepState, judged: &mut Judged) {
    let ended: Vec<Week> = state
        .weeks
        .iter()
        .filter(|(week, row)| {
            let end = week.span(&view.rep.zone).end;
            row.due > 0 && end <= view.now && view.now - end <= TimeDelta::days(CORRECTED_DAYS)
        })
        .map(|(week, _)| *week)
        .collect();
    for week in ended {
        close_all(view, state, week, CloseReason::Missed, judged);
        let counts = count(view, state, week);
        let beside = Beside::of(state, week);
        let Some(row) = state.weeks.get_mut(&week) else { continue };
        beside.write(row);
        if row.row == Some(counts) {
            continue;
        }
        row.row = Some(counts);
        judged.facts.push(Fact::Week { rep: view.rep.id, manager: row.manager, week, counts });
    }
}

/// What the report says of a week beside its row.
struct Beside {
    churn: u32,
    late: u32,
    confirmed: u32,
    overlapped: u32,
    minutes: u32,
}

impl Beside {
    fn of(state: &RepState, week: Week) -> Self {
        let of_week = || state.sessions.values().filter(|session| session.week == week);
        let took_place = || of_week().filter(|session| session.stands() && took_place(session));
        let count =
            |holds: &dyn Fn(&Expected) -> bool| took_place().filter(|session| holds(session)).count() as u32;
        Self {
            churn: of_week().filter(|session| session.moves >= CHURN_MOVES).count() as u32,
            late: of_week().filter(|session| session.given.as_ref().is_some_and(|given| given.late)).count()
                as u32,
            confirmed: count(&|session| session.word() == Some(true)),
            overlapped: count(&|session| {
                session.word().is_none() && session.overlap.is_some_and(|overlap| !overlap.is_kept)
            }),
            minutes: took_place().map(|session| session.span.length().num_minutes().max(0) as u32).sum(),
        }
    }

    fn write(self, row: &mut WeekState) {
        row.churn = self.churn;
        row.late = self.late;
        row.confirmed = self.confirmed;
        row.overlapped = self.overlapped;
        row.minutes = self.minutes;
    }
}

/// Whether a session took place: it was held, or somebody says so.
fn took_place(session: &Expected) -> bool {
    session.held || session.word() == Some(true)
}

/// The row of a week: `held`, `rescheduled`, `recovered`, `excused` and `missed` add up to `due`.
fn count(view: &View<'_>, state: &RepState, week: Week) -> WeekCounts {
    let Some(row) = state.weeks.get(&week) else { return WeekCounts::default() };
    let moved = |session: &Expected| {
        session.is_new_time || session.week != week || session.span.start != session.planned.start
    };
    let (own, other): (Vec<_>, Vec<_>) =
        counted(view, state, week).filter(|session| took_place(session)).partition(|session| !moved(session));
    let recovered = state.of_week(week).filter(|known| known.reason == Some(CloseReason::Recovered)).count();
    let mut left = row.due;
    let mut take = |wanted: u32| {
        let taken = wanted.min(left);
        left -= taken;
        taken
    };
    let held = take(own.len() as u32);
    let rescheduled = take(other.len() as u32);
    let recovered = take(recovered as u32);
    let excused = take(if state.excused.contains(&week) { row.due } else { row.excused });
    let missed = left;
    WeekCounts { due: row.due, scheduled: row.scheduled, held, rescheduled, recovered, excused, missed }
}
