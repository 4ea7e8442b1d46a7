//! The label and UUID of a file system, from its superblock, as blkid and `block info` show them.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

/// What a file system calls itself; empty: nothing, or not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its label.
    pub label: String,
    /// Its UUID, or what stands for one.
    pub uuid: String,
}

/// How the UUID is written.
#[derive(Clone, Copy)]
enum Form {
    /// Sixteen bytes, as 8-4-4-4-12 digits.
    Uuid,
    /// Four bytes, little-endian, as 4-4 digits.
    Fat,
    /// Eight bytes, little-endian, as 16 digits.
    Ntfs,
}

/// How the label is written.
#[derive(Clone, Copy)]
enum Text {
    /// There is none, or not in the superblock.
    None,
    /// Bytes, so many at most.
    Bytes(usize),
    /// UTF-16, so many bytes at most.
    Utf16(usize),
}

/// Where to look, what must stand there; where the UUID is and how; where the label is and how.
type Row = (u64, &'static [u8], u64, Form, u64, Text);

const KINDS: &[Row] = &[
    (
        0x438,
        &[0x53, 0xEF],
        0x468,
        Form::Uuid,
        0x478,
        Text::Bytes(16),
    ), // ext2, ext3, ext4
    (0x52, b"FAT32   ", 0x43, Form::Fat, 0x47, Text::Bytes(11)),
    (0x36, b"FAT1", 0x27, Form::Fat, 0x2B, Text::Bytes(11)), // FAT12, FAT16
    (0x03, b"EXFAT   ", 0x64, Form::Fat, 0, Text::None),
    (0x03, b"NTFS    ", 0x48, Form::Ntfs, 0, Text::None),
    (0x00, b"XFSB", 0x20, Form::Uuid, 0x6C, Text::Bytes(12)),
    (
        0x400,
        &[0x10, 0x20, 0xF5, 0xF2],
        0x46C,
        Form::Uuid,
        0x47C,
        Text::Utf16(256),
    ), // F2FS
    (
        0x10040,
        b"_BHRfS_M",
        0x10020,
        Form::Uuid,
        0x1012B,
        Text::Bytes(256),
    ), // Btrfs
];

/// Reads it from a device.
pub fn identify(device: &str) -> Identity {
    // A tray that is empty must not keep the server waiting.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let opened = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(device);
    match opened {
        Ok(file) => read(&|at, into| file.read_exact_at(into, at).is_ok()),
        Err(_) => Identity::default(),
    }
}

/// Reads it by a function that fills a slice from an offset, if it can.
fn read(read_at: &dyn Fn(u64, &mut [u8]) -> bool) -> Identity {
    let get = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        read_at(at, &mut bytes).then_some(bytes)
    };
    let kind = KINDS
        .iter()
        .find(|(at, magic, ..)| get(*at, magic.len()).as_deref() == Some(magic));
    let Some((_, _, uuid_at, form, label_at, text)) = kind else {
        return Identity::default();
    };
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let turned = |length| {
        let mut bytes = get(*uuid_at, length)?;
        bytes.reverse();
        Some(hex(&bytes).to_ascii_uppercase())
    };
    let uuid = match form {
        Form::Uuid => get(*uuid_at, 16).map(|bytes| {
            let cuts = [0..4, 4..6, 6..8, 8..10, 10..16];
            let parts = cuts.map(|cut| hex(bytes.get(cut).unwrap_or_default()));
            parts.join("-")
        }),
        Form::Fat => turned(4).map(|digits| {
            let (high, low) = digits.split_at_checked(4).unwrap_or_default();
            format!("{high}-{low}")
        }),
        Form::Ntfs => turned(8),
    };
    let label = match text {
        Text::None => None,
        Text::Bytes(length) => get(*label_at, *length).map(|bytes| {
            let end = bytes.iter().position(|&byte| byte == 0);
            let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            String::from_utf8_lossy(text).trim_end().to_owned()
        }),
        Text::Utf16(length) => get(*label_at, *length).map(|bytes| {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .take_while(|unit| *unit != 0);
            char::decode_utf16(units)
                .map(|c| c.unwrap_or('\u{fffd}'))
                .collect()
        }),
    };
    Identity {
        label: label.filter(|label| label != "NO NAME").unwrap_or_default(),
        uuid: uuid.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(image: &[u8]) -> Identity {
        read(&|at, into| {
            let from = usize::try_from(at).unwrap();
            match image.get(from..from + into.len()) {
                Some(bytes) => {
                    into.copy_from_slice(bytes);
                    true
                }
                None => false,
            }
        })
    }

    fn image(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut image = vec![0; 0x11000];
        for (at, bytes) in parts {
            image[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        image
    }

    #[test]
    fn the_usual_file_systems_are_known() {
        let id: Vec<u8> = (0x10..0x20).collect();
        let uuid = "10111213-1415-1617-1819-1a1b1c1d1e1f";
        let table = [
            (
                image(&[(0x438, &[0x53, 0xEF]), (0x468, &id), (0x478, b"my disk")]),
                "my disk",
                uuid,
            ),
            (
                image(&[
                    (0x52, b"FAT32   "),
                    (0x43, &[1, 2, 0xAB, 4]),
                    (0x47, b"STICK      "),
                ]),
                "STICK",
                "04AB-0201",
            ),
            (
                image(&[
                    (0x36, b"FAT16   "),
                    (0x27, &[1, 2, 3, 4]),
                    (0x2B, b"NO NAME    "),
                ]),
                "",
                "0403-0201",
            ),
            (
                image(&[(3, b"NTFS    "), (0x48, &[1, 2, 3, 4, 5, 6, 7, 8])]),
                "",
                "0807060504030201",
            ),
            (
                image(&[(3, b"EXFAT   "), (0x64, &[1, 2, 3, 4])]),
                "",
                "0403-0201",
            ),
            (
                image(&[(0, b"XFSB"), (0x20, &id), (0x6C, b"twelve chars")]),
                "twelve chars",
                uuid,
            ),
            (
                image(&[
                    (0x400, &[0x10, 0x20, 0xF5, 0xF2]),
                    (0x46C, &id),
                    (0x47C, b"f\x002\x00"),
                ]),
                "f2",
                uuid,
            ),
            (
                image(&[(0x10040, b"_BHRfS_M"), (0x10020, &id), (0x1012B, b"b\xff")]),
                "b\u{fffd}",
                uuid,
            ),
            (image(&[]), "", ""),
            (vec![0; 10], "", ""),
        ];
        for (image, label, uuid) in table {
            let got = of(&image);
            assert_eq!((got.label.as_str(), got.uuid.as_str()), (label, uuid));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..2048), kind in 0..KINDS.len()) {
            let (at, magic, ..) = KINDS[kind];
            if let Some(into) = bytes.get_mut(at as usize..).and_then(|rest| rest.get_mut(..magic.len())) {
                into.copy_from_slice(magic);
            }
            let _ = of(&bytes);
        }
    }
}
