//! Leases: caching that several opens of one client share under a key ([MS-SMB2] 3.3.1.11, 3.3.1.12,
//! 3.3.5.9.8, 3.3.5.9.11, 3.3.5.22.2).

use super::caching::{Caching, HANDLE, HolderId, NONE, Owner, READ, WRITE};
use super::connection::ConnectionId;
use super::open::OpenId;
use super::{Now, Server};
use crate::vfs::{FileKey, Kind, Vfs};
use crate::wire::create_context::{self, LeaseV2};
use crate::wire::status::Status;

/// What makes a holder a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The client's GUID.
    pub guid: [u8; 16],
    /// Which user of that client ([`super::session::Session::user_hash`]): what one holds, another neither
    /// shares nor gives back, whatever GUID it claims.
    pub user: u64,
    /// Lease.LeaseKey.
    pub key: [u8; 16],
    /// Lease.ParentLeaseKey, if the client named one.
    pub parent: Option<[u8; 16]>,
    /// Lease.Version is 2.
    pub second: bool,
    /// Lease.Epoch.
    pub epoch: u16,
    /// Whether the client takes notice of a step down that is told with the epoch of the step before; none:
    /// not known yet.
    pub same_epoch: Option<bool>,
    /// The object is a directory.
    pub directory: bool,
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
    pub fn new(guid: [u8; 16], user: u64, context: &create_context::Lease) -> Self {
        let named = context.lease_flags & create_context::LEASE_FLAG_PARENT_LEASE_KEY_SET != 0;
        let v2 = context.v2.as_ref();
        Asked {
            lease: Lease {
                guid,
                user,
                key: context.lease_key,
                parent: v2.filter(|_| named).map(|v2| v2.parent_lease_key),
                second: v2.is_some(),
                epoch: v2.map_or(0, |v2| v2.epoch),
                same_epoch: None,
                directory: false,
            },
            state: sensible(context.lease_state),
        }
    }

    /// What of it can be had on such an object. Of a directory only its names and the handle are cached, and
    /// only version 2 knows that ([MS-SMB2] 3.3.5.9.8, 3.3.5.9.11).
    pub fn on(&self, kind: Kind) -> Option<Asked> {
        match kind {
            Kind::File => Some(*self),
            Kind::Directory if self.lease.second => Some(Asked {
                lease: Lease {
                    directory: true,
                    ..self.lease
                },
                state: self.state & !WRITE,
            }),
            _ => None,
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

/// What tells a lease from all others: client GUID, user, key.
pub type LeaseName<'a> = (&'a [u8; 16], u64, &'a [u8; 16]);

impl Lease {
    /// Its name.
    fn name(&self) -> LeaseName<'_> {
        (&self.guid, self.user, &self.key)
    }
}

/// How a lease is found.
fn hash((guid, user, key): LeaseName<'_>) -> u64 {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    guid.iter()
        .chain(key)
        .fold(user ^ 0xCBF2_9CE4_8422_2325, mix)
}

impl<V: Vfs> Server<V> {
    /// The lease of this name.
    pub(super) fn find_lease(&self, name: LeaseName<'_>) -> Option<HolderId> {
        let same = |slot| {
            self.holders
                .at(slot)
                .and_then(|id| self.holders.get(id))
                .is_some_and(
                    |holder| matches!(&holder.owner, Owner::Lease(lease) if lease.name() == name),
                )
        };
        self.leases
            .find(hash(name), same)
            .and_then(|slot| self.holders.at(slot))
    }

    /// Forgets where a lease is found, with its last open.
    pub(super) fn unindex_lease(&mut self, id: HolderId) {
        if let Some(Owner::Lease(lease)) = self.holders.get(id).map(|holder| holder.owner) {
            self.leases.remove(hash(lease.name()), id.index());
            self.folder_leases -= usize::from(lease.directory);
        }
    }

    /// A key names the lease of one file. The lease an open of `file` asks for, if it is there already;
    /// refused if it is another file's ([MS-SMB2] 3.3.5.9.8). `None` is a file that is not made yet.
    pub(super) fn lease_of(
        &self,
        asked: &Asked,
        file: Option<&FileKey>,
    ) -> Result<Option<HolderId>, Status> {
        let Some(id) = self.find_lease(asked.lease.name()) else {
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
        let own = self.find_lease(asked.lease.name());
        let granted = self.grantable(object, open, asked.state, true, own);
        let Some(own) = own else {
            let mut lease = asked.lease;
            lease.epoch = lease.epoch.wrapping_add(1);
            if let Some(id) = self.add_holder(open, connection, Owner::Lease(lease), granted) {
                self.leases.insert(hash(lease.name()), id.index());
                self.folder_leases += usize::from(lease.directory);
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
        let reads = holder.state & READ != 0;
        if let Some(open) = self.opens.get_mut(open) {
            open.holder = Some(own);
        }
        if reads {
            self.observe(open);
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
    /// was told, it is told again: as a part of the same change, with its epoch, as Windows does it. A client
    /// that passes over what comes with an epoch it knows (Linux does) then answers with what it had before;
    /// from then on each step is a change of its own.
    pub(super) fn acknowledge_lease(
        &mut self,
        name: LeaseName<'_>,
        state: Caching,
        now: Now,
    ) -> Result<(), Status> {
        let id = self.find_lease(name).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        let holder = self
            .holders
            .get_mut(id)
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        let breaking = holder.breaking.ok_or(Status::UNSUCCESSFUL)?;
        let Owner::Lease(lease) = &mut holder.owner else {
            return Err(Status::OBJECT_NAME_NOT_FOUND);
        };
        let connection = Some(holder.connection);
        if state & !breaking.to != 0 {
            if breaking.same_epoch {
                lease.same_epoch = Some(false);
                lease.epoch = lease.epoch.wrapping_add(1);
                holder.breaking = None;
                self.breaks_running = self.breaks_running.saturating_sub(1);
                self.notify(id, connection, breaking.to, breaking.required, now);
            }
            return Err(Status::REQUEST_NOT_ACCEPTED);
        }
        if breaking.same_epoch {
            lease.same_epoch = Some(true);
        }
        let next = next_step(state, breaking.required);
        // Nothing would come back on a step that asks for no answer, whether it was taken or passed over.
        let same_epoch = lease.same_epoch.unwrap_or(state & !READ != 0);
        if next.is_some() && !same_epoch {
            lease.epoch = lease.epoch.wrapping_add(1);
        }
        holder.state = state;
        holder.breaking = None;
        let object = holder.object;
        self.breaks_running = self.breaks_running.saturating_sub(1);
        if let Some(to) = next {
            self.notify(id, connection, to, breaking.required, now);
        }
        match self.holders.get_mut(id).map(|holder| &mut holder.breaking) {
            Some(Some(breaking)) => breaking.same_epoch = same_epoch,
            _ => self.retry_waiting(object),
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
