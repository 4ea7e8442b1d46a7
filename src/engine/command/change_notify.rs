//! CHANGE_NOTIFY ([MS-SMB2] 3.3.5.19, [MS-FSA] 2.1.5.11).

use crate::engine::context::{Answer, Context};
use crate::engine::open::Target;
use crate::engine::parked::Wait;
use crate::vfs::{Kind, Vfs};
use crate::wire::change_notify::Request;
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Waits for a change in a directory.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    _reply: &mut Writer<'_>,
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
    context.park(Wait::Notify { open: id.to_u64() })
}
