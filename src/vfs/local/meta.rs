//! What a file is, from its status and its extended attributes.

use super::changetime;
use super::dosattrib::{self, DosAttrib};
use super::stream;
use crate::sys::file::{self as sys, FileType, Place, Stat, Timestamp};
use crate::vfs::{FileKey, FileTime, Kind, Meta};
use crate::wire::filetime;

/// FILE_ATTRIBUTE_* ([MS-FSCC] 2.6).
pub(super) mod bits {
    pub const READONLY: u32 = 0x1;
    pub const HIDDEN: u32 = 0x2;
    pub const SYSTEM: u32 = 0x4;
    pub const DIRECTORY: u32 = 0x10;
    pub const ARCHIVE: u32 = 0x20;
    pub const NORMAL: u32 = 0x80;
    pub const TEMPORARY: u32 = 0x100;
    pub const SPARSE_FILE: u32 = 0x200;
    pub const REPARSE_POINT: u32 = 0x400;
    pub const COMPRESSED: u32 = 0x800;
    pub const OFFLINE: u32 = 0x1000;
    pub const NOT_CONTENT_INDEXED: u32 = 0x2000;
    /// What a client may set.
    pub const KEPT: u32 = READONLY
        | HIDDEN
        | SYSTEM
        | ARCHIVE
        | TEMPORARY
        | SPARSE_FILE
        | OFFLINE
        | NOT_CONTENT_INDEXED;
}

/// IO_REPARSE_TAG_SYMLINK ([MS-FSCC] 2.1.2.1).
pub(super) const TAG_SYMLINK: u32 = 0xA000_000C;

/// The attribute that keeps a reparse data buffer.
pub(super) const REPARSE: &[u8] = b"user.SmbReparse";
/// The attribute that keeps a security descriptor as it came over the wire. Samba's own is security.NTACL,
/// with a wrapping of its own and rights that need CAP_SYS_ADMIN; this name cannot be taken for it.
pub(super) const SECURITY: &[u8] = b"user.SMOLSMB.NTACL";

/// Memory for attributes' names and values.
pub(super) struct Attributes<'a> {
    pub names: &'a mut [u8],
    pub value: &'a mut [u8],
}

/// What the extended attributes add to the status.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra {
    /// Nothing, for there are none.
    pub none: bool,
    dos: DosAttrib,
    /// The change time that was set and still counts.
    change: Option<FileTime>,
    tag: u32,
    ea_size: u32,
    described: bool,
}

/// The 100-nanosecond intervals since 1601 of a disk's time; 0 before.
pub(super) fn file_time(time: Timestamp) -> FileTime {
    filetime::from_unix(time.seconds, time.nanoseconds)
}

/// The disk's time of 100-nanosecond intervals since 1601.
pub(super) fn timestamp(time: FileTime) -> Timestamp {
    let (seconds, nanoseconds) = filetime::to_unix(time);
    Timestamp {
        seconds,
        nanoseconds,
    }
}

pub(super) fn kind(stat: &Stat) -> Kind {
    match stat.kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Special,
    }
}

/// Whether a client sees this attribute among a file's extended ones; its name without `user.`.
pub(super) fn visible(name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(b"user.")
        .filter(|name| crate::vfs::name::visible_attribute(name))
}

/// What the attributes of the file at `place` add.
pub(super) fn extra(stat: &Stat, place: Place<'_>, memory: Attributes<'_>) -> Extra {
    let mut extra = Extra::default();
    if !matches!(kind(stat), Kind::File | Kind::Directory) {
        // Links, devices and the like can have none.
        extra.none = true;
        return extra;
    }
    // A disk without attributes, or rights that hide them: what can be known without them is told.
    let length = match sys::list_attributes(place, memory.names) {
        Ok(length) => length,
        Err(errno) => {
            extra.none = errno == sys::Errno::OPNOTSUPP;
            extra.described = !extra.none;
            return extra;
        }
    };
    extra.none = true;
    for name in memory.names[..length].split(|&byte| byte == 0) {
        extra.none &= !name.starts_with(b"user.");
        if name == dosattrib::NAME {
            let value = &mut memory.value[..dosattrib::LONGEST];
            let length = sys::get(place, name, value).unwrap_or(0);
            extra.dos = dosattrib::read(&memory.value[..length]).unwrap_or_default();
        } else if name == changetime::NAME {
            let mut value = [0; changetime::LENGTH];
            let length = sys::get(place, name, &mut value).unwrap_or(0);
            let value = value.get(..length).unwrap_or_default();
            extra.change = changetime::read(value, file_time(stat.change));
        } else if name == REPARSE {
            let length = sys::get(place, name, memory.value).unwrap_or(0);
            extra.tag = memory.value[..length]
                .first_chunk()
                .map_or(0, |tag| u32::from_le_bytes(*tag));
        } else if name == SECURITY {
            extra.described = true;
        } else if let Some(shown) = visible(name) {
            let value = sys::size(place, name).unwrap_or(0);
            let size = u32::try_from(value.saturating_add(shown.len()).saturating_add(5))
                .unwrap_or(u32::MAX);
            extra.ea_size = extra.ea_size.saturating_add(size);
        }
    }
    if extra.ea_size > 0 {
        extra.ea_size = extra.ea_size.saturating_add(4);
    }
    extra
}

