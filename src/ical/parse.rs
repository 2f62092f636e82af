//! Text → events: the stack of components, and what a whole feed comes to.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Draft, Field, Outcome};
use super::lines::{self, Line, Lines};
use super::problem::{Problem, Problems};
use super::property::{Property, text};
use super::zone::Lookup;
use super::{Limits, series, value, vtimezone};
use crate::model::event::{Event, When};
use crate::model::zone::{Rules, Zone, Zones};

/// What came instead of, or as, a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A calendar, or pieces of one.
    Calendar,
    /// A page for people: a login form, an error.
    Html,
    /// Nothing but white space.
    Empty,
    /// Something else.
    Other,
}

/// What was read from a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it is at all.
    pub kind: Shape,
    /// Whether every VCALENDAR reached its END; a feed for which this is false may have lost events.
    pub whole: bool,
    /// METHOD in capitals, if it is a scheduling message (RFC 5546).
    pub method: Option<String>,
    /// X-WR-TIMEZONE: the zone for times without one.
    pub zone_name: Option<String>,
    /// X-WR-CALNAME: what the calendar calls itself.
    pub name: Option<String>,
    /// The events, in the order of the feed.
    pub events: Vec<Event>,
    /// Its VTIMEZONEs by TZID.
    pub zones: BTreeMap<String, Rules>,
    /// What was wrong with it.
    pub problems: Problems,
    /// UIDs of VEVENTs that were set aside: nothing may be concluded from their absence.
    pub aside: BTreeSet<String>,
    /// How many VEVENTs there were, those set aside included.
    pub vevents: usize,
}

/// Reads a feed; never fails, and never reads past a limit.
pub fn parse(bytes: &[u8], limits: &Limits) -> Parsed {
    let within = &bytes[..bytes.len().min(limits.bytes)];
    let plain = lines::without_mark(within);
    let mut reader = Reader::new(limits);
    if within.len() < bytes.len() {
        reader.out.problems.add(0, Problem::BytesLimit);
    }
    let mut buffer = Vec::new();
    for line in Lines::new(&plain) {
        if !reader.line(line, &mut buffer) {
            break;
        }
    }
    reader.finish(&plain)
}

/// A component that is open.
#[derive(Debug)]
enum Level {
    Calendar,
    Event(Box<Draft>),
    Timezone(Box<vtimezone::Draft>),
    Observance,
    /// One that is passed over, by its name in capitals.
    Other(Vec<u8>),
}

impl Level {
    fn is(&self, name: &[u8]) -> bool {
        match self {
            Self::Calendar => name == b"VCALENDAR",
            Self::Event(_) => name == b"VEVENT",
            Self::Timezone(_) => name == b"VTIMEZONE",
            Self::Observance => matches!(name, b"STANDARD" | b"DAYLIGHT"),
            Self::Other(own) => own == name,
        }
    }

    /// Whether it is a component of RFC 5545 other than the calendar itself.
    fn is_part(&self) -> bool {
        match self {
            Self::Calendar => false,
            Self::Event(_) | Self::Timezone(_) | Self::Observance => true,
            Self::Other(name) => matches!(name.as_slice(), b"VTODO" | b"VJOURNAL" | b"VFREEBUSY" | b"VALARM"),
        }
    }
}

/// A property's name in capitals, without an allocation; longer names are of no interest.
struct Name([u8; 40], usize);

impl Name {
    fn new(name: &[u8]) -> Option<Self> {
        let name = name.trim_ascii();
        let mut upper = [0; 40];
        upper.get_mut(..name.len())?.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Some(Self(upper, name.len()))
    }

    fn as_bytes(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

struct Reader<'l> {
    limits: &'l Limits,
    stack: Vec<Level>,
    /// Components open beyond the depth limit, which are not on the stack.
    too_deep: usize,
    components: usize,
    /// VCALENDARs that were begun, and that reached their END.
    begun: usize,
    ended: usize,
    /// Events whose length waits for the zones: index, DTEND.
    waiting: Vec<(usize, When)>,
    out: Parsed,
}

impl<'l> Reader<'l> {
    fn new(limits: &'l Limits) -> Self {
        let out = Parsed {
            kind: Shape::Other,
            whole: false,
            method: None,
            zone_name: None,
            name: None,
            events: Vec::new(),
            zones: BTreeMap::new(),
            problems: Problems::default(),
            aside: BTreeSet::new(),
            vevents: 0,
        };
        let stack = Vec::with_capacity(limits.depth);
        Self { limits, stack, too_deep: 0, components: 0, begun: 0, ended: 0, waiting: Vec::new(), out }
    }

