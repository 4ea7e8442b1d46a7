//! Opening what is there ([MS-FSA] 2.1.5.1.2).

use super::Made;
use super::checks::Wanted;
use crate::engine::context::Context;
use crate::vfs::{DataAccess, Error, Kind, Meta, Vfs};
use crate::wire::create::{Request, action, disposition};
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
    mut file: V::File,
    meta: Meta,
) -> Result<Made<V::File>, Status> {
    let (session, tree_maximum) = (context.session()?.0, context.tree()?.1.maximal_access);
    let directory = meta.kind == Kind::Directory;
    let stream = !wanted.path.stream.is_empty();
    if context.server.is_delete_pending(&meta.key) {
        return Err(Status::DELETE_PENDING);
    }
    let overwrites = match request.create_disposition {
        disposition::CREATE => return Err(Status::OBJECT_NAME_COLLISION),
        disposition::OPEN | disposition::OPEN_IF => false,
        _ => true,
    };
    match (directory, stream) {
        (true, false) if wanted.file => return Err(Status::FILE_IS_A_DIRECTORY),
        (true, false) if overwrites => return Err(Status::OBJECT_NAME_COLLISION),
        (false, _) if wanted.directory => return Err(Status::NOT_A_DIRECTORY),
        _ => {}
    }
    if meta.kind == Kind::Special {
        return Err(Status::ACCESS_DENIED);
    }

    let maximal_access = context.server.descriptor_access(session, &file)? & tree_maximum;
    let maximum_allowed = wanted.access & access::MAXIMUM_ALLOWED != 0;
    let mut granted = wanted.access & !access::MAXIMUM_ALLOWED;
    if granted & access::ACCESS_SYSTEM_SECURITY != 0 {
        return Err(Status::PRIVILEGE_NOT_HELD);
    }
    let needed = granted
        | if overwrites {
            access::FILE_WRITE_DATA
        } else {
            0
        };
    if needed & !maximal_access != 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if maximum_allowed {
        granted |= maximal_access;
    }
    let read_only = meta.attributes & attributes::READONLY != 0 && !directory;
    if read_only {
        if needed & CHANGES != 0 {
            return Err(Status::ACCESS_DENIED);
        }
        if wanted.delete_on_close {
            return Err(Status::CANNOT_DELETE);
        }
        if maximum_allowed {
            granted &= !CHANGES;
        }
    }
    if overwrites && !stream {
        let kept = attributes::HIDDEN | attributes::SYSTEM;
        if meta.attributes & kept & !request.file_attributes != 0 {
            return Err(Status::ACCESS_DENIED);
        }
    }
    context
        .server
        .check_sharing(&meta.key, needed | granted, request.share_access)?;
    if wanted.delete_on_close && directory && !context.server.vfs.is_empty(&mut file)? {
        return Err(Status::DIRECTORY_NOT_EMPTY);
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
        empty(context, request, &mut file, stream)?;
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

/// Empties a file that is overwritten or superseded: data, attributes, and its streams where it is the
/// file itself ([MS-FSA] 2.1.5.1.2.1).
fn empty<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    file: &mut V::File,
    stream: bool,
) -> Result<(), Status> {
    let server = &mut *context.server;
    server.vfs.truncate(file, 0)?;
    if !stream {
        let kept = request.file_attributes & attributes::SETTABLE & !attributes::NORMAL
            | attributes::ARCHIVE;
        match server.vfs.set_attributes(file, kept) {
            Ok(()) | Err(Error::Unsupported) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
