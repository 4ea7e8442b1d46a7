//! TREE_CONNECT ([MS-SMB2] 2.2.9, 2.2.10).

use super::session_setup::buffer;
use super::{Full, Malformed, Reader, Writer, header};

/// SMB2_TREE_CONNECT_FLAG_EXTENSION_PRESENT (dialect 3.1.1).
pub const FLAG_EXTENSION: u16 = 4;
/// ShareType of a folder.
pub const TYPE_DISK: u8 = 1;
/// ShareType of IPC$.
pub const TYPE_PIPE: u8 = 2;
/// SMB2_SHAREFLAG_NO_CACHING.
pub const SHARE_NO_CACHING: u32 = 0x30;
/// SMB2_SHAREFLAG_ENCRYPT_DATA.
pub const SHARE_ENCRYPT: u32 = 0x8000;

/// A TREE_CONNECT request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Flags (dialect 3.1.1), else reserved.
    pub flags: u16,
    /// `\\server\share` in UTF-16LE.
    pub path: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads the body. With the extension the path's offset counts from the end of the fixed part
    /// ([MS-SMB2] 2.2.9.1).
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::at(message, header::SIZE);
        if reader.u16()? != 9 {
            return Err(Malformed);
        }
        let flags = reader.u16()?;
        let offset = reader.u16()?;
        let length = reader.u16()?;
        if length % 2 != 0 {
            return Err(Malformed);
        }
        let offset = match flags & FLAG_EXTENSION != 0 {
            // TreeConnectRequestExtension: TreeConnectContextOffset 4, Count 2, Reserved 10, then PathName.
            true => usize::from(offset)
                .checked_add(reader.position())
                .ok_or(Malformed)?,
            false => offset.into(),
        };
        Ok(Request {
            flags,
            path: buffer(message, offset, length.into())?,
        })
    }
}

/// A TREE_CONNECT response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// ShareType.
    pub share_type: u8,
    /// ShareFlags.
    pub share_flags: u32,
    /// Capabilities.
    pub capabilities: u32,
    /// MaximalAccess.
    pub maximal_access: u32,
}

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(16)?;
        w.u8(self.share_type)?;
        w.u8(0)?;
        w.u32(self.share_flags)?;
        w.u32(self.capabilities)?;
        w.u32(self.maximal_access)
    }
}
