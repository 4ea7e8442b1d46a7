//! The one copy of the server's state.

use core::net::IpAddr;

use super::caching::Holder;
use super::connection::{Connection, ConnectionId};
use super::deferred::Deferred;
use super::durable::Durable;
use super::lock::Locks;
use super::notify::Watch;
use super::open::{Objects, Open};
use super::parked::Parked;
use super::recalled::{self, Recalled};
use super::session::{Login, Session};
use super::setup::{Served, Setup};
use super::tree::Tree;
use super::{Now, Tail};
use crate::crypto::SigningKey;
use crate::memory::{self, Budget, Index, Table};
use crate::pipe::Pipe;
use crate::vfs::Vfs;

/// Milliseconds a connection may live without a login.
const LOGIN_TIMEOUT: u64 = 30_000;

/// Why a connection was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The table is full.
    Full,
    /// Too many others have not logged in yet.
    Unauthenticated,
}

/// What was done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests answered.
    pub requests: u64,
    /// Bytes read by clients.
    pub read: u64,
    /// Bytes written by clients.
    pub written: u64,
    /// Requests refused because a table or pool was full.
    pub exhausted: u64,
}

/// Fills a slice with unpredictable bytes.
pub type Random = Box<dyn FnMut(&mut [u8])>;

/// The server.
pub struct Server<V: Vfs> {
    pub(super) setup: Setup,
    pub(super) served: Vec<Served>,
    pub(super) share_numbers: u32,
    pub(super) budget: Budget,
    pub(super) vfs: V,
    pub(super) random: Random,
    pub(super) connections: Table<Connection>,
    pub(super) sessions: Table<Session>,
    pub(super) channel_keys: Table<SigningKey>,
    pub(super) logins: Table<Login>,
    pub(super) trees: Table<Tree>,
    pub(super) opens: Table<Open<V::File>>,
    pub(super) objects: Objects,
    pub(super) locks: Locks,
    pub(super) pipes: Table<Pipe>,
    pub(super) parked: Table<Parked>,
    pub(super) deferred: Table<Deferred>,
    pub(super) holders: Table<Holder>,
    /// Finds leases by client and key.
    pub(super) leases: Index,
    pub(super) breaks_running: usize,
    pub(super) watches: Table<Watch>,
    pub(super) durables: Table<Durable>,
    /// How many of them have no connection.
    pub(super) detached: usize,
    /// Names lately opened by their short form.
    pub(super) recalled: Recalled,
    /// Room for two security descriptors.
    pub(super) scratch: Box<[u8]>,
    pub(super) parked_order: u64,
    /// The session that ends with the reply being made.
    pub(super) ending: Option<super::session::SessionId>,
    pub(super) woken: usize,
    pub(super) totals: Totals,
    /// The time as of the last call.
    pub(super) now: Now,
    /// How many leases there are on directories.
    pub(super) folder_leases: usize,
}

impl<V: Vfs> Server<V> {
    /// A server with all its memory. `random` fills a slice with unpredictable bytes.
    pub fn new(setup: Setup, budget: Budget, vfs: V, random: Random) -> Self {
        let mut server = Server {
            setup,
            served: Vec::new(),
            share_numbers: 0,
            vfs,
            random,
            connections: Table::new(budget.connections as usize),
            sessions: Table::new(budget.sessions as usize),
            channel_keys: Table::new(budget.connections as usize),
            logins: Table::new(budget.logins as usize),
            trees: Table::new(budget.trees as usize),
            opens: Table::new(budget.opens as usize),
            objects: Objects::new(budget.opens as usize),
            locks: Locks::new(budget.locks as usize),
            pipes: Table::new(budget.pipes as usize),
            parked: Table::new(budget.parked as usize),
            deferred: Table::new(budget.deferred as usize),
            holders: Table::new(budget.opens as usize),
            leases: Index::new(budget.opens as usize),
            breaks_running: 0,
            watches: Table::new(budget.watches as usize),
            durables: Table::new(budget.durables as usize),
            detached: 0,
            recalled: Recalled::new(),
            scratch: vec![0; 2 * super::access::DESCRIPTOR].into_boxed_slice(),
            parked_order: 0,
            ending: None,
            woken: 0,
            totals: Totals::default(),
            now: Now { wall: 0, mono: 0 },
            folder_leases: 0,
            budget,
        };
        server.serve_shares();
        server
    }

