//! Who may cache what: oplocks and leases of a file, and how they are taken back
//! ([MS-SMB2] 3.3.1.12, 3.3.4.6, 3.3.4.7, [MS-FSA] 2.1.4.12, 2.1.5.18).
//!
//! An oplock is a lease with one open and no key: level II caches reads, exclusive reads and writes, batch
//! the handle too. Both are a [`Holder`] here, and one set of rules serves both; what only leases have is in
//! `lease`.

use super::connection::ConnectionId;
use super::lease::Lease;
use super::open::{ObjectId, Open, OpenId};
use super::{Now, Server};
use crate::memory::Handle;
use crate::vfs::Vfs;
use crate::wire::access;
use crate::wire::create::oplock;
use crate::wire::create_context::lease_state;
use crate::wire::status::Status;

/// Names a holder.
pub type HolderId = Handle<Holder>;

/// Milliseconds a client may take to acknowledge a break: 35 seconds ([MS-SMB2] 3.3.2.1) and the way there and
/// back.
pub const BREAK_TIMEOUT: u64 = 35_500;

/// What may be cached: bits of [`lease_state`].
pub type Caching = u32;

/// Nothing.
pub const NONE: Caching = 0;
/// Reads.
pub const READ: Caching = lease_state::READ_CACHING;
/// The handle: it may stay open after the application has closed it.
pub const HANDLE: Caching = lease_state::HANDLE_CACHING;
/// Writes.
pub const WRITE: Caching = lease_state::WRITE_CACHING;

/// What an oplock level lets its holder cache; `None` for a level nobody defines.
pub fn of_level(level: u8) -> Option<Caching> {
    Some(match level {
        oplock::NONE => NONE,
        oplock::LEVEL_II => READ,
        oplock::EXCLUSIVE => READ | WRITE,
        oplock::BATCH => READ | WRITE | HANDLE,
        _ => return None,
    })
}

/// The highest oplock level within what may be cached.
pub fn level_of(caching: Caching) -> u8 {
    match caching {
        caching if caching & WRITE != 0 && caching & HANDLE != 0 => oplock::BATCH,
        caching if caching & WRITE != 0 => oplock::EXCLUSIVE,
        caching if caching & READ != 0 => oplock::LEVEL_II,
        _ => oplock::NONE,
    }
}

/// A break the client was told of and has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaking {
    /// What may still be cached, as it was told.
    pub to: Caching,
    /// What may still be cached in the end: others may have asked for more since.
    pub required: Caching,
    /// When we stop waiting, in ms.
    pub deadline: u64,
    /// It was told with the epoch of the break before, of which it is a further step.
    pub same_epoch: bool,
}

/// A break that is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    /// What was cached.
    pub from: Caching,
    /// What may still be cached.
    pub to: Caching,
    /// An answer is expected.
    pub answer: bool,
}

/// Whose cache it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An open's, by its number: an oplock.
    Open(u64),
    /// A lease's.
    Lease(Lease),
}

/// Somebody who may cache.
pub struct Holder {
    /// The object.
    pub object: ObjectId,
    /// Whose it is.
    pub owner: Owner,
    /// How many opens share it.
    pub opens: u32,
    /// Where breaks are told.
    pub connection: ConnectionId,
    /// What may be cached.
    pub state: Caching,
    /// A break that is not answered yet.
    pub breaking: Option<Breaking>,
    /// A break that is not told yet.
    pub untold: Option<Untold>,
    /// The next holder of the same object.
    pub(super) next: Option<HolderId>,
}

/// Why a break is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another open that reads no more than the descriptor: oplocks are broken, leases are not.
    Glance,
    /// Another open.
    Open,
    /// Another open that cannot be beside the ones there are, unless a cached handle is closed.
    Conflict,
    /// The same, and it would empty the file.
    ConflictOverwrite,
    /// Another open that empties the file.
    Overwrite,
    /// Data or locks change.
    Change,
    /// The name changes or goes: who holds the handle open only in its cache must close it first.
    Name,
}

