//! `drumbeat auth google`: somebody grants Drumbeat their account in a browser on this machine.

use std::future::Future;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use yup_oauth2::authenticator_delegate::InstalledFlowDelegate;
use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};
use yup_oauth2::{
    ApplicationSecret, CustomHyperClientBuilder, InstalledFlowAuthenticator, InstalledFlowReturnMethod,
};

use super::Rights;
use super::connect::Connector;
use crate::ports::{Error, ErrorKind};

/// How long somebody has to press the button.
const PATIENCE: Duration = Duration::from_mins(10);

/// A grant that is asked for.
pub struct Grant {
    secret: ApplicationSecret,
    rights: Rights,
    api: Option<http::Uri>,
}

/// What was granted: the text of a credentials' file.
pub struct TokenFile(SecretString);

impl Grant {
    /// From the text of a client's file, as the Cloud console gives it; `Invalid` where it is something else.
    pub fn new(client: &SecretString, rights: Rights, api: Option<http::Uri>) -> Result<Self, Error> {
        let wrong = |what: &str| {
            let message = format!(
                "use the client's file: {what}; right is the JSON of an OAuth client of type \"Desktop app\", from the \
                 Cloud console under APIs & Services > Credentials"
            );
            Error::new(ErrorKind::Invalid, "client", message)
        };
        let value: Value =
            serde_json::from_str(client.expose_secret()).map_err(|_| wrong("it is no JSON"))?;
        let installed = value.get("installed").cloned().ok_or_else(|| {
            wrong(match value["type"].as_str() {
                Some("service_account") => {
                    "it is the key of a service account, which needs no grant (put it into [google] credentials)"
                }
                _ if value.get("web").is_some() => "it is a client for web servers",
                _ => "it is no client",
            })
        })?;
        let secret = serde_json::from_value(installed).map_err(|_| wrong("parts of it are missing"))?;
        Ok(Self { secret, rights, api })
    }

    /// Waits for the grant. `show` is given the address that somebody opens in a browser on this machine.
    pub async fn wait(&self, show: fn(&str)) -> Result<TokenFile, Error> {
        let kept = Kept::default();
        let client = Client::builder(TokioExecutor::new()).build(Connector::new(self.api.clone())?);
        let method = InstalledFlowReturnMethod::HTTPRedirect;
        let flow = InstalledFlowAuthenticator::with_client(
            self.secret.clone(),
            method,
            CustomHyperClientBuilder::from(client),
        );
        let failed = |code: &str, what: &str| {
            Error::new(ErrorKind::Denied, code, format!("be granted the account: {what}"))
        };
        let flow = flow
            .force_account_selection(true)
            .with_storage(Box::new(kept.clone()))
            .flow_delegate(Box::new(Shown(show)))
            .build()
            .await
            .map_err(|_| failed("listen", "no port of this machine could be listened on"))?;
        match tokio::time::timeout(PATIENCE, flow.token(&self.rights.scopes())).await {
            Err(_) => return Err(failed("timeout", "nobody pressed the button in time; run it again")),
            Ok(Err(yup_oauth2::Error::AuthError(refusal))) => {
                return Err(failed("refused", &format!("Google refuses it: {}", refusal.error.as_str())));
            }
            Ok(Err(_)) => return Err(failed("token", "the answer of Google cannot be used; run it again")),
            Ok(Ok(_)) => {}
        }
        let refresh = kept.refresh_token();
        let refresh = refresh.ok_or_else(|| {
            failed(
                "no_refresh_token",
                "Google gave no lasting grant; remove Drumbeat's access in the account and run it again",
            )
        })?;
        let file = json!({
            "type": "authorized_user",
            "client_id": self.secret.client_id,
            "client_secret": self.secret.client_secret,
            "refresh_token": refresh,
        });
        Ok(TokenFile(file.to_string().into()))
    }
}

impl TokenFile {
    /// Writes it for nobody but its owner to read; under another name first, so that what has the right name is whole.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let unfinished = path.with_extension("tmp");
        let write = || {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            file.write_all(self.0.expose_secret().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&unfinished, path)
        };
        write().map_err(|cause| Error::disk("write the grant to", path, &cause))
    }
}

/// Shows the address and waits for the browser to come back.
struct Shown(fn(&str));

impl InstalledFlowDelegate for Shown {
    fn present_user_url<'a>(
        &'a self,
        url: &'a str,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + 'a>> {
        (self.0)(url);
        Box::pin(async { Ok(String::new()) })
    }
}

/// Keeps what was granted until it is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<TokenInfo>>>);

impl Kept {
    fn refresh_token(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().and_then(|token| token.refresh_token.clone())
    }
}

type Stored<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl TokenStorage for Kept {
    fn set<'life0, 'life1, 'life2, 'a>(
        &'life0 self,
        _: &'life1 [&'life2 str],
        token: TokenInfo,
    ) -> Stored<'a, Result<(), TokenStorageError>>
    where
        'life0: 'a,
        'life1: 'a,
        'life2: 'a,
    {
        Box::pin(async move {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
            Ok(())
        })
    }

    fn get<'life0, 'life1, 'life2, 'a>(
        &'life0 self,
        _: &'life1 [&'life2 str],
    ) -> Stored<'a, Option<TokenInfo>>
    where
        'life0: 'a,
        'life1: 'a,
        'life2: 'a,
    {
        Box::pin(async { None })
    }
}
