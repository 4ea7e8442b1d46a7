//! Leases: caching that several opens of one client share under a key ([MS-SMB2] 3.3.1.11, 3.3.1.12,
//! 3.3.5.9.8, 3.3.5.9.11, 3.3.5.22.2).

use super::caching::{Caching, HANDLE, Holder, HolderId, NONE, Owner, READ, WRITE};
use super::connection::ConnectionId;
use super::open::OpenId;
use super::{Now, Server};
use crate::vfs::{FileKey, Vfs};
use crate::wire::create_context::{self, LeaseV2};
use crate::wire::status::Status;

/// What makes a holder a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The client's GUID.
    pub guid: [u8; 16],
    /// Lease.LeaseKey.
    pub key: [u8; 16],
    /// Lease.ParentLeaseKey, if the client named one.
    pub parent: Option<[u8; 16]>,
    /// Lease.Version is 2.
    pub second: bool,
    /// Lease.Epoch.
    pub epoch: u16,
}

/// A lease a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The lease as it would be.
    pub lease: Lease,
    /// What it wants to cache.
    pub state: Caching,
}

impl Asked {
    /// What a lease context of `guid` asks for.
    pub fn new(guid: [u8; 16], context: &create_context::Lease) -> Self {
        let named = context.lease_flags & create_context::LEASE_FLAG_PARENT_LEASE_KEY_SET != 0;
        let v2 = context.v2.as_ref();
        Asked {
            lease: Lease {
                guid,
                key: context.lease_key,
                parent: v2.filter(|_| named).map(|v2| v2.parent_lease_key),
                second: v2.is_some(),
                epoch: v2.map_or(0, |v2| v2.epoch),
            },
            state: sensible(context.lease_state),
        }
    }
}

/// Without reads nothing is cached; unknown bits mean nothing.
fn sensible(asked: Caching) -> Caching {
    match asked & (READ | WRITE | HANDLE) {
        state if state & READ != 0 => state,
        _ => NONE,
    }
}

/// Whether a lease goes from `held` to `asked`, of which `granted` could be had: only up, and only all the
/// way.
fn rises(held: Caching, asked: Caching, granted: Caching) -> bool {
    held & asked == held && granted != held && granted == asked
}

/// How a lease is found.
fn hash(guid: &[u8; 16], key: &[u8; 16]) -> u64 {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    guid.iter().chain(key).fold(0xCBF2_9CE4_8422_2325, mix)
}

impl<V: Vfs> Server<V> {
    /// The lease of a client with this key.
    pub(super) fn find_lease(&self, guid: &[u8; 16], key: &[u8; 16]) -> Option<HolderId> {
        let same = |slot| {
            self.holders
                .at(slot)
                .and_then(|id| self.holders.get(id))
                .is_some_and(|holder| {
                    matches!(&holder.owner, Owner::Lease(lease) if lease.key == *key && lease.guid == *guid)
                })
        };
        self.leases
            .find(hash(guid, key), same)
            .and_then(|slot| self.holders.at(slot))
    }

    /// Forgets where a lease is found.
    pub(super) fn unindex_lease(&mut self, id: HolderId) {
        if let Some(Owner::Lease(lease)) = self.holders.get(id).map(|holder| holder.owner) {
            self.leases
                .remove(hash(&lease.guid, &lease.key), id.index());
        }
    }

    /// A key names the lease of one file. The lease an open of `file` asks for, if it is there already;
    /// refused if it is another file's ([MS-SMB2] 3.3.5.9.8). `None` is a file that is not made yet.
    pub(super) fn lease_of(
        &self,
        asked: &Asked,
        file: Option<&FileKey>,
    ) -> Result<Option<HolderId>, Status> {
        let Some(id) = self.find_lease(&asked.lease.guid, &asked.lease.key) else {
            return Ok(None);
        };
        let held = self
            .holders
            .get(id)
            .and_then(|holder| self.objects.get(holder.object));
        if held.map(|object| &object.key) == file {
            Ok(Some(id))
        } else {
            Err(Status::INVALID_PARAMETER)
        }
    }

