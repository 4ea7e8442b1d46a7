//! New names: renaming and linking ([MS-FSA] 2.1.5.15.8, 2.1.5.15.11).

use super::{Refusal, break_handles};
use crate::engine::Server;
use crate::engine::access::DESCRIPTOR;
use crate::engine::command::create::name_status;
use crate::engine::context::Context;
use crate::engine::open::{Object, ObjectId, OpenId, Target};
use crate::engine::tree;
use crate::vfs::name::{self, StreamType};
use crate::vfs::{At, Error, FileKey, Kind, SharePath, Vfs};
use crate::wire::change_notify::{action, filter};
use crate::wire::create::share;
use crate::wire::info::Rename;
use crate::wire::status::Status;
use crate::wire::{access, attributes};

const BACKSLASH: [u8; 2] = *b"\\\0";
const COLON: [u8; 2] = *b":\0";

/// Gives the file another name.
pub fn rename<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Rename<'_>,
    flags: u32,
) -> Result<(), Refusal> {
    let open = context.granted(id, access::DELETE)?;
    let directory = open.kind == Kind::Directory;
    let (vfs, file) = context.server.file_mut(id)?;
    let own = vfs.meta(file)?.key;
    if context.server.is_delete_pending(&own) {
        return Err(Status::ACCESS_DENIED.into());
    }
    let mut buffer = name::ParseBuffer::new();
    let to = destination(wanted, &mut buffer)?;
    if to.path.is_empty() {
        return Ok(rename_stream(context, id, to, wanted.replace_if_exists)?);
    }
    if own.stream != 0 {
        // A stream cannot leave its file, nor be named by a path.
        return Err(Status::SHARING_VIOLATION.into());
    }
    if !to.stream.is_empty() {
        return Err(Status::INVALID_PARAMETER.into());
    }
    let at = place(context, to.path, directory)?;
    let taken = Taken {
        replace: wanted.replace_if_exists,
        even_read_only: flags & Rename::IGNORE_READONLY_ATTRIBUTE != 0,
        even_open: flags & Rename::POSIX_SEMANTICS != 0,
    };
    let replaces = may_replace(context, at, to, &own, directory, &taken)?;
    if directory && let Some(below) = context.server.open_below(id, at)? {
        // It may be open only in the cache of a client.
        break_handles(context, Some(below), None)?;
        return Err(Status::ACCESS_DENIED.into());
    }
    let object = context.opened(id)?.object;
    break_handles(context, object, Some(id))?;
    let before = context.server.before_rename(id);
    let left = context.server.leased_folder_of(id);
    let (vfs, file) = context.server.file_mut(id)?;
    vfs.rename(file, to, wanted.replace_if_exists)?;
    let come = context.server.leased_folder_of(id);
    let parent = context.server.parent_key(id);
    context.server.folder_changed(left, parent);
    if come != left {
        context.server.folder_changed(come, parent);
    }
    if let Some(before) = before {
        context.server.renamed(id, before, replaces);
    }
    Ok(())
}

/// Gives the file one more name.
pub fn link<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Rename<'_>,
) -> Result<(), Refusal> {
    // The right needed is that to the folder; but nothing is made on a share that is only read.
    if context.tree()?.1.maximal_access & access::FILE_WRITE_DATA == 0 {
        return Err(Status::ACCESS_DENIED.into());
    }
    if context.opened(id)?.kind == Kind::Directory {
        return Err(Status::FILE_IS_A_DIRECTORY.into());
    }
    let (vfs, file) = context.server.file_mut(id)?;
    let own = vfs.meta(file)?.key;
    if context.server.is_delete_pending(&own) {
        return Err(Status::ACCESS_DENIED.into());
    }
    let mut buffer = name::ParseBuffer::new();
    let to = destination(wanted, &mut buffer)?;
    if own.stream != 0 || to.path.is_empty() || !to.stream.is_empty() {
        return Err(Status::INVALID_PARAMETER.into());
    }
    let at = place(context, to.path, false)?;
    let taken = Taken {
        replace: wanted.replace_if_exists,
        even_read_only: false,
        even_open: false,
    };
    may_replace(context, at, to, &own, false, &taken)?;
    let object = context.opened(id)?.object;
    break_handles(context, object, Some(id))?;
    let (vfs, file) = context.server.file_mut(id)?;
    vfs.link(file, to, wanted.replace_if_exists)?;
    let server = &mut *context.server;
    if (server.watched_root(id).is_some() || server.folder_leases > 0)
        && let Ok((file, _)) = server.vfs.lookup(at, to, false)
    {
        let folder = server.leased_folder(&file);
        let parent = server.parent_key(id);
        server.folder_changed(folder, parent);
        server.changed_file(at.root, &file, action::ADDED, filter::FILE_NAME);
    }
    Ok(())
}

