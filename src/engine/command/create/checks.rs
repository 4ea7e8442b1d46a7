//! What can be said of a CREATE before anything is looked at ([MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1).

use super::durable::{Durability, durable};
use super::name_status;
use crate::engine::context;
use crate::engine::lease::Asked;
use crate::vfs::name::{self, StreamType};
use crate::vfs::{SharePath, Vfs};
use crate::wire::create::{self, Request, disposition, options};
use crate::wire::create_context::{Context, CreateContexts, Lease};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;
use crate::wire::{access, attributes};

/// A request that makes sense.
pub struct Wanted<'a> {
    /// Where it leads.
    pub path: SharePath<'a>,
    /// It must be a directory.
    pub directory: bool,
    /// It must not be one.
    pub file: bool,
    /// Rights asked for, generic ones mapped; MAXIMUM_ALLOWED may be among them.
    pub access: u32,
    /// The file goes with this open.
    pub delete_on_close: bool,
    /// SecD: the descriptor of a new file.
    pub descriptor: Option<&'a [u8]>,
    /// ExtA: the extended attributes of a new file.
    pub attributes: Option<&'a [u8]>,
    /// AlSi: room to reserve.
    pub allocation: Option<u64>,
    /// MxAc was there: the answer is wanted if the file changed after this time.
    pub maximal_access: Option<u64>,
    /// QFid was there.
    pub on_disk_id: bool,
    /// What was asked about durable handles.
    pub durable: Durability,
    /// AppInstanceId.
    pub app_instance: Option<[u8; 16]>,
    /// RqLs: the lease context as it came.
    pub lease_context: Option<Lease>,
    /// The lease asked for, where one can be had.
    pub lease: Option<Asked>,
}

const MOST_EXTENDED_ATTRIBUTES: usize = 64 << 10;

/// Checks a request; the path is put into `buffer`.
pub fn check<'a>(
    request: &Request<'a>,
    buffer: &'a mut name::ParseBuffer,
) -> Result<Wanted<'a>, Status> {
    let asked_for = request.create_options;
    let has = |option: u32| asked_for & option != 0;
    let durable = durable(request)?;
    if durable.is_reconnect() {
        return reconnecting(request, durable);
    }
    if request.impersonation_level > create::impersonation::DELEGATE {
        return Err(Status::BAD_IMPERSONATION_LEVEL);
    }
    if request.create_disposition > disposition::OVERWRITE_IF
        || request.share_access & !7 != 0
        || asked_for & !options::KNOWN & !options::NOT_SUPPORTED != 0
    {
        return Err(Status::INVALID_PARAMETER);
    }
    if has(options::NOT_SUPPORTED) {
        return Err(Status::NOT_SUPPORTED);
    }
    if request.desired_access == 0 || request.desired_access & access::INVALID != 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if request.file_attributes & !attributes::CREATE_VALID != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let mut directory = has(options::DIRECTORY_FILE);
    let mut file = has(options::NON_DIRECTORY_FILE);
    if directory && file {
        return Err(Status::INVALID_PARAMETER);
    }
    let replaces = matches!(
        request.create_disposition,
        disposition::SUPERSEDE | disposition::OVERWRITE | disposition::OVERWRITE_IF
    );
    if directory && replaces {
        return Err(Status::INVALID_PARAMETER);
    }
    let room = name::room(buffer, request.name, 0);
    let parsed = name::parse(request.name, room).map_err(name_status)?;
    if parsed.stream_type == Some(StreamType::IndexAllocation) || parsed.trailing_separator {
        if file {
            return Err(Status::OBJECT_NAME_INVALID);
        }
        directory = true;
    }
    // `::$DATA` is the data of a file.
    let data = parsed.stream_type == Some(StreamType::Data);
    if directory && (data || !parsed.path.stream.is_empty()) {
        return Err(Status::NOT_A_DIRECTORY);
    }
    file |= data && parsed.path.stream.is_empty();
    let asked = access::map_generic(request.desired_access);
    let delete_on_close = has(options::DELETE_ON_CLOSE);
    if delete_on_close && asked & (access::DELETE | access::MAXIMUM_ALLOWED) == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if delete_on_close && parsed.path.path.is_empty() && parsed.path.stream.is_empty() {
        return Err(Status::CANNOT_DELETE);
    }
    let mut wanted = Wanted {
        path: parsed.path,
        directory,
        file,
        access: asked,
        delete_on_close,
        descriptor: None,
        attributes: None,
        allocation: None,
        maximal_access: None,
        on_disk_id: false,
        durable,
        app_instance: None,
        lease_context: None,
        lease: None,
    };
    contexts(&mut wanted, request)?;
    Ok(wanted)
}

