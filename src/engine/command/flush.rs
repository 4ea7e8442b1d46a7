//! FLUSH ([MS-SMB2] 3.3.5.11): what was acknowledged is on the disk when the reply goes out.

use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::Target;
use crate::engine::{Job, JobResult};
use crate::vfs::Vfs;
use crate::wire::status::Status;
use crate::wire::{Writer, access, flush};

/// Lets the disk catch up, off the loop.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = flush::Request::parse(message)?;
    let id = context.open(request.file_id)?;
    let open = context.opened(id)?;
    match open.target {
        Target::Pipe(_) => {}
        Target::File(_) => {
            if open.access & (access::FILE_WRITE_DATA | access::FILE_APPEND_DATA) == 0 {
                return Err(Status::ACCESS_DENIED);
            }
            match context.job {
                Some(JobResult::Done) => {}
                Some(JobResult::Failed(error)) => return Err(error.into()),
                None if !open.wrote => {}
                None => return Ok(Outcome::Blocking(Job::Sync { open: id })),
            }
        }
    }
    flush::Response.write(reply)?;
    Ok(Outcome::Done)
}
