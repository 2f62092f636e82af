#!/usr/bin/env python3
"""A made-up company of twenty and its calendars, around the present: twelve weeks back, four ahead.

Usage: company.py list               names, addresses and feed addresses
       company.py write DIR          writes the calendars below DIR
       company.py cancel DIR PERSON  takes that person's next 1-on-1 of this week out of both calendars
       company.py accept DIR MAIL    puts the invitation of a mail into the calendars of those invited, who say yes
       company.py serve DIR PORT     serves DIR on the loopback

Two teams are at Google: feeds with attendees. One is at Exchange: published calendars, which list nobody. The
company lives where it is now morning, so that a week has hours left whenever this is run; see `Place`.
"""

import email
import email.policy
import functools
import hashlib
import json
import os
import random
import re
import sys
from collections import namedtuple
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

DOMAIN = "birchwood.example"
CALENDARS = f"http://calendar.{DOMAIN}"
WEEKS_BACK, WEEKS_AHEAD = 12, 4
# So many weeks ago somebody came.
NEW_SINCE = 5
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

# Where the company may live, the liked ones first, as Exchange calls it, too.
ZONES = {
    "Europe/Berlin": "W. Europe Standard Time",
    "Europe/Helsinki": "FLE Standard Time",
    "Europe/London": "GMT Standard Time",
    "America/New_York": "Eastern Standard Time",
    "America/Los_Angeles": "Pacific Standard Time",
    "Pacific/Honolulu": "Hawaiian Standard Time",
    "Pacific/Auckland": "New Zealand Standard Time",
    "Australia/Sydney": "AUS Eastern Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
    "Asia/Kolkata": "India Standard Time",
}

# Manager by key; without a start: they came a few weeks ago; `weekly`: how often the two meet; `away`: on leave.
Person = namedtuple("Person", "key name manager start kind weekly away", defaults=("google", 1, False))
PEOPLE = [
    Person("ada", "Ada Lindqvist", None, "2015-03-02"),
    Person("ben", "Ben Okafor", "ada", "2018-09-03"),
    Person("lena", "Lena Fischer", "ben", "2021-02-01"),
    Person("marco", "Marco Bianchi", "ben", "2020-06-15"),
    Person("priya", "Priya Nair", "ben", "2022-11-07"),
    Person("tom", "Tom Keller", "ben", "2019-04-01"),
    Person("yuki", "Yuki Tanaka", "ben", "2023-08-14"),
    Person("zoe", "Zoe Martin", "ben", "2021-10-04"),
    Person("carla", "Carla Moreno", "ada", "2017-01-09"),
    Person("felix", "Felix Braun", "carla", "2020-03-02"),
    Person("grace", "Grace Adeyemi", "carla", "2022-05-02"),
    Person("jonas", "Jonas Weber", "carla", None, "google", 2),
    Person("nina", "Nina Kowalska", "carla", "2021-07-19"),
    Person("sam", "Sam O'Brien", "carla", "2019-11-11", "google", 1, True),
    Person("dan", "Dan Whitfield", "ada", "2016-05-17", "exchange"),
    Person("hugo", "Hugo Laurent", "dan", "2022-01-10", "exchange"),
    Person("iris", "Iris Novak", "dan", "2020-09-21", "exchange"),
    Person("ken", "Ken Sato", "dan", "2018-02-05", "exchange"),
    Person("rita", "Rita Gomes", "dan", "2023-03-13", "exchange"),
    Person("uwe", "Uwe Brandt", "dan", "2021-05-03", "exchange"),
]
BY_KEY = {person.key: person for person in PEOPLE}
ROOM = ("c_1889f3@resource.calendar.google.com", "Linden (4 seats)")
BOT = ("fred@fireflies.ai", "Fireflies Notetaker")
CUSTOMERS = ["Halden AG", "Norrsken", "Quarry & Sons", "Bluefin Foods", "Atlas Rail", "Meridian Labs"]


def address(key):
    return f"{key}@{DOMAIN}"


def token(*words):
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def feed(person):
    """Where their calendar is, below the server and below the folder."""
    secret = token("feed", person.key)
    if person.kind == "google":
        return f"ical/{address(person.key)}/private-{secret[:16]}/basic.ics"
    return f"owa/calendar/{secret[:12]}@{DOMAIN}/{secret[12:28]}/calendar.ics"


