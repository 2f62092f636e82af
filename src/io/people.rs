//! The table from numbers to addresses and names, beside the ledger: `people.csv`.
//!
//! In use it only grows, and rows are synced before their numbers are given out, since a record that names a
//! number nobody knows could not be undone. `forget` alone rewrites it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::directory::Directory;
use crate::model::ledger::Seq;
use crate::model::people::PersonId;
use crate::ports::{Error, ErrorKind};

const COLUMNS: [&str; 3] = ["number", "address", "name"];

/// One row of the file; a forgotten person's has no address and no name.
type Row = (u32, String, String);

/// The open table.
#[derive(Debug)]
pub struct PeopleTable {
    path: PathBuf,
    file: File,
    length: u64,
    directory: Directory,
    /// Every number that was ever given out, so that none is given out twice.
    numbers: BTreeSet<u32>,
    /// The failure that ended it.
    failed: Option<Error>,
}

impl PeopleTable {
    /// Opens the table. Where there is none an empty one is made, but only beside a ledger without records
    /// (`last` is its newest): the numbers in them would be given out again, to others. A last line without an
    /// end, torn by a crash before its number was given out, is cut; anything else that cannot be read is
    /// `Invalid`.
    pub fn open(path: &Path, last: Seq) -> Result<Self, Error> {
        let unusable = |cause| Error::disk("open", path, &cause);
        if !path.exists() {
            if last > 0 {
                let message = format!(
                    "{} is missing, and the ledger names people by its numbers: bring it back from a backup",
                    path.display()
                );
                return Err(Error::new(ErrorKind::NotFound, "no_people", message));
            }
            write_anew(path, &[]).map_err(unusable)?;
        }
        let file = OpenOptions::new().append(true).open(path).map_err(unusable)?;
        let mut bytes = std::fs::read(path).map_err(unusable)?;
        let whole = whole_lines(&bytes);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(unusable)?;
            bytes.truncate(whole);
        }
        // What a process that died left unsynced must be durable before its numbers are used again.
        file.sync_data().map_err(unusable)?;
        let mut table = Self {
            path: path.to_owned(),
            file,
            length: whole as u64,
            directory: Directory::default(),
            numbers: BTreeSet::new(),
            failed: None,
        };
        for row in parse(path, &bytes)? {
            table.take(&row);
        }
        Ok(table)
    }

    /// Reads the names alone, without making or changing anything: for commands that run beside the daemon.
    pub fn read(path: &Path) -> Result<Directory, Error> {
        let bytes = std::fs::read(path).map_err(|cause| Error::disk("read", path, &cause))?;
        let mut directory = Directory::default();
        for row in parse(path, &bytes[..whole_lines(&bytes)])? {
            apply(&mut directory, &row);
        }
        Ok(directory)
    }

    /// Who is behind the numbers.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The number of somebody, a new one if the address is new; a changed name is noted.
    pub fn number(&mut self, address: &str, name: &str) -> Result<PersonId, Error> {
        let numbers = self.numbers(&[(address, name)])?;
        numbers.first().copied().ok_or_else(|| invalid(&self.path, "gave no number"))
    }

    /// The numbers of many, in their order, with one sync for all: (address, name).
    pub fn numbers(&mut self, people: &[(&str, &str)]) -> Result<Vec<PersonId>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let (mut ids, mut added) = (Vec::new(), Vec::new());
        let mut directory = self.directory.clone();
        let mut next = self.numbers.last().map_or(1, |last| last + 1);
        for (address, name) in people {
            let (address, name) = (one_line(address).to_lowercase(), one_line(name));
            let known = directory.by_address(&address);
            let id = known.unwrap_or(PersonId(next));
            if known.is_none() {
                next += 1;
            }
            if directory.get(id).is_none_or(|listed| listed.name != name) {
                directory.insert(id, &address, &name);
                added.push((id.0, address, name));
            }
            ids.push(id);
        }
        self.append(&added)?;
        Ok(ids)
    }

    /// Blanks somebody's rows, so that nothing here tells any more who the number was; the number stays taken.
    pub fn forget(&mut self, id: PersonId) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.numbers.contains(&id.0) {
            let message = format!("forget person {id}: {} has no such number", self.path.display());
            return Err(Error::new(ErrorKind::NotFound, "no_person", message));
        }
        self.directory.remove(id);
        let rows: Vec<Row> = self
            .numbers
            .iter()
            .map(|number| {
                let listed = self.directory.get(PersonId(*number));
                listed.map_or((*number, String::new(), String::new()), |listed| {
                    (*number, listed.address.clone(), listed.name.clone())
                })
            })
            .collect();
        let written = write_anew(&self.path, &rows);
        (self.file, self.length) = written.map_err(|cause| self.fail("rewrite", &cause))?;
        Ok(())
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let bytes = lines(rows).map_err(|cause| self.fail("append to", &cause))?;
        if let Err(cause) = self.file.write_all(&bytes).and_then(|()| self.file.sync_data()) {
            // As in the ledger: what was not acknowledged shall not be found at the next start.
            let _ = self.file.set_len(self.length);
            return Err(self.fail("append to", &cause));
        }
        self.length += bytes.len() as u64;
        for row in rows {
            self.take(row);
        }
        Ok(())
    }

    fn take(&mut self, row: &Row) {
        self.numbers.insert(row.0);
        apply(&mut self.directory, row);
    }

    fn fail(&mut self, doing: &str, cause: &io::Error) -> Error {
        let mut error = Error::disk(doing, &self.path, cause);
        error.kind = ErrorKind::Fatal;
        self.failed = Some(error.clone());
        error
    }
}

