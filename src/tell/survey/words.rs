//! The sentences of a survey.

use chrono::Weekday;

use super::{Came, Gate, Source, TITLE_MOST};
use crate::model::people::PersonId;
use crate::model::survey::{Every, Foreign, How, Mend, RepLine, Series, Why};
use crate::model::zone::Moment;
use crate::tell::names::{self, People};
use crate::tell::{phrase, when};

/// A calendar that was not read, and what to do next.
pub(super) fn failure(source: &Source) -> Option<String> {
    let Came::Failed { code, why } = &source.came else { return None };
    Some(format!("not read: {}: {why}. {}", source.label, next_step(code)))
}

/// What to do about a calendar that was not read.
fn next_step(code: &str) -> &'static str {
    match code {
        "private_address" => {
            "If that server is yours, add --private-addresses, or set [feeds] private_addresses = true."
        }
        "404" | "410" | "notFound" => "Publish the calendar anew and copy its secret iCal address.",
        "401" | "403" | "forbidden" => {
            "Copy the secret iCal address again: the link was withdrawn, or it needs a login."
        }
        "html" => "Copy the secret iCal address, which ends in .ics, not the address of the page.",
        "file" | "no_file" => "Write the path of a file that this user can read.",
        "address" => "Write an address that begins with https:// or webcal://, or the path of a file.",
        "timeout" | "dns" | "refused" | "connect" | "http" | "truncated" => {
            "Try the host from this machine, then run this again."
        }
        "free_busy_only" => "Share the calendar with \"See all event details\".",
        "too_large" => "Raise [feeds] largest, or publish less of it.",
        "cut_off" | "torn" => "Run this again; if it stays so, publish the calendar anew.",
        "other" | "empty" => {
            "Write the address of an iCalendar feed: a text that begins with BEGIN:VCALENDAR."
        }
        _ => "Run `drumbeat check` where it is in the roster, or try its address by hand.",
    }
}

/// What is to be known of a calendar that was read.
pub(super) fn notes(people: &dyn People, source: &Source) -> Vec<String> {
    let Came::Read { events, private, lists_attendees, foreign } = &source.came else { return Vec::new() };
    let of = format!("note: {}:", source.label);
    let mut notes = Vec::new();
    if *events == 0 {
        notes.push(format!("{of} there are no events in it."));
        return notes;
    }
    if source.owner.is_none() {
        notes.push(format!("{of} it does not say whose it is. Write EMAIL= before it."));
    }
    if let Some(foreign) = foreign {
        let owner = source.owner.map_or_else(|| "its owner".to_owned(), |id| names::name(people, id));
        notes.push(format!("{of} {}", other(foreign, &owner)));
    }
    if !lists_attendees {
        notes.push(format!(
            "{of} it lists no attendees (Exchange publishes so): 1-on-1s can be told by their titles alone."
        ));
    }
    if *private > 0 {
        notes.push(format!(
            "{of} {} not shown.",
            phrase::count(*private, "private series is", "private series are")
        ));
    }
    notes
}

fn other(foreign: &Foreign, owner: &str) -> String {
    match foreign {
        Foreign::Named { name } => {
            let name = names::clean(name, TITLE_MOST);
            format!(
                "it calls itself \"{name}\", and is given as the calendar of {owner}: is it the right one?"
            )
        }
        Foreign::Full { address } => {
            let address = names::clean(address, TITLE_MOST);
            format!(
                "{address} is in everything in it, and {owner} in nothing: it is another person's calendar."
            )
        }
        Foreign::Alias { address } => {
            let address = names::clean(address, TITLE_MOST);
            format!("{address} is in everything in it: write that into the aliases of {owner}.")
        }
    }
}

/// `weekly Tue 10:00 Berlin`.
pub(super) fn rhythm(series: &Series) -> String {
    let every = match series.rhythm.every {
        Every::Weeks(1) => "weekly".to_owned(),
        Every::Weeks(2) => "every 2nd week".to_owned(),
        Every::Weeks(n) => format!("every {n} weeks"),
        Every::Month => "monthly".to_owned(),
        Every::Single => return "made one by one".to_owned(),
        Every::Once => "once".to_owned(),
    };
    let slots: Vec<String> = series
        .rhythm
        .slots
        .iter()
        .map(|(day, at)| format!("{} {}", weekday(*day), at.format("%H:%M")))
        .collect();
    format!("{every} {} {}", slots.join(", "), when::city(&series.zone)).replace("  ", " ")
}

