//! iCalendar feeds: files and web addresses, fetched whole within limits.
//!
//! A feed's address is a secret (whoever has it reads the calendar): messages name a host or a file, no more.

mod address;
mod file;
mod web;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::model::people::CalendarId;
use crate::ports::{Answer, Calendars, Error, ErrorKind, Later, Validators};

/// What one call may cost (`[feeds]`).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For the whole call: lookup, redirects and body.
    pub timeout: Duration,
    /// Largest answer in bytes, after decompression.
    pub largest: usize,
    /// Whether a feed may live on a private or loopback address.
    pub private_addresses: bool,
}

/// Where one feed is.
enum Source {
    Web(Url),
    File(PathBuf),
}

/// The `ics:` calendars.
pub struct Feeds {
    sources: BTreeMap<CalendarId, Source>,
    limits: Limits,
    web: Option<web::Client>,
}

impl Feeds {
    /// Feeds by the text behind `ics:`: `http://`, `https://`, `webcal://` (read as https), `file://` or an
    /// absolute path. Fails on a text that is none of these, and where no TLS root certificates are found.
    pub fn new(texts: &BTreeMap<CalendarId, String>, limits: Limits) -> Result<Self, Error> {
        let mut sources = BTreeMap::new();
        for (calendar, text) in texts {
            let source = parse(text).map_err(|wrong| {
                let whose = format!("calendar {} of person {}", calendar.nth, calendar.owner);
                Error::new(ErrorKind::Invalid, "address", format!("{whose}: {wrong}"))
            })?;
            sources.insert(*calendar, source);
        }
        let web = sources.values().any(|source| matches!(source, Source::Web(_)));
        let web = web.then(|| web::Client::new(limits)).transpose()?;
        Ok(Self { sources, limits, web })
    }

    async fn ask(&self, calendar: CalendarId, known: Option<&Validators>) -> Result<Answer, Error> {
        match (self.sources.get(&calendar), &self.web) {
            (Some(Source::File(path)), _) => {
                file::read(path.clone(), known.cloned(), self.limits.largest).await
            }
            (Some(Source::Web(url)), Some(web)) => web.fetch(url.clone(), known).await,
            _ => Err(Error::new(ErrorKind::NotFound, "unknown", "this calendar is no feed")),
        }
    }

    fn too_slow(&self, calendar: CalendarId) -> Error {
        let name = match self.sources.get(&calendar) {
            Some(Source::Web(url)) => web::name(url),
            _ => "the file".to_owned(),
        };
        let seconds = self.limits.timeout.as_secs_f32();
        Error::new(ErrorKind::Transient, "timeout", format!("{name} did not answer within {seconds} s"))
    }
}

impl Calendars for Feeds {
    fn fetch<'a>(
        &'a self,
        calendar: CalendarId,
        known: Option<&'a Validators>,
    ) -> Later<'a, Result<Answer, Error>> {
        Box::pin(async move {
            let answer = tokio::time::timeout(self.limits.timeout, self.ask(calendar, known)).await;
            answer.unwrap_or_else(|_| Err(self.too_slow(calendar)))
        })
    }
}

/// The text behind `ics:`; the error says what would be right and repeats nothing of it.
fn parse(text: &str) -> Result<Source, &'static str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(Source::File(PathBuf::from(text)));
    };
    let url = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "file" => Url::parse(text),
        "webcal" | "webcals" => Url::parse(&format!("https://{rest}")),
        _ => return Err("a feed is http://, https://, webcal://, file:// or a path"),
    };
    let url = url.map_err(|_| "the address of the feed is no URL")?;
    if url.scheme() == "file" {
        return url
            .to_file_path()
            .map(Source::File)
            .map_err(|()| "file:// takes an absolute path: file:///dir/x.ics");
    }
    Ok(Source::Web(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_feed_may_be() {
        let check = |text: &str, wanted: Result<&str, &str>| {
            let got = parse(text).map(|source| match source {
                Source::Web(url) => url.to_string(),
                Source::File(path) => path.display().to_string(),
            });
            assert_eq!(got.as_deref().map_err(|wrong| &wrong[..10]), wanted, "{text}");
        };
        check("https://host/a.ics?k=1", Ok("https://host/a.ics?k=1"));
        check("HTTP://host/", Ok("http://host/"));
        check("webcal://host:81/x", Ok("https://host:81/x"));
        check("/var/feeds/a.ics", Ok("/var/feeds/a.ics"));
        check("file:///var/a%20b.ics", Ok("/var/a b.ics"));
        check("file://other/var/a.ics", Err("file:// ta"));
        check("ftp://host/a.ics", Err("a feed is "));
        check("https://", Err("the addres"));
    }
}
