//! ECHO ([MS-SMB2] 3.3.5.17).

use crate::engine::context::{Answer, Outcome};
use crate::wire::{Writer, echo};

/// Answers that the server is there.
pub fn handle<F>(message: &[u8], reply: &mut Writer<'_>) -> Answer<F> {
    echo::parse(message)?;
    echo::write(reply)?;
    Ok(Outcome::Done)
}
