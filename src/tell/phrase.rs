//! The words for the ledger's codes, shared by mails, pages and `explain`.

use crate::model::fact::{Action, CloseReason, Outcome, ReleaseWhy, Risk, SourceState, Trigger};
use crate::model::letter::Rhythm;
use crate::model::mail::MailKind;
use crate::model::policy::{Excuse, Mode};

/// What became of a session: fits after "it ".
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Held => "took place",
        Outcome::Rescheduled => "was moved within the week",
        Outcome::MovedOut => "was moved to another week",
        Outcome::Shortened => "was made too short to count",
        Outcome::NotOneOnOne => "now has others in it",
        Outcome::Cancelled => "was cancelled",
        Outcome::Ended => "ended with its series",
        Outcome::Declined => "was declined",
        Outcome::Excused => "is excused",
        Outcome::NotHeld => "did not take place",
    }
}

/// What set off an escalation, as a clause. A plan is not mentioned: whoever may know of it is told elsewhere.
pub fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::NoSlot => "no free time is left for it this week",
        Trigger::Silence => "nobody answered the times that were offered",
        Trigger::Again => "the new time fell through as well",
        Trigger::TwoCancellations => "two 1-on-1s fell through within four weeks",
        Trigger::Skips => "more weeks in a row went by without one than the rule allows",
        Trigger::Plan => "a 1-on-1 that must not be missed was missed",
        Trigger::Target => "too few of the 1-on-1s took place over the last weeks",
        Trigger::Source => "a calendar cannot be read or believed",
    }
}

/// Why a recovery closed: fits after "closed: ".
pub fn close_reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Recovered => "the new time was kept",
        CloseReason::Rescheduled => "they found a time of their own",
        CloseReason::Excused => "excused by absence",
        CloseReason::Missed => "the week ended without it",
        CloseReason::Withdrawn => "not needed any more",
        CloseReason::RuleChanged => "the roster or a rule changed",
    }
}

/// Why a booking was given up, as a clause.
pub fn release_why(why: ReleaseWhy) -> &'static str {
    match why {
        ReleaseWhy::OwnChoice => "a meeting was made by hand, and that one counts",
        ReleaseWhy::Undo => "the booking was taken back with the undo link",
        ReleaseWhy::RuleChanged => "the roster or a rule changed",
        ReleaseWhy::Withdrawn => "the 1-on-1 it stood in for is on again",
        ReleaseWhy::Excused => "one of the two is away",
        ReleaseWhy::Declined => "it was declined or removed",
        ReleaseWhy::Deleted => "the event was deleted",
        ReleaseWhy::NotDelivered => "the invitation could not be delivered in time",
    }
}

/// Why something is at risk, as a clause.
pub fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Unanswered => "somebody has not said yes",
        Risk::OutOfHours => "outside somebody's working hours",
        Risk::Conflict => "another event lies over it",
    }
}

/// Why an absence counts.
pub fn excuse(excuse: Excuse) -> &'static str {
    match excuse {
        Excuse::Leave => "on leave",
        Excuse::Holiday => "public holiday",
        Excuse::Absence => "out of office",
    }
}

/// How a source is, as the end of "the calendar ".
pub fn source_state(state: SourceState) -> &'static str {
    match state {
        SourceState::Ok => "is well again",
        SourceState::Suspect => "cannot be believed",
        SourceState::Failing => "cannot be read",
    }
}

/// The code of a source's trouble in words; codes that speak for themselves are left as they are.
pub fn source_why(code: &str) -> String {
    match code {
        "empty" => "it suddenly has no events",
        "html" => "a web page came instead of a calendar (a login page, or the link was withdrawn)",
        "halved" => "much of it is gone at once",
        "mass_cancelled" => "many of its 1-on-1s of the next two weeks are gone at once",
        "file" | "no_file" => "its file cannot be read",
        "denied" => "the account that runs Drumbeat may not read it",
        "cut_off" | "torn" => "the answer breaks off in the middle",
        "free_busy_only" => "only free and busy times may be seen in it, not events",
        "foreign" => "it looks like another calendar",
        "timeout" => "no answer in time",
        "dns" => "its host name is not found",
        "refused" => "the connection is refused",
        "401" | "403" | "forbidden" => "access is denied (the link may have been withdrawn)",
        "404" | "410" | "notFound" => "there is nothing at its address any more",
        other => return format!("code {}", super::names::clean(other, 40)),
    }
    .to_owned()
}

