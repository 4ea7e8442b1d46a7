//! The body of a reply that failed or is only an interim one ([MS-SMB2] 2.2.2).

use super::{Full, Writer};

/// Writes an error body without data.
pub fn write(w: &mut Writer<'_>) -> Result<(), Full> {
    with_data(w, &[])
}

/// Writes an error body with data, as BUFFER_TOO_SMALL has it (dialects before 3.1.1).
pub fn with_data(w: &mut Writer<'_>, data: &[u8]) -> Result<(), Full> {
    w.u16(9)?;
    w.u8(0)?; // ErrorContextCount
    w.u8(0)?;
    w.u32(u32::try_from(data.len()).map_err(|_| Full)?)?;
    // "If ByteCount is zero then the server MUST supply an ErrorData field that is one byte in length."
    if data.is_empty() {
        w.u8(0)
    } else {
        w.bytes(data)
    }
}

/// Writes an error body with data as dialect 3.1.1 wants it: wrapped in one error context (2.2.2.1).
pub fn with_context(w: &mut Writer<'_>, data: &[u8]) -> Result<(), Full> {
    let length = u32::try_from(data.len()).map_err(|_| Full)?;
    w.u16(9)?;
    w.u8(1)?;
    w.u8(0)?;
    w.u32(length.checked_add(8).ok_or(Full)?)?;
    w.u32(length)?;
    w.u32(0)?; // ErrorId: SMB2_ERROR_ID_DEFAULT
    w.bytes(data)
}
