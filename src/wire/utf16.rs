//! Names: UTF-16LE on the wire, UTF-8 bytes inside.
//!
//! A Windows name is any sequence of 16-bit units, so a surrogate may stand alone. Inside, such a unit is
//! kept as the three bytes it would have in UTF-8 (WTF-8), and nothing is lost on the way back. A pair of
//! surrogates is always one four-byte character, so that a name has one form only.

use super::{Full, Malformed, Writer, upcase::upcase};

/// Why bytes from the wire did not become a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// An odd number of bytes.
    Malformed,
    /// The name is longer than the room for it.
    Full,
}

impl From<Malformed> for DecodeError {
    fn from(_: Malformed) -> Self {
        DecodeError::Malformed
    }
}

/// The code points of UTF-16LE bytes; an unpaired surrogate is one of them. A last odd byte is left out.
#[derive(Clone, Debug)]
pub struct CodePoints16<'a>(&'a [u8]);

impl Iterator for CodePoints16<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        let first = u32::from(u16::from_le_bytes(*first));
        if let (0xD800..=0xDBFF, Some((second, rest))) = (first, rest.split_first_chunk::<2>()) {
            let second = u32::from(u16::from_le_bytes(*second));
            if let 0xDC00..=0xDFFF = second {
                self.0 = rest;
                return Some(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
            }
        }
        Some(first)
    }
}

/// The code points of WTF-8 bytes; each byte that belongs to none is shown as U+FFFD.
#[derive(Clone, Debug)]
pub struct CodePoints8<'a>(&'a [u8]);

impl<'a> CodePoints8<'a> {
    /// Walks `wtf8` from its start.
    pub fn new(wtf8: &'a [u8]) -> Self {
        CodePoints8(wtf8)
    }

    /// The next code point, or `Err` for a byte that belongs to none.
    fn step(&mut self) -> Option<Result<u32, Malformed>> {
        let (&first, rest) = self.0.split_first()?;
        let tail = |index: usize| {
            rest.get(index)
                .filter(|byte| **byte & 0xC0 == 0x80)
                .map(|byte| u32::from(byte & 0x3F))
        };
        let (used, point) = match first {
            0..=0x7F => (0, Some(u32::from(first))),
            0xC2..=0xDF => (1, tail(0).map(|a| u32::from(first & 0x1F) << 6 | a)),
            0xE0..=0xEF => (
                2,
                tail(0)
                    .zip(tail(1))
                    .map(|(a, b)| u32::from(first & 0x0F) << 12 | a << 6 | b)
                    .filter(|point| *point >= 0x800),
            ),
            0xF0..=0xF4 => (
                3,
                tail(0)
                    .zip(tail(1))
                    .zip(tail(2))
                    .map(|((a, b), c)| u32::from(first & 0x07) << 18 | a << 12 | b << 6 | c)
                    .filter(|point| (0x10000..0x110000).contains(point)),
            ),
            _ => (0, None),
        };
        self.0 = match point {
            Some(_) => rest.get(used..).unwrap_or(&[]),
            None => rest,
        };
        Some(point.ok_or(Malformed))
    }
}

impl Iterator for CodePoints8<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.step().map(|point| point.unwrap_or(0xFFFD))
    }
}

/// The code points of UTF-16LE bytes.
pub fn code_points(utf16: &[u8]) -> CodePoints16<'_> {
    CodePoints16(utf16)
}

fn len8(point: u32) -> usize {
    match point {
        0..=0x7F => 1,
        0x80..=0x7FF => 2,
        0x800..=0xFFFF => 3,
        _ => 4,
    }
}

/// Writes a code point (below 0x110000) as its one to four bytes; returns them and their number.
fn bytes8(point: u32) -> ([u8; 4], usize) {
    let low = |shift: u32| 0x80 | (point >> shift & 0x3F) as u8;
    match len8(point) {
        1 => ([point as u8, 0, 0, 0], 1),
        2 => ([0xC0 | (point >> 6) as u8, low(0), 0, 0], 2),
        3 => ([0xE0 | (point >> 12) as u8, low(6), low(0), 0], 3),
        _ => ([0xF0 | (point >> 18) as u8, low(12), low(6), low(0)], 4),
    }
}

/// The one or two UTF-16 units of a code point.
fn units16(point: u32) -> (u16, Option<u16>) {
    match point.checked_sub(0x10000) {
        None => (point as u16, None),
        Some(above) => (
            0xD800 | (above >> 10) as u16,
            Some(0xDC00 | (above & 0x3FF) as u16),
        ),
    }
}

/// How many bytes [`decode`] would write.
pub fn decoded_len(utf16: &[u8]) -> Result<usize, Malformed> {
    if !utf16.len().is_multiple_of(2) {
        return Err(Malformed);
    }
    Ok(code_points(utf16).map(len8).sum())
}

