//! Standing in a directory for a while: extended attributes are asked for by path only, and a name relative
//! to where one stands costs the kernel a third of what `/proc/self/fd/N/name` does.
#![allow(unsafe_code)]

use rustix::fs::{CWD, Mode, OFlags};
use rustix::thread::UnshareFlags;
use std::cell::Cell;
use std::os::fd::{BorrowedFd, OwnedFd};

thread_local! {
    /// Whether this thread's working directory is its own; `None`: not tried yet.
    static OWN: Cell<Option<bool>> = const { Cell::new(None) };
}

/// While it lives, the calling thread's working directory is the directory that was entered; then it is what
/// it was. Other threads' stay what they are.
pub struct Here {
    back: OwnedFd,
}

/// Enters a directory; `None` where that is not possible (a sandbox, no right to search it).
pub fn enter(directory: BorrowedFd<'_>) -> Option<Here> {
    let own = OWN.get().unwrap_or_else(|| {
        // SAFETY: only the working directory, root and umask become the thread's own; descriptors stay shared.
        let own = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::FS) }.is_ok();
        OWN.set(Some(own));
        own
    });
    if !own {
        return None;
    }
    let back = rustix::fs::openat(CWD, c".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    rustix::process::fchdir(directory).ok()?;
    Some(Here { back })
}

impl Drop for Here {
    fn drop(&mut self) {
        // The way back can be closed only by a change of rights; then the root is a place that holds no disk.
        if rustix::process::fchdir(&self.back).is_err() {
            let _ = rustix::process::chdir(c"/");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn the_thread_stands_elsewhere_for_a_while_and_no_other_thread_does() {
        let before = std::env::current_dir().unwrap();
        let root = std::fs::File::open("/").unwrap();
        if let Some(here) = enter(root.as_fd()) {
            assert_eq!(std::env::current_dir().unwrap().to_str(), Some("/"));
            let other = std::thread::Builder::new().spawn(|| ()).unwrap();
            other.join().unwrap();
            drop(here);
        }
        assert_eq!(std::env::current_dir().unwrap(), before);
    }
}
