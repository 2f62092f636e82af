//! Names and titles that try to be something else, through the whole loop to the dashboard and the mails.

use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::model::page::AdminPage;
use drumbeat::model::zone::Zones;
use drumbeat::ports::{Ask, Asked};
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;
use tokio::sync::oneshot;

/// A title and a name of this kind.
fn nasty() -> Vec<String> {
    vec![
        "<script>alert(1)</script>".to_owned(),
        "<img src=x onerror=alert(1)>".to_owned(),
        "\u{202e}1:1 evil\u{2066}".to_owned(),
        "משה כהן".to_owned(),
        "Zoë \u{1f469}\u{200d}\u{1f4bb} & 'Co'".to_owned(),
        "x".repeat(10_240),
    ]
}

#[tokio::test]
async fn no_name_or_title_becomes_markup_anywhere() {
    for name in nasty() {
        let text = format!(
            "people   ana \"{name}\" rep, bo \"Bo {name}\" manager, cy leader\n\
             mode     propose\n\
             config   checkin.send = \"Fri 15:00\"\n\
             week     2026-W46\n\
             until    next Mon 10:00\n\
             busy     ana+bo Mon 09:00-09:30 \"{name}\"\n\
             series   \"1:1 {name}\" ana+bo Thu 16:00\n\
             Tue 10:00  bo deletes the Thu instance\n\
             expect   1 mail proposal\n"
        );
        let recording = scenario::parse(&text).unwrap_or_else(|_| panic!("it parses: {name}"));
        let mut engine = Engine::new(&recording, Zones::bundled()).expect("it replays");
        engine.adapt = Box::new(|settings| {
            settings.rules.voice.public_url = "https://drumbeat.example".into();
        });
        let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 64)), Box::new(MemoryStore::default()));
        let (replayed, mut daemon) = engine.run(disk).await.expect("it replays");
        let mut shown: Vec<String> = replayed.mails.iter().map(|(_, mail)| mail.html.clone()).collect();
        assert!(shown.len() >= 5, "{} mails", shown.len());
        for wanted in [AdminPage::Home, AdminPage::Explain { who: None, week: None }] {
            let (reply, page) = oneshot::channel();
            daemon.take_ask(Ask { what: Asked::Admin(wanted), reply }).await.expect("is answered");
            shown.push(page.await.expect("a page").text);
        }
        for html in shown {
            assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
            let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}' | '\u{2067}');
            assert!(!html.contains(turns) && html.len() < 100_000, "{} bytes", html.len());
            assert_eq!(html.matches('\u{2068}').count(), html.matches('\u{2069}').count(), "each ends");
        }
        for (_, mail) in &replayed.mails {
            assert!(!mail.subject.chars().any(char::is_control), "{:?}", mail.subject);
        }
    }
}
