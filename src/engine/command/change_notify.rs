//! CHANGE_NOTIFY.

use crate::engine::context::{Answer, Context};
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::status::Status;

/// Not there yet.
pub fn handle<V: Vfs>(
    _context: &mut Context<'_, V>,
    _message: &[u8],
    _reply: &mut Writer<'_>,
) -> Answer<V::File> {
    Err(Status::NOT_SUPPORTED)
}
