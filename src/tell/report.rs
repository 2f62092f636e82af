//! The weekly health report: the text of the mail, and of `drumbeat report`.
//!
//! *Took place* = held + rescheduled + recovered. *Coverage* = took place / (due - excused). *Completion* = of
//! what was scheduled as the week began and not excused, what took place or was replaced. Counts first; a
//! percentage, with its interval, only from [`PERCENT_FROM`] on.

use crate::model::fact::WeekCounts;
use crate::model::people::CalendarId;
use crate::model::report::{AtRisk, Baseline, Health, HealthLine, Mover};
use crate::model::time::Week;

use super::body::{Bar, Block, Body, Chart, Shown, Table};
use super::chart::{self, Series};
use super::names::{self, People};
use super::{phrase, when};

/// Fewer than this are too few for a percentage.
pub const PERCENT_FROM: u32 = 20;
/// 95 % of a normal distribution lie within this many standard deviations.
const Z: f64 = 1.96;
/// Most managers, and reps at risk, that are listed: the mail must stay below 100 kB.
const LISTED_MOST: usize = 60;
/// Weeks in a row without a miss from which on a team is named for it.
const STREAK_FROM: u32 = 4;
/// Rep-weeks from which on coaching time is said.
const COACHING_FROM: u32 = 4;

/// Where the chart is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// In a part of the mail with this content id.
    Attached(String),
    /// In the page itself.
    Drawn,
}

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

/// The report.
pub fn body(health: &Health, people: &dyn People, picture: Picture) -> Body {
    let mut body = Body::default();
    body.lead(headline(health));
    body.list(summary(health));
    trend(&mut body, health, picture);
    body.heading("What became of them").list(details(health));
    managers(&mut body, health, people);
    movers(&mut body, &health.movers, people);
    streaks(&mut body, health, people);
    at_risk(&mut body, &health.at_risk, people);
    unread(&mut body, &health.unread, people);
    body.small(format!(
        "Took place: held in their own time, after a move, or in a time that Drumbeat booked. Held is what stood in \
         the calendar until its end; confirmed is what one of the two said took place. Coverage: of what was due and \
         not excused by absence. Completion: of what was in the calendar as the week began. Judged over {} weeks \
         against a target of {} %; percentages only from {PERCENT_FROM} 1-on-1s on, with their 95 % interval.",
        health.windows.1,
        health.target_permille / 10
    ));
    body
}

/// The point in one sentence.
fn headline(health: &Health) -> String {
    let days = when::week_days(health.week);
    let all = coverage(&health.all.week);
    let helped = health.all.week.recovered;
    let mended = match helped {
        0 => String::new(),
        n => format!(", {n} of them because a lost one was booked again"),
    };
    match all.of {
        0 => format!("In the week of {days}, no 1-on-1s were due."),
        of if all.took_place == of => format!("In the week of {days}, all {of} 1-on-1s took place{mended}."),
        of => format!("In the week of {days}, {} of {of} 1-on-1s took place{mended}.", all.took_place),
    }
}

/// How it stands, in a few numbers.
fn summary(health: &Health) -> Vec<String> {
    let all = &health.all;
    let judged = coverage(&all.judged);
    let mut lines = vec![
        format!("Coverage: {}", coverage(&all.week).words()),
        format!("Completion: {}", completion(&all.week).words()),
        format!(
            "{} held, {} confirmed",
            took_place(&all.week),
            // A surplus session may be confirmed too, and is owed by nobody.
            all.confirmed.min(took_place(&all.week))
        ),
        format!(
            "The last {} weeks: {}: {}",
            health.windows.1,
            judged.words(),
            judgement(judged, health.target_permille)
        ),
    ];
    lines.extend(health.baseline.as_ref().map(before));
    lines.extend(coaching(all).map(|minutes| {
        format!("Coaching: {minutes} minutes a rep and month; two to three hours are the usual aim")
    }));
    lines
}

/// What became of what was owed.
fn details(health: &Health) -> Vec<String> {
    let (all, counts) = (&health.all, &health.all.week);
    let mut lines = vec![
        format!(
            "{} in their own time, {} after a move, {} in a time that Drumbeat booked",
            counts.held, counts.rescheduled, counts.recovered
        ),
        format!("{} missed, {} excused by absence", counts.missed, counts.excused),
    ];
    if all.overlapped > 0 {
        lines.push(format!(
            "{} of those held lay under another meeting, and nobody confirmed them",
            all.overlapped
        ));
    }
    if all.late > 0 {
        lines.push(format!("{} cancelled less than a day ahead", all.late));
    }
    if all.churn > 0 {
        lines.push(format!("{} moved three times or more", all.churn));
    }
    lines
}

