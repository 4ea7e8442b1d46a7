//! The control socket: how the command line and the LuCI page ask the running server.
//!
//! One line of JSON each way over a Unix socket (mode 0600): a [`protocol::Request`] and its answer.
//! The answer is a pure function of the request and of whatever implements [`Running`]; accepting
//! connections is the net room's affair.
#![forbid(unsafe_code)]

pub mod client;
pub mod json;
pub mod protocol;
mod status;
mod table;

pub use protocol::{Ejected, Held, REQUEST_LIMIT, Running, answer};
pub use status::{
    Disk, LIST_LIMIT, Listening, Memory, MemoryRow, Open, Session, Share, Status, Totals,
};
pub use table::{Table, bytes};
