//! The ports of the real world, made from settings.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::keys;
use crate::cli::env::Env;
use crate::cli::files::Files;
use crate::config::{FeedSettings, Transport};
use crate::io::clock::SystemClock;
use crate::io::feed::{Feeds, Limits};
use crate::io::smtp::{FileMailer, SmtpMailer, Submission};
use crate::io::systemd;
use crate::model::mail::Mail;
use crate::model::people::{CalendarId, PersonId};
use crate::ports::{Bookings, Error, ErrorKind, Later, Mailer};
use crate::run::World;

/// For one mail: below half of the watchdog's minute, since a tick that sends mails does nothing else.
const MAIL_TIMEOUT: Duration = Duration::from_secs(25);

/// The calendars.
pub fn feeds(texts: &BTreeMap<CalendarId, String>, settings: &FeedSettings) -> Result<Feeds, Error> {
    let limits = Limits {
        timeout: settings.timeout,
        largest: usize::try_from(settings.largest).unwrap_or(usize::MAX),
        private_addresses: settings.private_addresses,
    };
    Feeds::new(texts, limits)
}

/// The mail server; connects only when there is a mail.
fn smtp(url: &str, password_file: Option<&Path>, env: &Env) -> Result<SmtpMailer, Error> {
    let password = keys::smtp_password(env, password_file)?;
    SmtpMailer::new(&Submission { url: url.to_owned(), password, timeout: MAIL_TIMEOUT, roots: Vec::new() })
}

/// What mails go out by. `state` is the state directory.
fn mailer(files: &Files, env: &Env, state: &Path) -> Result<Box<dyn Mailer>, Error> {
    Ok(match &files.settings.mail.transport {
        Transport::Smtp { url, password_file } => {
            let file = password_file.as_ref().map(|file| files.folder.join(file));
            Box::new(smtp(url, file.as_deref(), env)?)
        }
        Transport::File { dir } => Box::new(FileMailer::new(&state.join(dir))?),
    })
}

/// Looks at all that [`world`] is made from, without making or reaching anything.
pub fn try_out(files: &Files, env: &Env) -> Result<(), Error> {
    if let Transport::Smtp { url, password_file } = &files.settings.mail.transport {
        let file = password_file.as_ref().map(|file| files.folder.join(file));
        smtp(url, file.as_deref(), env)?;
    }
    feeds(&files.feeds(&files.roster, &[]), &files.settings.feeds).map(drop)
}

/// All ports. `texts` says where calendars are.
pub fn world(
    files: &Files,
    env: &Env,
    state: &Path,
    texts: &BTreeMap<CalendarId, String>,
) -> Result<World, Error> {
    Ok(World {
        clock: Rc::new(SystemClock),
        bookings: Rc::new(NoCalendar),
        calendars: Rc::new(feeds(texts, &files.settings.feeds)?),
        mailer: Rc::new(Watched(mailer(files, env, state)?)),
    })
}

/// Where no calendar can be written: everything goes by mail.
struct NoCalendar;

impl Bookings for NoCalendar {
    fn insert<'a>(&'a self, _: PersonId, _: &'a [u8]) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async { Err(not_configured()) })
    }

    fn read<'a>(&'a self, _: PersonId, _: &'a str) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async { Err(not_configured()) })
    }

    fn delete<'a>(&'a self, _: PersonId, _: &'a str, _: &'a str) -> Later<'a, Result<(), Error>> {
        Box::pin(async { Err(not_configured()) })
    }
}

fn not_configured() -> Error {
    Error::new(ErrorKind::NotFound, "not_configured", "write into a calendar: Google is not configured")
}

/// Tells systemd after each mail that the loop lives: a tick with many mails is long, but not stuck.
struct Watched(Box<dyn Mailer>);

impl Mailer for Watched {
    fn send<'a>(&'a self, mail: &'a Mail) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let sent = self.0.send(mail).await;
            // A watchdog that cannot be reached ends the process by itself.
            let _ = systemd::alive();
            sent
        })
    }
}
