//! Names: what a client sends, what stands on disk, what a client is shown.
//!
//! On disk a name is bytes. Windows forbids some that Unix allows; those are shown in the private-use area
//! the way Services for Macintosh began it, and macOS, Linux cifs and Samba do: U+F001..U+F01F for control
//! characters, U+F020..U+F027 for `" * : < > ? \ |`, U+F028 for a space and U+F029 for a dot at a name's
//! end. Bytes that are no UTF-8 are shown as U+EF80..U+EFFF. Both ways lead back to the same bytes; and
//! whatever comes from a client, no component ever becomes `.`, `..`, empty, or holds `/` or NUL.

use super::SharePath;
use crate::wire::utf16::fold;

/// A buffer this long holds whatever [`parse`] makes.
pub const PARSE_BUFFER: usize = PATH_LIMIT + 3 * NAME_LIMIT;
/// Such a buffer; [`room`] makes it as long as it needs to be.
pub type ParseBuffer = heapless::Vec<u8, PARSE_BUFFER>;
/// The longest path, in bytes on disk.
pub const PATH_LIMIT: usize = 4096;
/// The longest component, in UTF-16 units and in bytes on disk.
pub const NAME_LIMIT: usize = 255;
/// A buffer this long holds whatever [`show`] makes of one component.
pub const SHOWN_LIMIT: usize = 3 * NAME_LIMIT;

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// STATUS_OBJECT_NAME_INVALID: a character, an empty component, `.`, or a stream that cannot be.
    Invalid,
    /// STATUS_OBJECT_PATH_SYNTAX_BAD: a component `..`.
    PathSyntax,
    /// STATUS_INVALID_PARAMETER: the name begins with a separator ([MS-SMB2] 3.3.5.9).
    LeadingSeparator,
    /// STATUS_OBJECT_NAME_INVALID: a component or the whole is too long.
    TooLong,
}

/// The type behind a name's second colon ([MS-FSCC] 2.1.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamType {
    /// `$DATA`: a file's data, or a named stream.
    Data,
    /// `$INDEX_ALLOCATION`: a directory.
    IndexAllocation,
}

/// A client's path, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedPath<'a> {
    /// Where it leads.
    pub path: SharePath<'a>,
    /// The type that was given with it.
    pub stream_type: Option<StreamType>,
    /// It ended in a separator: only a directory can be meant ([MS-FSA] 2.1.5.1).
    pub trailing_separator: bool,
}

const BACKSLASH: u32 = 0x5C;
const COLON: u32 = 0x3A;

/// Room for what [`parse`] makes of a path from the wire, and `more` bytes: no more of the buffer is cleared than that,
/// for most names are short.
pub fn room<'b>(buffer: &'b mut ParseBuffer, utf16le: &[u8], more: usize) -> &'b mut [u8] {
    // Of each unit come three bytes at most.
    let length = (utf16le.len() / 2).saturating_mul(3).saturating_add(more);
    buffer.clear();
    let _ = buffer.resize_default(length.min(PARSE_BUFFER));
    buffer
}

/// Takes a path from the wire apart (UTF-16LE, `\` between components) and maps it to what stands on disk.
/// `out` should be [`PARSE_BUFFER`] long.
pub fn parse<'o>(utf16le: &[u8], out: &'o mut [u8]) -> Result<ParsedPath<'o>, NameError> {
    if !utf16le.len().is_multiple_of(2) {
        return Err(NameError::Invalid);
    }
    let mut points = Points(utf16le);
    let mut path = Sink {
        out,
        length: 0,
        start: 0,
        units: 0,
    };
    let mut separated = false;
    let mut colon = false;
    for point in points.by_ref() {
        match point {
            BACKSLASH if path.length == 0 => return Err(NameError::LeadingSeparator),
            BACKSLASH => {
                path.end_component()?;
                path.put_raw(b"/", PATH_LIMIT)?;
                path.start = path.length;
                separated = true;
            }
            COLON => {
                colon = true;
                break;
            }
            _ => {
                path.put(point)?;
                separated = false;
            }
        }
    }
    if separated {
        path.length -= 1;
        path.start = path.length;
    } else if path.length > 0 {
        path.end_component()?;
    }
    if separated && colon {
        return Err(NameError::Invalid);
    }
    let path_length = path.length;
    let stream_type = if colon {
        parse_stream(points, &mut path)?
    } else {
        None
    };
    let Sink { out, length, .. } = path;
    let (path, stream) = out[..length].split_at(path_length);
    Ok(ParsedPath {
        path: SharePath { path, stream },
        stream_type,
        trailing_separator: separated,
    })
}

