//! What QUERY_DIRECTORY lists: eight classes from one struct.

use super::Times;
use crate::wire::fixed::set;
use crate::wire::{Full, Writer, utf16};

/// FILE_ATTRIBUTE_REPARSE_POINT ([MS-FSCC] 2.6).
const REPARSE_POINT: u32 = 0x400;

/// The layouts of a directory entry ([MS-SMB2] 2.2.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryClass {
    /// FileDirectoryInformation, 1: times, sizes, attributes.
    Directory,
    /// FileFullDirectoryInformation, 2: and EaSize.
    Full,
    /// FileBothDirectoryInformation, 3: and the short name.
    Both,
    /// FileNamesInformation, 12: the name only.
    Names,
    /// FileIdBothDirectoryInformation, 37.
    IdBoth,
    /// FileIdFullDirectoryInformation, 38.
    IdFull,
    /// FileIdExtdDirectoryInformation, 60: a 128-bit id and the reparse tag.
    IdExtd,
    /// FileIdExtdBothDirectoryInformation, 63: and the short name.
    IdExtdBoth,
}

impl DirectoryClass {
    /// The class of a FileInformationClass; `None` is answered by STATUS_INVALID_INFO_CLASS.
    pub fn from_wire(class: u8) -> Option<Self> {
        Some(match class {
            1 => DirectoryClass::Directory,
            2 => DirectoryClass::Full,
            3 => DirectoryClass::Both,
            12 => DirectoryClass::Names,
            37 => DirectoryClass::IdBoth,
            38 => DirectoryClass::IdFull,
            60 => DirectoryClass::IdExtd,
            63 => DirectoryClass::IdExtdBoth,
            _ => return None,
        })
    }

    /// Bytes of an entry before its name; an OutputBufferLength below it is STATUS_INFO_LENGTH_MISMATCH.
    pub fn fixed_size(self) -> usize {
        match self {
            DirectoryClass::Names => 12,
            DirectoryClass::Directory => 64,
            DirectoryClass::Full => 68,
            DirectoryClass::IdFull => 80,
            DirectoryClass::IdExtd => 88,
            DirectoryClass::Both => 94,
            DirectoryClass::IdBoth => 104,
            DirectoryClass::IdExtdBoth => 114,
        }
    }

    /// Whether entries show the short name.
    pub fn needs_short_name(self) -> bool {
        matches!(
            self,
            DirectoryClass::Both | DirectoryClass::IdBoth | DirectoryClass::IdExtdBoth
        )
    }

    /// Whether entries show more than the name.
    pub fn needs_meta(self) -> bool {
        self != DirectoryClass::Names
    }
}

/// Everything any of the classes shows of one name ([MS-FSCC] 2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryEntry<'a> {
    /// FileIndex; 0 where positions mean nothing.
    pub file_index: u32,
    /// The four times.
    pub times: Times,
    /// EndOfFile in bytes.
    pub size: u64,
    /// AllocationSize in bytes.
    pub allocation: u64,
    /// FileAttributes.
    pub attributes: u32,
    /// EaSize in bytes; a reparse point shows its tag there instead.
    pub ea_size: u32,
    /// ShortName, WTF-8, at most 12 characters; empty for none.
    pub short_name: &'a [u8],
    /// FileId.
    pub file_id: u64,
    /// ReparsePointTag, 0 for none.
    pub reparse_tag: u32,
    /// FileName, WTF-8.
    pub name: &'a [u8],
}

impl DirectoryEntry<'_> {
    fn ea_or_tag(&self) -> u32 {
        if self.attributes & REPARSE_POINT != 0 {
            self.reparse_tag
        } else {
            self.ea_size
        }
    }

    /// ShortNameLength, Reserved and the 24 bytes of ShortName.
    fn short_name(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        if self.short_name.is_empty() {
            return w.zeros(26);
        }
        let mut units = [0u8; 24];
        let mut short = Writer::new(&mut units);
        // One that does not fit is no short name and is not shown.
        let length = utf16::encode(self.short_name, &mut short).unwrap_or(0);
        w.u8(length as u8)?;
        w.u8(0)?;
        w.bytes(short.written())?;
        w.zeros(24 - length)
    }
}

