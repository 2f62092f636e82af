//! The keys that decisions are made from: mode, policy, cadence, sessions, escalation, health, voice.

use std::collections::BTreeSet;

use chrono::Duration;
use toml::de::DeTable;

use super::keys::{DEFAULT_CADENCE, DEFAULT_STEPS};
use super::places;
use super::problem::wrong;
use super::reader::{Section, Source};
use super::values::{self, one_of};
use crate::model::people::Status;
use crate::model::policy::{
    CadenceRule, EscalationRules, Excuse, HealthRules, Mode, OnSilence, Policy, RuleMatch, Rules, Rung,
    SessionRules, Step, Voice,
};
use crate::model::time::Weekly;
use crate::model::zone::Zone;

/// What an offered slot may lie on, by a click.
#[derive(Clone, Copy, PartialEq)]
enum Soft {
    Focus,
    Tentative,
}

/// Who is offered times.
#[derive(Clone, Copy, PartialEq)]
enum Picks {
    Manager,
    Rep,
}

/// Reads them all; `ops` is who reads replies where nobody else is named.
pub(super) fn read(top: &Section<'_>, zone: Zone, ops: Option<&String>) -> Rules {
    let modes = [("observe", Mode::Observe), ("propose", Mode::Propose), ("auto", Mode::Auto)];
    let sessions = sessions(&top.section("sessions"));
    Rules {
        mode: top.text("mode", |text| one_of(text, &modes)),
        pilot: top.list("pilot", places::address),
        zone,
        policy: policy(&top.section("policy")),
        cadence: all_cadence(top, sessions.longest),
        sessions,
        escalation: escalation(&top.section("escalation")),
        health: health(&top.section("health")),
        check_in: check_in(&top.section("checkin")),
        voice: voice(top, ops),
    }
}

fn policy(section: &Section<'_>) -> Policy {
    let silence = [("book", OnSilence::Book), ("escalate", OnSilence::Escalate)];
    let excuses = [("leave", Excuse::Leave), ("holiday", Excuse::Holiday), ("absence", Excuse::Absence)];
    let soft = [("focus", Soft::Focus), ("tentative", Soft::Tentative)];
    let who = [("manager", Picks::Manager), ("rep", Picks::Rep)];
    let pick = section.list("pick", |text| one_of(text, &who));
    if !pick.contains(&Picks::Manager) {
        section.error("pick", wrong("without manager", "write [\"manager\"], or [\"manager\", \"rep\"]"));
    }
    let displace = section.list("displace", |text| one_of(text, &soft));
    Policy {
        settle: section.text("settle", values::duration),
        notice: section.text("notice", values::duration),
        freeze: section.text("freeze", values::duration),
        proposal_wait: section.text("proposal_wait", values::some_duration),
        on_silence: section.text("on_silence", |text| one_of(text, &silence)),
        options: section.number("options", 1..=10) as usize,
        rep_picks: pick.contains(&Picks::Rep),
        max_attempts: section.number("max_attempts", 1..=20),
        series_after: section.number("series_after", 0..=52),
        guests: section.number("guests", 0..=50),
        lag: section.text("lag", values::duration),
        suspect_after: section.number("suspect_after", 1..=100),
        suspect_for: section.text("suspect_for", values::duration),
        alert_after: section.text("alert_after", values::duration),
        excuse: section.list("excuse", |text| one_of(text, &excuses)),
        mails_per_week: section.number("mails_per_week", 0..=100),
        buffer: section.text("buffer", values::duration),
        avoid: section.list("avoid", values::day_part),
        displace_focus: displace.contains(&Soft::Focus),
        displace_tentative: displace.contains(&Soft::Tentative),
        first_week_whole: section
            .text("first_week", |text| one_of(text, &[("none", false), ("whole", true)])),
    }
}

/// The rules of the file, or the usual four.
fn all_cadence(top: &Section<'_>, longest: Duration) -> Vec<CadenceRule> {
    let Some(sections) = top.tables("cadence", "cadence") else {
        let rules = usual(DEFAULT_CADENCE, "cadence", "cadence", |section| cadence(section, longest));
        if rules.iter().any(|rule| rule.duration > longest) {
            let right = "write 30m or more, or rules of your own";
            top.section("sessions")
                .error("longest", wrong("shorter than the 1-on-1s of the default rules", right));
        }
        return rules;
    };
    let rules: Vec<CadenceRule> = sections.iter().map(|section| cadence(section, longest)).collect();
    let mut names = BTreeSet::new();
    let mut catch_all = None;
    for (section, rule) in sections.iter().zip(&rules) {
        if !rule.name.is_empty() && !names.insert(&rule.name) {
            section.error("name", wrong("two rules of this name", "give each rule its own"));
        }
        if let Some(earlier) = &catch_all {
            let why = format!("the rule {earlier} before it matches everybody");
            section.warning("name", wrong(why, "put the rule for everybody last"), "this rule never matches");
        } else if rule.matches == RuleMatch::default() {
            catch_all = Some(rule.name.clone());
        }
    }
    if let (None, Some(last)) = (catch_all, sections.last()) {
        let right = "end with a rule that has neither status nor tenure_under";
        last.warning("name", wrong("no rule matches everybody", right), "reps whom none matches owe nothing");
    }
    rules
}

