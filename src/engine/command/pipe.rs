//! Named pipes on IPC$: what CREATE, READ, WRITE and FSCTL_PIPE_TRANSCEIVE do there
//! ([MS-SMB2] 3.3.5.9, 3.3.5.12, 3.3.5.13, 3.3.5.15.10).

use crate::engine::Server;
use crate::engine::account;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{Listing, Open, OpenId, Target};
use crate::engine::session::Identity;
use crate::engine::shares::{IPC, rights};
use crate::memory::Handle;
use crate::pipe::{
    Caller, Endpoint, Error, Facts, Pipe, ShareFact, ShareKind, UserFact, offline, server_type,
};
use crate::vfs::{Kind, Vfs};
use crate::wire::status::Status;
use crate::wire::{FileId, Writer, access, create, read, utf16};

/// Opens a pipe by name.
pub fn create<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &create::Request<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let mut name = [0; 64];
    let length =
        utf16::decode(request.name, &mut name).map_err(|_| Status::OBJECT_NAME_NOT_FOUND)?;
    let name = name.get(..length).unwrap_or_default();
    let endpoint = Endpoint::by_name(name).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
    let (session, tree) = (context.session()?.0, context.tree()?.0);
    let server = &mut *context.server;
    if !server.may_open(context.connection) || !server.may_open_pipe(context.connection) {
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    let pipe = server
        .pipes
        .insert(Pipe::new(endpoint))
        .map_err(|_| Status::PIPE_NOT_AVAILABLE)?;
    let open = Open {
        session,
        tree,
        target: Target::Pipe(pipe),
        object: None,
        kind: Kind::File,
        access: access::map_generic(request.desired_access) & access::FILE_ALL_ACCESS,
        share_access: request.share_access,
        options: request.create_options,
        delete_on_close: false,
        position: 0,
        cursor: 0,
        listing: Listing::default(),
        write_time_fixed: false,
        change_time_fixed: false,
        wrote: false,
        renamed: false,
        lock_sequences: [0; 65],
        holder: None,
        durable: None,
        channel_sequence: context.header.channel_sequence,
        next: None,
    };
    let id = server
        .opens
        .insert(open)
        .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
    let file_id = FileId {
        persistent: id.to_u64(),
        volatile: id.to_u64(),
    };
    context.chain.file = Some(file_id);
    let response = create::Response {
        oplock_level: create::oplock::NONE,
        flags: 0,
        create_action: create::action::OPENED,
        creation_time: 0,
        last_access_time: 0,
        last_write_time: 0,
        change_time: 0,
        allocation_size: 4_096,
        end_of_file: 0,
        file_attributes: crate::wire::attributes::NORMAL,
        file_id,
    };
    response.write(reply)?;
    Ok(Outcome::Done)
}

fn pipe_of<V: Vfs>(context: &Context<'_, V>, id: OpenId<V::File>) -> Result<Handle<Pipe>, Status> {
    match context.opened(id)?.target {
        Target::Pipe(pipe) => Ok(pipe),
        Target::File(_) => Err(Status::INVALID_DEVICE_REQUEST),
    }
}

/// Reads what the pipe has answered.
pub fn read<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    length: u32,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let pipe = pipe_of(context, id)?;
    let body = reply.position();
    read::Response { data_length: 0 }.write(reply)?;
    let (bytes, more) = take(context, pipe, length, reply)?;
    reply.truncate(body);
    read::Response { data_length: bytes }.write(reply)?;
    reply.advance(bytes as usize)?;
    Ok(if more {
        Outcome::With(Status::BUFFER_OVERFLOW)
    } else {
        Outcome::Done
    })
}

