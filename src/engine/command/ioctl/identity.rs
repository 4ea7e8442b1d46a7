//! Object identifiers ([MS-FSCC] 2.3.2): every file has one from the start, made of what the disk calls it.

use super::need;
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::fsctl::ObjectIdBuffer;
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// FSCTL_CREATE_OR_GET_OBJECT_ID and FSCTL_GET_OBJECT_ID.
pub fn get<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    need(out, 64, Status::BUFFER_TOO_SMALL)?;
    let (vfs, file) = context.server.file_mut(id)?;
    let key = vfs.meta(file)?.key;
    let mut object_id = [0; 16];
    object_id[..8].copy_from_slice(&key.device.to_le_bytes());
    object_id[8..].copy_from_slice(&key.inode.to_le_bytes());
    ObjectIdBuffer {
        object_id,
        birth_volume_id: vfs.volume(file)?.object_id,
        birth_object_id: object_id,
        domain_id: [0; 16],
    }
    .write(out)?;
    Ok(Status::SUCCESS)
}

/// FSCTL_SET_OBJECT_ID and the like: refused, and first to those who may not change the file at all.
pub fn set<V: Vfs>(context: &mut Context<'_, V>, id: OpenId<V::File>) -> Result<Status, Status> {
    context.granted(id, access::FILE_WRITE_ATTRIBUTES)?;
    Err(Status::NOT_SUPPORTED)
}
