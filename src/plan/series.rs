//! Standing series: who wants one, which days and hours to offer, and what becomes of an answer.
//!
//! Where no series brings what a rule owes for `series_after` weeks, the manager is asked once, in one mail for all of
//! their reps. The times come from the planner of recoveries, given a [`Typical`] week.

use std::collections::BTreeMap;

use chrono::{Days as Ahead, NaiveDate, TimeDelta};

use crate::model::fact::{Action, Fact, ReleaseWhy};
use crate::model::letter::Letter;
use crate::model::people::{BookVia, Person, PersonId, Status};
use crate::model::policy::Mode;
use crate::model::series::{
    Coverage, Series, SeriesBooking, SeriesEvent, SeriesId, SeriesItem, SeriesStage, SeriesTime, rrule,
    sessions,
};
use crate::model::state::{Expected, OutboxRow, RepState};
use crate::model::time::{Span, Week};
use crate::model::zone::{Moment, Zone};

use super::answer::Upshot;
use super::book::event_uid;
use super::compile::{Ask, Days, Displace, Need};
use super::desk::{Clicks, Desk, Ids, Planned, Subject};
use super::escalate::quiet_until;
use super::member::Member;
use super::notes::{RuleOn, Wanted};
use super::offers::offers;
use super::recover::{displaced, whose};
use super::typical::Typical;
use crate::model::state::Note;

/// After "not now", or no answer, nobody is asked again for so long.
const QUIET_WEEKS: i64 = 8;
/// The times can be taken for so long.
const ANSWER_DAYS: i64 = 7;
/// What is owed for less than this is not worth a series.
const WORTH_DAYS: u64 = 21;
/// A rule is looked at so far ahead for its end.
const AHEAD_DAYS: u64 = 800;

/// How far each rep is covered, as the judge found.
pub type Covered = BTreeMap<PersonId, Coverage>;

/// Ends proposals whose time is over, or that are not needed any more.
pub fn outstanding(desk: &Desk<'_>, manager: &Person, team: &mut [Member<'_>], covered: &Covered) -> Planned {
    let mut planned = Planned::default();
    for member in team {
        let is_covered = covered.get(&member.rep.id).is_some_and(|coverage| coverage.missing == 0);
        for series in member.state.series.values_mut().filter(|known| known.stage == SeriesStage::Proposed) {
            let is_other = series.manager != manager.id || series.rule != member.rule.name;
            if is_covered || is_other {
                planned.facts.push(series.enter(SeriesStage::Withdrawn, desk.now));
            } else if desk.now >= series.until {
                planned.facts.push(series.enter(SeriesStage::Silent, desk.now));
            } else {
                planned.look_at(series.until);
            }
        }
    }
    planned
}

/// Whom of a team a series should be proposed for now, by their place in it; and when to look again.
pub fn wanting(
    desk: &Desk<'_>,
    manager: &Person,
    team: &[Member<'_>],
    covered: &Covered,
    rule_on: RuleOn<'_>,
) -> (Vec<usize>, Option<Moment>) {
    if desk.rules.policy.series_after == 0 || desk.mode_for(manager) == Mode::Observe {
        return (Vec::new(), None);
    }
    let wants = |member: &Member<'_>| {
        let coverage = covered.get(&member.rep.id)?;
        wants(desk, manager, member, coverage, rule_on).then_some(())
    };
    let places: Vec<usize> = (0..team.len()).filter(|at| wants(&team[*at]).is_some()).collect();
    // Nobody is asked in the night in which a week begins, and people may still make one themselves.
    let week = Week::of(desk.now, &manager.zone).span(&manager.zone);
    let opens = manager.hours.spans(&manager.zone, &week).first().map_or(week.start, |first| first.start);
    if places.is_empty() || desk.now >= opens { (places, None) } else { (Vec::new(), Some(opens)) }
}

fn wants(
    desk: &Desk<'_>,
    manager: &Person,
    member: &Member<'_>,
    coverage: &Coverage,
    rule_on: RuleOn<'_>,
) -> bool {
    let is_short = coverage.missing > 0 && coverage.weeks >= desk.rules.policy.series_after;
    let is_away = [manager, member.rep]
        .iter()
        .any(|person| person.leave.is_some_and(|leave| leave.hold(person.zone.local(desk.now).date())));
    let this = Week::of(desk.now, &member.rep.zone);
    if !is_short || is_away || member.is_muted(this) || is_quiet(desk, member.state) {
        return false;
    }
    let today = member.rep.zone.local(desk.now).date();
    last_day(member, coverage, today, rule_on).is_none_or(|last| last >= today + Ahead::new(WORTH_DAYS))
}

