//! Google's calendars, made from settings, roster and credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use secrecy::SecretString;

use crate::cli::env::Env;
use crate::cli::files::Files;
use crate::io::google::{Account, Google, Limits, Push, Rights};
use crate::model::people::{CalendarId, Roster, SourceSpec};
use crate::model::policy::Mode;
use crate::ports::{Error, ErrorKind};
use crate::tell::link::LinkKey;

/// The name of the systemd credential.
const CREDENTIAL: &str = "google.json";

/// The client, where anybody of `roster` has a calendar at Google. `key` signs its push channels.
pub fn google(
    files: &Files,
    roster: &Roster,
    env: &Env,
    state: &Path,
    key: Option<&LinkKey>,
) -> Result<Option<Rc<Google>>, Error> {
    let calendars = calendars(roster);
    if calendars.is_empty() {
        return Ok(None);
    }
    let settings = &files.settings.google;
    let people = roster.people().map(|person| (person.id, person.address.clone())).collect();
    let push = settings.push_url.clone().zip(key).map(|(url, key)| Push { url, key: key.0.to_vec() });
    let account = Account {
        credentials: credentials(files, env, state)?,
        people,
        calendars,
        rights: rights(files.settings.rules.mode),
        api: api(settings.api_url.as_deref())?,
        push,
        limits: Limits::below_quota(settings.daily_calls),
    };
    Google::new(account).map(|google| Some(Rc::new(google)))
}

/// The least that a mode needs.
fn rights(mode: Mode) -> Rights {
    if mode == Mode::Observe { Rights::Read } else { Rights::Write }
}

/// Everybody's calendars at Google.
fn calendars(roster: &Roster) -> BTreeMap<CalendarId, Option<String>> {
    let all = roster.people().flat_map(|person| {
        (1..).zip(&person.calendars).map(|(nth, spec)| (CalendarId { owner: person.id, nth }, spec))
    });
    all.filter_map(|(calendar, spec)| match spec {
        SourceSpec::Google(id) => Some((calendar, id.clone())),
        SourceSpec::Feed(_) | SourceSpec::World => None,
    })
    .collect()
}

/// Where the API is, if not at Google.
pub fn api(url: Option<&str>) -> Result<Option<http::Uri>, Error> {
    url.map(|url| {
        url.parse()
            .map_err(|_| Error::new(ErrorKind::Invalid, "address", "use [google] api_url: it is no address"))
    })
    .transpose()
}

/// The credentials: those that systemd hands over, else the file beside the configuration, else the one in the state
/// directory, where `drumbeat auth google` writes it.
fn credentials(files: &Files, env: &Env, state: &Path) -> Result<SecretString, Error> {
    let name = &files.settings.google.credentials;
    let handed = env.credentials.as_ref().map(|folder| folder.join(CREDENTIAL));
    let places: Vec<PathBuf> =
        handed.into_iter().chain([files.folder.join(name), state.join(name)]).collect();
    let path = places.iter().find(|path| path.exists()).ok_or_else(|| {
        let looked: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        let message = format!(
            "find the credentials of [google]: there is no {}; docs/google.md says how to get them",
            looked.join(", nor ")
        );
        Error::new(ErrorKind::Invalid, "credentials", message)
    })?;
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::disk("read the credentials of [google] from", path, &cause))?;
    Ok(text.into())
}
