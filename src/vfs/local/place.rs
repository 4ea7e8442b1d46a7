//! Where an open file is: the kernel knows, by the descriptor. Nothing here stores a path that a rename
//! elsewhere could make wrong.

use super::error::{error, refusal};
use super::resolve::{OwnFolder, folder, split};
use super::*;
use crate::sys::file::{Errno, Flags, Stat};

const DELETED: &[u8] = b" (deleted)";

/// How much of a path is what stands above the share whose root has the path `top`; `None` if it is not in it.
fn above(path: &[u8], top: &[u8]) -> Option<usize> {
    let top = top.strip_suffix(b"/").unwrap_or(top);
    match path.strip_prefix(top)? {
        [] | [b'/'] => Some(path.len()),
        [b'/', ..] => Some(top.len() + 1),
        _ => None,
    }
}

/// One component, in place.
pub(super) struct Leaf {
    bytes: [u8; name::NAME_LIMIT],
    length: usize,
}

impl Leaf {
    pub(super) fn of(leaf: &[u8]) -> Result<Self, Error> {
        let mut bytes = [0; name::NAME_LIMIT];
        bytes
            .get_mut(..leaf.len())
            .ok_or(Error::NameTooLong)?
            .copy_from_slice(leaf);
        Ok(Leaf {
            bytes,
            length: leaf.len(),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What the kernel calls the place a descriptor refers to.
pub(super) fn whereabouts(fd: BorrowedFd<'_>, out: &mut PathBuffer) -> Result<(), Error> {
    let path = HandlePath::of(fd);
    out.fill(|room| sys::read_link(None, path.as_c_str(), room))
        .map_err(error)
}

/// Where a file's name stood when it was opened: a guess that spares asking the kernel where it stands now, for
/// as long as it is proved right before it is used. Long paths are not kept.
#[derive(Clone, Copy)]
pub(super) struct Guess {
    bytes: [u8; GUESS],
    length: u8,
}

/// The longest path kept with a file, in bytes.
const GUESS: usize = 63;

impl Guess {
    pub(super) fn of(path: &[u8]) -> Self {
        let mut bytes = [0; GUESS];
        let length = match (bytes.get_mut(..path.len()), u8::try_from(path.len())) {
            (Some(room), Ok(length)) => {
                room.copy_from_slice(path);
                length
            }
            _ => 0,
        };
        Guess { bytes, length }
    }

    fn path(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl core::fmt::Debug for Guess {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}", self.path().escape_ascii().to_string())
    }
}

/// Where a file's name stands.
pub(super) struct Standing {
    /// The folder's handle.
    pub own: OwnFolder,
    /// The name.
    pub leaf: Leaf,
    /// The file's status.
    pub stat: Stat,
}

impl Local {
    /// The folder that holds the file's name, the name, and the file's status. The folder is opened with the
    /// server's rights: the kernel checks the user's when the name is changed.
    pub(super) fn standing(&mut self, file: &File) -> Result<Standing, Error> {
        if let Some(standing) = self.guessed(file)? {
            return Ok(standing);
        }
        if !self.locate(file)? {
            return Err(Error::NotFound);
        }
        let (parent, leaf) = split(self.work.path.bytes()).ok_or(Error::AccessDenied)?;
        let leaf = Leaf::of(leaf)?;
        let length = parent.len();
        self.work.path.truncate(length);
        let own = self.open_folder(file)?.map_err(refusal)?;
        let stat = sys::stat(file.named()).map_err(error)?;
        let root = self.root_of(file)?.fd.as_fd();
        still_names(folder(root, &own), leaf.bytes(), &stat)?;
        Ok(Standing { own, leaf, stat })
    }

    /// The same where the name still stands where it was found and there is no other: a file has one name then,
    /// and this is it.
    fn guessed(&mut self, file: &File) -> Result<Option<Standing>, Error> {
        let Some((parent, leaf)) = split(file.guess.path()).filter(|_| file.link.is_none()) else {
            return Ok(None);
        };
        self.work.path.set(parent).map_err(error)?;
        let Ok(own) = self.open_folder(file)? else {
            return Ok(None);
        };
        let root = self.root_of(file)?.fd.as_fd();
        let Ok(stat) = sys::stat_child(folder(root, &own), leaf) else {
            return Ok(None);
        };
        if (stat.device, stat.inode) != file.identity || !has_one_name(&stat) {
            return Ok(None);
        }
        let leaf = Leaf::of(leaf)?;
        Ok(Some(Standing { own, leaf, stat }))
    }

    /// Opens the folder whose path `self.work.path` is.
    fn open_folder(&self, file: &File) -> Result<Result<OwnFolder, Errno>, Error> {
        const FOLDER: Flags = Flags {
            directory: true,
            ..Flags::HANDLE
        };
        let root = self.root_of(file)?;
        let path = &self.work.path;
        Ok(match path.is_empty() {
            true => Ok(None),
            false => path
                .open_under(root.fd.as_fd(), FOLDER, root.kernel)
                .map(Some),
        })
    }

    /// Puts the file's path below its root, as on disk, into `self.work.path`. Whether a name is left.
    pub(super) fn locate(&mut self, file: &File) -> Result<bool, Error> {
        let Some(Some(root)) = self.roots.get_mut(usize::from(file.root.0)) else {
            return Err(Error::NotFound);
        };
        if root.generation != file.generation {
            return Err(Error::NotFound);
        }
        let Work {
            path, root: top, ..
        } = &mut self.work;
        whereabouts(file.named(), path)?;
        let mut above = above(path.bytes(), &root.path);
        if above.is_none() {
            // The share itself was moved, or the file out of it by somebody else.
            whereabouts(root.fd.as_fd(), top)?;
            if top.bytes() != &*root.path {
                root.path = top.bytes().into();
                above = self::above(path.bytes(), &root.path);
            }
        }
        path.drop_front(above.ok_or(Error::NotFound)?);
        let root = &*root;
        if !path.bytes().ends_with(DELETED) {
            return Ok(true);
        }
        // Either the last name is gone, or it happens to end like that, or the disk has forgotten its cache.
        let stat = sys::stat(file.named()).map_err(error)?;
        if leads_to(root, path, &stat) {
            return Ok(true);
        }
        path.truncate(path.len() - DELETED.len());
        Ok(leads_to(root, path, &stat))
    }

    /// The key of the folder that holds the file's name, or held it last.
    pub(super) fn folder_key(&mut self, file: &File) -> Result<FileKey, Error> {
        self.locate(file)?;
        let root = self.root_of(file)?;
        let path = self.work.path.bytes();
        let end = path.iter().rposition(|&byte| byte == b'/');
        let stat = match end {
            None if path.is_empty() => return Err(Error::NotFound),
            None => sys::stat(root.fd.as_fd()),
            Some(end) => {
                self.work.path.truncate(end);
                let root = self.root_of(file)?;
                let flags = Flags {
                    no_follow: true,
                    ..Flags::HANDLE
                };
                let folder = self
                    .work
                    .path
                    .open_under(root.fd.as_fd(), flags, root.kernel);
                folder.and_then(|folder| sys::stat(folder.as_fd()))
            }
        };
        let stat = stat.map_err(error)?;
        Ok(FileKey {
            device: stat.device,
            inode: stat.inode,
            stream: 0,
        })
    }

    /// The path as the wire shows it.
    pub(super) fn shown_path(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        self.locate(file)?;
        let path = self.work.path.bytes();
        let mut length = 0;
        for (index, component) in path.split(|&byte| byte == b'/').enumerate() {
            if index > 0 {
                *out.get_mut(length).ok_or(Error::BufferTooSmall)? = b'/';
                length += 1;
            }
            let room = out.get_mut(length..).unwrap_or_default();
            length += name::show(component, room)
                .ok_or(Error::BufferTooSmall)?
                .len();
        }
        Ok(length)
    }
}

/// Whether the path leads to the very file.
fn leads_to(root: &Root, path: &PathBuffer, stat: &Stat) -> bool {
    let found = path
        .open_under(
            root.fd.as_fd(),
            Flags {
                no_follow: true,
                ..Flags::HANDLE
            },
            root.kernel,
        )
        .and_then(|fd| sys::stat(fd.as_fd()));
    matches!(found, Ok(there) if same_file(&there, stat))
}

/// Whether two statuses are one file's.
pub(super) fn same_file(a: &Stat, b: &Stat) -> bool {
    a.device == b.device && a.inode == b.inode
}

/// Whether there can be no second name for it on its disk.
pub(super) fn has_one_name(stat: &Stat) -> bool {
    stat.links <= 1 || meta::kind(stat) == Kind::Directory
}

/// A name in a folder still is the very file.
fn still_names(folder: BorrowedFd<'_>, leaf: &[u8], stat: &Stat) -> Result<(), Error> {
    match sys::stat_child(folder, leaf) {
        Ok(there) if same_file(&there, stat) => Ok(()),
        Ok(_) | Err(Errno::NOENT) => Err(Error::NotFound),
        Err(errno) => Err(error(errno)),
    }
}
