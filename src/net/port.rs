//! What net asks of the engine, as a trait, so that net's tests can put a simple one in the engine's place.

use core::net::IpAddr;

pub use crate::engine::{ConnectionId, Job, JobResult, Now, OpenId, Refused, Tail, Verdict};
use crate::engine::{Server, Walk};
use crate::vfs::Vfs;
use rustix::fd::AsFd;

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
    /// Whether others wait for this connection's answer to something it was told: if it acknowledges nothing,
    /// it should be given up soon.
    fn owes_answer(&self, connection: ConnectionId) -> bool {
        let _ = connection;
        false
    }
    /// Time-outs; when it wants to be called again at the latest.
    fn tick(&mut self, now: Now) -> Option<u64>;
    /// Others have changed something on the disk.
    fn disk_changed(&mut self, now: Now) {
        let _ = now;
    }
    /// Nobody is there: what was made for clients may go.
    fn rest(&mut self) {}
    /// The file behind an open.
    fn file(&self, open: OpenId<Self::File>) -> Option<&Self::File>;
}

impl<V> Engine for Server<V>
where
    V: Vfs + 'static,
    V::File: AsFd,
{
    type File = V::File;
    type Walk = Walk;

    fn connect(&mut self, peer: IpAddr, now: Now) -> Result<ConnectionId, Refused> {
        self.connect(peer, now)
    }

    fn disconnect(&mut self, connection: ConnectionId, now: Now) {
        self.disconnect(connection, now);
    }

    fn frame_limit(&self, connection: ConnectionId) -> usize {
        self.frame_limit(connection)
    }

    fn receive(
        &mut self,
        connection: ConnectionId,
        walk: &mut Walk,
        frame: &mut [u8],
        reply: &mut [u8],
        now: Now,
    ) -> Verdict<V::File> {
        self.receive(connection, walk, frame, reply, now)
    }

    fn reply_bound(&self, _connection: ConnectionId, frame: &[u8]) -> usize {
        crate::engine::reply_bound(frame)
    }

    fn reply_begun(walk: &Walk) -> bool {
        walk.has_reply()
    }

    fn job_done(walk: &mut Walk, result: JobResult) {
        walk.job = Some(result);
    }

    fn pending(&mut self, connection: ConnectionId, reply: &mut [u8], now: Now) -> usize {
        self.pending(connection, reply, now)
    }

    fn next_woken(&mut self) -> Option<ConnectionId> {
        self.next_woken()
    }

    fn must_close(&self, connection: ConnectionId) -> bool {
        self.must_close(connection)
    }

    fn owes_answer(&self, connection: ConnectionId) -> bool {
        self.owes_answer(connection)
    }

    fn tick(&mut self, now: Now) -> Option<u64> {
        self.tick(now)
    }

    fn disk_changed(&mut self, now: Now) {
        self.disk_changed(now);
    }

    fn rest(&mut self) {
        self.rest();
    }

    fn file(&self, open: OpenId<V::File>) -> Option<&V::File> {
        self.open_file(open)
    }
}
