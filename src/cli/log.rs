//! The log, on standard error.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// What is never logged, whatever is asked for: it would write out tokens.
const SILENT: &str =
    "yup_oauth2=off,google_calendar3=off,google_apis_common=off,h2=off,hyper=off,hyper_util=off";

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// To read
    Text,
    /// One JSON object a line
    Json,
}

/// How much is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What is logged: error, warn, info, debug or trace; or a filter such as drumbeat=debug,hyper=info. Names and
    /// addresses are at debug and below; what Google's tokens travel through is never logged
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = filter)]
    log: String,
    /// How the log looks
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    log_format: Format,
}

impl LogArgs {
    /// Begins to log. A second call changes nothing.
    pub fn begin(&self) {
        let Ok(filter) = EnvFilter::try_new(format!("{},{SILENT}", self.log)) else { return };
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        // Fails only where a log was begun already, which then goes on.
        let _ = match self.log_format {
            Format::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
            Format::Json => log.json().try_init(),
        };
    }
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