impl Reason {
    /// What of `state` may still be cached after it.
    fn leaves(self, state: Caching) -> Caching {
        state
            & match self {
                Reason::Glance | Reason::Open => READ | HANDLE,
                Reason::Conflict | Reason::Name => READ | WRITE,
                Reason::ConflictOverwrite if state & HANDLE == 0 => READ | WRITE,
                Reason::ConflictOverwrite | Reason::Overwrite | Reason::Change => NONE,
            }
    }

    /// Whoever caches one of these must answer before we go on.
    fn waits_for(self) -> Caching {
        match self {
            Reason::Glance | Reason::Open | Reason::Overwrite => WRITE,
            Reason::Conflict | Reason::ConflictOverwrite | Reason::Name => HANDLE,
            Reason::Change => NONE,
        }
    }

    /// Whether it concerns oplocks, or leases.
    fn concerns(self, owner: &Owner) -> bool {
        match owner {
            Owner::Open(_) => self != Reason::Name,
            Owner::Lease(_) => self != Reason::Glance,
        }
    }
}

/// Who makes a break necessary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breaker {
    /// The open's number, 0 for one that is not made yet.
    pub open: u64,
    /// What it caches with: a lease is not broken by its own opens.
    pub holder: Option<HolderId>,
    /// It has waited before.
    pub again: bool,
}

/// Opens that only look at attributes break nothing ([MS-FSA] 2.1.5.1.2).
pub fn only_looks(granted: u32) -> bool {
    let harmless =
        access::FILE_READ_ATTRIBUTES | access::FILE_WRITE_ATTRIBUTES | access::SYNCHRONIZE;
    granted & !harmless == 0
}

impl<V: Vfs> Server<V> {
    /// The holders of an object, one after another.
    pub(super) fn holder_after(
        &self,
        object: ObjectId,
        after: Option<HolderId>,
    ) -> Option<HolderId> {
        match after {
            None => self.objects.get(object)?.holders,
            Some(holder) => self.holders.get(holder)?.next,
        }
    }

    /// What an open breaks with.
    pub(super) fn breaker(&self, open: OpenId<V::File>) -> Breaker {
        Breaker {
            open: open.to_u64(),
            holder: self.opens.get(open).and_then(|open| open.holder),
            again: false,
        }
    }

    /// Breaks what stands in the way. True if somebody must answer first.
    pub(super) fn break_caching(
        &mut self,
        object: ObjectId,
        breaker: Breaker,
        reason: Reason,
        now: Now,
    ) -> bool {
        self.yield_detached(object, breaker, reason);
        let mut wait = false;
        let mut at = self.holder_after(object, None);
        while let Some(id) = at {
            at = self.holder_after(object, Some(id));
            let Some(holder) = self.holders.get(id) else {
                break;
            };
            if !reason.concerns(&holder.owner) {
                continue;
            }
            let leaves = reason.leaves(holder.state);
            let waits = holder.state & reason.waits_for() != 0;
            match holder.owner {
                // One's own open caches on, except that what it read ahead is stale after its own change too.
                Owner::Open(open)
                    if open == breaker.open
                        && (reason != Reason::Change || holder.state & WRITE != 0) =>
                {
                    continue;
                }
                Owner::Open(_) => {
                    if let Some(breaking) = &holder.breaking {
                        // It was told already; that may not be enough, then it is told again afterwards.
                        wait |= waits
                            || breaking.to & !reason.leaves(breaking.to) != 0
                                && reason != Reason::Change;
                        continue;
                    }
                }
                Owner::Lease(_) => {
                    if breaker.holder == Some(id) {
                        continue;
                    }
                    let breaking = holder.breaking.is_some();
                    if reason != Reason::Change {
                        wait |= breaking && (breaker.again || leaves == holder.state);
                    }
                }
            }
            if leaves == holder.state {
                continue;
            }
            wait |= waits;
            self.tell(id, leaves, now);
        }
        wait
    }

