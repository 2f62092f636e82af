//! The environment: what systemd and an operator hand over in variables. Read here and nowhere else.

use std::path::{Path, PathBuf};

/// What is read of it.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// `STATE_DIRECTORY`: where systemd lets the daemon write.
    pub state: Option<PathBuf>,
    /// `RUNTIME_DIRECTORY`: where systemd lets it keep a socket.
    pub runtime: Option<PathBuf>,
    /// `CREDENTIALS_DIRECTORY`: where systemd puts credentials.
    pub credentials: Option<PathBuf>,
    /// `JOURNAL_STREAM`: the journal's end of standard error, as systemd made it.
    pub journal_stream: Option<String>,
    /// `DRUMBEAT_SMTP_PASSWORD`.
    pub smtp_password: Option<String>,
}

impl Env {
    /// The same, with the credentials of the service for a command by hand: they lie in the folder of the configuration, from
    /// where the unit hands them over under the same names.
    pub fn with_credentials(&self, folder: &Path) -> Self {
        Self { credentials: self.credentials.clone().or_else(|| Some(folder.to_owned())), ..self.clone() }
    }

    /// Reads it; an empty variable counts as none.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment comes in")]
    pub fn read() -> Self {
        let some = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            state: some("STATE_DIRECTORY").map(PathBuf::from),
            runtime: some("RUNTIME_DIRECTORY").map(PathBuf::from),
            credentials: some("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            journal_stream: some("JOURNAL_STREAM").and_then(|value| value.into_string().ok()),
            smtp_password: some("DRUMBEAT_SMTP_PASSWORD").and_then(|value| value.into_string().ok()),
        }
    }
}
