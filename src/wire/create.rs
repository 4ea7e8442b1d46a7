//! SMB2 CREATE ([MS-SMB2] 2.2.13, 2.2.14).

use super::{FileId, Full, Malformed, Writer, body};

/// How the server may act for the client ([MS-SMB2] 2.2.13, ImpersonationLevel).
pub mod impersonation {
    /// The server does not learn who the client is.
    pub const ANONYMOUS: u32 = 0;
    /// The server learns who the client is.
    pub const IDENTIFICATION: u32 = 1;
    /// The server acts as the client on its own machine.
    pub const IMPERSONATION: u32 = 2;
    /// The server acts as the client elsewhere too; the highest valid level.
    pub const DELEGATE: u32 = 3;
}

/// OplockLevel ([MS-SMB2] 2.2.13, 2.2.14).
pub mod oplock {
    /// None.
    pub const NONE: u8 = 0x00;
    /// Shared caching of reads.
    pub const LEVEL_II: u8 = 0x01;
    /// Alone: caching of reads and writes.
    pub const EXCLUSIVE: u8 = 0x08;
    /// Alone: caching of reads, writes and of the open itself.
    pub const BATCH: u8 = 0x09;
    /// See the lease context.
    pub const LEASE: u8 = 0xFF;
}

/// ShareAccess ([MS-SMB2] 2.2.13): what other opens may do meanwhile.
pub mod share {
    /// Others may read.
    pub const READ: u32 = 0x1;
    /// Others may write.
    pub const WRITE: u32 = 0x2;
    /// Others may delete or rename.
    pub const DELETE: u32 = 0x4;
}

/// CreateDisposition ([MS-SMB2] 2.2.13).
pub mod disposition {
    /// Replace if there, create if not.
    pub const SUPERSEDE: u32 = 0;
    /// Open if there, fail if not.
    pub const OPEN: u32 = 1;
    /// Fail if there, create if not.
    pub const CREATE: u32 = 2;
    /// Open if there, create if not.
    pub const OPEN_IF: u32 = 3;
    /// Empty if there, fail if not.
    pub const OVERWRITE: u32 = 4;
    /// Empty if there, create if not; the highest valid value.
    pub const OVERWRITE_IF: u32 = 5;
}

/// CreateOptions ([MS-SMB2] 2.2.13).
pub mod options {
    /// It must be a directory.
    pub const DIRECTORY_FILE: u32 = 0x0000_0001;
    /// Writes go to the disk before they are answered.
    pub const WRITE_THROUGH: u32 = 0x0000_0002;
    /// Access will be mostly sequential.
    pub const SEQUENTIAL_ONLY: u32 = 0x0000_0004;
    /// No caching at the server.
    pub const NO_INTERMEDIATE_BUFFERING: u32 = 0x0000_0008;
    /// Means nothing to a server.
    pub const SYNCHRONOUS_IO_ALERT: u32 = 0x0000_0010;
    /// Means nothing to a server.
    pub const SYNCHRONOUS_IO_NONALERT: u32 = 0x0000_0020;
    /// It must not be a directory.
    pub const NON_DIRECTORY_FILE: u32 = 0x0000_0040;
    /// STATUS_NOT_SUPPORTED.
    pub const CREATE_TREE_CONNECTION: u32 = 0x0000_0080;
    /// Do not wait for an oplock break.
    pub const COMPLETE_IF_OPLOCKED: u32 = 0x0000_0100;
    /// Fail if the file has extended attributes the client would not understand.
    pub const NO_EA_KNOWLEDGE: u32 = 0x0000_0200;
    /// To be ignored.
    pub const OPEN_REMOTE_INSTANCE: u32 = 0x0000_0400;
    /// Access will be random.
    pub const RANDOM_ACCESS: u32 = 0x0000_0800;
    /// Delete when the last handle is closed; asks for DELETE access too.
    pub const DELETE_ON_CLOSE: u32 = 0x0000_1000;
    /// The name is a file number: STATUS_NOT_SUPPORTED.
    pub const OPEN_BY_FILE_ID: u32 = 0x0000_2000;
    /// Opened for backup: privileges may widen the access.
    pub const OPEN_FOR_BACKUP_INTENT: u32 = 0x0000_4000;
    /// Never compress.
    pub const NO_COMPRESSION: u32 = 0x0000_8000;
    /// To be ignored.
    pub const OPEN_REQUIRING_OPLOCK: u32 = 0x0001_0000;
    /// To be ignored.
    pub const DISALLOW_EXCLUSIVE: u32 = 0x0002_0000;
    /// STATUS_NOT_SUPPORTED.
    pub const RESERVE_OPFILTER: u32 = 0x0010_0000;
    /// Open the reparse point itself, not what it points to.
    pub const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    /// Do not recall from remote storage.
    pub const OPEN_NO_RECALL: u32 = 0x0040_0000;
    /// To be ignored.
    pub const OPEN_FOR_FREE_SPACE_QUERY: u32 = 0x0080_0000;
    /// What is refused with STATUS_NOT_SUPPORTED, as Windows does.
    pub const NOT_SUPPORTED: u32 = CREATE_TREE_CONNECTION | OPEN_BY_FILE_ID | RESERVE_OPFILTER;
    /// Every option Windows lets pass, the three bits without a name among them; others are refused with
    /// STATUS_INVALID_PARAMETER.
    pub const KNOWN: u32 = 0x00FF_FFFF;
}

