//! What every answer of the API has around its items: tokens on pages, and errors.

use serde::Deserialize;

/// The frame of one page of `events.list`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Page {
    /// More pages follow.
    pub next_page_token: Option<String>,
    /// This was the last page; what changes from now on can be asked for with it.
    pub next_sync_token: Option<String>,
    /// What may be seen of the calendar: `owner`, `writer`, `reader`, `freeBusyReader`.
    pub access_role: Option<String>,
    /// The calendar's zone.
    pub time_zone: Option<String>,
    kind: Option<String>,
    items: Option<serde::de::IgnoredAny>,
}

/// Reads the frame; `None` where the text is no page (cut off, an HTML page, another kind of answer).
pub fn page(bytes: &[u8]) -> Option<Page> {
    let page: Page = serde_json::from_slice(bytes).ok()?;
    let is_events = page.kind.as_deref() == Some("calendar#events") || page.items.is_some();
    is_events.then_some(page)
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status it repeats.
    pub code: u16,
    /// The reason, such as `fullSyncRequired` or `rateLimitExceeded`; empty where none is given.
    pub reason: String,
    /// For people to read. It may repeat what was asked for, so it is for operators, never for the ledger.
    pub message: String,
}

/// Reads the body of a refusal; `None` where it is none of the API's.
///
/// Source: <https://developers.google.com/workspace/calendar/api/guides/errors>.
pub fn refusal(bytes: &[u8]) -> Option<Refusal> {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: u16,
        #[serde(default)]
        message: String,
        #[serde(default)]
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        #[serde(default)]
        reason: String,
    }
    let Inner { code, message, errors } = serde_json::from_slice::<Body>(bytes).ok()?.error;
    let reason = errors.into_iter().next().map(|one| one.reason).unwrap_or_default();
    Some(Refusal { code, reason, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_from_what_is_none() {
        let check = |text: &str, wanted: Option<(Option<&str>, Option<&str>)>| {
            let read = page(text.as_bytes());
            let read =
                read.as_ref().map(|page| (page.next_page_token.as_deref(), page.next_sync_token.as_deref()));
            assert_eq!(read, wanted, "{text}");
        };
        check(r#"{"kind":"calendar#events","nextPageToken":"p"}"#, Some((Some("p"), None)));
        check(r#"{"items":[],"nextSyncToken":"s"}"#, Some((None, Some("s"))));
        check(r#"{"kind":"calendar#events","items":[{"id":"a"#, None);
        check("<html></html>", None);
        check(r#"{"error":{"code":410}}"#, None);
        check("", None);
    }

    #[test]
    fn a_refusal_names_its_reason() {
        let body = br#"{"error":{"errors":[{"domain":"global","reason":"notFound","message":"Not Found"}],"code":404,"message":"Not Found"}}"#;
        let wanted = Refusal { code: 404, reason: "notFound".into(), message: "Not Found".into() };
        assert_eq!(refusal(body), Some(wanted));
        assert_eq!(refusal(b"Service Unavailable"), None);
    }
}
