//! What the server tells its owner: who is connected, what is open.

use core::net::IpAddr;

use super::Server;
use super::open::Target;
use super::session::{Identity, SessionId, State};
use super::setup::Share;
use crate::crypto::{Cipher, SigningAlgorithm};
use crate::vfs::{FileTime, Vfs};
use crate::wire::negotiate::Dialect;

/// A session, as `status` shows it.
pub struct SessionReport<'a> {
    /// SessionId.
    pub id: u64,
    /// Who; empty: anonymous.
    pub user: &'a str,
    /// Let in without a password.
    pub guest: bool,
    /// Where from, if a connection is left.
    pub address: Option<IpAddr>,
    /// Dialect.
    pub dialect: Dialect,
    /// How messages are signed, if they can be.
    pub signing: Option<SigningAlgorithm>,
    /// How they are encrypted, if they can be.
    pub cipher: Option<Cipher>,
    /// When it began.
    pub created: FileTime,
    /// Last request, in ms since the server started.
    pub active: u64,
    /// How many opens it has.
    pub opens: u32,
}

/// An open, as `status` shows it.
pub struct OpenReport<'a> {
    /// SessionId.
    pub session: u64,
    /// The share's name; empty: IPC$.
    pub share: &'a str,
    /// Path below the share, or the pipe's name.
    pub path: &'a [u8],
    /// Granted access.
    pub access: u32,
    /// Byte-range locks.
    pub locks: usize,
}

/// A share, as `status` shows it.
pub struct ShareReport<'a> {
    /// What it is.
    pub share: &'a Share,
    /// Its folder is there and open.
    pub served: bool,
    /// Tree connects.
    pub uses: usize,
}

impl<V: Vfs> Server<V> {
    /// Every session that is logged in.
    pub fn sessions(&self) -> impl Iterator<Item = SessionReport<'_>> {
        self.sessions
            .iter()
            .filter(|(_, session)| session.state == State::Valid)
            .map(|(id, session)| {
                let channel = session
                    .channels
                    .first()
                    .and_then(|channel| self.connections.get(channel.connection));
                let opens = self
                    .opens
                    .iter()
                    .filter(|(_, open)| open.session == id)
                    .count();
                let keyed = session.signing_key.is_some();
                SessionReport {
                    id: id.to_u64(),
                    user: &session.name,
                    guest: session.identity == Identity::Guest,
                    address: channel.map(|connection| connection.peer),
                    dialect: session.dialect,
                    signing: keyed.then_some(session.signing),
                    cipher: session.sealing.as_ref().and(session.cipher),
                    created: session.created,
                    active: session.active,
                    opens: opens as u32,
                }
            })
    }

    /// Every share.
    pub fn report_shares(&self) -> impl Iterator<Item = ShareReport<'_>> {
        self.served.iter().map(|one| ShareReport {
            share: &one.share,
            served: one.root.is_some(),
            uses: self
                .trees
                .iter()
                .filter(|(_, tree)| tree.share == one.number)
                .count(),
        })
    }

    /// Shows every open to `each`, at most `most`; how many there are.
    pub fn report_opens(&mut self, most: usize, each: &mut dyn FnMut(OpenReport<'_>)) -> usize {
        let Server {
            opens,
            trees,
            served,
            pipes,
            vfs,
            locks,
            objects,
            ..
        } = self;
        let mut path = [0; 4_096];
        for (id, open) in opens.iter().take(most) {
            let length = match &open.target {
                Target::File(file) => vfs.path(file, &mut path).unwrap_or(0),
                Target::Pipe(pipe) => {
                    let name = pipes.get(*pipe).map_or("", |pipe| pipe.endpoint().name());
                    path[..name.len()].copy_from_slice(name.as_bytes());
                    name.len()
                }
            };
            let number = trees.get(open.tree).map_or(0, |tree| tree.share);
            let share = served
                .iter()
                .find(|served| served.number == number)
                .map_or("", |served| &served.share.name);
            each(OpenReport {
                session: open.session.to_u64(),
                share,
                path: path.get(..length).unwrap_or_default(),
                access: open.access,
                locks: open
                    .object
                    .map_or(0, |object| locks.count(objects, object, id.to_u64())),
            });
        }
        opens.len()
    }

    /// Ends the session with this number; false if there is none.
    pub fn disconnect_session(&mut self, number: u64) -> bool {
        let id = SessionId::from_u64(number);
        let found = self.sessions.get(id).is_some();
        self.end_session(id);
        found
    }
}
