//! What a CREATE asks about durable handles: to be granted one, to come back to one, or to be told once more
//! what was made ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12, 3.3.5.9.13).

use super::checks::Wanted;
use super::{name_status, reply};
use crate::auth::same_name;
use crate::engine::Server;
use crate::engine::caching::{HANDLE, cached, of_level};
use crate::engine::context::{Answer, Context};
use crate::engine::durable::{Durable, TIMEOUT_LIMIT, TIMEOUT_V1, TIMEOUT_V2};
use crate::engine::open::{OpenId, Target};
use crate::engine::tree;
use crate::vfs::name;
use crate::vfs::{FileKey, Kind, Vfs};
use crate::wire::create::{Request, action, options};
use crate::wire::create_context::{
    Context as CreateContext, CreateContexts, DurableReconnect, DurableRequest,
};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;
use crate::wire::{FileId, Writer};

/// What the contexts ask about durable handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing.
    None,
    /// DHnQ.
    Request,
    /// DH2Q.
    RequestV2(DurableRequest),
    /// DHnC.
    Reconnect(FileId),
    /// DH2C.
    ReconnectV2(DurableReconnect),
}

impl Durability {
    /// Whether the client comes back to an open.
    pub fn is_reconnect(&self) -> bool {
        matches!(self, Durability::Reconnect(_) | Durability::ReconnectV2(_))
    }
}

/// What is told of durability in the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// DHnQ.
    V1,
    /// DH2Q.
    V2 {
        /// Milliseconds.
        timeout: u32,
    },
}

/// Finds what is asked about durable handles. Contexts that exclude each other are refused; asking for a
/// handle of version 1 while coming back to one is nothing new ([MS-SMB2] 3.3.5.9.6 and following).
pub fn durable(request: &Request<'_>) -> Result<Durability, Status> {
    let mut found = Durability::None;
    for context in CreateContexts::new(request.contexts) {
        let (name, data) = context?;
        let one = match CreateContext::parse(name, data)? {
            CreateContext::DurableHandleRequest => Durability::Request,
            CreateContext::DurableHandleRequestV2(request) => Durability::RequestV2(request),
            CreateContext::DurableHandleReconnect(id) => Durability::Reconnect(id),
            CreateContext::DurableHandleReconnectV2(id) => Durability::ReconnectV2(id),
            _ => continue,
        };
        found = match (found, one) {
            (Durability::None, one) => one,
            (Durability::Reconnect(id), Durability::Request)
            | (Durability::Request, Durability::Reconnect(id)) => Durability::Reconnect(id),
            _ => return Err(Status::INVALID_PARAMETER),
        };
    }
    Ok(found)
}

/// An open that the request is about and that is there already.
pub struct Found<F> {
    open: OpenId<F>,
    /// The CREATE that made it is sent again; otherwise the client comes back to it.
    replay: Option<Replay>,
}

struct Replay {
    level: u8,
    action: u32,
}

/// Finds the open a request comes back to or makes once more; none: a new one is to be made.
pub fn find<V: Vfs>(
    context: &mut Context<'_, V>,
    wanted: &mut Wanted<'_>,
    request: &Request<'_>,
) -> Result<Option<Found<V::File>>, Status> {
    let v2 = context.connection()?.dialect >= Dialect::Smb300;
    let open = match wanted.durable {
        Durability::None | Durability::Request => return Ok(None),
        Durability::Reconnect(id) => reconnect(context, wanted, id, None)?,
        Durability::RequestV2(_) | Durability::ReconnectV2(_) if !v2 => {
            // The dialect does not know these contexts.
            if wanted.durable.is_reconnect() {
                return Err(Status::INVALID_PARAMETER);
            }
            wanted.durable = Durability::None;
            return Ok(None);
        }
        Durability::ReconnectV2(back) => {
            reconnect(context, wanted, back.file_id, Some(back.create_guid))?
        }
        Durability::RequestV2(asked) => {
            return replay(context, wanted, &asked, request.requested_oplock_level);
        }
    };
    same_file(context, open, request)?;
    Ok(Some(Found { open, replay: None }))
}