/// The rule of the planner that blocks candidate times, after "N times: ".
pub fn blocked_by(rule: &str) -> String {
    match rule {
        "past" => "already past",
        "notice" => "too soon to give notice",
        "week_end" => "after the end of the week",
        "hours_manager" => "outside the manager's working hours",
        "hours_rep" => "outside the rep's working hours",
        "busy_manager" => "the manager is busy",
        "busy_rep" => "the rep is busy",
        "buffer" => "too close to another meeting",
        "apart" => "too close to another 1-on-1 of the two",
        "holds" => "on focus time or a tentative event",
        "excluded" => "turned down before",
        "unknown_manager" => "the manager's calendar could not be read",
        "unknown_rep" => "the rep's calendar could not be read",
        other => return super::names::clean(&other.replace('_', " "), 60),
    }
    .to_owned()
}

/// What somebody answered, after their name.
pub fn action(action: Action) -> &'static str {
    match action {
        Action::Accept => "took the first time offered",
        Action::Pick => "chose a time",
        Action::Decline => "said no to the meeting",
        Action::None => "said that none of the times fits",
        Action::Met => "said that they already met",
        Action::Away => "said they are away this week",
        Action::Held => "said that it took place",
        Action::NotHeld => "said that it did not take place",
        Action::Undo => "took the booking back",
        Action::Series => "took a standing time",
        Action::NotNow => "wants no standing time for now",
        Action::UndoSeries => "took the standing time back",
    }
}

/// The word of a mail's kind, as the ledger has it.
pub fn mail_kind(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Proposal => "proposal",
        MailKind::Booked => "booked",
        MailKind::Released => "released",
        MailKind::Escalation => "escalation",
        MailKind::Resolved => "resolved",
        MailKind::Health => "health",
        MailKind::Monday => "monday",
        MailKind::Cadence => "cadence",
        MailKind::Series => "series",
        MailKind::CheckIn => "check_in",
        MailKind::Welcome => "welcome",
        MailKind::Ops => "ops",
    }
}

/// The word of a verdict, as the ledger has it.
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Held => "held",
        Outcome::Rescheduled => "rescheduled",
        Outcome::MovedOut => "moved_out",
        Outcome::Shortened => "shortened",
        Outcome::NotOneOnOne => "not_one_on_one",
        Outcome::Cancelled => "cancelled",
        Outcome::Ended => "ended",
        Outcome::Declined => "declined",
        Outcome::Excused => "excused",
        Outcome::NotHeld => "not_held",
    }
}

/// The word of a mode, as the configuration has it.
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "observe",
        Mode::Propose => "propose",
        Mode::Auto => "auto",
    }
}

/// What Drumbeat does in a mode, after "Drumbeat ".
pub fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Observe => "looks and counts, and changes nothing",
        Mode::Propose => "asks before it books",
        Mode::Auto => "books at once and tells both",
    }
}

/// Small numbers in words, as they stand beside "1-on-1".
pub fn number(n: u32) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    WORDS.get(n as usize).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// The text with its first letter made a capital.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "was" of one, "were" of others.
pub fn was(n: u32) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// `1 time`, `3 times`.
pub fn count(n: u32, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// How often a pair meets: `twice a week`, `every second week`.
pub fn rhythm(rhythm: &Rhythm) -> String {
    let times = match rhythm.per_week {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", number(n)),
    };
    match (rhythm.every_weeks, rhythm.per_week) {
        (1, _) => format!("{times} a week"),
        (2, 1) => "every second week".to_owned(),
        (n, 1) => format!("every {n} weeks"),
        (n, _) => format!("{times} every {n} weeks"),
    }
}
