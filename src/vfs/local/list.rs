//! Listing a directory. The cursor is the disk's own cookie, so a listing goes on where it stopped whatever
//! was made or removed meanwhile.

use super::error::error;
use super::meta::{Extra, describe, extra};
use super::*;
use crate::sys::file::{Errno, FileType, Flags, Timestamp};
use std::ffi::CStr;

/// So many bytes of names are asked for at once: what an answer has no more room for is read again for the next.
const AT_A_TIME: usize = 8 * 1024;

/// What is known of a folder while it is listed.
struct Listing {
    /// Entries' attributes are asked for by path: by the bare name while standing in the folder, else by the name of
    /// its handle.
    standing: bool,
    /// Its disk's files that changed before have no extended attributes of ours.
    bare: Timestamp,
    /// Where it is matters only to follow a link in it: the length of its path in `work.path`, once that is known.
    here: Option<usize>,
}

impl Local {
    pub(super) fn list_entries(
        &mut self,
        directory: &mut File,
        cursor: DirectoryCursor,
        with_meta: bool,
        each: &mut dyn FnMut(&Entry<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if directory.kind != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        if !directory.open {
            return Err(Error::AccessDenied);
        }
        // Who may read a folder but not search it sees its names; the statuses are asked with his rights then.
        let _guard = if directory.search {
            None
        } else {
            self.on_behalf(directory.who)?
        };
        let hide = self
            .root_of(directory)
            .is_ok_and(|root| root.options.hide_dot_files);
        let entered = match with_meta {
            true => sys::enter(directory.fd.as_fd()),
            false => None,
        };
        let mut listing = Listing {
            standing: entered.is_some(),
            bare: match with_meta {
                true => self.known_bare(directory, cursor),
                false => Timestamp::FIRST,
            },
            here: None,
        };
        let mut shown = [0; name::SHOWN_LIMIT];
        sys::seek_directory(directory.fd.as_fd(), cursor).map_err(error)?;
        // Taken out while `self` is needed; a panic in `each` would have kept it.
        let mut buffer = std::mem::take(&mut self.work.entries);
        if buffer.is_empty() {
            buffer = Box::new_uninit_slice(ENTRIES_BUFFER);
        }
        let mut entries = sys::list(directory.fd.as_fd(), &mut buffer[..AT_A_TIME]);
        let mut result = Ok(());
        let mut reached = cursor;
        let end = loop {
            let entry = match entries.next() {
                Some(Ok(entry)) => entry,
                Some(Err(errno)) => {
                    result = Err(error(errno));
                    break Some(reached);
                }
                None => break None,
            };
            let own = entry.file_name();
            let name = own.to_bytes();
            let Some(shown) = name::show(name, &mut shown) else {
                continue;
            };
            if name == b"." || name == b".." {
                continue;
            }
            let meta = match with_meta {
                false => None,
                true => {
                    let hidden = hide && name.first() == Some(&b'.');
                    let linked = matches!(entry.file_type(), FileType::Symlink | FileType::Unknown);
                    match self.describe_entry(directory, own, hidden, linked, &mut listing) {
                        Some(meta) => Some(meta),
                        // Gone since the folder was read.
                        None => continue,
                    }
                }
            };
            let next = entry.next_entry_cookie();
            let entry = Entry {
                name: shown,
                meta,
                next,
            };
            if each(&entry).is_break() {
                break Some(reached);
            }
            reached = next;
        };
        self.work.entries = buffer;
        if with_meta {
            self.bare.listed(end);
        }
        result
    }

    /// Which entries need not be asked for extended attributes: see [`super::bare`].
    fn known_bare(&mut self, directory: &File, cursor: DirectoryCursor) -> Timestamp {
        let folder = directory.fd.as_fd();
        let disk = match self.disk(directory, directory.identity.0) {
            // Another disk, mounted beneath the share, may give way to a third of the same number.
            Disk::Other => match Disk::of(folder, Place::Open(folder)) {
                Disk::Dated => Disk::Other,
                disk => disk,
            },
            disk => disk,
        };
        let now = (sys::now(), sys::stored());
        self.bare.list(disk, directory.identity, cursor, now)
    }

    /// The meta of one entry; of a link that stays beneath the root, of what it leads to.
    fn describe_entry(
        &mut self,
        directory: &File,
        name: &CStr,
        hidden: bool,
        linked: bool,
        listing: &mut Listing,
    ) -> Option<Meta> {
        let folder = directory.fd.as_fd();
        let stat = match sys::stat_entry((!listing.standing).then_some(folder), name) {
            Ok(stat) => stat,
            Err(errno) => {
                if errno != Errno::NOENT {
                    self.bare.doubt();
                }
                return None;
            }
        };
        let link = linked && meta::kind(&stat) == Kind::Symlink;
        if link
            && let Some(fd) = self.follow_entry(directory, name.to_bytes(), &mut listing.here)
            && let Ok(target) = sys::stat(fd.as_fd())
        {
            let path = HandlePath::of(fd.as_fd());
            let place = Place::Handle(path.as_c_str());
            let extra = extra(&target, place, self.work.attributes());
            return Some(describe(&target, extra, hidden));
        }
        // Another disk may be mounted there.
        let in_folder = stat.device == directory.identity.0 && !stat.mount_root;
        if !in_folder {
            self.bare.doubt();
        }
        if link || in_folder && stat.change < listing.bare {
            return Some(describe(&stat, Extra::default(), hidden));
        }
        let Work {
            target,
            names,
            value,
            ..
        } = &mut self.work;
        let path = if listing.standing {
            Some(name)
        } else {
            target.set_handle(folder);
            let joined = target.push(name.to_bytes());
            joined.is_ok().then(|| target.as_c_str())
        };
        let extra = path.map(Place::Entry).map_or(Extra::default(), |place| {
            extra(&stat, place, Attributes { names, value })
        });
        self.bare.asked(extra.none);
        Some(describe(&stat, extra, hidden))
    }

    /// A handle to what a link in the folder leads to. `here`: see [`Listing`].
    fn follow_entry(
        &mut self,
        directory: &File,
        name: &[u8],
        here: &mut Option<usize>,
    ) -> Option<OwnedFd> {
        let _guard = self.on_behalf(directory.who).ok()?;
        if here.is_none() {
            if !self.locate(directory).ok()? {
                return None;
            }
            *here = Some(self.work.path.len());
        }
        self.work.path.truncate((*here)?);
        self.work.path.push(name).ok()?;
        let root = self.root_of(directory).ok()?;
        let found = self
            .work
            .path
            .open_under(root.fd.as_fd(), Flags::HANDLE, root.kernel);
        self.work.path.truncate((*here)?);
        found.ok()
    }

    pub(super) fn holds_nothing(&mut self, directory: &mut File) -> Result<bool, Error> {
        if directory.kind != Kind::Directory {
            return Err(Error::NotDirectory);
        }
        // A descriptor of its own: the listing's place stays where it is. Whether something is in a folder may
        // be known to whoever may remove it, even if he may not list it.
        let listing = Flags {
            read: true,
            directory: true,
            ..Flags::HANDLE
        };
        let fd = sys::reopen(directory.fd.as_fd(), listing).map_err(error)?;
        let mut entries = sys::list(fd, &mut self.work.entries);
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                Ok(_) => return Ok(false),
                Err(Errno::NOENT) => return Ok(true),
                Err(errno) => return Err(error(errno)),
            }
        }
        Ok(true)
    }
}
