//! QUERY_INFO ([MS-SMB2] 3.3.5.20): what a file, its file system or its descriptor is like.

mod attributes;
mod file;
mod filesystem;
mod quota;
mod security;

use crate::engine::context::{Answer, Context, Outcome};
use crate::vfs::Vfs;
use crate::wire::info::Fit;
use crate::wire::query_info::{Request, Response, info_type};
use crate::wire::status::Status;
use crate::wire::{Writer, error};

/// Answers what is asked about an open.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    let input = u32::try_from(request.input.len()).map_err(|_| Status::INVALID_PARAMETER)?;
    context.check_charge(request.output_buffer_length.max(input))?;
    let id = context.open(request.file_id)?;
    match request.info_type {
        info_type::FILE => file::query(context, id, &request, reply),
        info_type::FILESYSTEM => filesystem::query(context, id, &request, reply),
        info_type::SECURITY => security::query(context, id, &request, reply),
        info_type::QUOTA => quota::query(context, id, &request),
        _ => Err(Status::INVALID_PARAMETER),
    }
}

/// Writes a reply whose buffer `fill` makes, no longer than the client takes.
fn answer<F>(
    request: &Request<'_>,
    reply: &mut Writer<'_>,
    fill: impl FnOnce(&mut Writer<'_>) -> Result<Fit, Status>,
) -> Answer<F> {
    let start = Response::begin(reply)?;
    let fit = reply.within(request.output_buffer_length as usize, fill)?;
    Response::finish(reply, start);
    Ok(match fit {
        Fit::Whole => Outcome::Done,
        Fit::Cut => Outcome::With(Status::BUFFER_OVERFLOW),
    })
}

/// Answers BUFFER_TOO_SMALL with the length that is needed ([MS-SMB2] 3.3.5.20.3); dialect 3.1.1 has it in
/// an error context.
fn too_small<F>(contexts: bool, needed: usize, reply: &mut Writer<'_>) -> Answer<F> {
    let needed = u32::try_from(needed).map_err(|_| Status::INTERNAL_ERROR)?;
    let data = needed.to_le_bytes();
    if contexts {
        error::with_context(reply, &data)?;
    } else {
        error::with_data(reply, &data)?;
    }
    Ok(Outcome::With(Status::BUFFER_TOO_SMALL))
}
