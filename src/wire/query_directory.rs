//! SMB2 QUERY_DIRECTORY ([MS-SMB2] 2.2.33, 2.2.34).

use super::{FileId, Full, Malformed, Writer, body};

/// Flag: begin the listing anew.
pub const RESTART_SCANS: u8 = 0x01;
/// Flag: one entry only.
pub const RETURN_SINGLE_ENTRY: u8 = 0x02;
/// Flag: begin at the file index given.
pub const INDEX_SPECIFIED: u8 = 0x04;
/// Flag: begin anew, and take the new pattern.
pub const REOPEN: u8 = 0x10;

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 32;

/// SMB2 QUERY_DIRECTORY Request ([MS-SMB2] 2.2.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// FileInformationClass of [MS-FSCC] 2.4, unchecked.
    pub information_class: u8,
    /// [`RESTART_SCANS`] and so on.
    pub flags: u8,
    /// Where to go on, with [`INDEX_SPECIFIED`].
    pub file_index: u32,
    /// The open directory.
    pub file_id: FileId,
    /// UTF-16LE, an even number of bytes; may hold wildcards.
    pub pattern: &'a [u8],
    /// The most bytes of entries the client takes.
    pub output_buffer_length: u32,
}

impl<'a> Request<'a> {
    /// Parses the message. Fails too if the pattern is half a character long.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 33)?;
        let information_class = r.u8()?;
        let flags = r.u8()?;
        let file_index = r.u32()?;
        let file_id = FileId::read(&mut r)?;
        let name_offset = r.u16()?;
        let name_length = r.u16()?;
        let output_buffer_length = r.u32()?;
        if !name_length.is_multiple_of(2) {
            return Err(Malformed);
        }
        let pattern = body::buffer(msg, FIXED_END, name_offset.into(), name_length.into())?;
        Ok(Request {
            information_class,
            flags,
            file_index,
            file_id,
            pattern,
            output_buffer_length,
        })
    }
}

/// SMB2 QUERY_DIRECTORY Response ([MS-SMB2] 2.2.34).
#[derive(Clone, Copy, Debug)]
pub struct Response;

impl Response {
    /// Writes the fixed part and returns where the entries begin: append them, then call
    /// [`Response::finish`].
    pub fn begin(w: &mut Writer<'_>) -> Result<usize, Full> {
        body::begin_output(w)
    }

    /// Patches OutputBufferLength for what was appended since `start`.
    pub fn finish(w: &mut Writer<'_>, start: usize) {
        body::finish_output(w, start);
    }
}
