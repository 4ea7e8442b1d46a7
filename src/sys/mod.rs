//! The system calls, each wrapped once. With the reactor the only room where `unsafe` may stand.

pub mod poll;
pub mod signal;
pub mod socket;
