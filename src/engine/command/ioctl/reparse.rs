//! Reparse points ([MS-FSA] 2.1.5.10, [MS-FSCC] 2.1.2): kept for the client that set them. Links on the disk
//! are shown as such; a link that a client sets is data and leads nowhere on the router.

use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::{Error, Kind, Vfs};
use crate::wire::change_notify::{action, filter};
use crate::wire::reparse::{MAXIMUM_SIZE, Reparse};
use crate::wire::status::Status;
use crate::wire::{Reader, Writer, access};

/// One of these lets an opener change the reparse point.
const CHANGES: u32 = access::FILE_WRITE_DATA | access::FILE_WRITE_ATTRIBUTES;

/// FSCTL_GET_REPARSE_POINT.
pub fn get<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    let (vfs, file) = context.server.file_mut(id)?;
    if vfs.meta(file)?.reparse_tag == 0 {
        return Err(Status::NOT_A_REPARSE_POINT);
    }
    let length = match vfs.reparse(file, out.rest()) {
        Ok(length) => length,
        Err(Error::NotFound) => return Err(Status::NOT_A_REPARSE_POINT),
        Err(error) => return Err(error.into()),
    };
    out.advance(length)?;
    Ok(Status::SUCCESS)
}

/// The tag a change is about: that of a whole buffer, and of what is there already.
fn tags<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    tag: u32,
) -> Result<u32, Status> {
    if context.opened(id)?.access & CHANGES == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    // Tags 0, 1 and 2 are reserved.
    if tag <= 2 {
        return Err(Status::IO_REPARSE_TAG_INVALID);
    }
    let (vfs, file) = context.server.file_mut(id)?;
    let meta = vfs.meta(file)?;
    match meta.kind {
        // A link of the router's own is not a client's to change.
        Kind::Symlink | Kind::Special => Err(Status::ACCESS_DENIED),
        Kind::File | Kind::Directory => Ok(meta.reparse_tag),
    }
}

/// FSCTL_SET_REPARSE_POINT.
pub fn set<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    let tag = Reader::new(input)
        .u32()
        .map_err(|_| Status::IO_REPARSE_DATA_INVALID)?;
    let before = tags(context, id, tag)?;
    if input.len() > MAXIMUM_SIZE || Reparse::parse(input).is_err() {
        return Err(Status::IO_REPARSE_DATA_INVALID);
    }
    if before != 0 && before != tag {
        return Err(Status::IO_REPARSE_TAG_MISMATCH);
    }
    let directory = context.opened(id)?.kind == Kind::Directory;
    let (vfs, file) = context.server.file_mut(id)?;
    if directory && !vfs.is_empty(file)? {
        return Err(Status::DIRECTORY_NOT_EMPTY);
    }
    vfs.set_reparse(file, input)?;
    let server = &mut *context.server;
    server.changed(id, action::MODIFIED, filter::ATTRIBUTES);
    Ok(Status::SUCCESS)
}

/// FSCTL_DELETE_REPARSE_POINT: the input is a buffer without data that names the tag.
pub fn delete<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    input: &[u8],
) -> Result<Status, Status> {
    let named = Reparse::parse(input).map_err(|_| Status::IO_REPARSE_DATA_INVALID)?;
    if !named.data.is_empty() {
        return Err(Status::IO_REPARSE_DATA_INVALID);
    }
    let before = tags(context, id, named.tag)?;
    if before == 0 {
        return Err(Status::NOT_A_REPARSE_POINT);
    }
    if before != named.tag {
        return Err(Status::IO_REPARSE_TAG_MISMATCH);
    }
    let (vfs, file) = context.server.file_mut(id)?;
    vfs.set_reparse(file, &[])?;
    let server = &mut *context.server;
    server.changed(id, action::MODIFIED, filter::ATTRIBUTES);
    Ok(Status::SUCCESS)
}
