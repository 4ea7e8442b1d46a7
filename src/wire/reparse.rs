//! Reparse points: REPARSE_DATA_BUFFER ([MS-FSCC] 2.1.2) and the tags this server knows.

use super::{Full, Malformed, Reader, Writer, utf16};

/// Reparse tags ([MS-FSCC] 2.1.2.1).
pub mod tag {
    /// IO_REPARSE_TAG_MOUNT_POINT: a junction.
    pub const MOUNT_POINT: u32 = 0xA000_0003;
    /// IO_REPARSE_TAG_SYMLINK.
    pub const SYMLINK: u32 = 0xA000_000C;
    /// IO_REPARSE_TAG_NFS: link, device, FIFO or socket as Windows' NFS server keeps them.
    pub const NFS: u32 = 0x8000_0014;
    /// IO_REPARSE_TAG_LX_SYMLINK, of the Windows Subsystem for Linux like those below.
    pub const LX_SYMLINK: u32 = 0xA000_001D;
    /// IO_REPARSE_TAG_AF_UNIX.
    pub const AF_UNIX: u32 = 0x8000_0023;
    /// IO_REPARSE_TAG_LX_FIFO.
    pub const LX_FIFO: u32 = 0x8000_0024;
    /// IO_REPARSE_TAG_LX_CHR.
    pub const LX_CHR: u32 = 0x8000_0025;
    /// IO_REPARSE_TAG_LX_BLK.
    pub const LX_BLK: u32 = 0x8000_0026;

    /// Set in tags of Microsoft's; a buffer of any other has a GUID.
    pub const MICROSOFT: u32 = 0x8000_0000;
    /// Set in tags that stand for another named entity.
    pub const NAME_SURROGATE: u32 = 0x2000_0000;
}

/// The largest reparse buffer, header included (MAXIMUM_REPARSE_DATA_BUFFER_SIZE).
pub const MAXIMUM_SIZE: usize = 16_384;

/// SYMLINK_FLAG_RELATIVE: the substitute name is relative to the link's own folder.
pub const SYMLINK_FLAG_RELATIVE: u32 = 1;

/// NfsType values ([MS-FSCC] 2.1.2.6).
mod nfs_type {
    pub const LNK: u64 = 0x0000_0000_014B_4E4C;
    pub const CHR: u64 = 0x0000_0000_0052_4843;
    pub const BLK: u64 = 0x0000_0000_004B_4C42;
    pub const FIFO: u64 = 0x0000_0000_4F46_4946;
    pub const SOCK: u64 = 0x0000_0000_4B43_4F53;
}

/// A reparse buffer of any tag ([MS-FSCC] 2.1.2.2, 2.1.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reparse<'a> {
    /// ReparseTag.
    pub tag: u32,
    /// ReparseGuid, of tags that are not Microsoft's.
    pub guid: Option<[u8; 16]>,
    /// DataBuffer.
    pub data: &'a [u8],
}

