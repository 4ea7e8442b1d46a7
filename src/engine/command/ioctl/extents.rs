//! Which ranges of a file hold data ([MS-FSCC] 2.3.52, 2.3.55).

use core::ops::ControlFlow;

use super::{data_open, need};
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::fsctl::{FILE_REGION_USAGE_VALID_CACHED_DATA, FileRegion, Range};
use crate::wire::status::Status;
use crate::wire::{Writer, access, attributes};

/// FSCTL_QUERY_ALLOCATED_RANGES: of a file that is not sparse, everything.
pub fn allocated<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    data_open(context, id, access::FILE_READ_DATA)?;
    let Range { offset, length } = Range::parse(input)?;
    let (vfs, file) = context.server.file_mut(id)?;
    let meta = vfs.meta(file)?;
    let length = offset
        .saturating_add(length)
        .min(meta.size)
        .saturating_sub(offset);
    if length == 0 {
        return Ok(Status::SUCCESS);
    }
    let start = out.position();
    let mut full = false;
    let mut each = |offset: u64, length: u64| match (Range { offset, length }).write(out) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => {
            full = true;
            ControlFlow::Break(())
        }
    };
    if meta.attributes & attributes::SPARSE_FILE != 0 {
        vfs.allocated(file, offset, length, &mut each)?;
    } else {
        let _ = each(offset, length);
    }
    match full {
        false => Ok(Status::SUCCESS),
        true if out.position() == start => Err(Status::BUFFER_TOO_SMALL),
        true => Ok(Status::BUFFER_OVERFLOW),
    }
}

/// FSCTL_QUERY_FILE_REGIONS: all data within the length is valid.
pub fn regions<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    data_open(context, id, access::FILE_READ_DATA)?;
    let wanted = FileRegion::parse(input)?;
    let (vfs, file) = context.server.file_mut(id)?;
    let length = wanted
        .file_offset
        .saturating_add(wanted.length)
        .min(vfs.size(file)?)
        .saturating_sub(wanted.file_offset);
    let region = FileRegion {
        file_offset: wanted.file_offset,
        length,
        usage: FILE_REGION_USAGE_VALID_CACHED_DATA,
    };
    let found = length > 0 && wanted.usage & FILE_REGION_USAGE_VALID_CACHED_DATA != 0;
    let regions = if found {
        core::slice::from_ref(&region)
    } else {
        &[]
    };
    need(out, 16, Status::BUFFER_TOO_SMALL)?;
    if out.remaining() < 16 + 24 * regions.len() {
        FileRegion::write_output(out, regions.len() as u32, &[])?;
        return Ok(Status::BUFFER_OVERFLOW);
    }
    FileRegion::write_output(out, regions.len() as u32, regions)?;
    Ok(Status::SUCCESS)
}