/// Everything about a file. `hidden`: its name begins with a dot, and such are hidden here.
pub(super) fn describe(stat: &Stat, extra: Extra, hidden: bool) -> Meta {
    let kind = kind(stat);
    let tag = match kind {
        Kind::Symlink => TAG_SYMLINK,
        _ => extra.tag,
    };
    let mut attributes = match extra.dos.attributes {
        Some(kept) => kept & bits::KEPT,
        None => synthesised(stat, kind),
    };
    if kind == Kind::Directory {
        attributes |= bits::DIRECTORY;
    }
    if hidden {
        attributes |= bits::HIDDEN;
    }
    if stat.compressed {
        attributes |= bits::COMPRESSED;
    }
    if tag != 0 {
        attributes |= bits::REPARSE_POINT;
    }
    if attributes == 0 {
        attributes = bits::NORMAL;
    }
    let has_data = kind == Kind::File;
    let (access, write, change) = (
        file_time(stat.access),
        file_time(stat.write),
        file_time(stat.change),
    );
    let birth = stat.birth.map(file_time).filter(|&time| time != 0);
    Meta {
        key: FileKey {
            device: stat.device,
            inode: stat.inode,
            stream: 0,
        },
        kind,
        size: if has_data { stat.size } else { 0 },
        allocation: if has_data { stat.allocation } else { 0 },
        links: stat.links,
        attributes,
        creation: extra
            .dos
            .creation
            .or(birth)
            .unwrap_or(write.min(change).min(access)),
        access,
        write,
        change: extra.change.unwrap_or(change),
        reparse_tag: tag,
        ea_size: extra.ea_size,
        mode: stat.mode,
        uid: stat.uid,
        gid: stat.gid,
        described: extra.described,
    }
}

/// What attributes a file has whose disk keeps none.
pub(super) fn synthesised(stat: &Stat, kind: Kind) -> u32 {
    match kind {
        Kind::File if stat.mode & 0o200 == 0 => bits::ARCHIVE | bits::READONLY,
        Kind::File => bits::ARCHIVE,
        Kind::Directory | Kind::Symlink => 0,
        Kind::Special => bits::SYSTEM,
    }
}

/// The base file's meta as that of one of its streams.
pub(super) fn of_stream(base: Meta, name: &[u8], size: u64) -> Meta {
    let attributes = base.attributes & !bits::DIRECTORY;
    Meta {
        key: FileKey {
            stream: stream::key(name),
            ..base.key
        },
        kind: Kind::File,
        size,
        allocation: size,
        attributes: if attributes == 0 {
            bits::NORMAL
        } else {
            attributes
        },
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        for time in [
            1u64,
            116_444_736_000_000_000,
            133_000_000_000_000_001,
            200_000_000_000_000_000,
        ] {
            assert_eq!(file_time(timestamp(time)), time);
        }
        assert_eq!(
            file_time(Timestamp {
                seconds: i64::MIN,
                nanoseconds: 0
            }),
            0
        );
        assert_eq!(
            file_time(Timestamp {
                seconds: i64::MAX,
                nanoseconds: 0
            }),
            i64::MAX as u64
        );
    }

    #[test]
    fn our_own_attributes_are_not_shown() {
        assert_eq!(visible(b"user.Author"), Some(&b"Author"[..]));
        for hidden in [
            &b"user.DOSATTRIB"[..],
            b"user.DosStream.x:$DATA",
            b"user.SMOLSMB.NTACL",
            b"user.SMOLSMB.CTIME",
            b"user.SmbReparse",
            b"security.x",
            b"user.",
        ] {
            assert_eq!(visible(hidden), None);
        }
    }
}
