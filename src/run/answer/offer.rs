//! Answers about times that are offered, and about bookings.

use super::{Daemon, Fields, Reply};
use crate::model::fact::{Action, RecoveryId, RecoveryState};
use crate::model::letter::Offer;
use crate::model::state::Recovery;
use crate::model::time::Span;
use crate::plan::answer::{Answered, OwnRefused, Upshot, own_refused};
use crate::plan::recover::Taken;
use crate::run::commit::Draft;
use crate::tell::link::{self, Claim};
use crate::tell::pages::{self, OwnTime};

impl Daemon {
    pub(super) fn claim(
        &mut self,
        token: &str,
        form: Option<&Fields>,
        is_held_back: bool,
        draft: &mut Draft,
    ) -> Reply {
        let claim = match link::read(token, &self.link_keys(), draft.now) {
            Ok(claim) => claim,
            Err(refused) => return Reply::Page(pages::refused(refused, &self.pages_desk(draft))),
        };
        if is_held_back {
            return Reply::Page(pages::paused(&self.pages_desk(draft)));
        }
        if super::series::is_about_series(claim.action) {
            return self.series_claim(&claim, token, form, draft);
        }
        if claim.subject.ordinal == 0 {
            return Reply::Page(self.accept_all(&claim, token, form, draft));
        }
        let pressed = self.is_pressed(form, token, draft);
        let Some(recovery) = self.recovery(claim.subject, draft) else {
            return Reply::Page(pages::closed(&self.pages_desk(draft)));
        };
        if pressed {
            return self.press(&claim, token, form, draft);
        }
        // A blind POST acts on nothing: it gets the page with the button, like a GET.
        let desk = self.pages_desk(draft);
        if can_be_pressed(&claim, recovery) {
            let own = form.and_then(OwnTime::of);
            let nonce = self.nonce(form, token, draft);
            return Reply::Page(pages::offer_page(&claim, recovery, own.as_ref(), &nonce, &desk));
        }
        if recovery.state == RecoveryState::Open || recovery.state == RecoveryState::Proposed {
            return Reply::Gone(claim);
        }
        Reply::Page(pages::again(&claim, recovery, &desk))
    }

    fn press(&mut self, claim: &Claim, token: &str, form: Option<&Fields>, draft: &mut Draft) -> Reply {
        let mut answered = Answered {
            who: claim.who,
            action: claim.action,
            rep: claim.subject.rep,
            about: Some((claim.subject, claim.attempt, claim.round)),
            option: claim.option,
            session: None,
            own: None,
        };
        if let Some(own) = form.and_then(OwnTime::of).filter(|_| claim.action == Action::None) {
            match self.own_time(claim, &own, draft) {
                Ok(span) => {
                    answered.action = Action::Pick;
                    answered.own = Some(span);
                }
                Err(why) => {
                    let nonce = self.nonce(form, token, draft);
                    let desk = self.pages_desk(draft);
                    let Some(recovery) = self.recovery(claim.subject, draft) else {
                        return Reply::Page(pages::closed(&desk));
                    };
                    return Reply::Page(pages::own_time_refused(why, (claim, recovery), &own, &nonce, &desk));
                }
            }
        }
        let upshot = self.take_answer(&answered, draft);
        let desk = self.pages_desk(draft);
        let Some(recovery) = self.recovery(claim.subject, draft) else {
            return Reply::Page(pages::closed(&desk));
        };
        match upshot {
            Upshot::Done => Reply::Page(pages::done_page(claim, recovery, &desk)),
            Upshot::Already | Upshot::Over => Reply::Page(pages::again(claim, recovery, &desk)),
            Upshot::Gone => Reply::Gone(claim.clone()),
        }
    }

