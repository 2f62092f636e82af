//! Secrets and randomness: the ledger's id, the key that signs links, the mail server's password.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as Io, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use secrecy::SecretString;

use crate::cli::env::Env;
use crate::ports::{Error, ErrorKind};
use crate::tell::link::LinkKey;

/// The system's source of randomness.
const RANDOM: &str = "/dev/urandom";
/// Length of a link key in bytes.
const KEY: usize = 32;
/// Least length of the dashboard's token, in characters.
const TOKEN_LEAST: usize = 16;

/// So many random bytes of the system's.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let path = Path::new(RANDOM);
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|cause| Error::disk("read", path, &cause)).map(|()| bytes)
}

/// The key that signs links: the credential `link-key`, else the file, which is made once.
pub fn link_key(env: &Env, file: &Path) -> Result<LinkKey, Error> {
    let credential = env.credentials.as_ref().map(|folder| folder.join("link-key"));
    let given = credential.filter(|path| path.exists());
    let path = given.as_deref().unwrap_or(file);
    match std::fs::read(path) {
        Ok(bytes) => of_bytes(path, bytes),
        Err(cause) if cause.kind() == Io::NotFound && given.is_none() => {
            let key = random()?;
            make(file, &key).map_err(|cause| Error::disk("make", file, &cause))?;
            Ok(LinkKey(key))
        }
        Err(cause) => Err(Error::disk("read", path, &cause)),
    }
}

/// The key that signed links before the present one, whose links still work: the credential `link-key-old`, else the
/// file. `None`: there is none.
pub fn old_link_key(env: &Env, file: &Path) -> Result<Option<LinkKey>, Error> {
    let credential = env.credentials.as_ref().map(|folder| folder.join("link-key-old"));
    let given = credential.filter(|path| path.exists());
    let path = given.as_deref().unwrap_or(file);
    match std::fs::read(path) {
        Ok(bytes) => of_bytes(path, bytes).map(Some),
        Err(cause) if cause.kind() == Io::NotFound => Ok(None),
        Err(cause) => Err(Error::disk("read", path, &cause)),
    }
}

fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<LinkKey, Error> {
    let key = <[u8; KEY]>::try_from(bytes).map_err(|bytes| {
        let message = format!(
            "use {}: a link key has {KEY} bytes, this one {}; remove it, and a new one is made (links in \
             mails sent so far then no longer work)",
            path.display(),
            bytes.len()
        );
        Error::new(ErrorKind::Invalid, "link_key", message)
    })?;
    Ok(LinkKey(key))
}

/// Under another name first: a file with the right name is whole.
fn make(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("tmp");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// The mail server's password: the credential `smtp-password`, else the file, else the environment; without line
/// breaks and spaces around it, and none where it is empty.
pub fn smtp_password(env: &Env, file: Option<&Path>) -> Result<Option<SecretString>, Error> {
    let credential = env.credentials.as_ref().map(|folder| folder.join("smtp-password"));
    let credential = credential.filter(|path| path.exists()).map(|path| read(&path)).transpose()?;
    let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(password) = credential.and_then(some) {
        return Ok(Some(password.into()));
    }
    let from_file = file.map(read).transpose()?.and_then(some);
    Ok(from_file.or_else(|| env.smtp_password.clone().and_then(some)).map(SecretString::from))
}

/// The token that the dashboard asks for: the credential `admin-token`, else the file; none where it is empty.
pub fn admin_token(env: &Env, file: Option<&Path>) -> Result<Option<SecretString>, Error> {
    let credential = env.credentials.as_ref().map(|folder| folder.join("admin-token"));
    let path = credential.filter(|path| path.exists()).or_else(|| file.map(Path::to_owned));
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|cause| Error::disk("read the dashboard's token from", &path, &cause))?;
    let token = text.trim().to_owned();
    if token.len() < TOKEN_LEAST {
        let message = format!(
            "use {}: a token of fewer than {TOKEN_LEAST} characters is guessed; write a longer one, such as what \
             `openssl rand -hex 32` prints",
            path.display()
        );
        return Err(Error::new(ErrorKind::Invalid, "admin_token", message));
    }
    Ok(Some(token.into()))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|cause| Error::disk("read the mail server's password from", path, &cause))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_link_key_is_made_once_and_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("link.key");
        let key = link_key(&Env::default(), &file).expect("makes one");
        assert_eq!(link_key(&Env::default(), &file), Ok(key.clone()));
        assert_eq!(file.metadata().expect("is there").permissions().mode() & 0o777, 0o600);
        std::fs::write(dir.path().join("link-key"), [7; KEY]).expect("written");
        let env = Env { credentials: Some(dir.path().to_owned()), ..Env::default() };
        assert_eq!(link_key(&env, &file), Ok(LinkKey([7; KEY])), "a credential wins");
        let old = dir.path().join("link.key.old");
        assert_eq!(old_link_key(&Env::default(), &old), Ok(None));
        std::fs::write(&old, [9; KEY]).expect("written");
        assert_eq!(old_link_key(&env, &old), Ok(Some(LinkKey([9; KEY]))), "the one before it is read too");
        std::fs::write(&file, "short").expect("written");
        let wrong = link_key(&Env::default(), &file).map_err(|error| error.kind);
        assert_eq!(wrong, Err(ErrorKind::Invalid));
    }

    #[test]
    fn the_dashboards_token_must_be_long() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("token");
        let given = |text: &str| {
            std::fs::write(&file, text).expect("written");
            admin_token(&Env::default(), Some(&file)).map(|token| token.map(|t| t.expose_secret().to_owned()))
        };
        assert_eq!(given(" 0123456789abcdef\n").expect("is read"), Some("0123456789abcdef".to_owned()));
        assert_eq!(given("short").map_err(|error| error.kind), Err(ErrorKind::Invalid));
        assert!(admin_token(&Env::default(), None).expect("none is asked for").is_none());
        let env = Env { credentials: Some(dir.path().to_owned()), ..Env::default() };
        std::fs::write(dir.path().join("admin-token"), "fedcba9876543210").expect("written");
        let token = admin_token(&env, Some(&file)).expect("is read").expect("there is one");
        assert_eq!(token.expose_secret(), "fedcba9876543210", "a credential wins");
    }

    #[test]
    fn the_password_is_the_first_that_is_not_empty() {
        let check =
            |credential: Option<&str>, file: Option<&str>, env: Option<&str>, wanted: Option<&str>| {
                let dir = tempfile::tempdir().expect("a folder");
                if let Some(text) = credential {
                    std::fs::write(dir.path().join("smtp-password"), text).expect("written");
                }
                let path = dir.path().join("secret");
                if let Some(text) = file {
                    std::fs::write(&path, text).expect("written");
                }
                let env = Env {
                    credentials: Some(dir.path().to_owned()),
                    smtp_password: env.map(str::to_owned),
                    ..Env::default()
                };
                let got = smtp_password(&env, file.map(|_| path.as_path())).expect("is read");
                assert_eq!(got.as_ref().map(ExposeSecret::expose_secret), wanted);
            };
        check(Some("one\n"), Some("two"), Some("three"), Some("one"));
        check(Some("\n"), Some(" two \n"), Some("three"), Some("two"));
        check(None, Some("\n"), Some("three"), Some("three"));
        check(None, None, Some(""), None);
        check(None, None, None, None);
    }
}
