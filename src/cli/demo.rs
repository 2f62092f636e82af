//! `drumbeat demo`: a week in the life of a small sales organisation, through the real loop and the real store.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::replay::engine::{Disk, Engine, LEDGER, Replayed};
use super::run::random;
use crate::io::clock::SystemClock;
use crate::io::ledger::FileLedger;
use crate::io::smtp::{FileMailer, file_name};
use crate::io::store::SledStore;
use crate::io::web::{self, admin::Access};
use crate::model::fact::{Fact, Record, SessionState};
use crate::model::mail::Mail;
use crate::model::zone::{Moment, Zone, Zones};
use crate::ports::{Ask, Clock as _, Ledger as _, Mailer as _};
use crate::run::{Daemon, Setup};
use crate::sim::scenario;
use crate::sim::world::World;
use crate::tell::layout::{IndexHtml, IndexRow, written};
use crate::tell::{explain, when};

/// Where the page is, if nothing else is there.
const ADDRESS: &str = "127.0.0.1:8087";
/// … and the dashboard.
const ADMIN: &str = "127.0.0.1:8088";

/// Plays a made-up week: what Drumbeat sees, does and writes. Needs no account.
///
/// On a virtual clock, and without a network: prints what Drumbeat sees and does, writes the mails it would send as
/// files, and serves the pages behind their links on this machine until Ctrl-C.
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the week, without serving pages
    #[arg(long)]
    once: bool,
    /// Where mails are written, with an index.html to begin with
    #[arg(long, value_name = "DIR", default_value = "drumbeat-demo")]
    dir: PathBuf,
}

impl Demo {
    /// Runs the command.
    pub fn run(&self, zones: Zones) -> anyhow::Result<bool> {
        let scratch = Scratch::new()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        runtime.block_on(local.run_until(self.play(zones, &scratch.0)))?;
        Ok(true)
    }

    async fn play(&self, zones: Zones, scratch: &Path) -> anyhow::Result<()> {
        let listener = if self.once { None } else { Some(listen(ADDRESS).await?) };
        let address = match &listener {
            Some(listener) => listener.local_addr()?.to_string(),
            None => ADDRESS.to_owned(),
        };
        let url = format!("http://{address}");
        let recording =
            scenario::parse(scenario::DEMO).map_err(|_| anyhow::anyhow!("failed to read the demo"))?;
        let mut engine = Engine::new(&recording, zones)?;
        engine.adapt = Box::new(|settings| {
            settings.web.public_url.clone_from(&url);
            settings.rules.voice.public_url.clone_from(&url);
        });
        let world = engine.world().clone();
        let (Replayed { records, setup, .. }, daemon) = engine.run(disk(scratch)?).await?;
        let mut days = Days { zone: setup.settings.rules.zone.clone(), day: String::new() };
        let mut mails = Mails { dir: self.dir.clone(), mailer: FileMailer::new(&self.dir)?, written: 0 };
        mails.write(&world.sent(), &days.zone).await?;
        let mut out = std::io::stdout();
        for record in &records {
            days.print(&mut out, &setup, record)?;
        }
        let index = self.dir.join("index.html");
        writeln!(out, "\n{} mails were written: open {}", mails.written, index.display())?;
        if let Some(listener) = listener {
            let admin = listen(ADMIN).await?;
            let now = when::at(recording.until, &days.zone);
            writeln!(out, "The links in them lead to {url}, where it is {now}.")?;
            writeln!(out, "The dashboard is at http://{}/. Ctrl-C ends.", admin.local_addr()?)?;
            out.flush()?;
            let site = Site { listeners: (listener, admin), began: SystemClock.now(), at: recording.until };
            serve(site, daemon, &world, &mut days, &mut mails).await?;
        }
        Ok(())
    }
}

/// A folder for the ledger and the store, gone when the demo ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let name = u64::from_ne_bytes(random()?);
        let dir = std::env::temp_dir().join(format!("drumbeat-demo-{name:016x}"));
        std::fs::create_dir(&dir).with_context(|| format!("failed to make {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind lies in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn disk(scratch: &Path) -> anyhow::Result<Disk> {
    let (ledger, _) = FileLedger::open(&scratch.join("ledger"), None, || LEDGER.0)?;
    let (store, _) = SledStore::open(&scratch.join("sled"), ledger.id(), ledger.last())?;
    Ok((Box::new(ledger), Box::new(store)))
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    match web::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(web::bind("127.0.0.1:0").await?),
    }
}

