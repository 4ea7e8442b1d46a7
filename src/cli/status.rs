//! `smolsmb status`, `disconnect` and `eject`: questions to the running server.

use super::{Failure, place, say};
use smolsmb::control::client::{ask, ask_text};
use smolsmb::control::protocol::Request;
use std::path::PathBuf;

/// Prints the state of the running server.
pub fn status(json: bool, config: Option<PathBuf>) -> Result<(), Failure> {
    let socket = place(config).socket;
    if !json {
        return say(&ask_text(&socket, &Request::Status { text: true })?);
    }
    let mut line = ask(&socket, &Request::Status { text: false })?;
    line.push('\n');
    say(&line)
}

/// Ends a session.
pub fn disconnect(session: u64, config: Option<PathBuf>) -> Result<(), Failure> {
    ask_text(&place(config).socket, &Request::Disconnect { session })?;
    say(&format!("session {session} is ended\n"))
}

/// Frees a disk.
pub fn eject(path: &str, config: Option<PathBuf>) -> Result<(), Failure> {
    if !path.starts_with('/') {
        return Err(Failure::Usage(format!(
            "eject {path}: not an absolute path"
        )));
    }
    say(&ask_text(
        &place(config).socket,
        &Request::Eject { path: path.into() },
    )?)
}
