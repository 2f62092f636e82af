//! Mails go out: over SMTP, or as files.

mod compose;
mod file;
mod server;

pub use file::{FileMailer, file_name};
pub use server::{SmtpMailer, Submission};
