//! SESSION_SETUP ([MS-SMB2] 2.2.5, 2.2.6).

use super::{Full, Malformed, Reader, Writer, header};

/// SMB2_SESSION_FLAG_BINDING: a further connection for an existing session.
pub const FLAG_BINDING: u8 = 1;
/// SMB2_SESSION_FLAG_IS_GUEST.
pub const SESSION_GUEST: u16 = 1;
/// SMB2_SESSION_FLAG_IS_NULL.
pub const SESSION_NULL: u16 = 2;
/// SMB2_SESSION_FLAG_ENCRYPT_DATA.
pub const SESSION_ENCRYPT: u16 = 4;

/// A SESSION_SETUP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Flags.
    pub flags: u8,
    /// SecurityMode: 1 signing enabled, 2 signing required.
    pub security_mode: u8,
    /// Capabilities.
    pub capabilities: u32,
    /// PreviousSessionId.
    pub previous_session_id: u64,
    /// The security token.
    pub token: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads the body.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::at(message, header::SIZE);
        if reader.u16()? != 25 {
            return Err(Malformed);
        }
        let flags = reader.u8()?;
        let security_mode = reader.u8()?;
        let capabilities = reader.u32()?;
        reader.skip(4)?; // Channel
        let offset = reader.u16()?;
        let length = reader.u16()?;
        let previous_session_id = reader.u64()?;
        let token = buffer(message, offset.into(), length.into())?;
        Ok(Request {
            flags,
            security_mode,
            capabilities,
            previous_session_id,
            token,
        })
    }
}

/// A variable part of a message: nothing, or bytes that lie behind the header.
pub(super) fn buffer(message: &[u8], offset: usize, length: usize) -> Result<&[u8], Malformed> {
    if length == 0 {
        return Ok(&[]);
    }
    if offset < header::SIZE {
        return Err(Malformed);
    }
    Reader::at(message, offset).bytes(length)
}

/// Writes the fixed part of the reply; the token follows, then [`finish`]. Where the token starts.
pub fn begin(w: &mut Writer<'_>) -> Result<usize, Full> {
    w.u16(9)?;
    w.zeros(6)?;
    Ok(w.position())
}

/// Completes the reply.
pub fn finish(w: &mut Writer<'_>, start: usize, session_flags: u16) -> Result<(), Full> {
    let length = u16::try_from(w.position() - start).map_err(|_| Full)?;
    w.patch_u16(start - 6, session_flags)?;
    w.patch_u16(start - 4, start as u16)?;
    w.patch_u16(start - 2, length)
}
