//! From a client's path to a handle, beneath the root whatever stands on the way.
//!
//! The kernel is asked for the path as it was sent first: the exact case is the usual one, and wins. Only
//! when that is missing are the folders read for a name that differs in case. What a folder says is
//! never trusted by itself: the name it gave is put into the path, and the path is opened beneath the root
//! again.

use super::error::{absent, error, refusal};
use super::misses::{Answer, Misses, Slot, observable};
use crate::sys::file::{self as sys, Errno, Flags, PathBuffer, Stat};
use crate::vfs::{Error, name};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What a lookup needs: the root, and memory to work in.
pub(super) struct Resolver<'a> {
    pub root: BorrowedFd<'a>,
    /// The kernel has openat2.
    pub kernel: bool,
    pub misses: &'a mut Misses,
    pub entries: &'a mut [MaybeUninit<u8>],
    /// The path as it stands on disk, as far as it is known.
    pub path: &'a mut PathBuffer,
    /// The folder that [`Resolver::find_leaf`] looked at, as it was then, if all its names could be seen.
    pub seen: Option<Stat>,
}

/// What a path leads to.
pub(super) enum Reached {
    /// A handle to it.
    There(OwnedFd),
    /// Nothing; the folder that it would be in, and that folder's status if all its names could be seen.
    Missing(OwnFolder, Option<Stat>),
}

/// A folder's own handle; `None` for the root, whose handle there is already.
pub(super) type OwnFolder = Option<OwnedFd>;

/// The descriptor of a folder that was found beneath `root`.
pub(super) fn folder<'a>(root: BorrowedFd<'a>, own: &'a OwnFolder) -> BorrowedFd<'a> {
    own.as_ref().map_or(root, |own| own.as_fd())
}

/// The folder's part and the last component; `None` for the root.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.is_empty() {
        return None;
    }
    Some(match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    })
}

/// The first `count` components.
fn prefix(path: &[u8], count: usize) -> &[u8] {
    if count == 0 {
        return &[];
    }
    let end = path
        .iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == b'/')
        .nth(count - 1);
    end.map_or(path, |(slash, _)| &path[..slash])
}

const FOLDER: Flags = Flags {
    directory: true,
    ..Flags::HANDLE
};
const ITSELF: Flags = Flags {
    no_follow: true,
    ..Flags::HANDLE
};

