//! Who is behind a number: records name people by number alone, and this puts names back when they are printed.

use std::collections::BTreeMap;

use super::people::PersonId;

/// What is kept of a person beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Their address, lower case.
    pub address: String,
    /// Their name.
    pub name: String,
}

/// The table from numbers to addresses and names, as a value. A number that was forgotten is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    listed: BTreeMap<PersonId, Listed>,
    by_address: BTreeMap<String, PersonId>,
}

impl Directory {
    /// Lists somebody; what was said of that number before is replaced.
    pub fn insert(&mut self, id: PersonId, address: &str, name: &str) {
        self.remove(id);
        self.by_address.insert(address.to_owned(), id);
        self.listed.insert(id, Listed { address: address.to_owned(), name: name.to_owned() });
    }

    /// Takes somebody out.
    pub fn remove(&mut self, id: PersonId) {
        if let Some(listed) = self.listed.remove(&id) {
            self.by_address.remove(&listed.address);
        }
    }

    /// What is known of a number.
    pub fn get(&self, id: PersonId) -> Option<&Listed> {
        self.listed.get(&id)
    }

    /// The number of an address (lower case).
    pub fn by_address(&self, address: &str) -> Option<PersonId> {
        self.by_address.get(address).copied()
    }

    /// A name to print: `person-7` where nothing is known of number 7 (any more).
    pub fn name(&self, id: PersonId) -> String {
        self.get(id).map_or_else(|| format!("person-{id}"), |listed| listed.name.clone())
    }

    /// Everybody in order of number.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, &Listed)> {
        self.listed.iter().map(|(id, listed)| (*id, listed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_until_they_are_removed() {
        let mut directory = Directory::default();
        directory.insert(PersonId(7), "ana@example.com", "Ana");
        directory.insert(PersonId(7), "ana.b@example.com", "Ana B");
        assert_eq!(directory.name(PersonId(7)), "Ana B");
        assert_eq!(directory.by_address("ana@example.com"), None, "an address that was replaced");
        assert_eq!(directory.by_address("ana.b@example.com"), Some(PersonId(7)));
        directory.remove(PersonId(7));
        assert_eq!(directory.name(PersonId(7)), "person-7");
        assert_eq!(directory.by_address("ana.b@example.com"), None);
    }
}
