//! Readiness of descriptors: a thin face on epoll.
//!
//! Time-outs are whole milliseconds handed to `epoll_wait`; nothing here passes a timespec to libc, whose
//! 32-bit layout on MIPS musl differs from what rustix sends.

use rustix::event::{Timespec, epoll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Result;

/// What became of one descriptor.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The number it was added with.
    pub token: u64,
    /// There is something to read, or the end.
    pub readable: bool,
    /// There is room to write, or an error to be told.
    pub writable: bool,
    /// The peer will send no more, or the connection failed: reading never waits again.
    pub finished: bool,
}

/// Room for the events of one wait, reused for every one.
pub struct Events {
    list: Box<[epoll::Event]>,
    count: usize,
}

impl Events {
    /// Room for `capacity` events at a time.
    pub fn new(capacity: usize) -> Events {
        let none = epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        };
        Events {
            list: vec![none; capacity].into_boxed_slice(),
            count: 0,
        }
    }

    /// Whether the last wait found nothing.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What the last wait found.
    pub fn iter(&self) -> impl Iterator<Item = Ready> {
        self.list.iter().take(self.count).map(|event| {
            let (flags, data) = (event.flags, event.data);
            let broken = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            let finished = broken || flags.contains(epoll::EventFlags::RDHUP);
            Ready {
                token: data.u64(),
                readable: finished || flags.contains(epoll::EventFlags::IN),
                writable: broken || flags.contains(epoll::EventFlags::OUT),
                finished,
            }
        })
    }
}

/// An epoll instance.
pub struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    /// A new, empty one.
    pub fn new() -> Result<Poller> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Poller { epoll })
    }

    /// Watches `fd` for both directions, reporting changes only (edge-triggered).
    pub fn add(&self, fd: impl AsFd, token: u64) -> Result<()> {
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        self.add_for(fd, token, flags)
    }

    /// Watches `fd` for these events.
    pub fn add_for(&self, fd: impl AsFd, token: u64, flags: epoll::EventFlags) -> Result<()> {
        epoll::add(&self.epoll, fd, epoll::EventData::new_u64(token), flags)
    }

    /// The instance itself: readable while events wait in it.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Watches it no longer.
    pub fn remove(&self, fd: impl AsFd) -> Result<()> {
        epoll::delete(&self.epoll, fd)
    }

    /// Waits for events, for at most `milliseconds` (`None`: for ever). A signal ends the wait early.
    pub fn wait(&self, events: &mut Events, milliseconds: Option<u64>) -> Result<()> {
        events.count = 0;
        // An hour is long enough for anyone, and far from where C's int ends.
        let timeout = milliseconds.map(|ms| ms.min(3_600_000)).map(|ms| Timespec {
            tv_sec: (ms / 1000) as _,
            tv_nsec: ((ms % 1000) * 1_000_000) as _,
        });
        match epoll::wait(&self.epoll, &mut events.list[..], timeout.as_ref()) {
            Ok(count) => events.count = count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
