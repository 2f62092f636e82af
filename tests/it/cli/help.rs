//! Help that a stranger understands, and the manual that repeats it.

use std::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory};
use drumbeat::cli::Cli;

use super::site::{drumbeat, is_wished, said};

const MANUAL: &str = "docs/man/drumbeat.md";
/// What stands below this line is made from `--help`.
const GENERATED: &str =
    "<!-- From here on it is the help of the program; `MANUAL=write cargo test manual` writes it. -->\n";

#[test]
fn help_lists_every_command() {
    let output = drumbeat(&["--help"]).output().expect("runs");
    let commands = [
        "run",
        "check",
        "auth",
        "demo",
        "plan",
        "explain",
        "who",
        "report",
        "verify",
        "replay",
        "rehearse",
        "roster",
        "survey",
        "stand-in",
        "completions",
        "Exit codes",
    ];
    said(&output, 0, &commands);
    said(&drumbeat(&["rnu"]).output().expect("runs"), 2, &["unrecognized subcommand"]);
    said(&drumbeat(&[]).output().expect("runs"), 2, &["Usage: drumbeat <COMMAND>"]);
    said(&drumbeat(&["--version"]).output().expect("runs"), 0, &["drumbeat 0."]);
}

/// The help of every command, at a fixed width.
fn generated() -> String {
    let mut whole = Cli::command().term_width(100);
    whole.build();
    let mut text = String::new();
    let commands = whole.get_subcommands_mut().filter(|command| command.get_name() != "help");
    for command in commands {
        help(command, "drumbeat", &mut text);
    }
    text
}

/// The help of a command, and of those below it.
fn help(command: &mut Command, above: &str, text: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let shown = command.render_long_help().to_string();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n")).expect("text takes text");
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        help(below, &name, text);
    }
}

#[test]
fn manual_says_what_the_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(MANUAL);
    let manual = std::fs::read_to_string(&path).expect("is there");
    let (own, _) = manual.split_once(GENERATED).expect("has the line above the generated part");
    let wanted = format!("{own}{GENERATED}{}", generated());
    if is_wished("MANUAL") {
        std::fs::write(&path, &wanted).expect("is written");
    }
    assert!(manual == wanted, "{MANUAL} and --help differ: run `MANUAL=write cargo test manual`");
    let mut whole = Cli::command();
    whole.build();
    for command in whole.get_subcommands() {
        for flag in command.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(manual.contains(&format!("--{flag}")), "{} --{flag}", command.get_name());
        }
    }
}
