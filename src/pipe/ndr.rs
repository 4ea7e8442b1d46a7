//! The 32-bit transfer syntax, NDR ([C706] chapter 14): alignment, pointers, arrays, strings.
//!
//! Positions count from the stub's first byte. A pointer's referent stands after the structure that
//! holds the pointer, so structures are written in two passes: the fixed parts, then what they point to.

use super::wide::Wide;
use crate::wire::security::Sid;
use crate::wire::{Full, Malformed, Reader, Writer};

/// A context handle: attributes and a UUID, opaque to the client.
pub(crate) type Handle = [u8; 20];

/// Reads a request's stub.
#[derive(Clone, Debug)]
pub(crate) struct Decoder<'a> {
    bytes: Reader<'a>,
}

/// The fixed part of an RPC_UNICODE_STRING ([MS-DTYP] 2.3.10).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    /// Length in bytes.
    length: u16,
    present: bool,
}

impl<'a> Decoder<'a> {
    /// Reads `stub` from the start.
    pub fn new(stub: &'a [u8]) -> Self {
        Decoder {
            bytes: Reader::new(stub),
        }
    }

    fn align(&mut self, n: usize) -> Result<(), Malformed> {
        let over = self.bytes.position() % n;
        if over == 0 {
            Ok(())
        } else {
            self.bytes.skip(n - over)
        }
    }

    /// An unsigned short, or an enumeration.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.align(2)?;
        self.bytes.u16()
    }

    /// An unsigned long.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.align(4)?;
        self.bytes.u32()
    }

    /// An unsigned long that counts something in memory.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.u32()?).map_err(|_| Malformed)
    }

    /// A unique pointer: whether something will stand where it points.
    pub fn pointer(&mut self) -> Result<bool, Malformed> {
        Ok(self.u32()? != 0)
    }

    /// A context handle.
    pub fn handle(&mut self) -> Result<Handle, Malformed> {
        self.align(4)?;
        self.bytes.array()
    }

    /// A conformant varying string of wide characters.
    pub fn string(&mut self) -> Result<Wide<'a>, Malformed> {
        let most = self.count()?;
        let offset = self.count()?;
        let units = self.count()?;
        if offset != 0 || units > most {
            return Err(Malformed);
        }
        Ok(Wide::new(
            self.bytes.bytes(units.checked_mul(2).ok_or(Malformed)?)?,
        ))
    }

    /// A unique pointer to a string, directly followed by it (as for a top-level parameter).
    pub fn optional_string(&mut self) -> Result<Option<Wide<'a>>, Malformed> {
        if self.pointer()? {
            self.string().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The fixed part of an RPC_UNICODE_STRING.
    pub fn counted(&mut self) -> Result<Counted, Malformed> {
        self.align(4)?;
        let length = self.bytes.u16()?;
        let most = self.bytes.u16()?;
        if length > most || length % 2 != 0 {
            return Err(Malformed);
        }
        Ok(Counted {
            length,
            present: self.pointer()?,
        })
    }

    /// The characters an RPC_UNICODE_STRING points to.
    pub fn counted_text(&mut self, fixed: Counted) -> Result<Wide<'a>, Malformed> {
        if !fixed.present {
            return if fixed.length == 0 {
                Ok(Wide::new(&[]))
            } else {
                Err(Malformed)
            };
        }
        let most = self.count()?;
        let offset = self.count()?;
        let units = self.count()?;
        if offset != 0 || units > most || units != usize::from(fixed.length) / 2 {
            return Err(Malformed);
        }
        Ok(Wide::new(self.bytes.bytes(usize::from(fixed.length))?))
    }

    /// An RPC_SID ([MS-DTYP] 2.4.2.3).
    pub fn sid(&mut self) -> Result<Sid, Malformed> {
        let conformance = self.count()?;
        let sid = Sid::parse(self.bytes.clone().bytes(self.bytes.remaining())?)?;
        if sid.sub_authorities().len() != conformance {
            return Err(Malformed);
        }
        self.bytes.skip(sid.size())?;
        Ok(sid)
    }

    /// How many bytes are left: no array can have more elements than that.
    pub fn remaining(&self) -> usize {
        self.bytes.remaining()
    }
}

/// Writes a response's stub.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    bytes: Writer<'a>,
    pointers: u32,
}

impl<'a> Encoder<'a> {
    /// Fills `stub` from the start.
    pub fn new(stub: &'a mut [u8]) -> Self {
        Encoder {
            bytes: Writer::new(stub),
            pointers: 0,
        }
    }

    /// How many bytes have been written.
    pub fn position(&self) -> usize {
        self.bytes.position()
    }

    /// How many bytes there is room for.
    pub fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    /// Pads to a multiple of `n`.
    pub fn align(&mut self, n: usize) -> Result<(), Full> {
        self.bytes.align(0, n)
    }