/// One proposal at a time, and none for a while after one that came to nothing.
fn is_quiet(desk: &Desk<'_>, state: &RepState) -> bool {
    state.series.values().any(|series| match series.stage {
        SeriesStage::Proposed => true,
        SeriesStage::NoTime | SeriesStage::Declined | SeriesStage::Silent | SeriesStage::Released => {
            desk.now - series.since < TimeDelta::weeks(QUIET_WEEKS)
        }
        SeriesStage::Withdrawn | SeriesStage::Booked => false,
    })
}

/// The last day on which one more standing session is owed: the end of the ramp, or of a plan. `None`: no end is known.
/// What a rep is owed after that all the same (a new hire's first session a week) has none.
fn last_day(
    member: &Member<'_>,
    coverage: &Coverage,
    today: NaiveDate,
    rule_on: RuleOn<'_>,
) -> Option<NaiveDate> {
    let wanted = coverage.standing + 1;
    let every = member.rule.every_weeks;
    let is_owed = |day: NaiveDate| {
        // Leave says nothing about what is owed afterwards.
        member.rep.status_on(day) == Some(Status::Leave)
            || rule_on(member.rep, day)
                .is_some_and(|rule| rule.every_weeks == every && rule.per_week >= wanted)
    };
    let first = coverage.first.monday().max(today);
    let mut days = (0..AHEAD_DAYS).map(|ahead| first + Ahead::new(ahead));
    days.find(|day| !is_owed(*day)).map(|day| day - Ahead::new(1))
}

/// Plans a series for each of `wanting` together, and asks the manager in one mail. `taken` is time that other series
/// which no calendar shows take of people.
pub fn propose(
    desk: &Desk<'_>,
    manager: &Person,
    team: &mut [Member<'_>],
    wanting: &[usize],
    (covered, taken): (&Covered, &[(PersonId, Span)]),
    rule_on: RuleOn<'_>,
) -> (Option<Wanted>, Vec<Fact>) {
    let zones: Vec<&Zone> = wanting.iter().map(|at| &team[*at].rep.zone).collect();
    let typical = Typical::of(desk.now, &manager.zone, &zones);
    let ask = ask(desk, manager, team, wanting, taken, &typical);
    if ask.people.iter().any(|person| person.unknown) {
        // Unknown time is never free: asked again when all is known.
        return (None, Vec::new());
    }
    let found = offers(&ask, desk.rules.policy.options.max(1));
    let mut facts = Vec::new();
    let mut items = Vec::new();
    for at in wanting {
        let member = &mut team[*at];
        let Some(coverage) = covered.get(&member.rep.id) else { continue };
        let times = found.get(&key(member.rep)).into_iter().flatten();
        let options = times.filter_map(|offer| {
            let first = typical.in_week(&offer.span(), coverage.first)?;
            Some(SeriesTime {
                first,
                clashes: clashes(desk, &typical, [manager, member.rep], &offer.span(), first.start),
                displaces: offer.displaces.and_then(displaced),
                displaces_of: whose(offer),
            })
        });
        let options: Vec<SeriesTime> = options.collect();
        let series = begun(desk, manager, member, coverage, options, rule_on);
        facts.push(series.fact());
        items.push(item(&series, coverage, member));
        member.state.series.insert(series.id.ordinal, series);
    }
    (mail(desk, manager, items), facts)
}

fn key(rep: &Person) -> String {
    format!("{:09}", rep.id.0)
}

/// When a time that is offered does not suit one of the two, from its first session on.
fn clashes(
    desk: &Desk<'_>,
    typical: &Typical,
    pair: [&Person; 2],
    span: &Span,
    first: Moment,
) -> Vec<Moment> {
    let mut clashes: Vec<Moment> = pair
        .iter()
        .flat_map(|person| typical.clashes(desk, person, span))
        .filter(|at| *at >= first)
        .collect();
    clashes.sort_unstable();
    clashes.dedup();
    clashes
}

fn ask<'a>(
    desk: &Desk<'a>,
    manager: &Person,
    team: &[Member<'_>],
    wanting: &[usize],
    taken: &[(PersonId, Span)],
    typical: &Typical,
) -> Ask<'a> {
    let of = |who: PersonId| -> Vec<Span> {
        let outstanding = desk.holds.iter().map(|(of, _, span)| (*of, *span));
        let all = outstanding.chain(taken.iter().copied());
        all.filter(|(of, _)| *of == who).map(|(_, span)| span).collect()
    };
    let others = team.iter().enumerate().filter(|(at, _)| !wanting.contains(at));
    let led: Vec<Span> = others.flat_map(|(_, member)| standing(desk, member)).collect();
    let reps = wanting.iter().map(|at| typical.attendee(desk, team[*at].rep, &of(team[*at].rep.id), &[]));
    let needs = wanting.iter().map(|at| {
        let member = &team[*at];
        let newest =
            member.state.sessions.values().filter(|session| session.recurs).max_by_key(|one| one.span.start);
        let mut fixed: Vec<Span> = standing(desk, member).iter().map(|span| typical.of_span(span)).collect();
        fixed.sort_unstable();
        fixed.dedup();
        Need {
            usual: newest
                .filter(|_| fixed.is_empty())
                .map(|session| typical.of_span(&planned(session)).start),
            fixed,
            ..member.need(manager, key(member.rep), typical.week())
        }
    });
    Ask {
        // A week that stands for six has no past.
        now: typical.week().start - desk.rules.policy.notice - TimeDelta::days(1),
        policy: &desk.rules.policy,
        people: std::iter::once(typical.attendee(desk, manager, &of(manager.id), &led)).chain(reps).collect(),
        needs: needs.collect(),
        displace: Displace::AsPolicySays,
        days: Days::Alike,
    }
}

