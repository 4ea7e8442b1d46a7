//! Files that are known to have none of the extended attributes that we look at, and so need not be asked: the question
//! costs as much as that for the status.
//!
//! On disks that date every change ([`Disk::Dated`]) whoever sets an attribute, or brings a file into a folder, changes
//! the file's change time. What somebody else on this machine sets within the same tick of the clock, or while it is
//! set back, is seen with the file's next change.

use crate::sys::file::{self as sys, Place, Stat, Timestamp};
use crate::vfs::DirectoryCursor;
use std::os::fd::BorrowedFd;

/// How many folders are known at once.
const FOLDERS: usize = 16;
/// How much too early a change time may be, in seconds: some disks count whole ones.
const SLACK: i64 = 2;

/// What may be concluded about a disk's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// It keeps no extended attributes, as FAT and exFAT do not.
    Bare,
    /// Every change of a file's attributes and of its place shows in its change time.
    Dated,
    /// Nothing.
    Other,
}

impl Disk {
    /// The disk that holds a folder, which is at `place`.
    pub(super) fn of(folder: BorrowedFd<'_>, place: Place<'_>) -> Self {
        match (sys::file_system(folder), keeps_attributes(place)) {
            (Ok(system), true) if system.dated => Disk::Dated,
            (Ok(system), false) if !system.stacked && !system.shared => Disk::Bare,
            _ => Disk::Other,
        }
    }
}

/// Whether the disk that holds what is at `place` keeps extended attributes.
pub(super) fn keeps_attributes(place: Place<'_>) -> bool {
    !matches!(
        sys::size(place, super::dosattrib::NAME),
        Err(sys::Errno::OPNOTSUPP | sys::Errno::NOSYS)
    )
}

/// A file of a [`Disk::Dated`] as it was when it was found to have none: if it is so still, it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bare {
    change: Timestamp,
    /// Clocks stand still for a while: what we set ourselves is counted.
    stored: u32,
}

impl Bare {
    /// A file that has this status now; `None` where the disk counts in whole seconds, which tells too little.
    pub(super) fn now(stat: &Stat, stored: u32) -> Option<Self> {
        (stat.change.nanoseconds != 0).then_some(Bare {
            change: stat.change,
            stored,
        })
    }
}

