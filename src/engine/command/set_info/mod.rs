//! SET_INFO ([MS-SMB2] 3.3.5.21, [MS-FSA] 2.1.5.15, 2.1.5.16): changing what is known of a file.
//!
//! What the opener was granted decides, and an open through a read-only share was never granted anything
//! that changes.

mod disposition;
mod file;
mod filesystem;
mod rename;
mod security;

use crate::engine::Server;
use crate::engine::caching::{Breaker, Reason};
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{ObjectId, OpenId, Target};
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::info::class::info_type;
use crate::wire::set_info::{Request, Response};
use crate::wire::status::Status;

/// Why nothing was set.
pub enum Refusal {
    /// It is refused.
    Status(Status),
    /// Others must close what they have open only in their cache first.
    Wait(ObjectId),
}

impl<E: Into<Status>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Status(error.into())
    }
}

/// Changes a file, its descriptor or its file system.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    let length = u32::try_from(request.buffer.len()).map_err(|_| Status::INVALID_PARAMETER)?;
    context.check_charge(length)?;
    let id = context.open(request.file_id)?;
    match request.info_type {
        info_type::FILE => match file::set(context, id, request.info_class, request.buffer) {
            Ok(()) => {}
            Err(Refusal::Wait(object)) => return Ok(Outcome::Deferred(object)),
            Err(Refusal::Status(status)) => return Err(status),
        },
        info_type::FILESYSTEM => filesystem::set(context, id, request.info_class)?,
        info_type::SECURITY => {
            security::set(context, id, request.additional_information, request.buffer)?
        }
        // No quotas are kept ([MS-SMB2] 3.3.5.21.4).
        info_type::QUOTA => return Err(Status::NOT_SUPPORTED),
        _ => return Err(Status::INVALID_PARAMETER),
    }
    Response.write(reply)?;
    Ok(Outcome::Done)
}

/// Has others close the handles of an object that they keep open only in their cache, because its name
/// changes or goes ([MS-FSA] 2.1.4.12, SET_INFORMATION). The object, if they must be waited for.
fn break_handles<V: Vfs>(
    context: &mut Context<'_, V>,
    object: Option<ObjectId>,
    by: Option<OpenId<V::File>>,
) -> Result<(), Refusal> {
    let Some(object) = object else {
        return Ok(());
    };
    let (now, again, server) = (context.now, context.again, &mut *context.server);
    let breaker = Breaker {
        again,
        ..by.map(|id| server.breaker(id)).unwrap_or_default()
    };
    match server.break_caching(object, breaker, Reason::Name, now) {
        true => Err(Refusal::Wait(object)),
        false => Ok(()),
    }
}

impl<V: Vfs> Server<V> {
    /// The file of an open, to change, with the object store that does it.
    pub(in crate::engine) fn file_mut(
        &mut self,
        id: OpenId<V::File>,
    ) -> Result<(&mut V, &mut V::File), Status> {
        let open = self.opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
        match &mut open.target {
            Target::File(file) => Ok((&mut self.vfs, file)),
            Target::Pipe(_) => Err(Status::INVALID_DEVICE_REQUEST),
        }
    }
}
