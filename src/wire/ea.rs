//! Extended attributes: FILE_FULL_EA_INFORMATION and FILE_GET_EA_INFORMATION ([MS-FSCC] 2.4.15).
//!
//! A list is checked as a whole before its first entry is seen, so that no part of a bad list is acted upon.

use super::{Full, Malformed, Reader, Writer};

/// FILE_NEED_EA: who does not understand the attribute must not use the file.
pub const NEED_EA: u8 = 0x80;

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullEa<'a> {
    /// Flags: 0 or [`NEED_EA`].
    pub flags: u8,
    /// EaName, ASCII, without its NUL; see [`is_valid_name`].
    pub name: &'a [u8],
    /// EaValue; empty in a request: remove it.
    pub value: &'a [u8],
}

/// Splits a list at its first entry: what `entry` read, and the list that follows.
fn split<'a, T>(
    list: &'a [u8],
    entry: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<(T, &'a [u8]), Malformed> {
    let mut r = Reader::new(list);
    let next = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
    let found = entry(&mut r)?;
    if next == 0 {
        return Ok((found, &[]));
    }
    // Forward, past this entry, aligned, and to where another one begins.
    if next < r.position() || !next.is_multiple_of(4) {
        return Err(Malformed);
    }
    match list.get(next..) {
        Some(rest) if !rest.is_empty() => Ok((found, rest)),
        _ => Err(Malformed),
    }
}

fn full_ea<'a>(r: &mut Reader<'a>) -> Result<FullEa<'a>, Malformed> {
    let flags = r.u8()?;
    let name_length = r.u8()?;
    let value_length = r.u16()?;
    let name = r.bytes(name_length.into())?;
    if r.u8()? != 0 {
        return Err(Malformed);
    }
    Ok(FullEa {
        flags,
        name,
        value: r.bytes(value_length.into())?,
    })
}

fn get_ea<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let name_length = r.u8()?;
    let name = r.bytes(name_length.into())?;
    if r.u8()? != 0 {
        return Err(Malformed);
    }
    Ok(name)
}

/// The attributes of a FILE_FULL_EA_INFORMATION list that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullEas<'a> {
    rest: &'a [u8],
}

impl<'a> FullEas<'a> {
    /// Checks the list: each entry within it, each NUL there, each link forward and aligned. An empty
    /// list has no attributes. STATUS_EA_LIST_INCONSISTENT otherwise.
    pub fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = list;
        while !rest.is_empty() {
            rest = split(rest, full_ea)?.1;
        }
        Ok(FullEas { rest: list })
    }
}

impl<'a> Iterator for FullEas<'a> {
    type Item = FullEa<'a>;

    fn next(&mut self) -> Option<FullEa<'a>> {
        let (ea, rest) = split(self.rest, full_ea).ok()?;
        self.rest = rest;
        Some(ea)
    }
}

/// The names of a FILE_GET_EA_INFORMATION list that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetEas<'a> {
    rest: &'a [u8],
}

impl<'a> GetEas<'a> {
    /// Checks the list as [`FullEas::parse`] does.
    pub fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = list;
        while !rest.is_empty() {
            rest = split(rest, get_ea)?.1;
        }
        Ok(GetEas { rest: list })
    }
}

impl<'a> Iterator for GetEas<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (name, rest) = split(self.rest, get_ea).ok()?;
        self.rest = rest;
        Some(name)
    }
}

/// Whether a name is one: not empty, printable ASCII without `" * + , / : ; < = > ? [ \ ] |`
/// ([MS-FSCC] 2.4.15). STATUS_INVALID_EA_NAME otherwise.
pub fn is_valid_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| matches!(byte, 0x20..=0x7E) && !br#""*+,/:;<=>?[\]|"#.contains(byte))
}

/// Appends attributes one after the other, each aligned to 4 and linked to the one before it.
#[derive(Clone, Copy, Debug)]
pub struct EaWriter {
    start: usize,
    last: Option<usize>,
}

impl EaWriter {
    /// The list starts where `w` stands.
    pub fn new(w: &Writer<'_>) -> Self {
        EaWriter {
            start: w.position(),
            last: None,
        }
    }

    /// Appends one attribute, or nothing if it does not fit (or its name or value is longer than the
    /// fields can tell: 255 and 65,535 bytes).
    pub fn append(&mut self, ea: &FullEa<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        let before = w.position();
        let written = self.attempt(ea, w);
        if written.is_err() {
            w.truncate(before);
        }
        written
    }

    fn attempt(&mut self, ea: &FullEa<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        let name_length = u8::try_from(ea.name.len()).map_err(|_| Full)?;
        let value_length = u16::try_from(ea.value.len()).map_err(|_| Full)?;
        w.align(self.start, 4)?;
        let at = w.position();
        w.u32(0)?;
        w.u8(ea.flags)?;
        w.u8(name_length)?;
        w.u16(value_length)?;
        w.bytes(ea.name)?;
        w.u8(0)?;
        w.bytes(ea.value)?;
        if let Some(last) = self.last {
            w.patch_u32(last, u32::try_from(at - last).map_err(|_| Full)?)?;
        }
        self.last = Some(at);
        Ok(())
    }

    /// Whether nothing has been appended.
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
    }
}

