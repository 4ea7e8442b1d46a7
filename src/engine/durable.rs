//! Durable handles: opens that outlive their connection for a while, so that a client that lost it can come
//! back to them ([MS-SMB2] 3.3.1.10, 3.3.2.2, 3.3.7.1). Without a connection an open is *detached*: it keeps
//! its share mode, its locks and what it may cache, and goes when its time is over, when somebody needs what
//! it holds, or when its place is wanted for another.

use super::caching::{Breaker, HANDLE, Reason};
use super::open::{ObjectId, OpenId};
use super::session::{Identity, SessionId, State};
use super::setup::User;
use super::tree::TreeId;
use super::{Now, Server};
use crate::auth::{Name, same_name};
use crate::memory::Handle;
use crate::vfs::Vfs;

/// Names what is kept of a durable open.
pub type DurableId = Handle<Durable>;

/// Milliseconds an open of version 1 waits for its client, as Windows has it ([MS-SMB2] 3.3.2.2).
pub const TIMEOUT_V1: u32 = 120_000;
/// The same for version 2, where the client leaves it to us ([MS-SMB2] 3.3.5.9.10).
pub const TIMEOUT_V2: u32 = 60_000;
/// The longest that version 2 may ask for.
pub const TIMEOUT_LIMIT: u32 = 300_000;

/// What is kept of an open whose client asked for a durable handle.
pub struct Durable {
    /// The open's number.
    pub open: u64,
    /// Open.IsDurable. An open for which it was only asked is kept for its create GUID: the CREATE may be
    /// sent again.
    pub granted: bool,
    /// Open.CreateGuid; none: version 1.
    pub create_guid: Option<[u8; 16]>,
    /// Connection.ClientGuid.
    pub client_guid: [u8; 16],
    /// Open.DurableOwner.
    pub owner: Name,
    /// The share's number.
    pub share: u32,
    /// CreateAction of the answer, should it have been lost.
    pub action: u32,
    /// Open.DurableOpenTimeout, in ms.
    pub timeout: u32,
    /// Open.AppInstanceId.
    pub app_instance: Option<[u8; 16]>,
    /// Open.IsReplayEligible: the open was not used yet, so that the client may not know of it.
    pub unused: bool,
    /// When it is given up, in ms; none while it has a connection.
    pub deadline: Option<u64>,
}

impl<V: Vfs> Server<V> {
    /// Keeps what is needed of an open to come back to it, or to its CREATE. When the table is full the
    /// oldest detached open goes for one that is granted; if all are in use the open stays a plain one: false.
    pub(super) fn keep_durable(&mut self, id: OpenId<V::File>, durable: Durable) -> bool {
        let room = self.durables.has_room() || durable.granted && self.give_up_oldest();
        if !room {
            self.totals.exhausted += 1;
            return false;
        }
        let Ok(durable) = self.durables.insert(durable) else {
            return false;
        };
        match self.opens.get_mut(id) {
            Some(open) => {
                open.durable = Some(durable);
                true
            }
            None => {
                self.durables.remove(durable);
                false
            }
        }
    }

    /// An open is closed: nobody comes back to it.
    pub(super) fn forget_durable(&mut self, id: DurableId) {
        if let Some(durable) = self.durables.remove(id)
            && durable.deadline.is_some()
        {
            self.detached = self.detached.saturating_sub(1);
        }
    }

    /// The durable part of an open.
    pub(super) fn durable_of(&self, id: OpenId<V::File>) -> Option<&Durable> {
        self.durables.get(self.opens.get(id)?.durable?)
    }

    /// Whether an open may outlive its connection: it may cache the handle and no break is under way
    /// ([MS-SMB2] 3.3.7.1), and the file does not go with it anyway.
    fn outlives(&self, id: OpenId<V::File>) -> bool {
        let Some(open) = self.opens.get(id) else {
            return false;
        };
        self.durable_of(id).is_some_and(|durable| durable.granted)
            && open
                .holder
                .and_then(|holder| self.holders.get(holder))
                .is_some_and(|holder| {
                    holder.state & HANDLE != 0
                        && holder.breaking.is_none()
                        && holder.untold.is_none()
                })
            && open
                .object
                .and_then(|object| self.objects.get(object))
                .is_some_and(|object| !object.delete_pending)
    }

    /// Takes the durable opens of a session out of it, before it ends.
    pub(super) fn detach_opens(&mut self, session: SessionId, now: Now) {
        let ended = self
            .sessions
            .get(session)
            .is_none_or(|session| session.state != State::Valid);
        if ended || self.durables.is_empty() {
            return;
        }
        let mut from = 0;
        while let Some(id) = self.durables.find_from(from, |durable| {
            durable.granted && durable.deadline.is_none()
        }) {
            from = id.index() + 1;
            let Some(durable) = self.durables.get(id) else {
                continue;
            };
            let open_id = OpenId::<V::File>::from_u64(durable.open);
            let theirs = self
                .opens
                .get(open_id)
                .is_some_and(|open| open.session == session);
            if !theirs || !self.outlives(open_id) {
                continue;
            }
            if let (Some(open), Some(durable)) =
                (self.opens.get_mut(open_id), self.durables.get_mut(id))
            {
                // No session and no tree connect have these names.
                open.session = SessionId::from_u64(0);
                open.tree = TreeId::from_u64(0);
                let timeout = u64::from(durable.timeout);
                durable.deadline = Some(now.mono.saturating_add(timeout));
                self.detached += 1;
            }
        }
    }

