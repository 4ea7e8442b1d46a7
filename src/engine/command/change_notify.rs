//! CHANGE_NOTIFY ([MS-SMB2] 3.3.5.19, [MS-FSA] 2.1.5.11).

use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::Target;
use crate::engine::parked::Wait;
use crate::engine::tree;
use crate::vfs::{Kind, Vfs};
use crate::wire::change_notify::Request;
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Tells what has changed in a directory since the last time, or waits until something does.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    context.check_charge(request.output_buffer_length)?;
    let id = context.open(request.file_id)?;
    let open = context.opened(id)?;
    if matches!(open.target, Target::Pipe(_)) || open.kind != Kind::Directory {
        return Err(Status::INVALID_PARAMETER);
    }
    if open.access & access::FILE_LIST_DIRECTORY == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    let object = open.object;
    let tree::Target::Disk(at) = context.tree()?.1.target else {
        return Err(Status::INVALID_PARAMETER);
    };
    let server = &mut *context.server;
    if object
        .and_then(|object| server.objects.get(object))
        .is_some_and(|object| object.delete_pending)
    {
        return Err(Status::DELETE_PENDING);
    }
    let (open, length) = (id.to_u64(), request.output_buffer_length);
    if server.watch_of(open).is_none() && !server.may_watch(context.connection) {
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    server.observe(id);
    // Who asked before is told before.
    let awaited = server.is_awaited(open);
    let watch = server.watch(id, at.root, &request)?;
    if watch.has_news() && !awaited {
        return match watch.answer(length, reply)? {
            Status::SUCCESS => Ok(Outcome::Done),
            status => Ok(Outcome::With(status)),
        };
    }
    context.park(Wait::Notify { open, length })
}
