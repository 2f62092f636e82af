//! `drumbeat auth google`: the grant of one account, where there is no service account.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::env::Env;
use super::files::{Files, WrongConfig};
use super::place::PlaceArgs;
use super::run;
use crate::io::google::{Grant, Rights};
use crate::model::zone::Zones;

/// The name of the file that is written.
const FILE: &str = "google-token.json";

/// Lets Drumbeat use an account.
///
/// For a single account only; a whole organisation is better served by a service account (docs/google.md).
#[derive(Debug, Args)]
pub struct Auth {
    #[command(subcommand)]
    provider: Provider,
}

#[derive(Debug, Subcommand)]
enum Provider {
    Google(AuthGoogle),
}

/// Asks for the grant of a Google account, in a browser on this machine.
///
/// Writes google-token.json into the state directory, readable by its owner alone, for [google] credentials to name. The
/// account sees and books what it may itself: calendars that others share with it.
#[derive(Debug, Args)]
struct AuthGoogle {
    #[command(flatten)]
    place: PlaceArgs,
    /// The JSON of an OAuth client of type "Desktop app", from the Cloud console
    #[arg(long, value_name = "FILE")]
    client: PathBuf,
    /// Asks for reading alone: enough for mode = "observe"
    #[arg(long)]
    read_only: bool,
}

impl Auth {
    /// Runs the command.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        match &self.provider {
            Provider::Google(google) => google.run(zones, env),
        }
    }
}

impl AuthGoogle {
    fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        // Without a configuration everything has its default: the grant may be the first thing that is done.
        let files = Files::read(&self.place.config.path(), zones).ok();
        let api = files.and_then(|files| files.settings.google.api_url);
        let api = run::api(api.as_deref()).map_err(WrongConfig::Port)?;
        let text = std::fs::read_to_string(&self.client)
            .with_context(|| format!("failed to read {}", self.client.display()))?;
        let rights = if self.read_only { Rights::Read } else { Rights::Write };
        let grant = Grant::new(&text.into(), rights, api).map_err(WrongConfig::Port)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let granted = runtime.block_on(grant.wait(show))?;
        let state = self.place.state(env);
        std::fs::create_dir_all(&state).with_context(|| format!("failed to make {}", state.display()))?;
        let file = state.join(FILE);
        granted.write(&file)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "Granted, and written to {}. Now in drumbeat.toml:", file.display())?;
        writeln!(out, "\n  [google]\n  credentials = \"{FILE}\"\n")?;
        writeln!(out, "`drumbeat check` shows what the account may see.")?;
        Ok(true)
    }
}

fn show(url: &str) {
    println!("Open this address in a browser on this machine, and choose the account:\n\n  {url}\n");
    println!("Waiting for Google to send the browser back. If you refuse there, press Ctrl-C here.\n");
}