/// Adds up the length of the list [`EaWriter`] would write: what EaSize tells ([MS-FSCC] 2.4.12), and how
/// much room a client needs to ask for it all. 0 for no attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EaSize(u32);

impl EaSize {
    /// Counts an attribute by the lengths of its name and value in bytes.
    pub fn add(&mut self, name: usize, value: usize) {
        let length = u32::try_from(name.saturating_add(value))
            .unwrap_or(u32::MAX)
            .saturating_add(9);
        self.0 = self.0.saturating_add(3) & !3;
        self.0 = self.0.saturating_add(length);
    }

    /// The length so far in bytes.
    pub fn total(&self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(eas: &[FullEa<'_>]) -> Vec<u8> {
        let mut room = vec![0; 200_000];
        let mut w = Writer::new(&mut room);
        let mut list = EaWriter::new(&w);
        for ea in eas {
            list.append(ea, &mut w).unwrap();
        }
        w.written().to_vec()
    }

    #[test]
    fn a_list_comes_back_and_its_size_was_foretold() {
        let eas = [
            FullEa {
                flags: 0,
                name: b"A",
                value: b"1",
            },
            FullEa {
                flags: NEED_EA,
                name: b"LONGER",
                value: b"",
            },
            FullEa {
                flags: 0,
                name: &[b'N'; 255],
                value: &[7; 65_535],
            },
        ];
        let bytes = list(&eas);
        assert!(FullEas::parse(&bytes).unwrap().eq(eas));
        let mut size = EaSize::default();
        for ea in eas {
            size.add(ea.name.len(), ea.value.len());
        }
        assert_eq!(size.total() as usize, bytes.len());
        size.add(usize::MAX, usize::MAX);
        size.add(1, 1);
    }

    #[test]
    fn lists_with_wrong_links_are_refused() {
        // An entry is 8 + "A" + NUL + "1" = 11 bytes, so the second starts at 12.
        let good = list(&[
            FullEa {
                flags: 0,
                name: b"A",
                value: b"1",
            },
            FullEa {
                flags: 0,
                name: b"B",
                value: b"2",
            },
        ]);
        for (next, valid) in [
            (12u32, true),
            (0, true),
            (1, false),
            (4, false),
            (8, false),
            (11, false),
            (13, false),
            (16, false),
            (23, false),
            (24, false),
            (u32::MAX, false),
            (0x8000_000C, false),
        ] {
            let mut bytes = good.clone();
            bytes[..4].copy_from_slice(&next.to_le_bytes());
            assert_eq!(FullEas::parse(&bytes).is_ok(), valid, "{next}");
        }
    }

    #[test]
    fn lengths_beyond_the_entry_are_refused() {
        let good = list(&[FullEa {
            flags: 0,
            name: b"A",
            value: b"1",
        }]);
        for (at, byte) in [(5, 2), (5, 255), (6, 2), (7, 255), (9, b'x')] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(FullEas::parse(&bytes), Err(Malformed), "{at} {byte}");
        }
        for cut in 1..good.len() {
            assert_eq!(FullEas::parse(&good[..cut]), Err(Malformed));
        }
        assert_eq!(FullEas::parse(b"").unwrap().count(), 0);
    }

    #[test]
    fn names_asked_for_are_checked_likewise() {
        let bytes = b"\x08\0\0\0\x02AB\0\0\0\0\0\x01C\0";
        assert!(GetEas::parse(bytes).unwrap().eq([&b"AB"[..], b"C"]));
        for (at, byte) in [
            (0, 4),
            (0, 7),
            (0, 12),
            (0, 16),
            (4, 3),
            (4, 255),
            (7, 1),
            (12, 2),
            (14, 9),
        ] {
            let mut bad = *bytes;
            bad[at] = byte;
            assert_eq!(GetEas::parse(&bad), Err(Malformed), "{at} {byte}");
        }
    }

    #[test]
    fn names_with_forbidden_characters_are_known() {
        for (name, valid) in [
            (&b"user.x"[..], true),
            (b"A B", true),
            (b"", false),
            (b"a/b", false),
            (b"a:b", false),
            (b"a\x80", false),
            (b"a\0", false),
            (b"a\\", false),
        ] {
            assert_eq!(is_valid_name(name), valid, "{name:?}");
        }
    }

    #[test]
    fn an_attribute_that_does_not_fit_leaves_no_trace() {
        let (a, b) = (
            FullEa {
                flags: 0,
                name: b"A",
                value: b"1",
            },
            FullEa {
                flags: 0,
                name: b"B",
                value: b"2",
            },
        );
        for room in 0..23 {
            let mut bytes = vec![0; room];
            let mut w = Writer::new(&mut bytes);
            let mut list = EaWriter::new(&w);
            let first = list.append(&a, &mut w);
            assert_eq!(first.is_ok(), room >= 11);
            assert_eq!(list.append(&b, &mut w), Err(Full));
            assert_eq!(w.position(), if first.is_ok() { 11 } else { 0 });
            assert!(FullEas::parse(w.written()).is_ok());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic_and_never_loop(bytes: Vec<u8>) {
            if let Ok(eas) = FullEas::parse(&bytes) {
                prop_assert!(eas.count() <= bytes.len() / 9);
            }
            if let Ok(names) = GetEas::parse(&bytes) {
                prop_assert!(names.count() <= bytes.len() / 6);
            }
        }
    }
}
