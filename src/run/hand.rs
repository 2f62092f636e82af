//! The operator's hand: what those who run Drumbeat ask of it over the control socket. What changes something is a tick
//! of its own, with a fact that says who did it and why.

use std::fmt::Write as _;

use chrono::{NaiveDate, TimeDelta};

use super::Daemon;
use super::commit::Draft;
use super::notes::first_mail;
use crate::model::fact::{Fact, RecoveryState};
use crate::model::hand::{Hand, Order, WHY_MOST};
use crate::model::letter::Letter;
use crate::model::page::Page;
use crate::model::people::{CalendarId, Person, PersonId, Roster, Status};
use crate::model::state::{OutboxRow, SourceRow};
use crate::model::time::Week;
use crate::model::zone::Moment;
use crate::observe::suspect::Doubt;
use crate::tell::mails::{self, Context, Extras};
use crate::tell::names;
use crate::tell::phrase;
use crate::tell::whom::whom;

/// Weeks ahead for which something may be said: about a quarter.
const AHEAD_WEEKS: i64 = 13;
/// Weeks back whose counts can still be mended: late news corrects a week for 14 days.
const BACK_WEEKS: i64 = 2;

/// What an order comes to: what was done, or why it was not.
type Done = Result<String, String>;

impl Daemon {
    /// Carries out an order that changes something.
    pub(super) fn order(&mut self, order: &Order, operator: &str, draft: &mut Draft) -> Page {
        let hand = |why: &str| Hand {
            operator: operator.to_owned(),
            reason: Some(why.trim().to_owned()).filter(|why| !why.is_empty()),
        };
        let given = |why: &Option<String>| hand(why.as_deref().unwrap_or_default());
        let done = reason_fits(order).and_then(|()| match order {
            Order::Pause { why } => Ok(self.pause(given(why), draft)),
            Order::Resume { why } => Ok(self.resume(given(why), draft)),
            Order::Accept { calendar, why } => self.accept(calendar, given(why), draft),
            Order::Excuse { who, week, why } => self.excuse(who, *week, hand(why), draft),
            Order::Held { who, on, held, why } => self.held(who, *on, *held, hand(why), draft),
            Order::Mute { who, week, muted, why } => self.mute(who, *week, *muted, hand(why), draft),
            Order::Welcome { team, .. } => self.welcome_team(team.as_deref(), draft),
            // These are asked elsewhere: they need files, or change nothing.
            Order::Reload { .. }
            | Order::Forget { .. }
            | Order::Status { .. }
            | Order::Plan
            | Order::Instance { .. }
            | Order::Sources { .. } => Err("this order is not for the loop".to_owned()),
        });
        page(done)
    }

    fn pause(&self, hand: Hand, draft: &mut Draft) -> String {
        if let Some(since) = self.state.paused {
            return format!("Paused already, since {}.", self.at(since));
        }
        draft.facts.push(Fact::Paused { paused: true, hand });
        "Paused: nothing is booked and no mail goes out; links in mails answer that Drumbeat is paused. Calendars \
         are read and judged as before. `drumbeat resume` goes on."
            .to_owned()
    }

    fn resume(&mut self, hand: Hand, draft: &mut Draft) -> String {
        if self.state.paused.is_none() {
            return "It was not paused.".to_owned();
        }
        draft.facts.push(Fact::Paused { paused: false, hand });
        self.ask_anew(draft);
        draft.teams.extend(self.setup.roster.reps().filter_map(|rep| rep.manager));
        let waiting = phrase::count(self.state.outbox.len() as u32, "mail waits", "mails wait");
        format!("It goes on. {waiting}; those whose reason is gone are dropped.")
    }

