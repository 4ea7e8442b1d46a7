//! QUERY_DIRECTORY ([MS-SMB2] 3.3.5.18, [MS-FSA] 2.1.5.6.3).

use core::ops::ControlFlow;

use crate::engine::Server;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{Listing, Open, Target};
use crate::engine::veto::vetoed;
use crate::engine::{short_name, tree};
use crate::vfs::{At, Kind, Meta, SharePath, Vfs, name, wildcard};
use crate::wire::info::{DirectoryClass, DirectoryEntry, DirectoryWriter, Times};
use crate::wire::query_directory::{REOPEN, RESTART_SCANS, RETURN_SINGLE_ENTRY, Request, Response};
use crate::wire::status::Status;
use crate::wire::{Full, Writer, access, utf16};

/// Every name there is.
const ALL: &[u8] = b"*\0";
/// So many names in a row that do not match, and only names are read until one does: to ask the disk about
/// files nobody sees takes longer than to read their names twice.
const MISSES: u32 = 64;
/// The names every directory begins with.
const DOTS: [&[u8]; 2] = [b".", b".."];

/// Lists a directory from where the last answer ended.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    let class =
        DirectoryClass::from_wire(request.information_class).ok_or(Status::INVALID_INFO_CLASS)?;
    // More than may be sent is no mistake here: the answer ends where the room does.
    context.pays(request.output_buffer_length)?;
    let id = context.open(request.file_id)?;
    let open = context.opened(id)?;
    if matches!(open.target, Target::Pipe(_)) || open.kind != Kind::Directory {
        return Err(Status::INVALID_PARAMETER);
    }
    if open.access & access::FILE_LIST_DIRECTORY == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    let room = request
        .output_buffer_length
        .min(context.server.budget.max_io) as usize;
    if room < class.fixed_size() {
        return Err(Status::INFO_LENGTH_MISMATCH);
    }
    let pattern = match request.pattern {
        [] => ALL,
        pattern if is_pattern(pattern) => pattern,
        _ => return Err(Status::OBJECT_NAME_INVALID),
    };
    let (at, share) = match context.tree()?.1 {
        tree if let tree::Target::Disk(at) = tree.target => (at, tree.share),
        _ => return Err(Status::INVALID_PARAMETER),
    };

    let Server {
        opens,
        vfs,
        served,
        scratch,
        ..
    } = &mut *context.server;
    let Open {
        target: Target::File(directory),
        cursor,
        listing,
        ..
    } = opens.get_mut(id).ok_or(Status::FILE_CLOSED)?
    else {
        return Err(Status::FILE_CLOSED);
    };
    if request.flags & (RESTART_SCANS | REOPEN) != 0 {
        *cursor = 0;
        (listing.begun, listing.ended, listing.dots) = (false, false, 0);
    }
    if listing.ended {
        return Err(Status::NO_MORE_FILES);
    }
    let before = (*cursor, *listing);
    let start = Response::begin(reply)?;
    let (fit, count) = reply.within(room, |w| {
        let mut search = Search {
            pattern,
            veto: served
                .iter()
                .find(|served| served.number == share)
                .map_or(&[], |served| &served.share.veto),
            needs_meta: class.needs_meta(),
            needs_short: class.needs_short_name(),
            most: match request.flags & RETURN_SINGLE_ENTRY {
                0 => u32::MAX,
                _ => 1,
            },
            list: DirectoryWriter::new(class, w),
            w,
        };
        let fit = if has_wildcard(pattern) {
            search.scan(vfs, directory, at, cursor, listing, scratch)
        } else {
            search.find(vfs, directory, at, listing, scratch)
        };
        (fit, search.list.count())
    });
    // What was read before the disk failed goes unsaid, and is to be read again.
    let fit = fit.inspect_err(|_| (*cursor, *listing) = before)?;
    let first = !core::mem::replace(&mut listing.begun, true);
    match (fit, count) {
        (Fit::Full, 0) => Err(Status::BUFFER_OVERFLOW),
        (Fit::Whole, 0) if first => Err(Status::NO_SUCH_FILE),
        (Fit::Whole, 0) => Err(Status::NO_MORE_FILES),
        _ => {
            Response::finish(reply, start);
            Ok(Outcome::Done)
        }
    }
}