def feed_url(person):
    return f"{CALENDARS}/{feed(person).replace('@', '%40')}"


class Place:
    """Where and when the company works: as on any day where that leaves hours of this week, else at the weekend, too."""

    def __init__(self, now):
        mornings = [name for name in ZONES if time(8) <= now.astimezone(ZoneInfo(name)).time() < time(14)]
        weekdays = [name for name in mornings if now.astimezone(ZoneInfo(name)).weekday() < 5]
        self.name = (weekdays or mornings)[0]
        self.zone = ZoneInfo(self.name)
        self.now = now.astimezone(self.zone).replace(tzinfo=None)
        self.days = 5 if weekdays else 7
        self.hours = f"Mon-{'Fri' if self.days == 5 else 'Sun'} 08:00-18:00"
        self.monday = self.now.date() - timedelta(days=self.now.weekday())
        # A session in the afternoon of the last working day is ahead, whenever this is.
        self.last = self.days - 1


@dataclass
class Meeting:
    """A meeting, or a series of them; times are local."""

    title: str
    start: datetime
    minutes: int
    people: list
    every: int = 0
    exdates: list = field(default_factory=list)
    moved: dict = field(default_factory=dict)
    declined: dict = field(default_factory=dict)
    others: tuple = ()
    is_private: bool = False
    is_all_day: bool = False
    of: str = ""

    def uid(self):
        return token(self.title, self.start.isoformat() if not self.every else "series", *self.people)

    def starts(self):
        """When each instance was to begin."""
        at = self.start
        last = self.start + timedelta(weeks=WEEKS_BACK + WEEKS_AHEAD)
        while at <= last:
            yield at
            if not self.every:
                return
            at += timedelta(weeks=self.every)


def company(anchor, cancelled):
    """All meetings. `cancelled`: (whose, start) of 1-on-1s that were taken out since."""
    place = Place(anchor)
    first = place.monday - timedelta(weeks=WEEKS_BACK)
    meetings = []

    def on(week, day, hour, minute=0):
        return datetime.combine(first + timedelta(weeks=week, days=day), time(hour, minute))

    def one_on_one(rep, day, hour, nth=0):
        names = sorted([BY_KEY[rep.manager].name.split()[0], rep.name.split()[0]])
        title = {"ada": " <> ".join(names) + " weekly", "ben": " / ".join(names) + " 1:1", "carla": " & ".join(names),
                 # As everybody calls him: no name of the roster.
                 "dan": "1:1 " + " / ".join(names).replace("Dan", "Danny")}[rep.manager]
        title += " (ramp-up)" if nth else ""
        # Whoever is new has theirs since they came.
        begins = 0 if rep.start else WEEKS_BACK - NEW_SINCE
        found = Meeting(title, on(begins, day, hour), 30, [rep.manager, rep.key], 1, of=rep.key)
        if rep.key in ("marco", "grace"):
            found.others = (ROOM,)
        if rep.key in ("yuki", "nina"):
            found.others = (BOT,)
        if rep.key == "tom":
            # Two who meet every other week, as a senior may.
            found.every = 2
        past(found, rep)
        found.exdates += [start for whose, start in cancelled if whose == rep.key and start in found.starts()]
        meetings.append(found)

    def past(meeting, rep):
        """What became of it in the weeks before this one: the same for each run."""
        dice = random.Random(f"{rep.key} {meeting.title}")
        for start in meeting.starts():
            if start.date() >= place.monday:
                continue
            cast = dice.random()
            if cast < 0.10:
                meeting.exdates.append(start)
            elif cast < 0.22:
                days = 1 if start.weekday() < 4 else -1
                meeting.moved[start] = start + timedelta(days=days, minutes=30)
            elif cast < 0.27:
                meeting.declined[start] = dice.choice(meeting.people)
            elif cast < 0.30:
                meeting.moved[start] = start + timedelta(weeks=1, hours=1)

    teams = {}
    for person in PEOPLE:
        teams.setdefault(person.manager, []).append(person)
    # Of Ben's team the last is on the last working day: theirs can be cancelled whenever this is.
    slots = {
        "ada": [(0, 11), (1, 14), (2, 15)],
        "ben": [(0, 10), (1, 9), (1, 16), (2, 10), (3, 11), (place.last, 16)],
        "carla": [(0, 14), (1, 10), (2, 9), (3, 15), (3, 9)],
        "dan": [(0, 9), (1, 11), (2, 13), (3, 10), (3, 14)],
    }
    for manager, team in teams.items():
        for person, (day, hour) in zip(team, slots.get(manager, [])):
            one_on_one(person, day, hour)
            if person.weekly == 2:
                one_on_one(person, min(day + 2, place.last), hour, 1)
    for manager in ["ben", "carla", "dan"]:
        team = [manager, *(person.key for person in teams[manager])]
        meetings.append(Meeting("Team meeting", on(0, 0, 13), 45, team, 1))
        meetings.append(Meeting("Forecast call", on(0, 2, 16), 45, ["ada", manager], 1, others=(ROOM, ("cfo@" + DOMAIN, "Paul Reyes"))))
    # Two people, each week, and no 1-on-1.
    meetings.append(Meeting("Pipeline review Halden", on(0, 1, 15), 30, ["carla", "nina"], 1))
    meetings.append(Meeting("Quarterly planning", on(WEEKS_BACK - 4, 3, 13), 120, ["ada", "ben", "carla", "dan"]))
    dice = random.Random("customers")
    for week in range(WEEKS_BACK + WEEKS_AHEAD):
        for person in PEOPLE[1:]:
            day, hour = dice.randrange(4), dice.choice([8, 12, 17])
            customer = dice.choice(CUSTOMERS)
            guest = ("buyer@" + "".join(filter(str.isalnum, customer.lower())) + ".example", customer)
            meetings.append(Meeting(f"{customer}: demo", on(week, day, hour), 45, [person.key], others=(guest,)))
        private = dice.choice(PEOPLE[1:])
        meetings.append(Meeting("Dentist", on(week, dice.randrange(4), 8, 30), 30, [private.key], is_private=True))
    meetings.append(Meeting("Driving lesson", on(0, 3, 17), 60, ["uwe"], 1, is_private=True))
    meetings.append(Meeting("Vacation", on(WEEKS_BACK - 6, 0, 0), 5 * 24 * 60, ["felix"], is_all_day=True))
    meetings.append(Meeting("Vacation", on(WEEKS_BACK + 3, 0, 0), 5 * 24 * 60, ["lena"], is_all_day=True))
    return place, meetings


