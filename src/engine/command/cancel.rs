//! CANCEL ([MS-SMB2] 3.3.5.16).

use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::parked::ParkedId;
use crate::vfs::Vfs;
use crate::wire::status::Status;

/// Lets the parked request it names be answered with CANCELLED; a CANCEL itself is never answered, and one
/// that names nothing is ignored.
pub fn handle<V: Vfs>(context: &mut Context<'_, V>) -> Answer<V::File> {
    let connection = context.connection;
    let parked = match context.header.async_id {
        Some(id) => {
            let id = ParkedId::from_u64(id);
            context
                .server
                .parked
                .get(id)
                .filter(|parked| parked.connection == connection)
                .map(|_| id)
        }
        None => {
            let message = context.header.message_id;
            let named = |parked: &crate::engine::parked::Parked| {
                parked.connection == connection && parked.message_id == message
            };
            context.server.parked.find_from(0, named)
        }
    };
    if let Some(id) = parked {
        context.server.answer_parked(id, Status::CANCELLED);
    }
    Ok(Outcome::Silent)
}
