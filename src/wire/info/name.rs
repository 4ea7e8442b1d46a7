//! A length and a name: FileNameInformation, FileAlternateNameInformation, FileNormalizedNameInformation,
//! and what a client sets by FileShortNameInformation and FileFsLabelInformation.

use crate::wire::{Full, Malformed, Reader, Writer, utf16};

/// Whether everything fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Fit {
    /// All of it.
    Whole,
    /// The end is missing: the reply carries STATUS_BUFFER_OVERFLOW.
    Cut,
}

/// The length in bytes a name has on the wire, as the field for it.
pub(super) fn wire_length(wtf8: &[u8]) -> Result<u32, Full> {
    u32::try_from(utf16::encoded_len(wtf8)).map_err(|_| Full)
}

/// Appends FileNameLength, which always tells the whole length, and as much of the name as fits
/// ([MS-FSCC] 2.4.5). [`Full`] only if there is no room for the length.
pub fn write(wtf8: &[u8], w: &mut Writer<'_>) -> Result<Fit, Full> {
    w.u32(wire_length(wtf8)?)?;
    match utf16::encode_cut(wtf8, w) {
        (_, true) => Ok(Fit::Whole),
        (_, false) => Ok(Fit::Cut),
    }
}

/// Reads a length and a UTF-16LE name of that length ([MS-FSCC] 2.5.5); odd lengths are refused.
pub fn parse(buffer: &[u8]) -> Result<&[u8], Malformed> {
    let mut r = Reader::new(buffer);
    let length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
    if !length.is_multiple_of(2) {
        return Err(Malformed);
    }
    r.bytes(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_too_long_is_cut_and_its_length_told() {
        for (room, written, fit) in [
            (3, &b""[..], Err(Full)),
            (4, b"\x04\0\0\0", Ok(Fit::Cut)),
            (7, b"\x04\0\0\0a\0", Ok(Fit::Cut)),
            (8, b"\x04\0\0\0a\0b\0", Ok(Fit::Whole)),
        ] {
            let mut bytes = vec![0; room];
            let mut w = Writer::new(&mut bytes);
            assert_eq!(write(b"ab", &mut w), fit);
            assert_eq!(w.written(), written);
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for (bytes, found) in [
            (&b"\x02\0\0\0a\0"[..], Ok(&b"a\0"[..])),
            (b"\x02\0\0\0a\0b", Ok(b"a\0")),
            (b"\x01\0\0\0a\0", Err(Malformed)),
            (b"\x04\0\0\0a\0", Err(Malformed)),
            (b"\xfe\xff\xff\xffa\0", Err(Malformed)),
            (b"\0\0\0", Err(Malformed)),
            (b"\0\0\0\0", Ok(b"")),
        ] {
            assert_eq!(parse(bytes), found);
        }
    }
}
