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

/// The start goes on and needs so much more time (`EXTEND_TIMEOUT_USEC=`).
pub fn starting(more: Duration) -> io::Result<()> {
    let microseconds = u32::try_from(more.as_micros()).unwrap_or(u32::MAX);
    sd_notify::notify(&[NotifyState::ExtendTimeoutUsec(microseconds)])
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

    /// The process of the test below: it alone has a `NOTIFY_SOCKET`, which no running process can give itself.
    #[test]
    #[ignore = "started by the test below"]
    fn speaker() {
        ready("begun").unwrap();
        status("3 feeds\nstale").unwrap();
        alive().unwrap();
        reloading().unwrap();
        stopping("ending").unwrap();
        assert_eq!(watchdog(), Some(Duration::from_mins(1)));
    }

    #[test]
    fn systemd_hears_every_word() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("notify");
        let systemd = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
        let speaker = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["io::systemd::tests::speaker", "--exact", "--ignored"])
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "60000000")
            .env_remove("WATCHDOG_PID")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&speaker.stdout);
        assert!(speaker.status.success() && said.contains("1 passed"), "{said}");
        let heard = || {
            let mut message = [0; 256];
            let length = systemd.recv(&mut message).unwrap();
            String::from_utf8(message[..length].to_vec()).unwrap()
        };
        assert_eq!(heard(), "READY=1\nSTATUS=begun\n");
        assert_eq!(heard(), "STATUS=3 feeds stale\n");
        assert_eq!(heard(), "WATCHDOG=1\n");
        assert!(heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        assert_eq!(heard(), "STOPPING=1\nSTATUS=ending\n");
    }

    #[test]
    fn without_systemd_nothing_is_said() {
        let silent = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["io::systemd::tests::alone", "--exact", "--ignored"])
            .env_remove("NOTIFY_SOCKET")
            .env_remove("WATCHDOG_USEC")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&silent.stdout);
        assert!(silent.status.success() && said.contains("1 passed"), "{said}");
    }

    /// The process of the test above.
    #[test]
    #[ignore = "started by the test above"]
    fn alone() {
        ready("begun").unwrap();
        assert_eq!(watchdog(), None);
    }

    #[test]
    fn a_status_stays_one_line() {
        assert_eq!(one_line("3 feeds stale\nWATCHDOG=1"), "3 feeds stale WATCHDOG=1");
    }
}
