//! The real object store: folders of this machine.
//!
//! No path leaves its root: every name is resolved beneath the root's descriptor (`resolve`), and what is
//! changed is changed by one name in a folder opened that way (`change`). Open files store no path: the
//! kernel knows where they are (`place`). Reading, writing and listing use memory taken at the start.

mod bare;
mod cached;
mod change;
mod changetime;
mod data;
mod dosattrib;
mod error;
mod extra;
mod filter;
mod list;
mod meta;
mod misses;
mod open;
mod outside;
mod place;
mod recent;
mod resolve;
mod spelled;
mod stream;
mod volume;

#[cfg(test)]
mod tests;

use super::*;
use crate::sys::file::{self as sys, HandlePath, PathBuffer, Place, Stat};
use bare::{Bare, Disk};
use cached::Waits;
use meta::Attributes;
use misses::Misses;
use outside::{OF_FILES, OF_GONE, OF_MOVED, OF_NEW, Outside};
use place::Guess;
use resolve::OwnFolder;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How many bytes of a directory are read at a time.
const ENTRIES_BUFFER: usize = 32 * 1024;

/// How much memory a [`Local`] takes. The rest (about 190 KiB) is fixed, and touched only where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many folders' names are remembered, to be quick where a name is new.
    pub folders: usize,
    /// Bytes for the names of all of them, at most: three for each name serve well.
    pub names: usize,
    /// How many files and folders may be observed for changes by others: each costs the kernel about 1 KiB.
    /// Files take half of it at most.
    pub observed: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            folders: 128,
            names: 256 * 1024,
            observed: 512,
        }
    }
}

/// Folders of this machine as shares.
pub struct Local {
    roots: Vec<Option<Root>>,
    generation: u32,
    own: sys::Own,
    misses: Misses,
    outside: Outside,
    bare: bare::Folders,
    work: Work,
    /// Walk paths as on kernels without openat2 (for tests).
    walk: bool,
}

struct Root {
    fd: OwnedFd,
    options: RootOptions,
    generation: u32,
    /// Where it stood when that was last asked for.
    path: Box<[u8]>,
    /// It is more than a handle: what it keeps can be asked for by its descriptor.
    readable: bool,
    /// The kernel resolves beneath it by itself.
    kernel: bool,
    /// The device number of its disk, which is that disk's own as long as `fd` is open.
    device: u64,
    disk: Disk,
}

/// Memory to work in.
struct Work {
    path: PathBuffer,
    target: PathBuffer,
    root: PathBuffer,
    entries: Box<[MaybeUninit<u8>]>,
    names: Box<[u8]>,
    value: Box<[u8]>,
}

impl Work {
    fn attributes(&mut self) -> Attributes<'_> {
        Attributes {
            names: &mut self.names,
            value: &mut self.value,
        }
    }
}

/// A folder in which a name is missing.
#[derive(Debug)]
pub struct Folder {
    own: OwnFolder,
    /// As it was when it was found that the name is missing, if that is certain.
    stat: Option<Stat>,
    at: At,
    generation: u32,
}

/// An open file, directory, link or named stream of a [`Local`].
#[derive(Debug)]
pub struct File {
    fd: OwnedFd,
    /// Device and inode of `fd`.
    identity: (u64, u64),
    /// Where its name may still stand.
    guess: Guess,
    /// The link it was reached by: that is what a rename or a removal means.
    link: Option<OwnedFd>,
    stream: Option<Box<[u8]>>,
    kind: Kind,
    root: RootId,
    generation: u32,
    who: Option<Who>,
    /// Opened for data, not only a handle.
    open: bool,
    /// Its name is hidden because it begins with a dot.
    hidden: bool,
    read_only: bool,
    /// A directory whose entries may be looked up on behalf of `who`.
    search: bool,
    waits: Cell<Waits>,
    bare: Cell<Option<Bare>>,
}

impl AsFd for File {
    /// The file's descriptor; of a stream, its base file's. Only once it is activated can data be read by it.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl File {
    /// Whether [`AsFd`] gives the data itself: a regular file opened for data, no stream.
    pub fn is_plain(&self) -> bool {
        self.open && self.kind == Kind::File && self.stream.is_none()
    }

    fn place<'a>(&'a self, path: &'a HandlePath) -> Place<'a> {
        match self.open {
            true => Place::Open(self.fd.as_fd()),
            false => Place::Handle(path.as_c_str()),
        }
    }

    fn handle_path(&self) -> HandlePath {
        HandlePath::of(self.fd.as_fd())
    }

