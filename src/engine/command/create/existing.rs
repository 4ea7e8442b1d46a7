//! Opening what is there ([MS-FSA] 2.1.5.1.2).

use core::ops::ControlFlow;

use super::checks::Wanted;
use super::overwrite::empty;
use super::{Made, Refusal, durable};
use crate::engine::Server;
use crate::engine::caching::{self, Breaker, HolderId, Reason};
use crate::engine::context::Context;
use crate::engine::tree;
use crate::vfs::{DataAccess, Error, Kind, Meta, Vfs};
use crate::wire::create::{Request, action, disposition, options};
use crate::wire::status::Status;
use crate::wire::{access, attributes};

const WRITES: u32 = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;
/// Rights that change a file and are refused where it is read-only.
const CHANGES: u32 = WRITES | access::FILE_DELETE_CHILD;

/// Opens a file that was found, and empties it where the disposition says so.
pub fn open<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    own: Option<HolderId>,
    mut file: V::File,
    meta: Meta,
) -> Result<Made<V::File>, Refusal> {
    let (session, tree_maximum) = (context.session()?.0, context.tree()?.1.maximal_access);
    let directory = meta.kind == Kind::Directory;
    let stream = !wanted.path.stream.is_empty();
    if context.server.is_delete_pending(&meta.key) {
        return Err(Refusal::Status(Status::DELETE_PENDING));
    }
    let overwrites = match request.create_disposition {
        disposition::CREATE => return Err(Refusal::Status(Status::OBJECT_NAME_COLLISION)),
        disposition::OPEN | disposition::OPEN_IF => false,
        _ => true,
    };
    match (directory, stream) {
        (true, false) if wanted.file => return Err(Refusal::Status(Status::FILE_IS_A_DIRECTORY)),
        (true, false) if overwrites => return Err(Refusal::Status(Status::OBJECT_NAME_COLLISION)),
        (false, _) if wanted.directory => return Err(Refusal::Status(Status::NOT_A_DIRECTORY)),
        _ => {}
    }
    if meta.kind == Kind::Special {
        return Err(Refusal::Status(Status::ACCESS_DENIED));
    }

    let tree::Target::Disk(at) = context.tree()?.1.target else {
        return Err(Refusal::Status(Status::INVALID_PARAMETER));
    };
    let maximal_access = context
        .server
        .named_access(session, at, wanted.path, (&file, &meta))?
        & tree_maximum;
    let maximum_allowed = wanted.access & access::MAXIMUM_ALLOWED != 0;
    let mut granted = wanted.access & !access::MAXIMUM_ALLOWED;
    if granted & access::ACCESS_SYSTEM_SECURITY != 0 {
        return Err(Refusal::Status(Status::PRIVILEGE_NOT_HELD));
    }
    let mut needed = granted;
    if overwrites {
        needed |= access::FILE_WRITE_DATA;
    }
    if wanted.delete_on_close {
        // Whoever asks for the most there is may be granted less than this takes.
        needed |= access::DELETE;
    }
    if needed & !maximal_access != 0 {
        return Err(Refusal::Status(Status::ACCESS_DENIED));
    }
    if maximum_allowed {
        granted |= maximal_access;
    }
    let read_only = meta.attributes & attributes::READONLY != 0 && !directory;
    if read_only {
        if needed & CHANGES != 0 {
            return Err(Refusal::Status(Status::ACCESS_DENIED));
        }
        if wanted.delete_on_close {
            return Err(Refusal::Status(Status::CANNOT_DELETE));
        }
        if maximum_allowed {
            granted &= !CHANGES;
        }
    }
    if overwrites && !stream {
        let kept = attributes::HIDDEN | attributes::SYSTEM;
        if meta.attributes & kept & !request.file_attributes != 0 {
            return Err(Refusal::Status(Status::ACCESS_DENIED));
        }
    }
    share(
        context,
        request,
        wanted,
        &meta,
        own,
        needed | granted,
        overwrites,
    )?;
    if wanted.delete_on_close && directory && !is_dying(context.server, &mut file)? {
        return Err(Refusal::Status(Status::DIRECTORY_NOT_EMPTY));
    }

    activate(
        context,
        &mut file,
        &mut granted,
        overwrites,
        maximum_allowed,
        directory,
    )?;
    let mut meta = meta;
    let mut action = action::OPENED;
    if overwrites {
        empty(context, request, wanted, &mut file)?;
        meta = context.server.vfs.meta(&file)?;
        action = if request.create_disposition == disposition::SUPERSEDE {
            action::SUPERSEDED
        } else {
            action::OVERWRITTEN
        };
    }
    Ok(Made {
        file,
        meta,
        action,
        access: granted,
        maximal_access,
    })
}