/// CreateAction ([MS-SMB2] 2.2.14): what the server did.
pub mod action {
    /// Replaced what was there.
    pub const SUPERSEDED: u32 = 0;
    /// Opened what was there.
    pub const OPENED: u32 = 1;
    /// Made it.
    pub const CREATED: u32 = 2;
    /// Emptied what was there.
    pub const OVERWRITTEN: u32 = 3;
}

/// Response flag: the last part of the path is a reparse point.
pub const FLAG_REPARSEPOINT: u8 = 0x01;

/// Bytes before the buffer: header and fixed part.
const FIXED_END: usize = body::START + 56;
/// Where CreateContextsOffset stands, counted back from the end of the response's fixed part.
const CONTEXTS_OFFSET_BACK: usize = 8;

/// SMB2 CREATE Request ([MS-SMB2] 2.2.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// One of [`oplock`].
    pub requested_oplock_level: u8,
    /// One of [`impersonation`], unchecked: above DELEGATE is STATUS_BAD_IMPERSONATION_LEVEL.
    pub impersonation_level: u32,
    /// Bits of [`super::access`], unchecked.
    pub desired_access: u32,
    /// Bits of [`super::attributes`], unchecked.
    pub file_attributes: u32,
    /// Bits of [`share`], unchecked.
    pub share_access: u32,
    /// One of [`disposition`], unchecked.
    pub create_disposition: u32,
    /// Bits of [`options`], unchecked.
    pub create_options: u32,
    /// UTF-16LE, an even number of bytes, relative to the share, unchecked otherwise.
    pub name: &'a [u8],
    /// The chain of create contexts, for [`super::create_context::CreateContexts`].
    pub contexts: &'a [u8],
}

impl<'a> Request<'a> {
    /// Parses the message. Fails too if the name is half a character long.
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 57)?;
        r.skip(1)?; // SecurityFlags
        let requested_oplock_level = r.u8()?;
        let impersonation_level = r.u32()?;
        r.skip(16)?; // SmbCreateFlags, Reserved
        let desired_access = r.u32()?;
        let file_attributes = r.u32()?;
        let share_access = r.u32()?;
        let create_disposition = r.u32()?;
        let create_options = r.u32()?;
        let name_offset = r.u16()?;
        let name_length = r.u16()?;
        let contexts_offset = r.u32()?;
        let contexts_length = r.u32()?;
        if !name_length.is_multiple_of(2) {
            return Err(Malformed);
        }
        Ok(Request {
            requested_oplock_level,
            impersonation_level,
            desired_access,
            file_attributes,
            share_access,
            create_disposition,
            create_options,
            name: body::buffer(msg, FIXED_END, name_offset.into(), name_length.into())?,
            contexts: body::buffer(msg, FIXED_END, contexts_offset, contexts_length)?,
        })
    }
}

/// SMB2 CREATE Response ([MS-SMB2] 2.2.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// One of [`oplock`].
    pub oplock_level: u8,
    /// [`FLAG_REPARSEPOINT`] or 0.
    pub flags: u8,
    /// One of [`action`].
    pub create_action: u32,
    /// FILETIME.
    pub creation_time: u64,
    /// FILETIME.
    pub last_access_time: u64,
    /// FILETIME.
    pub last_write_time: u64,
    /// FILETIME.
    pub change_time: u64,
    /// Bytes the file takes on the disk.
    pub allocation_size: u64,
    /// Bytes of data.
    pub end_of_file: u64,
    /// Bits of [`super::attributes`].
    pub file_attributes: u32,
    /// The new open's name.
    pub file_id: FileId,
}

impl Response {
    /// Writes the fixed part, saying that no contexts follow, and returns where they would begin. Append
    /// them with [`super::create_context::Chain`], then call [`Response::finish`].
    pub fn write(&self, w: &mut Writer<'_>) -> Result<usize, Full> {
        w.u16(89)?;
        w.u8(self.oplock_level)?;
        w.u8(self.flags)?;
        w.u32(self.create_action)?;
        w.u64(self.creation_time)?;
        w.u64(self.last_access_time)?;
        w.u64(self.last_write_time)?;
        w.u64(self.change_time)?;
        w.u64(self.allocation_size)?;
        w.u64(self.end_of_file)?;
        w.u32(self.file_attributes)?;
        w.u32(0)?;
        self.file_id.write(w)?;
        w.zeros(CONTEXTS_OFFSET_BACK)?;
        Ok(w.position())
    }

