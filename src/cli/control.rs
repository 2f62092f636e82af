//! Asking a running daemon: the client's side of the control socket.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::env::Env;
use super::files::Files;
use super::place::PlaceArgs;
use crate::io::control::{ANSWER, NAME, Reply};
use crate::model::hand::Order;
use crate::model::zone::Zones;

/// Where the service's socket is, by its unit.
const RUNTIME: &str = "/run/drumbeat";
/// More than the daemon itself takes before it gives up.
const WAIT: Duration = Duration::from_secs(ANSWER.as_secs() + 10);

/// Which daemon is asked.
#[derive(Debug, Clone, Args)]
pub struct ControlArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The daemon's control socket [default: the one in the state directory, else $RUNTIME_DIRECTORY/control.sock or
    /// /run/drumbeat/control.sock]
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,
}

impl ControlArgs {
    /// Where configuration and state are.
    pub fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn socket(&self, env: &Env, zones: &Zones) -> PathBuf {
        if let Some(socket) = &self.socket {
            return socket.clone();
        }
        // Who may ask need not be allowed to read the configuration.
        let files = Files::read(&self.place.config.path(), zones).ok();
        let in_state = self.place.store(env, files.as_ref().map(|files| &files.settings)).control();
        if in_state.exists() { in_state } else { runtime(env).join(NAME) }
    }

    /// Sends an order and prints what came of it; `false`: it was refused.
    pub fn ask(&self, order: &Order, env: &Env, zones: &Zones) -> anyhow::Result<bool> {
        print(&self.send(order, env, zones)?)
    }

    /// Sends an order and waits for the answer.
    pub fn send(&self, order: &Order, env: &Env, zones: &Zones) -> Result<Reply, Unanswered> {
        let socket = self.socket(env, zones);
        exchange(&socket, order).map_err(|cause| Unanswered { socket, cause })
    }
}

/// Prints what came of an order; `false`: it was refused.
pub fn print(reply: &Reply) -> anyhow::Result<bool> {
    let text = reply.text.trim_end();
    if reply.ok {
        writeln!(std::io::stdout().lock(), "{text}")?;
    } else {
        eprintln!("drumbeat: {text}");
    }
    Ok(reply.ok)
}

/// The folder that systemd makes for the daemon while it runs.
fn runtime(env: &Env) -> PathBuf {
    env.runtime.clone().unwrap_or_else(|| PathBuf::from(RUNTIME))
}

/// Nobody answered.
#[derive(Debug, thiserror::Error)]
#[error("failed to ask the daemon at {}: {}", socket.display(), self.advice())]
pub struct Unanswered {
    socket: PathBuf,
    cause: std::io::Error,
}

impl Unanswered {
    /// No daemon runs there.
    pub fn is_nobody(&self) -> bool {
        matches!(self.cause.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
    }

    fn advice(&self) -> String {
        let cause = &self.cause;
        match cause.kind() {
            ErrorKind::PermissionDenied => {
                format!(
                    "{cause}; say it as root, or as a member of the group drumbeat (then `usermod -aG drumbeat NAME`)"
                )
            }
            _ if self.is_nobody() => {
                format!(
                    "{cause}; is it running? `systemctl status drumbeat` tells, and --socket names another place"
                )
            }
            _ => cause.to_string(),
        }
    }
}

fn exchange(socket: &Path, order: &Order) -> std::io::Result<Reply> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WAIT))?;
    let mut bytes = serde_json::to_vec(order)?;
    bytes.push(b'\n');
    stream.write_all(&bytes)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
