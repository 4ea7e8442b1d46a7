//! UTF-16 text as it stands in a request.

use crate::wire::utf16::{CodePoints8, code_points, fold};

/// UTF-16LE characters of a request, without terminator; unpaired surrogates read as U+FFFD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide<'a> {
    bytes: &'a [u8],
}

impl<'a> Wide<'a> {
    /// The characters in `bytes` up to the first zero; an odd last byte is left out.
    pub fn new(bytes: &'a [u8]) -> Wide<'a> {
        let units = bytes
            .chunks_exact(2)
            .take_while(|unit| *unit != [0, 0])
            .count();
        Wide {
            bytes: bytes.get(..units * 2).unwrap_or_default(),
        }
    }

    /// Length in 16-bit units.
    pub fn units(&self) -> usize {
        self.bytes.len() / 2
    }

    /// The characters.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + 'a {
        let units = self
            .bytes
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Whether this is `name`, whatever the case, as names of files compare too.
    pub fn is(&self, name: &str) -> bool {
        code_points(self.bytes)
            .map(fold)
            .eq(CodePoints8::new(name.as_bytes()).map(fold))
    }

    /// The parts before and after the first `separator`.
    pub fn split_at(&self, separator: u8) -> Option<(Wide<'a>, Wide<'a>)> {
        let at = self
            .bytes
            .chunks_exact(2)
            .position(|unit| *unit == [separator, 0])?;
        let (before, after) = self.bytes.split_at_checked(at * 2)?;
        Some((
            Wide { bytes: before },
            Wide {
                bytes: after.get(2..)?,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn names_compare_without_case_beyond_ascii() {
        let bytes = utf16("MÜSIK😀");
        assert!(Wide::new(&bytes).is("müsik😀"));
        assert!(!Wide::new(&bytes).is("müsik"));
        assert!(!Wide::new(&bytes).is("musik😀"));
    }

    #[test]
    fn text_ends_at_its_first_zero_and_an_odd_byte_is_nothing() {
        let bytes = utf16("a\0b");
        assert_eq!(Wide::new(&bytes).units(), 1);
        assert_eq!(Wide::new(b"a").units(), 0);
        assert_eq!(
            Wide::new(&[0x00, 0xd8]).chars().next(),
            Some(char::REPLACEMENT_CHARACTER)
        );
    }

    #[test]
    fn a_domain_is_split_from_its_name() {
        let bytes = utf16("BUILTIN\\Users");
        let (domain, name) = Wide::new(&bytes).split_at(b'\\').unwrap();
        assert!(domain.is("builtin") && name.is("users"));
        assert!(name.split_at(b'\\').is_none());
    }
}
