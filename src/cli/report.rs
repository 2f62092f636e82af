//! `drumbeat report`: a leader's mail, printed.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use super::env::Env;
use super::past::{self, Past};
use super::place::PlaceArgs;
use crate::io::clock::SystemClock;
use crate::judge::health;
use crate::model::letter::Letter;
use crate::model::people::{Person, PersonId};
use crate::model::state::{OutboxRow, State};
use crate::model::time::Week;
use crate::model::zone::{Moment, Zones};
use crate::ports::Clock as _;
use crate::run;
use crate::tell::mails::{self, Context, Extras};
use crate::tell::whom::whom;

/// Prints the weekly mail of a leader.
///
/// It is made from the ledger as it is now. Sends nothing; works beside the daemon.
#[derive(Debug, Args)]
pub struct Report {
    /// The week it is about, such as 2026-W47 [default: the last one]
    #[arg(long)]
    week: Option<Week>,
    /// Whose mail: an address, an alias or a part of the name [default: every leader's, one after the other]
    #[arg(long, value_name = "PERSON")]
    leader: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Report {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let past = Past::read(&self.place, env, zones)?;
        let roster = &past.setup.roster;
        let leaders = health::leaders(roster);
        let asked = self
            .leader
            .as_ref()
            .map(|text| whom(text, roster, &past.setup.directory).map_err(anyhow::Error::msg));
        let asked = asked.transpose()?;
        if let Some(person) = asked.filter(|person| !leaders.contains(person)) {
            let names: Vec<String> =
                leaders.iter().map(|leader| past.setup.directory.name(*leader)).collect();
            let name = past.setup.directory.name(person);
            bail!("failed to write a report for {name}: reports go to {}", names.join(", "));
        }
        let state = run::view(&past::copy(&past.store)?)?;
        let now = SystemClock.now();
        let mut out = std::io::stdout().lock();
        let ended = |week: &Week| *week < Week::of(now, &past.setup.settings.rules.zone);
        if !state.reps.values().any(|rep| rep.weeks.iter().any(|(week, row)| row.due > 0 && ended(week))) {
            writeln!(
                out,
                "No week that owed anything has ended since Drumbeat began to watch: there are no numbers of its own yet.\n"
            )?;
        }
        let wanted = |leader: &&Person| asked.is_none_or(|asked| asked == leader.id);
        for leader in leaders.iter().filter_map(|leader| roster.get(*leader)).filter(wanted) {
            let week = self.week.unwrap_or_else(|| Week::of(now, &leader.zone).plus(-1));
            let (subject, text) = written(&past, &state, leader.id, week, now);
            writeln!(out, "To: {} <{}>\nSubject: {subject}\n\n{text}", leader.name, leader.address)?;
        }
        Ok(true)
    }
}

/// Subject and text of one mail.
fn written(past: &Past, state: &State, leader: PersonId, week: Week, now: Moment) -> (String, String) {
    let setup = &past.setup;
    let rules = &setup.settings.rules;
    let of = |rep: PersonId| state.reps.get(&rep);
    let health = health::health(&setup.roster, rules, leader, week, &state.sources, &of);
    let row = OutboxRow::new(String::new(), leader, Letter::Health(health), now);
    let context = Context { voice: &rules.voice, people: setup, key: &setup.key, extras: Extras::default() };
    let mail = mails::mail(&row, &context);
    (mail.subject, mail.text)
}
