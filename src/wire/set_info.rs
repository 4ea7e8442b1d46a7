//! SMB2 SET_INFO ([MS-SMB2] 2.2.39, 2.2.40).

use super::{FileId, Full, Malformed, Writer, body};

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 32;

/// SMB2 SET_INFO Request ([MS-SMB2] 2.2.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// One of [`super::query_info::info_type`], unchecked.
    pub info_type: u8,
    /// The class within the type ([MS-FSCC] 2.4, 2.5), unchecked.
    pub info_class: u8,
    /// Bits of [`super::query_info::security_information`] for a security descriptor.
    pub additional_information: u32,
    /// The open to change.
    pub file_id: FileId,
    /// The new information.
    pub buffer: &'a [u8],
}

impl<'a> Request<'a> {
    /// Parses the message.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 33)?;
        let info_type = r.u8()?;
        let info_class = r.u8()?;
        let buffer_length = r.u32()?;
        let buffer_offset = r.u16()?;
        r.skip(2)?;
        let additional_information = r.u32()?;
        let file_id = FileId::read(&mut r)?;
        let buffer = body::buffer(msg, FIXED_END, buffer_offset.into(), buffer_length)?;
        Ok(Request {
            info_type,
            info_class,
            additional_information,
            file_id,
            buffer,
        })
    }
}

/// SMB2 SET_INFO Response ([MS-SMB2] 2.2.40).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response;

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(2)
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
    fn the_buffer_is_found_or_the_request_refused() {
        for (offset, length, found) in [
            (96u16, 3u32, Ok(&b"abc"[..])),
            (0, 0, Ok(b"")),
            (96, 4, Err(Malformed)),
            (95, 1, Err(Malformed)),
        ] {
            let msg = message(&[
                &[33, 0, 1, 20],
                &length.to_le_bytes(),
                &offset.to_le_bytes(),
                &[9, 9, 5, 0, 0, 0],
                &id(),
                b"abc",
            ]);
            let expected = found.map(|buffer| Request {
                info_type: 1,
                info_class: 20,
                additional_information: 5,
                file_id: ID,
                buffer,
            });
            assert_eq!(Request::parse(&msg), expected, "{offset} {length}");
        }
    }

    #[test]
    fn the_response_has_its_layout() {
        assert_eq!(written(|w| Response.write(w)), [2, 0]);
    }
}
