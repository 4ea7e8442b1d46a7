//! What every request body has in common: a structure size at position 64 and buffers named by
//! offset and length, both counted from the SMB2 header.

use super::{Malformed, Reader, Writer, header};

/// Where a body begins: the SMB2 header before it is this long ([MS-SMB2] 2.2.1).
pub(super) const START: usize = header::SIZE;

/// A reader standing behind the StructureSize field, which must be `size`.
pub(super) fn open(msg: &[u8], size: u16) -> Result<Reader<'_>, Malformed> {
    let mut reader = Reader::at(msg, START);
    if reader.u16()? != size {
        return Err(Malformed);
    }
    Ok(reader)
}

/// The buffer of `length` bytes at `offset`. It may not reach back into the fixed part, which ends at
/// `fixed_end`. A buffer of no bytes is empty wherever its offset points: clients leave stale
/// or zero offsets there.
pub(super) fn buffer(
    msg: &[u8],
    fixed_end: usize,
    offset: u32,
    length: u32,
) -> Result<&[u8], Malformed> {
    if length == 0 {
        return Ok(&[]);
    }
    let offset = usize::try_from(offset).map_err(|_| Malformed)?;
    let length = usize::try_from(length).map_err(|_| Malformed)?;
    if offset < fixed_end {
        return Err(Malformed);
    }
    Reader::at(msg, offset).bytes(length)
}

/// How many bytes the caller appended since `start`, saturated to the field's width; a reply is
/// bounded far below that by the negotiated sizes.
pub(super) fn length_since(w: &Writer<'_>, start: usize) -> u32 {
    u32::try_from(w.position().saturating_sub(start)).unwrap_or(u32::MAX)
}

/// Patches a four-byte field that `begin` wrote as zero. It lies before `start`, so it is there.
pub(super) fn patch_u32(w: &mut Writer<'_>, position: usize, value: u32) {
    let patched = w.patch_u32(position, value);
    debug_assert!(patched.is_ok(), "finish without begin");
}

/// The fixed part of the replies that are one output buffer: StructureSize 9,
/// OutputBufferOffset, OutputBufferLength ([MS-SMB2] 2.2.34, 2.2.36, 2.2.38).
pub(super) fn begin_output(w: &mut Writer<'_>) -> Result<usize, super::Full> {
    // Refused as a whole or written as a whole: the caller may retry with something shorter.
    let offset = w.position().checked_add(8).ok_or(super::Full)?;
    let field = u16::try_from(offset).map_err(|_| super::Full)?;
    let mut fixed = [0u8; 8];
    fixed[..2].copy_from_slice(&9u16.to_le_bytes());
    fixed[2..4].copy_from_slice(&field.to_le_bytes());
    w.bytes(&fixed)?;
    Ok(offset)
}

