//! What people see, in a real browser: the demo's organisation, clicked through at phone and desktop width.

mod driver;

use std::fs;
use std::path::Path;

use crate::cli::playing::Demo;
use crate::cli::site::is_wished;
use crate::tell::kept::kept;
use driver::Browser;

fn open_mail(browser: &Browser, mail: &Path) {
    browser.open(&format!("file://{}", mail.display()));
}

/// Keeps a picture as a reference, where `PICTURES=write` asks for it; looks at it in any case.
fn keep(browser: &Browser, name: &str, width: u32, dark: bool) {
    let png = browser.picture(width, dark);
    assert!(png.starts_with(b"\x89PNG") && png.len() > 3_000, "{name}: {} bytes", png.len());
    if is_wished("PICTURES") {
        fs::create_dir_all("docs/pictures").expect("a folder");
        fs::write(format!("docs/pictures/{name}.png"), png).expect("is written");
    }
    browser.window(390, false);
}

#[test]
fn people_click_through_what_they_get() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start();
    browser.window(390, false);
    a_time_is_chosen_and_taken_back(&browser, &demo);
    all_are_taken_at_once(&browser, &demo);
    somebody_writes_down_a_time(&browser, &demo);
    a_rep_says_how_it_was(&browser, &demo);
    an_overlap_is_answered_too_late(&browser, &demo);
    a_leader_reads_the_report(&browser, &demo);
    ops_look_at_the_dashboard(&browser, &demo);
    a_link_that_does_not_work_is_met_kindly(&browser, &demo);
}

/// The mails that the documentation keeps, each drawn as a mail program would.
#[test]
fn every_kind_of_mail_looks_well() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, mail) in kept() {
        let html = match &mail.image {
            Some(image) => {
                let picture = format!("{name}.png");
                fs::write(folder.path().join(&picture), &image.png).expect("is written");
                mail.html.replace(&format!("cid:{}", image.cid), &picture)
            }
            None => mail.html.clone(),
        };
        let file = folder.path().join(format!("{name}.html"));
        fs::write(&file, html).expect("is written");
        open_mail(&browser, &file);
        browser.looks_well(name);
        let png = browser.picture(390, false);
        assert!(png.len() > 3_000, "{name}: {} bytes", png.len());
        if name == "health" {
            keep(&browser, "report-phone", 390, false);
            keep(&browser, "report-dark", 640, true);
        }
        if name == "proposal" {
            keep(&browser, "proposal-phone", 390, false);
        }
    }
}

fn a_time_is_chosen_and_taken_back(browser: &Browser, demo: &Demo) {
    let mail = demo.mail("proposal", "Jonas Keller");
    open_mail(browser, &mail);
    browser.looks_well("the proposal");
    let heading = "//h2[contains(., 'Jonas Keller')]/following::a[2]";
    let link = browser.script(&format!(
        "return document.evaluate(\"{heading}\", document, null, 9, null).singleNodeValue.href"
    ));
    let link = link.as_str().expect("a link").to_owned();
    browser.open(&link);
    browser.looks_well("the page of a time");
    assert!(browser.text().contains("You answer as Marta Kowalski"), "{}", browser.text());
    browser.press("Book", "is booked");
    browser.looks_well("the page after");
    keep(browser, "page-booked-phone", 390, false);
    browser.open(&link);
    assert!(browser.text().contains("This was answered before"), "{}", browser.text());
    browser.click("Undo the booking with Jonas Keller");
    let undo = browser.url();
    browser.looks_well("the page that takes it back");
    browser.press("Cancel this booking", "The booking is cancelled");
    browser.open(&undo);
    assert!(!browser.has("Cancel this booking"), "{}", browser.text());
    browser.open(&link);
    assert!(browser.text().contains("free now"), "new times are offered at once:\n{}", browser.text());
    assert!(demo.mail("released", "Jonas Keller").is_file());
}

