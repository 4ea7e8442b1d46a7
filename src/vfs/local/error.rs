//! What errno means to the object store.

use crate::sys::file::Errno;
use crate::vfs::Error;

/// The store's word for an errno.
pub(super) fn error(errno: Errno) -> Error {
    match errno {
        Errno::NOENT => Error::NotFound,
        Errno::NOTDIR => Error::NotDirectory,
        Errno::EXIST => Error::Exists,
        Errno::ISDIR => Error::IsDirectory,
        Errno::NOTEMPTY => Error::NotEmpty,
        Errno::ACCESS | Errno::PERM | Errno::BADF => Error::AccessDenied,
        Errno::ROFS => Error::ReadOnly,
        Errno::NOSPC | Errno::DQUOT => Error::Full,
        Errno::FBIG | Errno::OVERFLOW => Error::TooLarge,
        Errno::NAMETOOLONG => Error::NameTooLong,
        Errno::ILSEQ => Error::NameInvalid,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => Error::TooManyOpen,
        Errno::XDEV => Error::CrossDevice,
        Errno::LOOP => Error::LinkRefused,
        Errno::BUSY | Errno::TXTBSY => Error::Busy,
        Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOTTY => Error::Unsupported,
        Errno::AGAIN => Error::WouldBlock,
        Errno::RANGE => Error::BufferTooSmall,
        Errno::INVAL => Error::Invalid,
        Errno::NODEV | Errno::NXIO | Errno::STALE | Errno::SHUTDOWN => Error::Gone,
        _ => Error::Io,
    }
}

/// The same where a path is resolved beneath a root: leaving it is the link's fault, and being disturbed
/// again and again is no reason to wait for a disk.
pub(super) fn refusal(errno: Errno) -> Error {
    match errno {
        Errno::XDEV => Error::LinkRefused,
        Errno::AGAIN => Error::Busy,
        Errno::NOTDIR => Error::PathNotFound,
        other => error(other),
    }
}

/// Whether a lookup failed because there is no such name (disks that cannot hold a name say EINVAL or EILSEQ).
pub(super) fn absent(errno: Errno) -> bool {
    matches!(errno, Errno::NOENT | Errno::INVAL | Errno::ILSEQ)
}
