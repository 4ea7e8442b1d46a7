//! A file asked for by the short name it was told to have.

use crate::engine::Server;
use crate::engine::short_name;
use crate::engine::veto::vetoed;
use crate::vfs::{At, DataAccess, Meta, SharePath, Vfs, name};
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
    let start = match path.path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => slash + 1,
        None => 0,
    };
    let (folder, wanted) = path.path.split_at_checked(start)?;
    if !short_name::can_be_made(wanted) {
        return None;
    }
    let mut directory = server.folder_of(at, path).ok()??;
    let Server {
        vfs,
        scratch,
        served,
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
    high.get_mut(..start)?.copy_from_slice(folder);
    let parsed = name::parse(units.written(), high.get_mut(start..)?).ok()?;
    let end = start + parsed.path.path.len();
    let whole = SharePath {
        path: high.get(..end)?,
        stream: path.stream,
    };
    vfs.lookup(at, whole, true).ok()
}
