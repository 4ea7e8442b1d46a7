//! The control socket: one line in, one answer out, one client at a time but for answers that take their time.

use super::Gauges;
use super::port::Engine;
use super::reactor::{Interest, Io};
use super::shared::Shared;
use crate::sys::socket;
use core::cell::{Cell, RefCell};
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

/// How soon an answer that takes longer is asked for again, in milliseconds.
const AGAIN: u64 = 100;
/// How many clients may wait for such answers.
const WAITING: u8 = 4;

/// What answers requests: the line without its end, and how full the net's pools are. `None`: not yet, it is to
/// be asked again.
pub type Control = Box<dyn FnMut(&[u8], &Gauges) -> Option<Vec<u8>>>;

/// Opens the control socket, in place of one that a dead server left.
pub fn open<E: Engine>(shared: &Rc<Shared<E>>, path: &Path) -> Result<Io<OwnedFd>> {
    Io::new(&shared.reactor, socket::listen_local(path)?)
}

/// The task of the control socket.
pub async fn serve<E: Engine>(shared: Rc<Shared<E>>, listener: Io<OwnedFd>, control: Control) {
    let control = Rc::new(RefCell::new(control));
    let waiting = Rc::new(Cell::new(0));
    loop {
        let accepted = listener
            .retry(Interest::Read, |fd| socket::accept_local(fd))
            .await
            .and_then(|accepted| Io::new(&shared.reactor, accepted));
        let client = match accepted {
            Ok(client) => client,
            Err(error) => {
                log::warn!("control socket: {error}");
                pause(&shared, PATIENCE).await;
                continue;
            }
        };
        let Some(Ok(line)) = in_time(&shared, ask(&client)).await else {
            continue;
        };
        match answer(&shared, &control, &line) {
            Some(answer) => tell(&shared, &client, &answer).await,
            // It takes its time; others are not to wait for it.
            None if waiting.get() < WAITING => {
                let Some(executor) = shared.executor.upgrade() else {
                    return;
                };
                waiting.set(waiting.get().saturating_add(1));
                let (shared, control, waiting) = (shared.clone(), control.clone(), waiting.clone());
                let later = async move {
                    let answer = loop {
                        pause(&shared, AGAIN).await;
                        if let Some(answer) = answer(&shared, &control, &line) {
                            break answer;
                        }
                    };
                    tell(&shared, &client, &answer).await;
                    waiting.set(waiting.get().saturating_sub(1));
                };
                executor.spawn(later).detach();
            }
            None => log::warn!("control socket: too many wait"),
        }
    }
}

/// Asks for the answer. A fault in it is not the files' end.
fn answer<E: Engine>(
    shared: &Shared<E>,
    control: &RefCell<Control>,
    line: &[u8],
) -> Option<Vec<u8>> {
    let gauges = shared.gauges();
    let answer = catch_unwind(AssertUnwindSafe(|| (control.borrow_mut())(line, &gauges)));
    // What it changed may concern connections.
    shared.engine(|_, _| ());
    answer.unwrap_or_else(|_| {
        log::error!("a panic in the control socket; this is a fault of the server");
        Some(Vec::new())
    })
}

async fn tell<E: Engine>(shared: &Rc<Shared<E>>, client: &Io<OwnedFd>, answer: &[u8]) {
    if let Some(Err(error)) = in_time(shared, reply(client, answer)).await {
        log::debug!("control socket: {error}");
    }
}

async fn pause<E: Engine>(shared: &Shared<E>, milliseconds: u64) {
    let now = shared.reactor.now();
    shared
        .reactor
        .sleep_until(now.saturating_add(milliseconds))
        .await;
}

async fn in_time<E: Engine, T>(shared: &Shared<E>, what: impl Future<Output = T>) -> Option<T> {
    let what = async { Some(what.await) };
    smol::future::or(what, async {
        pause(shared, PATIENCE).await;
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
