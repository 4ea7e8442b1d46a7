//! Requests that wait: a few words each, in a fixed table, never an I/O slot ([MS-SMB2] 3.3.4.2).

use super::connection::ConnectionId;
use super::deferred::DeferredId;
use super::open::ObjectId;
use super::session::SessionId;
use crate::memory::Handle;
use crate::wire::header::Command;
use crate::wire::status::Status;

/// Names a parked request; its number is the AsyncId.
pub type ParkedId = Handle<Parked>;

/// What a parked request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A byte range of an open (its number) that another holds.
    Lock {
        /// The open.
        open: u64,
        /// Start of the range.
        offset: u64,
        /// Length of the range.
        length: u64,
        /// Whether the lock is exclusive.
        exclusive: bool,
        /// The lock sequence to note when it is granted: bucket and number.
        sequence: Option<(u8, u8)>,
    },
    /// A change in a directory.
    Notify {
        /// The open.
        open: u64,
        /// The most bytes of entries the client takes.
        length: u32,
    },
    /// Nothing any more: what changed is told as soon as its connection can send.
    Told {
        /// The open.
        open: u64,
        /// The most bytes of entries the client takes.
        length: u32,
    },
    /// The break of what others cache of an object.
    Break {
        /// The request, kept.
        deferred: DeferredId,
        /// The object.
        object: ObjectId,
    },
    /// Nothing any more: it is asked again as soon as its connection can send.
    Retry {
        /// The request, kept.
        deferred: DeferredId,
        /// It is to be answered CANCELLED.
        cancelled: bool,
    },
    /// Nothing any more: it is answered with this status as soon as its connection can send.
    Ready(Status),
}

impl Wait {
    /// The number of the open that is waited on.
    pub fn open(&self) -> Option<u64> {
        match self {
            Wait::Lock { open, .. } | Wait::Notify { open, .. } | Wait::Told { open, .. } => {
                Some(*open)
            }
            Wait::Break { .. } | Wait::Retry { .. } | Wait::Ready(_) => None,
        }
    }
}

/// A parked request.
pub struct Parked {
    /// Where it came from and where the answer goes.
    pub connection: ConnectionId,
    /// Whose it is.
    pub session: SessionId,
    /// Its MessageId.
    pub message_id: u64,
    /// Its command.
    pub command: Command,
    /// It was signed, and so is the answer.
    pub signed: bool,
    /// It was encrypted, and so is the answer.
    pub sealed: bool,
    /// Rises with every request parked: who came first.
    pub order: u64,
    /// An interim reply was sent, so that the answer carries the AsyncId.
    pub interim: bool,
    /// The channel it came on is gone, and with it whoever could be answered: it stands for what may be asked
    /// again on another, and is not carried out.
    pub lost: bool,
    /// What it waits for.
    pub wait: Wait,
}
