//! The mails that are kept in docs/mails, for people who want to see what will be sent before it is.

use std::fs;
use std::path::Path;

use drumbeat::io::smtp::FileMailer;
use drumbeat::model::mail::{Invitation, Mail, Method};
use drumbeat::ports::Mailer as _;

use super::{letters, written};
use crate::cli::site::is_wished;

/// Names of the letters that are kept, by the file they are kept in.
const KEPT: [(&str, &str); 16] = [
    ("welcome", "welcome-propose-manager"),
    ("proposal", "proposal-several"),
    ("booked", "booked-rep"),
    ("released", "released-own-choice"),
    ("escalation", "escalation-no-slot"),
    ("escalation-leader", "escalation-no-slot-leader"),
    ("resolved", "resolved-recovered"),
    ("health", "health"),
    ("monday", "monday"),
    ("capacity", "capacity"),
    ("check-in", "check-in"),
    ("overlap", "overlap"),
    ("cadence", "cadence-less"),
    ("series", "series"),
    ("series-booked", "series-booked"),
    ("ops", "ops-suspect"),
];

/// The invitation of a booking, as small as one can be.
const ICS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Drumbeat//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n\
                   UID:0abc@example.com\r\nSEQUENCE:0\r\nDTSTAMP:20261117T103500Z\r\nDTSTART:20261119T140000Z\r\n\
                   DTEND:20261119T143000Z\r\nSUMMARY:1-on-1 Bo / Ana\r\n\
                   ORGANIZER;CN=Drumbeat:mailto:drumbeat@example.com\r\n\
                   ATTENDEE;CN=Bo Berg;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bo.berg@example.com\r\n\
                   ATTENDEE;CN=Ana Alves;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ana.alves@example.com\r\n\
                   END:VEVENT\r\nEND:VCALENDAR\r\n";

/// The mails, by the name of their file.
pub fn kept() -> Vec<(&'static str, Mail)> {
    let mail = |(file, name): (&'static str, &str)| {
        let (_, to, letter) = letters().into_iter().find(|(known, ..)| *known == name).expect("is there");
        let mut mail = written(to, letter);
        if file == "booked" {
            mail.invitation = Some(Invitation { method: Method::Request, ics: ICS.to_owned() });
        }
        (file, mail)
    };
    KEPT.into_iter().map(mail).collect()
}

/// `MAILS=write` keeps them anew.
#[tokio::test]
async fn the_mails_of_the_documentation_are_those_that_are_sent() {
    let rewrites = is_wished("MAILS");
    for (file, mail) in kept() {
        let folder = tempfile::tempdir().expect("a folder");
        FileMailer::new(folder.path()).expect("a mailer").send(&mail).await.expect("is written");
        let entry = fs::read_dir(folder.path()).expect("a folder").next().expect("a file").expect("an entry");
        let bytes = fs::read(entry.path()).expect("is read");
        let kept = Path::new("docs/mails").join(format!("{file}.eml"));
        if rewrites {
            fs::create_dir_all("docs/mails").expect("a folder");
            fs::write(&kept, &bytes).expect("is written");
        }
        let known = fs::read(&kept).unwrap_or_default();
        assert!(
            known == bytes,
            "{} is not what is sent: MAILS=write cargo test keeps it anew",
            kept.display()
        );
    }
}
