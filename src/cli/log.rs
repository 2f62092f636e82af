//! The log: on standard error, or in the journal where that is what standard error leads to.

use std::os::unix::fs::MetadataExt as _;

use clap::{Args, ValueEnum};
use tracing::Metadata;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use super::env::Env;

/// Crates that are never logged, whatever is asked for: they would write out tokens.
const SILENT: [&str; 6] =
    ["yup_oauth2", "google_calendar3", "google_apis_common", "h2", "hyper", "hyper_util"];

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// To read
    Text,
    /// One JSON object a line
    Json,
    /// Entries of systemd's journal, with level and fields
    Journal,
}

/// How much is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged: error, warn, info, debug or trace; or a filter such as drumbeat=debug,lettre=info. Names and
    /// addresses are at debug and below; what Google's tokens travel through is never logged
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = filter)]
    log: String,
    /// How the log looks [default: journal as a systemd service, else text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    log_format: Option<Format>,
}

impl LogArgs {
    /// Begins to log. A second call changes nothing.
    pub fn begin(&self, env: &Env) {
        let Ok(asked) = EnvFilter::try_new(&self.log) else { return };
        let format = self.log_format.unwrap_or(if is_journal(env) { Format::Journal } else { Format::Text });
        let lines = || tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let text = || lines().with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed();
        let log = match format {
            Format::Text => text(),
            Format::Json => lines().json().boxed(),
            // A journal that cannot be reached is no reason to say nothing.
            Format::Journal => tracing_journald::layer().map_or_else(|_| text(), |journal| journal.boxed()),
        };
        // Fails only where a log was begun already, which then goes on.
        let _ = Registry::default().with(log.with_filter(asked.and(filter_fn(may_speak)))).try_init();
    }
}

/// Before a line on standard error: the journal takes it for an error (sd-daemon(3)).
pub const ERR: &str = "<3>";

/// Whether standard error leads to the journal: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)).
pub fn is_journal(env: &Env) -> bool {
    let stderr = std::fs::metadata("/proc/self/fd/2").ok();
    let is_it = stderr.zip(env.journal_stream.as_ref());
    is_it.is_some_and(|(stderr, stream)| *stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// Whether what is logged comes from a crate that keeps tokens to itself.
fn may_speak(metadata: &Metadata<'_>) -> bool {
    let from = metadata.target().split("::").next().unwrap_or_default();
    !SILENT.contains(&from)
}

/// A level is that of Drumbeat itself: of what it is built from, only warnings are of use.
fn filter(text: &str) -> Result<String, String> {
    let is_level = ["error", "warn", "info", "debug", "trace"].contains(&text);
    let filter = match text {
        "error" => "error".to_owned(),
        level if is_level => format!("warn,drumbeat={level}"),
        filter => filter.to_owned(),
    };
    EnvFilter::try_new(&filter).map_err(|error| format!("{error}; write info, or drumbeat=debug"))?;
    Ok(filter)
}