/// What follows the first colon: `name`, `name:type` or `:type`. A stream's name stands on disk as it is
/// sent: in an attribute's name nothing but NUL is forbidden.
fn parse_stream(
    mut points: Points<'_>,
    sink: &mut Sink<'_>,
) -> Result<Option<StreamType>, NameError> {
    let start = sink.length;
    let mut units = 0;
    let mut typed = false;
    for point in points.by_ref() {
        match point {
            COLON => {
                typed = true;
                break;
            }
            0 | 0x2F | BACKSLASH => return Err(NameError::Invalid),
            _ => {
                units += unit_count(point);
                if units > NAME_LIMIT {
                    return Err(NameError::TooLong);
                }
                let (bytes, count) = encode(point);
                sink.put_raw(&bytes[..count], usize::MAX)?;
            }
        }
    }
    let named = sink.length > start;
    if !typed {
        return if named {
            Ok(None)
        } else {
            Err(NameError::Invalid)
        };
    }
    let is = |text: &str| points.clone().map(fold).eq(text.bytes().map(u32::from));
    if is("$DATA") {
        Ok(Some(StreamType::Data))
    } else if is("$INDEX_ALLOCATION")
        && (!named || sink.out[start..sink.length].eq_ignore_ascii_case(b"$I30"))
    {
        sink.length = start;
        Ok(Some(StreamType::IndexAllocation))
    } else {
        Err(NameError::Invalid)
    }
}

/// Writes components one behind the other.
struct Sink<'o> {
    out: &'o mut [u8],
    length: usize,
    start: usize,
    units: usize,
}

impl Sink<'_> {
    fn put(&mut self, point: u32) -> Result<(), NameError> {
        self.units += unit_count(point);
        if self.units > NAME_LIMIT {
            return Err(NameError::TooLong);
        }
        match point {
            0..=0x1F | 0x22 | 0x2A | 0x2F | 0x3A | 0x3C | 0x3E | 0x3F | 0x5C | 0x7C => {
                Err(NameError::Invalid)
            }
            0xF001..=0xF027 => self.put_raw(&[hidden_byte(point)], PATH_LIMIT),
            0xEF80..=0xEFFF => self.put_raw(&[(point & 0xFF) as u8], PATH_LIMIT),
            _ => {
                let (bytes, count) = encode(point);
                // Of U+F028 and U+F029 one byte may be left: see `end_component`.
                let more = if matches!(point, 0xF028 | 0xF029) {
                    2
                } else {
                    0
                };
                self.put_raw(&bytes[..count], PATH_LIMIT + more)
            }
        }
    }

    fn put_raw(&mut self, bytes: &[u8], limit: usize) -> Result<(), NameError> {
        let end = self.length + bytes.len();
        if end > limit {
            return Err(NameError::TooLong);
        }
        self.out
            .get_mut(self.length..end)
            .ok_or(NameError::TooLong)?
            .copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }

    fn end_component(&mut self) -> Result<(), NameError> {
        // U+F028 and U+F029: only at its end does a space or a dot need something to stand for it.
        if let [.., 0xEF, 0x80, last @ (0xA8 | 0xA9)] = self.out[self.start..self.length] {
            self.length -= 3;
            self.put_raw(&[hidden_byte(u32::from(last & 0x3F))], PATH_LIMIT)?;
        }
        let component = &self.out[self.start..self.length];
        self.units = 0;
        match component {
            b"" | b"." => Err(NameError::Invalid),
            b".." => Err(NameError::PathSyntax),
            _ if component.len() > NAME_LIMIT => Err(NameError::TooLong),
            _ => Ok(()),
        }
    }
}

const HIDDEN: &[u8; 10] = b"\"*:<>?\\| .";

