//! Mails as files, one `.eml` each: to look at before anything is sent, and for a machine that sends by itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::compose::compose;
use crate::model::mail::Mail;
use crate::ports::{Error, ErrorKind, Later, Mailer};

/// Writes mails into a folder.
#[derive(Debug)]
pub struct FileMailer {
    dir: PathBuf,
}

impl FileMailer {
    /// Mails go into `dir`, which is made, readable by its owner alone, if it is not there.
    pub fn new(dir: &Path) -> Result<Self, Error> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| failed(dir, &error))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Under another name first and then renamed: a file with the right name is a whole mail.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.dir.join(format!(".{name}.part"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.dir.join(name))?;
        File::open(&self.dir)?.sync_all()
    }
}

impl Mailer for FileMailer {
    fn send<'a>(&'a self, mail: &'a Mail) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let bytes = compose(mail)?.formatted();
            self.write(&file_name(mail), &bytes).map_err(|error| failed(&self.dir, &error))
        })
    }
}

/// Date, kind and id: sorted by time, and the same mail has the same name.
pub fn file_name(mail: &Mail) -> String {
    let kind = format!("{:?}", mail.kind).to_lowercase();
    let id = mail.message_id.split('@').next().unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.+=".contains(c) { c } else { '_' };
    let id: String = id.chars().map(safe).take(120).collect();
    format!("{}-{kind}-{id}.eml", mail.date.format("%Y%m%dT%H%M%SZ"))
}

fn failed(dir: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
        _ => ErrorKind::Transient,
    };
    Error::new(kind, "disk", format!("{}: {error}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::mail::MailKind;
    use crate::model::people::PersonId;

    fn mail(id: &str) -> Mail {
        Mail {
            kind: MailKind::CheckIn,
            to: PersonId(1),
            to_address: "rep@example.com".into(),
            to_name: String::new(),
            from_name: String::new(),
            from_address: "drumbeat@example.com".into(),
            reply_to: String::new(),
            subject: "Did it take place?".into(),
            text: "Did it?".into(),
            html: "<p>Did it?</p>".into(),
            invitation: None,
            message_id: id.into(),
            thread: None,
            list_id: None,
            image: None,
            unsubscribe: None,
            date: "2026-11-18T09:00:00Z".parse().unwrap(),
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn one_file_a_mail_and_none_twice() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("a/mail");
        let mailer = FileMailer::new(&dir).unwrap();
        mailer.send(&mail("one.12-ab@example.com")).await.unwrap();
        mailer.send(&mail("../../etc/x@example.com")).await.unwrap();
        let before = names(&dir);
        mailer.send(&mail("one.12-ab@example.com")).await.unwrap();
        assert_eq!(before, names(&dir));
        let wanted = ["20261118T090000Z-checkin-.._.._etc_x.eml", "20261118T090000Z-checkin-one.12-ab.eml"];
        assert_eq!(before, wanted);
        let written = fs::read_to_string(dir.join(wanted[1])).unwrap();
        assert!(written.starts_with("Message-ID: <one.12-ab@example.com>\r\n"), "{written}");
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_told() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("mail");
        let mailer = FileMailer::new(&dir).unwrap();
        fs::remove_dir(&dir).unwrap();
        let error = mailer.send(&mail("x@example.com")).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "disk"));
    }
}
