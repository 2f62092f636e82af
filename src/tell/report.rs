//! The weekly health report: the text of the mail, and of `drumbeat report`.
//!
//! *Took place* = held + rescheduled + recovered. *Coverage* = took place / (due - excused). *Completion* = of
//! what was scheduled as the week began and not excused, what took place or was replaced. Counts first; a
//! percentage, with its interval, only from [`PERCENT_FROM`] on.

use crate::model::fact::WeekCounts;
use crate::model::letter::{AtRisk, Health, HealthLine};
use crate::model::people::CalendarId;
use crate::model::time::Week;

use super::body::{Bar, Block, Body, Table};
use super::names::{self, People};
use super::{phrase, when};

/// Fewer than this are too few for a percentage.
pub const PERCENT_FROM: u32 = 20;
/// 95 % of a normal distribution lie within this many standard deviations.
const Z: f64 = 1.96;
/// Most managers, and reps at risk, that are listed: the mail must stay below 100 kB.
const LISTED_MOST: usize = 60;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// What took place.
    pub took_place: u32,
    /// … of this many.
    pub of: u32,
}

impl Share {
    /// In thousandths; `None` of nothing.
    pub fn permille(self) -> Option<u32> {
        (self.of > 0).then(|| (u64::from(self.took_place) * 1000 / u64::from(self.of)) as u32)
    }

    /// Wilson's interval at 95 %, in percent, rounded.
    pub fn interval(self) -> (u32, u32) {
        let n = f64::from(self.of.max(1));
        let p = f64::from(self.took_place) / n;
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let percent = |x: f64| (x.clamp(0.0, 1.0) * 100.0).round() as u32;
        (percent((middle - half) / scale), percent((middle + half) / scale))
    }

    /// `5 of 6`, `41 of 48 (85 %, 73-93 %)`, `none due`.
    pub fn words(self) -> String {
        match (self.of, self.permille()) {
            (0, _) | (_, None) => "none due".to_owned(),
            (of, Some(permille)) if of >= PERCENT_FROM => {
                let (low, high) = self.interval();
                let percent = (permille + 5) / 10;
                format!("{} of {of} ({percent} %, {low}-{high} %)", self.took_place)
            }
            (of, _) => format!("{} of {of}", self.took_place),
        }
    }
}

fn took_place(counts: &WeekCounts) -> u32 {
    counts.held + counts.rescheduled + counts.recovered
}

/// Of what was owed and not excused, what took place.
pub fn coverage(counts: &WeekCounts) -> Share {
    let of = counts.due.saturating_sub(counts.excused);
    Share { took_place: took_place(counts).min(of), of }
}

/// Of what was scheduled as the week began and not excused, what took place or was replaced. The counts do not
/// say which sessions were excused: those that never stood are taken first.
pub fn completion(counts: &WeekCounts) -> Share {
    let never_stood = counts.due.saturating_sub(counts.scheduled);
    let stood_excused = counts.excused.saturating_sub(never_stood);
    let of = counts.scheduled.min(counts.due).saturating_sub(stood_excused);
    Share { took_place: took_place(counts).min(of), of }
}

/// The report as plain text.
pub fn text(health: &Health, people: &dyn People) -> String {
    body(health, people).text()
}

/// The report.
pub fn body(health: &Health, people: &dyn People) -> Body {
    let mut body = Body::default();
    let days = when::week_days(health.week);
    let all = coverage(&health.all.week);
    body.lead(match all.of {
        0 => format!("In the week of {days}, no 1-on-1s were due."),
        of if all.took_place == of => format!("In the week of {days}, all {of} 1-on-1s took place."),
        of => format!("In the week of {days}, {} of {of} 1-on-1s took place.", all.took_place),
    });
    body.list(summary(health));
    managers(&mut body, health, people);
    at_risk(&mut body, &health.at_risk, people);
    trend(&mut body, health);
    unread(&mut body, &health.unread, people);
    body.small(format!(
        "Took place: held in their own time, after a move, or in a time that Drumbeat booked. Coverage: of what \
         was due and not excused by absence. Completion: of what was in the calendar as the week began. \
         Judged over {} weeks against a target of {} %; percentages only from {PERCENT_FROM} 1-on-1s on, with \
         their 95 % interval.",
        health.windows.1,
        health.target_permille / 10
    ));
    body
}

