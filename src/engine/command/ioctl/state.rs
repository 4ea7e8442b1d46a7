//! What a file is not: compressed, or kept in snapshots.

use super::need;
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::fsctl::{
    COMPRESSION_FORMAT_NONE, parse_compression_state, write_compression_state,
};
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// FSCTL_GET_COMPRESSION: nothing is.
pub fn compression(out: &mut Writer<'_>) -> Result<Status, Status> {
    need(out, 2, Status::INVALID_PARAMETER)?;
    write_compression_state(out, COMPRESSION_FORMAT_NONE)?;
    Ok(Status::SUCCESS)
}

/// FSCTL_SET_COMPRESSION: to leave it as it is can be granted.
pub fn set_compression<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    context.granted(id, access::FILE_WRITE_DATA)?;
    match parse_compression_state(input)? {
        COMPRESSION_FORMAT_NONE => Ok(Status::SUCCESS),
        _ => Err(Status::NOT_SUPPORTED),
    }
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