/// Where the new name leads: a path from the share's root, or a stream of the same file.
fn destination<'a>(
    wanted: &Rename<'a>,
    buffer: &'a mut name::ParseBuffer,
) -> Result<SharePath<'a>, Status> {
    if wanted.root_directory != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let text = wanted.file_name;
    let text = text.strip_prefix(&BACKSLASH).unwrap_or(text);
    let room = name::room(buffer, text, 0);
    let parsed = name::parse(text, room).map_err(name_status)?;
    if text.starts_with(&COLON) {
        if parsed.stream_type == Some(StreamType::IndexAllocation) {
            return Err(Status::OBJECT_NAME_INVALID);
        }
        return Ok(parsed.path);
    }
    if parsed.path.path.is_empty() || parsed.trailing_separator {
        return Err(Status::OBJECT_NAME_INVALID);
    }
    Ok(parsed.path)
}

/// Checks the folder the new name is to stand in: it is there, this user may add to it, and those who have it
/// open allow it. A rename opens it for adding, sharing everything but its deletion.
fn place<V: Vfs>(
    context: &mut Context<'_, V>,
    path: &[u8],
    directory: bool,
) -> Result<At, Refusal> {
    let session = context.session()?.0;
    let tree::Target::Disk(at) = context.tree()?.1.target else {
        return Err(Status::INVALID_DEVICE_REQUEST.into());
    };
    // What is not to be opened cannot be replaced either.
    if context.server.is_vetoed(context.tree()?.1.share, path) {
        return Err(Status::ACCESS_DENIED.into());
    }
    let parent = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => path.get(..slash).unwrap_or_default(),
        None => &[],
    };
    let folder = SharePath {
        path: parent,
        stream: &[],
    };
    let server = &mut *context.server;
    let (folder, meta) = server
        .vfs
        .lookup(at, folder, true)
        .map_err(|error| match error {
            Error::NotFound | Error::NotDirectory => Status::OBJECT_PATH_NOT_FOUND,
            error => error.into(),
        })?;
    if meta.kind != Kind::Directory {
        return Err(Status::OBJECT_PATH_NOT_FOUND.into());
    }
    if server.is_delete_pending(&meta.key) {
        return Err(Status::DELETE_PENDING.into());
    }
    let adds = if directory {
        access::FILE_ADD_SUBDIRECTORY
    } else {
        access::FILE_ADD_FILE
    };
    if meta.described && server.descriptor_access(session, &folder)? & adds == 0 {
        return Err(Status::ACCESS_DENIED.into());
    }
    if let Err(status) = server.check_sharing(&meta.key, adds, share::READ | share::WRITE) {
        // It may be open only in the cache of a client.
        let object = server.objects.find(&meta.key);
        break_handles(context, object, None)?;
        return Err(status.into());
    }
    Ok(at)
}

/// What may happen to a file that has the new name already.
struct Taken {
    replace: bool,
    even_read_only: bool,
    even_open: bool,
}

