//! SMB2 READ ([MS-SMB2] 2.2.19, 2.2.20).

use super::{FileId, Full, Malformed, Writer, body};

/// Flag: read past the server's cache.
pub const UNBUFFERED: u8 = 0x01;
/// Flag: the reply may be compressed.
pub const REQUEST_COMPRESSED: u8 = 0x02;

/// Where a response's data begins, counted from its header: right behind the fixed part.
pub const DATA_OFFSET: u8 = 80;

/// SMB2 READ Request ([MS-SMB2] 2.2.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where the client would like the data in the response; a server may ignore it.
    pub padding: u8,
    /// [`UNBUFFERED`], [`REQUEST_COMPRESSED`].
    pub flags: u8,
    /// Bytes wanted.
    pub length: u32,
    /// Where in the file.
    pub offset: u64,
    /// The open to read from.
    pub file_id: FileId,
    /// Fewer bytes than this are STATUS_END_OF_FILE.
    pub minimum_count: u32,
    /// 0 except on RDMA.
    pub channel: u32,
    /// How much more the client will read soon.
    pub remaining_bytes: u32,
}

impl Request {
    /// Parses the message. The channel information is for RDMA only and not looked at.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 49)?;
        let request = Request {
            padding: r.u8()?,
            flags: r.u8()?,
            length: r.u32()?,
            offset: r.u64()?,
            file_id: FileId::read(&mut r)?,
            minimum_count: r.u32()?,
            channel: r.u32()?,
            remaining_bytes: r.u32()?,
        };
        r.skip(4)?; // ReadChannelInfoOffset, ReadChannelInfoLength
        Ok(request)
    }
}

/// SMB2 READ Response ([MS-SMB2] 2.2.20), without the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// How many bytes of data follow.
    pub data_length: u32,
}

impl Response {
    /// Writes the fixed sixteen bytes; the data comes right behind them, at [`DATA_OFFSET`].
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(17)?;
        w.u8(DATA_OFFSET)?;
        w.u8(0)?;
        w.u32(self.data_length)?;
        w.u32(0)?; // DataRemaining
        w.u32(0) // Flags
    }
}
