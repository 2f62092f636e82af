//! Standing series: which day and hour is offered, to whom, and what an answer does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{NaiveDate, TimeDelta, Timelike};
use drumbeat::config::{self, Calendars, Settings};
use drumbeat::judge::cadence::rule_for;
use drumbeat::model::calendar::{Diary, Fill, Filled};
use drumbeat::model::fact::{Action, SessionKey};
use drumbeat::model::letter::Letter;
use drumbeat::model::people::{Person, PersonId, Roster};
use drumbeat::model::policy::CadenceRule;
use drumbeat::model::series::{Coverage, SeriesItem, SeriesStage, sessions};
use drumbeat::model::state::{Expected, RepState};
use drumbeat::model::time::{Span, Week};
use drumbeat::model::zone::{Moment, Zones};
use drumbeat::plan::answer::Upshot;
use drumbeat::plan::desk::{Clicks, Desk, Planned};
use drumbeat::plan::member::Member;
use drumbeat::plan::series::{Answered, Covered, answer, outstanding, propose, wanting};

use super::world::{at, span};

/// Bo in Berlin, who works on Tuesdays from ten to eleven alone unless `hours` says otherwise.
struct World {
    settings: Settings,
    roster: Roster,
    diaries: BTreeMap<PersonId, Diary>,
    states: BTreeMap<PersonId, RepState>,
    now: Moment,
}

const BO: &str = "bo@example.com";

impl World {
    /// `reps`: rows behind `ana@example.com,Ana,bo@example.com`, with start_date, status, plan_until, time_zone.
    fn new(hours: &str, reps: &[&str], now: &str) -> Self {
        let zones = Zones::bundled();
        let toml = "version = 1\nmode = \"propose\"\n[mail]\nops = [\"ops@example.com\"]\n";
        let settings = config::settings(toml, "drumbeat.toml", &zones).expect("settings");
        let mut text =
            "email,name,manager,start_date,status,plan_from,plan_until,time_zone,working_hours\n".to_owned();
        let _ = writeln!(text, "{BO},Bo Jensen,,,none,,,Europe/Berlin,\"{hours}\"");
        for (rep, n) in reps.iter().zip(1..) {
            let _ = writeln!(text, "rep{n}@example.com,Rep {n},{BO},{rep}");
        }
        let mut last = 0;
        let mut number = |_: &str| {
            last += 1;
            PersonId(last)
        };
        let read = config::roster(&text, "roster.csv", &settings, &zones, Calendars::FromWorld, &mut number);
        let (roster, _) = read.expect("a roster");
        let diaries =
            roster.people().map(|one| (one.id, Diary { filled: Vec::new(), is_known: true })).collect();
        let states = roster.reps().map(|rep| (rep.id, RepState::default())).collect();
        Self { settings, roster, diaries, states, now: at(now) }
    }

    fn id(&self, address: &str) -> PersonId {
        self.roster.by_address(address).expect("somebody")
    }

    fn rep(&self, n: u32) -> PersonId {
        self.id(&format!("rep{n}@example.com"))
    }

    fn fill(&mut self, who: PersonId, spans: impl IntoIterator<Item = Span>) {
        let filled = |span| Filled { is_accepted: true, span, fill: Fill::Busy, key: None };
        self.diaries.get_mut(&who).expect("somebody").filled.extend(spans.into_iter().map(filled));
    }

    /// Nothing stands for any rep, for three weeks now.
    fn covered(&self) -> Covered {
        let first = Week::of(self.now, &self.roster.get(self.id(BO)).expect("Bo").zone).next();
        let none = Coverage { weeks: 3, standing: 0, missing: 1, first };
        self.roster.reps().map(|rep| (rep.id, none)).collect()
    }

