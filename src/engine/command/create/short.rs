//! A file asked for by the short name it was told to have, and one made anew by the short name of one that is gone.

use super::checks::Wanted;
use super::{Made, fresh};
use crate::engine::context::Context;
use crate::engine::veto::vetoed;
use crate::engine::{Server, short_name};
use crate::vfs::{At, DataAccess, Meta, SharePath, Vfs, name};
use crate::wire::create::Request;
use crate::wire::status::Status;
use crate::wire::{Writer, utf16};
use core::ops::ControlFlow;

/// Looks in the folder for the name whose short form the path ends with. What the share's owner wants not
/// opened has no short name either.
pub fn find<V: Vfs>(
    server: &mut Server<V>,
    share: u32,
    at: At,
    path: SharePath<'_>,
) -> Option<(V::File, Meta)> {
    let (folder, wanted) = leaf(path.path);
    if !short_name::can_be_made(wanted) {
        return None;
    }
    let mut directory = server.folder_of(at, path).ok()??;
    let Server {
        vfs,
        scratch,
        served,
        recalled,
        ..
    } = server;
    let veto = served
        .iter()
        .find(|served| served.number == share)
        .map_or(&[][..], |served| &served.share.veto);
    let access = DataAccess {
        read: true,
        write: false,
    };
    vfs.activate(&mut directory, access).ok()?;
    let (low, high) = scratch.split_at_mut_checked(scratch.len() / 2)?;
    let mut units = Writer::new(low);
    let mut found = false;
    vfs.list(&mut directory, 0, false, &mut |entry| {
        let mut out = [0; short_name::LIMIT];
        let same = short_name::of(entry.name, &mut out).eq_ignore_ascii_case(wanted)
            && !entry.name.eq_ignore_ascii_case(wanted)
            && !vetoed(veto, entry.name);
        if same {
            found = utf16::encode(entry.name, &mut units).is_ok();
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
    .ok()?;
    if !found {
        return None;
    }
    recalled.remember(share, wanted, units.written());
    let whole = SharePath {
        path: beside(folder, units.written(), high)?,
        stream: path.stream,
    };
    vfs.lookup(at, whole, true).ok()
}

/// Makes what is not there: by the name that is meant, where a short one was sent whose long one is known.
pub fn make<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    folder: Option<V::Folder>,
) -> Result<Made<V::File>, Status> {
    match short_name::can_be_made(leaf(wanted.path.path).1) {
        true => make_recalled(context, at, request, wanted, folder),
        false => fresh::make(context, at, request, wanted, folder),
    }
}

fn make_recalled<V: Vfs>(
    context: &mut Context<'_, V>,
    at: At,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
    folder: Option<V::Folder>,
) -> Result<Made<V::File>, Status> {
    let share = context.tree()?.1.share;
    let (before, short) = leaf(wanted.path.path);
    let mut buffer = name::ParseBuffer::new();
    let long = context.server.recalled.recall(share, short);
    let path = long.and_then(|long| {
        let room = name::room(&mut buffer, long, before.len());
        beside(before, long, room)
    });
    match path {
        Some(path) if !context.server.is_vetoed(share, path) => {
            let path = SharePath {
                path,
                ..wanted.path
            };
            // That this name is missing too is still to be found out.
            fresh::make(context, at, request, &Wanted { path, ..*wanted }, None)
        }
        _ => fresh::make(context, at, request, wanted, folder),
    }
}

/// A path's folder, with the slash behind it, and its last component.
fn leaf(path: &[u8]) -> (&[u8], &[u8]) {
    let start = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => slash + 1,
        None => 0,
    };
    path.split_at_checked(start).unwrap_or((path, &[]))
}

/// A name (UTF-16LE) in a folder (as [`leaf`] splits it off), as a path.
fn beside<'o>(folder: &[u8], name: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    let start = folder.len();
    out.get_mut(..start)?.copy_from_slice(folder);
    let parsed = name::parse(name, out.get_mut(start..)?).ok()?;
    let end = start + parsed.path.path.len();
    out.get(..end)
}
