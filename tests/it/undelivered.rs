//! Mails that cannot be sent: one full mailbox holds up nobody else, what never goes out is told, and so is a server that takes
//! nothing for long.

use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::model::fact::Fact;
use drumbeat::model::letter::{Letter, OpsNews};
use drumbeat::model::mail::{Mail, MailKind};
use drumbeat::model::state::Put;
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;
use drumbeat::sim::world::{MailFault, World};

/// Two 1-on-1s with two managers fall out on Tuesday; a week later nothing has been answered.
const STORY: &str = "\
people   ana \"Ana Lopez\" rep of bo, eve \"Eve Stone\" rep of dan, bo \"Bo Jensen\" manager of cy, dan \"Dan Roth\" manager of cy, cy \"Cy Meyer\" leader
week     2026-W46
mode     propose
config   mail.ops = [\"ops@example.com\"]
busy     ana+bo+eve+dan Mon 09:00-09:30 \"Inbox\"
series   ana+bo Thu 16:00
series   eve+dan Thu 11:00
until    2026-11-20 18:00
Tue 10:00  bo deletes the Thu instance with ana
Tue 10:00  dan deletes the Thu instance with eve
expect   1 verdict ana cancelled
";

struct Told {
    facts: Vec<(Moment, Fact)>,
    mails: Vec<(Moment, Mail)>,
}

fn tell(prepare: impl FnOnce(&World)) -> Told {
    let recording = scenario::parse(STORY).expect("it parses");
    let engine = Engine::new(&recording, Zones::bundled()).expect("it replays");
    prepare(engine.world());
    let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 64)), Box::new(MemoryStore::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (replayed, _) = runtime.block_on(engine.run(disk)).expect("it replays");
    let facts = replayed.records.into_iter().flat_map(|record| {
        let at = record.at;
        record.facts.into_iter().map(move |fact| (at, fact))
    });
    Told { facts: facts.collect(), mails: replayed.mails }
}

impl Told {
    fn mails(&self, kind: MailKind, to: &str) -> usize {
        self.mails.iter().filter(|(_, mail)| mail.kind == kind && mail.to_address.starts_with(to)).count()
    }

    fn news(&self) -> Vec<&OpsNews> {
        let rows = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Put { put } => Some(put.as_ref()),
            _ => None,
        });
        rows.filter_map(|put| match put {
            Put::Outbox { row } => Some(&row.letter),
            _ => None,
        })
        .filter_map(|letter| if let Letter::Ops(news) = letter { Some(news) } else { None })
        .collect()
    }

    fn dropped(&self, why: &str) -> Vec<MailKind> {
        let kind = |fact: &Fact| match fact {
            Fact::MailDropped { kind, why: of, .. } if of == why => Some(*kind),
            _ => None,
        };
        self.facts.iter().filter_map(|(_, fact)| kind(fact)).collect()
    }
}

#[test]
fn one_full_mailbox_holds_up_nobody_else() {
    let told = tell(|world| world.defer("bo@example.com"));
    assert_eq!(told.mails(MailKind::Proposal, "bo@"), 0);
    assert_eq!(told.mails(MailKind::Proposal, "dan@"), 1, "Dan's server is well");
}

#[test]
fn what_could_not_be_sent_for_days_is_given_up_and_told() {
    let told = tell(|world| world.defer("bo@example.com"));
    let given_up = told.dropped("given_up");
    assert!(!given_up.is_empty(), "mails to Bo wait for five days");
    let rows: u32 = told
        .news()
        .iter()
        .filter_map(|news| match news {
            OpsNews::GivenUp { rows, days: 5, .. } => Some(*rows),
            _ => None,
        })
        .sum();
    assert_eq!(rows as usize, given_up.len(), "each of them is told");
}

#[test]
fn a_server_that_takes_nothing_for_an_hour_is_told_once() {
    let told = tell(|world| world.break_mail(std::iter::repeat_n(MailFault::Denied, 8)));
    let told: Vec<_> = told
        .news()
        .into_iter()
        .filter_map(|news| match news {
            OpsNews::Undelivered { rows, code, .. } => Some((*rows > 0, code.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(true, "535")]);
}
