//! CREATE ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1): checks, then what is there is opened or what is not is
//! made, then what the client asked for beside is done.

mod checks;
mod durable;
mod existing;
mod fresh;
mod overwrite;
mod reply;
mod sharing;
mod short;

use super::pipe;
use crate::engine::caching;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::notify::name_of;
use crate::engine::open::{Listing, ObjectId, Open, OpenId, Target};
use crate::engine::tree;
use crate::vfs::name::{self, NameError};
use crate::vfs::{At, Error, Found, Kind, Meta, Vfs};
use crate::wire::change_notify::{action as change, filter};
use crate::wire::create::{Request, action, disposition, options};
use crate::wire::status::Status;
use crate::wire::{FileId, Writer};
use checks::Wanted;

/// What changes of a file that is overwritten.
const REPLACED: u32 = filter::ATTRIBUTES | filter::SIZE | filter::LAST_WRITE;

/// What opening or making came to.
struct Made<F> {
    file: F,
    meta: Meta,
    action: u32,
    access: u32,
    maximal_access: u32,
}

/// Why there is nothing yet.
enum Refusal {
    /// It is refused.
    Status(Status),
    /// Others must give up what they cache of this object first.
    Wait(ObjectId),
    /// An open that stood in the way was closed, its file perhaps with it: look again.
    Again,
}

impl<E: Into<Status>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Status(error.into())
    }
}

/// Opens or makes a file, directory, stream or pipe.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    context.chain.file = None;
    let (_, tree) = context.tree()?;
    let at = match tree.target {
        tree::Target::Pipes => return pipe::create(context, &request, reply),
        tree::Target::Disk(at) => at,
    };
    let mut buffer = name::ParseBuffer::new();
    let mut wanted = checks::check(&request, &mut buffer)?;
    wanted.lease = checks::lease(context, &request, wanted.lease_context.as_ref())?;
    if let Some(found) = durable::find(context, &mut wanted, &request)? {
        return durable::answer(context, &found, &wanted, reply);
    }
    checks::veto(context, &request, wanted.path.path)?;
    let full = !context.server.opens.has_room() && !context.server.give_up_oldest();
    if full || !context.server.may_open(context.connection) {
        context.server.totals.exhausted += u64::from(full);
        return Err(Status::TOO_MANY_OPENED_FILES);
    }
    let made = match open_or_make(context, at, &request, &wanted) {
        Err(Refusal::Wait(object)) => return Ok(Outcome::Deferred(object)),
        Err(Refusal::Status(status)) => return Err(status),
        Err(Refusal::Again) => return Err(Status::SHARING_VIOLATION),
        Ok(made) => made,
    };
    let id = enter(
        context,
        &request,
        &wanted,
        made.file,
        &made.meta,
        made.access,
    )?;
    let mut extras = reply::Extras {
        maximal_access: made.maximal_access,
        action: made.action,
        meta: made.meta,
        durable: None,
        level: None,
    };
    match made.action {
        action::OPENED => {}
        action::CREATED => context
            .server
            .changed(id, change::ADDED, name_of(extras.meta.kind)),
        _ => context.server.changed(id, change::MODIFIED, REPLACED),
    }
    if let Err(status) = reply::apply(context, id, &wanted, &extras) {
        undo(context, id, made.action);
        return Err(status);
    }
    extras.durable = durable::grant(context, id, &wanted, made.action);
    // An open that the client is not told of would stay until it logs off.
    answer(context, id, &wanted, &extras, reply).inspect_err(|_| undo(context, id, made.action))
}

/// Writes the reply about an open.
fn answer<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &Wanted<'_>,
    extras: &reply::Extras,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let file_id = FileId {
        persistent: id.to_u64(),
        volatile: id.to_u64(),
    };
    context.chain.file = Some(file_id);
    reply::write(context, id, wanted, extras, file_id, reply)
}

