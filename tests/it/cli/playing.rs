//! The demo as a real program that serves its pages, and plain requests to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::site::drumbeat;

/// The demo, serving its pages.
pub struct Demo {
    child: Child,
    folder: tempfile::TempDir,
    /// Where the dashboard is, with a slash at the end.
    pub dashboard: String,
}

impl Demo {
    /// Starts it and waits until it serves.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = drumbeat(&["demo", "--dir"]);
        let mut child = command.arg(folder.path()).stdout(Stdio::piped()).spawn().expect("starts");
        let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines().map_while(Result::ok);
        let dashboard = lines.find_map(|line| {
            let (_, rest) = line.split_once("The dashboard is at ")?;
            rest.split_whitespace().next().map(|url| url.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, folder, dashboard: dashboard.expect("it says where the dashboard is") }
    }

    /// The newest mail as HTML whose address or text has this word.
    pub fn mail(&self, kind: &str, word: &str) -> PathBuf {
        let entries =
            fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut fits: Vec<PathBuf> = entries
            .filter(|path| {
                path.extension().is_some_and(|end| end == "html") && name(path).contains(&format!("-{kind}-"))
            })
            .filter(|path| fs::read_to_string(path).expect("is text").contains(word))
            .collect();
        fits.sort();
        fits.pop().unwrap_or_else(|| panic!("no mail {kind} with {word:?}"))
    }
}

impl Demo {
    /// The links in a mail, in its order.
    pub fn links(mail: &Path) -> Vec<String> {
        let html = fs::read_to_string(mail).expect("is text");
        let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        links.map(|link| link.replace("&amp;", "&")).collect()
    }

    /// The links of all mails.
    pub fn all_links(&self) -> BTreeSet<String> {
        let entries =
            fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mails = entries.filter(|path| path.file_name().is_some_and(|name| name != "index.html"));
        mails
            .filter(|path| path.extension().is_some_and(|end| end == "html"))
            .flat_map(|path| Self::links(&path))
            .collect()
    }

    /// A number of its metrics; 0 where there is none of that name.
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = ask("GET", &format!("{}metrics", self.dashboard), "").1;
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("drumbeat_{name} ")));
        line.map_or(0, |value| value.parse().expect("a whole number"))
    }
}

/// One request over a connection of its own: status and body.
pub fn ask(method: &str, url: &str, form: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("an address");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("is served");
    let body = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let body = if method == "POST" { body } else { "\r\n".to_owned() };
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: {host}\r\n{body}").expect("is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("is answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head[9..12].parse().expect("a status"), body.to_owned())
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
