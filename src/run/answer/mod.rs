//! Answers: a click on a signed link becomes an input of a tick, and the page shows what came of it.
//!
//! GET shows and acts on nothing; POST acts, if it brings the nonce that only the page carries.

mod offer;
mod pass;
mod series;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};

use super::Daemon;
use super::commit::Draft;
use crate::judge::cadence::rule_for;
use crate::model::calendar::Diary;
use crate::model::fact::{Action, RecoveryId};
use crate::model::page::{Door, Page};
use crate::model::people::{Person, PersonId};
use crate::model::policy::{CadenceRule, Mode};
use crate::model::state::{Recovery, RepState};
use crate::model::zone::Moment;
use crate::plan;
use crate::plan::answer::{Answered, Upshot, answer};
use crate::plan::desk::Desk;
use crate::plan::member::Member;
use crate::tell::link::Claim;
use crate::tell::pages;

/// A form that comes back sooner than this after its page was made is no person's.
const NONCE_LEAST_SECONDS: i64 = 1;
/// A page that lay open longer than this is shown once more instead.
const NONCE_MOST_HOURS: i64 = 24;

/// The fields of a form.
type Fields = BTreeMap<String, String>;

/// What somebody did with a link, or what a recording says they answered.
#[derive(Debug, Clone)]
pub enum Clicked {
    /// The page of a link was asked for, or (with the fields of its form) its button pressed.
    Link {
        /// What it leads to.
        door: Door,
        /// The token.
        token: String,
        /// The form, of a POST.
        form: Option<Fields>,
    },
    /// A recording's answer: about whatever is outstanding.
    Said {
        /// Who.
        who: PersonId,
        /// What.
        action: Action,
        /// Whose 1-on-1 it is about.
        rep: PersonId,
        /// Which option, counted from 1.
        option: Option<u32>,
    },
}

/// What is shown to whoever clicked.
pub(super) enum Reply {
    /// This page.
    Page(Page),
    /// The time was taken meanwhile: what is offered instead is known once the tick has planned.
    Gone(Claim),
}

impl Daemon {
    /// Takes up an answer and returns what to show to whoever gave it.
    pub(super) fn answer(&mut self, clicked: &Clicked, draft: &mut Draft) -> Reply {
        match clicked {
            Clicked::Said { who, action, rep, option } if series::is_about_series(*action) => {
                let said =
                    plan::series::Answered { who: *who, action: *action, ordinal: None, option: *option };
                self.take_series_answer(*rep, &said, draft);
                Reply::Page(Page::html(200, String::new()))
            }
            Clicked::Said { who, action, rep, option } => {
                let said = Answered {
                    who: *who,
                    action: *action,
                    rep: *rep,
                    about: None,
                    option: *option,
                    session: None,
                    own: None,
                };
                self.take_answer(&said, draft);
                Reply::Page(Page::html(200, String::new()))
            }
            Clicked::Link { door, token, form } => self.link(*door, token, form.as_ref(), draft),
        }
    }

    fn link(&mut self, door: Door, token: &str, form: Option<&Fields>, draft: &mut Draft) -> Reply {
        let is_held_back = self.is_paused() || self.setup.settings.rules.mode == Mode::Observe;
        match door {
            Door::Answer => self.claim(token, form, is_held_back, draft),
            Door::CheckIn => Reply::Page(self.check_in(token, form, is_held_back, draft)),
            Door::Report => Reply::Page(self.report_page(token, draft)),
            Door::Unsubscribe => Reply::Page(self.subscription(token, form, draft)),
        }
    }

    /// The page of a reply, once the tick has planned.
    pub(super) fn page(&self, reply: Reply, draft: &Draft) -> Page {
        match reply {
            Reply::Page(page) => page,
            Reply::Gone(claim) => {
                let recovery = self.recovery(claim.subject, draft);
                pages::gone(&claim, recovery, &self.pages_desk(draft))
            }
        }
    }

