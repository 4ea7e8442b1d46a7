//! Extended attributes of what is open, of what there is only a handle to, and of a directory's entry.

use rustix::fs::{self, XattrFlags};
use rustix::io::Errno;
use std::cell::Cell;
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

/// Most files' attributes have shorter names together, in bytes.
const USUAL_NAMES: usize = 1024;

thread_local! {
    static STORED: Cell<u32> = const { Cell::new(0) };
}

/// How often this thread has set an attribute. Change times alone do not tell: disks' clocks stand still for up to a
/// hundredth of a second.
pub fn stored() -> u32 {
    STORED.get()
}

/// Where the attributes are.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// An open file or directory.
    Open(BorrowedFd<'a>),
    /// A handle opened with `O_PATH`, by its [`super::HandlePath`].
    Handle(&'a CStr),
    /// One name of a directory, by the directory's handle path and the name; a link is not followed.
    Entry(&'a CStr),
}

/// Reads one; its length. ERANGE: `out` is too small.
pub fn get(place: Place<'_>, name: &[u8], out: &mut [u8]) -> Result<usize, Errno> {
    super::calls::count();
    if out.is_empty() {
        return Err(Errno::RANGE);
    }
    match place {
        Place::Open(fd) => fs::fgetxattr(fd, name, out),
        Place::Handle(path) => fs::getxattr(path, name, out),
        Place::Entry(path) => fs::lgetxattr(path, name, out),
    }
}

/// The length of one's value.
pub fn size(place: Place<'_>, name: &[u8]) -> Result<usize, Errno> {
    super::calls::count();
    match place {
        Place::Open(fd) => fs::fgetxattr_query(fd, name),
        Place::Handle(path) => fs::getxattr_query(path, name),
        Place::Entry(path) => fs::lgetxattr_query(path, name),
    }
}

/// The names, each ended by NUL; how many bytes. ERANGE: `out` is too small.
pub fn list(place: Place<'_>, out: &mut [u8]) -> Result<usize, Errno> {
    if out.is_empty() {
        return Err(Errno::RANGE);
    }
    // The kernel takes and clears as much memory as it is offered: a little is tried first.
    let little = out.len().min(USUAL_NAMES);
    match list_into(place, &mut out[..little]) {
        Err(Errno::RANGE) if little < out.len() => list_into(place, out),
        other => other,
    }
}

fn list_into(place: Place<'_>, out: &mut [u8]) -> Result<usize, Errno> {
    super::calls::count();
    match place {
        Place::Open(fd) => fs::flistxattr(fd, out),
        Place::Handle(path) => fs::listxattr(path, out),
        Place::Entry(path) => fs::llistxattr(path, out),
    }
}

/// Sets one. `new`: EEXIST if it is there.
pub fn set(place: Place<'_>, name: &[u8], value: &[u8], new: bool) -> Result<(), Errno> {
    super::calls::count();
    STORED.set(stored().wrapping_add(1));
    let flags = if new {
        XattrFlags::CREATE
    } else {
        XattrFlags::empty()
    };
    match place {
        Place::Open(fd) => fs::fsetxattr(fd, name, value, flags),
        Place::Handle(path) => fs::setxattr(path, name, value, flags),
        Place::Entry(path) => fs::lsetxattr(path, name, value, flags),
    }
}

/// Removes one. ENODATA: it is not there.
pub fn remove(place: Place<'_>, name: &[u8]) -> Result<(), Errno> {
    super::calls::count();
    match place {
        Place::Open(fd) => fs::fremovexattr(fd, name),
        Place::Handle(path) => fs::removexattr(path, name),
        Place::Entry(path) => fs::lremovexattr(path, name),
    }
}
