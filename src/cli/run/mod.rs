//! `drumbeat run`: the daemon.

mod google;
mod keys;
mod open;
mod ports;
mod reload;
mod watch;

use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};

use super::brief;
use super::env::Env;
use super::files::{Files, WrongConfig};
use super::log::LogArgs;
use super::place::{PlaceArgs, Store};
use crate::io::web::admin;
use crate::io::{control, systemd, web};
use crate::model::zone::Zones;
use crate::ports::{Ask, Error};
use crate::run::{Daemon, Inbox, KeepWritten, serve, view};

pub use google::{api, google};
pub use keys::random;
use open::{Opened, guard};
pub use open::{accept_next, assemble};
pub use ports::{Sources, smtp, try_out};
use reload::{Reloader, Signals};
use watch::{Outside, Shared, told};

/// Threads for files and names that answer slowly.
const BLOCKING_THREADS: usize = 16;
/// Clicks that may wait for the loop; more are asked to come back.
const CLICKS: usize = 64;
/// Push messages that may wait for the loop; more are dropped: they only say that it may be worth to look.
const PUSHES: usize = 1024;
/// How long a click waits for its page.
const CLICK_WAIT: Duration = Duration::from_secs(20);

/// Runs the daemon until it is told to stop.
///
/// SIGTERM or Ctrl-C ends it. SIGHUP reads configuration and roster anew; where they are wrong, all that is wrong is
/// logged and the old ones go on. (A new [store], and all of [web] but public_url, is taken up at the next start.) The log goes to
/// the journal where systemd runs it, else to standard error.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// What a daemon is started with.
struct Start {
    files: Files,
    store: Store,
    reloader: Reloader,
    opened: Opened,
}

impl Run {
    /// Runs the command: `true` after a clean end.
    pub fn run(&self, zones: Zones, env: Env) -> anyhow::Result<bool> {
        self.log.begin(&env);
        let config = self.place.config.path();
        let files = Files::read(&config, &zones)?;
        for warning in &files.warnings {
            tracing::warn!("{}", brief(warning));
        }
        let state = self.place.state(&env);
        try_out(&files, &env, &state).map_err(WrongConfig::Port)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let store = self.place.store(&env, Some(&files.settings));
        let local = LocalSet::new();
        runtime.block_on(local.run_until(async {
            let signals = Signals::listen()?;
            let opened = Opened::open(&store, &env)?;
            let reloader = Reloader { config, state, env, zones };
            daemon(Start { files, store, reloader, opened }, signals).await?;
            anyhow::Ok(true)
        }))
    }
}

/// Starts the daemon and runs it to its end.
async fn daemon(start: Start, signals: Signals) -> anyhow::Result<()> {
    let Start { files, store: place, reloader, opened } = start;
    let Opened { lock, ledger, store, mut table, key, old_key, notices } = opened;
    let (setup, texts) = open::number(&files, &mut table, &key, &reloader.zones)?;
    let state = view(&ledger)?;
    guard(&place, &files, &setup.roster, &state)?;
    let world = ports::world(&files, &reloader.env, &reloader.state, &texts, &setup)?;
    let runtime =
        reloader.env.runtime.as_ref().map_or_else(|| place.control(), |dir| dir.join(control::NAME));
    let control = control::bind(&runtime).await?;
    let listener = listen(&files).await?;
    let admin = listen_admin(&files, &reloader.env).await?;
    let (push, pushed) = mpsc::channel(PUSHES);
    let pushes = files.settings.google.push_url.as_ref().map(|url| web::Pushes {
        path: web::path_of(url),
        key: setup.key.0.to_vec(),
        to: push,
    });
    let store = Shared::new(store);
    let (ledger, kept) = (Box::new(ledger), Box::new(store.clone()));
    let mut daemon = Daemon::from_view(state, world, setup, ledger, kept, KeepWritten::No)?;
    daemon.read_links_of(old_key);
    for notice in &notices {
        tracing::warn!("{notice}");
        daemon.note(notice)?;
    }
    tracing::info!(
        store = %place.0.display(),
        mode = ?files.settings.rules.mode,
        people = files.roster.people().count(),
        "started"
    );
    let (ask, asks) = mpsc::channel(CLICKS);
    let (end_web, web_ends) = oneshot::channel::<()>();
    let (end_admin, admin_ends) = oneshot::channel::<()>();
    let admin =
        admin.map(|(listener, access)| spawn_local(admin_pages(listener, ask.clone(), access, admin_ends)));
    let (file_ask, file_asks) = mpsc::channel(CLICKS);
    let control = spawn_local(control::serve(control, control::To { loop_: ask.clone(), files: file_ask }));
    let pages = listener.map(|listener| spawn_local(pages(listener, ask, pushes, web_ends)));
    let (signal, signalled) = mpsc::channel(4);
    let note = Rc::default();
    let reload = reloader.with(table, key, Rc::clone(&note), files.text);
    let waits = spawn_local(signals.pass_on(reload, file_asks, signal));
    let outside = Outside::new(store.clone(), note);
    let served = serve(&mut daemon, Inbox { asks, signals: signalled, pushes: pushed }, &outside).await;
    told(systemd::stopping("ending"));
    waits.abort();
    control.abort();
    daemon.close().await;
    drop((end_web, end_admin));
    for served in [pages, admin].into_iter().flatten() {
        served.abort();
    }
    drop((daemon.stop(), outside));
    let closed = store.close();
    drop(lock);
    served.and(closed)?;
    tracing::info!("ended");
    Ok(())
}

/// The listener of the pages behind links, if there is to be one.
async fn listen(files: &Files) -> Result<Option<TcpListener>, Error> {
    let Some(address) = files.settings.web.listen else { return Ok(None) };
    let listener = web::bind(&address.to_string()).await?;
    tracing::info!(%address, "pages are served");
    Ok(Some(listener))
}

/// The listener for those who run Drumbeat, if there is to be one, and who may look.
async fn listen_admin(files: &Files, env: &Env) -> Result<Option<(TcpListener, admin::Access)>, Error> {
    let web = &files.settings.web;
    let Some(address) = web.admin else { return Ok(None) };
    let file = web.admin_token_file.as_ref().map(|file| files.folder.join(file));
    let token = keys::admin_token(env, file.as_deref())?;
    let listener = web::bind(&address.to_string()).await?;
    tracing::info!(%address, "the dashboard is served");
    Ok(Some((listener, admin::Access { token, header: web.admin_header.clone() })))
}

async fn admin_pages(
    listener: TcpListener,
    ask: mpsc::Sender<Ask>,
    access: admin::Access,
    end: oneshot::Receiver<()>,
) {
    let ended = async {
        // Ends by being dropped.
        let _ = end.await;
    };
    if let Err(error) = admin::run(listener, ask, access, CLICK_WAIT, ended).await {
        tracing::error!(code = %error.code, "failed to serve the dashboard: {error}");
    }
}

async fn pages(
    listener: TcpListener,
    ask: mpsc::Sender<Ask>,
    pushes: Option<web::Pushes>,
    end: oneshot::Receiver<()>,
) {
    let ended = async {
        // Ends by being dropped.
        let _ = end.await;
    };
    if let Err(error) = web::run(listener, ask, pushes, CLICK_WAIT, ended).await {
        tracing::error!(code = %error.code, "failed to serve pages: {error}");
    }
}