    fn problem(&mut self, line: usize, problem: Problem) {
        self.out.problems.add(line, problem);
    }

    /// Takes a line in; false when nothing more shall be read.
    fn line(&mut self, line: Line<'_>, buffer: &mut Vec<u8>) -> bool {
        let Some(name) = line.name(buffer) else {
            self.problem(line.number, Problem::Line);
            return true;
        };
        let Some(name) = Name::new(name) else { return true };
        match name.as_bytes() {
            b"BEGIN" => return self.begin(line, buffer),
            b"END" => self.end(line, buffer),
            name if self.too_deep == 0 && self.wants(name) => self.property(name, line, buffer),
            _ => {}
        }
        true
    }

    fn wants(&self, name: &[u8]) -> bool {
        match self.stack.last() {
            Some(Level::Event(_)) => Field::of(name).is_some(),
            Some(Level::Observance) => vtimezone::Draft::wants(name),
            Some(Level::Timezone(_)) => name == b"TZID",
            Some(Level::Calendar) => matches!(name, b"METHOD" | b"X-WR-TIMEZONE" | b"X-WR-CALNAME"),
            Some(Level::Other(_)) | None => false,
        }
    }

    fn begin(&mut self, line: Line<'_>, buffer: &mut Vec<u8>) -> bool {
        let name = component(line, buffer);
        self.components += 1;
        if self.components > self.limits.components {
            self.problem(line.number, Problem::ComponentsLimit);
            return false;
        }
        self.close_unended(&name, line.number);
        if self.stack.len() >= self.limits.depth {
            self.problem(line.number, Problem::DepthLimit);
            self.too_deep += 1;
            return true;
        }
        let level = match (name.as_slice(), self.stack.last_mut()) {
            (b"VCALENDAR", _) => {
                self.begun += 1;
                Level::Calendar
            }
            (b"VEVENT", _) => {
                self.out.vevents += 1;
                Level::Event(Box::new(Draft::new(line.number)))
            }
            (b"VTIMEZONE", _) => Level::Timezone(Box::new(vtimezone::Draft::new(line.number))),
            (b"STANDARD" | b"DAYLIGHT", Some(Level::Timezone(zone))) => {
                zone.begin_observance();
                Level::Observance
            }
            _ => Level::Other(name),
        };
        self.stack.push(level);
        true
    }

    /// A component that stands in a calendar alone ends whatever else is open: the END of that one is missing.
    /// Of unknown components that is said only when they are nested too deep.
    fn close_unended(&mut self, name: &[u8], line: usize) {
        let is_deep = self.stack.len() >= self.limits.depth;
        let ends = |level: &Level| match name {
            b"VCALENDAR" => true,
            b"VEVENT" | b"VTODO" | b"VJOURNAL" | b"VFREEBUSY" | b"VTIMEZONE" => {
                level.is_part() || is_deep && !matches!(level, Level::Calendar)
            }
            _ => false,
        };
        while self.stack.last().is_some_and(ends) {
            self.too_deep = 0;
            self.problem(line, Problem::Nesting);
            self.close();
        }
    }

    fn end(&mut self, line: Line<'_>, buffer: &mut Vec<u8>) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let name = component(line, buffer);
        let Some(at) = self.stack.iter().rposition(|level| level.is(&name)) else {
            return self.problem(line.number, Problem::Nesting);
        };
        while self.stack.len() > at + 1 {
            self.problem(line.number, Problem::Nesting);
            self.close();
        }
        self.ended += usize::from(name == b"VCALENDAR");
        self.close();
    }

    /// Closes the innermost component.
    fn close(&mut self) {
        match self.stack.pop() {
            Some(Level::Event(draft)) => match draft.finish(&mut self.out.problems) {
                Outcome::Given(event, end) => {
                    self.waiting.extend(end.map(|end| (self.out.events.len(), end)));
                    self.out.events.push(*event);
                }
                Outcome::Aside(uid) if uid.is_empty() => {}
                Outcome::Aside(uid) => {
                    self.out.aside.insert(uid);
                }
            },
            Some(Level::Timezone(draft)) => self.timezone(&draft),
            Some(Level::Calendar | Level::Observance | Level::Other(_)) | None => {}
        }
    }

