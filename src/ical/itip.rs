//! Invitations and their withdrawal (RFC 5546), for the text/calendar part of a mail (RFC 6047).

use chrono::TimeDelta;

use super::write::Writer;
use crate::model::event::When;
use crate::model::time::Span;
use crate::model::zone::{Moment, Zone};

/// The changes of a clock that follows no yearly rule stand in the invitation to a series so many years ahead.
const SERIES_YEARS: i32 = 10;

/// A meeting to invite to, or to call off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite<'a> {
    /// UID; it stays the same for the life of the meeting.
    pub uid: &'a str,
    /// SEQUENCE of the invitation; higher than the last one's when the time changed.
    pub sequence: u32,
    /// DTSTAMP.
    pub stamp: Moment,
    /// Name and address of who invites: the address must be the one in From.
    pub organizer: (&'a str, &'a str),
    /// Names and addresses of who is invited, each exactly as the mail is addressed.
    pub attendees: Vec<(&'a str, &'a str)>,
    /// When it is.
    pub span: Span,
    /// In whose wall time it is written; `None` for UTC.
    pub zone: Option<&'a Zone>,
    /// RRULE value, of a series.
    pub rrule: Option<&'a str>,
    /// SUMMARY.
    pub title: &'a str,
    /// DESCRIPTION; empty for none.
    pub description: &'a str,
    /// A video link.
    pub link: Option<&'a str>,
    /// X-DRUMBEAT-RECOVERY: by what we know the meeting for ours.
    pub mark: Option<&'a str>,
}

/// METHOD:REQUEST: everyone is asked to come.
pub fn request(invite: &Invite<'_>) -> String {
    let mut writer = begun(invite, "REQUEST");
    writer.value("SEQUENCE", &[], &invite.sequence.to_string());
    writer.value("STATUS", &[], "CONFIRMED");
    writer.value("TRANSP", &[], "OPAQUE");
    for (name, address) in &invite.attendees {
        let params = [
            ("CN", *name),
            ("CUTYPE", "INDIVIDUAL"),
            ("ROLE", "REQ-PARTICIPANT"),
            ("PARTSTAT", "NEEDS-ACTION"),
            ("RSVP", "TRUE"),
        ];
        writer.value("ATTENDEE", &params, &format!("mailto:{address}"));
    }
    if !invite.description.is_empty() {
        writer.text("DESCRIPTION", invite.description);
    }
    if let Some(link) = invite.link {
        // Outlook shows the place, others what RFC 7986 has for it.
        writer.text("LOCATION", link);
        writer.value("CONFERENCE", &[("VALUE", "URI"), ("FEATURE", "VIDEO")], link);
    }
    writer.end("VEVENT");
    writer.finish()
}

/// METHOD:CANCEL for a meeting that was invited to with this invite; SEQUENCE is one higher.
pub fn cancel(invite: &Invite<'_>) -> String {
    let mut writer = begun(invite, "CANCEL");
    writer.value("SEQUENCE", &[], &invite.sequence.saturating_add(1).to_string());
    writer.value("STATUS", &[], "CANCELLED");
    for (name, address) in &invite.attendees {
        writer.value("ATTENDEE", &[("CN", *name)], &format!("mailto:{address}"));
    }
    writer.end("VEVENT");
    writer.finish()
}

/// What both have in common, up to and with the organizer.
fn begun(invite: &Invite<'_>, method: &str) -> Writer {
    let mut writer = Writer::calendar(Some(method));
    let zone = invite.zone.filter(|zone| can_say(zone, &invite.span));
    if let Some(zone) = zone {
        let year = TimeDelta::days(366);
        let from = invite.span.start - year;
        // A series may go on for ever: its zone is written as yearly rules, where it has such.
        if invite.rrule.is_none() || !writer.timezone_by_rules(&zone.name, &zone.rules, from) {
            let ahead = if invite.rrule.is_some() { year * SERIES_YEARS } else { year };
            writer.timezone(&zone.name, &zone.rules, from, invite.span.end + ahead);
        }
    }
    let when = |at: Moment| match zone {
        Some(zone) => When::Zoned(zone.local(at), zone.name.to_string()),
        None => When::Utc(at),
    };
    writer.begin("VEVENT");
    writer.value("UID", &[], invite.uid);
    writer.moment("DTSTAMP", invite.stamp);
    writer.when("DTSTART", &when(invite.span.start));
    writer.when("DTEND", &when(invite.span.end));
    if let Some(rrule) = invite.rrule {
        writer.value("RRULE", &[], rrule);
    }
    writer.text("SUMMARY", invite.title);
    let (name, address) = invite.organizer;
    writer.value("ORGANIZER", &[("CN", name)], &format!("mailto:{address}"));
    if let Some(mark) = invite.mark {
        writer.text("X-DRUMBEAT-RECOVERY", mark);
    }
    writer
}

/// Whether wall time in this zone says both ends unmistakably: not in the second turn of an hour that comes twice.
fn can_say(zone: &Zone, span: &Span) -> bool {
    &*zone.name != "UTC" && [span.start, span.end].iter().all(|at| zone.instant(zone.local(*at)) == *at)
}