    fn with<T>(&mut self, work: impl FnOnce(&Desk<'_>, &Person, &mut [Member<'_>]) -> T) -> T {
        let ids =
            |kind: &str, what: &str, _: u32, _: u32, to: Option<PersonId>| format!("{kind}-{what}-{to:?}");
        let nobody = BTreeSet::new();
        let nothing = BTreeMap::new();
        let desk = Desk {
            now: self.now,
            roster: &self.roster,
            rules: &self.settings.rules,
            mode: self.settings.rules.mode,
            diaries: &self.diaries,
            holds: &[],
            clicks: Clicks::Work,
            ops: &[],
            welcomed: &nobody,
            noted: &nothing,
            ids: &ids,
        };
        let manager = self.roster.by_address(BO).and_then(|id| self.roster.get(id)).expect("Bo");
        let mut team: Vec<Member<'_>> = Vec::new();
        for (id, state) in &mut self.states {
            let rep = self.roster.get(*id).expect("a rep");
            let rule = rule_for(&self.settings.rules.cadence, rep, rep.zone.local(self.now).date());
            team.push(Member { rep, rule: rule.expect("a rule"), ahead: 0, state });
        }
        work(&desk, manager, &mut team)
    }

    /// What Bo is asked now.
    fn asked(&mut self, covered: &Covered) -> Vec<SeriesItem> {
        let cadence = self.settings.rules.cadence.clone();
        let rule_on = |rep: &Person, day: NaiveDate| -> Option<&CadenceRule> { rule_for(&cadence, rep, day) };
        self.with(|desk, manager, team| {
            let (places, _) = wanting(desk, manager, team, covered, &rule_on);
            if places.is_empty() {
                return Vec::new();
            }
            let (wanted, _) = propose(desk, manager, team, &places, (covered, &[]), &rule_on);
            match wanted.map(|wanted| wanted.row.letter) {
                Some(Letter::Series { items }) => items,
                _ => Vec::new(),
            }
        })
    }

    fn answer(&mut self, action: Action) -> (Upshot, Planned) {
        let who = self.id(BO);
        let answered = Answered { who, action, ordinal: None, option: Some(1) };
        self.with(|desk, _, team| answer(desk, &mut team[0], &answered))
    }

    fn stage(&self, n: u32) -> Option<SeriesStage> {
        self.states[&self.rep(n)].series.values().next_back().map(|series| series.stage)
    }
}

/// The same span in each of `weeks` weeks by UTC.
fn weekly(from: &str, until: &str, weeks: i64) -> Vec<Span> {
    let first = span(from, until);
    (0..weeks)
        .map(|n| Span::new(first.start + TimeDelta::weeks(n), first.end + TimeDelta::weeks(n)))
        .collect()
}

/// Berlin's clock goes back on 25 October, New York's on 1 November: each week is looked at as it then is.
#[test]
fn a_time_is_free_in_every_week_by_the_clocks_of_that_week() {
    let mut world = World::new(
        "Mon-Fri 09:00-17:30",
        &[",,,,America/New_York,\"Mon-Fri 09:00-17:30\""],
        "2026-10-12T08:00",
    );
    // Tuesdays from 15:00 to 16:00 in Berlin: at 13:00Z, and from 27 October on at 14:00Z.
    let bo = world.id(BO);
    world.fill(bo, weekly("2026-10-20T13:00", "2026-10-20T14:00", 1));
    world.fill(bo, weekly("2026-10-27T14:00", "2026-10-27T15:00", 5));
    let covered = world.covered();
    let items = world.asked(&covered);
    assert_eq!(items.len(), 1);
    let berlin = Zones::bundled().get("Europe/Berlin").expect("Berlin");
    let new_york = Zones::bundled().get("America/New_York").expect("New York");
    assert_eq!(items[0].options.len(), 3);
    for option in &items[0].options {
        assert!(option.clashes.is_empty() && option.displaces.is_none(), "{option:?}");
        for session in sessions(&option.first, 1, None, &berlin, at("2026-11-28T00:00")) {
            let (here, there) = (berlin.local(session.start), new_york.local(session.start));
            assert_eq!(here.time(), berlin.local(option.first.start).time(), "the same hour in Berlin");
            assert!((9..17).contains(&there.hour()), "{there} in New York");
            assert!(here.hour() >= 15, "{here}: in all weeks but one New York is asleep before");
            let busy = &world.diaries[&bo].filled;
            assert!(busy.iter().all(|filled| !filled.span.overlaps(&session)), "{here}");
        }
    }
}

#[test]
fn what_is_in_the_way_twice_is_in_the_way_and_once_is_told() {
    let check = |weeks: i64, want: Option<usize>| {
        let mut world = World::new("Tue 10:00-10:45", &[",,,,,"], "2026-11-03T10:00");
        let bo = world.id(BO);
        world.fill(bo, weekly("2026-11-17T09:00", "2026-11-17T09:45", weeks));
        let covered = world.covered();
        let items = world.asked(&covered);
        assert_eq!(items[0].options.first().map(|option| option.clashes.len()), want, "{weeks} weeks");
        let stage = if want.is_some() { SeriesStage::Proposed } else { SeriesStage::NoTime };
        assert_eq!(world.stage(1), Some(stage));
    };
    check(0, Some(0));
    check(1, Some(1));
    check(2, None);
}

