//! Calendars that are read once, for whoever asks: those that were typed, or those of the roster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::bail;
use clap::Args;

use crate::cli::env::Env;
use crate::cli::files::{Files, WrongConfig, text};
use crate::cli::place::{self, beside};
use crate::cli::run::{Sources, google};
use crate::config::{self, Calendars, FeedSettings, Settings};
use crate::gcal;
use crate::ical::{self, Shape};
use crate::io::google::Google;
use crate::model::people::{CalendarId, PersonId, Roster, SourceSpec};
use crate::model::survey::Reading;
use crate::model::zone::Zones;
use crate::ports::{Answer, Error, ErrorKind};
use crate::run::{Due, fetch};

/// Calendars that were typed have numbers from here on, until it is known whose they are.
const TYPED_FROM: u32 = 1 << 29;
/// Most calendars that can be typed.
const TYPED_MOST: usize = 500;
/// What holds where no configuration is named: the defaults, and a sender whom nobody has.
const DEFAULTS: &str = "version = 1\ntime_zone = \"UTC\"\n[mail]\nfrom = \"Drumbeat <drumbeat@drumbeat.invalid>\"\n\
                        ops = [\"ops@drumbeat.invalid\"]\ntransport = \"file\"\n";

/// Which calendars.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// A calendar: a secret iCal address or an .ics file, with EMAIL= before it to say whose it is. None: all
    /// calendars of the configuration's roster
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// The configuration; needed only where no SOURCE is given [default: /etc/drumbeat/drumbeat.toml, or
    /// ./drumbeat.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A calendar may live on a private or loopback address, whatever the configuration says
    #[arg(long)]
    pub private_addresses: bool,
}

/// What is looked at, and by which rules.
pub struct Ground {
    /// The settings: of the configuration, or the defaults.
    pub settings: Settings,
    /// The people; nobody without a roster.
    pub roster: Roster,
    /// There is a roster.
    pub has_roster: bool,
    /// Where feeds are; a secret.
    texts: BTreeMap<CalendarId, String>,
    /// Those that are asked, in order.
    asked: Vec<Asked>,
    google: Option<Rc<Google>>,
}

/// A calendar that is asked.
struct Asked {
    calendar: CalendarId,
    label: String,
    owner: Option<String>,
    /// What was typed, where it was.
    place: Option<String>,
    /// It cannot even be asked.
    wrong: Option<Error>,
}

/// A calendar and what it answered.
pub struct Answered {
    /// How it is called.
    pub label: String,
    /// Whose it is, as somebody says: an address.
    pub owner: Option<String>,
    /// What was typed for it; a secret.
    pub place: Option<String>,
    /// Its content.
    pub reading: Result<Reading, Error>,
}

impl Ground {
    /// Reads the configuration and the roster, as far as they are wanted.
    pub fn read(args: &SourceArgs, roster: Option<&Path>, zones: &Zones, env: &Env) -> anyhow::Result<Self> {
        let usual = place::usual();
        let needs_config = args.sources.is_empty() && roster.is_none();
        let config = args.config.clone().or_else(|| needs_config.then(|| usual.clone()));
        if args.config.is_none() && needs_config && !usual.exists() {
            bail!(
                "nothing to look at: name calendars (drumbeat survey ana@example.com=https://…/basic.ics), or a \
                 configuration with --config"
            );
        }
        let files = config.as_deref().map(|config| Files::read_with(config, roster, zones)).transpose()?;
        let (settings, people) = if let Some(files) = &files {
            (files.settings.clone(), files.roster.clone())
        } else {
            let settings = defaults(zones)?;
            let people = roster.map(|file| people(file, &settings, zones)).transpose()?;
            (settings, people.unwrap_or_default())
        };
        let mut ground = Self {
            settings,
            roster: people,
            has_roster: files.is_some() || roster.is_some(),
            texts: BTreeMap::new(),
            asked: Vec::new(),
            google: None,
        };
        ground.settings.feeds.private_addresses |= args.private_addresses;
        if args.sources.is_empty() {
            ground.of_roster(files.as_ref(), config.as_deref().or(roster), env)?;
        } else {
            ground.typed(&args.sources)?;
        }
        Ok(ground)
    }

