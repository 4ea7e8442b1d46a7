//! CLOSE ([MS-SMB2] 3.3.5.10).

use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::Target;
use crate::vfs::Vfs;
use crate::wire::{Writer, close};

/// Closes an open; with POSTQUERY_ATTRIB the reply tells what the file is like at the end.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = close::Request::parse(message)?;
    let id = context.open(request.file_id)?;
    let server = &mut *context.server;
    let mut response = close::Response {
        flags: 0,
        creation_time: 0,
        last_access_time: 0,
        last_write_time: 0,
        change_time: 0,
        allocation_size: 0,
        end_of_file: 0,
        file_attributes: 0,
    };
    if request.flags & close::POSTQUERY_ATTRIB != 0
        && let Some(open) = server.opens.get(id)
        && let Target::File(file) = &open.target
        && let Ok(meta) = server.vfs.meta(file)
    {
        response = close::Response {
            flags: close::POSTQUERY_ATTRIB,
            creation_time: meta.creation,
            last_access_time: meta.access,
            last_write_time: meta.write,
            change_time: meta.change,
            allocation_size: meta.allocation,
            end_of_file: meta.size,
            file_attributes: meta.attributes,
        };
    }
    server.close_open(id);
    response.write(reply)?;
    Ok(Outcome::Done)
}