/// Appends one entry with NextEntryOffset 0. On [`Full`] the bytes begun are the caller's to take back;
/// [`DirectoryWriter`] does that, aligns and links.
pub fn write_directory_entry(
    class: DirectoryClass,
    entry: &DirectoryEntry<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Full> {
    // What all begin with goes over in one piece: thousands of entries are written in a row.
    let mut head = [0; 60];
    set(&mut head, 4, entry.file_index.to_le_bytes());
    set(&mut head, 8, entry.times.creation.to_le_bytes());
    set(&mut head, 16, entry.times.access.to_le_bytes());
    set(&mut head, 24, entry.times.write.to_le_bytes());
    set(&mut head, 32, entry.times.change.to_le_bytes());
    set(&mut head, 40, entry.size.to_le_bytes());
    set(&mut head, 48, entry.allocation.to_le_bytes());
    set(&mut head, 56, entry.attributes.to_le_bytes());
    match class {
        DirectoryClass::Names => w.bytes(&head[..8])?,
        _ => w.bytes(&head)?,
    }
    let length_at = w.position();
    w.u32(0)?;
    match class {
        DirectoryClass::Names | DirectoryClass::Directory => {}
        DirectoryClass::Full => w.u32(entry.ea_or_tag())?,
        DirectoryClass::Both => {
            w.u32(entry.ea_or_tag())?;
            entry.short_name(w)?;
        }
        DirectoryClass::IdBoth => {
            w.u32(entry.ea_or_tag())?;
            entry.short_name(w)?;
            w.zeros(2)?;
            w.u64(entry.file_id)?;
        }
        DirectoryClass::IdFull => {
            w.u32(entry.ea_or_tag())?;
            w.zeros(4)?;
            w.u64(entry.file_id)?;
        }
        DirectoryClass::IdExtd | DirectoryClass::IdExtdBoth => {
            w.u32(entry.ea_size)?;
            w.u32(entry.reparse_tag)?;
            w.u64(entry.file_id)?;
            w.zeros(8)?;
            if class == DirectoryClass::IdExtdBoth {
                entry.short_name(w)?;
            }
        }
    }
    let length = utf16::encode(entry.name, w)?;
    w.patch_u32(length_at, u32::try_from(length).map_err(|_| Full)?)
}

/// Appends entries to a reply until it is full: each starts on a multiple of 8 from the first and is
/// linked by the NextEntryOffset of the one before it.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryWriter {
    class: DirectoryClass,
    start: usize,
    last: Option<usize>,
    count: u32,
}

impl DirectoryWriter {
    /// The list starts where `w` stands.
    pub fn new(class: DirectoryClass, w: &Writer<'_>) -> Self {
        DirectoryWriter {
            class,
            start: w.position(),
            last: None,
            count: 0,
        }
    }

    /// Appends one entry, or nothing at all if it does not fit.
    pub fn append(&mut self, entry: &DirectoryEntry<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        let before = w.position();
        let written = self.attempt(entry, w);
        if written.is_err() {
            w.truncate(before);
        }
        written
    }

    fn attempt(&mut self, entry: &DirectoryEntry<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        w.align(self.start, 8)?;
        let at = w.position();
        write_directory_entry(self.class, entry, w)?;
        if let Some(last) = self.last {
            w.patch_u32(last, u32::try_from(at - last).map_err(|_| Full)?)?;
        }
        self.last = Some(at);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// How many entries there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether nothing has fitted (or nothing was appended).
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLASSES: [u8; 8] = [1, 2, 3, 12, 37, 38, 60, 63];

    fn entry(name: &[u8]) -> DirectoryEntry<'_> {
        DirectoryEntry {
            file_index: 1,
            times: Times {
                creation: 2,
                access: 3,
                write: 4,
                change: 5,
            },
            size: 6,
            allocation: 7,
            attributes: 0x20,
            ea_size: 9,
            short_name: b"AB~1.TXT",
            file_id: 0x1122_3344_5566_7788,
            reparse_tag: 0xA000_000C,
            name,
        }
    }

