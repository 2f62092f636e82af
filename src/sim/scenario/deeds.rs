//! What people do in a scenario, and what that makes of the calendars.

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

use super::diary::{Draft, Guest, Target};
use super::words::{Scope, Words, time_of_day, wanted};
use super::{Happening, Story, Wrong};
use crate::model::fact::Action;
use crate::model::zone::Moment;
use crate::sim::recording::{BookingChange, BookingEdit, Reply};

/// Who does something, when, and what weekdays mean to them.
struct Doer<'a> {
    who: String,
    at: Moment,
    scope: &'a Scope,
}

/// What is meant by `the Thu instance`, `"Coaching"` or `the booking for ana`.
enum Meant {
    Event(Target),
    /// What Drumbeat booked for this rep.
    Booking(String),
}

impl Story {
    /// One dated line.
    pub(super) fn happen(&mut self, happening: &Happening) -> Result<(), Wrong> {
        let text = happening.text.as_str();
        if let Some(rest) = text.strip_prefix("config:") {
            return self.config.set(rest);
        }
        if let Some(rest) = text.strip_prefix("rule:") {
            return self.config.rule(rest.trim());
        }
        let mut words = Words::new(text)?;
        if words.has("feed") {
            self.feed(&mut words)?;
        } else if words.has("roster:") {
            self.roster_changes(&mut words)?;
        } else {
            let who = self.people.take(&mut words)?;
            let doer = Doer { who, at: happening.at, scope: &happening.scope };
            let verb = words.take("what they do")?;
            self.does(&doer, &verb, &mut words)?;
        }
        words.end()
    }

    /// `roster: ana leaves`, or what a `people` line says.
    fn roster_changes(&mut self, words: &mut Words) -> Result<(), Wrong> {
        let mut ahead = words.clone();
        let nick = ahead.take("somebody")?;
        if ahead.has("leaves") {
            *words = ahead;
            return self.people.leave(&nick);
        }
        self.people.describe(words, &self.zones)
    }

    fn does(&mut self, doer: &Doer<'_>, verb: &str, words: &mut Words) -> Result<(), Wrong> {
        match verb {
            "creates" | "starts" => return self.creates(doer, verb == "starts", words),
            "is" => {
                words.expect("out")?;
                return self.absence(&doer.who, words, doer.scope, doer.at);
            }
            "picks" | "answers" | "undoes" => return self.replies(doer, verb, words),
            "accepts" | "declines" if words.has("for") => {
                let action = if verb == "accepts" { Action::Accept } else { Action::Decline };
                let rep = self.people.take(words)?;
                self.reply(doer, action, rep, None);
                return Ok(());
            }
            "adds" | "removes" => return self.guests(doer, verb == "adds", words),
            _ => {}
        }
        match self.meant(doer, words)? {
            Meant::Event(target) => self.changes(doer, verb, target, words),
            Meant::Booking(rep) => self.rebooks(doer, verb, rep, words),
        }
    }

    /// Everything that is done to a meeting or to one instance of it.
    fn changes(
        &mut self,
        doer: &Doer<'_>,
        verb: &str,
        target: Target,
        words: &mut Words,
    ) -> Result<(), Wrong> {
        let at = doer.at;
        match verb {
            "deletes" => self.diary.delete(target, at),
            "cancels" => self.diary.change(target, at).is_cancelled = true,
            "loses" => self.diary.lose(target, &doer.who),
            "regains" => self.diary.regain(target, &doer.who),
            "moves" => {
                words.expect("to")?;
                let start = words.wall(doer.scope)?;
                self.no_series(target)?;
                self.diary.shift(target, start, at);
            }
            "shortens" | "lengthens" => {
                words.expect("to")?;
                let length = words.length().ok_or_else(|| wanted("a length like 15m", words.peek()))?;
                self.diary.change(target, at).length = length;
            }
            "renames" => {
                words.expect("to")?;
                self.diary.change(target, at).title = words.take("a title in quotes")?;
            }
            "puts" => {
                words.expect("in")?;
                self.diary.change(target, at).place = Some(words.take("a room in quotes")?);
            }
            "shows" => {
                words.expect("as")?;
                words.expect("free")?;
                self.diary.change(target, at).is_free = true;
            }
            "accepts" => self.answers(doer, target, "ACCEPTED")?,
            "declines" => self.answers(doer, target, "DECLINED")?,
            "doubts" => self.answers(doer, target, "TENTATIVE")?,
            "ignores" => self.answers(doer, target, "NEEDS-ACTION")?,
            "hands" => {
                words.expect("to")?;
                self.diary.meetings[target.meeting].organizer = self.people.take(words)?;
                self.diary.change(target, at);
            }
            "rewrites" => {
                words.expect("in")?;
                let zone = words.zone(&self.zones).ok_or_else(|| wanted("a zone", words.peek()))?;
                self.diary.meetings[target.meeting].rewrite(zone, at);
            }
            "ends" | "splits" => self.cuts(doer, verb, target, words)?,
            _ => return Err(wanted("something that is done, like `deletes` or `moves`,", Some(verb))),
        }
        Ok(())
    }