    fn pages_desk(&self, draft: &Draft) -> pages::Desk<'_> {
        let setup = self.setup.as_ref();
        pages::Desk { voice: &setup.settings.rules.voice, people: setup, key: &setup.key, now: draft.now }
    }

    fn recovery<'a>(&'a self, id: RecoveryId, draft: &'a Draft) -> Option<&'a Recovery> {
        self.rep_state(id.rep, draft)?.recoveries.get(&id.week)?.get(&id.ordinal)
    }

    fn rep_state<'a>(&'a self, rep: PersonId, draft: &'a Draft) -> Option<&'a RepState> {
        draft.reps.get(&rep).or_else(|| self.state.reps.get(&rep))
    }

    /// What only the page of this link, showing this, carries. A form that came too soon keeps its own, so that pressing
    /// once more is enough.
    fn nonce(&self, form: Option<&Fields>, shown: &str, draft: &Draft) -> String {
        let made = self.made(form, shown);
        let is_young = |made: &Moment| draft.now - *made < TimeDelta::seconds(NONCE_LEAST_SECONDS);
        self.nonce_at(shown, made.filter(is_young).unwrap_or(draft.now).timestamp())
    }

    fn nonce_at(&self, shown: &str, second: i64) -> String {
        format!("{second}.{}", self.action_id("nonce", &format!("{shown} {second}"), 0, 0, None))
    }

    /// Whether a form comes from a page that showed this, made a moment ago and not a day.
    fn is_pressed(&self, form: Option<&Fields>, shown: &str, draft: &Draft) -> bool {
        self.made(form, shown).is_some_and(|made| {
            let age = draft.now - made;
            age >= TimeDelta::seconds(NONCE_LEAST_SECONDS) && age <= TimeDelta::hours(NONCE_MOST_HOURS)
        })
    }

    /// When the page that a form comes from was made, if it is one of ours that showed this.
    fn made(&self, form: Option<&Fields>, shown: &str) -> Option<Moment> {
        let nonce = form?.get(pages::NONCE_FIELD)?;
        let second = nonce.split_once('.')?.0.parse().ok()?;
        let made = DateTime::from_timestamp(second, 0)?;
        (*nonce == self.nonce_at(shown, second)).then_some(made)
    }

    fn take_answer(&mut self, answered: &Answered, draft: &mut Draft) -> Upshot {
        let mut upshot = Upshot::Over;
        self.at_desk(answered.rep, draft, |desk, member, draft| {
            let (came, planned) = answer(desk, member, answered);
            upshot = came;
            draft.facts.extend(planned.facts);
            super::notes::welcome(desk, planned.rows, draft);
            planned.next_look
        });
        upshot
    }

    /// Does something about one rep with all that planning needs at hand, and keeps what becomes of their state. It
    /// says when to look again. `None`: nobody of that number is owed anything now.
    fn at_desk(
        &mut self,
        rep: PersonId,
        draft: &mut Draft,
        work: impl FnOnce(&Desk<'_>, &mut Member<'_>, &mut Draft) -> Option<Moment>,
    ) -> Option<()> {
        let setup = std::rc::Rc::clone(&self.setup);
        let rep = setup.roster.get(rep)?;
        let manager = setup.roster.get(rep.manager?)?;
        let rules = &setup.settings.rules;
        let rule: &CadenceRule = rule_for(&rules.cadence, rep, rep.zone.local(draft.now).date())?;
        let people: [&Person; 2] = [rep, manager];
        let diaries: BTreeMap<PersonId, Diary> = self.wide_diaries(people.into_iter(), draft.now);
        let ids = |kind: &str, what: &str, attempt: u32, round: u32, to: Option<PersonId>| {
            self.action_id(kind, what, attempt, round, to)
        };
        let desk = self.desk(&setup, (draft.now, rules.mode), &diaries, &[], &ids);
        let mut state = draft.rep(&self.state, rep.id).clone();
        let next = work(&desk, &mut Member { rep, rule, ahead: 0, state: &mut state }, draft);
        draft.reps.insert(rep.id, state);
        draft.teams.insert(manager.id);
        if let Some(at) = next {
            let look = self.looks.entry(manager.id).or_insert(at);
            *look = (*look).min(at.max(draft.now + TimeDelta::seconds(1)));
        }
        Some(())
    }
}
