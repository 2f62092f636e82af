//! Every key and column there is: the one list that parsing, documentation and the shipped file agree on.

/// A key of `drumbeat.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it stands: `policy.settle`.
    pub path: &'static str,
    /// What holds where it is left out, as TOML.
    pub default: &'static str,
    /// What it is, in one line.
    pub help: &'static str,
}

/// A column of `roster.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// What it is, in one line.
    pub help: &'static str,
}

/// All keys in the order of the shipped file. Those of `[[cadence]]` and `[[escalation.step]]` stand for each
/// of their tables; the tables that hold where none is given are those of the shipped file too.
pub fn keys() -> &'static [Key] {
    KEYS
}

/// All columns in their usual order.
pub fn columns() -> &'static [Column] {
    COLUMNS
}

/// What holds for a key that is left out, as TOML.
pub(super) fn default_of(path: &str) -> &'static str {
    KEYS.iter().find(|key| key.path == path).map_or("\"\"", |key| key.default)
}

/// The cadence that holds where no `[[cadence]]` is given.
pub(super) const DEFAULT_CADENCE: &str = r#"
[[cadence]]
name = "plan"
status = "plan"
per_week = 3
duration = "30m"
shortest = "20m"
apart = "1d"
skips = 0
[[cadence]]
name = "ramping"
tenure_under = "90d"
per_week = 2
duration = "30m"
shortest = "20m"
apart = "2d"
skips = 0
[[cadence]]
name = "senior"
status = "senior"
every_weeks = 2
duration = "30m"
shortest = "20m"
skips = 1
[[cadence]]
name = "tenured"
per_week = 1
duration = "30m"
shortest = "20m"
skips = 1
"#;

/// The steps that hold where no `[[escalation.step]]` is given.
pub(super) const DEFAULT_STEPS: &str = r#"
[[step]]
after = "0h"
to = ["manager"]
[[step]]
after = "24h"
to = ["manager", "leader"]
[[step]]
after = "48h"
to = ["leader"]
"#;

const fn key(path: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { path, default, help }
}

