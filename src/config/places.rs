//! Words of the files → places on the net: mail addresses, URLs, feeds, listeners.

use std::net::{IpAddr, SocketAddr};

use http::Uri;

use super::problem::{Wrong, not_built, wrong};
use crate::model::people::SourceSpec;

/// A mail address (RFC 5321's dot-string form), in lower case.
pub(super) fn address(text: &str) -> Result<String, Wrong> {
    let no = || wrong("not a mail address", "write one such as ana@example.com");
    let (local, domain) = text.rsplit_once('@').ok_or_else(no)?;
    if !domain.is_ascii() {
        return Err(wrong(
            "a domain with letters beyond ASCII",
            "write its ASCII form, which begins with xn--",
        ));
    }
    if !local.is_ascii() {
        return Err(wrong("an address with letters beyond ASCII", "write the person's ASCII address"));
    }
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&c);
    let dotted =
        |text: &str, fits: &dyn Fn(u8) -> bool| text.split('.').all(|a| !a.is_empty() && a.bytes().all(fits));
    let label = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    let dashed = domain.split('.').any(|label| label.starts_with('-') || label.ends_with('-'));
    if text.len() > 254 || local.len() > 64 || dashed || !dotted(local, &atom) || !dotted(domain, &label) {
        return Err(no());
    }
    Ok(text.to_ascii_lowercase())
}

/// An address, or nothing.
pub(super) fn address_or_none(text: &str) -> Result<String, Wrong> {
    if text.is_empty() { Ok(String::new()) } else { address(text) }
}

/// `Name <address>`, or an address alone: name and address.
pub(super) fn mailbox(text: &str) -> Result<(String, String), Wrong> {
    let Some((name, rest)) = text.split_once('<') else {
        return Ok((String::new(), address(text.trim())?));
    };
    let no = || wrong("not a sender", "write Drumbeat <drumbeat@example.com>");
    let inner = rest.trim_end().strip_suffix('>').ok_or_else(no)?;
    let name = name.trim().trim_matches('"').to_owned();
    if name.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return Err(no());
    }
    Ok((name, address(inner.trim())?))
}

/// Whether a host (as it stands in a URL) is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// An `http` or `https` URL with a host.
fn web(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let fits =
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    fits.then_some(uri)
}

/// An `http` or `https` URL.
pub(super) fn link(text: &str) -> Result<String, Wrong> {
    web(text)
        .map(|_| text.to_owned())
        .ok_or_else(|| wrong("not a link", "write one that begins with https://"))
}