    /// What carries the name: the link it was reached by, or itself.
    fn named(&self) -> BorrowedFd<'_> {
        self.link.as_ref().unwrap_or(&self.fd).as_fd()
    }

    fn writable(&self) -> Result<(), Error> {
        if self.read_only {
            Err(Error::ReadOnly)
        } else {
            Ok(())
        }
    }

    /// Whether it can have extended attributes.
    fn has_attributes(&self) -> bool {
        matches!(self.kind, Kind::File | Kind::Directory)
    }
}

impl Local {
    /// A store without roots. Clears the process's umask: the shares' masks say what new files may be.
    pub fn new(limits: Limits) -> Self {
        sys::clear_umask();
        Local {
            roots: Vec::new(),
            generation: 0,
            own: sys::Own::read(),
            misses: Misses::new(limits.folders, limits.names),
            outside: Outside::new(limits.observed),
            bare: bare::Folders::default(),
            work: Work {
                path: PathBuffer::new(2 * name::PATH_LIMIT),
                target: PathBuffer::new(2 * name::PATH_LIMIT),
                root: PathBuffer::new(name::PATH_LIMIT),
                entries: Box::new_uninit_slice(ENTRIES_BUFFER),
                names: vec![0; stream::VALUE_LIMIT].into_boxed_slice(),
                value: vec![0; stream::VALUE_LIMIT].into_boxed_slice(),
            },
            walk: false,
        }
    }

    /// Resolves paths component by component in every root mounted later, as on kernels without openat2.
    pub fn walk_paths(&mut self) {
        self.walk = true;
    }

    fn root(&self, id: RootId) -> Result<&Root, Error> {
        self.roots
            .get(usize::from(id.0))
            .and_then(Option::as_ref)
            .ok_or(Error::NotFound)
    }

    /// The root a file was opened in, if it is mounted still.
    fn root_of(&self, file: &File) -> Result<&Root, Error> {
        self.root(file.root)
            .ok()
            .filter(|root| root.generation == file.generation)
            .ok_or(Error::NotFound)
    }

    /// What may be concluded about files on a device, found in the root that another was opened in.
    fn disk(&self, of: &File, device: u64) -> Disk {
        match self.root_of(of) {
            Ok(root) if root.device == device => root.disk,
            _ => Disk::Other,
        }
    }

    /// Uses the disk on somebody's behalf until the guard is dropped.
    fn on_behalf(&self, who: Option<Who>) -> Result<Option<sys::Assumed>, Error> {
        match who {
            None => Ok(None),
            Some(who) => self
                .own
                .assume(who.uid, who.gid)
                .map(Some)
                .map_err(error::error),
        }
    }
}

impl Vfs for Local {
    type File = File;
    type Folder = Folder;

    fn mount(&mut self, path: &[u8], options: &RootOptions) -> Result<RootId, Error> {
        self.mount_root(path, options)
    }

    fn unmount(&mut self, root: RootId) {
        self.bare.forget();
        if let Some(slot) = self.roots.get_mut(usize::from(root.0)) {
            *slot = None;
        }
    }

    fn lookup(&mut self, at: At, path: SharePath<'_>, follow: bool) -> Result<(File, Meta), Error> {
        self.look_up(at, path, follow)
    }

    fn find(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
        new: bool,
    ) -> Result<Found<File, Folder>, Error> {
        self.look_for(at, path, follow, new)
    }

