//! What a client asked for beside the open itself, and the reply ([MS-SMB2] 3.3.5.9, 2.2.14).

use super::checks::Wanted;
use super::durable::Granted;
use crate::engine::caching::current;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Error, Kind, Meta, Vfs};
use crate::wire::create::{self, Response, action};
use crate::wire::create_context::Chain;
use crate::wire::ea::FullEas;
use crate::wire::status::Status;
use crate::wire::{FileId, Writer};

/// What is known of the new open.
pub struct Extras {
    /// What it could have been granted at most.
    pub maximal_access: u32,
    /// What was done.
    pub action: u32,
    /// What the file was like.
    pub meta: Meta,
    /// Durability that was granted now.
    pub durable: Option<Granted>,
    /// The oplock level to tell, if it is not the one there is.
    pub level: Option<u8>,
}

/// Sets the extended attributes and reserves the room that were asked for with a new file.
pub fn apply<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Wanted<'_>,
    extras: &Extras,
) -> Result<(), Status> {
    if extras.action == action::OPENED {
        return Ok(());
    }
    let server = &mut *context.server;
    let Some(open) = server.opens.get_mut(id) else {
        return Err(Status::FILE_CLOSED);
    };
    let Target::File(file) = &mut open.target else {
        return Ok(());
    };
    if let Some(list) = wanted.attributes {
        for attribute in FullEas::parse(list).map_err(|_| Status::EA_LIST_INCONSISTENT)? {
            server
                .vfs
                .set_attribute(file, attribute.name, attribute.value)
                .map_err(|error| match error {
                    Error::Unsupported => Status::EAS_NOT_SUPPORTED,
                    error => error.into(),
                })?;
        }
    }
    if let Some(size) = wanted.allocation
        && open.kind == Kind::File
    {
        match server.vfs.allocate(file, size) {
            Ok(()) | Err(Error::Unsupported) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes the reply with the contexts that were asked for.
pub fn write<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Wanted<'_>,
    extras: &Extras,
    file_id: FileId,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let server = &mut *context.server;
    let Some(open) = server.opens.get(id) else {
        return Err(Status::FILE_CLOSED);
    };
    let Target::File(file) = &open.target else {
        return Err(Status::FILE_CLOSED);
    };
    let changed = extras.action != action::OPENED
        && (wanted.attributes.is_some() || wanted.allocation.is_some());
    let meta = if changed {
        server.vfs.meta(file)?
    } else {
        extras.meta
    };
    let response = Response {
        oplock_level: extras
            .level
            .unwrap_or_else(|| current(open, &server.holders)),
        flags: if meta.reparse_tag != 0 {
            create::FLAG_REPARSEPOINT
        } else {
            0
        },
        create_action: extras.action,
        creation_time: meta.creation,
        last_access_time: meta.access,
        last_write_time: meta.write,
        change_time: meta.change,
        allocation_size: meta.allocation,
        end_of_file: meta.size,
        file_attributes: meta.attributes,
        file_id,
    };
    let start = response.write(reply)?;
    let mut chain = Chain::new();
    if let Some(since) = wanted.maximal_access {
        // Not changed since the client knew it: it need not be told ([MS-SMB2] 3.3.5.9.5).
        let status = if since != 0 && since == meta.write {
            Status::NONE_MAPPED
        } else {
            Status::SUCCESS
        };
        chain.maximal_access(reply, status.0, extras.maximal_access)?;
    }
    if wanted.on_disk_id {
        chain.on_disk_id(reply, meta.key.inode, meta.key.device)?;
    }
    match extras.durable {
        Some(Granted::V1) => chain.durable_handle(reply)?,
        Some(Granted::V2 { timeout }) => chain.durable_handle_v2(reply, timeout, 0)?,
        None => {}
    }
    if let Some(lease) = server.lease_context(id) {
        chain.lease(reply, &lease)?;
    }
    Response::finish(reply, start);
    Ok(Outcome::Done)
}
