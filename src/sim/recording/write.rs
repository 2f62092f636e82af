//! A recording as the files of its folder.

use std::collections::BTreeMap;

use chrono::SecondsFormat;

use super::{Recording, Reply, Said, Visible};
use crate::model::zone::Moment;

impl Recording {
    /// The files of the recording's folder: what [`Recording::from_files`] reads. Edits of bookings have no place
    /// there.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::from([
            ("recording.toml".to_owned(), self.head().into_bytes()),
            ("drumbeat.toml".to_owned(), self.config.clone().into_bytes()),
            ("roster.csv".to_owned(), self.roster.clone().into_bytes()),
        ]);
        for (at, reload) in &self.reloads {
            let config =
                reload.config.clone().map(|text| (format!("config/{}.toml", stamp(*at)), text.into_bytes()));
            let roster =
                reload.roster.clone().map(|text| (format!("roster/{}.csv", stamp(*at)), text.into_bytes()));
            files.extend(config.into_iter().chain(roster));
        }
        for (name, answers) in &self.calendars {
            for (at, said) in answers {
                let (kind, bytes) = match said {
                    Said::Ics(bytes) => ("ics", bytes.clone()),
                    Said::Json(bytes) => ("json", bytes.clone()),
                    Said::Error(word) => ("error", word.clone().into_bytes()),
                };
                files.insert(format!("calendars/{name}/{}.{kind}", stamp(*at)), bytes);
            }
        }
        if !self.replies.is_empty() {
            let head = std::iter::once("at,who,action,rep,option".to_owned());
            let rows = self.replies.iter().map(Reply::row);
            files.insert("replies.csv".to_owned(), lines(head.chain(rows)));
        }
        if !self.expected.is_empty() {
            files.insert("expected.jsonl".to_owned(), lines(self.expected.iter().map(ToString::to_string)));
        }
        files
    }

    fn head(&self) -> String {
        let (from, until) = (iso(self.from), iso(self.until));
        let visible = match self.visible {
            Visible::AtOnce => String::new(),
            Visible::After(wait) => format!("visible_after = \"{}s\"\n", wait.num_seconds()),
            Visible::Never => "visible_after = \"never\"\n".to_owned(),
        };
        let spans = self.down.iter().map(|span| format!("[{}, {}]", iso(span.start), iso(span.end)));
        let down = spans.collect::<Vec<_>>().join(", ");
        format!("version = 1\nfrom = {from}\nuntil = {until}\n{visible}down = [{down}]\n")
    }
}

impl Reply {
    /// As a row of `replies.csv`.
    fn row(&self) -> String {
        let option = self.option.map(|option| option.to_string()).unwrap_or_default();
        format!("{},{},{},{},{option}", iso(self.at), self.who, self.action.as_str(), self.rep)
    }
}

fn lines(lines: impl Iterator<Item = String>) -> Vec<u8> {
    lines.flat_map(|line| (line + "\n").into_bytes()).collect()
}

fn iso(at: Moment) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn stamp(at: Moment) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}
