//! `drumbeat.toml` as meant: every key with its default, and what only makes sense together.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use toml::de::DeTable;

use super::problem::{Problem, Wrong, not_built, wrong};
use super::reader::{Section, Source};
use super::{places, rules, values};
use crate::model::people::SourceSpec;
use crate::model::policy::{Mode, Rules};
use crate::model::time::WorkingHours;
use crate::model::zone::{Zone, Zones};

/// Everything that `drumbeat.toml` says. Paths are as written: the caller knows what they are relative to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What decisions are made from. The agenda's text is still empty: the caller reads [`Self::agenda_file`].
    pub rules: Rules,
    /// Working hours of people without their own.
    pub hours: WorkingHours,
    /// The file of people.
    pub roster_file: String,
    /// The file of the agenda, if there is one.
    pub agenda_file: Option<String>,
    /// Where public holidays come from.
    pub holidays: Vec<HolidaySource>,
    /// `[feeds]`
    pub feeds: FeedSettings,
    /// `[mail]`, but for what letters need (that is in the rules).
    pub mail: MailSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[retention]`
    pub retention: RetentionSettings,
    /// `[google]`
    pub google: GoogleSettings,
    /// `[web]`
    pub web: WebSettings,
    /// What is allowed but hardly meant.
    pub warnings: Vec<Problem>,
    /// What a replay may have, but nothing that sends real mails: `super::roster` refuses it for `FromRoster`.
    pub refused_live: Vec<Problem>,
    /// The file's name and the lines of keys that name people, for what only shows beside the roster.
    pub(super) file: String,
    pilot_line: Option<usize>,
    holidays_line: Option<usize>,
}

impl Settings {
    /// The line of a key that names people.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        match key {
            "pilot" => self.pilot_line,
            "holidays" => self.holidays_line,
            _ => None,
        }
    }
}

/// Whose public holidays a source holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HolidayScope {
    /// Everybody's.
    Everybody,
    /// Those of all people in a zone.
    Zone(Zone),
    /// Those of one person, by address (lower case).
    Person(String),
}

/// One entry of `holidays`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidaySource {
    /// Whose they are.
    pub scope: HolidayScope,
    /// The feed or file.
    pub source: SourceSpec,
}

/// `[feeds]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// How often a feed is asked.
    pub poll: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How large an answer may be, in bytes.
    pub largest: u64,
    /// A feed may live on a private or loopback address.
    pub private_addresses: bool,
    /// Every distinct answer is kept as a recording.
    pub record: bool,
}

/// `[mail]`, but for sender and reply address, which letters need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// Who runs Drumbeat: at least one address, lower case.
    pub ops: Vec<String>,
    /// How mails leave.
    pub transport: Transport,
}

/// How mails leave.
#[derive(Clone, PartialEq, Eq)]
pub enum Transport {
    /// To a mail server.
    Smtp {
        /// lettre's URL form, checked; it may hold a password.
        url: String,
        /// A file with the password.
        password_file: Option<String>,
    },
    /// One `.eml` a mail.
    File {
        /// The folder.
        dir: String,
    },
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp { .. } => f.write_str("Smtp(…)"),
            Self::File { dir } => write!(f, "File({dir})"),
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The folder of the ledger and the embedded store.
    pub dir: String,
}

/// Records are kept at least so long, in days.
const LEDGER_DAYS_LEAST: i64 = 90;

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// How long records stay in the ledger; zero: for ever.
    pub ledger: TimeDelta,
    /// Weeks whose counts are kept for reports.
    pub weeks: u32,
}

/// `[google]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleSettings {
    /// The section is there: people without a calendar of their own in the roster have one at Google.
    pub is_configured: bool,
    /// The file with the credentials.
    pub credentials: String,
    /// How often Google is asked, at most.
    pub poll: Duration,
    /// Calls in a day, over all calendars.
    pub daily_calls: u32,
    /// The public address for push messages; `None`: poll only.
    pub push_url: Option<String>,
    /// Where the API is, if not at Google.
    pub api_url: Option<String>,
}

