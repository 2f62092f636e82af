//! To those who run Drumbeat: what is wrong, since when, what it does meanwhile, what to do.

use super::Desk;
use crate::model::fact::SourceState;
use crate::model::letter::OpsNews;
use crate::model::people::PersonId;
use crate::model::zone::Moment;
use crate::tell::body::Body;
use crate::tell::names;
use crate::tell::{phrase, when};

/// So many people are named; of more, the number.
const NAMED: usize = 10;

pub(super) fn body(desk: &Desk<'_>, news: &OpsNews) -> Body {
    let mut body = Body::default();
    match news {
        OpsNews::Source { calendar, state, why, since } => {
            let who = desk.name(calendar.owner);
            let which =
                if calendar.nth > 1 { format!(" (their calendar {})", calendar.nth) } else { String::new() };
            let since = when::at(*since, &desk.zone);
            body.lead(format!(
                "The calendar of {who}{which} {}, since {since}.",
                phrase::source_state(*state)
            ));
            if let Some(code) = why.as_ref().filter(|_| *state != SourceState::Ok) {
                body.para(phrase::sentence(&format!("{}.", phrase::source_why(code))));
            }
            body.para(source_advice(*state));
        }
        OpsNews::Undelivered { rows, since, code } => undelivered(&mut body, desk, *rows, *since, code),
        other => {
            let (lead, advice) = words(desk, other);
            body.lead(lead).para(advice);
        }
    }
    body
}

fn source_advice(state: SourceState) -> &'static str {
    match state {
        SourceState::Ok => "Nothing to do. What changed meanwhile is judged from now on.",
        SourceState::Suspect => {
            "Meanwhile its last good picture stands: nothing is judged cancelled, and nothing is booked, by the \
             new one. If the calendar is right as it is now, run `drumbeat source accept` for it."
        }
        SourceState::Failing => {
            "Meanwhile its last good picture stands, and no time in it counts as free. Check the address in the \
             roster and whether it is still shared; `drumbeat survey` reads it now and says what is wrong."
        }
    }
}

fn undelivered(body: &mut Body, desk: &Desk<'_>, rows: u32, since: Moment, code: &str) {
    let since = when::at(since, &desk.zone);
    let code = names::clean(code, 40);
    let waited = phrase::count(rows, "mail", "mails");
    body.lead(format!("No mail could be sent since {since}: {waited} had to wait."));
    body.para(format!(
        "The failure was: {code}. This mail had to wait as well, so that the server takes mail again as you read it. The \
         others follow; those that have become pointless are dropped."
    ));
    body.para(
        "If it comes back: `drumbeat status` names what the server says, and `drumbeat check --mail` tries `[mail] url` and \
         the password.",
    );
}

