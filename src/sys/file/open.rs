//! Opening, and never outside of a root.

use super::path::{HandlePath, PathBuffer};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How something is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Data is read.
    pub read: bool,
    /// Data is written.
    pub write: bool,
    /// Only a directory will do.
    pub directory: bool,
    /// A link as the last component is opened itself.
    pub no_follow: bool,
}

impl Flags {
    /// Nothing but a handle: no data, no side effects, no rights on the file itself needed.
    pub const HANDLE: Flags = Flags {
        read: false,
        write: false,
        directory: false,
        no_follow: false,
    };

    fn to_kernel(self) -> OFlags {
        let mut flags = OFlags::CLOEXEC
            | match (self.read, self.write) {
                (false, false) => OFlags::PATH,
                (true, false) => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
                (false, true) => OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
                (true, true) => OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY,
            };
        flags.set(OFlags::DIRECTORY, self.directory);
        flags.set(OFlags::NOFOLLOW, self.no_follow);
        flags
    }
}

/// Opens a share's root by its absolute path; it must be a directory. Whether it could be opened to be read, not
/// only as a handle.
pub fn root(path: &CStr) -> Result<(OwnedFd, bool), Errno> {
    let readable = Flags {
        read: true,
        directory: true,
        ..Flags::HANDLE
    };
    let handle = Flags {
        read: false,
        ..readable
    };
    match rustix::fs::open(path, readable.to_kernel(), Mode::empty()) {
        Err(Errno::ACCESS | Errno::PERM) => {
            rustix::fs::open(path, handle.to_kernel(), Mode::empty()).map(|fd| (fd, false))
        }
        opened => opened.map(|fd| (fd, true)),
    }
}

/// Whether this kernel has openat2 (5.6 and later, and not forbidden by a sandbox).
pub fn kernel_resolves(root: BorrowedFd<'_>) -> bool {
    under(root, c".", Flags::HANDLE).is_ok()
}

/// How often a lookup that a rename elsewhere disturbed is begun again.
const ATTEMPTS: usize = 64;

/// Opens `path` so that neither `..`, nor links, nor renames lead out of `root`.
/// EXDEV: it would lead out. EAGAIN: it was disturbed again and again.
pub fn under(root: BorrowedFd<'_>, path: &CStr, flags: Flags) -> Result<OwnedFd, Errno> {
    super::calls::count();
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut result = Err(Errno::AGAIN);
    for _ in 0..ATTEMPTS {
        result = rustix::fs::openat2(root, path, flags.to_kernel(), Mode::empty(), resolve);
        if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
    }
    result
}

/// The same for kernels without openat2: goes one component at a time and follows no link at all.
/// A link gives ELOOP, save a last one with `flags.no_follow`.
pub fn under_walked(root: BorrowedFd<'_>, path: &[u8], flags: Flags) -> Result<OwnedFd, Errno> {
    super::calls::count();
    let mut here: Option<OwnedFd> = None;
    let mut components = path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .peekable();
    while let Some(name) = components.next() {
        if name == b".." {
            return Err(Errno::XDEV);
        }
        let last = components.peek().is_none();
        let from = here.as_ref().map_or(root, |fd| fd.as_fd());
        let wanted = if last {
            Flags {
                no_follow: true,
                ..flags
            }
        } else {
            Flags {
                no_follow: true,
                ..Flags::HANDLE
            }
        };
        let next = rustix::fs::openat(from, name, wanted.to_kernel(), Mode::empty())?;
        // O_PATH|O_NOFOLLOW opens a link itself; without O_PATH the kernel refuses it with ELOOP.
        let handle_only = !wanted.read && !wanted.write;
        if handle_only && !(last && flags.no_follow) && is_link(next.as_fd())? {
            return Err(Errno::LOOP);
        }
        here = Some(next);
    }
    match here {
        Some(fd) => Ok(fd),
        None => rustix::fs::openat(root, c".", flags.to_kernel(), Mode::empty()),
    }
}

fn is_link(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    let stat = rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::TYPE)?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.stx_mode.into()).is_symlink())
}

/// Opens one name (no `/` in it) of a directory, or the directory itself by `.`; a link is never followed.
pub fn child(directory: BorrowedFd<'_>, name: &[u8], flags: Flags) -> Result<OwnedFd, Errno> {
    super::calls::count();
    if name.contains(&b'/') || name == b".." {
        return Err(Errno::INVAL);
    }
    rustix::fs::openat(
        directory,
        name,
        Flags {
            no_follow: true,
            ..flags
        }
        .to_kernel(),
        Mode::empty(),
    )
}

/// Makes a file that was not there, in a directory, by one name. EEXIST if anything is there, a link too.
pub fn make_file(
    directory: BorrowedFd<'_>,
    name: &[u8],
    write: bool,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    super::calls::count();
    if name.contains(&b'/') {
        return Err(Errno::INVAL);
    }
    let flags = Flags {
        read: true,
        write,
        directory: false,
        no_follow: true,
    }
    .to_kernel()
        | OFlags::CREATE
        | OFlags::EXCL;
    rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(mode))
}

/// Opens for data what `handle` refers to already. The caller has made sure that it is a regular file or a
/// directory: opening a FIFO or a device could wait or do things.
pub fn reopen(handle: BorrowedFd<'_>, flags: Flags) -> Result<OwnedFd, Errno> {
    super::calls::count();
    let path = HandlePath::of(handle);
    rustix::fs::openat(
        CWD,
        path.as_c_str(),
        Flags {
            no_follow: false,
            ..flags
        }
        .to_kernel(),
        Mode::empty(),
    )
}

impl PathBuffer {
    /// [`under`] or, where the kernel has none, [`under_walked`].
    pub fn open_under(
        &self,
        root: BorrowedFd<'_>,
        flags: Flags,
        kernel: bool,
    ) -> Result<OwnedFd, Errno> {
        match kernel {
            true => under(root, self.as_c_str(), flags),
            false => under_walked(root, self.bytes(), flags),
        }
    }
}
