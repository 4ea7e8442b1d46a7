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

    #[test]
    fn the_reply_names_what_was_appended() {
        let mut room = [0xAA; 80];
        let mut w = Writer::new(&mut room);
        w.zeros(64).unwrap();
        let start = Response::begin(&mut w).unwrap();
        w.bytes(b"abc").unwrap();
        Response::finish(&mut w, start);
        assert_eq!(w.written()[64..], *b"\x09\0\x48\0\x03\0\0\0abc");
    }

    #[test]
    fn the_pattern_is_found_or_the_request_refused() {
        for (offset, length, found) in [
            (96u16, 4u16, Ok(&b"*\0x\0"[..])),
            (0, 0, Ok(b"")),
            (96, 3, Err(Malformed)),
            (96, 6, Err(Malformed)),
            (94, 2, Err(Malformed)),
        ] {
            let msg = message(&[
                &[33, 0, 37, 3, 5, 0, 0, 0],
                &id(),
                &offset.to_le_bytes(),
                &length.to_le_bytes(),
                &[0, 0, 1, 0],
                b"*\0x\0",
            ]);
            let expected = found.map(|pattern| Request {
                information_class: 37,
                flags: RESTART_SCANS | RETURN_SINGLE_ENTRY,
                file_index: 5,
                file_id: ID,
                pattern,
                output_buffer_length: 0x1_0000,
            });
            assert_eq!(Request::parse(&msg), expected, "{offset} {length}");
        }
    }
}
