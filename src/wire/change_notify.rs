//! SMB2 CHANGE_NOTIFY ([MS-SMB2] 2.2.35, 2.2.36).

use super::{FileId, Full, Malformed, Writer, body, utf16};

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

/// Action of an entry ([MS-FSCC] 2.7.1): what happened.
pub mod action {
    /// It appeared.
    pub const ADDED: u32 = 1;
    /// It is gone.
    pub const REMOVED: u32 = 2;
    /// Its data or attributes changed.
    pub const MODIFIED: u32 = 3;
    /// It was renamed; this is the old name.
    pub const RENAMED_OLD_NAME: u32 = 4;
    /// It was renamed; this is the new name.
    pub const RENAMED_NEW_NAME: u32 = 5;
    /// A named stream appeared.
    pub const ADDED_STREAM: u32 = 6;
    /// A named stream is gone.
    pub const REMOVED_STREAM: u32 = 7;
    /// A named stream changed.
    pub const MODIFIED_STREAM: u32 = 8;
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

/// Appends FILE_NOTIFY_INFORMATION entries ([MS-FSCC] 2.7.1): each starts on a multiple of 4 from the first
/// and is linked by the NextEntryOffset of the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    start: usize,
    last: Option<usize>,
}

impl Entries {
    /// The list starts at `start`, where [`Response::begin`] said.
    pub fn new(start: usize) -> Self {
        Entries { start, last: None }
    }

    /// Appends one entry, or nothing at all if it does not fit. `path` is WTF-8, relative to the watched
    /// directory, its parts separated by `/`.
    pub fn append(&mut self, w: &mut Writer<'_>, action: u32, path: &[u8]) -> Result<(), Full> {
        let before = w.position();
        let written = self.entry(w, action, path);
        if written.is_err() {
            w.truncate(before);
        }
        written
    }

    fn entry(&mut self, w: &mut Writer<'_>, action: u32, path: &[u8]) -> Result<(), Full> {
        w.align(self.start, 4)?;
        let entry = w.position();
        w.u32(0)?; // NextEntryOffset, patched by the entry after this one
        w.u32(action)?;
        w.u32(0)?; // FileNameLength
        let name = w.position();
        for (index, part) in path.split(|&byte| byte == b'/').enumerate() {
            if index != 0 {
                w.u16(u16::from(b'\\'))?;
            }
            utf16::encode(part, w)?;
        }
        let length = body::length_since(w, name);
        w.patch_u32(name.saturating_sub(4), length)?;
        if let Some(last) = self.last {
            let next = u32::try_from(entry.saturating_sub(last)).map_err(|_| Full)?;
            w.patch_u32(last, next)?;
        }
        self.last = Some(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_linked_on_multiples_of_four_and_never_half_written() {
        let mut bytes = [0xAA; 110];
        let mut w = Writer::new(&mut bytes);
        w.zeros(64).unwrap();
        let start = Response::begin(&mut w).unwrap();
        let mut entries = Entries::new(start);
        entries
            .append(&mut w, action::RENAMED_OLD_NAME, b"a")
            .unwrap();
        entries
            .append(&mut w, action::RENAMED_NEW_NAME, b"d/b")
            .unwrap();
        assert_eq!(entries.append(&mut w, action::ADDED, b"e"), Err(Full));
        Response::finish(&mut w, start);
        assert_eq!(w.written()[64..72], [9, 0, 72, 0, 34, 0, 0, 0]);
        assert_eq!(
            w.written()[72..],
            *b"\x10\0\0\0\x04\0\0\0\x02\0\0\0a\0\0\0\0\0\0\0\x05\0\0\0\x06\0\0\0d\0\\\0b\0"
        );
    }

    #[test]
    fn requests_are_read_field_by_field() {
        let mut msg = vec![0; 64];
        msg.extend([32, 0, 1, 0, 0, 1, 0, 0]);
        msg.extend([7; 16]);
        msg.extend([3, 0, 0, 0, 0, 0, 0, 0]);
        let id = u64::from_le_bytes([7; 8]);
        assert_eq!(
            Request::parse(&msg),
            Ok(Request {
                flags: WATCH_TREE,
                output_buffer_length: 256,
                file_id: FileId {
                    persistent: id,
                    volatile: id
                },
                completion_filter: filter::FILE_NAME | filter::DIR_NAME,
            })
        );
        assert_eq!(Request::parse(&msg[..95]), Err(Malformed));
    }
}
