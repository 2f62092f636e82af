//! The world of a recording behind the ports: calendars that answer, a mailbox, and a clock that jumps.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::listing::Listings;
use super::overlay::{Booking, laid_over};
use super::recording::{BookingChange, BookingEdit, CalendarName, Recording, Reply, Said, Visible};
use crate::gcal;
use crate::model::fact::Action;
use crate::model::mail::{Mail, Method};
use crate::model::people::{CalendarId, PersonId};
use crate::model::zone::{Moment, Zones};
use crate::ports::{Answer, Bookings, Calendars, Clock, Error, ErrorKind, Later, Mailer, Validators};

/// What goes wrong with a mail, for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFault {
    /// The server is busy (4xx of SMTP): nothing was sent.
    Busy,
    /// The server took it, but its answer was lost.
    AnswerLost,
    /// Our credentials were refused: nothing was sent.
    Denied,
}

/// What goes wrong with the insertion of an event, for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingFault {
    /// The calendar is busy (5xx): nothing was done.
    Busy,
    /// The event was made, but the answer was lost.
    AnswerLost,
    /// The event was made, the answer was lost, and somebody deleted it before the next try.
    LostAndDeleted,
    /// The calendar may not be written: nothing was done.
    Denied,
}

/// A made-up world. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct World(Rc<RefCell<Inside>>);

#[derive(Debug)]
struct Inside {
    now: Moment,
    zones: Zones,
    visible: Visible,
    calendars: BTreeMap<CalendarName, BTreeMap<Moment, Said>>,
    listings: BTreeMap<CalendarName, Listings>,
    names: BTreeMap<CalendarId, CalendarName>,
    /// What people will yet do to bookings, in order.
    ahead: VecDeque<Deed>,
    bookings: Vec<Booking>,
    sent: Vec<(Moment, Mail)>,
    fetches: u64,
    mail_faults: VecDeque<MailFault>,
    booking_faults: VecDeque<BookingFault>,
    refused: BTreeSet<String>,
    deferred: BTreeSet<String>,
    fetch_faults: BTreeMap<CalendarName, VecDeque<String>>,
}

#[derive(Debug)]
enum Deed {
    Declines(Reply),
    Edits(BookingEdit),
}

impl Deed {
    fn at(&self) -> Moment {
        match self {
            Self::Declines(reply) => reply.at,
            Self::Edits(edit) => edit.at,
        }
    }
}

impl World {
    /// The recording's world at its beginning. Which calendar is whose is said later: [`World::name`].
    pub fn new(recording: &Recording, zones: Zones) -> Self {
        let declines = recording.replies.iter().filter(|reply| reply.action == Action::Decline).cloned();
        let mut ahead: Vec<Deed> =
            declines.map(Deed::Declines).chain(recording.edits.iter().cloned().map(Deed::Edits)).collect();
        ahead.sort_by_key(Deed::at);
        Self(Rc::new(RefCell::new(Inside {
            now: recording.from,
            zones,
            visible: recording.visible,
            calendars: recording.calendars.clone(),
            listings: recording
                .calendars
                .iter()
                .map(|(name, answers)| (name.clone(), Listings::read(answers)))
                .collect(),
            names: BTreeMap::new(),
            ahead: ahead.into(),
            bookings: Vec::new(),
            sent: Vec::new(),
            fetches: 0,
            mail_faults: VecDeque::new(),
            booking_faults: VecDeque::new(),
            refused: BTreeSet::new(),
            deferred: BTreeSet::new(),
            fetch_faults: BTreeMap::new(),
        })))
    }

    /// Says whose calendar each number is, in place of what was said before: again after a new roster.
    pub fn name(&self, names: BTreeMap<CalendarId, CalendarName>) {
        self.0.borrow_mut().names = names;
    }

    /// Turns the clock, forward or back.
    pub fn set(&self, now: Moment) {
        self.0.borrow_mut().now = now;
    }

