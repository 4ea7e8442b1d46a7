//! Sharing extents between files ([MS-FSA] 2.1.5.10): what a disk with reflinks does for a copy.

use super::data_open;
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::engine::{Now, Server};
use crate::vfs::{DataAccess, Meta, Vfs};
use crate::wire::fsctl::DuplicateExtents;
use crate::wire::status::Status;
use crate::wire::{access, attributes};

/// FSCTL_DUPLICATE_EXTENTS_TO_FILE.
pub fn plain<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    duplicate(context, id, &DuplicateExtents::parse(input)?)
}

/// FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX. The disk does all or nothing in any case.
pub fn extended<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    duplicate(context, id, &DuplicateExtents::parse_ex(input)?)
}

fn duplicate<V: Vfs>(
    context: &mut Context<'_, V>,
    target: OpenId<V::File>,
    wanted: &DuplicateExtents,
) -> Result<Status, Status> {
    data_open(context, target, access::FILE_WRITE_DATA)?;
    let related = context.chain.file;
    let source = context.open(wanted.source_file_id);
    context.chain.file = related;
    let source = source.map_err(|_| Status::INVALID_HANDLE)?;
    if matches!(context.opened(source)?.target, Target::Pipe(_)) {
        return Err(Status::INVALID_HANDLE);
    }
    data_open(context, source, access::FILE_READ_DATA)?;
    let (vfs, file) = context.server.file_mut(target)?;
    if !vfs.volume(file)?.reflink {
        return Err(Status::NOT_SUPPORTED);
    }
    let to = vfs.meta(file)?;
    let (vfs, file) = context.server.file_mut(source)?;
    let from = vfs.meta(file)?;
    let sparse = |meta: &Meta| meta.attributes & attributes::SPARSE_FILE != 0;
    if wanted.source_file_offset.saturating_add(wanted.byte_count) > from.size
        || (sparse(&from) && !sparse(&to))
    {
        return Err(Status::NOT_SUPPORTED);
    }
    let apart = wanted
        .source_file_offset
        .abs_diff(wanted.target_file_offset);
    if to.key == from.key && apart < wanted.byte_count {
        return Err(Status::NOT_SUPPORTED);
    }
    // The target never grows by this: a client lengthens it first. Locks are not looked at, as Windows has it.
    let length = to
        .size
        .saturating_sub(wanted.target_file_offset)
        .min(wanted.byte_count);
    if length > 0 {
        let now = context.now;
        context
            .server
            .share_extents(source, target, wanted, length, now)?;
    }
    Ok(Status::SUCCESS)
}

impl<V: Vfs> Server<V> {
    fn share_extents(
        &mut self,
        source: OpenId<V::File>,
        target: OpenId<V::File>,
        wanted: &DuplicateExtents,
        length: u64,
        now: Now,
    ) -> Result<(), Status> {
        let (from, to) = (wanted.source_file_offset, wanted.target_file_offset);
        // A handle of its own to read from: source and target may be one open.
        let (vfs, file) = self.file_mut(source)?;
        let mut reader = vfs.base(file)?;
        let data = DataAccess {
            read: true,
            write: false,
        };
        vfs.activate(&mut reader, data)?;
        self.change_data(target, now, |vfs, file| {
            vfs.duplicate(&reader, from, file, to, length)
        })
    }
}
