//! An open file, directory or pipe ([MS-SMB2] 3.3.1.10), and the objects that opens share ([MS-FSA] 2.1.1).

use super::lock::LockId;
use super::session::SessionId;
use super::tree::TreeId;
use crate::memory::{Handle, Index, Table};
use crate::pipe::Pipe;
use crate::vfs::{DirectoryCursor, FileKey, Kind, Observed};

/// Names an open; its number is both halves of the FileId.
pub type OpenId<F> = Handle<Open<F>>;
/// Names an object.
pub type ObjectId = Handle<Object>;

/// What an open leads to.
pub enum Target<F> {
    /// Something on disk.
    File(F),
    /// A named pipe.
    Pipe(Handle<Pipe>),
}

/// An open.
pub struct Open<F> {
    /// Whose.
    pub session: SessionId,
    /// Through which tree connect.
    pub tree: TreeId,
    /// What it leads to.
    pub target: Target<F>,
    /// The object on disk it shares with other opens.
    pub object: Option<ObjectId>,
    /// What kind of object.
    pub kind: Kind,
    /// Open.GrantedAccess.
    pub access: u32,
    /// FILE_SHARE_*: what it lets others do.
    pub share_access: u32,
    /// CreateOptions, as granted.
    pub options: u32,
    /// FILE_DELETE_ON_CLOSE was asked for at create.
    pub delete_on_close: bool,
    /// Open.CurrentByteOffset, told by FilePositionInformation.
    pub position: u64,
    /// Where the listing of a directory goes on.
    pub cursor: DirectoryCursor,
    /// Entries `.` and `..` and the first answer of the listing were given.
    pub listing: Listing,
    /// The last write time was set by hand and no longer follows writes ([MS-FSA] 2.1.4.17).
    pub write_time_fixed: bool,
    /// Likewise the change time.
    pub change_time_fixed: bool,
    /// Data was written through it.
    pub wrote: bool,
    /// The file was renamed through it.
    pub renamed: bool,
    /// Open.LockSequenceArray: the last sequence number of each bucket, plus one; 0: none.
    pub lock_sequences: [u8; 65],
    /// What it may cache.
    pub holder: Option<super::caching::HolderId>,
    /// What lets it outlive its connection, or lets the CREATE that made it be sent again.
    pub durable: Option<super::durable::DurableId>,
    /// Open.ChannelSequence: rises when the client has lost a channel and asks again on another.
    pub channel_sequence: u16,
    /// The next open of the same object.
    pub next: Option<Handle<Open<F>>>,
}

/// How far the listing of a directory, or of extended attributes, has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// An answer was given since the start, so that an empty one is NO_MORE_FILES, not NO_SUCH_FILE.
    pub begun: bool,
    /// All names were told: the disk need not be asked whether there are more.
    pub ended: bool,
    /// How many of `.` and `..` were passed.
    pub dots: u8,
    /// Open.CurrentEaIndex: how many extended attributes were told.
    pub attribute: u32,
}

/// A file or stream that is open, once for all its opens.
pub struct Object {
    /// Which.
    pub key: FileKey,
    /// How many opens it has.
    pub opens: u32,
    /// The first of its locks.
    pub locks: Option<LockId>,
    /// The first of those who may cache it.
    pub holders: Option<super::caching::HolderId>,
    /// It goes away with its last open ([MS-FSA] File.PendingDelete / Link.IsDeleted).
    pub delete_pending: bool,
    /// The open that last decided that, as a raw number.
    pub deleter: u64,
    /// Changes that others make to it on the disk are told.
    pub observed: Option<Observed>,
    /// The first of its opens, as a raw number.
    pub first: u64,
}

/// All objects, found by their key.
pub struct Objects {
    table: Table<Object>,
    index: Index,
}

/// The same for a file and all its streams, which are so found together.
fn hash(key: &FileKey) -> u64 {
    key.inode ^ key.device.rotate_left(32)
}

impl Objects {
    /// Room for `capacity` objects.
    pub fn new(capacity: usize) -> Self {
        Objects {
            table: Table::new(capacity),
            index: Index::new(capacity),
        }
    }