    /// The `calendar` cell of somebody in the roster, as a file elsewhere can say it.
    pub fn calendar_cell(&self, who: PersonId) -> String {
        let specs = self.roster.get(who).map_or(&[][..], |person| &person.calendars);
        let word = |(nth, spec): (u8, &SourceSpec)| match spec {
            SourceSpec::Feed(place) => {
                let place = self.texts.get(&CalendarId { owner: who, nth }).unwrap_or(place);
                Some(format!("ics:{place}"))
            }
            SourceSpec::Google(None) => Some("google".to_owned()),
            SourceSpec::Google(Some(id)) => Some(format!("google:{id}")),
            SourceSpec::World => None,
        };
        (1..).zip(specs).filter_map(word).collect::<Vec<_>>().join(" ")
    }

    /// The first calendar of everybody: where sessions live. Further ones are busy time alone.
    fn of_roster(
        &mut self,
        files: Option<&Files>,
        beside_of: Option<&Path>,
        env: &Env,
    ) -> anyhow::Result<()> {
        let folder = beside_of.map(beside).unwrap_or_default();
        for person in self.roster.people().filter(|person| !person.calendars.is_empty()) {
            self.asked.push(Asked {
                calendar: CalendarId::first(person.id),
                label: person.address.clone(),
                owner: Some(person.address.clone()),
                place: None,
                wrong: None,
            });
        }
        match files {
            Some(files) => {
                self.texts = files.feeds(&self.roster, &[]);
                let state = place::state_beside(beside_of.unwrap_or(Path::new(".")), env);
                self.google = google(files, &self.roster, env, &state, None).map_err(WrongConfig::Port)?;
            }
            None => self.texts = super::people::feeds(&self.roster, &folder),
        }
        Ok(())
    }

    fn typed(&mut self, sources: &[String]) -> anyhow::Result<()> {
        if sources.len() > TYPED_MOST {
            bail!("too many calendars: {}, and {TYPED_MOST} can be named at once", sources.len());
        }
        for (nth, text) in (1u32..).zip(sources) {
            let (owner, place) = owner_and_place(text);
            let calendar = CalendarId::first(PersonId(TYPED_FROM + nth));
            let one = BTreeMap::from([(calendar, place.clone())]);
            // Each for itself, so that one that is no address stops no other.
            let wrong = Sources::new(&one, &self.settings.feeds, None).err();
            if wrong.is_none() {
                self.texts.extend(one);
            }
            let label = owner.clone().unwrap_or_else(|| format!("calendar {nth} ({})", shown(&place)));
            self.asked.push(Asked { calendar, label, owner, place: Some(place), wrong });
        }
        Ok(())
    }

    /// Asks all of them once.
    pub async fn ask(&mut self, zones: &Zones) -> anyhow::Result<Vec<Answered>> {
        let feeds: &FeedSettings = &self.settings.feeds;
        let calendars = Rc::new(Sources::new(&self.texts, feeds, self.google.take())?);
        let asked = std::mem::take(&mut self.asked);
        let due = asked.iter().filter(|asked| asked.wrong.is_none());
        let due = due.map(|asked| Due { calendar: asked.calendar, known: None, audit: None }).collect();
        let mut answers: BTreeMap<CalendarId, Result<Answer, Error>> = BTreeMap::new();
        for fetched in fetch(calendars, due).await {
            answers.insert(fetched.calendar, fetched.answer);
        }
        let answered = asked.into_iter().map(|asked| {
            let answer = asked.wrong.map(Err).or_else(|| answers.remove(&asked.calendar));
            let reading = match answer {
                Some(Ok(answer)) => read_answer(answer, feeds.largest, zones),
                Some(Err(error)) => Err(error),
                None => Err(Error::new(ErrorKind::Transient, "timeout", "there was no answer")),
            };
            Answered { label: asked.label, owner: asked.owner, place: asked.place, reading }
        });
        Ok(answered.collect())
    }
}

/// The settings that hold without a configuration.
fn defaults(zones: &Zones) -> Result<Settings, WrongConfig> {
    config::settings(DEFAULTS, "the defaults", zones).map_err(WrongConfig::Problems)
}

fn people(file: &Path, settings: &Settings, zones: &Zones) -> Result<Roster, WrongConfig> {
    let text = text("the roster", file)?;
    read_roster(&text, &file.display().to_string(), settings, zones)
}

