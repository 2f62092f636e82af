//! Rules → what a rep owes in a week. The first rule that matches wins.

use chrono::{Days, NaiveDate};

use crate::model::people::{Person, Status};
use crate::model::policy::CadenceRule;
use crate::model::time::Week;

/// The rule that holds for a rep on a day; `None` if none matches (then nothing is owed).
pub fn rule_for<'a>(rules: &'a [CadenceRule], rep: &Person, day: NaiveDate) -> Option<&'a CadenceRule> {
    let status = rep.status_on(day);
    // A status that is said overrules the start date; leave says nothing about tenure.
    let is_new = |under: chrono::Duration| {
        matches!(status, None | Some(Status::Leave | Status::Ramping))
            && (status == Some(Status::Ramping)
                || rep.start_date.is_some_and(|start| day < start + Days::new(under.num_days() as u64)))
    };
    rules.iter().find(|rule| {
        rule.matches.status.is_none_or(|wanted| status == Some(wanted))
            && rule.matches.tenure_under.is_none_or(is_new)
    })
}

/// What the standing series tells about biweekly weeks: how often it comes, and a week in which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Every so many weeks.
    pub every: u32,
    /// A week of it.
    pub anchor: Week,
}

/// Sessions that `rule` owes in a week: in step with a standing series of that interval, else from the start
/// date's week, else in even ISO weeks. Before the start date nothing is owed.
pub fn sessions_due(rule: &CadenceRule, rep: &Person, week: Week, standing: Option<Standing>) -> u32 {
    if rep.start_date.is_some_and(|start| week < Week::of_date(start)) {
        return 0;
    }
    let every = i64::from(rule.every_weeks.max(1));
    let is_on = match (standing, rep.start_date) {
        _ if every == 1 => true,
        (Some(series), _) if i64::from(series.every) == every => week.since(series.anchor) % every == 0,
        (_, Some(start)) => week.since(Week::of_date(start)) % every == 0,
        _ => i64::from(week.number) % every == 0,
    };
    if is_on { rule.per_week } else { 0 }
}