/// Where links in mails begin, without a slash at the end; or nothing.
pub(super) fn public_url(text: &str) -> Result<String, Wrong> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let no =
        || wrong("not what a link can begin with", "write https://drumbeat.example.com, with no ? in it");
    let uri = web(text).ok_or_else(no)?;
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if uri.query().is_some() || text.contains('#') || has_user {
        return Err(no());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether a link that begins so leads nowhere but to the machine it is clicked on.
pub(super) fn leads_home(public_url: &str) -> bool {
    web(public_url).is_some_and(|uri| uri.host().is_some_and(is_loopback))
}

/// The `https` form of a feed's address: `webcal:` is what calendars call it.
fn without_webcal(text: &str) -> String {
    let rest = ["webcal://", "webcals://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.map_or_else(|| text.to_owned(), |rest| format!("https://{rest}"))
}

/// An iCal feed: a URL (`https`, `http`, `webcal`) or a file.
pub(super) fn feed(text: &str) -> Result<SourceSpec, Wrong> {
    let place = without_webcal(text);
    if place.is_empty() || place.chars().any(char::is_control) {
        return Err(wrong("no feed", "write a URL or a file"));
    }
    if place.contains("://") && web(&place).is_none() {
        return Err(wrong("not a feed's URL", "write https://…, or the path of a file"));
    }
    Ok(SourceSpec::Feed(place))
}

/// Where Google's API is: `None` for Google's own place.
pub(super) fn api(text: &str) -> Result<Option<String>, Wrong> {
    let right = "write https://www.googleapis.com/, or the address of a stand-in on this machine";
    let uri = web(text).ok_or_else(|| wrong("not an address", right))?;
    match uri.scheme_str() {
        _ if text.trim_end_matches('/') == GOOGLE => Ok(None),
        Some("https") => Ok(Some(text.to_owned())),
        _ if uri.host().is_some_and(is_loopback) => Ok(Some(text.to_owned())),
        _ => Err(wrong("tokens would cross the net without TLS", right)),
    }
}

/// The name of a header (RFC 9110, 5.1), lower case; none where it is empty.
pub(super) fn header_name(text: &str) -> Result<Option<String>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let name = text.parse::<http::HeaderName>();
    let name = name.map_err(|_| wrong("not the name of a header", "write one such as X-Remote-User"))?;
    Ok(Some(name.as_str().to_owned()))
}

/// One word of the `calendar` column.
pub(super) fn calendar(word: &str) -> Result<SourceSpec, Wrong> {
    let right = "write google, or ics: and the calendar's secret iCal address, or ics: and a file";
    match word.split_once(':') {
        None if word == "google" => Ok(SourceSpec::Google(None)),
        Some(("google", id)) if id.contains('@') && !id.contains(|c: char| c.is_control()) => {
            Ok(SourceSpec::Google(Some(id.to_owned())))
        }
        Some(("google", _)) => Err(wrong(
            "no id of a calendar",
            "write google: and an id such as c_1a2b@group.calendar.google.com",
        )),
        Some(("ics", place)) => feed(place),
        Some(("caldav", _)) => Err(not_built("a CalDAV calendar", right)),
        Some(("http" | "https" | "webcal", _)) => Err(wrong("a URL alone", "write ics: before it")),
        _ => Err(wrong("not a kind of calendar", right)),
    }
}

/// A mail server in lettre's URL form: TLS is needed unless it is on this machine.
pub(super) fn smtp_url(text: &str) -> Result<String, Wrong> {
    let right = "write smtps://user@mail.example.com, or smtp://user@mail.example.com:587?tls=required";
    let uri: Uri = text.parse().map_err(|_| wrong("not the URL of a mail server", right))?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host in it", right))?;
    let tls = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("tls="));
    match (uri.scheme_str(), tls) {
        (Some("smtps"), _) | (Some("smtp"), Some("required")) => Ok(text.to_owned()),
        (Some("smtp"), None | Some("opportunistic")) if is_loopback(host) => Ok(text.to_owned()),
        (Some("smtp"), None | Some("opportunistic")) => {
            Err(wrong("mails would cross the net without TLS", right))
        }
        (Some("smtp"), Some(_)) => Err(wrong("an unknown word after tls=", right)),
        _ => Err(wrong("neither smtps nor smtp", right)),
    }
}

/// Whether the URL of the mail server holds a password.
pub(super) fn holds_password(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(|uri| uri.authority()).map_or("", |authority| authority.as_str());
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Google's own place.
const GOOGLE: &str = "https://www.googleapis.com";

/// Where to listen: an IP address and a port, or nothing.
pub(super) fn listener(text: &str) -> Result<Option<SocketAddr>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        wrong("not an address to listen on", "write 127.0.0.1:8087 or [::1]:8087, or \"\" for none")
    })
}