/// Turns UTF-16LE from the wire into WTF-8 at the start of `out`; returns how many bytes that took.
/// At most three bytes come of every two.
pub fn decode(utf16: &[u8], out: &mut [u8]) -> Result<usize, DecodeError> {
    if !utf16.len().is_multiple_of(2) {
        return Err(DecodeError::Malformed);
    }
    let mut length = 0;
    for point in code_points(utf16) {
        let (bytes, count) = bytes8(point);
        let room = out
            .get_mut(length..)
            .and_then(|rest| rest.get_mut(..count))
            .ok_or(DecodeError::Full)?;
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = from;
        }
        length += count;
    }
    Ok(length)
}

/// How many bytes [`encode`] would write: twice the number of UTF-16 units.
pub fn encoded_len(wtf8: &[u8]) -> usize {
    let (ascii, rest) = split_ascii(wtf8);
    ascii.len() * 2
        + CodePoints8(rest)
            .map(|point| if point < 0x10000 { 2 } else { 4 })
            .sum::<usize>()
}

/// What a name begins with that is ASCII, and the rest: most names are ASCII to their end, and need not be
/// taken apart.
fn split_ascii(wtf8: &[u8]) -> (&[u8], &[u8]) {
    // This looks at several bytes at a time.
    if wtf8.is_ascii() {
        return (wtf8, &[]);
    }
    let end = wtf8.iter().position(|byte| !byte.is_ascii());
    wtf8.split_at(end.unwrap_or(wtf8.len()))
}

/// Appends WTF-8 as UTF-16LE; returns how many bytes that took. What is no WTF-8 is written as U+FFFD
/// (ask [`is_wtf8`] first where that would lead astray). On [`Full`] nothing is appended.
pub fn encode(wtf8: &[u8], w: &mut Writer<'_>) -> Result<usize, Full> {
    let start = w.position();
    let (length, whole) = encode_cut(wtf8, w);
    if whole {
        return Ok(length);
    }
    w.truncate(start);
    Err(Full)
}

/// Appends as many whole characters as there is room for; returns how many bytes that took and whether it
/// was all (the answer STATUS_BUFFER_OVERFLOW carries a name cut short).
pub fn encode_cut(wtf8: &[u8], w: &mut Writer<'_>) -> (usize, bool) {
    let start = w.position();
    let (ascii, rest) = split_ascii(wtf8);
    let room = w.rest().chunks_exact_mut(2);
    let fitted = ascii.len().min(room.len());
    for (unit, &byte) in room.zip(ascii) {
        unit.copy_from_slice(&[byte, 0]);
    }
    if w.advance(fitted * 2).is_err() || fitted < ascii.len() {
        return (w.position() - start, false);
    }
    for point in CodePoints8(rest) {
        let written = match units16(point) {
            (unit, None) => w.u16(unit),
            (high, Some(low)) => w.u32(u32::from(low) << 16 | u32::from(high)),
        };
        if written.is_err() {
            return (w.position() - start, false);
        }
    }
    (w.position() - start, true)
}

/// Whether the bytes are WTF-8: UTF-8 in which a lone surrogate may stand, but no pair of them.
pub fn is_wtf8(bytes: &[u8]) -> bool {
    let mut points = CodePoints8(bytes);
    let mut after_high = false;
    while let Some(point) = points.step() {
        match point {
            Err(Malformed) => return false,
            Ok(0xDC00..=0xDFFF) if after_high => return false,
            Ok(point) => after_high = (0xD800..=0xDBFF).contains(&point),
        }
    }
    true
}

/// The upper case of a code point as Windows compares names: one to one, in the first plane only.
pub fn fold(point: u32) -> u32 {
    match u16::try_from(point) {
        Ok(unit) => u32::from(upcase(unit)),
        Err(_) => point,
    }
}

/// The same of a character. NTLMv2 hashes the upper-cased user name ([MS-NLMP] 3.3.2), so both ends must agree on it.
/// Characters beyond the first plane are two units there, neither of which has a case.
pub fn upper(c: char) -> char {
    char::from_u32(fold(u32::from(c))).unwrap_or(c)
}

/// Whether two WTF-8 names are the same but for case.
pub fn eq_folded(a: &[u8], b: &[u8]) -> bool {
    a == b || CodePoints8(a).map(fold).eq(CodePoints8(b).map(fold))
}

/// Takes `step` from `begin` over the upper case of each code point of a WTF-8 name.
pub fn fold_all<T>(wtf8: &[u8], begin: T, mut step: impl FnMut(T, u32) -> T) -> T {
    let (ascii, rest) = split_ascii(wtf8);
    let upper = ascii.iter().map(|byte| byte.to_ascii_uppercase().into());
    let then = upper.fold(begin, &mut step);
    CodePoints8(rest).map(fold).fold(then, step)
}

