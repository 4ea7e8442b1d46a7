//! How the disk keeps a file: compressed or not, in no snapshots.

use super::need;
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::change_notify::{action, filter};
use crate::wire::fsctl::{
    COMPRESSION_FORMAT_DEFAULT, COMPRESSION_FORMAT_LZNT1, COMPRESSION_FORMAT_NONE,
    parse_compression_state, write_compression_state,
};
use crate::wire::status::Status;
use crate::wire::{Writer, access, attributes};

/// FSCTL_GET_COMPRESSION: which way is the disk's own affair, so a file that is compressed says LZNT1 as
/// NTFS does ([MS-FSCC] 2.3.20).
pub fn compression<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    need(out, 2, Status::INVALID_PARAMETER)?;
    let (vfs, file) = context.server.file_mut(id)?;
    let state = match vfs.meta(file)?.attributes & attributes::COMPRESSED {
        0 => COMPRESSION_FORMAT_NONE,
        _ => COMPRESSION_FORMAT_LZNT1,
    };
    write_compression_state(out, state)?;
    Ok(Status::SUCCESS)
}

/// FSCTL_SET_COMPRESSION ([MS-FSA] 2.1.5.10): a disk that compresses nothing can only be told to leave it so.
pub fn set_compression<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    context.granted(id, access::FILE_WRITE_DATA)?;
    let wanted = match parse_compression_state(input)? {
        COMPRESSION_FORMAT_NONE => false,
        COMPRESSION_FORMAT_DEFAULT | COMPRESSION_FORMAT_LZNT1 => true,
        _ => return Err(Status::INVALID_PARAMETER),
    };
    let (vfs, file) = context.server.file_mut(id)?;
    if !vfs.volume(file)?.compression {
        return match wanted {
            true => Err(Status::NOT_SUPPORTED),
            false => Ok(Status::SUCCESS),
        };
    }
    vfs.set_compressed(file, wanted)?;
    let server = &mut *context.server;
    server.changed(id, action::MODIFIED, filter::ATTRIBUTES);
    Ok(Status::SUCCESS)
}

/// FSCTL_SRV_ENUMERATE_SNAPSHOTS ([MS-SMB2] 2.2.32.2): there are none. The array is the NUL that ends it.
pub fn snapshots(out: &mut Writer<'_>) -> Result<Status, Status> {
    need(out, 16, Status::INVALID_PARAMETER)?;
    out.u32(0)?;
    out.u32(0)?;
    out.u32(2)?;
    out.zeros(4)?;
    Ok(Status::SUCCESS)
}
