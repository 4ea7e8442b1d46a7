//! What a folder does not hold, remembered: otherwise each new name in a folder of 10,000 would read all
//! 10,000 to be sure that none differs in case only.
//!
//! A few folders are remembered, each as a Bloom filter of its names' hashes: "not there" is certain,
//! "perhaps there" is looked up. A filter belongs to the folder's times; whatever changes the folder
//! changes them. Disks keep times coarsely, so a filter made soon after a change is trusted for two seconds
//! only: a change within the same tick would not show.

use crate::sys::file::{Stat, Timestamp};

/// How many bits of a hash are set for each name.
const PROBES: u32 = 4;
/// A change that is older than this shows in the times of every disk (FAT counts in two seconds).
const SETTLED_SECONDS: i64 = 4;
/// How long a filter is trusted that may have missed a change.
const UNSETTLED_SECONDS: i64 = 2;

/// How many names that we made ourselves are known one by one, in each folder.
const OWN: usize = 16;

/// What we have done in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Made a name that was there in no case.
    Made(u64),
    /// Made a name, or another in its place.
    Named(u64),
    /// Removed a name.
    Removed(u64),
}

/// A name that we made: there is no other that differs in case.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    hash: u64,
    known: bool,
    gone: bool,
}

/// Which state of which folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    write: Timestamp,
    change: Timestamp,
}

