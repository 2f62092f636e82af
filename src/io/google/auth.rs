//! Tokens: one authenticator for each person that is acted for, made when first needed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use google_calendar3::CalendarHub;
use google_calendar3::common::Body;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use yup_oauth2::authenticator::Authenticator;
use yup_oauth2::error::{AuthError, AuthErrorCode};
use yup_oauth2::{AuthorizedUserAuthenticator, CustomHyperClientBuilder, ServiceAccountAuthenticator};

use super::Rights;
use super::connect::Connector;
use super::credentials::Credentials;
use crate::model::people::PersonId;
use crate::ports::{Error, ErrorKind};

/// A person that is acted for: the API's hub, with what gets its tokens.
#[derive(Clone)]
pub(super) struct Acting {
    pub hub: CalendarHub<Connector>,
    auth: Authenticator<Connector>,
}

/// Whom we act for.
pub(super) struct Auth {
    credentials: Credentials,
    people: BTreeMap<PersonId, String>,
    rights: Rights,
    calls: Client<Connector, Body>,
    tokens: Client<Connector, String>,
    acting: RefCell<BTreeMap<PersonId, Acting>>,
}

impl Auth {
    pub fn new(
        credentials: Credentials,
        people: BTreeMap<PersonId, String>,
        rights: Rights,
        connector: Connector,
    ) -> Self {
        let calls = Client::builder(TokioExecutor::new()).build(connector.clone());
        let tokens = Client::builder(TokioExecutor::new()).build(connector);
        Self { credentials, people, rights, calls, tokens, acting: RefCell::default() }
    }

    pub fn address(&self, who: PersonId) -> Result<&str, Error> {
        let unknown =
            || Error::new(ErrorKind::NotFound, "unknown", "act for somebody who has no calendar at Google");
        self.people.get(&who).map(String::as_str).ok_or_else(unknown)
    }

    /// A person's own calendar: under delegation it is theirs by acting for them, else it is named.
    pub fn own_calendar(&self, who: PersonId) -> Result<String, Error> {
        match &self.credentials {
            Credentials::ServiceAccount(_) => Ok("primary".to_owned()),
            Credentials::OneAccount(_) => self.address(who).map(str::to_owned),
        }
    }

    pub async fn acting(&self, who: PersonId) -> Result<Acting, Error> {
        if let Some(acting) = self.acting.borrow().get(&who) {
            return Ok(acting.clone());
        }
        let client = CustomHyperClientBuilder::from(self.tokens.clone());
        let auth = match &self.credentials {
            Credentials::ServiceAccount(key) => {
                let builder = ServiceAccountAuthenticator::with_client(key.as_ref().clone(), client);
                builder.subject(self.address(who)?).build().await
            }
            Credentials::OneAccount(secret) => {
                AuthorizedUserAuthenticator::with_client(secret.as_ref().clone(), client).build().await
            }
        };
        // The only thing that is looked at here is the private key.
        let auth = auth.map_err(|_| {
            let wrong =
                "use the private key of the service account: it is no RSA key in PEM; download a new key";
            Error::new(ErrorKind::Invalid, "credentials", wrong)
        })?;
        let acting = Acting { hub: CalendarHub::new(self.calls.clone(), auth.clone()), auth };
        self.acting.borrow_mut().insert(who, acting.clone());
        Ok(acting)
    }

    /// A token for a person; `fresh`: a new one, since the old one was refused.
    pub async fn token(&self, acting: &Acting, fresh: bool) -> Result<String, Error> {
        let scopes = self.rights.scopes();
        let kept = if fresh { None } else { self.kept(acting, &scopes).await? };
        if let Some(token) = kept {
            return Ok(token);
        }
        // Also where an answer without a token is kept: the library would give it out until a restart.
        let forced = acting.auth.force_refreshed_token(&scopes).await;
        let token = forced.map_err(|error| self.failed(&error))?.token().map(str::to_owned);
        token.ok_or_else(no_token)
    }

    /// The token that is kept for a person, or a first one.
    async fn kept(&self, acting: &Acting, scopes: &[&str]) -> Result<Option<String>, Error> {
        match acting.hub.auth.get_token(scopes).await {
            Ok(token) => Ok(token),
            Err(error) => Err(match error.downcast::<yup_oauth2::Error>() {
                Ok(error) => self.failed(&error),
                Err(other) => self.failed(&yup_oauth2::Error::UserError(other.to_string())),
            }),
        }
    }

    /// Why there is no token.
    fn failed(&self, error: &yup_oauth2::Error) -> Error {
        match error {
            yup_oauth2::Error::MissingAccessToken => no_token(),
            yup_oauth2::Error::AuthError(refusal) => self.refused(refusal),
            other => unreachable_or_odd(other),
        }
    }

    /// What the token endpoint's refusal means, and what to do about it in the admin console.
    fn refused(&self, refusal: &AuthError) -> Error {
        let said = refusal.error_description.as_deref().unwrap_or_default();
        let (code, advice) = match (&self.credentials, &refusal.error) {
            (Credentials::ServiceAccount(_), AuthErrorCode::UnauthorizedClient | AuthErrorCode::AccessDenied) => {
                ("unauthorized_client", self.not_delegated())
            }
            (_, AuthErrorCode::InvalidScope) => ("invalid_scope", self.not_delegated()),
            (Credentials::ServiceAccount(_), AuthErrorCode::InvalidGrant) if said.contains("iat") => (
                "clock",
                "this machine's clock is more than some minutes away from Google's; let NTP set it (`timedatectl`)"
                    .to_owned(),
            ),
            (Credentials::ServiceAccount(_), AuthErrorCode::InvalidGrant) if said.contains("email") => (
                "no_such_user",
                "there is no active user of that address in the organisation: it may be an alias, a group, or \
                 suspended; write the user's primary address into the roster"
                    .to_owned(),
            ),
            (Credentials::ServiceAccount(_), AuthErrorCode::InvalidGrant | AuthErrorCode::InvalidClient) => (
                "invalid_key",
                "the service account or its key was deleted or disabled; make a new key in the Cloud console under IAM \
                 & Admin > Service accounts > Keys"
                    .to_owned(),
            ),
            (Credentials::OneAccount(_), AuthErrorCode::InvalidGrant) => (
                "revoked",
                "the grant has expired or was revoked; run `drumbeat auth google` again (while the consent screen is in \
                 Testing, a grant ends after 7 days)"
                    .to_owned(),
            ),
            (_, other) => ("token", format!("the token endpoint says {}", other.as_str())),
        };
        Error::new(ErrorKind::Denied, code, format!("get a token from Google: {advice}"))
    }

    fn not_delegated(&self) -> String {
        format!(
            "client {} is not allowed these scopes; in the Admin console under Security > Access and data control > API \
             controls > Domain-wide delegation, give it exactly: {}",
            self.credentials.client(),
            self.rights.scopes().join(",")
        )
    }
}

fn no_token() -> Error {
    Error::new(ErrorKind::Transient, "no_token", "get a token: the answer held none")
}

/// The token endpoint was not reached, or did not answer as one.
fn unreachable_or_odd(error: &yup_oauth2::Error) -> Error {
    let (code, what) = match error {
        yup_oauth2::Error::JSONError(_) => ("token", "the answer of the token endpoint is no JSON"),
        yup_oauth2::Error::LowLevelError(_) | yup_oauth2::Error::UserError(_) => {
            ("token", "the token endpoint's answer cannot be used")
        }
        _ => ("unreachable", "the token endpoint is not reached; check name lookup, firewall and proxy"),
    };
    Error::new(ErrorKind::Transient, code, format!("get a token from Google: {what}"))
}
