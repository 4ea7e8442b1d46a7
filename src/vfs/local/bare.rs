//! Files that are known to have none of the extended attributes that we look at, and so need not be asked: the question
//! costs as much as that for the status.
//!
//! Whoever sets an attribute, or brings a file into a folder, changes the file's change time.

use super::meta::Extra;
use crate::sys::file::{self as sys, Place, Stat, Timestamp};
use crate::vfs::DirectoryCursor;
use std::os::fd::BorrowedFd;

/// How many folders are known at once.
const FOLDERS: usize = 16;
/// How much too early a change time may be, in seconds: some disks count whole ones.
const SLACK: i64 = 2;

/// A file as it was when it was found to have none: if it is so still, it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bare {
    change: Timestamp,
    /// Clocks stand still for a while: what we set ourselves is counted.
    stored: u32,
}

impl Bare {
    /// A file that has this status now.
    pub(super) fn now(stat: &Stat) -> Self {
        Bare {
            change: stat.change,
            stored: sys::stored(),
        }
    }
}

/// A folder of which every file that has not changed since then has none.
#[derive(Clone, Copy)]
struct Folder {
    /// Its device and inode.
    identity: (u64, u64),
    since: Timestamp,
    /// That a clock was set back must not hide what we set ourselves.
    stored: u32,
}

/// Folders whose files have none, from having listed them.
#[derive(Default)]
pub(super) struct Folders {
    known: [Option<Folder>; FOLDERS],
    next: usize,
    /// The listing that may add one, and how far it is.
    under_way: Option<(Folder, DirectoryCursor)>,
}

impl Folders {
    /// A folder is listed from `cursor` on. Its disk's files that changed before the time returned have none.
    pub(super) fn list(
        &mut self,
        identity: (u64, u64),
        folder: BorrowedFd<'_>,
        cursor: DirectoryCursor,
    ) -> Timestamp {
        let stored = sys::stored();
        self.under_way = self.under_way.filter(|(folder, at)| {
            folder.identity == identity && folder.stored == stored && *at == cursor
        });
        if !keeps_attributes(Place::Open(folder)) {
            return Timestamp::LAST;
        }
        if cursor == 0 && sys::file_system(folder).is_ok_and(|system| system.dated) {
            let now = sys::now();
            let since = Timestamp {
                seconds: now.seconds.saturating_sub(SLACK),
                ..now
            };
            let begun = Folder {
                identity,
                since,
                stored,
            };
            self.under_way = Some((begun, 0));
        }
        (self.known.iter().flatten())
            .find(|known| known.identity == identity && known.stored == stored)
            .map_or(Timestamp::FIRST, |known| known.since)
    }

    /// One of its files was asked.
    pub(super) fn asked(&mut self, extra: &Extra) {
        if !extra.none {
            self.under_way = None;
        }
    }

    /// All before `cursor` was listed; at the end of the folder: `None`.
    pub(super) fn listed(&mut self, cursor: Option<DirectoryCursor>) {
        let Some((folder, at)) = &mut self.under_way else {
            return;
        };
        if let Some(cursor) = cursor {
            *at = cursor;
            return;
        }
        let folder = *folder;
        self.under_way = None;
        let same = |known: &Option<Folder>| known.is_some_and(|k| k.identity == folder.identity);
        let place = self.known.iter().position(same).unwrap_or_else(|| {
            self.next = (self.next + 1) % FOLDERS;
            self.next
        });
        self.known[place] = Some(folder);
    }

    /// Disks come and go: another may have the same numbers.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Whether the disk that holds what is at `place` keeps extended attributes.
pub(super) fn keeps_attributes(place: Place<'_>) -> bool {
    !matches!(
        sys::size(place, super::dosattrib::NAME),
        Err(sys::Errno::OPNOTSUPP | sys::Errno::NOSYS)
    )
}
