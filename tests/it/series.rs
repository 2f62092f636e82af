//! The links of a mail that proposes a standing series, through the whole loop: looking shows, pressing acts, and the
//! same link shows the same answer again.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drumbeat::cli::replay::engine::{Disk, Engine, LEDGER};
use drumbeat::model::mail::MailKind;
use drumbeat::model::page::Door;
use drumbeat::model::series::SeriesStage;
use drumbeat::model::zone::Zones;
use drumbeat::run::{Clicked, Daemon, Input};
use drumbeat::sim::ledger::MemoryLedger;
use drumbeat::sim::scenario;
use drumbeat::sim::store::MemoryStore;
use drumbeat::sim::world::World;

/// Bo is asked on the third Monday, at nine.
const STORY: &str = "\
people   ana \"Ana Lopez\" rep, bo \"Bo Jensen\" manager, cy \"Cy Meyer\" leader
week     2026-W46
busy     ana+bo Mon 09:00-09:30 \"Inbox\"
until    2026-11-23 10:00
expect   1 mail series to bo
";

/// A daemon that has just asked, and its world.
struct Asked {
    daemon: Daemon,
    world: World,
}

impl Asked {
    async fn new() -> (Self, Vec<String>) {
        let recording = scenario::parse(STORY).expect("it parses");
        let mut engine = Engine::new(&recording, Zones::bundled()).expect("it replays");
        engine.adapt = Box::new(|settings| {
            settings.rules.voice.public_url = "https://drumbeat.example".into();
        });
        let world = engine.world().clone();
        let disk: Disk = (Box::new(MemoryLedger::new(LEDGER, 64)), Box::new(MemoryStore::default()));
        let (_, daemon) = engine.run(disk).await.expect("it replays");
        let asked = Self { daemon, world };
        let tokens = asked.tokens(MailKind::Series);
        (asked, tokens)
    }

    /// The tokens of the newest mail of a kind.
    fn tokens(&self, kind: MailKind) -> Vec<String> {
        let mails = self.world.sent();
        let (_, mail) = mails.iter().rfind(|(_, mail)| mail.kind == kind).expect("a mail");
        let links =
            mail.text.lines().filter_map(|line| line.trim().strip_prefix("https://drumbeat.example/p/"));
        links.map(str::to_owned).collect()
    }

    async fn click(&mut self, token: &str, form: Option<BTreeMap<String, String>>) -> String {
        let clicked = Clicked::Link { door: Door::Answer, token: token.to_owned(), form };
        let page = self.daemon.tick(Input::Answered(clicked)).await.expect("a tick");
        page.expect("a page").text
    }

    /// Looks, waits, and presses the button; what the page says then.
    async fn press(&mut self, token: &str) -> String {
        let page = self.click(token, None).await;
        let (_, rest) = page.split_once("name=\"nonce\" value=\"").expect("a form");
        let nonce = rest.split('"').next().expect("its end").to_owned();
        self.world.set(self.now() + TimeDelta::seconds(5));
        let form = [("nonce".to_owned(), nonce), ("answer".to_owned(), "yes".to_owned())];
        self.click(token, Some(form.into())).await
    }

    fn now(&self) -> drumbeat::model::zone::Moment {
        drumbeat::ports::Clock::now(&self.world)
    }

    fn stage(&self) -> SeriesStage {
        let reps = &self.daemon.state().reps;
        reps.values().flat_map(|rep| rep.series.values()).next_back().expect("a series").stage
    }
}

#[tokio::test]
async fn looking_changes_nothing_and_pressing_twice_shows_the_same() {
    let (mut asked, tokens) = Asked::new().await;
    assert_eq!(tokens.len(), 4, "three times and \"not now\"");
    for token in &tokens {
        assert!(asked.click(token, None).await.contains("<form"));
        let blind = [("answer".to_owned(), "yes".to_owned())];
        assert!(asked.click(token, Some(blind.into())).await.contains("<form"), "a blind POST");
    }
    assert_eq!(asked.stage(), SeriesStage::Proposed);
    let done = asked.press(&tokens[1]).await;
    assert!(done.contains("Booked: a standing 1-on-1 with Ana Lopez"), "{done}");
    assert_eq!(asked.stage(), SeriesStage::Booked);
    for token in &tokens {
        assert_eq!(asked.click(token, None).await, done, "the same answer, whichever link");
    }
    let sent = asked.world.sent().iter().filter(|(_, mail)| mail.invitation.is_some()).count();
    let undo = asked.tokens(MailKind::Booked);
    let back = asked.press(undo.last().expect("a link")).await;
    assert!(back.contains("Taken back"), "{back}");
    assert_eq!(asked.stage(), SeriesStage::Released);
    assert_eq!(asked.click(undo.last().expect("a link"), None).await, back);
    let now = asked.world.sent().iter().filter(|(_, mail)| mail.invitation.is_some()).count();
    assert_eq!(now, sent + 2, "a cancellation to both");
}

#[tokio::test]
async fn not_now_is_an_answer_like_any_other() {
    let (mut asked, tokens) = Asked::new().await;
    let page = asked.press(&tokens[3]).await;
    assert!(page.contains("not asked again for eight weeks"), "{page}");
    assert_eq!(asked.stage(), SeriesStage::Declined);
    assert_eq!(asked.click(&tokens[0], None).await, page);
}