    /// Gives a detached open its new session.
    pub(super) fn attach(
        &mut self,
        id: OpenId<V::File>,
        session: SessionId,
        tree: TreeId,
        connection: super::ConnectionId,
        channel_sequence: u16,
    ) {
        let client_guid = self
            .connections
            .get(connection)
            .map(|connection| connection.client_guid);
        let Some(open) = self.opens.get_mut(id) else {
            return;
        };
        open.session = session;
        open.tree = tree;
        open.channel_sequence = channel_sequence;
        // What other opens of the same lease are about to be told goes where it was to go.
        let holder = open.holder.and_then(|holder| self.holders.get_mut(holder));
        if let Some(holder) = holder.filter(|holder| holder.untold.is_none()) {
            holder.connection = connection;
        }
        let durable = open.durable;
        if let Some(durable) = durable.and_then(|durable| self.durables.get_mut(durable)) {
            durable.deadline = None;
            durable.client_guid = client_guid.unwrap_or(durable.client_guid);
            self.detached = self.detached.saturating_sub(1);
        }
    }

    /// Closes the detached opens of an object that would have to give up some of what they cache: who is
    /// away cannot acknowledge a break ([MS-SMB2] 3.3.4.6, 3.3.4.7). True if there were any.
    pub(super) fn yield_detached(
        &mut self,
        object: ObjectId,
        breaker: Breaker,
        reason: Reason,
    ) -> bool {
        let mut any = false;
        while self.detached > 0 {
            let found = self.opens_of(object).find(|(id, open)| {
                id.to_u64() != breaker.open
                    && self
                        .durable_of(*id)
                        .is_some_and(|durable| durable.deadline.is_some())
                    && open
                        .holder
                        .filter(|holder| self.holders.get(*holder).is_some())
                        .is_none_or(|holder| self.must_yield(holder, breaker, reason))
            });
            let Some(id) = found.map(|(id, _)| id) else {
                break;
            };
            self.close_open(id);
            any = true;
        }
        any
    }

    /// Closes the opens that an application has left on another machine, now that it opens the same file
    /// here ([MS-SMB2] 3.3.5.9.13). True if there were any.
    pub(super) fn replace_instance(
        &mut self,
        object: ObjectId,
        app_instance: &[u8; 16],
        client_guid: &[u8; 16],
        owner: &str,
    ) -> bool {
        let mut any = false;
        loop {
            let found = self.opens_of(object).find(|(id, _)| {
                self.durable_of(*id).is_some_and(|durable| {
                    durable.app_instance.as_ref() == Some(app_instance)
                        && durable.client_guid != *client_guid
                        && same_name(&durable.owner, owner)
                })
            });
            let Some(id) = found.map(|(id, _)| id) else {
                return any;
            };
            self.close_open(id);
            any = true;
        }
    }

    /// Closes the detached opens whose time is over; when the next one's is, in ms.
    pub(super) fn scavenge(&mut self, now: Now) -> Option<u64> {
        if self.detached == 0 {
            return None;
        }
        self.give_up_detached(|durable| {
            durable
                .deadline
                .is_some_and(|deadline| deadline <= now.mono)
        });
        self.durables
            .iter()
            .filter_map(|(_, durable)| durable.deadline)
            .min()
    }

    /// Closes the detached opens for which `which` holds.
    pub(super) fn give_up_detached(&mut self, which: impl Fn(&Durable) -> bool) {
        let mut from = 0;
        while let Some(id) = self
            .durables
            .find_from(from, |durable| durable.deadline.is_some() && which(durable))
        {
            from = id.index() + 1;
            let Some(open) = self.durables.get(id).map(|durable| durable.open) else {
                continue;
            };
            self.close_open(OpenId::<V::File>::from_u64(open));
        }
    }

    /// Closes the detached opens of users that are gone or have another password.
    pub(super) fn give_up_detached_of_changed_users(&mut self, before: &[User]) {
        let mut from = 0;
        while let Some(id) = self.durables.find_from(from, |durable| {
            let find = |users: &[User]| {
                users
                    .iter()
                    .find(|user| same_name(&user.name, &durable.owner))
                    .cloned()
            };
            durable.deadline.is_some() && find(before) != find(&self.setup.users)
        }) {
            from = id.index() + 1;
            let Some(open) = self.durables.get(id).map(|durable| durable.open) else {
                continue;
            };
            self.close_open(OpenId::<V::File>::from_u64(open));
        }
    }

    /// Closes the detached open whose time would be over first; false if there is none.
    pub(super) fn give_up_oldest(&mut self) -> bool {
        if self.detached == 0 {
            return false;
        }
        let oldest = self
            .durables
            .iter()
            .filter_map(|(_, durable)| Some((durable.deadline?, durable.open)))
            .min();
        let Some((_, open)) = oldest else {
            return false;
        };
        self.close_open(OpenId::<V::File>::from_u64(open));
        true
    }

    /// The login name of a session that has proven it: only such a one can come back as the same.
    pub(super) fn proven_name(&self, session: SessionId) -> Option<&Name> {
        self.sessions
            .get(session)
            .filter(|session| session.identity == Identity::User)
            .map(|session| &session.name)
    }
}
