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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FileId = FileId {
        persistent: 0x0706_0504_0302_0100,
        volatile: 0x0F0E_0D0C_0B0A_0908,
    };

    /// A message: room for the header, then the parts.
    fn message(parts: &[&[u8]]) -> Vec<u8> {
        [&[0; 64][..], &parts.concat()].concat()
    }

    fn id() -> [u8; 16] {
        core::array::from_fn(|i| i as u8)
    }

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn request_and_response_have_their_layout() {
        let msg = message(&[
            &[49, 0, 80, 1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0x80],
            &id(),
            &[4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 9, 9, 9, 9],
        ]);
        let request = Request {
            padding: 80,
            flags: UNBUFFERED,
            length: 2,
            offset: 0x8000_0000_0000_0003,
            file_id: ID,
            minimum_count: 4,
            channel: 5,
            remaining_bytes: 6,
        };
        // The one byte of buffer that StructureSize counts may be missing.
        assert_eq!(Request::parse(&msg), Ok(request));
        assert_eq!(Request::parse(&msg[..111]), Err(Malformed));
        let body = written(|w| {
            Response {
                data_length: 0x0102,
            }
            .write(w)
        });
        assert_eq!(body, [17, 0, 80, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(64 + body.len(), DATA_OFFSET.into());
    }
}
