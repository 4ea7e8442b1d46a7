//! The system calls, wrapped so that nobody above needs `unsafe`, errno or a C string of their own. With
//! the reactor the only room where `unsafe` may stand.
//!
//! `file` is what the disk needs, the others what the sockets need. Everything here is one call or one
//! idea around a call; no policy.
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(all(target_env = "musl", target_feature = "crt-static"))]
mod alone;
pub mod child;
pub mod file;
pub mod inotify;
pub mod memory;
pub mod mounts;
pub mod network;
pub mod poll;
pub mod privilege;
pub mod signal;
pub mod socket;

/// Why the last call failed that was made without rustix.
fn last_error() -> rustix::io::Errno {
    rustix::io::Errno::from_io_error(&std::io::Error::last_os_error())
        .unwrap_or(rustix::io::Errno::IO)
}
