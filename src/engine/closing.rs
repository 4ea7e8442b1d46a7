//! Undoing: opens, tree connects, sessions and connections give back everything they hold
//! ([MS-SMB2] 3.3.4.17, 3.3.5.6, 3.3.5.8, 3.3.7.1).

use super::connection::ConnectionId;
use super::notify::name_of;
use super::open::{Object, ObjectId, Open, OpenId, Target};
use super::parked::{Parked, ParkedId, Wait};
use super::session::{LoginId, Purpose, SessionId, State};
use super::tree::TreeId;
use super::{Now, Server};
use crate::vfs::{FileKey, Kind, RootId, Vfs};
use crate::wire::change_notify::{action, filter};
use crate::wire::status::Status;

impl<V: Vfs> Server<V> {
    /// Adds an open to its object's list.
    pub(super) fn link_open(&mut self, id: OpenId<V::File>, object: ObjectId) {
        let Some(entry) = self.objects.get_mut(object) else {
            return;
        };
        let first = core::mem::replace(&mut entry.first, id.to_u64());
        entry.opens += 1;
        if let Some(open) = self.opens.get_mut(id) {
            open.object = Some(object);
            open.next = (first != 0).then(|| OpenId::<V::File>::from_u64(first));
        }
    }

    /// The opens of an object.
    pub(super) fn opens_of(
        &self,
        object: ObjectId,
    ) -> impl Iterator<Item = (OpenId<V::File>, &Open<V::File>)> {
        let first = self.objects.get(object).map_or(0, |object| object.first);
        let mut at = (first != 0).then(|| OpenId::<V::File>::from_u64(first));
        core::iter::from_fn(move || {
            let id = at?;
            let open = self.opens.get(id)?;
            at = open.next;
            Some((id, open))
        })
    }

    fn unlink_open(
        &mut self,
        id: OpenId<V::File>,
        object: ObjectId,
        next: Option<OpenId<V::File>>,
    ) {
        let before = self
            .opens_of(object)
            .find(|(_, open)| open.next == Some(id))
            .map(|(before, _)| before);
        match before.and_then(|before| self.opens.get_mut(before)) {
            Some(open) => open.next = next,
            None => {
                if let Some(entry) = self.objects.get_mut(object) {
                    entry.first = next.map_or(0, OpenId::<V::File>::to_u64);
                }
            }
        }
        if let Some(entry) = self.objects.get_mut(object) {
            entry.opens = entry.opens.saturating_sub(1);
        }
    }

    /// Closes an open: its locks go, what waited for them is granted, and with the last open of a file that
    /// is to be deleted the file goes ([MS-FSA] 2.1.5.5).
    pub(super) fn close_open(&mut self, id: OpenId<V::File>) {
        let Some(open) = self.opens.get_mut(id) else {
            return;
        };
        let (object, delete, next) = (open.object, open.delete_on_close, open.next);
        let (holder, durable, kind) = (open.holder, open.durable, open.kind);
        let watched = self.watched_root(id);
        let parent = self.parent_key(id);
        if let Some(durable) = durable {
            self.forget_durable(durable);
        }
        self.answer_waiting_on(id, Status::RANGE_NOT_LOCKED);
        self.end_watch(id);
        if let Some(object) = object {
            let locked = self
                .locks
                .remove_all(&mut self.objects, object, id.to_u64());
            self.unlink_open(id, object, next);
            if let Some(holder) = holder {
                self.drop_holder(holder);
            }
            if delete && let Some(entry) = self.objects.get_mut(object) {
                entry.delete_pending = true;
                entry.deleter = id.to_u64();
                self.answer_deleted(object);
            }
            if locked {
                self.grant_waiting_locks(object);
            }
        }
        let Some(mut open) = self.opens.remove(id) else {
            return;
        };
        match &mut open.target {
            Target::Pipe(pipe) => {
                self.pipes.remove(*pipe);
            }
            Target::File(file) => {
                let entry = object.and_then(|object| self.objects.get(object));
                let (last, goes) = entry.map_or((false, false), |entry| {
                    (entry.opens == 0, entry.delete_pending)
                });
                // Who has not asked for the file to go does not know that it does.
                let asked = entry.is_some_and(|entry| entry.deleter == id.to_u64());
                if !(last && goes) {
                    let mut filter = 0;
                    if open.wrote {
                        filter |= filter::LAST_WRITE | filter::SIZE;
                    }
                    if open.renamed {
                        filter |= filter::ATTRIBUTES | filter::CREATION;
                    }
                    if filter != 0 {
                        let folder = self.leased_folder(file);
                        self.folder_changed(folder, parent);
                        if let Some(root) = watched {
                            self.changed_file(root, file, action::MODIFIED, filter);
                        }
                    }
                }
                if last && let Some(object) = object {
                    let parent = parent.filter(|_| asked);
                    self.last_close(object, file, kind, (watched, parent));
                }
            }
        }
    }

