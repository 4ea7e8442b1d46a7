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