    /// Proposals that ran out while nobody could answer them are made again: silence is no answer then.
    pub(super) fn ask_anew(&self, draft: &mut Draft) {
        let now = draft.now;
        let ran_out = |state: &crate::model::state::RepState| {
            let mut deadlines =
                state.active().filter_map(|recovery| Some(recovery.proposal.as_ref()?.deadline));
            deadlines.any(|deadline| deadline <= now)
        };
        let reps: Vec<PersonId> =
            self.state.reps.iter().filter(|(_, state)| ran_out(state)).map(|(rep, _)| *rep).collect();
        for rep in reps {
            let weeks = draft.rep(&self.state, rep).recoveries.values_mut();
            for recovery in weeks.flat_map(std::collections::BTreeMap::values_mut) {
                let has_run_out = recovery.proposal.as_ref().is_some_and(|proposal| proposal.deadline <= now);
                if has_run_out && recovery.state == RecoveryState::Proposed {
                    recovery.state = RecoveryState::Open;
                    recovery.proposal = None;
                }
            }
        }
    }

    fn accept(&mut self, text: &str, hand: Hand, draft: &mut Draft) -> Done {
        let calendar = self.calendar(text)?;
        let name = names::calendar(self.setup.as_ref(), calendar);
        let row = self.state.sources.get(&calendar).cloned();
        let waiting = row.and_then(|row| Some((row.waits_on?.0, row)));
        let Some((content, row)) = waiting else {
            return Err(format!(
                "{name} is not waiting to be believed; `drumbeat source list` shows which are"
            ));
        };
        let doubt = row.why.as_deref().and_then(Doubt::of_code);
        if !doubt.is_some_and(Doubt::is_acceptable) {
            return Err(format!(
                "what {name} answers is no whole calendar, so there is nothing to believe: mend its address or its \
                 server; `drumbeat survey` shows what it gives"
            ));
        }
        draft.facts.push(Fact::AcceptedSource { calendar, hand });
        draft.put_source(calendar, SourceRow { accepted: Some(content), ..row });
        self.pushed(calendar);
        Ok(format!("{name} is read again now; if it still says the same, that is believed."))
    }

    /// The calendar that is meant by `ana@example.com` or `ana@example.com#2`.
    fn calendar(&self, text: &str) -> Result<CalendarId, String> {
        let (who, nth) = match text.rsplit_once('#') {
            Some((who, nth)) => {
                (who, nth.parse::<u8>().map_err(|_| format!("{text:?}: after # comes a number"))?)
            }
            None => (text, 1),
        };
        let calendar = CalendarId { owner: self.whom(who)?, nth };
        let is_read = self.books.contains_key(&calendar);
        is_read.then_some(calendar).ok_or_else(|| {
            format!("no such calendar is read: {text}; `drumbeat source list --all` shows all that are")
        })
    }

    fn excuse(&mut self, who: &str, week: Option<Week>, hand: Hand, draft: &mut Draft) -> Done {
        let setup = std::rc::Rc::clone(&self.setup);
        let (rep, manager) = rep_of(&setup.roster, self.whom(who)?, who)?;
        let week = near(week, rep, draft.now, BACK_WEEKS)?;
        let name = names::name(setup.as_ref(), rep.id);
        let state = draft.rep(&self.state, rep.id);
        if !state.excused.insert(week) {
            return Ok(format!("{name}'s {week} was excused already."));
        }
        draft.facts.push(Fact::Excused { rep: rep.id, week, hand });
        draft.teams.insert(manager);
        Ok(format!(
            "{name}'s {week} owes nothing more: what did not take place in it counts as excused, and what is being \
             mended is called off."
        ))
    }

