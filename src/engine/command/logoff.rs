//! LOGOFF ([MS-SMB2] 3.3.5.6).

use crate::engine::context::{Answer, Context, Outcome};
use crate::vfs::Vfs;
use crate::wire::{Writer, echo};

/// Ends the session with everything it holds; durable opens wait for another session of the same user. Its key still signs this reply, so it goes last.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    echo::parse(message)?;
    let (id, _) = context.session()?;
    let now = context.now;
    context.server.log_off(id, now);
    echo::write(reply)?;
    Ok(Outcome::Done)
}