/// Who comes back to a lease names its file as it is called now ([MS-SMB2] 3.3.5.9.7, 3.3.5.9.12).
fn same_file<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
) -> Result<(), Status> {
    if context.server.lease_context(id).is_none() {
        return Ok(());
    }
    let tree::Target::Disk(at) = context.tree()?.1.target else {
        return Err(Status::INVALID_PARAMETER);
    };
    let mut buffer = name::ParseBuffer::new();
    let room = name::room(&mut buffer, request.name, 0);
    let path = name::parse(request.name, room).map_err(name_status)?.path;
    let follow = request.create_options & options::OPEN_REPARSE_POINT == 0;
    let server = &mut *context.server;
    let named = server.vfs.lookup(at, path, follow);
    let object = server.opens.get(id).and_then(|open| open.object);
    let held = object.and_then(|object| server.objects.get(object));
    match (named, held) {
        (Ok((_, meta)), Some(held)) if meta.key == held.key => Ok(()),
        _ => Err(Status::INVALID_PARAMETER),
    }
}

/// Checks that a client may come back to an open ([MS-SMB2] 3.3.5.9.7, 3.3.5.9.12). One of version 1 has a
/// create GUID of zeros, and version 1 asks for none.
fn reconnect<V: Vfs>(
    context: &mut Context<'_, V>,
    wanted: &Wanted<'_>,
    file_id: FileId,
    create_guid: Option<[u8; 16]>,
) -> Result<OpenId<V::File>, Status> {
    let (session, share) = (context.session()?.0, context.tree()?.1.share);
    let client_guid = context.connection()?.client_guid;
    let server = &*context.server;
    let id = OpenId::<V::File>::from_u64(file_id.persistent);
    let durable = server
        .durable_of(id)
        .filter(|durable| {
            durable.granted
                && durable.deadline.is_some()
                && durable.share == share
                && create_guid.is_none_or(|guid| guid == durable.create_guid.unwrap_or_default())
        })
        .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
    // Who held a lease comes back with its key, and who held none without one.
    let lease = wanted.lease_context.as_ref().map(|lease| lease.lease_key);
    if server.lease_context(id).map(|lease| lease.lease_key) != lease
        || lease.is_some() && durable.client_guid != client_guid
    {
        return Err(Status::OBJECT_NAME_NOT_FOUND);
    }
    let same = server
        .proven_name(session)
        .is_some_and(|name| same_name(name, &durable.owner));
    if !same {
        return Err(Status::ACCESS_DENIED);
    }
    Ok(id)
}

/// Finds what a CREATE that may be sent again has made already ([MS-SMB2] 3.3.5.9.10).
fn replay<V: Vfs>(
    context: &mut Context<'_, V>,
    wanted: &Wanted<'_>,
    asked: &DurableRequest,
    level: u8,
) -> Result<Option<Found<V::File>>, Status> {
    let client_guid = context.connection()?.client_guid;
    let session = context.session()?.0;
    let server = &*context.server;
    let same = |durable: &Durable| {
        durable.create_guid == Some(asked.create_guid) && durable.client_guid == client_guid
    };
    let replays = context.header.is_replay();
    if server.is_pending(&asked.create_guid, &client_guid) {
        return Err(match replays {
            true => Status::FILE_NOT_AVAILABLE,
            false => Status::DUPLICATE_OBJECTID,
        });
    }
    if !replays {
        return match server.durables.find_from(0, same) {
            Some(_) => Err(Status::DUPLICATE_OBJECTID),
            None => Ok(None),
        };
    }
    // Once an open was used its client knows of it, and what comes is a new CREATE.
    let unused = |durable: &Durable| same(durable) && durable.unused;
    let Some(durable) = server
        .durables
        .find_from(0, unused)
        .and_then(|durable| server.durables.get(durable))
    else {
        return Ok(None);
    };
    let open = OpenId::<V::File>::from_u64(durable.open);
    let theirs = server
        .opens
        .get(open)
        .is_some_and(|open| open.session == session);
    if !theirs {
        return Err(Status::DUPLICATE_OBJECTID);
    }
    // A lease that is asked for must be the open's own.
    let held = server.lease_context(open).map(|lease| lease.lease_key);
    if let Some(lease) = &wanted.lease
        && held != Some(lease.lease.key)
    {
        return Err(Status::ACCESS_DENIED);
    }
    let action = durable.action;
    Ok(Some(Found {
        open,
        replay: Some(Replay { level, action }),
    }))
}

