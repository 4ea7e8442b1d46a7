//! SMB2 IOCTL ([MS-SMB2] 2.2.31, 2.2.32).

use super::{FileId, Full, Malformed, Writer, body};

/// Flag: it is an FSCTL; without it a server answers STATUS_NOT_SUPPORTED.
pub const IS_FSCTL: u32 = 0x0000_0001;

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 56;
/// How far before the output the response's OutputCount stands.
const OUTPUT_COUNT_BACK: usize = 12;

/// SMB2 IOCTL Request ([MS-SMB2] 2.2.31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// One of [`super::fsctl`].
    pub ctl_code: u32,
    /// The open meant; [`FileId::ANY`] for codes that need none.
    pub file_id: FileId,
    /// The code's input.
    pub input: &'a [u8],
    /// The most bytes of input the client takes back.
    pub max_input_response: u32,
    /// The most bytes of output the client takes.
    pub max_output_response: u32,
    /// [`IS_FSCTL`].
    pub flags: u32,
}

impl<'a> Request<'a> {
    /// Parses the message. An output buffer in a request means nothing and is not looked at.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 57)?;
        r.skip(2)?;
        let ctl_code = r.u32()?;
        let file_id = FileId::read(&mut r)?;
        let input_offset = r.u32()?;
        let input_count = r.u32()?;
        let max_input_response = r.u32()?;
        r.skip(8)?; // OutputOffset, OutputCount
        let max_output_response = r.u32()?;
        let flags = r.u32()?;
        r.skip(4)?;
        let input = body::buffer(msg, FIXED_END, input_offset, input_count)?;
        Ok(Request {
            ctl_code,
            file_id,
            input,
            max_input_response,
            max_output_response,
            flags,
        })
    }
}

/// SMB2 IOCTL Response ([MS-SMB2] 2.2.32). The input is never sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// As in the request.
    pub ctl_code: u32,
    /// As in the request.
    pub file_id: FileId,
}

impl Response {
    /// Writes the fixed part and returns where the output begins: append it, then call
    /// [`Response::finish`].
    pub fn begin(&self, w: &mut Writer<'_>) -> Result<usize, Full> {
        let start = w.position().checked_add(48).ok_or(Full)?;
        let offset = u32::try_from(start).map_err(|_| Full)?;
        w.u16(49)?;
        w.u16(0)?;
        w.u32(self.ctl_code)?;
        self.file_id.write(w)?;
        w.u32(offset)?; // InputOffset
        w.u32(0)?; // InputCount
        w.u32(offset)?;
        w.u32(0)?; // OutputCount, patched
        w.u32(0)?; // Flags
        w.u32(0)?;
        Ok(w.position())
    }

    /// Patches OutputCount for what was appended since `start`.
    pub fn finish(w: &mut Writer<'_>, start: usize) {
        let length = body::length_since(w, start);
        body::patch_u32(w, start.saturating_sub(OUTPUT_COUNT_BACK), length);
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

    fn request(input_offset: u32, input_count: u32) -> Vec<u8> {
        message(&[
            &[57, 0, 9, 9, 0x78, 0, 0x14, 0],
            &id(),
            &input_offset.to_le_bytes(),
            &input_count.to_le_bytes(),
            &[1, 0, 0, 0],
            &[0xFF; 8],
            &[2, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9],
            b"abc",
        ])
    }

    #[test]
    fn input_is_found_or_the_request_refused() {
        for (offset, count, found) in [
            (120, 3, Ok(&b"abc"[..])),
            (121, 1, Ok(b"b")),
            (0, 0, Ok(b"")),
            (120, 4, Err(Malformed)),
            (119, 1, Err(Malformed)),
            (u32::MAX, 1, Err(Malformed)),
        ] {
            let expected = found.map(|input| Request {
                ctl_code: crate::wire::fsctl::SRV_REQUEST_RESUME_KEY,
                file_id: ID,
                input,
                max_input_response: 1,
                max_output_response: 2,
                flags: IS_FSCTL,
            });
            assert_eq!(
                Request::parse(&request(offset, count)),
                expected,
                "{offset} {count}"
            );
        }
    }

    #[test]
    fn the_reply_names_what_was_appended() {
        let mut room = [0xAA; 120];
        let mut w = Writer::new(&mut room);
        w.zeros(64).unwrap();
        let start = Response {
            ctl_code: 7,
            file_id: ID,
        }
        .begin(&mut w)
        .unwrap();
        w.bytes(b"abc").unwrap();
        Response::finish(&mut w, start);
        let expected = [
            &[49, 0, 0, 0, 7, 0, 0, 0][..],
            &id(),
            &[
                112, 0, 0, 0, 0, 0, 0, 0, 112, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
            b"abc",
        ];
        assert_eq!(w.written()[64..], expected.concat());
    }
}