/// Whether a pattern holds nothing but what a name or a wildcard may.
fn is_pattern(pattern: &[u8]) -> bool {
    !utf16::code_points(pattern).any(|point| matches!(point, 0 | 0x2F | 0x3A | 0x5C | 0x7C))
}

/// Whether a pattern can match more than one name.
fn has_wildcard(pattern: &[u8]) -> bool {
    utf16::code_points(pattern).any(|point| matches!(point, 0x22 | 0x2A | 0x3C | 0x3E | 0x3F))
}

/// Whether the answer had room for what was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It had, as far as was looked.
    Whole,
    /// The next entry did not fit.
    Full,
}

/// One answer on its way.
struct Search<'a, 'w, 'b> {
    pattern: &'a [u8],
    veto: &'a [String],
    needs_meta: bool,
    needs_short: bool,
    most: u32,
    list: DirectoryWriter,
    w: &'w mut Writer<'b>,
}

impl Search<'_, '_, '_> {
    fn matches(&self, name: &[u8]) -> bool {
        wildcard::matches(self.pattern, name)
    }

    fn is_full(&self) -> bool {
        self.list.count() >= self.most
    }

    fn put(&mut self, name: &[u8], meta: Option<&Meta>) -> Result<(), Full> {
        let mut short = [0; short_name::LIMIT];
        let short_name = if self.needs_short && !DOTS.contains(&name) {
            short_name::made(name, &mut short).unwrap_or_default()
        } else {
            b""
        };
        let mut entry = DirectoryEntry {
            name,
            short_name,
            ..DirectoryEntry::default()
        };
        if let Some(meta) = meta {
            entry = DirectoryEntry {
                times: Times {
                    creation: meta.creation,
                    access: meta.access,
                    write: meta.write,
                    change: meta.change,
                },
                size: meta.size,
                allocation: meta.allocation,
                attributes: meta.attributes,
                ea_size: meta.ea_size,
                file_id: meta.key.inode,
                reparse_tag: meta.reparse_tag,
                ..entry
            };
        }
        self.list.append(&entry, self.w)
    }

    /// `.` and `..`, where they match; `Full` if the answer ends with them.
    fn dots<V: Vfs>(
        &mut self,
        vfs: &mut V,
        directory: &V::File,
        at: At,
        listing: &mut Listing,
        scratch: &mut [u8],
    ) -> Result<Fit, Status> {
        while let Some(name) = DOTS.get(usize::from(listing.dots)) {
            if self.matches(name) {
                if self.is_full() {
                    return Ok(Fit::Full);
                }
                let meta = if self.needs_meta {
                    let own = vfs.meta(directory)?;
                    Some(match listing.dots {
                        0 => own,
                        _ => above(vfs, directory, at, scratch).unwrap_or(own),
                    })
                } else {
                    None
                };
                if self.put(name, meta.as_ref()).is_err() {
                    return Ok(Fit::Full);
                }
            }
            listing.dots += 1;
        }
        Ok(Fit::Whole)
    }

    /// Goes through the directory from the cursor on.
    fn scan<V: Vfs>(
        &mut self,
        vfs: &mut V,
        directory: &mut V::File,
        at: At,
        cursor: &mut u64,
        listing: &mut Listing,
        scratch: &mut [u8],
    ) -> Result<Fit, Status> {
        if self.dots(vfs, directory, at, listing, scratch)? == Fit::Full {
            return Ok(Fit::Full);
        }
        let mut with_meta = self.needs_meta;
        loop {
            let mut fit = Fit::Whole;
            let mut misses = 0;
            let mut turn = false;
            let mut stopped = false;
            vfs.list(directory, *cursor, with_meta, &mut |entry| {
                if self.is_full() {
                    stopped = true;
                } else if !self.matches(entry.name) || vetoed(self.veto, entry.name) {
                    *cursor = entry.next;
                    misses += 1;
                    turn = with_meta && misses >= MISSES;
                } else if with_meta != self.needs_meta {
                    turn = true;
                } else if self.put(entry.name, entry.meta.as_ref()).is_ok() {
                    *cursor = entry.next;
                    misses = 0;
                } else {
                    fit = Fit::Full;
                }
                stopped |= turn || fit == Fit::Full;
                if stopped {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
            if !turn {
                listing.ended = !stopped;
                return Ok(fit);
            }
            with_meta = !with_meta;
        }
    }

    /// Looks for the one name a pattern without wildcards can match.
    fn find<V: Vfs>(
        &mut self,
        vfs: &mut V,
        directory: &V::File,
        at: At,
        listing: &mut Listing,
        scratch: &mut [u8],
    ) -> Result<Fit, Status> {
        if listing.begun {
            return Ok(Fit::Whole);
        }
        let fit = self.dots(vfs, directory, at, listing, scratch)?;
        if fit == Fit::Full || self.list.count() > 0 {
            return Ok(fit);
        }
        let Some((file, meta)) = child(vfs, directory, at, self.pattern, scratch) else {
            return Ok(Fit::Whole);
        };
        let length = vfs.path(&file, scratch)?;
        let path = scratch.get(..length).unwrap_or_default();
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if vetoed(self.veto, name) {
            return Ok(Fit::Whole);
        }
        let meta = self.needs_meta.then_some(&meta);
        Ok(match self.put(name, meta) {
            Ok(()) => Fit::Whole,
            Err(Full) => Fit::Full,
        })
    }
}

/// What a name in a directory leads to.
fn child<V: Vfs>(
    vfs: &mut V,
    directory: &V::File,
    at: At,
    pattern: &[u8],
    scratch: &mut [u8],
) -> Option<(V::File, Meta)> {
    let (low, high) = scratch.split_at_mut_checked(scratch.len() / 2)?;
    let length = vfs.path(directory, low).ok()?;
    let mut w = Writer::new(high);
    for component in low.get(..length)?.split(|byte| *byte == b'/') {
        if !component.is_empty() {
            utf16::encode(component, &mut w).ok()?;
            utf16::encode(b"\\", &mut w).ok()?;
        }
    }
    w.bytes(pattern).ok()?;
    let parsed = name::parse(w.written(), low).ok()?;
    if parsed.trailing_separator || parsed.stream_type.is_some() {
        return None;
    }
    vfs.lookup(at, parsed.path, true).ok()
}

/// What the directory above is like; `None` for the share's root, which has none.
fn above<V: Vfs>(vfs: &mut V, directory: &V::File, at: At, scratch: &mut [u8]) -> Option<Meta> {
    let (low, high) = scratch.split_at_mut_checked(scratch.len() / 2)?;
    let length = vfs.path(directory, low).ok()?;
    let path = low.get(..length).filter(|path| !path.is_empty())?;
    let Some(end) = path.iter().rposition(|byte| *byte == b'/') else {
        return vfs
            .lookup(
                at,
                SharePath {
                    path: b"",
                    stream: b"",
                },
                true,
            )
            .ok()
            .map(|(_, meta)| meta);
    };
    let mut w = Writer::new(high);
    for (index, component) in path.get(..end)?.split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            utf16::encode(b"\\", &mut w).ok()?;
        }
        utf16::encode(component, &mut w).ok()?;
    }
    let parsed = name::parse(w.written(), low).ok()?;
    vfs.lookup(at, parsed.path, true).ok().map(|(_, meta)| meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn patterns_with_separators_are_none() {
        for (pattern, valid, wild) in [
            ("*", true, true),
            ("a.txt", true, false),
            ("a<.t>t", true, true),
            ("a\"b", true, true),
            ("\u{f021}", true, false),
            ("a\\b", false, false),
            ("a/b", false, false),
            ("a:b", false, false),
            ("a\0", false, false),
        ] {
            assert_eq!(is_pattern(&wire(pattern)), valid, "{pattern}");
            assert_eq!(has_wildcard(&wire(pattern)), wild, "{pattern}");
        }
    }
}
