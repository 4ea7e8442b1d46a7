//! What the bytes of SMB2 mean: views over `&[u8]` for requests, writers into `&mut [u8]` for responses.
//!
//! This room knows no session, no file and no socket, and imports nothing of ours. Its contract:
//! a request type's `parse` checks structure size, offsets and lengths once; whoever holds the parsed
//! value need not check them again.
#![forbid(unsafe_code)]

pub mod echo;
pub mod error;
pub mod header;
pub mod negotiate;
pub mod negotiate_context;
pub mod session_setup;
pub mod smb1;
pub mod status;
pub mod transform;
pub mod tree_connect;

mod reader;
mod writer;

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
