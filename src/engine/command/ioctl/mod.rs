//! IOCTL ([MS-SMB2] 3.3.5.15, [MS-FSCC] 2.3): everything that is no command of its own.
//!
//! A code that changes something asks what the opener was granted, as a WRITE or a SET_INFO would.

mod copychunk;
mod duplicate;
mod extents;
mod identity;
mod network;
mod pipe;
mod reparse;
mod sparse;
mod state;

use crate::engine::command::pipe::transceive;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{Open, OpenId, Target};
use crate::vfs::{Kind, Vfs};
use crate::wire::ioctl::{IS_FSCTL, Request, Response};
use crate::wire::status::Status;
use crate::wire::{FileId, Writer, fsctl};

/// Deals with one code.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    if request.flags != IS_FSCTL {
        return Err(Status::NOT_SUPPORTED);
    }
    let input = u32::try_from(request.input.len()).map_err(|_| Status::INVALID_PARAMETER)?;
    let output = request
        .max_input_response
        .checked_add(request.max_output_response)
        .ok_or(Status::INVALID_PARAMETER)?;
    context.check_charge(input.max(output))?;

    let nameless = matches!(
        request.ctl_code,
        fsctl::DFS_GET_REFERRALS
            | fsctl::DFS_GET_REFERRALS_EX
            | fsctl::PIPE_WAIT
            | fsctl::QUERY_NETWORK_INTERFACE_INFO
            | fsctl::VALIDATE_NEGOTIATE_INFO
    );
    let open = match nameless {
        true if request.file_id == FileId::ANY => None,
        true => return Err(Status::INVALID_PARAMETER),
        false => Some(context.open(request.file_id)?),
    };
    let response = Response {
        ctl_code: request.ctl_code,
        file_id: match open {
            Some(_) => context.chain.file.unwrap_or(request.file_id),
            None => request.file_id,
        },
    };
    let start = response.begin(reply)?;
    let room = request.max_output_response as usize;
    let answer = reply.within(room, |out| match open {
        None => without_open(context, &request, out),
        Some(id) => with_open(context, id, &request, out).map(Outcome::With),
    });
    Response::finish(reply, start);
    match answer? {
        Outcome::With(Status::SUCCESS) => Ok(Outcome::Done),
        outcome => Ok(outcome),
    }
}

/// The codes that are about no file: their FileId is all ones.
fn without_open<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    out: &mut Writer<'_>,
) -> Answer<V::File> {
    match request.ctl_code {
        // There is no DFS namespace here ([MS-SMB2] 3.3.5.15.2).
        fsctl::DFS_GET_REFERRALS | fsctl::DFS_GET_REFERRALS_EX => Err(Status::NOT_FOUND),
        fsctl::PIPE_WAIT => pipe::wait(context, request.input).map(Outcome::With),
        fsctl::QUERY_NETWORK_INTERFACE_INFO => network::interfaces(context, out).map(Outcome::With),
        fsctl::VALIDATE_NEGOTIATE_INFO => network::validate(context, request, out),
        _ => Err(Status::INVALID_DEVICE_REQUEST),
    }
}

/// The codes that are about an open; the status may be a warning, or an error whose answer has a body.
fn with_open<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    let input = request.input;
    if let Target::Pipe(_) = context.opened(id)?.target {
        return match request.ctl_code {
            fsctl::PIPE_TRANSCEIVE => {
                transceive(context, id, input, request.max_output_response, out)
            }
            fsctl::PIPE_PEEK => pipe::peek(context, id, out),
            _ => Err(Status::INVALID_DEVICE_REQUEST),
        };
    }
    match request.ctl_code {
        fsctl::SRV_REQUEST_RESUME_KEY => copychunk::resume_key(context, id, out),
        fsctl::SRV_COPYCHUNK => copychunk::copy(context, id, input, true, out),
        fsctl::SRV_COPYCHUNK_WRITE => copychunk::copy(context, id, input, false, out),
        fsctl::SRV_ENUMERATE_SNAPSHOTS => state::snapshots(out),

        fsctl::SET_SPARSE => sparse::set_sparse(context, id, input),
        fsctl::SET_ZERO_DATA => sparse::zero_data(context, id, input),
        fsctl::FILE_LEVEL_TRIM => sparse::trim(context, id, input, out),
        fsctl::QUERY_ALLOCATED_RANGES => extents::allocated(context, id, input, out),
        fsctl::QUERY_FILE_REGIONS => extents::regions(context, id, input, out),
        fsctl::DUPLICATE_EXTENTS_TO_FILE => duplicate::plain(context, id, input),
        fsctl::DUPLICATE_EXTENTS_TO_FILE_EX => duplicate::extended(context, id, input),

        fsctl::GET_REPARSE_POINT => reparse::get(context, id, out),
        fsctl::SET_REPARSE_POINT => reparse::set(context, id, input),
        fsctl::DELETE_REPARSE_POINT => reparse::delete(context, id, input),

        fsctl::CREATE_OR_GET_OBJECT_ID | fsctl::GET_OBJECT_ID => identity::get(context, id, out),
        // An identifier is the file's own here and cannot be given.
        fsctl::SET_OBJECT_ID | fsctl::SET_OBJECT_ID_EXTENDED | fsctl::DELETE_OBJECT_ID => {
            identity::set(context, id)
        }

        fsctl::GET_COMPRESSION => state::compression(context, id, out),
        fsctl::SET_COMPRESSION => state::set_compression(context, id, input),
        fsctl::IS_PATHNAME_VALID => Ok(Status::SUCCESS),
        // Checksums, journals, places on the disk, shared virtual disks, offloading and resilient handles
        // are not kept here.
        _ => Err(Status::INVALID_DEVICE_REQUEST),
    }
}

/// An open of a file or stream that was granted one of `access`.
fn data_open<'a, V: Vfs>(
    context: &'a Context<'_, V>,
    id: OpenId<V::File>,
    access: u32,
) -> Result<&'a Open<V::File>, Status> {
    let open = context.opened(id)?;
    if open.kind == Kind::Directory {
        return Err(Status::INVALID_PARAMETER);
    }
    if open.access & access == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    Ok(open)
}

/// FILE_LOCK_CONFLICT if somebody's lock forbids this open to read (or write) the range.
fn unlocked<V: Vfs>(
    context: &Context<'_, V>,
    id: OpenId<V::File>,
    range: (u64, u64),
    write: bool,
) -> Result<(), Status> {
    let server = &*context.server;
    match context.opened(id)?.object {
        Some(object)
            if server
                .locks
                .forbids(&server.objects, object, id.to_u64(), range, write) =>
        {
            Err(Status::FILE_LOCK_CONFLICT)
        }
        _ => Ok(()),
    }
}

/// Fails unless the client takes `bytes` of output.
fn need(out: &Writer<'_>, bytes: usize, otherwise: Status) -> Result<(), Status> {
    if out.remaining() < bytes {
        Err(otherwise)
    } else {
        Ok(())
    }
}
