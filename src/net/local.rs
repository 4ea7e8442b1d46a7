//! The control socket: one line in, one answer out, one client at a time.

use super::Gauges;
use super::port::Engine;
use super::reactor::{Interest, Io};
use super::shared::Shared;
use crate::sys::socket;
use core::panic::AssertUnwindSafe;
use rustix::fd::OwnedFd;
use rustix::io::{Errno, Result};
use std::panic::catch_unwind;
use std::path::Path;
use std::rc::Rc;

/// The longest request.
const LINE: usize = 64 << 10;
/// How long a client may take to ask, and to take the answer, in milliseconds.
const PATIENCE: u64 = 5_000;

/// What answers requests: the line without its end, and how full the net's pools are.
pub type Control = Box<dyn FnMut(&[u8], &Gauges) -> Vec<u8>>;

/// Opens the control socket, in place of one that a dead server left.
pub fn open<E: Engine>(shared: &Rc<Shared<E>>, path: &Path) -> Result<Io<OwnedFd>> {
    Io::new(&shared.reactor, socket::listen_local(path)?)
}

/// The task of the control socket.
pub async fn serve<E: Engine>(shared: Rc<Shared<E>>, listener: Io<OwnedFd>, mut control: Control) {
    loop {
        let accepted = listener
            .retry(Interest::Read, |fd| socket::accept_local(fd))
            .await
            .and_then(|accepted| Io::new(&shared.reactor, accepted));
        let client = match accepted {
            Ok(client) => client,
            Err(error) => {
                log::warn!("control socket: {error}");
                pause(&shared).await;
                continue;
            }
        };
        let Some(Ok(line)) = in_time(&shared, ask(&client)).await else {
            continue;
        };
        // A fault in the answer is not the files' end.
        let answer = AssertUnwindSafe(|| control(&line, &shared.gauges()));
        let Ok(answer) = catch_unwind(answer) else {
            log::error!("a panic in the control socket; this is a fault of the server");
            continue;
        };
        // What it changed may concern connections.
        shared.engine(|_, _| ());
        if let Some(Err(error)) = in_time(&shared, reply(&client, &answer)).await {
            log::debug!("control socket: {error}");
        }
    }
}

async fn pause<E: Engine>(shared: &Shared<E>) {
    let now = shared.reactor.now();
    shared
        .reactor
        .sleep_until(now.saturating_add(PATIENCE))
        .await;
}

async fn in_time<E: Engine, T>(shared: &Shared<E>, what: impl Future<Output = T>) -> Option<T> {
    let what = async { Some(what.await) };
    smol::future::or(what, async {
        pause(shared).await;
        None
    })
    .await
}

async fn ask(client: &Io<OwnedFd>) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let mut bytes = [0; 512];
        let received = client
            .retry(Interest::Read, |fd| socket::receive(fd, &mut bytes))
            .await?;
        let bytes = &bytes[..received];
        if let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            line.extend_from_slice(&bytes[..end]);
            return Ok(line);
        }
        if received == 0 || line.len().saturating_add(received) > LINE {
            return Err(Errno::MSGSIZE);
        }
        line.extend_from_slice(bytes);
    }
}

async fn reply(client: &Io<OwnedFd>, mut answer: &[u8]) -> Result<()> {
    while !answer.is_empty() {
        let sent = client
            .retry(Interest::Write, |fd| socket::send(fd, answer, false))
            .await?;
        answer = answer.get(sent..).unwrap_or(&[]);
    }
    Ok(())
}