fn apply(directory: &mut Directory, (number, address, name): &Row) {
    if address.is_empty() {
        directory.remove(PersonId(*number));
    } else {
        directory.insert(PersonId(*number), address, name);
    }
}

/// How many bytes are whole lines; NULs are what a file system may leave of a write that lost power.
fn whole_lines(bytes: &[u8]) -> usize {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes[..written].iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

/// A row is a line, so that a torn one can be told.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn lines(rows: &[Row]) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Writes the table under another name and puts it in place; returns the new file and its length in bytes.
fn write_anew(path: &Path, rows: &[Row]) -> io::Result<(File, u64)> {
    let unfinished = path.with_extension("csv.tmp");
    let bytes = [format!("{}\n", COLUMNS.join(",")).into_bytes(), lines(rows)?].concat();
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())?;
    Ok((file, bytes.len() as u64))
}

/// All rows, in order; a later one for the same number replaces an earlier one. Errors name the line, never
/// what is in it.
fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Row>, Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    if reader.headers().map_err(|_| invalid(path, "is not a table in UTF-8"))? != COLUMNS[..] {
        return Err(invalid(path, "must begin with the line \"number,address,name\""));
    }
    let mut owners = Directory::default();
    let mut rows = Vec::new();
    for (line, row) in (2..).zip(reader.deserialize()) {
        let row: Row = row.map_err(|_| {
            invalid(path, &format!("line {line} is not a number, an address and a name, separated by commas"))
        })?;
        if owners.by_address(&row.1).is_some_and(|owner| owner.0 != row.0) {
            return Err(invalid(path, &format!("line {line} gives an address a second number")));
        }
        apply(&mut owners, &row);
        rows.push(row);
    }
    Ok(rows)
}

