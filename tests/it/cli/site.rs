//! A small organisation in a folder: configuration, roster, feeds, and the program run over it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use chrono::TimeDelta;
use drumbeat::io::clock::SystemClock;
use drumbeat::io::ledger;
use drumbeat::model::fact::{Fact, Record};
use drumbeat::model::ledger::FrameKind;
use drumbeat::model::time::Week;
use drumbeat::model::zone::{Zone, Zones};
use drumbeat::ports::{Clock as _, Which};

/// Longest wait for a line or an end: a machine under load takes its time.
const WAIT: Duration = Duration::from_secs(30);

/// The program, in an environment without systemd.
pub fn drumbeat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drumbeat"));
    for name in [
        "STATE_DIRECTORY",
        "RUNTIME_DIRECTORY",
        "CREDENTIALS_DIRECTORY",
        "DRUMBEAT_SMTP_PASSWORD",
        "NOTIFY_SOCKET",
    ] {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// Whether a variable asks tests to write the files that they compare with: `NAME=write`.
#[expect(clippy::disallowed_methods, reason = "it is the test that is asked, not the program")]
pub fn is_wished(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|word| word == "write")
}

/// The organisation: Bo manages Ana, Cy leads Bo, and nothing is booked yet.
pub struct Site(tempfile::TempDir);

impl Site {
    /// In a folder of its own.
    pub fn new() -> Self {
        let site = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(site.path("cal")).expect("a folder");
        for name in ["ana", "bo"] {
            let feed = [
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:-//example//test//EN",
                "BEGIN:VEVENT",
                &format!("UID:long-ago-{name}"),
                "DTSTAMP:20200101T000000Z",
                "DTSTART:20200101T000000Z",
                "DTEND:20200101T001500Z",
                "SUMMARY:Lunch",
                "END:VEVENT",
                "END:VCALENDAR",
                "",
            ];
            site.write(&format!("cal/{name}.ics"), &feed.join("\r\n"));
        }
        site.write(
            "roster.csv",
            "email,name,manager,start_date,status,calendar,aliases\n\
             cy@example.com,Cy Cole,,,none,,\n\
             bo@example.com,Bo Berg,cy@example.com,,none,ics:cal/bo.ics,\n\
             ana@example.com,Ana Alves,bo@example.com,2020-01-01,,ics:cal/ana.ics,a.alves@example.com\n",
        );
        site.configure("");
        site
    }

    /// The same after a daemon ran over it once, and booked; it serves no pages.
    pub fn lived_in() -> Self {
        let site = Self::new();
        site.configure("listen = \"\"\n");
        let mut daemon = site.start();
        daemon.until("ready");
        daemon.stop();
        site
    }

    /// Writes the configuration with something more at its end.
    pub fn configure(&self, more: &str) {
        self.write(
            "drumbeat.toml",
            &format!(
                "version = 1\nmode = \"auto\"\ntime_zone = \"{}\"\nworking_hours = \"Mon-Sun 00:00-23:59\"\n\
                 [policy]\nsettle = \"1s\"\nnotice = \"1m\"\nfirst_week = \"whole\"\n\
                 [feeds]\npoll = \"1s\"\n\
                 [mail]\nfrom = \"Drumbeat <drumbeat@example.com>\"\nops = [\"ops@example.com\"]\n\
                 transport = \"file\"\n[web]\nadmin = \"\"\npublic_url = \"\"\n{more}",
                midweek()
            ),
        );
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file of it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("is written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = drumbeat(args);
        command.arg("--config").arg(self.path("drumbeat.toml"));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("runs")
    }

    /// Runs a command and checks its exit code and that it says all of `words`.
    pub fn check(&self, args: &[&str], code: i32, words: &[&str]) -> String {
        let output = self.run(args);
        said(&output, code, words)
    }

    /// Starts the daemon.
    pub fn start(&self) -> Daemon {
        Daemon::new(self.command(&["run"]))
    }

    /// Starts it with a variable in its environment.
    pub fn start_with(&self, name: &str, value: &Path) -> Daemon {
        let mut command = self.command(&["run"]);
        command.env(name, value);
        Daemon::new(command)
    }

    /// Starts it with a filter for its log.
    pub fn start_logging(&self, filter: &str) -> Daemon {
        let mut command = self.command(&["run"]);
        command.args(["--log", filter]);
        Daemon::new(command)
    }

    /// The mails written so far, each whole.
    pub fn mails(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.path("mail")) else { return Vec::new() };
        let paths = folder.map(|entry| entry.expect("an entry").path());
        let mut paths: Vec<PathBuf> = paths.filter(|path| is_mail(path)).collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).expect("is text")).collect()
    }

    /// All facts in its ledger, oldest first.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        ledger::read(&self.path("state/ledger"), Which::All, &mut |frame| {
            if frame.kind == FrameKind::Record {
                let record: Record = serde_json::from_slice(frame.payload).expect("a record");
                facts.extend(record.facts);
            }
            Ok(())
        })
        .expect("reads");
        facts
    }

    /// Their Message-IDs; that none is there twice is checked.
    pub fn message_ids(&self) -> BTreeSet<String> {
        let mails = self.mails();
        let id = |mail: &String| mail.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned);
        let ids: BTreeSet<String> = mails.iter().filter_map(id).collect();
        assert_eq!(ids.len(), mails.len(), "a Message-ID is there twice");
        ids
    }
}

fn is_mail(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "eml")
}

/// Exit code, and all of `words` in what was printed.
pub fn said(output: &Output, code: i32, words: &[&str]) -> String {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "says nothing of {word:?}:\n{text}");
    }
    text
}

/// A zone in which the week has begun and does not end soon, so that there is time to book in it.
fn midweek() -> String {
    let zones = Zones::bundled();
    let now = SystemClock.now();
    let fits = |zone: &Zone| {
        let week = Week::of(now, zone).span(zone);
        now - week.start > TimeDelta::hours(2) && week.end - now > TimeDelta::hours(10)
    };
    let names = ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"];
    let zone = names.iter().filter_map(|name| zones.get(name)).find(fits).expect("it is midweek somewhere");
    zone.name.to_string()
}

/// A running daemon; killed when it goes out of scope.
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Daemon {
    fn new(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("starts");
        let log = BufReader::new(child.stderr.take().expect("is piped"));
        let (line, lines) = channel();
        std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|text| line.send(text)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Reads its log until a line has `word` in it.
    pub fn until(&mut self, word: &str) {
        loop {
            match self.lines.recv_timeout(WAIT) {
                Ok(line) if line.contains(word) => return,
                Ok(line) => self.seen.push(line),
                Err(why) => panic!("never said {word:?} ({why}):\n{}", self.seen.join("\n")),
            }
        }
    }

    /// The lines of its log that were read and not waited for.
    pub fn seen(&self) -> &[String] {
        &self.seen
    }

    /// Sends it a signal, such as `KILL`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("runs").success());
    }

    /// Waits for its log to end, and with it the process, at most so long.
    pub fn end(&mut self, most: Duration) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(most) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("has ended"),
                Err(RecvTimeoutError::Timeout) => panic!("goes on:\n{}", self.seen.join("\n")),
            }
        }
    }

    /// SIGTERM, and a clean end within five seconds.
    pub fn stop(mut self) {
        self.signal("TERM");
        let status = self.end(Duration::from_secs(5));
        assert_eq!(status.code(), Some(0), "{}", self.seen.join("\n"));
        assert!(self.seen.last().is_some_and(|line| line.contains("ended")), "{}", self.seen.join("\n"));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