    /// The first instant after `after` at which some calendar answers differently, as far as is known now.
    pub fn next_change(&self, after: Moment) -> Option<Moment> {
        let inside = self.0.borrow();
        let answers = inside.calendars.values().flat_map(BTreeMap::keys).copied();
        let shown = inside.bookings.iter().filter_map(|booking| booking.shown);
        answers.chain(shown).chain(inside.ahead.iter().map(Deed::at)).filter(|at| *at > after).min()
    }

    /// Every mail the server took, in order.
    pub fn sent(&self) -> Vec<(Moment, Mail)> {
        self.0.borrow().sent.clone()
    }

    /// How often a calendar was asked.
    pub fn fetches(&self) -> u64 {
        self.0.borrow().fetches
    }

    /// The next mails meet these faults, one each.
    pub fn break_mail(&self, faults: impl IntoIterator<Item = MailFault>) {
        self.0.borrow_mut().mail_faults.extend(faults);
    }

    /// The next insertions meet these faults, one each.
    pub fn break_bookings(&self, faults: impl IntoIterator<Item = BookingFault>) {
        self.0.borrow_mut().booking_faults.extend(faults);
    }

    /// Every event and invitation of ours so far, by UID, and whether it still stands.
    pub fn booked(&self) -> Vec<(String, bool)> {
        self.0.borrow().bookings.iter().map(|booking| (booking.uid.clone(), !booking.gone)).collect()
    }

    /// Mails to this address are refused for now, and for as long as the world stands.
    pub fn defer(&self, address: &str) {
        self.0.borrow_mut().deferred.insert(address.to_lowercase());
    }

    /// Mails to this address are refused for good.
    pub fn refuse(&self, address: &str) {
        self.0.borrow_mut().refused.insert(address.to_lowercase());
    }

    /// The next answers of a calendar are these failures (the words of an `.error` file), one each.
    pub fn break_calendar(&self, name: CalendarName, words: impl IntoIterator<Item = String>) {
        self.0.borrow_mut().fetch_faults.entry(name).or_default().extend(words);
    }

    /// The inside, with everything done that people did up to now.
    fn at_now(&self) -> RefMut<'_, Inside> {
        let mut inside = self.0.borrow_mut();
        while inside.ahead.front().is_some_and(|deed| deed.at() <= inside.now) {
            if let Some(deed) = inside.ahead.pop_front() {
                inside.happen(&deed);
            }
        }
        inside
    }
}

impl Inside {
    fn happen(&mut self, deed: &Deed) {
        let rep = match deed {
            Deed::Declines(reply) => &reply.rep,
            Deed::Edits(edit) => &edit.rep,
        };
        let at = deed.at();
        let standing = |booking: &&mut Booking| {
            !booking.gone && booking.invites(rep) && booking.start.is_none_or(|start| start > at)
        };
        let Some(booking) = self.bookings.iter_mut().rev().find(standing) else { return };
        match deed {
            Deed::Declines(reply) => booking.answer(&reply.who, "DECLINED"),
            Deed::Edits(BookingEdit { change: BookingChange::Delete, .. }) => booking.cancel(),
            Deed::Edits(BookingEdit { change: BookingChange::Move(to), .. }) => {
                booking.shift(*to, &self.zones);
            }
        }
    }

