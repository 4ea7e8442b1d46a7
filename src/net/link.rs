//! A connection's socket and slots: waiting, sending, and taking turns.

use super::places::{Hold, Place};
use super::port::{ConnectionId, Engine, Tail};
use super::reactor::{Interest, Io};
use super::shared::Shared;
use crate::memory::{Pool, Slot};
use crate::sys::socket;
use core::cell::Cell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::rc::Rc;

/// Bytes a task may move before the others get their turn.
const TURN: usize = 256 << 10;
/// Bytes of a file that one call sends: more, for nothing is copied.
const SENDFILE: usize = 1 << 20;
static ZEROS: [u8; 4096] = [0; 4096];

#[cfg(test)]
thread_local! {
    /// How many sends this thread made, for the tests.
    pub static SENDS: Cell<u32> = const { Cell::new(0) };
}

/// Why a connection ended.
#[derive(Debug)]
pub enum End {
    /// The peer closed it.
    Eof,
    /// The socket failed.
    Socket(Errno),
    /// What came is not framed as SMB, or too long.
    NotAFrame,
    /// The peer held slots without moving bytes.
    Stalled,
    /// The engine said so.
    Engine,
    /// A file failed in the middle of a reply.
    File(Errno),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Eof => f.write_str("closed by the client"),
            End::Socket(errno) => write!(f, "lost: {errno}"),
            End::NotAFrame => f.write_str("ended: the client sent what is no SMB message"),
            End::Stalled => f.write_str("ended: the client stopped reading or writing"),
            End::Engine => f.write_str("ended by the server"),
            End::File(errno) => write!(f, "ended: a file failed while it was sent: {errno}"),
        }
    }
}

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The socket may be ready.
    Ready,
    /// The engine has something for this connection.
    Due,
}

/// A slot that counts for its connection.
pub struct Held<'a> {
    slot: Slot,
    _hold: Hold<'a>,
}

impl core::ops::Deref for Held<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.slot
    }
}

impl core::ops::DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.slot
    }
}

/// A connection's socket, and where it stands in the net.
pub struct Link<E: Engine> {
    /// What all share.
    pub shared: Rc<Shared<E>>,
    /// The socket.
    pub io: Io<OwnedFd>,
    /// Its name in the engine.
    pub id: ConnectionId,
    /// Its place.
    pub index: usize,
    spent: Cell<usize>,
    /// It is given up early if it acknowledges nothing.
    hurried: Cell<bool>,
}

impl<E: Engine> Link<E> {
    /// A link for a fresh connection.
    pub fn new(shared: Rc<Shared<E>>, io: Io<OwnedFd>, id: ConnectionId, index: usize) -> Self {
        Link {
            shared,
            io,
            id,
            index,
            spent: Cell::new(0),
            hurried: Cell::new(false),
        }
    }

    /// Its place.
    pub fn place(&self) -> &Place {
        self.shared.places.get(self.index)
    }

    /// Waits for the socket; with `heed_due` also for the engine.
    pub async fn wait(&self, interest: Interest, heed_due: bool) -> Result<Woken, End> {
        let place = self.place();
        place.waiting_begins(self.shared.reactor.now());
        let woken = poll_fn(|cx| {
            if place.is_cut() {
                return Poll::Ready(Err(End::Stalled));
            }
            if heed_due && place.is_due() {
                return Poll::Ready(Ok(Woken::Due));
            }
            place.register(cx);
            self.io.poll(interest, cx).map(|()| Ok(Woken::Ready))
        })
        .await;
        place.waiting_ends(self.shared.reactor.now());
        woken
    }

