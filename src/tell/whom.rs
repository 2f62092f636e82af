//! Whom somebody means: an address, an alias, or a part of a name.

use std::collections::BTreeMap;

use crate::model::directory::Directory;
use crate::model::people::{PersonId, Roster};

/// Most people that are listed where a name fits several.
const LISTED: usize = 10;

/// The one person who is meant.
///
/// # Errors
/// A clause with what was typed and what would be right: nobody is like that, or several are.
pub fn whom(text: &str, roster: &Roster, directory: &Directory) -> Result<PersonId, String> {
    let wanted = text.trim().to_lowercase();
    if let Some(id) = roster.by_address(&wanted).or_else(|| directory.by_address(&wanted)) {
        return Ok(id);
    }
    let listed = directory.iter().map(|(id, listed)| (id, (listed.name.as_str(), listed.address.as_str())));
    let people = roster.people().map(|person| (person.id, (person.name.as_str(), person.address.as_str())));
    let known: BTreeMap<PersonId, (&str, &str)> = listed.chain(people).collect();
    // A whole name before one of its words, and that before any part: "Leo" is Leo, though there is a Cleo.
    let ways: [fn(&str, &str) -> bool; 3] = [
        |name, wanted| name == wanted,
        |name, wanted| name.split_whitespace().any(|word| word == wanted),
        |name, wanted| name.contains(wanted),
    ];
    let found = ways.into_iter().filter(|_| !wanted.is_empty()).map(|fits| {
        known.iter().filter(|(_, (name, _))| fits(&name.to_lowercase(), &wanted)).collect::<Vec<_>>()
    });
    let found = found.into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    match found.as_slice() {
        [(id, _)] => Ok(**id),
        [] => Err(format!(
            "failed to find {text:?}: no address and no part of a name in the roster is like that"
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .take(LISTED)
                .map(|(_, (name, address))| format!("  {name} <{address}>"))
                .collect();
            Err(format!("failed to tell who {text:?} is, give an address:\n{}", names.join("\n")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_address_and_by_part_of_a_name() {
        let mut directory = Directory::default();
        directory.insert(PersonId(1), "ana@example.com", "Ana Alves");
        directory.insert(PersonId(2), "anatol@example.com", "Anatol Berg");
        directory.insert(PersonId(3), "holidays 1", "");
        let check = |text: &str, wanted: Result<u32, &str>| {
            let got = whom(text, &Roster::default(), &directory).map(|id| id.0);
            match (got, wanted) {
                (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{text}"),
                (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{error}"),
                (got, wanted) => panic!("{text}: {got:?}, not {wanted:?}"),
            }
        };
        check("ana@example.com", Ok(1));
        check(" ANA@example.com", Ok(1));
        check("alves", Ok(1));
        check("ana", Ok(1));
        check("anatol berg", Ok(2));
        check("an", Err("  Ana Alves <ana@example.com>\n  Anatol Berg <anatol@example.com>"));
        check("zoe", Err("no address and no part of a name"));
        check("", Err("no address and no part of a name"));
    }
}