class Calendar:
    """One person's calendar as text."""

    def __init__(self, place, person, stamp):
        self.place, self.person, self.stamp = place, person, stamp
        self.lines = []
        self.tzid = place.name if person.kind == "google" else ZONES[place.name]

    def put(self, line):
        data = line.encode()
        while len(data) > 75:
            cut = 75
            while data[cut] & 0xC0 == 0x80:
                cut -= 1
            self.lines.append(data[:cut])
            data = b" " + data[cut:]
        self.lines.append(data)

    def text(self, meetings, accepted):
        is_google = self.person.kind == "google"
        self.put("BEGIN:VCALENDAR")
        if is_google:
            name = address(self.person.key)
            head = ["PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
                    f"X-WR-CALNAME:{name}", f"X-WR-TIMEZONE:{self.place.name}"]
        else:
            head = ["METHOD:PUBLISH", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0", "X-WR-CALNAME:Calendar"]
        for line in head:
            self.put(line)
        self.zone()
        for meeting in meetings:
            if self.person.key in meeting.people:
                self.meeting(meeting)
        for line in "\n".join(accepted).splitlines():
            self.put(line)
        self.put("END:VCALENDAR")
        return b"\r\n".join([*self.lines, b""])

    def zone(self):
        """The zone with the rules of this year."""
        year = self.place.now.year
        hours = (datetime(year, 1, 1, tzinfo=timezone.utc) + timedelta(hours=n) for n in range(366 * 24))
        changes = [(before, after) for before, after in pairs(at.astimezone(self.place.zone) for at in hours)
                   if before.utcoffset() != after.utcoffset()]
        self.put("BEGIN:VTIMEZONE")
        self.put(f"TZID:{self.tzid}")
        epoch = "1970" if self.person.kind == "google" else "1601"
        for before, after in changes:
            kind = "DAYLIGHT" if after.dst() else "STANDARD"
            wall = (after.replace(tzinfo=None) - after.utcoffset() + before.utcoffset())
            nth = -1 if (after + timedelta(days=7)).month != after.month else (after.day - 1) // 7 + 1
            self.part(kind, f"{epoch}0101T{wall:%H%M%S}", before, after,
                      f"RRULE:FREQ=YEARLY;BYMONTH={after.month};BYDAY={nth}{DAYS[after.weekday()]}")
        if not changes:
            here = self.place.now.replace(tzinfo=self.place.zone)
            self.part("STANDARD", f"{epoch}0101T000000", here, here, None)
        self.put("END:VTIMEZONE")

    def part(self, kind, start, before, after, rule):
        lines = [f"BEGIN:{kind}", f"DTSTART:{start}", f"TZOFFSETFROM:{before:%z}", f"TZOFFSETTO:{after:%z}"]
        for line in [*lines, *([rule] if rule else []), f"END:{kind}"]:
            self.put(line)

    def time(self, name, at):
        self.put(f"{name};TZID={self.tzid}:{at:%Y%m%dT%H%M%S}")

    def meeting(self, meeting):
        self.event(meeting, meeting.start, None)
        for rid, start in sorted(meeting.moved.items()):
            self.event(meeting, start, rid)
        for rid in sorted(meeting.declined):
            self.event(meeting, rid, rid)

    def event(self, meeting, start, rid):
        is_google = self.person.kind == "google"
        end = start + timedelta(minutes=meeting.minutes)
        self.put("BEGIN:VEVENT")
        if meeting.is_all_day:
            self.put(f"DTSTART;VALUE=DATE:{start:%Y%m%d}")
            self.put(f"DTEND;VALUE=DATE:{end:%Y%m%d}")
        else:
            self.time("DTSTART", start)
            self.time("DTEND", end)
        if meeting.every and rid is None:
            every = f";INTERVAL={meeting.every}" if meeting.every > 1 or not is_google else ""
            week = "" if is_google else ";WKST=MO"
            self.put(f"RRULE:FREQ=WEEKLY{every};BYDAY={DAYS[meeting.start.weekday()]}{week}")
            for at in sorted(set(meeting.exdates)):
                self.time("EXDATE", at)
        if rid is not None:
            self.time("RECURRENCE-ID", rid)
        self.put(f"DTSTAMP:{self.stamp:%Y%m%dT%H%M%SZ}")
        if is_google:
            self.google(meeting, rid)
        else:
            self.exchange(meeting, rid)
        self.put("END:VEVENT")

    def google(self, meeting, rid):
        created = meeting.start - timedelta(days=9, hours=3)
        # An exception was made the day before.
        changed = rid - timedelta(days=1, hours=2) if rid else created
        if len(meeting.people) > 1 or meeting.others:
            host = BY_KEY[meeting.people[0]]
            self.put(f"ORGANIZER;CN={host.name}:mailto:{address(host.key)}")
        self.put(f"UID:{meeting.uid()[:26]}@google.com")
        if len(meeting.people) > 1 or meeting.others:
            for key in meeting.people:
                said = "DECLINED" if meeting.declined.get(rid) == key else "ACCEPTED"
                self.put(f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={said};CN={BY_KEY[key].name}"
                         f";X-NUM-GUESTS=0:mailto:{address(key)}")
            for mail, name in meeting.others:
                kind = "RESOURCE" if (mail, name) == ROOM else "INDIVIDUAL"
                self.put(f"ATTENDEE;CUTYPE={kind};ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=\"{name}\";X-NUM-GUESTS=0:mailto:{mail}")
        if len(meeting.people) > 1:
            link = token("meet", meeting.uid())
            self.put(f"X-GOOGLE-CONFERENCE:https://meet.google.com/{link[:3]}-{link[3:7]}-{link[7:10]}")
        if meeting.is_private:
            self.put("CLASS:PRIVATE")
        for line in [f"CREATED:{created:%Y%m%dT%H%M%SZ}", "DESCRIPTION:", f"LAST-MODIFIED:{changed:%Y%m%dT%H%M%SZ}",
                     f"LOCATION:{ROOM[1] if ROOM in meeting.others else ''}", f"SEQUENCE:{int(rid is not None)}",
                     "STATUS:CONFIRMED", f"SUMMARY:{meeting.title}",
                     f"TRANSP:{'OPAQUE' if not meeting.is_all_day or meeting.title == 'Vacation' else 'TRANSPARENT'}"]:
            self.put(line)

    def exchange(self, meeting, rid):
        """A published calendar: who is invited and who said no is not in it."""
        title = "Private Appointment" if meeting.is_private else meeting.title
        for line in [f"UID:040000008200E00074C5B7101A82E008{meeting.uid()[:48].upper()}", f"SUMMARY:{title}",
                     f"CLASS:{'PRIVATE' if meeting.is_private else 'PUBLIC'}", "PRIORITY:5", "TRANSP:OPAQUE", "STATUS:CONFIRMED",
                     f"SEQUENCE:{int(rid is not None)}", "LOCATION:", "X-MICROSOFT-CDO-APPT-SEQUENCE:0",
                     "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE",
                     "X-MICROSOFT-CDO-IMPORTANCE:1", f"X-MICROSOFT-CDO-INSTTYPE:{3 if rid else int(bool(meeting.every))}",
                     "X-MICROSOFT-DISALLOW-COUNTER:FALSE"]:
            self.put(line)


def pairs(items):
    before = None
    for item in items:
        if before is not None:
            yield before, item
        before = item


class Memory:
    """What was written and done in a folder."""

    def __init__(self, folder):
        self.folder, self.path = folder, folder / "company.json"
        if self.path.exists():
            known = json.loads(self.path.read_text())
        else:
            known = {"now": datetime.now(timezone.utc).isoformat(), "cancelled": [], "accepted": []}
        self.now = datetime.fromisoformat(known["now"])
        self.cancelled = [(whose, datetime.fromisoformat(start)) for whose, start in known["cancelled"]]
        self.accepted = known["accepted"]

    def company(self):
        return company(self.now, self.cancelled)

    def write(self):
        """Writes all calendars; what did not change keeps its date."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({
            "now": self.now.isoformat(), "accepted": self.accepted,
            "cancelled": [(whose, start.isoformat()) for whose, start in self.cancelled],
        }))
        place, meetings = self.company()
        for person in PEOPLE:
            accepted = [event for event in self.accepted if f"mailto:{address(person.key)}" in event]
            text = Calendar(place, person, self.now).text(meetings, accepted)
            path = self.folder / "www" / feed(person)
            if path.exists() and path.read_bytes() == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".new").write_bytes(text)
            os.replace(path.with_suffix(".new"), path)

    def cancel(self, who):
        """Takes out the next one of this week."""
        place, meetings = self.company()
        now = datetime.now(place.zone).replace(tzinfo=None)
        sunday = place.monday + timedelta(days=6)
        ahead = [start for meeting in meetings if meeting.of == who for start in meeting.starts()
                 if start > now and start.date() <= sunday and start not in meeting.exdates and start not in meeting.moved]
        if not ahead:
            sys.exit(f"{who} has no 1-on-1 left this week")
        self.cancelled.append((who, min(ahead)))
        self.write()
        print(f"{min(ahead):%A, %H:%M}")

    def accept(self, mail):
        """As a calendar at Google has it once everybody has said yes."""
        for part in email.message_from_bytes(mail, policy=email.policy.default).walk():
            if part.get_content_type() == "text/calendar":
                text = re.sub(r"\r?\n[ \t]", "", part.get_content())
                event = re.search(r"(?s)BEGIN:VEVENT.*?END:VEVENT", text)[0]
                self.accepted.append(re.sub(r"PARTSTAT=[A-Z-]+", "PARTSTAT=ACCEPTED", event))
                return self.write()
        sys.exit("no invitation in it")


class Server(SimpleHTTPRequestHandler):
    extensions_map = {".ics": "text/calendar; charset=utf-8"}

    def log_message(self, *_):
        pass


def main(words):
    match words:
        case ["list"]:
            for person in PEOPLE:
                print(person.name, address(person.key), feed_url(person), sep="\t")
        case ["write", folder]:
            Memory(Path(folder)).write()
        case ["cancel", folder, who]:
            Memory(Path(folder)).cancel(who.split("@")[0])
        case ["accept", folder, mail]:
            Memory(Path(folder)).accept(Path(mail).read_bytes())
        case ["serve", folder, port]:
            handler = functools.partial(Server, directory=Path(folder) / "www")
            # All calendars may be asked at once.
            ThreadingHTTPServer.request_queue_size = 128
            ThreadingHTTPServer(("127.0.0.1", int(port)), handler).serve_forever()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