/// Puts the next answer behind what is written; how many bytes, and whether there are more.
fn take<V: Vfs>(
    context: &mut Context<'_, V>,
    pipe: Handle<Pipe>,
    length: u32,
    reply: &mut Writer<'_>,
) -> Result<(u32, bool), Status> {
    let pipe = context
        .server
        .pipes
        .get_mut(pipe)
        .ok_or(Status::PIPE_DISCONNECTED)?;
    if pipe.available() == 0 {
        return Err(if pipe.is_disconnected() {
            Status::PIPE_DISCONNECTED
        } else {
            Status::PIPE_EMPTY
        });
    }
    let rest = reply.rest();
    let room = rest.len().min(length as usize);
    let found = pipe.read(&mut rest[..room]);
    Ok((found.bytes as u32, found.more))
}

/// Hands the pipe what the client wrote.
pub fn write<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    data: &[u8],
) -> Result<(), Status> {
    let handle = pipe_of(context, id)?;
    let session = context.session.ok_or(Status::USER_SESSION_DELETED)?;
    // Only what is there is listed.
    context.server.find_folders();
    let Server {
        pipes,
        served,
        setup,
        trees,
        sessions,
        budget,
        ..
    } = &mut *context.server;
    let session = sessions.get(session).ok_or(Status::USER_SESSION_DELETED)?;
    let pipe = pipes.get_mut(handle).ok_or(Status::PIPE_DISCONNECTED)?;
    let caller = match session.identity {
        Identity::User => Caller::User(&session.name),
        Identity::Guest => Caller::Guest,
        Identity::Anonymous => Caller::Anonymous,
    };
    let shares = |index: usize| {
        // IPC$ comes after the folders.
        let Some(one) = served.get(index) else {
            return (index == served.len()).then_some(ShareFact {
                name: IPC,
                comment: "IPC Service",
                path: "",
                kind: ShareKind::Ipc,
                browseable: true,
                visible: true,
                current_uses: 1,
                max_uses: u32::MAX,
                flags: offline::NONE,
            });
        };
        let uses = trees
            .iter()
            .filter(|(_, tree)| tree.share == one.number)
            .count();
        Some(ShareFact {
            name: &one.share.name,
            comment: &one.share.comment,
            path: core::str::from_utf8(&one.share.path).unwrap_or(""),
            kind: ShareKind::Disk,
            browseable: one.share.browseable && one.root.is_some(),
            visible: session.identity == Identity::Anonymous || rights(&one.share, session) != 0,
            current_uses: uses as u32,
            max_uses: u32::MAX,
            flags: offline::MANUAL,
        })
    };
    let users = |index: usize| {
        let user = setup.users.get(index)?;
        Some(UserFact {
            name: &user.name,
            rid: account::rid(&user.name),
        })
    };
    let machine_sid = account::machine_sid(&setup.guid).ok_or(Status::INTERNAL_ERROR)?;
    let facts = Facts {
        server: &setup.name,
        comment: &setup.description,
        workgroup: &setup.workgroup,
        version_major: 6,
        version_minor: 1,
        server_type: server_type::DEFAULT,
        max_users: budget.sessions,
        current_users: sessions.len() as u32,
        now: context.now.wall,
        uptime_ms: context.now.mono as u32,
        minutes_west: 0,
        caller,
        shares: &shares,
        users: &users,
        machine_sid,
    };
    pipe.write(data, &facts).map_err(|error| match error {
        Error::Busy => Status::PIPE_BUSY,
        Error::Disconnected => Status::PIPE_DISCONNECTED,
    })
}

/// FSCTL_PIPE_TRANSCEIVE: writes, then reads the answer.
pub fn transceive<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    data: &[u8],
    most: u32,
    reply: &mut Writer<'_>,
) -> Result<Status, Status> {
    let pipe = pipe_of(context, id)?;
    if context
        .server
        .pipes
        .get(pipe)
        .is_some_and(|pipe| pipe.available() > 0)
    {
        return Err(Status::PIPE_BUSY);
    }
    write(context, id, data)?;
    let (bytes, more) = take(context, pipe, most, reply)?;
    reply.advance(bytes as usize)?;
    Ok(if more {
        Status::BUFFER_OVERFLOW
    } else {
        Status::SUCCESS
    })
}