#[test]
fn who_is_away_in_some_weeks_is_as_free_in_the_others() {
    let mut world = World::new("Tue 10:00-10:45", &[",,,,,"], "2026-11-03T10:00");
    let bo = world.id(BO);
    let away = |span| Filled {
        is_accepted: true,
        span,
        fill: Fill::Away(drumbeat::model::policy::Excuse::Absence),
        key: None,
    };
    let spans = weekly("2026-11-16T00:00", "2026-11-22T00:00", 3);
    world.diaries.get_mut(&bo).expect("Bo").filled.extend(spans.into_iter().map(away));
    let covered = world.covered();
    assert_eq!(world.asked(&covered)[0].options.len(), 1);
}

#[test]
fn reps_of_one_manager_are_planned_together_and_spread_over_the_days() {
    let mut world =
        World::new("Mon-Fri 09:00-17:30", &[",,,,,", ",,,,,", ",,,,,", ",,,,,"], "2026-11-02T09:00");
    // Rep 4 has a series on Mondays already.
    let (bo, fourth) = (world.id(BO), world.rep(4));
    let mut covered = world.covered();
    covered.get_mut(&fourth).expect("rep 4").missing = 0;
    for start in weekly("2026-11-09T09:00", "2026-11-09T09:30", 2) {
        let key = SessionKey { lineage: "theirs".into(), rid: Some(start.start) };
        let week = Week::of(start.start, &world.roster.get(bo).expect("Bo").zone);
        let session = Expected { recurs: true, ..Expected::new(key.clone(), (bo, fourth), week, start) };
        world.states.get_mut(&fourth).expect("rep 4").sessions.insert(key, session);
        world.fill(bo, [start]);
    }
    let items = world.asked(&covered);
    assert_eq!(items.len(), 3);
    let days: BTreeSet<NaiveDate> =
        items.iter().map(|item| item.options[0].first.start.date_naive()).collect();
    assert_eq!(days.len(), 3, "each on a day of its own: {days:?}");
    assert!(!days.contains(&"2026-11-09".parse().expect("a day")), "not on that of rep 4: {days:?}");
    let all: Vec<Span> = items.iter().flat_map(|item| &item.options).map(|option| option.first).collect();
    for (n, one) in all.iter().enumerate() {
        assert!(all[n + 1..].iter().all(|other| !other.overlaps(one)), "all can be taken: {all:?}");
    }
}

#[test]
fn only_those_are_asked_about_who_want_one() {
    let check = |rep: &str, change: &dyn Fn(&mut World, &mut Covered), want: usize| {
        let mut world = World::new("Mon-Fri 09:00-17:30", &[rep], "2026-11-02T09:00");
        let mut covered = world.covered();
        change(&mut world, &mut covered);
        assert_eq!(world.asked(&covered).len(), want, "{rep}");
    };
    let rep = PersonId(2);
    check(",,,,,", &|_, _| {}, 1);
    check(",,,,,", &|_, covered| covered.get_mut(&rep).expect("one").weeks = 1, 0);
    check(",,,,,", &|_, covered| covered.get_mut(&rep).expect("one").missing = 0, 0);
    check(",,,,,", &|_, covered| covered.clear(), 0);
    check(",,,,,", &|world, _| world.settings.rules.policy.series_after = 0, 0);
    check(",,,,,", &|world, _| world.settings.rules.mode = drumbeat::model::policy::Mode::Observe, 0);
    check(",,,,,", &|world, _| world.settings.rules.pilot = vec!["dee@example.com".into()], 0);
    check(",,,,,", &|world, _| world.diaries.get_mut(&rep).expect("one").is_known = false, 0);
    let muted = |world: &mut World, _: &mut Covered| {
        let week = "2026-W45".parse().expect("a week");
        world.states.get_mut(&rep).expect("one").muted.insert(week);
    };
    check(",,,,,", &muted, 0);
    let second = |_: &mut World, covered: &mut Covered| covered.get_mut(&rep).expect("one").standing = 1;
    // The plan ends in two weeks, or in six.
    check(",,2026-10-01,2026-11-16,,", &second, 0);
    check(",,2026-10-01,2026-12-14,,", &second, 1);
}