    /// Lets a holder be told of a break. Who cached only reads is not waited for.
    pub(super) fn tell(&mut self, id: HolderId, to: Caching, now: Now) {
        let connection = self.reach(id);
        let Some(holder) = self.holders.get_mut(id) else {
            return;
        };
        let mut to = to;
        if let Owner::Open(_) = holder.owner {
            // An oplock has only the levels there are, and neither exclusive nor batch is left by a break.
            to = of_level(level_of(to & !(WRITE | HANDLE))).unwrap_or(NONE);
        }
        if let Some(breaking) = &mut holder.breaking {
            breaking.required &= to;
            return;
        }
        // What is told further on the way down counts as the same change.
        if let Owner::Lease(lease) = &mut holder.owner {
            lease.epoch = lease.epoch.wrapping_add(1);
        }
        self.notify(id, connection, to, to, now);
    }

    /// Tells a holder to go down to `to`, which is on the way to `required`.
    pub(super) fn notify(
        &mut self,
        id: HolderId,
        connection: Option<ConnectionId>,
        to: Caching,
        required: Caching,
        now: Now,
    ) {
        let Some(holder) = self.holders.get_mut(id) else {
            return;
        };
        let Some(connection) = connection else {
            // Nobody is there who could be told.
            holder.state = required;
            return;
        };
        let answer = holder.state & (WRITE | HANDLE) != 0;
        let from = holder.untold.map_or(holder.state, |untold| untold.from);
        if answer {
            holder.breaking = Some(Breaking {
                to,
                required,
                deadline: now.mono.saturating_add(BREAK_TIMEOUT),
                same_epoch: false,
            });
            self.breaks_running += 1;
        } else {
            holder.state = to;
        }
        holder.connection = connection;
        let newly = holder.untold.replace(Untold { from, to, answer }).is_none();
        if newly && let Some(connection) = self.connections.get_mut(connection) {
            connection.untold += 1;
        }
        self.wake(connection);
    }

    /// A connection on which a holder can be told: the one it was granted on, another channel of an
    /// oplock's session, or any connection of a lease's client ([MS-SMB2] 3.3.4.6, 3.3.4.7).
    pub(super) fn reach(&self, id: HolderId) -> Option<ConnectionId> {
        let holder = self.holders.get(id)?;
        // What is on its way to be told goes where the rest goes.
        let alive = |id: ConnectionId| {
            self.connections
                .get(id)
                .is_some_and(|connection| !connection.closing)
        };
        match &holder.owner {
            _ if holder.untold.is_some() && alive(holder.connection) => Some(holder.connection),
            Owner::Open(_) if alive(holder.connection) => Some(holder.connection),
            Owner::Open(open) => {
                let open = self.opens.get(OpenId::<V::File>::from_u64(*open))?;
                let session = self.sessions.get(open.session)?;
                let mut channels = session.channels.iter().map(|channel| channel.connection);
                channels.find(|connection| alive(*connection))
            }
            // The oldest that still has a session: a client that came back has none on the one it lost.
            Owner::Lease(lease) => self
                .connections
                .iter()
                .filter(|(_, connection)| {
                    !connection.closing && connection.client_guid == lease.guid
                })
                .filter(|(id, _)| {
                    let mut sessions = self.sessions.iter();
                    sessions.any(|(_, session)| {
                        session.channel(*id).is_some() && session.user_hash() == lease.user
                    })
                })
                .min_by_key(|(id, connection)| (connection.accepted, id.index()))
                .map(|(id, _)| id),
        }
    }

    /// Whether a holder would have to give up something, and none of the opens that share it has a session
    /// any more: it is not told, even if its client has a connection again, but gives way
    /// ([MS-SMB2] 3.3.4.7). One that caches no handle any more is not there to be come back to.
    pub(super) fn must_yield(&self, id: HolderId, breaker: Breaker, reason: Reason) -> bool {
        let Some(holder) = self.holders.get(id).filter(|_| breaker.holder != Some(id)) else {
            return false;
        };
        let gives_up = reason.leaves(holder.state) != holder.state || holder.state & HANDLE == 0;
        gives_up
            && reason.concerns(&holder.owner)
            && !self.opens_of(holder.object).any(|(_, open)| {
                open.holder == Some(id) && self.sessions.get(open.session).is_some()
            })
    }

