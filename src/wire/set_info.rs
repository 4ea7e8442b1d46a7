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