    /// Gives back the memory of every table that is empty, as all are when nobody is there and nothing is kept
    /// for those who may come back.
    pub fn rest(&mut self) {
        self.connections.rest();
        self.sessions.rest();
        self.channel_keys.rest();
        self.logins.rest();
        self.trees.rest();
        self.opens.rest();
        self.objects.rest();
        self.locks.rest();
        self.pipes.rest();
        self.parked.rest();
        self.deferred.rest();
        self.holders.rest();
        self.watches.rest();
        self.durables.rest();
    }

    /// Every pool and table with what it costs.
    pub fn holders(budget: &Budget) -> [memory::Holder; 17] {
        let row = |name, count: u32, each: usize| memory::Holder {
            name,
            count: u64::from(count),
            each: each as u64,
        };
        let slots = budget.receive_slots + budget.send_slots;
        [
            row("I/O slots", slots, budget.slot_size() as usize),
            row(
                "receive buffers",
                budget.connections,
                budget.receive_buffer as usize,
            ),
            row(
                "connections",
                budget.connections,
                Table::<Connection>::entry_size(),
            ),
            row("sessions", budget.sessions, Table::<Session>::entry_size()),
            row("logins", budget.logins, Table::<Login>::entry_size()),
            row("tree connects", budget.trees, Table::<Tree>::entry_size()),
            row(
                "opens",
                budget.opens,
                Table::<Open<V::File>>::entry_size() + Objects::entry_size(),
            ),
            row("locks", budget.locks, Locks::entry_size()),
            row("pipes", budget.pipes, Table::<Pipe>::entry_size()),
            row(
                "parked requests",
                budget.parked,
                Table::<Parked>::entry_size(),
            ),
            row(
                "kept requests",
                budget.deferred,
                Table::<Deferred>::entry_size(),
            ),
            row(
                "oplocks",
                budget.opens,
                Table::<Holder>::entry_size() + Index::entry_size(),
            ),
            row(
                "durable handles",
                budget.durables,
                Table::<Durable>::entry_size(),
            ),
            row("watches", budget.watches, Table::<Watch>::entry_size()),
            row(
                "further channels",
                budget.connections,
                Table::<SigningKey>::entry_size(),
            ),
            row("names of folders", budget.names, 1),
            row(
                "short names",
                recalled::ENTRIES as u32,
                Recalled::entry_size(),
            ),
        ]
    }