/// A folder of a [`Disk::Dated`] of which every file that has not changed since has none.
#[derive(Clone, Copy)]
struct Folder {
    /// Its device and inode.
    identity: (u64, u64),
    since: Timestamp,
    /// That the clock was set back must not hide what we set ourselves.
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
    /// A folder is listed from `cursor` on, at the time `now`, when we have set `stored` attributes so far. Files that
    /// are in it and on its disk and changed before the time returned have none.
    pub(super) fn list(
        &mut self,
        disk: Disk,
        identity: (u64, u64),
        cursor: DirectoryCursor,
        (now, stored): (Timestamp, u32),
    ) -> Timestamp {
        self.under_way = self.under_way.filter(|(folder, at)| {
            folder.identity == identity && folder.stored == stored && *at == cursor
        });
        match disk {
            Disk::Bare => return Timestamp::LAST,
            Disk::Other => return Timestamp::FIRST,
            Disk::Dated => {}
        }
        if cursor == 0 {
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
        for known in &mut self.known {
            *known = known.filter(|known| known.stored == stored && known.since <= now);
        }
        (self.known.iter().flatten())
            .find(|known| known.identity == identity)
            .map_or(Timestamp::FIRST, |known| known.since)
    }

    /// One of its files was asked; whether it has none.
    pub(super) fn asked(&mut self, none: bool) {
        if !none {
            self.doubt();
        }
    }

    /// One of its files could not be asked, or what is in its place was.
    pub(super) fn doubt(&mut self) {
        self.under_way = None;
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

    /// Disks come and go, and another may have the same numbers; files move, and a clock that was set back dates that
    /// too early.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (u64, u64) = (8, 1);
    const TWO: (u64, u64) = (8, 2);
    fn at(seconds: i64) -> Timestamp {
        Timestamp {
            seconds,
            nanoseconds: 5,
        }
    }

    /// Lists a folder in parts from each cursor on, the last to its end; what was known at the first.
    fn list(folders: &mut Folders, identity: (u64, u64), now: i64, cursors: &[u64]) -> Timestamp {
        let known: Vec<Timestamp> = (0..cursors.len())
            .map(|i| {
                let known = folders.list(Disk::Dated, identity, cursors[i], (at(now), 0));
                folders.asked(true);
                folders.listed(cursors.get(i + 1).copied());
                known
            })
            .collect();
        known[0]
    }

    #[test]
    fn a_folder_listed_whole_is_known_since_the_listing_began() {
        let mut folders = Folders::default();
        assert_eq!(list(&mut folders, ONE, 100, &[0, 7, 9]), Timestamp::FIRST);
        assert_eq!(list(&mut folders, ONE, 200, &[0]), at(98));
        assert_eq!(list(&mut folders, ONE, 300, &[0]), at(198));
        assert_eq!(list(&mut folders, TWO, 300, &[0]), Timestamp::FIRST);
        // The clock was set back behind what is known: it says nothing any more, nor later.
        assert_eq!(list(&mut folders, ONE, 250, &[7]), Timestamp::FIRST);
        assert_eq!(list(&mut folders, ONE, 400, &[7]), Timestamp::FIRST);
        assert_eq!(list(&mut folders, ONE, 400, &[0]), Timestamp::FIRST);
        folders.forget();
        assert_eq!(list(&mut folders, ONE, 500, &[0]), Timestamp::FIRST);
    }

    #[test]
    fn a_part_of_a_listing_or_a_doubtful_one_teaches_nothing() {
        type Deed = fn(&mut Folders);
        let deeds: [(&str, Deed); 6] = [
            ("from the middle on", |f| {
                list(f, ONE, 100, &[7, 9]);
            }),
            ("a part left out", |f| {
                f.list(Disk::Dated, ONE, 0, (at(100), 0));
                f.listed(Some(7));
                list(f, ONE, 100, &[9]);
            }),
            ("another folder between", |f| {
                f.list(Disk::Dated, ONE, 0, (at(100), 0));
                f.listed(Some(7));
                f.list(Disk::Other, TWO, 0, (at(100), 0));
                f.listed(None);
                list(f, ONE, 100, &[7]);
            }),
            ("an attribute found", |f| {
                f.list(Disk::Dated, ONE, 0, (at(100), 0));
                f.asked(false);
                f.asked(true);
                f.listed(None);
            }),
            ("a file that could not be asked", |f| {
                f.list(Disk::Dated, ONE, 0, (at(100), 0));
                f.doubt();
                f.listed(None);
            }),
            ("an attribute set meanwhile", |f| {
                f.list(Disk::Dated, ONE, 0, (at(100), 0));
                f.listed(Some(7));
                f.list(Disk::Dated, ONE, 7, (at(100), 1));
                f.listed(None);
            }),
        ];
        for (what, deed) in deeds {
            let mut folders = Folders::default();
            deed(&mut folders);
            for stored in [0, 1] {
                let known = folders.list(Disk::Dated, ONE, 1, (at(200), stored));
                assert_eq!(known, Timestamp::FIRST, "{what}");
            }
        }
    }

    #[test]
    fn what_we_set_ourselves_makes_all_forgotten() {
        let mut folders = Folders::default();
        list(&mut folders, ONE, 100, &[0]);
        let known = folders.list(Disk::Dated, ONE, 1, (at(100), 1));
        assert_eq!(known, Timestamp::FIRST);
    }

    #[test]
    fn no_more_folders_are_known_than_there_is_room_for() {
        let mut folders = Folders::default();
        let count = FOLDERS as u64 + 1;
        for inode in 0..count {
            list(&mut folders, (8, inode), 100, &[0]);
        }
        for inode in 0..count {
            let known = folders.list(Disk::Dated, (8, inode), 1, (at(100), 0));
            assert_eq!(known == at(98), inode > 0, "{inode}");
        }
    }

    #[test]
    fn disks_without_attributes_and_others_are_not_learnt() {
        let mut folders = Folders::default();
        for (disk, known) in [
            (Disk::Bare, Timestamp::LAST),
            (Disk::Other, Timestamp::FIRST),
        ] {
            for _ in 0..2 {
                assert_eq!(folders.list(disk, ONE, 0, (at(100), 0)), known);
                folders.listed(None);
            }
        }
    }
}