/// What a rep's standing series bring in the next two weeks, where the series has it.
fn standing(desk: &Desk<'_>, member: &Member<'_>) -> Vec<Span> {
    let this = Week::of(desk.now, &member.rep.zone);
    let coming = |session: &&Expected| session.recurs && session.week > this && session.stands();
    member.state.sessions.values().filter(coming).map(planned).collect()
}

fn planned(session: &Expected) -> Span {
    let start = session.key.rid.unwrap_or(session.span.start);
    Span::new(start, start + session.span.length())
}

fn begun(
    desk: &Desk<'_>,
    manager: &Person,
    member: &Member<'_>,
    coverage: &Coverage,
    options: Vec<SeriesTime>,
    rule_on: RuleOn<'_>,
) -> Series {
    let ordinal = member.state.series.keys().next_back().map_or(1, |last| last + 1);
    let today = member.rep.zone.local(desk.now).date();
    Series {
        id: SeriesId { rep: member.rep.id, ordinal },
        manager: manager.id,
        rule: member.rule.name.clone(),
        every_weeks: member.rule.every_weeks,
        last: last_day(member, coverage, today, rule_on),
        stage: if options.is_empty() { SeriesStage::NoTime } else { SeriesStage::Proposed },
        options,
        until: desk.now + TimeDelta::days(ANSWER_DAYS),
        since: desk.now,
        booking: None,
    }
}

fn item(series: &Series, coverage: &Coverage, member: &Member<'_>) -> SeriesItem {
    SeriesItem {
        series: series.id,
        weeks: coverage.weeks,
        standing: coverage.standing,
        every_weeks: series.every_weeks,
        minutes: member.rule.duration.num_minutes().max(0) as u32,
        last: series.last,
        options: series.options.clone(),
        until: series.until,
    }
}

/// One mail for all, after the manager's quiet hours; it counts as a note.
fn mail(desk: &Desk<'_>, manager: &Person, items: Vec<SeriesItem>) -> Option<Wanted> {
    let until = items.iter().map(|item| item.until).max()?;
    let ids: Vec<String> = items.iter().map(|item| item.series.to_string()).collect();
    let what = format!("series-{}", ids.join("+"));
    let about = Subject { what: &what, attempt: 1, round: 0, recovery: None };
    let mut row = desk.row(manager.id, Letter::Series { items }, &about);
    row.not_before = quiet_until(desk, manager).unwrap_or(desk.now);
    row.expires = Some(until);
    Some(Wanted { row, note: Note { week: Week::of(desk.now, &manager.zone), what } })
}

/// What somebody answers about a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Who.
    pub who: PersonId,
    /// What.
    pub action: Action,
    /// Which series the link names; `None`: the newest (a recording).
    pub ordinal: Option<u32>,
    /// Which of the times, counted from 1.
    pub option: Option<u32>,
}

/// Takes up an answer about a series.
pub fn answer(desk: &Desk<'_>, member: &mut Member<'_>, answered: &Answered) -> (Upshot, Planned) {
    let mut planned = Planned::default();
    let newest = member.state.series.keys().next_back().copied();
    let series = answered.ordinal.or(newest).and_then(|ordinal| member.state.series.get_mut(&ordinal));
    let Some(series) = series else { return (Upshot::Over, planned) };
    let is_open = series.stage == SeriesStage::Proposed && desk.now < series.until;
    let upshot = match (answered.action, series.stage) {
        (Action::Series, _) if is_open => take(desk, member.rep, series, answered, &mut planned),
        (Action::NotNow, _) if is_open => {
            planned.facts.push(series.enter(SeriesStage::Declined, desk.now));
            Upshot::Done
        }
        (Action::UndoSeries, SeriesStage::Booked) => {
            let begins = series.booking.as_ref().map(|booking| booking.first.start);
            if begins.is_some_and(|start| desk.now < start) {
                let (facts, rows) = release(
                    series,
                    desk.roster.get(series.manager).map(|known| &known.zone),
                    ReleaseWhy::Undo,
                    desk.now,
                    desk.ids,
                );
                planned.facts.extend(facts);
                planned.rows.extend(rows);
                let lineage = series.booking.as_ref().map(|booking| booking.uid.clone()).unwrap_or_default();
                let coming = member.state.sessions.values_mut();
                for session in coming.filter(|session| session.key.lineage == lineage && !session.held) {
                    session.released = true;
                }
                Upshot::Done
            } else {
                Upshot::Over
            }
        }
        (Action::Series, SeriesStage::Booked)
        | (Action::NotNow, SeriesStage::Declined)
        | (Action::UndoSeries, SeriesStage::Released) => Upshot::Already,
        _ => Upshot::Over,
    };
    if matches!(upshot, Upshot::Done | Upshot::Gone) {
        let said = Fact::Answer {
            who: answered.who,
            action: answered.action,
            recovery: None,
            option: answered.option,
        };
        planned.facts.insert(0, said);
    }
    (upshot, planned)
}