    /// A slot of `pool`, waiting in order; with `heed_due` nothing if the engine has something to say
    /// meanwhile (that costs the place in the queue: who is first in it must be ready to take).
    pub async fn take(&self, pool: &Pool, heed_due: bool) -> Result<Option<Held<'_>>, End> {
        let place = self.place();
        let mut take = pin!(pool.take());
        let slot = poll_fn(|cx| {
            if let Poll::Ready(slot) = take.as_mut().poll(cx) {
                return Poll::Ready(Some(slot));
            }
            if heed_due && place.is_due() {
                return Poll::Ready(None);
            }
            place.register(cx);
            Poll::Pending
        })
        .await;
        Ok(slot.map(|slot| Held {
            slot,
            _hold: self.shared.places.hold(self.index),
        }))
    }

    /// `bytes` went to or came from the peer: gives way to the others if this was enough for a turn.
    pub async fn moved(&self, bytes: usize) {
        self.place().moved(bytes);
        self.spend(bytes).await;
    }

    /// Work worth as much as moving `bytes` was done.
    pub async fn spend(&self, bytes: usize) {
        let spent = self.spent.get().saturating_add(bytes);
        if spent < TURN {
            self.spent.set(spent);
        } else {
            self.spent.set(0);
            smol::future::yield_now().await;
        }
    }

    /// Others wait for this peer, or no more: how long it may acknowledge nothing before it counts as gone.
    pub fn hurry(&self, hurried: bool) {
        if self.hurried.replace(hurried) != hurried {
            let patience = match hurried {
                true => socket::HURRIED,
                false => socket::PATIENCE,
            };
            // Where it cannot be set, the peer is waited for as long as for any other.
            let _ = socket::set_patience(self.io.fd(), patience);
        }
    }

    /// After a failed send: nothing if it may be repeated once the socket is ready, else why not.
    fn again_later(&self, errno: Errno) -> Result<(), Errno> {
        match errno {
            Errno::INTR => Ok(()),
            Errno::AGAIN => {
                self.io.exhausted(Interest::Write);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Sends all of `bytes`; `more`: more follows at once.
    pub async fn send(&self, mut bytes: &[u8], more: bool) -> Result<(), End> {
        while !bytes.is_empty() {
            self.wait(Interest::Write, false).await?;
            #[cfg(test)]
            SENDS.set(SENDS.get().wrapping_add(1));
            match socket::send(self.io.fd(), bytes, more) {
                Ok(sent) => {
                    bytes = bytes.get(sent..).unwrap_or(&[]);
                    self.moved(sent).await;
                }
                Err(errno) => self.again_later(errno).map_err(End::Socket)?,
            }
        }
        Ok(())
    }

    /// Sends a part of a file from the page cache, and zeros for what the file no longer has: the length was
    /// promised. `bounce` serves for files that sendfile cannot read.
    pub async fn send_file(&self, tail: &Tail<E::File>, bounce: &mut [u8]) -> Result<(), End> {
        let (mut offset, mut left) = (tail.offset, tail.length as usize);
        let mut direct = true;
        while left > 0 {
            self.wait(Interest::Write, false).await?;
            let sent = if direct {
                let step = left.min(SENDFILE);
                self.file(tail, |file| {
                    socket::send_file(self.io.fd(), file, offset, step)
                })
            } else {
                let step = left.min(TURN).min(bounce.len());
                let read = self.file(tail, |file| {
                    rustix::io::pread(file, &mut bounce[..step], offset)
                });
                let read = match read {
                    Err(Errno::INTR) => continue,
                    read => read.map_err(End::File)?,
                };
                self.send(&bounce[..read], read < left).await?;
                Ok(read)
            };
            match sent {
                Ok(0) => break,
                Ok(sent) => {
                    offset = offset.saturating_add(sent as u64);
                    left = left.saturating_sub(sent);
                    self.moved(if direct { sent } else { 0 }).await;
                }
                // Some file systems give no pages away.
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if direct => direct = false,
                Err(Errno::IO) => return Err(End::File(Errno::IO)),
                Err(errno) => self.again_later(errno).map_err(End::Socket)?,
            }
        }
        while left > 0 {
            let step = left.min(ZEROS.len());
            left -= step;
            self.send(&ZEROS[..step], left > 0).await?;
        }
        Ok(())
    }

    /// Calls with the tail's file; a file that was closed meanwhile counts as one that ended.
    fn file(
        &self,
        tail: &Tail<E::File>,
        call: impl FnOnce(rustix::fd::BorrowedFd<'_>) -> rustix::io::Result<usize>,
    ) -> rustix::io::Result<usize> {
        self.shared.peek(|engine| match engine.file(tail.open) {
            Some(file) => call(file.as_fd()),
            None => Ok(0),
        })
    }
}
