//! SMB2 FLUSH ([MS-SMB2] 2.2.17, 2.2.18).

use super::{FileId, Full, Malformed, Writer, body};

/// SMB2 FLUSH Request ([MS-SMB2] 2.2.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// To be ignored, except that macOS sets all bits where it needs the data on the medium (its
    /// F_FULLFSYNC).
    pub reserved1: u16,
    /// The open to flush.
    pub file_id: FileId,
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 24)?;
        let reserved1 = r.u16()?;
        r.skip(4)?;
        Ok(Request {
            reserved1,
            file_id: FileId::read(&mut r)?,
        })
    }
}

/// SMB2 FLUSH Response ([MS-SMB2] 2.2.18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response;

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(4)?;
        w.u16(0)
    }
}
