//! What systemd is told (sd_notify(3)). Without a `NOTIFY_SOCKET` every call does nothing.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

/// Everything is open, held and listening; with a first status line.
pub fn ready(text: &str) -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(&one_line(text))])
}

/// The line that `systemctl status` shows.
pub fn status(text: &str) -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Status(&one_line(text))])
}

/// The loop lives. To be sent by the loop itself, never by a timer of its own: that would hide a dead loop.
pub fn alive() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Watchdog])
}

/// A reload has begun; [`ready`] ends it. The instant goes in the same message, as `Type=notify-reload` wants.
pub fn reloading() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
}

/// The end has begun; with a last status line.
pub fn stopping(text: &str) -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status(&one_line(text))])
}

/// How long systemd waits for [`alive`] before it kills the process (`WatchdogSec=`); ping at half of it.
/// `None`: it does not watch, or watches another process.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// A line break in a status would begin another message to systemd.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stays_one_line() {
        assert_eq!(one_line("3 feeds stale\nWATCHDOG=1"), "3 feeds stale WATCHDOG=1");
    }
}
