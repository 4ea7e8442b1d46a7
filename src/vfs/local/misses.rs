//! What folders do not hold, remembered: otherwise each new name in a folder of a million would read all of
//! them to be sure that none differs in case only.
//!
//! The names of all folders that are remembered share one filter: "not there" is certain, "perhaps there" is
//! looked up. How it is known that a folder is still as it was read:
//!
//! - A folder of many names is observed by inotify, which tells of every name that is made there or comes there,
//!   by whomever. It is read once, and then followed.
//! - Another is as it was while its times are: whatever changes it changes them. Disks keep times coarsely, so
//!   what was read soon after a change, or changed by us, is trusted for two seconds only: a change within the
//!   same tick would not show.
//!
//! A filter forgets nothing by itself, so that a name which is made and removed again and again would stay "perhaps
//! there" after the first time. The last such names are therefore remembered each for itself ([`Recent`]), and a folder
//! from which many went is learnt under another salt when it is read again: what the filter holds of it from before
//! then stands for nothing.

use super::filter::Filter;
use super::recent::Recent;
use super::spelled::Spelled;
use crate::sys::file::{Stat, Timestamp};
use crate::sys::inotify::{self, Inotify};
use std::os::fd::BorrowedFd;

/// A change that is older than this shows in the times of every disk (FAT counts in two seconds).
const SETTLED_SECONDS: i64 = 4;
/// How long a folder is trusted that may have changed since.
const UNSETTLED_SECONDS: i64 = 2;
/// Bytes of a folder on disk from which on it is observed. They are about 500 names; where a disk has folders
/// that are longer than their names need, it does no harm.
const LONG: u64 = 10 << 10;
/// The fewest bytes of a folder for each name, to guess how many there are before they are read.
const BYTES_EACH: u64 = 20;
/// Bytes of names that are kept while nobody is there.
const KEPT: usize = 64 << 10;
/// So many names that are gone are no reason to learn a folder anew.
const FEW: u32 = 16;
/// Events are read so many bytes at a time.
const EVENTS: usize = 4096;

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

    fn is_same_folder(&self, stat: &Stat) -> bool {
        (self.device, self.inode) == (stat.device, stat.inode)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Folder {
    stamp: Stamp,
    valid: bool,
    settled: bool,
    scanned: Timestamp,
    used: u32,
    names: u32,
    /// Names that we have removed since it got its salt, and that the filter may still hold.
    removed: u32,
    /// The hash of the name that we made last: its event is no news.
    ours: u64,
    /// What its names' hashes are mixed with.
    salt: u64,
    /// What the keys of its recent names are mixed with: of this reading of the folder.
    reading: u64,
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

/// What we have done in a folder, with the hash of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Made a name that was there in no case.
    Made(u64),
    /// Made a name, or another in its place.
    Named(u64),
    /// Removed a name.
    Removed(u64),
}

/// The folder's place in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// The memory of folders.
pub(super) struct Misses {
    /// Folders, no more than `most`, with a number of each to find it by, and inotify's number for it.
    folders: Vec<Folder>,
    numbers: Vec<u64>,
    watches: Vec<Option<i32>>,
    most: usize,
    filter: Filter,
    recent: Recent,
    /// How names stand that were asked for in another case.
    pub(super) spelled: Spelled,
    inotify: Option<Inotify>,
    watched: usize,
    clock: u32,
    /// How many folders were read to learn their names.
    readings: u64,
    /// How many were read for whatever reason.
    #[cfg(test)]
    pub(super) reads: u64,
}

impl Misses {
    /// Remembers `folders` folders, and their names in `bytes` bytes.
    pub(super) fn new(folders: usize, bytes: usize) -> Self {
        Misses {
            folders: Vec::new(),
            numbers: Vec::new(),
            watches: Vec::new(),
            most: folders,
            filter: Filter::new(bytes),
            recent: Recent::default(),
            spelled: Spelled::default(),
            inotify: None,
            watched: 0,
            clock: 0,
            readings: 0,
            #[cfg(test)]
            reads: 0,
        }
    }

    /// Whether the folder, as `stat` has it, may hold a name with this hash.
    pub(super) fn ask(&mut self, stat: &Stat, hash: u64, now: Timestamp) -> Answer {
        if self
            .slot_of(stat)
            .is_some_and(|slot| self.is_observed(slot))
        {
            self.listen();
        }
        let Some(slot) = self.held(stat) else {
            return Answer::Unknown;
        };
        let observed = self.is_observed(slot);
        let folder = &mut self.folders[slot.0];
        let age = now.seconds.saturating_sub(folder.scanned.seconds);
        let trusted = observed || folder.settled;
        if !trusted && !(0..UNSETTLED_SECONDS).contains(&age) {
            return Answer::Unknown;
        }
        self.clock = self.clock.wrapping_add(1);
        folder.used = self.clock;
        let gone = self.recent.count(folder.reading ^ hash) == Some(0);
        match gone || !self.filter.may_hold(mix(folder.salt, hash)) {
            true => Answer::Absent,
            false if self.filter.is_worn() => Answer::Unknown,
            false => Answer::Perhaps,
        }
    }

    fn slot_of(&self, stat: &Stat) -> Option<Slot> {
        let number = number_of(stat);
        let mut from = 0;
        while let Some(found) = self.numbers.get(from..)?.iter().position(|&n| n == number) {
            let index = from + found;
            if self.folders.get(index)?.stamp.is_same_folder(stat) {
                return Some(Slot(index));
            }
            from = index + 1;
        }
        None
    }

    /// Where the folder is remembered as `stat` has it.
    pub(super) fn held(&self, stat: &Stat) -> Option<Slot> {
        self.slot_of(stat).filter(|slot| {
            let folder = &self.folders[slot.0];
            folder.valid && (self.is_observed(*slot) || folder.stamp == Stamp::of(stat))
        })
    }

    /// Whether anything is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Whether what we do in the folder is heard of as what others do: its times need not be told to [`Misses::changed`].
    pub(super) fn is_observed(&self, slot: Slot) -> bool {
        self.watches[slot.0].is_some()
    }

    /// Begins to remember a folder that is about to be read, in place of the one unused for longest. `observable`:
    /// its handle, if the kernel knows of every change in it.
    pub(super) fn begin(
        &mut self,
        stat: &Stat,
        now: Timestamp,
        observable: impl FnOnce() -> Option<WatchPath>,
    ) -> Option<Slot> {
        let slot = self.slot_of(stat).or_else(|| self.free_slot())?;
        let guess = usize::try_from(stat.size / BYTES_EACH).unwrap_or(usize::MAX);
        if self.filter.is_short_for(guess) {
            self.start_over(self.names().saturating_add(guess));
        } else if self.filter.is_full() || self.filter.is_worn() {
            // Room for four times as much as there was, so that this is rare.
            self.start_over(self.names().saturating_mul(4).saturating_add(guess));
        }
        if !self.folders[slot.0].stamp.is_same_folder(stat) {
            self.end_watch(slot);
        }
        if self.watches[slot.0].is_none()
            && stat.size >= LONG
            && self.watched < self.most / 2
            && let Some(path) = observable()
        {
            self.watches[slot.0] = self.watch(&path);
        }
        self.recent.prepare();
        self.clock = self.clock.wrapping_add(1);
        self.readings = self.readings.wrapping_add(1);
        let number = number_of(stat);
        let reading = mix(number, self.readings);
        let before = self.folders[slot.0];
        let (salt, removed) = if !before.stamp.is_same_folder(stat) {
            (number, 0)
        } else if before.removed > before.names / 2 + FEW {
            (reading, 0)
        } else {
            (before.salt, before.removed)
        };
        self.numbers[slot.0] = number;
        self.folders[slot.0] = Folder {
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
            names: 0,
            removed,
            ours: 0,
            salt,
            reading,
        };
        Some(slot)
    }

    /// A place for another folder.
    fn free_slot(&mut self) -> Option<Slot> {
        if self.folders.len() < self.most {
            self.folders.push(Folder::default());
            self.numbers.push(0);
            self.watches.push(None);
            return Some(Slot(self.folders.len() - 1));
        }
        let clock = self.clock;
        let age = |folder: &Folder| match folder.valid {
            true => clock.wrapping_sub(folder.used),
            false => u32::MAX,
        };
        let oldest = self.folders.iter().enumerate();
        oldest
            .max_by_key(|(_, folder)| age(folder))
            .map(|(index, _)| Slot(index))
    }

    /// How many names all folders have.
    fn names(&self) -> usize {
        let names = self.folders.iter().map(|folder| folder.names as usize);
        names.fold(0, usize::saturating_add)
    }

    /// Forgets all folders, to have room for so many names.
    fn start_over(&mut self, names: usize) {
        self.filter.reset(names);
        for folder in &mut self.folders {
            folder.valid = false;
        }
    }

    /// Adds a name that was read.
    pub(super) fn add(&mut self, slot: Slot, hash: u64) {
        let folder = &mut self.folders[slot.0];
        folder.names = folder.names.saturating_add(1);
        self.filter.add(mix(folder.salt, hash));
    }

    /// All names are added. False: there were more than there was room for. There is now, if the folder is read again.
    pub(super) fn finish(&mut self, slot: Slot, again: bool) -> bool {
        let names = self.folders[slot.0].names as usize;
        if !again && self.filter.is_short_for(names) {
            self.start_over(self.names());
            return false;
        }
        self.folders[slot.0].valid = true;
        true
    }

    /// No name with this hash was found in the folder, although one was perhaps there.
    pub(super) fn not_found(&mut self, slot: Slot, hash: u64) {
        self.recent.set(self.folders[slot.0].reading ^ hash, 0);
    }

    /// We have changed the folder ourselves: it is now as `stat` has it; `None` will do where it is observed.
    pub(super) fn changed(&mut self, slot: Slot, stat: Option<&Stat>, deeds: &[Deed]) {
        deeds.iter().for_each(|deed| self.note(slot, *deed));
        let observed = self.is_observed(slot);
        let folder = &mut self.folders[slot.0];
        match stat {
            Some(stat) => folder.stamp = Stamp::of(stat),
            None => folder.valid &= observed,
        }
        folder.settled = false;
    }

    fn note(&mut self, slot: Slot, deed: Deed) {
        let folder = &mut self.folders[slot.0];
        let (Deed::Made(hash) | Deed::Named(hash) | Deed::Removed(hash)) = deed;
        let (key, mixed) = (folder.reading ^ hash, mix(folder.salt, hash));
        match deed {
            Deed::Made(_) => self.recent.set(key, 1),
            Deed::Removed(_) if self.recent.count(key) == Some(1) => self.recent.set(key, 0),
            Deed::Named(_) | Deed::Removed(_) => self.recent.remove(key),
        }
        if let Deed::Removed(_) = deed {
            folder.removed = folder.removed.saturating_add(1);
        } else {
            folder.ours = hash;
            self.filter.add_later(mixed);
        }
    }

    /// Nobody is there: what is observed needs not be, and much memory is given back.
    pub(super) fn rest(&mut self) {
        self.forget_observed(None);
        self.watches.fill(None);
        (self.inotify, self.watched) = (None, 0);
        self.spelled = Spelled::default();
        if self.filter.bytes() > KEPT {
            (self.folders, self.numbers) = (Vec::new(), Vec::new());
            self.watches = Vec::new();
            self.filter.clear();
        }
    }

    fn watch(&mut self, path: &WatchPath) -> Option<i32> {
        if self.inotify.is_none() {
            self.inotify = Inotify::new().ok();
        }
        let kinds = inotify::CREATE | inotify::MOVED_TO;
        let watch = self
            .inotify
            .as_ref()?
            .add_for(path.as_c_str(), kinds)
            .ok()?;
        // The kernel knows a folder by one number, whatever ways there are to it.
        if self.watches.contains(&Some(watch)) {
            return None;
        }
        self.watched += 1;
        Some(watch)
    }

    fn end_watch(&mut self, slot: Slot) {
        let Some(watch) = self.watches[slot.0].take() else {
            return;
        };
        if let Some(inotify) = &self.inotify {
            let _ = inotify.remove(watch);
        }
        self.watched = self.watched.saturating_sub(1);
    }

    /// Takes in what has happened in the folders that are observed.
    fn listen(&mut self) {
        let mut events = [0; EVENTS];
        loop {
            let read = self
                .inotify
                .as_ref()
                .map_or(Ok(0), |inotify| inotify.read(&mut events));
            let Ok(read) = read else {
                return self.forget_observed(None);
            };
            let mut at = 0;
            while let Some((event, size)) = events.get(at..read).and_then(inotify::event) {
                self.heard(&event);
                at = at.saturating_add(size);
            }
            // A name takes less than 300 bytes: if so much was left free, there was no more.
            if read < EVENTS - 300 {
                return;
            }
        }
    }

    fn heard(&mut self, event: &inotify::Event<'_>) {
        if event.mask & inotify::OVERFLOW != 0 {
            return self.forget_observed(None);
        }
        if event.mask & inotify::IGNORED != 0 {
            return self.forget_observed(Some(event.watch));
        }
        let place = self
            .watches
            .iter()
            .position(|watch| *watch == Some(event.watch));
        let Some(slot) = place.map(Slot).filter(|_| !event.name.is_empty()) else {
            return;
        };
        let hash = crate::vfs::name::hash(event.name);
        let folder = &mut self.folders[slot.0];
        if folder.ours == hash {
            folder.ours = 0;
            return;
        }
        self.recent.remove(folder.reading ^ hash);
        self.filter.add_later(mix(folder.salt, hash));
    }

    /// The folder whose watch has ended, or all that are observed: what is known of them is not to be trusted.
    fn forget_observed(&mut self, ended: Option<i32>) {
        for (folder, watch) in self.folders.iter_mut().zip(&mut self.watches) {
            if watch.is_some() && (ended.is_none() || *watch == ended) {
                folder.valid = false;
                if ended.is_some() {
                    *watch = None;
                    self.watched = self.watched.saturating_sub(1);
                }
            }
        }
    }
}

/// A path by which a folder can be observed.
pub(super) type WatchPath = crate::sys::file::HandlePath;

/// The handle of a folder, if every change in it goes through this kernel.
pub(super) fn observable(folder: BorrowedFd<'_>) -> Option<WatchPath> {
    let system = crate::sys::file::file_system(folder).ok()?;
    (!system.shared).then(|| WatchPath::of(folder))
}

/// Both numbers, all bits of each in all bits of the result.
fn mix(a: u64, b: u64) -> u64 {
    let mixed = (a ^ b.rotate_left(25)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

fn number_of(stat: &Stat) -> u64 {
    mix(stat.device, stat.inode)
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
            mount_root: false,
        }
    }

    fn remember(misses: &mut Misses, stat: &Stat, names: &[&[u8]], now: i64) {
        for again in [false, true] {
            let slot = misses.begin(stat, at(now), || None).unwrap();
            names.iter().for_each(|name| misses.add(slot, hash(name)));
            if misses.finish(slot, again) {
                return;
            }
        }
    }

    #[test]
    fn absent_is_certain_while_the_folder_is_as_it_was() {
        let mut misses = Misses::new(2, 4096);
        let stat = folder(7, 100);
        assert_eq!(misses.ask(&stat, hash(b"a"), at(200)), Answer::Unknown);
        remember(&mut misses, &stat, &[b"Alpha", b"beta"], 200);
        for (name, expected) in [
            (&b"gamma"[..], Answer::Absent),
            (b"ALPHA", Answer::Perhaps),
            (b"Beta", Answer::Perhaps),
        ] {
            assert_eq!(misses.ask(&stat, hash(name), at(9000)), expected);
        }
        let later = folder(7, 101);
        assert_eq!(
            misses.ask(&later, hash(b"gamma"), at(9000)),
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
        misses.changed(slot, Some(&after), &[Deed::Made(hash(b"new"))]);
        assert_eq!(misses.ask(&after, hash(b"NEW"), at(201)), Answer::Perhaps);
        assert_eq!(misses.ask(&after, hash(b"x"), at(201)), Answer::Absent);
        assert_eq!(misses.ask(&after, hash(b"x"), at(203)), Answer::Unknown);
    }

    #[test]
    fn names_that_are_gone_are_unlearnt_when_the_folder_is_read_again() {
        for (removed, expected) in [(3, Answer::Perhaps), (60, Answer::Absent)] {
            let mut misses = Misses::new(1, 4096);
            let stat = folder(7, 100);
            remember(&mut misses, &stat, &[b"a", b"b"], 200);
            let slot = misses.held(&stat).unwrap();
            let name = |number: u32| hash(format!("name {number}").as_bytes());
            for number in 0..removed {
                let deeds = [Deed::Made(name(number)), Deed::Removed(name(number))];
                misses.changed(slot, Some(&stat), &deeds);
                assert_eq!(misses.ask(&stat, name(number), at(200)), Answer::Absent);
            }
            remember(&mut misses, &stat, &[b"a", b"b"], 203);
            assert_eq!(misses.ask(&stat, name(1), at(203)), expected);
            assert_eq!(misses.ask(&stat, hash(b"A"), at(203)), Answer::Perhaps);
            // It keeps what it has learnt when it is read once more.
            remember(&mut misses, &stat, &[b"a", b"b"], 300);
            assert_eq!(misses.ask(&stat, name(1), at(300)), expected);
            assert_eq!(misses.ask(&stat, hash(b"b"), at(300)), Answer::Perhaps);
        }
    }

    #[test]
    fn a_name_that_was_the_only_one_is_absent_once_we_remove_it() {
        let hash_of = hash(b"name");
        let (made, named, removed) = (
            Deed::Made(hash_of),
            Deed::Named(hash_of),
            Deed::Removed(hash_of),
        );
        let cases: [(&[Deed], Answer); 5] = [
            (&[made], Answer::Perhaps),
            (&[made, removed], Answer::Absent),
            (&[made, removed, made], Answer::Perhaps),
            (&[made, removed, made, removed], Answer::Absent),
            // There may be another that it did not replace.
            (&[made, named, removed], Answer::Perhaps),
        ];
        for (deeds, expected) in cases {
            let mut misses = Misses::new(1, 4096);
            let stat = folder(7, 100);
            remember(&mut misses, &stat, &[b"a", b"b"], 200);
            let slot = misses.held(&stat).unwrap();
            misses.changed(slot, Some(&stat), deeds);
            assert_eq!(
                misses.ask(&stat, hash(b"NAME"), at(200)),
                expected,
                "{deeds:?}"
            );
            // One that was there before we came may have a twin.
            misses.changed(slot, Some(&stat), &[Deed::Removed(hash(b"b"))]);
            assert_eq!(misses.ask(&stat, hash(b"b"), at(200)), Answer::Perhaps);
            misses.not_found(slot, hash(b"b"));
            assert_eq!(misses.ask(&stat, hash(b"b"), at(200)), Answer::Absent);
            // What was known of a former reading says nothing of the next.
            remember(&mut misses, &stat, &[b"a", b"b"], 201);
            assert_eq!(misses.ask(&stat, hash(b"b"), at(201)), Answer::Perhaps);
        }
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
        assert!(
            Misses::new(0, 64)
                .begin(&stats[0], at(0), || None)
                .is_none()
        );
    }

    #[test]
    fn two_folders_are_not_taken_for_one() {
        let mut misses = Misses::new(4, 4096);
        let (one, two) = (folder(1, 10), folder(2, 10));
        remember(&mut misses, &one, &[b"here"], 100);
        remember(&mut misses, &two, &[b"there"], 100);
        assert_eq!(misses.ask(&one, hash(b"here"), at(100)), Answer::Perhaps);
        assert_eq!(misses.ask(&two, hash(b"here"), at(100)), Answer::Absent);
        assert_eq!(misses.ask(&one, hash(b"there"), at(100)), Answer::Absent);
    }

    #[test]
    fn more_names_than_were_expected_are_read_once_more() {
        let mut misses = Misses::new(1, 1 << 20);
        let (stat, mut readings) = (folder(1, 10), 0);
        for again in [false, true] {
            let slot = misses.begin(&stat, at(100), || None).unwrap();
            (0..50_000u32).for_each(|name| misses.add(slot, hash(format!("{name}").as_bytes())));
            readings += 1;
            if misses.finish(slot, again) {
                break;
            }
        }
        assert_eq!(readings, 2);
        let wrong = (50_000..60_000u32).filter(|name| {
            misses.ask(&stat, hash(format!("{name}").as_bytes()), at(100)) != Answer::Absent
        });
        assert!(wrong.count() < 5);
    }

    #[test]
    fn little_is_kept_while_nobody_is_there() {
        let mut misses = Misses::new(2, 1 << 20);
        let mut stat = folder(1, 10);
        remember(&mut misses, &stat, &[b"a"], 100);
        misses.rest();
        assert!(misses.held(&stat).is_some());
        stat.size = 100_000 * BYTES_EACH;
        remember(&mut misses, &stat, &[b"a"], 100);
        misses.rest();
        assert!(misses.is_empty() && misses.filter.bytes() == 0);
    }
}
