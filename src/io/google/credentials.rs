//! The credentials' file, told apart by what it is.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use yup_oauth2::ServiceAccountKey;
use yup_oauth2::authorized_user::AuthorizedUserSecret;

use crate::ports::{Error, ErrorKind};

/// What Drumbeat proves itself with. It has no `Debug`: all of it is secret.
#[derive(Clone)]
pub enum Credentials {
    /// A service account, which acts as each person by domain-wide delegation.
    ServiceAccount(Box<ServiceAccountKey>),
    /// The grant of one account, which sees what others share with it.
    OneAccount(Box<AuthorizedUserSecret>),
}

impl Credentials {
    /// Reads the text of a file. `Invalid`, with what would be right, where it is something else.
    pub fn read(text: &SecretString) -> Result<Self, Error> {
        let wrong = |what: &str| {
            let message = format!(
                "use the credentials of [google]: {what}; right is the JSON key of a service account, or the file that \
                 `drumbeat auth google` writes"
            );
            Error::new(ErrorKind::Invalid, "credentials", message)
        };
        let value: Value =
            serde_json::from_str(text.expose_secret()).map_err(|_| wrong("the file is no JSON"))?;
        if value.get("installed").is_some() || value.get("web").is_some() {
            return Err(wrong(
                "this is the secret of a client, which nobody has granted anything yet (run `drumbeat auth google \
                 --client` with it)",
            ));
        }
        match value["type"].as_str() {
            Some("service_account") => serde_json::from_value(value)
                .map(|key| Self::ServiceAccount(Box::new(key)))
                .map_err(|_| wrong("parts of the service account's key are missing")),
            Some("authorized_user") => serde_json::from_value(value)
                .map(|secret| Self::OneAccount(Box::new(secret)))
                .map_err(|_| wrong("parts of the grant are missing")),
            Some(_) => Err(wrong("its type is neither service_account nor authorized_user")),
            None => Err(wrong("it says no type")),
        }
    }

    /// What an admin pastes where it is asked for: the client's number, or the account's address.
    pub(super) fn client(&self) -> &str {
        match self {
            Self::ServiceAccount(key) => key.client_id.as_deref().unwrap_or(&key.client_email),
            Self::OneAccount(secret) => &secret.client_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_what_it_is() {
        let check = |text: &str, wanted: Result<&str, &str>| {
            let read = Credentials::read(&text.to_owned().into());
            match (read, wanted) {
                (Ok(credentials), Ok(client)) => assert_eq!(credentials.client(), client, "{text}"),
                (Err(error), Err(part)) => assert!(error.message.contains(part), "{error}"),
                (Ok(_), Err(part)) => panic!("no `{part}` in {text}"),
                (Err(error), Ok(_)) => panic!("{error}"),
            }
        };
        check(
            r#"{"type":"service_account","private_key":"k","client_email":"d@x","client_id":"1","token_uri":"https://t"}"#,
            Ok("1"),
        );
        check(
            r#"{"type":"authorized_user","client_id":"2","client_secret":"s","refresh_token":"r"}"#,
            Ok("2"),
        );
        check(r#"{"type":"service_account"}"#, Err("parts of the service account's key are missing"));
        check(r#"{"installed":{"client_id":"1"}}"#, Err("drumbeat auth google"));
        check(r#"{"type":"external_account"}"#, Err("neither"));
        check("{}", Err("no type"));
        check("-----BEGIN", Err("no JSON"));
    }
}
