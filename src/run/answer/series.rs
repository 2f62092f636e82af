//! Answers about standing series.

use super::{Daemon, Fields, Reply};
use crate::model::fact::Action;
use crate::model::people::PersonId;
use crate::model::series::{Series, SeriesStage};
use crate::plan::answer::Upshot;
use crate::plan::series::{Answered, answer};
use crate::run::commit::Draft;
use crate::tell::link::Claim;
use crate::tell::pages;

/// Whether an answer is about a series, and not about a single 1-on-1.
pub(super) fn is_about_series(action: Action) -> bool {
    matches!(action, Action::Series | Action::NotNow | Action::UndoSeries)
}

impl Daemon {
    /// The page of a link about a series; its button acts.
    pub(super) fn series_claim(
        &mut self,
        claim: &Claim,
        token: &str,
        form: Option<&Fields>,
        draft: &mut Draft,
    ) -> Reply {
        let pressed = self.is_pressed(form, token, draft);
        let Some(series) = self.series_of(claim, draft) else {
            return Reply::Page(pages::closed(&self.pages_desk(draft)));
        };
        // A blind POST acts on nothing: it gets the page with the button, like a GET.
        if !pressed {
            let desk = self.pages_desk(draft);
            return Reply::Page(if can_be_pressed(claim.action, series) {
                pages::series_page(claim, series, &self.nonce(form, token, draft), &desk)
            } else {
                pages::series_answered(claim, series, &desk)
            });
        }
        let answered = Answered {
            who: claim.who,
            action: claim.action,
            ordinal: Some(claim.subject.ordinal),
            option: claim.option,
        };
        let upshot = self.take_series_answer(claim.subject.rep, &answered, draft);
        let desk = self.pages_desk(draft);
        let Some(series) = self.series_of(claim, draft) else { return Reply::Page(pages::closed(&desk)) };
        Reply::Page(match upshot {
            Upshot::Gone => pages::series_gone(claim, series, &desk),
            Upshot::Done | Upshot::Already | Upshot::Over => pages::series_answered(claim, series, &desk),
        })
    }

    /// Takes up an answer about a series of a rep's.
    pub(super) fn take_series_answer(
        &mut self,
        rep: PersonId,
        answered: &Answered,
        draft: &mut Draft,
    ) -> Upshot {
        let mut upshot = Upshot::Over;
        self.at_desk(rep, draft, |desk, member, draft| {
            let (came, planned) = answer(desk, member, answered);
            upshot = came;
            draft.facts.extend(planned.facts);
            crate::run::notes::welcome(desk, planned.rows, draft);
            planned.next_look
        });
        upshot
    }

    fn series_of<'a>(&'a self, claim: &Claim, draft: &'a Draft) -> Option<&'a Series> {
        self.rep_state(claim.subject.rep, draft)?.series.get(&claim.subject.ordinal)
    }
}

/// Whether pressing the button could do anything now.
fn can_be_pressed(action: Action, series: &Series) -> bool {
    match action {
        Action::UndoSeries => series.stage == SeriesStage::Booked,
        _ => series.stage == SeriesStage::Proposed,
    }
}