fn words(desk: &Desk<'_>, news: &OpsNews) -> (String, String) {
    match news {
        OpsNews::Refused { to, kind, code } => (
            format!("The mail server refused a mail ({}) to {}.", phrase::mail_kind(*kind), desk.name(*to)),
            format!("Its code: {}. It is not tried again. Check the address in the roster.", names::clean(code, 40)),
        ),
        OpsNews::GivenUp { rows, to, days } => given_up(desk, *rows, to, *days),
        OpsNews::Unrecognised { owed, recognised } => (
            format!("Of {owed} reps that are owed 1-on-1s, only {recognised} have one that was recognised."),
            "So many missing ones are rather a question of settings: until it is 80 %, Drumbeat only observes. \
             `drumbeat survey` shows what is taken for a 1-on-1 and why; `[sessions] title` and the roster's \
             `match` column are what to change."
                .to_owned(),
        ),
        OpsNews::RecordCut { what } => (
            "A crash left the ledger with a torn end, which was cut.".to_owned(),
            format!(
                "In detail: {}. Nothing had been done on its account, and there is nothing to do; look for what ended \
                 the program.",
                names::clean(what, 200)
            ),
        ),
        OpsNews::StoreRebuilt { why } => (
            "The store was set aside and is rebuilt from the ledger and the calendars.".to_owned(),
            format!(
                "The reason: {}. Nothing that was decided is lost, and there is nothing to do; the old store is \
                 kept beside the new one.",
                names::clean(why, 200)
            ),
        ),
        OpsNews::Escalated { rep, manager, week, trigger } => (
            format!(
                "The 1-on-1 of {} and {} (week of {}) is open, and there is nobody else to tell.",
                desk.name(*manager),
                desk.name(*rep),
                when::week_days(*week)
            ),
            trigger.map_or_else(
                || "Why is told to their own line alone.".to_owned(),
                |trigger| format!("Why it is told: {}.", phrase::trigger(trigger)),
            ),
        ),
        OpsNews::RosterRefused { lost, of } => (
            format!("The new roster is refused: {lost} of {of} people would be gone."),
            "The old one goes on. If the new one is right, run `drumbeat reload --accept-roster`.".to_owned(),
        ),
        OpsNews::Awake { since, dropped } => (
            format!("Drumbeat runs again. It last ran {}.", when::at(*since, &desk.zone)),
            format!(
                "{} become pointless meanwhile and {} not sent.",
                phrase::count(*dropped, "mail has", "mails have"),
                phrase::was(*dropped)
            ),
        ),
        other => calendar_words(desk, other),
    }
}

fn given_up(desk: &Desk<'_>, rows: u32, to: &[PersonId], days: u32) -> (String, String) {
    let mut names: Vec<String> = to.iter().take(NAMED).map(|who| desk.name(*who)).collect();
    if to.len() > NAMED {
        names.push(format!("{} more", to.len() - NAMED));
    }
    (
        format!(
            "{} could not be sent for {days} days and {} given up: to {}.",
            phrase::count(rows, "mail", "mails"),
            phrase::was(rows),
            names.join(", ")
        ),
        "What they were about is in `drumbeat explain`; nobody who should have read them has. Check the addresses in the \
         roster, and whether their mail server takes mail from here."
            .to_owned(),
    )
}

/// What concerns calendars and their service.
fn calendar_words(desk: &Desk<'_>, news: &OpsNews) -> (String, String) {
    match news {
        OpsNews::Sources { count: 0, .. } => (
            "All calendars are well again.".to_owned(),
            "Nothing to do. What changed meanwhile is judged from now on.".to_owned(),
        ),
        OpsNews::Sources { count, why } => (
            format!("{} cannot be read just now.", phrase::count(*count, "calendar", "calendars")),
            format!(
                "The newest reason: {}. Their last good pictures stand, and no time in them counts as free. So many at \
                 once are one fault rather than many: look at the network, at the credentials (`drumbeat check` tries \
                 them) and at the provider's status. There is no mail for each of them; `drumbeat explain` has them all.",
                why.as_deref().map_or_else(|| "none given".to_owned(), phrase::source_why)
            ),
        ),
        OpsNews::FellBack { manager, code } => (
            format!("A booking in the Google calendar of {} was refused ({}).", desk.name(*manager), names::clean(code, 40)),
            "The two are invited by mail instead, so the 1-on-1 is not lost. Check with `drumbeat check` what Drumbeat \
             may do there; `book = mail` in the manager's row makes it the rule."
                .to_owned(),
        ),
        OpsNews::NotTakenBack { manager, code } => (
            format!(
                "A booking in the Google calendar of {} was given up and could not be deleted ({}).",
                desk.name(*manager),
                names::clean(code, 40)
            ),
            "Both were told that it is off; the event still stands. Ask them to delete it, and check with \
             `drumbeat check` what Drumbeat may do there."
                .to_owned(),
        ),
        OpsNews::Quota { code } => (
            format!("Google takes no more calls for a while ({}).", names::clean(code, 40)),
            "Drumbeat waits as long as it is told to and goes on by itself; nothing is judged meanwhile from calendars \
             that were not read. If it happens again, raise the quota of the project, or lower `[google] daily_calls`."
                .to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}
