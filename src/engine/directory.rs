//! Leases of directories: a client lists a folder once and answers from what it keeps, until something in it
//! changes ([MS-SMB2] 3.3.5.9.11, 3.3.4.7, [MS-FSA] 2.1.4.12, 2.1.5.14).
//!
//! What an open changes breaks the leases of the folder it stands in, except the one whose key it named as its
//! parent's: that client knows what it has done. The change does not wait for answers.

use super::Server;
use super::caching::{NONE, Owner};
use super::open::{OpenId, Target};
use crate::vfs::{FileKey, Vfs};

impl<V: Vfs> Server<V> {
    /// The folder a file stands in, if anybody has a lease on any.
    pub(super) fn leased_folder(&mut self, file: &V::File) -> Option<FileKey> {
        if self.folder_leases == 0 {
            return None;
        }
        self.vfs.folder(file).ok()
    }

    /// The same, of an open's file.
    pub(super) fn leased_folder_of(&mut self, id: OpenId<V::File>) -> Option<FileKey> {
        if self.folder_leases == 0 {
            return None;
        }
        match &self.opens.get(id)?.target {
            Target::File(file) => self.vfs.folder(file).ok(),
            Target::Pipe(_) => None,
        }
    }

    /// Lease.ParentLeaseKey of an open's lease.
    pub(super) fn parent_key(&self, id: OpenId<V::File>) -> Option<[u8; 16]> {
        match self.holders.get(self.opens.get(id)?.holder?)?.owner {
            Owner::Lease(lease) => lease.parent,
            Owner::Open(_) => None,
        }
    }

    /// What stands in a folder has changed, through an open that named `parent` as the folder's lease key.
    pub(super) fn folder_changed(&mut self, folder: Option<FileKey>, parent: Option<[u8; 16]>) {
        let Some(object) = folder.and_then(|folder| self.objects.find(&folder)) else {
            return;
        };
        let now = self.now;
        let mut at = self.holder_after(object, None);
        while let Some(id) = at {
            at = self.holder_after(object, Some(id));
            let Some(holder) = self.holders.get(id) else {
                return;
            };
            match holder.owner {
                Owner::Lease(lease) if parent == Some(lease.key) => {}
                Owner::Lease(_) if holder.state != NONE => self.tell(id, NONE, now),
                _ => {}
            }
        }
    }
}
