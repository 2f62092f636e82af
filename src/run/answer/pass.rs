//! Pages that a pass opens: the check-in, a report, and whether it comes by mail.

use super::{Daemon, Fields};
use crate::judge::health;
use crate::model::fact::{Action, Fact};
use crate::model::letter::Offer;
use crate::model::page::{Door, Page};
use crate::model::people::PersonId;
use crate::model::session::Expected;
use crate::model::state::Put;
use crate::model::time::Week;
use crate::plan::answer::Answered;
use crate::plan::notes;
use crate::plan::recover::free_times;
use crate::run::commit::Draft;
use crate::tell::link::{self, Pass};
use crate::tell::pages::{self, Asked, Overlapping};

/// Times that are shown to somebody who wants to move a session.
const TIMES_SHOWN: usize = 3;

impl Daemon {
    fn pass(&self, door: Door, token: &str, draft: &Draft) -> Result<Pass, Page> {
        link::read_pass(door, token, &self.link_keys(), draft.now)
            .map_err(|refused| pages::refused(refused, &self.pages_desk(draft)))
    }

    /// Whether sessions took place, or what is to become of one that another meeting lies over.
    pub(super) fn check_in(
        &mut self,
        token: &str,
        form: Option<&Fields>,
        is_held_back: bool,
        draft: &mut Draft,
    ) -> Page {
        let pass = match self.pass(Door::CheckIn, token, draft) {
            Ok(pass) => pass,
            Err(page) => return page,
        };
        if is_held_back {
            return pages::paused(&self.pages_desk(draft));
        }
        let pressed = form.filter(|_| self.is_pressed(form, token, draft));
        let answer = pressed.and_then(|form| {
            Some((
                form.get(pages::SESSION_FIELD)?.parse::<u32>().ok()?,
                form.get(pages::ANSWER_FIELD)?.clone(),
            ))
        });
        let coming = (pass.item != 0).then(|| self.session(pass.who, pass.item, draft)).flatten();
        if let Some(session) = coming.filter(|session| session.span.start > draft.now) {
            let nonce = self.nonce(form, token, draft);
            return self.overlap(&pass, &session, &nonce, answer.map(|(_, answer)| answer).as_deref(), draft);
        }
        if let Some((item, word)) = answer {
            self.word(&pass, item, &word, draft);
        }
        let asked = self.asked(&pass, draft);
        pages::check_in_page(&pass, &asked, &self.nonce(form, token, draft), &self.pages_desk(draft))
    }

    /// Takes down whether a session took place.
    fn word(&mut self, pass: &Pass, item: u32, word: &str, draft: &mut Draft) {
        let action = match word {
            "held" => Action::Held,
            "not_held" => Action::NotHeld,
            _ => return,
        };
        let known = self.asked(pass, draft);
        let key = known.into_iter().map(|asked| asked.item.session).find(|key| link::short(key) == item);
        let Some(session) = key else { return };
        let answered = Answered {
            who: pass.who,
            action,
            rep: pass.who,
            about: None,
            option: None,
            session: Some(session),
            own: None,
        };
        self.take_answer(&answered, draft);
    }

    /// The sessions of the pass's week that its owner is asked about.
    fn asked(&self, pass: &Pass, draft: &Draft) -> Vec<Asked> {
        let setup = self.setup.as_ref();
        let send = setup.settings.rules.check_in;
        let (Some(send), Some(rep), Some(state)) =
            (send, setup.roster.get(pass.who), self.rep_state(pass.who, draft))
        else {
            return Vec::new();
        };
        let asked = notes::asked(state, &notes::window(send, rep, pass.week), draft.now);
        asked.into_iter().map(|(item, word)| Asked { item, word }).collect()
    }

