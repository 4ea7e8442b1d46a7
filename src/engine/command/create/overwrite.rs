//! Emptying a file that is overwritten or superseded ([MS-FSA] 2.1.5.1.2.1).

use super::checks::Wanted;
use crate::engine::context::Context;
use crate::engine::tree;
use crate::vfs::{At, Error, SharePath, Vfs, name};
use crate::wire::create::Request;
use crate::wire::status::Status;
use crate::wire::{attributes, ea};

/// Takes the data of a file or stream away; of a file also its streams and extended attributes, and gives it
/// the attributes that were asked for.
pub fn empty<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    file: &mut V::File,
) -> Result<(), Status> {
    let tree::Target::Disk(at) = context.tree()?.1.target else {
        return Err(Status::INVALID_PARAMETER);
    };
    let vfs = &mut context.server.vfs;
    vfs.truncate(file, 0)?;
    if !wanted.path.stream.is_empty() {
        return Ok(());
    }
    while let Some((length, name)) = first_stream(vfs, file)? {
        let path = SharePath {
            path: wanted.path.path,
            stream: name.get(..length).unwrap_or_default(),
        };
        remove_stream(vfs, at, path)?;
    }
    while let Some((length, name)) = first_attribute(vfs, file)? {
        vfs.set_attribute(file, name.get(..length).unwrap_or_default(), &[])?;
    }
    let kept =
        request.file_attributes & attributes::SETTABLE & !attributes::NORMAL | attributes::ARCHIVE;
    match vfs.set_attributes(file, kept) {
        Ok(()) | Err(Error::Unsupported) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn remove_stream<V: Vfs>(vfs: &mut V, at: At, path: SharePath<'_>) -> Result<(), Status> {
    let (mut stream, _) = vfs.lookup(at, path, true)?;
    Ok(vfs.remove(&mut stream)?)
}

/// A name and its length.
type Found<const N: usize> = Option<(usize, [u8; N])>;

fn first_stream<V: Vfs>(
    vfs: &mut V,
    file: &V::File,
) -> Result<Found<{ name::SHOWN_LIMIT }>, Status> {
    let mut found = None;
    let listed = vfs.streams(file, &mut |name, _, _| keep(&mut found, name));
    done(listed, found)
}

fn first_attribute<V: Vfs>(vfs: &mut V, file: &V::File) -> Result<Found<255>, Status> {
    let mut found = None;
    let listed = vfs.attributes(file, &mut |name, _| {
        if ea::is_valid_name(name) {
            keep(&mut found, name);
        }
    });
    done(listed, found)
}

fn keep<const N: usize>(found: &mut Found<N>, name: &[u8]) {
    let mut copy = [0; N];
    if let (None, Some(room)) = (&found, copy.get_mut(..name.len())) {
        room.copy_from_slice(name);
        *found = Some((name.len(), copy));
    }
}

/// A disk that keeps none has none.
fn done<T>(listed: Result<(), Error>, found: Option<T>) -> Result<Option<T>, Status> {
    match listed {
        Ok(()) => Ok(found),
        Err(Error::Unsupported) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
