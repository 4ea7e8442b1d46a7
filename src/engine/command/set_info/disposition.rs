//! Deleting: a file is marked, and goes with its last open ([MS-FSA] 2.1.5.15.3, 2.1.5.15.4).

use super::{Refusal, break_handles};
use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::{Kind, Vfs};
use crate::wire::info::DispositionEx;
use crate::wire::status::Status;
use crate::wire::{access, attributes};

/// Marks a file for deletion, or takes the mark away.
pub fn set<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    delete: bool,
    even_read_only: bool,
) -> Result<(), Refusal> {
    let object = context.granted(id, access::DELETE)?.object;
    if delete {
        deletable(context, id, even_read_only)?;
        break_handles(context, object, Some(id))?;
    }
    if let Some(entry) = object.and_then(|object| context.server.objects.get_mut(object)) {
        entry.delete_pending = delete;
        entry.deleter = id.to_u64();
    }
    if delete && let Some(object) = object {
        context.server.answer_deleted(object);
    }
    Ok(())
}

/// The form with flags. What POSIX semantics promise, that the name is gone as soon as this handle is
/// closed while others go on, is not kept, so it is refused and clients ask in the old way.
pub fn set_ex<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &DispositionEx,
) -> Result<(), Refusal> {
    context.granted(id, access::DELETE)?;
    if wanted.flags & DispositionEx::POSIX_SEMANTICS != 0 {
        return Err(Status::NOT_SUPPORTED.into());
    }
    let even_read_only = wanted.flags & DispositionEx::IGNORE_READONLY_ATTRIBUTE != 0;
    if wanted.flags & DispositionEx::ON_CLOSE == 0 {
        return set(context, id, wanted.delete(), even_read_only);
    }
    // About this open's own delete-on-close, which it must have been opened with.
    if wanted.delete() {
        deletable(context, id, even_read_only)?;
    }
    let open = context
        .server
        .opens
        .get_mut(id)
        .ok_or(Status::FILE_CLOSED)?;
    if open.options & crate::wire::create::options::DELETE_ON_CLOSE == 0 {
        return Err(Status::NOT_SUPPORTED.into());
    }
    open.delete_on_close = wanted.delete();
    Ok(())
}

/// Whether a file may be marked: it is not read-only, not the share itself, and no directory that holds
/// something.
fn deletable<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    even_read_only: bool,
) -> Result<(), Status> {
    let kind = context.opened(id)?.kind;
    let (vfs, file) = context.server.file_mut(id)?;
    let meta = vfs.meta(file)?;
    if meta.attributes & attributes::READONLY != 0 && !even_read_only {
        return Err(Status::CANNOT_DELETE);
    }
    if kind == Kind::Directory && meta.key.stream == 0 {
        let mut room = [0; 1];
        // Any path but the root's is longer than nothing.
        if vfs.path(file, &mut room) == Ok(0) {
            return Err(Status::CANNOT_DELETE);
        }
        if !vfs.is_empty(file)? {
            return Err(Status::DIRECTORY_NOT_EMPTY);
        }
    }
    Ok(())
}
