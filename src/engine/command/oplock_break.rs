//! OPLOCK_BREAK: acknowledgments of oplock and lease breaks ([MS-SMB2] 3.3.5.22).

use crate::engine::context::{Answer, Context};
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::create::oplock;
use crate::wire::negotiate::Dialect;
use crate::wire::oplock_break::Request;
use crate::wire::status::Status;

/// Refuses an acknowledgment of what was never sent.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    _reply: &mut Writer<'_>,
) -> Answer<V::File> {
    match Request::parse(message)? {
        Request::Oplock(acknowledged) => {
            context.open(acknowledged.file_id)?;
            if acknowledged.oplock_level == oplock::LEASE {
                return Err(Status::INVALID_PARAMETER);
            }
            Err(Status::INVALID_OPLOCK_PROTOCOL)
        }
        Request::Lease(_) => {
            if context.connection()?.dialect == Dialect::Smb202 {
                return Err(Status::INVALID_PARAMETER);
            }
            Err(Status::OBJECT_NAME_NOT_FOUND)
        }
    }
}