/// A 64-bit hash of a WTF-8 name that is the same for names that differ in case only. Each seed gives
/// another function; whoever lets clients choose the names of a shared index takes a random seed.
pub fn hash_folded(wtf8: &[u8], seed: u64) -> u64 {
    let step = |hash: u64, point: u32| {
        (hash ^ u64::from(point))
            .wrapping_mul(0x0000_0100_0000_01B3)
            .rotate_left(23)
    };
    let mut hash = fold_all(wtf8, seed ^ 0xCBF2_9CE4_8422_2325, step);
    // The low bits of the product depend on low bits only; spread the high ones over them.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    fn encoded(wtf8: &[u8]) -> Vec<u8> {
        let mut room = vec![0; wtf8.len() * 2];
        let mut w = Writer::new(&mut room);
        let length = encode(wtf8, &mut w).unwrap();
        assert_eq!(length, encoded_len(wtf8));
        w.written().to_vec()
    }

    #[test]
    fn characters_and_lone_surrogates_both_ways() {
        for (units, bytes) in [
            (&[][..], &b""[..]),
            (&[0x41, 0xE4, 0x20AC], "A\u{e4}\u{20ac}".as_bytes()),
            (&[0xD83D, 0xDE00], "\u{1f600}".as_bytes()),
            (&[0xDBFF, 0xDFFF], "\u{10ffff}".as_bytes()),
            (&[0xD800], b"\xED\xA0\x80"),
            (&[0xDC00, 0xD800], b"\xED\xB0\x80\xED\xA0\x80"),
            (&[0xD800, 0xD800, 0xDC00], b"\xED\xA0\x80\xF0\x90\x80\x80"),
            (&[0xD800, 0x41], b"\xED\xA0\x80A"),
        ] {
            let mut out = [0; 32];
            let length = decode(&wire(units), &mut out).unwrap();
            assert_eq!(&out[..length], bytes);
            assert_eq!(decoded_len(&wire(units)), Ok(length));
            assert_eq!(encoded(bytes), wire(units));
            assert!(is_wtf8(bytes));
        }
    }

    #[test]
    fn odd_lengths_and_small_rooms_are_told() {
        assert_eq!(decode(b"a\0b", &mut [0; 9]), Err(DecodeError::Malformed));
        assert_eq!(decoded_len(b"a"), Err(Malformed));
        assert_eq!(decode(b"\xac\x20", &mut [0; 2]), Err(DecodeError::Full));
        let mut room = [0; 5];
        let mut w = Writer::new(&mut room);
        assert_eq!(encode(b"abc", &mut w), Err(Full));
        assert_eq!(w.position(), 0);
        assert_eq!(encode_cut("a\u{1f600}".as_bytes(), &mut w), (2, false));
    }

    #[test]
    fn bytes_that_are_no_wtf8() {
        for bytes in [
            &b"\x80"[..],
            b"\xC0\xAF",
            b"\xE0\x80\xAF",
            b"\xF0\x80\x80\xAF",
            b"\xF4\x90\x80\x80",
            b"\xFF",
            b"\xE2\x82",
            b"a\xC3",
            b"\xED\xA0\x80\xED\xB0\x80",
        ] {
            assert!(!is_wtf8(bytes), "{bytes:x?}");
            encoded(bytes);
        }
    }

    #[test]
    fn names_that_differ_in_case_are_equal_and_hash_alike() {
        let (a, b) = (
            "Stra\u{df}e \u{e4}\u{3c3}\u{3c2}.TXT".as_bytes(),
            "sTRA\u{df}E \u{c4}\u{3a3}\u{3a3}.txt".as_bytes(),
        );
        assert!(eq_folded(a, b));
        assert_eq!(hash_folded(a, 7), hash_folded(b, 7));
        assert_ne!(hash_folded(a, 7), hash_folded(a, 8));
        assert!(!eq_folded(b"a", b"ab"));
        assert!(!eq_folded("\u{10428}".as_bytes(), "\u{10400}".as_bytes()));
    }

    proptest! {
        #[test]
        fn any_units_come_back(units: Vec<u16>) {
            let bytes = wire(&units);
            let mut out = vec![0; units.len() * 3];
            let length = decode(&bytes, &mut out).unwrap();
            prop_assert!(is_wtf8(&out[..length]));
            prop_assert_eq!(encoded(&out[..length]), bytes);
        }

        #[test]
        fn surrogate_heavy_units_come_back(units in proptest::collection::vec(0xD700u16..0xE100, 0..20)) {
            let bytes = wire(&units);
            let mut out = vec![0; units.len() * 3];
            let length = decode(&bytes, &mut out).unwrap();
            prop_assert!(is_wtf8(&out[..length]));
            prop_assert_eq!(encoded(&out[..length]), bytes);
        }

        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>, room in 0usize..64) {
            let mut out = vec![0; room];
            let _ = decode(&bytes, &mut out);
            let _ = encode(&bytes, &mut Writer::new(&mut out));
            let valid = is_wtf8(&bytes);
            prop_assert!(valid || core::str::from_utf8(&bytes).is_err());
            hash_folded(&bytes, 0);
            eq_folded(&bytes, b"x");
        }
    }
}
