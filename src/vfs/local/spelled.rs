//! How names stand on disk that were lately asked for in another case: a client that spells a name its own way
//! does so every time, and each time a folder would be read for it.
//!
//! What is kept here is only tried: whoever asks looks whether the name is still there.

use crate::sys::file::Stat;
use crate::vfs::name;

/// How many names are kept.
const MOST: usize = 32;
/// The longest that is kept, in bytes.
const LONGEST: usize = 63;

struct Entry {
    device: u64,
    inode: u64,
    hash: u64,
    length: u8,
    bytes: [u8; LONGEST],
}

impl Entry {
    fn name(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn is(&self, folder: &Stat, hash: u64) -> bool {
        (self.device, self.inode, self.hash) == (folder.device, folder.inode, hash)
    }
}

/// The names.
#[derive(Default)]
pub(super) struct Spelled {
    entries: Vec<Entry>,
    /// The one that makes room next.
    next: usize,
}

impl Spelled {
    /// How `leaf`, whose hash this is, stood in a folder when it was last looked for.
    pub(super) fn find(&self, folder: &Stat, leaf: &[u8], hash: u64) -> Option<&[u8]> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.is(folder, hash) && name::same(entry.name(), leaf))
            .map(Entry::name)
    }

    /// Keeps how a name with this hash stands in a folder, in place of the one that was kept first.
    pub(super) fn keep(&mut self, folder: &Stat, hash: u64, spelled: &[u8]) {
        let mut bytes = [0; LONGEST];
        let (Some(room), Ok(length)) =
            (bytes.get_mut(..spelled.len()), u8::try_from(spelled.len()))
        else {
            return;
        };
        room.copy_from_slice(spelled);
        let entry = Entry {
            device: folder.device,
            inode: folder.inode,
            hash,
            length,
            bytes,
        };
        let same = self.entries.iter().position(|entry| entry.is(folder, hash));
        match self.entries.get_mut(same.unwrap_or(self.next)) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        if same.is_none() {
            self.next = (self.next + 1) % MOST;
        }
    }
}