    /// A session of somebody's, as rep or as manager.
    fn session(&self, who: PersonId, item: u32, draft: &Draft) -> Option<Expected> {
        let reps = self.setup.roster.reports(who).map(|rep| rep.id).chain([who]);
        let states = reps.filter_map(|rep| self.rep_state(rep, draft));
        states
            .flat_map(|state| state.sessions.values())
            .find(|session| link::short(&session.key) == item)
            .cloned()
    }

    fn overlap(
        &mut self,
        pass: &Pass,
        session: &Expected,
        nonce: &str,
        answer: Option<&str>,
        draft: &mut Draft,
    ) -> Page {
        let mut times = None;
        let mut now = session.clone();
        if let (Some(answer @ ("keep" | "move")), Some(_)) = (answer, session.overlap) {
            self.at_desk(session.rep, draft, |desk, member, draft| {
                let keep = answer == "keep";
                times = (!keep).then(|| free_times(desk, member, session, TIMES_SHOWN));
                let known = member.state.sessions.get_mut(&session.key)?;
                let overlap = known.overlap.as_mut()?;
                if overlap.is_kept != keep || !keep {
                    draft.facts.push(Fact::Overlap {
                        who: pass.who,
                        rep: session.rep,
                        manager: session.manager,
                        session: session.key.clone(),
                        start: session.span.start,
                        keep,
                    });
                }
                overlap.is_kept = keep;
                now = known.clone();
                None
            });
        }
        let overlapping: Overlapping<'_> = Overlapping { session: &now, times: times.map(only_free) };
        pages::overlap_page(pass, &overlapping, nonce, &self.pages_desk(draft))
    }

    /// A leader's report as a page: of any week up to the last.
    pub(super) fn report_page(&self, token: &str, draft: &Draft) -> Page {
        let pass = match self.pass(Door::Report, token, draft) {
            Ok(pass) => pass,
            Err(page) => return page,
        };
        let desk = self.pages_desk(draft);
        let setup = self.setup.as_ref();
        let Some(leader) =
            setup.roster.get(pass.who).filter(|one| health::leaders(&setup.roster).contains(&one.id))
        else {
            return pages::no_report(&desk);
        };
        let newest = Week::of(draft.now, &leader.zone).plus(-1);
        let reps = |rep: PersonId| self.rep_state(rep, draft);
        let rules = &setup.settings.rules;
        let health = health::health(&setup.roster, rules, leader.id, pass.week, &self.state.sources, &reps);
        pages::report_page(&pass, &health, newest, &desk)
    }

    /// Whether a leader gets their report by mail. A mail program may say so for its reader in one POST (RFC 8058).
    pub(super) fn subscription(&mut self, token: &str, form: Option<&Fields>, draft: &mut Draft) -> Page {
        let pass = match self.pass(Door::Unsubscribe, token, draft) {
            Ok(pass) => pass,
            Err(page) => return page,
        };
        let is_one_click = form
            .is_some_and(|form| form.get(pages::ONE_CLICK.0).is_some_and(|said| said == pages::ONE_CLICK.1));
        let pressed = form.filter(|_| self.is_pressed(form, token, draft));
        let wanted = match pressed.and_then(|form| form.get(pages::ANSWER_FIELD)).map(String::as_str) {
            Some("stop") => Some(false),
            Some("start") => Some(true),
            _ => is_one_click.then_some(false),
        };
        let mut is_subscribed = !self.state.unsubscribed.contains(&pass.who);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != is_subscribed) {
            draft.facts.push(Fact::Subscription { who: pass.who, to_reports: wanted });
            draft.puts.push(Put::Subscribed { who: pass.who, to_reports: wanted });
            is_subscribed = wanted;
        }
        pages::subscription_page(
            &pass,
            is_subscribed,
            &self.nonce(form, token, draft),
            &self.pages_desk(draft),
        )
    }
}

/// Times to move to lie on nothing.
fn only_free(times: Vec<Offer>) -> Vec<Offer> {
    times.into_iter().filter(|offer| offer.displaces.is_none()).collect()
}