/// Answers about an open that was found: attaches it again, or tells once more what was made.
pub fn answer<V: Vfs>(
    context: &mut Context<'_, V>,
    found: &Found<V::File>,
    wanted: &Wanted<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let id = found.open;
    let (session, tree, connection) = (context.session()?.0, context.tree()?.0, context.connection);
    let sequence = context.header.channel_sequence;
    let server = &mut *context.server;
    let open = server.opens.get(id).ok_or(Status::FILE_CLOSED)?;
    let Target::File(file) = &open.target else {
        return Err(Status::FILE_CLOSED);
    };
    let mut extras = reply::Extras {
        maximal_access: open.access,
        action: action::OPENED,
        meta: server.vfs.meta(file)?,
        durable: None,
        level: None,
    };
    match &found.replay {
        None => server.attach(id, session, tree, connection, sequence),
        Some(replay) => {
            // The answer is as if the level asked for now had been asked for before; a lease is what it is.
            extras.action = replay.action;
            let leased = server.lease_context(id).is_some();
            extras.level = Some(replay.level).filter(|_| !leased);
            let handle = match of_level(replay.level) {
                Some(caching) if !leased => caching & HANDLE != 0,
                _ => cached(open, &server.holders) & HANDLE != 0,
            };
            extras.durable = server
                .durable_of(id)
                .filter(|_| handle)
                .map(|durable| Granted::V2 {
                    timeout: durable.timeout,
                });
        }
    }
    super::answer(context, id, wanted, &extras, reply)
}

/// Makes a new open durable where that was asked for and it may cache the handle; what to tell of it.
pub fn grant<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Wanted<'_>,
    action: u32,
) -> Option<Granted> {
    let (create_guid, timeout) = match wanted.durable {
        Durability::Request => (None, TIMEOUT_V1),
        Durability::RequestV2(DurableRequest {
            timeout: 0,
            create_guid,
            ..
        }) => (Some(create_guid), TIMEOUT_V2),
        Durability::RequestV2(asked) => (Some(asked.create_guid), asked.timeout.min(TIMEOUT_LIMIT)),
        _ => return None,
    };
    let (session, client_guid) = (context.session?, context.connection().ok()?.client_guid);
    let share = context.tree().ok()?.1.share;
    let server = &mut *context.server;
    let owner = server.proven_name(session)?.clone();
    let open = server.opens.get(id)?;
    let caches = cached(open, &server.holders) & HANDLE != 0;
    let granted = caches && open.kind == Kind::File;
    if !granted && create_guid.is_none() {
        return None;
    }
    let durable = Durable {
        open: id.to_u64(),
        granted,
        create_guid,
        client_guid,
        owner,
        share,
        action,
        timeout,
        app_instance: wanted.app_instance.filter(|_| create_guid.is_some()),
        unused: true,
        deadline: None,
    };
    let kept = server.keep_durable(id, durable);
    match create_guid {
        _ if !kept || !granted => None,
        None => Some(Granted::V1),
        Some(_) => Some(Granted::V2 { timeout }),
    }
}

/// Closes what the application that opens the file now has left open elsewhere; true if there was anything.
pub fn replaces<V: Vfs>(
    context: &mut Context<'_, V>,
    wanted: &Wanted<'_>,
    key: &FileKey,
) -> Result<bool, Status> {
    let (Some(app_instance), Durability::RequestV2(_)) = (wanted.app_instance, wanted.durable)
    else {
        return Ok(false);
    };
    let client_guid = context.connection()?.client_guid;
    let session = context.session()?.0;
    let Server { objects, .. } = &*context.server;
    let Some(object) = objects.find(key) else {
        return Ok(false);
    };
    let Some(owner) = context.server.proven_name(session).cloned() else {
        return Ok(false);
    };
    Ok(context
        .server
        .replace_instance(object, &app_instance, &client_guid, &owner))
}
