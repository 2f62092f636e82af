//! Judge and plan: the teams that must be looked at, one after the other.
//!
//! The unit of work is a team, a manager and their direct reports. Work follows the change: a team is looked at
//! when a calendar in it changed, an answer came in, its own next look is due, or a session in it settles.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::TimeDelta;

use super::commit::Draft;
use super::notes::{gather, welcome};
use super::{Daemon, Gate, Setup};
use crate::config::HolidayScope;
use crate::judge::cadence::rule_for;
use crate::judge::{self, Judged, View, health};
use crate::model::calendar::{Diary, Picture};
use crate::model::fact::{Fact, RecoveryId, RecoveryState};
use crate::model::letter::{Letter, OpsNews};
use crate::model::people::{Person, PersonId, Roster, Status};
use crate::model::policy::Mode;
use crate::model::report::Recognition;
use crate::model::series::Coverage;
use crate::model::state::{Note, OutboxRow, Put, RepState, State};
use crate::model::time::{Span, Week};
use crate::model::zone::Moment;
use crate::observe::diary::{Known, diary};
use crate::plan::desk::{Alarm, Desk, Ids, Planned};
use crate::plan::escalate::escalate;
use crate::plan::member::Member;
use crate::plan::notes::{Notes, notes};
use crate::plan::recover::recover;

/// A team is looked at once a day, whatever happens.
const LOOK_HOURS: i64 = 24;
/// A report that could not be sent for so long is pointless.
const REPORT_DAYS: i64 = 3;

impl Daemon {
    /// Judges and plans every team that must be looked at, and says what is due to leaders.
    pub(super) fn decide(&mut self, draft: &mut Draft) {
        let due = self.looks.iter().filter(|(_, at)| **at <= draft.now).map(|(manager, _)| *manager);
        draft.teams.extend(due);
        draft.teams.extend(self.settling());
        let mode = self.mode(draft);
        for manager in std::mem::take(&mut draft.teams) {
            let setup = Rc::clone(&self.setup);
            match setup.roster.get(manager).filter(|_| setup.roster.reports(manager).next().is_some()) {
                Some(manager) => {
                    let next = self.team(manager, mode, draft);
                    self.looks.insert(manager.id, next);
                }
                None => {
                    self.looks.remove(&manager);
                }
            }
        }
        self.open_gate(mode, draft);
        self.report(draft);
        gather(draft, &|what, to| self.action_id("escalation", what, 1, 0, Some(to)));
    }

    /// Managers of reps with a session that waits for its settle time: each answer counts.
    fn settling(&self) -> Vec<PersonId> {
        let waits = |rep: &&Person| {
            let state = self.state.reps.get(&rep.id);
            state.is_some_and(|state| state.sessions.values().any(|session| session.pending.is_some()))
        };
        self.setup.roster.reps().filter(waits).filter_map(|rep| rep.manager).collect()
    }

    /// What may be done: the mode of the settings; `observe` while paused, or while too few reps are recognised.
    fn mode(&self, draft: &mut Draft) -> Mode {
        let mode = self.setup.settings.rules.mode;
        if self.is_paused_after(draft) {
            return Mode::Observe;
        }
        if mode == Mode::Observe || self.setup.gate == Gate::Off {
            return mode;
        }
        if self.is_recognised() {
            if self.state.told_unrecognised {
                draft.puts.push(Put::Unrecognised { told: false });
            }
            return mode;
        }
        // Before all calendars were asked, nobody knows.
        if !self.state.told_unrecognised && self.is_ready {
            let Recognition { owed, recognised } = self.recognition();
            self.tell_ops(&OpsNews::Unrecognised { owed, recognised }, "recognition", draft);
            draft.puts.push(Put::Unrecognised { told: true });
        }
        Mode::Observe
    }

    /// Whether effects are stopped once this draft is written.
    fn is_paused_after(&self, draft: &Draft) -> bool {
        let said = draft.facts.iter().rev().find_map(|fact| match fact {
            Fact::Paused { paused, .. } => Some(*paused),
            _ => None,
        });
        said.unwrap_or_else(|| self.is_paused())
    }