    fn held(&mut self, who: &str, on: Option<NaiveDate>, held: bool, hand: Hand, draft: &mut Draft) -> Done {
        let setup = std::rc::Rc::clone(&self.setup);
        let (rep, manager) = rep_of(&setup.roster, self.whom(who)?, who)?;
        let (now, name) = (draft.now, names::name(setup.as_ref(), rep.id));
        let state = draft.rep(&self.state, rep.id);
        let is_meant = |start: Moment| on.is_none_or(|on| rep.zone.local(start).date() == on);
        let begun = state
            .sessions
            .values_mut()
            .filter(|session| session.span.start <= now && session.replaced_by.is_none())
            .filter(|session| is_meant(session.span.start))
            .max_by_key(|session| session.span.start);
        let Some(session) = begun else {
            let day = on.map_or_else(String::new, |on| format!(" on {}", on.format("%a %d %b %Y")));
            return Err(format!(
                "no 1-on-1 of {name}{day} that has begun is known; `drumbeat explain` shows those that are"
            ));
        };
        if now - session.span.end > TimeDelta::weeks(BACK_WEEKS) {
            return Err("that was more than two weeks ago: its week is closed for good".to_owned());
        }
        session.by_hand = Some(held);
        let start = session.span.start;
        let fact = Fact::Confirmed {
            rep: rep.id,
            week: session.week,
            session: session.key.clone(),
            start,
            held,
            hand,
        };
        draft.facts.push(fact);
        draft.teams.insert(manager);
        let what = if held { "took place" } else { "did not take place" };
        let when = crate::tell::when::at(start, &rep.zone);
        Ok(format!("The 1-on-1 of {name} on {when} {what}."))
    }

    fn mute(&mut self, who: &str, week: Option<Week>, muted: bool, hand: Hand, draft: &mut Draft) -> Done {
        let setup = std::rc::Rc::clone(&self.setup);
        let id = self.whom(who)?;
        let person = setup.roster.get(id).ok_or_else(|| format!("{who} is not in the roster"))?;
        let week = near(week, person, draft.now, 0)?;
        let mut reps: Vec<&Person> = setup.roster.reports(id).collect();
        if reps.is_empty() {
            reps.push(person);
        }
        for rep in &reps {
            let state = draft.rep(&self.state, rep.id);
            if muted {
                state.muted.insert(week);
            } else {
                state.muted.remove(&week);
            }
            draft.teams.extend(rep.manager);
        }
        draft.facts.push(Fact::Muted { who: id, week, muted, hand });
        let whose = phrase::count(reps.len() as u32, "rep", "reps");
        let what = if muted {
            "nothing is proposed, booked or said about their 1-on-1s of that week; what becomes of them is counted"
        } else {
            "their 1-on-1s of that week are looked after again"
        };
        Ok(format!("{}, {week} ({whose}): {what}.", names::name(setup.as_ref(), id)))
    }

    /// Puts a first mail into the outbox for everybody of a team who has not had one.
    fn welcome_team(&self, team: Option<&str>, draft: &mut Draft) -> Done {
        let rows = self.first_mails(team, draft.now)?;
        let count = phrase::count(rows.len() as u32, "first mail goes", "first mails go");
        draft.rows.extend(rows);
        let paused = if self.is_paused() { " once `drumbeat resume` was said" } else { "" };
        Ok(format!("{count} out{paused}."))
    }

    /// The first mails of a team, to be looked at.
    pub(super) fn show_welcome(&self, team: Option<&str>) -> Page {
        page(self.first_mails(team, self.world.clock.now()).map(|rows| self.sample(&rows)))
    }

    /// A manager's and a rep's mail in full, then who would get one.
    fn sample(&self, rows: &[OutboxRow]) -> String {
        let setup = self.setup.as_ref();
        let is_manager = |row: &&OutboxRow| matches!(row.letter, Letter::Welcome { is_manager: true, .. });
        let first = |wanted: bool| rows.iter().find(|row| is_manager(row) == wanted);
        let mut text = String::new();
        for row in [first(true), first(false)].into_iter().flatten() {
            let context = Context {
                voice: &setup.settings.rules.voice,
                people: setup,
                key: &setup.key,
                extras: Extras::default(),
            };
            let mail = mails::mail(row, &context);
            let words = mail.text.trim();
            let _ = write!(text, "To: {}\nSubject: {}\n\n{words}\n\n", mail.to_address, mail.subject);
        }
        let to: Vec<String> = rows.iter().map(|row| format!("  {}", names::address(setup, row.to))).collect();
        if to.is_empty() {
            return "Everybody has had their first mail.".to_owned();
        }
        let count = phrase::count(rows.len() as u32, "person", "people");
        format!("{text}Nothing is sent yet. `--send` sends a mail like these to {count}:\n{}", to.join("\n"))
    }

