//! Making what is not there ([MS-FSA] 2.1.5.1.1).

use super::Made;
use super::checks::Wanted;
use crate::engine::access::{DESCRIPTOR, token};
use crate::engine::context::Context;
use crate::vfs::{At, DataAccess, Error, Meta, New, SharePath, Vfs};
use crate::wire::change_notify::{action as change, filter};
use crate::wire::create::{Request, action, disposition, options};
use crate::wire::security::{
    Child, SecurityDescriptor, Sid, control, information, inherit, merge, synthesise,
};
use crate::wire::status::Status;
use crate::wire::{Writer, access, attributes};

/// Makes a file, directory or stream where the disposition allows it. `folder`: where it was found missing.
pub fn make<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    folder: Option<V::Folder>,
) -> Result<Made<V::File>, Status> {
    if matches!(
        request.create_disposition,
        disposition::OPEN | disposition::OVERWRITE
    ) {
        return Err(Status::OBJECT_NAME_NOT_FOUND);
    }
    let maximum = context.tree()?.1.maximal_access;
    if maximum & access::FILE_WRITE_DATA == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if wanted.access & access::ACCESS_SYSTEM_SECURITY != 0 {
        return Err(Status::PRIVILEGE_NOT_HELD);
    }
    let stream = !wanted.path.stream.is_empty();
    // A directory has no TEMPORARY ([MS-FSA] 2.1.5.1).
    if wanted.directory && request.file_attributes & attributes::TEMPORARY != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    if wanted.delete_on_close && request.file_attributes & attributes::READONLY != 0 {
        return Err(Status::CANNOT_DELETE);
    }
    let granted = match wanted.access & access::MAXIMUM_ALLOWED {
        0 => wanted.access,
        _ => wanted.access & !access::MAXIMUM_ALLOWED | maximum,
    };
    let stored = may_make(context, at, wanted, folder.as_ref())?;
    let new = New {
        directory: wanted.directory,
        attributes: request.file_attributes & attributes::SETTABLE & !attributes::NORMAL
            | if wanted.directory || stream {
                0
            } else {
                attributes::ARCHIVE
            },
        access: DataAccess {
            read: true,
            write: !wanted.directory,
        },
        now: context.now.wall,
    };
    let vfs = &mut context.server.vfs;
    let made = match &folder {
        Some(folder) if !stream => vfs.create_in(folder, wanted.path, &new),
        _ => vfs.create(at, wanted.path, &new),
    };
    let (mut file, mut meta) = match made {
        Err(Error::NotFound) if stream => {
            make_with_stream(context, at, request, wanted, &new, stored)?
        }
        made => made?,
    };
    if !stream && let Err(status) = describe(context, stored, wanted, &mut file) {
        let _ = context.server.vfs.remove(&mut file);
        return Err(status);
    }
    if request.create_options & options::NO_COMPRESSION != 0
        && meta.attributes & attributes::COMPRESSED != 0
    {
        context.server.vfs.set_compressed(&mut file, false)?;
        meta = context.server.vfs.meta(&file)?;
    }
    Ok(Made {
        file,
        meta,
        action: action::CREATED,
        access: granted,
        maximal_access: maximum,
    })
}

/// Checks that this user may add to the folder, or may write to the file that gets a stream more
/// ([MS-FSA] 2.1.5.1.1). How long the folder's descriptor is, which is at the start of the scratch then.
fn may_make<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    wanted: &Wanted<'_>,
    folder: Option<&V::Folder>,
) -> Result<usize, Status> {
    let session = context.session()?.0;
    let server = &mut *context.server;
    if !wanted.path.stream.is_empty() {
        let base = SharePath {
            stream: &[],
            ..wanted.path
        };
        if let Ok((base, _)) = server.vfs.lookup(at, base, true) {
            let needed = wanted.access & !access::MAXIMUM_ALLOWED | access::FILE_WRITE_DATA;
            return match needed & !server.descriptor_access(session, &base)? {
                0 => Ok(0),
                _ => Err(Status::ACCESS_DENIED),
            };
        }
    }
    let Some(stored) = server.folder_descriptor(at, wanted.path, folder)? else {
        return Ok(0);
    };
    let adds = if wanted.directory {
        access::FILE_ADD_SUBDIRECTORY
    } else {
        access::FILE_ADD_FILE
    };
    if server.access_by(session, stored)? & adds == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    Ok(stored)
}

