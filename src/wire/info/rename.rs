//! FileRenameInformation and FileLinkInformation, which look alike.

use crate::wire::{Malformed, Reader};

/// FileRenameInformation or FileLinkInformation in the form SMB2 uses
/// ([MS-FSCC] 2.4; the Ex form has flags where this has a boolean).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename<'a> {
    /// ReplaceIfExists (of Flags in the Ex form, bit 0 means the same).
    pub replace_if_exists: bool,
    /// Flags of the Ex form; otherwise the byte of ReplaceIfExists.
    pub flags: u32,
    /// RootDirectory; a client sends 0.
    pub root_directory: u64,
    /// FileName, UTF-16LE: a path from the share's root, or `:stream` to rename a stream. Never empty.
    pub file_name: &'a [u8],
}

impl<'a> Rename<'a> {
    /// FILE_RENAME_POSIX_SEMANTICS.
    pub const POSIX_SEMANTICS: u32 = 0x02;
    /// FILE_RENAME_IGNORE_READONLY_ATTRIBUTE.
    pub const IGNORE_READONLY_ATTRIBUTE: u32 = 0x40;

    /// Reads the buffer of class 10 or 11.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        let replace = r.u8()?;
        r.skip(7)?;
        Self::rest(r, u32::from(replace), replace != 0)
    }

    /// Reads the buffer of class 65.
    pub fn parse_ex(buffer: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        let flags = r.u32()?;
        r.skip(4)?;
        Self::rest(r, flags, flags & 1 != 0)
    }

    fn rest(mut r: Reader<'a>, flags: u32, replace_if_exists: bool) -> Result<Self, Malformed> {
        let root_directory = r.u64()?;
        let length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        if length == 0 || !length.is_multiple_of(2) {
            return Err(Malformed);
        }
        Ok(Rename {
            replace_if_exists,
            flags,
            root_directory,
            file_name: r.bytes(length)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(length: u32, name: &[u8]) -> Vec<u8> {
        [
            &[1, 9, 9, 9, 9, 9, 9, 9][..],
            &[0; 8],
            &length.to_le_bytes(),
            name,
        ]
        .concat()
    }

    #[test]
    fn a_name_within_the_buffer_is_found() {
        let bytes = request(4, b"a\0b\0\0\0\0\0");
        let rename = Rename::parse(&bytes).unwrap();
        assert!(rename.replace_if_exists);
        assert_eq!(rename.file_name, b"a\0b\0");
    }

    #[test]
    fn empty_odd_and_overlong_names_are_refused() {
        for length in [0, 1, 3, 6, 0x8000_0000, u32::MAX - 1] {
            assert_eq!(
                Rename::parse(&request(length, b"a\0b\0")),
                Err(Malformed),
                "{length}"
            );
            assert_eq!(
                Rename::parse_ex(&request(length, b"a\0b\0")),
                Err(Malformed),
                "{length}"
            );
        }
        for cut in 0..20 {
            assert_eq!(Rename::parse(&request(2, b"")[..cut]), Err(Malformed));
        }
    }
}