    /// A series as a whole keeps its time; it can be split.
    fn no_series(&self, target: Target) -> Result<(), Wrong> {
        if target.instance.is_none() && self.diary.meetings[target.meeting].rule.is_some() {
            return Err(Wrong(
                "a series as a whole is not moved; right would be one instance, or `splits`".to_owned(),
            ));
        }
        Ok(())
    }

    fn answers(&mut self, doer: &Doer<'_>, target: Target, partstat: &'static str) -> Result<(), Wrong> {
        let face = self.diary.change(target, doer.at);
        let guest = face.guests.iter_mut().find(|guest| guest.address == doer.who);
        guest.ok_or_else(|| Wrong("they are not on its list".to_owned()))?.partstat = partstat;
        Ok(())
    }

    /// `ends the series from Thu` and `splits the series from Thu to Fri 15:00`.
    fn cuts(&mut self, doer: &Doer<'_>, verb: &str, target: Target, words: &mut Words) -> Result<(), Wrong> {
        words.expect("from")?;
        let date = words.day(doer.scope)?;
        let series = target.meeting;
        let from = self.diary.meetings[series].on(date, None);
        let from = from.ok_or_else(|| Wrong(format!("the series has no instance on {date}")))?;
        if verb == "ends" {
            self.diary.cut(series, from, doer.at);
            return Ok(());
        }
        words.expect("to")?;
        let to = words.wall(doer.scope)?;
        self.diary.split(series, from, to, doer.at);
        Ok(())
    }

    fn rebooks(&mut self, doer: &Doer<'_>, verb: &str, rep: String, words: &mut Words) -> Result<(), Wrong> {
        let change = match verb {
            "deletes" | "cancels" => BookingChange::Delete,
            "moves" => {
                words.expect("to")?;
                BookingChange::Move(doer.scope.zone.instant(words.wall(doer.scope)?))
            }
            "declines" => {
                self.reply(doer, Action::Decline, rep, None);
                return Ok(());
            }
            _ => return Err(wanted("`moves`, `deletes` or `declines`", Some(verb))),
        };
        self.edits.push(BookingEdit { at: doer.at, rep, change });
        Ok(())
    }

    /// `adds x@y to REF` and `removes ana from REF`.
    fn guests(&mut self, doer: &Doer<'_>, is_added: bool, words: &mut Words) -> Result<(), Wrong> {
        let names = words.take("somebody")?;
        let addresses = self.everyone(&names)?;
        words.expect(if is_added { "to" } else { "from" })?;
        let Meant::Event(target) = self.meant(doer, words)? else {
            return Err(Wrong("nobody is added to what Drumbeat booked".to_owned()));
        };
        let guests = &mut self.diary.change(target, doer.at).guests;
        guests.retain(|guest| !addresses.contains(&guest.address));
        if is_added {
            guests.extend(addresses.into_iter().map(|address| Guest { address, partstat: "NEEDS-ACTION" }));
        }
        Ok(())
    }

    /// `creates "title" Fri 15:00 with ana` and `starts "title" Fri 15:00 with ana` (a series).
    fn creates(&mut self, doer: &Doer<'_>, is_series: bool, words: &mut Words) -> Result<(), Wrong> {
        let title = words.quoted().ok_or_else(|| wanted("a title in quotes", words.peek()))?;
        let start = words.wall(doer.scope)?;
        let days = is_series.then(|| vec![start.weekday()]);
        let length = words.length();
        let zone = words.zone(&self.zones);
        words.expect("with")?;
        let others = words.take("the others, like ana+bo")?;
        let guests: Vec<String> = std::iter::once(doer.who.clone()).chain(self.everyone(&others)?).collect();
        let mut draft = self.draft(Some(title), guests, start, days, words)?;
        draft.length = length.unwrap_or(draft.length);
        draft.zone = zone.unwrap_or(draft.zone);
        draft.organizer.clone_from(&doer.who);
        self.diary.add(draft, doer.at);
        Ok(())
    }

