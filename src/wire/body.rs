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
