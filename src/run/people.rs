//! Who a number is, to the words: the roster where it has them, else the table beside the ledger.

use super::{Daemon, Setup};
use crate::model::ledger::Notice;
use crate::model::letter::{Letter, OpsNews};
use crate::model::people::PersonId;
use crate::model::state::OutboxRow;
use crate::ports::Error;
use crate::tell::names::{Addressee, Listed, People};

use super::commit::Draft;

impl People for Setup {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        People::get(self.roster.as_ref(), id)
            .or_else(|| Listed(&self.directory, &self.settings.rules.zone).get(id))
    }
}

impl Daemon {
    /// A name for something that is done once.
    pub(super) fn action_id(
        &self,
        kind: &str,
        subject: &str,
        attempt: u32,
        round: u32,
        to: Option<PersonId>,
    ) -> String {
        let recipient = to.map(|to| to.to_string()).unwrap_or_default();
        crate::tell::link::action_id(&self.ledger_id(), kind, subject, attempt, round, &recipient)
    }

    /// Tells ops what a start found in the state directory and put right.
    pub fn note(&mut self, notice: &Notice) -> Result<(), Error> {
        let news = match notice {
            Notice::RecordCut { .. } => OpsNews::RecordCut { what: notice.to_string() },
            Notice::StoreAside { why, .. } => OpsNews::StoreRebuilt { why: why.clone() },
            Notice::StoreEmpty => OpsNews::StoreRebuilt { why: notice.to_string() },
        };
        let mut draft = self.draft(self.world.clock.now());
        self.tell_ops(&news, "store", &mut draft);
        self.commit(draft)
    }

    /// Mails ops.
    pub(super) fn tell_ops(&self, news: &OpsNews, about: &str, draft: &mut Draft) {
        // Two alerts about one thing differ in when they were decided.
        let what = format!("{about}-{}", draft.now.timestamp());
        for to in &self.setup.ops {
            let id = self.action_id("ops", &what, 1, 0, Some(*to));
            draft.rows.push(OutboxRow::new(id, *to, Letter::Ops(news.clone()), draft.now));
        }
    }
}