    /// `bo is out Tue until Fri "Vacation"`: an all-day event.
    pub(super) fn absence(
        &mut self,
        who: &str,
        words: &mut Words,
        scope: &Scope,
        at: Moment,
    ) -> Result<(), Wrong> {
        let first = words.day(scope)?;
        let last = if words.has("until") { words.day(scope)? } else { first };
        let days = (last - first).num_days() + 1;
        if days < 1 {
            return Err(Wrong("an absence ends before it begins".to_owned()));
        }
        self.diary.add(
            Draft {
                title: words.quoted().unwrap_or_else(|| "Out of office".to_owned()),
                organizer: who.to_owned(),
                guests: Vec::new(),
                start: first.and_time(NaiveTime::MIN),
                length: TimeDelta::days(days),
                zone: scope.zone.clone(),
                is_all_day: true,
                rule: None,
            },
            at,
        );
        Ok(())
    }

    /// `picks 2 for ana`, `picks series 1 for ana`, `answers not held for ana`, `undoes for ana`.
    fn replies(&mut self, doer: &Doer<'_>, verb: &str, words: &mut Words) -> Result<(), Wrong> {
        let (action, option) = match verb {
            "picks" => {
                let action = if words.has("series") { Action::Series } else { Action::Pick };
                (action, Some(words.must("a number", |word| word.parse().ok())?))
            }
            "undoes" if words.has("series") => (Action::UndoSeries, None),
            "undoes" => (Action::Undo, None),
            _ if words.has("not") => (words.must("`held` or `now`", denial)?, None),
            _ => (words.must("`none`, `met`, `away`, `held`, `not held` or `not now`", answer)?, None),
        };
        let rep = if words.has("for") { self.people.take(words)? } else { doer.who.clone() };
        self.reply(doer, action, rep, option);
        Ok(())
    }

    fn reply(&mut self, doer: &Doer<'_>, action: Action, rep: String, option: Option<usize>) {
        self.replies.push(Reply { at: doer.at, who: doer.who.clone(), action, rep, option });
    }

    /// `the series`, `the Thu instance`, `the 2026-11-19 15:00 instance`, `"title"` or `the booking for ana`; then
    /// perhaps `of "title"` and `with ana`.
    fn meant(&self, doer: &Doer<'_>, words: &mut Words) -> Result<Meant, Wrong> {
        let mut named = Named { title: words.quoted(), ..Named::default() };
        if named.title.is_none() {
            words.expect("the")?;
            if words.has("booking") {
                words.expect("for")?;
                return Ok(Meant::Booking(self.people.take(words)?));
            }
            named.is_series = words.has("series");
            if !named.is_series {
                named.day = Some(words.day(doer.scope)?);
                named.clock = words.maybe(time_of_day);
                words.expect("instance")?;
            }
        }
        if words.has("of") {
            named.title = Some(words.take("a title in quotes")?);
        }
        if words.has("with") {
            named.with = Some(self.people.take(words)?);
        }
        let wrong = match self.named(&doer.who, &named)[..] {
            [target] => return Ok(Meant::Event(target)),
            [] => "they have no such meeting; it is named by its day, its title or who it is with",
            _ => "several meetings are meant; `of \"title\"`, `with SOMEBODY` or a time would name one",
        };
        Err(Wrong(wrong.to_owned()))
    }

    /// Everything in somebody's calendar that a name fits.
    fn named(&self, who: &str, named: &Named) -> Vec<Target> {
        let mut found = Vec::new();
        for (meeting, event) in self.diary.meetings.iter().enumerate() {
            let attends = |who: &String| event.face.guests.iter().any(|guest| guest.address == *who);
            let fits = named.title.as_ref().map_or(event.is_shared(), |title| event.face.title == *title);
            if !event.is_in(who) || !fits || !named.with.as_ref().is_none_or(attends) {
                continue;
            }
            match named.day {
                None if event.rule.is_some() || !named.is_series => {
                    found.push(Target { meeting, instance: None });
                }
                None => {}
                Some(date) => {
                    let instance = event.on(date, named.clock.map(|clock| date.and_time(clock)));
                    found.extend(instance.map(|instance| Target { meeting, instance: Some(instance) }));
                }
            }
        }
        // `with ana` means the meeting of the two, where they have one and no title says otherwise.
        let of_two = |target: &Target| self.diary.meetings[target.meeting].face.guests.len() == 2;
        if named.title.is_none() && named.with.is_some() && found.iter().any(of_two) {
            found.retain(of_two);
        }
        found
    }
}

/// How a line names a meeting.
#[derive(Default)]
struct Named {
    title: Option<String>,
    is_series: bool,
    day: Option<NaiveDate>,
    clock: Option<NaiveTime>,
    with: Option<String>,
}

fn denial(word: &str) -> Option<Action> {
    match word {
        "held" => Some(Action::NotHeld),
        "now" => Some(Action::NotNow),
        _ => None,
    }
}

fn answer(word: &str) -> Option<Action> {
    match word {
        "none" => Some(Action::None),
        "met" => Some(Action::Met),
        "away" => Some(Action::Away),
        "held" => Some(Action::Held),
        _ => None,
    }
}