fn weekday(day: Weekday) -> String {
    day.to_string()
}

/// How the 1-on-1 is known, with its title, or why it is not.
pub(super) fn recognised(people: &dyn People, line: &RepLine, local: &dyn Fn(Moment) -> String) -> String {
    match (&line.known, &line.why) {
        (Some((how, title)), _) => {
            let title = title.as_ref().filter(|title| !title.is_empty());
            let title = title.map(|title| format!(": {}", names::clean(title, TITLE_MOST)));
            format!("{}{}", self::how(*how), title.unwrap_or_default())
        }
        (None, Some(why)) => format!("NOT: {}", self::why(people, line, why, local)),
        (None, None) => "NOT".to_owned(),
    }
}

pub(super) fn how(how: How) -> &'static str {
    match how {
        How::Attendees => "attendees",
        How::AttendeesAndTitle => "attendees and title",
        How::Guests => "title (others sit in)",
        How::Private => "attendees (private)",
        How::Match => "match",
        How::FullName => "full name in title",
        How::FirstName => "first name in title",
        How::ManagerName => "manager's name in title",
    }
}

fn why(people: &dyn People, line: &RepLine, why: &Why, local: &dyn Fn(Moment) -> String) -> String {
    let name = |id: PersonId| names::name(people, id);
    let cut = |title: &str| format!("\"{}\"", names::clean(title, TITLE_MOST));
    match why {
        Why::NoCalendar => "neither of the two has a calendar in the roster".to_owned(),
        Why::NotRead => "no calendar of the two was read".to_owned(),
        Why::CalledOff { next } => {
            format!("the coming ones are called off or declined, the next on {}", local(*next))
        }
        Why::Over { last } => format!("none is coming; the last one was on {}", local(*last)),
        Why::Alias { of, address } => {
            format!(
                "{} attends, an address that {} does not have in the roster",
                names::clean(address, TITLE_MOST),
                name(*of)
            )
        }
        Why::NoWord { title } => {
            format!("{} has the name, but no word for a 1-on-1 (no attendees are listed)", cut(title))
        }
        Why::Ambiguous { title } => {
            format!("{} names several of the team (no attendees are listed)", cut(title))
        }
        Why::Nearly { title } => {
            format!("{} may be it, but names nobody (no attendees are listed)", cut(title))
        }
        Why::Never { title } => format!("[sessions] not_title says that {} is none", cut(title)),
        Why::TooLong { minutes, most } => {
            format!("theirs takes {minutes} minutes, and [sessions] longest is {most}")
        }
        Why::TooShort { minutes, least } => {
            format!("theirs takes {minutes} minutes, and `shortest` of their rule is {least}")
        }
        Why::Others { has_leader: true, .. } => {
            format!("the manager of {} attends too", name(line.manager))
        }
        Why::Others { count, .. } => format!("{} people attend", phrase::number(count + 2)),
        Why::Single { at } => {
            format!("the two meet once, on {}, and the title does not say that it is a 1-on-1", local(*at))
        }
        Why::NoAttendees => {
            format!("no attendees are listed, and no title names {}", name(line.rep))
        }
        Why::Nothing => "no meeting of the two is in the calendars".to_owned(),
    }
}

pub(super) fn mend(people: &dyn People, mend: &Mend) -> String {
    match mend {
        Mend::Match { of, pattern } => format!("{}  match = {pattern}", names::address(people, *of)),
        Mend::Alias { of, address } => format!("{}  aliases: add {address}", names::address(people, *of)),
    }
}

/// Whether propose and auto would act.
pub(super) fn gate(gate: &Gate) -> String {
    let Gate { owed, recognised, unread, is_open, needs: (from, percent) } = gate;
    let acts = if *is_open { "act" } else { "be held back: only looked and counted" };
    let unread = match unread {
        0 => String::new(),
        n => format!(
            " {} not counted, since no calendar of the two was read.",
            phrase::count(*n, "more is", "more are")
        ),
    };
    format!(
        "Recognised for {recognised} of {owed} owed reps (needs {percent} % where {} or more are owed): propose and auto \
         would {acts}.{unread}",
        phrase::number(*from)
    )
}
