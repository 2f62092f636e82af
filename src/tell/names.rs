//! Who people are to a reader, made fit for a header, a sentence and a terminal.

use crate::model::directory::Directory;
use crate::model::people::{CalendarId, PersonId, Roster};
use crate::model::zone::Zone;

/// Longest name that is printed, in characters; what is longer is cut.
const NAME_MOST: usize = 60;
/// Longest address that is printed, in characters (RFC 5321, 4.5.3.1.3).
const ADDRESS_MOST: usize = 254;

/// A person as a reader knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Where mail reaches them.
    pub address: String,
    /// Their name; may be empty.
    pub name: String,
    /// What one calls them; may be empty.
    pub first_name: String,
    /// Where they live.
    pub zone: Zone,
}

/// Who is behind a number. Somebody who was forgotten is nobody.
pub trait People {
    /// The person of this number, where they are still known.
    fn get(&self, id: PersonId) -> Option<Addressee>;
}

impl<F: Fn(PersonId) -> Option<Addressee>> People for F {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        self(id)
    }
}

impl People for Roster {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        self.get(id).map(|person| Addressee {
            address: person.address.clone(),
            name: person.name.clone(),
            first_name: person.first_name().to_owned(),
            zone: person.zone.clone(),
        })
    }
}

/// Those of the table of numbers, as somebody to write to; times in this zone.
pub struct Listed<'a>(pub &'a Directory, pub &'a Zone);

impl People for Listed<'_> {
    fn get(&self, id: PersonId) -> Option<Addressee> {
        self.0.get(id).map(|listed| Addressee {
            address: listed.address.clone(),
            name: listed.name.clone(),
            first_name: listed.name.split_whitespace().next().unwrap_or_default().to_owned(),
            zone: self.1.clone(),
        })
    }
}

/// The full name; the address of somebody without one; `person 7` of somebody unknown. A name that is written from
/// right to left is set apart, so that what follows it keeps its place.
pub fn name(people: &dyn People, id: PersonId) -> String {
    set_apart(plain_name(people, id))
}

/// The same for where nothing follows: headers and calendars.
pub fn plain_name(people: &dyn People, id: PersonId) -> String {
    let known = people.get(id).map(|person| {
        let name = clean(&person.name, NAME_MOST);
        if name.is_empty() { clean(&person.address, ADDRESS_MOST) } else { name }
    });
    known.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("person {id}"))
}

/// What one calls them; the full name of somebody without one.
pub fn first_name(people: &dyn People, id: PersonId) -> String {
    let first = people.get(id).map(|person| clean(&person.first_name, NAME_MOST));
    set_apart(first.filter(|name| !name.is_empty()).unwrap_or_else(|| plain_name(people, id)))
}

/// Between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode UAX 9), where it runs from right to left.
fn set_apart(name: String) -> String {
    let is_rtl = |c: char| matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}');
    if name.contains(is_rtl) { format!("\u{2068}{name}\u{2069}") } else { name }
}

/// The address; `person-7` of somebody unknown.
pub fn address(people: &dyn People, id: PersonId) -> String {
    let known = people.get(id).map(|person| clean(&person.address, ADDRESS_MOST));
    known.filter(|address| !address.is_empty()).unwrap_or_else(|| format!("person-{id}"))
}

/// A calendar: its owner's address; `address#2` for a second one.
pub fn calendar(people: &dyn People, calendar: CalendarId) -> String {
    let address = address(people, calendar.owner);
    if calendar.nth > 1 { format!("{address}#{}", calendar.nth) } else { address }
}

/// Where they live; universal time for somebody unknown.
pub fn zone(people: &dyn People, id: PersonId) -> Zone {
    people.get(id).map_or_else(Zone::utc, |person| person.zone)
}

/// Names as in a sentence: `Ana`, `Ana and Bo`, `Ana, Bo and 3 more`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// Text from outside as one line of at most `most` characters: no line breaks and other controls, nothing that
/// turns the direction of writing around.
pub fn clean(text: &str, most: usize) -> String {
    // Longer input is cut before it is worked on: the cost is bounded by what is printed.
    let shown: String = text
        .chars()
        .take(most * 4)
        .filter(|c| !is_bidi_control(*c))
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    cut(&shown.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// At most `most` characters of a text that is clean already.
pub fn cut(line: &str, most: usize) -> String {
    if line.chars().count() <= most {
        return line.to_owned();
    }
    line.chars().take(most - 3).collect::<String>().trim_end().to_owned() + "..."
}

/// Characters that turn what follows around; isolates, which end where they are said to, are not among them.
pub fn turns_text_around(c: char) -> bool {
    is_bidi_control(c) && !matches!(c, '\u{2068}' | '\u{2069}')
}

/// Characters that only steer the direction of writing, and can make a line read as another.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_fit_for_one_line() {
        let check = |text: &str, want: &str| assert_eq!(clean(text, 12), want);
        check("Ana Alves", "Ana Alves");
        check("  Ana \t Alves ", "Ana Alves");
        check("Ana\r\nBcc: x", "Ana Bcc: x");
        check("A\u{202e}evil\u{2066}", "Aevil");
        check("a\u{2028}b\u{0}c", "a b c");
        check("Maximiliane Mustermann", "Maximilia...");
        check(&"x".repeat(10_000), "xxxxxxxxx...");
        check("\u{1f600}\u{1f600}", "\u{1f600}\u{1f600}");
    }

    #[test]
    fn lists_read_as_sentences() {
        let check = |names: &[&str], want: &str| {
            assert_eq!(list(&names.iter().map(ToString::to_string).collect::<Vec<_>>()), want);
        };
        check(&[], "");
        check(&["Ana"], "Ana");
        check(&["Ana", "Bo"], "Ana and Bo");
        check(&["Ana", "Bo", "Cy"], "Ana, Bo and Cy");
        check(&["Ana", "Bo", "Cy", "Di", "Ed"], "Ana, Bo and 3 more");
    }
}