/// Books the time that was taken, if it still suits both.
fn take(
    desk: &Desk<'_>,
    rep: &Person,
    series: &mut Series,
    answered: &Answered,
    planned: &mut Planned,
) -> Upshot {
    let nth = answered.option.unwrap_or(1).max(1) as usize - 1;
    let Some(manager) = desk.roster.get(series.manager) else { return Upshot::Over };
    let Some(option) = series.options.get(nth).cloned() else { return Upshot::Over };
    if !still_fits(desk, [manager, rep], &option) {
        planned.facts.push(series.enter(SeriesStage::Withdrawn, desk.now));
        return Upshot::Gone;
    }
    let soonest = desk.now + desk.rules.policy.notice;
    let horizon = soonest + TimeDelta::weeks(2 * i64::from(series.every_weeks.max(1)));
    let coming = sessions(&option.first, series.every_weeks, series.last, &manager.zone, horizon);
    let Some(first) = coming.into_iter().find(|span| span.start >= soonest) else { return Upshot::Over };
    let local = (desk.ids)("event", &series.id.to_string(), 1, 0, None);
    series.booking = Some(SeriesBooking {
        uid: event_uid(&local, manager.book, &desk.rules.voice.from_address),
        via: manager.book,
        first,
        is_written: false,
        is_seen: false,
    });
    planned.facts.push(series.enter(SeriesStage::Booked, desk.now));
    let what = series.id.to_string();
    let about = Subject { what: &what, attempt: 1, round: 0, recovery: None };
    for to in [manager.id, rep.id] {
        let letter = Letter::SeriesBooked {
            event: event(series, &manager.zone),
            by: answered.who,
            undo_until: (desk.clicks == Clicks::Work).then_some(first.start),
        };
        let mut row = desk.row(to, letter, &about);
        row.expires = Some(first.start);
        planned.rows.push(row);
    }
    Upshot::Done
}

/// Whether nothing new is in the way that would be too often.
fn still_fits(desk: &Desk<'_>, pair: [&Person; 2], option: &SeriesTime) -> bool {
    let zones = [&pair[1].zone];
    let typical = Typical::of(desk.now, &pair[0].zone, &zones);
    let span = typical.of_span(&option.first);
    pair.into_iter().all(|person| {
        let is_known = desk.diaries.get(&person.id).is_some_and(|diary| diary.is_known);
        let clashes = typical.clashes(desk, person, &span);
        let has_new = clashes.iter().any(|at| !option.clashes.contains(at));
        is_known && !(has_new && Typical::is_often(&clashes))
    })
}

/// What the mails say of what is booked.
fn event(series: &Series, zone: &Zone) -> SeriesEvent {
    let (uid, via, first) = match &series.booking {
        Some(booking) => (booking.uid.clone(), booking.via, booking.first),
        None => (String::new(), BookVia::Mail, Span::new(series.since, series.since)),
    };
    SeriesEvent {
        series: series.id,
        manager: series.manager,
        first,
        every_weeks: series.every_weeks,
        last: series.last,
        rrule: rrule(first.start, series.every_weeks, series.last, zone),
        uid,
        via,
    }
}

/// Takes back what was booked: the rows that call it off, to both.
pub fn release(
    series: &mut Series,
    zone: Option<&Zone>,
    why: ReleaseWhy,
    now: Moment,
    ids: Ids<'_>,
) -> (Vec<Fact>, Vec<OutboxRow>) {
    if series.booked().is_none() {
        return (Vec::new(), Vec::new());
    }
    let utc = Zone::utc();
    let event = event(series, zone.unwrap_or(&utc));
    let fact = series.enter(SeriesStage::Released, now);
    let row = |to: PersonId| {
        let id = ids("released", &event.uid, 1, 0, Some(to));
        OutboxRow::new(id, to, Letter::SeriesReleased { event: event.clone(), why }, now)
    };
    (vec![fact], vec![row(series.manager), row(series.id.rep)])
}
