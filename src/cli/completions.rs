//! `drumbeat completions`: what a shell completes.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

/// Prints the completions for a shell.
///
/// The Debian package has them in place already. By hand, for bash:
/// drumbeat completions bash > ~/.local/share/bash-completion/completions/drumbeat
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Runs the command: `true`, once all is written.
    pub fn run(&self) -> anyhow::Result<bool> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "drumbeat", &mut text);
        std::io::stdout().write_all(&text)?;
        Ok(true)
    }
}
