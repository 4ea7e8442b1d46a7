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
    fn data_is_found_or_the_request_refused() {
        for (data_offset, length, found) in [
            (112u16, 3u32, Ok(&b"abc"[..])),
            (113, 2, Ok(b"bc")),
            (112, 0, Ok(b"")),
            (0, 0, Ok(b"")),
            (112, 4, Err(Malformed)),
            (112, u32::MAX, Err(Malformed)),
            (111, 1, Err(Malformed)),
            (0x101, 0, Err(Malformed)),
        ] {
            let msg = message(&[
                &[49, 0],
                &data_offset.to_le_bytes(),
                &length.to_le_bytes(),
                &[3, 0, 0, 0, 0, 0, 0, 0],
                &id(),
                &[0, 0, 0, 0, 6, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0],
                b"abc",
            ]);
            let expected = found.map(|data| Request {
                offset: 3,
                file_id: ID,
                channel: 0,
                remaining_bytes: 6,
                flags: WRITE_THROUGH,
                data,
            });
            assert_eq!(Request::parse(&msg), expected, "{data_offset} {length}");
        }
    }

    #[test]
    fn the_response_has_its_layout() {
        let body = written(|w| Response { count: 0x0102 }.write(w));
        assert_eq!(body, [17, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