/// Whether a directory holds nothing but what goes away itself with its last open. That may keep it from being
/// deleted in the end, as [MS-FSA] 2.1.5.5 has it, but not from being opened for it.
fn is_dying<V: Vfs>(server: &mut Server<V>, directory: &mut V::File) -> Result<bool, Status> {
    let Server { vfs, objects, .. } = server;
    if vfs.is_empty(directory)? {
        return Ok(true);
    }
    let list = DataAccess {
        read: true,
        write: false,
    };
    let mut listed = vfs.base(directory)?;
    if vfs.activate(&mut listed, list).is_err() {
        return Ok(false);
    }
    let mut dying = true;
    vfs.list(&mut listed, 0, true, &mut |entry| {
        dying = entry
            .meta
            .and_then(|meta| objects.get(objects.find(&meta.key)?))
            .is_some_and(|object| object.delete_pending);
        match dying {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(dying)
}

/// Checks the share modes, and has others give up what they cache. A conflict may go away when a cached
/// handle is closed ([MS-FSA] 2.1.5.1.2).
fn share<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    meta: &Meta,
    own: Option<HolderId>,
    rights: u32,
    overwrites: bool,
) -> Result<(), Refusal> {
    if durable::replaces(context, wanted, &meta.key)? {
        return Err(Refusal::Again);
    }
    let deletes = request.create_options & options::DELETE_ON_CLOSE != 0;
    let (now, again) = (context.now, context.again);
    let server = &mut *context.server;
    let shared = server.check_sharing(&meta.key, rights, request.share_access);
    if caching::only_looks(rights) {
        return Ok(shared?);
    }
    if let Some(object) = server.objects.find(&meta.key) {
        let reason = match (shared.is_err(), overwrites) {
            (true, false) => Reason::Conflict,
            (true, true) => Reason::ConflictOverwrite,
            (false, true) => Reason::Overwrite,
            (false, false) if caching::only_looks(rights & !access::READ_CONTROL) => Reason::Glance,
            (false, false) => Reason::Open,
        };
        let breaker = Breaker {
            open: 0,
            holder: own,
            again,
        };
        // Whose client is away cannot answer. Its file may be gone with it: the look is repeated.
        if server.yield_detached(object, breaker, reason) {
            return Err(Refusal::Again);
        }
        let mut wait = server.break_caching(object, breaker, reason, now);
        // Handles are asked for once writes are given back, as a change of its own: to a client that is told of
        // both as one change (of one epoch), as Linux is, the second step says nothing new.
        if !wait && deletes && shared.is_ok() {
            wait = server.break_caching(object, breaker, Reason::Name, now);
        }
        if wait {
            return Err(Refusal::Wait(object));
        }
    }
    Ok(shared?)
}

/// Opens the file for the data access granted. Who asked for the most there is gets less where the disk
/// refuses writing.
fn activate<V: Vfs>(
    context: &mut Context<'_, V>,
    file: &mut V::File,
    granted: &mut u32,
    overwrites: bool,
    maximum: bool,
    directory: bool,
) -> Result<(), Status> {
    let mut data = DataAccess {
        read: *granted & (access::FILE_READ_DATA | access::FILE_EXECUTE) != 0,
        write: !directory && (overwrites || *granted & WRITES != 0),
    };
    if !data.read && !data.write {
        return Ok(());
    }
    match context.server.vfs.activate(file, data) {
        Err(Error::AccessDenied | Error::ReadOnly) if maximum && data.write && !overwrites => {
            data.write = false;
            *granted &= !WRITES;
            context
                .server
                .vfs
                .activate(file, data)
                .map_err(Status::from)
        }
        result => result.map_err(Status::from),
    }
}
