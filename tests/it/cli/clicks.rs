//! What comes to the pages from outside: scanners, two people at once, a mail program's own button.

use std::sync::Barrier;

use super::playing::{Demo, ask};

/// Visits of mail scanners that one link gets.
const VISITS: usize = 10_000;

/// The value of a field of the page's form.
fn field(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    rest.split('"').next().expect("its end").to_owned()
}

/// Everything that could have been done: records, answers, bookings.
fn done(demo: &Demo) -> [u64; 3] {
    ["records_total", "answers_total", "booked_total"].map(|name| demo.metric(name))
}

/// Presses the button of a page until it does what it says: within its first second it is no person's.
fn press(url: &str, fields: &str, wanted: &str) -> String {
    let mut page = ask("GET", url, "").1;
    for _ in 0..100_000 {
        let nonce = field(&page, "nonce");
        page = ask("POST", url, &format!("nonce={nonce}{fields}")).1;
        if page.contains(wanted) {
            return page;
        }
    }
    panic!("never said {wanted:?}: {page}");
}

#[test]
fn scanners_that_visit_every_link_ten_thousand_times_do_nothing() {
    let demo = Demo::start();
    let links: Vec<String> =
        demo.all_links().into_iter().filter(|link| link.starts_with("http://")).collect();
    assert!(links.len() > 40, "{links:?}");
    let before = done(&demo);
    let blind = [
        "",
        "answer=yes",
        "answer=held&session=1",
        "answer=stop",
        "nonce=&answer=yes",
        "nonce=1.abc&answer=own",
    ];
    let mut said = std::collections::BTreeMap::<(&str, u16), u32>::new();
    for (n, link) in (0..VISITS).zip(links.iter().cycle()) {
        let (method, form) = match n % 4 {
            0 => ("GET", ""),
            1 => ("HEAD", ""),
            2 => ("OPTIONS", ""),
            _ => ("POST", blind[n / 4 % blind.len()]),
        };
        *said.entry((method, ask(method, link, form).0)).or_default() += 1;
    }
    println!("{said:?}");
    assert!(said.keys().all(|(method, status)| (*method == "OPTIONS") == (*status == 405)), "{said:?}");
    assert_eq!(done(&demo), before, "{said:?}");
}

#[test]
fn two_people_who_choose_at_once_make_one_booking() {
    let demo = Demo::start();
    let mail = demo.mail("proposal", "Take the first time of each");
    let links = Demo::links(&mail);
    let (first, second) = (&links[1], &links[2]);
    let before = demo.metric("booked_total");
    let at_once = Barrier::new(2);
    let pages: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = [first, second]
            .map(|url| {
                let at_once = &at_once;
                scope.spawn(move || {
                    at_once.wait();
                    let mut page = ask("GET", url, "").1;
                    while !page.contains("is booked") {
                        let nonce = field(&page, "nonce");
                        page = ask("POST", url, &format!("nonce={nonce}&answer=yes")).1;
                    }
                    page
                })
            })
            .into_iter()
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("ends")).collect()
    });
    assert_eq!(demo.metric("booked_total"), before + 1, "one booking: {pages:?}");
    let again = pages.iter().filter(|page| page.contains("This was answered before")).count();
    assert_eq!(again, 1, "the other one is shown what stands: {pages:?}");
}

#[test]
fn a_mail_programs_own_button_ends_the_report() {
    let demo = Demo::start();
    let links = Demo::links(&demo.mail("health", "No longer by mail"));
    let url = links.iter().find(|link| link.contains("/u/")).expect("a link that ends it");
    assert!(ask("GET", url, "").1.contains("You get it by mail"));
    let (status, page) = ask("POST", url, "List-Unsubscribe=One-Click");
    assert_eq!(status, 200, "no redirect, no question: {page}");
    assert!(page.contains("You get it no longer by mail"), "{page}");
    let before = done(&demo);
    assert!(ask("POST", url, "List-Unsubscribe=One-Click").1.contains("no longer"), "the same once more");
    assert_eq!(done(&demo), before);
    press(url, "&answer=start", "You get it by mail");
}

#[test]
fn numbers_for_machines_hold_no_names() {
    let demo = Demo::start();
    let (status, metrics) = ask("GET", &format!("{}metrics", demo.dashboard), "");
    assert_eq!(status, 200);
    for name in ["Marta", "Lena", "northwind", "@", "plan"] {
        assert!(!metrics.contains(name), "{name}: {metrics}");
    }
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a name and a number");
        assert!(name.starts_with("drumbeat_") && value.parse::<f64>().is_ok(), "{line}");
    }
    assert_eq!(ask("GET", &format!("{}readyz", demo.dashboard), ""), (200, "ready\n".to_owned()));
    assert_eq!(ask("GET", &format!("{}healthz", demo.dashboard), ""), (200, "ok\n".to_owned()));
    let home = ask("GET", &demo.dashboard, "").1;
    assert!(
        home.contains("Marta Kowalski") && !home.to_lowercase().contains("plan<") && !home.contains("rule"),
        "{home}"
    );
    let told = ask("GET", &format!("{}explain", demo.dashboard), "").1;
    assert!(told.contains("due in 2026-W47") && !told.contains("rule plan"), "nobody reads of a plan here");
}
