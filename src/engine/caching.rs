//! Who may cache what: oplocks and leases of a file, and how they are taken back
//! ([MS-SMB2] 3.3.1.12, 3.3.4.6, 3.3.4.7, [MS-FSA] 2.1.4.12, 2.1.5.18).
//!
//! An oplock is a lease with one open and no key: level II caches reads, exclusive reads and writes, batch
//! the handle too. Both are a [`Holder`] here, and one set of rules serves both.

use super::connection::ConnectionId;
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

/// Milliseconds a client may take to acknowledge a break ([MS-SMB2] 3.3.2.1).
pub const BREAK_TIMEOUT: u64 = 35_000;

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
    /// What may still be cached.
    pub to: Caching,
    /// When we stop waiting, in ms.
    pub deadline: u64,
}

/// Somebody who may cache.
pub struct Holder {
    /// The object.
    pub object: ObjectId,
    /// The open's number.
    pub open: u64,
    /// Where breaks are told.
    pub connection: ConnectionId,
    /// What may be cached.
    pub state: Caching,
    /// A break that is not answered yet.
    pub breaking: Option<Breaking>,
    /// A break that is not told yet: what may still be cached.
    pub untold: Option<Caching>,
    /// The next holder of the same object.
    next: Option<HolderId>,
}

/// Why a break is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another open.
    Open,
    /// Another open that cannot be beside the ones there are, unless a cached handle is closed.
    Conflict,
    /// Another open that empties the file.
    Overwrite,
    /// Data or locks change.
    Change,
}

impl Reason {
    /// What may still be cached after it.
    pub(super) fn leaves(self) -> Caching {
        match self {
            Reason::Open => READ | HANDLE,
            Reason::Conflict => READ | WRITE,
            Reason::Overwrite | Reason::Change => NONE,
        }
    }

    /// Whoever caches one of these must answer before we go on.
    fn waits_for(self) -> Caching {
        match self {
            Reason::Open | Reason::Overwrite => WRITE,
            Reason::Conflict => HANDLE,
            Reason::Change => NONE,
        }
    }
}

/// Opens that only look at attributes break nothing ([MS-FSA] 2.1.5.1.2).
pub fn only_looks(granted: u32) -> bool {
    let harmless =
        access::FILE_READ_ATTRIBUTES | access::FILE_WRITE_ATTRIBUTES | access::SYNCHRONIZE;
    granted & !harmless == 0
}

impl<V: Vfs> Server<V> {
    /// The holders of an object, one after another.
    fn holder_after(&self, object: ObjectId, after: Option<HolderId>) -> Option<HolderId> {
        match after {
            None => self.objects.get(object)?.holders,
            Some(holder) => self.holders.get(holder)?.next,
        }
    }

