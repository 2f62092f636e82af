//! `drumbeat export`: all that is kept about one person.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::cli::env::Env;
use crate::cli::past::{self, Past};
use crate::cli::place::PlaceArgs;
use crate::model::zone::Zones;
use crate::tell::explain;
use crate::tell::whom::whom;

/// Prints all that is kept about somebody, as JSON lines.
///
/// First their row of the roster and of the table of people, then every fact of the ledger that is about them or was sent to
/// them, oldest first. Works beside the daemon. The address of a private feed is not printed, since whoever has it can read
/// the calendar. Text of events is not among it: none is kept.
#[derive(Debug, Args)]
pub struct Export {
    /// Who: an address, an alias, or a part of the name
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Export {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let past = Past::read(&self.place, env, zones)?;
        let setup = &past.setup;
        let who = whom(&self.person, &setup.roster, &setup.directory).map_err(anyhow::Error::msg)?;
        let mut out = std::io::stdout().lock();
        let listed = setup.directory.get(who);
        let address = listed.map_or("", |listed| listed.address.as_str());
        let name = listed.map_or("", |listed| listed.name.as_str());
        let person =
            json!({ "number": who.0, "address": address, "name": name, "roster": row(&past, address)? });
        writeln!(out, "{}", json!({ "person": person }))?;
        let mut lines = Vec::new();
        past::records(&past.store, &mut |record| {
            let about = record.facts.iter().filter(|fact| explain::concerns(fact, who));
            lines.extend(about.filter_map(|fact| explain::fact_json(record.at, fact, setup)));
        })?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        Ok(true)
    }
}

/// What the roster says of them; `None`: they are not in it.
fn row(past: &Past, address: &str) -> anyhow::Result<Option<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(past.files.folder.join(&past.files.settings.roster_file))?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers()?.clone();
    for record in reader.records() {
        let record = record?;
        let cells: BTreeMap<String, String> = headers
            .iter()
            .zip(&record)
            .map(|(name, cell)| (name.trim().to_owned(), cell.trim().to_owned()))
            .map(|(name, cell)| if name == "calendar" { (name, kinds(&cell)) } else { (name, cell) })
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        if cells.get("email").is_some_and(|email| email.to_lowercase() == address) {
            return Ok(Some(cells));
        }
    }
    Ok(None)
}

/// `google ics`: of each calendar, where it is read from, not under which address.
fn kinds(calendars: &str) -> String {
    let kind = |one: &str| one.split_once(':').map_or(one, |(kind, _)| kind).to_owned();
    calendars.split_whitespace().map(kind).collect::<Vec<_>>().join(" ")
}