fn all_are_taken_at_once(browser: &Browser, demo: &Demo) {
    open_mail(browser, &demo.mail("proposal", "Take the first time of each"));
    browser.click("Take the first time of each");
    browser.looks_well("the page of all times");
    assert!(
        browser.text().contains("Jonas Keller") && browser.text().contains("Lena Fuchs"),
        "{}",
        browser.text()
    );
    let all = browser.url();
    // From the keyboard alone: the button is reached with Tab, and Enter presses it.
    browser.key("\u{E004}");
    assert_eq!(browser.focused(), "Book all 2");
    browser.press("Book all 2", "Undo the booking with Lena Fuchs");
    browser.looks_well("the page after all");
    browser.open(&all);
    assert!(browser.text().contains("Your 1-on-1 with Jonas Keller on"), "{}", browser.text());
    browser.click("Undo the booking with Jonas Keller");
    browser.press("Cancel this booking", "The booking is cancelled");
}

fn somebody_writes_down_a_time(browser: &Browser, demo: &Demo) {
    open_mail(browser, &demo.mail("proposal", "Jonas Keller"));
    browser.click("None of these: another time");
    browser.looks_well("the page for another time");
    keep(browser, "page-another-time-phone", 390, false);
    browser.fill("date", "2026-11-27");
    browser.fill("time", "09:30");
    browser.press("Book my own time", "One of you is busy then");
    browser.looks_well("a time that cannot be booked");
    browser.fill("date", "2026-11-27");
    browser.fill("time", "16:15");
    browser.press("Book my own time", "Fri 27 Nov, 16:15 Berlin is booked");
}

fn a_rep_says_how_it_was(browser: &Browser, demo: &Demo) {
    open_mail(browser, &demo.mail("checkin", "Hello Lena"));
    browser.looks_well("the check-in");
    browser.click("It did not happen");
    browser.looks_well("the page of the check-in");
    let page = browser.url();
    browser.press("It did not happen", "You said: it did not take place.");
    browser.press("It took place", "You said: it took place.");
    keep(browser, "page-check-in-phone", 390, false);
    browser.open(&page);
    assert!(browser.text().contains("You said: it took place."), "{}", browser.text());
}

fn an_overlap_is_answered_too_late(browser: &Browser, demo: &Demo) {
    open_mail(browser, &demo.mail("checkin", "lies over your 1-on-1"));
    browser.looks_well("the question about an overlap");
    browser.click("Move it");
    browser.looks_well("the page of an overlap that is over");
    assert!(browser.text().contains("This link has expired"), "{}", browser.text());
}

fn a_leader_reads_the_report(browser: &Browser, demo: &Demo) {
    open_mail(browser, &demo.mail("health", "Open this report"));
    browser.window(390, false);
    assert!(browser.text().contains("9 of 10 1-on-1s took place"), "{}", browser.text());
    browser.click("Open this report in a browser");
    browser.looks_well("the report's page");
    browser.click("Week of 9-15 Nov");
    assert!(browser.text().contains("no 1-on-1s were due"), "{}", browser.text());
    browser.click("This report by mail, or no longer");
    browser.looks_well("the page that ends it");
    browser.press("Stop the weekly report", "You get it no longer by mail");
    browser.press("Send me the weekly report again", "You get it by mail");
}

fn ops_look_at_the_dashboard(browser: &Browser, demo: &Demo) {
    browser.open(&demo.dashboard);
    browser.looks_well("the dashboard");
    keep(browser, "dashboard", 1200, false);
    browser.click("Priya Raman");
    browser.looks_well("what happened to one");
    assert!(browser.text().contains("no free time is left this week"), "{}", browser.text());
    browser.back();
    browser.script("document.querySelector('svg a').dispatchEvent(new MouseEvent('click', {bubbles: true}))");
    assert!(
        browser.url().contains("?week=2026-W"),
        "a week of the map leads to its facts: {}",
        browser.url()
    );
    browser.open(&demo.dashboard);
    browser.script("document.querySelector('dd a').click()");
    assert!(browser.text().contains("Everybody"), "{}", browser.text());
}

fn a_link_that_does_not_work_is_met_kindly(browser: &Browser, demo: &Demo) {
    let html = fs::read_to_string(demo.mail("proposal", "Jonas Keller")).expect("is text");
    let (_, link) = html.split_once("href=\"").expect("a link");
    let (link, _) = link.split_once('"').expect("its end");
    browser.open(&link[..link.len() - 5]);
    browser.looks_well("a link that was cut off");
    assert!(browser.text().contains("This link does not work"), "{}", browser.text());
}