/// A roster's text as people, numbered in order.
pub fn read_roster(
    text: &str,
    name: &str,
    settings: &Settings,
    zones: &Zones,
) -> Result<Roster, WrongConfig> {
    let mut next = 0;
    let mut number = |_: &str| {
        next += 1;
        PersonId(next)
    };
    config::roster(text, name, settings, zones, Calendars::FromRoster, &mut number)
        .map(|(roster, _)| roster)
        .map_err(WrongConfig::Problems)
}

/// `EMAIL=PLACE`, or a place alone.
fn owner_and_place(text: &str) -> (Option<String>, String) {
    match text.split_once('=') {
        Some((owner, place)) if owner.contains('@') && !owner.contains(['/', ':', '?']) => {
            (Some(owner.trim().to_lowercase()), strip(place))
        }
        _ => (None, strip(text)),
    }
}

/// As in the roster, `ics:` may stand before it.
fn strip(place: &str) -> String {
    place.strip_prefix("ics:").unwrap_or(place).to_owned()
}

/// What of a place may be shown: a path, or a host without what comes after it.
fn shown(place: &str) -> String {
    match place.split_once("://") {
        None => place.to_owned(),
        Some((scheme, rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}")
        }
    }
}

/// An answer as a calendar, or why it is none.
pub fn read_answer(answer: Answer, largest: u64, zones: &Zones) -> Result<Reading, Error> {
    let wrong = |code: &'static str, what: &str| Err(Error::new(ErrorKind::Invalid, code, what.to_owned()));
    match answer {
        Answer::Unchanged => wrong("torn", "it says that nothing changed, though nothing was known"),
        Answer::Busy(_) => wrong("free_busy_only", "only free and busy times may be seen in it"),
        Answer::Listing { pages, whole, .. } => match gcal::listing(&pages, whole, zones) {
            None => wrong("torn", "a page of the listing is cut off"),
            Some(listing) => {
                let zone = listing.zone.clone();
                Ok(Reading { zone, events: gcal::events(listing), ..Reading::default() })
            }
        },
        Answer::Feed { bytes, .. } => {
            let bytes_most = usize::try_from(largest).unwrap_or(usize::MAX);
            let limits = ical::Limits { bytes: bytes_most, ..ical::Limits::default() };
            let parsed = ical::parse(&bytes, &limits);
            match parsed.kind {
                Shape::Html => wrong("html", "a web page came instead of a calendar"),
                Shape::Other => wrong("other", "what came is no calendar"),
                Shape::Empty => wrong("empty", "there is nothing in it"),
                Shape::Calendar if !parsed.whole => wrong("cut_off", "the calendar breaks off in the middle"),
                Shape::Calendar => Ok(Reading {
                    name: parsed.name,
                    zone: parsed.zone_name,
                    zones: parsed.zones,
                    events: parsed.events,
                }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_source_is_stands_before_it() {
        let check = |text: &str, owner: Option<&str>, place: &str| {
            assert_eq!(owner_and_place(text), (owner.map(str::to_owned), place.to_owned()), "{text}");
        };
        check("https://host/basic.ics?k=a@b", None, "https://host/basic.ics?k=a@b");
        check("https://u@host/basic.ics?k=1", None, "https://u@host/basic.ics?k=1");
        check("Ana@Example.com=https://host/a?k=1", Some("ana@example.com"), "https://host/a?k=1");
        check("ana@example.com=ics:a.ics", Some("ana@example.com"), "a.ics");
        check("feeds/a=b.ics", None, "feeds/a=b.ics");
        check("ics:/var/a.ics", None, "/var/a.ics");
    }

    #[test]
    fn an_address_is_shown_without_its_secret() {
        let check = |place: &str, wanted: &str| assert_eq!(shown(place), wanted, "{place}");
        check("https://user:word@host:8443/private-0123/basic.ics?key=4567", "https://host:8443");
        check("webcal://host?key=1", "webcal://host");
        check("cal/ana.ics", "cal/ana.ics");
    }

    #[test]
    fn the_defaults_are_a_right_configuration() {
        assert!(defaults(&Zones::bundled()).is_ok());
    }
}