/// Makes a file for a stream to be made with it.
fn make_with_stream<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    new: &New,
    stored: usize,
) -> Result<(V::File, Meta), Status> {
    let base = SharePath {
        stream: &[],
        ..wanted.path
    };
    let of_base = New {
        attributes: request.file_attributes & attributes::SETTABLE & !attributes::NORMAL
            | attributes::ARCHIVE,
        ..*new
    };
    let (mut file, _) = context.server.vfs.create(at, base, &of_base)?;
    let made = describe(context, stored, wanted, &mut file)
        .and_then(|()| Ok(context.server.vfs.create(at, wanted.path, new)?));
    if made.is_err() {
        let _ = context.server.vfs.remove(&mut file);
    } else {
        let server = &mut *context.server;
        let folder = server.leased_folder(&file);
        let parent = wanted.lease.and_then(|asked| asked.lease.parent);
        server.folder_changed(folder, parent);
        server.changed_file(at.root, &file, change::ADDED, filter::FILE_NAME);
    }
    made
}

/// Gives a new file the descriptor that was sent with it, or what it inherits from its folder
/// ([MS-DTYP] 2.5.3.4), the first `stored` bytes of the scratch. Nothing is stored where neither is there: the
/// disk's own rights then count.
fn describe<V: Vfs>(
    context: &mut Context<'_, V>,
    stored: usize,
    wanted: &Wanted<'_>,
    file: &mut V::File,
) -> Result<(), Status> {
    let own = token(context.session()?.1, &context.server.setup.guid)
        .first()
        .copied()
        .unwrap_or(Sid::NOBODY);
    let child = Child {
        directory: wanted.directory,
        owner: own,
        group: Sid::USERS,
    };
    let server = &mut *context.server;
    let (parent_bytes, composed) = server.scratch.split_at_mut(DESCRIPTOR);
    let mut length = 0;
    if stored > 0
        && let Some(parent) = parent_bytes.get(..stored)
        && let Ok(parent) = SecurityDescriptor::parse(parent)
    {
        let mut w = Writer::new(composed);
        if inherit(&parent, &child, &mut w).unwrap_or(false) {
            length = w.position();
        }
    }
    if let Some(sent) = wanted.descriptor {
        let sent = SecurityDescriptor::parse(sent).map_err(|_| Status::INVALID_SECURITY_DESCR)?;
        let mut parts = information::DACL | information::OWNER | information::GROUP;
        if sent.owner.is_none() {
            parts &= !information::OWNER;
        }
        if sent.group.is_none() {
            parts &= !information::GROUP;
        }
        let mut base = SecurityDescriptor {
            control: 0,
            owner: Some(child.owner),
            group: Some(child.group),
            sacl: None,
            dacl: None,
        };
        if sent.control & control::DACL_PRESENT == 0 {
            // None was sent: it is as if only the owner were named.
            parts &= !information::DACL;
            if length == 0 && parts == 0 {
                return Ok(());
            }
            if length == 0 {
                let meta = server.vfs.meta(file)?;
                let mut w = Writer::new(composed);
                synthesise(meta.uid, meta.gid, meta.mode, wanted.directory, &mut w)?;
                length = w.position();
            }
            let bytes = composed.get(..length).unwrap_or_default();
            base = SecurityDescriptor::parse(bytes).map_err(|_| Status::INTERNAL_ERROR)?;
        }
        let mut w = Writer::new(parent_bytes);
        merge(&base, &sent, parts, &mut w).map_err(|_| Status::INVALID_SECURITY_DESCR)?;
        let merged = w.position();
        let bytes = parent_bytes.get(..merged).unwrap_or_default();
        return store(server.vfs.set_security(file, bytes));
    }
    match composed.get(..length) {
        Some(bytes) if length > 0 => store(server.vfs.set_security(file, bytes)),
        _ => Ok(()),
    }
}

/// A disk that keeps no descriptors is no reason to refuse a file.
fn store(result: Result<(), Error>) -> Result<(), Status> {
    match result {
        Ok(()) | Err(Error::Unsupported) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
