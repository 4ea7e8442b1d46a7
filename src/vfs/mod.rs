//! The object store under the server: what a share's folder can do, as a trait, so that the engine knows
//! no fd and the tests need no disk. `local` is the real one, `memory` the one for tests.
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
pub mod local;
pub mod memory;
pub mod name;
pub mod wildcard;

#[cfg(test)]
mod conformance;

use core::ops::ControlFlow;

/// 100-nanosecond intervals since 1601-01-01 UTC ([MS-DTYP] 2.3.3). 0: not known.
pub type FileTime = u64;

/// What makes two opens the same file: device, inode and, for a named stream, a hash of its folded name
/// (0: the file itself).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// The file system's device number.
    pub device: u64,
    /// The inode number.
    pub inode: u64,
    /// 0 for the file itself, else a hash of the stream's case-folded name.
    pub stream: u64,
}

/// What kind of object a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a named stream.
    File,
    /// A directory.
    Directory,
    /// A symbolic link that was not followed.
    Symlink,
    /// A FIFO, socket or device: shown, never opened for data.
    Special,
}

/// Everything the server tells about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Identity, for share modes and locks.
    pub key: FileKey,
    /// Kind of object.
    pub kind: Kind,
    /// Length in bytes (0 for a directory).
    pub size: u64,
    /// Bytes taken on disk.
    pub allocation: u64,
    /// Number of hard links.
    pub links: u32,
    /// FILE_ATTRIBUTE_* ([MS-FSCC] 2.6); never 0, and DIRECTORY agrees with `kind`.
    pub attributes: u32,
    /// Birth.
    pub creation: FileTime,
    /// Last read.
    pub access: FileTime,
    /// Last write of data.
    pub write: FileTime,
    /// Last change of anything.
    pub change: FileTime,
    /// Reparse tag, 0 if it is no reparse point.
    pub reparse_tag: u32,
    /// Total size of the extended attributes as [MS-FSCC] 2.4.12 counts it, 0 for none.
    pub ea_size: u32,
    /// Unix permission bits.
    pub mode: u32,
    /// Unix owner.
    pub uid: u32,
    /// Unix group.
    pub gid: u32,
    /// A security descriptor may be stored with it; `false`: there is none to ask [`Vfs::security`] for.
    pub described: bool,
}

/// Why an operation failed; the engine turns each into an NTSTATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The last component does not exist.
    NotFound,
    /// A component before the last does not exist or is no directory.
    PathNotFound,
    /// The name is taken.
    Exists,
    /// A directory was needed.
    NotDirectory,
    /// A file was needed.
    IsDirectory,
    /// A directory that is to go is not empty.
    NotEmpty,
    /// The Unix rights of the user forbid it.
    AccessDenied,
    /// The file system or the share is read-only.
    ReadOnly,
    /// The disk or the quota is full.
    Full,
    /// Larger than the file system allows.
    TooLarge,
    /// A name or path longer than the disk allows.
    NameTooLong,
    /// A name the disk cannot hold.
    NameInvalid,
    /// The process or the system has no descriptor left.
    TooManyOpen,
    /// Source and target are on different file systems.
    CrossDevice,
    /// A symbolic link that leads out of the share or into a loop.
    LinkRefused,
    /// In use in a way that forbids it.
    Busy,
    /// This file system cannot do it.
    Unsupported,
    /// It would have to wait for the disk; asked again with [`Wait::Allowed`] it does.
    WouldBlock,
    /// A stored thing is larger than the buffer; nothing was returned.
    BufferTooSmall,
    /// The disk failed.
    Io,
    /// The disk is gone.
    Gone,
    /// Arguments that make no sense to the disk.
    Invalid,
}

/// Whether a read may wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Answer [`Error::WouldBlock`] rather than wait.
    Never,
    /// Wait as long as it takes.
    Allowed,
}

/// A share's root, as [`Vfs::mount`] numbered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RootId(pub u16);

/// Whose Unix rights are used on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Unix user id.
    pub uid: u32,
    /// Unix group id.
    pub gid: u32,
}

/// Where a path starts and on whose behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The share's root.
    pub root: RootId,
    /// Whose rights; `None`: the server's own.
    pub who: Option<Who>,
}