    /// Patches CreateContextsOffset and CreateContextsLength for what was appended since `start`; both
    /// stay zero if nothing was.
    pub fn finish(w: &mut Writer<'_>, start: usize) {
        let length = body::length_since(w, start);
        if length == 0 {
            return;
        }
        let field = start.saturating_sub(CONTEXTS_OFFSET_BACK);
        body::patch_u32(w, field, u32::try_from(start).unwrap_or(u32::MAX));
        body::patch_u32(w, field.saturating_add(4), length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::create_context::{Chain, CreateContexts};

    fn request(name: (u16, u16), contexts: (u32, u32)) -> Vec<u8> {
        let mut msg = vec![0; 64];
        msg.extend([57, 0, 9, 0xFF, 2, 0, 0, 0]);
        msg.extend([9; 16]);
        for field in [0x8000_0000u32, 0x20, 7, 1, 0x40] {
            msg.extend(field.to_le_bytes());
        }
        msg.extend(name.0.to_le_bytes());
        msg.extend(name.1.to_le_bytes());
        msg.extend(contexts.0.to_le_bytes());
        msg.extend(contexts.1.to_le_bytes());
        msg.extend(b"a\0b\0....contexts");
        msg
    }

    #[test]
    fn name_and_contexts_are_found_or_the_request_refused() {
        for (name, contexts, found) in [
            ((120, 4), (128, 8), Ok((&b"a\0b\0"[..], &b"contexts"[..]))),
            ((120, 0), (0, 0), Ok((b"", b""))),
            ((0, 0), (129, 0), Ok((b"", b""))),
            ((120, 3), (0, 0), Err(Malformed)),
            ((118, 4), (0, 0), Err(Malformed)),
            ((120, 18), (0, 0), Err(Malformed)),
            ((120, 4), (128, 9), Err(Malformed)),
            ((120, 4), (119, 8), Err(Malformed)),
            ((120, 4), (u32::MAX, u32::MAX), Err(Malformed)),
        ] {
            let msg = request(name, contexts);
            let expected = found.map(|(name, contexts)| Request {
                requested_oplock_level: oplock::LEASE,
                impersonation_level: impersonation::IMPERSONATION,
                desired_access: 0x8000_0000,
                file_attributes: 0x20,
                share_access: share::READ | share::WRITE | share::DELETE,
                create_disposition: disposition::OPEN,
                create_options: options::NON_DIRECTORY_FILE,
                name,
                contexts,
            });
            assert_eq!(Request::parse(&msg), expected, "{name:?} {contexts:?}");
        }
    }

    const RESPONSE: Response = Response {
        oplock_level: oplock::BATCH,
        flags: 0,
        create_action: action::CREATED,
        creation_time: 1,
        last_access_time: 2,
        last_write_time: 3,
        change_time: 4,
        allocation_size: 5,
        end_of_file: 6,
        file_attributes: 0x20,
        file_id: FileId {
            persistent: 8,
            volatile: 9,
        },
    };

    #[test]
    fn a_response_without_contexts_names_none() {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        w.zeros(64).unwrap();
        let start = RESPONSE.write(&mut w).unwrap();
        Response::finish(&mut w, start);
        assert_eq!((start, w.position()), (152, 152));
        let mut expected = vec![89, 0, 9, 0, 2, 0, 0, 0];
        for field in [1u64, 2, 3, 4, 5, 6, 0x20, 8, 9, 0] {
            expected.extend(field.to_le_bytes());
        }
        assert_eq!(w.written()[64..], expected);
    }

    #[test]
    fn a_response_names_the_contexts_that_were_appended() {
        let mut room = [0xAA; 300];
        let mut w = Writer::new(&mut room);
        w.zeros(64).unwrap();
        let start = RESPONSE.write(&mut w).unwrap();
        let mut chain = Chain::new();
        chain.maximal_access(&mut w, 0, 1).unwrap();
        chain.on_disk_id(&mut w, 2, 3).unwrap();
        Response::finish(&mut w, start);
        let written = w.written();
        assert_eq!(written[144..152], [152, 0, 0, 0, 88, 0, 0, 0]);
        assert_eq!(written.len(), 152 + 88);
        assert_eq!(
            CreateContexts::new(&written[152..])
                .filter(Result::is_ok)
                .count(),
            2
        );
    }
}