    /// Whether a 1-on-1 is recognised for most reps, or there are too few of them to ask.
    pub(super) fn is_recognised(&self) -> bool {
        self.setup.gate == Gate::Off || self.recognition().is_enough()
    }

    /// Where this tick has recognised enough reps, teams that were held back are planned in the next.
    fn open_gate(&mut self, mode: Mode, draft: &Draft) {
        let is_held = mode == Mode::Observe && !self.is_recognised() && !self.is_paused_after(draft);
        if !is_held {
            return;
        }
        let reps = |rep: PersonId| draft.reps.get(&rep).or_else(|| self.state.reps.get(&rep));
        if recognition(&self.setup.roster, &reps).is_enough() {
            let soon = draft.now + TimeDelta::seconds(1);
            self.looks.values_mut().for_each(|look| *look = (*look).min(soon));
        }
    }

    /// For how many reps a 1-on-1 is recognised.
    pub fn recognition(&self) -> Recognition {
        recognition(&self.setup.roster, &|rep| self.state.reps.get(&rep))
    }

    /// Judges the reps of one manager, plans for all of them together, and says when to look again.
    fn team(&mut self, manager: &Person, mode: Mode, draft: &mut Draft) -> Moment {
        let setup = Rc::clone(&self.setup);
        let reps: Vec<&Person> =
            setup.roster.reports(manager.id).filter(|rep| rep.status != Some(Status::None)).collect();
        let people = std::iter::once(manager).chain(reps.iter().copied());
        let diaries: BTreeMap<PersonId, Diary> =
            people.map(|person| (person.id, self.diary(person, draft.now))).collect();
        let mut next = draft.now + TimeDelta::hours(LOOK_HOURS);
        let mut ahead: BTreeMap<PersonId, u32> = BTreeMap::new();
        let mut covered: BTreeMap<PersonId, Coverage> = BTreeMap::new();
        for rep in &reps {
            let judged = self.judge(rep, manager, &diaries, draft);
            next = next.min(judged.next_look.unwrap_or(next));
            ahead.insert(rep.id, judged.ahead);
            covered.extend(judged.coverage.map(|coverage| (rep.id, coverage)));
            draft.facts.extend(judged.facts);
        }
        self.baselines(manager, &reps, draft);
        let holds = self.holds(manager, &reps, draft);
        let ids = |kind: &str, what: &str, attempt: u32, round: u32, to: Option<PersonId>| {
            self.action_id(kind, what, attempt, round, to)
        };
        let desk = self.desk(&setup, (draft.now, mode), &diaries, &holds, &ids);
        let (planned, notes) = plan_team(&desk, manager, (&reps, &ahead), &self.state, draft);
        for looked in [planned, notes.next_look].into_iter().flatten() {
            next = next.min(looked);
        }
        for wanted in notes.wanted {
            self.send_note(&desk, wanted, draft);
        }
        next = next.min(self.standing(&desk, manager, &reps, &covered, draft).unwrap_or(next));
        next.max(draft.now + TimeDelta::seconds(1))
    }

