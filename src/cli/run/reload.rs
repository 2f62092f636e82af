//! Signals: stop, and take up a new configuration.

use std::path::PathBuf;

use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::mpsc;

use super::open;
use super::ports;
use super::watch::{Note, told};
use crate::cli::brief;
use crate::cli::env::Env;
use crate::cli::files::{Files, WrongConfig};
use crate::io::people::PeopleTable;
use crate::io::systemd;
use crate::model::zone::Zones;
use crate::run::{Reloaded, Signal};
use crate::tell::link::LinkKey;

/// The signals that are listened to, from before the state directory is opened.
pub struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hang_up: Listener,
}

impl Signals {
    /// From now on signals do not end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Hands them to the loop until it ends.
    pub async fn pass_on(mut self, mut reload: Reload, to: mpsc::Sender<Signal>) {
        loop {
            let said = tokio::select! {
                _ = self.terminate.recv() => Some(Signal::Stop),
                _ = self.interrupt.recv() => Some(Signal::Stop),
                _ = self.hang_up.recv() => reload.again().map(|reloaded| Signal::Reload(Box::new(reloaded))),
            };
            if let Some(said) = said {
                tracing::info!(signal = ?said, "told");
                if to.send(said).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// What a start and a reload are made with.
pub struct Reloader {
    /// The configuration's file.
    pub config: PathBuf,
    /// The state directory.
    pub state: PathBuf,
    /// The environment.
    pub env: Env,
    /// Time zones.
    pub zones: Zones,
}

impl Reloader {
    /// … and what is open since.
    pub fn with(self, table: PeopleTable, key: LinkKey, note: Note) -> Reload {
        Reload { from: self, table, key, note }
    }
}

/// Reads everything anew when asked.
pub struct Reload {
    from: Reloader,
    table: PeopleTable,
    key: LinkKey,
    note: Note,
}

impl Reload {
    /// The new settings; `None` where they are wrong: then all problems are logged, and the status says so.
    fn again(&mut self) -> Option<Reloaded> {
        told(systemd::reloading());
        match self.read() {
            Ok(reloaded) => {
                self.note.replace(None);
                told(systemd::ready("new configuration taken up"));
                Some(reloaded)
            }
            Err(wrong) => {
                match wrong {
                    WrongConfig::Problems(problems) => {
                        for problem in &problems {
                            tracing::error!("{}", brief(problem));
                        }
                    }
                    other => tracing::error!("{other}"),
                }
                tracing::error!(
                    "the new configuration is refused, the old one goes on; `drumbeat check` tells all about it"
                );
                let note = "the new configuration is refused, the old one goes on";
                self.note.replace(Some(note.to_owned()));
                told(systemd::ready(note));
                None
            }
        }
    }

    fn read(&mut self) -> Result<Reloaded, WrongConfig> {
        let Reloader { config, state, env, zones } = &self.from;
        let files = Files::read(config, zones)?;
        ports::try_out(&files, env, state).map_err(WrongConfig::Port)?;
        let numbered = open::number(&files, &mut self.table, &self.key, zones);
        let (setup, texts) = numbered.map_err(WrongConfig::Port)?;
        let world = ports::world(&files, env, state, &texts, &setup).map_err(WrongConfig::Port)?;
        Ok(Reloaded { setup, world })
    }
}
