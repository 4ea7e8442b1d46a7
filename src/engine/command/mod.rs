//! The nineteen commands, a file each ([MS-SMB2] 3.3.5.3 to 3.3.5.22).
//!
//! A handler reads its request, changes the state and writes the body of its reply. What all commands
//! have in common was checked before it is called.

pub mod cancel;
pub mod change_notify;
pub mod close;
pub mod create;
pub mod echo;
pub mod flush;
pub mod ioctl;
pub mod lock;
pub mod logoff;
pub mod negotiate;
pub mod oplock_break;
pub mod pipe;
pub mod query_directory;
pub mod query_info;
pub mod read;
pub mod session_setup;
pub mod set_info;
pub mod tree_connect;
pub mod tree_disconnect;
pub mod write;
