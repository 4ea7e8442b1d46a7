//! The SMB2 server as a pure state machine ([MS-SMB2] 3.3): bytes of a request in, bytes of a reply out.
//! It knows no socket, no fd and no clock: time is an argument, files are a [`Vfs`](crate::vfs::Vfs).
//!
//! `frame` opens what arrived, `dispatch` checks what all commands have in common and calls the one in
//! `command/`. State lives in tables of fixed size, an idea a file: `connection`, `session`, `tree`,
//! `open`, `lock`, `parked`.
#![forbid(unsafe_code)]

mod access;
mod account;
mod caching;
mod closing;
mod command;
mod connection;
mod context;
mod deferred;
mod directory;
mod dispatch;
mod durable;
mod failure;
mod fairness;
mod frame;
mod lease;
mod lock;
mod login;
mod notify;
mod open;
mod outside;
mod parked;
mod pending;
mod recalled;
mod report;
mod retell;
mod seal;
mod server;
mod session;
mod setup;
mod shares;
mod short_name;
#[cfg(test)]
mod tests;
mod times;
mod tree;
mod veto;
mod window;

pub use connection::ConnectionId;
pub use frame::{Walk, reply_bound};
pub use open::OpenId;
pub use report::{OpenReport, SessionReport, ShareReport};
pub use server::{Random, Refused, Server, Totals};
pub use setup::{Encryption, Guest, Interface, Setup, Share, User};

use crate::vfs;

/// The time, as the caller's clocks tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The calendar's time.
    pub wall: vfs::FileTime,
    /// Milliseconds since the server started; never goes back.
    pub mono: u64,
}

/// What is to be done with a frame that was received.
#[derive(Debug)]
pub enum Verdict<F> {
    /// Send `length` bytes of the reply, then the tail.
    Reply {
        /// How many bytes of the reply buffer.
        length: usize,
        /// What follows them from a file.
        tail: Option<Tail<F>>,
    },
    /// Nothing is sent.
    Silence,
    /// Let the helper do this, then ask again with the same frame, reply and walk.
    Blocking(Job<F>),
    /// The connection ends.
    Disconnect,
}

/// Bytes that go from a file to the socket without passing through a buffer.
#[derive(Debug)]
pub struct Tail<F> {
    /// The open to read from.
    pub open: OpenId<F>,
    /// First byte.
    pub offset: u64,
    /// How many.
    pub length: u32,
}

/// Work that would wait for a disk.
#[derive(Debug)]
pub enum Job<F> {
    /// Bring this range into the page cache.
    Read {
        /// The open.
        open: OpenId<F>,
        /// First byte.
        offset: u64,
        /// How many bytes.
        length: u32,
    },
    /// Put everything written to the disk.
    Sync {
        /// The open.
        open: OpenId<F>,
    },
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobResult {
    /// As it should.
    Done,
    /// The disk failed.
    Failed(vfs::Error),
}