fn summary(health: &Health) -> Vec<String> {
    let counts = &health.all.week;
    let mut lines = vec![
        format!("Coverage: {}", coverage(counts).words()),
        format!("Completion: {}", completion(counts).words()),
        format!(
            "{} in their own time, {} after a move, {} in a time that Drumbeat booked",
            counts.held, counts.rescheduled, counts.recovered
        ),
        format!("{} missed, {} excused by absence", counts.missed, counts.excused),
    ];
    if health.all.late > 0 {
        lines.push(format!("{} cancelled less than a day ahead", health.all.late));
    }
    if health.all.churn > 0 {
        lines.push(format!("{} moved three times or more", health.all.churn));
    }
    let judged = coverage(&health.all.judged);
    lines.push(format!(
        "The last {} weeks: {}: {}",
        health.windows.1,
        judged.words(),
        judgement(judged, health.target_permille)
    ));
    lines
}

/// In words, since colours are not for everyone: few counts are not judged.
fn judgement(share: Share, target_permille: u32) -> &'static str {
    let (_, high) = share.interval();
    match share.permille() {
        Some(permille) if share.of >= PERCENT_FROM => {
            if permille >= target_permille {
                "on target"
            } else if high * 10 < target_permille {
                "needs help"
            } else {
                "just below target"
            }
        }
        _ => "too few to say",
    }
}

fn managers(body: &mut Body, health: &Health, people: &dyn People) {
    if health.managers.is_empty() {
        return;
    }
    let head = ["Manager", "Last week", "Judged", "Notes"];
    let row = |line: &HealthLine| {
        let judged = coverage(&line.judged);
        vec![
            line.manager.map_or_else(|| "All".to_owned(), |id| names::name(people, id)),
            coverage(&line.week).words(),
            format!("{}: {}", judged.words(), judgement(judged, health.target_permille)),
            notes(line),
        ]
    };
    body.heading("Managers, those that need help first");
    body.add(Block::Table(Table {
        head: head.map(str::to_owned).to_vec(),
        rows: health.managers.iter().take(LISTED_MOST).map(row).collect(),
    }));
    rest(body, health.managers.len(), "manager", "managers");
}

/// What stands out of a manager's week; empty where nothing does.
fn notes(line: &HealthLine) -> String {
    let counts = [(line.week.missed, "missed"), (line.late, "cancelled late"), (line.churn, "moved often")];
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    words.join(", ")
}

fn at_risk(body: &mut Body, risks: &[AtRisk], people: &dyn People) {
    if risks.is_empty() {
        return;
    }
    let line = |risk: &AtRisk| {
        let (rep, manager) = (names::name(people, risk.rep), names::name(people, risk.manager));
        let why = if risk.is_away {
            "away all week".to_owned()
        } else if risk.standing == 0 {
            "nothing in the calendar".to_owned()
        } else if risk.standing < risk.due {
            format!("{} of {} in the calendar", risk.standing, risk.due)
        } else {
            "in the calendar".to_owned()
        };
        let conflict = if risk.has_conflict { ", under another event" } else { "" };
        format!("{rep} (with {manager}): {why}{conflict}")
    };
    body.heading("This week at risk").list(risks.iter().take(LISTED_MOST).map(line).collect());
    rest(body, risks.len(), "rep", "reps");
}

fn rest(body: &mut Body, count: usize, one: &str, many: &str) {
    if let Some(more) = count.checked_sub(LISTED_MOST).filter(|more| *more > 0) {
        body.small(format!("... and {} more.", phrase::count(more as u32, one, many)));
    }
}

fn trend(body: &mut Body, health: &Health) {
    if health.all.trend.is_empty() {
        return;
    }
    let bar = |(week, counts): &(Week, WeekCounts)| {
        let share = coverage(counts);
        let value = if share.of == 0 {
            "none due".to_owned()
        } else {
            format!("{} of {}", share.took_place, share.of)
        };
        Bar { label: when::week_days(*week), permille: share.permille(), value }
    };
    body.heading(format!("The last {} weeks", health.all.trend.len()));
    body.add(Block::Bars(health.all.trend.iter().map(bar).collect()));
}

fn unread(body: &mut Body, unread: &[CalendarId], people: &dyn People) {
    if unread.is_empty() {
        return;
    }
    let mut names: Vec<String> = unread.iter().map(|calendar| names::name(people, calendar.owner)).collect();
    names.dedup();
    let more = names.len().saturating_sub(LISTED_MOST);
    names.truncate(LISTED_MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    body.heading("Not known");
    body.para(format!(
        "These people's calendars could not be read or believed, so their counts may be wrong: {}{more}.",
        names.join(", ")
    ));
}