/// Patches the length that [`begin_output`] left zero.
pub(super) fn finish_output(w: &mut Writer<'_>, start: usize) {
    let length = length_since(w, start);
    patch_u32(w, start.saturating_sub(4), length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        change_notify, close, create, create_context, flush, fsctl, ioctl, lock, oplock_break,
        query_directory, query_info, read, set_info, write,
    };
    use proptest::prelude::*;

    #[test]
    fn a_structure_size_is_demanded() {
        for (body, accepted) in [
            (&[][..], false),
            (&[24], false),
            (&[24, 0], true),
            (&[25, 0], false),
        ] {
            let mut msg = vec![0; START];
            msg.extend(body);
            assert_eq!(open(&msg, 24).is_ok(), accepted, "{body:?}");
        }
        assert!(open(&[24, 0], 24).is_err(), "no header");
    }

    #[test]
    fn a_buffer_lies_behind_the_fixed_part_and_within_the_message() {
        let msg: [u8; 100] = core::array::from_fn(|i| i as u8);
        for (offset, length, found) in [
            (96, 4, Ok(&[96, 97, 98, 99][..])),
            (96, 5, Err(Malformed)),
            (100, 1, Err(Malformed)),
            (95, 1, Err(Malformed)),
            (0, 1, Err(Malformed)),
            (u32::MAX, u32::MAX, Err(Malformed)),
            (100, u32::MAX, Err(Malformed)),
            (0, 0, Ok(&[])),
            (95, 0, Ok(&[])),
            (u32::MAX, 0, Ok(&[])),
        ] {
            assert_eq!(buffer(&msg, 96, offset, length), found, "{offset} {length}");
        }
    }

    #[test]
    fn a_reply_without_room_is_refused_whole() {
        let mut room = [0; START + 7];
        let mut w = Writer::new(&mut room);
        w.zeros(START).unwrap();
        assert!(begin_output(&mut w).is_err());
        assert_eq!(w.position(), START);
    }

    /// Feeds a message to every parser and walks all they return; `within` is where slices must lie.
    fn parse_all(msg: &[u8]) {
        let within = |slice: &[u8]| {
            let all = msg.as_ptr_range();
            let part = slice.as_ptr_range();
            assert!(slice.is_empty() || (all.start <= part.start && part.end <= all.end));
        };
        let _ = change_notify::Request::parse(msg);
        let _ = close::Request::parse(msg);
        let _ = flush::Request::parse(msg);
        let _ = oplock_break::Request::parse(msg);
        let _ = read::Request::parse(msg);
        if let Ok(request) = create::Request::parse(msg) {
            within(request.name);
            within(request.contexts);
            parse_contexts(request.contexts);
        }
        if let Ok(request) = ioctl::Request::parse(msg) {
            within(request.input);
            parse_inputs(request.input);
        }
        if let Ok(request) = lock::Request::parse(msg) {
            assert_ne!(request.locks().count(), 0);
        }
        if let Ok(request) = query_directory::Request::parse(msg) {
            within(request.pattern);
        }
        if let Ok(request) = query_info::Request::parse(msg) {
            within(request.input);
        }
        if let Ok(request) = set_info::Request::parse(msg) {
            within(request.buffer);
        }
        if let Ok(request) = write::Request::parse(msg) {
            within(request.data);
        }
    }

    fn parse_contexts(contexts: &[u8]) {
        let mut steps = 0;
        for step in create_context::CreateContexts::new(contexts) {
            steps += 1;
            if let Ok((name, data)) = step {
                let _ = create_context::Context::parse(name, data);
            }
        }
        assert!(steps <= contexts.len() / 16 + 1, "the walk always moves on");
    }

    fn parse_inputs(input: &[u8]) {
        if let Ok(copy) = fsctl::CopyChunkCopy::parse(input) {
            assert!(copy.chunks().len() <= input.len());
        }
        if let Ok(request) = fsctl::ValidateNegotiateRequest::parse(input) {
            assert!(request.dialects().len() <= input.len());
        }
        if let Ok(trim) = fsctl::FileLevelTrim::parse(input) {
            assert!(trim.ranges().len() <= input.len());
        }
        let _ = fsctl::Range::parse(input);
        let _ = fsctl::ZeroData::parse(input);
        let _ = fsctl::DuplicateExtents::parse(input);
        let _ = fsctl::DuplicateExtents::parse_ex(input);
        let _ = fsctl::FileRegion::parse(input);
        let _ = fsctl::ObjectIdBuffer::parse(input);
        let _ = fsctl::SetIntegrityInformation::parse(input);
        let _ = fsctl::parse_set_sparse(input);
        let _ = fsctl::parse_compression_state(input);
    }

    /// Bytes of which most are small, so that lengths and offsets made of them often fit.
    fn small_bytes(n: usize) -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(0u8), 3 => 0u8..=8, 2 => (0u8..=20).prop_map(|n| n * 8), 1 => any::<u8>()];
        proptest::collection::vec(byte, 0..n)
    }

    proptest! {
        #[test]
        fn any_message_is_parsed_or_refused(
            size in proptest::sample::select(&[24u16, 32, 33, 36, 41, 48, 49, 57][..]),
            body in small_bytes(200),
            cut in 0usize..66,
        ) {
            let mut msg = vec![0; START];
            msg.extend(size.to_le_bytes());
            msg.extend(&body);
            parse_all(&msg);
            parse_all(&msg[..cut]);
        }

        #[test]
        fn any_contexts_are_walked_to_an_end(bytes in small_bytes(300)) {
            parse_contexts(&bytes);
        }

        #[test]
        fn any_payload_is_parsed_or_refused(bytes in small_bytes(80), long in any::<Vec<u8>>()) {
            parse_inputs(&bytes);
            parse_inputs(&long);
        }
    }
}
