//! One tick: sync, observe, judge, plan, act, tell.
//!
//! Deciding comes first and is one record in the ledger; doing follows, one record for each outcome. Running a
//! tick twice changes nothing the second time.

use super::answer::Reply;
use super::sync::Fetched;
use super::{Clicked, Daemon, Reloaded};
use crate::model::hand::{Hand, Order};
use crate::model::page::Page;
use crate::model::people::PersonId;
use crate::ports::Error;

/// All that can wake the daemon.
#[derive(Debug)]
pub enum Input {
    /// Time has passed; what the due calendars answered.
    Timer(Vec<Fetched>),
    /// Somebody clicked, or a recording says so.
    Answered(Clicked),
    /// New settings or a new roster were taken up.
    Reloaded(Box<Reloaded>),
    /// Those who run it want something done.
    Ordered {
        /// What.
        order: Order,
        /// Who.
        operator: String,
    },
    /// Nothing tells any more who a number was.
    Forgotten {
        /// The number.
        who: PersonId,
        /// Who had it so.
        hand: Hand,
    },
}

impl Daemon {
    /// Runs one tick. The page is for whoever clicked. An error is fatal: the ledger could not be written.
    pub async fn tick(&mut self, input: Input) -> Result<Option<Page>, Error> {
        let now = self.world.clock.now();
        let mut draft = self.draft(now);
        let mut reply = None;
        let is_look = matches!(input, Input::Timer(_));
        match input {
            Input::Timer(fetched) => self.take_in(fetched, &mut draft), //           sync, observe
            Input::Answered(clicked) => reply = Some(self.answer(&clicked, &mut draft)),
            Input::Reloaded(reloaded) => reply = Some(Reply::Page(self.take_up(*reloaded, &mut draft))),
            Input::Ordered { order, operator } => {
                reply = Some(Reply::Page(self.order(&order, &operator, &mut draft)));
            }
            Input::Forgotten { who, hand } => reply = Some(Reply::Page(self.forget(who, hand, &mut draft))),
        }
        self.decide(&mut draft); //                                                 judge, plan
        let page = reply.map(|reply| self.page(reply, &draft));
        self.commit(draft)?;
        self.hurry(now);
        self.act(now).await?; //                                                    act, tell
        self.close_retired().await;
        self.is_ready = self.is_ready || (is_look && self.all_asked());
        Ok(page)
    }
}