    /// The last open of an object is gone. A file that is to be deleted goes, unless one of its streams is
    /// still open: then it goes with the last of these.
    fn last_close(
        &mut self,
        object: ObjectId,
        file: &mut V::File,
        kind: Kind,
        (watched, parent): (Option<RootId>, Option<[u8; 16]>),
    ) {
        let Some(entry) = self.objects.get(object) else {
            return;
        };
        let (key, delete) = (entry.key, entry.delete_pending);
        if delete && self.has_open_streams(&key) {
            return;
        }
        if delete {
            // Afterwards it has no path any more.
            let path = self.path_for_watches(file);
            let folder = self.leased_folder(file);
            match self.vfs.remove(file) {
                Ok(()) => {
                    self.folder_changed(folder, parent);
                    if let (Some(root), Some(path)) = (watched, path) {
                        self.changed_path(root, path, action::REMOVED, name_of(kind));
                    }
                }
                Err(error) => log::debug!("a file marked for deletion stays: {error:?}"),
            }
        }
        if let Some(observed) = self.objects.get(object).and_then(|entry| entry.observed) {
            self.vfs.ignore(observed);
        }
        self.objects.release(object);
        let base = FileKey { stream: 0, ..key };
        if key.stream != 0
            && let Some(object) = self.objects.find(&base)
            && let Some(entry) = self.objects.get(object)
            && entry.delete_pending
            && entry.opens == 0
            && let Ok(mut file) = self.vfs.base(file)
        {
            let kind = self.vfs.meta(&file).map_or(Kind::File, |meta| meta.kind);
            self.last_close(object, &mut file, kind, (watched, parent));
        }
    }

    fn has_open_streams(&self, key: &FileKey) -> bool {
        let stream = |_, object: &Object| object.opens > 0 && object.key.stream != 0;
        key.stream == 0 && self.objects.find_of_file(key, stream).is_some()
    }

    /// Whether the file with this key, or the file its stream belongs to, goes away with its last open.
    pub(super) fn is_delete_pending(&self, key: &FileKey) -> bool {
        let pending = |key: &FileKey| {
            self.objects
                .find(key)
                .and_then(|id| self.objects.get(id))
                .is_some_and(|object| object.delete_pending)
        };
        pending(key) || (key.stream != 0 && pending(&FileKey { stream: 0, ..*key }))
    }

    /// Closes every open for which `theirs` holds.
    fn close_opens(&mut self, theirs: impl Fn(&Open<V::File>) -> bool) {
        let mut from = 0;
        while let Some(id) = self.opens.find_from(from, &theirs) {
            from = id.index() + 1;
            self.close_open(id);
        }
    }

    /// Ends a tree connect with all its opens.
    pub(super) fn drop_tree(&mut self, id: TreeId) {
        self.close_opens(|open| open.tree == id);
        self.trees.remove(id);
    }

    /// Ends a session whose key still has to sign the reply that says so: everything it holds goes now, but
    /// for what is durable; the session itself after the reply.
    pub(super) fn log_off(&mut self, id: SessionId, now: Now) {
        self.detach_opens(id, now);
        self.close_opens(|open| open.session == id);
        if let Some(session) = self.sessions.get_mut(id) {
            session.state = State::Ending;
        }
        self.ending = Some(id);
    }

    /// Ends a session of somebody who is still there: what it held goes now, the session itself with its
    /// connections, so that its key can sign that it is no more.
    pub(super) fn expel(&mut self, id: SessionId) {
        self.close_opens(|open| open.session == id);
        self.drop_trees_of(id);
        if let Some(session) = self.sessions.get_mut(id) {
            session.state = State::Ending;
        }
    }

