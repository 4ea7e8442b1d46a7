//! Holes: marking a file sparse, zeroing a range, giving room back ([MS-FSA] 2.1.5.10).

use super::{data_open, unlocked};
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::change_notify::{action, filter};
use crate::wire::fsctl::{FileLevelTrim, ZeroData, parse_set_sparse};
use crate::wire::status::Status;
use crate::wire::{Writer, access, attributes};

const WRITES: u32 = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;

/// FSCTL_SET_SPARSE.
pub fn set_sparse<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    data_open(context, id, WRITES | access::FILE_WRITE_ATTRIBUTES)?;
    let (vfs, file) = context.server.file_mut(id)?;
    let before = vfs.meta(file)?.attributes & !attributes::NORMAL;
    let after = if parse_set_sparse(input) {
        before | attributes::SPARSE_FILE
    } else {
        before & !attributes::SPARSE_FILE
    };
    if after != before {
        vfs.set_attributes(file, after)?;
        let server = &mut *context.server;
        server.changed(id, action::MODIFIED, filter::ATTRIBUTES);
    }
    Ok(Status::SUCCESS)
}

/// FSCTL_SET_ZERO_DATA: the range reads as zero; the length stays.
pub fn zero_data<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    data_open(context, id, access::FILE_WRITE_DATA)?;
    let ZeroData {
        file_offset,
        beyond_final_zero,
    } = ZeroData::parse(input)?;
    let range = (file_offset, beyond_final_zero.saturating_sub(file_offset));
    unlocked(context, id, range, true)?;
    if range.1 > 0 {
        context.server.change_data(id, context.now, |vfs, file| {
            vfs.zero(file, range.0, range.1)
        })?;
    }
    Ok(Status::SUCCESS)
}

/// FSCTL_FILE_LEVEL_TRIM: the client needs these ranges no more ([MS-FSA] 2.1.5.10). They read as zero
/// after.
pub fn trim<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    data_open(context, id, access::FILE_WRITE_DATA)?;
    let wanted = FileLevelTrim::parse(input)?;
    let (vfs, file) = context.server.file_mut(id)?;
    if !vfs.volume(file)?.sparse {
        return Err(Status::NOT_SUPPORTED);
    }
    let mut processed = 0u32;
    for range in wanted.ranges() {
        let end = range.offset.checked_add(range.length);
        if end.is_none_or(|end| i64::try_from(end).is_err()) {
            return Err(Status::INVALID_PARAMETER);
        }
        unlocked(context, id, (range.offset, range.length), true)?;
        if range.length > 0 {
            context.server.change_data(id, context.now, |vfs, file| {
                vfs.zero(file, range.offset, range.length)
            })?;
        }
        processed += 1;
    }
    if out.remaining() >= 4 {
        FileLevelTrim::write_output(out, processed)?;
    }
    Ok(Status::SUCCESS)
}