    /// How much of `asked` a new open could be told to cache beside the others. `own` is the lease it
    /// belongs to, if it is there already.
    pub(super) fn grantable(
        &self,
        object: ObjectId,
        open: OpenId<V::File>,
        asked: Caching,
        lease: bool,
        own: Option<HolderId>,
    ) -> Caching {
        let mut granted = asked;
        let others = self.opens_of(object).any(|(id, other)| {
            id != open && !only_looks(other.access) && (own.is_none() || other.holder != own)
        });
        if others {
            granted &= if lease { READ | HANDLE } else { READ };
        }
        let mut at = self.holder_after(object, None);
        while let Some(id) = at {
            at = self.holder_after(object, Some(id));
            if let Some(holder) = self.holders.get(id).filter(|_| own != Some(id)) {
                granted &= beside(holder, lease);
            }
        }
        granted
    }

    /// Lets an open cache by an oplock; how much it got. Nothing when the table is full.
    pub(super) fn grant_caching(
        &mut self,
        open: OpenId<V::File>,
        connection: ConnectionId,
        caching: Caching,
    ) -> Caching {
        if caching == NONE {
            return NONE;
        }
        match self.add_holder(open, connection, Owner::Open(open.to_u64()), caching) {
            Some(_) => caching,
            None => NONE,
        }
    }

    /// Adds a holder with its first open; none when the table is full.
    pub(super) fn add_holder(
        &mut self,
        open: OpenId<V::File>,
        connection: ConnectionId,
        owner: Owner,
        state: Caching,
    ) -> Option<HolderId> {
        let object = self.opens.get(open)?.object?;
        let next = self.objects.get(object)?.holders;
        let holder = Holder {
            object,
            owner,
            opens: 1,
            connection,
            state,
            breaking: None,
            untold: None,
            next,
        };
        let Ok(id) = self.holders.insert(holder) else {
            self.totals.exhausted += 1;
            return None;
        };
        if let Some(object) = self.objects.get_mut(object) {
            object.holders = Some(id);
        }
        if let Some(open) = self.opens.get_mut(open) {
            open.holder = Some(id);
        }
        if state & READ != 0 {
            self.observe(open);
        }
        Some(id)
    }

    /// An open of a holder is closed. The holder goes with its last one, and those go on who waited for it.
    pub(super) fn drop_holder(&mut self, id: HolderId) {
        let Some(holder) = self.holders.get_mut(id) else {
            return;
        };
        let object = holder.object;
        holder.opens = holder.opens.saturating_sub(1);
        if holder.opens > 0 {
            return;
        }
        let mut before = None;
        let mut at = self.holder_after(object, None);
        while let Some(one) = at.filter(|one| *one != id) {
            before = Some(one);
            at = self.holder_after(object, Some(one));
        }
        self.unindex_lease(id);
        let Some(holder) = self.holders.remove(id) else {
            return;
        };
        match before.and_then(|before| self.holders.get_mut(before)) {
            Some(before) => before.next = holder.next,
            None => {
                if let Some(object) = self.objects.get_mut(object) {
                    object.holders = holder.next;
                }
            }
        }
        if holder.untold.is_some()
            && let Some(connection) = self.connections.get_mut(holder.connection)
        {
            connection.untold = connection.untold.saturating_sub(1);
        }
        if holder.breaking.is_some() {
            self.breaks_running = self.breaks_running.saturating_sub(1);
            self.retry_waiting(object);
        }
    }