    /// What one costs in bytes.
    pub const fn entry_size() -> usize {
        Table::<Object>::entry_size() + Index::entry_size()
    }

    /// Gives the memory of an empty table back.
    pub fn rest(&mut self) {
        self.table.rest();
    }

    /// The object with this key, if anybody has it open.
    pub fn find(&self, key: &FileKey) -> Option<ObjectId> {
        let same = |slot| {
            self.table
                .at(slot)
                .and_then(|id| self.table.get(id))
                .is_some_and(|object| object.key == *key)
        };
        self.index
            .find(hash(key), same)
            .and_then(|slot| self.table.at(slot))
    }

    /// The object with this key, made if there is none; `None` when the table is full.
    pub fn obtain(&mut self, key: FileKey) -> Option<ObjectId> {
        if let Some(id) = self.find(&key) {
            return Some(id);
        }
        let object = Object {
            key,
            opens: 0,
            locks: None,
            holders: None,
            delete_pending: false,
            deleter: 0,
            observed: None,
            first: 0,
        };
        let id = self.table.insert(object).ok()?;
        self.index.insert(hash(&key), id.index());
        Some(id)
    }

    /// One.
    pub fn get(&self, id: ObjectId) -> Option<&Object> {
        self.table.get(id)
    }

    /// One, to change.
    pub fn get_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.table.get_mut(id)
    }

    /// Gives an object another key, as when a stream is renamed: the hash of its name is part of it.
    pub fn rekey(&mut self, id: ObjectId, key: FileKey) {
        if let Some(object) = self.table.get_mut(id) {
            let before = core::mem::replace(&mut object.key, key);
            self.index.remove(hash(&before), id.index());
            self.index.insert(hash(&key), id.index());
        }
    }

    /// Forgets an object that has no opens left.
    pub fn release(&mut self, id: ObjectId) {
        if self.table.get(id).is_some_and(|object| object.opens == 0)
            && let Some(object) = self.table.remove(id)
        {
            self.index.remove(hash(&object.key), id.index());
        }
    }

    /// The first of a file's objects, its streams and itself, for which `wanted` holds.
    pub fn find_of_file(
        &self,
        file: &FileKey,
        wanted: impl Fn(ObjectId, &Object) -> bool,
    ) -> Option<ObjectId> {
        let wanted = |slot| {
            let of = |id| self.table.get(id).map(|object| (id, object));
            self.table
                .at(slot)
                .and_then(of)
                .is_some_and(|(id, object)| {
                    (object.key.device, object.key.inode) == (file.device, file.inode)
                        && wanted(id, object)
                })
        };
        self.index
            .find(hash(file), wanted)
            .and_then(|slot| self.table.at(slot))
    }

    /// Every object.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectId, &Object)> {
        self.table.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[test]
    fn the_streams_of_a_file_are_found_without_looking_at_every_object() {
        let key = |inode, stream| FileKey {
            device: 1,
            inode,
            stream,
        };
        let mut objects = Objects::new(4_096);
        for inode in 0..4_000 {
            objects.obtain(key(inode, 0)).unwrap();
        }
        let streams = [7, 8, 9].map(|stream| objects.obtain(key(5, stream)).unwrap());
        let find = |inode, stream| {
            objects.find_of_file(&key(inode, 0), |_, object| object.key.stream == stream)
        };
        assert_eq!(find(5, 8), Some(streams[1]));
        assert_eq!(find(5, 10), None);
        assert_eq!(find(6, 8), None);
        let looked_at = Cell::new(0);
        objects.index.find(hash(&key(5, 0)), |_| {
            looked_at.set(looked_at.get() + 1);
            false
        });
        assert!((4..16).contains(&looked_at.get()), "{}", looked_at.get());
        objects.rekey(streams[1], key(5, 10));
        let renamed = objects.find_of_file(&key(5, 0), |_, object| object.key.stream == 10);
        assert_eq!(renamed, Some(streams[1]));
        assert_eq!(objects.find(&key(5, 8)), None);
        objects.release(streams[1]);
        let gone = objects.find_of_file(&key(5, 0), |_, object| object.key.stream == 10);
        assert_eq!(gone, None);
    }
}
