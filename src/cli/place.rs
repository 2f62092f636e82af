//! Where things lie: the configuration, what stands beside it, and the state directory.

use std::path::{Path, PathBuf};

use clap::Args;

use super::env::Env;
use crate::config::Settings;
use crate::ports::{Error, ErrorKind};

/// The usual place of the configuration, and the one for trying things out.
const CONFIGS: [&str; 2] = ["/etc/drumbeat/drumbeat.toml", "drumbeat.toml"];
/// The state directory of the packaged service.
const PACKAGED_STATE: &str = "/var/lib/drumbeat";
/// The folder of `[store] url`, where no configuration says another.
const STORE: &str = "state";

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigArg {
    /// The configuration [default: /etc/drumbeat/drumbeat.toml, or ./drumbeat.toml where there is none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArg {
    /// The file that is meant.
    pub fn path(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(usual)
    }
}

/// The configuration where none is named: the first of the usual places that is there.
pub fn usual() -> PathBuf {
    let there = CONFIGS.iter().find(|path| Path::new(path).exists());
    PathBuf::from(there.unwrap_or(&CONFIGS[0]))
}

/// The state directory of a configuration, where none is named.
pub fn state_beside(config: &Path, env: &Env) -> PathBuf {
    env.state.clone().unwrap_or_else(|| {
        // What the unit gives the daemon is where those who look at it by hand find it, too.
        let is_packaged = config == Path::new(CONFIGS[0]) && Path::new(PACKAGED_STATE).is_dir();
        if is_packaged { PathBuf::from(PACKAGED_STATE) } else { Path::new(".").join(beside(config)) }
    })
}

/// Where the configuration and the state are.
#[derive(Debug, Clone, Args)]
pub struct PlaceArgs {
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// The state directory: the folder of [store] and that of [mail] lie in it [default: $STATE_DIRECTORY, which
    /// systemd sets; /var/lib/drumbeat for /etc/drumbeat/drumbeat.toml; or else the configuration's folder]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl PlaceArgs {
    /// The state directory.
    pub fn state(&self, env: &Env) -> PathBuf {
        self.state.clone().unwrap_or_else(|| state_beside(&self.config.path(), env))
    }

    /// Where the ledger and the store lie. `settings` are those of the configuration, where it was read.
    pub fn store(&self, env: &Env, settings: Option<&Settings>) -> Store {
        let folder = settings.map_or(STORE, |settings| settings.store.dir.as_str());
        Store(self.state(env).join(folder))
    }
}

/// Whether a part of the state is there. `Denied` where this account may not even look.
pub fn is_there(part: &Path) -> Result<bool, Error> {
    match std::fs::metadata(part) {
        Ok(_) => Ok(true),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(cause) => {
            let mut error = Error::disk("look into", part, &cause);
            if error.kind == ErrorKind::Denied {
                error.message.push_str("; it belongs to the account that the service runs as: use sudo");
            }
            Err(error)
        }
    }
}

/// The folder that a file lies in; empty for one that is here.
pub fn beside(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

/// The folder of `[store]`, with what lies in it (docs/formats.md).
#[derive(Debug, Clone)]
pub struct Store(pub PathBuf);

impl Store {
    /// Whether it holds a ledger. `Denied` where this account may not even look.
    pub fn has_ledger(&self) -> Result<bool, Error> {
        is_there(&self.ledger())
    }

    /// The ledger's folder.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// The embedded store's folder.
    pub fn sled(&self) -> PathBuf {
        self.0.join("sled")
    }

    /// The control socket, where systemd gives no folder for it.
    pub fn control(&self) -> PathBuf {
        self.0.join(crate::io::control::NAME)
    }

    /// Says that the next start takes the roster of this hash, however many it loses.
    pub fn accepted_roster(&self) -> PathBuf {
        self.0.join("accepted-roster")
    }

    /// The table from numbers to people.
    pub fn people(&self) -> PathBuf {
        self.0.join("people.csv")
    }

    /// The key that signed links before, where there was one and it is no credential.
    pub fn old_link_key(&self) -> PathBuf {
        self.0.join("link.key.old")
    }

    /// The key that signs links, where it is no credential.
    pub fn link_key(&self) -> PathBuf {
        self.0.join("link.key")
    }
}