    /// An open acknowledges the break of its oplock ([MS-SMB2] 3.3.5.22.1); the level it has now.
    pub(super) fn acknowledge(&mut self, open: OpenId<V::File>, level: u8) -> Result<u8, Status> {
        let holder = self.opens.get(open).and_then(|open| open.holder);
        let holder = holder
            .and_then(|holder| self.holders.get_mut(holder))
            .filter(|holder| matches!(holder.owner, Owner::Open(_)))
            .ok_or(Status::INVALID_OPLOCK_PROTOCOL)?;
        let breaking = holder.breaking.ok_or(Status::INVALID_OPLOCK_PROTOCOL)?;
        let wanted = of_level(level).ok_or(Status::INVALID_PARAMETER)?;
        // Neither exclusive nor batch can be the end of a break ([MS-SMB2] 3.3.5.22.1).
        let refused = wanted & WRITE != 0 || wanted & !breaking.to != 0;
        holder.state = if refused { NONE } else { wanted };
        holder.breaking = None;
        let (object, state) = (holder.object, holder.state);
        self.breaks_running = self.breaks_running.saturating_sub(1);
        self.retry_waiting(object);
        if refused {
            Err(Status::INVALID_OPLOCK_PROTOCOL)
        } else {
            Ok(level_of(state))
        }
    }

    /// Breaks that nobody answered in time are taken as answered with nothing ([MS-SMB2] 3.3.6.1).
    pub(super) fn expire_breaks(&mut self, now: Now) -> Option<u64> {
        if self.breaks_running == 0 {
            return None;
        }
        let late = |holder: &Holder| {
            holder
                .breaking
                .is_some_and(|breaking| breaking.deadline <= now.mono)
        };
        let mut from = 0;
        while let Some(id) = self.holders.find_from(from, late) {
            from = id.index() + 1;
            let Some(holder) = self.holders.get_mut(id) else {
                continue;
            };
            holder.state = NONE;
            holder.breaking = None;
            let object = holder.object;
            self.breaks_running = self.breaks_running.saturating_sub(1);
            self.retry_waiting(object);
        }
        self.holders
            .iter()
            .filter_map(|(_, holder)| holder.breaking.map(|breaking| breaking.deadline))
            .min()
    }

    /// The next break that a connection has to be told of: to whom, and what.
    pub(super) fn next_untold(&mut self, connection: ConnectionId) -> Option<(Owner, Untold)> {
        let entry = self
            .connections
            .get_mut(connection)
            .filter(|connection| connection.untold > 0)?;
        entry.untold -= 1;
        let mine = |holder: &Holder| holder.connection == connection && holder.untold.is_some();
        let id = self.holders.find_from(0, mine)?;
        let holder = self.holders.get_mut(id)?;
        let untold = holder.untold.take()?;
        Some((holder.owner, untold))
    }
}

/// What may be cached beside a holder, by a lease or by an oplock.
fn beside(holder: &Holder, lease: bool) -> Caching {
    match (&holder.owner, holder.state) {
        (_, NONE) => READ | WRITE | HANDLE,
        (_, state) if state & WRITE != 0 => NONE,
        (Owner::Lease(_), _) if lease => READ | HANDLE,
        // No oplock goes with a handle that is cached.
        (_, state) if state & HANDLE != 0 => NONE,
        _ => READ,
    }
}

/// What an open may cache now.
pub fn cached<F>(open: &Open<F>, holders: &crate::memory::Table<Holder>) -> Caching {
    open.holder
        .and_then(|holder| holders.get(holder))
        .map_or(NONE, |holder| holder.state)
}

/// The oplock level an open has now.
pub fn current<F>(open: &Open<F>, holders: &crate::memory::Table<Holder>) -> u8 {
    open.holder
        .and_then(|holder| holders.get(holder))
        .map_or(oplock::NONE, |holder| match holder.owner {
            Owner::Open(_) => level_of(holder.state),
            Owner::Lease(_) => oplock::LEASE,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_caching_say_the_same() {
        for level in [
            oplock::NONE,
            oplock::LEVEL_II,
            oplock::EXCLUSIVE,
            oplock::BATCH,
        ] {
            assert_eq!(of_level(level).map(level_of), Some(level));
        }
        assert_eq!(of_level(7), None);
        assert_eq!(of_level(oplock::LEASE), None);
    }

    #[test]
    fn looking_at_attributes_breaks_nothing() {
        assert!(only_looks(
            access::FILE_READ_ATTRIBUTES | access::SYNCHRONIZE
        ));
        assert!(!only_looks(access::FILE_READ_DATA));
        assert!(!only_looks(access::DELETE));
    }
}
