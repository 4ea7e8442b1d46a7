//! The shares being served, and what changes when the config is read again.

use super::session::{Identity, Session, SessionId};
use super::setup::{Encryption, Guest, Served, Setup, Share};
use super::tree::TreeId;
use super::{Now, Server};
use crate::auth::same_name;
use crate::vfs::{RootId, Vfs};
use crate::wire::access;

/// The name of the share that leads to the named pipes.
pub const IPC: &str = "IPC$";

/// What somebody may do with a share: an access mask, 0 for nothing.
pub fn rights(share: &Share, session: &Session) -> u32 {
    let listed = |names: &[String]| {
        names
            .iter()
            .any(|name| name == "*" || same_name(name, &session.name))
    };
    let user = session.identity == Identity::User;
    let level = if user && listed(&share.write_users) {
        Guest::Write
    } else if user && listed(&share.read_users) {
        match share.guest {
            Guest::Write => Guest::Write,
            _ => Guest::Read,
        }
    } else {
        share.guest
    };
    match level {
        Guest::None => 0,
        Guest::Write if !share.read_only => access::FILE_ALL_ACCESS,
        _ => READ_ONLY,
    }
}

/// FILE_GENERIC_READ and FILE_GENERIC_EXECUTE.
const READ_ONLY: u32 = 0x0012_00A9;

impl<V: Vfs> Server<V> {
    /// Takes the shares of the setup into service.
    pub(super) fn serve_shares(&mut self) {
        let shares = core::mem::take(&mut self.setup.shares);
        for share in shares {
            self.serve(share);
        }
    }

    fn serve(&mut self, share: Share) {
        self.share_numbers += 1;
        self.served.push(Served {
            number: self.share_numbers,
            share,
            root: None,
        });
        self.find_folders();
    }

    /// Opens the folders of shares that are not open yet, as far as they are there.
    pub(super) fn find_folders(&mut self) {
        for one in &mut self.served {
            if one.root.is_none() && one.share.disk.is_some() {
                let options = one.share.root_options();
                one.root = self.vfs.mount(&one.share.path, &options).ok();
            }
        }
    }

    /// The share with this name, its folder opened if it can be.
    pub(super) fn find_share(&mut self, name: &str) -> Option<&Served> {
        self.find_folders();
        self.served
            .iter()
            .find(|served| same_name(&served.share.name, name))
    }

    /// Takes back what clients cache of the shares for which `which` holds; how many have not answered yet.
    pub fn recall(&mut self, which: &dyn Fn(&Share) -> bool, now: Now) -> usize {
        let mut pending = 0;
        let mut from = 0;
        while let Some(id) = self.holders.find_from(from, |_| true) {
            from = id.index() + 1;
            let Some(holder) = self.holders.get(id) else {
                continue;
            };
            let share = self.opens_of(holder.object).find_map(|(_, open)| {
                let number = self.trees.get(open.tree)?.share;
                self.share(number)
            });
            if !share.is_some_and(which) {
                continue;
            }
            if holder.breaking.is_none() && holder.state != super::caching::NONE {
                self.tell(id, super::caching::NONE, now);
            }
            let told = self.holders.get(id);
            pending += usize::from(told.is_some_and(|holder| holder.breaking.is_some()));
        }
        pending
    }

    /// The share with this number.
    pub(super) fn share(&self, number: u32) -> Option<&Share> {
        self.served
            .iter()
            .find(|served| served.number == number)
            .map(|served| &served.share)
    }

    /// Takes over a new setup. Sessions go on; tree connects of shares that are gone or changed end, and so
    /// do the sessions of users that are gone or have another password, and those that would have to sign or
    /// seal now and never agreed to.
    pub fn reconfigure(&mut self, mut setup: Setup, now: Now) {
        self.now = now;
        let mut wanted = core::mem::take(&mut setup.shares);
        let mut index = 0;
        while index < self.served.len() {
            match wanted
                .iter()
                .position(|share| *share == self.served[index].share)
            {
                Some(same) => {
                    wanted.swap_remove(same);
                    index += 1;
                }
                None => {
                    let gone = self.served.remove(index);
                    self.end_share(gone.number, gone.root);
                }
            }
        }
        let before = core::mem::replace(&mut self.setup, setup);
        for share in wanted {
            self.serve(share);
        }
        let mut from = 0;
        while let Some(id) = self.sessions.find_from(from, |session| {
            let find = |users: &[super::User]| {
                users
                    .iter()
                    .find(|user| same_name(&user.name, &session.name))
                    .cloned()
            };
            session.identity == Identity::User && find(&before.users) != find(&self.setup.users)
                || self.setup.signing_required
                    && !session.signing_required
                    && session.identity != Identity::Anonymous
                || self.setup.encryption == Encryption::Required && !session.encrypt
        }) {
            from = id.index() + 1;
            self.end_session(id);
        }
        self.give_up_detached_of_changed_users(&before.users);
    }

    fn end_share(&mut self, number: u32, root: Option<RootId>) {
        let mut from = 0;
        while let Some(tree) = self
            .trees
            .find_from(from, |tree: &super::tree::Tree| tree.share == number)
        {
            from = tree.index() + 1;
            self.end_tree(tree);
        }
        self.give_up_detached(|durable| durable.share == number);
        if let Some(root) = root {
            self.vfs.unmount(root);
        }
    }

    /// Closes everything under a tree connect; the client learns of it with its next request.
    fn end_tree(&mut self, id: TreeId) {
        self.drop_tree(id);
    }

    /// Ends a session from our side: its connections end too, so that the clients notice at once.
    pub fn end_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let connections: heapless::Vec<_, { super::session::MAX_CHANNELS }> = session
            .channels
            .iter()
            .map(|channel| channel.connection)
            .collect();
        self.drop_session(id);
        for connection in connections {
            self.close_connection(connection);
        }
    }
}
