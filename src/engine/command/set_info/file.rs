//! The file information classes that can be set ([MS-SMB2] 3.3.5.21.1, [MS-FSA] 2.1.5.15).

use super::{Refusal, disposition, rename};
use crate::engine::caching::Reason;
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Error, Kind, Times, Vfs};
use crate::wire::change_notify::{action, filter};
use crate::wire::ea::{FullEas, is_valid_name};
use crate::wire::info::class::{self, file};
use crate::wire::info::{
    Allocation, Disposition, DispositionEx, EndOfFile, Mode, Pipe, Position, Rename, SetBasic,
    ValidDataLength,
};
use crate::wire::status::Status;
use crate::wire::{access, attributes};

/// The options that FileModeInformation changes.
const MODES: u32 = Mode::ALL & !Mode::DELETE_ON_CLOSE;

/// Sets one class.
pub fn set<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    class: u8,
    buffer: &[u8],
) -> Result<(), Refusal> {
    let least = class::set_minimum(class).ok_or(Status::INVALID_INFO_CLASS)?;
    if buffer.len() < least {
        return Err(Status::INFO_LENGTH_MISMATCH.into());
    }
    let pipe = matches!(context.opened(id)?.target, Target::Pipe(_));
    if pipe != (class == file::PIPE) {
        return Err(if pipe {
            Status::NOT_SUPPORTED
        } else {
            Status::INVALID_PARAMETER
        }
        .into());
    }
    let done = match class {
        file::BASIC => basic(context, id, &SetBasic::parse(buffer)?),
        file::RENAME => return rename::rename(context, id, &Rename::parse(buffer)?, 0),
        file::RENAME_EX => {
            let wanted = Rename::parse_ex(buffer)?;
            return rename::rename(context, id, &wanted, wanted.flags);
        }
        file::LINK => return rename::link(context, id, &Rename::parse(buffer)?),
        file::DISPOSITION => {
            let wanted = Disposition::parse(buffer)?;
            return disposition::set(context, id, wanted.delete_pending, false);
        }
        file::DISPOSITION_EX => {
            return disposition::set_ex(context, id, &DispositionEx::parse(buffer)?);
        }
        file::POSITION => {
            let Position(position) = Position::parse(buffer)?;
            change(context, id, |open| open.position = position)
        }
        file::MODE => {
            let Mode(mode) = Mode::parse(buffer)?;
            change(context, id, |open| {
                open.options = open.options & !MODES | mode
            })
        }
        file::FULL_EA => extended(context, id, buffer),
        file::ALLOCATION => allocation(context, id, Allocation::parse(buffer)?.0),
        file::END_OF_FILE => end_of_file(context, id, EndOfFile::parse(buffer)?.0),
        file::VALID_DATA_LENGTH => {
            valid_data_length(context, id, ValidDataLength::parse(buffer)?.0)
        }
        // [MS-FSA] 2.1.5.15.15; no short names are made.
        file::SHORT_NAME => {
            context.granted(id, access::DELETE)?;
            Err(Status::SHORT_NAMES_NOT_ENABLED_ON_VOLUME)
        }
        file::PIPE => {
            // One reader, whole messages: both modes come to the same here.
            context.granted(id, access::FILE_WRITE_ATTRIBUTES)?;
            Pipe::parse(buffer)?;
            Ok(())
        }
        _ => Err(Status::INVALID_INFO_CLASS),
    };
    Ok(done?)
}

fn change<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    change: impl FnOnce(&mut crate::engine::open::Open<V::File>),
) -> Result<(), Status> {
    change(
        context
            .server
            .opens
            .get_mut(id)
            .ok_or(Status::FILE_CLOSED)?,
    );
    Ok(())
}

/// Times and attributes ([MS-FSA] 2.1.5.15.2).
fn basic<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    wanted: &SetBasic,
) -> Result<(), Status> {
    let open = context.granted(id, access::FILE_WRITE_ATTRIBUTES)?;
    let forbidden = match open.kind {
        Kind::Directory => attributes::TEMPORARY,
        _ => attributes::DIRECTORY,
    };
    if wanted.attributes & forbidden != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    // What this sets counts at once: attributes set together with a change time of -1 do not move it.
    let open = context
        .server
        .opens
        .get_mut(id)
        .ok_or(Status::FILE_CLOSED)?;
    open.write_time_fixed = wanted.write.fixes(open.write_time_fixed);
    open.change_time_fixed = wanted.change.fixes(open.change_time_fixed);
    let write = open.write_time_fixed && wanted.write.time().is_none();
    let change = open.change_time_fixed && wanted.change.time().is_none();
    let fixed = context.server.times_now(id, write, change)?;
    let (vfs, file) = context.server.file_mut(id)?;
    if wanted.attributes != 0 {
        let kept = vfs.meta(file)?.attributes & attributes::SPARSE_FILE;
        let settable = wanted.attributes & attributes::SETTABLE & !attributes::NORMAL;
        vfs.set_attributes(file, settable | kept)?;
    }
    let times = Times {
        creation: wanted.creation.time(),
        access: wanted.access.time(),
        write: wanted.write.time(),
        change: wanted.change.time(),
    };
    if wanted.attributes != 0 || times != Times::default() {
        let times = Times {
            write: times.write.or(fixed.write),
            change: times.change.or(fixed.change),
            ..times
        };
        vfs.set_times(file, &times)?;
    }
    let told = [
        (wanted.attributes != 0, filter::ATTRIBUTES),
        (times.creation.is_some(), filter::CREATION),
        (times.access.is_some(), filter::LAST_ACCESS),
        (times.write.is_some(), filter::LAST_WRITE),
    ]
    .iter()
    .filter(|(set, _)| *set)
    .fold(0, |filter, (_, one)| filter | one);
    context.server.changed(id, action::MODIFIED, told);
    Ok(())
}