/// What a share's root is mounted with.
#[derive(Clone, Debug, Default)]
pub struct RootOptions {
    /// Bits that a new file's mode keeps (create_mask).
    pub create_mask: u32,
    /// Bits that a new directory's mode keeps (dir_mask).
    pub directory_mask: u32,
    /// Names that begin with a dot get FILE_ATTRIBUTE_HIDDEN.
    pub hide_dot_files: bool,
    /// Refuse every change.
    pub read_only: bool,
}

/// A path below a share's root, checked and mapped to what stands on disk: components joined by `/`,
/// no leading or trailing slash, no `.`, no `..`, no empty component; empty: the root itself.
/// Bytes are UTF-8 (unpaired surrogates as WTF-8; what Windows forbids is already mapped).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharePath<'a> {
    /// The path.
    pub path: &'a [u8],
    /// A named stream's name, without `:` and type; empty: the file itself.
    pub stream: &'a [u8],
}

/// What an open wants of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataAccess {
    /// Data is read (or a directory listed).
    pub read: bool,
    /// Data is written.
    pub write: bool,
}

/// What [`Vfs::create`] makes.
#[derive(Clone, Copy, Debug)]
pub struct New {
    /// A directory, not a file.
    pub directory: bool,
    /// FILE_ATTRIBUTE_* asked for; READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, NOT_CONTENT_INDEXED are kept.
    pub attributes: u32,
    /// What the new open wants of the data.
    pub access: DataAccess,
    /// Now, for the birth time.
    pub now: FileTime,
}

/// Times to set; `None` leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Birth.
    pub creation: Option<FileTime>,
    /// Last read.
    pub access: Option<FileTime>,
    /// Last write.
    pub write: Option<FileTime>,
    /// Last change of anything; a disk that cannot keep it passes over it.
    pub change: Option<FileTime>,
}

/// One name of a directory.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name as the wire shows it: UTF-8/WTF-8, forbidden characters mapped to U+F0xx.
    pub name: &'a [u8],
    /// What it names; `None` if only names were asked for.
    pub meta: Option<Meta>,
    /// The cursor that continues after this entry.
    pub next: DirectoryCursor,
}

/// A place in a directory's listing; 0 is the start.
pub type DirectoryCursor = u64;

/// Room on the file system that holds a folder, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// In all.
    pub total: u64,
    /// Free for this user.
    pub available: u64,
    /// Free in all.
    pub free: u64,
    /// Allocation unit in bytes, a power of two (4,096 where the disk does not say).
    pub block: u32,
}

/// What a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Serial number, stable for the disk.
    pub serial: u32,
    /// Identifier for FileFsObjectIdInformation.
    pub object_id: [u8; 16],
    /// Birth of the volume (the root's), or 0.
    pub creation: FileTime,
    /// Keeps extended attributes (and so named streams, DOS attributes, descriptors).
    pub attributes_kept: bool,
    /// Can punch holes.
    pub sparse: bool,
    /// Can share extents between files.
    pub reflink: bool,
    /// Compresses the files it is told to.
    pub compression: bool,
    /// The longest name in bytes.
    pub name_limit: u32,
}

/// Names something whose changes by others than the server are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed(pub i32);

/// What somebody else has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A name came.
    Added,
    /// A name is gone.
    Removed,
    /// A name was taken away; the new one follows at once.
    RenamedFrom,
    /// The new name.
    RenamedTo,
    /// Data was written.
    Written,
    /// Something else of it has changed.
    Changed,
    /// There was more than could be kept: anything may have changed, anywhere.
    Lost,
}

/// A change by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub of: Observed,
    /// What.
    pub deed: Deed,
    /// Length of the name in the folder that is observed, as the wire shows it; 0: what is observed itself.
    pub name: usize,
    /// The name is a folder's.
    pub directory: bool,
}

/// What [`Vfs::find`] comes to.
#[derive(Debug)]
pub enum Found<File, Folder> {
    /// It is there.
    There(File, Meta),
    /// It is not, but the folder is that it would be in.
    Missing(Folder),
}

/// The object store. Everything is synchronous; what would wait for a disk says so where asked.
/// An implementation keeps every path below its root, whatever the names and links in it.
pub trait Vfs {
    /// An open file, directory, link or named stream. Dropping it closes it. It remembers the root, on
    /// whose behalf it was opened, and the name it came by.
    type File;
    /// A folder, held to make something in it that was not there when it was looked at.
    type Folder;

