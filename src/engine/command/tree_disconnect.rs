//! TREE_DISCONNECT ([MS-SMB2] 3.3.5.8).

use crate::engine::context::{Answer, Context, Outcome};
use crate::vfs::Vfs;
use crate::wire::{Writer, echo};

/// Ends the tree connect with all its opens.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    echo::parse(message)?;
    let (id, _) = context.tree()?;
    context.server.drop_tree(id);
    echo::write(reply)?;
    Ok(Outcome::Done)
}
