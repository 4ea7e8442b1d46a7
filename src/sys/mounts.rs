//! When something is mounted or unmounted.

use super::poll::{Events, Poller};
use rustix::event::epoll;
use rustix::fd::{AsFd, BorrowedFd};
use std::fs::File;

/// A descriptor that becomes readable then. The kernel tells it as an error of /proc/self/mountinfo ([proc(5)]);
/// an epoll instance around that makes it an ordinary event.
pub struct Mounts {
    poller: Poller,
    _mountinfo: File,
}

impl Mounts {
    /// Watches from now on.
    pub fn watch() -> std::io::Result<Mounts> {
        let mountinfo = File::open("/proc/self/mountinfo")?;
        let poller = Poller::new()?;
        poller.add_for(
            &mountinfo,
            0,
            epoll::EventFlags::PRI | epoll::EventFlags::ET,
        )?;
        Ok(Mounts {
            poller,
            _mountinfo: mountinfo,
        })
    }

    /// Takes the event out, so that the next one is seen. Whether something has changed is for the reader of
    /// mountinfo to find: asking the outer epoll already takes the kernel's word for it away from the inner one.
    pub fn take(&self) {
        // It does not wait, and that it fails is seen by the next event.
        let _ = self.poller.wait(&mut Events::new(1), Some(0));
    }
}

impl AsFd for Mounts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}
