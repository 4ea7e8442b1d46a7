//! What the bytes of SMB2 mean: views over `&[u8]` for requests, writers into `&mut [u8]` for responses.
//!
//! This room knows no session, no file and no socket, and imports nothing of ours. Its contract:
//! a request type's `parse` checks structure size, offsets and lengths once; whoever holds the parsed
//! value need not check them again.
#![forbid(unsafe_code)]

pub mod access;
pub mod attributes;
pub mod change_notify;
pub mod close;
pub mod create;
pub mod create_context;
pub mod echo;
pub mod error;
pub mod flush;
pub mod fsctl;
pub mod header;
pub mod ioctl;
pub mod lock;
pub mod negotiate;
pub mod negotiate_context;
pub mod oplock_break;
pub mod query_directory;
pub mod query_info;
pub mod read;
pub mod session_setup;
pub mod set_info;
pub mod smb1;
pub mod status;
pub mod transform;
pub mod tree_connect;
pub mod write;

mod body;
mod file_id;
mod fixed;
mod reader;
mod writer;

pub use file_id::FileId;
pub use reader::{Malformed, Reader};
pub use writer::{Full, Writer};

// What names, times, information classes, attributes and security descriptors look like.
pub mod ea;
pub mod filetime;
pub mod info;
pub mod reparse;
pub mod security;
mod upcase;
pub mod utf16;