/// The byte that U+F001..U+F029 stands for.
fn hidden_byte(point: u32) -> u8 {
    let index = (point & 0xFF) as usize;
    match index.checked_sub(0x20) {
        Some(beyond) => HIDDEN.get(beyond).copied().unwrap_or(b'?'),
        None => index as u8,
    }
}

/// How one component's bytes on disk are shown, as code points.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    bytes: &'a [u8],
}

impl<'a> Shown<'a> {
    /// Walks one component from its start.
    pub fn new(component: &'a [u8]) -> Self {
        Shown { bytes: component }
    }
}

impl Iterator for Shown<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (mut point, mut count) = decode(self.bytes)?;
        // What stands for a byte elsewhere, and stands here itself, is shown byte by byte: it would come back
        // as the one byte, and that could make a letter with what follows it.
        if count > 1 && (0xEF80..=0xEFFF).contains(&point) {
            let first = self.bytes.first().copied().unwrap_or_default();
            (point, count) = (0xEF00 | u32::from(first), 1);
        }
        self.bytes = self.bytes.get(count..).unwrap_or_default();
        Some(match point {
            1..=0x1F => 0xF000 | point,
            0x22 => 0xF020,
            0x2A => 0xF021,
            0x3A => 0xF022,
            0x3C => 0xF023,
            0x3E => 0xF024,
            0x3F => 0xF025,
            0x5C => 0xF026,
            0x7C => 0xF027,
            0x20 if self.bytes.is_empty() => 0xF028,
            0x2E if self.bytes.is_empty() => 0xF029,
            _ => point,
        })
    }
}

/// Writes one component as the wire shows it, in WTF-8; `None` if `out` has no room.
pub fn show<'o>(component: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    if is_plain(component) {
        let out = out.get_mut(..component.len())?;
        out.copy_from_slice(component);
        return Some(out);
    }
    let mut length = 0usize;
    for point in Shown::new(component) {
        let (bytes, count) = encode(point);
        let end = length + count;
        out.get_mut(length..end)?.copy_from_slice(&bytes[..count]);
        length = end;
    }
    Some(&out[..length])
}

/// Whether two components on disk are one name to a client: the same as shown, but for case.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || Shown::new(a).map(fold).eq(Shown::new(b).map(fold))
}

/// A hash that is the same for all components that are [`same`].
pub fn hash(component: &[u8]) -> u64 {
    finish(hash_plain(component).unwrap_or_else(|| Shown::new(component).fold(SEED, step)))
}

const SEED: u64 = 0xCBF2_9CE4_8422_2325;

/// The upper case of the ASCII characters that are shown as they are; 0 for all others.
const PLAIN_UPPER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x20u8;
    while byte < 0x80 {
        if !matches!(byte, b'"' | b'*' | b':' | b'<' | b'>' | b'?' | b'\\' | b'|') {
            table[byte as usize] = byte.to_ascii_uppercase();
        }
        byte += 1;
    }
    table
};

/// Whether a component is shown as it stands on disk, and in ASCII: the usual name.
fn is_plain(component: &[u8]) -> bool {
    !matches!(component.last(), Some(b' ' | b'.'))
        && component
            .iter()
            .all(|&byte| PLAIN_UPPER[usize::from(byte)] != 0)
}

/// The same for the usual name, without taking it apart: a folder of 10,000 is hashed in a millisecond.
fn hash_plain(component: &[u8]) -> Option<u64> {
    if matches!(component.last(), Some(b' ' | b'.')) {
        return None;
    }
    let mut state = SEED;
    for &byte in component {
        match PLAIN_UPPER[usize::from(byte)] {
            0 => return None,
            upper => state = mix(state, u32::from(upper)),
        }
    }
    Some(state)
}

/// A hash of a stream's name that does not tell upper from lower case.
pub fn hash_stream(name: &[u8]) -> u64 {
    finish(Plain(name).fold(SEED, step)).max(1)
}

/// Whether two streams' names are one but for case.
pub fn same_stream(a: &[u8], b: &[u8]) -> bool {
    a == b || Plain(a).map(fold).eq(Plain(b).map(fold))
}