/// `[web]`; what links begin with is in the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// The listener of the pages that links lead to.
    pub listen: Option<SocketAddr>,
    /// The listener of dashboard and metrics.
    pub admin: Option<SocketAddr>,
    /// A file with the token that the dashboard asks for.
    pub admin_token_file: Option<String>,
    /// The header in which a proxy on this machine names who signed in.
    pub admin_header: Option<String>,
    /// What links in mails begin with, without a slash at the end; empty: no buttons.
    pub public_url: String,
}

/// Reads `drumbeat.toml`. `file` is its name in messages. All problems are found in one go.
pub fn settings(text: &str, file: &str, zones: &Zones) -> Result<Settings, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, syntax) = DeTable::parse_recoverable(text);
    let source = Source::new(text, file);
    source.unknown("", table.get_ref());
    let settings = read(&Section::top(&source, table.get_ref()), file, zones);
    source.syntax(&syntax);
    match source.found() {
        (errors, warnings) if errors.is_empty() => Ok(Settings { warnings, ..settings }),
        (mut errors, _) => {
            errors.extend(settings.refused_live);
            errors.sort_by_key(|problem| problem.line);
            Err(errors)
        }
    }
}

/// Reads all sections; what is wrong is with the source.
fn read(top: &Section<'_>, file: &str, zones: &Zones) -> Settings {
    version(top);
    let zone = top.given_text("time_zone", |text| values::zone(text, zones));
    let zone = zone.or_else(|| zones.get("Europe/Berlin")).unwrap_or_else(Zone::utc);
    let (mail, web) = (top.section("mail"), top.section("web"));
    let ops = mail.list("ops", places::address);
    if ops.is_empty() {
        mail.error(
            "ops",
            wrong("nobody runs Drumbeat", "write at least one address, such as [\"ops@example.com\"]"),
        );
    }
    let rules = rules::read(top, zone, ops.first());
    let retention = retention(&top.section("retention"), rules.health.judge);
    let mut settings = Settings {
        rules,
        hours: top.text("working_hours", values::hours),
        roster_file: top.text("roster", values::some_line),
        agenda_file: top.section("sessions").text("agenda", values::line_or_none),
        holidays: top.list("holidays", |text| holiday(text, zones)),
        feeds: feeds(&top.section("feeds")),
        mail: MailSettings { ops, transport: transport(&mail) },
        store: StoreSettings { dir: top.section("store").text("url", places::store) },
        retention,
        google: google(&top.section("google")),
        web: listeners(&web),
        warnings: Vec::new(),
        refused_live: Vec::new(),
        file: file.to_owned(),
        pilot_line: top.line("pilot"),
        holidays_line: top.line("holidays"),
    };
    settings.refused_live = links(&settings, &web).into_iter().collect();
    settings
}

fn version(top: &Section<'_>) {
    if top.number("version", 0..=u32::MAX) != 1 {
        top.error(
            "version",
            wrong("not a version that this program reads", "write 1, or install the program that fits"),
        );
    }
}

/// `URL`, `ZONE=URL` or `ADDRESS=URL`. An `=` after a `:` or `?` is part of a URL.
fn holiday(text: &str, zones: &Zones) -> Result<HolidaySource, Wrong> {
    let named = text.split_once('=').filter(|(whose, _)| !whose.contains([':', '?']));
    let Some((whose, place)) = named else {
        return Ok(HolidaySource { scope: HolidayScope::Everybody, source: places::feed(text)? });
    };
    let scope = if whose.contains('@') {
        HolidayScope::Person(places::address(whose.trim())?)
    } else {
        HolidayScope::Zone(values::zone(whose.trim(), zones)?)
    };
    Ok(HolidaySource { scope, source: places::feed(place.trim())? })
}

/// `judge`: the weeks that judgements are made from.
fn retention(section: &Section<'_>, judge: u32) -> RetentionSettings {
    let kept = RetentionSettings {
        ledger: section.text("ledger", values::duration),
        weeks: section.text("weeks", values::weeks),
    };
    if !kept.ledger.is_zero() && kept.ledger < TimeDelta::days(LEDGER_DAYS_LEAST) {
        let message = wrong("too short to explain anything", "write at least 90d, or 0d for ever");
        section.error("ledger", message);
    }
    if kept.weeks < judge {
        section.error("weeks", wrong("fewer than health.judge", format!("write at least {judge}w")));
    }
    kept
}