fn invalid(path: &Path, problem: &str) -> Error {
    Error::new(ErrorKind::Invalid, "people", format!("{} {problem}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("people.csv")
        }

        fn open(&self) -> PeopleTable {
            PeopleTable::open(&self.path(), 0).expect("opens")
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.path()).expect("is there")
        }
    }

    fn ids(numbers: &[u32]) -> Vec<PersonId> {
        numbers.iter().map(|number| PersonId(*number)).collect()
    }

    #[test]
    fn numbers_are_given_once_and_kept() {
        let place = Place::new();
        let mut table = place.open();
        let people = [("ana@x.com", "Ana"), ("bo@x.com", "Bo, \"the\"\nboss"), ("Ana@X.com", "Ana")];
        assert_eq!(table.numbers(&people), Ok(ids(&[1, 2, 1])));
        assert_eq!(table.number("ana@x.com", "Ana B"), Ok(PersonId(1)), "a changed name");
        assert_eq!(place.text().lines().count(), 4, "a header, two people and one change");
        let mut table = place.open();
        assert_eq!(table.directory().name(PersonId(1)), "Ana B");
        assert_eq!(table.directory().name(PersonId(2)), "Bo, \"the\" boss");
        assert_eq!(table.number("cy@x.com", "Cy"), Ok(PersonId(3)));
        assert_eq!(PeopleTable::read(&place.path()).as_ref(), Ok(table.directory()));
    }

    #[test]
    fn the_forgotten_leave_a_number_that_stays_taken() {
        let place = Place::new();
        let mut table = place.open();
        table.numbers(&[("ana@x.com", "Ana"), ("bo@x.com", "Bo")]).expect("numbers");
        table.number("bo@x.com", "Bo B").expect("a changed name");
        table.forget(PersonId(2)).expect("forgets");
        assert_eq!(place.text(), "number,address,name\n1,ana@x.com,Ana\n2,,\n");
        assert_eq!(table.directory().name(PersonId(2)), "person-2");
        assert_eq!(table.number("bo@x.com", "Bo"), Ok(PersonId(3)), "who comes back is somebody new");
        let table = place.open();
        assert_eq!((table.directory().name(PersonId(2)), table.directory().name(PersonId(3))), {
            ("person-2".to_owned(), "Bo".to_owned())
        });
        let unknown = place.open().forget(PersonId(9)).map_err(|error| error.kind);
        assert_eq!(unknown, Err(ErrorKind::NotFound));
    }

    #[test]
    fn a_torn_last_line_is_cut_and_its_number_given_again() {
        for torn in ["2,bo@x.co", "2,\"bo", "\0\0\0\0", "2,bo\0\0"] {
            let place = Place::new();
            place.open().number("ana@x.com", "Ana").expect("a number");
            std::fs::write(place.path(), place.text() + torn).expect("torn");
            assert_eq!(place.open().number("cy@x.com", "Cy"), Ok(PersonId(2)), "{torn:?}");
            assert_eq!(place.text(), "number,address,name\n1,ana@x.com,Ana\n2,cy@x.com,Cy\n", "{torn:?}");
        }
    }

    #[test]
    fn a_table_that_makes_no_sense_is_refused_without_telling_whom_it_lists() {
        for (text, problem) in [
            ("", "must begin with the line"),
            ("name,number\n", "must begin with the line"),
            ("number,address,name\nx,secret@x.com,Ana\n", "line 2 is not a number"),
            ("number,address,name\n1,secret@x.com\n", "line 2 is not a number"),
            ("number,address,name\n1,secret@x.com,A\n2,secret@x.com,A\n", "line 3 gives an address a second"),
        ] {
            let place = Place::new();
            std::fs::write(place.path(), text).expect("written");
            let error = PeopleTable::open(&place.path(), 0).expect_err("is refused");
            assert_eq!(error.kind, ErrorKind::Invalid);
            assert!(error.message.contains(problem) && !error.message.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_missing_table_is_made_only_for_a_new_ledger() {
        let place = Place::new();
        let missing = PeopleTable::open(&place.path(), 1).map(drop).map_err(|error| error.kind);
        assert_eq!((missing, place.path().exists()), (Err(ErrorKind::NotFound), false));
        place.open();
        PeopleTable::open(&place.path(), 1).expect("is there now");
    }

    #[test]
    fn the_table_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let place = Place::new();
        let mut table = place.open();
        let mode = || place.path().metadata().expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        table.number("ana@x.com", "Ana").expect("a number");
        table.forget(PersonId(1)).expect("forgets");
        assert_eq!(mode(), 0o600);
    }
}