impl Stamp {
    fn of(stat: &Stat) -> Self {
        Stamp {
            device: stat.device,
            inode: stat.inode,
            write: stat.write,
            change: stat.change,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Folder {
    stamp: Stamp,
    valid: bool,
    settled: bool,
    /// Names that are gone are among what is remembered.
    worn: bool,
    scanned: Timestamp,
    used: u32,
    own: [Own; OWN],
    /// The one of them that makes room next.
    next: usize,
}

impl Folder {
    fn own(&mut self, hash: u64) -> Option<&mut Own> {
        let mut all = self.own.iter_mut();
        all.find(|own| own.known && own.hash == hash)
    }

    fn note(&mut self, deed: Deed) {
        let made = |hash| Own {
            hash,
            known: true,
            gone: false,
        };
        match deed {
            Deed::Made(hash) => match self.own(hash) {
                Some(own) => *own = made(hash),
                None => {
                    self.own[self.next % OWN] = made(hash);
                    self.next = (self.next + 1) % OWN;
                }
            },
            Deed::Named(hash) => {
                if let Some(own) = self.own(hash) {
                    own.known = false;
                }
            }
            Deed::Removed(hash) => match self.own(hash) {
                Some(own) => own.gone = true,
                None => self.worn = true,
            },
        }
    }
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// No name is like it.
    Absent,
    /// One may be.
    Perhaps,
    /// The folder is not remembered as it is now.
    Unknown,
}

/// The folder's place in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// The memory of folders.
pub(super) struct Misses {
    folders: Box<[Folder]>,
    bits: Box<[u32]>,
    words: usize,
    clock: u32,
}

impl Misses {
    /// Remembers `folders` folders with `bytes` bytes each (rounded down to a power of two, at least 64).
    pub(super) fn new(folders: usize, bytes: usize) -> Self {
        let words = (bytes.max(64) / 4 + 1).next_power_of_two() / 2;
        Misses {
            folders: vec![Folder::default(); folders].into_boxed_slice(),
            bits: vec![0; words * folders].into_boxed_slice(),
            words,
            clock: 0,
        }
    }

    /// Whether the folder, as `stat` has it, may hold a name with this hash.
    pub(super) fn ask(&mut self, stat: &Stat, hash: u64, now: Timestamp) -> Answer {
        let Some(slot) = self.held(stat) else {
            return Answer::Unknown;
        };
        let folder = &self.folders[slot.0];
        let age = now.seconds.saturating_sub(folder.scanned.seconds);
        if !folder.settled && !(0..UNSETTLED_SECONDS).contains(&age) {
            return Answer::Unknown;
        }
        self.clock = self.clock.wrapping_add(1);
        let folder = &mut self.folders[slot.0];
        folder.used = self.clock;
        if folder.own(hash).is_some_and(|own| own.gone) {
            return Answer::Absent;
        }
        match probes(hash, self.words)
            .all(|(word, bit)| self.bits[slot.0 * self.words + word] & bit != 0)
        {
            true => Answer::Perhaps,
            false => Answer::Absent,
        }
    }

    /// Where the folder is remembered as `stat` has it.
    pub(super) fn held(&self, stat: &Stat) -> Option<Slot> {
        let stamp = Stamp::of(stat);
        self.folders
            .iter()
            .position(|folder| folder.valid && folder.stamp == stamp)
            .map(Slot)
    }

    /// Whether the folder is remembered with names that have been removed since: reading all of it again makes
    /// that certain which now only may be.
    pub(super) fn is_worn(&self, stat: &Stat) -> bool {
        self.held(stat)
            .is_some_and(|slot| self.folders[slot.0].worn)
    }

    /// Whether anything is remembered.
    pub(super) fn is_empty(&self) -> bool {
        !self.folders.iter().any(|folder| folder.valid)
    }

    /// Begins to remember a folder that is about to be read, in place of the one unused for longest.
    pub(super) fn begin(&mut self, stat: &Stat, now: Timestamp) -> Option<Slot> {
        let clock = self.clock;
        let same = self
            .folders
            .iter()
            .position(|f| f.stamp.inode == stat.inode && f.stamp.device == stat.device);
        let oldest = || {
            let age = |folder: &Folder| {
                if folder.valid {
                    clock.wrapping_sub(folder.used)
                } else {
                    u32::MAX
                }
            };
            (0..self.folders.len()).max_by_key(|&index| age(&self.folders[index]))
        };
        let index = same.or_else(oldest)?;
        self.clock = clock.wrapping_add(1);
        self.folders[index] = Folder {
            stamp: Stamp::of(stat),
            valid: false,
            settled: stat
                .change
                .seconds
                .max(stat.write.seconds)
                .saturating_add(SETTLED_SECONDS)
                < now.seconds,
            scanned: now,
            used: self.clock,
            ..Folder::default()
        };
        self.bits[index * self.words..(index + 1) * self.words].fill(0);
        Some(Slot(index))
    }

    /// Adds a name.
    pub(super) fn add(&mut self, slot: Slot, hash: u64) {
        for (word, bit) in probes(hash, self.words) {
            self.bits[slot.0 * self.words + word] |= bit;
        }
    }

    /// All names are added.
    pub(super) fn finish(&mut self, slot: Slot) {
        self.folders[slot.0].valid = true;
    }

    /// We have changed the folder ourselves: it is now as `stat` has it.
    pub(super) fn changed(&mut self, slot: Slot, stat: &Stat, deeds: &[Deed]) {
        for &deed in deeds {
            if let Deed::Made(hash) | Deed::Named(hash) = deed {
                self.add(slot, hash);
            }
            self.folders[slot.0].note(deed);
        }
        let folder = &mut self.folders[slot.0];
        folder.stamp = Stamp::of(stat);
        folder.settled = false;
    }
}

/// The word and the bit of each probe.
fn probes(hash: u64, words: usize) -> impl Iterator<Item = (usize, u32)> {
    let (first, second) = (hash as u32, (hash >> 32) as u32 | 1);
    (0..PROBES).map(move |index| {
        let place = first.wrapping_add(second.wrapping_mul(index));
        ((place >> 5) as usize & (words - 1), 1 << (place & 31))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file::FileType;
    use crate::vfs::name::hash;

    fn at(seconds: i64) -> Timestamp {
        Timestamp {
            seconds,
            nanoseconds: 0,
        }
    }

    fn folder(inode: u64, changed: i64) -> Stat {
        Stat {
            device: 1,
            inode,
            kind: FileType::Directory,
            mode: 0o755,
            links: 2,
            uid: 0,
            gid: 0,
            size: 0,
            allocation: 0,
            access: at(changed),
            write: at(changed),
            change: at(changed),
            birth: None,
            compressed: false,
        }
    }

    fn remember(misses: &mut Misses, stat: &Stat, names: &[&[u8]], now: i64) {
        let slot = misses.begin(stat, at(now)).unwrap();
        names.iter().for_each(|name| misses.add(slot, hash(name)));
        misses.finish(slot);
    }

    #[test]
    fn absent_is_certain_while_the_folder_is_as_it_was() {
        let mut misses = Misses::new(2, 4096);
        let stat = folder(7, 100);
        assert_eq!(misses.ask(&stat, hash(b"a"), at(200)), Answer::Unknown);
        remember(&mut misses, &stat, &[b"Alpha", b"beta"], 200);
        assert_eq!(misses.ask(&stat, hash(b"gamma"), at(9000)), Answer::Absent);
        assert_eq!(misses.ask(&stat, hash(b"ALPHA"), at(9000)), Answer::Perhaps);
        assert_eq!(
            misses.ask(&folder(7, 101), hash(b"gamma"), at(9000)),
            Answer::Unknown
        );
    }

    #[test]
    fn a_folder_read_soon_after_a_change_is_trusted_briefly() {
        let mut misses = Misses::new(1, 4096);
        let stat = folder(7, 100);
        remember(&mut misses, &stat, &[b"a"], 101);
        assert_eq!(misses.ask(&stat, hash(b"x"), at(102)), Answer::Absent);
        assert_eq!(misses.ask(&stat, hash(b"x"), at(104)), Answer::Unknown);
        assert_eq!(misses.ask(&stat, hash(b"x"), at(90)), Answer::Unknown);
    }

    #[test]
    fn our_own_changes_are_followed() {
        let mut misses = Misses::new(1, 4096);
        let (before, after) = (folder(7, 100), folder(7, 201));
        remember(&mut misses, &before, &[b"a"], 200);
        let slot = misses.held(&before).unwrap();
        misses.changed(slot, &after, &[Deed::Named(hash(b"new"))]);
        assert_eq!(misses.ask(&after, hash(b"NEW"), at(201)), Answer::Perhaps);
        assert_eq!(misses.ask(&after, hash(b"x"), at(201)), Answer::Absent);
        assert_eq!(misses.ask(&after, hash(b"x"), at(203)), Answer::Unknown);
    }

    #[test]
    fn what_we_remove_wears_a_folder_until_it_is_read_again() {
        let mut misses = Misses::new(1, 4096);
        let (before, after) = (folder(7, 100), folder(7, 201));
        remember(&mut misses, &before, &[b"a", b"b"], 200);
        let slot = misses.held(&before).unwrap();
        assert!(!misses.is_worn(&before));
        misses.changed(slot, &after, &[Deed::Removed(hash(b"b"))]);
        assert_eq!(misses.ask(&after, hash(b"b"), at(201)), Answer::Perhaps);
        assert!(misses.is_worn(&after) && !misses.is_worn(&before));
        remember(&mut misses, &after, &[b"a"], 201);
        assert_eq!(misses.ask(&after, hash(b"b"), at(201)), Answer::Absent);
        assert!(!misses.is_worn(&after));
    }

    #[test]
    fn a_name_made_and_removed_by_us_is_gone_for_certain() {
        let (made, named, gone) = (
            Deed::Made(hash(b"n")),
            Deed::Named(hash(b"N")),
            Deed::Removed(hash(b"n")),
        );
        for (deeds, answer) in [
            (&[made][..], Answer::Perhaps),
            (&[made, gone], Answer::Absent),
            (&[made, gone, made], Answer::Perhaps),
            (&[made, gone, made, gone], Answer::Absent),
            // There may be two that differ in case.
            (&[made, named, gone], Answer::Perhaps),
            (&[named, gone], Answer::Perhaps),
        ] {
            let mut misses = Misses::new(1, 4096);
            let stat = folder(7, 100);
            remember(&mut misses, &stat, &[], 200);
            let slot = misses.held(&stat).unwrap();
            misses.changed(slot, &stat, deeds);
            assert_eq!(misses.ask(&stat, hash(b"N"), at(201)), answer, "{deeds:?}");
        }
        let mut misses = Misses::new(1, 4096);
        let stat = folder(7, 100);
        remember(&mut misses, &stat, &[], 200);
        let slot = misses.held(&stat).unwrap();
        misses.changed(slot, &stat, &[made]);
        for number in 0..OWN as u64 {
            misses.changed(slot, &stat, &[Deed::Made(number)]);
        }
        misses.changed(slot, &stat, &[gone]);
        assert_eq!(misses.ask(&stat, hash(b"n"), at(201)), Answer::Perhaps);
    }

    #[test]
    fn the_folder_unused_for_longest_makes_room() {
        let mut misses = Misses::new(2, 4096);
        let stats = [folder(1, 10), folder(2, 10), folder(3, 10)];
        remember(&mut misses, &stats[0], &[], 100);
        remember(&mut misses, &stats[1], &[], 100);
        misses.ask(&stats[0], 1, at(100));
        remember(&mut misses, &stats[2], &[], 100);
        assert!(misses.held(&stats[0]).is_some());
        assert!(misses.held(&stats[1]).is_none());
        assert!(Misses::new(0, 64).begin(&stats[0], at(0)).is_none());
    }
}
