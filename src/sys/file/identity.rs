//! On whose behalf the file system is used: the calling thread's file-system user and group.
#![allow(unsafe_code)]

use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use rustix::thread::set_thread_groups;
use std::marker::PhantomData;

/// The process's own identity, as it was when the store was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    uid: u32,
    gid: u32,
}

impl Own {
    /// Reads it.
    pub fn read() -> Self {
        Own {
            uid: geteuid().as_raw(),
            gid: getegid().as_raw(),
        }
    }

    /// Takes the file-system identity `uid`:`gid`, without any other group, until the guard is dropped.
    /// EPERM: this process may not; nothing has changed then.
    pub fn assume(self, uid: u32, gid: u32) -> Result<Assumed, Errno> {
        let mut assumed = Assumed {
            own: self,
            groups: Vec::new(),
            active: false,
            not_send: PhantomData,
        };
        if uid == self.uid && gid == self.gid {
            return Ok(assumed);
        }
        // The server itself normally has no further groups (procd starts it without): then this is one
        // system call and no allocation.
        if has_groups() {
            assumed.groups = rustix::process::getgroups().map_err(|_| Errno::PERM)?;
            set_thread_groups(&[]).map_err(|_| Errno::PERM)?;
        }
        assumed.active = true;
        // The group first: once the user is another, the right to change it is gone.
        set_fs_gid(gid);
        set_fs_uid(uid);
        if set_fs_gid(u32::MAX) != gid || set_fs_uid(u32::MAX) != uid {
            return Err(Errno::PERM); // dropping `assumed` puts everything back
        }
        Ok(assumed)
    }
}

/// While it lives, the calling thread uses files as somebody else. It stays on its thread.
#[must_use = "the identity is given back when this is dropped"]
pub struct Assumed {
    own: Own,
    groups: Vec<rustix::process::Gid>,
    active: bool,
    not_send: PhantomData<*const ()>,
}

impl Drop for Assumed {
    fn drop(&mut self) {
        if !self.active {
            return;
        }
        // Going back to the real, effective or saved identity is always allowed.
        set_fs_uid(self.own.uid);
        set_fs_gid(self.own.gid);
        if !self.groups.is_empty() {
            let _ = set_thread_groups(&self.groups);
        }
        let _ = self.not_send;
    }
}

fn has_groups() -> bool {
    // SAFETY: with a size of 0 getgroups writes nothing and returns the number of groups.
    (unsafe { libc::getgroups(0, std::ptr::null_mut()) }) > 0
}

fn set_fs_uid(uid: u32) -> u32 {
    // SAFETY: takes and returns numbers only; it changes the calling thread alone. The id -1 changes nothing.
    (unsafe { libc::setfsuid(uid) }) as u32
}

fn set_fs_gid(gid: u32) -> u32 {
    // SAFETY: takes and returns numbers only; it changes the calling thread alone. The id -1 changes nothing.
    (unsafe { libc::setfsgid(gid) }) as u32
}

/// Lets new files have exactly the mode they are made with: the share's masks say what is kept.
pub fn clear_umask() {
    rustix::process::umask(rustix::fs::Mode::empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_given_back() {
        let own = Own::read();
        let before = (set_fs_uid(u32::MAX), set_fs_gid(u32::MAX));
        match own.assume(12345, 23456) {
            Ok(guard) => {
                assert_eq!((set_fs_uid(u32::MAX), set_fs_gid(u32::MAX)), (12345, 23456));
                assert!(!has_groups());
                drop(guard);
            }
            Err(error) => assert_eq!(error, Errno::PERM),
        }
        assert_eq!((set_fs_uid(u32::MAX), set_fs_gid(u32::MAX)), before);
    }
}
