//! Sharing extents between files ([MS-FSA] 2.1.5.10): what a disk with reflinks does for a copy.

use super::{data_open, unlocked};
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::engine::{Now, Server};
use crate::vfs::{DataAccess, Vfs};
use crate::wire::access;
use crate::wire::fsctl::DuplicateExtents;
use crate::wire::status::Status;

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
    let key = vfs.meta(file)?.key;
    let (vfs, file) = context.server.file_mut(source)?;
    let meta = vfs.meta(file)?;
    let length = wanted.byte_count;
    if wanted.source_file_offset.saturating_add(length) > meta.size {
        return Err(Status::NOT_SUPPORTED);
    }
    let apart = wanted
        .source_file_offset
        .abs_diff(wanted.target_file_offset);
    if key == meta.key && apart < length {
        return Err(Status::NOT_SUPPORTED);
    }
    unlocked(context, source, (wanted.source_file_offset, length), false)?;
    unlocked(context, target, (wanted.target_file_offset, length), true)?;
    let now = context.now;
    context.server.share_extents(source, target, wanted, now)?;
    Ok(Status::SUCCESS)
}

impl<V: Vfs> Server<V> {
    fn share_extents(
        &mut self,
        source: OpenId<V::File>,
        target: OpenId<V::File>,
        wanted: &DuplicateExtents,
        now: Now,
    ) -> Result<(), Status> {
        let (from, to, length) = (
            wanted.source_file_offset,
            wanted.target_file_offset,
            wanted.byte_count,
        );
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