    /// A byte.
    pub fn u8(&mut self, value: u8) -> Result<(), Full> {
        self.bytes.u8(value)
    }

    /// An unsigned short, or an enumeration.
    pub fn u16(&mut self, value: u16) -> Result<(), Full> {
        self.align(2)?;
        self.bytes.u16(value)
    }

    /// An unsigned long.
    pub fn u32(&mut self, value: u32) -> Result<(), Full> {
        self.align(4)?;
        self.bytes.u32(value)
    }

    /// A hyper.
    pub fn u64(&mut self, value: u64) -> Result<(), Full> {
        self.align(8)?;
        self.bytes.u64(value)
    }

    /// An OLD_LARGE_INTEGER: 64 bits as two longs, aligned as these.
    pub fn old_u64(&mut self, value: u64) -> Result<(), Full> {
        self.align(4)?;
        self.bytes.u64(value)
    }

    /// An unsigned long that counts something in memory.
    pub fn count(&mut self, value: usize) -> Result<(), Full> {
        self.u32(u32::try_from(value).map_err(|_| Full)?)
    }

    /// A pointer to something that will be written where the rules say.
    pub fn pointer(&mut self) -> Result<(), Full> {
        // Any value but zero will do as long as no other pointer of this stub has it.
        self.pointers = self.pointers.wrapping_add(4);
        self.u32(0x0002_0000 | (self.pointers & 0xffff))
    }

    /// A null pointer.
    pub fn null(&mut self) -> Result<(), Full> {
        self.u32(0)
    }

    /// A context handle.
    pub fn handle(&mut self, handle: &Handle) -> Result<(), Full> {
        self.align(4)?;
        self.bytes.bytes(handle)
    }

    /// A GUID.
    pub fn guid(&mut self, guid: &[u8; 16]) -> Result<(), Full> {
        self.align(4)?;
        self.bytes.bytes(guid)
    }

    fn chars(&mut self, text: impl Iterator<Item = char>) -> Result<(), Full> {
        let mut units = [0; 2];
        for c in text {
            for unit in c.encode_utf16(&mut units) {
                self.bytes.u16(*unit)?;
            }
        }
        Ok(())
    }

    /// A conformant varying string of wide characters with its terminator.
    pub fn string(&mut self, text: impl Iterator<Item = char> + Clone) -> Result<(), Full> {
        let units = units(text.clone()) + 1;
        self.count(units)?;
        self.u32(0)?;
        self.count(units)?;
        self.chars(text)?;
        self.bytes.u16(0)
    }

    /// The fixed part of an RPC_UNICODE_STRING; the pointer of an empty one is null.
    pub fn counted(&mut self, text: &str) -> Result<(), Full> {
        let length = u16::try_from(units(text.chars()) * 2).map_err(|_| Full)?;
        self.align(4)?;
        self.bytes.u16(length)?;
        self.bytes.u16(length)?;
        if length == 0 {
            self.null()
        } else {
            self.pointer()
        }
    }

    /// What [`Encoder::counted`] pointed to.
    pub fn counted_text(&mut self, text: &str) -> Result<(), Full> {
        if text.is_empty() {
            return Ok(());
        }
        let units = units(text.chars());
        self.count(units)?;
        self.u32(0)?;
        self.count(units)?;
        self.chars(text.chars())
    }

    /// An RPC_SID.
    pub fn sid(&mut self, sid: &Sid) -> Result<(), Full> {
        self.count(sid.sub_authorities().len())?;
        sid.write(&mut self.bytes)
    }

