//! Copying within the server ([MS-SMB2] 3.3.5.15.5, 3.3.5.15.6): the source is named by a key, the target is
//! the open, and no byte crosses the network.

use super::{data_open, need, unlocked};
use crate::engine::Server;
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Kind, Vfs, Wait};
use crate::wire::fsctl::{
    CopyChunk, CopyChunkCopy, CopyChunkResponse, ResumeKey, write_resume_key,
};
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Chunks one request may have.
const MOST_CHUNKS: usize = 256;
/// Bytes one chunk may have.
const MOST_BYTES: u32 = 1 << 20;
/// Bytes one request may copy.
const MOST_IN_ALL: u32 = 16 << 20;

/// Bytes of the answers.
const RESUME_KEY: usize = 32;
const COPIED: usize = 12;

const READS: u32 = access::FILE_READ_DATA | access::FILE_EXECUTE;
const WRITES: u32 = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;

/// FSCTL_SRV_REQUEST_RESUME_KEY: names this open as the source of a copy. The key is no secret: it works in
/// the session the open belongs to and nowhere else.
pub fn resume_key<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    need(out, RESUME_KEY, Status::INVALID_PARAMETER)?;
    context.opened(id)?;
    write_resume_key(out, &key_of(id.to_u64()))?;
    Ok(Status::SUCCESS)
}

fn key_of(open: u64) -> ResumeKey {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&open.to_le_bytes());
    key[8..16].copy_from_slice(&open.to_le_bytes());
    key
}

/// The open a key names, if it is of the same session.
fn source<V: Vfs>(context: &Context<'_, V>, key: &ResumeKey) -> Result<OpenId<V::File>, Status> {
    let mut number = [0; 8];
    number.copy_from_slice(&key[..8]);
    let number = u64::from_le_bytes(number);
    let id = OpenId::<V::File>::from_u64(number);
    let open = context
        .server
        .opens
        .get(id)
        .filter(|_| *key == key_of(number))
        .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
    if Some(open.session) != context.session {
        return Err(Status::OBJECT_NAME_NOT_FOUND);
    }
    Ok(id)
}

/// FSCTL_SRV_COPYCHUNK and FSCTL_SRV_COPYCHUNK_WRITE; the former wants the target readable too.
pub fn copy<V: Vfs>(
    context: &mut Context<'_, V>,
    target: OpenId<V::File>,
    input: &[u8],
    readable: bool,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    need(out, COPIED, Status::INVALID_PARAMETER)?;
    let wanted = CopyChunkCopy::parse(input)?;
    let source = source(context, &wanted.source_key)?;
    for id in [source, target] {
        let open = context.opened(id)?;
        if matches!(open.target, Target::Pipe(_)) || open.kind != Kind::File {
            return Err(Status::INVALID_DEVICE_REQUEST);
        }
    }
    data_open(context, source, READS)?;
    let open = data_open(context, target, WRITES)?;
    if readable && open.access & access::FILE_READ_DATA == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    if !within_limits(wanted.chunks()) {
        CopyChunkResponse {
            chunks_written: MOST_CHUNKS as u32,
            chunk_bytes_written: MOST_BYTES,
            total_bytes_written: MOST_IN_ALL,
        }
        .write(out)?;
        return Ok(Status::INVALID_PARAMETER);
    }
    let fixed = context.server.begin_change(target, context.now)?;
    let mut done = CopyChunkResponse {
        chunks_written: 0,
        chunk_bytes_written: 0,
        total_bytes_written: 0,
    };
    let mut status = Status::SUCCESS;
    for chunk in wanted.chunks() {
        if let Err(error) = copy_chunk(context, source, target, &chunk) {
            status = error;
            break;
        }
        done.chunks_written += 1;
        done.total_bytes_written = done.total_bytes_written.saturating_add(chunk.length);
    }
    context.server.put_back(target, &fixed)?;
    done.write(out)?;
    Ok(status)
}

/// Whether a request asks for no more than the server does at once, and each chunk for something.
fn within_limits(chunks: impl ExactSizeIterator<Item = CopyChunk>) -> bool {
    if chunks.len() > MOST_CHUNKS {
        return false;
    }
    let mut total: u32 = 0;
    for chunk in chunks {
        total = total.saturating_add(chunk.length);
        if chunk.length == 0 || chunk.length > MOST_BYTES || total > MOST_IN_ALL {
            return false;
        }
    }
    true
}