    fn first_mails(&self, team: Option<&str>, now: Moment) -> Result<Vec<OutboxRow>, String> {
        let roster = &self.setup.roster;
        let pilot = &self.setup.settings.rules.pilot;
        let leads = |id: PersonId| roster.reports(id).next().is_some();
        let managers: Vec<PersonId> = if let Some(text) = team {
            let id = self.whom(text)?;
            vec![leads(id).then_some(id).ok_or_else(|| format!("nobody in the roster reports to {text}"))?]
        } else {
            let is_in = |person: &&Person| pilot.is_empty() || pilot.contains(&person.address);
            roster.people().filter(is_in).map(|person| person.id).filter(|id| leads(*id)).collect()
        };
        let mut people: Vec<&Person> = managers
            .iter()
            .flat_map(|id| roster.get(*id).into_iter().chain(roster.reports(*id)))
            .filter(|person| !self.state.welcomed.contains(&person.id))
            .collect();
        people.sort_by_key(|person| person.id);
        people.dedup_by_key(|person| person.id);
        let ids = |kind: &str, what: &str, attempt: u32, round: u32, to: Option<PersonId>| {
            self.action_id(kind, what, attempt, round, to)
        };
        let row = |person| first_mail(person, roster, self.setup.settings.rules.mode, &ids, now);
        Ok(people.into_iter().map(row).filter(|row| !self.state.outbox.contains_key(&row.id)).collect())
    }

    /// The one person who is meant.
    fn whom(&self, text: &str) -> Result<PersonId, String> {
        whom(text, &self.setup.roster, &self.setup.directory)
    }

    pub(super) fn at(&self, at: Moment) -> String {
        crate::tell::when::at(at, &self.setup.settings.rules.zone)
    }
}

/// A rep and their manager.
fn rep_of<'r>(roster: &'r Roster, id: PersonId, text: &str) -> Result<(&'r Person, PersonId), String> {
    let rep = roster.get(id).ok_or_else(|| format!("{text} is not in the roster"))?;
    let manager = rep.manager.filter(|_| rep.status != Some(Status::None));
    manager.map(|manager| (rep, manager)).ok_or_else(|| format!("{text} is owed no 1-on-1s"))
}

/// The week that is meant, no further away than something can be said about it.
fn near(week: Option<Week>, person: &Person, now: Moment, back: i64) -> Result<Week, String> {
    let this = Week::of(now, &person.zone);
    let week = week.unwrap_or(this);
    if week < this.plus(-back) {
        return Err(format!(
            "{week} is over: the earliest week that something can be said about is {}",
            this.plus(-back)
        ));
    }
    if week > this.plus(AHEAD_WEEKS) {
        return Err(format!("{week} is too far ahead: the latest week is {}", this.plus(AHEAD_WEEKS)));
    }
    Ok(week)
}

/// A reason is a sentence, not a story.
fn reason_fits(order: &Order) -> Result<(), String> {
    let why = match order {
        Order::Excuse { why, .. } | Order::Held { why, .. } | Order::Mute { why, .. } => why.as_str(),
        Order::Pause { why } | Order::Resume { why } | Order::Accept { why, .. } => {
            why.as_deref().unwrap_or_default()
        }
        _ => "",
    };
    let length = why.chars().count();
    if length > WHY_MOST {
        return Err(format!("the reason has {length} characters; at most {WHY_MOST} are kept"));
    }
    if why.chars().any(char::is_control) {
        return Err("the reason must be one line".to_owned());
    }
    Ok(())
}

/// What was done (200), or why it was not (409).
pub(super) fn page(done: Done) -> Page {
    match done {
        Ok(text) => Page::text(200, text),
        Err(text) => Page::text(409, text),
    }
}