/// Whether a client may see and set an extended attribute of this name: not those in which streams, DOS
/// attributes and the like are kept, ours and Samba's.
pub fn visible_attribute(name: &[u8]) -> bool {
    const KEPT: [&[u8]; 6] = [
        b"dosattrib",
        b"dosstream.",
        b"smbreparse",
        b"smolsmb.",
        b"samba_pai",
        b"org.netatalk.",
    ];
    let starts = |with: &&[u8]| {
        name.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    !name.is_empty() && !KEPT.iter().any(starts)
}

fn step(state: u64, point: u32) -> u64 {
    mix(state, fold(point))
}

/// FNV-1a, by code points.
fn mix(state: u64, folded: u32) -> u64 {
    (state ^ u64::from(folded)).wrapping_mul(0x0000_0100_0000_01B3)
}

/// Spreads every input bit over the whole word (the finish of MurmurHash3).
fn finish(state: u64) -> u64 {
    let state = (state ^ (state >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let state = (state ^ (state >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    state ^ (state >> 33)
}

/// Code points of bytes that need no mapping but that of stray bytes.
#[derive(Clone)]
pub(crate) struct Plain<'a>(pub(crate) &'a [u8]);

impl Iterator for Plain<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (point, count) = decode(self.0)?;
        self.0 = self.0.get(count..).unwrap_or_default();
        Some(point)
    }
}

/// Code points of UTF-16LE; a lone surrogate is one.
#[derive(Clone)]
pub(crate) struct Points<'a>(pub(crate) &'a [u8]);

impl Points<'_> {
    fn unit(bytes: &[u8]) -> Option<u32> {
        match bytes {
            [low, high, ..] => Some(u32::from(u16::from_le_bytes([*low, *high]))),
            _ => None,
        }
    }
}

impl Iterator for Points<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = Self::unit(self.0)?;
        self.0 = &self.0[2..];
        if (0xD800..0xDC00).contains(&first)
            && let Some(second) = Self::unit(self.0)
            && (0xDC00..0xE000).contains(&second)
        {
            self.0 = &self.0[2..];
            return Some(0x10000 + ((first & 0x3FF) << 10 | second & 0x3FF));
        }
        Some(first)
    }
}

fn unit_count(point: u32) -> usize {
    if point > 0xFFFF { 2 } else { 1 }
}

/// WTF-8 of a code point.
fn encode(point: u32) -> ([u8; 4], usize) {
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3F) as u8;
    match point {
        0..=0x7F => ([point as u8, 0, 0, 0], 1),
        0x80..=0x7FF => ([0xC0 | (point >> 6) as u8, tail(0), 0, 0], 2),
        0x800..=0xFFFF => ([0xE0 | (point >> 12) as u8, tail(6), tail(0), 0], 3),
        _ => (
            [0xF0 | (point >> 18 & 7) as u8, tail(12), tail(6), tail(0)],
            4,
        ),
    }
}

/// The first code point of WTF-8 bytes and its length. A byte that begins none is U+EF80..U+EFFF; so is one
/// of a low surrogate behind a high one, because that pair has a proper spelling.
fn decode(bytes: &[u8]) -> Option<(u32, usize)> {
    let &first = bytes.first()?;
    if first < 0x80 {
        return Some((u32::from(first), 1));
    }
    Some(decode_long(bytes).unwrap_or((0xEF00 | u32::from(first), 1)))
}

fn decode_long(bytes: &[u8]) -> Option<(u32, usize)> {
    let tail = |index: usize| match bytes.get(index) {
        Some(&byte) if byte & 0xC0 == 0x80 => Some(u32::from(byte & 0x3F)),
        _ => None,
    };
    let first = u32::from(*bytes.first()?);
    match first {
        0xC2..=0xDF => Some(((first & 0x1F) << 6 | tail(1)?, 2)),
        0xE0..=0xEF => {
            let point = (first & 0xF) << 12 | tail(1)? << 6 | tail(2)?;
            let high_of_pair = (0xD800..0xDC00).contains(&point)
                && matches!(bytes.get(3..5), Some([0xED, 0xB0..=0xBF]));
            (point >= 0x800 && !high_of_pair).then_some((point, 3))
        }
        0xF0..=0xF4 => {
            let point = (first & 7) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?;
            (0x10000..0x11_0000).contains(&point).then_some((point, 4))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