    fn answer(&mut self, id: CalendarId, known: Option<&Validators>) -> Result<Answer, Error> {
        self.fetches += 1;
        let Some(name) = self.names.get(&id) else {
            return Err(Error::new(ErrorKind::NotFound, "404", "the made-up world has no such calendar"));
        };
        if let Some(word) = self.fetch_faults.get_mut(name).and_then(VecDeque::pop_front) {
            return failure(&word, self.now);
        }
        let newest = self.calendars.get(name).and_then(|answers| answers.range(..=self.now).next_back());
        let Some((since, said)) = newest else {
            return Err(Error::new(
                ErrorKind::NotFound,
                "404",
                "the made-up world's calendar says nothing yet",
            ));
        };
        let seen: Vec<&Booking> = self.bookings.iter().filter(|booking| self.shows(booking, name)).collect();
        let bytes = match said {
            Said::Error(word) => return failure(word, *since),
            Said::Json(_) => {
                let token = known.and_then(|known| known.token.as_ref());
                let listing = self.listings.get(name);
                let answer = listing.and_then(|said| said.answer(self.now, token, &seen, &name.address));
                let torn = || Error::new(ErrorKind::Transient, "torn", "the made-up calendar says no JSON");
                return answer.ok_or_else(torn);
            }
            Said::Ics(bytes) => bytes,
        };
        let version: u32 = seen.iter().map(|booking| booking.version).sum();
        let etag = format!("\"{}-{}-{version}\"", since.timestamp(), seen.len());
        if known.is_some_and(|known| known.etag.as_ref() == Some(&etag)) {
            return Ok(Answer::Unchanged);
        }
        let bytes =
            if seen.is_empty() { bytes.clone() } else { laid_over(bytes, *since, &seen, &self.zones) };
        Ok(Answer::Feed {
            bytes,
            validators: Validators { etag: Some(etag), modified: None, ..Validators::default() },
        })
    }

    fn shows(&self, booking: &Booking, name: &CalendarName) -> bool {
        name.nth == 1
            && booking.shown.is_some_and(|shown| shown <= self.now)
            && booking.invites(&name.address)
    }

    /// Somebody's own address, as the calendars name it.
    fn address(&self, whose: PersonId) -> Result<String, Error> {
        let name = self.names.get(&CalendarId::first(whose));
        name.map(|name| name.address.clone()).ok_or_else(no_event)
    }

    fn insert(&mut self, whose: PersonId, body: &[u8]) -> Result<Vec<u8>, Error> {
        let owner = self.address(whose)?;
        let invalid = || Error::new(ErrorKind::Invalid, "400", "the made-up calendar takes no such event");
        let (event, mark) = gcal::inserted(body, &owner, &self.zones).ok_or_else(invalid)?;
        let booking = Booking::inserted(&event, mark, self.now, &self.zones).ok_or_else(invalid)?;
        if self.bookings.iter().any(|known| known.id() == booking.id()) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "409",
                "the made-up calendar has an event of that id",
            ));
        }
        let item = booking.item(&owner).ok_or_else(invalid)?;
        self.bookings.push(booking);
        Ok(item.to_string().into_bytes())
    }

    /// The same with whatever goes wrong.
    fn try_insert(&mut self, whose: PersonId, body: &[u8]) -> Result<Vec<u8>, Error> {
        let lost = || Error::new(ErrorKind::Transient, "timeout", "the made-up calendar's answer was lost");
        match self.booking_faults.pop_front() {
            None => self.insert(whose, body),
            Some(BookingFault::Busy) => {
                Err(Error::new(ErrorKind::Transient, "503", "the made-up calendar is busy"))
            }
            Some(BookingFault::Denied) => {
                Err(Error::new(ErrorKind::Denied, "forbidden", "the made-up calendar may not be written"))
            }
            Some(BookingFault::AnswerLost) => self.insert(whose, body).and_then(|_| Err(lost())),
            Some(BookingFault::LostAndDeleted) => {
                self.insert(whose, body)?;
                if let Some(booking) = self.bookings.last_mut() {
                    booking.cancel();
                }
                Err(lost())
            }
        }
    }

    fn booking(&mut self, id: &str) -> Result<&mut Booking, Error> {
        self.bookings.iter_mut().find(|known| known.id() == id).ok_or_else(no_event)
    }

    fn take(&mut self, mail: &Mail) {
        self.sent.push((self.now, mail.clone()));
        let Some(invitation) = &mail.invitation else { return };
        let shown = match self.visible {
            Visible::AtOnce => Some(self.now),
            Visible::After(wait) => Some(self.now + wait),
            Visible::Never => None,
        };
        let Some(booking) = Booking::from(mail, self.now, shown, &self.zones) else { return };
        let before = self.bookings.iter_mut().find(|known| known.uid == booking.uid);
        match (invitation.method, before) {
            (Method::Request, Some(known)) => known.replace(booking),
            (Method::Request, None) => self.bookings.push(booking),
            (Method::Cancel, Some(known)) => known.cancel(),
            (Method::Cancel, None) => {}
        }
    }

    fn send(&mut self, mail: &Mail) -> Result<(), Error> {
        if self.refused.contains(&mail.to_address.to_lowercase()) {
            return Err(Error::new(ErrorKind::Invalid, "550", "the made-up server refuses this recipient"));
        }
        if self.deferred.contains(&mail.to_address.to_lowercase()) {
            return Err(Error::new(
                ErrorKind::Deferred,
                "452",
                "the made-up server says that this mailbox is full",
            ));
        }
        match self.mail_faults.pop_front() {
            Some(MailFault::Busy) => {
                Err(Error::new(ErrorKind::Transient, "451", "the made-up server is busy; try again later"))
            }
            Some(MailFault::Denied) => {
                Err(Error::new(ErrorKind::Denied, "535", "the made-up server refuses our credentials"))
            }
            Some(MailFault::AnswerLost) => {
                self.take(mail);
                Err(Error::new(ErrorKind::Transient, "timeout", "the made-up server's answer was lost"))
            }
            None => {
                self.take(mail);
                Ok(())
            }
        }
    }
}