/// The folder of the embedded store, after `sled:`.
pub(super) fn store(text: &str) -> Result<String, Wrong> {
    let right = "write sled: and a folder, such as sled:state";
    match text.split_once(':') {
        Some(("sled", folder)) if !folder.is_empty() && !folder.chars().any(char::is_control) => {
            Ok(folder.to_owned())
        }
        Some(("postgres" | "postgresql", _)) => Err(not_built("a store in PostgreSQL", right)),
        _ => Err(wrong("not a store", right)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        fn check(text: &str, read: Option<&str>) {
            assert_eq!(address(text).ok().as_deref(), read, "{text}");
        }
        check("Ana.O'Neil+x@Example.COM", Some("ana.o'neil+x@example.com"));
        check("ops@localhost", Some("ops@localhost"));
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a b@c.d",
            "a@b..c",
            ".a@b.c",
            "a@b@c",
            "a\r\nBcc: x@y.z",
            "a@b.c\n",
            "<a@b.c>",
        ] {
            check(bad, None);
        }
        check(&format!("{}@example.com", "a".repeat(65)), None);
        check("a@-b.c", None);
        check("jürgen@example.com", None);
        check("j@exämple.com", None);
    }

    #[test]
    fn senders() {
        fn check(text: &str, read: Option<(&str, &str)>) {
            let found = mailbox(text).ok();
            assert_eq!(
                found.as_ref().map(|(name, address)| (name.as_str(), address.as_str())),
                read,
                "{text}"
            );
        }
        check("Drumbeat <Drum@example.com>", Some(("Drumbeat", "drum@example.com")));
        check("\"Drum, Beat\" <d@example.com>", Some(("Drum, Beat", "d@example.com")));
        check("d@example.com", Some(("", "d@example.com")));
        for bad in ["", "Drumbeat", "Drumbeat <d@example.com", "a\nb <d@example.com>", "a\"b <d@example.com>"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn mail_servers() {
        fn check(url: &str, is_taken: bool) {
            assert_eq!(smtp_url(url).is_ok(), is_taken, "{url}");
        }
        check("smtps://drumbeat@mail.example.com", true);
        check("smtps://drum%40beat@mail.example.com:465/", true);
        check("smtp://mail.example.com:587?tls=required", true);
        check("smtp://127.0.0.1:2525", true);
        check("smtp://[::1]:2525", true);
        check("smtp://localhost:25?tls=opportunistic", true);
        check("smtp://mail.example.com", false);
        check("smtp://mail.example.com?tls=opportunistic", false);
        check("smtp://localhost.example.com", false);
        check("smtp://localhost?tls=maybe", false);
        check("http://mail.example.com", false);
        check("mail.example.com", false);
        check("smtps://", false);
        check("", false);
        assert!(holds_password("smtps://a:b@mail.example.com"));
        assert!(!holds_password("smtps://a@mail.example.com:465"));
    }

    #[test]
    fn links_that_mails_begin_with() {
        fn check(text: &str, read: Option<&str>, is_home: bool) {
            let found = public_url(text).ok();
            assert_eq!(found.as_deref(), read, "{text}");
            assert_eq!(found.is_some_and(|url| leads_home(&url)), is_home, "{text}");
        }
        check("", Some(""), false);
        check("https://drum.example.com/", Some("https://drum.example.com"), false);
        check("https://example.com/drum/", Some("https://example.com/drum"), false);
        check("http://127.0.0.1:8087", Some("http://127.0.0.1:8087"), true);
        check("http://127.8.0.1", Some("http://127.8.0.1"), true);
        check("http://[::1]:80", Some("http://[::1]:80"), true);
        check("http://LOCALHOST", Some("http://LOCALHOST"), true);
        check("http://0.0.0.0", Some("http://0.0.0.0"), true);
        for bad in [
            "drum.example.com",
            "ftp://x",
            "https://",
            "https://a@b.c",
            "https://a.b?c",
            "https://a.b#c",
            "/x",
        ] {
            check(bad, None, false);
        }
    }

    #[test]
    fn calendars() {
        fn check(word: &str, read: Option<&SourceSpec>) {
            assert_eq!(calendar(word).ok().as_ref(), read, "{word}");
        }
        let feed = |place: &str| SourceSpec::Feed(place.to_owned());
        check("ics:ana.ics", Some(&feed("ana.ics")));
        check("ics:/srv/ana.ics", Some(&feed("/srv/ana.ics")));
        check("ics:https://a.example/k.ics?x=y", Some(&feed("https://a.example/k.ics?x=y")));
        check("ics:webcal://a.example/k.ics", Some(&feed("https://a.example/k.ics")));
        check("google", Some(&SourceSpec::Google(None)));
        let id = "c_1a2b@group.calendar.google.com";
        check(&format!("google:{id}"), Some(&SourceSpec::Google(Some(id.to_owned()))));
        for bad in [
            "google:",
            "google:primary",
            "google:a@b\nc",
            "caldav:https://a.example",
            "https://a.example/k",
            "ics:",
            "ics:ftp://a",
            "ana.ics",
            "",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn stores() {
        assert_eq!(store("sled:state").as_deref(), Ok("state"));
        for bad in ["sled:", "state", "postgres://x", "sled:a\nb"] {
            assert!(store(bad).is_err(), "{bad}");
        }
    }
}
