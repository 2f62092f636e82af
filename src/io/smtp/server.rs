//! Sending over SMTP (RFC 5321) with lettre's connection, step by step: what a refusal means depends on the step
//! it came at, and lettre's own transport does not say which that was.

use std::cell::RefCell;
use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::compose::compose;
use crate::io::cause;
use crate::model::mail::Mail;
use crate::ports::{Error, ErrorKind, Later, Mailer};

/// Longest wait for a connection to one address, and for the sign of life of one that was kept.
const CONNECT: Duration = Duration::from_secs(10);
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Longest wait for a goodbye.
const PARTING: Duration = Duration::from_secs(1);

/// Where mails are handed in, and as whom (`[mail]`).
pub struct Submission {
    /// `smtps://user@host:port/ehlo-name` (port 465) or `smtp://…`: the latter with STARTTLS required (port 587),
    /// except to a loopback address, where it is plain (port 25) unless `?tls=required`.
    pub url: String,
    /// For the user in the URL; an empty one counts as none.
    pub password: Option<SecretString>,
    /// For one mail, from connecting to the server's last word.
    pub timeout: Duration,
    /// Certificates (PEM) trusted beside the system's: those of a private authority.
    pub roots: Vec<Vec<u8>>,
}

/// How the connection is protected.
enum Protection {
    Tls(TlsParameters),
    StartTls(TlsParameters),
    Loopback,
}

/// Sends mails to one server, over one connection that is kept from mail to mail.
pub struct SmtpMailer {
    host: String,
    port: u16,
    protection: Protection,
    hello: ClientId,
    credentials: Option<Credentials>,
    timeout: Duration,
    kept: RefCell<Option<AsyncSmtpConnection>>,
}

/// The steps of a session at which a server may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Greeting,
    Login,
    Sender,
    Recipient,
    Content,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Greeting => "connection",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Content => "mail itself",
        }
    }
}

impl SmtpMailer {
    /// Reads the URL; connects only when there is a mail. `Invalid` for a URL or certificate that makes no
    /// sense, `Denied` for a user without a password.
    pub fn new(submission: &Submission) -> Result<Self, Error> {
        let url = Url::parse(&submission.url).map_err(|_| invalid("is no URL"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(invalid("names no host"));
        }
        let required = url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
        let tls = || tls(&host, &submission.roots);
        let (protection, usual_port) = match url.scheme() {
            "smtps" => (Protection::Tls(tls()?), 465),
            "smtp" if is_loopback(&host) && !required => (Protection::Loopback, 25),
            "smtp" => (Protection::StartTls(tls()?), 587),
            _ => return Err(invalid("begins neither with smtps:// nor with smtp://")),
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let credentials = credentials(&url, submission.password.as_ref())?;
        let port = url.port().unwrap_or(usual_port);
        let (timeout, kept) = (submission.timeout, RefCell::default());
        Ok(Self { host, port, protection, hello, credentials, timeout, kept })
    }

    /// Connects, logs in and takes its leave: whether mails would be taken, without one. Errors as for a mail.
    pub async fn try_out(&self) -> Result<(), Error> {
        let mut connection =
            timeout(self.timeout, self.connect()).await.unwrap_or_else(|_| Err(self.too_slow("answer")))?;
        // Whether the goodbye is heard does not matter.
        let _ = timeout(PARTING, connection.abort()).await;
        Ok(())
    }

    fn too_slow(&self, what: &str) -> Error {
        let wrong = format!("{} did not {what} within {} s", self.host, self.timeout.as_secs_f32());
        Error::new(ErrorKind::Transient, "timeout", wrong)
    }

    /// Over the kept connection if it still answers, else over a new one, which is kept if all went well.
    async fn deliver(&self, message: &Message) -> Result<(), Error> {
        let mut connection = match self.still_alive().await {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        match self.hand_over(&mut connection, message).await {
            Ok(()) => {
                self.kept.replace(Some(connection));
                Ok(())
            }
            Err(error) => {
                // Whether the goodbye is heard does not matter.
                let _ = timeout(PARTING, connection.abort()).await;
                Err(error)
            }
        }
    }

    /// The kept connection, if there is one and it answers.
    async fn still_alive(&self) -> Option<AsyncSmtpConnection> {
        let mut kept = self.kept.take()?;
        let alive = timeout(SIGN_OF_LIFE, kept.test_connected()).await;
        alive.unwrap_or(false).then_some(kept)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let at_once = if let Protection::Tls(tls) = &self.protection { Some(tls.clone()) } else { None };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, at_once, None)
                .await
                .map_err(|error| self.failure(Step::Greeting, &error))?;
        if let Protection::StartTls(tls) = &self.protection {
            if !connection.can_starttls() {
                let wrong = format!("{} offers no STARTTLS, and nothing is sent in the clear", self.host);
                return Err(Error::new(ErrorKind::Denied, "tls", wrong));
            }
            let upgraded = connection.starttls(tls.clone(), &self.hello).await;
            upgraded.map_err(|error| self.failure(Step::Greeting, &error))?;
        }
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
            login.map_err(|error| self.failure(Step::Login, &error))?;
        }
        Ok(connection)
    }

    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Error> {
        let (from, to) = (message.envelope().from().cloned(), message.envelope().to());
        let sender = connection.command(MailFrom::new(from, Vec::new())).await;
        sender.map_err(|error| self.failure(Step::Sender, &error))?;
        for address in to {
            let recipient = connection.command(Rcpt::new(address.clone(), Vec::new())).await;
            recipient.map_err(|error| self.failure(Step::Recipient, &error))?;
        }
        connection.command(Data).await.map_err(|error| self.failure(Step::Content, &error))?;
        let content = connection.message(&message.formatted()).await;
        content.map_err(|error| self.failure(Step::Content, &error))?;
        Ok(())
    }

    /// What a failure means. A reply's text may hold addresses, so only its codes are told.
    fn failure(&self, step: Step, error: &SmtpError) -> Error {
        let host = &self.host;
        if let Some(code) = error.status().map(u16::from) {
            let kind = meaning(step, code);
            let enhanced = error.source().map(ToString::to_string).and_then(|text| enhanced(&text));
            let enhanced = enhanced.map(|code| format!(" ({code})")).unwrap_or_default();
            let said = format!("{host} refused the {}: {code}{enhanced}", step.name());
            return Error::new(kind, &code.to_string(), said);
        }
        let transient = |code, what: &str| Error::new(ErrorKind::Transient, code, format!("{host}: {what}"));
        if let Some(tls) = cause::<rustls::Error>(error) {
            return Error::new(ErrorKind::Denied, "tls", format!("{host}: {tls}"));
        }
        if step == Step::Login && error.is_client() {
            let wrong = format!("{host} offers no way to log in that is known here (PLAIN, LOGIN)");
            return Error::new(ErrorKind::Denied, "auth", wrong);
        }
        match cause::<io::Error>(error) {
            _ if error.is_timeout() => transient("timeout", "no connection in time"),
            Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
                transient("refused", "the connection was refused")
            }
            Some(io) if io.to_string().contains("lookup") => transient("dns", "the name was not found"),
            Some(_) => transient("connection", "no connection, or it broke off"),
            None => transient("reply", "the server said nothing sensible, or hung up"),
        }
    }
}

