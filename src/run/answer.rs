//! Answers: a click on a signed link becomes an input of a tick, and the page shows what came of it.
//!
//! GET shows and acts on nothing; POST acts, if it brings the nonce that only the page carries.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Daemon;
use super::commit::Draft;
use crate::judge::cadence::rule_for;
use crate::model::calendar::Diary;
use crate::model::fact::{Action, RecoveryId};
use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::model::policy::Mode;
use crate::model::state::Recovery;
use crate::plan::answer::{Answered, Upshot, answer};
use crate::plan::desk::Desk;
use crate::plan::recover::Member;
use crate::tell::link::{self, Claim};
use crate::tell::pages;

/// What somebody did with a link, or what a recording says they answered.
#[derive(Debug, Clone)]
pub enum Clicked {
    /// The page of a link was asked for, or (with the fields of its form) its button pressed.
    Link {
        /// The token.
        token: String,
        /// The form, of a POST.
        form: Option<BTreeMap<String, String>>,
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

impl Daemon {
    /// Takes up an answer and returns the page for whoever gave it.
    pub(super) fn answer(&mut self, clicked: &Clicked, draft: &mut Draft) -> Page {
        match clicked {
            Clicked::Said { who, action, rep, option } => {
                let said = Answered { who: *who, action: *action, rep: *rep, about: None, option: *option };
                self.take_answer(&said, draft);
                Page { status: 200, html: String::new() }
            }
            Clicked::Link { token, form } => self.link(token, form.as_ref(), draft),
        }
    }

    fn link(&mut self, token: &str, form: Option<&BTreeMap<String, String>>, draft: &mut Draft) -> Page {
        let setup = std::rc::Rc::clone(&self.setup);
        let desk =
            pages::Desk { voice: &setup.settings.rules.voice, people: setup.as_ref(), key: &setup.key };
        let claim = match link::read(token, std::slice::from_ref(&setup.key), draft.now) {
            Ok(claim) => claim,
            Err(refused) => return pages::refused(refused, &desk),
        };
        if self.paused || setup.settings.rules.mode == Mode::Observe {
            return pages::paused(&desk);
        }
        let Some(recovery) = self.recovery(claim.subject, draft).cloned() else {
            return pages::closed(&desk);
        };
        let nonce = self.nonce(token);
        let pressed = form.is_some_and(|form| form.get(pages::NONCE_FIELD) == Some(&nonce));
        // A blind POST acts on nothing: it gets the page with the button, like a GET.
        if pressed {
            self.press(&claim, draft, &desk)
        } else {
            pages::offer_page(&claim, &recovery, &nonce, &desk)
        }
    }

    fn press(&mut self, claim: &Claim, draft: &mut Draft, desk: &pages::Desk<'_>) -> Page {
        let answered = Answered {
            who: claim.who,
            action: claim.action,
            rep: claim.subject.rep,
            about: Some((claim.subject, claim.attempt, claim.round)),
            option: claim.option,
        };
        let upshot = self.take_answer(&answered, draft);
        let Some(recovery) = self.recovery(claim.subject, draft) else { return pages::closed(desk) };
        match upshot {
            Upshot::Done => pages::done_page(claim, recovery, desk),
            Upshot::Already | Upshot::Over => pages::again(claim, recovery, desk),
            Upshot::Gone => pages::gone(desk),
        }
    }

    fn recovery<'a>(&'a self, id: RecoveryId, draft: &'a Draft) -> Option<&'a Recovery> {
        let state = draft.reps.get(&id.rep).or_else(|| self.state.reps.get(&id.rep))?;
        state.recoveries.get(&id.week)?.get(&id.ordinal)
    }

    /// What only the page of this link carries.
    fn nonce(&self, token: &str) -> String {
        self.action_id("nonce", token, 0, 0, None)
    }

    fn take_answer(&mut self, answered: &Answered, draft: &mut Draft) -> Upshot {
        let setup = std::rc::Rc::clone(&self.setup);
        let Some(rep) = setup.roster.get(answered.rep) else { return Upshot::Over };
        let Some(manager) = rep.manager.and_then(|manager| setup.roster.get(manager)) else {
            return Upshot::Over;
        };
        let rules = &setup.settings.rules;
        let Some(rule) = rule_for(&rules.cadence, rep, rep.zone.local(draft.now).date()) else {
            return Upshot::Over;
        };
        let diaries: BTreeMap<PersonId, Diary> =
            [rep, manager].into_iter().map(|person| (person.id, self.diary(person, draft.now))).collect();
        let ids = |kind: &str, what: &str, attempt: u32, round: u32, to: Option<PersonId>| {
            self.action_id(kind, what, attempt, round, to)
        };
        let desk = Desk {
            now: draft.now,
            roster: &setup.roster,
            rules,
            mode: rules.mode,
            diaries: &diaries,
            holds: &[],
            clicks: setup.clicks,
            ops: &setup.ops,
            welcomed: &self.state.welcomed,
            ids: &ids,
        };
        let mut state = draft.rep(&self.state, rep.id).clone();
        let (upshot, planned) = answer(&desk, &mut Member { rep, rule, state: &mut state }, answered);
        draft.facts.extend(planned.facts);
        super::decide::welcome(&desk, planned.rows, draft);
        draft.reps.insert(rep.id, state);
        draft.teams.insert(manager.id);
        if let Some(at) = planned.next_look {
            let look = self.looks.entry(manager.id).or_insert(at);
            *look = (*look).min(at.max(draft.now + TimeDelta::seconds(1)));
        }
        upshot
    }
}