/// What was before, said as what it is.
fn before(baseline: &Baseline) -> String {
    format!(
        "Before Drumbeat: {} in {}, reconstructed from what the calendars still showed",
        coverage(&baseline.counts).words(),
        phrase::count(baseline.weeks, "week", "weeks")
    )
}

/// Minutes of a rep in a month, over the judgement's weeks; `None` of too few.
fn coaching(line: &HealthLine) -> Option<u32> {
    let minutes = u64::from(line.minutes) * 52 / 12;
    (line.rep_weeks >= COACHING_FROM).then(|| (minutes / u64::from(line.rep_weeks)) as u32)
}

/// In words, since colours are not for everyone: few counts are not judged.
pub fn judgement(share: Share, target_permille: u32) -> &'static str {
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
    let counts = [
        (line.week.missed, "missed"),
        (line.week.recovered, "recovered"),
        (line.late, "cancelled late"),
        (line.churn, "moved often"),
        (line.overlapped, "under another meeting"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    words.join(", ")
}

fn movers(body: &mut Body, movers: &[Mover], people: &dyn People) {
    if movers.is_empty() {
        return;
    }
    let line = |mover: &Mover| {
        let (rep, manager) = (names::name(people, mover.rep), names::name(people, mover.manager));
        format!("{rep} (with {manager}): in {}", phrase::count(mover.weeks, "week", "weeks"))
    };
    body.heading("Moved as a habit").list(movers.iter().take(LISTED_MOST).map(line).collect());
    rest(body, movers.len(), "pair", "pairs");
}

fn streaks(body: &mut Body, health: &Health, people: &dyn People) {
    let line = |line: &HealthLine| {
        let manager = line.manager.filter(|_| line.streak >= STREAK_FROM)?;
        Some(format!("{}: {}", names::name(people, manager), phrase::count(line.streak, "week", "weeks")))
    };
    let lines: Vec<String> = health.managers.iter().filter_map(line).take(LISTED_MOST).collect();
    if !lines.is_empty() {
        body.heading("Without a miss").list(lines);
    }
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

/// The weeks of the window: as a picture, and the same as text.
fn trend(body: &mut Body, health: &Health, picture: Picture) {
    let weeks = known_weeks(health);
    if weeks.is_empty() {
        return;
    }
    let row = |(week, counts): &(Week, WeekCounts)| {
        let (covered, completed) = (coverage(counts), completion(counts));
        vec![when::week_days(*week), few_words(covered), few_words(completed)]
    };
    let bars = bars(health);
    let told = bars.iter().filter(|bar| bar.permille.is_some());
    let told: Vec<String> = told.map(|bar| format!("{}: {}", bar.label, bar.value)).collect();
    let alt = format!("1-on-1s that took place by week. {}", told.join("; "));
    let shown = match picture {
        Picture::Attached(cid) => Shown::Attached(cid),
        Picture::Drawn => Shown::Drawn(drawing(health)),
    };
    body.heading(match weeks.len() {
        1 => "The first week".to_owned(),
        n => format!("The last {n} weeks"),
    });
    body.add(Block::Chart(Chart {
        shown,
        alt,
        bars,
        table: Table {
            head: ["Week", "Took place", "Completion"].map(str::to_owned).to_vec(),
            rows: weeks.iter().map(row).collect(),
        },
    }));
}

/// The window's weeks, from the first in which anything was owed.
fn known_weeks(health: &Health) -> &[(Week, WeekCounts)] {
    let first = health.all.trend.iter().position(|(_, counts)| counts.due > 0);
    first.map_or(&[], |first| &health.all.trend[first..])
}

/// What took place of what was owed, week by week.
fn bars(health: &Health) -> Vec<Bar> {
    let bar = |(week, counts): &(Week, WeekCounts)| Bar {
        label: when::week_days(*week),
        permille: coverage(counts).permille(),
        value: few_words(coverage(counts)),
    };
    known_weeks(health).iter().map(bar).collect()
}

fn few_words(share: Share) -> String {
    if share.of == 0 { "none due".to_owned() } else { format!("{} of {}", share.took_place, share.of) }
}

/// The chart of a report as SVG.
pub fn drawing(health: &Health) -> String {
    chart::svg(&Series {
        alt: "1-on-1s that took place, by week".to_owned(),
        points: bars(health),
        target_permille: health.target_permille,
        coaching: coaching(&health.all),
    })
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