/// A name refused, as the status a client gets.
pub fn name_status(error: NameError) -> Status {
    match error {
        NameError::Invalid | NameError::TooLong => Status::OBJECT_NAME_INVALID,
        NameError::PathSyntax => Status::OBJECT_PATH_SYNTAX_BAD,
        NameError::LeadingSeparator => Status::INVALID_PARAMETER,
    }
}

/// Finds what the name leads to and opens it, or makes it, as the disposition says. Between the look and
/// the making somebody on the router may have been faster; then the look is repeated once.
fn open_or_make<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
) -> Result<Made<V::File>, Refusal> {
    let mut again = true;
    loop {
        let follow = request.create_options & options::OPEN_REPARSE_POINT == 0;
        let makes = !matches!(
            request.create_disposition,
            disposition::OPEN | disposition::OVERWRITE
        );
        // What is remembered of a folder is not asked twice.
        let new = makes && again;
        let folder = match context.server.vfs.find(at, wanted.path, follow, new) {
            // Each time there is one open less that can stand in the way.
            Ok(Found::There(file, meta)) => {
                match open_leased(context, request, wanted, file, meta) {
                    Err(Refusal::Again) => continue,
                    made => return made,
                }
            }
            Ok(Found::Missing(folder)) => Some(folder),
            // Of a stream the file may be there.
            Err(Error::NotFound) => None,
            Err(error) => return Err(Refusal::Status(error.into())),
        };
        let share = context.tree()?.1.share;
        if let Some((file, meta)) = short::find(context.server, share, at, wanted.path) {
            match open_leased(context, request, wanted, file, meta) {
                Err(Refusal::Again) => continue,
                made => return made,
            }
        }
        if let Some(asked) = &wanted.lease {
            context.server.lease_of(asked, None)?;
        }
        match short::make(context, at, request, wanted, folder).map_err(Refusal::Status) {
            Err(Refusal::Status(Status::OBJECT_NAME_COLLISION))
                if again && request.create_disposition != disposition::CREATE =>
            {
                again = false
            }
            made => return made,
        }
    }
}

/// Opens what was found, unless the lease asked for is another file's.
fn open_leased<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    file: V::File,
    meta: Meta,
) -> Result<Made<V::File>, Refusal> {
    let own = match &wanted.lease {
        Some(asked) => context.server.lease_of(asked, Some(&meta.key))?,
        None => None,
    };
    existing::open(context, request, wanted, own, file, meta)
}

/// Enters the open in its tables.
fn enter<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    file: V::File,
    meta: &Meta,
    access: u32,
) -> Result<OpenId<V::File>, Status> {
    let (session, tree) = (context.session()?.0, context.tree()?.0);
    let server = &mut *context.server;
    let object = server
        .objects
        .obtain(meta.key)
        .ok_or(Status::TOO_MANY_OPENED_FILES)?;
    let open = Open {
        session,
        tree,
        target: Target::File(file),
        object: Some(object),
        kind: meta.kind,
        access,
        share_access: request.share_access,
        options: request.create_options,
        delete_on_close: wanted.delete_on_close,
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
    let Ok(id) = server.opens.insert(open) else {
        server.objects.release(object);
        return Err(Status::TOO_MANY_OPENED_FILES);
    };
    server.link_open(id, object);
    let connection = context.connection;
    let asked = caching::of_level(request.requested_oplock_level).unwrap_or(caching::NONE);
    match &wanted.lease {
        Some(lease) => {
            if let Some(lease) = lease.on(meta.kind) {
                server.grant_lease(id, connection, &lease);
            }
        }
        None if meta.kind != Kind::File => {}
        None if asked == caching::NONE => {}
        None => {
            let granted = server.grantable(object, id, asked, false, None);
            server.grant_caching(id, connection, granted);
        }
    }
    Ok(id)
}

/// Takes back an open whose extras failed; what it made goes too.
fn undo<V: Vfs>(context: &mut Context<'_, V>, id: OpenId<V::File>, action: u32) {
    if let Some(open) = context.server.opens.get_mut(id) {
        open.delete_on_close = action == action::CREATED;
    }
    context.server.close_open(id);
}