    /// How full each table is: used and at most, named as in [`Server::holders`].
    pub fn usage(&self) -> [(&'static str, usize, usize); 13] {
        [
            (
                "connections",
                self.connections.len(),
                self.connections.capacity(),
            ),
            ("sessions", self.sessions.len(), self.sessions.capacity()),
            ("logins", self.logins.len(), self.logins.capacity()),
            ("tree connects", self.trees.len(), self.trees.capacity()),
            ("opens", self.opens.len(), self.opens.capacity()),
            ("locks", self.locks.len(), self.budget.locks as usize),
            ("pipes", self.pipes.len(), self.pipes.capacity()),
            ("parked requests", self.parked.len(), self.parked.capacity()),
            (
                "kept requests",
                self.deferred.len(),
                self.deferred.capacity(),
            ),
            ("oplocks", self.holders.len(), self.holders.capacity()),
            (
                "durable handles",
                self.durables.len(),
                self.durables.capacity(),
            ),
            ("watches", self.watches.len(), self.watches.capacity()),
            (
                "further channels",
                self.channel_keys.len(),
                self.channel_keys.capacity(),
            ),
        ]
    }

    /// The server's name.
    pub fn name(&self) -> &str {
        &self.setup.name
    }

    /// Other addresses to be told to clients that ask for more channels.
    pub fn set_interfaces(&mut self, interfaces: Vec<super::Interface>) {
        self.setup.interfaces = interfaces;
    }

    /// The budget.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What was done since the start.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// A client has connected. Peers that have not logged in yet get a small share of the table, each
    /// address a smaller one.
    pub fn connect(&mut self, peer: IpAddr, now: Now) -> Result<ConnectionId, Refused> {
        let (mut strangers, mut same) = (0, 0);
        for (_, connection) in self
            .connections
            .iter()
            .filter(|(_, connection)| !connection.authenticated)
        {
            strangers += 1;
            same += u32::from(connection.peer == peer);
        }
        if strangers >= self.budget.unauthenticated
            || same >= self.budget.unauthenticated_per_address
        {
            return Err(Refused::Unauthenticated);
        }
        self.connections
            .insert(Connection::new(peer, now.mono))
            .map_err(|_| Refused::Full)
    }

    /// The longest frame a connection may send now.
    pub fn frame_limit(&self, connection: ConnectionId) -> usize {
        match self.connections.get(connection) {
            Some(connection) if connection.authenticated => self.budget.slot_size() as usize,
            // A stranger sends a security token; NTLM's are short, a Kerberos ticket we decline is not.
            _ => (self.budget.slot_size() as usize).min(16 << 10),
        }
    }

    /// The file a tail is read from.
    pub fn file(&self, tail: &Tail<V::File>) -> Option<&V::File> {
        self.open_file(tail.open)
    }

    /// The file of an open.
    pub fn open_file(&self, open: super::OpenId<V::File>) -> Option<&V::File> {
        match &self.opens.get(open)?.target {
            super::open::Target::File(file) => Some(file),
            super::open::Target::Pipe(_) => None,
        }
    }

    /// The file of an open, and the store to use it with.
    pub(super) fn open_file_mut(
        &mut self,
        open: super::OpenId<V::File>,
    ) -> Option<(&mut V, &mut V::File)> {
        match &mut self.opens.get_mut(open)?.target {
            super::open::Target::File(file) => Some((&mut self.vfs, file)),
            super::open::Target::Pipe(_) => None,
        }
    }

    /// Marks a connection as having something to send or to end.
    pub(super) fn wake(&mut self, connection: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(connection)
            && !connection.woken
        {
            connection.woken = true;
            self.woken += 1;
        }
    }

    /// The next connection that has something pending or must be closed; drain it after every call.
    pub fn next_woken(&mut self) -> Option<ConnectionId> {
        if self.woken == 0 {
            return None;
        }
        self.woken -= 1;
        let (id, connection) = self
            .connections
            .iter_mut()
            .find(|(_, connection)| connection.woken)?;
        connection.woken = false;
        Some(id)
    }

    /// Whether a connection is to be closed.
    pub fn must_close(&self, connection: ConnectionId) -> bool {
        self.connections
            .get(connection)
            .is_none_or(|connection| connection.closing)
    }

    /// Ends a connection from our side.
    pub(super) fn close_connection(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.closing = true;
        }
        self.wake(id);
    }

    /// Time-outs; when to call again, in ms.
    pub fn tick(&mut self, now: Now) -> Option<u64> {
        self.now = now;
        let mut from = 0;
        while let Some(id) = self
            .logins
            .find_from(from, |login| login.deadline <= now.mono)
        {
            from = id.index() + 1;
            self.abandon_login(id);
        }
        let idle_timeout = self.setup.idle_timeout;
        let mut from = 0;
        while let Some(id) = self.connections.find_from(from, |connection| {
            !connection.closing
                && match connection.authenticated {
                    false => now.mono.saturating_sub(connection.accepted) >= LOGIN_TIMEOUT,
                    true => {
                        idle_timeout != 0
                            && now.mono.saturating_sub(connection.active) >= idle_timeout
                    }
                }
        }) {
            from = id.index() + 1;
            let authenticated = self
                .connections
                .get(id)
                .is_some_and(|connection| connection.authenticated);
            if !authenticated || !self.has_opens(id) {
                self.close_connection(id);
            }
        }
        if self.vfs.has_changes() {
            self.disk_changed(now);
        }
        let breaks = self.expire_breaks(now).unwrap_or(u64::MAX);
        let durables = self.scavenge(now);
        let regular =
            (!self.connections.is_empty()).then_some(now.mono.saturating_add(1_000).min(breaks));
        match (regular, durables) {
            (Some(regular), Some(durables)) => Some(regular.min(durables)),
            (regular, durables) => regular.or(durables),
        }
    }

    fn has_opens(&self, connection: ConnectionId) -> bool {
        self.opens.iter().any(|(_, open)| {
            self.sessions
                .get(open.session)
                .is_some_and(|session| session.channel(connection).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Limits;
    use crate::vfs::memory::Memory;

    #[test]
    fn slots_and_tables_fit_the_ceiling() {
        for megabytes in [32u64, 64, 128, 256, 1_024] {
            let budget = Budget::new(megabytes << 20, &Limits::default());
            let sum: u64 = Server::<Memory>::holders(&budget)
                .iter()
                .map(memory::Holder::total)
                .sum();
            // A MiB is left for the program itself.
            assert!(sum + (1 << 20) <= budget.ceiling, "{megabytes} MiB: {sum}");
        }
    }
}