/// A page as a proxy or a login puts it in a feed's place.
const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";

fn failure(word: &str, since: Moment) -> Result<Answer, Error> {
    let kind = match word {
        "html" => {
            let etag = Some(format!("\"html-{}\"", since.timestamp()));
            return Ok(Answer::Feed {
                bytes: PAGE.into(),
                validators: Validators { etag, modified: None, ..Validators::default() },
            });
        }
        "410" => ErrorKind::TokenGone,
        "404" => ErrorKind::NotFound,
        "401" | "403" => ErrorKind::Denied,
        "429" => ErrorKind::RateLimited,
        _ => ErrorKind::Transient,
    };
    Err(Error::new(kind, word, format!("the made-up calendar answers {word}")))
}

impl Clock for World {
    fn now(&self) -> Moment {
        self.0.borrow().now
    }

    fn sleep_until(&self, at: Moment) -> Later<'_, ()> {
        Box::pin(async move {
            let mut inside = self.0.borrow_mut();
            inside.now = inside.now.max(at);
        })
    }
}

impl Calendars for World {
    fn fetch<'a>(
        &'a self,
        calendar: CalendarId,
        known: Option<&'a Validators>,
    ) -> Later<'a, Result<Answer, Error>> {
        Box::pin(async move { self.at_now().answer(calendar, known) })
    }
}

impl Bookings for World {
    fn insert<'a>(&'a self, whose: PersonId, event: &'a [u8]) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { self.at_now().try_insert(whose, event) })
    }

    fn read<'a>(&'a self, whose: PersonId, id: &'a str) -> Later<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let mut inside = self.at_now();
            let owner = inside.address(whose)?;
            let item = inside.booking(id)?.item(&owner).ok_or_else(no_event)?;
            Ok(item.to_string().into_bytes())
        })
    }

    fn delete<'a>(&'a self, _: PersonId, id: &'a str, etag: &'a str) -> Later<'a, Result<(), Error>> {
        Box::pin(async move { self.at_now().booking(id)?.delete(etag) })
    }
}

fn no_event() -> Error {
    Error::new(ErrorKind::NotFound, "404", "the made-up calendar has no such event")
}

impl Mailer for World {
    fn send<'a>(&'a self, mail: &'a Mail) -> Later<'a, Result<(), Error>> {
        Box::pin(async move { self.at_now().send(mail) })
    }
}

#[cfg(test)]
mod tests;
