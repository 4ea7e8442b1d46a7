//! OPLOCK_BREAK: acknowledgments of oplock and lease breaks ([MS-SMB2] 3.3.5.22).

use crate::engine::context::{Answer, Context, Outcome};
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::create::oplock;
use crate::wire::negotiate::Dialect;
use crate::wire::oplock_break::{Lease, Oplock, Request};
use crate::wire::status::Status;

/// Takes the acknowledgment of a break; one of what was never sent is refused.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    match Request::parse(message)? {
        Request::Oplock(acknowledged) => {
            let open = context.open(acknowledged.file_id)?;
            if acknowledged.oplock_level == oplock::LEASE {
                return Err(Status::INVALID_PARAMETER);
            }
            let oplock_level = context
                .server
                .acknowledge(open, acknowledged.oplock_level)?;
            Oplock {
                oplock_level,
                file_id: acknowledged.file_id,
            }
            .write(reply)?;
            Ok(Outcome::Done)
        }
        Request::Lease(acknowledged) => {
            let user = context.session()?.1.user_hash();
            let connection = context.connection()?;
            if connection.dialect == Dialect::Smb202 {
                return Err(Status::INVALID_PARAMETER);
            }
            let (guid, now) = (connection.client_guid, context.now);
            let Lease {
                lease_key,
                lease_state,
            } = acknowledged;
            context
                .server
                .acknowledge_lease((&guid, user, &lease_key), lease_state, now)?;
            acknowledged.write(reply)?;
            Ok(Outcome::Done)
        }
    }
}