    fn drop_trees_of(&mut self, id: SessionId) {
        let mut from = 0;
        while let Some(tree) = self.trees.find_from(from, |tree| tree.session == id) {
            from = tree.index() + 1;
            self.trees.remove(tree);
        }
    }

    /// Ends a session with all its tree connects and opens.
    pub(super) fn drop_session(&mut self, id: SessionId) {
        self.close_opens(|open| open.session == id);
        self.drop_trees_of(id);
        let mut from = 0;
        while let Some(login) = self.logins.find_from(from, |login| login.session == id) {
            from = login.index() + 1;
            self.logins.remove(login);
        }
        let mut from = 0;
        while let Some(parked) = self.parked.find_from(from, |parked| parked.session == id) {
            from = parked.index() + 1;
            self.answer_parked(parked, Status::USER_SESSION_DELETED);
        }
        if let Some(session) = self.sessions.get_mut(id) {
            session.state = State::Ending;
        }
        self.bury_session(id);
    }

    /// Ends a session that its client has lost, not left: what is durable stays for it to come back to
    /// ([MS-SMB2] 3.3.7.1).
    pub(super) fn lose_session(&mut self, id: SessionId, now: Now) {
        self.detach_opens(id, now);
        self.drop_session(id);
    }

    /// Removes a session that has ended, once nothing is left that its keys have to sign or seal.
    pub(super) fn bury_session(&mut self, id: SessionId) {
        let ended = self
            .sessions
            .get(id)
            .is_some_and(|session| session.state == State::Ending);
        if ended
            && self.ending != Some(id)
            && !self.parked.iter().any(|(_, parked)| parked.session == id)
        {
            for channel in self
                .sessions
                .remove(id)
                .iter()
                .flat_map(|one| &one.channels)
            {
                channel.key.map(|key| self.channel_keys.remove(key));
            }
        }
    }

    /// Gives up a login; the session it was to make goes with it, one it was to renew or widen stays as it was.
    pub(super) fn abandon_login(&mut self, id: LoginId) {
        let Some(login) = self.logins.remove(id) else {
            return;
        };
        let unborn = self
            .sessions
            .get(login.session)
            .is_some_and(|session| session.state == State::InProgress);
        if login.purpose == Purpose::New && unborn {
            self.drop_session(login.session);
        }
    }

    /// The connection is gone: sessions that have no other channel end, but for their durable opens; parked
    /// requests are forgotten.
    pub fn disconnect(&mut self, id: ConnectionId, now: Now) {
        self.now = now;
        if self.connections.get(id).is_none() {
            return;
        }
        let mut from = 0;
        while let Some(parked) = self
            .parked
            .find_from(from, |parked| parked.connection == id)
        {
            from = parked.index() + 1;
            if !self.move_parked(parked) {
                self.forget_parked(parked);
            }
        }
        let mut from = 0;
        while let Some(login) = self.logins.find_from(from, |login| login.connection == id) {
            from = login.index() + 1;
            self.abandon_login(login);
        }
        let mut from = 0;
        while let Some(session) = self
            .sessions
            .find_from(from, |session| session.channel(id).is_some())
        {
            from = session.index() + 1;
            let Some(entry) = self.sessions.get_mut(session) else {
                continue;
            };
            let keys = &mut self.channel_keys;
            entry.channels.retain(|channel| {
                if channel.connection == id {
                    channel.key.map(|key| keys.remove(key));
                }
                channel.connection != id
            });
            if entry.channels.is_empty() {
                self.lose_session(session, now);
            } else {
                self.bury_session(session);
            }
        }
        let gone = self.connections.remove(id);
        // What it held was given back just now, and that may have woken it.
        self.woken -= usize::from(gone.is_some_and(|connection| connection.woken));
        self.reroute_breaks(id);
        if self.connections.is_empty() {
            self.vfs.rest();
        }
    }

    /// Parks a request; the table being full is the client's answer.
    pub(super) fn park(&mut self, parked: Parked) -> Result<ParkedId, Status> {
        if !self.may_park(parked.connection) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        self.parked.insert(parked).map_err(|_| {
            self.totals.exhausted += 1;
            Status::INSUFFICIENT_RESOURCES
        })
    }

