//! WRITE ([MS-SMB2] 3.3.5.13).

use super::pipe;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Kind, Vfs};
use crate::wire::create::options;
use crate::wire::status::Status;
use crate::wire::{Writer, access, attributes, write};

/// The longest file: 16 TiB less 64 KiB, as NTFS has it with clusters of 4 KiB, and what clients expect a
/// server to refuse to go beyond ([MS-FSA] 2.1.1.3, MaxFileSize).
const LARGEST_FILE: u64 = 0xFFF_FFFF_0000;
/// From here on a disk is asked whether it is as large as the file is to be: 1 TiB.
const DOUBTFUL: u64 = 1 << 40;

/// Writes to a file or a pipe.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = write::Request::parse(message)?;
    let length = u32::try_from(request.data.len()).map_err(|_| Status::INVALID_PARAMETER)?;
    context.check_charge(length)?;
    let id = context.open(request.file_id)?;
    if let Target::Pipe(_) = context.opened(id)?.target {
        pipe::write(context, id, request.data)?;
        write::Response { count: length }.write(reply)?;
        return Ok(Outcome::Done);
    }
    let server = &mut *context.server;
    let open = server.opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
    if open.kind == Kind::Directory {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    if open.access & (access::FILE_WRITE_DATA | access::FILE_APPEND_DATA) == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    let offset = request.offset;
    let through =
        request.flags & write::WRITE_THROUGH != 0 || open.options & options::WRITE_THROUGH != 0;
    let end = offset.checked_add(length.into());
    if end.is_none_or(|end| i64::try_from(end).is_err() || (length > 0 && end > LARGEST_FILE)) {
        return Err(Status::INVALID_PARAMETER);
    }
    if let Some(object) = open.object
        && server.locks.forbids(
            &server.objects,
            object,
            id.to_u64(),
            (offset, length.into()),
            true,
        )
    {
        return Err(Status::FILE_LOCK_CONFLICT);
    }
    if length > 0 && end.is_some_and(|end| end > DOUBTFUL) {
        fits_disk(context, id, offset.saturating_add(length.into()))?;
    }
    let server = &mut *context.server;
    if length > 0 {
        server.change_data(id, context.now, |vfs, file| {
            vfs.write(file, offset, request.data, through)
        })?;
    }
    let open = server.opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
    open.position = offset.saturating_add(length.into());
    server.totals.written += u64::from(length);
    write::Response { count: length }.write(reply)?;
    Ok(Outcome::Done)
}

/// A file that is not marked sparse cannot be longer than its disk: Windows gives it room as far as it is
/// written, where Unix would leave a hole ([MS-FSA] 2.1.5.4).
fn fits_disk<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    end: u64,
) -> Result<(), Status> {
    let (vfs, file) = context.server.file_mut(id)?;
    if vfs.space(file)?.total >= end || vfs.meta(file)?.attributes & attributes::SPARSE_FILE != 0 {
        return Ok(());
    }
    Err(Status::DISK_FULL)
}
