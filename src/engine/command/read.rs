//! READ ([MS-SMB2] 3.3.5.12).

use super::pipe;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::Target;
use crate::engine::{Job, Tail};
use crate::vfs::{Error, Kind, Vfs, Wait};
use crate::wire::status::Status;
use crate::wire::{Writer, access, read};

/// From this length on a payload that nobody hashes goes from the page cache to the socket.
const TAIL: u32 = 16 << 10;

/// Reads from a file or a pipe.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = read::Request::parse(message)?;
    context.check_charge(request.length)?;
    let id = context.open(request.file_id)?;
    if let Target::Pipe(_) = context.opened(id)?.target {
        return pipe::read(context, id, request.length, reply);
    }
    let open = context.opened(id)?;
    if open.kind == Kind::Directory {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    if open.access & (access::FILE_READ_DATA | access::FILE_EXECUTE) == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if i64::try_from(request.offset).is_err()
        || request
            .offset
            .checked_add(request.length.into())
            .is_none_or(|end| i64::try_from(end).is_err())
    {
        return Err(Status::INVALID_PARAMETER);
    }
    let server = &mut *context.server;
    let open = server.opens.get(id).ok_or(Status::FILE_CLOSED)?;
    let range = (request.offset, u64::from(request.length));
    if let Some(object) = open.object
        && server
            .locks
            .forbids(&server.objects, object, id.to_u64(), range, false)
    {
        return Err(Status::FILE_LOCK_CONFLICT);
    }
    let Target::File(file) = &open.target else {
        return Err(Status::FILE_CLOSED);
    };
    let plain = context.alone && !context.sealed && !context.sign_reply;
    if plain && request.length >= TAIL {
        let size = server.vfs.size(file)?;
        let length = u64::from(request.length).min(size.saturating_sub(request.offset)) as u32;
        if length < request.minimum_count || length == 0 {
            return Err(Status::END_OF_FILE);
        }
        if length >= TAIL && server.vfs.sendable(file, request.offset, length) {
            read::Response {
                data_length: length,
            }
            .write(reply)?;
            server.noted_read(id, request.offset, length);
            return Ok(Outcome::FromFile(Tail {
                open: id,
                offset: request.offset,
                length,
            }));
        }
    }
    let body = reply.position();
    read::Response { data_length: 0 }.write(reply)?;
    let wait = if context.job.is_some() {
        Wait::Allowed
    } else {
        Wait::Never
    };
    let room = reply
        .rest()
        .get_mut(..request.length as usize)
        .ok_or(Status::INSUFFICIENT_RESOURCES)?;
    let length = match server.vfs.read(file, request.offset, room, wait) {
        Ok(length) => length as u32,
        Err(Error::WouldBlock) => {
            return Ok(Outcome::Blocking(Job::Read {
                open: id,
                offset: request.offset,
                length: request.length,
            }));
        }
        Err(error) => return Err(error.into()),
    };
    if length < request.minimum_count || (length == 0 && request.length > 0) {
        return Err(Status::END_OF_FILE);
    }
    reply.truncate(body);
    read::Response {
        data_length: length,
    }
    .write(reply)?;
    reply.advance(length as usize)?;
    server.noted_read(id, request.offset, length);
    Ok(Outcome::Done)
}

impl<V: Vfs> crate::engine::Server<V> {
    fn noted_read(&mut self, id: crate::engine::OpenId<V::File>, offset: u64, length: u32) {
        self.totals.read += u64::from(length);
        if let Some(open) = self.opens.get_mut(id) {
            open.position = offset.saturating_add(length.into());
        }
    }
}
