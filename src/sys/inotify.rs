//! What happens to files and folders, as the kernel tells it: a thin face on inotify.

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::{Errno, Result};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A name came to be.
pub const CREATE: u32 = 0x100;
/// A name is gone.
pub const DELETE: u32 = 0x200;
/// A name went elsewhere.
pub const MOVED_FROM: u32 = 0x40;
/// A name came from elsewhere.
pub const MOVED_TO: u32 = 0x80;
/// Data was written.
pub const MODIFY: u32 = 0x2;
/// Something else of a file has changed.
pub const ATTRIB: u32 = 0x4;
/// The watch has ended.
pub const IGNORED: u32 = 0x8000;
/// There was more than the kernel keeps.
pub const OVERFLOW: u32 = 0x4000;
/// The name is a folder's.
pub const DIRECTORY: u32 = 0x4000_0000;

/// Bytes of an event before its name.
const HEAD: usize = 16;

/// An inotify instance. Reading never waits.
#[derive(Debug)]
pub struct Inotify {
    fd: OwnedFd,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Of which watch.
    pub watch: i32,
    /// What: one of the bits above, and DIRECTORY.
    pub mask: u32,
    /// The same for both halves of a rename.
    pub cookie: u32,
    /// The name in a watched folder; empty: what is watched itself.
    pub name: &'a [u8],
}

impl Inotify {
    /// A new one.
    pub fn new() -> Result<Inotify> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Inotify { fd })
    }

    /// Watches what `path` leads to.
    pub fn add(&self, path: &CStr) -> Result<i32> {
        let all = CREATE | DELETE | MOVED_FROM | MOVED_TO | MODIFY | ATTRIB;
        self.add_for(path, all)
    }

    /// Watches what `path` leads to for these kinds of events alone.
    pub fn add_for(&self, path: &CStr, kinds: u32) -> Result<i32> {
        inotify::add_watch(&self.fd, path, WatchFlags::from_bits_retain(kinds))
    }

    /// Watches it no longer.
    pub fn remove(&self, watch: i32) -> Result<()> {
        inotify::remove_watch(&self.fd, watch)
    }

    /// Takes as many events as there are and fit; 0: there are none.
    pub fn read(&self, out: &mut [u8]) -> Result<usize> {
        loop {
            match rustix::io::read(&self.fd, &mut *out) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                done => return done,
            }
        }
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The first of several events, and how many bytes it takes.
pub fn event(bytes: &[u8]) -> Option<(Event<'_>, usize)> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let word = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    };
    let length = usize::try_from(word(12)).ok()?;
    let name = rest.get(..length)?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(length);
    let event = Event {
        watch: word(0).cast_signed(),
        mask: word(4),
        cookie: word(8),
        name: name.get(..end)?,
    };
    Some((event, HEAD + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_with_their_names() {
        let folder = std::env::temp_dir().join(format!("smolsmb-inotify-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let inotify = Inotify::new().unwrap();
        let path = std::ffi::CString::new(folder.to_str().unwrap()).unwrap();
        let watch = inotify.add(&path).unwrap();
        std::fs::write(folder.join("file"), b"x").unwrap();
        std::fs::rename(folder.join("file"), folder.join("other")).unwrap();
        let mut bytes = [0; 4096];
        let length = inotify.read(&mut bytes).unwrap();
        let (mut rest, mut seen) = (&bytes[..length], vec![]);
        while let Some((event, size)) = event(rest) {
            assert_eq!(event.watch, watch);
            seen.push((event.mask, event.name.to_vec()));
            rest = &rest[size..];
        }
        let expected = [
            (CREATE, "file"),
            (MODIFY, "file"),
            (MOVED_FROM, "file"),
            (MOVED_TO, "other"),
        ];
        assert_eq!(
            seen,
            expected.map(|(mask, name)| (mask, name.as_bytes().to_vec()))
        );
        assert_eq!(inotify.read(&mut bytes), Ok(0));
        inotify.remove(watch).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_cut_off_is_no_event() {
        let mut bytes = [0; 24];
        bytes[12..16].copy_from_slice(&8u32.to_ne_bytes());
        bytes[16..18].copy_from_slice(b"ab");
        assert_eq!(
            event(&bytes).map(|(event, size)| (event.name, size)),
            Some((&b"ab"[..], 24))
        );
        for length in 0..24 {
            assert_eq!(event(&bytes[..length]), None);
        }
    }
}