impl Mailer for SmtpMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let message = compose(mail)?;
            // lettre's own timeout does not cover a server that accepts and stays silent.
            let delivered = timeout(self.timeout, self.deliver(&message)).await;
            delivered.unwrap_or_else(|_| Err(self.too_slow("take the mail")))
        })
    }
}

/// 4yz: later; 5yz (RFC 5321, 4.2.1): never. Either is about this recipient or mail, if it came to one of them; what comes
/// earlier, asks for a login (RFC 4954, 6) or ends the session (421) concerns us and every mail.
fn meaning(step: Step, code: u16) -> ErrorKind {
    match (step, code) {
        (_, 421) => ErrorKind::Transient,
        (Step::Recipient | Step::Content, ..500) => ErrorKind::Deferred,
        (_, ..500) => ErrorKind::Transient,
        (_, 530 | 534 | 535 | 538) => ErrorKind::Denied,
        (Step::Recipient | Step::Content, _) => ErrorKind::Invalid,
        _ => ErrorKind::Denied,
    }
}

/// The enhanced status code (RFC 3463) at the beginning of a reply, like `5.1.1`.
fn enhanced(reply: &str) -> Option<String> {
    let word = reply.split_whitespace().next()?;
    let numbers = word
        .split('.')
        .all(|part| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()));
    (numbers && word.split('.').count() == 3).then(|| word.to_owned())
}