#[test]
fn a_series_ends_with_what_it_is_owed_for() {
    let check = |rep: &str, standing: u32, last: Option<&str>| {
        let mut world = World::new("Mon-Fri 09:00-17:30", &[rep], "2026-11-02T09:00");
        let mut covered = world.covered();
        for coverage in covered.values_mut() {
            coverage.standing = standing;
        }
        let found = world.asked(&covered)[0].last;
        assert_eq!(found, last.map(|day| day.parse().expect("a day")), "{rep} {standing}");
    };
    check(",,,,,", 0, None);
    // 90 days from 5 October end with 2 January; one a week is owed after that all the same.
    check("2026-10-05,,,,,", 1, Some("2027-01-02"));
    check("2026-10-05,,,,,", 0, None);
    check(",,2026-10-01,2027-01-29,,", 2, Some("2027-01-29"));
    check(",,2026-10-01,2027-01-29,,", 0, None);
}

#[test]
fn not_now_is_kept_to_for_eight_weeks() {
    let mut world = World::new("Mon-Fri 09:00-17:30", &[",,,,,"], "2026-11-02T09:00");
    let covered = world.covered();
    assert_eq!(world.asked(&covered).len(), 1);
    assert!(world.asked(&covered).is_empty(), "one at a time");
    assert_eq!(world.answer(Action::NotNow).0, Upshot::Done);
    assert_eq!(world.answer(Action::NotNow).0, Upshot::Already);
    assert_eq!(world.answer(Action::Series).0, Upshot::Over);
    world.now += TimeDelta::weeks(8) - TimeDelta::minutes(1);
    assert!(world.asked(&covered).is_empty());
    world.now += TimeDelta::minutes(1);
    let covered = world.covered();
    assert_eq!(world.asked(&covered).len(), 1);
}

#[test]
fn an_offer_ends_when_its_time_is_over_or_a_series_stands() {
    let check = |later: TimeDelta, missing: u32, want: SeriesStage| {
        let mut world = World::new("Mon-Fri 09:00-17:30", &[",,,,,"], "2026-11-02T09:00");
        let mut covered = world.covered();
        world.asked(&covered);
        world.now += later;
        for coverage in covered.values_mut() {
            coverage.missing = missing;
        }
        world.with(|desk, manager, team| outstanding(desk, manager, team, &covered));
        assert_eq!(world.stage(1), Some(want));
    };
    check(TimeDelta::days(6), 1, SeriesStage::Proposed);
    check(TimeDelta::days(7), 1, SeriesStage::Silent);
    check(TimeDelta::days(1), 0, SeriesStage::Withdrawn);
}

#[test]
fn a_time_that_is_taken_by_now_is_not_booked() {
    let mut world = World::new("Tue 10:00-10:45", &[",,,,,"], "2026-11-03T10:00");
    let covered = world.covered();
    world.asked(&covered);
    let bo = world.id(BO);
    world.fill(bo, weekly("2026-11-17T09:00", "2026-11-17T09:45", 1));
    let mut twice = World {
        states: world.states.clone(),
        ..World::new("Tue 10:00-10:45", &[",,,,,"], "2026-11-03T10:00")
    };
    twice.fill(bo, weekly("2026-11-17T09:00", "2026-11-17T09:45", 2));
    assert_eq!(twice.answer(Action::Series).0, Upshot::Gone, "twice is too often");
    assert_eq!(twice.stage(1), Some(SeriesStage::Withdrawn));
    let (upshot, planned) = world.answer(Action::Series);
    assert_eq!(upshot, Upshot::Done, "once is not");
    let rules: Vec<&str> = planned
        .rows
        .iter()
        .filter_map(|row| match &row.letter {
            Letter::SeriesBooked { event, .. } => Some(event.rrule.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(rules, ["FREQ=WEEKLY;BYDAY=TU"; 2], "to both");
    assert_eq!(world.answer(Action::Series).0, Upshot::Already);
    let (upshot, planned) = world.answer(Action::UndoSeries);
    assert_eq!((upshot, planned.rows.len()), (Upshot::Done, 2));
    assert_eq!(world.answer(Action::UndoSeries).0, Upshot::Already);
    world.now += TimeDelta::weeks(9);
    assert_eq!(world.answer(Action::Series).0, Upshot::Over);
}