    /// Gives an open the lease it asks for, or as much of it as goes with the others; none at all when the
    /// table is full.
    pub(super) fn grant_lease(
        &mut self,
        open: OpenId<V::File>,
        connection: ConnectionId,
        asked: &Asked,
    ) {
        let Some(object) = self.opens.get(open).and_then(|open| open.object) else {
            return;
        };
        let own = self.find_lease(&asked.lease.guid, &asked.lease.key);
        let granted = self.grantable(object, open, asked.state, true, own);
        let Some(own) = own else {
            let mut lease = asked.lease;
            lease.epoch = lease.epoch.wrapping_add(1);
            if let Some(id) = self.add_holder(open, connection, Owner::Lease(lease), granted) {
                self.leases
                    .insert(hash(&lease.guid, &lease.key), id.index());
            }
            return;
        };
        let Some(holder) = self.holders.get_mut(own) else {
            return;
        };
        holder.opens = holder.opens.saturating_add(1);
        if holder.breaking.is_none() && rises(holder.state, asked.state, granted) {
            holder.state = granted;
            if let Owner::Lease(lease) = &mut holder.owner {
                lease.epoch = lease.epoch.wrapping_add(1);
            }
        }
        if let Some(open) = self.opens.get_mut(open) {
            open.holder = Some(own);
        }
    }

    /// The lease of an open as a CREATE response tells it ([MS-SMB2] 2.2.14.2.10, 2.2.14.2.11).
    pub(super) fn lease_context(&self, open: OpenId<V::File>) -> Option<create_context::Lease> {
        let holder = self.holders.get(self.opens.get(open)?.holder?)?;
        let Owner::Lease(lease) = &holder.owner else {
            return None;
        };
        let mut flags = 0;
        if holder.breaking.is_some() {
            flags |= create_context::LEASE_FLAG_BREAK_IN_PROGRESS;
        }
        if lease.parent.is_some() {
            flags |= create_context::LEASE_FLAG_PARENT_LEASE_KEY_SET;
        }
        Some(create_context::Lease {
            lease_key: lease.key,
            lease_state: holder.state,
            lease_flags: flags,
            v2: lease.second.then(|| LeaseV2 {
                parent_lease_key: lease.parent.unwrap_or_default(),
                epoch: lease.epoch,
            }),
        })
    }

    /// A client acknowledges the break of a lease ([MS-SMB2] 3.3.5.22.2). If others asked for more since it
    /// was told, it is told again.
    pub(super) fn acknowledge_lease(
        &mut self,
        guid: &[u8; 16],
        key: &[u8; 16],
        state: Caching,
        now: Now,
    ) -> Result<(), Status> {
        let id = self
            .find_lease(guid, key)
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        let holder = self
            .holders
            .get_mut(id)
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        let breaking = holder.breaking.ok_or(Status::UNSUCCESSFUL)?;
        if state & !breaking.to != 0 {
            return Err(Status::REQUEST_NOT_ACCEPTED);
        }
        holder.state = state;
        holder.breaking = None;
        self.breaks_running = self.breaks_running.saturating_sub(1);
        let (object, connection) = (holder.object, holder.connection);
        if let Some(to) = next_step(state, breaking.required) {
            self.notify(id, Some(connection), to, breaking.required, now);
        }
        let running = |holder: &Holder| holder.breaking.is_some();
        if !self.holders.get(id).is_some_and(running) {
            self.retry_waiting(object);
        }
        Ok(())
    }
}

/// Where a lease that is at `state` goes next on its way to `required`: reads are given up last, alone.
fn next_step(state: Caching, required: Caching) -> Option<Caching> {
    if state & !required == 0 {
        None
    } else if state & !READ != 0 {
        Some(required | state & READ)
    } else {
        Some(required)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RH: Caching = READ | HANDLE;
    const RW: Caching = READ | WRITE;
    const RWH: Caching = READ | WRITE | HANDLE;

    #[test]
    fn without_reads_nothing_is_leased() {
        for (asked, expected) in [
            (NONE, NONE),
            (READ, READ),
            (HANDLE, NONE),
            (WRITE, NONE),
            (WRITE | HANDLE, NONE),
            (RH, RH),
            (RW, RW),
            (RWH, RWH),
            (0xFFFF_FFF9, READ),
        ] {
            assert_eq!(sensible(asked), expected, "{asked:#x}");
        }
    }

    #[test]
    fn a_lease_rises_only_all_the_way() {
        for (held, asked, granted, expected) in [
            (NONE, READ, READ, true),
            (READ, RH, RH, true),
            (RH, RW, RW, false),
            (RW, RWH, RWH, true),
            (RWH, READ, READ, false),
            (READ, RWH, RH, false),
            (RH, RH, RH, false),
        ] {
            assert_eq!(rises(held, asked, granted), expected, "{held} {asked}");
        }
    }

    #[test]
    fn reads_are_given_up_last() {
        for (state, required, expected) in [
            (RWH, NONE, Some(READ)),
            (RH, NONE, Some(READ)),
            (READ, NONE, Some(NONE)),
            (RWH, RH, Some(RH)),
            (RH, RH, None),
            (NONE, NONE, None),
        ] {
            assert_eq!(next_step(state, required), expected, "{state} {required}");
        }
    }
}