    /// The fixed parts of one of the structures of longs and string pointers that srvsvc and wkssvc
    /// are made of.
    pub fn members(&mut self, members: &[Member<'_>]) -> Result<(), Full> {
        members.iter().try_for_each(|member| match member {
            Member::Long(value) => self.u32(*value),
            Member::Text(_) | Member::Path(_) => self.pointer(),
            Member::Null => self.null(),
        })
    }

    /// What [`Encoder::members`] pointed to.
    pub fn member_texts(&mut self, members: &[Member<'_>]) -> Result<(), Full> {
        members.iter().try_for_each(|member| match member {
            Member::Text(text) => self.string(text.chars()),
            Member::Path(path) => self.string(drive_path(path)),
            Member::Long(_) | Member::Null => Ok(()),
        })
    }
}

/// A member of a structure of longs and string pointers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member<'a> {
    /// A long.
    Long(u32),
    /// A string.
    Text(&'a str),
    /// A path with slashes, told as a path on drive C.
    Path(&'a str),
    /// A null pointer.
    Null,
}

impl Member<'_> {
    /// An upper bound of the bytes it takes with the string it points to.
    pub fn size(&self) -> usize {
        let units = match self {
            Member::Long(_) | Member::Null => return 4,
            Member::Text(text) => units(text.chars()),
            Member::Path(path) => units(drive_path(path)),
        };
        // pointer, three counts, terminator, padding
        units.saturating_mul(2).saturating_add(4 + 12 + 2 + 2)
    }
}

/// `/mnt/disk` as `C:\mnt\disk`, the only sort of path the interface can carry; nothing for nothing.
fn drive_path(path: &str) -> impl Iterator<Item = char> + Clone {
    let drive = if path.is_empty() { "" } else { "C:" };
    drive
        .chars()
        .chain(path.chars().map(|c| if c == '/' { '\\' } else { c }))
}

fn units(text: impl Iterator<Item = char>) -> usize {
    text.map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(fill: impl FnOnce(&mut Encoder<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xee; 512];
        let mut encoder = Encoder::new(&mut room);
        fill(&mut encoder).unwrap();
        let length = encoder.position();
        room[..length].to_vec()
    }

    #[test]
    fn numbers_align_to_their_size() {
        let bytes = written(|e| {
            e.u8(1)?;
            e.u16(2)?;
            e.u8(3)?;
            e.u32(4)?;
            e.u64(5)
        });
        assert_eq!(
            bytes,
            [
                1, 0, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0
            ]
        );
    }

    #[test]
    fn a_string_counts_its_terminator_and_a_counted_string_has_none() {
        assert_eq!(
            written(|e| e.string("ab".chars())),
            *b"\x03\0\0\0\0\0\0\0\x03\0\0\0a\0b\0\0\0"
        );
        let bytes = written(|e| {
            e.counted("ab")?;
            e.counted_text("ab")
        });
        assert_eq!(
            bytes,
            *b"\x04\0\x04\0\x04\0\x02\0\x02\0\0\0\0\0\0\0\x02\0\0\0a\0b\0"
        );
        assert_eq!(written(|e| e.counted("")), [0; 8]);
    }

    #[test]
    fn paths_are_told_as_windows_has_them() {
        let told = |path| drive_path(path).collect::<String>();
        assert_eq!(told("/mnt/a b"), "C:\\mnt\\a b");
        assert_eq!(told(""), "");
    }

    #[test]
    fn contradicting_strings_are_malformed() {
        let cases: [&[u32]; 5] = [
            &[2, 0, 3, 0, 0],                  // more than its maximum
            &[2, 1, 1, 0],                     // an offset
            &[u32::MAX, 0, u32::MAX],          // beyond the stub
            &[0x8000_0001, 0, 0x8000_0001, 0], // wraps when doubled in 32 bits
            &[1, 0],                           // cut short
        ];
        for case in cases {
            let bytes: Vec<u8> = case.iter().flat_map(|n| n.to_le_bytes()).collect();
            assert!(Decoder::new(&bytes).string().is_err(), "{case:?}");
        }
    }

    proptest! {
        #[test]
        fn strings_come_back(text in "[^\\x00]{0,40}", before in 0_u8..4) {
            let bytes = written(|e| {
                (0..before).try_for_each(|n| e.u8(n))?;
                e.string(text.chars())?;
                e.counted(&text)?;
                e.counted_text(&text)?;
                e.u32(77)
            });
            let mut decoder = Decoder::new(&bytes);
            for _ in 0..before { decoder.bytes.u8().unwrap(); }
            prop_assert!(decoder.string().unwrap().chars().eq(text.chars()));
            let fixed = decoder.counted().unwrap();
            prop_assert!(decoder.counted_text(fixed).unwrap().chars().eq(text.chars()));
            prop_assert_eq!(decoder.u32().unwrap(), 77);
        }

        #[test]
        fn sids_come_back(authority: [u8; 6], parts in prop::collection::vec(any::<u32>(), 0..=15)) {
            let sid = Sid::new(authority, &parts).unwrap();
            let bytes = written(|e| e.sid(&sid));
            prop_assert_eq!(Decoder::new(&bytes).sid().unwrap(), sid);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Decoder::new(&bytes).string();
            let _ = Decoder::new(&bytes).optional_string();
            let _ = Decoder::new(&bytes).sid();
            let mut decoder = Decoder::new(&bytes);
            if let Ok(fixed) = decoder.counted() {
                let _ = decoder.counted_text(fixed);
            }
        }

        #[test]
        fn a_member_never_takes_more_than_its_size(text in ".{0,40}") {
            for member in [Member::Text(&text), Member::Path(&text), Member::Long(1), Member::Null] {
                let bytes = written(|e| {
                    e.align(4)?;
                    e.members(&[member])?;
                    e.member_texts(&[member])?;
                    e.align(4)
                });
                prop_assert!(bytes.len() <= member.size());
            }
        }
    }
}
