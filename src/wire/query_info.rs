//! SMB2 QUERY_INFO ([MS-SMB2] 2.2.37, 2.2.38).

use super::{FileId, Full, Malformed, Writer, body};

/// InfoType of QUERY_INFO and SET_INFO.
pub mod info_type {
    /// About the file.
    pub const FILE: u8 = 1;
    /// About the volume.
    pub const FILESYSTEM: u8 = 2;
    /// The security descriptor.
    pub const SECURITY: u8 = 3;
    /// Quotas.
    pub const QUOTA: u8 = 4;
}

/// AdditionalInformation for [`info_type::SECURITY`] ([MS-DTYP] 2.4.7): which parts are meant.
pub mod security_information {
    /// The owner.
    pub const OWNER: u32 = 0x0000_0001;
    /// The group.
    pub const GROUP: u32 = 0x0000_0002;
    /// The DACL.
    pub const DACL: u32 = 0x0000_0004;
    /// The SACL.
    pub const SACL: u32 = 0x0000_0008;
    /// The integrity label.
    pub const LABEL: u32 = 0x0000_0010;
    /// Resource attributes.
    pub const ATTRIBUTE: u32 = 0x0000_0020;
    /// The central access policy.
    pub const SCOPE: u32 = 0x0000_0040;
    /// Everything for a backup.
    pub const BACKUP: u32 = 0x0001_0000;
}

/// Flag for extended attributes: begin anew.
pub const RESTART_SCAN: u32 = 0x0000_0001;
/// Flag for extended attributes: one entry only.
pub const RETURN_SINGLE_ENTRY: u32 = 0x0000_0002;
/// Flag for extended attributes: begin at the index given.
pub const INDEX_SPECIFIED: u32 = 0x0000_0004;

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 40;

/// SMB2 QUERY_INFO Request ([MS-SMB2] 2.2.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// One of [`info_type`], unchecked.
    pub info_type: u8,
    /// The class within the type ([MS-FSCC] 2.4, 2.5), unchecked.
    pub info_class: u8,
    /// The most bytes the client takes.
    pub output_buffer_length: u32,
    /// A list of EA names or quota SIDs, else empty.
    pub input: &'a [u8],
    /// [`security_information`] bits, or an EA's index.
    pub additional_information: u32,
    /// [`RESTART_SCAN`] and so on.
    pub flags: u32,
    /// The open asked about.
    pub file_id: FileId,
}

impl<'a> Request<'a> {
    /// Parses the message.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 41)?;
        let info_type = r.u8()?;
        let info_class = r.u8()?;
        let output_buffer_length = r.u32()?;
        let input_offset = r.u16()?;
        r.skip(2)?;
        let input_length = r.u32()?;
        let additional_information = r.u32()?;
        let flags = r.u32()?;
        let file_id = FileId::read(&mut r)?;
        Ok(Request {
            info_type,
            info_class,
            output_buffer_length,
            input: body::buffer(msg, FIXED_END, input_offset.into(), input_length)?,
            additional_information,
            flags,
            file_id,
        })
    }
}

/// SMB2 QUERY_INFO Response ([MS-SMB2] 2.2.38).
#[derive(Clone, Copy, Debug)]
pub struct Response;

impl Response {
    /// Writes the fixed part and returns where the information begins: append it, then call
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
    fn input_is_found_or_the_request_refused() {
        for (offset, length, found) in [
            (104u16, 3u32, Ok(&b"abc"[..])),
            (0, 0, Ok(b"")),
            (104, 4, Err(Malformed)),
            (103, 1, Err(Malformed)),
        ] {
            let msg = message(&[
                &[41, 0, 3, 18, 0, 0, 1, 0],
                &offset.to_le_bytes(),
                &[9, 9],
                &length.to_le_bytes(),
                &[5, 0, 0, 0, 1, 0, 0, 0],
                &id(),
                b"abc",
            ]);
            let expected = found.map(|input| Request {
                info_type: info_type::SECURITY,
                info_class: 18,
                output_buffer_length: 0x1_0000,
                input,
                additional_information: security_information::OWNER | security_information::DACL,
                flags: RESTART_SCAN,
                file_id: ID,
            });
            assert_eq!(Request::parse(&msg), expected, "{offset} {length}");
        }
    }
}