fn cadence(section: &Section<'_>, longest: Duration) -> CadenceRule {
    let before = section.errors();
    let rule = CadenceRule {
        name: section.text("name", values::line),
        matches: RuleMatch {
            status: section.text("status", status_or_any),
            tenure_under: section.text("tenure_under", |text| {
                if text.is_empty() { Ok(None) } else { values::some_duration(text).map(Some) }
            }),
        },
        per_week: section.number("per_week", 1..=7),
        every_weeks: section.number("every_weeks", 1..=52),
        duration: section.text("duration", values::some_duration),
        shortest: section.text("shortest", values::some_duration),
        apart: section.text("apart", values::days),
        skips: section.number("skips", 0..=52),
    };
    if rule.name.is_empty() {
        section.error("name", wrong("a rule without a name", "give it one: explain prints it"));
    }
    if section.errors() == before {
        fits(section, &rule, longest);
    }
    rule
}

fn status_or_any(text: &str) -> Result<Option<Status>, super::problem::Wrong> {
    let words = [
        ("ramping", Status::Ramping),
        ("tenured", Status::Tenured),
        ("senior", Status::Senior),
        ("plan", Status::Plan),
    ];
    if text.is_empty() { Ok(None) } else { one_of(text, &words).map(Some) }
}

/// What must hold between the keys of one rule.
fn fits(section: &Section<'_>, rule: &CadenceRule, longest: Duration) {
    if rule.shortest > rule.duration {
        section.error(
            "shortest",
            wrong("longer than the rule's duration", "write less than duration, or as much"),
        );
    }
    if rule.duration > longest {
        let right = "write a shorter duration, or raise sessions.longest";
        section.error("duration", wrong("longer than sessions.longest, so it would be no 1-on-1", right));
    }
    if rule.apart.num_days() * i64::from(rule.per_week - 1) > 6 {
        let why = format!("{} sessions that far apart do not fit into a week", rule.per_week);
        section.error("apart", wrong(why, "write fewer days, or lower per_week"));
    }
}

/// The tables that hold where the file has none of that name.
fn usual<T>(text: &str, name: &str, path: &'static str, read: impl Fn(&Section<'_>) -> T) -> Vec<T> {
    let (table, _) = DeTable::parse_recoverable(text);
    let source = Source::new(text, "");
    let sections = Section::top(&source, table.get_ref()).tables(name, path).unwrap_or_default();
    sections.iter().map(read).collect()
}

fn sessions(section: &Section<'_>) -> SessionRules {
    SessionRules {
        title: section.text("title", values::pattern),
        not_title: section.text("not_title", values::pattern_or_none),
        ignore: section.list("ignore", |text| values::some_line(text).map(|part| part.to_lowercase())),
        absence: section.text("absence", values::pattern),
        longest: section.text("longest", values::some_duration),
        agenda: String::new(),
    }
}

fn escalation(section: &Section<'_>) -> EscalationRules {
    EscalationRules {
        repeat: section.text("repeat", values::some_duration),
        quiet: section.text("quiet", values::day_part),
        steps: steps(section),
    }
}

fn steps(section: &Section<'_>) -> Vec<Step> {
    let Some(sections) = section.tables("step", "escalation.step") else {
        return usual(DEFAULT_STEPS, "step", "escalation.step", step);
    };
    let steps: Vec<Step> = sections.iter().map(step).collect();
    for (pair, section) in steps.windows(2).zip(&sections[1..]) {
        if pair[1].after_seconds <= pair[0].after_seconds {
            section.error(
                "after",
                wrong("no later than the step before it", "write the steps in order of time"),
            );
        }
    }
    steps
}

fn step(section: &Section<'_>) -> Step {
    let rungs = [("manager", Rung::Manager), ("leader", Rung::Leader), ("ops", Rung::Ops)];
    let before = section.errors();
    let step = Step {
        after_seconds: section.text("after", values::duration).num_seconds(),
        to: section.list("to", |text| one_of(text, &rungs)),
    };
    if step.to.is_empty() && section.errors() == before {
        section.error("to", wrong("a step that tells nobody", "write manager, leader or ops, in a list"));
    }
    step
}

fn health(section: &Section<'_>) -> HealthRules {
    HealthRules {
        send: section.text("send", values::weekly),
        target: section.share("target"),
        window: section.text("window", values::weeks),
        judge: section.text("judge", values::weeks),
    }
}

/// Asking is a choice: without the section nobody is asked.
fn check_in(section: &Section<'_>) -> Option<Weekly> {
    let send = section.text("send", values::weekly);
    section.is_there().then_some(send)
}

fn voice(top: &Section<'_>, ops: Option<&String>) -> Voice {
    let mail = top.section("mail");
    let (from_name, from_address) = mail.text("from", places::mailbox);
    let reply_to = mail.text("reply_to", places::address_or_none);
    Voice {
        from_name,
        from_address,
        reply_to: if reply_to.is_empty() { ops.cloned().unwrap_or_default() } else { reply_to },
        public_url: top.section("web").text("public_url", places::public_url),
    }
}