/// What a reparse buffer says. Names of symbolic links and junctions are UTF-16LE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A symbolic link ([MS-FSCC] 2.1.2.4).
    Symlink {
        /// SubstituteName: where it leads.
        substitute: &'a [u8],
        /// PrintName: what to show.
        print: &'a [u8],
        /// Flags has SYMLINK_FLAG_RELATIVE.
        relative: bool,
    },
    /// A junction ([MS-FSCC] 2.1.2.5).
    MountPoint {
        /// SubstituteName.
        substitute: &'a [u8],
        /// PrintName.
        print: &'a [u8],
    },
    /// A symbolic link of NFS: the target in UTF-16LE with slashes.
    NfsSymlink(&'a [u8]),
    /// A symbolic link of WSL: the target in UTF-8 with slashes.
    LxSymlink(&'a [u8]),
    /// A character device: major, minor. WSL keeps the numbers elsewhere: `None`.
    CharacterDevice(Option<(u32, u32)>),
    /// A block device: major, minor; as above.
    BlockDevice(Option<(u32, u32)>),
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// A tag that is kept for the client and means nothing here.
    Other,
}

impl<'a> Reparse<'a> {
    /// Reads a whole buffer; ReparseDataLength must be exactly what follows
    /// (STATUS_IO_REPARSE_DATA_INVALID otherwise, [MS-FSA]). Tags 0, 1 and 2 are reserved
    /// (STATUS_IO_REPARSE_TAG_INVALID).
    pub fn parse(buffer: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        let tag = r.u32()?;
        let length = usize::from(r.u16()?);
        r.skip(2)?;
        let guid = if tag & tag::MICROSOFT == 0 {
            Some(r.array()?)
        } else {
            None
        };
        if tag <= 2 || buffer.len() > MAXIMUM_SIZE || r.remaining() != length {
            return Err(Malformed);
        }
        Ok(Reparse {
            tag,
            guid,
            data: r.bytes(length)?,
        })
    }

    /// Appends the buffer; [`Full`] also if the data is longer than the field can tell.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.tag)?;
        w.u16(u16::try_from(self.data.len()).map_err(|_| Full)?)?;
        w.u16(0)?;
        if let Some(guid) = self.guid {
            w.bytes(&guid)?;
        }
        w.bytes(self.data)
    }

    /// What it says; names that reach out of the data are refused.
    pub fn meaning(&self) -> Result<Meaning<'a>, Malformed> {
        let mut r = Reader::new(self.data);
        Ok(match self.tag {
            tag::SYMLINK => {
                let names = Names::parse(&mut r)?;
                let relative = r.u32()? & SYMLINK_FLAG_RELATIVE != 0;
                let (substitute, print) = names.of(r)?;
                Meaning::Symlink {
                    substitute,
                    print,
                    relative,
                }
            }
            tag::MOUNT_POINT => {
                let names = Names::parse(&mut r)?;
                let (substitute, print) = names.of(r)?;
                Meaning::MountPoint { substitute, print }
            }
            tag::NFS => {
                let kind = r.u64()?;
                match kind {
                    nfs_type::LNK if r.remaining().is_multiple_of(2) => {
                        Meaning::NfsSymlink(r.bytes(r.remaining())?)
                    }
                    nfs_type::CHR => Meaning::CharacterDevice(Some((r.u32()?, r.u32()?))),
                    nfs_type::BLK => Meaning::BlockDevice(Some((r.u32()?, r.u32()?))),
                    nfs_type::FIFO => Meaning::Fifo,
                    nfs_type::SOCK => Meaning::Socket,
                    _ => return Err(Malformed),
                }
            }
            tag::LX_SYMLINK => {
                // A version, 2, and the target.
                if r.u32()? != 2 {
                    return Err(Malformed);
                }
                Meaning::LxSymlink(r.bytes(r.remaining())?)
            }
            tag::LX_FIFO => Meaning::Fifo,
            tag::LX_CHR => Meaning::CharacterDevice(None),
            tag::LX_BLK => Meaning::BlockDevice(None),
            tag::AF_UNIX => Meaning::Socket,
            _ => Meaning::Other,
        })
    }
}

/// Offsets and lengths of the two names, within PathBuffer.
struct Names {
    substitute: (usize, usize),
    print: (usize, usize),
}

impl Names {
    fn parse(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut pair = || Ok((usize::from(r.u16()?), usize::from(r.u16()?)));
        Ok(Names {
            substitute: pair()?,
            print: pair()?,
        })
    }

    /// The two names; `r` stands at PathBuffer.
    fn of<'a>(&self, mut r: Reader<'a>) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let path = r.bytes(r.remaining())?;
        let name = |(offset, length): (usize, usize)| {
            if !length.is_multiple_of(2) {
                return Err(Malformed);
            }
            Reader::at(path, offset).bytes(length)
        };
        Ok((name(self.substitute)?, name(self.print)?))
    }
}

/// Appends a symbolic link's buffer; `substitute` and `print` are WTF-8 with backslashes.
pub fn write_symlink(
    substitute: &[u8],
    print: &[u8],
    relative: bool,
    w: &mut Writer<'_>,
) -> Result<(), Full> {
    let wire_length = |name| u16::try_from(utf16::encoded_len(name)).map_err(|_| Full);
    let (substitute_length, print_length) = (wire_length(substitute)?, wire_length(print)?);
    let names = substitute_length.checked_add(print_length).ok_or(Full)?;
    w.u32(tag::SYMLINK)?;
    w.u16(names.checked_add(12).ok_or(Full)?)?;
    w.u16(0)?;
    w.u16(0)?;
    w.u16(substitute_length)?;
    w.u16(substitute_length)?;
    w.u16(print_length)?;
    w.u32(if relative { SYMLINK_FLAG_RELATIVE } else { 0 })?;
    utf16::encode(substitute, w)?;
    utf16::encode(print, w)?;
    Ok(())
}