/// Checks what stands where the new name is to be, unless it is the file itself; whether anything does.
fn may_replace<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    to: SharePath<'_>,
    own: &FileKey,
    directory: bool,
    taken: &Taken,
) -> Result<bool, Refusal> {
    let session = context.session()?.0;
    let server = &mut *context.server;
    let (target, meta) = match server.vfs.lookup(at, to, false) {
        Ok(found) => found,
        Err(Error::NotFound) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if meta.key == *own {
        return Ok(false);
    }
    if !taken.replace {
        return Err(Status::OBJECT_NAME_COLLISION.into());
    }
    let read_only = meta.attributes & attributes::READONLY != 0 && !taken.even_read_only;
    if directory || meta.kind == Kind::Directory || read_only {
        return Err(Status::ACCESS_DENIED.into());
    }
    if server.named_access(session, at, to, (&target, &meta))? & access::DELETE == 0 {
        return Err(Status::ACCESS_DENIED.into());
    }
    let in_the_way = |object, _: &Object| {
        let mut opens = server.opens_of(object);
        opens.any(|(_, open)| !(taken.even_open && open.share_access & share::DELETE != 0))
    };
    let held = server.objects.find_of_file(&meta.key, in_the_way);
    if held.is_some() {
        // It may be open only in the cache of a client.
        let object = server.objects.find(&meta.key);
        break_handles(context, object, None)?;
        return Err(Status::ACCESS_DENIED.into());
    }
    Ok(true)
}

/// Gives a stream another name. Its name is part of what identifies it, so nobody else may have it open.
fn rename_stream<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    to: SharePath<'_>,
    replace: bool,
) -> Result<(), Status> {
    let server = &mut *context.server;
    let (vfs, file) = server.file_mut(id)?;
    let before = vfs.meta(file)?.key;
    if before.stream == 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let object = server.opens.get(id).and_then(|open| open.object);
    let others = object
        .and_then(|object| server.objects.get(object))
        .is_some_and(|object| object.opens > 1);
    if others {
        return Err(Status::SHARING_VIOLATION);
    }
    // The file's own data must not be known to anybody when a stream takes its place.
    let base = FileKey {
        stream: 0,
        ..before
    };
    if to.stream.is_empty() && server.objects.find(&base).is_some() {
        return Err(Status::SHARING_VIOLATION);
    }
    let told = server.before_rename(id);
    let (vfs, file) = server.file_mut(id)?;
    vfs.rename(file, to, replace)?;
    let after = vfs.meta(file)?.key;
    if let Some(object) = object {
        server.objects.rekey(object, after);
    }
    if let Some(before) = told {
        server.renamed(id, before, false);
    }
    Ok(())
}

impl<V: Vfs> Server<V> {
    /// Something that anybody has open below this directory ([MS-FSA] 2.1.4.2).
    fn open_below(&mut self, id: OpenId<V::File>, at: At) -> Result<Option<ObjectId>, Status> {
        let Server {
            opens,
            trees,
            vfs,
            scratch,
            ..
        } = self;
        let (folder, below) = scratch.split_at_mut(DESCRIPTOR);
        let open = opens.get(id).ok_or(Status::FILE_CLOSED)?;
        let Target::File(file) = &open.target else {
            return Ok(None);
        };
        let length = vfs.path(file, folder)?;
        let folder = folder.get(..length).unwrap_or_default();
        for (other, open) in opens.iter() {
            let same_share = trees.get(open.tree).is_some_and(
                |tree| matches!(tree.target, tree::Target::Disk(there) if there.root == at.root),
            );
            let Target::File(file) = &open.target else {
                continue;
            };
            if other == id || !same_share {
                continue;
            }
            let Ok(length) = vfs.path(file, below) else {
                continue;
            };
            let path = below.get(..length).unwrap_or_default();
            let rest = path.strip_prefix(folder);
            if rest.is_some_and(|rest| rest.first() == Some(&b'/')) {
                return Ok(open.object);
            }
        }
        Ok(None)
    }
}