/// The timeline, with a heading for each day.
struct Days {
    zone: Zone,
    day: String,
}

impl Days {
    fn print(&mut self, out: &mut dyn Write, setup: &Setup, record: &Record) -> std::io::Result<()> {
        // That a standing 1-on-1 stands where it stood is no news.
        let is_news = |fact: &&Fact| !matches!(fact, Fact::Session { state: SessionState::Scheduled, .. });
        for fact in record.facts.iter().filter(is_news) {
            let Some(line) = explain::line(record.at, fact, setup, &self.zone) else { continue };
            let day = self.zone.local(record.at).format("%A, %-d %B").to_string();
            if day != self.day {
                writeln!(out, "\n{day}")?;
                self.day = day;
            }
            let words = line.split_once("  ").map_or(line.as_str(), |(_, words)| words);
            writeln!(out, "  {}  {words}", when::clock(record.at, &self.zone))?;
        }
        Ok(())
    }
}

/// The mails as files, and a page that lists them.
struct Mails {
    dir: PathBuf,
    mailer: FileMailer,
    written: usize,
}

impl Mails {
    /// Writes those that are new, and the list of all.
    async fn write(&mut self, sent: &[(Moment, Mail)], zone: &Zone) -> anyhow::Result<()> {
        for (_, mail) in sent.iter().skip(self.written) {
            self.mailer.send(mail).await?;
            write(&self.dir.join(html_name(mail)), &in_browser(mail))?;
        }
        self.written = sent.len();
        let row = |(at, mail): &(Moment, Mail)| IndexRow {
            when: when::bare(*at, zone),
            to: mail.to_name.clone(),
            subject: mail.subject.clone(),
            html: html_name(mail),
            eml: file_name(mail),
        };
        let rows: Vec<IndexRow> = sent.iter().map(row).collect();
        write(
            &self.dir.join("index.html"),
            &written(&IndexHtml { title: "The mails of the demo", rows: &rows }),
        )
    }
}

/// A mail's HTML with its picture beside it, which a browser cannot take out of the mail.
fn in_browser(mail: &Mail) -> String {
    let Some(image) = &mail.image else { return mail.html.clone() };
    let data = base64::engine::general_purpose::STANDARD.encode(&image.png);
    mail.html.replace(&format!("cid:{}", image.cid), &format!("data:image/png;base64,{data}"))
}

fn html_name(mail: &Mail) -> String {
    file_name(mail).replace(".eml", ".html")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

/// Where the demo can be clicked at, and its clock: it goes on from the week's end.
struct Site {
    listeners: (TcpListener, TcpListener),
    began: Moment,
    at: Moment,
}

/// Answers clicks from the hour on at which the week ended, until Ctrl-C.
async fn serve(
    site: Site,
    mut daemon: Daemon,
    world: &World,
    days: &mut Days,
    mails: &mut Mails,
) -> anyhow::Result<()> {
    let (ask, mut asks) = mpsc::channel::<Ask>(16);
    let (pages, dashboard) = site.listeners;
    let wait = std::time::Duration::from_secs(20);
    let pages = web::run(pages, ask.clone(), None, wait, std::future::pending());
    let dashboard = web::admin::run(dashboard, ask, Access::default(), wait, std::future::pending());
    let mut pages = std::pin::pin!(pages);
    let mut dashboard = std::pin::pin!(dashboard);
    loop {
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
            served = &mut pages => return Ok(served?),
            served = &mut dashboard => return Ok(served?),
            Some(ask) = asks.recv() => {
                world.set(site.at + (SystemClock.now() - site.began));
                daemon.take_ask(ask).await?;
                for record in daemon.take_written() {
                    days.print(&mut std::io::stdout(), &daemon.setup(), &record)?;
                }
                mails.write(&world.sent(), &days.zone).await?;
            }
        }
    }
}
