//! A mail as bytes (RFC 5322, MIME, iMIP: RFC 6047). The same mail gives the same bytes, so a repeated send is
//! recognised by its Message-ID and cannot differ.

use std::fmt::Write;
use std::time::SystemTime;

use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, InReplyTo,
    MessageId, References,
};
use lettre::message::{Mailbox, MultiPart, MultiPartBuilder, SinglePart};
use lettre::{Address, Message};
use sha2::{Digest, Sha256};

use crate::model::mail::{Image, Invitation, Mail};
use crate::ports::{Error, ErrorKind};

/// The message with its envelope. `Invalid` for a value that cannot stand in a header.
pub(super) fn compose(mail: &Mail) -> Result<Message, Error> {
    let id = bracketed(&mail.message_id, "message id")?;
    let mut message = Message::builder()
        .header(MessageId::from(id))
        .date(SystemTime::from(mail.date))
        .from(mailbox(&mail.from_name, &mail.from_address, "sender")?)
        .to(mailbox(&mail.to_name, &mail.to_address, "recipient")?)
        .subject(one_line(&mail.subject, "subject")?)
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"));
    if !mail.reply_to.is_empty() {
        message = message.reply_to(mailbox("", &mail.reply_to, "reply-to")?);
    }
    if let Some(thread) = &mail.thread {
        let root = bracketed(thread, "thread")?;
        message = message.header(InReplyTo::from(root.clone())).header(References::from(root));
    }
    if let Some(list) = &mail.list_id {
        message = message.raw_header(raw("List-Id", &bracketed(list, "list id")?));
    }
    if let Some(url) = &mail.unsubscribe {
        let ways = format!("<{}>, <mailto:{}?subject=unsubscribe>", plain_url(url)?, mail.reply_to);
        message = message
            .raw_header(raw("List-Unsubscribe", &ways))
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    message.multipart(body(mail)?).map_err(|error| invalid("mail", &error.to_string()))
}

/// Plain text first, then HTML; with an invitation a third form of the same, and once more as an attachment,
/// since some clients act on the one and some on the other.
fn body(mail: &Mail) -> Result<MultiPart, Error> {
    let forms = bounded(MultiPart::alternative(), mail, "alternative")
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    if let Some(image) = &mail.image {
        return Ok(bounded(MultiPart::related(), mail, "related")
            .multipart(forms)
            .singlepart(picture(image)?));
    }
    let Some(invitation) = &mail.invitation else { return Ok(forms) };
    let forms = forms.singlepart(calendar(invitation)?);
    let attached = SinglePart::builder()
        .header(content_type("application/ics; name=\"invite.ics\"")?)
        .header(ContentDisposition::attachment("invite.ics"))
        .header(ContentTransferEncoding::Base64)
        .body(invitation.ics.clone().into_bytes());
    Ok(bounded(MultiPart::mixed(), mail, "mixed").multipart(forms).singlepart(attached))
}

/// A picture that the HTML shows by its content id.
fn picture(image: &Image) -> Result<SinglePart, Error> {
    Ok(SinglePart::builder()
        .header(content_type("image/png; name=\"chart.png\"")?)
        .header(ContentId::from(bracketed(&image.cid, "content id")?))
        .header(ContentDisposition::inline_with_name("chart.png"))
        .header(ContentTransferEncoding::Base64)
        .body(image.png.clone()))
}

/// An address that may stand in angle brackets in a header.
fn plain_url(url: &str) -> Result<&str, Error> {
    let sound = url.len() <= 900 && url.bytes().all(|b| b.is_ascii_graphic() && !b"<>,".contains(&b));
    sound.then_some(url).ok_or_else(|| invalid("unsubscribe", "no plain address"))
}

/// METHOD stands in the body and in the type alike: without the parameter some clients show an empty mail.
fn calendar(invitation: &Invitation) -> Result<SinglePart, Error> {
    let method = invitation.method.as_str();
    Ok(SinglePart::builder()
        .header(content_type(&format!("text/calendar; charset=UTF-8; method={method}"))?)
        .body(invitation.ics.clone()))
}

fn content_type(text: &str) -> Result<ContentType, Error> {
    ContentType::parse(text).map_err(|error| invalid("content type", &error.to_string()))
}

/// Gives a part a boundary made of the message id, where lettre would take a random one. `=_` cannot come
/// about in quoted-printable or base64, and nobody who writes a title knows the id (it is an HMAC).
fn bounded(part: MultiPartBuilder, mail: &Mail, level: &str) -> MultiPart {
    let digest =
        Sha256::new().chain_update(level).chain_update("\0").chain_update(&mail.message_id).finalize();
    let mut boundary = String::from("=_");
    for byte in &digest[..16] {
        let _ = write!(boundary, "{byte:02x}");
    }
    part.boundary(boundary).build()
}

/// A header of fixed name and ASCII value, written as it is.
fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.to_owned(),
        value.to_owned(),
    )
}

fn mailbox(name: &str, address: &str, what: &str) -> Result<Mailbox, Error> {
    let name = one_line(name, what)?;
    // Other addresses need SMTPUTF8 of every server on the way.
    let address: Address = Some(address)
        .filter(|address| address.is_ascii())
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| invalid(what, "no plain mail address"))?;
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address))
}