/// Copies one chunk, all of it or an error.
fn copy_chunk<V: Vfs>(
    context: &mut Context<'_, V>,
    source: OpenId<V::File>,
    target: OpenId<V::File>,
    chunk: &CopyChunk,
) -> Result<(), Status> {
    let length = u64::from(chunk.length);
    let end = |offset: u64| {
        offset
            .checked_add(length)
            .filter(|end| i64::try_from(*end).is_ok())
            .ok_or(Status::INVALID_PARAMETER)
    };
    let source_end = end(chunk.source_offset)?;
    end(chunk.target_offset)?;
    let (vfs, file) = context.server.file_mut(source)?;
    if source_end > vfs.size(file)? {
        return Err(Status::INVALID_VIEW_SIZE);
    }
    unlocked(context, source, (chunk.source_offset, length), false)?;
    unlocked(context, target, (chunk.target_offset, length), true)?;
    let server = &mut *context.server;
    let same = |a: OpenId<V::File>| server.opens.get(a).and_then(|open| open.object);
    if source == target || (same(source) == same(target) && overlap(chunk)) {
        return server.copy_within(source, target, chunk);
    }
    let Server { opens, vfs, .. } = server;
    let (from, to) = opens.get_with(source, target).ok_or(Status::FILE_CLOSED)?;
    let (Target::File(from), Target::File(to)) = (&from.target, &mut to.target) else {
        return Err(Status::INVALID_DEVICE_REQUEST);
    };
    let copied = vfs.copy(from, chunk.source_offset, to, chunk.target_offset, length)?;
    if copied < length {
        // Somebody on the router has cut the source meanwhile.
        return Err(Status::INVALID_VIEW_SIZE);
    }
    Ok(())
}

fn overlap(chunk: &CopyChunk) -> bool {
    chunk.source_offset.abs_diff(chunk.target_offset) < u64::from(chunk.length)
}

impl<V: Vfs> Server<V> {
    /// Copies within one file, piece by piece through the scratch room. Where the ranges overlap, what is
    /// still to be read is never written first.
    fn copy_within(
        &mut self,
        source: OpenId<V::File>,
        target: OpenId<V::File>,
        chunk: &CopyChunk,
    ) -> Result<(), Status> {
        let Server {
            opens,
            vfs,
            scratch,
            ..
        } = self;
        let length = u64::from(chunk.length);
        let backwards = chunk.target_offset > chunk.source_offset;
        let mut done = 0;
        while done < length {
            let count = (length - done).min(scratch.len() as u64);
            let at = if backwards {
                length - done - count
            } else {
                done
            };
            let piece = scratch
                .get_mut(..count as usize)
                .ok_or(Status::INTERNAL_ERROR)?;
            let from = opens.get(source).ok_or(Status::FILE_CLOSED)?;
            let Target::File(from) = &from.target else {
                return Err(Status::INVALID_DEVICE_REQUEST);
            };
            let read = vfs.read(from, chunk.source_offset + at, piece, Wait::Allowed)?;
            if read < piece.len() {
                return Err(Status::INVALID_VIEW_SIZE);
            }
            let to = opens.get_mut(target).ok_or(Status::FILE_CLOSED)?;
            let Target::File(to) = &mut to.target else {
                return Err(Status::INVALID_DEVICE_REQUEST);
            };
            vfs.write(to, chunk.target_offset + at, piece, false)?;
            done += count;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(length: u32) -> CopyChunk {
        CopyChunk {
            source_offset: 0,
            target_offset: 0,
            length,
        }
    }

    #[test]
    fn the_limits_are_those_that_are_told() {
        let cases: [(&[CopyChunk], bool); 6] = [
            (&[], true),
            (&[chunk(0)], false),
            (&[chunk(MOST_BYTES)], true),
            (&[chunk(MOST_BYTES + 1)], false),
            (&[chunk(MOST_BYTES); 16], true),
            (&[chunk(MOST_BYTES); 17], false),
        ];
        for (chunks, expected) in cases {
            assert_eq!(within_limits(chunks.iter().copied()), expected);
        }
        assert!(within_limits([chunk(1); MOST_CHUNKS].into_iter()));
        assert!(!within_limits([chunk(1); MOST_CHUNKS + 1].into_iter()));
    }

    #[test]
    fn ranges_overlap_where_they_share_a_byte() {
        for (source_offset, target_offset, length, expected) in [
            (0, 10, 10, false),
            (0, 9, 10, true),
            (9, 0, 10, true),
            (10, 0, 10, false),
        ] {
            let chunk = CopyChunk {
                source_offset,
                target_offset,
                length,
            };
            assert_eq!(overlap(&chunk), expected);
        }
    }
}
