//! The ports of the real world, made from settings.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::google::google;
use super::keys;
use crate::cli::env::Env;
use crate::cli::files::Files;
use crate::config::{FeedSettings, Transport};
use crate::io::clock::SystemClock;
use crate::io::feed::{Feeds, Limits};
use crate::io::google::Google;
use crate::io::smtp::{FileMailer, SmtpMailer, Submission};
use crate::io::systemd;
use crate::model::mail::Mail;
use crate::model::people::{CalendarId, PersonId};
use crate::model::time::Span;
use crate::ports::{Answer, Bookings, Calendars, Error, ErrorKind, Later, Mailer, Validators};
use crate::run::{Setup, World};

/// For one mail: below half of the watchdog's minute, since a tick that sends mails does nothing else.
const MAIL_TIMEOUT: Duration = Duration::from_secs(25);

/// The feeds.
fn feeds(texts: &BTreeMap<CalendarId, String>, settings: &FeedSettings) -> Result<Feeds, Error> {
    let limits = Limits {
        timeout: settings.timeout,
        largest: usize::try_from(settings.largest).unwrap_or(usize::MAX),
        private_addresses: settings.private_addresses,
    };
    Feeds::new(texts, limits)
}

/// The mail server, if mails go to one.
pub fn smtp(files: &Files, env: &Env) -> Result<Option<SmtpMailer>, Error> {
    match &files.settings.mail.transport {
        Transport::Smtp { url, password_file } => server(files, env, url, password_file.as_deref()).map(Some),
        Transport::File { .. } => Ok(None),
    }
}

/// Connects only when there is a mail.
fn server(files: &Files, env: &Env, url: &str, password_file: Option<&str>) -> Result<SmtpMailer, Error> {
    let file = password_file.map(|file| files.folder.join(file));
    let password = keys::smtp_password(env, file.as_deref())?;
    SmtpMailer::new(&Submission { url: url.to_owned(), password, timeout: MAIL_TIMEOUT, roots: Vec::new() })
}

/// What mails go out by. `state` is the state directory.
fn mailer(files: &Files, env: &Env, state: &Path) -> Result<Box<dyn Mailer>, Error> {
    Ok(match &files.settings.mail.transport {
        Transport::Smtp { url, password_file } => {
            Box::new(server(files, env, url, password_file.as_deref())?)
        }
        Transport::File { dir } => Box::new(FileMailer::new(&state.join(dir))?),
    })
}

/// All calendars, each read where it is.
pub struct Sources {
    feeds: Feeds,
    google: Option<Rc<Google>>,
}

impl Sources {
    /// By where feeds are, and Google's client, if there is one.
    pub fn new(
        texts: &BTreeMap<CalendarId, String>,
        settings: &FeedSettings,
        google: Option<Rc<Google>>,
    ) -> Result<Self, Error> {
        Ok(Self { feeds: feeds(texts, settings)?, google })
    }

    fn of(&self, calendar: CalendarId) -> &dyn Calendars {
        match &self.google {
            Some(google) if google.has(calendar) => google.as_ref(),
            _ => &self.feeds,
        }
    }
}

impl Calendars for Sources {
    fn fetch<'a>(
        &'a self,
        calendar: CalendarId,
        known: Option<&'a Validators>,
    ) -> Later<'a, Result<Answer, Error>> {
        self.of(calendar).fetch(calendar, known)
    }

    fn instances(
        &self,
        calendar: CalendarId,
        window: Span,
    ) -> Later<'_, Result<Option<Vec<Vec<u8>>>, Error>> {
        self.of(calendar).instances(calendar, window)
    }

    fn pushes(&self, calendar: CalendarId) -> bool {
        self.of(calendar).pushes(calendar)
    }

    fn close(&self) -> Later<'_, ()> {
        match &self.google {
            Some(google) => google.close(),
            None => self.feeds.close(),
        }
    }
}

/// Looks at all that [`world`] is made from, without making or reaching anything. `state` is the state directory.
pub fn try_out(files: &Files, env: &Env, state: &Path) -> Result<(), Error> {
    google(files, &files.roster, env, state, None)?;
    smtp(files, env)?;
    feeds(&files.feeds(&files.roster, &[]), &files.settings.feeds).map(drop)
}

/// All ports. `texts` says where feeds are; `setup` has the numbers of everybody.
pub fn world(
    files: &Files,
    env: &Env,
    state: &Path,
    texts: &BTreeMap<CalendarId, String>,
    setup: &Setup,
) -> Result<World, Error> {
    let google = google(files, &setup.roster, env, state, Some(&setup.key))?;
    let bookings: Rc<dyn Bookings> = match &google {
        Some(google) => google.clone(),
        None => Rc::new(NoCalendar),
    };
    Ok(World {
        clock: Rc::new(SystemClock),
        bookings,
        calendars: Rc::new(Sources::new(texts, &files.settings.feeds, google)?),
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