    fn timezone(&mut self, draft: &vtimezone::Draft) {
        if super::zone::is_named(&draft.name) {
            // The machine's data is newer than any feed's, so the feed's is not even compiled.
            return;
        }
        if self.out.zones.len() >= self.limits.zones {
            return self.problem(draft.line, Problem::ZonesLimit);
        }
        match draft.compiled() {
            Some(rules) if !draft.name.is_empty() => {
                self.out.zones.insert(draft.name.clone(), rules);
            }
            _ => self.problem(draft.line, Problem::Timezone),
        }
    }

    fn property(&mut self, name: &[u8], line: Line<'_>, buffer: &mut Vec<u8>) {
        if line.size() > self.limits.line_bytes {
            return self.problem(line.number, Problem::LineLimit);
        }
        let Some(property) = self.read(line, buffer) else {
            return self.problem(line.number, Problem::Line);
        };
        let taken = match self.stack.last_mut() {
            Some(Level::Event(draft)) => {
                Field::of(name).map_or(Ok(()), |field| draft.take(field, &property, self.limits))
            }
            Some(Level::Timezone(zone)) => {
                property.value.trim().clone_into(&mut zone.name);
                Ok(())
            }
            Some(Level::Observance) => {
                self.observance(name, &property);
                Ok(())
            }
            _ => {
                self.calendar(name, &property);
                Ok(())
            }
        };
        if let Err(problem) = taken {
            self.problem(line.number, problem);
        }
    }

    fn read(&mut self, line: Line<'_>, buffer: &mut Vec<u8>) -> Option<Property> {
        let (mut text, is_foreign) = lines::decoded(line.unfolded(buffer));
        if is_foreign {
            self.out.problems.add(line.number, Problem::Charset);
        }
        let is_control = |c: char| c.is_ascii_control() && c != '\t';
        if text.contains(is_control) {
            self.out.problems.add(line.number, Problem::Control);
            text = text.replace(is_control, "").into();
        }
        let (property, is_saved) = Property::read(&text)?;
        if is_saved {
            self.out.problems.add(line.number, Problem::Parameter);
        }
        Some(property)
    }

    fn observance(&mut self, name: &[u8], property: &Property) {
        if let [.., Level::Timezone(zone), Level::Observance] = self.stack.as_mut_slice() {
            zone.take(name, property);
        }
    }

    fn calendar(&mut self, name: &[u8], property: &Property) {
        let value = text(property.value.trim()).into_owned();
        match name {
            b"METHOD" => self.out.method = Some(value.to_ascii_uppercase()),
            b"X-WR-CALNAME" => self.out.name = Some(value),
            _ => self.out.zone_name = Some(value),
        }
    }

    fn finish(mut self, plain: &[u8]) -> Parsed {
        let is_cut = self.begun == 0 || self.ended < self.begun;
        while !self.stack.is_empty() {
            self.close();
        }
        self.set_lengths();
        self.out.kind = shape(self.begun > 0 || self.out.vevents > 0, plain);
        self.out.whole = !is_cut && self.out.problems.count(Problem::ComponentsLimit) == 0;
        self.out.whole &= self.out.problems.count(Problem::BytesLimit) == 0;
        if self.out.kind == Shape::Calendar && is_cut {
            self.out.problems.add(0, Problem::CutOff);
        }
        self.out.events.shrink_to_fit();
        self.out
    }

    /// The lengths of events that end in another zone than they start in.
    fn set_lengths(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        // The compiled-in data will do: an event over two zones whose rules changed this year is rare.
        let (zones, default) = (Zones::bundled(), Zone::utc());
        let lookup = Lookup { zones: &zones, custom: &self.out.zones, default: &default };
        for (index, end) in std::mem::take(&mut self.waiting) {
            let event = &mut self.out.events[index];
            let length = series::instant(&end, &lookup) - series::instant(&event.start, &lookup);
            match value::bounded(length) {
                Some(length) => event.length = length,
                None => self.out.problems.add(0, Problem::Length),
            }
        }
    }
}

/// The name of the component that a BEGIN or END is about, in capitals.
fn component(line: Line<'_>, buffer: &mut Vec<u8>) -> Vec<u8> {
    let bytes = line.unfolded(buffer);
    let at = bytes.iter().position(|b| *b == b':').map_or(bytes.len(), |at| at + 1);
    bytes[at..].trim_ascii().to_ascii_uppercase()
}

fn shape(is_calendar: bool, plain: &[u8]) -> Shape {
    match plain.trim_ascii_start().first() {
        _ if is_calendar => Shape::Calendar,
        None => Shape::Empty,
        Some(b'<') => Shape::Html,
        Some(_) => Shape::Other,
    }
}