    /// What planning needs to see.
    pub(super) fn desk<'a>(
        &'a self,
        setup: &'a Setup,
        (now, mode): (Moment, Mode),
        diaries: &'a BTreeMap<PersonId, Diary>,
        holds: &'a [(PersonId, RecoveryId, Span)],
        ids: Ids<'a>,
    ) -> Desk<'a> {
        Desk {
            now,
            roster: &setup.roster,
            rules: &setup.settings.rules,
            mode,
            diaries,
            holds,
            clicks: setup.clicks,
            ops: &setup.ops,
            welcomed: &self.state.welcomed,
            noted: &self.state.noted,
            ids,
        }
    }

    /// Judges one rep.
    fn judge(
        &self,
        rep: &Person,
        manager: &Person,
        diaries: &BTreeMap<PersonId, Diary>,
        draft: &mut Draft,
    ) -> Judged {
        let empty = Diary::default();
        let now = draft.now;
        let state = draft.rep(&self.state, rep.id);
        let others: BTreeSet<PersonId> = state
            .sessions
            .values()
            .map(|session| session.manager)
            .filter(|other| *other != manager.id)
            .collect();
        let other_pictures: Vec<(PersonId, &Picture)> =
            others.into_iter().filter_map(|other| Some((other, self.picture(other)?))).collect();
        let view = View {
            now,
            roster: &self.setup.roster,
            rules: &self.setup.settings.rules,
            rep,
            manager,
            rep_picture: self.picture(rep.id),
            manager_picture: self.picture(manager.id),
            rep_diary: diaries.get(&rep.id).unwrap_or(&empty),
            manager_diary: diaries.get(&manager.id).unwrap_or(&empty),
            other_pictures: &other_pictures,
        };
        judge::judge(&view, state)
    }

    /// What fills somebody's time in the weeks around now.
    pub(super) fn diary(&self, person: &Person, now: Moment) -> Diary {
        self.diary_within(person, &Span::new(now - TimeDelta::days(8), now + TimeDelta::days(22)))
    }

    /// What fills somebody's time.
    pub(super) fn diary_within(&self, person: &Person, window: &Span) -> Diary {
        let (pictures, all) = self.pictures(person);
        let holidays: Vec<&Picture> = self
            .setup
            .holidays
            .iter()
            .filter(|(scope, _)| match scope {
                HolidayScope::Everybody => true,
                HolidayScope::Zone(zone) => *zone == person.zone,
                HolidayScope::Person(address) => *address == person.address,
            })
            .filter_map(|(_, calendar)| self.picture(calendar.owner))
            .collect();
        diary(person, &pictures, &holidays, window, if all { Known::All } else { Known::NotAll })
    }

    /// Time that bookings not yet seen and offers outstanding take of the people of a team, in all their teams.
    pub(super) fn holds(
        &self,
        manager: &Person,
        reps: &[&Person],
        draft: &mut Draft,
    ) -> Vec<(PersonId, RecoveryId, Span)> {
        let mut owners: BTreeSet<PersonId> = reps.iter().map(|rep| rep.id).collect();
        owners.insert(manager.id);
        for rep in reps {
            owners.extend(self.setup.roster.reports(rep.id).map(|report| report.id));
        }
        let mut holds = Vec::new();
        for owner in owners {
            let Some(state) = draft.reps.get(&owner).or_else(|| self.state.reps.get(&owner)) else {
                continue;
            };
            holds.extend(super::series::awaited(state));
            for recovery in state.active() {
                let offered =
                    recovery.proposal.iter().flat_map(|proposal| &proposal.offers).map(|offer| offer.span);
                let booked = recovery.booking.iter().map(|booking| booking.span);
                for span in offered.chain(booked) {
                    holds.push((recovery.manager, recovery.id, span));
                    holds.push((recovery.id.rep, recovery.id, span));
                }
            }
        }
        holds
    }

    /// When the next report is due.
    pub(super) fn next_report(&self, now: Moment) -> Option<Moment> {
        let send = self.setup.settings.rules.health.send;
        let leaders = health::leaders(&self.setup.roster);
        leaders
            .iter()
            .filter_map(|leader| self.setup.roster.get(*leader))
            .map(|leader| send.next_after(now, &leader.zone))
            .min()
    }

    /// The weekly report of every leader for whom one has come due since the last.
    fn report(&self, draft: &mut Draft) {
        let rules = &self.setup.settings.rules;
        let Some(since) = self.state.since else { return };
        for leader in health::leaders(&self.setup.roster) {
            let Some(person) = self.setup.roster.get(leader) else { continue };
            let week = Week::of(draft.now, &person.zone).plus(-1);
            let due = rules
                .health
                .send
                .next_after(week.next().span(&person.zone).start - TimeDelta::seconds(1), &person.zone);
            if self.state.unsubscribed.contains(&leader) {
                continue;
            }
            let is_said = self.state.reported.get(&leader).is_some_and(|said| *said >= week);
            if is_said || draft.now < due || due < since {
                continue;
            }
            let reps = |rep: PersonId| draft.reps.get(&rep).or_else(|| self.state.reps.get(&rep));
            let letter = Letter::Health(health::health(
                &self.setup.roster,
                rules,
                leader,
                week,
                &self.state.sources,
                &reps,
            ));
            let note = Note { week: Week::of(draft.now, &person.zone), what: format!("health-{week}") };
            draft.puts.push(Put::Noted { to: leader, note });
            let id = self.action_id("health", &week.to_string(), 1, 0, Some(leader));
            let expires = Some(draft.now + TimeDelta::days(REPORT_DAYS));
            draft.rows.push(OutboxRow { expires, ..OutboxRow::new(id, leader, letter, draft.now) });
            draft.puts.push(Put::Reported { leader, week });
        }
    }
}

