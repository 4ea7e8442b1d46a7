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
