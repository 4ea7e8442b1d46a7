//! A session's use of a share ([MS-SMB2] 3.3.1.9).

use super::session::SessionId;
use crate::memory::Handle;
use crate::vfs::At;

/// Names a tree connect; its short number is the TreeId.
pub type TreeId = Handle<Tree>;

/// What a tree connect leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// IPC$: named pipes.
    Pipes,
    /// A folder on disk.
    Disk(At),
}

/// A tree connect.
pub struct Tree {
    /// Whose.
    pub session: SessionId,
    /// The share's number.
    pub share: u32,
    /// What it leads to.
    pub target: Target,
    /// TreeConnect.MaximalAccess: no open through it gets more.
    pub maximal_access: u32,
    /// Requests must be encrypted.
    pub encrypt: bool,
    /// The share is gone or changed: nothing but disconnecting works.
    pub stale: bool,
}
