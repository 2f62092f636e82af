//! The control socket: one order a connection, a line of JSON each way. Who may open it is a matter of the file's rights
//! (0660, the service's user and group); who asks is told by the kernel.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

use crate::model::hand::Order;
use crate::model::page::Page;
use crate::ports::{Ask, Asked, Error, ErrorKind};

/// The file's name.
pub const NAME: &str = "control.sock";
/// The longest order, in bytes.
const ORDER_BYTES: u64 = 64 << 10;
/// How long a client may take to write its order.
const READING: Duration = Duration::from_secs(5);
/// How long an order may take: a reload reads files, and a tick in flight may be sending mails.
pub const ANSWER: Duration = Duration::from_mins(2);
/// The right to open it: the user and the group of the service.
const RIGHTS: u32 = 0o660;

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// It was done.
    pub ok: bool,
    /// What was done, or why it was not.
    pub text: String,
}

impl Reply {
    fn no(text: impl Into<String>) -> Self {
        Self { ok: false, text: text.into() }
    }
}

impl From<Page> for Reply {
    fn from(page: Page) -> Self {
        Self { ok: page.status == 200, text: page.text }
    }
}

/// The listening socket; its file goes with it.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Control {
    fn drop(&mut self) {
        // What is left behind is removed by the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens the socket. One that a process which died left behind is replaced; one that somebody answers at is `Conflict`.
pub async fn bind(path: &Path) -> Result<Control, Error> {
    let unusable = |cause: io::Error| Error::disk("open the control socket", path, &cause);
    if UnixStream::connect(path).await.is_ok() {
        let message = format!("open the control socket {}: another drumbeat answers there", path.display());
        return Err(Error::new(ErrorKind::Conflict, "locked", message));
    }
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(unusable(cause)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(unusable)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(RIGHTS)).map_err(unusable)?;
    Ok(Control { listener, path: path.to_owned() })
}

/// Where orders go.
#[derive(Clone)]
pub struct To {
    /// The loop.
    pub loop_: mpsc::Sender<Ask>,
    /// Whoever reads configuration and roster.
    pub files: mpsc::Sender<Ask>,
}

/// Answers until it is dropped.
pub async fn serve(control: Control, to: To) {
    loop {
        match control.listener.accept().await {
            Ok((stream, _)) => {
                let to = to.clone();
                spawn_local(async move {
                    // Whoever asked may have gone away; what was done stays done.
                    let _ = one(stream, to).await;
                });
            }
            // Out of file handles: those that are open end soon.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn one(mut stream: UnixStream, to: To) -> io::Result<()> {
    let operator = format!("uid {}", stream.peer_cred()?.uid());
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(ORDER_BYTES));
    let reply = match within(READING, reader.read_line(&mut line)).await {
        Some(Ok(_)) => answer(&line, operator, to).await,
        Some(Err(cause)) => Reply::no(format!("the order cannot be read: {cause}")),
        None => Reply::no("the order did not come whole within five seconds"),
    };
    let mut bytes = serde_json::to_vec(&reply)?;
    bytes.push(b'\n');
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

async fn answer(line: &str, operator: String, to: To) -> Reply {
    let order: Order = match serde_json::from_str(line) {
        Ok(order) => order,
        Err(cause) => {
            return Reply::no(format!(
                "no order that this version knows: {cause}; use the drumbeat that runs"
            ));
        }
    };
    let queue = if order.needs_files() { to.files } else { to.loop_ };
    let (reply, page) = oneshot::channel();
    let ask = Ask { what: Asked::Order { order, operator }, reply };
    if queue.send(ask).await.is_err() {
        return Reply::no("Drumbeat is ending");
    }
    match within(ANSWER, page).await {
        Some(Ok(page)) => page.into(),
        Some(Err(_)) => Reply::no("Drumbeat ended before it answered"),
        None => Reply::no("no answer within two minutes; it may still be done: see `drumbeat status`"),
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, work).await.ok()
}