/// For how many of the reps that are owed sessions a 1-on-1 of their own is recognised; what Drumbeat booked is none.
pub fn recognition<'s>(roster: &Roster, reps: &dyn Fn(PersonId) -> Option<&'s RepState>) -> Recognition {
    let owed = roster.reps().filter(|rep| rep.manager.is_some() && rep.status != Some(Status::None));
    let mut found = Recognition { owed: 0, recognised: 0 };
    for rep in owed {
        let mut sessions = reps(rep.id).into_iter().flat_map(|known| known.sessions.values());
        found.owed += 1;
        found.recognised += u32::from(sessions.any(|session| !session.is_weak && session.ours.is_none()));
    }
    found
}

/// Plans one team: recoveries together, then each rep's escalation, then what all are told or asked beside. Returns when to
/// look again.
fn plan_team(
    desk: &Desk<'_>,
    manager: &Person,
    (reps, ahead): (&[&Person], &BTreeMap<PersonId, u32>),
    state: &State,
    draft: &mut Draft,
) -> (Option<Moment>, Notes) {
    let mut states: Vec<(&Person, RepState)> =
        reps.iter().map(|rep| (*rep, draft.rep(state, rep.id).clone())).collect();
    let Planned { facts, rows, alarms, mut next_look } =
        recover(desk, manager, &mut members(desk, &mut states));
    draft.facts.extend(facts);
    welcome(desk, rows, draft);
    for (rep, state) in &mut states {
        let mine: Vec<Alarm> = alarms.iter().filter(|alarm| alarm.rep == rep.id).cloned().collect();
        let said = escalate(desk, rep, manager, state, mine);
        draft.facts.extend(said.facts);
        welcome(desk, said.rows, draft);
        next_look = [next_look, said.next_look].into_iter().flatten().min();
    }
    let rule_on = |rep: &Person, day| rule_for(&desk.rules.cadence, rep, day);
    let mut team = members(desk, &mut states);
    for member in &mut team {
        member.ahead = ahead.get(&member.rep.id).copied().unwrap_or(0);
    }
    let notes = notes(desk, manager, &team, &rule_on);
    draft.reps.extend(states.into_iter().map(|(rep, state)| (rep.id, state)));
    (next_look, notes)
}

/// Those of a team who are owed something now.
pub(super) fn members<'m, 'p: 'm>(
    desk: &'m Desk<'_>,
    states: &'m mut [(&'p Person, RepState)],
) -> Vec<Member<'m>> {
    let member = |(rep, state): &'m mut (&'p Person, RepState)| {
        let rule = rule_for(&desk.rules.cadence, rep, rep.zone.local(desk.now).date())?;
        Some(Member { rep, rule, ahead: 0, state })
    };
    states.iter_mut().filter_map(member).collect()
}

/// Marks a proposal as sent: its clock starts when the server took the mail.
pub(super) fn sent(state: &mut RepState, id: RecoveryId, now: Moment, facts: &mut Vec<Fact>) {
    let Some(recovery) = state.recovery_mut(id).filter(|recovery| recovery.state == RecoveryState::Open)
    else {
        return;
    };
    let Some(proposal) = &mut recovery.proposal else { return };
    proposal.sent = Some(now);
    recovery.state = RecoveryState::Proposed;
    facts.push(Fact::Proposed {
        recovery: id,
        to: proposal.to,
        options: proposal.offers.iter().map(|offer| offer.span.start).collect(),
        deadline: Some(proposal.deadline),
    });
    facts.push(recovery.fact());
}
