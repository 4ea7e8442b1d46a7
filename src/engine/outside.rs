//! Changes made on the router itself, by a shell or another daemon, as far as the disk tells of them: who
//! watches a folder hears of them, and who caches what they make stale must ask again.
//!
//! Observed is what somebody watches, has a lease on, or caches reads of: once for all its opens, until the last
//! is closed.

use super::access::DESCRIPTOR;
use super::caching::{Breaker, Reason};
use super::notify::name_of;
use super::open::{ObjectId, OpenId, Target};
use super::{Now, Server};
use crate::vfs::{Change, Deed, Kind, RootId, Vfs, name};
use crate::wire::change_notify::{action, filter};

/// Changes looked at before others have their turn.
const AT_ONCE: usize = 256;
/// In so many shares the same folder may be open.
const ROOTS: usize = 8;

/// What [`Deed::Changed`] may mean.
const ANY_OF_IT: u32 = filter::ATTRIBUTES
    | filter::CREATION
    | filter::LAST_ACCESS
    | filter::LAST_WRITE
    | filter::SECURITY
    | filter::EA;

impl<V: Vfs> Server<V> {
    /// From now on takes notice of what others do to an open's file, or in its folder.
    pub(super) fn observe(&mut self, id: OpenId<V::File>) {
        let Some(open) = self.opens.get(id) else {
            return;
        };
        let object = open.object.and_then(|object| self.objects.get_mut(object));
        if let (Some(object), Target::File(file)) = (object, &open.target)
            && object.observed.is_none()
            && object.key.stream == 0
        {
            object.observed = self.vfs.observe(file);
        }
    }

    /// Others may have changed something on the disk.
    pub fn disk_changed(&mut self, now: Now) {
        self.now = now;
        let mut name = [0; name::SHOWN_LIMIT];
        for _ in 0..AT_ONCE {
            let Some(change) = self.vfs.next_change(&mut name) else {
                return;
            };
            let name = name.get(..change.name).unwrap_or_default();
            if change.deed == Deed::Lost {
                self.anything_changed();
                continue;
            }
            let found = self
                .objects
                .iter()
                .find(|(_, object)| object.observed == Some(change.of))
                .map(|(id, object)| (id, object.key));
            let Some((object, key)) = found else {
                continue;
            };
            if !name.is_empty() {
                self.folder_changed(Some(key), None);
                self.tell_of_outside(object, &change, name);
            } else if change.deed == Deed::Written {
                self.break_caching(object, Breaker::default(), Reason::Change, now);
            }
        }
    }

    /// Tells who watches a folder of a change in it.
    fn tell_of_outside(&mut self, object: ObjectId, change: &Change, name: &[u8]) {
        if self.watches.is_empty() {
            return;
        }
        let of_name = match change.directory {
            true => name_of(Kind::Directory),
            false => name_of(Kind::File),
        };
        let (action, filter) = match change.deed {
            Deed::Added => (action::ADDED, of_name),
            Deed::Removed => (action::REMOVED, of_name),
            Deed::RenamedFrom => (action::RENAMED_OLD_NAME, of_name),
            Deed::RenamedTo => (action::RENAMED_NEW_NAME, of_name),
            Deed::Written => (action::MODIFIED, filter::SIZE | filter::LAST_WRITE),
            Deed::Changed => (action::MODIFIED, ANY_OF_IT),
            Deed::Lost => return,
        };
        let mut told: heapless::Vec<RootId, ROOTS> = heapless::Vec::new();
        let mut at = self.opens_of(object).next().map(|(id, _)| id);
        while let Some(id) = at {
            at = self.opens.get(id).and_then(|open| open.next);
            let root = self.watched_root(id).filter(|root| !told.contains(root));
            let share = self
                .opens
                .get(id)
                .and_then(|open| self.trees.get(open.tree));
            let (Some(root), Some(share)) = (root, share.map(|tree| tree.share)) else {
                continue;
            };
            if told.push(root).is_err() || self.is_vetoed(share, name) {
                continue;
            }
            if let Some(length) = self.path_in_folder(id, name) {
                self.changed_path(root, (length, false), action, filter);
            }
        }
    }

    /// Puts the path of a name in an open's folder where [`Server::changed_path`] takes it from; its length.
    fn path_in_folder(&mut self, id: OpenId<V::File>, name: &[u8]) -> Option<usize> {
        let Server {
            opens,
            vfs,
            scratch,
            ..
        } = self;
        let Target::File(folder) = &opens.get(id)?.target else {
            return None;
        };
        let path = scratch.get_mut(..DESCRIPTOR)?;
        let mut length = vfs.path(folder, path).ok()?;
        if length > 0 {
            *path.get_mut(length)? = b'/';
            length = length.saturating_add(1);
        }
        let end = length.checked_add(name.len())?;
        path.get_mut(length..end)?.copy_from_slice(name);
        Some(end)
    }

    /// More has changed than anybody can tell: every watch says so, and nothing observed is cached any more.
    fn anything_changed(&mut self) {
        self.lose_track();
        let now = self.now;
        let mut from = 0;
        while let Some(id) = self.holders.find_from(from, |holder| {
            let object = self.objects.get(holder.object);
            object.is_some_and(|object| object.observed.is_some())
        }) {
            from = id.index().saturating_add(1);
            let Some(object) = self.holders.get(id).map(|holder| holder.object) else {
                continue;
            };
            self.break_caching(object, Breaker::default(), Reason::Change, now);
        }
    }
}