    /// A CREATE that waits for a break outlives its channel where the session has another, so that asking for
    /// it again there finds that it waits ([MS-SMB2] 3.3.5.9.10). False if it does not.
    fn move_parked(&mut self, id: ParkedId) -> bool {
        let Some(parked) = self.parked.get_mut(id) else {
            return false;
        };
        let other = self.sessions.get(parked.session).and_then(|session| {
            let mut channels = session.channels.iter();
            channels.find(|channel| channel.connection != parked.connection)
        });
        match (parked.wait, other) {
            (Wait::Break { .. }, Some(other)) => {
                parked.connection = other.connection;
                // No CANCEL on that channel means it.
                parked.message_id = u64::MAX;
                parked.lost = true;
                true
            }
            _ => false,
        }
    }

    /// Forgets a parked request that nobody waits for any more.
    pub(super) fn forget_lost(&mut self, id: ParkedId) {
        if let Some(session) = self.parked.get(id).map(|parked| parked.session) {
            self.forget_parked(id);
            self.bury_session(session);
        }
    }

    /// Forgets a parked request and what was kept of it.
    fn forget_parked(&mut self, id: ParkedId) {
        if let Some(Parked {
            wait: Wait::Break { deferred, .. } | Wait::Retry { deferred, .. },
            ..
        }) = self.parked.remove(id)
        {
            self.deferred.remove(deferred);
        }
    }

    /// Lets a parked request be answered with `status`.
    pub(super) fn answer_parked(&mut self, id: ParkedId, status: Status) {
        let Some(parked) = self.parked.get_mut(id) else {
            return;
        };
        parked.wait = match parked.wait {
            Wait::Ready(_) => return,
            // Too late: what it is told is on its way.
            Wait::Told { .. } if status == Status::CANCELLED => return,
            // What follows it in its compound is to be answered too.
            Wait::Break { deferred, .. } | Wait::Retry { deferred, .. } => Wait::Retry {
                deferred,
                cancelled: status == Status::CANCELLED,
            },
            _ => Wait::Ready(status),
        };
        let connection = parked.connection;
        self.wake(connection);
    }

    /// Answers everything that waits on an open.
    pub(super) fn answer_waiting_on(&mut self, id: OpenId<V::File>, status: Status) {
        let number = id.to_u64();
        let mut from = 0;
        while let Some(parked) = self
            .parked
            .find_from(from, |parked| parked.wait.open() == Some(number))
        {
            from = parked.index() + 1;
            let status = match self.parked.get(parked).map(|parked| parked.wait) {
                Some(Wait::Notify { .. } | Wait::Told { .. }) => Status::NOTIFY_CLEANUP,
                _ => status,
            };
            self.answer_parked(parked, status);
        }
    }

    /// Grants the locks that wait for ranges of an object, the oldest first, as far as they are free now.
    pub(super) fn grant_waiting_locks(&mut self, object: ObjectId) {
        let mut last = 0;
        loop {
            let oldest = self
                .parked
                .iter()
                .filter_map(|(id, parked)| match parked.wait {
                    Wait::Lock { open, .. } if parked.order > last => {
                        let opened = self.opens.get(OpenId::<V::File>::from_u64(open))?;
                        (opened.object == Some(object)).then_some((parked.order, id, parked.wait))
                    }
                    _ => None,
                })
                .min_by_key(|(order, ..)| *order);
            let Some((
                order,
                id,
                Wait::Lock {
                    open,
                    offset,
                    length,
                    exclusive,
                    sequence,
                },
            )) = oldest
            else {
                return;
            };
            last = order;
            if self
                .locks
                .conflicts(&self.objects, object, open, (offset, length), exclusive)
            {
                continue;
            }
            let status =
                match self
                    .locks
                    .add(&mut self.objects, object, open, (offset, length), exclusive)
                {
                    Some(_) => Status::SUCCESS,
                    None => Status::INSUFFICIENT_RESOURCES,
                };
            if let (Status::SUCCESS, Some((bucket, number)), Some(open)) = (
                status,
                sequence,
                self.opens.get_mut(OpenId::<V::File>::from_u64(open)),
            ) && let Some(slot) = open.lock_sequences.get_mut(usize::from(bucket))
            {
                *slot = number.wrapping_add(1);
            }
            self.answer_parked(id, status);
        }
    }
}