/// Appends the buffer of a tag without data (a FIFO, device or socket of WSL).
pub fn write_bare(tag: u32, w: &mut Writer<'_>) -> Result<(), Full> {
    Reparse {
        tag,
        guid: None,
        data: &[],
    }
    .write(w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn symlink() -> Vec<u8> {
        let mut room = [0; 64];
        let mut w = Writer::new(&mut room);
        write_symlink(b"..\\x", b"y", true, &mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn a_symlink_comes_back() {
        let bytes = symlink();
        let link = Reparse::parse(&bytes).unwrap();
        let meaning = Meaning::Symlink {
            substitute: b".\0.\0\\\0x\0",
            print: b"y\0",
            relative: true,
        };
        assert_eq!(link.meaning(), Ok(meaning));
        let mut room = [0; 64];
        let mut w = Writer::new(&mut room);
        link.write(&mut w).unwrap();
        assert_eq!(w.written(), bytes);
    }

    #[test]
    fn lengths_and_offsets_that_lie_are_refused() {
        for (at, byte) in [(4, 0), (4, 21), (4, 23), (5, 1)] {
            let mut bytes = symlink();
            bytes[at] = byte;
            assert!(Reparse::parse(&bytes).is_err(), "{at}");
        }
        for (at, byte) in [
            (8, 3),
            (9, 1),
            (10, 7),
            (10, 12),
            (11, 255),
            (12, 10),
            (13, 255),
            (14, 4),
        ] {
            let mut bytes = symlink();
            bytes[at] = byte;
            assert_eq!(
                Reparse::parse(&bytes).unwrap().meaning(),
                Err(Malformed),
                "{at}"
            );
        }
        assert!(Reparse::parse(&[1, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn tags_of_nfs_and_wsl_are_known() {
        let nfs = |kind: &[u8; 8], rest: &[u8]| [kind, rest].concat();
        for (tag, data, meaning) in [
            (
                tag::NFS,
                nfs(b"LNK\x01\0\0\0\0", b"a\0"),
                Ok(Meaning::NfsSymlink(b"a\0")),
            ),
            (tag::NFS, nfs(b"LNK\x01\0\0\0\0", b"a"), Err(Malformed)),
            (
                tag::NFS,
                nfs(b"CHR\0\0\0\0\0", b"\x01\0\0\0\x03\0\0\0"),
                Ok(Meaning::CharacterDevice(Some((1, 3)))),
            ),
            (
                tag::NFS,
                nfs(b"BLK\0\0\0\0\0", b"\x08\0\0\0\0\0\0"),
                Err(Malformed),
            ),
            (tag::NFS, nfs(b"FIFO\0\0\0\0", b""), Ok(Meaning::Fifo)),
            (tag::NFS, nfs(b"SOCK\0\0\0\0", b""), Ok(Meaning::Socket)),
            (tag::NFS, b"LNK".to_vec(), Err(Malformed)),
            (
                tag::LX_SYMLINK,
                b"\x02\0\0\0../a".to_vec(),
                Ok(Meaning::LxSymlink(b"../a")),
            ),
            (tag::LX_SYMLINK, b"\x02\0".to_vec(), Err(Malformed)),
            (tag::LX_BLK, vec![], Ok(Meaning::BlockDevice(None))),
            (tag::AF_UNIX, vec![], Ok(Meaning::Socket)),
            (0x8000_1234, vec![], Ok(Meaning::Other)),
        ] {
            assert_eq!(
                Reparse {
                    tag,
                    guid: None,
                    data: &data
                }
                .meaning(),
                meaning,
                "{tag:x} {data:?}"
            );
        }
    }

    #[test]
    fn foreign_tags_have_a_guid() {
        let bytes = [&[0x34, 0x12, 0, 0, 1, 0, 0, 0][..], &[7; 16], b"x"].concat();
        assert_eq!(
            Reparse::parse(&bytes),
            Ok(Reparse {
                tag: 0x1234,
                guid: Some([7; 16]),
                data: b"x"
            })
        );
        assert!(Reparse::parse(&bytes[..20]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(tag in proptest::sample::select(&[tag::SYMLINK, tag::MOUNT_POINT, tag::NFS, tag::LX_SYMLINK, 5, 0][..]), rest: Vec<u8>) {
            let bytes = [&tag.to_le_bytes()[..], &(rest.len() as u16).to_le_bytes(), &[0, 0], &rest].concat();
            if let Ok(reparse) = Reparse::parse(&bytes) {
                let _ = reparse.meaning();
                let mut room = vec![0; bytes.len()];
                let mut w = Writer::new(&mut room);
                reparse.write(&mut w).unwrap();
                prop_assert_eq!(w.written(), &bytes[..]);
            }
        }
    }
}
