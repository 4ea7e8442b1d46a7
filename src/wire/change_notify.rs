//! SMB2 CHANGE_NOTIFY ([MS-SMB2] 2.2.35, 2.2.36).

use super::{FileId, Full, Malformed, Writer, body};

/// Flag: watch everything below the directory too.
pub const WATCH_TREE: u16 = 0x0001;

/// CompletionFilter ([MS-SMB2] 2.2.35): which changes the client wants to hear of.
pub mod filter {
    /// A file's name.
    pub const FILE_NAME: u32 = 0x0000_0001;
    /// A directory's name.
    pub const DIR_NAME: u32 = 0x0000_0002;
    /// Attributes.
    pub const ATTRIBUTES: u32 = 0x0000_0004;
    /// Size.
    pub const SIZE: u32 = 0x0000_0008;
    /// Time of last write.
    pub const LAST_WRITE: u32 = 0x0000_0010;
    /// Time of last access.
    pub const LAST_ACCESS: u32 = 0x0000_0020;
    /// Time of creation.
    pub const CREATION: u32 = 0x0000_0040;
    /// Extended attributes.
    pub const EA: u32 = 0x0000_0080;
    /// Security descriptor.
    pub const SECURITY: u32 = 0x0000_0100;
    /// A named stream's name.
    pub const STREAM_NAME: u32 = 0x0000_0200;
    /// A named stream's size.
    pub const STREAM_SIZE: u32 = 0x0000_0400;
    /// A named stream's data.
    pub const STREAM_WRITE: u32 = 0x0000_0800;
    /// All of them.
    pub const ALL: u32 = 0x0000_0FFF;
}

/// SMB2 CHANGE_NOTIFY Request ([MS-SMB2] 2.2.35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// [`WATCH_TREE`] or 0.
    pub flags: u16,
    /// The most bytes of entries the client takes.
    pub output_buffer_length: u32,
    /// The open directory.
    pub file_id: FileId,
    /// Bits of [`filter`].
    pub completion_filter: u32,
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 32)?;
        let request = Request {
            flags: r.u16()?,
            output_buffer_length: r.u32()?,
            file_id: FileId::read(&mut r)?,
            completion_filter: r.u32()?,
        };
        r.skip(4)?;
        Ok(request)
    }
}

/// SMB2 CHANGE_NOTIFY Response ([MS-SMB2] 2.2.36).
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
