//! A CREATE that waits for a break, with whatever follows it in its compound: kept whole and asked again
//! ([MS-SMB2] 3.3.5.9, 3.3.4.6).

use super::connection::ConnectionId;
use super::context::Chain;
use super::frame::Walk;
use super::open::ObjectId;
use super::parked::{ParkedId, Wait};
use super::session::SessionId;
use super::{Job, JobResult, Now, Server, Verdict};
use crate::memory::Handle;
use crate::vfs::Vfs;
use crate::wire::create_context::{Context, CreateContexts};
use crate::wire::status::Status;
use crate::wire::{create, header};

/// The longest remainder of a frame that is kept. Names and contexts fit; a compound that carries data
/// behind a CREATE that has to wait does not.
pub const ROOM: usize = 4_096;

/// A request kept.
pub struct Deferred {
    bytes: [u8; ROOM],
    length: usize,
    chain: Chain,
    sealed: Option<SessionId>,
}

impl Deferred {
    /// The create GUID of the CREATE that waits.
    fn create_guid(&self) -> Option<[u8; 16]> {
        let (message, _) = header::split(self.bytes.get(..self.length)?).ok()?;
        let request = create::Request::parse(message).ok()?;
        CreateContexts::new(request.contexts).find_map(|context| {
            let (name, data) = context.ok()?;
            match Context::parse(name, data) {
                Ok(Context::DurableHandleRequestV2(asked)) => Some(asked.create_guid),
                _ => None,
            }
        })
    }
}

/// Names a request kept.
pub type DeferredId = Handle<Deferred>;

impl<V: Vfs> Server<V> {
    /// Keeps the rest of a frame, from the element that waits on.
    pub(super) fn keep(
        &mut self,
        rest: &[u8],
        chain: Chain,
        sealed: Option<SessionId>,
    ) -> Result<DeferredId, Status> {
        let mut deferred = Deferred {
            bytes: [0; ROOM],
            length: rest.len(),
            chain,
            sealed,
        };
        deferred
            .bytes
            .get_mut(..rest.len())
            .ok_or(Status::INSUFFICIENT_RESOURCES)?
            .copy_from_slice(rest);
        self.deferred.insert(deferred).map_err(|_| {
            self.totals.exhausted += 1;
            Status::INSUFFICIENT_RESOURCES
        })
    }

    /// Whether a CREATE with this create GUID from this client waits for others to give up what they cache.
    pub(super) fn is_pending(&self, create_guid: &[u8; 16], client_guid: &[u8; 16]) -> bool {
        if self.deferred.is_empty() {
            return false;
        }
        self.parked.iter().any(|(_, parked)| {
            let (Wait::Break { deferred, .. } | Wait::Retry { deferred, .. }) = parked.wait else {
                return false;
            };
            self.connections
                .get(parked.connection)
                .is_some_and(|connection| connection.client_guid == *client_guid)
                && self
                    .deferred
                    .get(deferred)
                    .and_then(Deferred::create_guid)
                    .is_some_and(|guid| guid == *create_guid)
        })
    }

    /// What waited for breaks of an object is asked again as soon as its connection can send.
    pub(super) fn retry_waiting(&mut self, object: ObjectId) {
        let mut from = 0;
        while let Some(id) = self.parked.find_from(
            from,
            |parked| matches!(parked.wait, Wait::Break { object: one, .. } if one == object),
        ) {
            from = id.index() + 1;
            let Some(parked) = self.parked.get_mut(id) else {
                continue;
            };
            let Wait::Break { deferred, .. } = parked.wait else {
                continue;
            };
            parked.wait = Wait::Retry {
                deferred,
                cancelled: false,
            };
            let connection = parked.connection;
            self.wake(connection);
        }
    }

    /// Asks a kept request again; how many bytes of `room` from `start` on its answer takes, 0 if it waits
    /// on. `None`: the connection must end.
    pub(super) fn retry(
        &mut self,
        id: ConnectionId,
        parked: ParkedId,
        cancelled: bool,
        room: &mut [u8],
        now: Now,
    ) -> Option<usize> {
        let Some(Wait::Retry { deferred, .. }) = self.parked.get(parked).map(|parked| parked.wait)
        else {
            return Some(0);
        };
        let Some(mut kept) = self.deferred.remove(deferred) else {
            self.parked.remove(parked);
            return Some(0);
        };
        let frame = kept.bytes.get_mut(..kept.length)?;
        let mut walk = Walk::again(kept.chain, kept.sealed, parked, cancelled);
        loop {
            match self.receive(id, &mut walk, frame, room, now) {
                Verdict::Reply { length, .. } => return Some(length),
                Verdict::Silence => return Some(0),
                Verdict::Disconnect => return None,
                // It has waited once; now the loop waits for the disk.
                Verdict::Blocking(Job::Read { .. }) => walk.job = Some(JobResult::Done),
                Verdict::Blocking(Job::Sync { open }) => {
                    let synced = self
                        .open_file_mut(open)
                        .map_or(Ok(()), |(vfs, file)| vfs.sync(file));
                    walk.job = Some(synced.map_or_else(JobResult::Failed, |()| JobResult::Done));
                }
            }
        }
    }
}