    fn create_in(
        &mut self,
        folder: &Folder,
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(File, Meta), Error> {
        self.quietly(OF_NEW, |disk| disk.make_in(folder, path, new))
    }

    fn folder_security(&mut self, folder: &Folder, out: &mut [u8]) -> Result<Option<usize>, Error> {
        self.load_folder_security(folder, out)
    }

    fn create(&mut self, at: At, path: SharePath<'_>, new: &New) -> Result<(File, Meta), Error> {
        self.quietly(OF_NEW, |disk| disk.make(at, path, new))
    }

    fn activate(&mut self, file: &mut File, access: DataAccess) -> Result<(), Error> {
        self.open_data(file, access)
    }

    fn base(&mut self, file: &File) -> Result<File, Error> {
        self.second(file)
    }

    fn meta(&mut self, file: &File) -> Result<Meta, Error> {
        self.describe(file)
    }

    fn path(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        self.shown_path(file, out)
    }

    fn folder(&mut self, file: &File) -> Result<FileKey, Error> {
        self.folder_key(file)
    }

    fn stream_name(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        let name = file.stream.as_deref().unwrap_or_default();
        out.get_mut(..name.len())
            .ok_or(Error::BufferTooSmall)?
            .copy_from_slice(name);
        Ok(name.len())
    }

    fn read(
        &mut self,
        file: &File,
        offset: u64,
        out: &mut [u8],
        wait: Wait,
    ) -> Result<usize, Error> {
        self.read_data(file, offset, out, wait)
    }

    fn size(&mut self, file: &File) -> Result<u64, Error> {
        self.length(file)
    }

    fn sendable(&mut self, file: &File, offset: u64, length: u32) -> bool {
        self.in_page_cache(file, offset, length)
    }

    fn write(
        &mut self,
        file: &mut File,
        offset: u64,
        data: &[u8],
        through: bool,
    ) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| {
            disk.write_data(file, offset, data, through)
        })
    }

    fn sync(&mut self, file: &File) -> Result<(), Error> {
        self.sync_file(file)
    }

    fn truncate(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.set_size(file, size))
    }

    fn allocate(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.reserve(file, size))
    }

    fn set_times(&mut self, file: &mut File, times: &Times) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.store_times(file, times))
    }

    fn set_attributes(&mut self, file: &mut File, attributes: u32) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.store_attributes(file, attributes))
    }

    fn set_compressed(&mut self, file: &mut File, compressed: bool) -> Result<(), Error> {
        self.store_compressed(file, compressed)
    }

    fn list(
        &mut self,
        directory: &mut File,
        cursor: DirectoryCursor,
        with_meta: bool,
        each: &mut dyn FnMut(&Entry<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.list_entries(directory, cursor, with_meta, each)
    }

    fn is_empty(&mut self, directory: &mut File) -> Result<bool, Error> {
        self.holds_nothing(directory)
    }

    fn rename(&mut self, file: &mut File, to: SharePath<'_>, replace: bool) -> Result<(), Error> {
        self.bare.forget();
        self.quietly(OF_MOVED, |disk| disk.rename_file(file, to, replace))
    }

    fn link(&mut self, file: &File, to: SharePath<'_>, replace: bool) -> Result<(), Error> {
        self.bare.forget();
        self.quietly(OF_MOVED, |disk| disk.link_file(file, to, replace))
    }

    fn remove(&mut self, file: &mut File) -> Result<(), Error> {
        self.quietly(OF_GONE, |disk| disk.remove_file(file))
    }

    fn streams(&mut self, file: &File, each: &mut dyn FnMut(&[u8], u64, u64)) -> Result<(), Error> {
        self.list_streams(file, each)
    }

    fn attributes(&mut self, file: &File, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Error> {
        self.list_attributes(file, each)
    }

    fn set_attribute(&mut self, file: &mut File, name: &[u8], value: &[u8]) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.store_attribute(file, name, value))
    }

    fn security(&mut self, file: &File, out: &mut [u8]) -> Result<Option<usize>, Error> {
        self.load_security(file, out)
    }

    fn set_security(&mut self, file: &mut File, descriptor: &[u8]) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.store_security(file, descriptor))
    }

    fn reparse(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        self.load_reparse(file, out)
    }

    fn set_reparse(&mut self, file: &mut File, buffer: &[u8]) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.store_reparse(file, buffer))
    }

    fn copy(
        &mut self,
        from: &File,
        from_offset: u64,
        to: &mut File,
        to_offset: u64,
        length: u64,
    ) -> Result<u64, Error> {
        self.quietly(OF_FILES, |disk| {
            disk.copy_data(from, from_offset, to, to_offset, length)
        })
    }

    fn duplicate(
        &mut self,
        from: &File,
        from_offset: u64,
        to: &mut File,
        to_offset: u64,
        length: u64,
    ) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| {
            disk.share_extents(from, from_offset, to, to_offset, length)
        })
    }

    fn zero(&mut self, file: &mut File, offset: u64, length: u64) -> Result<(), Error> {
        self.quietly(OF_FILES, |disk| disk.zero_range(file, offset, length))
    }

    fn allocated(
        &mut self,
        file: &File,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.data_ranges(file, offset, length, each)
    }

    fn observe(&mut self, file: &File) -> Option<Observed> {
        self.begin_observing(file)
    }

    fn ignore(&mut self, observed: Observed) {
        self.end_observing(observed);
    }

    fn has_changes(&self) -> bool {
        self.has_events()
    }

    fn rest(&mut self) {
        self.misses.rest();
    }

    fn next_change(&mut self, name: &mut [u8]) -> Option<Change> {
        self.next_event(name)
    }

    fn space(&mut self, file: &File) -> Result<Space, Error> {
        volume::space(file)
    }

    fn volume(&mut self, file: &File) -> Result<Volume, Error> {
        self.describe_volume(file)
    }
}
