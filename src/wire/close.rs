//! SMB2 CLOSE ([MS-SMB2] 2.2.15, 2.2.16).

use super::{FileId, Full, Malformed, Writer, body};

/// The client wants the file's attributes as they are after the close.
pub const POSTQUERY_ATTRIB: u16 = 0x0001;

/// SMB2 CLOSE Request ([MS-SMB2] 2.2.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// [`POSTQUERY_ATTRIB`] or 0.
    pub flags: u16,
    /// The open to close.
    pub file_id: FileId,
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 24)?;
        let flags = r.u16()?;
        r.skip(4)?;
        Ok(Request {
            flags,
            file_id: FileId::read(&mut r)?,
        })
    }
}

/// SMB2 CLOSE Response ([MS-SMB2] 2.2.16). All zero (the default) unless [`POSTQUERY_ATTRIB`] was
/// asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// [`POSTQUERY_ATTRIB`] if the fields below are valid.
    pub flags: u16,
    /// FILETIME.
    pub creation_time: u64,
    /// FILETIME.
    pub last_access_time: u64,
    /// FILETIME.
    pub last_write_time: u64,
    /// FILETIME.
    pub change_time: u64,
    /// Bytes the file takes on the disk.
    pub allocation_size: u64,
    /// Bytes of data.
    pub end_of_file: u64,
    /// Bits of [`super::attributes`].
    pub file_attributes: u32,
}

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(60)?;
        w.u16(self.flags)?;
        w.u32(0)?;
        w.u64(self.creation_time)?;
        w.u64(self.last_access_time)?;
        w.u64(self.last_write_time)?;
        w.u64(self.change_time)?;
        w.u64(self.allocation_size)?;
        w.u64(self.end_of_file)?;
        w.u32(self.file_attributes)
    }
}
