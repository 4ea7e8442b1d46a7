//! The control socket: how the command line and the LuCI page ask the running server.
//!
//! One line of JSON each way over a Unix socket (mode 0600): a [`protocol::Request`] and its answer.
//! The answer is a pure function of the request and of whatever implements [`Running`]; accepting
//! connections is the net room's affair, [`socket::listen`] makes the socket for it.
#![forbid(unsafe_code)]

pub mod client;
pub mod json;
pub mod protocol;
pub mod socket;
mod status;
mod table;

pub use protocol::{REQUEST_LIMIT, Running, answer};
pub use status::{LIST_LIMIT, Memory, MemoryRow, Open, Session, Status, Totals};
pub use table::{Table, bytes};
