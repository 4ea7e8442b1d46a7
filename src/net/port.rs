//! What net asks of the engine, as a trait, so that net's tests can put a simple one in the engine's place.
//!
//! The types are stand-ins with the shape of `engine`'s until that exists.

use crate::memory::Handle;
use crate::vfs;
use core::marker::PhantomData;
use core::net::IpAddr;
use rustix::fd::AsFd;

/// The time of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// FILETIME.
    pub wall: u64,
    /// Milliseconds since the start.
    pub mono: u64,
}

/// A connection's state.
pub struct Connection;
/// Names a connection.
pub type ConnectionId = Handle<Connection>;

/// An open's state.
pub struct Open<F>(PhantomData<F>);
/// Names an open.
pub type OpenId<F> = Handle<Open<F>>;

/// Why the engine will not have a connection.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    /// The table is full.
    Full,
    /// Too many others have not logged in yet.
    Unauthenticated,
}

/// A payload that goes from the page cache to the socket.
#[derive(Debug)]
pub struct Tail<F> {
    /// Whose file.
    pub open: OpenId<F>,
    /// Where in the file.
    pub offset: u64,
    /// How many bytes.
    pub length: u32,
}

/// Work that may wait for a disk.
#[derive(Debug)]
pub enum Job<F> {
    /// Bring a range into the page cache.
    Read {
        /// Whose file.
        open: OpenId<F>,
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        length: u32,
    },
    /// Bring everything written to the disk.
    Sync {
        /// Whose file.
        open: OpenId<F>,
    },
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobResult {
    /// As it should.
    Done,
    /// The disk failed.
    Failed(vfs::Error),
}

/// What became of a frame.
#[derive(Debug)]
pub enum Verdict<F> {
    /// `length` bytes of the reply buffer are to be sent, and then the tail.
    Reply {
        /// Bytes of the reply buffer.
        length: usize,
        /// What follows them.
        tail: Option<Tail<F>>,
    },
    /// Nothing is to be sent.
    Silence,
    /// The job is to be run and the same frame given again.
    Blocking(Job<F>),
    /// The connection is to end.
    Disconnect,
}

/// The engine, as net sees it.
pub trait Engine: 'static {
    /// An open file.
    type File: AsFd;
    /// How far a frame has been worked through, between two calls for the same frame.
    type Walk: Default;

    /// A new connection.
    fn connect(&mut self, peer: IpAddr, now: Now) -> Result<ConnectionId, Refused>;
    /// A connection is gone; called once for each.
    fn disconnect(&mut self, connection: ConnectionId, now: Now);
    /// The longest frame this connection may send now.
    fn frame_limit(&self, connection: ConnectionId) -> usize;
    /// One frame, without its 4-byte length.
    fn receive(
        &mut self,
        connection: ConnectionId,
        walk: &mut Self::Walk,
        frame: &mut [u8],
        reply: &mut [u8],
        now: Now,
    ) -> Verdict<Self::File>;
    /// The most bytes the reply to this frame can take in the reply buffer, so that several replies can
    /// share a slot and a `send`; `usize::MAX`: not known, and the reply gets a slot of its own.
    fn reply_bound(&self, connection: ConnectionId, frame: &[u8]) -> usize {
        let _ = (connection, frame);
        usize::MAX
    }
    /// Whether a part of the reply stands in the reply buffer already, so that the buffer must be kept
    /// while a job runs.
    fn reply_begun(walk: &Self::Walk) -> bool {
        let _ = walk;
        true
    }
    /// What became of the job that the last [`Verdict::Blocking`] asked for.
    fn job_done(walk: &mut Self::Walk, result: JobResult);
    /// Encodes what is due without a request, each message with its 4-byte length; 0: nothing (more).
    fn pending(&mut self, connection: ConnectionId, reply: &mut [u8], now: Now) -> usize;
    /// The next connection that has something pending or must be closed.
    fn next_woken(&mut self) -> Option<ConnectionId>;
    /// Whether the connection must be closed.
    fn must_close(&self, connection: ConnectionId) -> bool;
    /// Time-outs; when it wants to be called again at the latest.
    fn tick(&mut self, now: Now) -> Option<u64>;
    /// The file behind an open.
    fn file(&self, open: OpenId<Self::File>) -> Option<&Self::File>;
}