/// An identifier in angle brackets.
fn bracketed(id: &str, what: &str) -> Result<String, Error> {
    let sound =
        !id.is_empty() && id.len() <= 200 && id.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
    if sound {
        Ok(format!("<{id}>"))
    } else {
        Err(invalid(what, "must be 1 to 200 visible ASCII characters"))
    }
}

/// Refused rather than mended: a line break here is somebody's attempt at a header of their own.
fn one_line(text: &str, what: &str) -> Result<String, Error> {
    if text.chars().any(char::is_control) {
        return Err(invalid(what, "holds a control character"));
    }
    Ok(text.to_owned())
}

fn invalid(what: &str, why: &str) -> Error {
    Error::new(ErrorKind::Invalid, "mail", format!("{what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mail::{MailKind, Method};
    use crate::model::people::PersonId;

    fn mail() -> Mail {
        Mail {
            kind: MailKind::Booked,
            to: PersonId(7),
            to_address: "rep@example.com".into(),
            to_name: "Zoë Ångström".into(),
            from_name: "Drumbeat".into(),
            from_address: "drumbeat@example.com".into(),
            reply_to: "ops@example.com".into(),
            subject: "Your 1-on-1 is back: Thursday 10:00".into(),
            text: "Grüße.\nThursday, 10:00.\n".into(),
            html: "<p>Gr&uuml;&szlig;e</p>".into(),
            invitation: None,
            message_id: "booked.0123456789abcdef@example.com".into(),
            thread: Some("proposal.fedcba9876543210@example.com".into()),
            image: None,
            list_id: None,
            unsubscribe: None,
            date: "2026-11-18T09:00:00Z".parse().unwrap(),
        }
    }

    fn text(mail: &Mail) -> String {
        String::from_utf8(compose(mail).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_headers_are_these_and_no_others() {
        let text = text(&mail());
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let wanted = "Message-ID Date From To Subject Auto-Submitted X-Auto-Response-Suppress Reply-To In-Reply-To \
                      References MIME-Version Content-Type";
        assert_eq!(names.join(" "), wanted);
        for line in [
            "Message-ID: <booked.0123456789abcdef@example.com>",
            "Date: Wed, 18 Nov 2026 09:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "In-Reply-To: <proposal.fedcba9876543210@example.com>",
        ] {
            assert!(head.lines().any(|l| l == line), "{line} in {head}");
        }
        assert!(text.is_ascii());
    }

    #[test]
    fn the_same_mail_is_the_same_bytes_and_another_has_another_boundary() {
        let invitation =
            Invitation { method: Method::Request, ics: "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".into() };
        let one = Mail { invitation: Some(invitation), ..mail() };
        assert_eq!(text(&one), text(&one.clone()));
        let boundaries = |mail: &Mail| {
            let text = text(mail);
            text.split("boundary=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let other = Mail { message_id: "other@example.com".into(), ..one.clone() };
        let mut all = [boundaries(&one), boundaries(&other)].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 4, "{all:?}");
    }

    #[test]
    fn an_invitation_stands_in_the_mail_twice() {
        let ics = "BEGIN:VCALENDAR\r\nSUMMARY:1-on-1 mit Zoë\r\nEND:VCALENDAR\r\n".to_owned();
        let text = text(&Mail { invitation: Some(Invitation { method: Method::Cancel, ics }), ..mail() });
        let types: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("Content-Type: ")).collect();
        let kinds: Vec<_> = types.iter().map(|line| line.split(';').next().unwrap()).collect();
        let wanted = [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar",
            "application/ics",
        ];
        assert_eq!(kinds, wanted);
        assert_eq!(types[4], "text/calendar; charset=utf-8; method=CANCEL");
        assert!(text.contains(
            "Content-Disposition: attachment; filename=\"invite.ics\"\r\nContent-Transfer-Encoding: base64"
        ));
    }

    #[test]
    fn nothing_can_add_a_header() {
        let check = |what: &str, spoil: fn(&mut Mail)| {
            let mut mail = mail();
            spoil(&mut mail);
            let error = compose(&mail).expect_err(what);
            assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Invalid, "mail"), "{what}");
            assert!(!error.message.contains("evil"), "{what}: {}", error.message);
        };
        check("subject", |m| m.subject.push_str("\r\nBcc: evil@example.com"));
        check("subject, LF", |m| m.subject.push('\n'));
        check("subject, NUL", |m| m.subject.push('\0'));
        check("name", |m| m.to_name = "evil\r\nBcc: x".into());
        check("sender's name", |m| m.from_name = "evil\nx".into());
        check("address", |m| m.to_address = "evil@example.com\r\nRCPT TO:<x@example.com>".into());
        check("two addresses", |m| m.to_address = "evil@example.com, x@example.com".into());
        check("an address that needs SMTPUTF8", |m| m.to_address = "evil@exämple.com".into());
        check("reply-to", |m| m.reply_to = "evil@example.com>\r\n".into());
        check("message id", |m| m.message_id = "evil>\r\nX: y@example.com".into());
        check("thread", |m| m.thread = Some("evil <x>".into()));
        check("list", |m| m.list_id = Some("evil\r\n".into()));
    }
}