const KEYS: &[Key] = &[
    key("version", "1", "the version of this file's format"),
    key("mode", "\"observe\"", "what Drumbeat may do: observe, propose or auto"),
    key("pilot", "[]", "the managers to whom propose and auto are limited; empty: all"),
    key("roster", "\"roster.csv\"", "the file of people"),
    key("time_zone", "\"Europe/Berlin\"", "the zone of people without one of their own"),
    key("working_hours", "\"Mon-Fri 09:00-17:30\"", "the hours of people without their own"),
    key("holidays", "[]", "iCal feeds or files of public holidays: of everybody, of a zone or of a person"),
    key("policy.settle", "\"20m\"", "how long a vanished session may still turn out to be moved"),
    key("policy.notice", "\"4h\"", "no slot begins sooner than this from now"),
    key("policy.freeze", "\"20h\"", "what Drumbeat booked is not moved once it is this close"),
    key("policy.proposal_wait", "\"6h\"", "how long a manager has to answer, in their working hours"),
    key("policy.on_silence", "\"book\"", "what happens then: book free time, or escalate"),
    key("policy.options", "3", "times offered in one proposal"),
    key("policy.pick", "[\"manager\"]", "who is offered times and may pick one: manager, rep"),
    key("policy.max_attempts", "3", "bookings tried for one recovery"),
    key("policy.series_after", "2", "weeks short of a standing series before one is proposed; 0: never"),
    key("policy.guests", "1", "colleagues who may sit in before it is no 1-on-1"),
    key("policy.lag", "\"12h\"", "how long one side's calendar may trail the other's"),
    key("policy.suspect_after", "3", "equal answers before a calendar that lost much is believed"),
    key("policy.suspect_for", "\"2h\"", "the least time these answers must span"),
    key("policy.alert_after", "\"1h\"", "ops are told of a source that fails this long"),
    key("policy.excuse", "[\"leave\", \"holiday\", \"absence\"]", "what excuses a week's session"),
    key("policy.mails_per_week", "5", "reports and notes to one person in a week"),
    key("policy.buffer", "\"5m\"", "kept free after a session"),
    key("policy.avoid", "[\"12:00-13:00\"]", "local times to avoid, for both"),
    key("policy.displace", "[\"focus\"]", "what an offered slot may lie on, by a click: focus, tentative"),
    key(
        "policy.first_week",
        "\"none\"",
        "what is owed in the week in which Drumbeat first runs: none or whole",
    ),
    key("cadence.name", "\"\"", "the rule's name; needed"),
    key("cadence.status", "\"\"", "only reps of this status; empty: of any"),
    key("cadence.tenure_under", "\"\"", "only reps shorter in the job than this; empty: any"),
    key("cadence.per_week", "1", "1-on-1s in a week in which any are due"),
    key("cadence.every_weeks", "1", "due in every nth week"),
    key("cadence.duration", "\"30m\"", "how long a 1-on-1 should be"),
    key("cadence.shortest", "\"20m\"", "less than this is no session"),
    key("cadence.apart", "\"1d\"", "the least number of days between two of a rep's sessions"),
    key("cadence.skips", "1", "missed weeks in a row before it climbs past the manager"),
    key(
        "sessions.title",
        r"'(?i)\b(1[: -]?(on|:|-)?[: -]?1|one[- ]on[- ]one|1on1|coaching|check-?in|catch-?up)\b'",
        "titles of 1-on-1s, a regular expression",
    ),
    key("sessions.not_title", "\"\"", "titles of what never is a 1-on-1; empty: none"),
    key(
        "sessions.ignore",
        "[\"notetaker\", \"fireflies\", \"gong\", \"otter\", \"resource.calendar.google.com\"]",
        "parts of the addresses of attendees who are nobody",
    ),
    key(
        "sessions.absence",
        r"'(?i)\b(ooo|out of office|vacation|pto|holiday|leave|urlaub|congés)\b'",
        "titles of all-day busy events that mean absence, a regular expression",
    ),
    key("sessions.longest", "\"2h\"", "longer than this is no 1-on-1"),
    key("sessions.agenda", "\"\"", "a text file put into the invitations of what Drumbeat books"),
    key("escalation.repeat", "\"24h\"", "how often a step is said again while nothing changes"),
    key("escalation.quiet", "\"20:00-07:00\"", "local times at which nothing is asked or escalated"),
    key("escalation.step.after", "\"0h\"", "how long after the trigger this step speaks"),
    key("escalation.step.to", "[]", "whom it tells: manager, leader, ops; needed"),
    key("health.send", "\"Mon 08:00\"", "when the report goes out, in each leader's zone"),
    key("health.target", "0.95", "the share of 1-on-1s that should take place"),
    key("health.window", "\"6w\"", "the weeks of the trend"),
    key("health.judge", "\"12w\"", "the weeks of the judgement"),
    key(
        "checkin.send",
        "\"Fri 15:00\"",
        "when reps are asked whether their 1-on-1s took place, in their zone",
    ),
    key(
        "mail.from",
        "\"Drumbeat <drumbeat@example.com>\"",
        "the sender of all mails and organizer of invitations",
    ),
    key("mail.ops", "[\"ops@example.com\"]", "who runs Drumbeat"),
    key("mail.reply_to", "\"\"", "a person who reads replies; empty: the first of ops"),
    key("mail.transport", "\"smtp\"", "how mails leave: smtp, or file"),
    key("mail.url", "\"smtps://drumbeat@mail.example.com\"", "the mail server"),
    key("mail.password_file", "\"\"", "a file with the mail server's password; empty: a credential has it"),
    key("mail.dir", "\"mail\"", "the folder that transport = \"file\" writes to"),
    key("store.url", "\"sled:state\"", "where the ledger and its view lie"),
    key("retention.ledger", "\"730d\"", "how long records stay in the ledger; 0d: for ever"),
    key("retention.weeks", "\"60w\"", "the weeks whose counts are kept for reports"),
    key("google.credentials", "\"service-account.json\"", "the file with Google's credentials"),
    key("google.poll", "\"5m\"", "how often Google is asked, at most"),
    key("google.daily_calls", "800000", "calls to Google in a day, over all calendars"),
    key("google.push_url", "\"\"", "the public https address for push messages; empty: poll only"),
    key(
        "google.api_url",
        "\"https://www.googleapis.com/\"",
        "where the API is, for trying things with a stand-in",
    ),
    key("feeds.poll", "\"5m\"", "how often a feed is asked"),
    key("feeds.timeout", "\"20s\"", "how long an answer may take"),
    key("feeds.largest", "\"32MB\"", "how large an answer may be"),
    key("feeds.private_addresses", "false", "whether a feed may live on a private or loopback address"),
    key("feeds.record", "false", "whether every distinct answer is kept as a recording"),
    key("web.listen", "\"127.0.0.1:8087\"", "where the pages that links lead to are served; empty: nowhere"),
    key("web.admin", "\"127.0.0.1:8088\"", "where the dashboard and metrics are served; empty: nowhere"),
    key(
        "web.admin_token_file",
        "\"\"",
        "a file with the token that the dashboard asks for; empty: a credential has it",
    ),
    key(
        "web.admin_header",
        "\"\"",
        "the header in which a proxy on this machine names who signed in; empty: none",
    ),
    key("web.public_url", "\"\"", "what links in mails begin with; empty: mails carry no buttons"),
];

const fn column(name: &'static str, help: &'static str) -> Column {
    Column { name, help }
}

const COLUMNS: &[Column] = &[
    column("email", "who, the key; needed"),
    column("name", "their name; empty: the address"),
    column("manager", "their manager's address; empty: nobody, a leader"),
    column("start_date", "for tenure; empty: tenured"),
    column("status", "ramping, tenured, senior, plan, leave or none; empty: by tenure"),
    column("plan_from", "first day of a performance plan"),
    column("plan_until", "its last day"),
    column("leave_from", "first day away"),
    column("leave_until", "last day away"),
    column("time_zone", "their zone; empty: the organisation's"),
    column("working_hours", "their hours; empty: the organisation's"),
    column(
        "calendar",
        "google, google: and a calendar's id, or ics: and a URL or file; several with spaces; empty: google where [google] \
         is configured, else their time is unknown",
    ),
    column("match", "a regular expression for this rep's 1-on-1s in a feed that lists no attendees"),
    column(
        "book",
        "of the manager's row: google or mail; empty: google where their first calendar is, else mail",
    ),
    column("aliases", "further addresses of the same person, with spaces"),
    column("team_doc", "link to the pair's running document"),
];