    #[test]
    fn the_name_stands_after_the_fixed_part() {
        for class in CLASSES {
            let class = DirectoryClass::from_wire(class).unwrap();
            let mut room = [0xEE; 200];
            let mut w = Writer::new(&mut room);
            write_directory_entry(class, &entry(b"n"), &mut w).unwrap();
            assert_eq!(w.position(), class.fixed_size() + 2, "{class:?}");
            assert_eq!(&w.written()[class.fixed_size()..], b"n\0");
            let length_at = if class == DirectoryClass::Names {
                8
            } else {
                60
            };
            assert_eq!(&w.written()[length_at..length_at + 4], &2u32.to_le_bytes());
        }
        assert_eq!(DirectoryClass::from_wire(4), None);
    }

    #[test]
    fn ids_short_names_and_tags_stand_where_they_belong() {
        let id = 0x1122_3344_5566_7788u64.to_le_bytes();
        for (class, id_at, short_at) in [
            (3, None, Some(68)),
            (37, Some(96), Some(68)),
            (38, Some(72), None),
            (60, Some(72), None),
            (63, Some(72), Some(88)),
        ] {
            let mut room = [0xEE; 200];
            let mut w = Writer::new(&mut room);
            write_directory_entry(
                DirectoryClass::from_wire(class).unwrap(),
                &entry(b"n"),
                &mut w,
            )
            .unwrap();
            if let Some(at) = id_at {
                assert_eq!(w.written()[at..at + 8], id, "{class}");
            }
            if let Some(at) = short_at {
                assert_eq!(w.written()[at..at + 4], *b"\x10\0A\0", "{class}");
            }
        }
        let link = DirectoryEntry {
            attributes: REPARSE_POINT,
            ..entry(b"n")
        };
        let mut room = [0; 200];
        let mut w = Writer::new(&mut room);
        write_directory_entry(DirectoryClass::IdFull, &link, &mut w).unwrap();
        assert_eq!(w.written()[64..68], 0xA000_000Cu32.to_le_bytes());
    }

    #[test]
    fn a_short_name_too_long_is_left_out() {
        let mut room = [0; 200];
        let mut w = Writer::new(&mut room);
        let entry = DirectoryEntry {
            short_name: b"THIRTEEN.CHAR",
            ..entry(b"n")
        };
        write_directory_entry(DirectoryClass::Both, &entry, &mut w).unwrap();
        assert_eq!(w.written()[68..94], [0; 26]);
    }

    proptest! {
        #[test]
        fn chains_walk_forward_and_show_what_fitted(
            class in proptest::sample::select(&CLASSES[..]),
            names in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12),
            room in 0usize..1200,
            start in 0usize..40,
        ) {
            let class = DirectoryClass::from_wire(class).unwrap();
            let mut bytes = vec![0xEE; start + room];
            let mut w = Writer::new(&mut bytes);
            w.zeros(start).unwrap();
            let mut list = DirectoryWriter::new(class, &w);
            let mut taken = 0;
            for name in &names {
                let before = w.position();
                if list.append(&entry(name), &mut w).is_err() {
                    prop_assert_eq!(w.position(), before);
                    break;
                }
                taken += 1;
            }
            prop_assert_eq!(list.count(), taken);
            let bytes = &w.written()[start..];
            let (mut at, mut seen) = (0, 0);
            while !list.is_empty() {
                prop_assert_eq!(at % 8, 0);
                let next = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
                prop_assert!(at + class.fixed_size() <= bytes.len());
                seen += 1;
                if next == 0 { break; }
                at += next;
            }
            prop_assert_eq!(seen, taken);
        }
    }
}