    /// The time that somebody wrote down, in their own clock; or why it cannot be booked.
    fn own_time(&mut self, claim: &Claim, own: &OwnTime, draft: &mut Draft) -> Result<Span, &'static str> {
        const UNREAD: &str = "Please give a day and a time, such as 2026-11-19 and 15:30.";
        let (date, time) = (own.date.parse(), own.time.parse::<chrono::NaiveTime>());
        let time = time.or_else(|_| chrono::NaiveTime::parse_from_str(&own.time, "%H:%M"));
        let (Ok(date), Ok(time)) = (date, time) else { return Err(UNREAD) };
        let Some(zone) = self.setup.roster.get(claim.who).map(|person| person.zone.clone()) else {
            return Err("You are no longer in the roster.");
        };
        let start = zone.instant(chrono::NaiveDate::and_time(&date, time));
        let mut found = Err("This 1-on-1 is settled or its week is over.");
        self.at_desk(claim.subject.rep, draft, |desk, member, _| {
            let span = Span::new(start, start + member.rule.duration);
            found = match own_refused(desk, member, claim.subject, &span) {
                None => Ok(span),
                Some(OwnRefused::TooSoon) => Err("That is too soon: invitations need some notice."),
                Some(OwnRefused::OtherWeek) => {
                    Err("That lies in another week; this one would still be missed.")
                }
                Some(OwnRefused::Taken(Taken::Busy)) => Err("One of you is busy then."),
                Some(OwnRefused::Taken(Taken::Unknown)) => {
                    Err("One of your calendars cannot be read just now, so nothing can be booked.")
                }
            };
            None
        });
        found
    }

    /// The first time of all that is open for somebody, with one button.
    fn accept_all(
        &mut self,
        claim: &Claim,
        token: &str,
        form: Option<&Fields>,
        draft: &mut Draft,
    ) -> crate::model::page::Page {
        let open = self.open_for(claim, draft);
        let shown: Vec<String> =
            open.iter().map(|(known, _)| format!("{}-{}-{}", known.id, known.attempt, known.round)).collect();
        // What the page showed is what its button does: if anything changed since, it is shown again.
        let shown = format!("{token} {}", shown.join(" "));
        if open.is_empty() {
            return pages::all_done_page(claim, &self.booked_by(claim, draft), 0, &self.pages_desk(draft));
        }
        if !self.is_pressed(form, &shown, draft) {
            let items: Vec<(&Recovery, Offer)> =
                open.iter().map(|(known, offer)| (known, offer.clone())).collect();
            return pages::all_page(claim, &items, &self.nonce(form, &shown, draft), &self.pages_desk(draft));
        }
        let ids: Vec<(RecoveryId, u32, u32)> =
            open.iter().map(|(known, _)| (known.id, known.attempt, known.round)).collect();
        let mut gone = 0;
        for (id, attempt, round) in ids {
            let answered = Answered {
                who: claim.who,
                action: Action::Accept,
                rep: id.rep,
                about: Some((id, attempt, round)),
                option: None,
                session: None,
                own: None,
            };
            gone += u32::from(self.take_answer(&answered, draft) != Upshot::Done);
        }
        pages::all_done_page(claim, &self.booked_by(claim, draft), gone, &self.pages_desk(draft))
    }

    /// The recoveries of the week that the claim is about, of all reps of whoever holds it.
    fn of_team<'a>(&'a self, claim: &'a Claim, draft: &'a Draft) -> impl Iterator<Item = &'a Recovery> {
        let reps = self.setup.roster.reports(claim.who).map(|rep| rep.id);
        let states = reps.filter_map(move |rep| self.rep_state(rep, draft));
        states.flat_map(|state| state.of_week(claim.subject.week))
    }

    /// What is offered to somebody and not answered, with the first time of each.
    fn open_for(&self, claim: &Claim, draft: &Draft) -> Vec<(Recovery, Offer)> {
        let open = self.of_team(claim, draft).filter(|known| known.state == RecoveryState::Proposed);
        open.filter_map(|known| {
            let proposal = known.proposal.as_ref().filter(|proposal| proposal.to == claim.who)?;
            Some((known.clone(), proposal.offers.first()?.clone()))
        })
        .collect()
    }

    /// What stands booked of the week for somebody.
    fn booked_by(&self, claim: &Claim, draft: &Draft) -> Vec<Recovery> {
        self.of_team(claim, draft).filter(|known| known.state == RecoveryState::Booked).cloned().collect()
    }
}

/// Whether pressing the button could do anything now.
fn can_be_pressed(claim: &Claim, recovery: &Recovery) -> bool {
    let is_attempt = recovery.attempt == claim.attempt;
    match claim.action {
        Action::Accept | Action::Pick | Action::None => {
            is_attempt && recovery.round == claim.round && recovery.state == RecoveryState::Proposed
        }
        Action::Undo | Action::Decline => is_attempt && recovery.state == RecoveryState::Booked,
        Action::Met | Action::Away => {
            is_attempt && matches!(recovery.state, RecoveryState::Open | RecoveryState::Proposed)
        }
        Action::Held | Action::NotHeld => true,
        Action::Series | Action::NotNow | Action::UndoSeries => false,
    }
}