/// A request to come back to an open: what else it asks of the file was decided when that was made.
fn reconnecting<'a>(request: &Request<'a>, durable: Durability) -> Result<Wanted<'a>, Status> {
    let mut wanted = Wanted {
        path: SharePath {
            path: &[],
            stream: &[],
        },
        directory: false,
        file: false,
        access: 0,
        delete_on_close: false,
        descriptor: None,
        attributes: None,
        allocation: None,
        maximal_access: None,
        on_disk_id: false,
        durable,
        app_instance: None,
        lease_context: None,
        lease: None,
    };
    contexts(&mut wanted, request)?;
    Ok(wanted)
}

/// What the contexts ask for beside the open.
fn contexts<'a>(wanted: &mut Wanted<'a>, request: &Request<'a>) -> Result<(), Status> {
    for context in CreateContexts::new(request.contexts) {
        let (name, data) = context?;
        match Context::parse(name, data)? {
            Context::EaBuffer(list) if list.len() <= MOST_EXTENDED_ATTRIBUTES => {
                wanted.attributes = Some(list)
            }
            Context::EaBuffer(_) => return Err(Status::EA_TOO_LARGE),
            Context::SdBuffer(bytes) => wanted.descriptor = Some(bytes),
            Context::AllocationSize(size) => wanted.allocation = Some(size),
            Context::QueryMaximalAccess(since) => wanted.maximal_access = Some(since),
            Context::QueryOnDiskId => wanted.on_disk_id = true,
            Context::AppInstanceId(id) => wanted.app_instance = Some(id),
            Context::RequestLease(lease) => wanted.lease_context = Some(lease),
            // A snapshot was asked for; there are none ([MS-SMB2] 3.3.5.9.4).
            Context::TimewarpToken(time) if time != 0 => return Err(Status::OBJECT_NAME_NOT_FOUND),
            _ => {}
        }
    }
    Ok(())
}

/// The lease that is asked for, if this client can have one: version 1 from dialect 2.1 on, version 2 from
/// 3.0 on ([MS-SMB2] 3.3.5.9.8, 3.3.5.9.11).
pub fn lease<V: Vfs>(
    context: &mut context::Context<'_, V>,
    request: &Request<'_>,
    asked: Option<&Lease>,
) -> Result<Option<Asked>, Status> {
    let user = context.session()?.1.user_hash();
    let connection = context.connection()?;
    let (guid, dialect) = (connection.client_guid, connection.dialect);
    let needed = |lease: &Lease| match lease.v2 {
        None => Dialect::Smb210,
        Some(_) => Dialect::Smb300,
    };
    Ok(asked
        .filter(|lease| {
            request.requested_oplock_level == create::oplock::LEASE && dialect >= needed(lease)
        })
        .map(|lease| Asked::new(guid, user, lease)))
}

/// Refuses a path with a component that the share's owner wants neither shown nor opened.
pub fn veto<V: Vfs>(
    context: &context::Context<'_, V>,
    request: &Request<'_>,
    path: &[u8],
) -> Result<(), Status> {
    if !context.server.is_vetoed(context.tree()?.1.share, path) {
        return Ok(());
    }
    // Who makes such a file must not be told that there is none.
    Err(match request.create_disposition {
        disposition::OPEN | disposition::OVERWRITE => Status::OBJECT_NAME_NOT_FOUND,
        _ => Status::ACCESS_DENIED,
    })
}