fn feeds(section: &Section<'_>) -> FeedSettings {
    let record = section.flag("record");
    if record {
        section.error("record", not_built("keeping answers as a recording", "write false"));
    }
    FeedSettings {
        poll: section.text("poll", values::timer),
        timeout: section.text("timeout", values::timer),
        largest: section.text("largest", values::size),
        private_addresses: section.flag("private_addresses"),
        record,
    }
}

fn transport(section: &Section<'_>) -> Transport {
    let url = section.text("url", places::smtp_url);
    let password_file = section.text("password_file", values::line_or_none);
    let dir = section.text("dir", values::some_line);
    if places::holds_password(&url) {
        let right = "put it into a credential, into password_file, or into DRUMBEAT_SMTP_PASSWORD";
        let instead = "everyone who can read this file can send mails";
        section.warning("url", wrong("a password in it", right), instead);
    }
    let ways = [("smtp", Transport::Smtp { url, password_file }), ("file", Transport::File { dir })];
    section.text("transport", |text| values::one_of(text, &ways))
}

fn google(section: &Section<'_>) -> GoogleSettings {
    let push_url = |text: &str| match places::public_url(text)? {
        none if none.is_empty() => Ok(None),
        url if url.contains(['{', '}']) => Err(wrong("braces in it", "write a path of letters and digits")),
        // Beside a stand-in on this machine there is no TLS.
        url if url.starts_with("https://") || places::leads_home(&url) => Ok(Some(url)),
        _ => Err(wrong("not an https address", "write one that begins with https://")),
    };
    GoogleSettings {
        is_configured: section.is_there(),
        credentials: section.text("credentials", values::some_line),
        poll: section.text("poll", values::timer),
        daily_calls: section.number("daily_calls", 1..=1_000_000_000),
        push_url: section.text("push_url", push_url),
        api_url: section.text("api_url", places::api),
    }
}

fn listeners(section: &Section<'_>) -> WebSettings {
    let web = WebSettings {
        listen: section.text("listen", places::listener),
        admin: section.text("admin", places::listener),
        admin_token_file: section.text("admin_token_file", values::line_or_none),
        admin_header: section.text("admin_header", places::header_name),
        public_url: section.text("public_url", places::public_url),
    };
    if web.listen.is_some() && web.listen == web.admin && web.listen.is_some_and(|at| at.port() != 0) {
        section.error("admin", wrong("the same address as listen", "give it a port of its own"));
    }
    if let Some(admin) = web.admin.filter(|admin| !admin.ip().is_loopback()) {
        let right = format!("write 127.0.0.1:{}, and let a proxy with TLS lead there", admin.port());
        let is_asked = web.admin_token_file.is_some() || web.admin_header.is_some();
        let instead = if is_asked {
            "what it shows, and the token, cross the net without TLS"
        } else {
            "without a token or admin_header nobody elsewhere is let in, but for metrics"
        };
        section.warning("admin", wrong("not on loopback", right), instead);
    }
    web
}

/// What `public_url` should be where people are asked to click; what it must not be where mails are real.
fn links(settings: &Settings, web: &Section<'_>) -> Option<Problem> {
    let url = &settings.web.public_url;
    let right = "write what people's browsers reach, such as https://drumbeat.example.com";
    if settings.rules.mode == Mode::Observe {
        return None;
    }
    if url.is_empty() {
        let instead = "mails carry no buttons, and silence never books";
        web.warning("public_url", wrong("empty while mode is propose or auto", right), instead);
    } else if settings.web.listen.is_none() {
        let right = "write an address for listen, such as 127.0.0.1:8087";
        web.warning("listen", wrong("nothing serves the pages of public_url", right), "links lead nowhere");
    }
    let is_sent = matches!(settings.mail.transport, Transport::Smtp { .. });
    let why = "with SMTP in propose and auto, a link there leads each reader to their own machine";
    (is_sent && places::leads_home(url)).then(|| web.about("public_url", wrong(why, right)))
}
