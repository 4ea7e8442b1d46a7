//! Nobody takes all of a table that all clients share: its last quarter is for those who hold less than a
//! quarter of it. Who somebody is, the address tells: connections and sessions cost nothing.

use core::net::IpAddr;

use super::Server;
use super::connection::ConnectionId;
use super::open::OpenId;
use super::parked::Wait;
use super::session::SessionId;
use crate::memory::Table;
use crate::vfs::Vfs;

/// Whether there is room in a table for `more` entries of somebody whose entries `theirs` tells. As long as a
/// quarter is free nobody is counted.
fn has_share<T>(table: &Table<T>, more: usize, theirs: impl Fn(&T) -> bool) -> bool {
    let capacity = table.capacity();
    let wanted = table.len().saturating_add(more);
    if wanted <= capacity - capacity / 4 {
        return true;
    }
    let held = || table.iter().filter(|(_, entry)| theirs(entry)).count();
    wanted <= capacity && held().saturating_add(more) <= capacity / 4
}

impl<V: Vfs> Server<V> {
    fn address(&self, connection: ConnectionId) -> Option<IpAddr> {
        self.connections
            .get(connection)
            .map(|connection| connection.peer)
    }

    fn address_of(&self, session: SessionId) -> Option<IpAddr> {
        let session = self.sessions.get(session)?;
        self.address(session.channels.first()?.connection)
    }

    fn judged(&mut self, allowed: bool) -> bool {
        self.totals.exhausted += u64::from(!allowed);
        allowed
    }

    /// Whether a connection may begin another login.
    pub(super) fn may_begin_login(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.logins, 1, |login| {
            self.address(login.connection) == peer
        });
        self.judged(allowed)
    }

    /// Whether a connection may have another session.
    pub(super) fn may_add_session(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.sessions, 1, |session| {
            let first = session.channels.first();
            first.and_then(|channel| self.address(channel.connection)) == peer
        });
        self.judged(allowed)
    }

    /// Whether a connection may have another tree connect.
    pub(super) fn may_add_tree(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.trees, 1, |tree| self.address_of(tree.session) == peer);
        self.judged(allowed)
    }

    /// Whether a connection may have another open.
    pub(super) fn may_open(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.opens, 1, |open| self.address_of(open.session) == peer);
        self.judged(allowed)
    }

    /// Whether a connection may watch another directory.
    pub(super) fn may_watch(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.watches, 1, |watch| {
            let open = self.opens.get(OpenId::<V::File>::from_u64(watch.open()));
            open.is_some_and(|open| self.address_of(open.session) == peer)
        });
        self.judged(allowed)
    }

    /// Whether a connection may have another pipe.
    pub(super) fn may_open_pipe(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let theirs = |open: &super::open::Open<V::File>| {
            matches!(open.target, super::open::Target::Pipe(_))
                && self.address_of(open.session) == peer
        };
        let (used, capacity) = (self.pipes.len(), self.pipes.capacity());
        let allowed = used < capacity - capacity / 4
            || used < capacity
                && self.opens.iter().filter(|(_, open)| theirs(open)).count() < capacity / 4;
        self.judged(allowed)
    }

    /// Whether a connection may let another request wait.
    pub(super) fn may_park(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(&self.parked, 1, |parked| {
            self.address(parked.connection) == peer
        });
        self.judged(allowed)
    }

    /// Whether another request of a connection may be kept whole.
    pub(super) fn may_keep(&mut self, connection: ConnectionId) -> bool {
        let peer = self.address(connection);
        let (used, capacity) = (self.deferred.len(), self.deferred.capacity());
        let theirs = |parked: &super::parked::Parked| {
            matches!(parked.wait, Wait::Break { .. } | Wait::Retry { .. })
                && self.address(parked.connection) == peer
        };
        let allowed = used < capacity - capacity / 4
            || used < capacity
                && self
                    .parked
                    .iter()
                    .filter(|(_, parked)| theirs(parked))
                    .count()
                    < capacity / 4;
        self.judged(allowed)
    }

    /// Whether a connection may lock `more` ranges.
    pub(super) fn may_lock(&mut self, connection: ConnectionId, more: usize) -> bool {
        let peer = self.address(connection);
        let allowed = has_share(self.locks.table(), more, |lock| {
            let open = super::OpenId::<V::File>::from_u64(lock.open);
            self.opens
                .get(open)
                .is_some_and(|open| self.address_of(open.session) == peer)
        });
        self.judged(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_quarter_is_for_those_who_hold_little() {
        let mut table = Table::new(16);
        for _ in 0..12 {
            assert!(has_share(&table, 1, |owner| *owner == 'a'));
            table.insert('a').unwrap();
        }
        assert!(!has_share(&table, 1, |owner| *owner == 'a'));
        for _ in 0..4 {
            assert!(has_share(&table, 1, |owner| *owner == 'b'));
            table.insert('b').unwrap();
        }
        assert!(!has_share(&table, 1, |owner| *owner == 'c'), "full");
        assert!(!has_share(&Table::<char>::new(4), 5, |_| false));
        assert!(!has_share(&Table::<char>::new(4), usize::MAX, |_| false));
    }
}