fn tls(host: &str, roots: &[Vec<u8>]) -> Result<TlsParameters, Error> {
    let wrong = |error: SmtpError| Error::new(ErrorKind::Invalid, "tls", format!("certificates: {error}"));
    let mut tls = TlsParameters::builder(host.to_owned());
    for pem in roots {
        tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    tls.build().map_err(wrong)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The user of the URL with the password that was handed in, else with that of the URL.
fn credentials(url: &Url, password: Option<&SecretString>) -> Result<Option<Credentials>, Error> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let given = password.map(|word| word.expose_secret().to_owned()).filter(|word| !word.is_empty());
    match given.or_else(|| url.password().map(decoded)) {
        Some(word) => Ok(Some(Credentials::new(decoded(url.username()), word))),
        None => Err(Error::new(
            ErrorKind::Denied,
            "auth",
            "log in to the mail server: `[mail] url` names a user, but there is no password for them; put it into the \
             file smtp-password beside the configuration, or name another with `[mail] password_file`",
        )),
    }
}

/// Undoes percent-encoding, by way of the one decoder a URL has.
fn decoded(text: &str) -> String {
    let query = format!("x:?{}", text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D"));
    let url = Url::parse(&query);
    url.ok().and_then(|url| url.query_pairs().next().map(|(key, _)| key.into_owned())).unwrap_or_default()
}

fn invalid(what: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        "url",
        format!("use `[mail] url`: it {what}; one looks like smtps://user@mail.example.com"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(url: &str, password: Option<&str>) -> Result<SmtpMailer, Error> {
        let password = password.map(SecretString::from);
        SmtpMailer::new(&Submission {
            url: url.into(),
            password,
            timeout: Duration::from_secs(1),
            roots: Vec::new(),
        })
    }

    #[test]
    fn nothing_goes_in_the_clear_beyond_this_machine() {
        let check = |url: &str, wanted: &str| {
            let mailer = mailer(url, None).unwrap();
            let how = match mailer.protection {
                Protection::Tls(_) => "tls",
                Protection::StartTls(_) => "starttls",
                Protection::Loopback => "plain",
            };
            assert_eq!(format!("{how} {} {}", mailer.host, mailer.port), wanted, "{url}");
        };
        check("smtps://mail.example.com", "tls mail.example.com 465");
        check("smtp://mail.example.com", "starttls mail.example.com 587");
        check("smtp://mail.example.com:25?tls=opportunistic", "starttls mail.example.com 25");
        check("smtp://10.0.0.1:25", "starttls 10.0.0.1 25");
        check("smtp://localhost", "plain localhost 25");
        check("smtp://127.0.0.1:2525", "plain 127.0.0.1 2525");
        check("smtp://[::1]", "plain ::1 25");
        check("smtp://localhost?tls=required", "starttls localhost 587");
    }

    #[test]
    fn urls_and_passwords() {
        let check = |url: &str, password: Option<&str>, wanted: Result<Option<(&str, &str)>, &str>| {
            let got = mailer(url, password).map(|mailer| mailer.credentials).map_err(|error| error.code);
            let wanted =
                wanted.map(|pair| pair.map(|(user, word)| Credentials::new(user.into(), word.into())));
            assert_eq!(got.as_ref().map_err(String::as_str), wanted.as_ref().map_err(|code| *code), "{url}");
        };
        check("smtps://host", None, Ok(None));
        check("smtps://u@host", Some("secret"), Ok(Some(("u", "secret"))));
        check("smtps://u%40d%2Bx=y&z@host", Some("s&%41=+"), Ok(Some(("u@d+x=y&z", "s&%41=+"))));
        check("smtps://u:in%20url@host", None, Ok(Some(("u", "in url"))));
        check("smtps://u:in%20url@host", Some("given"), Ok(Some(("u", "given"))));
        check("smtps://u@host", None, Err("auth"));
        check("smtps://u@host", Some(""), Err("auth"));
        check("https://host", None, Err("url"));
        check("smtps:", None, Err("url"));
        check("mail.example.com", None, Err("url"));
    }

    #[test]
    fn what_a_refusal_means() {
        use ErrorKind::{Deferred, Denied, Invalid, Transient};
        let check = |step, code, wanted| assert_eq!(meaning(step, code), wanted, "{step:?} {code}");
        for step in [Step::Greeting, Step::Login, Step::Sender, Step::Recipient, Step::Content] {
            check(step, 421, Transient);
            check(step, 530, Denied);
            check(step, 535, Denied);
        }
        check(Step::Sender, 451, Transient);
        check(Step::Recipient, 451, Deferred);
        check(Step::Content, 452, Deferred);
        check(Step::Greeting, 554, Denied);
        check(Step::Sender, 550, Denied);
        check(Step::Recipient, 550, Invalid);
        check(Step::Content, 554, Invalid);
    }

    #[test]
    fn an_enhanced_code_is_numbers_only() {
        assert_eq!(enhanced("5.1.1 <x@example.com>: unknown"), Some("5.1.1".into()));
        for other in ["", "5.1", "no 5.1.1", "5.1.x", "5..1", "1.2.3.4 is listed", "1234.1.1"] {
            assert_eq!(enhanced(other), None, "{other}");
        }
    }
}