    /// Breaks what stands in the way of `breaker` (an open's number, 0 for one that is not made yet). True
    /// if somebody must answer first.
    pub(super) fn break_caching(
        &mut self,
        object: ObjectId,
        breaker: u64,
        reason: Reason,
        now: Now,
    ) -> bool {
        self.yield_detached(object, breaker, reason);
        let mut wait = false;
        let mut at = self.holder_after(object, None);
        while let Some(id) = at {
            at = self.holder_after(object, Some(id));
            let Some(holder) = self.holders.get_mut(id) else {
                break;
            };
            // One's own open caches on, except that what it read ahead is stale after its own change too.
            if holder.open == breaker && (reason != Reason::Change || holder.state & WRITE != 0) {
                continue;
            }
            let leaves = holder.state & reason.leaves();
            let waits = holder.state & reason.waits_for() != 0;
            if let Some(breaking) = &holder.breaking {
                // It was told already; what it was told may not be enough, then it is told again afterwards.
                wait |= waits || breaking.to & !reason.leaves() != 0 && reason != Reason::Change;
                continue;
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
    fn tell(&mut self, id: HolderId, to: Caching, now: Now) {
        let Some(holder) = self.holders.get_mut(id) else {
            return;
        };
        // An oplock is broken to level II or to nothing, never to exclusive ([MS-SMB2] 2.2.23.1).
        let to = to & READ;
        if holder.state & (WRITE | HANDLE) != 0 {
            holder.breaking = Some(Breaking {
                to,
                deadline: now.mono.saturating_add(BREAK_TIMEOUT),
            });
            self.breaks_running += 1;
        } else {
            holder.state = to;
        }
        let newly = holder.untold.replace(to).is_none();
        let connection = holder.connection;
        if newly && let Some(connection) = self.connections.get_mut(connection) {
            connection.untold += 1;
        }
        self.wake(connection);
    }

    /// Whether a new open could be told to cache, and what: as much of `asked` as goes with the others.
    pub(super) fn grantable(
        &self,
        object: ObjectId,
        open: OpenId<V::File>,
        asked: Caching,
    ) -> Caching {
        let mut granted = asked;
        let others = self
            .opens_of(object)
            .any(|(id, other)| id != open && !only_looks(other.access));
        if others {
            granted &= READ;
        }
        let mut at = self.holder_after(object, None);
        while let Some(id) = at {
            if let Some(holder) = self.holders.get(id) {
                if holder.state & (WRITE | HANDLE) != 0 {
                    granted &= if holder.state & WRITE != 0 {
                        NONE
                    } else {
                        READ
                    };
                }
                if holder.state & READ != 0 {
                    granted &= READ;
                }
            }
            at = self.holder_after(object, Some(id));
        }
        granted
    }

    /// Lets an open cache; how much it got. Nothing when the table is full.
    pub(super) fn grant_caching(
        &mut self,
        open: OpenId<V::File>,
        connection: ConnectionId,
        caching: Caching,
    ) -> Caching {
        let Some(object) = self.opens.get(open).and_then(|open| open.object) else {
            return NONE;
        };
        let Some(next) = self.objects.get(object).map(|object| object.holders) else {
            return NONE;
        };
        if caching == NONE {
            return NONE;
        }
        let holder = Holder {
            object,
            open: open.to_u64(),
            connection,
            state: caching,
            breaking: None,
            untold: None,
            next,
        };
        let Ok(id) = self.holders.insert(holder) else {
            self.totals.exhausted += 1;
            return NONE;
        };
        if let Some(object) = self.objects.get_mut(object) {
            object.holders = Some(id);
        }
        if let Some(open) = self.opens.get_mut(open) {
            open.holder = Some(id);
        }
        caching
    }

    /// Takes a holder away with its open, and lets those go on who waited for it.
    pub(super) fn drop_holder(&mut self, id: HolderId) {
        let Some(object) = self.holders.get(id).map(|holder| holder.object) else {
            return;
        };
        let mut before = None;
        let mut at = self.holder_after(object, None);
        while let Some(one) = at.filter(|one| *one != id) {
            before = Some(one);
            at = self.holder_after(object, Some(one));
        }
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

    /// The next break that a connection has to be told of: the open and its new level.
    pub(super) fn next_untold(
        &mut self,
        connection: ConnectionId,
    ) -> Option<(OpenId<V::File>, u8)> {
        let entry = self
            .connections
            .get_mut(connection)
            .filter(|connection| connection.untold > 0)?;
        entry.untold -= 1;
        let mine = |holder: &Holder| holder.connection == connection && holder.untold.is_some();
        let id = self.holders.find_from(0, mine)?;
        let holder = self.holders.get_mut(id)?;
        let to = holder.untold.take()?;
        Some((OpenId::<V::File>::from_u64(holder.open), level_of(to)))
    }
}

/// The oplock level an open has now.
pub fn current<F>(open: &Open<F>, holders: &crate::memory::Table<Holder>) -> u8 {
    open.holder
        .and_then(|holder| holders.get(holder))
        .map_or(oplock::NONE, |holder| level_of(holder.state))
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
