//! The demo, for somebody who has nothing but the program.

use std::fs;

use super::site::{drumbeat, said};

#[test]
fn the_demo_plays_its_week_and_leaves_mails_to_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mails = folder.path().join("mails");
    let output = drumbeat(&["demo", "--once", "--dir"]).arg(&mails).output().expect("runs");
    let text = said(&output, 0, &["Jonas Keller: booked", "no free time is left this week", "index.html"]);
    let headings: Vec<&str> =
        text.lines().filter(|line| line.contains("November") && !line.starts_with(' ')).collect();
    let days = [
        "Monday, 16",
        "Tuesday, 17",
        "Wednesday, 18",
        "Thursday, 19",
        "Friday, 20",
        "Sunday, 22",
        "Monday, 23",
    ];
    assert_eq!(headings, days.map(|day| format!("{day} November")));
    let index = fs::read_to_string(mails.join("index.html")).expect("is there");
    let named: Vec<&str> = index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 20 && named.iter().all(|name| mails.join(name).is_file()), "{named:?}");
    assert!(
        named
            .iter()
            .filter_map(|name| fs::read_to_string(mails.join(name)).ok())
            .any(|mail| { mail.contains("http://127.0.0.1:8087/p/") })
    );
}
