//! What the documents promise is there: links, headings, files, metrics, verdicts, the head of the changelog.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Where absolute paths may lead; any other means something on one machine only. The last four are our own pages.
const EVERYWHERE: [&str; 9] = ["dev", "etc", "usr", "var", "run", "p", "c", "r", "u"];

/// The documents beside `docs/`.
const AT_THE_TOP: [&str; 4] = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Those at the top and all of `docs/`, with their text.
fn documents() -> Vec<(PathBuf, String)> {
    let docs = ["docs", "docs/man"].into_iter().flat_map(files_in);
    let files = docs.chain(AT_THE_TOP.map(PathBuf::from));
    files.map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

/// The files of a folder, without those of folders in it.
fn files_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

fn found<'a>(pattern: &str, text: &'a str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for (file, text) in documents() {
        let folder = file.parent().unwrap_or(Path::new(""));
        for link in found(r"\]\(([^)#\s]+)[^)]*\)", &text) {
            if !link.starts_with("https://") && !folder.join(link).exists() {
                wrong.push(format!("{}: there is no {link}", file.display()));
            }
        }
    }
    report(&wrong);
}

/// The names under which headings can be linked to, as they are made where Markdown is shown.
fn anchors(text: &str) -> BTreeSet<String> {
    let name = |heading: &str| {
        let kept =
            heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.flat_map(char::to_lowercase).collect::<String>().replace(' ', "-")
    };
    found(r"(?m)^#{1,6} (.+)$", text).into_iter().map(name).collect()
}

#[test]
fn links_lead_to_headings_that_are_there() {
    let mut wrong = Vec::new();
    for (file, text) in documents() {
        let folder = file.parent().unwrap_or(Path::new(""));
        for link in found(r"\]\(([^)\s]*#[^)\s]*)\)", &text) {
            let Some((page, heading)) = link.split_once('#').filter(|(page, _)| !page.contains("://")) else {
                continue;
            };
            let page = if page.is_empty() { file.clone() } else { folder.join(page) };
            if !fs::read_to_string(&page).is_ok_and(|text| anchors(&text).contains(heading)) {
                wrong.push(format!("{}: there is no {link}", file.display()));
            }
        }
    }
    report(&wrong);
}

#[test]
fn metrics_that_are_named_exist() {
    let code = fs::read_to_string("src/run/admin.rs").unwrap();
    let families = r#"(?:Family::(?:one|by)\(|gauge\(|counter\(|\bname:)\s*"([a-z_]+)""#;
    let there: BTreeSet<&str> = found(families, &code).into_iter().collect();
    assert!(there.contains("ready") && there.contains("mails_total"), "{there:?}");

    let examples = files_in("docs/examples").into_iter();
    let examples = examples.map(|file| (file.clone(), fs::read_to_string(file).unwrap()));
    let mut wrong = Vec::new();
    for (file, text) in documents().into_iter().chain(examples) {
        for name in found(r"\bdrumbeat_([a-z][a-z_]*)", &text) {
            if !there.contains(name) {
                wrong.push(format!("{}: there is no metric drumbeat_{name}", file.display()));
            }
        }
    }
    report(&wrong);
}

#[test]
fn every_alert_says_what_to_do() {
    let rules = fs::read_to_string("docs/examples/alerts.yml").unwrap();
    let count = |word: &str| rules.matches(word).count();
    let alerts = count("- alert: ");
    assert!(alerts >= 10, "{alerts}");
    assert_eq!((count(" summary: "), count(" description: ")), (alerts, alerts));
}

#[test]
fn files_that_are_named_exist() {
    let pattern = r"`((?:src|tests|docs|scripts|systemd|benches|packaging)/[\w./-]*)`";
    let mut wrong = Vec::new();
    for (file, text) in documents() {
        for named in found(pattern, &text) {
            if !Path::new(named).exists() {
                wrong.push(format!("{}: there is no {named}", file.display()));
            }
        }
    }
    report(&wrong);
}

#[test]
fn scripts_of_the_readme_are_there_and_run() {
    use std::os::unix::fs::PermissionsExt;
    let readme = fs::read_to_string("README.md").unwrap();
    let scripts = found(r"(?m)^(scripts/\S+)", &readme);
    assert_eq!(scripts, ["scripts/test"]);
    for script in scripts {
        let mode = fs::metadata(script).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script} cannot be run");
    }
}

#[test]
fn no_document_names_a_path_of_one_machine() {
    let mut wrong = Vec::new();
    for (file, text) in documents() {
        for top in found(r#"(?m)(?:^|[\s`'"(=])/([a-z]+)/"#, &text) {
            if !EVERYWHERE.contains(&top) {
                wrong.push(format!("{}: a path in /{top}/", file.display()));
            }
        }
    }
    report(&wrong);
}

#[test]
fn every_verdict_is_described_once_and_every_scenario_is_named() {
    let text = fs::read_to_string("docs/verdicts.md").unwrap();
    let rows = found(r"(?m)^\| (V\d\d) \|", &text);
    let expected: Vec<String> = (1..=44).map(|row| format!("V{row:02}")).collect();
    assert_eq!(rows, expected);

    let named: BTreeSet<&str> =
        found(r"\(\.\./tests/scenarios/(v\d\d-[\w-]+)\.txt\)", &text).into_iter().collect();
    let scenarios = fs::read_dir("tests/scenarios").unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<String> =
        scenarios.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let of_rows: BTreeSet<&str> =
        names.iter().map(String::as_str).filter(|name| !found(r"^(v\d\d)-", name).is_empty()).collect();
    assert_eq!(named, of_rows);
}

#[test]
fn the_changelog_begins_with_what_is_unreleased() {
    let text = fs::read_to_string("CHANGELOG.md").unwrap();
    assert_eq!(found(r"(?m)^## (.+)$", &text).first(), Some(&"Unreleased"));
    let sections: BTreeSet<&str> = found(r"(?m)^### (.+)$", &text).into_iter().collect();
    let known = BTreeSet::from(["Changed (you must act)", "Added", "Fixed", "Security"]);
    assert!(sections.is_subset(&known), "{sections:?}");
}

/// A page as `scripts/manual` makes it, in the words that a reader sees.
fn man_page(folder: &Path, name: &str) -> String {
    let page = fs::read_to_string(folder.join(name)).unwrap();
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
}

#[test]
fn the_man_pages_have_every_flag_key_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("scripts/manual").arg(folder.path()).status().unwrap();
    assert!(made.success());
    let page = |name| man_page(folder.path(), name);
    let mut wrong = Vec::new();
    let mut expect = |page: &str, entry: &str| {
        if !page.contains(&format!(".TP\n{entry}")) {
            wrong.push(entry.to_owned());
        }
    };
    let manual = fs::read_to_string("docs/man/drumbeat.md").unwrap();
    let program = page("drumbeat.8");
    for flag in
        found(r"(?m)^ {2,6}((?:-\w, )?--[\w-]+.*)$", &manual).iter().filter(|flag| !flag.contains("--help"))
    {
        expect(&program, &format!(".B {flag}"));
    }
    let keys = page("drumbeat.toml.5");
    for key in drumbeat::config::keys() {
        expect(&keys, &format!("{}\n", key.path));
    }
    let columns = page("drumbeat-roster.5");
    for column in drumbeat::config::columns() {
        expect(&columns, &format!("{}\n", column.name));
    }
    report(&wrong);
}
