//! Signals, and orders that need files: stop, take up a new configuration, forget somebody.

use std::path::PathBuf;

use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::open;
use super::ports;
use super::watch::{Note, told};
use crate::cli::brief;
use crate::cli::env::Env;
use crate::cli::files::{Files, WrongConfig};
use crate::config::changed;
use crate::io::people::PeopleTable;
use crate::io::systemd;
use crate::model::hand::{Hand, Order};
use crate::model::page::Page;
use crate::model::people::Roster;
use crate::model::zone::Zones;
use crate::ports::{Ask, Asked};
use crate::run::{Reloaded, Signal};
use crate::tell::link::LinkKey;
use crate::tell::phrase::sentence;
use crate::tell::whom::whom;

/// What `systemctl status` shows after a refusal, until a reload is taken.
const REFUSED: &str = "the new configuration is refused, the old one goes on";

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

    /// Hands them, and what is asked by the control socket, to the loop until it ends.
    pub async fn pass_on(
        mut self,
        mut reload: Reload,
        mut asks: mpsc::Receiver<Ask>,
        to: mpsc::Sender<Signal>,
    ) {
        loop {
            let asked = tokio::select! {
                _ = self.terminate.recv() => None,
                _ = self.interrupt.recv() => None,
                _ = self.hang_up.recv() => Some((Order::Reload { accept_roster: false }, String::new(), None)),
                Some(Ask { what, reply }) = asks.recv() => match what {
                    Asked::Order { order, operator } => Some((order, operator, Some(reply))),
                    Asked::Link { .. } | Asked::Admin(_) => continue,
                },
            };
            let Some((order, operator, reply)) = asked else {
                tracing::info!("told to end");
                // Where the loop has ended already, there is nobody to tell.
                let _ = to.send(Signal::Stop).await;
                return;
            };
            let page = match order {
                Order::Reload { accept_roster } => reload.again(accept_roster, &to).await,
                Order::Forget { who } => reload.forget(&who, operator, &to).await,
                _ => no("this order needs no files"),
            };
            if let Some(reply) = reply {
                // Whoever asked may have gone away; what was done stays done.
                let _ = reply.send(page);
            }
        }
    }
}

fn no(text: impl Into<String>) -> Page {
    Page::text(409, text)
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
    /// … and what is open since. `text` is the configuration that runs.
    pub fn with(self, table: PeopleTable, key: LinkKey, note: Note, text: String) -> Reload {
        Reload { from: self, table, key, note, text }
    }
}

/// Reads everything anew when asked.
pub struct Reload {
    from: Reloader,
    table: PeopleTable,
    key: LinkKey,
    note: Note,
    text: String,
}

impl Reload {
    /// Reads everything anew and has it taken up; says what changed, or all that is wrong.
    async fn again(&mut self, accept_roster: bool, to: &mpsc::Sender<Signal>) -> Page {
        told(systemd::reloading());
        let page = match self.read(accept_roster) {
            Ok((reloaded, text)) => {
                let (reply, page) = oneshot::channel();
                let sent = to.send(Signal::Reload(Box::new(reloaded), Some(reply))).await;
                let page = match (sent, page.await) {
                    (Ok(()), Ok(page)) => page,
                    _ => no("Drumbeat is ending"),
                };
                if page.status == 200 {
                    self.text = text;
                }
                page
            }
            Err(wrong) => {
                log(&wrong);
                no(format!("Refused, the old configuration goes on. {}", sentence(&wrong.to_string())))
            }
        };
        let is_taken = page.status == 200;
        self.note.replace((!is_taken).then(|| REFUSED.to_owned()));
        told(systemd::ready(if is_taken { "new configuration taken up" } else { REFUSED }));
        tracing::info!(taken = is_taken, "reload");
        page
    }

    fn read(&mut self, accept_roster: bool) -> Result<(Reloaded, String), WrongConfig> {
        let Reloader { config, state, env, zones } = &self.from;
        let files = Files::read(config, zones)?;
        ports::try_out(&files, env, state).map_err(WrongConfig::Port)?;
        let numbered = open::number(&files, &mut self.table, &self.key, zones);
        let (setup, texts) = numbered.map_err(WrongConfig::Port)?;
        let world = ports::world(&files, env, state, &texts, &setup).map_err(WrongConfig::Port)?;
        let changed = changed(&self.text, &files.text);
        Ok((Reloaded { setup, world, changed, accept_roster }, files.text))
    }

    /// Blanks what tells who a number is, then has the ledger say so.
    async fn forget(&mut self, who: &str, operator: String, to: &mpsc::Sender<Signal>) -> Page {
        let id = match whom(who, &Roster::default(), self.table.directory()) {
            Ok(id) => id,
            Err(nobody) => return no(nobody),
        };
        let address = self.table.directory().get(id).map(|listed| listed.address.clone()).unwrap_or_default();
        match Files::read(&self.from.config, &self.from.zones) {
            Ok(files) if files.names().iter().any(|(known, _)| *known == address) => {
                return no(format!(
                    "{who} is still in the roster or in the configuration: take them out there, `drumbeat reload`, \
                     and forget them then"
                ));
            }
            Ok(_) => {}
            Err(wrong) => return no(format!("nobody is forgotten while the roster cannot be read. {wrong}")),
        }
        if let Err(error) = self.table.forget(id) {
            return no(format!("failed to {error}"));
        }
        let hand = Hand { operator, reason: None };
        let (reply, page) = oneshot::channel();
        let sent = to.send(Signal::Forgotten(id, hand, reply)).await;
        match (sent, page.await) {
            (Ok(()), Ok(page)) => page,
            _ => no("Drumbeat is ending; who it was is forgotten, the ledger does not say so yet"),
        }
    }
}

fn log(wrong: &WrongConfig) {
    match wrong {
        WrongConfig::Problems(problems) => {
            for problem in problems {
                tracing::error!("{}", brief(problem));
            }
        }
        other => tracing::error!("{other}"),
    }
    tracing::error!("{REFUSED}; `drumbeat check` tells all about it");
}