impl Resolver<'_> {
    /// A handle to what `path` names; a link as its last component itself. `self.path` is then the path on disk.
    /// `new`: it is likely to be missing.
    pub(super) fn find(&mut self, path: &[u8], new: bool) -> Result<Reached, Error> {
        self.path.set(path).map_err(error)?;
        // The root's handle is at hand; to open another folder first would cost more than it spares.
        if new && !path.is_empty() && !path.contains(&b'/') {
            let stat = sys::stat(self.root).map_err(error)?;
            if self.misses.ask(&stat, name::hash(path), sys::now()) == Answer::Absent {
                return Ok(Reached::Missing(None, Some(stat)));
            }
        }
        match self.open(ITSELF) {
            Err(errno) if absent(errno) => {}
            other => return other.map(Reached::There).map_err(refusal),
        }
        let (parent, leaf) = split(path).ok_or(Error::NotFound)?;
        let own = self.find_folder(parent)?;
        if self.path.bytes() != parent {
            // The folders are spelled otherwise; the last name may well be spelled as it stands.
            let before = self.path.len();
            self.path.push(leaf).map_err(error)?;
            match self.open(ITSELF) {
                Err(errno) if absent(errno) => self.path.truncate(before),
                other => return other.map(Reached::There).map_err(refusal),
            }
        }
        match self.find_leaf(folder(self.root, &own), leaf)? {
            true => self.open(ITSELF).map(Reached::There).map_err(refusal),
            false => Ok(Reached::Missing(own, self.seen)),
        }
    }

    /// Follows the link that `self.path` leads to.
    pub(super) fn follow(&mut self) -> Result<OwnedFd, Error> {
        self.open(Flags::HANDLE).map_err(refusal)
    }

    /// A handle to a folder; `self.path` is then its path on disk.
    pub(super) fn find_folder(&mut self, path: &[u8]) -> Result<OwnFolder, Error> {
        self.path.set(path).map_err(error)?;
        if path.is_empty() {
            return Ok(None);
        }
        match self.open(FOLDER) {
            Err(errno) if absent(errno) => {}
            other => return other.map(Some).map_err(refusal),
        }
        // The longest part of the path that is spelled as on disk, by halving: a client may send 2,000 components.
        let (mut good, mut bad) = (0, path.split(|&byte| byte == b'/').count());
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            self.path.set(prefix(path, middle)).map_err(error)?;
            match self.open(FOLDER) {
                Ok(_) => good = middle,
                Err(errno) if absent(errno) => bad = middle,
                Err(errno) => return Err(refusal(errno)),
            }
        }
        self.path.set(prefix(path, good)).map_err(error)?;
        let mut here = self.open(FOLDER).map_err(missing_folder)?;
        for name in path.split(|&byte| byte == b'/').skip(good) {
            let before = self.path.len();
            self.path.push(name).map_err(error)?;
            here = match self.open(FOLDER) {
                Err(errno) if absent(errno) => {
                    self.path.truncate(before);
                    if !self.find_leaf(here.as_fd(), name)? {
                        return Err(Error::PathNotFound);
                    }
                    self.open(FOLDER).map_err(missing_folder)?
                }
                other => other.map_err(refusal)?,
            };
        }
        Ok(Some(here))
    }

    /// Whether a folder holds a name that is `leaf` but for case. `self.path` must be the folder's path; the
    /// name is put behind it.
    pub(super) fn find_leaf(&mut self, folder: BorrowedFd<'_>, leaf: &[u8]) -> Result<bool, Error> {
        let stat = sys::stat(folder).map_err(error)?;
        let (now, hash) = (sys::now(), name::hash(leaf));
        let answer = self.misses.ask(&stat, hash, now);
        self.seen = Some(stat);
        if answer == Answer::Absent {
            return Ok(false);
        }
        if self.find_usual(folder, leaf, (&stat, hash))? {
            return Ok(true);
        }
        if answer == Answer::Perhaps {
            let found = self.read(folder, leaf, hash, None)?;
            if let (Some(slot), Some(false)) = (self.misses.held(&stat), found) {
                self.misses.not_found(slot, hash);
            }
            return Ok(self.found(found, (&stat, hash)));
        }
        let mut found = None;
        for again in [false, true] {
            let learning = self.misses.begin(&stat, now, || observable(folder));
            let before = self.path.len();
            found = self.read(folder, leaf, hash, learning)?;
            let Some(slot) = learning.filter(|_| found.is_some()) else {
                break;
            };
            if self.misses.finish(slot, again) {
                break;
            }
            self.path.truncate(before);
        }
        Ok(self.found(found, (&stat, hash)))
    }

    /// Whether a folder was read with success; then how the name stands there is kept.
    fn found(&mut self, found: Option<bool>, (folder, hash): (&Stat, u64)) -> bool {
        if found == Some(true)
            && let Some((_, spelled)) = split(self.path.bytes())
        {
            self.misses.spelled.keep(folder, hash, spelled);
        }
        found == Some(true)
    }

    /// Looks for the likely spellings: as the name was found last, and those in one case, which clients that do
    /// not keep the case know the names of.
    fn find_usual(
        &mut self,
        folder: BorrowedFd<'_>,
        leaf: &[u8],
        (stat, hash): (&Stat, u64),
    ) -> Result<bool, Error> {
        if let Some(spelled) = self.misses.spelled.find(stat, leaf, hash)
            && sys::stat_child(folder, spelled).is_ok()
        {
            self.path.push(spelled).map_err(error)?;
            return Ok(true);
        }
        let mut spelled = [0; name::NAME_LIMIT];
        let Some(spelled) = spelled.get_mut(..leaf.len()) else {
            return Ok(false);
        };
        for change in [<[u8]>::make_ascii_lowercase, <[u8]>::make_ascii_uppercase] {
            spelled.copy_from_slice(leaf);
            change(spelled);
            if spelled != leaf && sys::stat_child(folder, spelled).is_ok() {
                self.path.push(spelled).map_err(error)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads a folder for a name, and learns what it holds. `None`: its names are not to be read.
    fn read(
        &mut self,
        folder: BorrowedFd<'_>,
        leaf: &[u8],
        hash: u64,
        learning: Option<Slot>,
    ) -> Result<Option<bool>, Error> {
        let readable = Flags {
            read: true,
            ..FOLDER
        };
        let listing = match sys::child(folder, b".", readable) {
            Ok(fd) => fd,
            // Who may not list a folder can use the names he knows, exactly.
            Err(Errno::ACCESS | Errno::PERM) => {
                self.seen = None;
                return Ok(None);
            }
            Err(errno) => return Err(refusal(errno)),
        };
        #[cfg(test)]
        {
            self.misses.reads += 1;
        }
        let before = self.path.len();
        let mut found = false;
        let mut entries = sys::list(listing, self.entries);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(error)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let this = name::hash(name);
            if let Some(slot) = learning {
                self.misses.add(slot, this);
            }
            let exact = name == leaf;
            if exact || (!found && this == hash && name::same(name, leaf)) {
                found = true;
                self.path.truncate(before);
                self.path.push(name).map_err(error)?;
                if learning.is_none() {
                    break;
                }
            }
        }
        Ok(Some(found))
    }

    fn open(&self, flags: Flags) -> Result<OwnedFd, Errno> {
        self.path.open_under(self.root, flags, self.kernel)
    }
}

fn missing_folder(errno: Errno) -> Error {
    match absent(errno) {
        true => Error::PathNotFound,
        false => refusal(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_and_cut() {
        assert_eq!(split(b""), None);
        assert_eq!(split(b"a"), Some((&b""[..], &b"a"[..])));
        assert_eq!(split(b"a/b/c"), Some((&b"a/b"[..], &b"c"[..])));
        for (count, expected) in [
            (0, &b""[..]),
            (1, b"a"),
            (2, b"a/b"),
            (3, b"a/b/c"),
            (9, b"a/b/c"),
        ] {
            assert_eq!(prefix(b"a/b/c", count), expected);
        }
    }
}
