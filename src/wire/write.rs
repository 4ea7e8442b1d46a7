//! SMB2 WRITE ([MS-SMB2] 2.2.21, 2.2.22).

use super::{FileId, Full, Malformed, Writer, body};

/// Flag: answer when the data is on the disk.
pub const WRITE_THROUGH: u32 = 0x0000_0001;
/// Flag: write past the server's cache.
pub const UNBUFFERED: u32 = 0x0000_0002;

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 48;
/// The largest DataOffset a server accepts ([MS-SMB2] 3.3.5.13).
const MAX_DATA_OFFSET: u16 = 0x100;

/// SMB2 WRITE Request ([MS-SMB2] 2.2.21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Where in the file.
    pub offset: u64,
    /// The open to write to.
    pub file_id: FileId,
    /// 0 except on RDMA.
    pub channel: u32,
    /// How much more the client will write soon.
    pub remaining_bytes: u32,
    /// [`WRITE_THROUGH`], [`UNBUFFERED`].
    pub flags: u32,
    /// What to write.
    pub data: &'a [u8],
}

impl<'a> Request<'a> {
    /// Parses the message. Fails too if the data begins further away than [MS-SMB2] 3.3.5.13 allows.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 49)?;
        let data_offset = r.u16()?;
        let length = r.u32()?;
        let offset = r.u64()?;
        let file_id = FileId::read(&mut r)?;
        let channel = r.u32()?;
        let remaining_bytes = r.u32()?;
        r.skip(4)?; // WriteChannelInfoOffset, WriteChannelInfoLength
        let flags = r.u32()?;
        if data_offset > MAX_DATA_OFFSET {
            return Err(Malformed);
        }
        let data = body::buffer(msg, FIXED_END, data_offset.into(), length)?;
        Ok(Request {
            offset,
            file_id,
            channel,
            remaining_bytes,
            flags,
            data,
        })
    }
}

/// SMB2 WRITE Response ([MS-SMB2] 2.2.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// How many bytes were written.
    pub count: u32,
}

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(17)?;
        w.u16(0)?;
        w.u32(self.count)?;
        w.u32(0)?; // Remaining
        w.u32(0) // WriteChannelInfoOffset, WriteChannelInfoLength
    }
}
