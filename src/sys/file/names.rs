//! Changing and listing a directory's names. Every name here is one component.

use super::path::HandlePath;
use rustix::fs::{AtFlags, CWD, Mode, RawDir, RenameFlags, SeekFrom};
use rustix::io::Errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

fn one(name: &[u8]) -> Result<(), Errno> {
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Errno::INVAL);
    }
    Ok(())
}

/// Makes a directory.
pub fn make_directory(parent: BorrowedFd<'_>, name: &[u8], mode: u32) -> Result<(), Errno> {
    super::calls::count();
    one(name)?;
    rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(mode))
}

/// Removes a name.
pub fn remove(parent: BorrowedFd<'_>, name: &[u8], directory: bool) -> Result<(), Errno> {
    super::calls::count();
    one(name)?;
    let flags = if directory {
        AtFlags::REMOVEDIR
    } else {
        AtFlags::empty()
    };
    rustix::fs::unlinkat(parent, name, flags)
}

/// Renames, replacing what is there.
pub fn rename(
    from: BorrowedFd<'_>,
    name: &[u8],
    to: BorrowedFd<'_>,
    new: &[u8],
) -> Result<(), Errno> {
    super::calls::count();
    one(name)?;
    one(new)?;
    rustix::fs::renameat(from, name, to, new)
}

/// Renames to a name that is not taken; EEXIST if it is. Where the disk cannot do that in one step, it is
/// looked up first.
pub fn rename_new(
    from: BorrowedFd<'_>,
    name: &[u8],
    to: BorrowedFd<'_>,
    new: &[u8],
) -> Result<(), Errno> {
    super::calls::count();
    one(name)?;
    one(new)?;
    match rustix::fs::renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {}
        other => return other,
    }
    match super::stat_child(to, new) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => rustix::fs::renameat(from, name, to, new),
        Err(other) => Err(other),
    }
}

/// Gives what a handle refers to another name; EEXIST if it is taken.
pub fn link(handle: BorrowedFd<'_>, to: BorrowedFd<'_>, new: &[u8]) -> Result<(), Errno> {
    super::calls::count();
    one(new)?;
    let path = HandlePath::of(handle);
    rustix::fs::linkat(CWD, path.as_c_str(), to, new, AtFlags::SYMLINK_FOLLOW)
}

/// What a link says: of a link's own handle with an empty `path`, else of `path` itself.
pub fn read_link(
    handle: Option<BorrowedFd<'_>>,
    path: &CStr,
    out: &mut [u8],
) -> Result<usize, Errno> {
    super::calls::count();
    match handle {
        Some(fd) => rustix::fs::readlinkat_raw(fd, path, out),
        None => rustix::fs::readlinkat_raw(CWD, path, out),
    }
}

/// Goes to a place in a directory's listing; 0 is its start.
pub fn seek_directory(directory: BorrowedFd<'_>, cursor: u64) -> Result<(), Errno> {
    super::calls::count();
    rustix::fs::seek(directory, SeekFrom::Start(cursor)).map(|_| ())
}

/// A directory's entries from where it stands, read into `buffer`.
pub fn list<'b, Fd: AsFd>(directory: Fd, buffer: &'b mut [MaybeUninit<u8>]) -> RawDir<'b, Fd> {
    super::calls::count();
    RawDir::new(directory, buffer)
}
