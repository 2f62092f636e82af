//! `drumbeat reload`: new configuration and roster, and what came of it.

use clap::Args;

use super::control::{self, ControlArgs};
use super::env::Env;
use super::files::Files;
use super::run::accept_next;
use crate::model::hand::Order;
use crate::model::zone::Zones;

/// Has the running daemon read configuration and roster anew.
///
/// Waits, and says whether they were taken and what changed. Where they are wrong, all that is wrong is printed, the old ones
/// go on, and the exit code is 1. A roster that loses more than a fifth and more than five of its people is refused until it
/// is said to be meant.
#[derive(Debug, Args)]
pub struct Reload {
    /// Take a roster that loses many people, too. Where the daemon does not start for that reason, its next start takes it
    #[arg(long)]
    accept_roster: bool,
    #[command(flatten)]
    control: ControlArgs,
}

impl Reload {
    /// Runs the command; `false`: refused.
    pub fn run(&self, zones: &Zones, env: &Env) -> anyhow::Result<bool> {
        let order = Order::Reload { accept_roster: self.accept_roster };
        match self.control.send(&order, env, zones) {
            Ok(reply) => control::print(&reply),
            Err(nobody) if nobody.is_nobody() && self.accept_roster => {
                let place = self.control.place();
                let files = Files::read(&place.config.path(), zones)?;
                accept_next(&place.store(env, Some(&files.settings)), &files)?;
                println!("No daemon runs here. Its next start takes this roster, however many it loses.");
                Ok(true)
            }
            Err(nobody) => Err(nobody.into()),
        }
    }
}
