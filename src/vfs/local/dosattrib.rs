//! `user.DOSATTRIB`: attributes and birth as Samba keeps them, so that a disk can move between the two.
//!
//! The value is NDR, little-endian: the attributes as hexadecimal text ended by NUL (empty since version 3
//! of Samba's writers), a 16-bit version at an even offset, the version again, and from the next multiple of
//! four: `valid_flags`, `attributes`, then what the version adds. Versions 1 to 5 are read, 5 is written.

use crate::vfs::FileTime;

/// The attribute's name.
pub(super) const NAME: &[u8] = b"user.DOSATTRIB";
/// No version is longer.
pub(super) const LONGEST: usize = 512;
/// How long what is written is.
pub(super) const LENGTH: usize = 24;

const HAS_ATTRIBUTES: u32 = 0x01;
const HAS_CREATION: u32 = 0x10;

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DosAttrib {
    /// FILE_ATTRIBUTE_*, if they are kept.
    pub attributes: Option<u32>,
    /// Birth, if it is kept.
    pub creation: Option<FileTime>,
}

/// Reads a value; `None` if it is none that we know.
pub(super) fn read(value: &[u8]) -> Option<DosAttrib> {
    let text_end = value.iter().position(|&byte| byte == 0)?;
    let start = (text_end + 1).next_multiple_of(2);
    let Some(version) = u16_at(value, start) else {
        return read_text(&value[..text_end]);
    };
    let body = (start + 4).next_multiple_of(4);
    let mut attributes = u32_at(value, body + 4);
    let flags = u32_at(value, body)?;
    let creation = match version {
        // attributes, EA size, size (8), allocation (8), creation, change: no flags
        1 => {
            attributes = Some(flags);
            return Some(DosAttrib {
                attributes,
                creation: u64_at(value, body + 24).filter(|&time| time != 0),
            });
        }
        // flags, attributes, EA size, size (8), allocation (8), creation, change
        2 | 3 => u64_at(value, body + 28),
        // flags, attributes, inode time, creation
        4 => u64_at(value, body + 16),
        // flags, attributes, creation
        5 => u64_at(value, body + 8),
        _ => return None,
    };
    Some(DosAttrib {
        attributes: attributes.filter(|_| flags & HAS_ATTRIBUTES != 0),
        creation: creation.filter(|&time| flags & HAS_CREATION != 0 && time != 0),
    })
}

/// The oldest form: `0x23` and no more.
fn read_text(text: &[u8]) -> Option<DosAttrib> {
    let digits = core::str::from_utf8(text).ok()?.strip_prefix("0x")?;
    let attributes = u32::from_str_radix(digits, 16).ok()?;
    Some(DosAttrib {
        attributes: Some(attributes),
        creation: None,
    })
}

/// The value, version 5.
pub(super) fn write(attributes: u32, creation: FileTime) -> [u8; LENGTH] {
    let mut value = [0; LENGTH];
    value[2..4].copy_from_slice(&5u16.to_le_bytes());
    value[4..6].copy_from_slice(&5u16.to_le_bytes());
    let flags = if creation == 0 {
        HAS_ATTRIBUTES
    } else {
        HAS_ATTRIBUTES | HAS_CREATION
    };
    value[8..12].copy_from_slice(&flags.to_le_bytes());
    value[12..16].copy_from_slice(&attributes.to_le_bytes());
    value[16..24].copy_from_slice(&creation.to_le_bytes());
    value
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    /// Values that Samba 4.17 wrote (version 5), and the layouts of its predecessors.
    #[test]
    fn what_samba_wrote_is_read() {
        for (value, attributes, creation) in [
            (
                "000005000500000011000000230000007b2a57144a7bdd01",
                0x23,
                0x01dd_7b4a_1457_2a7b,
            ),
            (
                "000005000500000011000000120000004a1058144a7bdd01",
                0x12,
                0x01dd_7b4a_1458_104a,
            ),
            (
                "00000400040000001100000020000000ffffffffffffffff7b2a57144a7bdd01",
                0x20,
                0x01dd_7b4a_1457_2a7b,
            ),
            (
                "3078323000000300030000001100000020000000000000000000000000000000000000000000000\
                 07b2a57144a7bdd010000000000000000",
                0x20,
                0x01dd_7b4a_1457_2a7b,
            ),
        ] {
            let value: String = value.split_whitespace().collect();
            assert_eq!(
                read(&hex(&value)),
                Some(DosAttrib {
                    attributes: Some(attributes),
                    creation: Some(creation)
                }),
                "{value}"
            );
        }
        assert_eq!(
            read(b"0x23\0"),
            Some(DosAttrib {
                attributes: Some(0x23),
                creation: None
            })
        );
    }

    #[test]
    fn what_is_written_is_what_samba_writes() {
        assert_eq!(
            write(0x23, 0x01dd_7b4a_1457_2a7b).to_vec(),
            hex("000005000500000011000000230000007b2a57144a7bdd01")
        );
        assert_eq!(
            read(&write(2, 0)),
            Some(DosAttrib {
                attributes: Some(2),
                creation: None
            })
        );
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            read(&value);
        }
    }
}
