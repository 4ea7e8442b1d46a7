//! Codes about named pipes beside PIPE_TRANSCEIVE ([MS-FSCC] 2.3).

use super::need;
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::engine::tree;
use crate::pipe::Endpoint;
use crate::vfs::Vfs;
use crate::wire::status::Status;
use crate::wire::{Reader, Writer, utf16};

/// NamedPipeState: connected.
const CONNECTED: u32 = 3;
/// NamedPipeState: closing.
const CLOSING: u32 = 4;

/// FSCTL_PIPE_WAIT: pipes here always have an instance free, so that nobody waits for one that exists.
pub fn wait<V: Vfs>(context: &mut Context<'_, V>, input: &[u8]) -> Result<Status, Status> {
    if context.tree()?.1.target != tree::Target::Pipes {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    let mut r = Reader::new(input);
    r.skip(8)?; // Timeout
    let length = usize::try_from(r.u32()?).map_err(|_| Status::INVALID_PARAMETER)?;
    r.skip(2)?; // TimeoutSpecified
    let mut name = [0; 64];
    let length =
        utf16::decode(r.bytes(length)?, &mut name).map_err(|_| Status::OBJECT_NAME_NOT_FOUND)?;
    match Endpoint::by_name(name.get(..length).unwrap_or_default()) {
        Some(_) => Ok(Status::SUCCESS),
        None => Err(Status::OBJECT_NAME_NOT_FOUND),
    }
}

/// FSCTL_PIPE_PEEK: tells how much there is to read; the data itself is left for READ.
pub fn peek<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    need(out, 16, Status::BUFFER_TOO_SMALL)?;
    let Target::Pipe(pipe) = context.opened(id)?.target else {
        return Err(Status::INVALID_DEVICE_REQUEST);
    };
    let pipe = context
        .server
        .pipes
        .get(pipe)
        .ok_or(Status::PIPE_DISCONNECTED)?;
    let available = pipe.available() as u32;
    out.u32(if pipe.is_disconnected() {
        CLOSING
    } else {
        CONNECTED
    })?;
    out.u32(available)?;
    out.u32(u32::from(available > 0))?; // NumberOfMessages
    out.u32(pipe.message_available() as u32)?;
    Ok(if available > 0 {
        Status::BUFFER_OVERFLOW
    } else {
        Status::SUCCESS
    })
}