/// An open that may change the length of a file; the length it has.
fn resizable<V: Vfs>(context: &mut Context<'_, V>, id: OpenId<V::File>) -> Result<u64, Status> {
    let open = context.granted(id, access::FILE_WRITE_DATA)?;
    if open.kind == Kind::Directory {
        return Err(Status::INVALID_PARAMETER);
    }
    let (vfs, file) = context.server.file_mut(id)?;
    Ok(vfs.size(file)?)
}

/// Gives a file another length, unless somebody has locked bytes that come or go ([MS-FSA] 2.1.4.10).
fn resize<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    before: u64,
    after: u64,
) -> Result<(), Status> {
    let server = &mut *context.server;
    let range = (before.min(after), before.abs_diff(after));
    if let Some(object) = server.opens.get(id).and_then(|open| open.object)
        && server
            .locks
            .forbids(&server.objects, object, id.to_u64(), range, true)
    {
        return Err(Status::FILE_LOCK_CONFLICT);
    }
    server.change_data(id, context.now, |vfs, file| vfs.truncate(file, after))?;
    server.changed(id, action::MODIFIED, filter::SIZE);
    Ok(())
}

fn end_of_file<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    size: u64,
) -> Result<(), Status> {
    let before = resizable(context, id)?;
    resize(context, id, before, size)
}

/// Reserves room, or cuts the file where it is longer ([MS-FSA] 2.1.5.15.1).
fn allocation<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    size: u64,
) -> Result<(), Status> {
    let before = resizable(context, id)?;
    if size < before {
        return resize(context, id, before, size);
    }
    let (server, now) = (&mut *context.server, context.now);
    if let Some(object) = server.opens.get(id).and_then(|open| open.object) {
        server.break_caching(object, server.breaker(id), Reason::Change, now);
    }
    let (vfs, file) = server.file_mut(id)?;
    match vfs.allocate(file, size) {
        // Reserving is a promise this disk cannot make; what is written finds room or not.
        Err(Error::Unsupported) => Ok(()),
        result => Ok(result?),
    }
}

/// Telling which data is valid shows what stood on the disk before: it needs a privilege nobody has here
/// ([MS-FSA] 2.1.5.15.16).
fn valid_data_length<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    length: u64,
) -> Result<(), Status> {
    if length > resizable(context, id)? {
        return Err(Status::INVALID_PARAMETER);
    }
    Err(Status::PRIVILEGE_NOT_HELD)
}

/// Sets extended attributes; an empty value removes one ([MS-FSA] 2.1.5.15.7). All names are checked
/// before the first is set.
fn extended<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    buffer: &[u8],
) -> Result<(), Status> {
    context.granted(id, access::FILE_WRITE_EA)?;
    let list = FullEas::parse(buffer).map_err(|_| Status::EA_LIST_INCONSISTENT)?;
    if !list.clone().all(|attribute| is_valid_name(attribute.name)) {
        return Err(Status::INVALID_EA_NAME);
    }
    let fixed = context.server.fixed_times(id)?;
    let (vfs, file) = context.server.file_mut(id)?;
    for attribute in list {
        match vfs.set_attribute(file, attribute.name, attribute.value) {
            Ok(()) => {}
            // Removing what is not there.
            Err(Error::NotFound) if attribute.value.is_empty() => {}
            Err(Error::Unsupported) => return Err(Status::EAS_NOT_SUPPORTED),
            Err(Error::TooLarge | Error::BufferTooSmall) => return Err(Status::EA_TOO_LARGE),
            Err(error) => return Err(error.into()),
        }
    }
    context.server.put_back(id, &fixed)?;
    context.server.changed(id, action::MODIFIED, filter::EA);
    Ok(())
}