    /// Opens a share's root folder; its number is used in every [`At`].
    fn mount(&mut self, path: &[u8], options: &RootOptions) -> Result<RootId, Error>;
    /// Gives a root back. Open files stay open.
    fn unmount(&mut self, root: RootId);

    /// Finds what `path` names, case-insensitively where the exact case is missing; nothing is opened for
    /// data. Links are followed while they stay beneath the root, unless `follow` is false and the last
    /// component is one.
    fn lookup(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
    ) -> Result<(Self::File, Meta), Error>;
    /// As [`Vfs::lookup`]; of a file that is not there it finds the folder that it would be in. `new`: it is to
    /// be made, so that what is remembered of a folder will do to say that it is missing; should somebody else
    /// have made it just now, [`Vfs::create_in`] says so.
    fn find(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
        new: bool,
    ) -> Result<Found<Self::File, Self::Folder>, Error>;
    /// Makes a file or directory where [`Vfs::find`] just found that it is [`Found::Missing`]; `path` is the same.
    fn create_in(
        &mut self,
        folder: &Self::Folder,
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(Self::File, Meta), Error>;
    /// What [`Vfs::security`] tells of a file, of a folder.
    fn folder_security(
        &mut self,
        folder: &Self::Folder,
        out: &mut [u8],
    ) -> Result<Option<usize>, Error>;
    /// Makes what was not there ([`Error::Exists`] if it is, in any case) and opens it. A stream's file must exist.
    fn create(
        &mut self,
        at: At,
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(Self::File, Meta), Error>;
    /// Opens for data what [`Vfs::lookup`] found.
    fn activate(&mut self, file: &mut Self::File, access: DataAccess) -> Result<(), Error>;
    /// A second handle to the base file of a stream, or a copy of the handle of a file (for metadata only).
    fn base(&mut self, file: &Self::File) -> Result<Self::File, Error>;

    /// Everything about the file now.
    fn meta(&mut self, file: &Self::File) -> Result<Meta, Error>;
    /// The path below the root as the wire shows it, `/` between components, without the stream; its length.
    fn path(&mut self, file: &Self::File, out: &mut [u8]) -> Result<usize, Error>;
    /// The key of the folder the file's name stands in; [`Error::NotFound`] for the share's root.
    fn folder(&mut self, file: &Self::File) -> Result<FileKey, Error>;
    /// The stream's name as stored, empty for the file itself; its length.
    fn stream_name(&mut self, file: &Self::File, out: &mut [u8]) -> Result<usize, Error>;

    /// Reads at `offset`; short only at the end of the file.
    fn read(
        &mut self,
        file: &Self::File,
        offset: u64,
        out: &mut [u8],
        wait: Wait,
    ) -> Result<usize, Error>;
    /// The length in bytes now.
    fn size(&mut self, file: &Self::File) -> Result<u64, Error> {
        self.meta(file).map(|meta| meta.size)
    }
    /// Whether this range can go from the page cache to a socket without waiting for the disk.
    fn sendable(&mut self, file: &Self::File, offset: u64, length: u32) -> bool {
        let _ = (file, offset, length);
        false
    }
    /// Writes all of `data` at `offset`; `through`: it is on the disk when this returns.
    fn write(
        &mut self,
        file: &mut Self::File,
        offset: u64,
        data: &[u8],
        through: bool,
    ) -> Result<(), Error>;
    /// Everything acknowledged is on the disk when this returns.
    fn sync(&mut self, file: &Self::File) -> Result<(), Error>;
    /// Sets the length.
    fn truncate(&mut self, file: &mut Self::File, size: u64) -> Result<(), Error>;
    /// Reserves room for `size` bytes without changing the length.
    fn allocate(&mut self, file: &mut Self::File, size: u64) -> Result<(), Error>;
    /// Sets times. A time set stays, whatever is written through this handle later ([MS-FSA] 2.1.5.15.2),
    /// is the engine's affair: this sets and no more.
    fn set_times(&mut self, file: &mut Self::File, times: &Times) -> Result<(), Error>;
    /// Tells a disk that compresses to do so from now on, or not to. A directory's word is taken by what is
    /// made in it.
    fn set_compressed(&mut self, file: &mut Self::File, compressed: bool) -> Result<(), Error>;
    /// Sets FILE_ATTRIBUTE_* (those [`New::attributes`] keeps, SPARSE_FILE and OFFLINE).
    fn set_attributes(&mut self, file: &mut Self::File, attributes: u32) -> Result<(), Error>;

    /// Lists a directory from `cursor`, without `.` and `..`; `each` breaks to stop before the entry it was
    /// shown last. `with_meta`: entries carry their meta. Names that cannot be shown are left out.
    fn list(
        &mut self,
        directory: &mut Self::File,
        cursor: DirectoryCursor,
        with_meta: bool,
        each: &mut dyn FnMut(&Entry<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error>;
    /// Whether a directory holds nothing.
    fn is_empty(&mut self, directory: &mut Self::File) -> Result<bool, Error>;

    /// Gives the file (or stream: then `to.path` is empty and `to.stream` the new name) another name. A stream
    /// without a new name becomes the data of its file, which must have none so far.
    fn rename(
        &mut self,
        file: &mut Self::File,
        to: SharePath<'_>,
        replace: bool,
    ) -> Result<(), Error>;
    /// Adds a name.
    fn link(&mut self, file: &Self::File, to: SharePath<'_>, replace: bool) -> Result<(), Error>;
    /// Removes the name this handle came by (or the stream); the data lives while handles do.
    fn remove(&mut self, file: &mut Self::File) -> Result<(), Error>;

    /// Names, sizes and allocation of the named streams.
    fn streams(
        &mut self,
        file: &Self::File,
        each: &mut dyn FnMut(&[u8], u64, u64),
    ) -> Result<(), Error>;
    /// Names and values of the extended attributes that clients may see.
    fn attributes(
        &mut self,
        file: &Self::File,
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error>;
    /// Sets one; an empty value removes it. Names are compared without regard to case.
    fn set_attribute(
        &mut self,
        file: &mut Self::File,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Error>;
    /// The stored security descriptor, self-relative; its length, or `None` if nothing is stored.
    fn security(&mut self, file: &Self::File, out: &mut [u8]) -> Result<Option<usize>, Error>;
    /// Stores a self-relative security descriptor.
    fn set_security(&mut self, file: &mut Self::File, descriptor: &[u8]) -> Result<(), Error>;
    /// The reparse data buffer ([MS-FSCC] 2.1.2), its length.
    fn reparse(&mut self, file: &Self::File, out: &mut [u8]) -> Result<usize, Error>;
    /// Stores a reparse data buffer; an empty one removes it.
    fn set_reparse(&mut self, file: &mut Self::File, buffer: &[u8]) -> Result<(), Error>;

    /// Copies within the server; how many bytes were copied (short at the source's end).
    fn copy(
        &mut self,
        from: &Self::File,
        from_offset: u64,
        to: &mut Self::File,
        to_offset: u64,
        length: u64,
    ) -> Result<u64, Error>;
    /// Shares extents (reflink).
    fn duplicate(
        &mut self,
        from: &Self::File,
        from_offset: u64,
        to: &mut Self::File,
        to_offset: u64,
        length: u64,
    ) -> Result<(), Error>;
    /// Makes a range read as zero, freeing its room where it can; the length stays.
    fn zero(&mut self, file: &mut Self::File, offset: u64, length: u64) -> Result<(), Error>;
    /// The ranges within `offset..offset+length` that hold data; `each` breaks when it has no room.
    fn allocated(
        &mut self,
        file: &Self::File,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), Error>;

    /// From now on tells what others do to this file, or in this folder; `None` where that cannot be had.
    /// What is done through this trait is not told.
    fn observe(&mut self, file: &Self::File) -> Option<Observed> {
        let _ = file;
        None
    }
    /// Tells it no longer.
    fn ignore(&mut self, observed: Observed) {
        let _ = observed;
    }
    /// Nobody is connected any more: what only makes the next request quick may be forgotten.
    fn rest(&mut self) {}
    /// Whether a change was taken notice of already and is to be asked for.
    fn has_changes(&self) -> bool {
        false
    }
    /// The next change; its name is put into `name`.
    fn next_change(&mut self, name: &mut [u8]) -> Option<Change> {
        let _ = name;
        None
    }

    /// Room on the file system that holds this file.
    fn space(&mut self, file: &Self::File) -> Result<Space, Error>;
    /// What the file system that holds this file is.
    fn volume(&mut self, file: &Self::File) -> Result<Volume, Error>;
}
